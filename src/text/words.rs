//! Where words end in scripts that put no spaces between them.
//!
//! Source: Unicode Standard Annex #29, with the dictionaries that `icu_segmenter` ships for Chinese, Japanese, Thai, Lao,
//! Khmer and Burmese.

use std::sync::LazyLock;

use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};

use super::source::SourceText;

/// Characters to either side of a place that are looked at to tell where words end: more than a word has.
const CONTEXT: usize = 40;

static SEGMENTER: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_dictionary(Default::default()));

/// Whether `ch` is drawn as a blank though it counts as nothing: the Hangul fillers.
pub(super) const fn is_drawn_blank(ch: char) -> bool {
    matches!(ch, '\u{115f}'..='\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// Whether a word ends between the letters before and behind `at`, which takes that one of them is of a script without
/// spaces, or that a blank is drawn between them.
pub(super) fn end_between(source: &SourceText, at: usize) -> bool {
    let (before, behind) = (source.up_to(at), source.from(at));
    if before.ends_with(is_drawn_blank) || behind.starts_with(is_drawn_blank) {
        return true;
    }
    let is_unspaced = |ch: Option<char>| ch.is_some_and(is_of_unspaced_script);
    if !is_unspaced(before.chars().next_back()) && !is_unspaced(behind.chars().next()) {
        return false;
    }
    let start = before.char_indices().rev().take(CONTEXT).last().map_or(0, |(start, _)| start);
    let end = behind.char_indices().nth(CONTEXT).map_or(behind.len(), |(end, _)| end);
    let context = [&before[start..], &behind[..end]].concat();
    SEGMENTER.segment_str(&context).any(|boundary| boundary == before.len() - start)
}

/// Whether `ch` is of a script without spaces: Han, kana, Thai, Lao, Burmese, Khmer.
pub(super) const fn is_of_unspaced_script(ch: char) -> bool {
    is_half_width_kana(ch)
        || matches!(ch,
            '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
                | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Kana that are as narrow as letters.
pub(super) const fn is_half_width_kana(ch: char) -> bool {
    matches!(ch, '\u{ff66}'..='\u{ff9f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_dictionaries_say() {
        for (text, word, expected) in [
            ("我们禁止萝卜交易", "萝卜", true),
            ("東京都に住んでいます", "東京都", true),
            ("ฉันชอบกินหัวผักกาด", "กิน", true),
            ("ฉันชอบกินหัวผักกาด", "ชอ", false),
            ("turnips", "turnip", false),
            ("репаж", "репа", false),
        ] {
            let source = SourceText::whole(text);
            let at = text.find(word).unwrap();
            let is_alone = |at: usize| at == 0 || at == text.len() || end_between(&source, at);
            assert_eq!(is_alone(at) && is_alone(at + word.len()), expected, "{word} in {text}");
        }
    }
}
