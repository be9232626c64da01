//! Normalisation with some of its steps left out, for keywords that ask for less than the rest.
//!
//! Text is searched in the form that makes the most spellings equal. Where a keyword with switches off is found, what
//! stands there and the keyword are compared once more in the form that its switches leave.

use unicode_normalization::UnicodeNormalization;

use super::fold;
use super::script;
use super::styled;
use super::switches::{Switch, Switches};

/// Steps that are done to all text, and so have to be undone for a keyword that does not want them.
const STEPS: [Switch; 8] = [
    Switch::Compatibility,
    Switch::Invisible,
    Switch::Marks,
    Switch::Confusables,
    Switch::Kana,
    Switch::Chinese,
    Switch::Arabic,
    Switch::Hebrew,
];

/// Whether `switches` leave out a step that is done to all text.
pub(super) fn is_stricter(switches: Switches) -> bool {
    STEPS.iter().any(|step| !switches.has(*step))
}

/// `text` in the form that `switches` leave, without white space around it.
pub(super) fn folded(text: &str, switches: Switches) -> String {
    let mut chars: Vec<char> = text.chars().map(|ch| if ch.is_whitespace() { ' ' } else { ch }).collect();
    chars.dedup_by(|a, b| *a == ' ' && *b == ' ');
    if switches.has(Switch::Invisible) {
        chars.retain(|ch| !fold::is_invisible(*ch));
    }
    let mut chars: Vec<char> = if switches.has(Switch::Compatibility) {
        chars.into_iter().map(|ch| styled::plain(ch).unwrap_or(ch)).nfkc().collect()
    } else {
        chars.into_iter().nfc().collect()
    };
    if switches.has(Switch::Marks) {
        chars.retain(|ch| !fold::belongs_to_no_script(*ch));
    }
    chars.retain(|ch| !script::is_left_out(*ch, switches));
    let mut text: String = chars.into_iter().map(|ch| script::folded_by(ch, switches)).collect();
    // Whether case counts is decided letter by letter, in `original`.
    text = text.chars().flat_map(fold::fold_case).nfc().collect();
    if switches.has(Switch::Confusables) {
        // The prototype of what is invisible is nothing.
        let prototype = |ch| if fold::is_invisible(ch) { vec![ch] } else { fold::prototype(ch) };
        text = text.nfd().flat_map(prototype).nfc().collect();
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_can_be_left_out() {
        for (switch, one, other) in [
            (Switch::Compatibility, "ｶ", "カ"),
            (Switch::Invisible, "a\u{200b}b", "ab"),
            (Switch::Marks, "a\u{336}b", "ab"),
            (Switch::Confusables, "аb", "ab"),
            (Switch::Kana, "カ", "か"),
            (Switch::Chinese, "漢", "汉"),
            (Switch::Arabic, "أحمد", "احمد"),
            (Switch::Hebrew, "ש\u{5c1}", "ש"),
        ] {
            let all = Switches::default();
            let without = all.without(switch);
            assert!(!is_stricter(all) && is_stricter(without), "{switch:?}");
            assert_eq!(folded(one, all), folded(other, all), "{switch:?}");
            assert_ne!(folded(one, without), folded(other, without), "{switch:?}");
        }
        assert_eq!(folded(" a \n b ", Switches::default()), "a b");
    }
}
