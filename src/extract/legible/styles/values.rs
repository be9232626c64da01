//! Values that are known of an element only: custom properties and attributes in place of what is written.
//!
//! Sources: CSS Variables 1 §3; CSS Values 5 §"attr()".

use memchr::memchr_iter;

use crate::extract::legible::css::{self, skip};

/// Longest value that is put together.
const MAX_VALUE: usize = 4 << 10;

/// Values in each other.
const MOST_NESTED: usize = 64;

/// Where values come from.
pub(super) trait Given {
    /// The value of the custom property called `name` for the element `level` levels above, and the level of the element
    /// that has it.
    fn custom(&self, name: &[u8], level: usize) -> Option<(Vec<u8>, usize)>;
    /// The value of an attribute of that element.
    fn attribute(&self, name: &[u8], level: usize) -> Option<Vec<u8>>;
    /// Notes that something was left out, being too long.
    fn note_cut(&self);
}

/// Whether `value` is known of an element only.
pub(super) fn is_open(value: &[u8]) -> bool {
    let is_function = |at: usize| ends_with(&value[..at], b"var") || ends_with(&value[..at], b"attr");
    memchr_iter(b'(', value).any(is_function)
}

fn ends_with(text: &[u8], word: &[u8]) -> bool {
    text.len().checked_sub(word.len()).is_some_and(|at| text[at..].eq_ignore_ascii_case(word))
}

/// The declarations `style` for an element, in which those without a value are unset.
pub(super) fn known(style: &[u8], given: &impl Given) -> Vec<u8> {
    let mut known = Vec::new();
    for one in css::split(style, b';').filter(|one| !one.is_empty()) {
        let (name, value) = one.split_at(one.iter().position(|byte| *byte == b':').unwrap_or(one.len()));
        let (value, mark) = value.strip_suffix(b"!important").map_or((value, &b""[..]), |value| (value, b"!important"));
        known.extend_from_slice(name);
        known.extend(resolved(value, given).unwrap_or_else(|| b":unset".to_vec()));
        known.extend_from_slice(mark);
        known.push(b';');
    }
    known
}

/// `value` for an element; `None` where it has none.
pub(super) fn resolved(value: &[u8], given: &impl Given) -> Option<Vec<u8>> {
    if !is_open(value) {
        return Some(value.to_vec());
    }
    let mut output = Vec::new();
    Resolver { given, output: &mut output, within: Vec::new() }.put(value, 0)?;
    Some(output)
}

struct Resolver<'r, G> {
    given: &'r G,
    output: &'r mut Vec<u8>,
    /// The custom properties whose values are being put together, and the levels of their elements.
    within: Vec<(Vec<u8>, usize)>,
}

impl<G: Given> Resolver<'_, G> {
    /// Adds `value`, which the element `level` levels above has.
    fn put(&mut self, value: &[u8], level: usize) -> Option<()> {
        let (mut at, mut copied) = (0, 0);
        while let Some(byte) = value.get(at) {
            match byte {
                b'(' if ends_with(&value[..at], b"var") || ends_with(&value[..at], b"attr") => {
                    let is_variable = ends_with(&value[..at], b"var");
                    let start = at - if is_variable { 3 } else { 4 };
                    self.copy(&value[copied..start])?;
                    let end = skip(value, at);
                    let inside = value[at + 1..end].strip_suffix(b")").unwrap_or(&value[at + 1..end]);
                    if is_variable {
                        self.variable(inside, level)?
                    } else {
                        self.attribute(inside, level)?
                    }
                    (at, copied) = (end, end);
                }
                b'(' | b'[' | b'{' => at += 1,
                _ => at = skip(value, at),
            }
        }
        self.copy(&value[copied..])
    }

    fn copy(&mut self, piece: &[u8]) -> Option<()> {
        if self.output.len() + piece.len() > MAX_VALUE {
            self.given.note_cut();
            return None;
        }
        self.output.extend_from_slice(piece);
        Some(())
    }

    /// Adds the custom property of `var(inside)`, or what stands there for where there is none.
    fn variable(&mut self, inside: &[u8], level: usize) -> Option<()> {
        let (name, other) = with_other(inside);
        let (begun, nested) = (self.output.len(), self.within.len());
        if let Some((value, own)) = self.given.custom(&css::unescaped(name), level) {
            let own_name = (name.to_vec(), own);
            // One that is made of itself has no value.
            let is_new = !self.within.contains(&own_name);
            if is_new && nested >= MOST_NESTED {
                self.given.note_cut();
                return None;
            }
            self.within.push(own_name);
            let done = is_new.then(|| self.put(&value, own)).flatten();
            self.within.truncate(nested);
            if done.is_some() {
                return done;
            }
            self.output.truncate(begun);
        }
        self.put(other?, level)
    }

    /// Adds the attribute of `attr(inside)`.
    fn attribute(&mut self, inside: &[u8], level: usize) -> Option<()> {
        let (asked, other) = with_other(inside);
        let (name, kind) = css::name(asked.trim_ascii());
        let kind = css::plain(kind);
        let value = self.given.attribute(&name, level);
        match (value, &kind[..]) {
            (Some(value), b"" | b"raw-string" | b"string") => self.copy(&quoted(&value)),
            (Some(value), kind) if kind.starts_with(b"type(") => self.put(&value, level),
            (Some(value), unit) if css::number(&value).is_some() => {
                self.copy(value.trim_ascii())?;
                self.copy(unit)
            }
            _ => match other {
                Some(other) => self.put(other, level),
                None if kind.is_empty() => self.copy(b"''"),
                None => None,
            },
        }
    }
}

/// What is asked for, and what stands there for where there is none.
fn with_other(inside: &[u8]) -> (&[u8], Option<&[u8]>) {
    let comma = css::split(inside, b',').next().map_or(0, <[u8]>::len);
    (inside[..comma].trim_ascii(), inside.get(comma + 1..).map(<[u8]>::trim_ascii))
}

/// `text` as a string of CSS.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in text {
        match byte {
            b'"' | b'\\' => quoted.extend([b'\\', *byte]),
            b'\n' => quoted.extend(b"\\a "),
            b'\r' | b'\x0c' => quoted.push(b' '),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'"');
    quoted
}
