//! gRPC: messages behind each other, each with a flag and its length, in one body.
//!
//! Source: "gRPC over HTTP2", and "gRPC Web" for its text form, which is base64.

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::dissection::Dissection;
use super::encoded;
use super::protobuf::Fields;

/// Bytes in front of each message: a flag and four of its length.
const PREFIX: usize = 5;

/// Adds the messages of `body` and what is in them.
pub(super) fn extract(body: &Bytes, found: &mut Dissection<'_>) {
    let mut fields = Fields::default();
    let mut rest = body.clone();
    while !rest.is_empty() {
        let offset = body.len() - rest.len();
        let Some((flag, message)) = split_message(&mut rest) else {
            return found.report(ProblemCode::GrpcMalformed, Some(offset));
        };
        // Bit 7 marks the trailers of gRPC-Web, which are text.
        let message = if flag & 1 == 1 { decompress(&message, found) } else { Some(message) };
        if let Some(message) = message {
            found.add(Part::new(PartKind::Entry, message.clone()), Some(offset));
            fields.read(&message, "", 0, found);
        }
        if found.is_over() {
            return;
        }
    }
    fields.assemble(found);
}

/// Adds the messages of a body in the text form of gRPC-Web.
pub(super) fn extract_text(body: &Bytes, found: &mut Dissection<'_>) {
    match encoded::strict(body) {
        Some(decoded) => extract(&decoded, found),
        None => found.report(ProblemCode::GrpcMalformed, None),
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

/// Undoes the compression that `grpc-encoding` names, told by the bytes: they leave no doubt between the ones in use.
fn decompress(message: &[u8], found: &mut Dissection<'_>) -> Option<Bytes> {
    let coding = match message {
        [0x1f, 0x8b, ..] => Coding::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Coding::Zstd,
        _ => Coding::Zlib,
    };
    let mut output = found.output();
    match found.unpack(coding, message, &mut output) {
        End::Complete(length) if length == message.len() => {}
        End::Complete(_) | End::Broken => found.report(ProblemCode::ContentCodingBroken, None),
        end => found.report_limit(end),
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
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| extract(&body.into(), found))
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
    fn a_body_that_ends_inside_a_message_is_malformed() {
        for cut in [1, 4, 7] {
            let found = read(framed(0, b"\x0a\x04EVIL")[..cut].to_vec());
            assert_eq!(found.problems[0].code, ProblemCode::GrpcMalformed);
        }
    }
}
