//! The files that origins may make of the same pieces.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::gathering::Arrival;

/// Choices between pieces of one number that are inspected.
const MAX_CHOICES: usize = 8;

/// Bytes that nobody sent, between pieces that say where they begin, up to which zeros are put there.
const MAX_GAPS: u64 = 16 << 20;

/// Zeros for such gaps.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// What may become of an upload.
#[derive(Debug, Default)]
pub(crate) struct Wholes {
    /// Files that some origin may make of it, the likeliest first.
    pub(crate) readings: Vec<Vec<Bytes>>,
    /// Whether there are more than are here.
    pub(crate) is_ambiguous: bool,
    /// Whether some of it has not come by here, if this is to be the whole.
    pub(crate) is_gapped: bool,
}

/// What `arrivals`, in the order in which they came, may become: by their numbers, by where they begin, and as they
/// came. Where two pieces have one number, the first or the last may count.
pub(super) fn wholes(arrivals: &[Arrival]) -> Wholes {
    let mut wholes = Wholes::default();
    if !arrivals.is_empty() && arrivals.iter().all(|arrival| arrival.place.index.is_some()) {
        wholes.by_number(arrivals);
    }
    if let Some(written) = written(arrivals) {
        wholes.add(written);
    }
    wholes.add(arrivals.iter().map(|arrival| arrival.piece.clone()).collect());
    wholes
}

impl Wholes {
    fn add(&mut self, pieces: Vec<Bytes>) {
        let pieces: Vec<Bytes> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        let is_same = |other: &Vec<Bytes>| {
            let places =
                |pieces: &[Bytes]| pieces.iter().map(|piece| (piece.as_ptr(), piece.len())).collect::<Vec<_>>();
            other.len() == pieces.len() && places(other) == places(&pieces)
        };
        if !pieces.is_empty() && !self.readings.iter().any(is_same) {
            self.readings.push(pieces);
        }
    }

    /// The latest piece of each number, and the first. Where two were on their way at once, every choice.
    fn by_number(&mut self, arrivals: &[Arrival]) {
        let mut numbered: BTreeMap<u64, Vec<&Arrival>> = BTreeMap::new();
        for arrival in arrivals.iter().rev() {
            numbered.entry(arrival.place.index.unwrap_or_default()).or_default().push(arrival);
        }
        let is_contested = |versions: &[&Arrival]| versions.iter().any(|version| version.is_contested);
        let mut choices = numbered.values().filter(|versions| is_contested(versions));
        let choices = choices.try_fold(1_usize, |product, versions| product.checked_mul(versions.len()));
        let choices = choices.unwrap_or(usize::MAX);
        self.is_ambiguous |= choices > MAX_CHOICES;
        let pick = |choice: usize, is_first: bool| {
            let mut rest = choice;
            let pieces = numbered.values().map(|versions| {
                let uncontested = if is_first { versions.len() - 1 } else { 0 };
                let at = if is_contested(versions) { rest % versions.len() } else { uncontested };
                rest /= if is_contested(versions) { versions.len() } else { 1 };
                versions[at].piece.clone()
            });
            pieces.collect::<Vec<Bytes>>()
        };
        for choice in 0..choices.min(MAX_CHOICES) {
            self.add(pick(choice, false));
            self.add(pick(choice, true));
        }
    }
}

/// Whether there are places between the pieces, or before them, of which nothing came.
pub(super) fn has_gaps(arrivals: &[Arrival]) -> bool {
    let ranges: Option<BTreeMap<u64, u64>> = arrivals
        .iter()
        .map(|arrival| arrival.place.offset.map(|offset| (offset, offset.saturating_add(arrival.piece.len() as u64))))
        .collect();
    if let Some(ranges) = ranges {
        let mut end = 0;
        return ranges.into_iter().any(|(start, own_end)| {
            let is_behind = start > end;
            end = end.max(own_end);
            is_behind
        });
    }
    // The last of JupyterLab's has no number of its own.
    let numbers: BTreeSet<u64> = arrivals.iter().filter_map(|arrival| arrival.place.index).collect();
    let numbers: Vec<u64> = numbers.into_iter().filter(|number| *number != u64::MAX).collect();
    match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) => *first > 1 || last - first + 1 != numbers.len() as u64,
        _ => arrivals.iter().any(|arrival| arrival.place.index == Some(u64::MAX)),
    }
}

/// What is in a file into which each piece was written where it says that it begins; `None` where not all say it, or
/// too much is between them.
fn written(arrivals: &[Arrival]) -> Option<Vec<Bytes>> {
    let mut file: BTreeMap<u64, Bytes> = BTreeMap::new();
    for arrival in arrivals {
        write(&mut file, arrival.place.offset?, &arrival.piece);
    }
    let (mut pieces, mut end, mut gaps) = (Vec::new(), 0, 0);
    for (start, piece) in file {
        gaps += start - end;
        if gaps > MAX_GAPS {
            return None;
        }
        while end < start {
            let length = (start - end).min(ZEROS.len() as u64);
            pieces.push(Bytes::from_static(&ZEROS).slice(..length as usize));
            end += length;
        }
        end = start + piece.len() as u64;
        pieces.push(piece);
    }
    Some(pieces)
}

/// Replaces what is in `file` from `start` on by `piece`.
fn write(file: &mut BTreeMap<u64, Bytes>, start: u64, piece: &Bytes) {
    let end = start + piece.len() as u64;
    if let Some((&before, old)) = file.range(..start).next_back() {
        let old = old.clone();
        let old_end = before + old.len() as u64;
        if old_end > start {
            file.insert(before, old.slice(..(start - before) as usize));
        }
        if old_end > end {
            file.insert(end, old.slice((end - before) as usize..));
        }
    }
    let covered: Vec<u64> = file.range(start..end).map(|(at, _)| *at).collect();
    for at in covered {
        if let Some(old) = file.remove(&at)
            && at + old.len() as u64 > end
        {
            file.insert(end, old.slice((end - at) as usize..));
        }
    }
    file.insert(start, piece.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_that_is_written_over_others_replaces_their_bytes() {
        let mut file = BTreeMap::new();
        let mut naive = [b'.'; 12];
        for (start, piece) in [(0, "abcdef"), (6, "ghi"), (2, "XY"), (5, "0123"), (9, "z"), (0, "Q"), (3, "------")] {
            write(&mut file, start, &piece.into());
            naive[start as usize..start as usize + piece.len()].copy_from_slice(piece.as_bytes());
            let joined: Vec<u8> = file.values().flat_map(|piece| piece.to_vec()).collect();
            assert_eq!(joined, naive[..joined.len()], "{piece} at {start}");
        }
    }
}
