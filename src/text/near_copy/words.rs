//! A text as the words that near-copies are told by: normalised, without accents and punctuation.
//!
//! In scripts that put no spaces between words, each character counts as a word, together with the two before it: single
//! characters would be the same in any two texts, and where words end there is for dictionaries to guess.

use std::ops::Range;

use crate::content::Deadline;
use crate::text::charset::Charset;
use crate::text::fold::{Accents, is_word_character};
use crate::text::normalise::Normalised;
use crate::text::source::SourceText;
use crate::text::words::is_of_unspaced_script;

/// Bytes that are read at once. Few in tests, so that they see many blocks.
const BLOCK: usize = if cfg!(test) { 1 << 10 } else { 16 << 10 };

/// Bytes of normalised text after which a word ends even if letters follow, so that memory stays bounded.
const LONGEST: usize = 256;

/// Bytes that are looked at to guess the charset of a text that is not UTF-8.
const SAMPLE: usize = 64 << 10;

/// Characters before one of a script without spaces that count with it.
const BEFORE: usize = 2;

/// One word of a text.
#[derive(Debug)]
pub(super) struct Word<'a> {
    /// The word, or the character with those before it.
    pub(super) text: &'a str,
    /// The part of `text` that no other word has.
    pub(super) own: &'a str,
    /// Whether it is of a script without spaces.
    pub(super) is_unspaced: bool,
    /// Where it stands in the original bytes.
    pub(super) span: Range<usize>,
}

/// Every way to read `bytes`, the likeliest first.
pub(super) fn charsets_of(bytes: &[u8]) -> Vec<Charset> {
    Charset::all_of(bytes, SAMPLE)
}

/// Tells `each` the words of `bytes` in order, until the deadline. Linear in time, bounded in memory.
pub(super) fn each_word(bytes: &[u8], charset: Charset, deadline: &Deadline, mut each: impl FnMut(&Word<'_>)) {
    let mut reader = Reader::new();
    let (mut read, mut end) = (0, 0);
    while end < bytes.len() && !deadline.has_passed() {
        end = bytes.len().min(end + BLOCK);
        let is_last = end == bytes.len();
        read += charset.read(&bytes[read..end], read, is_last, &mut reader.source);
        reader.advance(is_last, &mut each);
    }
}

struct Reader {
    source: SourceText,
    normalised: Normalised,
    /// How much of the normalised text has been told.
    done: usize,
}

impl Reader {
    fn new() -> Self {
        Self { source: SourceText::default(), normalised: Normalised::new(Accents::Stripped), done: 0 }
    }

    /// Tells what words the source has gained.
    fn advance(&mut self, is_last: bool, each: &mut impl FnMut(&Word<'_>)) {
        self.normalised.push(&self.source, is_last);
        let text = self.normalised.as_str();
        let end = if is_last { text.len() } else { self.normalised.last_unit() };
        let mut at = self.done;
        while let Some(word) = next_word(text, at..end, is_last) {
            at = word.own.end;
            let source = self.normalised.source(&word.whole);
            each(&Word {
                text: &text[word.whole.clone()],
                own: &text[word.own.clone()],
                is_unspaced: word.is_unspaced,
                span: self.source.original(&source),
            });
        }
        self.done = resume(text, at..end);
        self.forget();
    }

    /// Forgets what no word needs any more.
    fn forget(&mut self) {
        // Characters take up to four bytes.
        self.done -= self.normalised.forget_before(self.done.saturating_sub(4 * (BEFORE + 1)));
        let kept = self.normalised.source(&(0..1)).start;
        self.source.forget_before(kept, kept);
    }
}

/// Where a word is in normalised text.
struct Found {
    whole: Range<usize>,
    own: Range<usize>,
    is_unspaced: bool,
}

/// The first whole word in `range`. One that ends with it is whole only if nothing follows.
fn next_word(text: &str, range: Range<usize>, is_last: bool) -> Option<Found> {
    let rest = text.get(range.clone())?;
    let (skipped, first) = rest.char_indices().find(|(_, ch)| is_word_character(*ch))?;
    let start = range.start + skipped;
    if is_of_unspaced_script(first) {
        let own = start..start + first.len_utf8();
        let before = text[..start].char_indices().rev().take(BEFORE);
        let from = before.take_while(|(_, ch)| is_of_unspaced_script(*ch)).last().map_or(start, |(at, _)| at);
        return Some(Found { whole: from..own.end, own, is_unspaced: true });
    }
    let is_in_word = |ch: char| is_word_character(ch) && !is_of_unspaced_script(ch);
    let letters = rest[skipped..].char_indices();
    let length = letters.take_while(|(at, ch)| is_in_word(*ch) && *at < LONGEST).last();
    let end = start + length.map_or(0, |(at, ch)| at + ch.len_utf8());
    let is_whole = end < range.end || is_last || end - start >= LONGEST;
    is_whole.then_some(Found { whole: start..end, own: start..end, is_unspaced: false })
}

/// Where to go on: at the word that is not whole yet, or at the end.
fn resume(text: &str, rest: Range<usize>) -> usize {
    let begun = text[rest.clone()].find(is_word_character);
    begun.map_or(rest.end, |begun| rest.start + begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: &[u8]) -> Vec<(String, Range<usize>)> {
        let mut words = Vec::new();
        let charset = charsets_of(bytes)[0];
        each_word(bytes, charset, &Deadline::NEVER, |word| words.push((word.text.to_owned(), word.span.clone())));
        words
    }

    #[test]
    fn words_are_normalised_and_say_where_they_were() {
        let word = |text: &str, span| (text.to_owned(), span);
        assert_eq!(words("Ça va, “Vlad”?".as_bytes()), [word("ca", 0..3), word("va", 4..6), word("vlad", 11..15)]);
        assert_eq!(words("  – ".as_bytes()), []);
    }

    #[test]
    fn characters_without_spaces_count_with_those_before_them() {
        let found: Vec<String> = words("我们禁止。abc 萝".as_bytes()).into_iter().map(|(word, _)| word).collect();
        assert_eq!(found, ["我", "我们", "我们禁", "们禁止", "abc", "萝"]);
    }

    #[test]
    fn blocks_make_no_difference() {
        let text = "Größe und 我们禁止萝卜交易, so sagt man – ".repeat(200);
        let parts: Vec<String> =
            words("Größe und 我们禁止萝卜交易, so sagt man – ".as_bytes()).into_iter().map(|(word, _)| word).collect();
        let found = words(text.as_bytes());
        assert_eq!(found.len(), 200 * parts.len());
        for (position, (word, span)) in found.iter().enumerate() {
            assert_eq!(*word, parts[position % parts.len()], "{position} at {span:?}");
            assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
        }
    }

    #[test]
    fn endless_words_end() {
        assert_eq!(words("a".repeat(10_000).as_bytes()).len(), 10_000_usize.div_ceil(LONGEST));
    }

    #[test]
    fn older_charsets_are_read() {
        let (bytes, _, _) =
            encoding_rs::WINDOWS_1251.encode("Съешь же ещё этих мягких французских булок, да выпей чаю");
        let expected: Vec<String> = words("Съешь же ещё этих мягких французских булок, да выпей чаю".as_bytes())
            .into_iter()
            .map(|w| w.0)
            .collect();
        assert_eq!(words(&bytes).into_iter().map(|w| w.0).collect::<Vec<_>>(), expected);
    }
}
