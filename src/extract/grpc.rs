//! gRPC, gRPC-Web and Connect: messages behind each other, each with a flag and its length, in one body.
//!
//! All three frame alike, and servers of Connect take all three at one address, so that one reader serves them.
//! Messages are Protocol Buffers or JSON, by the name of the type; other codecs are looked at as bytes.
//!
//! Sources: "gRPC over HTTP2"; "gRPC Web" for its text form, which is base64; "Connect Protocol Reference",
//! connectrpc.com.

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::dissection::Dissection;
use super::encoded;
use super::json;
use super::message::Message;
use super::protobuf::{self, Fields};

/// Bytes in front of each message: a flag and four of its length.
const PREFIX: usize = 5;

/// Bit of the flag that says that a message is compressed. Others mark the message that ends a stream, which is text.
const COMPRESSED: u8 = 1;

/// What messages may be compressed with. Which of them it is stands in a header that a server may not look at
/// (`grpc-encoding`, `Connect-Content-Encoding`), so every one in which a message is whole is a reading.
const CODINGS: [Coding; 6] =
    [Coding::Gzip, Coding::Zstd, Coding::Zlib, Coding::Deflate, Coding::Brotli, Coding::Snappy];

/// What messages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// Protocol Buffers, and whatever is neither they nor JSON.
    Protobuf,
    Json,
}

/// Adds the messages of `body` and what is in them.
pub(super) fn extract(body: &Bytes, codec: Codec, found: &mut Dissection<'_>) {
    let mut fields = Fields::default();
    let mut rest = body.clone();
    while !rest.is_empty() {
        let offset = body.len() - rest.len();
        let Some((flag, message)) = split_message(&mut rest) else {
            return found.report(ProblemCode::GrpcMalformed, Some(offset));
        };
        let is_compressed = flag & COMPRESSED != 0;
        let messages = if is_compressed { decompress(&message, offset, found) } else { as_told(message, found) };
        for message in messages {
            found.add(Part::new(PartKind::Entry, message.clone()), Some(offset));
            match codec {
                Codec::Protobuf => fields.read(&message, "", 0, found),
                Codec::Json => json::extract_message(&message, &mut fields, found),
            }
        }
        if found.is_over() {
            return;
        }
    }
    fields.assemble(found);
}

/// Adds the messages of a body in the text form of gRPC-Web.
pub(super) fn extract_text(body: &Bytes, codec: Codec, found: &mut Dissection<'_>) {
    match encoded::strict(body) {
        Some(decoded) => extract(&decoded, codec, found),
        None => found.report(ProblemCode::GrpcMalformed, None),
    }
}

/// What the messages of `body` say that are in Protocol Buffers and not compressed.
pub(super) fn tell(body: &Bytes, told: &mut Message) {
    let mut rest = body.clone();
    while let Some((flag, message)) = split_message(&mut rest) {
        if flag & COMPRESSED == 0 {
            protobuf::tell(&message, 0, told);
        }
    }
}

/// Takes the next message, and its flag, off `rest`.
fn split_message(rest: &mut Bytes) -> Option<(u8, Bytes)> {
    let [flag, length @ ..] = *rest.first_chunk::<PREFIX>()?;
    let end = PREFIX.checked_add(u32::from_be_bytes(length) as usize).filter(|end| *end <= rest.len())?;
    let message = rest.slice(PREFIX..end);
    *rest = rest.slice(end..);
    Some((flag, message))
}

/// `message`, which is not said to be compressed, and what is in it if it is all the same.
fn as_told(message: Bytes, found: &mut Dissection<'_>) -> Vec<Bytes> {
    let coding = match message[..] {
        [0x1f, 0x8b, ..] => Coding::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Coding::Zstd,
        _ => return vec![message],
    };
    let inner = whole(coding, &message, found);
    std::iter::once(message).chain(inner).collect()
}

/// What `message`, which stands at `offset`, is without its compression. An empty one is nobody's stream and empty.
fn decompress(message: &Bytes, offset: usize, found: &mut Dissection<'_>) -> Vec<Bytes> {
    if message.is_empty() {
        return Vec::new();
    }
    let readings: Vec<Bytes> = CODINGS.into_iter().filter_map(|coding| whole(coding, message, found)).collect();
    if !readings.is_empty() {
        return readings;
    }
    found.report(ProblemCode::ContentCodingBroken, Some(offset));
    // As far as it goes, in what it looks like.
    let coding = match message[..] {
        [0x1f, 0x8b, ..] => Coding::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Coding::Zstd,
        _ => Coding::Zlib,
    };
    let mut output = found.output();
    found.unpack(coding, message, &mut output);
    found.take(output).into_iter().collect()
}

/// What `message` gives in `coding`, if it is nothing but whole streams of it.
fn whole(coding: Coding, message: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
    let mut output = found.output();
    let mut rest = &message[..];
    while !rest.is_empty() {
        match found.unpack(coding, rest, &mut output) {
            End::Complete(length) if length > 0 => rest = rest.get(length..)?,
            End::Complete(_) | End::Broken => return None,
            end => {
                found.report_limit(end);
                return found.take(output);
            }
        }
    }
    found.take(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::Extraction;
    use crate::extract::dissection::testing::gathered;

    fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
        [&[flag], &(message.len() as u32).to_be_bytes()[..], message].concat()
    }

    fn read(body: Vec<u8>) -> Extraction {
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| extract(&body.into(), Codec::Protobuf, found))
    }

    #[test]
    fn a_file_in_pieces_over_several_messages_is_put_together() {
        let body = [framed(0, b"\x0a\x04name"), framed(0, b"\x12\x02EV"), framed(0, b"\x12\x02IL")].concat();
        let found = read(body);
        assert_eq!(found.problems, []);
        assert!(found.parts.iter().any(|part| part.bytes == "EVIL"));
    }

    #[test]
    fn a_compressed_message_is_decompressed() {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(b"\x0a\x04EVIL", 6);
        assert!(read(framed(1, &packed)).parts.iter().any(|part| part.bytes == "EVIL"));
        let broken = read(framed(1, b"snappy"));
        assert_eq!(broken.problems[0].code, ProblemCode::ContentCodingBroken);
    }

    #[test]
    fn strings_of_json_in_several_messages_are_put_together() {
        let body =
            [&b"{\"n\": \"EV\"}"[..], b"{\"n\": \"SUw=\", \"x\": \"\\ud83d\"}"].map(|message| framed(0, message));
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            extract(&body.concat().into(), Codec::Json, found);
        });
        assert_eq!(found.problems, []);
        let body = ["RVY=", "SUw="].map(|piece| framed(0, format!("{{\"n\": \"{piece}\"}}").as_bytes()));
        let pieces = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            extract(&body.concat().into(), Codec::Json, found);
        });
        let has = |found: &Extraction, text: &str| found.parts.iter().any(|part| part.bytes == text);
        assert!(has(&found, "EVSUw=") && has(&found, "\u{fffd}") && has(&pieces, "EVIL"));
    }

    #[test]
    fn a_body_that_ends_inside_a_message_is_malformed() {
        for cut in [1, 4, 7] {
            let found = read(framed(0, b"\x0a\x04EVIL")[..cut].to_vec());
            assert_eq!(found.problems[0].code, ProblemCode::GrpcMalformed);
        }
    }
}
