//! What is blocked, flagged and let through, and what everybody is told about it.

use std::fs;

use crate::support::curl::{curl, form_file};
use crate::support::http::form_with_file;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{gif, landscape, pdq, png, resized, webp};
use crate::support::{repository, sha256, wait_until};

const RULES: &str = "[[rule]]\nid = \"turnip\"\nlabels = [\"veg\"]\nkeywords = [\"forbidden turnip\"]\n\
                     [[rule]]\nid = \"beet\"\nlabels = [\"veg\", \"red\"]\nkeywords = [\"suspicious beet\"]\naction = \"flag\"\n\
                     [[rule]]\nid = \"leek\"\nlabels = [\"green\"]\nkeywords = [\"notable leek\"]\naction = \"log\"\n\
                     [[rule]]\nid = \"pea\"\nlabels = [\"small\"]\nkeywords = [\"tried pea\"]\nmode = \"monitor\"\n";

fn with_rules(setup: Setup) -> Setup {
    setup.with_file("rules.toml", RULES.as_bytes()).with_top("rules = [\"rules.toml\"]\n")
}

/// A hash set file with the PDQ hash of `picture`.
fn pdq_set(picture: &[u8]) -> Vec<u8> {
    format!("algorithm,hash,label,id\npdq,{},listed,picture-1\n", pdq(picture)).into_bytes()
}

fn knowing_picture(origin: &Origin, picture: &[u8]) -> Penstock {
    Setup::new(&[origin.address])
        .with_file("pictures.csv", &pdq_set(picture))
        .with(ENFORCING)
        .with("[[hash_set]]\nname = \"pictures\"\npath = \"pictures.csv\"\n")
        .start()
}

#[test]
fn a_blocked_upload_opens_no_origin_connection_and_sends_no_byte() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(b"listed")).start();
    let (content_type, form) = form_with_file("a.bin", b"listed");
    for (headers, body) in [(vec![], &b"listed"[..]), (vec![("Content-Type", content_type.as_str())], &form)] {
        assert_eq!(penstock.post("/upload/a", &headers, body).status, 451);
    }
    assert_eq!((origin.connections(), origin.bytes()), (0, 0));
}

#[test]
fn every_digest_and_every_shape_of_upload_is_compared() {
    let origin = Origin::start();
    let digests = [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("md5", "kAFQmDzST7DWlj99KOF/cg=="),
    ];
    let (content_type, form) = form_with_file("a.bin", b"abc");
    for (algorithm, hash) in digests {
        let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known(algorithm, hash).start();
        for (content_type, body) in [
            ("application/octet-stream", &b"abc"[..]),
            (&content_type, &form),
            ("application/x-www-form-urlencoded", b"a=1&b=%61bc"),
            ("application/json", br#"{"deep":[{"value":"\u0061bc"}]}"#),
            ("text/plain", b"abc"),
            ("image/jpeg", b"abc"),
        ] {
            let response = penstock.post("/upload/a", &[("Content-Type", content_type)], body);
            assert_eq!(response.status, 451, "{algorithm} of a {content_type}");
        }
    }
    assert_eq!(origin.bytes(), 0);
}

#[test]
fn alike_pictures_are_blocked_in_every_format_size_and_orientation_and_others_pass() {
    let origin = Origin::start();
    let picture = landscape(640, 480, 3);
    let penstock = knowing_picture(&origin, &png(&picture));
    for (what, copy) in [
        ("itself", png(&picture)),
        ("as GIF", gif(&picture)),
        ("as WebP", webp(&picture)),
        ("smaller", png(&resized(&picture, 320, 240))),
        ("larger", png(&resized(&picture, 900, 675))),
        ("brighter", png(&picture.brighten(20))),
        ("rotated", png(&picture.rotate90())),
        ("upside down", png(&picture.rotate180())),
        ("mirrored", png(&picture.fliph())),
    ] {
        let (content_type, form) = form_with_file("a.txt", &copy);
        let response = penstock.post("/upload/a", &[("Content-Type", &content_type)], &form);
        assert_eq!(response.status, 451, "{what}");
    }
    assert_eq!(origin.bytes(), 0);
    for seed in [4, 5, 6] {
        assert_eq!(penstock.post("/upload/a", &[], &png(&landscape(640, 480, seed))).status, 200, "seed {seed}");
    }
}

#[test]
fn curl_uploads_a_resized_jpeg_of_a_listed_one_in_vain() {
    let origin = Origin::start();
    let listed = fs::read(repository("deploy/demo/samples/harbour.jpg")).unwrap();
    let penstock = knowing_picture(&origin, &listed);
    let url = format!("http://{}/upload/form", penstock.address);
    let upload = |name: &str| curl(&["-F", &form_file(&repository(name)), "-F", "title=a day out", &url]);
    assert_eq!(upload("deploy/demo/samples/harbour-resized.jpg").status, 451);
    assert_eq!(origin.bytes(), 0);
    assert_eq!(upload("deploy/demo/samples/meadow.jpg").status, 200);
    let seen = &origin.requests()[0];
    let photo = fs::read(repository("deploy/demo/samples/meadow.jpg")).unwrap();
    assert!(seen.body.windows(photo.len()).any(|window| window == photo), "the photo arrived whole");
}

#[test]
fn a_picture_that_curl_calls_a_form_is_judged_as_the_picture_it_is() {
    let origin = Origin::start();
    let listed = fs::read(repository("deploy/demo/samples/harbour.jpg")).unwrap();
    let penstock = knowing_picture(&origin, &listed);
    let url = format!("http://{}/upload/raw", penstock.address);
    let send = |name: &str| curl(&["--data-binary", &format!("@{}", repository(name).display()), &url]).status;
    assert_eq!(send("deploy/demo/samples/meadow.jpg"), 200);
    assert_eq!(send("deploy/demo/samples/harbour-resized.jpg"), 451);
    assert_eq!(origin.requests()[0].headers["content-type"], "application/x-www-form-urlencoded");
    let clean = fs::read(repository("deploy/demo/samples/meadow.jpg")).unwrap();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let behind = [&clean[..], b"&f=", &listed[..200]].concat();
    assert_eq!(penstock.post("/upload/raw", &form, &behind).status, 422, "a broken picture behind a good one");
}

#[test]
fn the_client_learns_the_status_of_the_route_and_a_reference_but_not_what_matched() {
    let origin = Origin::start();
    let penstock = with_rules(Setup::new(&[origin.address]))
        .with("[[route]]\nname = \"odd\"\npath = \"/upload/odd\"\ninspect = \"enforce\"\nblock_status = 422\n")
        .with(ENFORCING)
        .start();
    let text = b"a forbidden turnip";
    for (accept, media_type) in [
        ("*/*", "application/problem+json"),
        ("application/json", "application/problem+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
    ] {
        let response = penstock.post("/upload/a", &[("Accept", accept)], text);
        assert_eq!((response.status, response.headers["content-type"].as_str()), (451, media_type));
        let reference = penstock.next_verdict()["reference"].as_str().unwrap().to_owned();
        let said = format!("{:?} {}", response.headers, response.text());
        assert!(said.contains(&reference), "{said}");
        for secret in ["turnip", "veg", "rule", "keyword", "hash", "sha", "pdq"] {
            assert!(!said.to_lowercase().contains(secret), "{secret} in {said}");
        }
    }
    let problem = penstock.post("/upload/odd", &[], text);
    assert_eq!((problem.status, problem.json()["status"].as_u64()), (422, Some(422)));
}

#[test]
fn a_flagged_upload_goes_on_marked_and_forged_marks_never_do() {
    let origin = Origin::start();
    let penstock = with_rules(Setup::new(&[origin.address])).with(ENFORCING).start();
    let forged = [
        ("Penstock-Verdict", "allow"),
        ("penstock_verdict", "allow"),
        ("Penstock-Labels", "none"),
        ("PENSTOCK-REFERENCE", "x"),
        ("Penstock-Anything", "x"),
    ];
    for (path, body) in [
        ("/upload/a", "harmless"),
        ("/upload/a", "a notable leek"),
        ("/upload/a", "a tried pea"),
        ("/elsewhere", "a forbidden turnip"),
    ] {
        assert_eq!(penstock.post(path, &forged, body.as_bytes()).status, 200, "{body}");
        let seen = origin.requests().pop().unwrap();
        let marks: Vec<_> = seen.headers.keys().filter(|name| name.contains("penstock")).collect();
        assert!(marks.is_empty(), "{marks:?} with {body}");
    }
    assert_eq!(penstock.post("/upload/a", &forged, b"a suspicious beet and a tried pea").status, 200);
    let seen = origin.requests().pop().unwrap();
    let verdict = penstock.wait_for_events("verdict", 4).pop().unwrap();
    assert_eq!(seen.headers["penstock-verdict"], "flag");
    assert_eq!(seen.headers["penstock-labels"], "red,veg");
    assert_eq!(seen.headers["penstock-reference"], verdict["reference"].as_str().unwrap());
    assert_eq!(seen.headers.keys().filter(|name| name.contains("penstock")).count(), 3);
    assert_eq!(penstock.post("/upload/a", &[], b"suspicious beet, forbidden turnip").status, 451);
}

#[test]
fn monitor_mode_of_a_route_or_a_set_stops_nothing_and_says_what_would_have_been() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with("[[route]]\nname = \"watched\"\npath = \"/upload/watched\"\ninspect = \"monitor\"\n")
        .with(ENFORCING)
        .with_known("sha256", &sha256(b"listed"))
        .with("mode = \"enforce\"\n")
        .with_file("trial.csv", format!("algorithm,hash\nsha256,{}\n", sha256(b"on trial")).as_bytes())
        .with("[[hash_set]]\nname = \"trial\"\npath = \"trial.csv\"\nmode = \"monitor\"\n")
        .start();
    for (path, body, status, verdict, if_enforced) in [
        ("/upload/a", "listed", 451, "block", "block"),
        ("/upload/a", "on trial", 200, "allow", "block"),
        ("/upload/watched", "listed", 200, "allow", "block"),
        ("/upload/watched", "harmless", 200, "allow", "allow"),
    ] {
        assert_eq!(penstock.post(path, &[], body.as_bytes()).status, status, "{path} {body}");
        let logged = penstock.next_verdict();
        assert_eq!((logged["verdict"].as_str(), logged["if_enforced"].as_str()), (Some(verdict), Some(if_enforced)));
    }
    assert!(origin.requests().iter().all(|seen| !seen.headers.contains_key("penstock-verdict")));
}

#[test]
fn each_verdict_is_one_line_with_matches_and_times_and_without_content() {
    let origin = Origin::start();
    let penstock =
        with_rules(Setup::new(&[origin.address])).with(ENFORCING).with_known("sha256", &sha256(b"listed")).start();
    penstock.post("/upload/a?secret=1", &[("Cookie", "session=secret")], b"listed");
    penstock.post("/upload/a", &[], b"my secret is a forbidden turnip");
    let lines = penstock.wait_for_events("verdict", 2);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!((line["verdict"].as_str(), line["route"].as_str()), (Some("block"), Some("uploads")));
        assert_eq!((line["generation"].as_u64(), line["client"].as_str()), (Some(1), Some("127.0.0.1")));
        for time in ["hold_ms", "queue_ms", "inspect_ms", "verdict_ms"] {
            assert!(line[time].as_f64().is_some_and(|time| time >= 0.0), "{time} in {line}");
        }
        assert!(!line.to_string().contains("secret"), "{line}");
    }
    assert_eq!(lines[0]["matches"][0]["set"], "known");
    assert_eq!(lines[0]["matches"][0]["entry"], "known-1");
    assert_eq!(lines[1]["matches"][0]["rule"], "turnip");
    assert_eq!(lines[1]["matches"][0]["spans"], serde_json::json!([[15, 31]]));
}

#[test]
fn what_origins_could_read_in_two_ways_is_refused_with_its_reason_code() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(
            "[[route]]\nname = \"lenient\"\npath = \"/upload/lenient\"\ninspect = \"enforce\"\nmalformed = \"pass\"\n",
        )
        .with(ENFORCING)
        .start();
    let form = b"--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--\n";
    let headers = [("Content-Type", "multipart/form-data; boundary=b")];
    let refusal = penstock.post("/upload/a", &headers, form);
    assert_eq!((refusal.status, refusal.json()["code"].as_str()), (400, Some("multipart_bare_lf")));
    assert_eq!(origin.bytes(), 0);
    assert_eq!(penstock.post("/upload/lenient", &headers, form).status, 200, "the route says so in as many words");
    let logged = penstock.wait_for_events("verdict", 2).pop().unwrap();
    assert!(logged["failed_open"].to_string().contains("multipart_bare_lf"));
    assert_eq!(penstock.metric("penstock_doubts_total{kind=\"malformed\",failed=\"open\"}"), 1.0);
    assert_eq!(penstock.metric("penstock_doubts_total{kind=\"malformed\",failed=\"closed\"}"), 1.0);
}

#[test]
fn a_picture_that_cannot_be_checked_follows_the_policy_of_its_route() {
    let origin = Origin::start();
    let picture = png(&landscape(300, 200, 1));
    let penstock = knowing_picture(&origin, &picture);
    let broken = penstock.post("/upload/a", &[], &picture[..picture.len() / 2]);
    assert_eq!((broken.status, broken.json()["code"].as_str()), (422, Some("picture_broken")));
    let plain = png(&image::DynamicImage::new_rgb8(64, 64));
    assert_eq!(penstock.post("/upload/a", &[], &plain).status, 200, "nothing to match in a plain picture");
    let logged = penstock.wait_for_events("verdict", 2).pop().unwrap();
    assert!(logged["failed_open"].to_string().contains("picture_too_plain"));
}

#[test]
fn a_compressed_body_that_is_broken_follows_the_policy_of_its_route() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with("[[route]]\nname = \"lenient\"\npath = \"/upload/lenient\"\ninspect = \"enforce\"\nundecodable = \"flag\"\n")
        .with(ENFORCING)
        .start();
    let encoded = [("Content-Encoding", "GZIP")];
    let refusal = penstock.post("/upload/a", &encoded, b"\x1f\x8b...");
    assert_eq!((refusal.status, refusal.json()["code"].as_str()), (422, Some("content_encoding_broken")));
    assert_eq!(penstock.post("/upload/lenient", &encoded, b"\x1f\x8b...").status, 200);
    assert_eq!(origin.requests()[0].headers["penstock-labels"], "undecodable");
    assert_eq!(penstock.post("/upload/a", &[("Content-Encoding", "identity")], b"plain").status, 200);
}

#[test]
fn three_hundred_connections_with_mixed_verdicts_never_get_each_others_answers() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(b"listed")).start();
    let clients = std::sync::Barrier::new(300);
    std::thread::scope(|scope| {
        for client in 0..300 {
            let (penstock, clients) = (&penstock, &clients);
            let talk = move || {
                let mut connection = penstock.connect();
                clients.wait();
                for turn in 0..12 {
                    let echo = format!("client-{client}-turn-{turn}");
                    let body = format!("{echo} {}", "x".repeat(client * 7 % 5000 + turn));
                    let headers = [("X-Echo", echo.as_str())];
                    let (path, body, blocked) = match (client + turn) % 3 {
                        0 => ("/upload/a", body, false),
                        1 => ("/upload/a", "listed".to_owned(), true),
                        _ => ("/elsewhere", body, false),
                    };
                    let response = connection.post(path, &headers, body.as_bytes());
                    if blocked {
                        assert_eq!(response.status, 451);
                    } else {
                        assert_eq!(response.text(), format!("{} bytes {echo}", body.len()));
                    }
                }
            };
            std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, talk).unwrap();
        }
    });
    // Lines about uploads in which nothing was found are bounded; a later line says how many are missing.
    wait_until("each verdict is in the log or counted there", || {
        penstock.connect().post("/upload/a", &[], b"listed");
        let lines = penstock.events("verdict");
        let blocked = lines.iter().filter(|line| line["verdict"] == "block").count();
        let left_out: u64 = lines.iter().filter_map(|line| line["left_out"].as_u64()).sum();
        blocked >= 1200 && (lines.len() - blocked) as u64 + left_out == 1200
    });
}
