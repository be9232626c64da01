//! What rules make of texts, field by field.

use crate::content::Deadline;
use crate::text::scan::BLOCK as WINDOW;
use crate::text::{RuleSet, parse_rules};

fn set(fields: &str) -> RuleSet {
    RuleSet::compile(parse_rules(&format!("[[rule]]\nid = \"r\"\n{fields}\n")).unwrap()).unwrap()
}

fn matches(set: &RuleSet, text: &str) -> bool {
    !set.scan(text.as_bytes(), &Deadline::NEVER).is_empty()
}

#[test]
fn fields_combine_as_documented() {
    for (fields, cases) in [
        ("keywords = [\"a1\"]\nall = [\"b1\"]", &[("a1 b1", true), ("a1", false), ("b1", false)][..]),
        ("any = [\"a1\", \"b1\"]", &[("a1", true), ("b1", true), ("c1", false)]),
        (
            "all = [\"a1\", \"b1\"]\nany = [\"c1\", \"d1\"]",
            &[("a1 b1", false), ("a1 b1 d1", true), ("a1 c1 d1", false)],
        ),
        ("keywords = [\"a1\"]\nnone = [\"b1\"]", &[("a1", true), ("a1 b1", false)]),
        ("keywords = [\"a1\"]\nregex = ['x+y']\nmatch = \"all\"", &[("a1", false), ("xxy a1", true)]),
        ("keywords = [\"a1\"]\nregex = ['x+y']\nat_least = 2", &[("a1 a1", false), ("xxy a1", true)]),
        (
            "keywords = [{ text = \"a1\", weight = 3 }, \"b1\", \"c1\"]\nthreshold = 4",
            &[("a1 a1", false), ("b1 c1", false), ("a1 c1", true)],
        ),
        ("keywords = [\"a1\"]\nunless = { keywords = [\"b1\"] }", &[("a1", true), ("b1 a1", false)]),
        (
            "keywords = [\"turnip\", { text = \"beet\", words = \"anywhere\" }]",
            &[("turnips", false), ("beets", true), ("turnip", true)],
        ),
        (
            "keywords = [{ text = \"US\", case = \"sensitive\" }, \"turnip\"]",
            &[("us", false), ("US", true), ("the u.s. and the US", true), ("TURNIP", true), ("us US", true)],
        ),
    ] {
        let set = set(fields);
        for (text, expected) in cases {
            assert_eq!(matches(&set, text), *expected, "{fields} and {text:?}");
        }
    }
}

#[test]
fn near_counts_words_also_over_windows_and_with_expressions() {
    let words = set("all = [\"turnip\", \"beet\"]\nnear = { words = 3 }");
    for (text, expected) in [
        ("turnip one two beet", true),
        ("turnip one two three beet", false),
        ("beet, turnip", true),
        ("beet one two three turnip one beet", true),
        ("turnip 大 大 beet", true),
        ("turnip 大大大 beet", false),
    ] {
        assert_eq!(matches(&words, text), expected, "{text}");
    }
    let expressions = set("regex = ['turnips?']\nall = [\"beet\"]\nnear = { words = 3 }");
    for filler in 0..40 {
        let before = "x ".repeat(WINDOW / 2 - 20 + filler);
        for set in [&words, &expressions] {
            assert!(matches(set, &format!("turnip {before}turnip one two beet {before}")), "{filler}");
            assert!(!matches(set, &format!("{before}turnip one two three beet {before}")), "{filler}");
        }
    }
}

#[test]
fn a_host_is_an_exception_in_urls_and_alone_only() {
    let set = set("keywords = [\"turnip\"]\nunless = { domains = [\"news.example\"] }");
    for (written, is_exception) in [
        ("https://news.example/a", true),
        ("HTTP://WWW.News.Example?a", true),
        ("see news.example.", true),
        ("(a.b.news.example)", true),
        ("http://news.example:80", true),
        ("fakenews.example", false),
        ("fake-news.example", false),
        ("news.example.evil.example", false),
        ("https://evil.example/news.example", false),
        ("me@news.example", false),
        ("https://news.example@evil.example", false),
        ("nеws.example", false),
        ("news.exampIe", false),
        ("newsXexample", false),
    ] {
        assert_eq!(matches(&set, &format!("a turnip {written}")), !is_exception, "{written}");
    }
}

#[test]
fn only_hits_outside_of_quotations_count() {
    let set = set("keywords = [\"turnip\"]\nregex = ['beets+']\nunless = { quoted = true }");
    for (text, expected) in [
        ("he said “a turnip”", false),
        ("he said “a turnip” turnip", true),
        ("> turnip\nyes", false),
        ("“beets”, and beets", true),
        ("“beets”", false),
    ] {
        assert_eq!(matches(&set, text), expected, "{text}");
    }
    let flood = format!("{}turnip", "“turnip” ".repeat(900));
    assert!(matches(&set, &flood), "what stands behind many quotations is found");
    assert!(matches(&set, &"“turnip” ".repeat(2000)), "nobody quotes so much");
}
