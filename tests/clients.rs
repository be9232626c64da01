//! Uploads as ordinary clients send them, captured whole: they pass, and each file is inspected as it is.
//!
//! Where the captures come from, and which were written by hand, stands in `tests/fixtures/clients/README.md`.

use std::fs;

use crate::support::http::Response;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::{repository, sha256};

/// What every capture uploads, and some along with it.
const FIRST: &[u8] = b"\x89first file\r\n--\r\n\0\xff\xfe";
const SECOND: &[u8] = "second é file\n".as_bytes();

/// A request and the name of its client.
struct Capture {
    client: String,
    bytes: Vec<u8>,
}

fn captures() -> Vec<Capture> {
    let entries = fs::read_dir(repository("tests/fixtures/clients")).unwrap().map(|entry| entry.unwrap().path());
    let requests = entries.filter(|path| path.extension().is_some_and(|extension| extension == "http"));
    let mut captures: Vec<Capture> = requests
        .map(|path| Capture {
            client: path.file_stem().unwrap().to_string_lossy().into_owned(),
            bytes: fs::read(path).unwrap(),
        })
        .collect();
    captures.sort_by(|a, b| a.client.cmp(&b.client));
    captures
}

#[test]
fn uploads_of_ordinary_clients_pass_with_each_file_inspected_as_it_is() {
    let origin = Origin::start();
    let list = format!(
        "algorithm,hash,label,id\nsha256,{},listed,first\nsha256,{},listed,second\n",
        sha256(FIRST),
        sha256(SECOND)
    );
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_file("files.csv", list.as_bytes())
        .with("[[hash_set]]\nname = \"files\"\npath = \"files.csv\"\naction = \"flag\"\n")
        .start();
    let captures = captures();
    assert!(captures.len() > 60, "{}", captures.len());
    let mut wrong = Vec::new();
    for Capture { client, bytes } in &captures {
        let response = send(&penstock, bytes);
        let verdict = penstock.next_verdict();
        let matched =
            |id: &str| verdict["matches"].as_array().is_some_and(|all| all.iter().any(|one| one["entry"] == id));
        let has_second = memchr::memmem::find(bytes, SECOND).is_some();
        let is_right = response.status == 200 && matched("first") && matched("second") == has_second;
        if !is_right {
            wrong.push(format!("{client}: {} {verdict}", response.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(origin.requests().len(), captures.len());
}

/// The response to a whole request, past the one that asks a patient client for its body.
fn send(penstock: &Penstock, bytes: &[u8]) -> Response {
    let mut connection = penstock.connect();
    connection.send(bytes);
    std::iter::from_fn(|| connection.read_response()).find(|response| response.status >= 200).unwrap()
}
