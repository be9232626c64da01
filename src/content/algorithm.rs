//! The hash functions that a set may list and that a part can be hashed with.

use std::fmt;
use std::str::FromStr;

/// A hash function. Digests match exactly, perceptual hashes within a Hamming distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// MD5, 128 bits (RFC 1321). Broken against collisions, but what many shared lists carry.
    Md5,
    /// SHA-1, 160 bits (FIPS 180-4). Same remark.
    Sha1,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// PDQ, 256-bit perceptual hash of a picture ("PDQ & TMK + PDQF", Facebook 2019).
    Pdq,
    /// aHash of the `img_hash` family: 8×8 mean, 64 bits, as `image_hasher` computes it.
    AHash,
    /// dHash of the `img_hash` family: 8×8 horizontal gradient, 64 bits.
    DHash,
    /// pHash of the `img_hash` family: 8×8 mean over a DCT, 64 bits.
    PHash,
}

impl Algorithm {
    /// Every algorithm, in the order in which tables list them.
    pub const ALL: [Self; 8] =
        [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512, Self::Pdq, Self::AHash, Self::DHash, Self::PHash];

    /// The number that stands for it in compiled sets. Numbers are part of the format and never used twice.
    pub const fn code(self) -> u16 {
        match self {
            Self::Md5 => 1,
            Self::Sha1 => 2,
            Self::Sha256 => 3,
            Self::Sha512 => 4,
            Self::Pdq => 5,
            Self::AHash => 6,
            Self::DHash => 7,
            Self::PHash => 8,
        }
    }

    /// The name used in hash sets, configuration and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Pdq => "pdq",
            Self::AHash => "ahash",
            Self::DHash => "dhash",
            Self::PHash => "phash",
        }
    }

    /// Length of a hash in bytes.
    pub const fn byte_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Pdq => 32,
            Self::Sha512 => 64,
            Self::AHash | Self::DHash | Self::PHash => 8,
        }
    }

    /// Whether hashes of alike pictures are close, so that matching is by distance.
    pub const fn is_perceptual(self) -> bool {
        matches!(self, Self::Pdq | Self::AHash | Self::DHash | Self::PHash)
    }
}

impl serde::Serialize for Algorithm {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not the name of an [`Algorithm`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown algorithm \"{0}\", expected one of md5, sha1, sha256, sha512, pdq, ahash, dhash, phash")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Parses a name without regard to case and to `-`, so that `SHA-256` is `sha256`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A list asks this of each of its rows, nearly always with the plain name.
        if let Some(algorithm) = Self::ALL.into_iter().find(|algorithm| algorithm.name() == text) {
            return Ok(algorithm);
        }
        let folded = text.bytes().filter(|byte| *byte != b'-').map(|byte| byte.to_ascii_lowercase());
        Self::ALL
            .into_iter()
            .find(|algorithm| folded.clone().eq(algorithm.name().bytes()))
            .ok_or_else(|| UnknownAlgorithm(text.to_owned()))
    }
}

/// A set of algorithms: what has to be computed for a part so that every loaded hash set can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlgorithmSet(u32);

/// A set has room for as many.
const _: () = assert!(Algorithm::ALL.len() <= 32);

impl AlgorithmSet {
    /// No algorithm.
    pub const EMPTY: Self = Self(0);

    /// Every algorithm there is.
    pub fn all() -> Self {
        Algorithm::ALL.into_iter().collect()
    }

    const fn bit(algorithm: Algorithm) -> u32 {
        1 << algorithm as u32
    }

    /// Adds `algorithm`.
    pub const fn insert(&mut self, algorithm: Algorithm) {
        self.0 |= Self::bit(algorithm);
    }

    /// Whether `algorithm` is in the set.
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & Self::bit(algorithm) != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether any algorithm in the set needs a decoded picture.
    pub fn needs_picture(self) -> bool {
        self.iter().any(Algorithm::is_perceptual)
    }

    /// Those in the set that need a decoded picture.
    #[must_use]
    pub fn perceptual(self) -> Self {
        self.iter().filter(|algorithm: &Algorithm| algorithm.is_perceptual()).collect()
    }

    /// The algorithms in the set.
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(move |algorithm| self.contains(*algorithm))
    }

    /// Everything that is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<Algorithm> for AlgorithmSet {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        let mut set = Self::EMPTY;
        for algorithm in algorithms {
            set.insert(algorithm);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_whatever_their_case_and_hyphens() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            assert_eq!(algorithm.name().to_uppercase().parse(), Ok(algorithm));
        }
        assert_eq!("SHA-256".parse(), Ok(Algorithm::Sha256));
        assert_eq!("crc32".parse::<Algorithm>(), Err(UnknownAlgorithm("crc32".into())));
    }

    #[test]
    fn the_numbers_in_compiled_sets_never_change() {
        let codes = Algorithm::ALL.map(|algorithm| (algorithm.name(), algorithm.code()));
        let expected = [
            ("md5", 1),
            ("sha1", 2),
            ("sha256", 3),
            ("sha512", 4),
            ("pdq", 5),
            ("ahash", 6),
            ("dhash", 7),
            ("phash", 8),
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn a_set_knows_its_members() {
        let set: AlgorithmSet = [Algorithm::Sha256, Algorithm::Pdq].into_iter().collect();
        assert!(set.contains(Algorithm::Pdq) && !set.contains(Algorithm::Md5));
        assert!(set.needs_picture());
        assert_eq!(set.iter().collect::<Vec<_>>(), [Algorithm::Sha256, Algorithm::Pdq]);
    }
}
