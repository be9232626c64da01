//! Compound files whole, scattered and broken, and what each format says in one.

mod damage;
mod excel;
mod message;
mod powerpoint;
mod word;

#[path = "../../../../../tests/support/compound.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the behaviour tests")]
mod compound;
#[path = "../../../../../tests/support/office.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the behaviour tests")]
mod office;

use crate::content::PartKind;
use crate::extract::container::testing::{LISTED, codes, entries, listed, opened};
use crate::extract::{Extraction, ProblemCode};
use compound::{Layout, compound, laid_out};

/// The texts of this kind, with their names.
fn texts(found: &Extraction, kind: PartKind) -> Vec<(&str, &str)> {
    let texts = found.parts.iter().filter(|part| part.kind == kind);
    // The markup of pages in other charsets is shown as it is, too.
    let said = texts.map(|part| (part.name.as_deref().unwrap_or_default(), str::from_utf8(&part.bytes)));
    said.filter_map(|(name, text)| Some((name, text.ok()?))).collect()
}

/// The one text that is called so.
#[track_caller]
fn text<'f>(found: &'f Extraction, name: &str) -> &'f str {
    let texts = texts(found, PartKind::Text);
    let [(_, text)] = texts.iter().filter(|(called, _)| *called == name).collect::<Vec<_>>()[..] else {
        panic!("no one text called {name}: {texts:?}");
    };
    text
}

/// Bytes in which no sector is like another.
fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at / 64) as u8 ^ ((at / 64) >> 8) as u8 ^ (at as u8 % 64) ^ seed).collect()
}

/// A picture as far as its structure goes.
fn jpeg(length: usize) -> Vec<u8> {
    let scan: Vec<u8> = content(length, 7).into_iter().filter(|byte| *byte != 0xff).collect();
    [&b"\xff\xd8\xff\xc0\0\x04ab\xff\xda\0\x02"[..], &scan, b"\xff\xd9"].concat()
}

fn has_part(found: &Extraction, bytes: &[u8]) -> bool {
    found.parts.iter().any(|part| part.bytes == bytes)
}

#[test]
fn streams_come_out_whole_however_their_sectors_lie() {
    let (small, large) = (content(1000, 1), content(100_000, 2));
    let streams: [(&str, &[u8]); 4] =
        [("small", &small), ("folder/large", &large), ("folder/inner/listed", LISTED), ("empty", b"")];
    for shift in [9, 12] {
        for is_scattered in [false, true] {
            let found = opened(laid_out(Layout { shift, is_scattered }, &streams));
            assert_eq!(codes(&found), []);
            assert!(entries(&found) == streams[..3], "{shift} {is_scattered}");
        }
    }
}

#[test]
fn a_table_too_long_for_the_header_is_followed() {
    let large = content(8_000_000, 3);
    let found = opened(compound(&[("large", &large)]));
    assert!(codes(&found).is_empty() && entries(&found) == [("large", &large[..])]);
}

#[test]
fn names_of_streams_are_shown_and_paths_are_clean() {
    let found = opened(compound(&[("forbidden/\u{3}turnip", LISTED)]));
    assert_eq!(texts(&found, PartKind::Name), [("name", "\u{3}turnip")]);
    assert_eq!(entries(&found), [("forbidden/turnip", LISTED)]);
}

#[test]
fn pictures_are_found_in_scattered_streams_and_where_no_stream_is() {
    let picture = jpeg(20_000);
    let data = [&[0; 68][..], &picture].concat();
    for name in ["Data", "Pictures"] {
        let found = opened(laid_out(Layout::SCATTERED, &[(name, &data)]));
        assert_eq!(codes(&found), []);
        assert!(has_part(&found, &picture), "{name}");
    }
    let behind = [compound(&[("a", LISTED)]), data].concat();
    let found = opened(behind);
    assert!(has_part(&found, &picture) && codes(&found).is_empty());
}

#[test]
fn pictures_that_are_no_files_are_made_ones() {
    let record = |instance: u16, kind: u16, content: &[u8]| {
        let length = (content.len() as u32).to_le_bytes();
        [&(instance << 4).to_le_bytes()[..], &kind.to_le_bytes(), &length, content].concat()
    };
    let bitmap = [&[40, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0][..], &[0; 24], b"bgrbgr\0\0"].concat();
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(LISTED, 6);
    let stream = [
        record(0x7a9, 0xf01f, &[&[0; 33][..], &bitmap].concat()),
        record(0x3d4, 0xf01a, &[&[0; 50][..], &packed].concat()),
        record(0x6e4, 0xf029, &[&[0; 17][..], b"II*\0a TIFF"].concat()),
    ];
    let found = opened(compound(&[("Pictures", &stream.concat())]));
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
    let file = [&b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0"[..], &bitmap].concat();
    assert!(has_part(&found, &file) && has_part(&found, b"II*\0a TIFF"));
}
