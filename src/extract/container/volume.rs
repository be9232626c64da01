//! Lone volumes of archives that were cut into pieces.
//!
//! Most cutters write nothing into a volume that says so. But people name round sizes, and an upload that broke off
//! seldom has one. Nobody opens a volume by itself: what its readers could see of it is inspected, and the rest is
//! where the other volumes are.

use crate::extract::ProblemCode;

/// Least bytes of a volume; the smallest that anybody cuts for is a floppy disk.
const LEAST: u64 = 16 << 10;

/// Whether a volume may be `length` bytes long.
pub(super) const fn is_length(length: u64) -> bool {
    length >= LEAST && (length.is_multiple_of(512) || length.is_multiple_of(1000))
}

/// What it is that an archive of `length` bytes goes on after its end.
pub(super) const fn cut_off(length: usize) -> ProblemCode {
    if is_length(length as u64) { ProblemCode::ContainerIncomplete } else { ProblemCode::ContainerBroken }
}
