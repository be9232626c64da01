//! The reader beside the `csv` crate, and with buffers of every size.

use std::io::BufReader;

use proptest::prelude::*;

use super::*;

fn read_all(text: &[u8], capacity: usize, dialect: Dialect) -> Vec<Result<Vec<String>, String>> {
    let mut input = Input::new(BufReader::with_capacity(capacity, text), "list.csv");
    let mut records = Records::of(&mut input, dialect).unwrap();
    let mut rows = Vec::new();
    loop {
        match records.read() {
            Ok(None) => return rows,
            Ok(Some(Ok(record))) => {
                let texts: Result<Vec<_>, _> = (0..record.len()).map(|field| record.text(field)).collect();
                let texts = texts.map(|texts| texts.into_iter().map(Cow::into_owned).collect());
                rows.push(texts.map_err(|problem| problem.to_string()));
            }
            Ok(Some(Err(problem))) => rows.push(Err(problem.to_string())),
            Err(error) => {
                rows.push(Err(error.to_string()));
                return rows;
            }
        }
    }
}

fn ours(text: &[u8]) -> Option<Vec<Vec<String>>> {
    read_all(text, 1 << 16, Dialect::OWN).into_iter().map(Result::ok).collect()
}

fn csv_crate(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).trim(csv::Trim::All).comment(Some(b'#'));
    let records = reader.from_reader(text).into_records();
    records.map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_accepted_is_read_as_the_csv_crate_reads_it(text in "(\u{feff})?([a#é,]|\"|\"\"|\n|\r\n| ?\"[a,\n]*\"[,\n]){0,24}") {
        // To the crate, a line of spaces and a last comment without a line feed are records of one empty field.
        let full = |rows: Vec<Vec<String>>| rows.into_iter().filter(|row| *row != [""]).collect::<Vec<_>>();
        if let Some(rows) = ours(text.as_bytes()) {
            prop_assert_eq!(full(rows), full(csv_crate(text.as_bytes())));
        }
    }

    #[test]
    fn where_a_buffer_ends_does_not_matter(
        text in "(\u{feff})?([a#é,]|\"|\"\"|\n|\r\n|\r| ?\"[a,\n]*\"[,\n]){0,24}",
        capacity in 1_usize..9,
        is_own: bool,
    ) {
        let dialect = if is_own { Dialect::OWN } else { Dialect::foreign(b',') };
        let whole = read_all(text.as_bytes(), 1 << 16, dialect);
        prop_assert_eq!(read_all(text.as_bytes(), capacity, dialect), whole);
    }
}

#[test]
fn foreign_files_have_their_delimiter_quotes_within_fields_and_no_comments() {
    let text = b"#1;5\" pipe;\"a;\"\"b\"\"\r\nc\"\r\n;;x\r\n\r\n\"\";\n";
    let rows: Vec<_> = read_all(text, 64, Dialect::foreign(b';')).into_iter().map(Result::unwrap).collect();
    assert_eq!(rows, [vec!["#1", "5\" pipe", "a;\"b\"\r\nc"], vec!["", "", "x"], vec!["", ""]]);
}

#[test]
fn a_record_without_end_is_given_up() {
    let long = "a".repeat(MAX_RECORD + 2 * CHUNK);
    let [Err(message)] = &read_all(long.as_bytes(), 1 << 16, Dialect::OWN)[..] else { panic!("one problem") };
    assert_eq!(message, "1:1: the line is longer than 1048576 bytes, expected one entry a line");
    let quoted = format!("a,\"b\n{long}\"\n");
    let [Err(message)] = &read_all(quoted.as_bytes(), 1 << 16, Dialect::OWN)[..] else { panic!("one problem") };
    assert_eq!(message, "1:3: quote is never closed, expected another before the end of the file");
}
