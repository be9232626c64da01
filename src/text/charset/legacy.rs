//! Charsets from before Unicode, by the tables of `encoding_rs`: a character has one byte or two.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

use super::{LONG, SourceText};
use crate::content::windows_1252;

const HALF: usize = 128;

/// A charset's characters of one byte and of two.
#[derive(Debug)]
pub(in crate::text) struct Legacy {
    name: &'static str,
    /// By byte from 0x80 on; none for the first byte of two.
    singles: [Option<char>; HALF],
    /// By first byte from 0x80 on and second byte; empty where every character is one byte.
    doubles: Vec<Option<char>>,
    /// By byte from 0x80 on: whether it is what it is in windows-1252.
    is_western: [bool; HALF],
    is_all_western: bool,
}

impl Legacy {
    /// The tables of `encoding`; `None` for those that are Unicode, or change their meaning on the way.
    ///
    /// A table is made once, from 128 or 32,896 pieces of text, and kept for good.
    pub(in crate::text) fn of(encoding: &'static Encoding) -> Option<&'static Self> {
        static MADE: LazyLock<Mutex<HashMap<&'static str, &'static Legacy>>> = LazyLock::new(Mutex::default);
        let is_legacy = encoding.is_ascii_compatible() && ![UTF_8, UTF_16LE, UTF_16BE].contains(&encoding);
        if !is_legacy {
            return None;
        }
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        Some(made.entry(encoding.name()).or_insert_with(|| Box::leak(Box::new(Self::new(encoding)))))
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    fn new(encoding: &'static Encoding) -> Self {
        let one = |bytes: &[u8]| {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        let singles = std::array::from_fn(|byte| one(&[byte as u8 | 0x80]));
        let is_double = [BIG5, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS].contains(&encoding);
        let pairs = (0x80..=0xff_u8).flat_map(|first| (0..=0xff_u8).map(move |second| [first, second]));
        let doubles = if is_double { pairs.map(|pair| one(&pair)).collect() } else { Vec::new() };
        let is_western = std::array::from_fn(|byte: usize| singles[byte] == Some(windows_1252(byte as u8 | 0x80)));
        let is_all_western = is_western == [true; HALF];
        Self { name: encoding.name(), singles, doubles, is_western, is_all_western }
    }

    /// Whether `bytes` are the same in windows-1252.
    pub(super) fn is_western(&self, bytes: &[u8]) -> bool {
        self.is_all_western || bytes.iter().all(|byte| byte.is_ascii() || self.is_western[usize::from(byte & 0x7f)])
    }

    /// See [`super::Charset::read`].
    pub(super) fn read(&self, bytes: &[u8], at: usize, is_last: bool, source: &mut SourceText) -> usize {
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            let ascii = &rest[..Encoding::ascii_valid_up_to(rest)];
            source.push_str(std::str::from_utf8(ascii).unwrap_or_default(), at + done);
            done += ascii.len();
            let rest = &bytes[done..];
            let single = |at: usize| match rest[at] {
                byte @ ..0x80 => (!rest[at..].first_chunk::<LONG>()?.is_ascii()).then_some(char::from(byte)),
                byte => self.singles[usize::from(byte & 0x7f)],
            };
            done += source.push_singles(rest, at + done, single);
            let Some(&first) = bytes.get(done).filter(|byte| !byte.is_ascii()) else {
                continue;
            };
            let high = usize::from(first & 0x7f);
            let (ch, length) = match (self.singles[high], bytes.get(done + 1)) {
                (Some(ch), _) => (ch, 1),
                (None, None) if !self.doubles.is_empty() && !is_last => break,
                (None, second) => second
                    .and_then(|second| *self.doubles.get(high << 8 | usize::from(*second))?)
                    .map_or((char::REPLACEMENT_CHARACTER, 1), |ch| (ch, 2)),
            };
            source.push_char(ch, at + done..at + done + length);
            done += length;
        }
        done
    }
}
