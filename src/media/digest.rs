//! Digests of a part, all in one pass.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use crate::content::{Algorithm, AlgorithmSet, HashValue};

/// Bytes that go through every hash function before the next are read: they stay in the first-level cache meanwhile.
const BLOCK: usize = 16 << 10;

/// Makes the digests of a part, however it comes.
#[derive(Clone, Debug)]
pub struct Digester {
    md5: Option<Md5>,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
    sha512: Option<Sha512>,
}

impl Digester {
    /// Begins the digests among the algorithms in `wanted`.
    pub fn new(wanted: AlgorithmSet) -> Self {
        Self {
            md5: wanted.contains(Algorithm::Md5).then(Md5::new),
            sha1: wanted.contains(Algorithm::Sha1).then(Sha1::new),
            sha256: wanted.contains(Algorithm::Sha256).then(Sha256::new),
            sha512: wanted.contains(Algorithm::Sha512).then(Sha512::new),
        }
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        for block in bytes.chunks(BLOCK) {
            self.md5.iter_mut().for_each(|hasher| hasher.update(block));
            self.sha1.iter_mut().for_each(|hasher| hasher.update(block));
            self.sha256.iter_mut().for_each(|hasher| hasher.update(block));
            self.sha512.iter_mut().for_each(|hasher| hasher.update(block));
        }
    }

    /// The digests of all that was taken in.
    pub fn finish(self) -> Vec<HashValue> {
        let md5 = self.md5.map(|hasher| HashValue::Md5(hasher.finalize().into()));
        let sha1 = self.sha1.map(|hasher| HashValue::Sha1(hasher.finalize().into()));
        let sha256 = self.sha256.map(|hasher| HashValue::Sha256(hasher.finalize().into()));
        let sha512 = self.sha512.map(|hasher| HashValue::Sha512(hasher.finalize().into()));
        [md5, sha1, sha256, sha512].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(bytes: &[u8], wanted: AlgorithmSet) -> Vec<HashValue> {
        let mut digester = Digester::new(wanted);
        digester.push(bytes);
        digester.finish()
    }

    /// RFC 1321 §A.5; FIPS 180-4 examples for "abc".
    #[test]
    fn digests_are_those_of_the_standards() {
        let found: Vec<String> = digests(b"abc", AlgorithmSet::all()).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "900150983cd24fb0d6963f7d28e17f72",
                "a9993e364706816aba3e25717850c26c9cd0d89d",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ]
        );
    }

    #[test]
    fn only_what_is_asked_for_is_computed_and_blocks_do_not_show() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 1).map(|i| (i % 251) as u8).collect();
        let wanted = [Algorithm::Sha256].into_iter().collect();
        assert_eq!(digests(&bytes, wanted), [HashValue::Sha256(Sha256::digest(&bytes).into())]);
        assert_eq!(digests(&bytes, AlgorithmSet::EMPTY), []);
    }

    #[test]
    fn it_makes_no_difference_in_which_pieces_a_part_comes() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 1).map(|i| (i % 251) as u8).collect();
        let mut digester = Digester::new(AlgorithmSet::all());
        bytes.chunks(1000).for_each(|piece| digester.push(piece));
        assert_eq!(digester.finish(), digests(&bytes, AlgorithmSet::all()));
    }
}
