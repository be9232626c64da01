//! Values in the binary notations that frameworks read without being asked: CBOR, MessagePack, BSON, property lists,
//! what Python pickles and what PHP serialises.
//!
//! Each string and each run of bytes in them is a part. Some notations have no first bytes of their own: what is not
//! declared so is taken for one only if all of it can be read so. None of them is ever a reason to refuse anything:
//! what is no value to its end gives the values up to there.

mod bson;
mod cbor;
mod msgpack;
mod php;
mod pickle;
mod plist;

use bytes::Bytes;

use crate::content::{Part, PartKind};

use super::dissection::Dissection;
use super::message::Message;

/// Lists and maps inside each other that are followed.
const MAX_DEPTH: usize = 64;

/// Numbers behind each other that may be a file.
const LEAST_NUMBERS: usize = 16;

/// Numbers that are kept of a body.
const FIRST_NUMBERS: usize = 16;

/// Values in a body that are handed out.
const MAX_VALUES: usize = 1 << 20;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    /// RFC 8949.
    Cbor,
    /// github.com/msgpack/msgpack, spec.md.
    MessagePack,
    /// bsonspec.org.
    Bson,
    /// Of Apple, in its binary form.
    PropertyList,
    /// Of Python, protocols 0 to 5.
    Pickle,
    /// What `serialize()` of PHP writes, and sessions.
    Php,
}

/// What a string in a value is to programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// Bytes: a file.
    Bytes,
    /// A text, which may have something encoded in it.
    Text,
    /// Numbers, which may be the bytes of a file.
    Numbers,
}

/// What was read of a body.
#[derive(Debug, Default)]
struct Values {
    found: Vec<(Sort, Bytes)>,
    /// Numbers that follow each other and may be bytes, as serde writes a list of them.
    numbers: Vec<u8>,
    /// The first numbers, whatever they are.
    first: Vec<u64>,
    /// Whether all of the body is one value, or some behind each other.
    is_whole: bool,
}

impl Values {
    fn number(&mut self, number: u64) {
        self.scalar(number);
        match u8::try_from(number) {
            Ok(byte) => self.numbers.push(byte),
            Err(_) => self.end_numbers(),
        }
    }

    /// Notes a number that is no byte of a list.
    fn scalar(&mut self, number: u64) {
        if self.first.len() < FIRST_NUMBERS {
            self.first.push(number);
        }
    }

    fn end_numbers(&mut self) {
        let numbers = std::mem::take(&mut self.numbers);
        if numbers.len() >= LEAST_NUMBERS {
            self.found.push((Sort::Numbers, numbers.into()));
        }
    }

    fn add(&mut self, sort: Sort, content: Bytes) {
        self.end_numbers();
        if !content.is_empty() && self.found.len() < MAX_VALUES {
            self.found.push((sort, content));
        }
    }
}

/// Hands out the values in `part`, if it is written in one of these notations. Whether all of it is.
pub(super) fn extract(part: &Part, found: &mut Dissection<'_>) -> bool {
    let is_candidate =
        matches!(part.kind, PartKind::Body | PartKind::File | PartKind::Field | PartKind::Decoded | PartKind::Entry);
    if !is_candidate {
        return false;
    }
    let declared = declared(part);
    let Some(values) = values_of(part, declared) else {
        return false;
    };
    for (sort, content) in values.found {
        if found.is_over() {
            break;
        }
        let kind = if sort == Sort::Text { PartKind::JsonString } else { PartKind::Entry };
        let is_guess = declared.is_none() || sort == Sort::Numbers;
        found.add(Part { is_guess, ..Part::new(kind, content) }, None);
    }
    values.is_whole
}

/// The values in `part`, which may be `declared` to be in a notation.
fn values_of(part: &Part, declared: Option<Notation>) -> Option<Values> {
    let likely = declared.or_else(|| begins_as(&part.bytes));
    let mut values = read(likely.or_else(|| may_be(part))?, &part.bytes);
    values.end_numbers();
    (likely.is_some() || values.is_whole).then_some(values)
}

/// Tells what `body`, which is called `content_type`, says.
pub(super) fn tell(body: &Bytes, content_type: &[u8], told: &mut Message) {
    let declared_type = Some(String::from_utf8_lossy(content_type).into_owned());
    let part = Part::new(PartKind::Body, body.clone()).declared(declared_type);
    let values = values_of(&part, declared(&part)).unwrap_or_default();
    values.first.into_iter().for_each(|number| told.number(number));
    for (sort, content) in values.found {
        match sort {
            Sort::Text => told.text(content),
            Sort::Bytes | Sort::Numbers => told.bytes(content),
        }
    }
}

fn read(notation: Notation, bytes: &Bytes) -> Values {
    match notation {
        Notation::Cbor => cbor::read(bytes),
        Notation::MessagePack => msgpack::read(bytes),
        Notation::Bson => bson::read(bytes),
        Notation::PropertyList => plist::read(bytes),
        Notation::Pickle => pickle::read(bytes),
        Notation::Php => php::read(bytes),
    }
}

/// What the type or the name of `part` says.
fn declared(part: &Part) -> Option<Notation> {
    let by_type = |declared: &str| {
        let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(match essence.strip_prefix("application/")? {
            "cbor" | "cbor-seq" | "cose" | "senml+cbor" => Notation::Cbor,
            "msgpack" | "x-msgpack" | "vnd.msgpack" | "messagepack" => Notation::MessagePack,
            "bson" | "x-bson" | "vnd.bson" => Notation::Bson,
            "x-bplist" | "x-plist" | "plist" => Notation::PropertyList,
            "pickle" | "x-pickle" | "python-pickle" | "x-python-serialize" => Notation::Pickle,
            "vnd.php.serialized" | "x-php-serialized" | "php-serialized" => Notation::Php,
            other if other.ends_with("+cbor") => Notation::Cbor,
            other if other.ends_with("+msgpack") => Notation::MessagePack,
            _ => return None,
        })
    };
    let by_name = |extension: String| {
        Some(match &*extension {
            "cbor" => Notation::Cbor,
            "msgpack" | "mpk" => Notation::MessagePack,
            "bson" => Notation::Bson,
            "plist" => Notation::PropertyList,
            "pickle" | "pkl" => Notation::Pickle,
            _ => return None,
        })
    };
    let by_type = part.declared_type.as_deref().and_then(by_type);
    let notation = by_type.or_else(|| part.extension().and_then(by_name));
    // Property lists are also written in XML, and as text.
    notation.filter(|notation| *notation != Notation::PropertyList || part.bytes.starts_with(plist::MAGIC))
}

/// The notations that have first bytes of their own.
fn begins_as(bytes: &[u8]) -> Option<Notation> {
    match bytes {
        [0xd9, 0xd9, 0xf7, ..] => Some(Notation::Cbor),
        bytes if pickle::may_be(bytes) => Some(Notation::Pickle),
        bytes if bytes.starts_with(plist::MAGIC) => Some(Notation::PropertyList),
        bytes if php::begins_so(bytes) => Some(Notation::Php),
        _ => None,
    }
}

/// What a body may be by its first bytes, which chance makes too. Most such begin with a map, or a list.
fn may_be(part: &Part) -> Option<Notation> {
    let bytes = &part.bytes;
    if bson::may_be(bytes) {
        return Some(Notation::Bson);
    }
    match *bytes.first()? {
        0xa0..=0xbf if part.kind != PartKind::Entry && cbor::read(bytes).is_whole => Some(Notation::Cbor),
        0x80..=0x9f | 0xdc..=0xdf if part.kind != PartKind::Entry => {
            let is_message = msgpack::read(bytes).is_whole;
            Some(if is_message { Notation::MessagePack } else { Notation::Cbor })
        }
        _ => None,
    }
}

/// Takes `length` bytes at `at`.
fn take(bytes: &Bytes, at: &mut usize, length: u64) -> Option<Bytes> {
    let end = at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= bytes.len())?;
    let taken = bytes.slice(*at..end);
    *at = end;
    Some(taken)
}

/// Takes a number of so many bytes at `at`, highest byte first.
fn number(bytes: &[u8], at: &mut usize, length: usize) -> Option<u64> {
    let number = bytes.get(*at..at.checked_add(length)?)?;
    *at += length;
    Some(number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Takes a number of so many bytes at `at`, lowest byte first.
fn number_le(bytes: &[u8], at: &mut usize, length: usize) -> Option<u64> {
    let number = bytes.get(*at..at.checked_add(length)?)?;
    *at += length;
    Some(number.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests;
