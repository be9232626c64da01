//! `Content-Encoding`: what a compressed body becomes.
//!
//! Source: RFC 9110 §8.4, which lists codings in the order in which they were applied. Servers differ in details, and
//! each way is a reading: `deflate` is zlib's wrapping or none, and behind the first member of a gzip body some read
//! on and some stop. Clients of Prometheus, Loki and OpenTelemetry send `snappy`, `zlib` and `lz4` besides, the first
//! as one block or in its framing ("Prometheus Remote-Write 1.0 specification"; OpenTelemetry Collector, `confighttp`).

use bytes::Bytes;

use crate::body::{Coding, End};

use super::ProblemCode;
use super::aws_chunked;
use super::dissection::Dissection;

/// A coding as it is named in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Deflate,
    Snappy,
    AwsChunked,
    /// In streams, each of which tells its end.
    Members(Coding),
}

impl Named {
    fn parse(token: &[u8]) -> Option<Self> {
        Some(match token.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Self::Members(Coding::Gzip),
            b"deflate" | b"zlib" => Self::Deflate,
            b"br" => Self::Members(Coding::Brotli),
            b"zstd" => Self::Members(Coding::Zstd),
            b"lz4" => Self::Members(Coding::Lz4),
            b"snappy" | b"x-snappy-framed" => Self::Snappy,
            b"aws-chunked" => Self::AwsChunked,
            _ => return None,
        })
    }
}

/// What `body` is once its codings are undone, in every way that servers do it; none when it has no coding, or when the
/// codings cannot be undone, which is reported.
pub(super) fn undo(body: &Bytes, headers: &[&[u8]], found: &mut Dissection<'_>) -> Vec<Bytes> {
    let Some(mut codings) = parse(headers, found) else {
        return Vec::new();
    };
    // S3 names it first although it is what lies outermost.
    codings.sort_by_key(|coding| *coding == Named::AwsChunked);
    let mut readings = vec![body.clone()];
    if codings.is_empty() {
        return Vec::new();
    }
    while let Some(coding) = codings.pop() {
        readings = readings.iter().flat_map(|reading| undo_one(coding, reading, found)).collect();
    }
    readings
}

/// Names that clients send by mistake: they name no coding, and origins take the body as it is.
const NO_CODINGS: [&[u8]; 8] = [b"", b"identity", b"none", b"binary", b"7bit", b"8bit", b"utf-8", b"utf8"];

/// The codings of all headers, without [`NO_CODINGS`]; `None` when one of them is unknown, or there are too many.
fn parse(headers: &[&[u8]], found: &mut Dissection<'_>) -> Option<Vec<Named>> {
    let tokens = headers.iter().flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let tokens = tokens.filter(|token| !NO_CODINGS.iter().any(|none| token.eq_ignore_ascii_case(none)));
    let codings: Option<Vec<Named>> = tokens.map(Named::parse).collect();
    let Some(codings) = codings else {
        found.report(ProblemCode::ContentCodingUnknown, None);
        return None;
    };
    if codings.len() > found.limits().max_codings {
        found.report(ProblemCode::TooManyCodings, None);
        return None;
    }
    Some(codings)
}

fn undo_one(coding: Named, input: &Bytes, found: &mut Dissection<'_>) -> Vec<Bytes> {
    match coding {
        Named::Members(coding) => undo_members(coding, input, found),
        Named::Snappy if compressed_in_frames(input) => undo_members(Coding::Snappy, input, found),
        Named::Snappy => undo_members(Coding::SnappyBlock, input, found),
        Named::Deflate => undo_deflate(input, found),
        Named::AwsChunked => aws_chunked::payload(input, found).into_iter().collect(),
    }
}

fn compressed_in_frames(input: &[u8]) -> bool {
    input.starts_with(b"\xff\x06\0\0sNaPpY")
}

/// Undoes one stream after the other. With more than one there are two readings: all of them, and the first alone.
fn undo_members(coding: Coding, input: &Bytes, found: &mut Dissection<'_>) -> Vec<Bytes> {
    let mut all = found.output();
    let mut first = None;
    let mut rest = input.clone();
    loop {
        match found.unpack(coding, &rest, &mut all) {
            End::Complete(length) => rest = rest.slice(length.min(rest.len())..),
            End::Broken if first.is_some() => {
                found.report(ProblemCode::ContentCodingTrailing, Some(input.len() - rest.len()));
                break;
            }
            End::Broken => {
                found.report(ProblemCode::ContentCodingBroken, None);
                break;
            }
            end => {
                found.report_limit(end);
                break;
            }
        }
        if rest.is_empty() {
            break;
        }
        if coding == Coding::Brotli {
            found.report(ProblemCode::ContentCodingTrailing, Some(input.len() - rest.len()));
            break;
        }
        // Only now is there more than one.
        first.get_or_insert(all.len());
    }
    let Some(all) = found.take(all) else {
        return Vec::new();
    };
    let first = first.map(|length| all.slice(..(length as usize).min(all.len())));
    [Some(all), first].into_iter().flatten().collect()
}

/// Undoes zlib's wrapping, and bare deflate; what is both has two readings.
fn undo_deflate(input: &Bytes, found: &mut Dissection<'_>) -> Vec<Bytes> {
    let mut readings = Vec::new();
    for coding in [Coding::Zlib, Coding::Deflate] {
        let mut output = found.output();
        match found.unpack(coding, input, &mut output) {
            End::Complete(length) => {
                if length < input.len() {
                    found.report(ProblemCode::ContentCodingTrailing, Some(length));
                }
                readings.extend(found.take(output));
            }
            End::Broken => {}
            end => found.report_limit(end),
        }
    }
    if readings.is_empty() {
        found.report(ProblemCode::ContentCodingBroken, None);
    }
    readings
}
