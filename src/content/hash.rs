//! Hash values as they stand in sets, in findings and in output.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER};
use serde::Serialize;

use super::Algorithm;

/// Bits that differ between two perceptual hashes: 0 to 256 for PDQ, 0 to 64 for the `img_hash` family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Distance(pub u16);

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A 256-bit PDQ hash. Bytes stand in the order of the reference's hex notation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PdqHash(pub [u8; 32]);

impl PdqHash {
    /// Bits in which the two hashes differ.
    pub fn distance(&self, other: &Self) -> Distance {
        let bits: u32 = self.words().iter().zip(other.words()).map(|(a, b)| (a ^ b).count_ones()).sum();
        Distance(bits as u16)
    }

    /// The hash of the negative of the picture: each coefficient has the other sign then, and so does their median.
    #[must_use]
    pub fn negative(&self) -> Self {
        Self(self.0.map(|byte| !byte))
    }

    /// The hash of these words; what [`words`](Self::words) gave.
    pub fn from_words(words: [u64; 4]) -> Self {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
            *chunk = word.to_be_bytes();
        }
        Self(bytes)
    }

    /// The hash as four big-endian words, the form in which indexes hold it.
    pub fn words(&self) -> [u64; 4] {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(self.0.chunks_exact(8)) {
            *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        words
    }
}

impl fmt::Display for PdqHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for PdqHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PdqHash({self})")
    }
}

/// A 64-bit hash of the `img_hash` family. Bytes stand in the order `image_hasher` gives them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash64(pub [u8; 8]);

impl Hash64 {
    /// Bits in which the two hashes differ.
    pub fn distance(&self, other: &Self) -> Distance {
        Distance((self.word() ^ other.word()).count_ones() as u16)
    }

    /// The hash as one big-endian word.
    pub const fn word(&self) -> u64 {
        u64::from_be_bytes(self.0)
    }
}

impl fmt::Display for Hash64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash64({self})")
    }
}

/// A hash together with the algorithm that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashValue {
    /// See [`Algorithm::Md5`].
    Md5([u8; 16]),
    /// See [`Algorithm::Sha1`].
    Sha1([u8; 20]),
    /// See [`Algorithm::Sha256`].
    Sha256([u8; 32]),
    /// See [`Algorithm::Sha512`].
    Sha512([u8; 64]),
    /// See [`Algorithm::Pdq`].
    Pdq(PdqHash),
    /// See [`Algorithm::AHash`].
    AHash(Hash64),
    /// See [`Algorithm::DHash`].
    DHash(Hash64),
    /// See [`Algorithm::PHash`].
    PHash(Hash64),
}

impl HashValue {
    /// Reads a hash written in hex (either case) or in base64 (standard or URL alphabet, padded or not).
    ///
    /// The length tells the two apart: for no algorithm here are they equally long.
    ///
    /// # Errors
    /// [`HashParseError`] says what was expected.
    pub fn parse(algorithm: Algorithm, text: &str) -> Result<Self, HashParseError> {
        let mut buffer = [0; MAX_BYTES];
        let bytes = decode(algorithm, text.trim(), &mut buffer)?;
        Self::from_bytes(algorithm, bytes).ok_or_else(|| HashParseError::length(algorithm, text))
    }

    /// A hash from its raw bytes; `None` when the length is not that of `algorithm`.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        Some(match algorithm {
            Algorithm::Md5 => Self::Md5(bytes.try_into().ok()?),
            Algorithm::Sha1 => Self::Sha1(bytes.try_into().ok()?),
            Algorithm::Sha256 => Self::Sha256(bytes.try_into().ok()?),
            Algorithm::Sha512 => Self::Sha512(bytes.try_into().ok()?),
            Algorithm::Pdq => Self::Pdq(PdqHash(bytes.try_into().ok()?)),
            Algorithm::AHash => Self::AHash(Hash64(bytes.try_into().ok()?)),
            Algorithm::DHash => Self::DHash(Hash64(bytes.try_into().ok()?)),
            Algorithm::PHash => Self::PHash(Hash64(bytes.try_into().ok()?)),
        })
    }

    /// `algorithm:hex`, which tells the hash wherever it stands alone. [`parse_named`](Self::parse_named) reads it.
    pub fn named(&self) -> String {
        format!("{}:{self}", self.algorithm())
    }

    /// Reads a hash behind the name of its algorithm and a colon; `None` when no algorithm is named.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_named(text: &str) -> Option<Result<Self, HashParseError>> {
        let (name, hash) = text.split_once(':')?;
        Some(Self::parse(name.parse().ok()?, hash))
    }

    /// The algorithm that made the hash.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Md5(_) => Algorithm::Md5,
            Self::Sha1(_) => Algorithm::Sha1,
            Self::Sha256(_) => Algorithm::Sha256,
            Self::Sha512(_) => Algorithm::Sha512,
            Self::Pdq(_) => Algorithm::Pdq,
            Self::AHash(_) => Algorithm::AHash,
            Self::DHash(_) => Algorithm::DHash,
            Self::PHash(_) => Algorithm::PHash,
        }
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Md5(bytes) => bytes,
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
            Self::Pdq(hash) => &hash.0,
            Self::AHash(hash) | Self::DHash(hash) | Self::PHash(hash) => &hash.0,
        }
    }
}

/// Lower-case hex.
impl fmt::Display for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(self.as_bytes()))
    }
}

/// A text is not a hash of the named algorithm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashParseError {
    /// The number of characters fits neither notation.
    #[error("a {algorithm} hash has {hex} hex digits or {base64} base64 characters, found {found} characters")]
    Length {
        /// The algorithm that was named.
        algorithm: Algorithm,
        /// Digits it has in hex.
        hex: usize,
        /// Characters it has in padded base64.
        base64: usize,
        /// Characters that were found.
        found: usize,
    },
    /// A character stands outside the notation's alphabet.
    #[error("not {notation}: unexpected character at position {position} of the {algorithm} hash")]
    Character {
        /// The algorithm that was named.
        algorithm: Algorithm,
        /// "hex" or "base64".
        notation: &'static str,
        /// Where, counted in characters from 1.
        position: usize,
    },
}

impl HashParseError {
    fn length(algorithm: Algorithm, text: &str) -> Self {
        let bytes = algorithm.byte_len();
        Self::Length { algorithm, hex: bytes * 2, base64: bytes.div_ceil(3) * 4, found: text.chars().count() }
    }
}

/// Bytes of the longest hash, and two more: what should be padding may be digits.
const MAX_BYTES: usize = 64 + 2;

/// Decodes `text` into `buffer` and gives the part that was filled. Lists have millions of hashes: nothing is allocated.
fn decode<'a>(algorithm: Algorithm, text: &str, buffer: &'a mut [u8; MAX_BYTES]) -> Result<&'a [u8], HashParseError> {
    let bytes = algorithm.byte_len();
    let (padded, unpadded) = (bytes.div_ceil(3) * 4, (bytes * 4).div_ceil(3));
    let (decoded, notation) = if text.len() == bytes * 2 {
        (decode_hex(text.as_bytes(), &mut buffer[..bytes]).map(|()| bytes), "hex")
    } else if text.len() == padded || text.len() == unpadded {
        (decode_base64(text, buffer), "base64")
    } else {
        return Err(HashParseError::length(algorithm, text));
    };
    match decoded {
        Ok(len) => Ok(&buffer[..len]),
        Err(position) => Err(HashParseError::Character { algorithm, notation, position: position + 1 }),
    }
}

/// The value of each hex digit, of either case; 0xff for what is none.
const HEX_VALUES: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        values[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Decodes twice as many digits as `bytes` has room for, or gives the position of the first that is none.
fn decode_hex(digits: &[u8], bytes: &mut [u8]) -> Result<(), usize> {
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (HEX_VALUES[usize::from(pair[0])], HEX_VALUES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | low & 0x0f;
    }
    // Values of digits are below 16, so one look at all of them is enough.
    if seen < 16 {
        return Ok(());
    }
    Err(digits.iter().position(|digit| HEX_VALUES[usize::from(*digit)] == 0xff).unwrap_or(0))
}

/// Decodes either alphabet, padded or not, and gives the length, or the position of the first wrong character.
fn decode_base64(text: &str, buffer: &mut [u8; MAX_BYTES]) -> Result<usize, usize> {
    let is_url = text.contains(['-', '_']);
    let encoding = match (is_url, text.ends_with('=')) {
        (false, true) => BASE64,
        (false, false) => BASE64_NOPAD,
        (true, true) => BASE64URL,
        (true, false) => BASE64URL_NOPAD,
    };
    let room = encoding.decode_len(text.len()).map_err(|error| error.position)?;
    encoding.decode_mut(text.as_bytes(), &mut buffer[..room]).map_err(|partial| partial.error.position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_base64_give_the_same_hash() {
        let hex = "00112233445566778899aabbccddeeff";
        let expected = HashValue::parse(Algorithm::Md5, hex).unwrap();
        for text in [
            hex.to_uppercase().as_str(),
            "ABEiM0RVZneImaq7zN3u/w==",
            "ABEiM0RVZneImaq7zN3u_w",
            " ABEiM0RVZneImaq7zN3u/w== ",
        ] {
            assert_eq!(HashValue::parse(Algorithm::Md5, text).unwrap(), expected, "{text}");
        }
        assert_eq!(expected.to_string(), hex);
    }

    #[test]
    fn errors_say_what_was_expected() {
        let message = |algorithm, text| HashValue::parse(algorithm, text).unwrap_err().to_string();
        assert_eq!(
            message(Algorithm::Md5, "0011"),
            "a md5 hash has 32 hex digits or 24 base64 characters, found 4 characters"
        );
        assert_eq!(
            message(Algorithm::PHash, "00112233445566zz"),
            "not hex: unexpected character at position 15 of the phash hash"
        );
    }

    /// How texts were decoded before it had to be fast.
    fn parse_slowly(algorithm: Algorithm, text: &str) -> Result<HashValue, HashParseError> {
        let (text, bytes) = (text.trim(), algorithm.byte_len());
        let (padded, unpadded) = (bytes.div_ceil(3) * 4, (bytes * 4).div_ceil(3));
        let (encoding, notation) = if text.len() == bytes * 2 {
            (data_encoding::HEXLOWER_PERMISSIVE, "hex")
        } else if text.len() == padded || text.len() == unpadded {
            let encoding = match (text.contains(['-', '_']), text.ends_with('=')) {
                (false, true) => BASE64,
                (false, false) => BASE64_NOPAD,
                (true, true) => BASE64URL,
                (true, false) => BASE64URL_NOPAD,
            };
            (encoding, "base64")
        } else {
            return Err(HashParseError::length(algorithm, text));
        };
        let decoded = encoding.decode(text.as_bytes()).map_err(|error| HashParseError::Character {
            algorithm,
            notation,
            position: error.position + 1,
        })?;
        HashValue::from_bytes(algorithm, &decoded).ok_or_else(|| HashParseError::length(algorithm, text))
    }

    proptest::proptest! {
        #[test]
        fn texts_parse_as_they_do_slowly(text in "[0-9a-fA-F]{16}|[0-9a-f]{32}|[0-9a-fA-Fg]{64}|[0-9a-fé]{126,128}|[A-Za-z0-9+/_-]{9,11}=?|[A-Za-z0-9+/]{22}(==)?|[A-Za-z0-9_=-]{42,44}|[A-Za-z0-9+/]{86}(==)?|[A-Za-z0-9+/]{88}|[A-D=]{28}|.{0,40}") {
            for algorithm in Algorithm::ALL {
                proptest::prop_assert_eq!(HashValue::parse(algorithm, &text), parse_slowly(algorithm, &text));
            }
        }
    }

    #[test]
    fn distance_counts_differing_bits() {
        let zero = PdqHash([0; 32]);
        let mut other = zero;
        other.0[0] = 0b1000_0001;
        other.0[31] = 1;
        assert_eq!(zero.distance(&other), Distance(3));
        assert_eq!(other.words(), [0x8100_0000_0000_0000, 0, 0, 1]);
        assert_eq!(Hash64([0xff; 8]).distance(&Hash64([0; 8])), Distance(64));
    }
}
