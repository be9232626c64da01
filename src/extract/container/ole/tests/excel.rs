//! Texts of Excel, in both versions, and texts and pictures that go on from record to record.

use super::office::{biff, biff_start, utf16};
use super::*;

fn workbook(records: &[Vec<u8>]) -> Extraction {
    opened(compound(&[("Workbook", &records.concat())]))
}

fn short(text: &[u8]) -> Vec<u8> {
    [&[text.len() as u8, 0][..], text].concat()
}

fn long(text: &str) -> Vec<u8> {
    let units = utf16(text);
    [&((units.len() / 2) as u16).to_le_bytes()[..], &[1], &units].concat()
}

#[test]
fn every_text_of_a_workbook_is_read() {
    let text_box = [&[0; 10][..], &11_u16.to_le_bytes(), &[0; 6]].concat();
    let found = workbook(&[
        biff_start(),
        biff(0x85, &[&[0; 6][..], &short(b"Sheet n\xe4me")].concat()),
        biff(0x204, &[&[0; 6][..], &long("a label")].concat()),
        biff(0xd6, &[&[0; 6][..], &long("a rich label"), &[9; 6]].concat()),
        biff(0x06, &[0; 22]),
        biff(0x207, &long("a result")),
        biff(0x1c, &[&[0; 8][..], &long("an author")].concat()),
        biff(0x1b6, &text_box),
        biff(0x3c, &[&[0][..], b"a text"].concat()),
        biff(0x3c, &[&[1][..], &utf16(" боx")].concat()),
        biff(0x3c, &[0; 16]),
        biff(0x14, &long("&Ca header")),
        biff(0x15, b""),
        biff(0x1be, &[&[0; 4][..], &long("a title"), &long("\0"), &long("a prompt"), &long("\0")].concat()),
        biff(0x1b8, &[&[0; 32][..], &utf16("http://a.example/b\0")].concat()),
        biff(0x100d, &[&[0; 2][..], &short(b"a series")].concat()),
    ]);
    assert_eq!(codes(&found), []);
    let expected = [
        "Sheet näme",
        "a label",
        "a rich label",
        "a result",
        "an author",
        "a text боx",
        "&Ca header",
        "a title",
        "a prompt",
        "http://a.example/b",
        "a series",
    ];
    assert_eq!(text(&found, "workbook").lines().collect::<Vec<_>>(), expected);
}

#[test]
fn texts_of_the_table_go_on_in_other_widths() {
    let first = [&[9, 0, 0, 0, 3, 0, 0, 0][..], &[16, 0, 8, 1, 0], b"forbid"].concat();
    let second = [&[1][..], &utf16("den tu")].concat();
    let third =
        [&[0][..], b"rnip", &[7; 4], &[3, 0, 4, 2, 0, 0, 0], b"abc", &[7; 2], &[5, 0, 1], &utf16("при")].concat();
    let fourth = [&[1][..], &utf16("ве")].concat();
    let records = [biff_start(), biff(0xfc, &first), biff(0x3c, &second), biff(0x3c, &third), biff(0x3c, &fourth)];
    let found = workbook(&records);
    assert_eq!((codes(&found), text(&found, "workbook")), (vec![], "forbidden turnip\nabc\nприве\n"));
    let found = workbook(&records[..3]);
    assert_eq!((codes(&found), text(&found, "workbook")), (vec![ProblemCode::DocumentIllegible], "forbidden tu\n"));
}

#[test]
fn older_workbooks_have_texts_in_a_code_page() {
    let stream = [
        biff(0x0809, &[0, 5, 5, 0]),
        biff(0x42, &1251_u16.to_le_bytes()),
        biff(0x85, &[&[0; 6][..], &[5], b"Sheet"].concat()),
        biff(0x204, &[&[0; 6][..], &[6, 0], b"\xcf\xf0\xe8\xe2\xe5\xf2"].concat()),
        biff(0x1c, &[&[0; 4][..], &[4, 0], b"note"].concat()),
        biff(0x14, b"\x06header"),
    ];
    let found = opened(compound(&[("Book", &stream.concat())]));
    assert_eq!((codes(&found), text(&found, "workbook")), (vec![], "Sheet\nПривет\nnote\nheader\n"));
}

#[test]
fn pictures_are_joined_from_the_records_of_drawings() {
    let picture = jpeg(20_000);
    let drawing = [&[0; 60][..], &picture].concat();
    let mut pieces = drawing.chunks(8224).map(<[u8]>::to_vec);
    let records = [0xeb, 0xeb, 0x3c].map(|kind| biff(kind, &pieces.next().unwrap()));
    let found = workbook(&[biff_start(), records.concat()]);
    assert_eq!(codes(&found), []);
    assert!(has_part(&found, &picture));
}

#[test]
fn bitmaps_in_sheets_become_files() {
    let bitmap = [&[12, 0, 0, 0, 2, 0, 1, 0, 1, 0, 24, 0][..], b"bgrbgr\0\0"].concat();
    let (first, second) = bitmap.split_at(15);
    let record = biff(0x7f, &[&[9, 0, 1, 0, 20, 0, 0, 0][..], first].concat());
    let found = workbook(&[biff_start(), record, biff(0x3c, second)]);
    assert_eq!(codes(&found), []);
    assert!(has_part(&found, &[&b"BM\x22\0\0\0\0\0\0\0\x1a\0\0\0"[..], &bitmap].concat()));
}

#[test]
fn sheets_are_found_where_the_workbook_says() {
    let head = [biff_start(), biff(0x85, &[&[0; 6][..], &short(b"Sheet")].concat())].concat();
    let junk = [1, 2, 0xff, 0x7f];
    let mut stream = [&head[..], &junk, &biff_start(), &biff(0x204, &[&[0; 6][..], &long("a cell")].concat())].concat();
    let start = (head.len() + junk.len()) as u32;
    office::put(&mut stream, biff_start().len() + 4, &start.to_le_bytes());
    let found = workbook(&[stream]);
    assert_eq!((codes(&found), text(&found, "workbook")), (vec![], "Sheet\na cell\n"));
}

#[test]
fn caches_of_tables_are_read() {
    let cache = biff(0xcd, &long("forbidden turnip"));
    let found = opened(compound(&[("_SX_DB_CUR/0001", &cache)]));
    assert_eq!(text(&found, "workbook"), "forbidden turnip\n");
}

#[test]
fn encrypted_workbooks_are_told() {
    let cell = || biff(0x204, &[&[0; 6][..], &long("forbidden turnip")].concat());
    let sheet = biff(0x809, &[0, 6, 0x10, 0, 0, 0, 0, 0]);
    for (start, expected) in [(biff_start(), &[ProblemCode::ContainerEncrypted][..]), (sheet, &[])] {
        let found = workbook(&[start, biff(0x2f, &[0; 6]), cell()]);
        assert_eq!(codes(&found), expected, "only records about the whole workbook can say it");
        assert_eq!(text(&found, "workbook"), "forbidden turnip\n", "what is no more than called encrypted is read");
    }
    let table = biff(0xfc, &[&[0, 0, 0, 0, 200, 0, 0, 0][..], &[0x41; 40]].concat());
    assert_eq!(codes(&workbook(&[biff_start(), biff(0x2f, &[0; 6]), table])), [ProblemCode::ContainerEncrypted]);
}
