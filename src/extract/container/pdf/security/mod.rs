//! Files that are encrypted and open without a password all the same: the user's password is empty (ISO 32000-2 §7.6).
//!
//! Many programs write such files to forbid printing or copying. Every reader opens them without asking, so what is in
//! them is looked at. Whoever writes a file decides what its trailers say, and which of them a reader takes is up to
//! the reader. So every dictionary of encryption is tried, each with every identifier of the file.

mod key;

use std::collections::HashMap;

use crate::body::{End, ScratchWriter};
use crate::extract::dissection::Dissection;

use super::objects::{Id, Objects};
use super::value::{Dictionary, Value};
use crate::extract::container::cipher::Cipher;

/// Bytes decrypted at a time; a multiple of a block of AES.
const BLOCK: usize = 64 << 10;

/// Dictionaries of encryption that are tried: a file has one.
const MAX_DICTIONARIES: usize = 16;

/// Identifiers that are tried with each: a file has one, which its updates keep.
const MAX_IDENTIFIERS: usize = 16;

/// How bytes are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Not at all.
    Plain,
    /// RC4, with a key for each object.
    Rc4,
    /// AES, with a key for each object.
    Aes128,
    /// AES, with one key for the whole file.
    Aes256,
}

/// What is needed to read a file.
#[derive(Clone, Debug)]
pub(super) struct Security {
    key: Vec<u8>,
    streams: Method,
    strings: Method,
    files: Method,
    named: HashMap<String, Method>,
    is_metadata_plain: bool,
    /// The object that the dictionary of encryption is, whose strings are not encrypted.
    own: Option<u32>,
}

/// What the trailers of a file say about encryption.
#[derive(Debug, Default)]
pub(super) struct Locks {
    /// Every way in which the file opens without a password.
    pub(super) opened: Vec<Security>,
    /// Whether there is a way in which it does not.
    pub(super) is_locked: bool,
}

impl Locks {
    /// What `trailers` say; `objects` are read as they are in the file.
    pub(super) fn find(trailers: &[Dictionary], objects: &Objects) -> Self {
        let mut dictionaries: Vec<&Value> = Vec::new();
        let mut identifiers: Vec<Vec<u8>> = vec![Vec::new()];
        for trailer in trailers {
            let has_room = dictionaries.len() <= MAX_DICTIONARIES;
            let is_new = |value: &&Value| has_room && !dictionaries.contains(value);
            let encryption = trailer.get(&["Encrypt"]).filter(is_new);
            dictionaries.extend(encryption);
            let first = objects.list(trailer.get(&["ID"])).into_iter().next();
            if let Some(Value::String(first)) = first
                && !identifiers.contains(&first)
                && identifiers.len() <= MAX_IDENTIFIERS
            {
                identifiers.push(first);
            }
        }
        let mut locks = Self { opened: Vec::new(), is_locked: dictionaries.len() > MAX_DICTIONARIES };
        for value in dictionaries.into_iter().take(MAX_DICTIONARIES) {
            match objects.resolve(value) {
                Value::Dictionary(dictionary) => match Security::open(value, &dictionary, &identifiers, objects) {
                    Some(security) => locks.opened.push(security),
                    None => locks.is_locked = true,
                },
                // What it refers to is lost, or hidden.
                _ => locks.is_locked |= matches!(value, Value::Reference(_)),
            }
        }
        locks
    }
}

impl Security {
    /// Opens with an empty password; `None` when it does not open so, or is encrypted in a way that is not known here.
    fn open(value: &Value, dictionary: &Dictionary, identifiers: &[Vec<u8>], objects: &Objects) -> Option<Self> {
        let number = |key: &str| objects.number(dictionary.get(&[key]));
        let is_standard = dictionary.get(&["Filter"]) == Some(&Value::Name("Standard".to_owned()));
        let version = number("V").filter(|version| is_standard && (1..=5).contains(version))?;
        let is_metadata_plain = dictionary.get(&["EncryptMetadata"]) == Some(&Value::Word("false"));
        let permissions = match objects.resolve(dictionary.get(&["P"])?) {
            Value::Number(permissions) => permissions as i64 as u32,
            _ => return None,
        };
        let string = |key: &str| dictionary.get(&[key]).and_then(|value| objects.string(value));
        let lock = key::Lock {
            revision: number("R")?,
            lengths: [number("Length").unwrap_or(40) / 8, 16, 5],
            owner: string("O")?,
            user: string("U")?,
            user_key: string("UE").unwrap_or_default(),
            permissions,
            is_metadata_plain: is_metadata_plain && version >= 4,
        };
        let key = lock.key(identifiers)?;
        let own = if let Value::Reference(number) = value { Some(*number) } else { None };
        let usual = Self {
            key,
            streams: Method::Rc4,
            strings: Method::Rc4,
            files: Method::Rc4,
            named: HashMap::new(),
            is_metadata_plain: is_metadata_plain && version >= 4,
            own,
        };
        if version < 4 { Some(usual) } else { usual.with_filters(dictionary, objects) }
    }

    /// With the methods that `dictionary` gives names to.
    fn with_filters(mut self, dictionary: &Dictionary, objects: &Objects) -> Option<Self> {
        if let Some(Value::Dictionary(filters)) = dictionary.get(&["CF"]).map(|filters| objects.resolve(filters)) {
            for (name, filter) in filters.entries() {
                let Value::Dictionary(filter) = objects.resolve(filter) else {
                    continue;
                };
                let method = match filter.get(&["CFM"]) {
                    Some(Value::Name(name)) if name == "V2" => Method::Rc4,
                    Some(Value::Name(name)) if name == "AESV2" => Method::Aes128,
                    Some(Value::Name(name)) if name == "AESV3" => Method::Aes256,
                    Some(Value::Name(name)) if name != "None" => return None,
                    _ => Method::Plain,
                };
                self.named.insert(name.to_owned(), method);
            }
        }
        let of = |key: &str| match dictionary.get(&[key]) {
            Some(Value::Name(name)) => Some(self.named(name)),
            _ => None,
        };
        let streams = of("StmF").unwrap_or(Method::Plain);
        let (strings, files) = (of("StrF").unwrap_or(Method::Plain), of("EFF").unwrap_or(streams));
        Some(Self { streams, strings, files, ..self })
    }

    fn named(&self, name: &str) -> Method {
        self.named.get(name).copied().unwrap_or(Method::Plain)
    }

    /// How the stream with `dictionary` is encrypted; `filter` is the name that its first filter `Crypt` gives, if it
    /// has one.
    pub(super) fn method_of(&self, dictionary: &Dictionary, filter: Option<&str>) -> Method {
        let is = |kind: &str| matches!(dictionary.get(&["Type"]), Some(Value::Name(name)) if name == kind);
        match filter {
            Some(name) => self.named(name),
            None if is("XRef") || is("Metadata") && self.is_metadata_plain => Method::Plain,
            None if is("EmbeddedFile") => self.files,
            None => self.streams,
        }
    }

    /// `value` of object `id` with its strings as they are meant.
    pub(super) fn clear(&self, mut value: Value, id: Id) -> Value {
        if self.own != Some(id.number) && self.strings != Method::Plain {
            self.clear_strings(&mut value, &self.cipher(self.strings, id));
        }
        value
    }

    fn clear_strings(&self, value: &mut Value, cipher: &Cipher) {
        match value {
            Value::String(string) => {
                let mut plain = Vec::with_capacity(string.len());
                cipher.start().push_last(string, &mut plain);
                *string = plain;
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.clear_strings(value, cipher)),
            Value::Dictionary(dictionary) => {
                dictionary.values_mut().for_each(|value| self.clear_strings(value, cipher))
            }
            _ => {}
        }
    }

    /// Adds to `output` what `bytes`, a stream of object `id`, are meant to be.
    ///
    /// # Errors
    /// A limit was passed.
    pub(super) fn clear_stream(
        &self,
        method: Method,
        bytes: &[u8],
        id: Id,
        output: &mut ScratchWriter,
        found: &mut Dissection<'_>,
    ) -> Result<(), End> {
        let cipher = self.cipher(method, id);
        let mut decryption = cipher.start();
        let mut plain = Vec::with_capacity(BLOCK + 16);
        let mut blocks = bytes.chunks(BLOCK).peekable();
        while let Some(block) = blocks.next() {
            plain.clear();
            if blocks.peek().is_some() {
                decryption.push(block, &mut plain);
            } else {
                decryption.push_last(block, &mut plain);
            }
            found.write(&plain, bytes.len(), output)?;
        }
        Ok(())
    }

    fn cipher(&self, method: Method, id: Id) -> Cipher {
        match method {
            Method::Plain => Cipher::None,
            Method::Rc4 => Cipher::rc4(&key::of_object(&self.key, id, false)),
            Method::Aes128 => Cipher::aes(&key::of_object(&self.key, id, true)),
            Method::Aes256 => Cipher::aes(&self.key),
        }
    }
}

#[cfg(test)]
mod tests;
