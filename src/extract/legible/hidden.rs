//! Which elements of markup browsers hide, and which they draw from right to left.

use memchr::memmem;

/// What a tag does to the content of its element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    /// It is drawn as it is.
    AsItIs,
    /// It is not.
    Not,
    /// It is drawn from right to left.
    Reversed,
}

/// Elements without content.
const EMPTY: [&[u8]; 14] = [
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param", b"source",
    b"track", b"wbr",
];

/// Elements that another one of their name ends.
const ENDED_BY_NEXT: [&[u8]; 8] = [b"p", b"li", b"td", b"th", b"tr", b"dt", b"dd", b"option"];

/// What a style says that hides text.
const HIDING: [&[u8]; 9] = [
    b"display:none",
    b"visibility:hidden",
    b"visibility:collapse",
    b"opacity:0;",
    b"content-visibility:hidden",
    b"left:-9",
    b"text-indent:-9",
    b"color:transparent",
    b"clip:rect(0",
];

/// Whether some tag in `text` may hide or turn around what is in it.
pub(super) fn may_be_in(text: &[u8]) -> bool {
    let is_there = |word: &[u8]| memmem::find(text, word).is_some();
    [
        &b"hidden"[..],
        b"HIDDEN",
        b"isplay",
        b"ISPLAY",
        b"font-size",
        b"FONT-SIZE",
        b"opacity",
        b"<bdo",
        b"<BDO",
        b"bidi-override",
        b"<template",
        b"visibility",
        b"left:",
        b"text-indent",
        b"transparent",
        b"clip:",
    ]
    .into_iter()
    .any(is_there)
}

/// Most classes and names of elements that are hidden by the styles of one page.
const MOST_HIDDEN: usize = 64;

/// The classes and names of elements that styles within a page hide: `.x` and `#x` alone, in lower case.
#[derive(Debug, Default)]
pub(super) struct Styles {
    hidden: Vec<Vec<u8>>,
}

impl Styles {
    /// The styles of the page `text`.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut hidden = Vec::new();
        for at in memmem::find_iter(text, b"<style").chain(memmem::find_iter(text, b"<STYLE")) {
            let style = &text[at..];
            let style = &style[..memmem::find(style, b"</").unwrap_or(style.len())];
            let style = &style[memchr::memchr(b'>', style).map_or(style.len(), |end| end + 1)..];
            for rule in style.split(|byte| *byte == b'}') {
                let Some(open) = memchr::memchr(b'{', rule) else {
                    continue;
                };
                if hidden.len() < MOST_HIDDEN && hides(&dense(&rule[open + 1..])) {
                    let selectors = rule[..open].split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
                    hidden.extend(selectors.filter(|one| is_simple(one)).map(<[u8]>::to_ascii_lowercase));
                }
            }
        }
        Self { hidden }
    }

    /// Whether they hide an element with these `attributes`, in lower case.
    fn hide(&self, attributes: &[u8]) -> bool {
        !self.hidden.is_empty()
            && self.hidden.iter().any(|selector| {
                let (key, name) = (if selector[0] == b'.' { &b"class"[..] } else { b"id" }, &selector[1..]);
                let is_end = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
                memmem::find(attributes, key).is_some()
                    && memmem::find_iter(attributes, name).any(|at| {
                        let (before, behind) = (&attributes[..at], &attributes[at + name.len()..]);
                        before.last().is_some_and(is_end) && behind.first().is_none_or(is_end)
                    })
            })
    }
}

/// Whether a selector is one class or one name of an element.
fn is_simple(selector: &[u8]) -> bool {
    matches!(selector, [b'.' | b'#', name @ ..] if !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
}

/// `style` without blanks, in lower case, with a semicolon at the end.
fn dense(style: &[u8]) -> Vec<u8> {
    let bytes = style.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.map(u8::to_ascii_lowercase).chain([b';']).collect()
}

/// Whether the `dense` style hides what it is of.
fn hides(dense: &[u8]) -> bool {
    let says = |word: &[u8]| memmem::find(dense, word).is_some();
    let is_fully = says(b"font-size:0") && !says(b"font-size:0.");
    is_fully || HIDING.iter().any(|word| says(word))
}

/// What the tag called `name` with these attributes does.
pub(super) fn drawn(name: &[u8], attributes: &[u8], styles: &Styles) -> Drawn {
    if EMPTY.iter().any(|empty| empty.eq_ignore_ascii_case(name)) || attributes.ends_with(b"/") {
        return Drawn::AsItIs;
    }
    if name.eq_ignore_ascii_case(b"template") {
        return Drawn::Not;
    }
    let lower = attributes.to_ascii_lowercase();
    let dense = dense(&lower);
    let says = |word: &[u8]| memmem::find(&dense, word).is_some();
    let is_rtl = says(b"dir=rtl") || says(b"dir=\"rtl") || says(b"dir='rtl") || says(b"direction:rtl");
    if is_rtl && (name.eq_ignore_ascii_case(b"bdo") || says(b"bidi-override") || says(b"isolate-override")) {
        return Drawn::Reversed;
    }
    let is_hidden = lower
        .split(|byte| byte.is_ascii_whitespace())
        .any(|word| word.strip_prefix(b"hidden").is_some_and(|rest| rest.is_empty() || rest[0] == b'='));
    let is_clear = ["opacity:0\"", "opacity:0'"].iter().any(|clear| says(clear.as_bytes()));
    if is_hidden || is_clear || hides(&dense) || styles.hide(&lower) { Drawn::Not } else { Drawn::AsItIs }
}

/// Whether a tag called `next` ends the element `name` that is not closed.
pub(super) fn ends(name: &[u8], next: &[u8]) -> bool {
    name.eq_ignore_ascii_case(next) && ENDED_BY_NEXT.iter().any(|ended| ended.eq_ignore_ascii_case(name))
}
