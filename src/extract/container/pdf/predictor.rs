//! Undoes the differences between neighbours that make samples compress better (ISO 32000-1 §7.4.4.4).

use bytes::Bytes;

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

impl Predictor {
    /// The samples that `data` stands for.
    pub(super) fn undo(&self, data: Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
        if self.kind == Kind::None || self.row == 0 || self.pixel == 0 {
            return Some(data);
        }
        let mut output = found.output();
        let mut above = vec![0; self.row];
        let stride = self.row + usize::from(self.kind == Kind::Png);
        for encoded in data.chunks(stride) {
            let (filter, encoded) = match (self.kind, encoded) {
                (Kind::Png, [filter, encoded @ ..]) => (*filter, encoded),
                _ => (1, encoded),
            };
            let mut row = vec![0; self.row];
            row[..encoded.len()].copy_from_slice(encoded);
            undo_row(filter, self.pixel, &above, &mut row);
            if let Err(limit) = found.copy(&row[..encoded.len()], &mut output) {
                found.report_limit(limit);
                return None;
            }
            above = row;
        }
        found.take(output)
    }
}

/// W3C PNG §9.2.
fn undo_row(filter: u8, pixel: usize, above: &[u8], row: &mut [u8]) {
    for at in 0..row.len() {
        let left = at.checked_sub(pixel).map_or(0, |at| row[at]);
        let up = above[at];
        let corner = at.checked_sub(pixel).map_or(0, |at| above[at]);
        let predicted = match filter {
            1 => left,
            2 => up,
            3 => left.midpoint(up),
            4 => paeth(left, up, corner),
            _ => 0,
        };
        row[at] = row[at].wrapping_add(predicted);
    }
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}
