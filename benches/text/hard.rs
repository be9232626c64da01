//! Texts made to be slow: what somebody could upload who knows the keywords.

use penstock::text::Literals;

use crate::{automaton, gbps, median_seconds};

const SIZE: usize = 4 << 20;

/// One hard text, in gigabytes a second.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Hard {
    pub(crate) text: &'static str,
    pub(crate) matcher_gbps: f64,
    pub(crate) aho_corasick_gbps: f64,
}

/// Measures them, checking that both find as much.
pub(crate) fn measure(keywords: &[String]) -> Vec<Hard> {
    let letters = |len: usize| "a".repeat(len);
    let almost: Vec<String> = (1..300).map(|len| letters(len) + "b").collect();
    let around: Vec<String> = (1..300).map(|len| format!("b{}b", letters(len))).collect();
    let bits: Vec<String> = (0..4096).map(|bits| format!("{bits:012b}")).collect();
    let starts: String =
        keywords.iter().flat_map(|keyword| keyword.chars().take(keyword.chars().count() - 1)).collect();
    let ends: String = keywords.iter().flat_map(|keyword| keyword.chars().skip(1)).collect();
    let one: String = keywords.iter().max_by_key(|keyword| keyword.len()).cloned().unwrap_or_default();
    let one: String = one.chars().take(one.chars().count() - 1).collect();
    vec![
        one_text("aaaa… with a…ab", &almost, "a"),
        one_text("aaaa… with ba…ab", &around, "a"),
        one_text("0000… with all of 12 bits", &bits, "0"),
        one_text("all keywords less their ends", keywords, &starts),
        one_text("all keywords less their starts", keywords, &ends),
        one_text("one keyword less its end", keywords, &one),
    ]
}

fn one_text(name: &'static str, keywords: &[String], piece: &str) -> Hard {
    let text: Vec<u8> = piece.bytes().cycle().take(SIZE).collect();
    let literals = Literals::build(keywords).expect("there are not too many");
    let automaton = automaton(keywords);
    let (mut ours, mut theirs) = (0, 0);
    let our_seconds = median_seconds(3, || {
        ours = 0;
        literals.search(&text, |_| ours += 1);
    });
    let their_seconds = median_seconds(3, || theirs = automaton.find_overlapping_iter(&text).count());
    assert_eq!(ours, theirs, "{name}");
    Hard { text: name, matcher_gbps: gbps(SIZE, our_seconds), aho_corasick_gbps: gbps(SIZE, their_seconds) }
}
