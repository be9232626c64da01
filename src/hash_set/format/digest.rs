//! Tells what a digest of a file is from the name or the length of it.

use crate::content::{Algorithm, HashValue};
use crate::hash_set::entry::{Item, KeptKind};
use crate::hash_set::problem::{RowProblemKind, excerpt};

/// A digest of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    /// One that uploads are hashed with.
    Matched(Algorithm),
    /// One that they are not; its name is kept as the tag `digest`.
    Kept(&'static str),
}

/// Names and kinds of the digests that programs write and uploads are not hashed with.
const KEPT: [&str; 12] = [
    "sha224",
    "sha384",
    "sha512/224",
    "sha512/256",
    "sha3-224",
    "sha3-256",
    "sha3-384",
    "sha3-512",
    "blake2b",
    "rmd160",
    "tiger",
    "whirlpool",
];

impl Digest {
    /// The digest of that name, whatever its case.
    pub(super) fn named(name: &str) -> Option<Self> {
        if let Some(algorithm) = name.parse().ok().filter(|algorithm: &Algorithm| !algorithm.is_perceptual()) {
            return Some(Self::Matched(algorithm));
        }
        KEPT.into_iter().find(|kept| kept.eq_ignore_ascii_case(name)).map(Self::Kept)
    }

    /// The digest that has so many digits in hex. Lists of digests have no PDQ, so 64 are SHA-256.
    pub(super) const fn of_length(digits: usize) -> Option<Self> {
        Some(match digits {
            32 => Self::Matched(Algorithm::Md5),
            40 => Self::Matched(Algorithm::Sha1),
            64 => Self::Matched(Algorithm::Sha256),
            128 => Self::Matched(Algorithm::Sha512),
            56 => Self::Kept("sha224"),
            96 => Self::Kept("sha384"),
            _ => return None,
        })
    }

    /// The digest `text` as an item.
    ///
    /// # Errors
    /// [`RowProblemKind::Hash`] and [`RowProblemKind::Value`].
    pub(super) fn item(self, text: &str) -> Result<Item<'_>, RowProblemKind> {
        match self {
            Self::Matched(algorithm) => Ok(Item::Hash(HashValue::parse(algorithm, text)?)),
            Self::Kept(_) if is_hex(text) => Ok(Item::Kept(KeptKind::OtherDigest, text)),
            Self::Kept(name) => {
                Err(RowProblemKind::Value { field: name, found: excerpt(text), expected: "hex digits" })
            }
        }
    }

    /// The name for the tag `digest` of what is only kept.
    pub(super) const fn kept_name(self) -> Option<&'static str> {
        match self {
            Self::Matched(_) => None,
            Self::Kept(name) => Some(name),
        }
    }
}

/// Whether `text` is one or more hex digits.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
