//! Uploads in pieces over several requests: what the origin would put together is what is inspected.

use std::sync::{Arc, Mutex};

use crate::support::http::{Connection, Response, head};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, png};
use crate::support::pieces::{Oddity, S3, Tus, aws_chunked, etag, request};
use crate::support::{sha256, wait_until};

const LISTED: &[u8] = b"%LISTED-FILE% of forty bytes, no less...";
const HARMLESS: &[u8] = b"a harmless file of just about that size.";
const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");
const TYPE: (&str, &str) = ("Content-Type", "application/offset+octet-stream");

fn knowing(origin: &Origin, route: &str, limits: &str) -> Penstock {
    Setup::new(&[origin.address]).with(route).with_limits(limits).with_known("sha256", &sha256(LISTED)).start()
}

struct Site {
    tus: Tus,
    origin: Origin,
    penstock: Penstock,
}

impl Site {
    fn new(limits: &str) -> Self {
        let tus = Tus::default();
        let origin = tus.start();
        let penstock = knowing(&origin, ENFORCING, limits);
        Self { tus, origin, penstock }
    }

    fn client(&self) -> Client {
        Client(self.penstock.connect())
    }
}

/// A tus client that does what it is told.
struct Client(Connection);

impl Client {
    fn create(&mut self, headers: &[(&str, &str)]) -> String {
        let answer = self.post(headers, b"");
        assert_eq!(answer.status, 201, "{}", answer.text());
        path_of(&answer)
    }

    fn of_length(&mut self, length: usize) -> String {
        self.create(&[("Upload-Length", &length.to_string())])
    }

    fn post(&mut self, headers: &[(&str, &str)], body: &[u8]) -> Response {
        self.0.exchange("POST", "/upload/files", &[&[TUS][..], headers].concat(), body)
    }

    fn patch(&mut self, path: &str, offset: usize, body: &[u8]) -> Response {
        self.patch_with(path, offset, &[], body)
    }

    fn patch_with(&mut self, path: &str, offset: usize, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let offset = offset.to_string();
        let all = [&[TUS, TYPE, ("Upload-Offset", &offset)][..], headers].concat();
        self.0.exchange("PATCH", path, &all, body)
    }

    fn ask(&mut self, path: &str) -> (u16, Option<usize>) {
        let answer = self.0.exchange("HEAD", path, &[TUS], b"");
        (answer.status, answer.headers.get("upload-offset").map(|offset| offset.parse().unwrap()))
    }
}

fn path_of(created: &Response) -> String {
    created.headers["location"].trim_start_matches("http://site.test").to_owned()
}

fn refusal(answer: &Response) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_listed_file_is_blocked_at_its_last_piece_wherever_it_is_split() {
    let site = Site::new("");
    let mut client = site.client();
    for split in 1..LISTED.len() {
        for second in [split, (split + LISTED.len()) / 2] {
            let path = client.of_length(LISTED.len());
            assert_eq!(client.patch(&path, 0, &LISTED[..split]).status, 204);
            if second > split {
                assert_eq!(client.patch(&path, split, &LISTED[split..second]).status, 204);
            }
            let answer = client.patch(&path, second, &LISTED[second..]);
            assert_eq!(answer.status, 451, "{split} {second}");
            let stored = site.tus.upload(&path).map(|upload| upload.bytes);
            assert!(stored.is_none_or(|bytes| bytes == LISTED[..second]), "the origin has no more");
            let again = site.client().patch(&path, second, &HARMLESS[second..]);
            assert_eq!(again.status, 451, "it stays blocked");
        }
    }
    assert!(site.tus.complete().is_empty());
    let verdict = site.penstock.events("verdict").into_iter().find(|verdict| verdict["verdict"] == "block").unwrap();
    assert_eq!((verdict["assembled"].as_bool(), verdict["bytes"].as_u64()), (Some(true), Some(LISTED.len() as u64)));
}

#[test]
fn harmless_files_arrive_as_they_were_and_nothing_of_them_stays() {
    let site = Site::new("memory_per_upload = \"10 KiB\"");
    let picture = png(&landscape(400, 300, 3));
    let mut client = site.client();
    for pieces in [1, 2, 7] {
        let path = client.of_length(picture.len());
        let mut offset = 0;
        for piece in picture.chunks(picture.len().div_ceil(pieces)) {
            let answer = client.patch(&path, offset, piece);
            assert_eq!(answer.status, 204, "{}", answer.text());
            offset += piece.len();
            assert_eq!(client.ask(&path), (200, Some(offset)));
        }
        let stored = site.tus.upload(&path).unwrap();
        assert!(stored.is_complete && stored.bytes == picture, "{pieces} pieces");
    }
    assert_eq!(site.penstock.metric("penstock_assembly_bytes"), 0.0);
    assert_eq!(site.penstock.metric("penstock_assemblies"), 3.0, "their clients may still ask");
    wait_until("all is given back", || {
        site.penstock.metric("penstock_held_memory_bytes") + site.penstock.metric("penstock_held_disk_bytes") == 0.0
    });
}

#[test]
fn an_upload_goes_on_where_the_origin_says_it_is() {
    let site = Site::new("");
    for (file, status) in [(HARMLESS, 204), (LISTED, 451)] {
        let mut client = site.client();
        let path = client.of_length(40);
        client.patch(&path, 0, &file[..10]);
        site.tus.be_odd(Oddity::StoresWithoutAnswer);
        assert_eq!(client.patch(&path, 10, &file[10..20]).status, 502);
        let mut client = site.client();
        assert_eq!(client.ask(&path), (200, Some(20)));

        site.tus.be_odd(Oddity::StoresOnly(3));
        assert_eq!(client.patch(&path, 20, &file[20..30]).headers["upload-offset"], "23");
        site.tus.be_odd(Oddity::Loses(5));
        assert_eq!(client.ask(&path), (200, Some(5)));
        assert_eq!(client.patch(&path, 5, &file[5..30]).status, 204);
        assert_eq!(client.patch(&path, 30, &file[30..]).status, status);
    }
    assert_eq!(site.tus.complete(), [HARMLESS.to_vec()]);
}

#[test]
fn no_piece_is_taken_for_another_that_the_origin_has() {
    let site = Site::new("");
    let mut client = site.client();
    let path = client.of_length(LISTED.len());
    assert_eq!(client.patch(&path, 0, &LISTED[..20]).status, 204);
    assert_eq!(client.patch(&path, 0, &HARMLESS[..20]).status, 409, "the origin does not take it");
    assert_eq!(client.patch(&path, 20, &LISTED[20..]).status, 451);

    let path = client.of_length(LISTED.len());
    assert_eq!(refusal(&client.patch(&path, 5, b"x")), (409, "assembly_incomplete".into()));
    client.patch(&path, 0, &LISTED[..20]);
    site.tus.be_odd(Oddity::StoresWithoutAnswer);
    assert_eq!(client.patch(&path, 0, &HARMLESS[..20]).status, 409);
    let mut client = site.client();
    client.patch(&path, 0, &HARMLESS[..20]);
    assert_eq!(client.patch(&path, 20, &LISTED[20..]).status, 451);
    assert!(site.tus.complete().is_empty());
}

#[test]
fn a_client_that_goes_away_before_its_answer_does_not_hide_what_the_origin_took() {
    let site = Site::new("");
    let mut client = site.client();
    let path = client.of_length(LISTED.len());
    for (count, (offset, end)) in [("0", 10), ("10", 20), ("20", 30)].into_iter().enumerate() {
        let answering = site.tus.answering.lock().unwrap();
        let mut hasty = site.penstock.connect();
        let piece = &LISTED[end - 10..end];
        hasty.send(request("PATCH", &path, &[TUS, TYPE, ("Upload-Offset", offset)], piece));
        let pieces = || site.origin.requests().iter().filter(|seen| seen.method == "PATCH").count();
        wait_until("the origin has the piece", || pieces() == count + 1);
        drop(hasty);
        // Time in which Penstock could notice, and give the request up; were it too short, this would test less.
        std::thread::sleep(std::time::Duration::from_millis(50));
        drop(answering);
        wait_until("the piece is stored", || client.ask(&path) == (200, Some(end)));
    }
    assert_eq!(client.patch(&path, 30, &LISTED[30..]).status, 451);
    assert!(site.tus.complete().is_empty());
}

#[test]
fn the_length_may_come_later_and_the_first_piece_with_the_creation() {
    let site = Site::new("");
    let mut client = site.client();
    let length = LISTED.len().to_string();
    for (file, status) in [(HARMLESS, 204), (LISTED, 451)] {
        let path = client.create(&[("Upload-Defer-Length", "1")]);
        assert_eq!(client.patch(&path, 0, &file[..9]).status, 204);
        assert_eq!(client.patch_with(&path, 9, &[("Upload-Length", &length)], &file[9..30]).status, 204);
        assert_eq!(client.patch(&path, 30, &file[30..]).status, status);

        let whole = client.post(&[TYPE, ("Upload-Length", &length)], file);
        assert_eq!(whole.status, if status == 204 { 201 } else { 451 });
        let begun = client.post(&[TYPE, ("Upload-Length", &length)], &file[..25]);
        assert_eq!((begun.status, begun.headers["upload-offset"].as_str()), (201, "25"));
        assert_eq!(client.patch(&path_of(&begun), 25, &file[25..]).status, status);
    }
    assert_eq!(site.tus.complete(), vec![HARMLESS.to_vec(); 3]);
}

#[test]
fn uploads_that_are_put_together_are_inspected_in_their_order() {
    let site = Site::new("");
    let mut client = site.client();
    let mut partial = |bytes: &[u8]| {
        let path = client.create(&[("Upload-Concat", "partial"), ("Upload-Length", &bytes.len().to_string())]);
        assert_eq!(client.patch(&path, 0, &bytes[..5]).status, 204);
        assert_eq!(client.patch(&path, 5, &bytes[5..]).status, 204);
        path
    };
    let (first, second) = (partial(&LISTED[..20]), partial(&LISTED[20..]));
    let mut client = site.client();
    let unknown = client.post(&[("Upload-Concat", &format!("final;{first} /upload/files/99"))], b"");
    assert_eq!(refusal(&unknown), (409, "assembly_incomplete".into()));
    let listed = format!("final;http://site.test{first} {second}");
    assert_eq!(client.post(&[("Upload-Concat", &listed)], b"").status, 451);
    assert_eq!(client.post(&[("Upload-Concat", &format!("final;{second} {first}"))], b"").status, 451, "blocked once");
    wait_until("both are withdrawn", || site.tus.upload(&first).is_none() && site.tus.upload(&second).is_none());

    let mut partial = |bytes: &[u8]| {
        let path = client.create(&[("Upload-Concat", "partial"), ("Upload-Length", &bytes.len().to_string())]);
        client.patch(&path, 0, bytes);
        path
    };
    let (first, second) = (partial(&LISTED[..20]), partial(&LISTED[20..]));
    let repeated = vec![first.as_str(); 200].join(" ");
    let answer = client.post(&[("Upload-Concat", &format!("final;{repeated}"))], b"");
    assert_eq!(refusal(&answer), (413, "too_many_pieces".into()), "a few bytes would make many");
    let swapped = client.post(&[("Upload-Concat", &format!("final;{second} {first}"))], b"");
    assert_eq!(swapped.status, 201);
    assert_eq!(site.tus.upload(&path_of(&swapped)).unwrap().bytes, [&LISTED[20..], &LISTED[..20]].concat());
    let unfinished = client.create(&[("Upload-Concat", "partial"), ("Upload-Length", "9")]);
    assert_eq!(client.post(&[("Upload-Concat", &format!("final;{unfinished}"))], b"").status, 409);
}

#[test]
fn the_method_may_be_named_in_a_header() {
    let site = Site::new("");
    let mut client = site.client();
    let path = client.of_length(LISTED.len());
    let patch = ("X-HTTP-Method-Override", "PATCH");
    let first = client.0.exchange("POST", &path, &[TUS, TYPE, patch, ("Upload-Offset", "0")], &LISTED[..20]);
    assert_eq!(first.status, 204);
    let second = client.0.exchange("POST", &path, &[TUS, TYPE, patch, ("Upload-Offset", "20")], &LISTED[20..]);
    assert_eq!(second.status, 451);
    let disguised = client.patch_with(&path, 20, &[("X-HTTP-Method-Override", "POST")], &LISTED[20..]);
    assert_eq!(refusal(&disguised), (400, "tus_malformed".into()));
}

#[test]
fn an_upload_that_is_not_known_starts_again() {
    let site = Site::new("assembly_timeout = \"1ms\"");
    let mut client = site.client();
    assert_eq!(client.ask("/upload/files/7").0, 404);
    assert_eq!(refusal(&client.patch("/upload/files/7", 0, b"x")), (404, "upload_unknown".into()));
    let mut client = site.client();
    let path = client.of_length(40);
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(client.ask(&path).0, 404, "it has expired");

    let site = Site::new("");
    let mut client = site.client();
    let path = client.of_length(40);
    client.patch(&path, 0, b"some bytes");
    assert_eq!(refusal(&client.0.exchange("GET", &path, &[], b"")), (409, "assembly_incomplete".into()));
    assert_eq!(client.0.exchange("DELETE", &path, &[TUS], b"").status, 204);
    assert_eq!(site.penstock.metric("penstock_assembly_bytes"), 0.0);
    assert_eq!(client.ask(&path).0, 404);
}

#[test]
fn past_a_bound_an_upload_is_refused_when_it_is_created() {
    let tus = Tus::default();
    let origin = tus.start();
    let penstock = knowing(&origin, &format!("{ENFORCING}max_body = \"1 KiB\"\n"), "max_assemblies = 2");
    let mut client = Client(penstock.connect());
    assert_eq!(refusal(&client.post(&[("Upload-Length", "1025")], b"")), (413, "body_too_large".into()));
    client.of_length(1024);
    let path = client.create(&[("Upload-Defer-Length", "1")]);
    assert_eq!(refusal(&client.post(&[("Upload-Length", "1")], b"")), (503, "assemblies_full".into()));
    assert_eq!(client.patch(&path, 0, &[b'x'; 1000]).status, 204);
    assert_eq!(refusal(&client.patch(&path, 1000, &[b'x'; 25])), (413, "body_too_large".into()));
    let mut client = Client(penstock.connect());
    assert_eq!(client.patch(&path, 1000, &[b'x'; 24]).status, 204);
}

#[test]
fn two_clients_do_not_disturb_each_other() {
    let site = Site::new("");
    let (mut first, mut second) = (site.client(), site.client());
    let (one, two) = (first.of_length(40), second.of_length(40));
    for at in (0..30).step_by(10) {
        assert_eq!(first.patch(&one, at, &LISTED[at..at + 10]).status, 204);
        assert_eq!(second.patch(&two, at, &HARMLESS[at..at + 10]).status, 204);
    }
    assert_eq!(first.patch(&one, 30, &LISTED[30..]).status, 451);
    assert_eq!(second.patch(&two, 30, &HARMLESS[30..]).status, 204);
    assert_eq!(site.tus.complete(), [HARMLESS.to_vec()]);
}

#[test]
fn the_ietf_draft_is_treated_alike() {
    let site = Site::new("");
    for (file, status) in [(HARMLESS, 204), (LISTED, 451)] {
        let mut client = site.penstock.connect();
        let draft = ("Upload-Draft-Interop-Version", "6");
        let begun = client.exchange("POST", "/upload/files", &[draft, ("Upload-Complete", "?0")], &file[..10]);
        assert_eq!(begun.status, 201);
        let path = path_of(&begun);
        let more = [draft, ("Upload-Complete", "?0"), ("Upload-Offset", "10")];
        assert_eq!(client.exchange("PATCH", &path, &more, &file[10..20]).status, 204);
        let last = [draft, ("Upload-Complete", "?1"), ("Upload-Offset", "20")];
        assert_eq!(client.exchange("PATCH", &path, &last, &file[20..]).status, status);
    }
    assert_eq!(site.tus.complete(), [HARMLESS.to_vec()]);
}

#[test]
fn a_monitoring_route_only_records() {
    let tus = Tus::default();
    let origin = tus.start();
    let penstock = knowing(&origin, &ENFORCING.replace("enforce", "monitor"), "");
    let mut client = Client(penstock.connect());
    let path = client.of_length(40);
    client.patch(&path, 0, &LISTED[..20]);
    assert_eq!(client.patch(&path, 20, &LISTED[20..]).status, 204);
    assert_eq!(tus.complete(), [LISTED.to_vec()]);
    let on_the_whole = || penstock.events("verdict").into_iter().find(|verdict| verdict["assembled"] == true);
    wait_until("the verdict on the whole is in the log", || on_the_whole().is_some());
    let whole = on_the_whole().unwrap();
    assert_eq!((whole["verdict"].as_str(), whole["if_enforced"].as_str()), (Some("allow"), Some("block")));
    assert_eq!(client.ask("/upload/files/7").0, 404, "the origin's own answer");
    assert_eq!(penstock.wait_for_events("assembly", 1)[0]["code"], "upload_unknown");
}

#[test]
fn an_origin_that_does_not_speak_tus_gets_no_pieces() {
    let created = "HTTP/1.1 201 Created\r\nLocation: /upload/files/1\r\nContent-Length: 0\r\n\r\n";
    let origin = Origin::answering(move |_| Some(created.to_owned()));
    let penstock = knowing(&origin, ENFORCING, "");
    let mut client = Client(penstock.connect());
    let path = client.of_length(40);
    assert_eq!(refusal(&client.patch(&path, 0, b"x")), (404, "upload_unknown".into()));
}

/// A server of FilePond: it answers a creation with an id, and keeps the chunks in their order.
fn filepond(answer: &'static str) -> (Origin, Arc<Mutex<Vec<u8>>>) {
    let stored: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = Arc::clone(&stored);
    let origin = Origin::answering(move |request| {
        if request.method == "PATCH" {
            kept.lock().unwrap().extend(&request.body);
            return Some("HTTP/1.1 204 No Content\r\n\r\n".to_owned());
        }
        Some(format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()))
    });
    (origin, stored)
}

#[test]
fn chunks_of_filepond_pass_and_are_inspected_as_a_whole() {
    let form = ("Content-Type", "multipart/form-data; boundary=b");
    let about = b"--b\r\nContent-Disposition: form-data; name=\"filepond\"\r\n\r\n{}\r\n--b--\r\n";
    for (answer, path) in [
        ("id0f9c", "/upload/process?patch=id0f9c"),
        ("\"id0f9c\"\n", "/upload/?patch=id0f9c"),
        ("{\"id\":\"id0f9c\"}", "/upload/process/%69d0f9c"),
        ("eyJp/9c=", "/upload/process?patch=eyJp/9c="),
    ] {
        for (file, status) in [(HARMLESS, 204), (LISTED, 451)] {
            let (origin, stored) = filepond(answer);
            let penstock = knowing(&origin, ENFORCING, "");
            let mut client = penstock.connect();
            let length = file.len().to_string();
            let created = client.exchange("POST", "/upload/process", &[form, ("Upload-Length", &length)], about);
            assert_eq!(created.status, 200, "{}", created.text());
            let mut send = |at: usize, to: usize, length: &str| {
                let (at, piece) = (at.to_string(), &file[at..to]);
                let headers = [TYPE, ("Upload-Offset", &at), ("Upload-Length", length), ("Upload-Name", "a.jpg")];
                client.exchange("PATCH", path, &headers, piece)
            };
            assert_eq!(send(0, 15, &length).status, 204);
            assert_eq!(refusal(&send(30, 40, &length)), (409, "assembly_incomplete".into()));
            assert_eq!(refusal(&send(15, 30, "41")), (400, "tus_malformed".into()));
            assert_eq!(send(15, 30, &length).status, 204);
            assert_eq!(send(15, 30, &length).status, 204, "once more, since its answer was lost");
            assert_eq!(refusal(&client_get(&penstock, path)), (409, "assembly_incomplete".into()));
            let mut client = penstock.connect();
            let headers = [TYPE, ("Upload-Offset", "30"), ("Upload-Length", &length), ("Upload-Name", "a.jpg")];
            assert_eq!(client.exchange("PATCH", path, &headers, &file[30..]).status, status, "{answer}");
            assert_eq!(stored.lock().unwrap().ends_with(&file[30..]), status == 204);
        }
    }
}

fn client_get(penstock: &Penstock, path: &str) -> Response {
    penstock.connect().exchange("GET", path, &[], b"")
}

#[test]
fn what_only_looks_like_a_chunk_of_filepond_is_not_known() {
    let (origin, _) = filepond("id0f9c");
    let penstock = knowing(&origin, ENFORCING, "");
    let length = ("Upload-Length", "40");
    for headers in [
        &[TYPE, ("Upload-Offset", "10"), length][..],
        &[TYPE, ("Upload-Offset", "0")],
        &[("Content-Type", "application/json"), ("Upload-Offset", "0"), length],
        &[TYPE, ("Content-Type", "text/plain"), ("Upload-Offset", "0"), length],
        &[TYPE, TUS, ("Upload-Offset", "0"), length],
    ] {
        let answer = penstock.connect().exchange("PATCH", "/upload/process?patch=7", headers, &LISTED[..10]);
        assert_eq!(refusal(&answer), (404, "upload_unknown".into()), "{headers:?}");
    }
    let created = penstock.connect().exchange("POST", "/upload/process", &[("Upload-Length", "20")], b"");
    assert_eq!(created.status, 200);
    let form = ("Content-Type", "multipart/form-data; boundary=b");
    let (start, short) = (("Upload-Offset", "0"), ("Upload-Length", "20"));
    let path = "/upload/process?patch=id0f9c";
    for (method, path, headers) in [
        ("PATCH", path, &[form, start, short][..]),
        ("POST", path, &[TYPE, start, short, ("X-HTTP-Method-Override", "PATCH")]),
        ("PATCH", path, &[TYPE, start, short, ("X-Method-Override", "POST")]),
        ("PATCH", path, &[TYPE, ("Content-Type", "text/plain"), start, short]),
        ("PATCH", "/upload/process?patch=process", &[TYPE, start, short]),
        ("PATCH", "/upload/other?patch=id0f9c", &[TYPE, start, short]),
        ("PATCH", "/upload/process?patch=id0f9c&v=2", &[TYPE, start, short]),
    ] {
        let answer = penstock.connect().exchange(method, path, headers, &LISTED[..10]);
        assert_eq!(refusal(&answer), (404, "upload_unknown".into()), "{method} {path} {headers:?}");
    }
    let lie = [TYPE, ("Upload-Offset", "0"), length];
    let answer = penstock.connect().exchange("PATCH", "/upload/process?patch=id0f9c", &lie, &LISTED[..20]);
    assert_eq!(refusal(&answer), (400, "tus_malformed".into()), "its creation said another length");
}

#[test]
fn only_an_answer_that_is_an_id_names_an_upload_of_filepond() {
    for answer in ["be welcome", "{\"id\":\"welcome\",\"is\":\"new\"}", "<p>welcome</p>", ""] {
        let (origin, _) = filepond(answer);
        let penstock = knowing(&origin, ENFORCING, "");
        let length = ("Upload-Length", "40");
        assert_eq!(penstock.connect().exchange("POST", "/upload/process", &[length], b"").status, 200);
        let chunk = [TYPE, ("Upload-Offset", "0"), length];
        let sent = penstock.connect().exchange("PATCH", "/upload/process?patch=welcome", &chunk, &LISTED[..10]);
        assert_eq!(refusal(&sent), (404, "upload_unknown".into()), "{answer}");
    }
}

#[test]
fn chunks_of_filepond_cannot_be_put_into_another_upload() {
    let count = Mutex::new(0);
    let origin = Origin::answering(move |request| {
        if request.method == "PATCH" {
            return Some("HTTP/1.1 204 No Content\r\n\r\n".to_owned());
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        Some(format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nid0{count}"))
    });
    let penstock = knowing(&origin, ENFORCING, "");
    let mut client = penstock.connect();
    let length = ("Upload-Length", "40");
    for id in ["id01", "id02"] {
        assert_eq!(client.exchange("POST", "/upload/process", &[length], b"").text(), id);
    }
    let send = |path: &str, host: &str, at: &str, piece: &[u8]| {
        let mut client = penstock.connect();
        let headers = [TYPE, ("Upload-Offset", at), length];
        client.send(head("PATCH", path, &headers, Some(piece.len())).replace("site.test", host));
        client.send(piece);
        client.read_response().unwrap()
    };
    let (one, two) = ("/upload/process?patch=id01", "/upload/process?patch=id02");
    assert_eq!(send(one, "a", "0", &LISTED[..20]).status, 204);
    assert_eq!(send(two, "a", "0", &HARMLESS[..20]).status, 204);
    for path in [
        "/upload/process?x=id02&patch=id01",
        "/upload/process?patch=id02&patch=id01",
        "/upload/process?patch=id02;patch=id01",
        "/upload/id01?patch=id02",
        "/upload/process/id02",
        "/upload/process?patch=id01&v=2",
        "/upload/process?patch=id03",
    ] {
        assert_eq!(refusal(&send(path, "a", "20", &LISTED[20..])), (404, "upload_unknown".into()), "{path}");
        assert_eq!(refusal(&send(path, "a", "0", &LISTED[..20])), (404, "upload_unknown".into()), "{path}");
    }
    assert_eq!(send(one, "b", "20", &LISTED[20..]).status, 451);
    assert_eq!(send(two, "b", "20", &HARMLESS[20..]).status, 204);
}

#[test]
fn a_range_that_is_not_that_of_the_body_is_refused() {
    let origin = Origin::start();
    let penstock = knowing(&origin, ENFORCING, "");
    for (target, range, status) in [
        ("a", "bytes 0-9/10", 200),
        ("b", "0-9", 200),
        ("c", "bytes 0-9/20", 200),
        ("c", "bytes 10-19/20", 200),
        ("d", "bytes 0-9/*", 200),
        ("e", "bytes 0-8/20", 400),
        ("f", "items 0-9/20", 400),
        ("g", "bytes 0-9/5", 400),
    ] {
        let target = format!("/upload/{target}");
        let answer = penstock.connect().exchange("PUT", &target, &[("Content-Range", range)], b"0123456789");
        assert_eq!(answer.status, status, "{range}");
        if status == 400 {
            assert_eq!(answer.json()["code"], "pieces_contradict");
        }
    }
}

const OBJECT: &str = "/upload/bucket/object";
const STREAMING: (&str, &str) = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");

struct Bucket {
    s3: S3,
    origin: Origin,
    penstock: Penstock,
    client: Connection,
}

impl Bucket {
    fn new() -> Self {
        let s3 = S3::default();
        let origin = s3.start();
        let penstock = knowing(&origin, ENFORCING, "");
        let client = penstock.connect();
        Self { s3, origin, penstock, client }
    }

    fn create(&mut self) -> String {
        self.create_with(&[])
    }

    fn create_with(&mut self, headers: &[(&str, &str)]) -> String {
        let answer = self.client.exchange("POST", &format!("{OBJECT}?uploads"), headers, b"");
        let text = answer.text();
        text.split("UploadId>").nth(1).unwrap().trim_end_matches("</").to_owned()
    }

    fn put(&mut self, upload: &str, number: usize, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let target = format!("{OBJECT}?partNumber={number}&uploadId={upload}");
        self.client.exchange("PUT", &target, headers, body)
    }

    fn complete(&mut self, upload: &str, parts: &[(usize, &[u8])]) -> Response {
        let listed: String = parts
            .iter()
            .map(|(number, bytes)| {
                format!("<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>", etag(bytes))
            })
            .collect();
        let list = format!("<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>");
        self.client.exchange("POST", &format!("{OBJECT}?uploadId={upload}"), &[], list.as_bytes())
    }
}

#[test]
fn parts_are_inspected_as_they_are_listed_however_they_came() {
    let mut bucket = Bucket::new();
    let upload = bucket.create();
    assert_eq!(bucket.put(&upload, 3, &[], &LISTED[30..]).status, 200);
    assert_eq!(bucket.put(&upload, 1, &[], &HARMLESS[..10]).status, 200);
    assert_eq!(bucket.put(&upload, 2, &[STREAMING], &aws_chunked(&LISTED[10..30], 8)).status, 200);
    assert_eq!(bucket.put(&upload, 1, &[], &LISTED[..10]).status, 200, "it replaces the harmless one");
    let parts = [(1, &LISTED[..10]), (2, &LISTED[10..30]), (3, &LISTED[30..])];
    let replaced = [(1, &HARMLESS[..10]), (2, &LISTED[10..30])];
    assert_eq!(refusal(&bucket.complete(&upload, &replaced)), (409, "assembly_incomplete".into()));
    assert_eq!(bucket.complete(&upload, &parts).status, 451);
    assert_eq!(bucket.complete(&upload, &parts[..2]).status, 451, "it stays blocked");
    assert!(bucket.s3.object(OBJECT).is_none());
}

#[test]
fn a_harmless_object_in_parts_arrives_and_a_subset_too() {
    let mut bucket = Bucket::new();
    let picture = png(&landscape(400, 300, 3));
    let parts: Vec<(usize, &[u8])> = picture.chunks(picture.len() / 3).enumerate().map(|(i, p)| (i + 1, p)).collect();
    let upload = bucket.create();
    for (number, part) in parts.iter().rev() {
        assert_eq!(bucket.put(&upload, *number, &[STREAMING], &aws_chunked(part, 5000)).status, 200);
    }
    assert_eq!(bucket.complete(&upload, &parts).status, 200);
    assert!(bucket.s3.object(OBJECT).unwrap() == picture);
    assert_eq!(bucket.penstock.metric("penstock_assemblies"), 0.0);

    let upload = bucket.create();
    bucket.put(&upload, 1, &[], HARMLESS);
    bucket.put(&upload, 2, &[], LISTED[..20].as_ref());
    bucket.put(&upload, 7, &[], &LISTED[20..]);
    assert_eq!(bucket.complete(&upload, &[(1, HARMLESS), (7, &LISTED[20..])]).status, 200);
    assert_eq!(bucket.s3.object(OBJECT).unwrap(), [HARMLESS, &LISTED[20..]].concat());
}

#[test]
fn what_was_said_about_a_file_at_its_creation_counts_for_the_whole() {
    let mut bucket = Bucket::new();
    let compressed = miniz_oxide::deflate::compress_to_vec(LISTED, 9);
    for (headers, status) in [(&[][..], 200), (&[("Content-Encoding", "deflate")], 451)] {
        let upload = bucket.create_with(headers);
        bucket.put(&upload, 1, &[], &compressed[..9]);
        bucket.put(&upload, 2, &[], &compressed[9..]);
        assert_eq!(bucket.complete(&upload, &[(1, &compressed[..9]), (2, &compressed[9..])]).status, status);
    }

    let site = Site::new("");
    let mut client = site.client();
    let json = format!("[\"{}\"]", data_encoding::BASE64.encode(LISTED));
    let metadata = format!("filetype {}", data_encoding::BASE64.encode(b"application/json"));
    let path = client.create(&[("Upload-Length", &json.len().to_string()), ("Upload-Metadata", &metadata)]);
    assert_eq!(client.patch(&path, 0, &json.as_bytes()[..30]).status, 204);
    assert_eq!(client.patch(&path, 30, &json.as_bytes()[30..]).status, 451);
}

#[test]
fn a_coded_piece_is_refused_since_a_server_that_undoes_it_has_something_else() {
    let site = Site::new("");
    let mut client = site.client();
    let path = client.of_length(40);
    let answer = client.patch_with(&path, 0, &[("Content-Encoding", "gzip")], b"x");
    assert_eq!(refusal(&answer), (400, "tus_malformed".into()));
    let mut bucket = Bucket::new();
    let upload = bucket.create();
    let answer = bucket.put(&upload, 1, &[("Content-Encoding", "gzip")], b"x");
    assert_eq!(refusal(&answer), (400, "s3_malformed".into()));
}

#[test]
fn parts_that_are_not_known_are_not_put_together() {
    let mut bucket = Bucket::new();
    assert_eq!(bucket.put("elsewhere", 1, &[], b"x").status, 404, "the origin does not know it");
    assert_eq!(refusal(&bucket.complete("elsewhere", &[(1, b"x")])), (400, "pieces_missing".into()));
    assert_eq!(bucket.put("elsewhere", 2, &[], LISTED).status, 451, "each part is inspected");
    bucket.client = bucket.penstock.connect();
    let upload = bucket.create();
    bucket.put(&upload, 1, &[], b"one");
    assert_eq!(refusal(&bucket.complete(&upload, &[(1, b"one"), (2, b"two")])), (409, "assembly_incomplete".into()));
    let copied = bucket.put(&upload, 2, &[("x-amz-copy-source", "/bucket/other")], b"");
    assert_eq!(refusal(&copied), (409, "assembly_incomplete".into()));
    let target = format!("{OBJECT}?uploadId={upload}");
    let odd = b"<!DOCTYPE x><CompleteMultipartUpload/>";
    assert_eq!(refusal(&bucket.client.exchange("POST", &target, &[], odd)), (400, "s3_malformed".into()));
    let other = bucket.client.exchange("POST", &target, &[("Content-Type", "application/json")], b"{\"a\":1}");
    assert_ne!(other.status, 400, "another API may have such a parameter: {}", other.text());

    let upload = bucket.create();
    bucket.put(&upload, 1, &[], b"one");
    assert_eq!(bucket.client.exchange("DELETE", &format!("{OBJECT}?uploadId={upload}"), &[], b"").status, 204);
    assert_eq!(refusal(&bucket.complete(&upload, &[(1, b"one")])), (400, "pieces_missing".into()));
}

#[test]
fn parts_of_an_upload_that_a_site_created_by_itself_are_inspected_when_it_is_completed_here() {
    let mut bucket = Bucket::new();
    let direct = |target: &str| Connection::open(bucket.origin.address).exchange("POST", target, &[], b"").text();
    let created = direct(&format!("{OBJECT}?uploads"));
    let upload = created.split("UploadId>").nth(1).unwrap().trim_end_matches("</").to_owned();
    assert_eq!(bucket.put(&upload, 1, &[], &LISTED[..10]).status, 200);
    assert_eq!(bucket.put(&upload, 2, &[], &LISTED[10..]).status, 200);
    assert_eq!(bucket.complete(&upload, &[(1, &LISTED[..10]), (2, &LISTED[10..])]).status, 451);
    assert!(bucket.s3.object(OBJECT).is_none());
    wait_until("the parts are withdrawn", || {
        bucket.penstock.metric("penstock_withdrawals_total{result=\"done\"}") == 1.0
    });
    assert_eq!(bucket.origin.requests().last().unwrap().method, "DELETE");
}

#[test]
fn what_is_put_together_is_as_large_as_there_is_room_for_or_not_at_all() {
    let tus = Tus::default();
    let origin = tus.start();
    let penstock = knowing(&origin, &format!("{ENFORCING}max_body = \"1 MB\"\n"), "spool_total = \"2 MB\"\n");
    let mut client = Client(penstock.connect());
    let mut partial = |length: usize| {
        let path = client.create(&[("Upload-Concat", "partial"), ("Upload-Length", &length.to_string())]);
        assert_eq!(client.patch(&path, 0, &vec![b'x'; length]).status, 204);
        path
    };
    let paths: Vec<String> = (0..4).map(|_| partial(450_000)).collect();
    let sent = origin.requests().len();
    let mut client = Client(penstock.connect());
    let mut join = |paths: &[String]| client.post(&[("Upload-Concat", &format!("final;{}", paths.join(" ")))], b"");
    assert_eq!(refusal(&join(&paths[..3])), (413, "body_too_large".into()));
    let held = penstock.metric("penstock_held_disk_bytes");
    assert_eq!(origin.requests().len(), sent);
    assert_eq!(join(&paths[..2]).status, 201);
    assert!(penstock.metric("penstock_held_disk_bytes") <= held);
}

#[test]
fn what_the_origin_has_of_a_blocked_upload_is_withdrawn() {
    let site = Site::new("");
    let mut client = site.client();
    let path = client.of_length(LISTED.len());
    assert_eq!(client.patch(&path, 0, &LISTED[..20]).status, 204);
    assert_eq!(client.patch_with(&path, 20, &[("Authorization", "Bearer of-ann")], &LISTED[20..]).status, 451);
    wait_until("the origin has nothing of it", || site.tus.upload(&path).is_none());
    let ended = site.origin.requests().pop().unwrap();
    assert_eq!((ended.method.as_str(), ended.headers["authorization"].as_str()), ("DELETE", "Bearer of-ann"));
    assert_eq!(ended.headers["tus-resumable"], "1.0.0");
    let line = &site.penstock.wait_for_events("assembly", 1)[0];
    assert_eq!(line["code"], "withdrawn", "{line}");
}

#[test]
fn an_object_in_chunks_is_read_whichever_header_announces_them() {
    let mut bucket = Bucket::new();
    let framed = aws_chunked(LISTED, 7);
    for headers in [
        &[STREAMING][..],
        &[STREAMING, ("Content-Encoding", "aws-chunked")],
        &[("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")],
        &[("Content-Encoding", "aws-chunked")],
    ] {
        assert_eq!(bucket.client.exchange("PUT", OBJECT, headers, &framed).status, 451, "{headers:?}");
    }
    let answer = bucket.client.exchange("PUT", OBJECT, &[STREAMING], &aws_chunked(HARMLESS, 7));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(bucket.s3.object(OBJECT).unwrap(), HARMLESS);
}
