//! One entry of a list on its way to the sink, for formats whose entries span lines.

use crate::content::{Algorithm, HashValue};
use crate::hash_set::entry::{About, Item, KeptKind, RecordSink, Removal};
use crate::hash_set::problem::{RowProblem, RowProblemKind, excerpt};

/// What a foreign name of a hash function stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HashKind {
    /// Uploads are compared with it.
    Hashed(Algorithm),
    /// It is only kept.
    Kept(KeptKind),
}

impl HashKind {
    /// The function that lists call `name`, without regard to case and to `-`, `_`, `/` and spaces.
    ///
    /// Not the `img_hash` family: what others call pHash is computed otherwise, and would match at random.
    pub(super) fn named(name: &str) -> Option<Self> {
        let is_filler = |byte: &u8| matches!(byte, b'-' | b'_' | b'/' | b' ');
        let mut folded = [0; 16];
        let mut len = 0;
        for byte in name.bytes().filter(|byte| !is_filler(byte)) {
            *folded.get_mut(len)? = byte.to_ascii_lowercase();
            len += 1;
        }
        Some(match &folded[..len] {
            b"md5" => Self::Hashed(Algorithm::Md5),
            b"sha1" => Self::Hashed(Algorithm::Sha1),
            b"sha256" => Self::Hashed(Algorithm::Sha256),
            b"sha512" => Self::Hashed(Algorithm::Sha512),
            b"pdq" => Self::Hashed(Algorithm::Pdq),
            b"photodna" | b"pdna" => Self::Kept(KeptKind::PhotoDna),
            b"tmk" | b"tmkpdqf" => Self::Kept(KeptKind::Tmk),
            b"tlsh" => Self::Kept(KeptKind::Tlsh),
            b"ssdeep" => Self::Kept(KeptKind::Ssdeep),
            b"sha224" | b"sha384" | b"sha512224" | b"sha512256" | b"sha3224" | b"sha3256" | b"sha3384" | b"sha3512" => {
                Self::Kept(KeptKind::OtherDigest)
            }
            _ => return None,
        })
    }

    /// The item that `text` is.
    ///
    /// # Errors
    /// [`RowProblemKind::Hash`], and [`RowProblemKind::MissingField`] for one that is empty.
    pub(super) fn item(self, text: &str) -> Result<Item<'_>, RowProblemKind> {
        match self {
            Self::Hashed(algorithm) => Ok(Item::Hash(HashValue::parse(algorithm, text)?)),
            Self::Kept(_) if text.is_empty() => Err(RowProblemKind::MissingField("hash")),
            Self::Kept(kind) => Ok(Item::Kept(kind, text)),
        }
    }

    /// The hash written as `text`; `None` for what is only kept.
    ///
    /// # Errors
    /// [`RowProblemKind::Hash`].
    pub(super) fn parse(self, text: &str) -> Result<Option<HashValue>, RowProblemKind> {
        match self {
            Self::Hashed(algorithm) => Ok(Some(HashValue::parse(algorithm, text)?)),
            Self::Kept(_) => Ok(None),
        }
    }
}

/// An entry, its place, and who is told of it.
pub(super) struct Row<'s> {
    sink: &'s mut dyn RecordSink,
    line: u64,
}

impl<'s> Row<'s> {
    /// The entry that starts in `line`, from 1.
    pub(super) fn at(line: u64, sink: &'s mut dyn RecordSink) -> Self {
        Self { sink, line }
    }

    /// Lists the hash of `kind` written as `text`; what is not one is a problem, and the rest of the entry stands.
    pub(super) fn list(&mut self, kind: HashKind, text: &str, about: &About<'_>) {
        match kind {
            HashKind::Hashed(algorithm) => match HashValue::parse(algorithm, text) {
                Ok(hash) => self.sink.list(Item::Hash(hash), about),
                Err(error) => self.reject(error.into()),
            },
            HashKind::Kept(kept) => self.sink.list(Item::Kept(kept, text), about),
        }
    }

    /// Takes back what has this id and this hash, whichever is given.
    pub(super) fn remove(&mut self, id: Option<&str>, hash: Option<HashValue>) {
        self.sink.remove(&Removal { id, hash });
    }

    /// Something about the entry is not as its format says.
    pub(super) fn reject(&mut self, kind: RowProblemKind) {
        self.sink.reject(RowProblem { line: self.line, column: 1, kind });
    }

    /// The entry, or a hash of it, is of a kind that no upload is compared with.
    pub(super) fn ignore(&mut self, kind: &str) {
        self.sink.ignore(kind);
    }
}

/// A problem with the value of a field.
pub(super) fn wrong_value(field: &'static str, found: &str, expected: &'static str) -> RowProblemKind {
    RowProblemKind::Value { field, found: excerpt(found), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_functions_are_known_by_their_many_spellings() {
        for (name, kind) in [
            ("MD5", Some(HashKind::Hashed(Algorithm::Md5))),
            ("SHA-1", Some(HashKind::Hashed(Algorithm::Sha1))),
            ("sha_256", Some(HashKind::Hashed(Algorithm::Sha256))),
            ("SHA 512", Some(HashKind::Hashed(Algorithm::Sha512))),
            ("PDQ", Some(HashKind::Hashed(Algorithm::Pdq))),
            ("PhotoDNA", Some(HashKind::Kept(KeptKind::PhotoDna))),
            ("tmk-pdqf", Some(HashKind::Kept(KeptKind::Tmk))),
            ("sha512/224", Some(HashKind::Kept(KeptKind::OtherDigest))),
            ("SHA3-256", Some(HashKind::Kept(KeptKind::OtherDigest))),
            ("pHash", None),
            ("imphash", None),
            ("", None),
            ("a name that is much longer than any", None),
        ] {
            assert_eq!(HashKind::named(name), kind, "{name}");
        }
    }
}
