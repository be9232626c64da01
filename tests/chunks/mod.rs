//! Uploads in chunks of which only the client says how they belong together.

mod libraries;
mod lying;
mod namings;
mod numbering;
mod writing;

use crate::support::http::Response;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, png};
use crate::support::{sha256, wait_until};
use writing::{At, CLIENTS, Chunk, chunks, flow_octet, form, plupload, resumable};

fn send(penstock: &Penstock, chunk: &Chunk) -> Response {
    let headers: Vec<(&str, &str)> =
        chunk.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    penstock.connect().exchange(chunk.method, &chunk.target, &headers, &chunk.body)
}

fn code(response: &Response) -> (u16, String) {
    (response.status, response.json()["code"].as_str().unwrap_or_default().to_owned())
}

/// What is said of the last request.
fn log(penstock: &Penstock) -> String {
    penstock.events("verdict").last().map(ToString::to_string).unwrap_or_default()
}

fn listed() -> Vec<u8> {
    png(&landscape(400, 300, 3))
}

fn knowing(origin: &Origin, more: &str) -> Penstock {
    let route = format!("{ENFORCING}{more}");
    Setup::new(&[origin.address]).with(&route).with_known("sha256", &sha256(&listed())).start()
}

/// Bytes of files that have nothing wrong with them: `make pieces` takes more.
fn honest_length() -> usize {
    std::env::var("PENSTOCK_PIECES_BYTES").map_or(3_000_000, |bytes| bytes.parse().unwrap())
}

/// Bytes that nothing matches and nothing takes for anything.
fn opaque(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as u8 | 0x80
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn a_listed_picture_in_chunks_is_blocked_at_the_last_one_and_others_pass_untouched() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let (listed, other) = (listed(), png(&landscape(400, 300, 5)));
    let mut wrong = Vec::new();
    for (number, (name, client)) in CLIENTS.into_iter().enumerate() {
        let before = origin.requests().len();
        let (called, listed_as) = (format!("other{number}.png"), format!("listed{number}.png"));
        let sent = chunks(client, &called, &other, other.len().div_ceil(4));
        let statuses: Vec<u16> = sent.iter().map(|chunk| send(&penstock, chunk).status).collect();
        let arrived = &origin.requests()[before..];
        let is_same =
            arrived.len() == sent.len() && arrived.iter().zip(&sent).all(|(seen, chunk)| seen.body == chunk.body);
        if statuses.iter().any(|status| *status != 200) || !is_same {
            wrong.push(format!("{name}: a harmless one got {statuses:?}"));
        }
        let sent = chunks(client, &listed_as, &listed, listed.len().div_ceil(4));
        let statuses: Vec<u16> = sent.iter().map(|chunk| send(&penstock, chunk).status).collect();
        let (last, first) = statuses.split_last().unwrap();
        if *last != 451 || first.iter().any(|status| *status != 200) {
            wrong.push(format!("{name}: the listed one got {statuses:?}"));
        }
        let again = send(&penstock, sent.last().unwrap());
        if again.status != 451 {
            wrong.push(format!("{name}: once more got {}", again.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(penstock.events("verdict").iter().all(|verdict| verdict["verdict"] != "flag"));
    assert_eq!(penstock.metric("penstock_assembly_bytes"), 0.0, "nothing of them stays");
}

#[test]
fn honest_files_arrive_intact() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let file = opaque(honest_length(), 7);
    for (name, client) in [CLIENTS[0], CLIENTS[2], CLIENTS[4], CLIENTS[15]] {
        let before = origin.requests().len();
        let sent = chunks(client, "large.bin", &file, file.len() / 7);
        for chunk in &sent {
            let answer = send(&penstock, chunk);
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        }
        let arrived = &origin.requests()[before..];
        assert!(arrived.iter().zip(&sent).all(|(seen, chunk)| seen.body == chunk.body), "{name}");
    }
}

#[test]
fn a_phrase_that_is_cut_in_two_is_found_whatever_is_sent_twice_or_out_of_order() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with_top("rules = [\"rules.toml\"]\n")
        .with_file("rules.toml", b"[[rule]]\nid = \"turnip\"\nkeywords = [\"forbidden turnip\"]\n")
        .with(ENFORCING)
        .start();
    let text = "a long and harmless text about vegetables, but for the forbidden turnip in the middle of it, and more";
    let harmless = text.replace("turnip", "cabbage");
    let size = text.len().div_ceil(3);
    assert!(text[..2 * size].ends_with("forbidden tur"));
    for (name, client) in CLIENTS {
        for (order, file, expected) in [
            (&[0, 1, 2][..], text, 451),
            (&[0, 0, 1, 1, 2], text, 451),
            (&[1, 0, 2], text, 451),
            (&[0, 1, 2], &harmless, 200),
            (&[0, 0, 1, 1, 2], &harmless, 200),
        ] {
            if name == "JupyterLab" && order[0] == 1 {
                continue;
            }
            let mut called = format!("{name}{order:?}{expected}.txt");
            called.retain(|letter| letter.is_ascii_alphanumeric() || letter == '.');
            let sent = chunks(client, &called, file.as_bytes(), size);
            let statuses: Vec<u16> = order.iter().map(|at| send(&penstock, &sent[*at]).status).collect();
            let is_right = match expected {
                451 => statuses.contains(&451),
                _ => statuses.iter().all(|status| *status == 200),
            };
            assert!(is_right, "{name} {order:?}: {statuses:?}");
        }
    }
}

#[test]
fn pieces_in_parallel_wait_for_each_other() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for (file, expected) in [(png(&landscape(400, 300, 9)), 0), (listed(), 1)] {
        let sent = chunks(resumable, &format!("p{expected}.png"), &file, file.len() / 5);
        let blocked = std::thread::scope(|scope| {
            // The last one first: it waits.
            let sending: Vec<_> =
                sent.iter().rev().map(|chunk| scope.spawn(|| send(&penstock, chunk).status)).collect();
            let statuses: Vec<u16> = sending.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert!(statuses.iter().all(|status| matches!(status, 200 | 451)), "{statuses:?}");
            statuses.into_iter().filter(|status| *status == 451).count()
        });
        assert_eq!(blocked, expected);
    }
}

#[test]
fn two_uploads_with_one_name_are_not_mixed_up_in_silence() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let (listed, other) = (listed(), opaque(listed().len(), 4));
    let size = listed.len() / 2;
    let (one, two) = (chunks(plupload, "image.png", &other, size), chunks(plupload, "image.png", &listed, size));
    assert_eq!(send(&penstock, &one[0]).status, 200);
    assert_eq!(send(&penstock, &two[0]).status, 200);
    assert_eq!(send(&penstock, &two[1]).status, 451, "one of the choices is the listed file");
    let again = chunks(plupload, "image.png", &png(&landscape(400, 300, 6)), size);
    assert!(again.iter().all(|chunk| send(&penstock, chunk).status == 200), "a name is not blocked for good");
}

#[test]
fn a_chunk_that_is_not_known_here_has_to_be_sent() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let file = opaque(3000, 2);
    let sent = chunks(flow_octet, "a.bin", &file, 1000);
    let probe = |chunk: &Chunk| penstock.connect().exchange("GET", &chunk.target, &[], b"").status;
    assert_eq!(probe(&sent[0]), 204, "the origin would say that it has it");
    assert_eq!(send(&penstock, &sent[0]).status, 200);
    assert_eq!((probe(&sent[0]), probe(&sent[1])), (200, 204));
    assert_eq!(penstock.connect().exchange("GET", "/upload/chunk?page=1", &[], b"").status, 200);
}

#[test]
fn pieces_that_never_came_by_here_are_inconclusive() {
    let origin = Origin::start();
    let file = opaque(3000, 2);
    for (policy, expected) in [("", (400, "pieces_missing")), ("malformed = \"flag\"\n", (200, ""))] {
        let penstock = knowing(&origin, policy);
        let answer = send(&penstock, &chunks(plupload, "a.bin", &file, 1000)[2]);
        assert_eq!(answer.status, expected.0, "{}", answer.text());
        if policy.is_empty() {
            assert_eq!(code(&answer), (expected.0, expected.1.to_owned()));
        }
        let lines = penstock.wait_for_events("verdict", 2);
        assert!(lines.iter().any(|line| line["doubts"].to_string().contains("pieces_missing")), "{lines:?}");
        let contradicting =
            Chunk { target: "/upload/c?chunk=1&chunks=2".into(), ..chunks(plupload, "b", &file, 1500)[0].clone() };
        assert_eq!(send(&penstock, &contradicting).status, expected.0);
    }
}

#[test]
fn what_is_put_together_elsewhere_is_inconclusive() {
    let origin = Origin::start();
    let refusing = knowing(&origin, "");
    let passing = knowing(&origin, "malformed = \"pass\"\n");
    let cursor = r#"{"cursor":{"session_id":"x","offset":9},"close":false}"#;
    for (method, target, headers, body) in [
        ("PUT", "/upload/swift?multipart-manifest=put", &[][..], &b"[{\"path\":\"/s/1\"}]"[..]),
        ("PUT", "/upload/swift", &[("X-Object-Manifest", "s/a")], b""),
        (
            "PATCH",
            "/upload/dav/a",
            &[("X-Update-Range", "append"), ("Content-Type", "application/x-sabredav-partialupdate")],
            b"x",
        ),
        ("POST", "/upload/2/files/upload_session/append_v2", &[("Dropbox-API-Arg", cursor)], b"x"),
        ("PUT", "/upload/azure?comp=block&blockid=AA", &[], b"x"),
        (
            "POST",
            "/upload/b2api/v3/b2_copy_part",
            &[],
            b"{\"sourceFileId\":\"4_z1\",\"largeFileId\":\"4_z2\",\"partNumber\":1}",
        ),
    ] {
        let answer = refusing.connect().exchange(method, target, headers, body);
        assert_eq!(code(&answer), (400, "partial_content".into()), "{method} {target}");
        let open = passing.metric("penstock_doubts_total{kind=\"malformed\",failed=\"open\"}");
        assert_eq!(passing.connect().exchange(method, target, headers, body).status, 200);
        assert_eq!(passing.metric("penstock_doubts_total{kind=\"malformed\",failed=\"open\"}"), open + 1.0, "{target}");
    }
}

const FOLDER: &str = "/upload/remote.php/dav/uploads/ann/web-file-upload-1";

fn nextcloud(penstock: &Penstock, file: &[u8], order: &[usize]) -> Response {
    put_into_folder(penstock, file, order, 200)
}

/// Each piece is answered with `status`.
fn put_into_folder(penstock: &Penstock, file: &[u8], order: &[usize], status: u16) -> Response {
    let total = file.len().to_string();
    let to = ("Destination", "http://site.test/upload/remote.php/dav/files/ann/a.png");
    let mut client = penstock.connect();
    assert_eq!(client.exchange("MKCOL", FOLDER, &[to], b"").status, 200);
    let pieces: Vec<&[u8]> = file.chunks(file.len().div_ceil(3)).collect();
    for number in order {
        let target = format!("{FOLDER}/{:05}", number + 1);
        let answer = client.exchange("PUT", &target, &[to, ("OC-Total-Length", &total)], pieces[*number]);
        if answer.status == 451 {
            return answer;
        }
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let headers = [to, ("OC-Total-Length", total.as_str()), ("X-OC-Mtime", "1700000000")];
    client.exchange("MOVE", &format!("{FOLDER}/.file"), &headers, b"")
}

#[test]
fn an_upload_that_is_called_by_a_common_word_blocks_nobody_elsewhere_who_uses_it() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let listed = listed();
    let (size, total) = (listed.len().div_ceil(2), listed.len());
    let statuses: Vec<u16> = listed
        .chunks(size)
        .enumerate()
        .map(|(index, piece)| {
            let at = At { index, count: 2, offset: index * size, total, size, name: "a.png", piece };
            let fields = [("dzuuid", "username".to_owned()), ("dzchunkindex", index.to_string())];
            let fields = [&fields[..], &[("dztotalchunkcount", "2".to_owned())]].concat();
            send(&penstock, &form(&at, &fields, "file")).status
        })
        .collect();
    assert_eq!(statuses, [200, 451]);
    let (headers, login) = ([("Content-Type", "application/x-www-form-urlencoded")], b"username=ann&password=secret");
    let elsewhere = penstock.connect_from_elsewhere().post("/upload/login", &headers, login);
    assert_eq!(elsewhere.status, 200, "{}", elsewhere.text());
    assert_eq!(penstock.post("/upload/login", &headers, login).status, 451, "it may be who uploaded it");
}

#[test]
fn files_that_nextcloud_puts_together_are_inspected_before_it_does() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let large = opaque(honest_length(), 5);
    assert_eq!(nextcloud(&penstock, &large, &[0, 1, 2]).status, 200);
    let arrived: Vec<u8> =
        origin.requests().into_iter().filter(|seen| seen.method == "PUT").flat_map(|seen| seen.body).collect();
    assert!(arrived == large);
    let moved = || origin.requests().iter().filter(|seen| seen.method == "MOVE").count();
    for order in [[0, 1, 2], [2, 0, 1]] {
        let answer = nextcloud(&penstock, &listed(), &order);
        assert_eq!((answer.status, moved()), (451, 1), "only the harmless one: {}", answer.text());
        let again = penstock.connect().exchange("MOVE", &format!("{FOLDER}/.file"), &[("Destination", "/x")], b"");
        assert_eq!((again.status, moved()), (451, 1));
        assert_eq!(penstock.connect().exchange("DELETE", FOLDER, &[], b"").status, 200);
    }
    let unknown = penstock.connect().exchange("MOVE", &format!("{FOLDER}/.file"), &[("Destination", "/x")], b"");
    assert_eq!(unknown.status, 404);
    for (method, target) in [("MOVE", format!("{FOLDER}/00001")), ("COPY", "/upload/remote.php/dav/files/ann/b".into())]
    {
        let into = [("Destination", "/upload/remote.php/dav/uploads/ann/x/1")];
        assert_eq!(penstock.connect().exchange(method, &target, &into, b"").status, 409, "{method} {target}");
    }
}

#[test]
fn a_file_too_large_to_be_looked_at_after_every_piece_is_stopped_when_it_is_put_together() {
    let origin = Origin::start();
    let large = opaque(17 << 20, 6);
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(&large)).start();
    assert_eq!(nextcloud(&penstock, &large, &[1, 0, 2]).status, 451);
    assert!(origin.requests().iter().all(|seen| seen.method != "MOVE"));
}

#[test]
fn a_folder_of_which_pieces_came_by_another_way_is_inconclusive() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let file = opaque(9000, 3);
    for order in [&[1, 2][..], &[0, 2], &[0, 1]] {
        let answer = nextcloud(&penstock, &file, order);
        assert_eq!(answer.status, 400, "{order:?}: {}", answer.text());
        wait_until("the log says why", || log(&penstock).contains("pieces_missing"));
        assert_eq!(penstock.connect().exchange("DELETE", FOLDER, &[], b"").status, 200);
    }
    // What a client removes again is no part of it.
    assert_eq!(nextcloud(&penstock, &file, &[0]).status, 400);
    let junk = format!("{FOLDER}/00004");
    let mut client = penstock.connect();
    for number in 1..3 {
        let piece = &file[number * 3000..][..3000];
        assert_eq!(client.exchange("PUT", &format!("{FOLDER}/0000{}", number + 1), &[], piece).status, 200);
    }
    assert_eq!(client.exchange("PUT", &junk, &[], b"what is this").status, 200);
    assert_eq!(client.exchange("DELETE", &junk, &[], b"").status, 200);
    let to = [("Destination", "/upload/a"), ("OC-Total-Length", "9000")];
    assert_eq!(client.exchange("MOVE", &format!("{FOLDER}/.file"), &to, b"").status, 200);
    let blob = "/upload/v2/a/blobs/uploads/never-seen?digest=sha256:00";
    assert_eq!(code(&client.exchange("PUT", blob, &[], b"")), (400, "pieces_missing".into()));
    assert_eq!(client.exchange("PUT", &format!("{FOLDER}/one"), &[], b"x").status, 400);
    wait_until("the log says why", || log(&penstock).contains("pieces_contradict"));
}

#[test]
fn abandoned_pieces_give_their_room_back() {
    let origin = Origin::start();
    let limits = "assembly_timeout = \"1s\"\n";
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_limits(limits).start();
    assert_eq!(send(&penstock, &chunks(CLIENTS[0].1, "a.bin", &opaque(9000, 1), 4000)[0]).status, 200);
    assert_eq!(penstock.metric("penstock_assembly_bytes"), 4000.0);
    wait_until("they are given up", || {
        assert_eq!(penstock.post("/upload/x", &[], b"something else").status, 200);
        penstock.metric("penstock_abandoned_assemblies_total") == 1.0
    });
    assert_eq!(penstock.metric("penstock_assembly_bytes"), 0.0);
    wait_until("they are forgotten", || {
        assert_eq!(penstock.post("/upload/x", &[], b"something else").status, 200);
        penstock.metric("penstock_assemblies") == 0.0
    });
}

#[test]
fn blobs_of_a_registry_are_inspected_when_they_are_closed() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let blob = "/upload/v2/a/blobs/uploads/7f";
    let listed = listed();
    let (first, second) = listed.split_at(listed.len() / 2);
    for last_in_close in [false, true] {
        let mut client = penstock.connect();
        let target = format!("{blob}{}", i32::from(last_in_close));
        assert_eq!(client.exchange("PATCH", &format!("{target}?_state=a"), &[], first).status, 200);
        let close = format!("{target}?_state=b&digest=sha256:00");
        let answer = if last_in_close {
            client.exchange("PUT", &close, &[], second)
        } else {
            let range = format!("{}-{}", first.len(), listed.len() - 1);
            assert_eq!(client.exchange("PATCH", &target, &[("Content-Range", &range)], second).status, 451);
            penstock.connect().exchange("PUT", &close, &[], b"")
        };
        assert_eq!(answer.status, 451, "{last_in_close}");
    }
    let mut client = penstock.connect();
    assert_eq!(client.exchange("PATCH", &format!("{blob}9"), &[], b"a layer").status, 200);
    assert_eq!(client.exchange("PUT", &format!("{blob}9?digest=sha256:00"), &[], b"").status, 200);
}

#[test]
fn a_request_that_names_an_upload_is_held_until_that_has_been_looked_at() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    // B2 says how many parts there are only at the end; a single part of a picture is no whole.
    let listed = listed();
    let half = listed.len() / 2;
    let part = |number: usize, piece: &[u8]| {
        let headers = [("X-Bz-Part-Number", number.to_string())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        penstock.connect().exchange("POST", "/upload/b2api/v3/b2_upload_part/4_zabc_f1/1", &headers, piece).status
    };
    assert_eq!(part(1, &listed[..half]), 200);
    assert_eq!(part(2, &listed[half..]), 451, "short uploads are looked at after every piece");
    let finish = br#"{"fileId":"4_zabc_f1","partSha1Array":["x","y"]}"#;
    let json = [("Content-Type", "application/json")];
    let answer = penstock.connect().exchange("POST", "/upload/b2api/v3/b2_finish_large_file", &json, finish);
    assert_eq!(answer.status, 451, "{}", answer.text());
}

#[test]
fn a_request_that_asks_for_what_came_before_it_brings_no_piece() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let json = [("Content-Type", "application/json")];
    for (number, (listed_or_not, status)) in
        [(listed(), 451), (png(&landscape(400, 300, 5)), 200)].into_iter().enumerate()
    {
        let token = format!("f81d4fae7dec{number}");
        let size = listed_or_not.len().div_ceil(3);
        for (index, piece) in listed_or_not.chunks(size).enumerate() {
            let target = format!("/upload/c?chunk_index={index}&total_chunks=4&upload_id={token}");
            penstock.connect().exchange("POST", &target, &[], piece);
        }
        for merge in [
            format!("{{\"chunkIndex\":3,\"totalChunks\":4,\"resumeToken\":\"{token}\"}}"),
            format!(
                "{{\"chunkIndex\":3,\"totalChunks\":4,\"file\":{{\"ticketId\":\"{token}\",\"fileName\":\"a.png\"}}}}"
            ),
        ] {
            let answer = penstock.connect().exchange("POST", "/upload/merge", &json, merge.as_bytes());
            assert_eq!(answer.status, status, "{merge}: {}", answer.text());
        }
    }
}

#[test]
fn where_pieces_are_held_the_origin_gets_nothing_before_the_verdict() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "pieces = \"hold\"\n");
    let (listed, other) = (listed(), opaque(9000, 8));
    for (name, client) in [CLIENTS[0], CLIENTS[1], CLIENTS[5], CLIENTS[6], CLIENTS[18]] {
        let before = origin.requests().len();
        let sent = chunks(client, "listed.png", &listed, listed.len() / 3);
        let statuses: Vec<u16> = sent.iter().map(|chunk| send(&penstock, chunk).status).collect();
        assert_eq!(statuses.last(), Some(&451), "{name}: {statuses:?}");
        assert_eq!(origin.requests().len(), before, "{name}");

        let sent = chunks(client, "other.bin", &other, 4000);
        let (last, first) = sent.split_last().unwrap();
        for chunk in first {
            let answer = send(&penstock, chunk);
            assert_eq!((answer.status, answer.json()["success"].as_bool()), (200, Some(true)), "{name}");
        }
        assert_eq!(origin.requests().len(), before, "{name}");
        assert_eq!(send(&penstock, last).status, 200, "{name}");
        let arrived = &origin.requests()[before..];
        assert_eq!(arrived.len(), sent.len(), "{name}");
        for (seen, chunk) in arrived.iter().zip(&sent) {
            assert!(seen.body == chunk.body && seen.target == chunk.target && seen.method == chunk.method, "{name}");
            assert_eq!(seen.headers["content-length"], chunk.body.len().to_string());
        }
    }
    let before = origin.requests().len();
    assert_eq!(put_into_folder(&penstock, &listed, &[0, 1, 2], 201).status, 451);
    let methods = |from: usize| origin.requests()[from..].iter().map(|seen| seen.method.clone()).collect::<Vec<_>>();
    wait_until("the folder is withdrawn", || methods(before) == ["MKCOL", "DELETE"]);
    let before = origin.requests().len();
    assert_eq!(put_into_folder(&penstock, &other, &[0, 1, 2], 201).status, 200);
    assert_eq!(methods(before), ["MKCOL", "PUT", "PUT", "PUT", "MOVE"]);
}
