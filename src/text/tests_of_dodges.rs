//! Ways to hide a keyword from machines and not from people, sort by sort.

use std::collections::HashMap;

use super::{RuleSet, parse_rules};
use crate::content::Deadline;

const KEYWORDS: [&str; 3] = ["zorblax quantum", "zorblaxian", "fjord vexing chimp skewy"];

fn rule_set() -> RuleSet {
    let keywords = toml::Value::from(KEYWORDS.to_vec());
    RuleSet::compile(parse_rules(&format!("[[rule]]\nid = \"r\"\nkeywords = {keywords}")).unwrap()).unwrap()
}

/// Those of `texts` in which nothing is found, alone or in a sentence.
fn missed(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let set = rule_set();
    let is_missed = |text: &String| {
        [text.clone(), format!("note {text} end")]
            .iter()
            .any(|text| set.scan(text.as_bytes(), &Deadline::NEVER).is_empty())
    };
    texts.into_iter().filter(is_missed).collect()
}

fn skeleton(ch: char) -> String {
    unicode_security::skeleton(ch.encode_utf8(&mut [0; 4])).collect()
}

#[test]
fn whatever_looks_like_a_letter_is_read_as_it_in_either_case() {
    let mut alike: HashMap<String, Vec<char>> = HashMap::new();
    // The upright dash is the dash that it is a form of.
    let is_known = |ch: &char| skeleton(*ch) != ch.to_string() && *ch != '\u{fe31}';
    for ch in ('\u{80}'..=char::MAX).filter(is_known) {
        alike.entry(skeleton(ch)).or_default().push(ch);
    }
    let mut texts = Vec::new();
    for keyword in KEYWORDS.map(str::to_owned).into_iter().chain(KEYWORDS.map(str::to_uppercase)) {
        for (at, letter) in keyword.char_indices().filter(|(_, letter)| *letter != ' ') {
            let same = alike.get(&skeleton(letter)).into_iter().flatten();
            texts.extend(same.map(|ch| format!("{}{ch}{}", &keyword[..at], &keyword[at + 1..])));
        }
    }
    assert!(texts.len() > 2500, "{}", texts.len());
    texts.extend(["ΖΟRΒLΑΧΙΑΝ", "ZОRВLАХІАN", "ꓜꓳꓣꓐꓡꓮꓫꓲꓮꓠ", "ＺＯＲＢＬＡＸＩＡＮ"].map(str::to_owned));
    assert_eq!(missed(texts), [""; 0]);
}

#[test]
fn blanks_that_count_as_nothing_part_words() {
    let mut texts = Vec::new();
    for blank in ["\u{3164}", "\u{ffa0}", "\u{115f}", "\u{1160}", "\u{3164}\u{3164}"] {
        texts.extend(KEYWORDS.map(|keyword| keyword.replace(' ', blank)));
        texts.extend([format!("a{blank}zorblaxian{blank}b"), format!("zor{blank}blaxian")]);
    }
    assert_eq!(missed(texts), [""; 0]);
}

#[test]
fn signs_in_a_row_are_letters() {
    assert_eq!(missed(["zorbl@x!@n", "z0rb1@x!@n", "zorblax!an"].map(str::to_owned)), [""; 0]);
    let either = ["z0rb1ax1an", "zorb|ax|an", "zorb!ax!an", "zorb1axian", "ZORB1AX1AN"];
    assert_eq!(missed(either.map(str::to_owned)), [""; 0], "one sign for two letters");
    let others = ["zorbiax1an", "zorb1axlan", "z0rblax!@bob"];
    assert_eq!(missed(others.map(str::to_owned)), others, "a letter is no other one");
}

#[test]
fn a_symbol_that_looks_like_a_letter_may_stand_between_letters_and_between_words() {
    let symbols = "|×÷¡¢¥€‖◇♪。™∣│┃";
    let spelled = symbols
        .chars()
        .map(|symbol| "zorblaxian".chars().map(String::from).collect::<Vec<_>>().join(&symbol.to_string()));
    let words = symbols.chars().filter(|symbol| *symbol != '|').map(|symbol| format!("zorblax{symbol}quantum"));
    assert_eq!(missed(spelled.chain(words)), [""; 0]);
}

#[test]
fn any_mark_may_stand_on_every_letter_of_a_word() {
    let marks = ('\u{300}'..'\u{370}').chain(['\u{1ab0}', '\u{1dc4}', '\u{20d0}', '\u{fe20}', '\u{483}']);
    let dressed = |mark: char, times: usize| {
        let marks = mark.to_string().repeat(times);
        "zorblaxian".chars().map(|letter| format!("{letter}{marks}")).collect::<String>()
    };
    let texts = marks.flat_map(|mark| [1, 2].map(|times| dressed(mark, times)));
    assert_eq!(missed(texts), [""; 0]);
}
