//! What people read in parts of all kinds, and that no bytes do any harm.

use bytes::Bytes;

use super::*;
use crate::config::Ambiguity;
use crate::content::ExtractLimits;
use crate::extract::ProblemCode;
use crate::extract::dissection::testing::gathered;

/// The texts that are shown beside a file of these bytes, each by its name.
fn texts(part: Part) -> Vec<(String, String)> {
    let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| show_texts(&part, found));
    assert_eq!(found.problems, []);
    assert!(found.parts.iter().all(|part| part.kind.is_for_rules()));
    let parts = found.parts.into_iter();
    parts.map(|part| (part.name.unwrap_or_default(), String::from_utf8_lossy(&part.bytes).into_owned())).collect()
}

fn file(bytes: &[u8]) -> Part {
    Part::new(PartKind::File, Bytes::copy_from_slice(bytes))
}

#[track_caller]
fn assert_reads(bytes: &[u8], name: &str, expected: &str) {
    let texts = texts(file(bytes));
    let is_there = texts.iter().any(|(kind, text)| kind == name && text.contains(expected));
    assert!(is_there, "{expected:?} is not in {name} of {:?}: {texts:?}", String::from_utf8_lossy(bytes));
}

#[test]
fn pages_with_zeros_read_without_them() {
    assert_reads(b"<p>Some words before that, and forbid\0den <b>tur\0</b>nip", "text", "forbidden turnip");
}

#[test]
fn markup_reads_as_browsers_draw_it() {
    for (markup, expected) in [
        ("for<span style=\"display: none\">xyz</span>bidden", "forbidden"),
        ("for<span hidden>x<span>y</span>z</span>bidden", "forbidden"),
        ("for<b style='font-size:0'>xyz</b>bidden", "forbidden"),
        ("<bdo dir=\"rtl\">n&#101;ddib<b>rof</b></bdo> turnip", "forbidden turnip"),
        ("<span style=\"unicode-bidi:bidi-override; direction: rtl\">neddibrof</span>", "forbidden"),
        ("for<p hidden>xyz<p>bidden", "bidden"),
        ("<style>b, .no { display: none }</style>for<i class='a no'>xyz</i>bidden", "forbidden"),
        ("<style>#x{font-size:0}</style>for<i id=x>xyz</i>bidden", "forbidden"),
        ("for<template>xyz</template>bidden", "forbidden"),
        ("for<s style='position: absolute; left: -9999px'>xyz</s>bidden", "forbidden"),
        ("for<s style='d\\69splay&colon;/**/none'>xyz</s>bidden", "forbidden"),
        ("<style>.q b{display:none}</style><b>for<i hidden>x</i>bidden</b>", "forbidden"),
        ("for<i popover>x</i>bidden", "forbidden"),
        ("<svg><text>for<tspan display=none>x</tspan>bidden</text></svg>", "forbidden"),
        ("<style>s:hover b{display:none}</style><s><b>for<i hidden>x</i>bidden</b></s>", "forbidden"),
        ("<style>b{display:none}#c{display:inline}</style><b id=c>for<b>x</b>bidden</b>", "forbidden"),
        ("<p>for<title>x</title>bidden", "forbidden"),
        ("for<object data='data:,'>x</object>bidden", "forbidden"),
        ("<object data=x:y>for<i hidden>x</i>bidden</object>", "forbidden"),
        ("<p style=visibility:hidden>x<b style=visibility:visible>for<i hidden>x</i>bidden</b>", "forbidden"),
        ("<style>@media x{.p > b:hover{display:none}}</style>for<i class=p><b>xyz</b></i>bidden", "forbidden"),
        ("for<b style=display:block></b>bidden", "for\nbidden"),
        ("for<div style='display: inline'></div>bid<p style=display:contents>den", "forbidden"),
        ("for</div>bidden", "forbidden"),
        ("for<div hidden>xyz</div>bidden <video>x<b>y</video>turnip", "forbidden turnip"),
        ("<ruby>for<rt>x<rp>y</rp></ruby>bidden", "forbidden"),
        ("for<![CDATA[x>bidden", "forbidden"),
        ("<textarea><!--</textarea> for<b></b>bidden-->", "forbidden"),
        ("<i title=''>for<script/>x</script>bidden<b hidden/>", "forbidden"),
        ("<style>.x::before{content: '\\66or' attr(a)}</style><p class=x a=bid>den", "forbidden"),
        ("<?xml version='1.0'?><p xmlns='x'>for<?x > y?>bid<script/>den</p>", "forbidden"),
    ] {
        assert_reads(markup.as_bytes(), "drawn", expected);
    }
    for (markup, expected) in [
        ("<b =\">for<i></i>bidden<b =\">", "forbidden"),
        ("<b a=x/='>'>forbidden", "'>forbidden"),
        ("for<!--->bid<!--x--!>den", "forbidden"),
        ("<iframe srcdoc='for&lt;b>bid&lt;/b>den'>", "forbidden"),
        ("<!DOCTYPE x [<!ENTITY a 'for'><!ENTITY b '&a;bid'>]><x>&b;den</x>", "forbidden"),
        ("fo<object></object>r<audio></audio>bidden", "forbidden"),
    ] {
        assert_reads(markup.as_bytes(), "text", expected);
    }
    let shown = "the <b style=\"font-size:0.9em\">forbidden</b> turnip is <i>hidden</i>";
    let texts = texts(file(shown.as_bytes()));
    assert_eq!(texts[0], ("text".to_owned(), "the forbidden turnip is hidden".to_owned()));
    assert!(texts.iter().all(|(name, _)| name != "drawn"), "{texts:?}");
}

#[test]
fn style_sheets_count_wherever_a_page_has_them() {
    let hide = "i{display:none}";
    let base64 = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
    let wide: Vec<u8> = hide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let import = format!("@import 'data:text/css;base64,{}';", base64(hide.as_bytes()));
    for head in [
        format!("<link rel=stylesheet href='data:text/css,{hide}'>"),
        format!("<link rel='x STYLESHEET' href='da&#116;a:text/css;base64,{}'>", base64(hide.as_bytes())),
        format!("<link rel=stylesheet href='data:text/css;charset=utf-16le;base64,{}'>", base64(&wide)),
        format!("<style>@import url(data:text/css,{hide});</style>"),
        format!("<style>@charset 'x';@layer a;@import url( 'data:text/css,{hide}' ) layer(a) screen;</style>"),
        format!("<style>{import}</style>"),
        format!("<style>@import 'data:text/css;base64,{}';</style>", base64(import.as_bytes())),
        format!("<style>{}{hide}</style>", ".c{color:red}".repeat(1000)),
        format!("<style>{hide}</style>{}<p>", "<b>".repeat(140)),
        format!("<style>body > p > {hide}</style>"),
        format!("<style>p {hide}</style><noscript><style>i{{display:inline!important}}</style></noscript>"),
        format!("<!-- <style>i{{display:inline!important}}</style> --><style>p {hide}</style>"),
        "<style>:root{--n:none}i{display:var(--n)}</style>".to_owned(),
    ] {
        let page = format!("<!doctype html>{head}<p>for<i>xyz</i>bid<i>q</i>den turnip");
        assert_reads(page.as_bytes(), "drawn", "forbidden turnip");
    }
    for rest in [
        "<style>@import 'data:text/css,i{display:none}';</style>",
        "<link rel='alternate stylesheet' href='data:text/css,i{display:none}'>",
        "<template><style>i{display:none}</style></template>",
        "<style type=x>i{display:none}</style>",
    ] {
        let page = format!("<!doctype html><style>b{{display:none}}</style>{rest}<p>a<b>x</b><i>b</i>c");
        let expected = if rest.contains("@import") { "ac" } else { "abc" };
        assert_reads(page.as_bytes(), "drawn", expected);
    }
}

#[test]
fn texts_that_styles_add_are_read() {
    for page in [
        "<style>:root{--x:'for'}p::before{content:var(--x)}</style><p>bidden turnip",
        "<style>p::before{content:var(--x)}</style><div style=\"--x:'for'\"><p>bidden turnip</div>",
        "<style>p::before{content:ATTR(data-y, 'for')}</style><p>bidden turnip",
        "<style>p::before{content:'for' / 'x'}p::after{content:'x';display:none}</style><p>bidden turnip",
        "<style>li{list-style-type:'forbidden '}</style><ul><li>turnip</ul>",
        "<style>ul{list-style:inside 'for'}</style><ul><li>bidden turnip</ul>",
        "<style>li::marker{content:'for'}</style><ul><li>bidden turnip</ul>",
        "<style>@counter-style z{system:cyclic;symbols:x 'orb';prefix:'f';suffix:'id'}li{list-style:z}</style>\
         <ol start=2><li>den turnip",
        "<style>@counter-style z{system:fixed;symbols:a 'for'}p{counter-increment:a 2}\
         p::before{content:counter(a,z)}</style><p>bidden turnip",
        "<style>q{quotes:'for' 'nip'}</style><p><q>bidden tur</q>",
        "<p>for<img src=x alt=bid>den <i>turnip</i>",
        "<style>p{quotes:'x' 'nip' 'bid' 'y'}p::before{content:no-open-quote}p b::before{content:open-quote}\
         p::after{content:close-quote}p b::after{content:no-close-quote}</style><p>for<b>den tur</b></p>",
        "<style>p,b{counter-reset:a}b::before{content:counters(a,'orbi',z)}\
         @counter-style z{system:cyclic;symbols:''}</style><p>f<b>dden turnip",
    ] {
        assert_reads(page.as_bytes(), "drawn", "forbidden turnip");
    }
}

#[test]
fn elements_that_are_not_ended_go_on_as_browsers_have_it() {
    for page in [
        "for<i><b hidden></i>xyz</b>bidden",
        "for<span hidden><div>x</span>y</div></span>bidden",
        "<b>for<div hidden>x</b>y</div>bidden",
        "for<svg><text hidden>x<b hidden></svg>y</b>bidden",
    ] {
        assert_reads(page.as_bytes(), "drawn", "forbidden");
    }
}

#[test]
fn a_page_of_which_too_much_is_hidden_to_follow_is_over_a_limit() {
    let page = format!("<style>{}</style><p>a<i>b</i>c", "i{opacity:0}".repeat(70_000));
    let found =
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| show_texts(&file(page.as_bytes()), found));
    assert!(found.problems.iter().all(|problem| problem.code == ProblemCode::TooMuchWork));
    assert!(!found.problems.is_empty());
}

#[test]
fn cards_notebooks_and_documents_in_tex_read_as_programs_show_them() {
    assert_reads(
        b"BEGIN:VCALENDAR\r\nSUMMARY:forb\r\n idden tur\r\n\tnip\\, now\r\nEND:VCALENDAR",
        "cards",
        "forbidden turnip, now",
    );
    let card = b"BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:=66orbid=\nden=20turnip\nEND:VCARD";
    assert_reads(card, "cards", "forbidden turnip");
    let notebook = br#"{"cells": [{"source": ["forbid", "den \u0074ur" , "nip"], "x": "y", "z": {"a": "b"}}]}"#;
    assert_reads(notebook, "json", "\"forbidden turnip\"");
    assert_reads(
        br#"{"cells": [{"source": ["forbid","den"]}], "x": ["a", 1, "b"], "y": {"c": "d"}}"#,
        "cells",
        "forbidden",
    );
    let mut document = file(b"\\textbf{for}bidden \\emph{tur}nip% no\n\\section*{One} 50\\% \\TeX");
    document.file_name = Some("a.TEX".to_owned());
    let texts = texts(document);
    let expected = "forbidden turnip\nOne 50% ";
    let begun = b"\\documentclass{a}\\begin{document}for\\textit{bid}den";
    assert_reads(begun, "latex", "\nforbidden");
    assert!(texts.iter().any(|(kind, text)| kind == "latex" && text.starts_with(expected)), "{texts:?}");
}

#[test]
fn names_and_first_bytes_make_bytes_text() {
    let noise: Vec<u8> = (0..400_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80).collect();
    let mut page = file(&[&b"<html><!--"[..], &noise, b"-->for<b>bidden</b>"].concat());
    page.file_name = Some("a.html".to_owned());
    assert!(texts(page).iter().any(|(kind, text)| kind == "text" && text.contains("forbidden")));
    let document = [&b"{\\rtf1 {\\*\\xyz "[..], &noise, b"} for{\\b bidden}}"].concat();
    assert_reads(&document, "rtf", "forbidden");
}

#[test]
fn markup_reads_as_it_is_shown() {
    for (markup, expected) in [
        ("<b>for</b>bidden", "forbidden"),
        ("<p>one</p><p>two", "one\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("f&#111;r&#x62;idden &eacute;&uuml;&alpha;&Omega;", "forbidden éüαΩ"),
        ("for&shy;bidden&nbsp;word", "for\u{ad}bidden\u{a0}word"),
        ("for&#98idden &ltb", "forbidden <b"),
        ("&fjlig; &eacutet&eacute &Ccaron;apek &#150; &notin;", "fj été Čapek – ∉"),
        ("for<!-- x --><script>1 < 2</script><x-y>bid</x-y>den", "forbidden"),
        ("for<b title='>'>bid</b\n>den", "forbidden"),
        ("a < b && c > d <b>x</b>", "a < b && c > d x"),
        ("<![CDATA[for]]>bid<?x y?>den", "forbidden"),
        ("<i>cut off <a href=\"x", "cut off <a href=\"x"),
        ("<i>cut off <a href=\"x>in a tag</a> for<b>bidden", "forbidden"),
        ("<w:r><w:t>for</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>bidden</w:t></w:r>", "forbidden"),
        ("<si><r><t>for</t></r><r><t>bidden</t></r></si><si><t>next</t></si>", "forbidden\nnext"),
        ("<text:p>two<text:s/>words</text:p>", "two words"),
        ("<name>one</name><name>two</name>", "onetwo"),
    ] {
        assert_reads(markup.as_bytes(), "text", expected);
    }
    // Elements that nobody knows are read both ways.
    assert_reads(b"<name>one</name> <name>two</name>", "text", "one two");
    let both = texts(file(b"<n>one</n><n>two</n>"));
    assert!(both.iter().any(|(_, text)| text == "one\ntwo\n" || text == "one\ntwo"), "{both:?}");
}

#[test]
fn what_stands_in_tags_comments_and_scripts_is_read_beside_the_text() {
    for (markup, expected) in [
        ("<img alt='for&#98;idden'>", "forbidden"),
        ("<meta content=forbidden>", "forbidden"),
        ("<a href='?a=1&copy=2&forbidden=&eacute;'>", "?a=1&copy=2&forbidden=é"),
        ("<a href=\"/%66orbidden\">x</a>", "/forbidden"),
        ("<!-- forbidden -->", "forbidden"),
        ("<!-- forbidden", "forbidden"),
        ("<script>forbidden = 1 < 2</script>", "forbidden = 1 < 2"),
        ("<SCRIPT>forbidden", "forbidden"),
        ("<a title=\"open>forbidden</a> <b class=\"x\">", "forbidden"),
        ("<a title=forbidden", ""),
    ] {
        if !expected.is_empty() {
            assert_reads(markup.as_bytes(), "tags", expected);
        }
    }
}

#[test]
fn plain_text_is_not_read_twice() {
    for text in ["no markup", "1 < 2 & 3 > 2", "AT&T; R&D", "", "a & b", "x<3", "{\"a\": 1}"] {
        assert_eq!(texts(file(text.as_bytes())), [], "{text}");
    }
    assert_eq!(texts(file(b"\0\x01\x02\x03<b>binary</b>\x05\x06")), []);
}

#[test]
fn declared_and_marked_charsets_are_decoded() {
    let koi8 = b"\xda\xc1\xd0\xd2\xc5\xd4";
    let part = |declared: &str| file(koi8).declared(Some(declared.to_owned()));
    assert_eq!(texts(part("text/plain; charset=\"koi8-r\"")), [("charset".to_owned(), "запрет".to_owned())]);
    assert_eq!(texts(part("text/plain; charset=utf-8")), []);
    let unknown = part("text/plain; charset=nonsense");
    let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| show_texts(&unknown, found));
    assert_eq!(found.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [ProblemCode::CharsetUnknown]);
    let page = [b"<meta charset=koi8-r><p>\xda\xc1<b>\xd0</b>", &koi8[3..]].concat();
    assert_reads(&page, "text", "запрет");
    let xml = [b"<?xml version='1.0' encoding='KOI8-R'?><p>", &koi8[..]].concat();
    assert_reads(&xml, "text", "запрет");
    let wide: Vec<u8> = "\u{feff}<b>for</b>bidden".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_reads(&wide, "text", "forbidden");
}

#[test]
fn names_are_texts_in_every_notation() {
    for (name, expected) in [
        ("forbidden.txt", "forbidden.txt"),
        ("=?utf-8?B?Zm9yYmlkZGVu?=.txt", "forbidden.txt"),
        ("=?utf-8?q?for=62id?= =?utf-8?Q?den_x?=", "forbidden x"),
        ("=?utf-8*en?q?gr=C3?= =?utf-8?q?=BC=C3=9F?=", "grüß"),
        ("%66orbidden.txt", "forbidden.txt"),
        ("for&#98;idden.txt", "forbidden.txt"),
    ] {
        let found = texts(Part { file_name: Some(name.to_owned()), ..file(b"x") });
        assert!(found.contains(&("name".to_owned(), expected.to_owned())), "{name}: {found:?}");
        assert!(found.contains(&("name".to_owned(), name.to_owned())), "{name}: {found:?}");
    }
    assert_eq!(texts(Part { file_name: Some(String::new()), ..file(b"x") }), []);
}

#[test]
fn subtitles_are_sentences() {
    for (subtitles, expected) in [
        ("1\n00:00:01,000 --> 00:00:02,000\nthe forbidden\n<i>phrase</i> here\n", "the forbidden\nphrase here\n"),
        ("1\r\n00:01,0 --> 00:02,0\r\nthe\r\n\r\n2\r\n00:03,0 --> 00:04,0\r\nphrase", "the\nphrase\n"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000 align:start\n<v Ann>for<c.red>bid</c>&#100;en", "forbidden\n"),
        ("[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\i1}for{\\i0}bidden,\\Nyes", "forbidden, yes\n"),
    ] {
        assert_reads(subtitles.as_bytes(), "subtitles", expected);
    }
    assert!(texts(file(b"a --> b\n1 --> 2")).is_empty());
}

#[test]
fn documents_in_rtf_read_as_they_are_shown() {
    for (rtf, expected) in [
        (r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 for{\b bid}\i den\i0  word\par next}", "forbidden word\nnext"),
        (r"{\rtf1\ansicpg1251 \'e7\'e0\'ef\'f0\'e5\'f2}", "запрет"),
        (r"{\rtf1 \u1079?\u1072?\uc0\u1087\u1088 \uc2\u1077 xx\u1090\'3f\'3f}", "запрет"),
        (r"{\rtf1 \u-10179?\u-8704?}", "😀"),
        (r"{\rtf1 for{\*\bkmkstart mark}bidden{\pict 00ff}}", "forbidden"),
        (r"{\rtf1 a{\*\annotation a note}\{b\}\~c\_d\bin3 }}}e", "aa note{b} c-de"),
        (r"{\rtf1 cut off \'", "cut off"),
        (r"{\rtf1\ansicpg866 \'e0\'a5\'af\'a0}", "репа"),
        (r"{\rtf1\ansicpg65001 r\'c3\'bcbe}{\rtf1", "rübe"),
        (r"{\rtf1\ansicpg437 r\'81be}", "rübe"),
        (r"{\rtf1{\fonttbl{\f0 A;}{\f1\fcharset204 B;}}\f0 a {\f1\'f0\'e5\'ef\'e0}\'e9}", "a репаé"),
        (r"{\rtf1 for{\v xyz}bid\v x\v0 den{\xe{\v y}}}", "forbidden"),
        (r"{\rtf1 {\v x\plain forbidden}", "forbidden"),
        (r"{\rtf1 for{\header xyz{\footnote z}}bidden", "forbidden"),
        (r"{\rtf1 for{\header for{\v x}bidden}", "forbidden"),
        (r"{\rtf1 {\shp{\*\shpinst{\sp x}{\shptxt forbidden}}}}", "forbidden"),
        (r"{\rtf1 \u102\~orbid\u100\'3fen", "forbidden"),
        (r"{\rtf1 {\upr{x}{\*\ud{for\u98?idden}}}", "forbidden"),
    ] {
        assert_reads(rtf.as_bytes(), "rtf", expected);
    }
}

#[test]
fn json_in_files_reads_without_its_escapes() {
    for (json, expected) in [
        (r#"{"a": "\u0066orbidden\nword"}"#, "{\"a\": \"forbidden\nword\"}"),
        ("{\"a\": 1}\n{\"a\": \"for\\u0062idden\"}\n", "forbidden"),
        ("\u{feff} [\"\\ud83d\\ude00 cut o\\u0066f \\", "😀 cut off "),
        (r#"{"log": "{\"a\": \"\\u0066or\\u0062idden\"}"}"#, "forbidden"),
    ] {
        assert_reads(json.as_bytes(), "json", expected);
    }
    assert_reads(br"{'a': '\u003cb\u003efor\u003c/b\u003ebidden'}", "text", "forbidden");
    let named = |part: Part, text: &str| texts(Part { bytes: text.to_owned().into(), ..part });
    let unescaped = [("json".to_owned(), "// x\na = forbidden".to_owned())];
    let text = r"// x\na = \u0066orbidden";
    let called = Part { file_name: Some("x".to_owned()), ..file(b"") };
    assert_eq!(named(Part { declared_type: Some("application/x-ndjson".to_owned()), ..file(b"") }, text), unescaped);
    assert_eq!(named(Part { kind: PartKind::Entry, ..file(b"") }.named("a/b.JSON5"), text), unescaped);
    assert_eq!(named(called.named("f"), text), [("name".to_owned(), "x".to_owned())]);
    assert_eq!(named(file(b""), r#"{"a": "nothing to undo"}"#), []);
}

#[test]
fn tags_that_do_not_end_cost_no_more_than_their_length() {
    for piece in ["<a b='>'", "<a b=\"", "<a ", "<!--", "&#", "<script>", "=?a?q?", "<a b=\"'>", "</", "{<a"] {
        let start = std::time::Instant::now();
        texts(Part { file_name: Some(piece.repeat(10_000)), ..file(piece.repeat(200_000).as_bytes()) });
        assert!(start.elapsed().as_secs() < 20, "{piece}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_do_any_harm(bytes: Vec<u8>, text in "(<|>|&|#|;|/|!|-|=|\"|'|\\?|[a-z]|script|-->|00:00|\n|\\{|\\\\)*") {
        texts(file(&bytes));
        texts(file(&[b"{\\rtf", &bytes[..]].concat()));
        texts(Part { file_name: Some(text.clone()), ..file(text.as_bytes()) });
    }

    #[test]
    fn no_letter_gets_lost(text in "(<|>|[a-z]| |/|!|=|\"|')*") {
        let all: String = texts(file(text.as_bytes())).into_iter().map(|(_, text)| text).collect();
        let letters = |text: &str| text.chars().filter(char::is_ascii_alphabetic).count();
        // Names of elements and attributes are no text.
        proptest::prop_assert!(all.is_empty() || text.contains('<') || letters(&all) >= letters(&text));
    }
}
