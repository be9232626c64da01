//! What is searched around a stretch, since a phrase may go on there: word by word as far as words follow each other as
//! they do in some phrase.

use std::ops::Range;

use super::hints::Hints;
use crate::text::fold::is_word_character;
use crate::text::source::{boundary_before, boundary_behind};

/// The bytes of `text` that a phrase may take which has something of `stretch`, with the signs around them, and no more
/// than `most` to either side.
///
/// The word next to the stretch always is among them: of letters in disguise nobody knows what may follow them.
pub(super) fn around(text: &str, stretch: &Range<usize>, most: usize, hints: &Hints) -> Range<usize> {
    let first = boundary_before(text, stretch.start.saturating_sub(most));
    let last = boundary_behind(text, stretch.end + most);
    start(text, first..stretch.start, hints)..end(text, stretch.end..last, hints)
}

/// Where the phrase starts that may go on at the end of `within`.
fn start(text: &str, within: Range<usize>, hints: &Hints) -> usize {
    let mut rest = &text[within.clone()];
    let mut is_next = true;
    while !rest.is_empty() {
        let word_end = rest.trim_end_matches(|ch| !is_word_character(ch)).len();
        let gap = within.start + word_end..within.start + rest.len();
        if !is_next && !hints.may_follow(text, &gap) {
            return gap.start;
        }
        is_next = false;
        rest = rest[..word_end].trim_end_matches(is_word_character);
    }
    within.start
}

/// Where the phrase ends that may go on at the start of `within`.
fn end(text: &str, within: Range<usize>, hints: &Hints) -> usize {
    let mut rest = &text[within.clone()];
    let mut is_next = true;
    while !rest.is_empty() {
        let word = rest.trim_start_matches(|ch| !is_word_character(ch));
        let gap = within.end - rest.len()..within.end - word.len();
        if !is_next && !hints.may_follow(text, &gap) {
            return gap.end;
        }
        is_next = false;
        rest = word.trim_start_matches(is_word_character);
    }
    within.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::rule::Words;

    #[test]
    fn a_stretch_is_searched_with_the_words_that_a_phrase_may_have_around_it() {
        let hints = Hints::of([("my zorblax quantum c++", Words::Whole)].into_iter());
        for (text, expected) in [
            ("so my zorblax [q.uantum] c++ and so on", " my zorblax q.uantum c++ "),
            ("so my [z.orblax] quantum c++ and", " my z.orblax quantum c++ "),
            ("and now so [z.orblax] then and now", " so z.orblax then "),
            ("[z.orblax]", "z.orblax"),
        ] {
            let stretch = text.find('[').unwrap()..text.find(']').unwrap() - 1;
            let text = text.replace(['[', ']'], "");
            assert_eq!(&text[around(&text, &stretch, 128, &hints)], expected);
            assert_eq!(around(&text, &stretch, 0, &hints), stretch);
        }
        let inner = Hints::of([("a bc de f", Words::Anywhere)].into_iter());
        for (text, expected) in
            [("one xa bc [de] fx more", " xa bc de fx "), ("one xa [bc] de fx more", " xa bc de fx ")]
        {
            let stretch = text.find('[').unwrap()..text.find(']').unwrap() - 1;
            let text = text.replace(['[', ']'], "");
            assert_eq!(&text[around(&text, &stretch, 128, &inner)], expected, "what is before \"a\" is not known");
        }
    }
}
