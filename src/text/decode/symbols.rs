//! Symbols that are folded to the letters that they look like, as what they are: `z|o|r|b|l|a|x`, `zorblax™ quantum`.

use std::iter::Peekable;

use crate::text::fold::{Accents, FoldTable, is_alphanumeric, is_word_character};

/// Letters of a word on either side of a symbol.
const LEAST_OF_WORD: usize = 3;

/// In place of such a symbol: a mark that is read through, between letters and between words.
const MARK: &str = "·";

/// Where such symbols may begin, in their order: "|", and those of two bytes or three.
pub(super) fn places(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let starts_sign = move |at: &usize| bytes[*at] != 0xc3 || matches!(bytes.get(at + 1), Some(0x97 | 0xb7));
    let one = memchr::memchr3_iter(b'|', 0xc2, 0xe2, bytes).peekable();
    let other = memchr::memchr3_iter(0xc3, 0xe3, 0xef, bytes).filter(starts_sign).peekable();
    in_order(one, other)
}

/// All that both have, in its order.
fn in_order<A, B>(mut one: Peekable<A>, mut other: Peekable<B>) -> impl Iterator<Item = usize>
where
    A: Iterator<Item = usize>,
    B: Iterator<Item = usize>,
{
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if second < first => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

/// The symbol at `at`, if it looks like a letter and stands between words, or between letters that it parts one by one.
/// Bytes that are no text have symbols everywhere, and seldom so.
pub(super) fn read(text: &str, at: usize) -> Option<(String, usize)> {
    let ch = text[at..].chars().next()?;
    let end = at + ch.len_utf8();
    let (before, behind) = (&text[..at], &text[end..]);
    // Dashes and bars are everyday punctuation between words.
    let is_between = parts_letters(ch, before, behind)
        || !matches!(ch, '|' | '—')
            && ends_in_word(before.strip_suffix(' ').unwrap_or(before))
            && begins_with_word(behind.strip_prefix(' ').unwrap_or(behind));
    (is_between && looks_like_letter(ch)).then(|| (MARK.to_owned(), end - at))
}

/// Whether one letter is before and behind `ch`, and the same symbol beyond either.
fn parts_letters(ch: char, before: &str, behind: &str) -> bool {
    let (mut back, mut ahead) = (before.chars().rev(), behind.chars());
    let are_letters = back.next().is_some_and(is_letter) && ahead.next().is_some_and(is_letter);
    are_letters && (back.next() == Some(ch) || ahead.next() == Some(ch))
}

/// Whether `ch` is no letter, and is folded to something else than punctuation of ASCII, which is read as what it is.
fn looks_like_letter(ch: char) -> bool {
    if is_alphanumeric(ch) || is_word_character(ch) {
        return false;
    }
    let table = FoldTable::of(Accents::Kept);
    match table.get(ch).folded() {
        // By its bytes it looks like the letters beside it in Latin-1.
        Some('÷') => true,
        Some(folded) => folded != ch && (!folded.is_ascii() || folded.is_ascii_alphanumeric()),
        None => !table.text(ch).bytes().all(|byte| byte.is_ascii_punctuation()),
    }
}

fn ends_in_word(text: &str) -> bool {
    text.chars().rev().take(LEAST_OF_WORD).filter(|ch| is_letter(*ch)).count() == LEAST_OF_WORD
}

fn begins_with_word(text: &str) -> bool {
    text.chars().take(LEAST_OF_WORD).filter(|ch| is_letter(*ch)).count() == LEAST_OF_WORD
}

/// Whether `ch` is a letter of a script with spaces: others have symbols between sentences and nothing else.
fn is_letter(ch: char) -> bool {
    ch.is_alphabetic() && ch < '\u{2e80}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_symbols(text: &str) -> String {
        let (mut made, mut done) = (String::new(), 0);
        for at in places(text) {
            if let Some((mark, length)) = read(text, at) {
                made += &text[done..at];
                made += &mark;
                done = at + length;
            }
        }
        made + &text[done..]
    }

    #[test]
    fn symbols_between_letters_are_symbols() {
        for symbol in "|×÷¡¢¥€‖◇♪。™∣│┃".chars() {
            let spelled = "zorb".chars().map(String::from).collect::<Vec<_>>().join(&symbol.to_string());
            assert_eq!(as_symbols(&spelled), "z·o·r·b", "{symbol}");
        }
        for symbol in "×÷¡¢¥‖◇♪。™∣┃".chars() {
            assert_eq!(as_symbols(&format!("zorblax {symbol} quantum")), "zorblax · quantum", "{symbol}");
        }
        assert_eq!(as_symbols("zorblax™ quantum"), "zorblax· quantum");
        assert_eq!(as_symbols("z—o—r—b"), "z·o·r·b");
    }

    #[test]
    fn everyday_symbols_are_left_alone() {
        for text in [
            "| a | b |",
            "800 × 600",
            "name|size|time",
            "á¥Àb ¢ÿ",
            "it costs 5 € or ¥500",
            "a word—and another",
            "dijo: ¡hola!",
            "“quoted” words… and «more»",
            "5 °C, 3 ÷ 4",
            "naïve Ärger, 東京タワー",
            "禁止。萝卜",
            "one… two",
            "a – b “c” d",
        ] {
            assert_eq!(as_symbols(text), text);
        }
    }
}
