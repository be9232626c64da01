//! Problems in the files people write, each with its place and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a text file, both counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Character in the line.
    pub column: u64,
}

impl Place {
    /// The place of byte `offset` in `source`. An offset past the end is the end.
    pub fn of(source: &str, offset: usize) -> Self {
        let mut offset = offset.min(source.len());
        while !source.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &source[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { line: before.matches('\n').count() as u64 + 1, column: before[line_start..].chars().count() as u64 + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing wrong with one file, as it is shown to a person: `file:line:column: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Where in it, when the problem has a place.
    pub place: Option<Place>,
    /// What was found, what was expected, what to do.
    pub message: String,
}

impl Problem {
    /// A problem with a file as a whole.
    pub fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, message: message.into() }
    }

    /// A file that cannot be read.
    pub fn unreadable(file: &Path, error: &dyn fmt::Display) -> Self {
        Self::of_file(file, format!("cannot be read: {error}"))
    }

    /// A problem at a place.
    pub fn at(file: &Path, place: Place, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: Some(place), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(place) = self.place {
            write!(f, "{place}:")?;
        }
        write!(f, " {}", self.message)
    }
}

/// Turns what the TOML reader says into a place and a sentence in our words, with a suggestion for a misspelt name.
pub fn explain_toml(source: &str, error: &toml::de::Error) -> (Place, String) {
    let place = Place::of(source, error.span().map_or(0, |span| span.start));
    (place, reword(error.message()))
}

/// What the TOML reader says, in our words.
pub(super) fn reword(message: &str) -> String {
    let names_something = ["unknown", "missing", "duplicate"].iter().any(|start| message.starts_with(start));
    if !names_something {
        return message
            .split_inclusive(", ")
            .map(|part| match part.strip_prefix("expected ") {
                Some("a sequence") => "expected an array",
                Some("u8" | "u16" | "u32" | "u64" | "usize" | "i64") => "expected a number",
                Some("a nonzero u32" | "a nonzero u64" | "a nonzero usize") => "expected a number, at least 1",
                // The TOML reader's word for text.
                Some("literal string") => "expected text in quotes such as \"text\"",
                Some("f64") => "expected a number such as 0.5",
                Some(what) if what.starts_with("struct ") => "expected a table such as { … }",
                _ => part,
            })
            .collect();
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let misspelt = names.next().unwrap_or_default();
    let hint = if message.starts_with("unknown") { suggestion(misspelt, names) } else { String::new() };
    message.replace('`', "\"") + &hint
}

/// What the JSON reader says, without the place, which is not one in the file or is told apart.
pub fn json_sentence(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.rsplit_once(" at line ").map_or(message.as_str(), |(sentence, _)| sentence).to_owned()
}

/// The end of a message about `word`: the candidate it was most likely meant to be, or nothing.
pub fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, candidates).map_or(String::new(), |name| format!(" (did you mean \"{name}\"?)"))
}

/// The candidate that `word` was most likely meant to be: at most two edits away, and fewer than half its letters. Case
/// does not count, nor whether words are joined by `-` or `_`.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance * 2 < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in which two letters that changed places are one edit, by rows (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let substituted = row[j] + usize::from(a[i] != b[j]);
            next[j + 1] = substituted.min(next[j] + 1).min(row[j + 1] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                next[j + 1] = next[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let source = "ab\nçd\n";
        for (offset, line, column) in [(0, 1, 1), (1, 1, 2), (3, 2, 1), (5, 2, 2), (7, 3, 1), (99, 3, 1)] {
            assert_eq!(Place::of(source, offset), Place { line, column }, "offset {offset}");
        }
    }

    #[test]
    fn types_of_the_program_are_not_what_people_write() {
        for (said, expected) in [
            ("invalid type: string \"451\", expected u16", "invalid type: string \"451\", expected a number"),
            (
                "invalid type: integer `3`, expected struct RawNear",
                "invalid type: integer `3`, expected a table such as { … }",
            ),
            ("invalid type: map, expected a sequence", "invalid type: map, expected an array"),
        ] {
            assert_eq!(reword(said), expected);
        }
    }

    #[test]
    fn a_misspelt_name_gets_a_suggestion_and_a_foreign_one_does_not() {
        assert_eq!(closest("keyword", ["keywords", "regex"]), Some("keywords"));
        assert_eq!(closest("acton", ["mode", "action"]), Some("action"));
        assert_eq!(closest("colour", ["mode", "action"]), None);
        assert_eq!(closest("ab", ["cd"]), None);
        assert_eq!(closest("pqd", ["ahash", "pdq"]), Some("pdq"));
        assert_eq!(closest("psot", ["PUT", "POST"]), Some("POST"));
        assert_eq!(closest("Over-Limit", ["over_limit"]), Some("over_limit"));
    }
}
