//! Dodges, word boundaries and conditions, through the public functions.

#![expect(clippy::single_range_in_vec_init, reason = "lists of spans often have one")]

use std::ops::Range;

use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::scan::BLOCK as WINDOW;
use super::{MAX_SPANS, Rule, RuleMatch, RuleSet, Scanner, parse_rules};
use crate::content::{Action, Deadline, Mode};

fn rules(source: &str) -> Vec<Rule> {
    parse_rules(source).unwrap()
}

fn rule_set(source: &str) -> RuleSet {
    RuleSet::compile(rules(source)).unwrap()
}

/// A set of one rule with `keywords`, and further `fields` as TOML.
fn one_rule(keywords: &[&str], fields: &str) -> RuleSet {
    let keywords = toml::Value::from(keywords.to_vec());
    rule_set(&format!("[[rule]]\nid = \"r\"\nkeywords = {keywords}\n{fields}"))
}

fn spans(set: &RuleSet, text: &[u8]) -> Vec<Range<usize>> {
    set.scan(text, &Deadline::NEVER).into_iter().flat_map(|found| found.spans).collect()
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[test]
fn every_dodge_is_seen_through_and_its_span_is_exactly_the_dodged_text() {
    for (keyword, dodged) in [
        ("forbidden turnip", "forbidden turnip"),
        ("forbidden turnip", "FORBIDDEN Turnip"),
        ("forbidden turnip", "ｆｏｒｂｉｄｄｅｎ　ｔｕｒｎｉｐ"),
        ("forbidden turnip", "forb\u{200b}idden tur\u{200d}\u{feff}nip"),
        ("forbidden turnip", "for\u{ad}bid\u{ad}den turnip"),
        ("forbidden turnip", "forb\u{202e}id\u{202c}den \u{2066}turnip"),
        ("forbidden turnip", "forb\0idden tur\u{8}nip"),
        ("forbidden turnip", "f\u{336}o\u{336}r\u{336}bidden turn\u{35c}ip\u{336}"),
        ("forbidden turnip", "f\u{489}o\u{489}rbidd\u{5b4}en turnip\u{5b4}\u{489}"),
        ("forbidden turnip", "𝐟𝐨𝐫𝐛𝐢𝐝𝐝𝐞𝐧 𝓉𝓊𝓇𝓃𝒾𝓅"),
        ("forbidden turnip", "ⓕⓞⓡⓑⓘⓓⓓⓔⓝ 🅃🅄🅁🄽🄸🄿"),
        ("forbidden turnip", "fоrbiddеn turniр"),
        ("forbidden turnip", "fοrbidden turnip"),
        ("forbidden turnip", "f0rbidden turnip"),
        ("forbidden turnip", "forbidden \r\n\t \u{a0}\u{200b}\u{2028} turnip"),
        ("forbidden  turnip", "forbidden turnip"),
        ("fоrbidden turnip", "forbidden turnip"),
        ("illegal", "i11egal"),
        ("illegal", "i||ega1"),
        ("straße", "STRASSE"),
        ("strasse", "straße"),
        ("strasse", "STRAẞE"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("café", "cafe\u{301}"),
        ("cafe\u{301}", "CAFÉ"),
        ("don't", "don’t"),
        ("don't", "don´t"),
        ("\"quoted\"", "“quoted”"),
        ("mum", "ⅿuⅿ"),
        ("вода", "ВОДА"),
        ("한국", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"),
        ("ガム", "ｶﾞﾑ"),
    ] {
        let set = one_rule(&[keyword], "");
        for (before, after) in [("", ""), ("see: ", ", he said"), ("ß ﬁ 💣 ", " ж\u{301}"), ("|", "|\u{200b}")] {
            let text = format!("{before}{dodged}{after}");
            let expected = before.len()..before.len() + dodged.len();
            assert_eq!(spans(&set, text.as_bytes()), [expected], "{keyword:?} in {text:?}");
        }
    }
}

#[test]
fn other_charsets_are_read_with_spans_in_their_own_bytes() {
    let set = one_rule(&["forbidden café"], "");
    let text = "“Ein ” FORBIDDEN  CAFÉ…";
    let (windows, _, _) = WINDOWS_1252.encode(text);
    assert_eq!(spans(&set, &windows), [7..22]);
    let text = format!("\u{feff}{text}");
    assert_eq!(spans(&set, &utf16(&text, u16::to_le_bytes)), [16..46]);
    assert_eq!(spans(&set, &utf16(&text, u16::to_be_bytes)), [16..46]);
    assert_eq!(spans(&set, "\u{feff}forbidden café".as_bytes()), [3..18]);
}

#[test]
fn neither_a_stray_byte_nor_a_false_byte_order_mark_hides_anything() {
    let set = one_rule(&["forbidden turnip"], "");
    assert_eq!(spans(&set, &[b"\xff ", "fоrbidden turniр".as_bytes(), b" \xe2\x82"].concat()), [2..20]);
    assert_eq!(spans(&set, b"\xff\xfe forbidden turnip"), [3..19]);
    assert_eq!(spans(&set, b"\xfe\xff forbidden turnip"), [3..19]);
    assert_eq!(spans(&set, &utf16("forbidden turnip", u16::to_le_bytes)), [0..32]);
}

#[test]
fn whole_words_match_alone_and_anywhere_matches_inside() {
    let whole = one_rule(&["turnip"], "");
    let anywhere = one_rule(&["turnip"], "words = \"anywhere\"");
    for (text, stands_alone) in [
        ("turnips", false),
        ("aturnip", false),
        ("turnip7", false),
        ("turnipж", false),
        ("éturnip", false),
        ("turnip\u{200b}s", false),
        ("ﬁturnip", false),
        ("turnip\u{93f}", false),
        ("turnipａ", false),
        ("turnip", true),
        ("_turnip_", true),
        ("(turnip)", true),
        ("turnip's", true),
        ("|turnip|", true),
        ("a turnip.", true),
        ("⒜turnip⒝", true),
    ] {
        assert_eq!(!whole.scan(text.as_bytes(), &Deadline::NEVER).is_empty(), stands_alone, "{text:?}");
        assert_eq!(anywhere.scan(text.as_bytes(), &Deadline::NEVER).len(), 1, "{text:?}");
    }
}

#[test]
fn different_words_stay_different() {
    for (keyword, text) in [
        ("corn", "com"),
        ("com", "corn"),
        ("schön", "schon"),
        ("schon", "schön"),
        ("cafe", "cafe\u{301}"),
        ("mac", "maç"),
        ("gros", "groß"),
        ("하", "한"),
        ("forbidden turnip", "forbiddenturnip"),
        ("forbidden turnip", "forbidden, a turnip"),
    ] {
        let set = one_rule(&[keyword], "words = \"anywhere\"");
        assert_eq!(set.scan(text.as_bytes(), &Deadline::NEVER), [], "{keyword:?} in {text:?}");
    }
}

#[test]
fn conditions_count_different_keywords() {
    let keywords = ["red", "green", "dark green", "blue"];
    let any = one_rule(&keywords, "match = \"any\"");
    let all = one_rule(&keywords, "match = \"all\"");
    let two = one_rule(&keywords, "at_least = 2");
    for (text, expected) in [
        ("yellow", [0, 0, 0]),
        ("red", [1, 0, 0]),
        ("red red red", [1, 0, 0]),
        ("red reddish blues", [1, 0, 0]),
        ("red blue", [1, 0, 1]),
        ("dark green", [1, 0, 1]),
        ("blue dark green red", [1, 1, 1]),
    ] {
        let found = [&any, &all, &two].map(|set| set.scan(text.as_bytes(), &Deadline::NEVER).len());
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn a_keyword_inside_another_hides_neither_whatever_rule_they_belong_to() {
    let set = rule_set(
        "[[rule]]\nid = \"long\"\nkeywords = [\"forbidden turnip\"]\n\
         [[rule]]\nid = \"short\"\nkeywords = [\"turnip\"]\n\
         [[rule]]\nid = \"same\"\nkeywords = [\"TURNIP\", \"other\"]\n\
         [[rule]]\nid = \"inside\"\nkeywords = [\"turn\", \"urn\"]\nwords = \"anywhere\"\n\
         [[rule]]\nid = \"none\"\nkeywords = [\"turn\"]\n",
    );
    let found = |rule, spans: &[Range<usize>]| RuleMatch { rule, spans: spans.to_vec() };
    let expected = [found(0, &[2..18]), found(1, &[12..18]), found(2, &[12..18]), found(3, &[12..16, 13..16])];
    assert_eq!(set.scan(b"a forbidden turnip", &Deadline::NEVER), expected);
}

#[test]
fn spans_are_capped_while_conditions_count_on() {
    let set = one_rule(&["red", "blue"], "match = \"all\"");
    let text = format!("{}blue", "red ".repeat(1000));
    let expected: Vec<Range<usize>> = (0..MAX_SPANS).map(|i| i * 4..i * 4 + 3).collect();
    assert_eq!(set.scan(text.as_bytes(), &Deadline::NEVER), [RuleMatch { rule: 0, spans: expected }]);
}

#[test]
fn a_rule_set_keeps_the_order_of_its_rules() {
    let parsed = rules("[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\n[[rule]]\nid = \"b\"\nkeywords = [\"x\"]\n");
    let set = RuleSet::compile(parsed.clone()).unwrap();
    assert_eq!((set.len(), set.is_empty()), (2, false));
    assert_eq!(set.rules(), parsed);
    assert!(RuleSet::compile(Vec::new()).unwrap().scan(b"x", &Deadline::NEVER).is_empty());
}

#[test]
fn what_a_rule_asks_for_comes_through_with_its_defaults() {
    let parsed = rules(
        "[[rule]]\nid = \"plain\"\nkeywords = [\"x\"]\n[[rule]]\nid = \"full\"\ntitle = \"T\"\ndescription = \"D\"\n\
         labels = [\"scam\", \"a.b\"]\naction = \"flag\"\nmode = \"monitor\"\nkeywords = [\"x\", \"X\"]\n",
    );
    let [plain, full] = parsed.as_slice() else { panic!("two rules: {parsed:?}") };
    assert_eq!((plain.action, plain.mode, plain.place.to_string().as_str()), (Action::Block, Mode::Enforce, "2:6"));
    assert_eq!((full.action, full.mode, full.place.to_string().as_str()), (Action::Flag, Mode::Monitor, "5:6"));
    assert_eq!((full.title.as_deref(), full.description.as_deref()), (Some("T"), Some("D")));
    assert_eq!(full.labels, ["scam", "a.b"]);
    assert_eq!(full.keywords.iter().map(|keyword| keyword.as_written()).collect::<Vec<_>>(), ["x"]);
}

#[test]
fn a_text_of_many_windows_is_searched_as_one() {
    let set = one_rule(&["forbidden turnip"], "words = \"anywhere\"");
    let dodged = "forbid\u{200b}den  turniр";
    for filler in ["a ", "ж\u{301} ", "-", "\u{200b}"] {
        for extra in 0..60 {
            let before = filler.repeat((WINDOW - 30 + extra) / filler.len());
            let text = format!("{before}{dodged}{}{dodged}", filler.repeat(3 * WINDOW / filler.len()));
            let found = spans(&set, text.as_bytes());
            let second = text.len() - dodged.len()..text.len();
            assert_eq!(found, [before.len()..before.len() + dodged.len(), second], "{filler:?} and {extra} more");
        }
    }
    let split = format!("forb{}idden turnip", "\u{200b}".repeat(3 * WINDOW));
    assert_eq!(spans(&set, split.as_bytes()), [0..split.len()], "nothing between letters hides a keyword");
    let whole = one_rule(&["forbidden turnip"], "");
    for extra in 0..60 {
        let inside = format!("{} forbidden turnips", "x".repeat(WINDOW - 30 + extra));
        assert!(whole.scan(inside.as_bytes(), &Deadline::NEVER).is_empty(), "{extra}: the letter behind it is seen");
        let alone = format!("{} forbidden turnip s", "x".repeat(WINDOW - 30 + extra));
        assert_eq!(whole.scan(alone.as_bytes(), &Deadline::NEVER).len(), 1, "{extra}");
    }
}

#[test]
fn past_its_deadline_a_scan_stops() {
    let set = one_rule(&["turnip"], "");
    let text = format!("turnip {}", "turnip ".repeat(WINDOW));
    let found = set.scan(text.as_bytes(), &Deadline::after(std::time::Duration::ZERO));
    assert_eq!(found[0].spans.first(), Some(&(0..6)), "what the first window had is kept");
    let late = format!("{}turnip", "-".repeat(40 * WINDOW));
    assert_eq!(set.scan(late.as_bytes(), &Deadline::after(std::time::Duration::ZERO)), []);
}

proptest! {
    #[test]
    fn scanning_any_bytes_gives_spans_inside_them(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let set = one_rule(&["a", "e", "é", "xx", "1"], "words = \"anywhere\"");
        for marked in [bytes.clone(), [b"\xff\xfe", &bytes[..]].concat(), [b"\xfe\xff", &bytes[..]].concat()] {
            for span in spans(&set, &marked) {
                prop_assert!(span.start < span.end && span.end <= marked.len(), "{:?}", span);
            }
        }
    }

    #[test]
    fn a_planted_keyword_is_found_where_it_was_planted(
        before in "\\PC{0,60}|[ -~\\n]{0,200}",
        after in "\\PC{0,60}|[ -~\\n]{0,200}",
        dodged in prop::sample::select(vec!["qxzturnip", "QXZ\u{200b}Turnip", "ｑxzturniр", "qx\u{ad}𝐳turn\u{336}ip"]),
    ) {
        // A mark right after the keyword would be part of its last letter.
        let after = format!(".{after}");
        let set = one_rule(&["qxzturnip"], "words = \"anywhere\"");
        let text = format!("{before}{dodged}{after}");
        let planted = before.len()..before.len() + dodged.len();
        prop_assert!(spans(&set, text.as_bytes()).contains(&planted), "{:?}", text);
    }

    #[test]
    fn ascii_scans_like_the_naive_twin(text in "[ab ,A]{0,60}") {
        let keywords = ["a", "ab", "b a", "aab"];
        let set = one_rule(&keywords, "normalise = { punctuation = false, joined = false }");
        let lower = text.to_ascii_lowercase();
        let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let source = super::source::SourceText::whole(&lower);
        let normalised = super::normalise::Normalised::of(&source, super::fold::Accents::Kept);
        let mut is_plain = true;
        let hints = super::loosen::Hints::open();
        super::loosen::loosen(&normalised, &source, (16, &hints), |_| is_plain = false);
        prop_assume!(is_plain);
        let found = keywords.iter().any(|keyword| {
            let collapsed = lower.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            let hits: Vec<usize> = collapsed.match_indices(keyword).map(|(at, _)| at).collect();
            hits.into_iter().any(|at| {
                let bytes = collapsed.as_bytes();
                is_edge(at.checked_sub(1).and_then(|at| bytes.get(at))) && is_edge(bytes.get(at + keyword.len()))
            })
        });
        prop_assert_eq!(!set.scan(text.as_bytes(), &Deadline::NEVER).is_empty(), found, "{:?}", text);
    }
}

#[test]
fn spellings_and_escapes_that_people_or_programs_read_through_are_seen_through() {
    let set = one_rule(&["forbidden turnip"], "");
    for dodged in [
        "f0rb1dd3n turn1p",
        "f0rb!dden turnip",
        "f o r b i d d e n turnip",
        "f.o.r.b.i.d.d.e.n t-u-r-n-i-p",
        "for.bid.den tur_nip",
        "fooorbidden turniiiip",
        "forbidddden turnip",
        "f o r b i d d e n  t u r n i p",
        "f o r b i d d e n t u r n i p",
        "f&#111;rbidden turnip",
        "f&#x6F;rbid&shy;den&nbsp;turnip",
        "f%6Frbidden%20turnip",
        "forb%E2%80%8Bidden turnip",
        "+AGYAbwBy-bidden turnip",
        "f%26%23111;rbidden turnip",
        "&#102;0rb1dd3n turnip",
    ] {
        for (before, after) in [("", ""), ("see: ", ", he said"), ("A cat & 50% of ", ". It is 3 o'clock")] {
            let text = format!("{before}{dodged}{after}");
            let expected = before.len()..before.len() + dodged.len();
            assert_eq!(spans(&set, text.as_bytes()), [expected], "{text:?}");
        }
    }
    let encoded = data_encoding::BASE64.encode("and so a forbidden turnip appears".as_bytes());
    assert_eq!(spans(&set, format!("see {encoded} there").as_bytes()), [4..4 + encoded.trim_end_matches('=').len()]);
    let twice = data_encoding::BASE64.encode(format!("once more {encoded} and so on").as_bytes());
    assert_eq!(spans(&set, twice.as_bytes()).len(), 1);
}

#[test]
fn phrases_are_found_however_their_letters_and_gaps_are_drawn() {
    let set = one_rule(&["zorblax quantum"], "");
    let mut missed = Vec::new();
    for dodged in [
        "ΖΟRΒLΑΧ QUΑΝΤUΜ",
        "ZОRВLАХ QUАNТUМ",
        "zorΒlax quantum",
        "zorbIax quantum",
        "zorblax quanturn",
        "ƶørƀłⱥx qʉⱥnŧʉm",
        "źóŕb́ĺáx́ q́úáńt́úḿ",
        "ẓọṛḅḷạx̣ q̣ụạṇṭụṃ",
        "z̴̖̀҉͠ò̴̖҉͠r̴̖̀҉͠b̴̖̀҉͠l̴̖̀҉͠à̴̖҉͠x̴̖̀҉͠ q̴̖̀҉͠ù̴̖҉͠à̴̖҉͠ǹ̴̖҉͠t̴̖̀҉͠ù̴̖҉͠m̴̖̀҉͠",
        "ᴢᴏʀʙʟᴀx qᴜᴀɴᴛᴜᴍ",
        "🆉🅾🆁🅱🅻🅰🆇 🆀🆄🅰🅽🆃🆄🅼",
        "⒵⒪⒭⒝⒧⒜⒳ ⒬⒰⒜⒩⒯⒰⒨",
        "🇿 🇴 🇷 🇧 🇱 🇦 🇽 🇶 🇺 🇦 🇳 🇹 🇺 🇲",
        "⠵⠕⠗⠃⠇⠁⠭⠀⠟⠥⠁⠝⠞⠥⠍",
        "z😀o😀r😀b😀l😀a😀x q😀u😀a😀n😀t😀u😀m",
        "zor\u{fff9}blax qua\u{fffb}ntum",
        "zorblax** **quantum",
        "zorblax_ quantum",
        "zorblax, quantum",
        "zorblax\n> quantum",
        "zorblax » quantum",
        "z.o.r.b.l.a.x. .q.u.a.n.t.u.m",
        "zor**blax quan__tum",
        "zor-\nblax quan- \r\ntum",
        "zor-\n> blax quantum",
        "z()rbl@x qu@ntum",
        "z0r8l4x 9u4ntum",
        "zorbl4x, qu4ntum",
        "zoorrbllaaxx qquuaannttuumm",
        "#zorblaxquantum",
        "@zorblaxquantum",
        "www.zorblaxquantum.example",
        "https://x.example/zorblaxquantum?a=b",
        "ZorblaxQuantum",
        "see-zorblax-quantum-now",
        "https://x.example/buy_zorblax_quantum.html",
        "zorblax — quantum",
        "zorblax—quantum",
        "| zorblax | quantum |",
        "z̈ör̈b̈l̈äẍ q̈üän̈ẗüm̈",
        "z̃õr̃b̃l̃ãx̃ q̃ũãñt̃ũm̃",
        "z̥o̥r̥b̥l̥ḁx̥ q̥u̥ḁn̥t̥u̥m̥",
        "\\u007a\\u006frblax qu\\x61ntum",
        "\\7aorblax quantum",
    ] {
        for (before, after) in [("", ""), ("please buy my ", " today"), ("x @ y. (see #", ") – ok?")] {
            let text = format!("{before}{dodged}{after}");
            if spans(&set, text.as_bytes()).is_empty() {
                missed.push(text);
            }
        }
    }
    assert_eq!(missed, [""; 0]);
    for turned in ["buy \u{202e}mutnauq xalbroz\u{202c} today", "buy zor\u{202e}xalb\u{202c} quantum"] {
        assert!(!spans(&set, turned.as_bytes()).is_empty(), "{turned:?}");
    }
}

#[test]
fn spellings_of_short_words_and_parts_of_longer_ones_are_none() {
    let mut found = Vec::new();
    for (keyword, text) in [
        ("heil", "LANG=he_IL.UTF-8"),
        ("isis", "is_IS and !s.is_ascii"),
        ("acid", "ui.ac.id"),
        ("china", "Albert Chin-A-Young"),
        ("girl", "gir1.2-gtk"),
        ("ass", "zone 45S, AS\\s"),
        ("sex", "53x $ex"),
        ("gook", "900k"),
        ("spic", "$pic_flag"),
        ("k2", "-k 2"),
        ("ss", "sss ß \\xdf %DF"),
        ("xan", "x -a -N"),
        ("meth", "**M e t h** o d s"),
        ("metho", "M e t h o d s"),
        ("method", "**M e t h o d** s"),
        ("the rapist", "a therapist, #therapist, therapist.example"),
        ("modem", "a modern one"),
        ("corn", "a com"),
        ("bot", "вот"),
        ("tom", "Том"),
        ("turnip", "tür-\nnip"),
        ("turnip parsnip", "turnip. A parsnip"),
    ] {
        if !spans(&one_rule(&[keyword], ""), text.as_bytes()).is_empty() {
            found.push((keyword, text));
        }
    }
    assert_eq!(found, []);
    let asked = one_rule(&["girl"], "normalise = { leet = true }");
    assert_eq!(spans(&asked, b"a g1rl"), [2..6]);
}

/// Every character whose skeleton by UTS #39 is that of a letter, small or capital.
#[test]
fn every_look_alike_of_a_letter_is_seen_through() {
    let keyword = "zorblax quantum";
    let set = one_rule(&[keyword], "");
    let mut alike: std::collections::HashMap<String, Vec<char>> = std::collections::HashMap::new();
    let skeleton = |ch: char| unicode_security::skeleton(ch.encode_utf8(&mut [0; 4])).collect::<String>();
    for ch in ('\u{80}'..=char::MAX).filter(|ch| ch.is_alphabetic()) {
        alike.entry(skeleton(ch)).or_default().push(ch);
    }
    let (mut tried, mut missed) = (0, Vec::new());
    for (at, letter) in keyword.char_indices().filter(|(_, letter)| *letter != ' ') {
        for drawn in [letter, letter.to_ascii_uppercase()] {
            for ch in alike.get(&skeleton(drawn)).into_iter().flatten() {
                let text = format!("{}{ch}{}", &keyword[..at], &keyword[at + 1..]);
                tried += 1;
                if spans(&set, text.as_bytes()).is_empty() {
                    missed.push(text);
                }
            }
        }
    }
    assert!(tried > 700, "{tried}");
    assert_eq!(missed, [""; 0], "{} of {tried}", missed.len());
}

#[test]
fn each_way_of_drawing_has_its_switch() {
    for (switch, text) in [
        ("confusables", "ZОRВLАХ quantum"),
        ("compatibility", "🆉🅾🆁🅱🅻🅰🆇 quantum"),
        ("strokes", "ƶørƀłⱥx quantum"),
        ("spaced", "zor**blax quantum"),
        ("leet", "zorbl@x quantum"),
        ("repeated", "zoorrbllaaxx quantum"),
        ("hyphens", "zor-\nblax quantum"),
        ("pairs", "zorblax quanturn"),
        ("punctuation", "zorblax, quantum"),
        ("joined", "#zorblaxquantum"),
        ("escapes", "zorbl\\u0061x quantum"),
        ("reversed", "\u{202e}mutnauq xalbroz"),
    ] {
        for (setting, is_found) in [("", true), (&*format!("normalise = {{ {switch} = false }}"), false)] {
            let set = one_rule(&["zorblax quantum"], setting);
            assert_eq!(!spans(&set, text.as_bytes()).is_empty(), is_found, "{switch}: {text:?} with {setting:?}");
        }
    }
}

#[test]
fn what_only_looks_like_a_dodge_is_none() {
    for (keyword, text) in [
        ("los", "10 5 105"),
        ("iz", "12 and 12!"),
        ("bees", "8335"),
        ("god", "good"),
        ("turnip", "turn. ip turn, ip"),
        ("abc", "a bc"),
    ] {
        let set = one_rule(&[keyword], "");
        assert!(spans(&set, text.as_bytes()).is_empty(), "{keyword} in {text}");
    }
}

proptest! {
    #[test]
    fn a_text_that_arrives_in_pieces_is_scanned_as_a_whole(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "forbidden turnip", "f0rb1dden turnip", "f.o.r.b.i.d.d.e.n turnip", "forb", "idden tur", "nip", "\u{200b}",
            "filler ", "ж\u{301}", "&#102;", "%66orbidden turnip", "\u{ad}", "Zm9yYmlkZGVuIHR1cm5pcHMhIGFuZCBtb3Jl ",
        ]), 0..1500),
        foreign in prop::option::of(0..1500_usize),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let set = one_rule(&["forbidden turnip", "turnip forb"], "words = \"anywhere\"");
        let mut text = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            text.extend_from_slice(piece.as_bytes());
            text.extend((foreign == Some(number)).then_some(0xe9));
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let mut scanner = Scanner::new(&set, Deadline::NEVER);
        let mut start = 0;
        for cut in cuts.into_iter().chain([text.len()]) {
            scanner.push(&text[start..cut]);
            start = cut;
        }
        prop_assert_eq!(scanner.finish(), set.scan(&text, &Deadline::NEVER));
    }
}

#[test]
fn identifiers_count_like_keywords() {
    let set = rule_set(
        "[[rule]]\nid = \"r\"\nkeywords = [\"turnip\"]\nat_least = 2\nidentifiers = [\n\
         { kind = \"domain\", list = [\"evil.example\"] },\n\
         { kind = \"phone\", list = [\"+49 151 2345678\"] },\n]\n",
    );
    for (text, expected) in [
        ("turnip at hxxps://shop.evil[.]example/x, now", &[0..6, 10..39][..]),
        ("call 0151/2345678 or write to me@evil.example", &[5..17, 30..45]),
        ("evil.example and evil.example", &[]),
        ("turnip%20http%3A%2F%2Fevil.example%2Fx", &[0..6, 9..38]),
    ] {
        assert_eq!(spans(&set, text.as_bytes()), expected, "{text}");
    }
    for extra in 0..60 {
        let text = format!("turnip {} https://evil.example/path x", "-".repeat(WINDOW - 30 + extra));
        assert_eq!(spans(&set, text.as_bytes()).len(), 2, "{extra}");
    }
}

#[test]
fn charsets_that_read_alike_for_long_are_both_there_when_they_part() {
    let set = rule_set(
        "[[rule]]\nid = \"western\"\nkeywords = [\"Ã©clair\"]\n[[rule]]\nid = \"utf8\"\nkeywords = [\"éclair\"]\n",
    );
    let latin = b"caf\xe9 ".repeat(3 * WINDOW / 5);
    let text = [&latin[..], "éclair".as_bytes(), b" ", &latin, b"\xe9clair"].concat();
    let found: Vec<(usize, Vec<Range<usize>>)> =
        set.scan(&text, &Deadline::NEVER).into_iter().map(|found| (found.rule, found.spans)).collect();
    let (start, end) = (latin.len(), text.len());
    // The spans of a rule are those of the likeliest reading in which it is fulfilled.
    assert_eq!(found, [(0, vec![start..start + 7]), (1, vec![end - 6..end])]);
    assert_eq!(spans(&one_rule(&["éclair"], ""), &text[..end - 6]), [start..start + 7]);
}
