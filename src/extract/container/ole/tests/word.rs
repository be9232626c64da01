//! Texts of Word: pieces, fields, and headers that lie.

use super::office::{Piece, put, word_streams};
use super::*;

fn document([document, table]: [Vec<u8>; 2], table_name: &str) -> Vec<u8> {
    compound(&[("WordDocument", &document), (table_name, &table)])
}

fn said(pieces: &[Piece<'_>]) -> Extraction {
    let found = opened(document(word_streams(pieces), "1Table"));
    assert_eq!(codes(&found), []);
    found
}

#[test]
fn pieces_are_read_in_their_order_in_both_notations() {
    let found =
        said(&[Piece::Bytes(b"caf\xe9 \x93forb"), Piece::Units("idden tur"), Piece::Units("nip \u{1d41f} Привет\r")]);
    assert_eq!(text(&found, "document"), "café “forbidden turnip \u{1d41f} Привет\n");
}

#[test]
fn marks_of_layout_separate_and_marks_of_places_do_not() {
    let found = said(&[Piece::Units("forb\u{2}idd\u{1f}en\u{7}tur\u{5}nip\u{b}well\u{1e}known\u{c}end")]);
    assert_eq!(text(&found, "document"), "forbidden\nturnip\nwell-known\nend");
}

#[test]
fn fields_keep_what_they_show_and_what_makes_them() {
    let found = said(&[Piece::Units(
        "a forbidden \u{13} HYPERLINK \u{13} QUOTE x \u{14}inner\u{15} \"http://a.example\" \u{14}turnip\u{15} here",
    )]);
    assert_eq!(text(&found, "document"), "a forbidden turnip here");
    assert!(text(&found, "fields").contains("\"http://a.example\""));
}

#[test]
fn the_table_may_be_in_either_stream() {
    let streams = word_streams(&[Piece::Units("forbidden turnip")]);
    for name in ["0Table", "1TABLE"] {
        let found = opened(document(streams.clone(), name));
        assert_eq!((codes(&found), text(&found, "document")), (vec![], "forbidden turnip"), "{name}");
    }
    let found = opened(document(streams, "2Table"));
    assert_eq!(codes(&found), [ProblemCode::DocumentIllegible]);
}

#[test]
fn pieces_past_the_end_are_told_and_read_as_far_as_they_go() {
    let [mut stream, table] = word_streams(&[Piece::Units("forbidden turnip")]);
    stream.truncate(stream.len() - 6);
    let found = opened(document([stream, table], "1Table"));
    assert_eq!((codes(&found), text(&found, "document")), (vec![ProblemCode::DocumentIllegible], "forbidden tur"));
}

#[test]
fn older_documents_have_a_byte_a_letter() {
    let mut stream = vec![0; 0x300];
    put(&mut stream, 0, &[0xdc, 0xa5, 104, 0]);
    put(&mut stream, 0x18, &[0x300_u32.to_le_bytes(), 0x307_u32.to_le_bytes()].concat());
    let stream = [&stream[..], b"r\xe9sum\xe9\r and what was saved fast"].concat();
    let found = opened(compound(&[("WordDocument", &stream)]));
    assert_eq!((codes(&found), text(&found, "document")), (vec![], "résumé\n"));
}

#[test]
fn encrypted_documents_are_told() {
    let [mut stream, table] = word_streams(&[Piece::Units("nothing")]);
    put(&mut stream, 10, &0x0300_u16.to_le_bytes());
    let found = opened(document([stream, table], "1Table"));
    assert_eq!(codes(&found), [ProblemCode::ContainerEncrypted]);
    assert_eq!(text(&found, "document").trim_end(), "nothing", "what is no more than called encrypted is read");
}

#[test]
fn pieces_that_lie_in_each_other_are_read_a_few_times_only() {
    let long = "turnip ".repeat(10_000);
    let [stream, _] = word_streams(&[Piece::Units(&long)]);
    let ends = (0..=1000_u32).flat_map(|index| (index * 70_000).to_le_bytes());
    let places = (0..1000).flat_map(|_| [0, 0, 0, 6, 0, 0, 0, 0]);
    let list: Vec<u8> = ends.chain(places).collect();
    let table = [&[0; 40][..], &[2], &(list.len() as u32).to_le_bytes(), &list].concat();
    let mut stream = stream;
    put(&mut stream, 0x1a6, &(table.len() as u32 - 40).to_le_bytes());
    let found = opened(document([stream, table], "1Table"));
    assert_eq!(codes(&found), [ProblemCode::TooManyReadings]);
    assert!((70_000..=150_000).contains(&text(&found, "document").len()));
}
