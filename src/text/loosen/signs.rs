//! Signs that stand for letters, and marks that are put between them.

use crate::text::styled::is_ornament;

/// The letter that `ch` may stand for. Not "6", which the Cyrillic б is folded to, and not what "€" and the Greek ε
/// are.
pub(super) const fn letter_of(ch: char) -> Option<char> {
    Some(match ch {
        '2' => 'z',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '!' => 'i',
        _ => return None,
    })
}

/// The letter that two signs may be drawn as.
pub(super) const fn letter_of_pair(one: u8, other: u8) -> Option<char> {
    Some(match (one, other) {
        (b'(', b')') | (b'[', b']') | (b'<', b'>') => 'o',
        (b'>', b'<') => 'x',
        (b'/', b'\\') => 'a',
        (b'\\', b'/') => 'v',
        _ => return None,
    })
}

/// Whether `byte` is one of two signs that may be drawn as a letter.
pub(super) const fn is_half_letter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'[' | b']' | b'<' | b'>' | b'/' | b'\\')
}

/// Whether `ch` is put between the letters of a word, to hide it and otherwise. What ends words in text that lacks
/// spaces is none.
pub(super) const fn is_mark(ch: char) -> bool {
    matches!(ch, '.' | '-' | '_' | '*' | '~' | '\'' | '^' | '\\' | '·' | '•' | '‧' | '∙')
}

/// Whether `ch` divides a word at the end of a line: the hyphen, in mails the sign of quoted-printable, and what old
/// programs show for one that is optional.
pub(super) const fn is_hyphen(ch: char) -> bool {
    matches!(ch, '-' | '=' | '¬')
}

/// Whether `ch` emphasises what it stands around when it is written twice, as in Markdown.
pub(super) const fn is_paired_mark(ch: char) -> bool {
    matches!(ch, '*' | '_' | '~' | '\'')
}

/// Whether the mark at `at` ends two or three of a kind behind a letter, or two signs that are a letter.
pub(super) fn is_behind_pair(text: &[u8], at: usize) -> bool {
    let count = text[..=at].iter().rev().take(MOST_MARKS + 1).take_while(|byte| **byte == text[at]).count();
    let is_letter = |at: Option<usize>| at.is_some_and(|at| text[at].is_ascii_alphanumeric() || text[at] >= 0x80);
    let is_emphasis = (2..=MOST_MARKS).contains(&count) && is_paired_mark(char::from(text[at]));
    let is_pair = at > 1 && letter_of_pair(text[at - 1], text[at]).is_some();
    is_emphasis && is_letter(at.checked_sub(count)) || is_pair && is_letter(at.checked_sub(2))
}

/// Marks in a row within a word.
pub(super) const MOST_MARKS: usize = 3;

/// How many of `chars`, which begin behind a letter, are marks within a word, if a letter comes behind them.
pub(super) fn marks(mut chars: impl Iterator<Item = char>) -> usize {
    let Some(first) = chars.next() else {
        return 0;
    };
    if !is_ornament(first) && !is_paired_mark(first) {
        return usize::from(is_mark(first));
    }
    let goes_on = |ch: &char| if is_ornament(first) { is_ornament(*ch) } else { *ch == first };
    1 + chars.take(MOST_MARKS).take_while(goes_on).count()
}
