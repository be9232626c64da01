//! What scripts write in more ways than one, and readers take for the same.
//!
//! - Turkish: a capital I with a dot is an i.
//! - Arabic: vowel signs are left out or put in at will, and so is the stroke that stretches a word; alef, ya, kaf and ta
//!   marbuta have forms that are mixed up in everyday spelling, and differ between Arabic and Persian keyboards.
//! - Hebrew: points, likewise.
//! - Japanese: hiragana and katakana spell the same sounds.
//! - Chinese: traditional characters and the simplified ones, one by one, by the table of OpenCC.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::switches::{Switch, Switches};

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let lines = include_str!("traditional.txt").lines().filter(|line| !line.starts_with('#'));
    let pair = |pair: &str| {
        let mut chars = pair.chars();
        chars.next().zip(chars.next())
    };
    lines.flat_map(str::split_whitespace).filter_map(pair).collect()
});

/// Marks above and below letters that are left out or put in at will.
pub(super) const fn is_point(ch: char) -> bool {
    is_hebrew_point(ch) || is_arabic_point(ch)
}

const fn is_hebrew_point(ch: char) -> bool {
    matches!(ch, '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}' | '\u{5c7}')
}

/// Vowel signs and Koranic marks.
const fn is_arabic_point(ch: char) -> bool {
    matches!(ch,
        '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}'
            | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}')
}

/// What only makes a word longer to look at: the Arabic tatweel.
pub(super) const fn is_filler(ch: char) -> bool {
    ch == '\u{640}'
}

/// Whether `ch` is left out by the steps that are on.
pub(super) fn is_left_out(ch: char, switches: Switches) -> bool {
    switches.has(Switch::Hebrew) && is_hebrew_point(ch)
        || switches.has(Switch::Arabic) && (is_arabic_point(ch) || is_filler(ch))
}

/// `ch` in the one way that the steps that are on leave.
pub(super) fn folded_by(ch: char, switches: Switches) -> char {
    let step = match ch {
        _ if is_han(ch) => Switch::Chinese,
        '\u{3040}'..='\u{30ff}' => Switch::Kana,
        _ => Switch::Arabic,
    };
    if switches.has(step) { folded(ch) } else { ch }
}

/// `ch` in the one way.
pub(super) fn folded(ch: char) -> char {
    match ch {
        _ if is_han(ch) => SIMPLIFIED.get(&ch).copied().unwrap_or(ch),
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' | 'ئ' => 'ي',
        'ک' => 'ك',
        'ة' => 'ه',
        'ؤ' => 'و',
        // Its small letter would keep a dot of its own above.
        'İ' => 'i',
        // Katakana stand where hiragana do, 96 places further on.
        '\u{30a1}'..='\u{30f6}' | '\u{30fd}'..='\u{30fe}' => char::from_u32(ch as u32 - 96).unwrap_or(ch),
        _ => ch,
    }
}

const fn is_han(ch: char) -> bool {
    matches!(ch, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_written_one_way() {
        for (one, other) in [("أإآ", "ااا"), ("ى", "ی"), ("カガ", "かが"), ("漢字", "汉字"), ("abc", "abc")]
        {
            let fold = |text: &str| text.chars().map(folded).collect::<String>();
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
        assert!(is_point('\u{64e}') && is_point('\u{5b4}') && !is_point('\u{5be}'));
    }
}
