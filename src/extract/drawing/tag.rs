//! Tags and references of HTML.
//!
//! Source: WHATWG HTML §13.2.5 (tokenization), §13.2.6.5 (foreign content).

use std::borrow::Cow;

use memchr::memchr;

use super::names::BREAKOUT;
use crate::content::{ReferenceIn, character_reference};

/// A tag of HTML, as it is written.
pub(super) struct Tag<'t> {
    /// In small letters.
    pub(super) name: String,
    pub(super) is_end: bool,
    /// Whether it ends with a slash.
    pub(super) is_closed: bool,
    /// With the references in their values.
    pub(super) attributes: Vec<(&'t str, &'t str)>,
}

impl<'t> Tag<'t> {
    /// The tag at the start of `markup`, and its length.
    pub(super) fn read(markup: &'t str, prefixes: &[String]) -> Option<(Self, usize)> {
        let bytes = markup.as_bytes();
        let is_end = bytes.get(1) == Some(&b'/');
        let start = 1 + usize::from(is_end);
        let is_name_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        let mut at = start + bytes[start..].iter().position(is_name_end)?;
        let name = &markup[start..at];
        let local = name.split_once(':').filter(|(prefix, _)| prefixes.iter().any(|known| known == prefix));
        let name = local.map_or(name, |(_, local)| local).to_ascii_lowercase();
        let mut tag = Self { name, is_end, is_closed: false, attributes: Vec::new() };
        loop {
            let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
            let blanks = bytes[at..].iter().take_while(|byte| is_blank(byte)).count();
            at += blanks;
            if *bytes.get(at)? == b'>' {
                tag.is_closed = blanks > 0 && bytes[at - 1] == b'/';
                return Some((tag, at + 1));
            }
            let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=');
            // A name may begin with what would end it.
            let name_end = at + 1 + bytes[at + 1..].iter().position(is_end)?;
            let name = markup.get(at..name_end)?;
            at = name_end;
            let blanks = bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let mut value = "";
            if bytes.get(at + blanks) == Some(&b'=') {
                at += blanks + 1;
                at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let (from, length, more) = match *bytes.get(at)? {
                    quote @ (b'"' | b'\'') => (at + 1, memchr(quote, &bytes[at + 1..])?, 1),
                    _ => (at, bytes[at..].iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>')?, 0),
                };
                value = &markup[from..from + length];
                at = from + length + more;
            }
            tag.attributes.push((name, value));
        }
    }

    /// Whether it ends a drawing, in which it has no place.
    pub(super) fn breaks_out(&self) -> bool {
        let is_old =
            |(name, _): &(&str, &str)| ["color", "face", "size"].iter().any(|old| name.eq_ignore_ascii_case(old));
        BREAKOUT.contains(&&*self.name) || self.name == "font" && self.attributes.iter().any(is_old)
    }
}

/// `text` with its references resolved.
pub(super) fn resolved(text: &str, place: ReferenceIn) -> Cow<'_, str> {
    if memchr(b'&', text.as_bytes()).is_none() {
        return text.into();
    }
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        resolved.push_str(&rest[..at]);
        let length = match character_reference(&rest.as_bytes()[at..], place) {
            Some((characters, length)) => {
                resolved.push_str(&characters);
                length
            }
            None => {
                resolved.push('&');
                1
            }
        };
        rest = &rest[at + length..];
    }
    resolved.push_str(rest);
    resolved.into()
}
