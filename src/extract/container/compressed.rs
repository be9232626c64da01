//! Files that are compressed and nothing else: gzip (RFC 1952), zstd (RFC 8878), xz.

use bytes::Bytes;

use crate::body::{Coding, End};
use crate::content::PartKind;

use super::Coverage;
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

/// Hands out the content of all streams in `bytes` as one part; that is what tools make of them. What stands behind the
/// last stream is not looked at by tools, and is found by carving.
pub(super) fn open(coding: Coding, bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
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

/// Zeros, with which tapes and disks fill up their blocks.
fn is_padding(rest: &[u8]) -> bool {
    rest.iter().all(|byte| *byte == 0)
}
