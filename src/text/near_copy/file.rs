//! A list of known texts without the texts, to be shared: one JSON object a line, a first one that says what it is.

use std::collections::HashMap;
use std::sync::Arc;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::digest::{FEWEST, TextDigest};
use crate::config::{Place, json_sentence};

/// What every file of digests begins with.
const BEGINNING: &str = "{\"format\":\"penstock-texts\"";

/// Changes whenever equal texts would get other fingerprints or another TLSH.
const VERSION: u32 = 1;

/// Problems of one file that are told.
const MOST_PROBLEMS: usize = 20;

/// One thing wrong with a file of digests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct DigestProblem {
    /// Where.
    pub place: Place,
    /// What was found, what was expected.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[serde(rename = "format")]
    _format: String,
    version: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    words: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tlsh: Option<String>,
    fingerprints: String,
}

/// Whether a file that begins with `start` is one of digests.
pub fn is_digest_file(start: &[u8]) -> bool {
    start.starts_with(BEGINNING.as_bytes())
}

/// The lines of a file with `texts`.
pub fn digest_lines(texts: &[TextDigest]) -> impl Iterator<Item = String> {
    let lines = texts.iter().map(|text| {
        let bytes: Vec<u8> = text.fingerprints.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let tlsh = text.tlsh.as_ref().map(ToString::to_string);
        let line = Line { id: text.id.to_string(), words: text.words, tlsh, fingerprints: BASE64.encode(&bytes) };
        serde_json::to_string(&line).unwrap_or_default()
    });
    std::iter::once(format!("{BEGINNING},\"version\":{VERSION}}}")).chain(lines)
}

/// Reads a file of digests.
///
/// # Errors
/// The first twenty lines that are not as they should be, each with its place.
pub fn parse_digests(source: &str) -> Result<Vec<TextDigest>, Vec<DigestProblem>> {
    let mut lines = (1..).zip(source.lines()).filter(|(_, line)| !line.trim().is_empty());
    let problem = |line: u64, column: usize, message: String| DigestProblem {
        place: Place { line, column: column.max(1) as u64 },
        message,
    };
    let (number, header) = lines.next().unwrap_or((1, ""));
    match serde_json::from_str::<Header>(header) {
        Ok(header) if header.version == VERSION => {}
        Ok(Header { version, .. }) => {
            let message = format!("digests of version {version}, expected {VERSION}: compile the texts again");
            return Err(vec![problem(number, 1, message)]);
        }
        Err(error) => return Err(vec![problem(number, column_of(&error, header), json_sentence(&error))]),
    }
    let (mut texts, mut problems, mut first_in) = (Vec::new(), Vec::new(), HashMap::new());
    for (number, line) in lines {
        match parse_line(line) {
            Ok(text) => {
                if let Some(first) = first_in.insert(Arc::clone(&text.id), number) {
                    problems.push(problem(number, 1, format!("id {:?} is used twice, first in line {first}", text.id)));
                }
                texts.push(text);
            }
            Err((column, message)) => problems.push(problem(number, column, message)),
        }
    }
    problems.truncate(MOST_PROBLEMS);
    if problems.is_empty() { Ok(texts) } else { Err(problems) }
}

/// The digest in `line`, or what is wrong in which column.
fn parse_line(line: &str) -> Result<TextDigest, (usize, String)> {
    let Line { id, words, tlsh, fingerprints } =
        serde_json::from_str(line).map_err(|error| (column_of(&error, line), json_sentence(&error)))?;
    let column = |field: &str| line.find(&format!("\"{field}\"")).map_or(1, |at| line[..at].chars().count() + 1);
    let tlsh = tlsh.map(|text| text.parse()).transpose();
    let tlsh = tlsh.map_err(|_| (column("tlsh"), "not a TLSH, expected \"T1\" and 70 hex digits".to_owned()))?;
    let bytes = BASE64.decode(fingerprints.as_bytes()).ok().filter(|bytes| bytes.len() % 8 == 0);
    let Some(bytes) = bytes else {
        return Err((column("fingerprints"), "not fingerprints, expected base64 of eight bytes each".to_owned()));
    };
    let mut fingerprints: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|hash| u64::from_le_bytes(*hash)).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    if fingerprints.len() < FEWEST || u64::try_from(fingerprints.len()).unwrap_or(u64::MAX) > words {
        let message = format!(
            "{} fingerprints of {words} words, expected {FEWEST} or more, and fewer than words",
            fingerprints.len()
        );
        return Err((column("fingerprints"), message));
    }
    Ok(TextDigest { id: Arc::from(id), words, tlsh, fingerprints })
}

/// The column of an error in `line`, of which the JSON reader tells the byte.
fn column_of(error: &serde_json::Error, line: &str) -> usize {
    let before = error.column().saturating_sub(1).min(line.len());
    let before = (0..=before).rev().find(|at| line.is_char_boundary(*at)).unwrap_or_default();
    line[..before].chars().count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests() -> Vec<TextDigest> {
        let text = |salt: &str| (0..300).map(|word| format!("{salt}{} ", word * word % 977)).collect::<String>();
        ["one", "two"].map(|id| TextDigest::of(id, text(id).as_bytes()).unwrap()).into()
    }

    fn file(texts: &[TextDigest]) -> String {
        digest_lines(texts).map(|line| line + "\n").collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let texts = digests();
        assert!(texts[0].tlsh.is_some());
        let written = file(&texts);
        assert!(is_digest_file(written.as_bytes()));
        assert_eq!(parse_digests(&written).unwrap(), texts);
    }

    #[test]
    fn problems_tell_line_and_column() {
        let whole = file(&digests());
        for (from, to, expected) in [
            ("\"version\":1", "\"version\":2", "1:1: digests of version 2, expected 1: compile the texts again"),
            ("\"version\":1", "\"v\":1", "1:30: unknown field `v`, expected `format` or `version`"),
            ("\"id\":\"two\"", "\"id\":\"one\"", "3:1: id \"one\" is used twice, first in line 2"),
            ("\"id\":\"one\"", "\"id\":1", "2:7: invalid type: integer `1`, expected a string"),
            (
                "\"id\":\"one\"",
                "\"é\":1",
                "2:4: unknown field `é`, expected one of `id`, `words`, `tlsh`, `fingerprints`",
            ),
            ("\"T1", "\"T9", "2:25: not a TLSH, expected \"T1\" and 70 hex digits"),
            (
                "\"words\":300",
                "\"words\":3",
                "2:105: 202 fingerprints of 3 words, expected 12 or more, and fewer than words",
            ),
        ] {
            let found = parse_digests(&whole.replacen(from, to, 1)).unwrap_err();
            assert!(found[0].to_string().contains(expected), "{}, not {expected}", found[0]);
        }
        assert!(parse_digests("").is_err());
    }
}
