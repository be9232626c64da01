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
use crate::extract::container::testing::{LISTED, codes, entries, fixture, listed, opened};
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
    // Once more in the middle of the other bytes.
    assert_eq!((codes(&found), listed(&found)), (vec![], 2));
    let file = [&b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0"[..], &bitmap].concat();
    assert!(has_part(&found, &file) && has_part(&found, b"II*\0a TIFF"));
}

#[test]
fn properties_are_metadata() {
    let property = |kind: u32, content: &[u8]| [&kind.to_le_bytes()[..], content].concat();
    let counted = |content: &[u8]| [&(content.len() as u32).to_le_bytes()[..], content].concat();
    let wide = office::utf16("Wide title\0");
    let values = [
        (1, property(2, &[0xe3, 4, 0, 0])),
        (2, property(0x1e, &counted(b"\xcf\xf0\xe8\xe2\xe5\xf2\0\0"))),
        (3, property(0x1f, &[&11_u32.to_le_bytes()[..], &wide, &[0; 2]].concat())),
        (4, property(3, &[7, 0, 0, 0])),
        (13, property(0x101e, &[&2_u32.to_le_bytes()[..], &counted(b"one\0"), &counted(b"two\0")].concat())),
        (0, [&1_u32.to_le_bytes()[..], &2_u32.to_le_bytes(), &counted(b"Custom\0\0")].concat()),
    ];
    let (mut places, mut content) = (Vec::new(), Vec::new());
    for (number, value) in &values {
        places.extend([*number, (8 + 8 * values.len() + content.len()) as u32].into_iter().flat_map(u32::to_le_bytes));
        content.extend_from_slice(value);
    }
    let set = [&[0; 4][..], &(values.len() as u32).to_le_bytes(), &places, &content].concat();
    let head = [&[0xfe, 0xff][..], &[0; 22], &1_u32.to_le_bytes(), &[0; 16], &48_u32.to_le_bytes()].concat();
    let found = opened(compound(&[("\u{5}SummaryInformation", &[head, set].concat())]));
    assert_eq!(codes(&found), []);
    let [("properties", said)] = texts(&found, PartKind::Metadata)[..] else { panic!("no properties") };
    let lines: Vec<&str> = said.lines().collect();
    for line in ["Привет", "Wide title", "one", "two", "Custom"] {
        assert!(lines.contains(&line), "{line} in {lines:?}");
    }
}

#[test]
fn a_file_in_a_document_comes_out_with_its_name() {
    let names = b"\x02\0name.txt\0C:\\name.txt\0\0\0\x03\0\x09\0\0\0C:\\t.txt\0";
    let file = [&(LISTED.len() as u32).to_le_bytes()[..], LISTED].concat();
    let stream = [&[0; 4][..], names, &file, b"and more"].concat();
    let found = opened(compound(&[("ObjectPool/_1/\u{1}Ole10Native", &stream)]));
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
    let shown: Vec<&str> = texts(&found, PartKind::Name).into_iter().map(|(_, name)| name).collect();
    assert!(shown.contains(&"name.txt") && shown.contains(&"C:\\t.txt"), "{shown:?}");
    let bare = opened(compound(&[("\u{1}Ole10Native", &file)]));
    assert_eq!(listed(&bare), 1, "without names");
    let package = opened(compound(&[("Package", &compound(&[("a", LISTED)]))]));
    assert_eq!(listed(&package), 1, "a container in a stream");
}

#[test]
fn documents_with_the_password_that_excel_tries_are_opened() {
    for name in ["agile.xlsx", "standard.xlsx"] {
        let found = opened(fixture(&format!("default-password-{name}")));
        assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{name}");
    }
    for name in ["rc4.xls", "rc4-40.xls", "rc4-128.xls"] {
        let found = opened(fixture(&format!("default-password-{name}")));
        assert_eq!(codes(&found), [], "{name}");
        assert!(text(&found, "workbook").contains("EVIL-FILE-BYTES"), "{name}");
    }
}

#[test]
fn encrypted_documents_are_told() {
    assert_eq!(codes(&opened(office::encrypted())), [ProblemCode::ContainerEncrypted]);
    let current_user = [&[0, 0, 0xf6, 0x0f, 20, 0, 0, 0, 20, 0, 0, 0][..], &0xf3d1_c4df_u32.to_le_bytes()].concat();
    assert_eq!(codes(&opened(compound(&[("Current User", &current_user)]))), [ProblemCode::ContainerEncrypted]);
}

#[test]
fn texts_in_streams_of_other_programs_are_shown() {
    let stream =
        [&[1, 0, 2, 0][..], &office::utf16("forbidden turnip\0abc\0"), &[0xff; 4], &office::utf16("미리보기")].concat();
    let found = opened(compound(&[("PrvText", &stream)]));
    assert_eq!(text(&found, "strings"), "forbidden turnip\n");
    let found = opened(compound(&[("PrvText", &office::utf16(&"미리보기".repeat(5)))]));
    assert_eq!(text(&found, "strings").trim(), "미리보기".repeat(5));
}
