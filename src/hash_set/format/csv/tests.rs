//! Lists good and bad, with the exact words that answer the bad ones.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::tests::told;
use super::*;
use crate::config::{ListFormat, ListReading};
use crate::content::HashValue;

const MD5: &str = "00112233445566778899aabbccddeeff";
const MD5_BASE64: &str = "ABEiM0RVZneImaq7zN3u/w==";
const PHASH: &str = "0011223344556677";
const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
const DIGESTS: &str = "expected one of md5, sha1, sha256, sha512, pdq, ahash, dhash, phash";

/// What the reader makes of a list, a line a record.
fn lines(list: impl AsRef<[u8]>) -> Vec<String> {
    let reading = ListReading { format: Some(ListFormat::Csv), ..ListReading::default() };
    told(list.as_ref(), "list.csv", &reading)
}

/// The problems among them, whether they break the list or not.
fn messages(list: impl AsRef<[u8]>) -> Vec<String> {
    let problem = |line: String| Some(line.strip_prefix("bad ").or(line.strip_prefix("broken "))?.to_owned());
    lines(list).into_iter().filter_map(problem).collect()
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
        assert_eq!(lines(&list), [format!("md5:{MD5}")], "{list:?}");
    }
}

#[test]
fn every_column_reaches_its_entry() {
    let list = format!(
        "note,added,source,category,id,label,hash,algorithm,updated,confidence,tags,status\n\
         \"two lines,\nand a \"\"quote\"\"\",2024-05-01T10:00Z,flagger, B2 ,case-7,\"terror, video\",{MD5},md5,\
         2024-06-01,high,a b=c,active\n"
    );
    let expected = format!(
        "md5:{MD5} id=\"case-7\" label=\"terror, video\" category=\"B2\" source=\"flagger\" confidence=\"high\" \
         tags=\"a b=c\" added=\"2024-05-01T10:00Z\" updated=\"2024-06-01\" \
         note=\"two lines,\\nand a \\\"quote\\\"\""
    );
    assert_eq!(lines(list), [expected]);
}

#[test]
fn a_list_without_rows_is_a_valid_empty_set() {
    for list in ["algorithm,hash", "algorithm,hash\n", "# none yet\r\nhash,algorithm,label\r\n\r\n"] {
        assert_eq!(lines(list), [""; 0], "{list:?}");
    }
}

#[test]
fn an_id_may_stand_for_several_hashes_and_a_hash_under_several_ids() {
    let list = format!("id,algorithm,hash\na,md5,{MD5}\nb,md5,{MD5_BASE64}\n,md5,{MD5}\na,phash,{PHASH}\n");
    let md5 = format!("md5:{MD5}");
    let expected = [format!("{md5} id=\"a\""), format!("{md5} id=\"b\""), md5, format!("phash:{PHASH} id=\"a\"")];
    assert_eq!(lines(list), expected);
}

#[test]
fn what_cannot_be_matched_is_kept_as_it_is_written() {
    let list = "algorithm,hash,id\nphotodna,\"1,2,255\",p\nTrend_Query,\"{\"\"and\"\":[]}\",q\ntext,,t\nurl_md5,x,\n";
    let expected = [
        "photodna:1,2,255 id=\"p\"",
        "trend_query:{\"and\":[]} id=\"q\"",
        "bad 4:6: missing field \"hash\"",
        "url_md5:x",
    ];
    assert_eq!(lines(list), expected);
}

#[test]
fn a_withdrawn_or_deleted_row_takes_back_what_its_id_and_hash_listed() {
    let list = format!(
        "status,algorithm,hash,id\n\
         active,md5,{MD5},a\n\
         withdrawn,md5,{MD5},a\n\
         deleted,,,a\n\
         deleted,md5,{MD5},\n\
         withdrawn,photodna,\"1,2\",p\n\
         deleted,md5,,\n\
         deleted,photodna,\"1,2\",\n\
         gone,md5,{MD5},a\n"
    );
    let expected = [
        format!("md5:{MD5} id=\"a\""),
        format!("removed id=\"a\" md5:{MD5}"),
        "removed id=\"a\"".into(),
        format!("removed md5:{MD5}"),
        "removed id=\"p\"".into(),
        "bad 7:13: a md5 hash has 32 hex digits or 24 base64 characters, found 0 characters".into(),
        "bad 8:24: missing field \"id\"".into(),
        "bad 9:1: \"gone\" is no status, expected \"active\", \"withdrawn\" or \"deleted\"".into(),
    ];
    assert_eq!(lines(list), expected);
}

#[test]
fn a_file_without_a_usable_header_is_refused() {
    let no_header = "no header, expected a line that names the columns, for example \"algorithm,hash,label\"";
    let expected_columns = "expected one of \"algorithm\", \"hash\", \"label\", \"id\", \"category\", \"source\", \
                            \"confidence\", \"tags\", \"added\", \"updated\", \"note\", \"status\"";
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
        assert!(lines(list).last().unwrap().starts_with("broken "), "no header, no list: {}", list.escape_ascii());
    }
}

#[test]
fn a_bad_row_is_named_with_its_place_and_what_was_expected() {
    let md5 = format!("md5,{MD5}");
    let cases: [(String, String); 18] = [
        (format!("{md5},x"), "2:39: found 3 fields, expected 5 as in the header".into()),
        ("md5".into(), "2:4: found 1 field, expected 5 as in the header".into()),
        (format!("{md5},é,,,more,"), "2:42: found 7 fields, expected 5 as in the header".into()),
        (
            format!("crc32,{MD5},,,"),
            format!("2:1: unknown algorithm \"crc32\", {DIGESTS}"),
        ),
        (
            format!(",{MD5},,,"),
            format!("2:1: unknown algorithm \"\", {DIGESTS}"),
        ),
        (
            format!("{},{MD5},,,", "\u{7}é".repeat(21)),
            format!("2:1: unknown algorithm \"\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\
             \\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é\\u{{7}}é…\", {DIGESTS}"),
        ),
        ("md5,,,,".into(), "2:5: a md5 hash has 32 hex digits or 24 base64 characters, found 0 characters".into()),
        (format!("pdq,{PHASH},,,"), "2:5: a pdq hash has 64 hex digits or 44 base64 characters, found 16 characters".into()),
        ("phash,00112233445566zz,,,".into(), "2:7: not hex: unexpected character at position 15 of the phash hash".into()),
        (
            "md5,ABEiM0RVZneImaq7zN3u!w==,,,".into(),
            "2:5: not base64: unexpected character at position 21 of the md5 hash".into(),
        ),
        (
            format!("{md5},ä,id,1.5.2024"),
            "2:43: \"1.5.2024\" is not a date, expected YYYY-MM-DD, perhaps with a time as in 2024-05-01T10:00Z".into(),
        ),
        (
            format!("{md5},say \"hi\",,"),
            "2:38: quote in an unquoted field, expected the whole field in quotes and each quote in it written twice".into(),
        ),
        (
            format!("{md5},\"say \"hi,,"),
            "2:44: text behind the closing quote of a field, expected a comma or the end of the line (a quote in it is \
             written twice)".into(),
        ),
        (
            format!("{md5},\"two\nlines\"x,,"),
            "3:7: text behind the closing quote of a field, expected a comma or the end of the line (a quote in it is \
             written twice)".into(),
        ),
        (
            format!("{md5},\"label\nmd5,,,,\n"),
            "2:38: quote is never closed, expected another before the end of the file".into(),
        ),
        (format!("{md5},,,\rmd5,"), "2:40: carriage return without a line feed, expected lines that end in LF or CRLF".into()),
        (
            format!("{md5},\"a\"\r,,"),
            "2:41: carriage return without a line feed, expected lines that end in LF or CRLF".into(),
        ),
        (format!("\"md5\",\"{MD5}\",\"é\",\"x\""), "2:49: found 4 fields, expected 5 as in the header".into()),
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
         pdq,{PDQ},4\n\
         pdq,{PDQ},4,"
    );
    let expected = [
        format!("md5:{MD5} id=\"1\""),
        "bad 3:10: \"never\" is not a date, expected YYYY-MM-DD, perhaps with a time as in 2024-05-01T10:00Z".into(),
        "bad 4:42: text behind the closing quote of a field, expected a comma or the end of the line (a quote in it is \
         written twice)".into(),
        format!("bad 5:1: unknown algorithm \"md6\", {DIGESTS}"),
        "bad 6:71: found 3 fields, expected 4 as in the header".into(),
        format!("pdq:{PDQ} id=\"4\""),
    ];
    assert_eq!(lines(&list), expected);
}

/// `cargo test --release ten_million -- --ignored --nocapture` prints the speed. It asks for nothing: machines differ.
#[test]
#[ignore = "takes half a minute, and means something only in release"]
fn ten_million_rows_are_read_at_this_speed() {
    /// Counts, so that nothing read is thrown away unseen.
    #[derive(Default)]
    struct Count(u64);
    impl RecordSink for Count {
        fn list(&mut self, item: crate::hash_set::entry::Item<'_>, about: &crate::hash_set::entry::About<'_>) {
            let crate::hash_set::entry::Item::Hash(hash) = item else { panic!("only hashes") };
            assert!(about.id.is_some() && hash.as_bytes().len() > 8);
            self.0 += 1;
        }
        fn remove(&mut self, _: &crate::hash_set::entry::Removal<'_>) {}
        fn reject(&mut self, problem: crate::hash_set::problem::RowProblem) {
            panic!("{problem}");
        }
        fn ignore(&mut self, _: &str) {}
    }
    for (algorithm, len) in [("md5", 32), ("pdq", 64)] {
        let mut list = b"algorithm,hash,label,id,added\n".to_vec();
        for row in 0..10_000_000_u64 {
            let word = row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let hash = format!("{word:016x}").repeat(len / 16);
            let line = format!("{algorithm},{hash},csam,case-{row},2024-05-01\n");
            list.extend_from_slice(line.as_bytes());
        }
        let start = std::time::Instant::now();
        let mut count = Count::default();
        read(&mut Input::new(&list[..], "list.csv"), &mut count).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(count.0, 10_000_000);
        eprintln!("{algorithm}: {:.2} million rows/s, {:.0} MB/s", 10.0 / seconds, list.len() as f64 / 1e6 / seconds);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!lines(&bytes).is_empty());
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
        let last = list.matches('\n').count() as u64 + 1;
        let width = list.lines().map(|line| line.chars().count()).max().unwrap_or(0) as u64 + 1;
        for problem in messages(&list) {
            let mut place = problem.split(':').map(|number| number.parse::<u64>().unwrap_or(0));
            prop_assert!((1..=last).contains(&place.next().unwrap()), "{problem}");
            prop_assert!((1..=width).contains(&place.next().unwrap()), "{problem}");
        }
    }

    #[test]
    fn every_row_of_a_list_is_found_again(rows in prop::collection::vec((any::<[u8; 16]>(), "[ -~é\n]{0,9}"), 0..40)) {
        let (mut list, mut expected) = ("algorithm,hash,id,label\n".to_owned(), Vec::new());
        for (row, (digest, label)) in rows.iter().enumerate() {
            let hash = HashValue::Md5(*digest);
            writeln!(list, "md5,{hash},{row},\"{}\"", label.replace('"', "\"\"")).unwrap();
            let label = Some(label.trim()).filter(|label| !label.is_empty());
            let label = label.map_or(String::new(), |label| format!(" label={label:?}"));
            expected.push(format!("md5:{hash} id=\"{row}\"{label}"));
        }
        prop_assert_eq!(lines(&list), expected);
    }
}
