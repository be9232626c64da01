//! NCMEC hash sharing, version 2: answers of `/v2/entries` in XML.
//!
//! ```text
//! <queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">
//!   <images count="2" maxTimestamp="2024-05-01T10:00:00Z">
//!     <image><member id="42">Example</member><timestamp>2024-05-01T09:00:00Z</timestamp><id>image1</id>
//!       <classification>A1</classification>
//!       <fingerprints><md5>…</md5><sha1>…</sha1><pdna>…</pdna><pdq>…</pdq></fingerprints>
//!       <feedback><affirmativeFeedback type="Md5">…</affirmativeFeedback></feedback></image>
//!     <deletedImage><member id="42">Example</member><id>image4</id><timestamp>…</timestamp></deletedImage>
//!   </images>
//!   <videos>…</videos>
//!   <paging><next>…</next></paging>
//! </queryResult>
//! ```
//!
//! - An id is the member's and the entry's own, with `/` between them: members number for themselves.
//! - Entries come in no order of time, so what a deletion takes back is known at the end of the file only
//!   (`withdrawal`).
//! - Several documents may stand in a file, one page behind the other; one page may be all there is.
//! - Hashes that are given as a link are counted and not followed. No entity is expanded but the five of XML.
//!
//! Source: facebook/ThreatExchange at baefb4ed, `clients/ncmec/hash_api.py` and its `tests/data.py`. The element `pdq`
//! is not in there but expected by its users.

mod entry;
mod limited;
mod withdrawal;

#[cfg(test)]
mod tests;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::{Error, Reader};

use self::entry::{Entry, What};
use self::limited::{Limited, MAX_ENTRY};
use self::withdrawal::Withdrawals;
use super::Input;
use super::row::{Row, wrong_value};
use crate::hash_set::entry::RecordSink;
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind};

/// Elements within one another; the format has seven.
const MAX_DEPTH: usize = 64;

/// Reads a list. See the module for the format.
pub(super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut reader = Reader::from_reader(Limited::new(input));
    reader.config_mut().check_comments = true;
    let mut document = Document {
        sink,
        open: Vec::new(),
        text: String::new(),
        entry: None,
        found: Withdrawals::default(),
        is_empty: true,
    };
    let mut buffer = Vec::new();
    loop {
        if document.entry.is_none() {
            reader.get_mut().breathe();
        }
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        let line = reader.get_ref().line();
        let event = match event {
            Ok(Event::Eof) => return document.end(line),
            Ok(event) => event,
            Err(error) => return Err(explain(&error, reader.get_ref())),
        };
        document.take(event, line).map_err(|kind| RowProblem { line, column: 1, kind })?;
    }
}

fn explain(error: &Error, input: &Limited<'_, '_>) -> ReadError {
    let line = input.line();
    let kind = match error {
        Error::Io(_) if input.is_over() => RowProblemKind::LongEntry(MAX_ENTRY),
        Error::Io(error) => return ReadError::Io { line, error: std::io::Error::new(error.kind(), error.to_string()) },
        Error::Encoding(_) => RowProblemKind::NotUtf8,
        other => malformed(other),
    };
    RowProblem { line, column: 1, kind }.into()
}

fn malformed(error: &impl std::fmt::Display) -> RowProblemKind {
    RowProblemKind::Syntax { syntax: "XML", message: error.to_string() }
}

/// Where in the file reading stands.
struct Document<'s> {
    sink: &'s mut dyn RecordSink,
    /// The elements that are open, without the prefixes of their names.
    open: Vec<String>,
    /// The text since the last tag.
    text: String,
    /// The entry that stands open.
    entry: Option<Entry>,
    found: Withdrawals,
    /// Whether there was no document yet.
    is_empty: bool,
}

impl Document<'_> {
    fn take(&mut self, event: Event<'_>, line: u64) -> Result<(), RowProblemKind> {
        match event {
            Event::Decl(declaration) => check_encoding(&declaration),
            Event::Start(tag) => self.start(&tag, line),
            Event::Empty(tag) => {
                self.start(&tag, line)?;
                self.finish()
            }
            Event::End(_) => self.finish(),
            Event::Text(text) => self.add(&text),
            Event::CData(text) => self.add(&text),
            Event::GeneralRef(name) => self.refer(&name),
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<(), RowProblemKind> {
        let name = tag.local_name().as_ref().to_owned();
        match (&mut self.entry, self.open.len()) {
            (Some(entry), depth) => entry.start(&name, tag, depth).map_err(|error| malformed(&error))?,
            (None, 0) if name != "queryResult" => {
                return Err(wrong_value("document", &name, "queryResult of NCMEC's hash sharing"));
            }
            (None, 0) => self.is_empty = false,
            (None, depth) => match What::named(&name) {
                Some(what) => self.entry = Some(Entry::new(what, line, depth)),
                // Another kind of content, which there may be one day.
                None if depth == 2 && self.open[1] != "paging" => self.sink.ignore(&name),
                None => {}
            },
        }
        if self.open.len() == MAX_DEPTH {
            return Err(malformed(&"elements stand too deep within each other"));
        }
        self.open.push(name);
        self.text.clear();
        Ok(())
    }

    /// Ends the innermost element.
    fn finish(&mut self) -> Result<(), RowProblemKind> {
        let (Some(name), depth) = (self.open.pop(), self.open.len()) else {
            return Ok(());
        };
        if self.entry.as_ref().is_some_and(|entry| entry.depth() == depth) {
            if let Some(entry) = self.entry.take() {
                let mut row = Row::at(entry.line(), &mut *self.sink);
                if let Err(kind) = entry.tell(&mut row, &mut self.found) {
                    row.reject(kind);
                }
            }
        } else if let Some(entry) = &mut self.entry {
            entry.finish(&self.open, name, self.text.trim());
        }
        self.text.clear();
        Ok(())
    }

    fn add(&mut self, text: &str) -> Result<(), RowProblemKind> {
        if self.open.is_empty() && !text.trim().is_empty() {
            return Err(malformed(&"text outside of the document"));
        }
        // Only texts of entries are of interest, and these have a limit.
        if self.entry.is_some() {
            self.text.push_str(text);
        }
        Ok(())
    }

    fn refer(&mut self, name: &str) -> Result<(), RowProblemKind> {
        let character = match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                code.ok().and_then(char::from_u32)
            }
            None => resolve_xml_entity(name).and_then(|text| text.chars().next()),
        };
        let character = character.ok_or_else(|| malformed(&format_args!("unknown entity \"{name}\"")))?;
        self.add(character.encode_utf8(&mut [0; 4]))
    }

    fn end(self, line: u64) -> Result<(), ReadError> {
        let missing = match (self.is_empty, self.open.is_empty()) {
            (true, _) => "an XML document",
            (false, false) => "the rest of the XML document",
            (false, true) => {
                self.found.tell(self.sink);
                return Ok(());
            }
        };
        Err(RowProblem { line, column: 1, kind: RowProblemKind::CutOff(missing) }.into())
    }
}

/// Refuses documents that say that they are not in UTF-8, which is all that is read.
fn check_encoding(declaration: &BytesDecl<'_>) -> Result<(), RowProblemKind> {
    let encoding = declaration.encoding().transpose().map_err(|error| malformed(&error))?;
    let is_utf8 = |name: &str| name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii");
    if encoding.is_none_or(|name| is_utf8(name.as_ref())) { Ok(()) } else { Err(RowProblemKind::NotUtf8) }
}
