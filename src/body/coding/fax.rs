//! Rows in black and white, as fax machines write them: ITU-T T.4 and T.6, by `hayro-ccitt`.

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode, decode};

use super::{End, Target};

/// How rows are written (ISO 32000-1 table 11).
#[derive(Clone, Copy, Debug)]
pub struct Fax {
    /// Less than 0 for group 4, 0 for group 3 in one dimension, more in two.
    pub k: i64,
    /// Pixels of a row.
    pub columns: u32,
    /// Rows, at most.
    pub rows: u32,
    /// Whether each row begins with a byte.
    pub is_aligned: bool,
    /// Whether bits that are set are black.
    pub black_is_1: bool,
}

/// Gives rows to where they go.
struct Rows<'t, 'f> {
    target: &'t mut Target<'f>,
    row: Vec<u8>,
    columns: u32,
    white: u8,
    ended: Result<(), End>,
}

impl Decoder for Rows<'_, '_> {
    fn push_row(&mut self, changes: &[u32]) {
        if self.ended.is_err() {
            return;
        }
        self.row.fill(self.white);
        for run in changes.chunks(2) {
            invert(&mut self.row, run[0], run.get(1).copied().unwrap_or(self.columns).min(self.columns));
        }
        self.ended = (self.target)(&self.row);
    }
}

impl Fax {
    /// Gives `target` the rows in `input`, a bit for each pixel. Damage ends them.
    ///
    /// # Errors
    /// What `target` says.
    pub fn rows(&self, input: &[u8], target: &mut Target<'_>) -> Result<(), End> {
        let settings = DecodeSettings {
            columns: self.columns,
            rows: self.rows,
            end_of_block: true,
            end_of_line: false,
            rows_are_byte_aligned: self.is_aligned,
            encoding: match self.k {
                ..0 => EncodingMode::Group4,
                0 => EncodingMode::Group3_1D,
                1.. => EncodingMode::Group3_2D,
            },
            strict: false,
        };
        let row = vec![0; self.columns.div_ceil(8) as usize];
        let white = if self.black_is_1 { 0 } else { 0xff };
        let mut rows = Rows { target, row, columns: self.columns, white, ended: Ok(()) };
        if !input.is_empty() {
            // What came out before the damage is what viewers show.
            decode(input, &mut rows, &mut DecoderContext::new(settings)).ok();
        }
        rows.ended
    }
}

/// Inverts the bits `from..to` of a row.
fn invert(row: &mut [u8], from: u32, to: u32) {
    if from >= to {
        return;
    }
    let (first, last) = ((from / 8) as usize, ((to - 1) / 8) as usize);
    let (head, tail) = (0xff_u8 >> (from % 8), 0xff_u8 << (7 - (to - 1) % 8));
    if first == last {
        row[first] ^= head & tail;
        return;
    }
    row[first] ^= head;
    row[first + 1..last].iter_mut().for_each(|byte| *byte = !*byte);
    row[last] ^= tail;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a fax, which end with `ended`.
    fn rows(fax: &Fax, input: &[u8], most: usize) -> (Vec<Vec<u8>>, Result<(), End>) {
        let mut rows = Vec::new();
        let ended = fax.rows(input, &mut |row| {
            rows.push(row.to_vec());
            if rows.len() < most { Ok(()) } else { Err(End::Complete(0)) }
        });
        (rows, ended)
    }

    #[test]
    fn rows_of_group_4_come_out_in_either_polarity() {
        let fax = Fax { k: -1, columns: 10, rows: 4, is_aligned: false, black_is_1: true };
        // Horizontal: 3 white, 4 black; then vertical 0 up to the end; the row below the same; a blank row.
        let input = [0b0011_0000, 0b1101_1111, 0b1110_0110, 0b0000_0000];
        let (black, ended) = rows(&fax, &input, 9);
        assert_eq!((&black[0][..], ended), (&[0b0001_1110, 0][..], Ok(())));
        let (white, _) = rows(&Fax { black_is_1: false, ..fax }, &input, 9);
        assert_eq!(white[0], [0b1110_0001, 0xff]);
        assert_eq!(rows(&fax, &input, 1), (vec![black[0].clone()], Err(End::Complete(0))));
    }

    #[test]
    fn bits_are_inverted_from_and_to_any_place() {
        for from in 0..24 {
            for to in from..=24 {
                let mut row = [0; 3];
                invert(&mut row, from, to);
                let bits = u32::from_be_bytes([0, row[0], row[1], row[2]]);
                let expected = (from..to).fold(0, |bits, at| bits | 1 << (23 - at));
                assert_eq!(bits, expected, "{from}..{to}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_fax_makes_it_panic(k in -1..2_i64, columns in 0..70_u32, is_aligned: bool, input: Vec<u8>) {
            let fax = Fax { k, columns, rows: 40, is_aligned, black_is_1: true };
            let (rows, _) = rows(&fax, &input, 99);
            proptest::prop_assert!(rows.len() <= 40);
        }
    }
}
