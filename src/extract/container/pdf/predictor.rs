//! Undoes the differences between neighbours that make samples compress better (ISO 32000-1 §7.4.4.4).

use bytes::Bytes;

use crate::body::End;
use crate::extract::dissection::Dissection;

/// How samples were made into differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Predictor {
    pub(super) kind: Kind,
    /// Bytes of a pixel, at least one.
    pub(super) pixel: usize,
    /// Bytes of a row.
    pub(super) row: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    None,
    /// To the left, as TIFF does it, for samples of eight bits.
    Tiff,
    /// A filter for each row, as PNG does it.
    Png,
}

/// Rows on their way through a predictor.
pub(super) struct Prediction {
    predictor: Predictor,
    /// The row that is being read, as far as it has come, with its filter in front.
    encoded: Vec<u8>,
    above: Vec<u8>,
    row: Vec<u8>,
}

impl Predictor {
    /// One that does nothing.
    pub(super) const NONE: Self = Self { kind: Kind::None, pixel: 1, row: 0 };

    fn does_something(&self) -> bool {
        self.kind != Kind::None && self.row > 0 && self.pixel > 0
    }

    /// Begins to undo it.
    pub(super) fn start(self) -> Prediction {
        let row = if self.does_something() { self.row } else { 0 };
        Prediction { predictor: self, encoded: Vec::with_capacity(row + 1), above: vec![0; row], row: vec![0; row] }
    }

    /// The samples that `data` stands for.
    pub(super) fn undo(self, data: Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
        if !self.does_something() {
            return Some(data);
        }
        let mut output = found.output();
        let mut prediction = self.start();
        let mut copy = |row: &[u8]| found.copy(row, &mut output);
        let copied = prediction.push(&data, &mut copy).and_then(|()| prediction.finish(&mut copy));
        match copied {
            Ok(()) => found.take(output),
            Err(limit) => {
                found.report_limit(limit);
                None
            }
        }
    }
}

impl Prediction {
    /// Whether no row has begun.
    pub(super) fn is_empty(&self) -> bool {
        self.encoded.is_empty()
    }

    /// Takes in more of what is predicted, and gives `target` the rows that are whole.
    ///
    /// # Errors
    /// What `target` says.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        target: &mut dyn FnMut(&[u8]) -> Result<(), End>,
    ) -> Result<(), End> {
        if !self.predictor.does_something() {
            return target(bytes);
        }
        let stride = self.predictor.row + usize::from(self.predictor.kind == Kind::Png);
        if !self.encoded.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(stride - self.encoded.len()));
            self.encoded.extend_from_slice(piece);
            bytes = rest;
            if self.encoded.len() == stride {
                let encoded = std::mem::take(&mut self.encoded);
                self.undo_row(&encoded);
                self.encoded = encoded;
                self.encoded.clear();
                target(&self.row)?;
            }
        }
        let mut rows = bytes.chunks_exact(stride);
        for encoded in &mut rows {
            self.undo_row(encoded);
            target(&self.row)?;
        }
        self.encoded.extend_from_slice(rows.remainder());
        Ok(())
    }

    /// Gives `target` what there is of the last row.
    ///
    /// # Errors
    /// What `target` says.
    pub(super) fn finish(&mut self, target: &mut dyn FnMut(&[u8]) -> Result<(), End>) -> Result<(), End> {
        let encoded = std::mem::take(&mut self.encoded);
        let length = encoded.len().saturating_sub(usize::from(self.predictor.kind == Kind::Png));
        if length == 0 {
            return Ok(());
        }
        self.undo_row(&encoded);
        target(&self.row[..length])
    }

    /// Makes a row of `encoded`, which may be shorter.
    fn undo_row(&mut self, encoded: &[u8]) {
        std::mem::swap(&mut self.row, &mut self.above);
        let (filter, encoded) = match (self.predictor.kind, encoded) {
            (Kind::Png, [filter, encoded @ ..]) => (*filter, encoded),
            _ => (1, encoded),
        };
        self.row[..encoded.len()].copy_from_slice(encoded);
        self.row[encoded.len()..].fill(0);
        match self.predictor.pixel {
            1 => undo::<1>(filter, &self.above, &mut self.row),
            2 => undo::<2>(filter, &self.above, &mut self.row),
            3 => undo::<3>(filter, &self.above, &mut self.row),
            4 => undo::<4>(filter, &self.above, &mut self.row),
            pixel => undo_row(filter, pixel, &self.above, &mut self.row),
        }
    }
}

/// The same as [`undo_row`] for pixels of `N` bytes, which the compiler makes quick.
fn undo<const N: usize>(filter: u8, above: &[u8], row: &mut [u8]) {
    let (whole, rest) = row.split_at_mut(row.len() - row.len() % N);
    let (above, above_rest) = above.split_at(whole.len());
    let (pixels, ups) = (whole.as_chunks_mut::<N>().0, above.as_chunks::<N>().0);
    let mut left = [0; N];
    let mut corner = [0; N];
    match filter {
        1 => pixels.iter_mut().for_each(|pixel| {
            left = std::array::from_fn(|at| pixel[at].wrapping_add(left[at]));
            *pixel = left;
        }),
        2 => row_up(whole, above),
        3 => pixels.iter_mut().zip(ups).for_each(|(pixel, up)| {
            left = std::array::from_fn(|at| pixel[at].wrapping_add(left[at].midpoint(up[at])));
            *pixel = left;
        }),
        4 => pixels.iter_mut().zip(ups).for_each(|(pixel, up)| {
            left = std::array::from_fn(|at| pixel[at].wrapping_add(paeth(left[at], up[at], corner[at])));
            (*pixel, corner) = (left, *up);
        }),
        _ => {}
    }
    if !rest.is_empty() {
        // Less than a pixel: its neighbours are in the last whole one.
        let corner = ups.last().copied().unwrap_or([0; N]);
        let left = whole.as_chunks::<N>().0.last().copied().unwrap_or([0; N]);
        for (at, byte) in rest.iter_mut().enumerate() {
            *byte = byte.wrapping_add(predicted(filter, left[at], above_rest[at], corner[at]));
        }
    }
}

fn row_up(row: &mut [u8], above: &[u8]) {
    row.iter_mut().zip(above).for_each(|(byte, up)| *byte = byte.wrapping_add(*up));
}

/// W3C PNG §9.2.
fn undo_row(filter: u8, pixel: usize, above: &[u8], row: &mut [u8]) {
    for at in 0..row.len() {
        let left = at.checked_sub(pixel).map_or(0, |at| row[at]);
        let corner = at.checked_sub(pixel).map_or(0, |at| above[at]);
        row[at] = row[at].wrapping_add(predicted(filter, left, above[at], corner));
    }
}

fn predicted(filter: u8, left: u8, up: u8, corner: u8) -> u8 {
    match filter {
        1 => left,
        2 => up,
        3 => left.midpoint(up),
        4 => paeth(left, up, corner),
        _ => 0,
    }
}

/// Without branches that depend on what is in a picture.
#[inline]
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let (to_left, to_up) = ((b - c).abs(), (a - c).abs());
    let to_corner = (a + b - 2 * c).abs();
    let nearer = if to_left <= to_up { left } else { up };
    if to_corner < to_left.min(to_up) { corner } else { nearer }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn quick_rows_are_the_same_as_slow_ones(
            filter in 0..6_u8,
            row in proptest::collection::vec(proptest::num::u8::ANY, 0..70),
            above in proptest::collection::vec(proptest::num::u8::ANY, 70),
        ) {
            let above = &above[..row.len()];
            let slow = |pixel| {
                let mut row = row.clone();
                undo_row(filter, pixel, above, &mut row);
                row
            };
            let quick = |undo: fn(u8, &[u8], &mut [u8])| {
                let mut row = row.clone();
                undo(filter, above, &mut row);
                row
            };
            proptest::prop_assert_eq!(quick(undo::<1>), slow(1));
            proptest::prop_assert_eq!(quick(undo::<2>), slow(2));
            proptest::prop_assert_eq!(quick(undo::<3>), slow(3));
            proptest::prop_assert_eq!(quick(undo::<4>), slow(4));
        }

        #[test]
        fn rows_come_out_alike_however_they_come_in(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            cut in 1..60_usize,
            kind in 0..2_usize,
        ) {
            let predictor = Predictor { kind: [Kind::Tiff, Kind::Png][kind], pixel: 3, row: 12 };
            let of = |pieces: &mut dyn Iterator<Item = &[u8]>| {
                let (mut prediction, mut plain) = (predictor.start(), Vec::new());
                let mut target = |row: &[u8]| { plain.extend_from_slice(row); Ok(()) };
                for piece in pieces {
                    prediction.push(piece, &mut target).unwrap();
                }
                prediction.finish(&mut target).unwrap();
                plain
            };
            let whole = of(&mut std::iter::once(&bytes[..]));
            proptest::prop_assert_eq!(of(&mut bytes.chunks(cut)), whole);
        }
    }
}
