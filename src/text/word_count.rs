//! Numbers the words of a text, for conditions that ask how far apart terms stand.

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
        for ch in source.get(self.at..end.max(self.at)).unwrap_or_default().chars() {
            if FoldTable::of(Accents::Kept).get(ch).role() == Role::Invisible {
                continue;
            }
            let is_of_word = is_alphanumeric(ch);
            let goes_on = is_of_word && !stands_alone(ch);
            self.begun += usize::from(is_of_word && !(self.is_open && goes_on));
            self.is_open = goes_on;
        }
        self.at = self.at.max(end);
        self.begun
    }
}

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

    #[test]
    fn counting_goes_on_from_where_it_was() {
        let mut counter = WordCounter::default();
        let source = SourceText::whole("one two three");
        for (end, number) in [(3, 1), (3, 1), (6, 2), (2, 2), (13, 3)] {
            assert_eq!(counter.number_at(&source, end), number, "{end}");
        }
    }
}
