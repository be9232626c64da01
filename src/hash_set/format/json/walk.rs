//! Finds the entries of a list in JSON, wherever its format puts them, without holding more than one.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::super::Input;
use super::super::row::Row;
use super::tape::{MAX_ENTRY, Tape};
use crate::config::json_sentence;
use crate::hash_set::entry::RecordSink;
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind};

/// What an object of the list may be. An array stands for its elements, `null` for nothing.
pub(super) struct Node {
    /// Members that lead to entries. An object that has one of them is none itself.
    pub(super) leads: &'static [(&'static str, &'static Node)],
    /// A member that only entries have: what stands behind it leads nowhere.
    pub(super) marker: Option<&'static str>,
    /// What an object that leads nowhere is.
    pub(super) alone: Alone,
}

/// What an object that leads to no entry is.
pub(super) enum Alone {
    /// An entry.
    Entry,
    /// Nothing of interest.
    Nothing,
    /// A sign that the file is something else: it should have a member of that name.
    Refused(&'static str),
}

/// Objects that are entries.
pub(super) const ENTRY: Node = Node { leads: &[], marker: None, alone: Alone::Entry };

/// Reads one entry from its bytes and tells the row; an error rejects it.
pub(super) type ReadEntry<'r> = &'r mut dyn FnMut(&[u8], &mut Row<'_>) -> Result<(), RowProblemKind>;

/// Calls `read_entry` for every entry of `input`, which holds documents of the form `root`, one behind the other.
///
/// # Errors
/// The file cannot be read, is no JSON, ends within a document or before the first, has an entry longer than any, or a
/// document without a member that it should have.
pub(super) fn read(
    input: &mut Input<'_>,
    root: &Node,
    sink: &mut dyn RecordSink,
    read_entry: ReadEntry<'_>,
) -> Result<(), ReadError> {
    let first_line = input.line();
    let tape = Tape::of(input);
    let at_start = |kind| ReadError::Broken(RowProblem { line: first_line, column: 1, kind });
    tape.skip_mark().map_err(|error| ReadError::Io { line: first_line, error })?;
    if tape.is_utf16() {
        return Err(at_start(RowProblemKind::NotUtf8));
    }
    let mut documents = serde_json::Deserializer::from_reader(&tape);
    let mut walk = Walk { tape: &tape, sink, read_entry, refused: None };
    let mut is_empty = true;
    // Where it is not yet the end, the error is about what stands there, and reading it tells better.
    while documents.end().is_err() {
        is_empty = false;
        let read = Seed { walk: &mut walk, node: root }.deserialize(&mut documents);
        read.map_err(|error| walk.explain(error, first_line))?;
    }
    if is_empty { Err(at_start(RowProblemKind::CutOff("a JSON document"))) } else { Ok(()) }
}

struct Walk<'w, 'i, 'a> {
    tape: &'w Tape<'i, 'a>,
    sink: &'w mut dyn RecordSink,
    read_entry: ReadEntry<'w>,
    /// Why the file is refused as a whole though it is JSON.
    refused: Option<RowProblem>,
}

impl Walk<'_, '_, '_> {
    /// Reads the entry that the tape holds, which started in `line`.
    fn take_entry(&mut self, line: u64) {
        let Self { tape, sink, read_entry, .. } = self;
        tape.finish(|bytes| {
            let mut row = Row::at(line, &mut **sink);
            if let Err(kind) = read_entry(bytes, &mut row) {
                row.reject(kind);
            }
        });
    }

    fn reject(&mut self, kind: RowProblemKind) {
        let line = self.tape.line();
        Row::at(line, self.sink).reject(kind);
    }

    fn explain(&mut self, error: serde_json::Error, first_line: u64) -> ReadError {
        let line = first_line + (error.line() as u64).saturating_sub(1);
        let kind = match (self.refused.take(), error.classify()) {
            (Some(problem), _) => return problem.into(),
            (None, _) if self.tape.is_over() => RowProblemKind::LongEntry(MAX_ENTRY),
            (None, Category::Io) => return ReadError::Io { line, error: error.into() },
            (None, Category::Eof) => RowProblemKind::CutOff("the rest of the JSON document"),
            (None, _) => RowProblemKind::Syntax { syntax: "JSON", message: json_sentence(&error) },
        };
        // The parser counts bytes.
        let column = (error.column() as u64).saturating_sub(self.tape.continuations()).max(1);
        RowProblem { line, column, kind }.into()
    }
}

/// Reads one value as `node` says.
struct Seed<'s, 'w, 'i, 'a> {
    walk: &'s mut Walk<'w, 'i, 'a>,
    node: &'s Node,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // The parser has seen where an element starts, and most are objects: these it may pass at once.
        let is_entry = self.node.leads.is_empty() && matches!(self.node.alone, Alone::Entry);
        if is_entry && self.walk.tape.last() == b'{' {
            let line = self.walk.tape.start();
            deserializer.deserialize_ignored_any(IgnoredAny)?;
            self.walk.take_entry(line);
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.walk.tape.breathe();
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.no_entry("true or false")
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.no_entry("a number")
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.no_entry("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.no_entry("a number")
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.no_entry("a text")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.walk.tape.breathe();
        while elements.next_element_seed(Seed { walk: &mut *self.walk, node: self.node })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { walk, node } = self;
        let may_be_entry = matches!(node.alone, Alone::Entry);
        let line = if may_be_entry { walk.tape.start() } else { walk.tape.line() };
        let started = walk.tape.started();
        let (mut is_entry, mut led) = (false, None);
        while let Some(key) = members.next_key_seed(KeySeed(node))? {
            // Entries further in take the tape; up to then this may turn out to be one after all.
            let is_taped = may_be_entry && walk.tape.started() == started;
            match key {
                Key::Lead(name, node) if !is_entry => {
                    led = Some(name);
                    members.next_value_seed(Seed { walk: &mut *walk, node })?;
                    continue;
                }
                Key::Marker(_) if is_taped => is_entry = true,
                Key::Marker(second) => {
                    let first = led.unwrap_or_default();
                    walk.reject(RowProblemKind::MembersOutOfOrder { first, second });
                }
                _ => {}
            }
            if is_taped {
                members.next_value::<IgnoredAny>()?;
            } else {
                members.next_value_seed(Skip(walk.tape))?;
            }
        }
        match node.alone {
            _ if led.is_some() && !is_entry => walk.tape.forget(),
            Alone::Entry => walk.take_entry(line),
            Alone::Nothing => {}
            Alone::Refused(member) => {
                walk.refused = Some(RowProblem { line, column: 1, kind: RowProblemKind::MissingField(member) });
                return Err(A::Error::custom("another kind of document"));
            }
        }
        Ok(())
    }
}

impl Seed<'_, '_, '_, '_> {
    fn no_entry<E>(self, found: &'static str) -> Result<(), E> {
        self.walk.tape.breathe();
        self.walk.reject(super::super::row::wrong_value("entry", found, "an object"));
        Ok(())
    }
}

/// What a member of an object means.
enum Key {
    Lead(&'static str, &'static Node),
    Marker(&'static str),
    Other,
}

struct KeySeed<'n>(&'n Node);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        let lead = self.0.leads.iter().find(|(lead, _)| *lead == name);
        Ok(match (lead, self.0.marker) {
            (Some((lead, node)), _) => Key::Lead(lead, node),
            (None, Some(marker)) if marker == name => Key::Marker(marker),
            _ => Key::Other,
        })
    }
}

/// Passes over a value that is in no entry. It may be of any length, but for its scalars.
struct Skip<'t, 'i, 'a>(&'t Tape<'i, 'a>);

impl Skip<'_, '_, '_> {
    fn pass<E>(self) -> Result<(), E> {
        self.0.breathe();
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Skip<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.pass()
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.pass()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.pass()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.pass()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.pass()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.pass()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Skip(self.0))?.is_some() {}
        self.pass()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_key::<IgnoredAny>()?.is_some() {
            members.next_value_seed(Skip(self.0))?;
        }
        self.pass()
    }
}
