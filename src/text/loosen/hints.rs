//! What keywords look like, roughly: so that only few places of everyday text are read leniently.
//!
//! Bloom filters of letters that meet in keywords: a place that they do not have hides no keyword; one
//! that they have may hide none all the same.
//!
//! Letters are told apart as leet does: "4" and "a" are one, "1", "l" and "i" are.

use std::ops::Range;

use super::bits::Bits;
use super::gap::{gap_before, usual_gap_before};
use super::signs::{is_half_letter, letter_of};
use super::words::bare;
use crate::text::fold::{belongs_to_no_script, is_word_character};
use crate::text::rule::Words;

/// What keywords look like.
#[derive(Debug)]
pub(in crate::text) struct Hints {
    /// How the words of phrases meet: two letters at either side.
    joints: Bits,
    /// The same with three letters at either side, and whether an apostrophe is between them.
    far_joints: Bits,
    /// The first two letters behind a joint.
    starts: Bits,
    /// How words begin and end: two letters each.
    words: Bits,
    /// Two letters that follow each other.
    twos: Bits,
    /// The same of keywords that may stand within a word.
    inner_twos: Bits,
    /// Three letters that follow each other, and four, of the other keywords.
    threes: Bits,
    fours: Bits,
    has_phrases: bool,
    /// Whether a keyword may stand within a word.
    is_anywhere: bool,
    /// Whether of a phrase the first or last word is one letter that may be the end of any word.
    has_open_ends: bool,
    /// Whether everything passes.
    is_open: bool,
}

/// What two letters that follow each other are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// Letters of a keyword, perhaps.
    InKeyword,
    /// One letter, written twice.
    Equal,
    /// Not of one keyword.
    Never,
}

impl Hints {
    /// The hints of `keywords`, which are normalised.
    pub(in crate::text) fn of<'k>(keywords: impl Iterator<Item = (&'k str, Words)>) -> Self {
        let mut keys: [Vec<u32>; 8] = Default::default();
        let [joints, far_joints, starts, ends, twos, inner_twos, threes, fours] = &mut keys;
        let (mut is_anywhere, mut has_open_ends) = (false, false);
        for (keyword, words) in keywords {
            is_anywhere |= words == Words::Anywhere;
            let is_letter = |word: Option<Range<usize>>| word.is_some_and(|word| word.len() == 1);
            has_open_ends |= words == Words::Anywhere
                && (is_letter(words_of(keyword).next()) || is_letter(words_of(keyword).last()));
            let mut last_end = None;
            // Letters that may come to stand side by side: those of words with nothing but a space between them.
            let mut letters = vec![Vec::new()];
            // A whole word has no letter before it; what is before others is not known.
            let padding = if words == Words::Whole { " " } else { "" };
            let padded = format!("{padding}{keyword}{padding}");
            for word in words_of(&padded) {
                let bytes = &padded.as_bytes()[word.clone()];
                ends.push(key_of_word(bytes.iter().copied()));
                if let Some(gap) = last_end.map(|end| end..word.start) {
                    let key = key_of_joint(padded.as_bytes(), &gap);
                    joints.push(key);
                    starts.push(key_of_start(bytes));
                    let sides = sides(&padded, &gap).map(|side| side.unwrap_or(ANY));
                    far_joints.push(key_of_far_joint(key, sides, &padded[gap.clone()] == "'"));
                    letters.extend((padded[gap] != *" ").then(Vec::new));
                }
                last_end = Some(word.end);
                letters.last_mut().into_iter().for_each(|letters| letters.extend_from_slice(bytes));
            }
            let keys_of = |count: usize| letters.iter().flat_map(move |row| row.windows(count)).map(key_of_letters);
            twos.extend(keys_of(2));
            match words {
                Words::Whole => {
                    threes.extend(keys_of(3));
                    fours.extend(keys_of(4));
                }
                Words::Anywhere => inner_twos.extend(keys_of(2)),
            }
        }
        let has_phrases = !joints.is_empty();
        let [joints, far_joints, starts, words, twos, inner_twos, threes, fours] = keys.map(Bits::of);
        Self {
            joints,
            far_joints,
            starts,
            words,
            twos,
            inner_twos,
            threes,
            fours,
            has_phrases,
            is_anywhere,
            has_open_ends,
            is_open: false,
        }
    }

    /// Hints that everything passes.
    #[cfg(test)]
    pub(in crate::text) fn open() -> Self {
        Self { is_open: true, ..Self::of(std::iter::empty()) }
    }

    /// Whether there is a phrase.
    pub(super) const fn have_phrases(&self) -> bool {
        self.has_phrases
    }

    /// Where the gap before the word at `at` in `text` is, if a phrase may go on across it.
    pub(super) fn joint_before(&self, text: &str, at: usize) -> Option<Range<usize>> {
        let may_start = || self.starts.has(key_of_start(&text.as_bytes()[at..]));
        // The joint first: it says no nearly always, so that the processor foresees it.
        if let Some((gap, ends)) = usual_gap_before(text.as_bytes(), at) {
            let key = ends << 16 | key_of_start(&text.as_bytes()[at..]);
            let may_join = self.joints.has(key) && may_start() && self.may_join_far(text, &gap, key);
            return may_join.then_some(gap);
        }
        if !may_start() {
            return None;
        }
        gap_before(text, at).filter(|gap| self.may_join(text, gap))
    }

    /// Whether the words at either side of `gap` in `text` may follow each other in a phrase.
    pub(super) fn may_join(&self, text: &str, gap: &Range<usize>) -> bool {
        let key = key_of_joint(text.as_bytes(), gap);
        self.joints.has(key) && self.may_join_far(text, gap, key)
    }

    /// Whether the words at either side of `gap` in `text`, which are as they are written, may follow each other in a
    /// phrase.
    pub(super) fn may_follow(&self, text: &str, gap: &Range<usize>) -> bool {
        let key = key_of_joint(text.as_bytes(), gap);
        let masks = if self.has_open_ends { &OPEN_ENDS[..] } else { &OPEN_ENDS[..1] };
        let has = |mask: &u32| self.joints.has(key & mask) && self.may_join_far(text, gap, key & mask);
        self.is_open || masks.iter().any(has)
    }

    /// Whether they may by three letters at either side, where these are known, besides those that `key` is of.
    fn may_join_far(&self, text: &str, gap: &Range<usize>, key: u32) -> bool {
        let [Some(one), Some(other)] = sides(text, gap) else {
            return true;
        };
        [false, true].into_iter().any(|is_apostrophe| self.has_far_joint(key, [one, other], is_apostrophe))
    }

    /// Whether `gap` of `text`, across which a phrase may go on, is the apostrophe that all such phrases have there, as
    /// in "don't": as it is written, it hides nothing.
    pub(super) fn is_usual(&self, text: &str, gap: &Range<usize>) -> bool {
        if &text[gap.clone()] != "'" {
            return false;
        }
        let key = key_of_joint(text.as_bytes(), gap);
        matches!(sides(text, gap), [Some(one), Some(other)] if !self.has_far_joint(key, [one, other], false))
    }

    /// Whether a keyword may have letters like these at either side of an apostrophe, or of anything else.
    fn has_far_joint(&self, key: u32, [one, other]: [u32; 2], is_apostrophe: bool) -> bool {
        let wanted = [[one, other], [ANY, other], [one, ANY], [ANY, ANY]];
        wanted.into_iter().any(|sides| self.far_joints.has(key_of_far_joint(key, sides, is_apostrophe)))
    }

    /// Whether `word` may be one of a keyword.
    pub(super) fn may_be_word(&self, word: &[u8]) -> bool {
        self.is_anywhere || self.is_open || self.words.has(key_of_word(word.iter().copied()))
    }

    /// Whether a keyword may go on across `gap` of `text`, or over the sign that is there.
    pub(super) fn may_go_on(&self, text: &[u8], gap: &Range<usize>) -> bool {
        if let Some(sign) = (gap.len() == 1).then(|| letter_of(char::from(text[gap.start]))).flatten() {
            return self.may_stand(text, gap, sign as u8);
        }
        match Around::of(text, gap) {
            _ if self.is_open => true,
            Around { before: [Some(first), Some(second)], behind: [Some(third), Some(fourth)] } => {
                self.may_be_within(&[first, second, third, fourth], 1)
            }
            Around { before: [Some(first), Some(second)], behind: [Some(third), None] } => {
                self.may_be_within(&[first, second, third], 1)
            }
            Around { before: [None, Some(second)], behind: [Some(third), Some(fourth)] } => {
                self.may_be_within(&[second, third, fourth], 0)
            }
            Around { before: [_, before], behind: [behind, _] } => self.may_meet((before, behind)),
        }
    }

    /// Whether a keyword may have `letter`, once or twice, in place of what is at `place` of `text`.
    pub(super) fn may_stand(&self, text: &[u8], place: &Range<usize>, letter: u8) -> bool {
        match Around::of(text, place) {
            _ if self.is_open => true,
            Around { before: [_, Some(before)], behind: [Some(behind), _] } => {
                self.may_be_within(&[before, letter, behind], 0)
                    || self.may_be_inner([letter, behind])
                    || self.fours.has(key_of_letters(&[before, letter, letter, behind]))
            }
            Around { before: [Some(first), Some(second)], .. } => self.may_be_within(&[first, second, letter], 1),
            Around { behind: [Some(first), Some(second)], .. } => self.may_be_within(&[letter, first, second], 0),
            Around { before: [_, before], behind: [behind, _] } => {
                self.may_meet((before, Some(letter))) && self.may_meet((Some(letter), behind))
            }
        }
    }

    /// Whether `letters`, three or four, may follow each other in a keyword, or the two from `inner` on in one that may
    /// stand within a word.
    fn may_be_within(&self, letters: &[u8], inner: usize) -> bool {
        // Equal letters may be one.
        let has_equal = letters.windows(2).any(|two| alike(two[0]) == alike(two[1]));
        let whole = if letters.len() == 3 { &self.threes } else { &self.fours };
        has_equal || whole.has(key_of_letters(letters)) || self.may_be_inner([letters[inner], letters[inner + 1]])
    }

    /// Whether two letters may follow each other in a keyword that may stand within a word, whose ends are not known
    /// there.
    fn may_be_inner(&self, letters: [u8; 2]) -> bool {
        self.inner_twos.has(key_of_letters(&letters))
    }

    /// What the letters at `one` and `next` of `text`, which stand alone, are to each other.
    pub(super) fn meeting(&self, text: &[u8], one: usize, next: usize) -> Meeting {
        let is_sign = |byte: &u8| letter_of(char::from(*byte)).is_some() || is_half_letter(*byte);
        match (text[one], text[next]) {
            (one, next) if self.is_open || !one.is_ascii() || !next.is_ascii() => Meeting::InKeyword,
            (one, next) if self.twos.has(key_of_letters(&[one, next])) => Meeting::InKeyword,
            (one, next) if alike(one) == alike(next) => Meeting::Equal,
            _ if text[one + 1..next].iter().any(is_sign) => Meeting::InKeyword,
            _ => Meeting::Never,
        }
    }

    /// Whether two letters may follow each other in a keyword. What is none, or not known, may be anything.
    fn may_meet(&self, pair: (Option<u8>, Option<u8>)) -> bool {
        let (Some(one), Some(next)) = pair else {
            return true;
        };
        alike(one) == alike(next) || self.twos.has(key_of_letters(&[one, next]))
    }
}

/// The two letters of ASCII or digits before a place and behind it. What is none of these may be anything, or nothing.
struct Around {
    before: [Option<u8>; 2],
    behind: [Option<u8>; 2],
}

impl Around {
    fn of(text: &[u8], place: &Range<usize>) -> Self {
        let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().filter(u8::is_ascii_alphanumeric);
        let before = [2, 1].map(|distance| letter(place.start.checked_sub(distance)));
        let behind = [0, 1].map(|distance| letter(Some(place.end + distance)));
        // What is beyond something unknown says nothing.
        Self {
            before: [before[0].filter(|_| before[1].is_some()), before[1]],
            behind: [behind[0], behind[1].filter(|_| behind[0].is_some())],
        }
    }
}

fn words_of(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split_inclusive(|ch: char| !is_word_character(ch)).filter_map(move |piece| {
        let start = at;
        at += piece.len();
        let word = piece.trim_end_matches(|ch: char| !is_word_character(ch));
        (!word.is_empty()).then_some(start..start + word.len())
    })
}

/// The two bytes of words before and behind `gap`, a zero for what is of no word.
fn key_of_joint(text: &[u8], gap: &Range<usize>) -> u32 {
    let byte = |at: Option<usize>| at.and_then(|at| text.get(at)).map_or(0, |byte| alike(*byte));
    let at = [gap.start.checked_sub(2), gap.start.checked_sub(1), Some(gap.end), Some(gap.end + 1)];
    at.into_iter().fold(0, |key, at| key << 8 | u32::from(byte(at)))
}

/// What is left of the key of a joint where a phrase, which may stand within a word, leaves its outer letters open.
const OPEN_ENDS: [u32; 4] = [u32::MAX, 0x00ff_ffff, 0xffff_ff00, 0x00ff_ff00];

/// Stands for letters beside a gap that a keyword leaves open.
const ANY: u32 = u32::MAX;

/// Keys of the three letters before and behind `gap`, or of fewer where a word has no more; `None` where they are not
/// known, or may be in disguise.
fn sides(text: &str, gap: &Range<usize>) -> [Option<u32>; 2] {
    let (before, behind) = (text.get(..gap.start), text.get(gap.end..));
    [before.and_then(|text| key_of_side(text.chars().rev())), behind.and_then(|text| key_of_side(text.chars()))]
}

/// The same of one side, of which `chars` are the next. A letter that is repeated may be one, and marks over letters
/// are left out.
fn key_of_side(chars: impl Iterator<Item = char>) -> Option<u32> {
    let (mut key, mut last, mut count) = (0_u32, 0, 0);
    for ch in chars.take(MOST_OF_SIDE) {
        let letter = match ch {
            ' ' => return Some(key),
            ch if ch.is_ascii_alphanumeric() => u32::from(alike(ch as u8)),
            ch if belongs_to_no_script(ch) => continue,
            ch if is_word_character(ch) && bare(ch).is_none() => ch.into(),
            _ => return None,
        };
        if letter != last {
            (key, last, count) = (key.rotate_left(10) ^ letter, letter, count + 1);
        }
        if count == 3 {
            return Some(key);
        }
    }
    None
}

/// Characters in which the letters of one side are.
const MOST_OF_SIDE: usize = 8;

fn key_of_far_joint(joint: u32, [one, other]: [u32; 2], is_apostrophe: bool) -> u32 {
    joint.rotate_left(5) ^ one.rotate_left(13) ^ other.wrapping_mul(0x85eb_ca6b) ^ u32::from(is_apostrophe) << 31
}

fn key_of_letters(letters: &[u8]) -> u32 {
    letters.iter().fold(letters.len() as u32, |key, letter| key << 8 | u32::from(alike(*letter)))
}

/// The two letters that a word begins with.
fn key_of_start(word: &[u8]) -> u32 {
    let byte = |at: usize| word.get(at).map_or(0, |byte| u32::from(alike(*byte)));
    byte(0) << 8 | byte(1)
}

fn key_of_word(bytes: impl DoubleEndedIterator<Item = u8> + Clone) -> u32 {
    let ends = bytes.clone().take(2).chain(bytes.rev().take(2));
    ends.fold(1, |key, byte| key << 8 | u32::from(alike(byte)))
}

/// One byte for all that leet takes for the same; zero for what is of no word.
pub(super) const fn alike(byte: u8) -> u8 {
    ALIKE[byte as usize]
}

const ALIKE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = alike_of(byte as u8);
        byte += 1;
    }
    table
};

const fn alike_of(byte: u8) -> u8 {
    match byte {
        b'2' => b'z',
        b'3' => b'e',
        b'4' => b'a',
        b'5' => b's',
        b'7' => b't',
        b'8' => b'b',
        b'9' | b'q' => b'g',
        b'l' => b'i',
        byte if byte < 0x80 && !byte.is_ascii_alphanumeric() => 0,
        byte => byte,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keywords_have_passes_and_little_else() {
        let keywords = [("zorblax quantum", Words::Whole), ("x y", Words::Whole), ("turnip", Words::Whole)];
        let hints = Hints::of(keywords.into_iter());
        for text in ["zorblax** **quantum", "zorbl4x, 9uantum", "zorblax - quantum", "x, y"] {
            let at = text.rfind(|ch: char| !ch.is_alphanumeric()).map_or(0, |at| at + 1);
            assert!(hints.joint_before(text, at).is_some(), "{text}");
        }
        assert!(hints.joint_before("zorblax quantum", 0).is_none());
        for (text, passes) in [
            ("parallax, quantum", true),
            ("parallex, quantum", false),
            ("zorblax, quince", false),
            ("zorbl.ax, quantum", true),
            ("zorblaxx, quantum", false),
            ("zorblax, quaaantum", true),
            ("zorblax, qu\u{20e3}antum", true),
        ] {
            assert_eq!(hints.joint_before(text, text.find("qu").unwrap_or(0)).is_some(), passes, "{text}");
        }
        let inner = Hints::of([("ax of quantum", Words::Anywhere)].into_iter());
        assert!(inner.joint_before("zorblax, of quantum", 9).is_some() && inner.joint_before("ax, on", 4).is_none());
        assert!(hints.joint_before("turnip, quantum", 8).is_none());
        let contraction = [("don't quince", Words::Whole), ("won t", Words::Whole)];
        let hints_of_signs = Hints::of(contraction.into_iter());
        for (text, is_usual) in [("don't quince", true), ("don-t quince", false), ("won't", false)] {
            let at = text.find(['\'', '-']).unwrap_or_default();
            assert_eq!(hints_of_signs.is_usual(text, &(at..at + 1)), is_usual, "{text}");
            assert!(hints_of_signs.joint_before(text, at + 1).is_some(), "{text}");
        }
        let inner = Hints::of(contraction.into_iter().take(1));
        assert!(!inner.may_go_on(b"don't", &(3..4)) && inner.may_go_on(b"do.n't", &(2..3)));
        assert!(hints.may_be_word(b"turnip") && hints.may_be_word(b"7urnlp") && !hints.may_be_word(b"parsnip"));
        for (text, passes) in [
            ("tur.nip", true),
            ("7ur.nlp", true),
            ("t.urnip", true),
            ("zorblax.quantum", true),
            ("tur.mip", false),
            ("bar.nip", false),
            ("t.wenty", false),
            ("turr.nip", true),
            ("t.ur", true),
            ("t.un", false),
            ("tu.r", true),
            ("tu.n", false),
        ] {
            let at = text.find('.').unwrap_or_default();
            assert_eq!(hints.may_go_on(text.as_bytes(), &(at..at + 1)), passes, "{text}");
        }
        assert!(hints.may_go_on(b"7urnip", &(0..1)) && !hints.may_go_on(b"7ent", &(0..1)));
        assert!(hints.may_go_on(b"turn!p", &(4..5)) && !hints.may_go_on(b"burn!t", &(4..5)));
        assert!(hints.may_go_on(b"7ur", &(0..1)) && !hints.may_go_on(b"7un", &(0..1)));
        assert!(hints.may_stand(b"turrrnip", &(2..5), b'r') && !hints.may_stand(b"turrrmip", &(2..5), b'r'));
        let inner = Hints::of([("turnip", Words::Anywhere)].into_iter());
        assert!(inner.may_go_on(b"bar.nip", &(3..4)) && !inner.may_go_on(b"tur.mip", &(3..4)));
        assert!(inner.may_go_on(b"x7urnip", &(1..2)) && !inner.may_go_on(b"x7ent", &(1..2)));
        for (text, expected) in [
            ("t u", Meeting::InKeyword),
            ("7, v", Meeting::Never),
            ("t t", Meeting::Equal),
            ("t!p", Meeting::InKeyword),
            ("t()p", Meeting::InKeyword),
            ("t - p", Meeting::Never),
        ] {
            assert_eq!(hints.meeting(text.as_bytes(), 0, text.len() - 1), expected, "{text}");
        }
    }
}
