//! Which characters the codes of a font stand for: ToUnicode CMaps (ISO 32000-1 §9.10.3).

use std::collections::BTreeMap;

use encoding_rs::UTF_16BE;

use crate::extract::container::pdf::value::{Reader, Value};

/// Most ranges of codes that are kept; a font has at most 65,536 glyphs.
const MAX_RANGES: usize = 1 << 17;

/// Operands of one operator that are kept. Programs write a hundred codes in one go, as the specification asks.
const MAX_OPERANDS: usize = 3 << 16;

/// Characters by code.
#[derive(Debug, Default)]
pub(super) struct CMap {
    /// The last code of a range and the characters of its first, by the first code.
    ranges: BTreeMap<u32, (u32, String)>,
    /// Bytes of a code, as the map says.
    pub(super) code_length: Option<usize>,
}

impl CMap {
    /// Reads what is in `content`, passing over whatever cannot be read.
    pub(super) fn read(content: &[u8]) -> Self {
        let mut map = Self::default();
        let mut reader = Reader::new(content);
        let mut operands: Vec<Value> = Vec::new();
        loop {
            let Some(operator) = reader.operation(&mut operands, MAX_OPERANDS) else {
                return map;
            };
            match operator {
                b"endcodespacerange" => map.code_length = operands.first().and_then(string).map(|low| low.len()),
                b"endbfchar" => operands.chunks_exact(2).for_each(|pair| map.add(&pair[0], &pair[0], &pair[1])),
                b"endbfrange" => operands.chunks_exact(3).for_each(|three| map.add(&three[0], &three[1], &three[2])),
                _ => {}
            }
        }
    }

    /// Ranges that it keeps.
    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// The characters of `code`.
    pub(super) fn get(&self, code: u32) -> Option<String> {
        let (first, (last, text)) = self.ranges.range(..=code).next_back()?;
        if code > *last {
            return None;
        }
        let mut characters: Vec<char> = text.chars().collect();
        // Of a range, the last character counts up.
        let end = characters.last_mut()?;
        *end = char::from_u32(u32::from(*end).wrapping_add(code - first)).unwrap_or(*end);
        Some(characters.into_iter().collect())
    }

    fn add(&mut self, low: &Value, high: &Value, target: &Value) {
        let (Some(low), Some(high)) = (string(low).map(code), string(high).map(code)) else {
            return;
        };
        match target {
            Value::String(text) => self.insert(low, high, text),
            Value::Array(texts) => {
                for (code, text) in (low..=high).zip(texts) {
                    self.insert(code, code, string(text).unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    fn insert(&mut self, low: u32, high: u32, text: &[u8]) {
        if low <= high && self.ranges.len() < MAX_RANGES {
            let text = UTF_16BE.decode_without_bom_handling(text).0.into_owned();
            self.ranges.insert(low, (high, text));
        }
    }
}

fn string(value: &Value) -> Option<&[u8]> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The number that up to four bytes are.
pub(super) fn code(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}
