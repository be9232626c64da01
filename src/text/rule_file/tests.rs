//! What is said of rule files that are not in order.

use super::*;
use crate::content::Severity;
use crate::text::rule::{Expect, Words};
use crate::text::switches::Switch;

const FIELDS: &str = "\"id\", \"title\", \"description\", \"labels\", \"severity\", \"legal_ground\", \"jurisdiction\", \"languages\", \"author\", \"references\", \"expires\", \"action\", \"mode\", \"keywords\", \"keywords_file\", \"regex\", \"identifiers\", \"match\", \"at_least\", \"threshold\", \"all\", \"any\", \"none\", \"near\", \"unless\", \"words\", \"case\", \"normalise\", \"scope\", \"test\"";

fn problems(source: &str) -> Vec<String> {
    parse_rules(source).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_without_rules_is_in_order() {
    assert_eq!(parse_rules("# none yet\n"), Ok(Vec::new()));
}

#[test]
fn each_mistake_is_told_with_its_place_and_what_to_do() {
    for (source, expected) in [
        (
            "[[rule]]\nid = \"a\"\n   keyword = [\"x\"]\n",
            &*format!("3:4: unknown field \"keyword\", expected one of {FIELDS} (did you mean \"keywords\"?)"),
        ),
        ("[[rule]]\nid = \"a\"\ncolour = 1\n", &format!("3:1: unknown field \"colour\", expected one of {FIELDS}")),
        (
            "[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\naction = \"blok\"\n",
            "4:10: unknown variant \"blok\", expected one of \"log\", \"flag\", \"block\" (did you mean \"block\"?)",
        ),
        (
            "[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\nmatch = \"most\"\n",
            "4:9: unknown variant \"most\", expected \"any\" or \"all\"",
        ),
        ("[[rule]]\nid = \"a\"\nkeywords = \"x\"\n", "3:12: invalid type: string \"x\", expected an array"),
        ("[[rule]]\nid = 7\nkeywords = [\"x\"]\n", "2:6: invalid type: integer `7`, expected a string"),
        (
            "[[rule]]\nid = \"a\"\n",
            "2:6: a rule needs something to look for: keywords, keywords_file, regex, identifiers, all or any",
        ),
        ("[[rule]]\nid = \"a\"\nkeywords = []\n", "3:12: a rule needs at least one keyword"),
        (
            "[[rule]]\nid = \"a\"\nkeywords = [\"é\", \"\\u200b \"]\n",
            "3:18: keyword \"\\u{200b} \" has nothing left once normalised",
        ),
        (
            "[[rule]]\nid = \"A b\"\nkeywords = [\"x\"]\n",
            "2:6: id \"A b\" must start with a-z or 0-9 and go on with those, \".\", \"_\" or \"-\"",
        ),
        (
            "[[rule]]\nid = \"a\"\nlabels = [\"ok\", \"-no\"]\nkeywords = [\"x\"]\n",
            "3:17: label \"-no\" must start with a-z or 0-9 and go on with those, \".\", \"_\" or \"-\"",
        ),
        (
            "[[rule]]\nid = \"a\"\nkeywords = [\"x\", \"X\", \"y\"]\nat_least = 3\n",
            "4:12: at_least is 3, more than the different keywords (2)",
        ),
        ("[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\nat_least = 0\n", "4:12: at_least must be 1 or more, found 0"),
        (
            "[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\nmatch = \"any\"\nat_least = 1\n",
            "5:12: at_least and match exclude each other: leave one out",
        ),
        ("[[rule]]\nid = \"a\nkeywords = [\"x\"]\n", "2:8: invalid basic string, expected `\"`"),
        ("[[rule]]\nid = \"a\"\nid = \"b\"\n", "3:1: duplicate key"),
    ] {
        assert_eq!(problems(source), [expected], "{source}");
    }
}

#[test]
fn an_id_used_twice_in_a_file_is_told_with_both_places() {
    let source = "[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\n".repeat(2);
    assert_eq!(problems(&source), ["5:6: id \"a\" is already used at 2:6"]);
}

#[test]
fn the_top_level_holds_rules_in_double_brackets_only() {
    assert_eq!(
        problems("[[rules]]\nid = 1\n"),
        ["1:3: unknown field \"rules\", expected \"rule\" (did you mean \"rule\"?)"]
    );
    assert_eq!(problems("[rule]\nid = \"a\"\n"), ["1:1: expected [[rule]] in two brackets, found table"]);
    assert_eq!(problems("rule = [1]\n"), ["1:9: expected [[rule]] in two brackets, found integer"]);
}

#[test]
fn all_rules_are_complained_of_at_once_in_the_order_of_the_file() {
    let source = "[[rule]]\nid = 1\n[[rule]]\nid = \"B\"\nlabels = [\"?\"]\nkeywords = []\n[[rule]]\nkeywords = 1\n\
                  [extra]\n";
    let places: Vec<(u64, u64)> =
        parse_rules(source).unwrap_err().iter().map(|problem| (problem.place.line, problem.place.column)).collect();
    assert_eq!(places, [(2, 6), (4, 6), (5, 11), (6, 12), (8, 12), (9, 2)]);
}

/// A rule `a` with `fields` as TOML.
fn rule(fields: &str) -> String {
    format!("[[rule]]\nid = \"a\"\n{fields}\n")
}

#[test]
fn fields_that_make_no_sense_together_are_told_with_what_to_do() {
    for (fields, expected) in [
        (
            "none = [\"x\"]",
            "2:6: a rule needs something to look for: keywords, keywords_file, regex, identifiers, all or any",
        ),
        (
            "all = [\"x\"]\nat_least = 2",
            "4:12: at_least counts keywords, keywords_file, regex and identifiers, and there are none: add some, or leave it out",
        ),
        ("keywords = [\"x\"]\nthreshold = 2", "4:13: threshold is 2, more than all weights together (1)"),
        ("keywords = [\"x\"]\nthreshold = 0", "4:13: threshold must be 1 or more, found 0"),
        (
            "keywords = [\"x\"]\nthreshold = 1\nat_least = 1",
            "4:13: threshold and at_least exclude each other: leave one out",
        ),
        (
            "keywords = [{ text = \"x\", weight = 2 }]",
            "3:36: weight counts only towards a threshold: add threshold = … to the rule, or leave weight out",
        ),
        ("any = [{ text = \"x\", weight = 2 }]", "3:31: weight counts only in keywords: leave it out here"),
        ("keywords = [{ text = \"x\", weight = 0 }]\nthreshold = 1", "3:36: weight must be from 1 to 1000, found 0"),
        (
            "keywords = [\"x\", \"y\"]\nnear = { words = 3 }",
            "4:8: near asks how far terms are apart, but one is enough here: add match = \"all\", at_least = 2 or \
             all = […]",
        ),
        ("all = [\"x\", \"y\"]\nnear = { words = 0 }", "4:18: words must be from 1 to 1000, found 0"),
        (
            "keywords = [\"x\"]\ncase = \"sensitive\"\nnormalise = { case = true }",
            "4:8: case and normalise.case exclude each other: leave one out",
        ),
        (
            "keywords = [\"x\"]\nlanguages = [\"de-AT\", \"deutsch!\"]",
            "4:23: \"deutsch!\" is no language tag, expected one such as \"de\" or \"pt-BR\"",
        ),
        ("keywords = [\"x\"]\nexpires = 07:30:00", "4:11: expected a date, alone or with a time, such as 2027-12-31"),
        (
            "keywords = [\"x\"]\nscope = { kinds = [\"fields\"] }",
            "4:20: no part is of kind \"fields\", expected one of \"body\", \"envelope\", \"field\", \"file\", \
             \"json\", \"xml\", \"decoded\", \"entry\", \"carved\", \"samples\", \"drawing\", \"reading\", \"name\", \"text\", \"metadata\" (did you mean \"field\"?)",
        ),
        (
            "keywords = [\"x\"]\nunless = { domains = [\"https://a.example\"] }",
            "4:23: \"https://a.example\" is no host name, expected a host name such as \"news.example\", whose \
             subdomains count too",
        ),
        (
            "keywords_file = \"../x\"",
            "3:17: keywords_file \"../x\" must be in the folder of the rule file, by its relative path without \"..\"",
        ),
        ("keywords_file = \"x\"", "3:17: keywords_file \"x\" cannot be read: there is no folder to read it from"),
        ("regex = [\"x(\"]", "3:10: not a supported regular expression: error: unclosed group"),
        ("identifiers = [{ kind = \"url\" }]", "3:16: expected a list or a file of identifiers"),
        (
            "identifiers = [{ kind = \"phone\", list = [\"+49 151 2345678\", \"call me\"] }]",
            "3:61: \"call me\" is no phone, expected one with its country such as \"+49 151 2345678\"",
        ),
        (
            "identifiers = [{ kind = \"email\", hashed = \"url_md5\", list = [\"d41d8cd98f00b204e9800998ecf8427e\"] }]",
            "3:43: url_md5 is for kind = \"url\", found \"email\": use hashed = \"sha256\"",
        ),
        (
            "identifiers = [{ kind = \"email\", hashed = \"sha256\", list = [\"d41d8cd9\"] }]",
            "3:61: \"d41d8cd9\" is no hash of this sort, expected 32 hex digits for url_md5 and 64 for sha256",
        ),
        (
            "identifiers = [{ kind = \"email\", salt = \"x\", list = [\"a@site.example\"] }]",
            "3:41: salt is for hashed = \"sha256\": add that, or leave salt out",
        ),
        ("keywords = [1]", "3:13: invalid type: integer `1`, expected a keyword or a table with its text"),
        (
            "keywords = [{ txt = \"x\" }]",
            "3:15: unknown field \"txt\", expected one of \"text\", \"weight\", \"case\", \"words\", \"normalise\" (did you mean \"text\"?)",
        ),
        (
            "keywords = [\"x\"]\nnormalise = { leat = false }",
            "4:15: unknown field \"leat\", expected one of \"compatibility\", \"case\", \"invisible\", \"marks\", \"accents\", \"confusables\", \"kana\", \"chinese\", \"arabic\", \"hebrew\", \"leet\", \"spaced\", \"repeated\", \"entities\", \"percent\", \"base64\", \"rot13\", \
             \"strokes\", \"hyphens\", \"pairs\", \"punctuation\", \"joined\", \"escapes\", \"reversed\" (did you mean \"leet\"?)",
        ),
        ("keywords = [\"x\"]\n[[rule.test]]\nexpect = \"match\"", "4:1: expected either text or file"),
        (
            "keywords = [\"x\"]\n[[rule.test]]\ntext = \"x\"\nexpect = \"nothing\"",
            "6:10: unknown variant \"nothing\", expected \"match\" or \"none\"",
        ),
    ] {
        assert_eq!(problems(&rule(fields)), [expected], "{fields}");
    }
}

#[test]
fn a_list_beside_the_file_is_read_and_complained_of_by_its_lines() {
    let source = rule("keywords = [\"one\"]\nkeywords_file = \"lists/a.txt\"");
    let mut read = |name: &str| {
        assert_eq!(name, "lists/a.txt");
        Ok(b"two\n# no\n three \nTWO\n".to_vec())
    };
    let rules = parse_rules_beside(&source, &mut read).unwrap();
    let written: Vec<(&str, u64)> =
        rules[0].keywords.iter().map(|keyword| (keyword.as_written(), keyword.origin().place.line)).collect();
    assert_eq!(written, [("one", 3), ("two", 1), ("three", 3)]);
    let told = |list: &[u8]| {
        let problems = parse_rules_beside(&source, &mut |_| Ok(list.to_vec())).unwrap_err();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(b"x\n\xe2\x80\x8b\n"), ["lists/a.txt:2:1: keyword \"\\u{200b}\" has nothing left once normalised"]);
    assert_eq!(told(b"x\ny\xff\n"), ["lists/a.txt:2:1: not UTF-8, expected one keyword a line"]);
    assert_eq!(told(b"# none\n"), ["4:17: keywords_file \"lists/a.txt\" has no keyword in it"]);
}

#[test]
fn every_field_is_kept() {
    let rules = parse_rules(&rule(
        "title = \"t\"\ndescription = \"d\"\nlabels = [\"l\"]\nseverity = \"high\"\nlegal_ground = \"§ 1\"\n\
         jurisdiction = \"DE\"\nlanguages = [\"de\"]\nauthor = \"me\"\nreferences = [\"r\"]\nexpires = 2027-12-31\n\
         action = \"flag\"\nmode = \"monitor\"\nwords = \"anywhere\"\nnormalise = { leet = false, accents = true }\n\
         keywords = [\"x\", { text = \"Y\", weight = 3, case = \"sensitive\", words = \"whole\" }]\nthreshold = 3\n\
         scope = { fields = [\"c*\"] }\nunless = { quoted = true }\n[[rule.test]]\ntext = \"Y\"\nexpect = \"match\"",
    ))
    .unwrap();
    let rule = &rules[0];
    assert_eq!((rule.severity, rule.legal_ground.as_deref()), (Some(Severity::High), Some("§ 1")));
    assert_eq!(rule.expires.as_ref().map(ToString::to_string).as_deref(), Some("2027-12-31"));
    let [x, y] = &rule.keywords[..] else { panic!("two keywords: {:?}", rule.keywords) };
    assert!(!x.switches().has(Switch::Leet) && x.switches().has(Switch::Accents) && !x.is_case_sensitive());
    assert!(!y.switches().has(Switch::Leet) && y.is_case_sensitive());
    assert_eq!((x.words(), y.words()), (Words::Anywhere, Words::Whole));
    assert_eq!(rule.condition.needs[0].to_string(), "a weight of 3 among 2 terms");
    assert!(rule.ignores_quoted && !rule.scope.is_everything());
    assert_eq!((rule.samples.len(), rule.samples[0].expect), (1, Expect::Match));
}
