//! Files that are compressed and nothing else: gzip (RFC 1952), zstd (RFC 8878), xz.

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::content::PartKind;

use super::Coverage;
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

/// Bytes in which the texts of a member's header have to end.
const MAX_GZIP_HEADER: usize = 128 << 10;

/// Hands out the content of all streams in `bytes` as one part; that is what tools make of them. What stands behind the
/// last stream is not looked at by tools, and is found by carving.
pub(super) fn open(coding: Coding, bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    if coding == Coding::Gzip {
        show_gzip_texts(bytes, found);
    }
    let mut output = found.output();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        match found.unpack(coding, rest, &mut output) {
            End::Complete(length) => rest = &rest[length.min(rest.len())..],
            End::Broken => {
                if rest.len() == bytes.len() || !is_padding(rest) {
                    found.report(ProblemCode::ContainerBroken, Some(bytes.len() - rest.len()));
                }
                break;
            }
            end => {
                found.report_limit(end);
                break;
            }
        }
    }
    found.add_output(PartKind::Entry, output);
    Coverage::Some
}

/// Shows the name and the comment that the first member begins with (RFC 1952 §2.3.1).
fn show_gzip_texts(bytes: &Bytes, found: &mut Dissection<'_>) {
    let Some([_, _, _, flags, _, _, _, _, _, _, rest @ ..]) = bytes.get(..bytes.len().min(MAX_GZIP_HEADER)) else {
        return;
    };
    let mut rest = rest;
    if flags & 4 != 0 {
        let length = rest.first_chunk().map_or(0, |length| usize::from(u16::from_le_bytes(*length)));
        rest = rest.get(2 + length..).unwrap_or_default();
    }
    let mut next = || {
        let end = memchr::memchr(0, rest).unwrap_or_default();
        let text = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        text
    };
    if flags & 8 != 0 {
        legible::show_name(next(), found);
    }
    if flags & 16 != 0 {
        legible::show_comment(bytes.slice_ref(next()), found);
    }
}

/// Zeros, with which tapes and disks fill up their blocks.
fn is_padding(rest: &[u8]) -> bool {
    rest.iter().all(|byte| *byte == 0)
}
