//! Rows of black and white as fax machines pack them, by `hayro-ccitt`: in TIFF, and in BMP of OS/2.

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode, decode};

/// A stretch of rows.
pub(super) struct Fax {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) encoding: EncodingMode,
    /// Whether each row begins at a byte, and nothing marks the end.
    pub(super) begins_at_bytes: bool,
}

/// Rows of bits, of which those that are set are black.
struct Rows {
    bits: Vec<u8>,
    columns: u32,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.bits.len();
        self.bits.resize(start + self.columns.div_ceil(8) as usize, 0);
        let row = &mut self.bits[start..];
        for run in changes.chunks(2) {
            blacken(row, run[0], run.get(1).copied().unwrap_or(self.columns));
        }
    }
}

impl Fax {
    const fn settings(&self, rows: u32) -> DecodeSettings {
        DecodeSettings {
            columns: self.columns,
            rows,
            end_of_block: !self.begins_at_bytes,
            end_of_line: false,
            rows_are_byte_aligned: self.begins_at_bytes,
            encoding: self.encoding,
            strict: false,
        }
    }

    fn rows(&self) -> Rows {
        Rows { bits: Vec::new(), columns: self.columns }
    }

    /// Rows of bits, each from a byte on, of which those that are set are black; as far as there are data.
    pub(super) fn undo(&self, packed: &[u8]) -> Vec<u8> {
        let mut rows = self.rows();
        if !packed.is_empty() {
            // Damage ends the rows, which are counted.
            decode(packed, &mut rows, &mut DecoderContext::new(self.settings(self.rows))).ok();
        }
        rows.bits
    }

    /// The same, where each row is packed from an even byte on.
    pub(super) fn undo_words(&self, packed: &[u8]) -> Vec<u8> {
        let mut rows = self.rows();
        let mut context = DecoderContext::new(DecodeSettings { end_of_block: false, ..self.settings(1) });
        let mut at = 0;
        for _ in 0..self.rows {
            match packed.get(at..).filter(|rest| !rest.is_empty()).map(|rest| decode(rest, &mut rows, &mut context)) {
                Some(Ok(length)) if length > 0 => at += length.next_multiple_of(2),
                _ => break,
            }
        }
        rows.bits
    }
}

/// Sets the bits `from..to` of a row.
fn blacken(row: &mut [u8], from: u32, to: u32) {
    let (first, last) = ((from / 8) as usize, (to / 8) as usize);
    let (head, tail) = (0xff_u8 >> (from % 8), !(0xff_u8 >> (to % 8)));
    if first == last {
        row[first] |= head & tail;
        return;
    }
    row[first] |= head;
    row[first + 1..last].fill(0xff);
    if let Some(byte) = row.get_mut(last) {
        *byte |= tail;
    }
}
