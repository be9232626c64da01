//! Symbols that are folded to the letters that they look like, as what they are: `z|o|r|b|l|a|x`, `zorblax™ quantum`.

use std::iter::Peekable;

use crate::text::fold::{Accents, FoldTable, is_alphanumeric, is_word_character};

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

/// The symbol at `at`, if it looks like a letter and stands between letters or words.
pub(super) fn read(text: &str, at: usize) -> Option<(String, usize)> {
    let ch = text[at..].chars().next()?;
    let end = at + ch.len_utf8();
    let (before, behind) = (&text[..at], &text[end..]);
    let is_between = match ch {
        // Cells of tables have spaces around them.
        '|' => ends_in_letter(before) && begins_with_letter(behind),
        // Between words it is everyday punctuation, and no letter is read there.
        '—' => ends_in_single(before) && begins_with_letter(behind),
        _ => {
            let [before, behind] = [before.strip_suffix(' '), behind.strip_prefix(' ')].map(|one| one.unwrap_or("-"));
            (ends_in_letter(&text[..at]) || ends_in_letter(before))
                && (begins_with_letter(&text[end..]) || begins_with_letter(behind))
        }
    };
    (is_between && looks_like_letter(ch)).then(|| (MARK.to_owned(), end - at))
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

fn ends_in_letter(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_letter)
}

fn begins_with_letter(text: &str) -> bool {
    text.chars().next().is_some_and(is_letter)
}

/// Whether `ch` is a letter of a script with spaces: others have symbols between sentences and nothing else.
fn is_letter(ch: char) -> bool {
    ch.is_alphabetic() && ch < '\u{2e80}'
}

/// Whether `text` ends in one letter.
fn ends_in_single(text: &str) -> bool {
    let mut letters = text.chars().rev().map(is_letter);
    letters.next() == Some(true) && letters.next() != Some(true)
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
            assert_eq!(as_symbols(&format!("z{symbol}o{symbol}r")), "z·o·r", "{symbol}");
        }
        for symbol in "×÷¡¢¥‖◇♪。™∣┃".chars() {
            assert_eq!(as_symbols(&format!("zorblax {symbol} quantum")), "zorblax · quantum", "{symbol}");
        }
        assert_eq!(as_symbols("zorblax™ quantum"), "zorblax· quantum");
        assert_eq!(as_symbols("z—o—rb"), "z·o·rb");
    }

    #[test]
    fn everyday_symbols_are_left_alone() {
        for text in [
            "| a | b |",
            "800 × 600",
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
