//! JSON bodies: every string value and every object key, at any depth, as a part of its own.
//!
//! The body is walked with serde_json without building a tree. Both values of a repeated key become parts, because
//! origins differ in which of the two they keep. A string without escapes is a slice of the body. Lone surrogates
//! (`"\ud800"`) are invalid here: origins replace, keep or refuse them.

pub(super) mod escape;
mod loose;

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::charset::Charset;
use super::dissection::Dissection;

/// Nesting at which walking stops whatever the limits say, because it recurses. This many levels fit in
/// 128 KiB of stack in the dev profile (measured), and threads have 2 MiB.
const DEEPEST: usize = 512;

/// Bytes of a JSON pointer. Ten thousand strings below one long key must not cost ten thousand copies of it.
const MAX_POINTER: usize = 512;

/// Adds the strings of `body`, in their order, up to the first fault; past it, where every reading is inspected, whatever
/// some server may take for a string.
pub(super) fn extract(body: &Bytes, charset: Charset, found: &mut Dissection<'_>) {
    if !charset.reads_like_utf8(body) {
        found.ambiguous(ProblemCode::JsonNotUtf8, None);
    }
    if let Err((code, offset)) = walk(body, found) {
        found.ambiguous(code, Some(offset));
        if found.reads_all() {
            loose::extract(body, found);
        }
    }
}

/// Adds the strings in a value that is JSON by its looks only, such as a form's field.
pub(super) fn extract_if_it_looks_so(value: &Bytes, found: &mut Dissection<'_>) {
    if looks_so(value, found) {
        extract_loosely(value, found);
    }
}

/// Whether `value` looks like JSON whose strings may become parts.
pub(super) fn looks_so(value: &[u8], found: &Dissection<'_>) -> bool {
    let is_within_limit = value.len() as u64 <= found.limits().max_escaped;
    is_within_limit && matches!(value.trim_ascii(), [b'{', .., b'}'] | [b'[', .., b']'])
}

/// Adds the strings in what may be JSON, several values of it, or neither.
pub(super) fn extract_loosely(value: &Bytes, found: &mut Dissection<'_>) {
    if walk(value, found).is_err() {
        loose::extract(value, found);
    }
}

/// Adds the strings of `body` up to the first fault.
///
/// # Errors
/// What the fault is, and where. None when there are too many strings: that has been reported.
fn walk(body: &Bytes, found: &mut Dissection<'_>) -> Result<(), (ProblemCode, usize)> {
    let start = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let text = utf8(&body[start..]).map_err(|offset| (ProblemCode::JsonNotUtf8, start + offset))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let max_depth = found.limits().max_depth.min(DEEPEST);
    let mut walker = Walker { body, found, max_depth, depth: 0, pointer: String::new(), stopped: None };
    let walked = ValueSeed(&mut walker).deserialize(&mut deserializer);
    let (code, offset) = match (walked, walker.stopped) {
        (Ok(()), _) => match deserializer.end() {
            Ok(()) => return Ok(()),
            Err(error) => (ProblemCode::JsonTrailingData, error_offset(text, &error)),
        },
        (Err(_), Some(Stop::Over)) => return Ok(()),
        (Err(error), Some(Stop::TooDeep)) => {
            (ProblemCode::JsonTooDeep, opening_before(text, error_offset(text, &error)))
        }
        (Err(error), None) => (ProblemCode::JsonInvalid, error_offset(text, &error)),
    };
    Err((code, start + offset))
}

/// The text, or the offset of what shows that it is not UTF-8.
///
/// JSON starts with an ASCII character, so a NUL among the first two bytes means UTF-16 or UTF-32.
fn utf8(bytes: &[u8]) -> Result<&str, usize> {
    if bytes.iter().take(2).any(|byte| *byte == 0) {
        return Err(0);
    }
    str::from_utf8(bytes).map_err(|error| error.valid_up_to())
}

/// Where the error is. serde_json gives lines from 1 and, within the line, the number of bytes read.
fn error_offset(text: &str, error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return text.len();
    }
    let line_start = match error.line().checked_sub(2) {
        Some(newline) => memchr::memchr_iter(b'\n', text.as_bytes()).nth(newline).map_or(0, |at| at + 1),
        None => 0,
    };
    (line_start + error.column().saturating_sub(1)).min(text.len())
}

/// The bracket that was one too many. serde_json places our own error behind the spaces and the closing bracket that
/// follow it.
fn opening_before(text: &str, offset: usize) -> usize {
    let end = text.len().min(offset + 1);
    memchr::memrchr2(b'[', b'{', &text.as_bytes()[..end]).unwrap_or(offset)
}

/// Why the walk was ended by us and not by the text.
#[derive(Clone, Copy)]
enum Stop {
    Over,
    TooDeep,
}

/// What the walk carries from value to value.
struct Walker<'w, 'a> {
    body: &'w Bytes,
    found: &'w mut Dissection<'a>,
    max_depth: usize,
    depth: usize,
    /// The JSON pointer (RFC 6901) of the current value, as far as [`MAX_POINTER`] goes.
    pointer: String,
    stopped: Option<Stop>,
}

impl Walker<'_, '_> {
    fn add<E: Error>(&mut self, bytes: Bytes, offset: Option<usize>) -> Result<(), E> {
        self.found.add(Part::new(PartKind::JsonString, bytes).named(self.pointer.clone()), offset);
        if self.found.is_over() { Err(self.stop(Stop::Over)) } else { Ok(()) }
    }

    /// Adds an object key. Nobody decodes keys, so none is looked into.
    fn show<E: Error>(&mut self, key: Bytes) -> Result<(), E> {
        self.found.show(Part::new(PartKind::JsonString, key).named(self.pointer.clone()), None);
        if self.found.is_over() { Err(self.stop(Stop::Over)) } else { Ok(()) }
    }

    /// Adds a string that has no escapes and so stands in the body as it is.
    fn add_slice<E: Error>(&mut self, text: &str) -> Result<(), E> {
        let offset = (text.as_ptr() as usize).checked_sub(self.body.as_ptr() as usize);
        self.add(self.body.slice_ref(text.as_bytes()), offset)
    }

    /// Adds a string whose escapes have been resolved; its place is not known.
    fn add_copy<E: Error>(&mut self, text: &str) -> Result<(), E> {
        self.add(Bytes::copy_from_slice(text.as_bytes()), None)
    }

    /// Runs `walk` one level deeper.
    fn nested<E: Error>(&mut self, walk: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<(), E> {
        if self.depth >= self.max_depth {
            return Err(self.stop(Stop::TooDeep));
        }
        self.depth += 1;
        walk(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn stop<E: Error>(&mut self, why: Stop) -> E {
        self.stopped = Some(why);
        E::custom("stopped")
    }

    /// Appends a reference token, escaped as RFC 6901 §3 has it and cut off where the pointer is full.
    fn enter(&mut self, token: &str) {
        for (at, character) in token.char_indices() {
            let escaped = match character {
                '~' => "~0",
                '/' => "~1",
                _ => &token[at..at + character.len_utf8()],
            };
            if self.pointer.len() + escaped.len() > MAX_POINTER {
                return;
            }
            self.pointer.push_str(escaped);
        }
    }

    /// Starts a reference token and returns what [`Walker::leave`] needs.
    fn slash(&mut self) -> usize {
        let length = self.pointer.len();
        if length < MAX_POINTER {
            self.pointer.push('/');
        }
        length
    }

    fn leave(&mut self, length: usize) {
        self.pointer.truncate(length);
    }
}

/// Walks one value.
struct ValueSeed<'s, 'w, 'a>(&'s mut Walker<'w, 'a>);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.0.add_slice(text)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.add_copy(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.nested(|walker| {
            for index in 0_usize.. {
                let length = walker.slash();
                walker.enter(&index.to_string());
                let element = elements.next_element_seed(ValueSeed(walker))?;
                walker.leave(length);
                if element.is_none() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.0.nested(|walker| {
            loop {
                let length = walker.slash();
                if members.next_key_seed(KeySeed(walker))?.is_none() {
                    walker.leave(length);
                    return Ok(());
                }
                members.next_value_seed(ValueSeed(walker))?;
                walker.leave(length);
            }
        })
    }
}

/// Adds one object key, named by the pointer of its member, and leaves the pointer there.
struct KeySeed<'s, 'w, 'a>(&'s mut Walker<'w, 'a>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<(), E> {
        self.0.enter(key);
        self.0.show(self.0.body.slice_ref(key.as_bytes()))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.0.enter(key);
        self.0.show(Bytes::copy_from_slice(key.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Extraction, Problem};
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn extracted(body: &[u8], limits: ExtractLimits) -> (Bytes, Extraction) {
        let body = Bytes::copy_from_slice(body);
        let found = gathered(&limits, Ambiguity::Refuse, |found| extract(&body, Charset::Utf8, found));
        (body, found)
    }

    fn strings(found: &Extraction) -> Vec<(&str, &str)> {
        let text = |part: &'_ Part| str::from_utf8(&part.bytes).unwrap().to_owned().leak() as &str;
        found.parts.iter().map(|part| (part.name.as_deref().unwrap(), text(part))).collect()
    }

    #[test]
    fn values_and_keys_come_with_their_pointers() {
        let (_, found) =
            extracted(br#" {"a": ["x", 1, {"b/c~": "y"}], "": null, "e": 1e3, "t": true} "#, ExtractLimits::default());
        assert_eq!(found.problems, []);
        assert_eq!(
            strings(&found),
            [
                ("/a", "a"),
                ("/a/0", "x"),
                ("/a/2/b~1c~0", "b/c~"),
                ("/a/2/b~1c~0", "y"),
                ("/", ""),
                ("/e", "e"),
                ("/t", "t")
            ]
        );
    }

    #[test]
    fn both_values_of_a_repeated_key_and_a_top_level_string_are_parts() {
        let (_, found) = extracted(br#"{"a":"1","a":"2"}"#, ExtractLimits::default());
        assert_eq!(strings(&found), [("/a", "a"), ("/a", "1"), ("/a", "a"), ("/a", "2")]);
        let (_, found) = extracted(b"\xef\xbb\xbf\"top\"", ExtractLimits::default());
        assert_eq!(strings(&found), [("", "top")]);
        assert_eq!(found.problems, []);
    }

    #[test]
    fn strings_without_escapes_are_slices_of_the_body() {
        let (body, found) = extracted(br#"["plain","esc\u0061ped\n"]"#, ExtractLimits::default());
        assert_eq!(strings(&found), [("/0", "plain"), ("/1", "escaped\n")]);
        let range = body.as_ptr_range();
        assert_eq!(found.parts[0].bytes.as_ptr(), body[2..].as_ptr());
        assert!(!range.contains(&found.parts[1].bytes.as_ptr()));
    }

    #[test]
    fn faults_are_reported_at_their_place_and_what_came_before_is_kept() {
        use ProblemCode::*;
        let limits = ExtractLimits { max_depth: 3, max_parts: 4, ..ExtractLimits::default() };
        for (body, parts, code, offset) in [
            (&b"[\"a\",\n \"b\" x]"[..], 2, JsonInvalid, 11),
            (b"[\"a\",]", 1, JsonInvalid, 5),
            (b"{\"a\":", 1, JsonInvalid, 5),
            (b"", 0, JsonInvalid, 0),
            (b"\xef\xbb\xbf[x]", 0, JsonInvalid, 4),
            (b"[\"\\ud800\"]", 0, JsonInvalid, 8),
            (b"\"a\" \"b\"", 1, JsonTrailingData, 4),
            (b"{}\n\n{}", 0, JsonTrailingData, 4),
            (b"\xff\xfe[\0]\0", 0, JsonNotUtf8, 0),
            (b"[\0]\0", 0, JsonNotUtf8, 0),
            (b"\0\0\0[", 0, JsonNotUtf8, 0),
            (b"[\"caf\xe9\"]", 0, JsonNotUtf8, 5),
            (b"[[[\"a\"]], [[[]]]]", 1, JsonTooDeep, 12),
            (b"[[\n[  {  \"a\": 1}]]]", 0, JsonTooDeep, 6),
            (b"[1,2,\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]", 4, TooManyParts, 22),
        ] {
            let (_, found) = extracted(body, limits);
            let shown = String::from_utf8_lossy(body);
            assert_eq!(found.parts.len(), parts, "{shown}");
            assert_eq!(found.problems, [Problem { code, part: None, offset: Some(offset) }], "{shown}");
        }
    }

    #[test]
    fn nesting_goes_exactly_as_deep_as_the_limit_and_never_deeper_than_the_stack() {
        for (limit, deepest) in [(1, 1), (128, 128), (usize::MAX, DEEPEST)] {
            let limits = ExtractLimits { max_depth: limit, ..ExtractLimits::default() };
            let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
            assert_eq!(extracted(nested(deepest).as_bytes(), limits).1.problems, []);
            let found = extracted(nested(deepest + 1).as_bytes(), limits).1;
            assert_eq!(found.problems[0].code, ProblemCode::JsonTooDeep);
        }
        let endless = "{\"a\":".repeat(1_000_000);
        assert_eq!(
            extracted(endless.as_bytes(), ExtractLimits::default()).1.problems[0].code,
            ProblemCode::JsonTooDeep
        );
    }

    #[test]
    fn a_long_key_does_not_make_every_name_below_it_long() {
        let body = format!("{{\"{}\":[\"a\",\"b\"]}}", "k".repeat(100_000));
        let (_, found) = extracted(body.as_bytes(), ExtractLimits::default());
        assert_eq!(found.parts.len(), 3);
        assert!(found.parts.iter().all(|part| part.name.as_ref().is_some_and(|name| name.len() <= MAX_POINTER)));
    }
}
