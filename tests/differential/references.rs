//! The bodies in `tests/fixtures/multipart`, and whether our servers read them as the parsers did that are on record
//! there.

use data_encoding::BASE64;
use serde_json::Value;

use super::client::{Client, seen_parts};
use super::servers::{Parser, Servers};
use super::{EVIL, Request};
use crate::support::repository;

/// A body and what each parser made of it, as text.
pub(super) struct Reference {
    pub(super) request: Request,
    what: String,
    seen_by: Value,
}

/// Names of our parsers there, where they differ.
const ALIASES: &[(&str, &str)] = &[
    ("starlette", "starlette/py-multipart"),
    ("multipart", "multipart(defnull)"),
    ("cgi", "cgi(py3.11)"),
    ("fastify-busboy", "@fastify/busboy"),
    ("undici", "undici formData"),
    ("php", "php8.2"),
];

/// Where ours differ from those on record, because they are called in another way.
const CALLED_OTHERWISE: &[(&str, &str)] = &[
    // On record its class was called, which takes what it is given; frameworks call `parse_form_data`.
    ("multipart", "multipart/mixed top type"),
    // A field that is not UTF-8 is an error there.
    ("multipart", "_charset_ utf-16 field + file"),
    // Ours tell what came before an error.
    ("busboy", "final '--bnd-' only one dash"),
    ("fastify-busboy", "final '--bnd-' only one dash"),
];

pub(super) fn references() -> Vec<Reference> {
    let text = std::fs::read(repository("tests/fixtures/multipart/cases.json")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let references = document.as_array().unwrap().iter().map(|case| Reference {
        request: Request {
            content_type: case["content_type"].as_str().unwrap().into(),
            body: BASE64.decode(case["body_base64"].as_str().unwrap().as_bytes()).unwrap(),
        },
        what: case["what"].as_str().unwrap().to_owned(),
        seen_by: case["seen_by"].clone(),
    });
    references.collect()
}

/// Whether a part of exactly the listed bytes is on record. Parts are separated by `; `; some are Python's `repr`.
fn tells_of_evil(seen: &str) -> bool {
    let evil = "EVIL-FILE-BYTES";
    [format!("={evil};"), format!("b'{evil}'")].iter().any(|form| seen.contains(form))
        || seen.ends_with(&format!("={evil}"))
}

#[test]
fn the_parsers_read_the_reference_bodies_as_they_did_on_record() {
    let Some(servers) = Servers::start() else { return };
    let mut differences = Vec::new();
    for Parser { name, address } in &servers.parsers {
        let alias = ALIASES.iter().find(|(ours, _)| ours == name).map_or(name.as_str(), |(_, theirs)| theirs);
        let mut client = Client::new(*address);
        for reference in references() {
            let Some(on_record) = reference.seen_by[alias].as_str() else { continue };
            let seen = seen_parts(&client.post(&format!("/{name}/x"), &reference.request));
            let is_alike = seen.iter().any(|part| part.bytes == EVIL) == tells_of_evil(on_record);
            if !is_alike && !CALLED_OTHERWISE.contains(&(name, &reference.what)) {
                differences.push(format!("{name}, {}: saw {seen:?}, on record {on_record}", reference.what));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn servers_hand_on_the_very_bytes_of_header_and_body() {
    let Some(servers) = Servers::start() else { return };
    let every_byte: Vec<u8> = (0..=255).collect();
    let content_type: Vec<u8> = (b'!'..=b'~').chain(b"\t x".iter().copied()).chain(0x80..=0xff).collect();
    let request = Request { content_type, body: [every_byte, b"\r\n--b".to_vec()].concat() };
    for address in &servers.echoes {
        let seen = seen_parts(&Client::new(*address).post("/echo/x", &request));
        assert_eq!(seen[0].bytes.escape_ascii().to_string(), request.content_type.escape_ascii().to_string());
        assert_eq!(seen[1].bytes.escape_ascii().to_string(), request.body.escape_ascii().to_string());
    }
}
