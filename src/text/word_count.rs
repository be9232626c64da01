//! Numbers the words of a text, for conditions that ask how far apart terms stand.

use std::sync::LazyLock;

use super::fold::{Accents, FoldTable, Role, is_alphanumeric};
use super::source::SourceText;
use super::words::{is_half_width_kana, is_of_unspaced_script};

/// Counts the words that begin, front to back, in a text that is there piece by piece.
///
/// A word is a stretch of letters and digits. Where a script puts no spaces between words, each character is one.
#[derive(Clone, Debug, Default)]
pub(super) struct WordCounter {
    begun: usize,
    /// Whether the last character is one of a word that may go on.
    is_open: bool,
    /// Up to where is counted.
    at: usize,
}

impl WordCounter {
    /// Number of the word that the text before `end` ends with; for places that have been counted, that of the last
    /// one.
    pub(super) fn number_at(&mut self, source: &SourceText, end: usize) -> usize {
        let low = &*LOW_KINDS;
        let mut rest = source.get(self.at..end.max(self.at)).unwrap_or_default();
        while !rest.is_empty() {
            let (start, behind) = rest.split_at(rest.floor_char_boundary(STEP));
            if is_plain(start.as_bytes()) {
                self.pass_plain(start.as_bytes());
            } else {
                start.chars().for_each(|ch| {
                    self.pass(low.get(ch as usize).copied().unwrap_or_else(|| Kind::of(ch)));
                });
            }
            rest = behind;
        }
        self.at = self.at.max(end);
        self.begun
    }

    /// Without branches: where words begin and end cannot be foreseen.
    fn pass(&mut self, kind: Kind) {
        self.begun += usize::from(kind.is_alone | (kind.is_letter & !self.is_open));
        self.is_open = kind.is_letter | (kind.is_invisible & self.is_open);
    }

    /// Passes [plain](is_plain) characters, without branches, so that the compiler does many at once.
    fn pass_plain(&mut self, text: &[u8]) {
        let (Some(first), Some(last)) = (text.first(), text.last()) else { return };
        let begins =
            |(before, byte): (&u8, &u8)| u8::from(byte.is_ascii_alphanumeric() & !before.is_ascii_alphanumeric());
        let within: u8 = text.iter().zip(&text[1..]).map(begins).sum();
        self.begun += usize::from(within) + usize::from(first.is_ascii_alphanumeric() && !self.is_open);
        self.is_open = last.is_ascii_alphanumeric();
    }
}

/// Bytes that are counted at once. A half of them fits a byte.
const STEP: usize = 64;

/// Whether `text` is of ASCII that can be seen, and of spaces: of these, letters and digits make words.
fn is_plain(text: &[u8]) -> bool {
    let is_other = |byte: &u8| u8::from(!(matches!(byte, 0x20..=0x7e) | matches!(byte, b'\t' | b'\n' | b'\r')));
    text.iter().map(is_other).fold(0, |any, other| any | other) == 0
}

/// What a character does to the count. One that is none of these ends a word.
#[derive(Clone, Copy)]
struct Kind {
    /// It begins a word, or goes on with one.
    is_letter: bool,
    /// It is a word by itself.
    is_alone: bool,
    /// It is not there.
    is_invisible: bool,
}

impl Kind {
    fn of(ch: char) -> Self {
        let is_invisible = FoldTable::of(Accents::Kept).get(ch).role() == Role::Invisible;
        let is_of_word = is_alphanumeric(ch) && !is_invisible;
        let is_alone = is_of_word && stands_alone(ch);
        Self { is_letter: is_of_word && !is_alone, is_alone, is_invisible }
    }
}

/// The kinds of all characters of one or two bytes.
static LOW_KINDS: LazyLock<[Kind; 0x800]> =
    LazyLock::new(|| std::array::from_fn(|code| Kind::of(char::from_u32(code as u32).unwrap_or_default())));

/// Whether a character counts as a word: those of scripts without spaces, but for kana that are as narrow as letters
/// and hexagrams, and with the Han that Unicode has added since.
pub(super) const fn stands_alone(ch: char) -> bool {
    match ch {
        '\u{4dc0}'..='\u{4dff}' => false,
        '\u{323b0}'..='\u{3ffff}' => true,
        _ => is_of_unspaced_script(ch) && !is_half_width_kana(ch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stretches_of_letters_and_single_ideographs() {
        for (text, words) in [
            ("", 0),
            ("a", 1),
            ("one, two-three", 3),
            ("  x ", 1),
            ("漢字かな", 4),
            ("a漢b", 3),
            ("ж1 é", 2),
            ("tur\u{ad}nip", 1),
        ] {
            assert_eq!(WordCounter::default().number_at(&SourceText::whole(text), text.len()), words, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn many_at_once_are_counted_like_one_by_one(
            text in "([a-z0-9]{0,90}|[ -~\t\n]{0,90}|[\\x00-\\x1f\u{ad}é漢ｶ]){0,8}",
            cut in proptest::prelude::any::<proptest::sample::Index>(),
        ) {
            let mut naive = WordCounter::default();
            text.chars().for_each(|ch| naive.pass(Kind::of(ch)));
            let source = SourceText::whole(&text);
            let mut counter = WordCounter::default();
            counter.number_at(&source, text.floor_char_boundary(cut.index(text.len() + 1)));
            proptest::prop_assert_eq!(counter.number_at(&source, text.len()), naive.begun);
        }
    }

    #[test]
    fn counting_goes_on_from_where_it_was() {
        let mut counter = WordCounter::default();
        let source = SourceText::whole("one two three");
        for (end, number) in [(3, 1), (3, 1), (6, 2), (2, 2), (13, 3)] {
            assert_eq!(counter.number_at(&source, end), number, "{end}");
        }
    }
}
