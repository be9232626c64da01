//! Words that are dressed up as a whole: letters with accents and strokes, letters of other scripts, doubled letters.

use std::ops::Range;

use super::hints::Hints;
use crate::text::fold::{belongs_to_no_script, is_word_character};
use crate::text::normalise::Normalised;
use crate::text::source::SourceText;
use crate::text::styled::{small_capital, undressed};

/// Bytes to either side of a place that a word may have.
const MOST_AROUND: usize = 64;

/// Letters with accents that no spelling needs so many of, if they are half of a word.
const LEAST_DRESSED: usize = 3;

/// Doubled letters that no spelling needs so many of in a word.
const LEAST_DOUBLED: usize = 3;

/// Letters of a word that looks Latin though none of it is.
const LEAST_FOREIGN: usize = 4;

/// The word around the character at `at`.
pub(super) fn around(text: &str, at: usize) -> Range<usize> {
    let (before, behind) = (length(text[..at].chars().rev()), length(text[at..].chars()));
    at - before..at + behind
}

/// Bytes of the first of `chars` that are of a word, as far as one goes.
fn length(chars: impl Iterator<Item = char>) -> usize {
    let mut length = 0;
    for ch in chars.take_while(|ch| is_word_character(*ch)) {
        if length + ch.len_utf8() > MOST_AROUND {
            break;
        }
        length += ch.len_utf8();
    }
    length
}

/// What stands for `ch` once it is undressed: its letter, or nothing for a mark.
pub(super) fn bare(ch: char) -> Option<Option<char>> {
    if belongs_to_no_script(ch) { Some(None) } else { undressed(ch).map(Some) }
}

/// Whether most letters of `word` have an accent or a stroke, besides those whose marks went when it was normalised.
pub(super) fn is_dressed(word: impl Iterator<Item = char>, decorated: usize) -> bool {
    let (mut letters, mut dressed, mut is_bare) = (0, decorated, false);
    for ch in word {
        match bare(ch) {
            Some(None) => {
                dressed += usize::from(is_bare);
                is_bare = false;
            }
            Some(Some(_)) => (letters, dressed, is_bare) = (letters + 1, dressed + 1, false),
            None => (letters, is_bare) = (letters + 1, ch.is_ascii_alphabetic()),
        }
    }
    dressed >= LEAST_DRESSED && 2 * dressed >= letters
}

/// `word` of `text`, if its letters are dressed up and it may be one of a keyword without that.
pub(super) fn dressed(text: &str, word: Range<usize>, hints: &Hints) -> Option<Range<usize>> {
    let chars = || text[word.clone()].chars();
    if !is_dressed(chars(), 0) {
        return None;
    }
    let letters: String = chars().filter_map(|ch| bare(ch).unwrap_or(Some(ch))).collect();
    hints.may_be_word(letters.as_bytes()).then_some(word)
}

/// Whether in the word at `at` of `text` a letter stands three times, or many stand twice.
pub(super) fn has_repeated(text: &[u8], at: usize) -> bool {
    if text.get(at + 1) == Some(&text[at]) && text.get(at + 2) == Some(&text[at]) {
        return true;
    }
    let before = text[..at].iter().rev().take(MOST_AROUND).take_while(|byte| byte.is_ascii_lowercase()).count();
    let word = &text[at - before..];
    let length = word.iter().take(2 * MOST_AROUND).take_while(|byte| byte.is_ascii_lowercase()).count();
    doubled(word[..length].iter()) >= LEAST_DOUBLED
}

/// How many letters of `word` are doubled.
fn doubled<T: PartialEq>(word: impl Iterator<Item = T>) -> usize {
    let (mut last, mut count, mut length) = (None, 0, 0);
    for letter in word {
        length = if last.as_ref() == Some(&letter) { length + 1 } else { 1 };
        count += usize::from(length == 2);
        last = Some(letter);
    }
    count
}

/// Whether so many letters of `word` are doubled that no spelling needs it.
pub(super) fn is_doubled(word: impl Iterator<Item = char>) -> bool {
    doubled(word.filter(|ch| ch.is_alphabetic())) >= LEAST_DOUBLED
}

/// `word`, of which a letter is drawn like another one than it folds to or has lost its marks, if all of it looks Latin
/// and it may be one of a keyword.
pub(super) fn masked(
    normalised: &Normalised,
    source: &SourceText,
    word: &Range<usize>,
    hints: &Hints,
) -> Option<Range<usize>> {
    let text = normalised.as_str();
    let drawn = normalised.drawn();
    let mut next = drawn.partition_point(|(place, _)| *place < word.start);
    let mut letters = Vec::with_capacity(word.len());
    let (mut decorated, mut accents, mut is_masked) = (0, 0, false);
    for (offset, ch) in text[word.clone()].char_indices() {
        let as_drawn = drawn.get(next).filter(|(place, _)| *place == word.start + offset).map(|(_, letter)| *letter);
        next += usize::from(as_drawn.is_some());
        let is_itself = as_drawn.is_some_and(|letter| char::from(letter) == ch);
        decorated += usize::from(is_itself);
        is_masked |= as_drawn.is_some() && !is_itself;
        letters.push(match (as_drawn, small_capital(ch), undressed(ch)) {
            (Some(letter), ..) => letter,
            (None, Some(letter), _) => letter as u8,
            (None, None, _) if ch.is_ascii_alphanumeric() => ch as u8,
            // The stroke of the letter before.
            (None, None, None) if belongs_to_no_script(ch) && !letters.is_empty() => {
                is_masked = true;
                continue;
            }
            (None, None, Some(letter)) => {
                accents += 1;
                letter as u8
            }
            (None, None, None) => return None,
        });
    }
    let is_dressed = accents > 0 && is_dressed(text[word.clone()].chars(), decorated);
    if !is_dressed && (accents > 0 || !is_masked) {
        return None;
    }
    let is_mixed =
        || source.get(normalised.source(word)).is_some_and(|word| word.bytes().any(|byte| byte.is_ascii_alphabetic()));
    let is_latin = letters.len() >= LEAST_FOREIGN || is_mixed();
    (is_latin && hints.may_be_word(&letters)).then(|| word.clone())
}
