//! Messages of OpenPGP: what is signed, compressed or only stored comes out; what is encrypted is reported. Detached
//! signatures and keys hold nothing.
//!
//! A message is a row of packets. What it says is in a literal packet, which is mostly in one that is compressed; that
//! is a message of its own. A first byte tells little, so what is compressed has to be a message by what it unpacks to,
//! and what is encrypted has to have a key in front of it.
//!
//! Sources: RFC 9580 §4 and §5, RFC 4880 §4.2.2.4 for lengths in pieces; what GnuPG 2.2 reads.

use bytes::Bytes;

use crate::body::{Coding, End, ScratchWriter};
use crate::content::number::{be_u16_at, be_u32_at};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::{Coverage, mail};

const KEY_FOR_SOMEBODY: u8 = 1;
const SIGNATURE: u8 = 2;
const KEY_BY_PASSWORD: u8 = 3;
const ONE_PASS_SIGNATURE: u8 = 4;
const COMPRESSED: u8 = 8;
const ENCRYPTED: u8 = 9;
const MARKER: u8 = 10;
const LITERAL: u8 = 11;
const ENCRYPTED_AND_CHECKED: u8 = 18;
const ENCRYPTED_AS_AEAD: u8 = 20;
const PADDING: u8 = 21;

/// Packets that readers pass by, whatever is in them: GnuPG's comments, and those for experiments.
const PASSED_BY: std::ops::RangeInclusive<u8> = 60..=63;

/// Bytes of a packet that tell whether it is one.
const HEAD: usize = 16;

/// The length of a packet or of one of its pieces, and where that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    start: usize,
    length: usize,
    /// Whether another piece follows.
    goes_on: bool,
}

impl Stretch {
    /// By a length of the present format.
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let whole = |start, length| Some(Self { start, length, goes_on: false });
        match *bytes.get(at)? {
            first @ 0..=191 => whole(at + 1, usize::from(first)),
            first @ 192..=223 => {
                whole(at + 2, (usize::from(first - 192) << 8) + usize::from(*bytes.get(at + 1)?) + 192)
            }
            255 => whole(at + 5, be_u32_at(bytes, at + 1)? as usize),
            first => Some(Self { start: at + 1, length: 1 << (first & 0x1f), goes_on: true }),
        }
    }

    /// By a length of the old format.
    fn read_old(bytes: &[u8], at: usize, kind: u8) -> Option<Self> {
        let (start, length) = match kind {
            0 => (at + 1, usize::from(*bytes.get(at)?)),
            1 => (at + 2, usize::from(be_u16_at(bytes, at)?)),
            2 => (at + 4, be_u32_at(bytes, at)? as usize),
            // To the end.
            _ => (at, bytes.len() - at),
        };
        Some(Self { start, length, goes_on: false })
    }
}

/// A packet: what sort it is, and its pieces.
#[derive(Clone, Copy, Debug)]
struct Packet<'b> {
    bytes: &'b [u8],
    tag: u8,
    first: Stretch,
}

impl<'b> Packet<'b> {
    fn read(bytes: &'b [u8], at: usize) -> Option<Self> {
        let first = *bytes.get(at)?;
        let (tag, first) = match first {
            0xc0.. => (first & 0x3f, Stretch::read(bytes, at + 1)?),
            0x80.. => (first >> 2 & 0x0f, Stretch::read_old(bytes, at + 1, first & 3)?),
            _ => return None,
        };
        Some(Self { bytes, tag, first })
    }

    /// Its pieces, each as far as it is there.
    fn pieces(self) -> impl Iterator<Item = &'b [u8]> {
        let mut next = Some(self.first);
        std::iter::from_fn(move || {
            let Stretch { start, length, goes_on } = next.take()?;
            let end = start.saturating_add(length).min(self.bytes.len());
            next = if goes_on { Stretch::read(self.bytes, end) } else { None };
            self.bytes.get(start..end)
        })
    }

    /// Where the next one begins.
    fn end(self) -> usize {
        let start = self.bytes.as_ptr().addr();
        self.pieces().last().map_or(self.bytes.len(), |last| last.as_ptr().addr() + last.len() - start)
    }

    fn head(self) -> Vec<u8> {
        self.pieces().flatten().take(HEAD).copied().collect()
    }

    /// All of it, within the limits.
    fn content(self, bytes: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
        if !self.first.goes_on {
            return self.pieces().next().map(|piece| bytes.slice_ref(piece));
        }
        let mut output = found.output();
        for piece in self.pieces() {
            if let Err(limit) = found.write(piece, bytes.len(), &mut output) {
                found.report_limit(limit);
                break;
            }
        }
        found.take(output)
    }

    /// Whether it may be one, by its first bytes.
    fn is_likely(self) -> bool {
        let head = self.head();
        match self.tag {
            // Whose key it is for, and how that encrypts.
            KEY_FOR_SOMEBODY => matches!(head[..], [2 | 3, _, _, _, _, _, _, _, _, 1..=36, ..] | [6, ..]),
            SIGNATURE => matches!(head[..], [2..=6, ..]),
            // A cipher, then how the password becomes a key.
            KEY_BY_PASSWORD => matches!(head[..], [4, 1..=13, 0 | 1 | 3 | 4, 1..=14, ..] | [5 | 6, _, ..]),
            ONE_PASS_SIGNATURE => matches!(head[..], [3 | 6, ..]),
            COMPRESSED => matches!(head[..], [0..=3, ..]),
            MARKER => head == b"PGP",
            // What the content is, and the length of its name.
            LITERAL => matches!(head[..], [b'b' | b't' | b'u' | b'm' | b'l' | b'1', _, ..]),
            tag => tag == PADDING || PASSED_BY.contains(&tag),
        }
    }

    const fn is_key(self) -> bool {
        matches!(self.tag, KEY_FOR_SOMEBODY | KEY_BY_PASSWORD)
    }

    fn is_encrypted(self) -> bool {
        match self.tag {
            ENCRYPTED => true,
            ENCRYPTED_AND_CHECKED => matches!(self.head()[..], [1 | 2, ..]),
            ENCRYPTED_AS_AEAD => matches!(self.head()[..], [1, ..]),
            _ => false,
        }
    }
}

/// The packets that `bytes` begin with.
fn packets(bytes: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let packet = Packet::read(bytes, at)?;
        // A packet may be long, but it is passed once.
        at = packet.end();
        Some(packet)
    })
}

/// Whether `bytes` begin as a message does, a signature or something else that may be in front of one. Chance makes
/// such beginnings.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    Packet::read(bytes, 0).is_some_and(Packet::is_likely)
}

/// Whether `bytes` are a message that is encrypted.
pub(in crate::extract) fn is_encrypted(bytes: &[u8]) -> bool {
    let mut has_key = false;
    for packet in packets(bytes) {
        if packet.is_encrypted() {
            return has_key;
        }
        if !packet.is_likely() || packet.tag == LITERAL {
            return false;
        }
        has_key |= packet.is_key();
    }
    false
}

/// Hands out what the message says.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    if is_encrypted(bytes) {
        found.report(ProblemCode::ContainerEncrypted, None);
        return Coverage::Some;
    }
    for packet in packets(bytes) {
        match packet.tag {
            LITERAL => {
                if let Some(content) = packet.content(bytes, found) {
                    literal(&content, found);
                }
            }
            COMPRESSED => {
                if let Some(content) = packet.content(bytes, found) {
                    compressed(&content, found);
                }
            }
            // Whatever else there is says nothing that anybody reads.
            _ => {}
        }
        if found.is_over() {
            break;
        }
    }
    Coverage::Some
}

/// What it is, its name with a length, a date, and the content.
fn literal(packet: &Bytes, found: &mut Dissection<'_>) {
    let Some(length) = packet.get(1).copied().map(usize::from) else {
        return;
    };
    let (name, start) = (packet.get(2..2 + length), 2 + length + 4);
    let Some(name) = name.filter(|_| start < packet.len()) else {
        return;
    };
    let part = mail::part_of(packet.slice(start..));
    if name.is_empty() {
        return found.add(part, None);
    }
    legible::show_name(name, found);
    let name = String::from_utf8_lossy(name).into_owned();
    found.add(Part { file_name: Some(name.clone()), ..part.named(name) }, None);
}

/// How it is compressed, and a message.
fn compressed(packet: &Bytes, found: &mut Dissection<'_>) {
    let coding = match packet.first() {
        Some(0) => return hand_out(packet.slice(1..), End::Complete(0), found),
        Some(1) => Coding::Deflate,
        Some(2) => Coding::Zlib,
        Some(3) => Coding::Bzip2,
        _ => return,
    };
    let mut output: ScratchWriter = found.output();
    let end = found.unpack(coding, &packet[1..], &mut output);
    found.report_limit(end);
    if let Some(message) = found.take(output) {
        hand_out(message, end, found);
    }
}

/// Hands out a message, if it is one.
fn hand_out(message: Bytes, end: End, found: &mut Dissection<'_>) {
    if is_message(&message) {
        if end == End::Broken {
            found.report(ProblemCode::ContainerBroken, None);
        }
        found.add(Part::new(PartKind::Entry, message), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{LISTED, codes, fixture, listed, opened};

    fn literal_packet() -> Vec<u8> {
        [&b"b\x05a.bin\0\0\0\0"[..], LISTED].concat()
    }

    /// A packet with its content in pieces of two bytes.
    fn in_pieces(tag: u8, content: &[u8]) -> Vec<u8> {
        let (pieces, rest) = content.as_chunks::<2>();
        let pieces = pieces.iter().flat_map(|[a, b]| [0xe1, *a, *b]);
        [0xc0 | tag].into_iter().chain(pieces).chain([rest.len() as u8]).chain(rest.iter().copied()).collect()
    }

    /// The same content with every sort of length.
    fn packets_of(tag: u8, content: &[u8]) -> Vec<Vec<u8>> {
        let length = content.len() as u32;
        let old = |kind: u8, length: &[u8]| [&[0x80 | tag << 2 | kind][..], length, content].concat();
        vec![
            [&[0xc0 | tag, length as u8][..], content].concat(),
            [&[0xc0 | tag, 255][..], &length.to_be_bytes(), content].concat(),
            in_pieces(tag, content),
            old(0, &[length as u8]),
            old(1, &(length as u16).to_be_bytes()),
            old(2, &length.to_be_bytes()),
            old(3, &[]),
        ]
    }

    #[test]
    fn what_is_said_comes_out_of_packets_of_every_length_and_compression() {
        for literal in packets_of(LITERAL, &literal_packet()) {
            let found = opened(literal.clone());
            assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{literal:?}");
            assert!(found.parts.iter().any(|part| part.file_name.as_deref() == Some("a.bin")));
            let deflated = [&[1][..], &miniz_oxide::deflate::compress_to_vec(&literal, 6)].concat();
            let zlib = [&[2][..], &miniz_oxide::deflate::compress_to_vec_zlib(&literal, 6)].concat();
            for content in [deflated, zlib, [&[0][..], &literal].concat()] {
                for compressed in packets_of(COMPRESSED, &content) {
                    // Behind what readers pass by.
                    let message = [&b"\xca\x03PGP\xfd\x04some"[..], &compressed].concat();
                    let found = opened(message);
                    assert_eq!(codes(&found), [], "{compressed:?}");
                    assert!(listed(&found) > 0, "{compressed:?}");
                }
            }
        }
    }

    #[test]
    fn messages_of_gnupg_are_opened() {
        for name in ["gnupg-signed.gpg", "gnupg-bzip2.gpg", "gnupg-stored.gpg", "gnupg-signed.asc", "gnupg-clear.asc"] {
            let found = opened(fixture(name));
            assert_eq!(codes(&found), [], "{name}");
            assert!(listed(&found) > 0, "{name}");
        }
        for name in ["gnupg-password.gpg", "gnupg-encrypted.gpg", "gnupg-password.asc", "gnupg-encrypted.asc"] {
            assert_eq!(codes(&opened(fixture(name))), [ProblemCode::ContainerEncrypted], "{name}");
        }
        for name in ["gnupg-detached.sig", "gnupg-detached.asc", "gnupg-public.gpg", "gnupg-public.asc"] {
            assert_eq!(codes(&opened(fixture(name))), [], "{name}");
        }
    }

    #[test]
    fn what_ends_too_early_gives_what_is_there() {
        let literal = [&b"\xcb\xff\0\0\xff\xffb\0\0\0\0\0"[..], LISTED].concat();
        let found = opened(literal.clone());
        assert_eq!((codes(&found), listed(&found)), (vec![], 1));
        let noise: Vec<u8> = (0..400_u32).map(|at| ((at * at * 31) >> 3) as u8).collect();
        let packed = miniz_oxide::deflate::compress_to_vec(&[literal, noise].concat(), 6);
        let found = opened([&[0xa3, 1][..], &packed[..packed.len() - 9]].concat());
        assert_eq!(codes(&found), [ProblemCode::ContainerBroken]);
        assert!(found.parts.iter().any(|part| part.bytes.starts_with(LISTED)));
    }

    #[test]
    fn what_only_begins_so_is_nothing() {
        for bytes in
            [&b"\xa3\x01\xff\xff\xff"[..], b"\xd2\x20\x01random", b"\xcb\x03b\0", b"\x84\x0c\x03", b"\xc8\xe0\x01"]
        {
            assert_eq!(codes(&opened(bytes.to_vec())), [], "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_message_makes_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60), first in 0x80..=0xff_u8) {
            opened([&[first][..], &bytes].concat());
        }
    }
}
