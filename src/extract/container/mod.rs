//! Containers: files that hold other files, told by their bytes and never by their names.

mod compressed;

use crate::body::Coding;
use crate::content::Part;

use super::dissection::Dissection;

/// A kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// One compressed file, or several behind each other.
    Compressed(Coding),
}

impl Container {
    /// The container that `part` is.
    pub(super) fn of(part: &Part) -> Option<Self> {
        match &part.bytes[..] {
            [0x1f, 0x8b, 8, ..] => Some(Self::Compressed(Coding::Gzip)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Compressed(Coding::Zstd)),
            _ => None,
        }
    }

    /// Hands out what is in it.
    pub(super) fn open(self, part: &Part, found: &mut Dissection<'_>) {
        match self {
            Self::Compressed(coding) => compressed::open(coding, &part.bytes, found),
        }
    }
}
