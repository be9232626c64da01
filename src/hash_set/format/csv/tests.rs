//! Lists good and bad, with the exact words that answer the bad ones.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::super::Entry as ListEntry;
use super::*;

const MD5: &str = "00112233445566778899aabbccddeeff";
const MD5_BASE64: &str = "ABEiM0RVZneImaq7zN3u/w==";
const PHASH: &str = "0011223344556677";
const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

fn md5() -> HashValue {
    HashValue::Md5([0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff])
}

/// The entries that list [`MD5`].
fn md5_entries(list: &HashSet) -> Vec<ListEntry<'_>> {
    list.find_digest(&md5()).into_iter().map(|entry| list.entry(entry)).collect()
}

fn messages(list: impl AsRef<[u8]>) -> Vec<String> {
    read(list.as_ref()).unwrap_err().first.iter().map(ToString::to_string).collect()
}

#[test]
fn one_row_reads_the_same_in_every_accepted_notation() {
    let plain = format!("algorithm,hash\nmd5,{MD5}\n");
    let notations = [
        plain.clone(),
        plain.trim_end().to_owned(),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\n\n \t\r\n# comment, with \" and é\n"),
        format!("\u{feff}{plain}"),
        format!("\u{feff}# first\n\n{plain}# last"),
        plain.to_uppercase().replace("ALGORITHM,HASH", "algorithm,hash"),
        plain.replace("md5", "\"MD-5\""),
        plain.replace(MD5, MD5_BASE64),
        plain.replace(MD5, "ABEiM0RVZneImaq7zN3u_w"),
        plain.replace(',', " , "),
        format!("hash,algorithm\n{MD5},md5"),
        format!("label,hash,id,algorithm,note,source,category,added\n,{MD5},,md5,,,,"),
    ];
    for list in notations {
        let set = read(list.as_bytes()).unwrap_or_else(|problems| panic!("{list:?}: {problems}"));
        assert_eq!(set.len(), 1, "{list:?}");
        assert_eq!(md5_entries(&set), [ListEntry::of(md5())], "{list:?}");
    }
}

#[test]
fn every_column_reaches_its_entry() {
    let list = format!(
        "note,added,source,category,id,label,hash,algorithm\n\
         \"two lines,\nand a \"\"quote\"\"\",2024-05-01T10:00Z,flagger, B2 ,case-7,\"terror, video\",{MD5},md5\n"
    );
    let set = read(list.as_bytes()).unwrap();
    let expected = ListEntry {
        hash: md5(),
        id: Some("case-7"),
        label: Some("terror, video"),
        category: Some("B2"),
        source: Some("flagger"),
        added: Some("2024-05-01T10:00Z"),
        note: Some("two lines,\nand a \"quote\""),
    };
    assert_eq!(md5_entries(&set), [expected]);
}

#[test]
fn a_list_without_rows_is_a_valid_empty_set() {
    for list in ["algorithm,hash", "algorithm,hash\n", "# none yet\r\nhash,algorithm,label\r\n\r\n"] {
        let set = read(list.as_bytes()).unwrap();
        assert_eq!((set.is_empty(), set.len()), (true, 0), "{list:?}");
        assert_eq!(set.find_digest(&md5()), [], "{list:?}");
    }
}

#[test]
fn a_hash_may_be_listed_under_several_ids_and_once_without() {
    let list = format!("id,algorithm,hash\na,md5,{MD5}\nb,md5,{MD5_BASE64}\n,md5,{MD5}\n");
    let set = read(list.as_bytes()).unwrap();
    let ids: Vec<_> = md5_entries(&set).into_iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [Some("a"), Some("b"), None]);
}

#[test]
fn a_file_without_a_usable_header_is_refused() {
    let no_header = "no header, expected a line that names the columns, for example \"algorithm,hash,label\"";
    let expected_columns = "expected one of \"algorithm\", \"hash\", \"label\", \"id\", \"category\", \"source\", \
                            \"added\", \"note\"";
    let cases: [(&[u8], Vec<String>); 9] = [
        (b"", vec![format!("1:1: {no_header}")]),
        (b"\xef\xbb\xbf", vec![format!("1:1: {no_header}")]),
        (b"# nothing\n\n", vec![format!("3:1: {no_header}")]),
        (b"hash,label", vec!["1:11: missing column \"algorithm\"".into()]),
        (
            b"\xef\xbb\xbflabel\n",
            vec!["1:6: missing column \"algorithm\"".into(), "1:6: missing column \"hash\"".into()],
        ),
        (b"hash,algorithm,id,\"hash\"", vec!["1:19: duplicate column \"hash\"".into()]),
        (
            b"hash,algorithm,labl,\xc3\xa9t\xc3\xa9,comment\n",
            vec![
                format!("1:16: unknown column \"labl\", {expected_columns} (did you mean \"label\"?)"),
                format!("1:21: unknown column \"\u{e9}t\u{e9}\", {expected_columns}"),
                format!("1:25: unknown column \"comment\", {expected_columns}"),
            ],
        ),
        (b"hash,\xff\xfe", vec!["1:6: not UTF-8 text, expected a file saved as UTF-8".into()]),
        (b"md5,\"hash", vec!["1:5: quote is never closed, expected another before the end of the file".into()]),
    ];
    for (list, expected) in cases {
        assert_eq!(messages(list), expected, "{}", list.escape_ascii());
    }
}

#[test]
fn a_bad_row_is_named_with_its_place_and_what_was_expected() {
    let md5 = format!("md5,{MD5}");
    let cases: [(String, &str); 21] = [
        (format!("{md5},x"), "2:39: found 3 fields, expected 5 as in the header"),
        ("md5".into(), "2:4: found 1 field, expected 5 as in the header"),
        (format!("{md5},é,,,more,"), "2:42: found 7 fields, expected 5 as in the header"),
        (
            format!("crc32,{MD5},,,"),
            "2:1: unknown algorithm \"crc32\", expected one of md5, sha1, sha256, pdq, ahash, dhash, phash",
        ),
        (
            format!(",{MD5},,,"),
            "2:1: unknown algorithm \"\", expected one of md5, sha1, sha256, pdq, ahash, dhash, phash",
        ),
        (
            format!("{},{MD5},,,", "\u{7}é".repeat(21)),
            "2:1: unknown algorithm \"\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\
             \\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é\\u{7}é…\", expected one of md5, sha1, sha256, pdq, ahash, \
             dhash, phash",
        ),
        ("md5,,,,".into(), "2:5: a md5 hash has 32 hex digits or 24 base64 characters, found 0 characters"),
        (format!("pdq,{PHASH},,,"), "2:5: a pdq hash has 64 hex digits or 44 base64 characters, found 16 characters"),
        ("phash,00112233445566zz,,,".into(), "2:7: not hex: unexpected character at position 15 of the phash hash"),
        (
            "md5,ABEiM0RVZneImaq7zN3u!w==,,,".into(),
            "2:5: not base64: unexpected character at position 21 of the md5 hash",
        ),
        (
            format!("{md5},ä,id,1.5.2024"),
            "2:43: \"1.5.2024\" is not a date, expected YYYY-MM-DD, perhaps with a time as in 2024-05-01T10:00Z",
        ),
        (format!("{md5},,7,\n{md5},,7,"), "3:39: duplicate id \"7\", first used in line 2"),
        (
            format!("{md5},,,\nmd5,{MD5_BASE64},,,"),
            "3:5: duplicate hash, first listed in line 2; give both an id if both are meant",
        ),
        (
            format!("# c\n{md5},\"two\nlines\",\"a\nb\",\n# c\n\n{md5},,\"a\nb\","),
            "8:39: duplicate id \"a\\nb\", first used in line 4",
        ),
        (
            format!("{md5},say \"hi\",,"),
            "2:38: quote in an unquoted field, expected the whole field in quotes and each quote in it written twice",
        ),
        (
            format!("{md5},\"say \"hi,,"),
            "2:44: text behind the closing quote of a field, expected a comma or the end of the line (a quote in it is \
             written twice)",
        ),
        (
            format!("{md5},\"two\nlines\"x,,"),
            "3:7: text behind the closing quote of a field, expected a comma or the end of the line (a quote in it is \
             written twice)",
        ),
        (
            format!("{md5},\"label\nmd5,,,,\n"),
            "2:38: quote is never closed, expected another before the end of the file",
        ),
        (format!("{md5},,,\rmd5,"), "2:40: carriage return without a line feed, expected lines that end in LF or CRLF"),
        (
            format!("{md5},\"a\"\r,,"),
            "2:41: carriage return without a line feed, expected lines that end in LF or CRLF",
        ),
        (format!("\"md5\",\"{MD5}\",\"é\",\"x\""), "2:49: found 4 fields, expected 5 as in the header"),
    ];
    for (rows, expected) in cases {
        let list = format!("algorithm,hash,label,id,added\n{rows}");
        assert_eq!(messages(&list), [expected], "{rows:?}");
    }
}

#[test]
fn a_field_that_is_not_utf8_is_named_with_its_place() {
    let list = [b"algorithm,hash,label\nmd5,", MD5.as_bytes(), b",caf\xe9\n"].concat();
    assert_eq!(messages(list), ["2:38: not UTF-8 text, expected a file saved as UTF-8"]);
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file() {
    let list = format!(
        "algorithm,hash,id,added\n\
         md5,{MD5},1,\n\
         md5,00,1,never\n\
         sha1,\"{MD5}\"\"\" x,2,\n\
         md6,{MD5},3,\n\
         pdq,{PDQ},4\n"
    );
    let expected = [
        "3:5: a md5 hash has 32 hex digits or 24 base64 characters, found 2 characters",
        "3:8: duplicate id \"1\", first used in line 2",
        "3:10: \"never\" is not a date, expected YYYY-MM-DD, perhaps with a time as in 2024-05-01T10:00Z",
        "4:42: text behind the closing quote of a field, expected a comma or the end of the line (a quote in it is \
         written twice)",
        "5:1: unknown algorithm \"md6\", expected one of md5, sha1, sha256, pdq, ahash, dhash, phash",
        "6:71: found 3 fields, expected 4 as in the header",
    ];
    assert_eq!(messages(&list), expected);
    assert_eq!(read(list.as_bytes()).unwrap_err().to_string(), expected.join("\n"));
}

#[test]
fn only_the_first_hundred_problems_are_kept_and_the_others_counted() {
    let list = format!("algorithm,hash\n{}", "md5,00\n".repeat(1_000));
    let problems = read(list.as_bytes()).unwrap_err();
    assert_eq!((problems.first.len(), problems.more), (100, 900));
    let text = problems.to_string();
    assert_eq!(text.lines().count(), 101);
    assert!(text.ends_with("found 2 characters\nand 900 more"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(problems) = read(&bytes) {
            prop_assert!(!problems.first.is_empty());
        }
    }

    /// Pieces of lists get further than bytes at random.
    #[test]
    fn no_pieces_of_lists_make_reading_panic(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("algorithm"), Just("hash"), Just("id"), Just(","), Just("\n"), Just("\r\n"), Just("\r"), Just("\""),
                Just("#"), Just("md5"), Just(MD5), Just(MD5_BASE64), Just("\u{feff}"), Just("é"), Just(" "), Just("\0"),
            ],
            0..30,
        ),
        with_header: bool,
    ) {
        let list = format!("{}{}", if with_header { "algorithm,hash,id\n" } else { "" }, pieces.concat());
        if let Err(problems) = read(list.as_bytes()) {
            let lines = list.matches('\n').count() as u64 + 1;
            let width = list.lines().map(|line| line.chars().count()).max().unwrap_or(0) as u64 + 1;
            for problem in problems.first {
                prop_assert!((1..=lines).contains(&problem.line), "{problem}");
                prop_assert!((1..=width).contains(&problem.column), "{problem}");
            }
        }
    }

    #[test]
    fn every_row_of_a_list_is_found_again(rows in prop::collection::hash_set((any::<[u8; 16]>(), "[ -~é\n]{0,9}"), 0..40)) {
        let mut list = "algorithm,hash,id,label\n".to_owned();
        for (row, (digest, label)) in rows.iter().enumerate() {
            writeln!(list, "md5,{},{row},\"{}\"", HashValue::Md5(*digest), label.replace('"', "\"\"")).unwrap();
        }
        let set = read(list.as_bytes()).unwrap();
        prop_assert_eq!(set.len(), rows.len());
        for (row, (digest, label)) in rows.iter().enumerate() {
            let hash = HashValue::Md5(*digest);
            let entries: Vec<_> = set.find_digest(&hash).into_iter().map(|entry| set.entry(entry)).collect();
            let (id, label) = (row.to_string(), Some(label.trim()).filter(|label| !label.is_empty()));
            prop_assert!(entries.contains(&ListEntry { id: Some(&id), label, ..ListEntry::of(hash) }), "{entries:?}");
        }
    }
}
