//! Numbers the words of normalised text, for conditions that ask how far apart terms stand.

/// Counts the words that begin, front to back and window by window.
///
/// A word is a stretch of letters and digits. Where a script puts no spaces between words, each character is one.
#[derive(Debug, Default)]
pub(super) struct WordCounter {
    begun: usize,
    last: Option<char>,
    /// Up to where the window at hand is counted.
    at: usize,
}

impl WordCounter {
    /// A further window begins, in which everything before `counted` has been counted in the one before.
    pub(super) const fn begin_window(&mut self, counted: usize) {
        self.at = counted;
    }

    /// Number of the word that the text before `end` ends with. Offsets must not go down within a window.
    pub(super) fn number_at(&mut self, window: &str, end: usize) -> usize {
        for ch in window.get(self.at..end).unwrap_or_default().chars() {
            let is_within = |ch: char| ch.is_alphanumeric() && !stands_alone(ch);
            let continues = self.last.is_some_and(is_within) && is_within(ch);
            self.begun += usize::from(ch.is_alphanumeric() && !continues);
            self.last = Some(ch);
        }
        self.at = self.at.max(end);
        self.begun
    }
}

/// Whether a character is of a script without spaces: Han, kana, Thai, Lao, Burmese, Khmer.
pub(super) const fn stands_alone(ch: char) -> bool {
    matches!(
        ch,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stretches_of_letters_and_single_ideographs() {
        for (text, words) in
            [("", 0), ("a", 1), ("one, two-three", 3), ("  x ", 1), ("漢字かな", 4), ("a漢b", 3), ("ж1 é", 2)]
        {
            assert_eq!(WordCounter::default().number_at(text, text.len()), words, "{text}");
        }
    }

    #[test]
    fn counting_goes_on_over_windows_and_repeats() {
        let mut counter = WordCounter::default();
        assert_eq!(counter.number_at("one two", 3), 1);
        assert_eq!(counter.number_at("one two", 3), 1);
        assert_eq!(counter.number_at("one two", 6), 2);
        counter.begin_window(2);
        assert_eq!(counter.number_at("two three", 9), 3);
    }
}
