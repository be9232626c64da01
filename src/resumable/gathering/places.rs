//! Which places of an upload pieces came for, counted as they come and go: each piece asks, and there may be thousands.

use std::collections::BTreeMap;

use crate::resumable::claim::Place;

/// The places of one upload.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Ticket and length of the pieces that came for each place, the latest last.
    pieces: BTreeMap<Place, Vec<(u64, u64)>>,
    /// How many came for each number.
    numbers: BTreeMap<u64, usize>,
    bytes: u64,
    repeated: usize,
}

impl Places {
    pub(super) fn add(&mut self, place: Place, ticket: u64, length: u64) {
        let replaced = self.length_at(place);
        let pieces = self.pieces.entry(place).or_default();
        pieces.push((ticket, length));
        self.repeated += usize::from(is_placed(place) && pieces.len() == 2);
        self.bytes = self.bytes - replaced + length;
        if let Some(number) = place.index {
            *self.numbers.entry(number).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, place: Place, ticket: u64) {
        let Some(pieces) = self.pieces.get_mut(&place) else { return };
        let Some(at) = pieces.iter().position(|(other, _)| *other == ticket) else { return };
        let counted: u64 = if is_placed(place) { pieces.last().map_or(0, |(_, length)| *length) } else { pieces[at].1 };
        pieces.remove(at);
        self.repeated -= usize::from(is_placed(place) && pieces.len() == 1);
        self.bytes -= counted;
        if pieces.is_empty() {
            self.pieces.remove(&place);
        }
        self.bytes += self.length_at(place);
        if let Some(number) = place.index
            && let Some(count) = self.numbers.get_mut(&number)
        {
            *count -= 1;
            if *count == 0 {
                self.numbers.remove(&number);
            }
        }
    }

    /// Bytes of the latest piece for `place`. Pieces that say nothing replace none.
    pub(super) fn length_at(&self, place: Place) -> u64 {
        let latest = self.pieces.get(&place).filter(|_| is_placed(place)).and_then(|pieces| pieces.last());
        latest.map_or(0, |(_, length)| *length)
    }

    /// Bytes of all places, each with its latest piece.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether no place has more than one piece.
    pub(super) fn is_clean(&self) -> bool {
        self.repeated == 0
    }

    /// Different numbers.
    pub(super) fn count(&self) -> u64 {
        self.numbers.len() as u64
    }

    pub(super) fn has_number(&self, number: u64) -> bool {
        self.numbers.contains_key(&number)
    }
}

fn is_placed(place: Place) -> bool {
    place != Place::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_pieces_come_and_go() {
        let mut places = Places::default();
        let nth = |index| Place { index: Some(index), offset: None };
        places.add(nth(0), 1, 10);
        places.add(nth(1), 2, 20);
        assert_eq!((places.bytes(), places.count(), places.is_clean()), (30, 2, true));
        places.add(nth(1), 3, 5);
        assert_eq!((places.bytes(), places.count(), places.is_clean()), (15, 2, false));
        places.remove(nth(1), 3);
        assert_eq!((places.bytes(), places.length_at(nth(1)), places.is_clean()), (30, 20, true));
        places.remove(nth(1), 2);
        assert_eq!((places.bytes(), places.count(), places.has_number(1)), (10, 1, false));
        places.remove(nth(1), 2);
        places.add(Place::default(), 4, 7);
        places.add(Place::default(), 5, 7);
        assert_eq!((places.bytes(), places.is_clean()), (24, true), "what has no place replaces nothing");
        places.remove(Place::default(), 4);
        assert_eq!(places.bytes(), 17);
    }
}
