//! RC4 and AES, as PDF and Office have them. In PDF blocks of AES are chained, the first is where the chain starts, and
//! the last is padded.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};

/// Bytes of a block of AES.
pub(super) const BLOCK: usize = 16;

/// A method with its key.
pub(super) enum Cipher {
    /// What is not encrypted, or by a key of no length that there is.
    None,
    Rc4(Box<Rc4>),
    Aes128(Box<Aes128>),
    Aes256(Box<Aes256>),
}

impl Cipher {
    /// RC4.
    pub(super) fn rc4(key: &[u8]) -> Self {
        Self::Rc4(Box::new(Rc4::new(key)))
    }

    /// AES with a key of 16 or 32 bytes.
    pub(super) fn aes(key: &[u8]) -> Self {
        if let Ok(cipher) = Aes256::new_from_slice(key) {
            return Self::Aes256(Box::new(cipher));
        }
        Aes128::new_from_slice(key).map_or(Self::None, |cipher| Self::Aes128(Box::new(cipher)))
    }

    /// Begins a stream or a string.
    pub(super) fn start(&self) -> Decryption<'_> {
        let rc4 = if let Self::Rc4(rc4) = self { Some((**rc4).clone()) } else { None };
        Decryption { cipher: self, rc4, chain: None }
    }

    /// Decrypts each whole block of `bytes` by itself, in place.
    pub(super) fn decrypt_blocks(&self, bytes: &mut [u8]) {
        bytes.as_chunks_mut::<BLOCK>().0.iter_mut().for_each(|block| self.decrypt_block(block));
    }

    fn decrypt_block(&self, block: &mut [u8; BLOCK]) {
        let mut array = Array::from(*block);
        match self {
            Self::Aes128(cipher) => cipher.decrypt_block(&mut array),
            Self::Aes256(cipher) => cipher.decrypt_block(&mut array),
            Self::None | Self::Rc4(_) => {}
        }
        *block = array.into();
    }
}

/// A stream or a string on its way through a cipher.
pub(super) struct Decryption<'c> {
    cipher: &'c Cipher,
    rc4: Option<Rc4>,
    /// The last block as it was encrypted; none before the first.
    chain: Option<[u8; BLOCK]>,
}

impl Decryption<'_> {
    /// Adds what `bytes`, whole blocks, are meant to be to `plain`.
    pub(super) fn push(&mut self, bytes: &[u8], plain: &mut Vec<u8>) {
        match self.cipher {
            Cipher::None => plain.extend_from_slice(bytes),
            Cipher::Rc4(_) => {
                let rc4 = self.rc4.as_mut();
                plain.extend_from_slice(bytes);
                let start = plain.len() - bytes.len();
                if let Some(rc4) = rc4 {
                    rc4.apply(&mut plain[start..]);
                }
            }
            Cipher::Aes128(_) | Cipher::Aes256(_) => {
                for encrypted in bytes.as_chunks::<BLOCK>().0 {
                    if let Some(before) = self.chain.replace(*encrypted) {
                        let mut block = *encrypted;
                        self.cipher.decrypt_block(&mut block);
                        plain.extend(block.iter().zip(before).map(|(byte, before)| byte ^ before));
                    }
                }
            }
        }
    }

    /// The same with the last bytes, whose padding is left out. Readers forgive padding that is none.
    pub(super) fn push_last(&mut self, bytes: &[u8], plain: &mut Vec<u8>) {
        self.push(bytes, plain);
        let is_padded = matches!(self.cipher, Cipher::Aes128(_) | Cipher::Aes256(_));
        if let Some(padding @ 1..=16) = plain.last().filter(|_| is_padded).map(|last| usize::from(*last)) {
            plain.truncate(plain.len().saturating_sub(padding));
        }
    }
}

/// Encrypts `bytes`, whole blocks, in place, with the chain started by `start`; nothing happens when the key has not 16
/// bytes.
pub(super) fn encrypt_chained(key: &[u8], start: &[u8; BLOCK], bytes: &mut [u8]) {
    let Ok(cipher) = Aes128::new_from_slice(key) else {
        return;
    };
    let mut before = *start;
    for block in bytes.as_chunks_mut::<BLOCK>().0 {
        let mut array = Array::from(std::array::from_fn(|at| block[at] ^ before[at]));
        cipher.encrypt_block(&mut array);
        before = array.into();
        *block = before;
    }
}

/// Whole blocks of AES, decrypted without padding in a chain that starts with `start`.
pub(super) fn decrypt_chained(key: &[u8], start: &[u8; BLOCK], encrypted: &[u8]) -> Vec<u8> {
    let cipher = Cipher::aes(key);
    let mut decryption = Decryption { cipher: &cipher, rc4: None, chain: Some(*start) };
    let mut plain = Vec::new();
    decryption.push(encrypted, &mut plain);
    plain
}

/// RC4, whose state goes on from call to call.
#[derive(Clone)]
pub(super) struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    /// With a key of at least one byte; an empty one counts as a zero.
    pub(super) fn new(key: &[u8]) -> Self {
        let key = if key.is_empty() { &[0] } else { key };
        let mut state: [u8; 256] = std::array::from_fn(|at| at as u8);
        let mut j = 0_u8;
        for i in 0..256 {
            j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len()]);
            state.swap(i, usize::from(j));
        }
        Self { state, i: 0, j: 0 }
    }

    /// Encrypts or decrypts `bytes` in place.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.i = self.i.wrapping_add(1);
            let one = self.state[usize::from(self.i)];
            self.j = self.j.wrapping_add(one);
            let other = self.state[usize::from(self.j)];
            self.state[usize::from(self.i)] = other;
            self.state[usize::from(self.j)] = one;
            *byte ^= self.state[usize::from(one.wrapping_add(other))];
        }
    }
}
