//! Each sort of oddity, and what is none.

use super::*;
use crate::text::parse_rules;

fn lints(source: &str) -> Vec<String> {
    let set = RuleSet::compile(parse_rules(source).unwrap()).unwrap();
    let found = lint(&set, UnixTime::of_date(2027, 1, 1));
    found.iter().map(|lint| format!("{} {}: {}", lint.place, lint.kind.name(), lint.message)).collect()
}

fn rule(id: &str, fields: &str) -> String {
    format!("[[rule]]\nid = \"{id}\"\n{fields}\n")
}

#[test]
fn what_is_odd_is_told_with_its_place() {
    for (fields, expected) in [
        (
            "keywords = [\"turnip\"]\nexpires = 2026-12-31",
            "2:6 expired: expired on 2026-12-31: extend it or take it out",
        ),
        (
            "keywords = [\"beets\", \"a beets root\"]",
            "3:22 shadowed: \"a beets root\" adds nothing: \"beets\" is found wherever it is",
        ),
        (
            "keywords = [\"turnip\", \"xxturnips\"]\nwords = \"anywhere\"",
            "3:23 shadowed: \"xxturnips\" adds nothing: \"turnip\" is found wherever it is",
        ),
        (
            "keywords = [\"qz\"]\nwords = \"anywhere\"",
            "3:13 too_short: \"qz\" is so short that most texts have it inside words",
        ),
        ("keywords = [\"q\"]", "3:13 too_short: \"q\" is so short that most texts have it"),
        ("keywords = [\"Therefore\", \"THE\"]", "3:26 too_common: \"THE\" is one of the commonest words (English)"),
        ("keywords = [\"nicht\"]", "3:13 too_common: \"nicht\" is one of the commonest words (German)"),
    ] {
        assert_eq!(lints(&rule("a", fields)), [expected], "{fields}");
    }
    let common = lints(&rule("a", "keywords = [\"ere\"]\nwords = \"anywhere\""));
    assert!(common[0].contains("of the commonest words, such as"), "{common:?}");
}

#[test]
fn exceptions_that_leave_nothing_are_told_for_the_keyword_and_for_the_rule() {
    assert_eq!(
        lints(&rule("a", "all = [\"red beets\", \"turnip\"]\nnone = [\"beets\"]")),
        [
            "2:6 never_matches: never matches: it needs all of 2 terms, and exceptions leave too few",
            "3:8 never_matches: \"red beets\" never counts: \"beets\" is an exception and found with it",
        ]
    );
    assert_eq!(
        lints(&rule("a", "keywords = [\"turnip\", \"beet\"]\nunless = { keywords = [\"BEET\"] }")),
        ["3:23 never_matches: \"beet\" never counts: it is an exception too"]
    );
}

#[test]
fn rules_that_contradict_and_keywords_in_many_rules_are_told() {
    let pair = [
        rule("a", "keywords = [\"beet\", \"turnip\"]"),
        rule("b", "keywords = [\"Turnip\", \"BEET\"]\naction = \"flag\""),
    ];
    assert_eq!(
        lints(&pair.concat()),
        ["5:6 overlap: looks for the same as rule \"a\" but asks for flag (enforce), not block (enforce)"]
    );
    let many: String =
        (0..11).map(|id| rule(&format!("r{id}"), &format!("keywords = [\"turnip\", \"x{id}x\"]"))).collect();
    assert_eq!(lints(&many), ["3:13 overlap: \"turnip\" alone makes 11 rules match"]);
}

#[test]
fn what_is_meant_is_not_told() {
    for fields in [
        "keywords = [\"beetroot\", \"beet\"]",
        "keywords = [\"beet\", \"a beet root\"]",
        "keywords = [\"beets\", \"red beets\"]\nmatch = \"all\"",
        "keywords = [\"the\", \"turnip\"]\nat_least = 2",
        "keywords = [\"禁止\"]\nwords = \"anywhere\"",
        "keywords = [\"turnip\", { text = \"red turnip\", normalise = { accents = true } }]",
        "keywords = [\"turnip\"]\nnone = [\"red turnip\"]\nexpires = 2027-01-01",
        "regex = [\"a\"]",
    ] {
        assert_eq!(lints(&rule("a", fields)), [""; 0], "{fields}");
    }
}
