//! Files that are signed, compressed or encrypted by the Cryptographic Message Syntax: `.p7m`, S/MIME, PKCS #7.
//!
//! Content is an octet string. In BER it may come in pieces within pieces, and end where a mark says so; all readers
//! take both, so pieces are put together. Signatures without content and lists of certificates hold nothing.
//!
//! Sources: RFC 5652, RFC 3274, RFC 5083; ITU-T X.690 §8.1 and §8.7.

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::{Coverage, mail, within};

/// How object identifiers of PKCS #7 and of the content types of S/MIME begin; one more byte says which.
const PKCS_7: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07";
const SMIME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01";

const IDENTIFIER: u8 = 0x06;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
/// What is marked with 0 and has an element of its own in it.
const MARKED: u8 = 0xa0;

/// What ends content whose length nobody said.
const END_MARK: &[u8] = &[0, 0];

/// Most pieces within each other. OpenSSL takes five.
const MAX_DEPTH: usize = 32;

/// Fields in front of the content that are looked at.
const MAX_FIELDS: usize = 8;

/// What a file does with its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It is all of the file.
    Plain,
    /// It is among other fields.
    Signed,
    Compressed,
    Encrypted,
}

impl Kind {
    fn of(identifier: &[u8]) -> Option<Self> {
        let (last, first) = identifier.split_last()?;
        Some(match (first, last) {
            (PKCS_7, 1) => Self::Plain,
            // Digested, and authenticated.
            (PKCS_7, 2 | 5) | (SMIME, 2) => Self::Signed,
            (PKCS_7, 3 | 4 | 6) | (SMIME, 23) => Self::Encrypted,
            (SMIME, 9) => Self::Compressed,
            _ => return None,
        })
    }
}

/// An element of BER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Element {
    tag: u8,
    /// Where its content begins, and where it ends by its length; `None` where a mark ends it.
    start: usize,
    end: Option<usize>,
}

impl Element {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let tag = *bytes.get(at)?;
        let mut at = at + 1;
        if tag & 0x1f == 0x1f {
            at += 1 + bytes.get(at..)?.iter().take_while(|byte| **byte & 0x80 != 0).count();
        }
        let first = *bytes.get(at)?;
        let start = at + 1;
        Some(match first {
            0..=0x7f => Self { tag, start, end: Some(start + usize::from(first)) },
            0x80 => Self { tag, start, end: None },
            _ => {
                let digits = bytes.get(start..start + usize::from(first & 0x7f))?;
                let length = digits
                    .iter()
                    .try_fold(0_usize, |length, digit| Some(length.checked_mul(256)? + usize::from(*digit)));
                let start = start + digits.len();
                Self { tag, start, end: Some(start.saturating_add(length.unwrap_or(usize::MAX))) }
            }
        })
    }

    fn tagged(bytes: &[u8], at: usize, tag: u8) -> Option<Self> {
        Self::read(bytes, at).filter(|element| element.tag == tag)
    }

    /// Where the next one begins.
    fn next(self, bytes: &[u8]) -> Option<usize> {
        let (mut at, mut open) = (self.end.unwrap_or(self.start), usize::from(self.end.is_none()));
        while open > 0 {
            if bytes.get(at..)?.starts_with(END_MARK) {
                (at, open) = (at + END_MARK.len(), open - 1);
                continue;
            }
            let inner = Self::read(bytes, at)?;
            (at, open) = (inner.end.unwrap_or(inner.start), open + usize::from(inner.end.is_none()));
        }
        Some(at)
    }

    fn content(self, bytes: &Bytes) -> Bytes {
        within(bytes, self.start, self.end.unwrap_or(usize::MAX))
    }
}

pub(super) fn is_cms(bytes: &[u8]) -> bool {
    kind(bytes).is_some()
}

/// Whether `bytes` are a file that is encrypted.
pub(in crate::extract) fn is_encrypted(bytes: &[u8]) -> bool {
    kind(bytes).is_some_and(|(kind, _)| kind == Kind::Encrypted)
}

/// What the file does with its content, and where that is.
fn kind(bytes: &[u8]) -> Option<(Kind, usize)> {
    let outer = Element::tagged(bytes, 0, SEQUENCE)?;
    let identifier = Element::tagged(bytes, outer.start, IDENTIFIER)?;
    let kind = Kind::of(bytes.get(identifier.start..identifier.end?)?)?;
    let marked = Element::tagged(bytes, identifier.end?, MARKED)?;
    Some((kind, marked.start))
}

/// Hands out the content.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let Some((kind, start)) = kind(bytes) else {
        return Coverage::Some;
    };
    let content = match kind {
        Kind::Encrypted => {
            found.report(ProblemCode::ContainerEncrypted, None);
            None
        }
        Kind::Plain => octets(bytes, start, found),
        Kind::Signed | Kind::Compressed => content_among_fields(bytes, start).and_then(|at| octets(bytes, at, found)),
    };
    let content = match kind {
        Kind::Compressed => content.and_then(|packed| unpacked(&packed, found)),
        _ => content,
    };
    if let Some(content) = content.filter(|content| !content.is_empty()) {
        found.add(mail::part_of(content), None);
    }
    Coverage::Some
}

/// Where the content is in the fields at `start`: behind its type, in the one sequence that has both.
fn content_among_fields(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = Element::tagged(bytes, start, SEQUENCE)?.start;
    for _ in 0..MAX_FIELDS {
        let field = Element::read(bytes, at)?;
        let kind = Element::tagged(bytes, field.start, IDENTIFIER).filter(|_| field.tag == SEQUENCE);
        let marked = kind.and_then(|kind| Element::tagged(bytes, kind.end?, MARKED));
        if let Some(marked) = marked.filter(|marked| field.end.is_none_or(|end| marked.start < end)) {
            return Some(marked.start);
        }
        at = field.next(bytes)?;
    }
    None
}

/// What the octet string at `at` is. One that ends too early, or has something else in it, is reported.
fn octets(bytes: &Bytes, at: usize, found: &mut Dissection<'_>) -> Option<Bytes> {
    let string = Element::read(bytes, at)?;
    match string.tag {
        OCTETS => {
            if string.end.is_none_or(|end| end > bytes.len()) {
                found.report(ProblemCode::ContainerBroken, Some(at));
            }
            Some(string.content(bytes))
        }
        OCTETS_IN_PIECES => joined(bytes, string, found),
        // PKCS #7 has anything there, such as what is said of a program that is signed.
        _ => None,
    }
}

/// The pieces of `string` put together, within the limits.
fn joined(bytes: &Bytes, string: Element, found: &mut Dissection<'_>) -> Option<Bytes> {
    let mut output = found.output();
    let mut open = vec![string.end];
    let mut at = string.start;
    while let Some(end) = open.last().copied() {
        if end.is_some_and(|end| at >= end) {
            open.pop();
            continue;
        }
        if end.is_none() && bytes.get(at..).is_some_and(|rest| rest.starts_with(END_MARK)) {
            open.pop();
            at += END_MARK.len();
            continue;
        }
        match Element::read(bytes, at) {
            Some(Element { tag: OCTETS, start, end: Some(end) }) if end <= bytes.len() => {
                if let Err(limit) = found.write(&bytes[start..end], bytes.len(), &mut output) {
                    found.report_limit(limit);
                    break;
                }
                at = end;
            }
            Some(Element { tag: OCTETS_IN_PIECES, start, end }) if open.len() < MAX_DEPTH => {
                open.push(end);
                at = start;
            }
            last => {
                found.report(ProblemCode::ContainerBroken, Some(at));
                let rest = last.filter(|last| last.tag == OCTETS).map(|last| last.content(bytes)).unwrap_or_default();
                if let Err(limit) = found.write(&rest, bytes.len(), &mut output) {
                    found.report_limit(limit);
                }
                break;
            }
        }
    }
    found.take(output)
}

fn unpacked(packed: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
    let mut output = found.output();
    match found.unpack(Coding::Zlib, packed, &mut output) {
        End::Complete(_) => {}
        End::Broken => found.report(ProblemCode::ContainerBroken, None),
        limit => found.report_limit(limit),
    }
    found.take(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{LISTED, codes, fixture, listed, opened};

    /// An element with a length, or one that ends with a mark.
    type Writer = fn(u8, &[u8]) -> Vec<u8>;

    fn definite(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x84], &(content.len() as u32).to_be_bytes()[..], content].concat()
    }

    fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, END_MARK].concat()
    }

    fn identifier(start: &[u8], last: u8) -> Vec<u8> {
        [&[IDENTIFIER, start.len() as u8 + 1], start, &[last]].concat()
    }

    /// A file of the type `kind` whose content is `octets`, an octet string.
    fn file(write: Writer, kind: &[u8], octets: &[u8]) -> Vec<u8> {
        let content = write(SEQUENCE, &[identifier(PKCS_7, 1), write(MARKED, octets)].concat());
        let fields = [&b"\x02\x01\x01"[..], &write(0x31, b""), &content, &write(0x31, b"")].concat();
        write(SEQUENCE, &[kind, &write(MARKED, &write(SEQUENCE, &fields))[..]].concat())
    }

    fn in_pieces(write: Writer, content: &[u8]) -> Vec<u8> {
        let pieces: Vec<u8> = content.chunks(4).flat_map(|piece| definite(OCTETS, piece)).collect();
        write(OCTETS_IN_PIECES, &[write(OCTETS_IN_PIECES, &pieces), definite(OCTETS, b"")].concat())
    }

    #[test]
    fn content_comes_out_whole_however_it_is_written() {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(LISTED, 6);
        for write in [definite as Writer, indefinite] {
            for (kind, content) in
                [(identifier(PKCS_7, 2), LISTED), (identifier(PKCS_7, 5), LISTED), (identifier(SMIME, 9), &packed)]
            {
                for octets in [definite(OCTETS, content), in_pieces(write, content)] {
                    let found = opened(file(write, &kind, &octets));
                    assert_eq!(codes(&found), [], "{kind:?}");
                    assert!(listed(&found) > 0, "{kind:?}");
                }
            }
            let plain = [identifier(PKCS_7, 1), write(MARKED, &in_pieces(write, LISTED))].concat();
            assert_eq!(listed(&opened(write(SEQUENCE, &plain))), 1);
        }
    }

    #[test]
    fn files_of_openssl_are_opened() {
        for name in ["openssl.p7m", "openssl-streamed.p7m", "openssl.pem", "openssl-signed.eml"] {
            let found = opened(fixture(name));
            assert_eq!(codes(&found), [], "{name}");
            assert!(listed(&found) > 0, "{name}");
        }
        for name in ["openssl-encrypted.p7m", "openssl-encrypted.pem", "openssl-encrypted.eml"] {
            assert_eq!(codes(&opened(fixture(name))), [ProblemCode::ContainerEncrypted], "{name}");
        }
        for name in ["openssl-detached.p7s", "openssl.p7b"] {
            assert_eq!(codes(&opened(fixture(name))), [], "{name}");
        }
    }

    #[test]
    fn what_ends_too_early_gives_what_is_there() {
        let signed = file(indefinite, &identifier(PKCS_7, 2), &in_pieces(indefinite, &[LISTED, LISTED].concat()));
        // The last piece has two bytes.
        let end = memchr::memmem::rfind(&signed, b"ES").unwrap();
        let found = opened(signed[..=end].to_vec());
        assert_eq!(codes(&found), [ProblemCode::ContainerBroken]);
        assert!(found.parts.iter().any(|part| part.bytes.starts_with(LISTED)));
        let deep = definite(OCTETS_IN_PIECES, &[OCTETS_IN_PIECES, 0x80].repeat(4000));
        let found = opened(file(indefinite, &identifier(PKCS_7, 2), &deep));
        assert_eq!(codes(&found), [ProblemCode::ContainerBroken]);
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_it_panic(flips in proptest::collection::vec((0..120_usize, proptest::prelude::any::<u8>()), 0..6)) {
            let mut bytes = file(indefinite, &identifier(PKCS_7, 2), &in_pieces(indefinite, LISTED));
            for (at, value) in flips {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            opened(bytes);
        }
    }
}
