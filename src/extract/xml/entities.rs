//! Entities that a document declares itself, expanded as its readers expand them.
//!
//! The document type is read for its internal entities and taken out, and their references are replaced in what
//! follows, so that the rest is read like any other document. Entities in other files are never fetched: readers that
//! are not misconfigured do not either, and what is in those files is no part of the upload.
//!
//! Expanding is bounded by the same limits as unpacking; readers stop much earlier.
//!
//! Source: XML 1.0, fifth edition, §2.8, §4.1 to §4.5 and appendix D.

use std::collections::HashMap;

use bytes::Bytes;
use quick_xml::escape::resolve_xml_entity;

use crate::body::{End, ScratchWriter};
use crate::content::{ReferenceIn, character_reference};
use crate::extract::dissection::Dissection;

/// Entities in entities. libxml2 stops at 40.
const MAX_DEPTH: usize = 40;

/// References that are followed: entities of nothing cost time and no bytes.
const MAX_REFERENCES: usize = 1_000_000;

/// Bytes written at a time.
const BLOCK: usize = 16 << 10;

/// A document whose document type has declarations of its own.
pub(super) struct Declaring<'d> {
    /// What comes before the document type.
    before: &'d str,
    /// Between its brackets.
    subset: &'d str,
    after: &'d str,
}

impl<'d> Declaring<'d> {
    /// `None` for a document without such declarations, or with some that do not end.
    pub(super) fn of(text: &'d str) -> Option<Self> {
        let start = doctype(text)?;
        let mut at = start;
        let mut subset = None;
        loop {
            let rest = &text[at..];
            at += match rest.as_bytes().first()? {
                b'"' | b'\'' => quoted(rest)?,
                b'[' => {
                    let length = subset_length(&rest[1..])?;
                    subset = Some(&rest[1..=length]);
                    length + 2
                }
                b'>' => break,
                _ => next_char(rest),
            };
        }
        Some(Self { before: &text[..start], subset: subset?, after: &text[at + 1..] })
    }

    /// Every text in quotation marks in the declarations: values of entities and of attributes that are given by
    /// default.
    pub(super) fn literals(&self) -> impl Iterator<Item = &'d str> {
        let subset = self.subset;
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                let rest = subset.get(at..).filter(|rest| !rest.is_empty())?;
                match rest.as_bytes()[0] {
                    b'"' | b'\'' => {
                        let length = quoted(rest)?;
                        at += length;
                        return Some(&rest[1..length - 1]);
                    }
                    b'<' => at += comment_or_instruction(rest).unwrap_or(1),
                    _ => at += next_char(rest),
                }
            }
        })
    }

    /// The document without its document type and with its entities expanded; `None` when that is past a limit.
    pub(super) fn expanded(&self, found: &mut Dissection<'_>) -> Option<Bytes> {
        let mut declared = Declared::default();
        declared.read(self.subset, 0);
        let packed = self.before.len() + self.subset.len() + self.after.len();
        let output = found.output();
        let mut expander = Expander { declared: &declared, found, block: Vec::new(), output, packed, references: 0 };
        expander.block.extend_from_slice(self.before.as_bytes());
        let written = expander.content(self.after, 0).and_then(|()| expander.flush(0));
        let Expander { output, .. } = expander;
        match written {
            Ok(()) => found.take(output),
            Err(end) => {
                found.report_limit(end);
                None
            }
        }
    }
}

/// Where the document type starts: after nothing but white space, comments and instructions.
fn doctype(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{feff}');
        at += rest.len() - trimmed.len();
        if trimmed.starts_with("<!DOCTYPE") {
            return Some(at);
        }
        at += comment_or_instruction(trimmed)?;
    }
}

/// Length of the comment or processing instruction at the start of `text`.
fn comment_or_instruction(text: &str) -> Option<usize> {
    [("<!--", "-->"), ("<?", "?>")].into_iter().find_map(|(open, close)| {
        let inside = text.strip_prefix(open)?;
        inside.find(close).map(|at| open.len() + at + close.len())
    })
}

/// Length of the quoted text at the start of `text`, with its marks.
fn quoted(text: &str) -> Option<usize> {
    let mark = text.as_bytes().first()?;
    memchr::memchr(*mark, &text.as_bytes()[1..]).map(|at| at + 2)
}

/// Bytes before the bracket that ends the internal subset.
fn subset_length(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        at += match rest.as_bytes().first()? {
            b']' => return Some(at),
            b'"' | b'\'' => quoted(rest)?,
            b'<' => comment_or_instruction(rest).unwrap_or(1),
            _ => next_char(rest),
        };
    }
}

fn next_char(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

/// Replacement texts of internal entities, by name.
#[derive(Default)]
struct Declared {
    general: HashMap<String, String>,
    parameter: HashMap<String, String>,
}

impl Declared {
    /// Reads the declarations of `subset`. The first of a name counts (§4.2).
    fn read(&mut self, subset: &str, depth: usize) {
        let mut at = 0;
        while let Some(rest) = subset.get(at..).filter(|rest| !rest.is_empty()) {
            at += match rest.as_bytes()[0] {
                b'%' => {
                    let name = rest[1..].split(';').next().unwrap_or_default();
                    if depth < MAX_DEPTH
                        && let Some(text) = self.parameter.get(name).cloned()
                    {
                        self.read(&text, depth + 1);
                    }
                    1
                }
                b'<' => match comment_or_instruction(rest) {
                    Some(length) => length,
                    None => {
                        let length = declaration_length(rest);
                        self.take(&rest[..length]);
                        length
                    }
                },
                _ => next_char(rest),
            };
        }
    }

    fn take(&mut self, declaration: &str) {
        let Some(rest) = declaration.strip_prefix("<!ENTITY") else {
            return;
        };
        let rest = rest.trim_start();
        let (kind, rest) = match rest.strip_prefix('%') {
            Some(rest) => (&mut self.parameter, rest.trim_start()),
            None => (&mut self.general, rest),
        };
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (name, value) = rest.split_at(end);
        let value = value.trim_start();
        // Anything else is in another file.
        if value.starts_with(['"', '\''])
            && let Some(length) = quoted(value)
        {
            let text = with_numbers_resolved(&value[1..length - 1]);
            kind.entry(name.to_owned()).or_insert(text);
        }
    }
}

/// Length of the declaration at the start of `text`.
fn declaration_length(text: &str) -> usize {
    let mut at = 1;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        at += match rest.as_bytes()[0] {
            b'>' => return at + 1,
            b'"' | b'\'' => quoted(rest).unwrap_or(rest.len()),
            _ => next_char(rest),
        };
    }
    text.len()
}

/// Characters that are written by their number are themselves as soon as an entity is declared (§4.5).
fn with_numbers_resolved(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("&#") {
        resolved.push_str(&rest[..at]);
        rest = &rest[at..];
        let character = rest.split_once(';').and_then(|(reference, after)| Some((number(&reference[2..])?, after)));
        match character {
            Some((character, after)) => {
                resolved.push(character);
                rest = after;
            }
            None => {
                resolved.push('&');
                rest = &rest[1..];
            }
        }
    }
    resolved.push_str(rest);
    resolved
}

/// The character of a reference, without `&#` and `;`.
fn number(digits: &str) -> Option<char> {
    let code = match digits.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    code.ok().and_then(char::from_u32)
}

/// What the reference `name`, without `&` and `;`, stands for without any declaration: a number, one of the five that
/// XML knows, or one of HTML's, which the document types of XHTML declare.
pub(super) fn character(name: &str) -> Option<String> {
    if let Some(digits) = name.strip_prefix('#') {
        return number(digits).map(String::from);
    }
    if let Some(text) = resolve_xml_entity(name) {
        return Some(text.to_owned());
    }
    let reference = format!("&{name};");
    let (text, length) = character_reference(reference.as_bytes(), ReferenceIn::Text)?;
    (length == reference.len()).then_some(text)
}

/// Writes a document with its entities in their places.
struct Expander<'e, 'a> {
    declared: &'e Declared,
    found: &'e mut Dissection<'a>,
    block: Vec<u8>,
    output: ScratchWriter<'a>,
    packed: usize,
    references: usize,
}

impl Expander<'_, '_> {
    fn flush(&mut self, at_least: usize) -> Result<(), End> {
        self.found.flush(&mut self.block, at_least, self.packed, &mut self.output)
    }

    fn push(&mut self, text: &str) -> Result<(), End> {
        self.block.extend_from_slice(text.as_bytes());
        self.flush(BLOCK)
    }

    /// Text and tags, as they follow each other.
    fn content(&mut self, text: &str, depth: usize) -> Result<(), End> {
        let mut rest = text;
        while let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
            self.push(&rest[..at])?;
            rest = &rest[at..];
            let cdata = || {
                let inside = rest.strip_prefix("<![CDATA[")?;
                inside.find("]]>").map(|at| at + "<![CDATA[]]>".len())
            };
            let length = if rest.starts_with('&') {
                self.reference(rest, depth, Place::Content)?
            } else if let Some(length) = comment_or_instruction(rest).or_else(cdata) {
                self.push(&rest[..length])?;
                length
            } else {
                self.tag(rest, depth)?
            };
            rest = &rest[length..];
        }
        self.push(rest)
    }

    /// A tag up to its end, whose length is returned.
    fn tag(&mut self, text: &str, depth: usize) -> Result<usize, End> {
        let mut at = 0;
        loop {
            let rest = &text[at..];
            let Some(mark) = rest.find(['"', '\'', '>']) else {
                self.push(rest)?;
                return Ok(text.len());
            };
            let quoted = quoted(&rest[mark..]).filter(|_| !rest[mark..].starts_with('>'));
            self.push(&rest[..=mark])?;
            at += mark + 1;
            let Some(length) = quoted else {
                return Ok(at);
            };
            let value = &text[at..at + length - 2];
            self.value(value, depth, Place::Tag)?;
            self.push(&rest[mark..=mark])?;
            at += length - 1;
        }
    }

    /// The value of an attribute, or an entity in one.
    fn value(&mut self, text: &str, depth: usize, place: Place) -> Result<(), End> {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '"', '\'']) {
            self.push(&rest[..at])?;
            rest = &rest[at..];
            let literal = match rest.as_bytes()[0] {
                b'&' => {
                    let length = self.reference(rest, depth, Place::Entity)?;
                    rest = &rest[length..];
                    continue;
                }
                b'<' => "&lt;",
                // What stands in the tag itself is no end of the value, or it would be over.
                _ if place == Place::Tag => &rest[..1],
                b'"' => "&quot;",
                _ => "&apos;",
            };
            self.push(literal)?;
            rest = &rest[1..];
        }
        self.push(rest)
    }

    /// The reference at the start of `text`, whose length is returned. One that nobody here knows stays as it is.
    fn reference(&mut self, text: &str, depth: usize, place: Place) -> Result<usize, End> {
        let name = text[1..].split_once(';').map(|(name, _)| name);
        let declared = self.declared;
        let known = name.and_then(|name| declared.general.get(name).map(|text| (name, text)));
        let Some((name, replacement)) = known.filter(|_| depth < MAX_DEPTH) else {
            self.push("&")?;
            return Ok(1);
        };
        self.references += 1;
        if self.references > MAX_REFERENCES {
            return Err(End::TooDense);
        }
        match place {
            Place::Content => self.content(replacement, depth + 1)?,
            Place::Tag | Place::Entity => self.value(replacement, depth + 1, Place::Entity)?,
        }
        Ok(name.len() + 2)
    }
}

/// Where a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Content,
    /// The value of an attribute, as it is written in its tag.
    Tag,
    /// An entity in such a value.
    Entity,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::ProblemCode;
    use crate::extract::dissection::testing::gathered;

    fn expanded(text: &str) -> (Option<String>, Vec<ProblemCode>) {
        let mut expanded = None;
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            expanded = Declaring::of(text).and_then(|declaring| declaring.expanded(found));
        });
        let expanded = expanded.map(|text| String::from_utf8(text.to_vec()).unwrap());
        (expanded, found.problems.iter().map(|problem| problem.code).collect())
    }

    #[test]
    fn entities_are_expanded_where_readers_expand_them() {
        for (subset, text, expected) in [
            ("<!ENTITY e \"EVIL\">", "<a>&e;</a>", "<a>EVIL</a>"),
            ("<!ENTITY e 'a > b ]'>", "<a b=\"&e;\" c='&e;'/>", "<a b=\"a > b ]\" c='a > b ]'/>"),
            ("<!ENTITY e \"say &#34;x&#34;\">", "<a b=\"&e;\">&e;</a>", "<a b=\"say &quot;x&quot;\">say \"x\"</a>"),
            ("<!ENTITY e \"<b>EV</b>\">", "<a>&e;IL</a>", "<a><b>EV</b>IL</a>"),
            ("<!ENTITY e \"EV\"><!ENTITY f \"&e;IL\">", "<a>&f;</a>", "<a>EVIL</a>"),
            ("<!ENTITY e \"first\"><!ENTITY e \"second\">", "<a>&e;</a>", "<a>first</a>"),
            ("<!ENTITY % p \"<!ENTITY e 'EVIL'>\"> %p;", "<a>&e;</a>", "<a>EVIL</a>"),
            ("<!ENTITY e SYSTEM \"file:///x\">", "<a>&e;</a>", "<a>&e;</a>"),
            ("<!-- <!ENTITY e \"x\"> ] -->", "<a>&e;</a>", "<a>&e;</a>"),
            (
                "<!ENTITY e \"x\">",
                "<a><!-- &e; --><![CDATA[&e;]]>&amp;&#65;</a>",
                "<a><!-- &e; --><![CDATA[&e;]]>&amp;&#65;</a>",
            ),
        ] {
            let text = format!("<?xml version=\"1.0\"?><!DOCTYPE a [{subset}]>{text}");
            let (expanded, problems) = expanded(&text);
            let expected = format!("<?xml version=\"1.0\"?>{expected}");
            assert_eq!((expanded, problems), (Some(expected), vec![]), "{text}");
        }
    }

    #[test]
    fn an_entity_in_itself_and_a_million_laughs_come_to_an_end() {
        let (circle, _) = expanded("<!DOCTYPE a [<!ENTITY e \"x&e;\">]><a>&e;</a>");
        assert_eq!(circle.unwrap(), format!("<a>{}&e;</a>", "x".repeat(MAX_DEPTH)));
        for first in ["lol", ""] {
            let levels: String =
                (1..12).map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10))).collect();
            let bomb = format!("<!DOCTYPE a [<!ENTITY e0 \"{first}\">{levels}]><a>&e11;</a>");
            assert_eq!(expanded(&bomb), (None, vec![ProblemCode::UnpackedTooDense]));
        }
    }

    #[test]
    fn a_document_without_declarations_is_none() {
        for text in [
            "<a/>",
            "<!DOCTYPE a PUBLIC \"[\" \"x.dtd\"><a/>",
            "<!DOCTYPE a [<!ENTITY e \"x\">",
            "<a><!DOCTYPE a []></a>",
        ] {
            assert!(Declaring::of(text).is_none(), "{text}");
        }
    }
}
