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
const HIDING: [&[u8]; 6] = [
    b"display:none",
    b"visibility:hidden",
    b"visibility:collapse",
    b"font-size:0",
    b"opacity:0;",
    b"content-visibility:hidden",
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
    ]
    .into_iter()
    .any(is_there)
}

/// What the tag called `name` with these attributes does.
pub(super) fn drawn(name: &[u8], attributes: &[u8]) -> Drawn {
    if EMPTY.iter().any(|empty| empty.eq_ignore_ascii_case(name)) || attributes.ends_with(b"/") {
        return Drawn::AsItIs;
    }
    let lower = attributes.to_ascii_lowercase();
    let dense: Vec<u8> = lower.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let says = |word: &[u8]| memmem::find(&dense, word).is_some();
    let is_rtl = says(b"dir=rtl") || says(b"dir=\"rtl") || says(b"dir='rtl") || says(b"direction:rtl");
    if is_rtl && (name.eq_ignore_ascii_case(b"bdo") || says(b"bidi-override") || says(b"isolate-override")) {
        return Drawn::Reversed;
    }
    let is_hidden = lower
        .split(|byte| byte.is_ascii_whitespace())
        .any(|word| word.strip_prefix(b"hidden").is_some_and(|rest| rest.is_empty() || rest[0] == b'='));
    let is_fully = says(b"font-size:0") && !says(b"font-size:0.");
    let hides = |word: &&[u8]| if *word == b"font-size:0" { is_fully } else { says(word) };
    let is_clear = dense.ends_with(b"opacity:0\"") || dense.ends_with(b"opacity:0'");
    if is_hidden || is_clear || HIDING.iter().any(hides) { Drawn::Not } else { Drawn::AsItIs }
}

/// Whether a tag called `next` ends the element `name` that is not closed.
pub(super) fn ends(name: &[u8], next: &[u8]) -> bool {
    name.eq_ignore_ascii_case(next) && ENDED_BY_NEXT.iter().any(|ended| ended.eq_ignore_ascii_case(name))
}
