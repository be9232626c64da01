//! Letters in other dress: what people read as plain letters though Unicode calls them something else.
//!
//! - Letters in styles that no compatibility form tells of: small capitals, white letters on black, letters in
//!   parentheses, regional indicators, Braille. They are those letters wherever they stand ([`plain`]).
//! - Capitals that look like a Latin capital while their small letters do not: Β, Н, Т. They may be meant for either
//!   ([`drawn`]).
//! - Letters with a stroke or an accent. One such letter in a word is spelling; on most letters of it they are a
//!   disguise ([`undressed`]).

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::fold::prototype;

/// Letters with a stroke or hook built in that neither decomposes nor is told to look like letter and stroke, and the
/// letter below. In lower case, as text is once normalised.
const STRUCK: [(char, u8); 32] = [
    ('ⱥ', b'a'),
    ('ƀ', b'b'),
    ('ɓ', b'b'),
    ('ȼ', b'c'),
    ('ꞓ', b'c'),
    ('ƈ', b'c'),
    ('đ', b'd'),
    ('ɖ', b'd'),
    ('ɗ', b'd'),
    ('ɇ', b'e'),
    ('ǥ', b'g'),
    ('ɠ', b'g'),
    ('ħ', b'h'),
    ('ɨ', b'i'),
    ('ɉ', b'j'),
    ('ꝁ', b'k'),
    ('ƙ', b'k'),
    ('ł', b'l'),
    ('ƚ', b'l'),
    ('ɲ', b'n'),
    ('ŋ', b'n'),
    ('ø', b'o'),
    ('ɵ', b'o'),
    ('ꝑ', b'p'),
    ('ƥ', b'p'),
    ('ꝗ', b'q'),
    ('ɍ', b'r'),
    ('ŧ', b't'),
    ('ⱦ', b't'),
    ('ʉ', b'u'),
    ('ɏ', b'y'),
    ('ƶ', b'z'),
];

/// Small capitals, a to z. There are none for q and x.
const SMALL_CAPITALS: [char; 26] = [
    'ᴀ', 'ʙ', 'ᴄ', 'ᴅ', 'ᴇ', 'ꜰ', 'ɢ', 'ʜ', 'ɪ', 'ᴊ', 'ᴋ', 'ʟ', 'ᴍ', 'ɴ', 'ᴏ', 'ᴘ', 'ꞯ', 'ʀ', 'ꜱ', 'ᴛ', 'ᴜ', 'ᴠ', 'ᴡ',
    '\0', 'ʏ', 'ᴢ',
];

/// Dots of the letters a to z in Braille, as offsets from U+2800.
const BRAILLE: [u8; 26] = [
    0x01, 0x03, 0x09, 0x19, 0x11, 0x0b, 0x1b, 0x13, 0x0a, 0x1a, 0x05, 0x07, 0x0d, 0x1d, 0x15, 0x0f, 0x1f, 0x17, 0x0e,
    0x1e, 0x25, 0x27, 0x3a, 0x2d, 0x3d, 0x35,
];

/// The plain letter that `ch` is in another style; a space for the Braille cell without dots.
pub(super) fn plain(ch: char) -> Option<char> {
    let code = ch as u32;
    let nth = |first: u32| Some(char::from(b'a' + (code - first) as u8));
    match code {
        0..0x250 => None,
        0x249c..=0x24b5 => nth(0x249c),
        0x1f110..=0x1f129 => nth(0x1f110),
        0x1f150..=0x1f169 => nth(0x1f150),
        0x1f170..=0x1f189 => nth(0x1f170),
        0x1f1e6..=0x1f1ff => nth(0x1f1e6),
        0x2800 => Some(' '),
        0x2801..=0x283f => nth_of(BRAILLE.iter().position(|dots| u32::from(*dots) == code - 0x2800)),
        _ => small_capital(ch),
    }
}

/// The letter that `ch` is a small capital of.
pub(super) fn small_capital(ch: char) -> Option<char> {
    match ch as u32 {
        0x250..=0x2af | 0x1d00..=0x1d2f | 0xa700..=0xa7ff => {
            nth_of(SMALL_CAPITALS.iter().position(|letter| *letter == ch))
        }
        _ => None,
    }
}

fn nth_of(position: Option<usize>) -> Option<char> {
    position.map(|position| char::from(b'a' + position as u8))
}

/// The Latin letter that `ch` is drawn like as it stands, where its case folds it to something else than `folded`.
/// By the skeleton of UTS #39 of the character itself, and of its compatibility form.
pub(super) fn drawn(ch: char, folded: &str) -> Option<char> {
    if ch.is_ascii() {
        return None;
    }
    let mut compatible = ch.nfkc();
    let whole = compatible.next().filter(|_| compatible.next().is_none());
    let letter = std::iter::once(ch).chain(whole).find_map(shape)?;
    (folded.chars().ne([letter])).then_some(letter)
}

/// Whether `ch` looks like an "l" and like a capital I: by UTS #39 these two are one class.
pub(super) fn looks_like_capital_i(ch: char) -> bool {
    let is_it = |ch: char| prototype(ch) == ['l'];
    !ch.is_ascii() && (is_it(ch) || ch.nfkc().all(is_it))
}

/// The one Latin letter, in lower case, that the skeleton of `ch` is.
fn shape(ch: char) -> Option<char> {
    let one = |shape: Vec<char>| <[char; 1]>::try_from(shape).ok().map(|[ch]| ch);
    let first = one(prototype(ch)).filter(char::is_ascii_alphabetic)?;
    // "O" is what zero is drawn like, and "l" what a capital I is.
    one(prototype(first)).filter(char::is_ascii_alphabetic).map(|ch| ch.to_ascii_lowercase())
}

/// The Latin letter that normalised `ch` is with an accent or a stroke.
pub(super) fn undressed(ch: char) -> Option<char> {
    static LATIN: LazyLock<Vec<Option<char>>> = LazyLock::new(|| ('\0'..LATIN_END).map(undress).collect());
    if ch < LATIN_END { LATIN[ch as usize] } else { undress(ch) }
}

/// Where the blocks of Latin letters end that most languages write with.
const LATIN_END: char = '\u{250}';

fn undress(ch: char) -> Option<char> {
    if ch.is_ascii() {
        return None;
    }
    if let Some((_, letter)) = STRUCK.iter().find(|(struck, _)| *struck == ch) {
        return Some(char::from(*letter));
    }
    let (mut first, mut is_whole) = (None, true);
    decompose_canonical(ch, |part| match first {
        None => first = Some(part),
        Some(_) => is_whole &= is_combining_mark(part),
    });
    first.filter(|letter| is_whole && letter.is_ascii_lowercase())
}

/// Whether `ch` is put between letters as an ornament: an emoji, a symbol, an arrow.
pub(super) const fn is_ornament(ch: char) -> bool {
    matches!(ch, '\u{2190}'..='\u{245f}' | '\u{2500}'..='\u{27ff}' | '\u{2900}'..='\u{2bff}' | '\u{1f000}'..='\u{1f0ff}'
        | '\u{1f200}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::{Accents, FoldTable};

    fn folded(ch: char) -> String {
        FoldTable::of(Accents::Kept).fold_run(&[ch])
    }

    #[test]
    fn letters_in_other_styles_are_letters() {
        let styled = "ᴢᴏʀʙʟᴀ🆇🅩🇿⒵🄩⠵⠕⠗⠃⠇⠁⠭⠀⠟⠥⠁⠝⠞⠥⠍";
        let read: String = styled.chars().map(|ch| plain(ch).unwrap_or('?')).collect();
        assert_eq!(read, "zorblaxzzzzzorblax quantum");
        assert_eq!(plain('в'), None);
    }

    #[test]
    fn capitals_are_drawn_like_latin_ones() {
        for (capitals, latin) in
            [("ΒΕΖΗΙΚΜΝΤΥΧΟΑΡ", "bezhlkmntyxoap"), ("ВКМНТІАЕОРСХ", "bkmhtlaeopcx"), ("ꓐᎪⲂ", "bab")]
        {
            let read: String = capitals
                .chars()
                .map(|ch| {
                    let folded = folded(ch);
                    drawn(ch, &folded).map_or(folded, String::from)
                })
                .collect();
            assert_eq!(read, latin, "{capitals}");
        }
        assert_eq!(drawn('É', "é"), None);
        assert_eq!(drawn('Ж', "ж"), None);
    }

    #[test]
    fn accents_and_strokes_come_off() {
        for ch in "źóŕĺáẓọṛḅḷạụṇṭṃƶøƀłⱥʉŧðß".chars() {
            let folded = folded(ch);
            let letters: Vec<char> =
                folded.chars().filter(|ch| !is_combining_mark(*ch)).map(|ch| undressed(ch).unwrap_or(ch)).collect();
            println!("{ch} {folded:?} {letters:?}");
        }
        assert_eq!(undressed('é'), Some('e'));
        assert_eq!((undressed('ж'), undressed('й'), undressed('ß')), (None, None, None));
    }
}
