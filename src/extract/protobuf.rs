//! Messages in the wire format of Protocol Buffers, read without their schema.
//!
//! Every length-delimited field is a part, named by its numbers from the outside in (`1.2`), and, where it may be a
//! message itself, is read in its turn. Uploads are often streamed as many messages with a piece of the file in each,
//! so pieces under one name are also put together.
//!
//! Source: "Encoding", protobuf.dev.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::content::number::varint;
use crate::content::{Part, PartKind, reads_as_text};

use super::dissection::Dissection;
use super::encoded;
use super::message::Message;

/// The same for what is only asked what it says.
const MAX_TOLD: usize = 4;

/// Nesting of messages that is followed: past it a field may be a message or not, and is looked at as bytes.
const MAX_NESTING: usize = 16;

/// Pieces under each name.
#[derive(Default)]
pub(super) struct Fields(BTreeMap<(String, Notation), Vec<Bytes>>);

/// How a piece is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Notation {
    Plain,
    /// Each piece for itself, as the JSON form of a message has it for bytes.
    Base64,
}

impl Fields {
    /// Adds the fields of one message, and of the messages in it. Bytes that are no message add nothing.
    pub(super) fn read(&mut self, message: &Bytes, name: &str, nesting: usize, found: &mut Dissection<'_>) {
        let Some(fields) = fields(message) else {
            return;
        };
        for (number, content) in fields {
            let Content::Bytes(content) = content else { continue };
            if found.is_over() {
                return;
            }
            let name = if name.is_empty() { number.to_string() } else { format!("{name}.{number}") };
            // A text is a value, in which something may be encoded.
            let kind = if str::from_utf8(&content).is_ok() { PartKind::Field } else { PartKind::Entry };
            found.add(Part::new(kind, content.clone()).named(name.clone()), None);
            if nesting < MAX_NESTING && !content.is_empty() {
                self.read(&content, &name, nesting + 1, found);
            }
            self.0.entry((name, Notation::Plain)).or_default().push(content);
        }
    }

    /// Keeps one string of a message in JSON, which may be text or bytes.
    pub(super) fn note(&mut self, name: &str, text: &Bytes) {
        for notation in [Notation::Plain, Notation::Base64] {
            self.0.entry((name.to_owned(), notation)).or_default().push(text.clone());
        }
    }

    /// Adds what came in several pieces as a whole.
    pub(super) fn assemble(self, found: &mut Dissection<'_>) {
        for ((name, notation), pieces) in self.0.into_iter().filter(|(_, pieces)| pieces.len() > 1) {
            let mut output = found.output();
            for piece in &pieces {
                let written = match notation {
                    Notation::Plain => found.write(piece, piece.len(), &mut output),
                    Notation::Base64 => encoded::decode_usual(piece, &mut output, found),
                };
                if let Err(end) = written {
                    return found.report_limit(end);
                }
            }
            if let Some(whole) = found.take(output) {
                found.add(Part::new(PartKind::Entry, whole).named(name), None);
            }
        }
    }
}

/// Tells what a message says, and the messages in it.
pub(super) fn tell(message: &Bytes, nesting: usize, told: &mut Message) {
    for (_, content) in fields(message).unwrap_or_default() {
        match content {
            Content::Number(number) => told.number(number),
            Content::Bytes(content) if reads_as_text(&content) => told.text(content),
            Content::Bytes(content) if nesting < MAX_TOLD && fields(&content).is_some() => {
                tell(&content, nesting + 1, told);
            }
            Content::Bytes(content) => told.bytes(content),
        }
    }
}

/// What is in a field.
enum Content {
    Number(u64),
    Bytes(Bytes),
}

/// Number and content of each field that is a varint or has a length; `None` when `message` is no message.
fn fields(message: &Bytes) -> Option<Vec<(u64, Content)>> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < message.len() {
        let tag = varint(message, &mut at)?;
        let number = tag >> 3;
        if !(1..1 << 29).contains(&number) {
            return None;
        }
        let length = match tag & 7 {
            0 => {
                let content = Content::Number(varint(message, &mut at)?);
                fields.push((number, content));
                0
            }
            1 => 8,
            2 => {
                let length = usize::try_from(varint(message, &mut at)?).ok()?;
                let end = at.checked_add(length).filter(|end| *end <= message.len())?;
                fields.push((number, Content::Bytes(message.slice(at..end))));
                length
            }
            // Groups, which nobody has written for fifteen years: their marks have no content.
            3 | 4 => 0,
            5 => 4,
            _ => return None,
        };
        at = at.checked_add(length).filter(|end| *end <= message.len())?;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn parts(messages: &[&'static [u8]]) -> Vec<(String, Vec<u8>)> {
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            let mut fields = Fields::default();
            for message in messages {
                fields.read(&Bytes::from_static(message), "", 0, found);
            }
            fields.assemble(found);
        });
        found.parts.into_iter().map(|part| (part.name.unwrap(), part.bytes.to_vec())).collect()
    }

    fn named(expected: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
        expected.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
    }

    #[test]
    fn fields_at_every_level_are_parts() {
        let message = b"\x08\x96\x01\x12\x05\x0a\x03abc\x19\0\0\0\0\0\0\0\0\x22\x02\xff\xff\x2d\0\0\0\0";
        assert_eq!(parts(&[message]), named(&[("2", b"\x0a\x03abc"), ("2.1", b"abc"), ("4", b"\xff\xff")]));
    }

    #[test]
    fn texts_are_values_in_which_something_may_be_encoded() {
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            Fields::default().read(&Bytes::from_static(b"\x0a\x14RVZJTC1GSUxFLUJZVEVT"), "", 0, found);
        });
        assert!(found.parts.iter().any(|part| part.bytes == "EVIL-FILE-BYTES"));
    }

    #[test]
    fn pieces_in_several_messages_are_put_together() {
        let found = parts(&[b"\x0a\x02EV", b"\x0a\x02IL", b"\x12\x01x"]);
        assert_eq!(found, named(&[("1", b"EV"), ("1", b"IL"), ("2", b"x"), ("1", b"EVIL")]));
    }

    #[test]
    fn what_is_no_message_adds_nothing() {
        for bytes in [&b"\x0a\x05abc"[..], b"\0", b"\x0f", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x0d\0"] {
            assert_eq!(parts(&[Box::leak(bytes.to_vec().into_boxed_slice())]), []);
        }
    }
}
