//! What 17 parsers made of 47 bodies: none of them sees a file that was not inspected.

use data_encoding::BASE64;
use penstock::content::ExtractLimits;
use penstock::extract::{Extraction, Source};
use serde_json::Value;

use crate::support::repository;

const EVIL: &[u8] = b"EVIL-FILE-BYTES";

#[test]
fn no_parser_gets_bytes_from_a_reference_body_that_was_neither_inspected_nor_refused() {
    let text = std::fs::read(repository("tests/fixtures/multipart/cases.json")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let cases = document.as_array().or_else(|| document["cases"].as_array()).unwrap();
    assert_eq!(cases.len(), 47);
    let mut refused = 0;
    for case in cases {
        let body = BASE64.decode(case["body_base64"].as_str().unwrap().as_bytes()).unwrap();
        let content_type = case["content_type"].as_str().unwrap();
        let found = Extraction::of(&Source::plain(&body.into(), &[content_type.as_bytes()]), &ExtractLimits::default());
        if !found.problems.is_empty() {
            refused += 1;
            continue;
        }
        let is_inspected = found.parts.iter().any(|part| part.bytes == EVIL);
        let sees_it = |seen: &Value| seen.to_string().contains("EVIL-FILE-BYTES");
        let seen_by: Vec<&String> = case["seen_by"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, seen)| sees_it(seen))
            .map(|(name, _)| name)
            .collect();
        assert!(is_inspected || seen_by.is_empty(), "{} is seen by {seen_by:?}", case["what"]);
    }
    assert!(refused < cases.len(), "ordinary bodies pass");
    eprintln!("{refused} of {} bodies refused", cases.len());
}
