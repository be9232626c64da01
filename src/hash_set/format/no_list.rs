//! Files that are no list and get in the place of one: an error page that was saved, a workbook, text in UTF-16.
//!
//! This is asked before any format is tried, because what a format says of such a file hides the cause.

use super::Input;
use crate::config::{ListFormat, wide_charset};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind, excerpt};

/// Bytes that are looked at.
const HEAD: usize = 4 << 10;

/// How files begin that are no text, and what they are called.
const SIGNATURES: [(&[u8], &str); 13] = [
    (b"PK\x03\x04", "a ZIP file or an Excel workbook, expected a list: unpack it, or save it as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook or document of Office, expected a list: save it as CSV in UTF-8"),
    (b"%PDF-", "a PDF, expected a list"),
    (b"{\\rtf", "an RTF document, expected a list: save it as plain text in UTF-8"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z file, expected a list: unpack it"),
    (b"Rar!\x1a\x07", "a RAR file, expected a list: unpack it"),
    (b"\xfd7zXZ\0", "an XZ file, expected a list: unpack it, or pack it with gzip or zstd"),
    (b"SQLite format 3\0", "a SQLite database, expected a list: export its table as CSV"),
    (b"\x89PNG", "a picture, expected a list: `penstock hash` prints the hashes of a picture"),
    (b"\xff\xd8\xff", "a picture, expected a list: `penstock hash` prints the hashes of a picture"),
    (b"-----BEGIN ", "an encrypted or signed file, expected a list: decrypt it, or take the text out of the signature"),
    (b"version https://git-lfs.github.com/", "a pointer of Git LFS, expected a list: `git lfs pull` fetches the file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file in another packed file, expected a list: unpack it once"),
];

/// Elements with which web pages begin.
const PAGE_ELEMENTS: [&str; 14] =
    ["html", "head", "body", "title", "meta", "script", "style", "center", "div", "h1", "h2", "p", "pre", "link"];

/// Refuses `input`, none of which is consumed, if it is clearly no list, or not in `format` if that is known.
///
/// # Errors
/// What it is and what to do, or that it cannot be read.
pub(super) fn refuse(input: &mut Input<'_>, format: Option<ListFormat>) -> Result<(), ReadError> {
    let head = input.head(HEAD)?;
    let problem = |line, what| RowProblem { line, column: 1, kind: RowProblemKind::Format(what) };
    if let Some(what) = found(head) {
        return Err(problem(1, what).into());
    }
    // These have several columns.
    let has_commas = [ListFormat::Csv, ListFormat::PytxCsv, ListFormat::MispCsv, ListFormat::Nsrl];
    if format.is_some_and(|format| has_commas.contains(&format)) {
        let text = String::from_utf8_lossy(head);
        let mut lines = (1..).zip(text.lines().map(|line| line.trim_start_matches('\u{feff}').trim()));
        let header = lines.find(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        if let Some((line, what)) = header.and_then(|(line, text)| Some((line, other_separator(text, ',')?))) {
            return Err(problem(line, what).into());
        }
    }
    Ok(())
}

/// What to say of `header` if other things than `expected` separate its fields.
pub(super) fn other_separator(header: &str, expected: char) -> Option<String> {
    if header.contains(expected) {
        return None;
    }
    let found = [';', '\t', '|', ','].into_iter().find(|separator| header.contains(*separator))?;
    Some(format!(
        "fields are separated by {found:?}, expected {expected:?}: save the list so, or say which column holds what \
         with columns = {{ …, delimiter = {:?} }}",
        found.to_string()
    ))
}

fn found(head: &[u8]) -> Option<String> {
    if let Some(charset) = wide_charset(head) {
        return Some(format!("this is text in {charset}, expected UTF-8: save it as UTF-8 (in Excel \"CSV UTF-8\")"));
    }
    if let Some((_, what)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        return Some(format!("this is {what}"));
    }
    // Its first letters may begin a hash in base64.
    if head.starts_with(b"BZh") && head.get(4..).is_some_and(|rest| rest.starts_with(b"1AY&SY")) {
        return Some("this is a bzip2 file, expected a list: unpack it, or pack it with gzip or zstd".to_owned());
    }
    if head.contains(&0) {
        return Some("not text, expected a list in UTF-8 (and unpacked, if it was packed)".to_owned());
    }
    let text = String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head));
    if is_web_page(&text) {
        return Some("this is a web page, not a list: was a login or an error page saved in its place?".to_owned());
    }
    let line = text.lines().next().unwrap_or_default().trim();
    let is_for_excel = line.strip_prefix("sep=").is_some_and(|separator| separator.chars().count() <= 1);
    is_for_excel.then(|| format!("\"{}\" is for Excel only: remove this line", excerpt(line)))
}

/// Whether the first element, after what may come before it, is one of a web page.
fn is_web_page(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") {
            "?>"
        } else {
            break;
        };
        let Some((_, after)) = rest.split_once(end) else {
            return false;
        };
        rest = after.trim_start();
    }
    let Some(tag) = rest.strip_prefix('<') else {
        return false;
    };
    let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let doctype = tag.get(..13).unwrap_or_default();
    doctype.eq_ignore_ascii_case("!doctype html") || PAGE_ELEMENTS.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(list: &[u8], format: Option<ListFormat>) -> String {
        refuse(&mut Input::new(list, "list"), format).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_file_that_is_no_list_is_called_what_it_is() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let page = "this is a web page";
        let cases: [(Vec<u8>, &str); 17] = [
            (b"<!DOCTYPE html>\n<html>".into(), page),
            (b"\xef\xbb\xbf \n<HTML lang=de>".into(), page),
            (b"<?xml version=\"1.0\"?><!-- x --><!doctype HTML PUBLIC \"x\"><html>".into(), page),
            (b"<h1>503 Service Unavailable</h1>".into(), page),
            (b"<queryResult xmlns=\"x\">".into(), ""),
            (b"<!-- never ends".into(), ""),
            (utf16("\u{feff}algorithm,hash\n"), "this is text in UTF-16"),
            (utf16("algorithm,hash\n"), "this is text in UTF-16"),
            (b"\xff\xfe\0\0a\0\0\0".into(), "this is text in UTF-32"),
            (b"algorithm,hash\n\0\0\0\0\0\0\0\0".into(), "not text"),
            (b"PK\x03\x04\x14\0".into(), "this is a ZIP file or an Excel workbook"),
            (b"SQLite format 3\0".into(), "this is a SQLite database"),
            (b"-----BEGIN PGP MESSAGE-----\n".into(), "this is an encrypted or signed file"),
            (b"sep=;\nalgorithm;hash\n".into(), "\"sep=;\" is for Excel only"),
            (b"algorithm,hash\n".into(), ""),
            (b"# only\n".into(), ""),
            (b"".into(), ""),
        ];
        for (list, expected) in cases {
            let shown = String::from_utf8_lossy(&list).into_owned();
            let message = told(&list, None);
            assert_eq!(message.is_empty(), expected.is_empty(), "{shown:?} {message}");
            assert!(message.is_empty() || message.starts_with(&format!("1:1: {expected}")), "{shown:?} {message}");
        }
    }

    #[test]
    fn another_separator_is_named_where_commas_must_be() {
        let separated = |found: &str| format!("2:1: fields are separated by '{found}', expected ','");
        for (list, format, expected) in [
            ("# c\nalgorithm;hash\n", Some(ListFormat::Csv), separated(";")),
            ("# c\nalgorithm\thash\n", Some(ListFormat::PytxCsv), separated("\\t")),
            ("# c\nalgorithm,hash;x\n", Some(ListFormat::Csv), String::new()),
            ("# c\nalgorithm;hash\n", Some(ListFormat::Plain), String::new()),
            ("# c\nalgorithm;hash\n", None, String::new()),
        ] {
            let message = told(list.as_bytes(), format);
            assert!(message.starts_with(&expected) && message.is_empty() == expected.is_empty(), "{list:?} {message}");
        }
    }
}
