//! From an empty password to the key of a file (ISO 32000-2 §7.6.4).

use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

use crate::extract::container::cipher::{BLOCK, Rc4, decrypt_chained, encrypt_chained};
use crate::extract::container::pdf::objects::Id;

/// What fills a password up to 32 bytes; all of an empty one.
const PADDING: [u8; 32] = *b"\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\
    \x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a";

/// What a dictionary of encryption says.
pub(super) struct Lock {
    pub(super) revision: usize,
    /// Lengths that the key may have: readers differ about where they look it up.
    pub(super) lengths: [usize; 3],
    pub(super) owner: Vec<u8>,
    pub(super) user: Vec<u8>,
    pub(super) user_key: Vec<u8>,
    pub(super) permissions: u32,
    pub(super) is_metadata_plain: bool,
}

impl Lock {
    /// The key of the file, if an empty password opens it under one of `identifiers`.
    pub(super) fn key(&self, identifiers: &[Vec<u8>]) -> Option<Vec<u8>> {
        match self.revision {
            2..=4 => identifiers.iter().find_map(|identifier| self.key_by_md5(identifier)),
            5 | 6 => self.key_by_sha(),
            _ => None,
        }
    }

    fn key_by_md5(&self, identifier: &[u8]) -> Option<Vec<u8>> {
        let lengths = if self.revision == 2 { &[5][..] } else { &self.lengths[..] };
        let lengths = lengths.iter().filter(|length| (5..=16).contains(*length));
        lengths.map(|length| self.key_of_length(*length, identifier)).find(|key| self.fits(key, identifier))
    }

    /// Algorithm 2.
    fn key_of_length(&self, length: usize, identifier: &[u8]) -> Vec<u8> {
        let mut digest = Md5::new();
        digest.update(PADDING);
        digest.update(&self.owner[..self.owner.len().min(32)]);
        digest.update(self.permissions.to_le_bytes());
        digest.update(identifier);
        if self.is_metadata_plain {
            digest.update([0xff; 4]);
        }
        let mut key: [u8; 16] = digest.finalize().into();
        for _ in 0..if self.revision >= 3 { 50 } else { 0 } {
            key = Md5::digest(&key[..length]).into();
        }
        key[..length].to_vec()
    }

    /// Algorithms 4 to 6.
    fn fits(&self, key: &[u8], identifier: &[u8]) -> bool {
        if self.revision == 2 {
            let mut expected = PADDING;
            Rc4::new(key).apply(&mut expected);
            return self.user.starts_with(&expected);
        }
        let mut expected: [u8; 16] = Md5::new().chain_update(PADDING).chain_update(identifier).finalize().into();
        for round in 0..20 {
            let key: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
            Rc4::new(&key).apply(&mut expected);
        }
        self.user.starts_with(&expected)
    }

    /// Algorithms 2.A and 11.
    fn key_by_sha(&self) -> Option<Vec<u8>> {
        let hash = |salt: &[u8]| if self.revision == 5 { Sha256::digest(salt).to_vec() } else { hardened(salt) };
        let (check, salts) = self.user.split_at_checked(32)?;
        let (check_salt, key_salt) = salts.get(..16)?.split_at(8);
        let encrypted = self.user_key.get(..32)?;
        (hash(check_salt) == check).then(|| decrypt_chained(&hash(key_salt), &[0; BLOCK], encrypted))
    }
}

/// Algorithm 2.B for an empty password.
fn hardened(salt: &[u8]) -> Vec<u8> {
    let mut key = Sha256::digest(salt).to_vec();
    let mut rounds = 0;
    loop {
        let mut bytes = key.repeat(64);
        let Some((of_cipher, start)) = key.get(..32).map(|key| key.split_at(16)) else {
            return key;
        };
        let start: [u8; 16] = std::array::from_fn(|at| start[at]);
        encrypt_chained(of_cipher, &start, &mut bytes);
        let kind: u32 = bytes[..16].iter().map(|byte| u32::from(*byte)).sum();
        key = match kind % 3 {
            0 => Sha256::digest(&bytes).to_vec(),
            1 => Sha384::digest(&bytes).to_vec(),
            _ => Sha512::digest(&bytes).to_vec(),
        };
        rounds += 1;
        let last = bytes.last().map_or(0, |last| u32::from(*last));
        if rounds >= 64 && rounds >= last + 32 {
            key.truncate(32);
            return key;
        }
    }
}

/// The key of object `id` (algorithm 1).
pub(super) fn of_object(key: &[u8], id: Id, is_aes: bool) -> Vec<u8> {
    let mut digest = Md5::new();
    digest.update(key);
    digest.update(&id.number.to_le_bytes()[..3]);
    digest.update(id.generation.to_le_bytes());
    if is_aes {
        digest.update(b"sAlT");
    }
    let all: [u8; 16] = digest.finalize().into();
    all[..(key.len() + 5).min(16)].to_vec()
}
