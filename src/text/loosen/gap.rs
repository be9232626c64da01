//! What is between two words, measured from the second.

use std::ops::Range;

use super::hints::alike;
use crate::text::fold::is_word_character;

/// Characters between two words of a phrase.
pub(super) const MOST_GAP: usize = 12;

/// Where the gap before the word at `at` in `text` is, if there are a word before it and not too much between.
pub(super) fn gap_before(text: &str, at: usize) -> Option<Range<usize>> {
    let usual = usual_gap_before(text.as_bytes(), at);
    if let Some((gap, _)) = usual {
        return Some(gap);
    }
    let mut start = at;
    for ch in text.get(..at)?.chars().rev().take(MOST_GAP + 1) {
        if is_word_character(ch) {
            return (start < at && text[at..].chars().next().is_some_and(is_word_character)).then_some(start..at);
        }
        start -= ch.len_utf8();
    }
    None
}

/// The same where all is ASCII and the gap short, with the upper half of the key of the joint, without a branch that
/// depends on how long it is; `None` where it may be otherwise.
#[inline(always)]
pub(super) fn usual_gap_before(text: &[u8], at: usize) -> Option<(Range<usize>, u32)> {
    let before = u64::from_le_bytes(*text.get(..at)?.last_chunk()?);
    let length = letters_of(before).leading_zeros() as usize / 8;
    let is_usual = (1..=MOST_USUAL).contains(&length) && before & EACH_HIGH == 0;
    if !is_usual || !text.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let [one, other, ..] = (before >> (8 * (MOST_USUAL - length))).to_le_bytes();
    Some((at - length..at, u32::from(alike(one)) << 8 | u32::from(alike(other))))
}

/// Bytes of a gap before which, within eight bytes, are two more.
const MOST_USUAL: usize = 6;

/// A one in each byte, and the highest bit of each.
const EACH: u64 = 0x0101_0101_0101_0101;
const EACH_HIGH: u64 = 0x80 * EACH;

/// The highest bit of each byte that is a letter or a digit, all being ASCII.
const fn letters_of(bytes: u64) -> u64 {
    const fn within(bytes: u64, first: u8, last: u8) -> u64 {
        let [from, behind] = [0x80 - first, 0x7f - last];
        (bytes & !EACH_HIGH).wrapping_add(from as u64 * EACH) & !(bytes & !EACH_HIGH).wrapping_add(behind as u64 * EACH)
    }
    (within(bytes | (0x20 * EACH), b'a', b'z') | within(bytes, b'0', b'9')) & EACH_HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_the_same_however_they_are_measured() {
        let ends = ["", "ab", "a", "9 b", "é", "long before", "Z"];
        let marks = (0..0x80_u8).map(|byte| char::from(byte).to_string()).chain(["·".to_owned(), "—".to_owned()]);
        for (mark, count, before) in
            marks.flat_map(|mark| (0..15).flat_map(move |count| ends.map(|end| (mark.clone(), count, end))))
        {
            let gap = mark.repeat(count);
            for behind in ["z", "7 days", "é", "", "-"] {
                let (text, at) = (format!("{before}{gap}{behind}"), before.len() + gap.len());
                let last = text[..at].char_indices().rev().find(|(_, ch)| is_word_character(*ch));
                let start = last.map(|(at, ch)| at + ch.len_utf8());
                let is_gap = |start: &usize| *start < at && text[*start..at].chars().count() <= MOST_GAP;
                let begins_word = text[at..].chars().next().is_some_and(is_word_character);
                let expected = start.filter(is_gap).filter(|_| begins_word).map(|start| start..at);
                assert_eq!(gap_before(&text, at), expected, "{text:?} {at}");
            }
        }
    }
}
