//! Documents of Office that open without asking: Excel tries the password "VelvetSweatshop" by itself, and writes with
//! it what nobody is to change.
//!
//! Sources: MS-OFFCRYPTO §2.3.4 (ECMA-376 documents), §2.3.5 and §2.3.6 (RC4); MS-XLS §2.2.10 (records).

use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use crate::content::number::{u16_at, u32_at, u64_at};
use crate::extract::container::cipher::{BLOCK, Cipher, Rc4, decrypt_chained};
use crate::extract::dissection::Dissection;

const PASSWORD: &str = "VelvetSweatshop";

/// Most rounds of hashing. Office writes 50,000 and 100,000.
const MAX_ROUNDS: u32 = 1_000_000;

/// Processor time of one round, at most.
const A_ROUND: Duration = Duration::from_nanos(700);

/// Rounds of the older form (§2.3.4.7).
const ROUNDS: u32 = 50_000;

/// Bytes that are decrypted with one start of the chain (§2.3.4.15).
const SEGMENT: usize = 4096;

/// Bytes of a workbook that are encrypted with one key.
const RC4_BLOCK: usize = 1024;

/// What is hashed before each part of a key is made (§2.3.4.13).
const FOR_VERIFIER: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
const FOR_HASH: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
const FOR_KEY: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];

/// Records that are not encrypted: where each part begins, what says how it is encrypted, and what programs share.
const PLAIN: [u16; 7] = [0x0809, LOCK, 0x0194, 0x0195, 0x00e1, 0x0196, 0x0138];

/// What says how a workbook is encrypted, and a number that no record has.
const LOCK: u16 = 0x002f;
const NOTHING: u16 = 0xffff;

/// A sheet's record, whose place in the stream is not encrypted.
const SHEET: u16 = 0x0085;

/// The password, as it is hashed.
fn password() -> Vec<u8> {
    PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What is in the stream `package`, which is encrypted as `info` says; `None` when it does not open so.
pub(super) fn document(info: &[u8], package: &[u8], found: &mut Dissection<'_>) -> Option<Bytes> {
    let length = usize::try_from(u64_at(package, 0)?).ok()?;
    let encrypted = package.get(8..)?;
    let plain = match (u16_at(info, 0)?, u16_at(info, 2)?) {
        (4, 4) => Agile::read(info.get(8..)?)?.decrypt(encrypted, found)?,
        (2..=4, 2) => {
            let key = standard_key(info, found)?;
            let mut plain = encrypted.to_vec();
            Cipher::aes(&key).decrypt_blocks(&mut plain);
            plain
        }
        _ => return None,
    };
    found.keep(&plain[..plain.len().min(length)], package.len())
}

/// A hash by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "SHA1" | "SHA-1" => Self::Sha1,
            "SHA256" | "SHA-256" => Self::Sha256,
            "SHA384" | "SHA-384" => Self::Sha384,
            "SHA512" | "SHA-512" => Self::Sha512,
            _ => return None,
        })
    }

    fn of(self, first: &[u8], second: &[u8]) -> Vec<u8> {
        fn digest<D: Digest>(first: &[u8], second: &[u8]) -> Vec<u8> {
            D::new().chain_update(first).chain_update(second).finalize().to_vec()
        }
        match self {
            Self::Sha1 => digest::<Sha1>(first, second),
            Self::Sha256 => digest::<Sha256>(first, second),
            Self::Sha384 => digest::<Sha384>(first, second),
            Self::Sha512 => digest::<Sha512>(first, second),
        }
    }

    /// The hash of the password, hashed so often again; `None` when there is no work left for it.
    fn of_password(self, salt: &[u8], rounds: u32, found: &mut Dissection<'_>) -> Option<Vec<u8>> {
        if rounds > MAX_ROUNDS || !found.affords_steps(u64::from(rounds), A_ROUND) {
            return None;
        }
        let mut hash = self.of(salt, &password());
        for round in 0..rounds {
            hash = self.of(&round.to_le_bytes(), &hash);
        }
        Some(hash)
    }
}

/// How a document of Office 2010 and later is encrypted (§2.3.4.10).
struct Agile {
    /// Of the document.
    data: Keying,
    /// Of the password.
    password: Keying,
    rounds: u32,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
    key: Vec<u8>,
}

struct Keying {
    hash: Hash,
    salt: Vec<u8>,
    key_length: usize,
}

impl Keying {
    fn read(element: &[u8]) -> Option<Self> {
        let is = |name: &str, value: &str| text_of(element, name).is_some_and(|text| text == value);
        let key_length = text_of(element, "keyBits")?.parse::<usize>().ok()? / 8;
        let is_known = is("cipherAlgorithm", "AES") && is("cipherChaining", "ChainingModeCBC");
        let hash = Hash::named(&text_of(element, "hashAlgorithm")?)?;
        let salt = bytes_of(element, "saltValue")?;
        (is_known && matches!(key_length, 16 | 32)).then_some(Self { hash, salt, key_length })
    }

    /// `bytes` at the length that is wanted: cut off, or filled up.
    fn fitted(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
        bytes.resize(length, 0x36);
        bytes
    }

    /// Where a chain starts.
    fn start(bytes: Vec<u8>) -> [u8; BLOCK] {
        let fitted = Self::fitted(bytes, BLOCK);
        std::array::from_fn(|at| fitted[at])
    }
}

impl Agile {
    fn read(xml: &[u8]) -> Option<Self> {
        let element = |name: &[u8]| {
            let start = memchr::memmem::find(xml, name)?;
            Some(&xml[start..start + memchr::memchr(b'>', &xml[start..])?])
        };
        let (data, key) = (element(b"keyData")?, element(b"encryptedKey ")?);
        Some(Self {
            data: Keying::read(data)?,
            password: Keying::read(key)?,
            rounds: text_of(key, "spinCount")?.parse().ok()?,
            verifier: bytes_of(key, "encryptedVerifierHashInput")?,
            verifier_hash: bytes_of(key, "encryptedVerifierHashValue")?,
            key: bytes_of(key, "encryptedKeyValue")?,
        })
    }

    fn decrypt(&self, encrypted: &[u8], found: &mut Dissection<'_>) -> Option<Vec<u8>> {
        let Keying { hash, salt, key_length } = &self.password;
        let base = hash.of_password(salt, self.rounds, found)?;
        let opened = |purpose: [u8; 8], bytes: &[u8]| {
            let key = Keying::fitted(hash.of(&base, &purpose), *key_length);
            decrypt_chained(&key, &Keying::start(salt.clone()), bytes)
        };
        let verified = hash.of(&opened(FOR_VERIFIER, &self.verifier), &[]);
        if !opened(FOR_HASH, &self.verifier_hash).starts_with(&verified) {
            return None;
        }
        let mut key = opened(FOR_KEY, &self.key);
        key.truncate(self.data.key_length);
        let mut plain = Vec::with_capacity(encrypted.len());
        for (number, segment) in (0_u32..).zip(encrypted.chunks(SEGMENT)) {
            if found.is_over() {
                break;
            }
            let start = Keying::start(self.data.hash.of(&self.data.salt, &number.to_le_bytes()));
            plain.extend(decrypt_chained(&key, &start, segment));
        }
        Some(plain)
    }
}

/// The value of the attribute `name`.
fn text_of(element: &[u8], name: &str) -> Option<String> {
    let start = format!(" {name}=\"");
    let value = &element[memchr::memmem::find(element, start.as_bytes())? + start.len()..];
    Some(String::from_utf8_lossy(&value[..memchr::memchr(b'"', value)?]).into_owned())
}

fn bytes_of(element: &[u8], name: &str) -> Option<Vec<u8>> {
    BASE64.decode(text_of(element, name)?.as_bytes()).ok()
}

/// By what a password is checked (§2.3.2, §2.3.3).
struct Verifier<'i> {
    /// Bits of the key.
    bits: usize,
    salt: &'i [u8],
    check: &'i [u8],
    /// The hash of it, and what fills that up.
    check_hash: &'i [u8],
}

impl<'i> Verifier<'i> {
    /// The one in `info`, which has the size of the header in front of it at `at`.
    fn read(info: &'i [u8], at: usize) -> Option<Self> {
        let header = at + 4;
        let bits = u32_at(info, header + 16)? as usize;
        let start = header.checked_add(u32_at(info, at)? as usize)?.checked_add(4)?;
        let rest = info.get(start..)?;
        Some(Self { bits, salt: rest.get(..16)?, check: rest.get(16..32)?, check_hash: rest.get(36..)? })
    }
}

/// The key of a document of Office 2007, if the password opens it (§2.3.4.7, §2.3.4.9).
fn standard_key(info: &[u8], found: &mut Dissection<'_>) -> Option<Vec<u8>> {
    let Verifier { bits, salt, check, check_hash } = Verifier::read(info, 8)?;
    let base = Hash::Sha1.of_password(salt, ROUNDS, found)?;
    let last = Hash::Sha1.of(&base, &0_u32.to_le_bytes());
    let half = |filler: u8| {
        let mut block = [filler; 64];
        block.iter_mut().zip(&last).for_each(|(byte, hash)| *byte ^= hash);
        Hash::Sha1.of(&block, &[])
    };
    let mut key = [half(0x36), half(0x5c)].concat();
    key.truncate(bits / 8);
    let cipher = Cipher::aes(&key);
    let (mut check, mut check_hash) = (check.to_vec(), check_hash.get(..32)?.to_vec());
    cipher.decrypt_blocks(&mut check);
    cipher.decrypt_blocks(&mut check_hash);
    check_hash.starts_with(&Hash::Sha1.of(&check, &[])).then_some(key)
}

/// Makes the keys of a workbook, one for each block.
enum Keys {
    /// Of the first five bytes of an MD5 (§2.3.6.2).
    Short([u8; 5]),
    /// Of a SHA-1, with keys of so many bytes (§2.3.5.2).
    Long(Vec<u8>, usize),
}

impl Keys {
    /// As the content of the record `lock` says, if the password opens it.
    fn read(lock: &[u8]) -> Option<Self> {
        let (keys, check, hash) = match (u16_at(lock, 0)?, u16_at(lock, 2)?, u16_at(lock, 4)?) {
            (1, 1, 1) => {
                let (salt, check, hash) = (lock.get(6..22)?, lock.get(22..38)?, lock.get(38..54)?);
                let first: [u8; 16] = Md5::digest(password()).into();
                let salted = [&first[..5], salt].concat().repeat(16);
                let base: [u8; 16] = Md5::digest(salted).into();
                (Self::Short(*base.first_chunk()?), check, hash)
            }
            (1, 2..=4, 2) => {
                let Verifier { bits, salt, check, check_hash } = Verifier::read(lock.get(2..)?, 8)?;
                let length = if bits == 0 { 5 } else { bits / 8 };
                let base = Hash::Sha1.of(salt, &password());
                (5..=16).contains(&length).then_some((Self::Long(base, length), check, check_hash.get(..20)?))?
            }
            _ => return None,
        };
        let mut opened = [check, hash].concat();
        keys.of_block(0).apply(&mut opened);
        let (check, hash) = opened.split_at(check.len());
        let expected = match keys {
            Self::Short(_) => <[u8; 16]>::from(Md5::digest(check)).to_vec(),
            Self::Long(..) => Hash::Sha1.of(check, &[]),
        };
        (expected == *hash).then_some(keys)
    }

    fn of_block(&self, number: u32) -> Rc4 {
        match self {
            Self::Short(base) => {
                let key: [u8; 16] = Md5::digest([&base[..], &number.to_le_bytes()].concat()).into();
                Rc4::new(&key)
            }
            Self::Long(base, length) => {
                let mut key = Hash::Sha1.of(base, &number.to_le_bytes());
                key.truncate(*length);
                // Keys of 40 bits are filled up.
                key.resize((*length).max(if *length == 5 { 16 } else { 0 }), 0);
                Rc4::new(&key)
            }
        }
    }
}

/// `stream` with its records decrypted as the record `lock` in it says, which is none any more; `None` when it does not
/// open so.
pub(super) fn workbook(lock: &[u8], stream: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
    let keys = Keys::read(lock)?;
    let mut key_stream = vec![0; stream.len()];
    for (number, block) in (0_u32..).zip(key_stream.chunks_mut(RC4_BLOCK)) {
        if found.is_over() {
            return None;
        }
        keys.of_block(number).apply(block);
    }
    let mut plain = Vec::with_capacity(stream.len());
    let mut at = 0;
    while let (Some(kind), Some(length)) = (u16_at(stream, at), u16_at(stream, at + 2)) {
        let start = at + 4;
        let end = (start + usize::from(length)).min(stream.len());
        let before = match kind {
            kind if PLAIN.contains(&kind) => end,
            SHEET => (start + 4).min(end),
            _ => start,
        };
        let kind = if kind == LOCK { NOTHING } else { kind };
        plain.extend(kind.to_le_bytes());
        plain.extend_from_slice(&stream[at + 2..before]);
        plain.extend(stream[before..end].iter().zip(&key_stream[before..end]).map(|(byte, key)| byte ^ key));
        at = end;
    }
    found.keep(&plain, stream.len())
}
