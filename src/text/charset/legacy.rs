//! Charsets from before Unicode, by the tables of `encoding_rs`: a character has one byte or two.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

use super::{LONG, SourceText};
use crate::content::windows_1252;
use crate::text::source::Short;

const HALF: usize = 128;

/// A charset's characters of one byte and of two.
#[derive(Debug)]
pub(in crate::text) struct Legacy {
    name: &'static str,
    /// By byte; none for the first byte of two.
    singles: [Short; 2 * HALF],
    /// By first byte from 0x80 on and second byte; empty where every character is one byte.
    doubles: Vec<Short>,
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
        let short = |bytes: &[u8]| one(bytes).map_or(Short::NONE, |ch| Short::of(ch, bytes.len()));
        let singles = std::array::from_fn(|byte| match byte as u8 {
            ascii @ ..0x80 => Short::of(char::from(ascii), 1),
            byte => short(&[byte]),
        });
        let is_double = [BIG5, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS].contains(&encoding);
        let pairs = (0x80..=0xff_u8).flat_map(|first| (0..=0xff_u8).map(move |second| [first, second]));
        let doubles = if is_double { pairs.map(|pair| short(&pair)).collect() } else { Vec::new() };
        let bytes: [u8; HALF] = std::array::from_fn(|byte| byte as u8 | 0x80);
        let is_western = bytes.map(|byte| one(&[byte]) == Some(windows_1252(byte)));
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
            if ascii.len() >= LONG || ascii.len() == rest.len() {
                source.push_str(std::str::from_utf8(ascii).unwrap_or_default(), at + done);
                done += ascii.len();
                continue;
            }
            let short = source.push_short(rest, at + done, |bytes| self.short(bytes));
            done += short;
            if short > 0 {
                continue;
            }
            if rest.len() == 1 && !self.doubles.is_empty() && !is_last {
                break;
            }
            source.push_char(char::REPLACEMENT_CHARACTER, at + done..at + done + 1);
            done += 1;
        }
        done
    }

    /// What `bytes`, which are not empty, begin with; none for what is no character, or not finished.
    #[inline]
    fn short(&self, bytes: &[u8]) -> Short {
        let (first, second) = (usize::from(bytes[0]), bytes.get(1));
        let double = || second.and_then(|second| self.doubles.get((first % HALF) << 8 | usize::from(*second))).copied();
        match self.singles[first] {
            single if single.is_some() => single,
            _ => double().unwrap_or(Short::NONE),
        }
    }
}
