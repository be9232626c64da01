//! The hashes in a STIX pattern, where finding a file with one of them is all that the pattern asks for.
//!
//! Read are comparisons with `=` and `IN`, joined by `OR`, in one observation or several. `AND` may stand between
//! hashes of one file, of which each says the same, and beside the file's size, which a digest implies. A pattern that
//! asks for more would match more files by its hashes than it does as a whole, so it gives none.
//!
//! Source: "STIX Version 2.1", OASIS Standard, §9.

use super::super::row::wrong_value;
use crate::hash_set::problem::RowProblemKind;

const EXPECTED: &str = "a STIX pattern such as [file:hashes.'SHA-256' = '…']";

/// Why a pattern gives no hashes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It asks for more than a hash.
    NeedsMore,
    /// It is none.
    Malformed(RowProblemKind),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A name, a keyword, a number or an object path, with quotes in it as they stand there.
    Word(String),
    /// A text without its quotes.
    Text(String),
    /// `=`, `!=`, `<`, `>`, `<=`, `>=`.
    Operator(String),
    /// One of `[](),`.
    Mark(char),
}

/// Name and value of every hash by which `pattern` finds files, in its order.
///
/// # Errors
/// [`Unread`].
pub(super) fn file_hashes(pattern: &str) -> Result<Vec<(String, String)>, Unread> {
    let malformed = || Unread::Malformed(wrong_value("pattern", pattern, EXPECTED));
    let tokens = tokens(pattern).ok_or_else(malformed)?;
    let depth = |open, close| {
        let count = |mark| tokens.iter().filter(|token| **token == Token::Mark(mark)).count();
        (count(open), count(close))
    };
    let (observations, closed) = depth('[', ']');
    let (parentheses, closed_parentheses) = depth('(', ')');
    if observations == 0 || observations != closed || parentheses != closed_parentheses {
        return Err(malformed());
    }
    let mut found = Comparisons::default();
    let mut rest = tokens.as_slice();
    while !rest.is_empty() {
        rest = found.take(rest).ok_or_else(malformed)?;
    }
    if found.needs_more || found.has_and && found.has_other { Err(Unread::NeedsMore) } else { Ok(found.hashes) }
}

#[derive(Default)]
struct Comparisons {
    hashes: Vec<(String, String)>,
    /// Whether something else than hashes and sizes of files is compared.
    has_other: bool,
    has_and: bool,
    /// Whether there is something that no hash expresses.
    needs_more: bool,
}

impl Comparisons {
    /// Takes one comparison, connector or bracket. Returns what is left; `None` when there is none of these.
    fn take<'t>(&mut self, tokens: &'t [Token]) -> Option<&'t [Token]> {
        match tokens {
            [Token::Mark('[' | ']' | '(' | ')'), rest @ ..] => Some(rest),
            [Token::Word(word), rest @ ..] if !word.contains(':') => {
                match word.to_ascii_uppercase().as_str() {
                    "OR" => {}
                    "AND" => self.has_and = true,
                    _ => self.needs_more = true,
                }
                Some(rest)
            }
            [Token::Word(path), Token::Operator(operator), Token::Text(value) | Token::Word(value), rest @ ..] => {
                self.compare(path, operator == "=", [value]);
                Some(rest)
            }
            [Token::Word(path), Token::Word(word), Token::Mark('('), rest @ ..] if word.eq_ignore_ascii_case("IN") => {
                let end = rest.iter().position(|token| *token == Token::Mark(')'))?;
                let values = rest[..end].iter().filter_map(|token| match token {
                    Token::Text(value) => Some(value),
                    _ => None,
                });
                self.compare(path, true, values);
                Some(&rest[end + 1..])
            }
            // `LIKE`, `MATCHES`, `ISSUBSET`, `NOT`, `EXISTS` and what may come: the path is of no use.
            [Token::Word(_), rest @ ..] => {
                self.needs_more = true;
                Some(rest)
            }
            [Token::Text(_) | Token::Mark(',') | Token::Operator(_), rest @ ..] if self.needs_more => Some(rest),
            _ => None,
        }
    }

    fn compare<'v>(&mut self, path: &str, is_equal: bool, values: impl IntoIterator<Item = &'v String>) {
        let name = ["file:hashes.", "artifact:hashes."].into_iter().find_map(|start| path.strip_prefix(start));
        match name {
            Some(name) if is_equal => {
                let name = name.trim_matches(['\'', '"']);
                self.hashes.extend(values.into_iter().map(|value| (name.to_owned(), value.clone())));
            }
            Some(_) => self.needs_more = true,
            None if path == "file:size" && is_equal => {}
            None => self.has_other = true,
        }
    }
}

/// Cuts a pattern up; `None` where a quote is not closed or a character has no place.
fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = pattern.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, len) = match first {
            '[' | ']' | '(' | ')' | ',' => (Token::Mark(first), 1),
            '\'' => {
                let (text, len) = quoted(rest)?;
                (Token::Text(text), len)
            }
            '=' | '!' | '<' | '>' => {
                let len = rest.find(|c| !"=!<>".contains(c)).unwrap_or(rest.len());
                (Token::Operator(rest[..len].to_owned()), len)
            }
            _ => {
                let len = word_len(rest)?;
                (Token::Word(rest[..len].to_owned()), len)
            }
        };
        tokens.push(token);
        rest = rest[len..].trim_start();
    }
    Some(tokens)
}

/// The text in the quotes that `rest` starts with, and the length of all of it.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, ch)) = chars.next() {
        match ch {
            '\'' => return Some((text, at + 1)),
            '\\' => text.push(chars.next()?.1),
            _ => text.push(ch),
        }
    }
    None
}

/// Length of a word, in which parts of a path may stand in quotes of either kind; `None` when it is empty.
fn word_len(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, ch) in rest.char_indices() {
        match quote {
            Some(open) if open == ch => quote = None,
            Some(_) => {}
            None if matches!(ch, '\'' | '"') => quote = Some(ch),
            // Lists in paths, as in `sections[*]`, are of no use here and end the word.
            None if ch.is_whitespace() || "[](),=!<>".contains(ch) => return (at > 0).then_some(at),
            None => {}
        }
    }
    quote.is_none().then_some(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_set::problem::excerpt;

    #[test]
    fn patterns_give_the_hashes_that_are_all_they_ask_for() {
        for (pattern, expected) in [
            ("[file:hashes.MD5 = 'aa']", &[("MD5", "aa")][..]),
            ("[file:hashes.'SHA-256' = 'bb']", &[("SHA-256", "bb")]),
            ("[ file:hashes.\"SHA-1\"='cc' ]", &[("SHA-1", "cc")]),
            ("[file:hashes.MD5 = 'aa' OR file:hashes.'SHA-256' = 'bb']", &[("MD5", "aa"), ("SHA-256", "bb")]),
            ("[file:hashes.MD5 = 'aa'] OR ([file:hashes.MD5 = 'bb'])", &[("MD5", "aa"), ("MD5", "bb")]),
            ("[file:hashes.MD5 IN ('aa', 'bb')]", &[("MD5", "aa"), ("MD5", "bb")]),
            ("[file:hashes.MD5 = 'aa' AND file:hashes.'SHA-1' = 'bb']", &[("MD5", "aa"), ("SHA-1", "bb")]),
            ("[file:hashes.MD5 = 'aa' AND file:size = 25536]", &[("MD5", "aa")]),
            ("[file:hashes.MD5 = 'aa' OR ipv4-addr:value = '198.51.100.1']", &[("MD5", "aa")]),
            ("[artifact:hashes.MD5 = 'aa']", &[("MD5", "aa")]),
            ("[file:hashes.SSDEEP = '3:a\\'b:c']", &[("SSDEEP", "3:a'b:c")]),
            ("[ipv4-addr:value = '198.51.100.1']", &[]),
        ] {
            let expected = expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            assert_eq!(file_hashes(pattern), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_asks_for_more_gives_none() {
        for pattern in [
            "[file:hashes.MD5 = 'aa' AND file:name = 'a.exe']",
            "[file:hashes.MD5 != 'aa']",
            "[NOT file:hashes.MD5 = 'aa']",
            "[file:hashes.MD5 NOT IN ('aa', 'bb')]",
            "[file:hashes.MD5 NOT = 'aa']",
            "[file:hashes.MD5 LIKE 'aa%']",
            "[file:hashes.MD5 = 'aa'] FOLLOWEDBY [file:hashes.MD5 = 'bb']",
            "[file:hashes.MD5 = 'aa'] REPEATS 5 TIMES WITHIN 60 SECONDS",
            "[file:hashes.MD5 = 'aa'] START t'2024-05-01T00:00:00Z' STOP t'2024-06-01T00:00:00Z'",
        ] {
            assert_eq!(file_hashes(pattern), Err(Unread::NeedsMore), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for pattern in ["", "file:hashes.MD5 = 'aa'", "[file:hashes.MD5 = 'aa'", "[file:hashes.MD5 = 'aa]", "[= 'aa']"]
        {
            let Err(Unread::Malformed(problem)) = file_hashes(pattern) else { panic!("{pattern}") };
            assert_eq!(problem.to_string(), format!("\"{}\" is no pattern, expected {EXPECTED}", excerpt(pattern)));
        }
    }
}
