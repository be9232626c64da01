//! Ordinary requests of ordinary clients go on, whatever oddity they have, and what is in them is inspected all the
//! same.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;

use crate::support::archives;
use crate::support::http::{head, read};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::{sha256, wait_until};

const LISTED: &[u8] = b"EVIL-FILE-BYTES";

fn knowing(origin: &Origin, limits: &str) -> Penstock {
    Setup::new(&[origin.address]).with(ENFORCING).with_limits(limits).with_known("sha256", &sha256(LISTED)).start()
}

fn status(penstock: &Penstock, content_type: &str, body: &[u8]) -> u16 {
    penstock.post("/upload/a", &[("Content-Type", content_type)], body).status
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

#[test]
fn messages_of_grpc_and_connect_are_read_in_every_codec_and_compression() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let proto = |content: &[u8]| [&[0x12, content.len() as u8][..], content].concat();
    let json = |content: &[u8]| format!("{{\"f\":\"{}\",\"t\":\"\\ud83d\"}}", BASE64.encode(content)).into_bytes();
    for kind in ["connect", "grpc", "grpc-web"] {
        for (codec, message) in [("proto", &proto as &dyn Fn(&[u8]) -> Vec<u8>), ("json", &json)] {
            let content_type = format!("application/{kind}+{codec}");
            for (bytes, expected) in [(LISTED, 451), (&b"harmless"[..], 200)] {
                let message = message(bytes);
                let plain = framed(0, &message);
                let end = framed(2, b"{}");
                let packed = framed(1, &archives::gzip(&message));
                for body in [plain.clone(), packed.clone(), [packed, end].concat()] {
                    assert_eq!(status(&penstock, &content_type, &body), expected, "{content_type} {body:?}");
                }
            }
            let pieces =
                [framed(0, &message(&LISTED[..6])), framed(1, &archives::gzip(&message(&LISTED[6..])))].concat();
            assert_eq!(status(&penstock, &content_type, &pieces), 451, "{content_type} in pieces");
        }
    }
    let unary = penstock.post(
        "/upload/a",
        &[("Content-Type", "application/proto"), ("Content-Encoding", "gzip")],
        &archives::gzip(&proto(LISTED)),
    );
    assert_eq!(unary.status, 451);
}

#[test]
fn json_goes_on_as_whoever_reads_it_reads_it() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let latin = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
    for (charset, body) in [
        (
            "",
            &(|value: &str| format!("{{\"a\":\"\\ud83d\",\"b\":\"{value}\"}}").into_bytes())
                as &dyn Fn(&str) -> Vec<u8>,
        ),
        ("; charset=ISO-8859-1", &|value| latin(&format!("{{\"a\":\"\u{e9}\",\"b\":\"{value}\"}}"))),
        ("", &|value| latin(&format!("{{\"a\":\"\u{e9}\",\"b\":\"{value}\"}}"))),
        ("; charset=utf-16", &|value| utf16(&format!("{{\"b\":\"{value}\"}}"))),
        ("", &|value| utf16(&format!("\u{feff}{{\"b\":\"{value}\"}}"))),
        ("", &|value| format!("{{\"a\":1}}\n{{\"b\":\"{value}\"}}\n").into_bytes()),
        ("", &|value| format!("[1, /* \" */ NaN, 'x', \"a\tb\", \"{value}\",]").into_bytes()),
        ("", &|value| format!("{{b: '{value}'}}").into_bytes()),
        ("", &|value| format!("[\"{value}\", \"cut o").into_bytes()),
        (";", &|value| format!("\u{feff}[\"{value}\"]").into_bytes()),
    ] {
        let content_type = format!("application/json{charset}");
        for (value, expected) in [("harmless", 200), ("EVIL-FILE-BYTES", 451), (&BASE64.encode(LISTED), 451)] {
            let body = body(value);
            let shown = String::from_utf8_lossy(&body).into_owned();
            assert_eq!(status(&penstock, &content_type, &body), expected, "{content_type}: {shown}");
        }
    }
    assert_eq!(status(&penstock, "application/json; charset=utf-7", b"[]"), 400, "nobody here can read that");
}

#[test]
fn xml_goes_on_with_its_entities_and_in_its_charset() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    for body in [
        &(|value: &str| {
            let dtd = "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"svg11.dtd\" [<!ENTITY ns \"http://www.w3.org/2000/svg\">";
            format!("<?xml version=\"1.0\"?>{dtd}<!ENTITY v \"{value}\">]><svg xmlns=\"&ns;\"><text>&v;</text></svg>")
                .into_bytes()
        }) as &dyn Fn(&str) -> Vec<u8>,
        &|value| format!("<p>caf&eacute;&nbsp;<b>{value}</b></p>").into_bytes(),
        &|value| {
            [&b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a b=\"\xe9\">"[..], value.as_bytes(), b"</a>"].concat()
        },
        &|value| utf16(&format!("\u{feff}<a>{value}</a>")),
        &|value| format!("<a><b>{value}</a>").into_bytes(),
    ] {
        for (value, expected) in [("harmless", 200), ("EVIL-FILE-BYTES", 451), (&BASE64.encode(LISTED), 451)] {
            let body = body(value);
            let answer =
                penstock.connect().exchange("PUT", "/upload/a.svg", &[("Content-Type", "image/svg+xml")], &body);
            assert_eq!(answer.status, expected, "{}", String::from_utf8_lossy(&body));
        }
    }
    let levels: String =
        (1..12).map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10))).collect();
    let laughs = format!("<!DOCTYPE a [<!ENTITY e0 \"lol\">{levels}]><a>&e11;</a>");
    let answer = penstock.post("/upload/a", &[("Content-Type", "text/xml")], laughs.as_bytes());
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("unpacked_too_dense")));
}

#[test]
fn bytes_that_curl_calls_a_form_or_somebody_calls_json_are_inspected_as_bytes() {
    let origin = Origin::start();
    origin.forget_bodies();
    let penstock = knowing(&origin, "max_escaped_body = \"1 MiB\"\n");
    let mut random = 7_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 56) as u8
    })
    .take(4 << 20)
    .collect();
    let form = "application/x-www-form-urlencoded";
    assert_eq!(status(&penstock, form, &noise), 200);
    assert_eq!(status(&penstock, form, &[b"f=EVIL%2DFILE-BYTES&", &noise[..]].concat()), 451, "PHP reads this field");
    assert_eq!(status(&penstock, form, &b"a=%20&".repeat(1 << 20)), 413, "a form, and too large");
    assert_eq!(status(&penstock, "application/json", &[b"\x89PNG", &noise[..]].concat()), 200);
    assert_eq!(status(&penstock, "application/json", &b"[1],".repeat(1 << 20)), 413, "JSON, and too large");
    for content_type in ["", "text/plain", "application/octet-stream", "multipar/form-data; boundary=b"] {
        assert_eq!(status(&penstock, content_type, b"a=1&f=EVIL%2DFILE-BYTES"), 451, "{content_type}");
    }
    for content_type in [form, "application/json", "application/xml", "image/jpeg, image/jpeg", "", "*/*", "text"] {
        assert_eq!(status(&penstock, content_type, LISTED), 451, "{content_type}");
        assert_eq!(status(&penstock, content_type, b"\xff\xd8 harmless \x00"), 200, "{content_type}");
    }
}

#[test]
fn fields_in_the_query_are_fields_as_those_of_a_form() {
    let origin = Origin::start();
    let rule = "[[rule]]\nid = \"veg\"\nkeywords = [\"forbidden turnip\"]\n";
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_known("sha256", &sha256(LISTED))
        .with_top("rules = [\"rules\"]\n")
        .with_folder("rules")
        .with_file("rules/veg.toml", rule.as_bytes())
        .start();
    let listed = BASE64.encode(LISTED).replace('=', "%3D");
    let ask = |method: &str, query: &str, body: &[u8]| {
        penstock.connect().exchange(method, &format!("/upload/a?{query}"), &[], body).status
    };
    for (query, expected) in [
        ("a=1&text=a+forbidden%20turnip", 451),
        (&format!("img={listed}"), 451),
        (&format!("img=data:image/png;base64,{listed}"), 451),
        ("a=1&text=a+forbidden%20beet&%zz=%&img=iVBORw0KGgoAAAAN", 200),
    ] {
        for method in ["POST", "PUT", "DELETE"] {
            assert_eq!(ask(method, query, b"some body"), expected, "{method} {query}");
            assert_eq!(ask(method, query, b""), expected, "{method} {query} without a body");
        }
    }
    assert_eq!(ask("GET", "text=forbidden+turnip", b""), 200, "nothing is uploaded");
    let last = origin.requests().pop().unwrap();
    assert_eq!(last.target, "/upload/a?text=forbidden+turnip");
}

#[test]
fn a_form_is_read_in_its_charset() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for charset in ["Shift_JIS", "windows-1251", "utf-16", "gbk"] {
        let content_type = format!("application/x-www-form-urlencoded; charset={charset}");
        assert_eq!(status(&penstock, &content_type, b"a=%83%5C&b=harmless"), 200, "{charset}");
        assert_eq!(status(&penstock, &content_type, b"a=%83%5C&b=EVIL%2DFILE-BYTES"), 451, "{charset}");
    }
}

#[test]
fn a_body_may_begin_late_but_not_end_late() {
    let origin = Origin::start();
    let limits = "first_byte_timeout = \"3s\"\nrate_grace = \"300ms\"\n";
    let penstock = knowing(&origin, limits);
    let begin = |silence: u64| {
        let mut client = penstock.connect();
        client.send(head("POST", "/upload/a", &[], Some(5)));
        thread::sleep(Duration::from_millis(silence));
        client
    };
    let mut client = begin(1000);
    client.send("hello");
    assert_eq!(client.read_response().unwrap().status, 200, "longer than the time before a rate is asked for");
    let mut client = begin(0);
    client.send("h");
    assert_eq!(client.read_response().unwrap().status, 408, "once it has begun");
    assert_eq!(begin(0).read_response().unwrap().status, 408, "never");
}

#[test]
fn uploads_that_share_the_line_of_a_client_are_not_slow_as_long_as_all_together_are_not() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "rate_grace = \"2s\"\nmin_upload_rate = \"1 KiB\"\n");
    let begin = |length: usize| {
        let mut client = penstock.connect();
        client.send(head("POST", "/upload/a", &[], Some(length)));
        client.send("h");
        client
    };
    let mut slow: Vec<_> = (0..20).map(|_| begin(5)).collect();
    wait_until("all are being received", || penstock.metric("penstock_held_uploads") == 20.0);
    let mut quick = begin(60_001);
    quick.send(vec![b'x'; 60_000]);
    assert_eq!(quick.read_response().unwrap().status, 200);
    thread::sleep(Duration::from_secs(3));
    for client in &mut slow {
        client.send("ello");
        assert_eq!(client.read_response().unwrap().status, 200, "what came for one earned time for all");
    }
    let mut alone = begin(5);
    assert_eq!(alone.read_response().unwrap().status, 408);
}

/// What an origin gets until it has been silent for a while, answered once the body is over.
fn raw_origin(listener: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut seen = Vec::new();
    let mut block = [0; 4096];
    let mut is_answered = false;
    while let Ok(length @ 1..) = read(&mut stream, &mut block) {
        seen.extend_from_slice(&block[..length]);
        if !is_answered && seen.ends_with(b"0\r\n\r\n") {
            answer(&mut stream);
            is_answered = true;
        }
    }
    seen
}

fn answer(stream: &mut TcpStream) {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
}

#[test]
fn a_streamed_body_of_http2_without_a_length_ends_in_one_last_chunk() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let penstock = Setup::new(&[listener.local_addr().unwrap()]).with(ENFORCING).start();
    let origin = thread::spawn(move || raw_origin(&listener));
    let url = format!("http://{}/streamed/a", penstock.address);
    let mut curl = Command::new("curl")
        .args(["-s", "-o", "-", "-w", "%{http_code}", "--http2-prior-knowledge", "-T", "-", &url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    curl.stdin.take().unwrap().write_all(b"hello").unwrap();
    let output = curl.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "200");
    let seen = origin.join().unwrap();
    let ends = seen.windows(7).filter(|window| window == b"\r\n0\r\n\r\n").count();
    assert!(seen.ends_with(b"5\r\nhello\r\n0\r\n\r\n") && ends == 1, "{}", String::from_utf8_lossy(&seen));
}

#[test]
fn no_spelling_of_a_target_leads_around_its_route() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with("[[route]]\nname = \"script\"\npath = \"/form.php\"\ninspect = \"enforce\"\n")
        .with("[[route]]\nname = \"put\"\npath = \"/put\"\nmethods = [\"PUT\"]\ninspect = \"enforce\"\n")
        .with("[[route]]\nname = \"host\"\nhost = \"a.test\"\ninspect = \"enforce\"\n")
        .with("[[route]]\nname = \"rest\"\ninspect = \"off\"\n")
        .with_known("sha256", &sha256(LISTED))
        .start();
    let status = |method: &str, target: &str, headers: &[(&str, &str)]| {
        let mut connection = penstock.connect();
        connection.send(head(method, target, headers, Some(LISTED.len())));
        connection.send(LISTED);
        connection.read_response().unwrap().status
    };
    for target in [
        "/upload",
        "/upload/",
        "/upload.json",
        "/upload/a",
        "//localhost/upload/a",
        "///x/upload",
        "/index.php/upload/a",
        "/zzz/index.php/upload",
        "/upload%3fa",
        "/x%0a/upload",
        "/form.php/a",
        "/form.php/",
        "/form.php%2fa",
        "/form.php;a/b",
        "/form.php%20",
        "http://site.test/upload?a",
    ] {
        assert_eq!(status("POST", target, &[]), 451, "{target}");
        assert_eq!(status("PROPFIND", target, &[]), 451, "PROPFIND {target}");
    }
    assert_eq!(status("POST", "/put", &[("X-HTTP-Method-Override", "PUT")]), 451);
    assert_eq!(status("POST", "/zzz", &[("X-Forwarded-Host", "a.test")]), 451);
    assert_eq!(status("POST", "/zzz", &[("Forwarded", "for=1.2.3.4;host=a.test")]), 451);
    let steering = [
        ("X-Original-URL", "/upload"),
        ("X-Rewrite-URL", "/upload"),
        ("X-Forwarded-Prefix", "/zzz"),
        ("X-HTTP-Method-Override", "PUT"),
        ("SCRIPT_NAME", "/zzz"),
        ("x_original_url", "/upload"),
        ("X.Original.URL", "/upload"),
    ];
    for (name, value) in steering {
        assert_eq!(status("POST", "/zzz/upload", &[(name, value), ("X-Other", "kept")]), 200, "{name}");
        let headers = origin.requests().pop().unwrap().headers;
        let has = |name: &str| headers.contains_key(&name.to_ascii_lowercase());
        assert!(has("x-other") && !has(name), "{name}: {headers:?}");
    }
    assert_eq!(status("POST", "http://site.test?/upload/x", &[]), 200);
    assert_eq!(origin.requests().pop().unwrap().target, "/?/upload/x");
}

#[test]
fn a_path_that_can_be_read_in_very_many_ways_is_refused_and_a_long_one_goes_on() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    for path in ["/a.php".repeat(10_000), "//a.php;x%2541%5c..".repeat(2500)] {
        let answer = penstock.post(&path, &[], b"");
        assert!(answer.status == 400 && answer.text().contains("request_target"), "{}", answer.text());
    }
    assert_eq!(origin.connections(), 0);
    assert_eq!(penstock.post(&"/x".repeat(30_000), &[], b"").status, 200);
}

#[test]
fn whatever_is_asked_for_the_answer_is_the_origins_or_looks_like_ours() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let host = "Host: site.test\r\n";
    let mut requests: Vec<Vec<u8>> = (1..=255_u8)
        .flat_map(|byte| [&b"/a"[..], b"/upload/a", b"", b"http://site.test/"].map(|path| (path, byte)))
        .map(|(path, byte)| [b"GET ", path, &[byte], b"b HTTP/1.1\r\nHost: site.test\r\n\r\n"].concat())
        .collect();
    let many: String = (0..300).map(|number| format!("X-{number}: y\r\n")).collect();
    for (line, headers) in [
        ("GET / HTTP/1.1", "Host: a.test\r\nHost: b.test\r\n"),
        ("GET / HTTP/1.1", "Host: a.test\r\nHost: a.test\r\n"),
        ("GET / HTTP/1.1", "Host: user@a.test\r\n"),
        ("GET / HTTP/1.1", "Host: a.test/b\r\n"),
        ("GET / HTTP/1.1", "Host: a\u{e9}.test\r\n"),
        ("GET / HTTP/1.1", "Host:\r\n"),
        ("GET / HTTP/1.1", ""),
        ("GET / HTTP/1.0", ""),
        ("POST /upload/a HTTP/1.0", "Content-Length: 0\r\n"),
        ("GET http://other.test/ HTTP/1.1", host),
        ("GET http://user@site.test/ HTTP/1.1", host),
        ("GET http://site.test HTTP/1.1", host),
        ("GET http:/site.test/ HTTP/1.1", host),
        ("GET ws://site.test/ HTTP/1.1", host),
        ("GET ftp://site.test/ HTTP/1.1", host),
        ("GET site.test HTTP/1.1", host),
        ("GET * HTTP/1.1", host),
        ("OPTIONS * HTTP/1.1", host),
        ("GET ?a HTTP/1.1", host),
        ("GET //a HTTP/1.1", host),
        ("TRACE / HTTP/1.1", host),
        ("CONNECT site.test:443 HTTP/1.1", host),
        ("CONNECT / HTTP/1.1", host),
        ("CONNECT http://site.test/ HTTP/1.1", host),
        ("GET / HTTP/2.0", host),
        ("GET / HTTP/0.9", host),
        ("ODD-METHOD /a HTTP/1.1", host),
        ("GET /a\u{e9} HTTP/1.1", host),
        ("ODD-METHOD /a\u{e9} HTTP/1.1", host),
        ("GET /a HTTP/1.1", &(host.to_owned() + &many)),
        ("GET /a HTTP/1.1", &format!("{host}Range: bytes=x\r\nAccept-Encoding: ;;q\r\nContent-Type: ;\r\n")),
    ] {
        requests.push(format!("{line}\r\n{headers}\r\n").into_bytes());
    }
    let mut refused = 0;
    for request in &requests {
        let shown = String::from_utf8_lossy(request).into_owned();
        let mut client = penstock.connect();
        client.send(request);
        let answer = client.read_response().unwrap_or_else(|| panic!("no answer to {shown}"));
        if answer.headers.contains_key("penstock-reference") {
            refused += 1;
            assert!((400..500).contains(&answer.status) || answer.status == 501, "{shown}: {}", answer.status);
            assert!(answer.json()["code"].is_string(), "{shown}");
        } else {
            assert_eq!(answer.status, 200, "{shown}: {:?}", answer.headers);
        }
    }
    assert_eq!(penstock.wait_for_events("refused", refused).len(), refused, "each has its line");
    let mut client = penstock.connect();
    let answer = client.exchange("TRACE", "/", &[], b"");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (405, Some("method_not_allowed")));
    assert!(answer.headers["allow"].contains("POST"));
}
