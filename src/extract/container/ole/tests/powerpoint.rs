//! Texts of PowerPoint, and records that lie about their length.

use super::office::{atom, utf16};
use super::*;

fn presentation(stream: &[u8]) -> Extraction {
    opened(compound(&[("PowerPoint Document", stream)]))
}

#[test]
fn texts_in_records_of_any_depth_are_read() {
    let chars = atom(0, 0x0fa0, &utf16("Привет\rforbidden\u{b}turnip"));
    let bytes = atom(0, 0x0fa8, b"caf\xe9");
    let link = atom(0x10, 0x0fba, &utf16("http://a.example"));
    let slide = atom(0xf, 0x03ee, &[atom(0xf, 0xf00d, &[chars, bytes].concat()), link].concat());
    let found = presentation(&[atom(1, 0x03e9, &[0; 40]), slide, atom(0, 0x0fba, &utf16("end"))].concat());
    assert_eq!(codes(&found), []);
    assert_eq!(text(&found, "presentation"), "Привет\nforbidden\nturnip\ncafé\nhttp://a.example\nend\n");
    let deep = (0..1000).fold(atom(0, 0x0fa8, b"deep"), |inside, _| atom(0xf, 0x03ee, &inside));
    assert_eq!(text(&presentation(&deep), "presentation"), "deep\n");
}

#[test]
fn a_record_longer_than_what_it_lies_in_hides_nothing_behind_it() {
    let lying = [0, 0, 0xa8, 0x0f, 0xff, 0xff, 0xff, 0x7f, b'a'];
    let stream = [atom(0xf, 0x03ee, &lying), atom(0, 0x0fa8, b"behind")].concat();
    assert_eq!(text(&presentation(&stream), "presentation"), "a\nbehind\n");
}

#[test]
fn texts_are_found_where_no_record_leads() {
    let junk = [0, 0, 1, 0, 0xff, 0xff, 0, 0];
    let slide = atom(0xf, 0x03ee, &[atom(0, 0x0fa8, b"forbidden"), atom(0, 0x0fa0, &utf16("turnip"))].concat());
    let found = presentation(&[&junk[..], &slide].concat());
    let mut lines: Vec<&str> = text(&found, "presentation").lines().collect();
    lines.sort_unstable();
    assert_eq!((codes(&found), lines), (vec![], vec!["forbidden", "turnip"]));
}

#[test]
fn objects_are_opened_compressed_or_not() {
    let object = compound(&[("a", LISTED)]);
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&object, 6);
    let packed = [&(object.len() as u32).to_le_bytes()[..], &packed].concat();
    for stream in [atom(0, 0x1011, &object), atom(0x10, 0x1011, &packed)] {
        let found = presentation(&stream);
        assert!(codes(&found).is_empty() && listed(&found) > 0);
    }
}

#[test]
fn encrypted_presentations_are_told() {
    assert_eq!(codes(&presentation(&atom(0xf, 0x2f14, &[0; 16]))), [ProblemCode::ContainerEncrypted]);
}
