//! Places of many offsets in one file.

use crate::config::Place;

/// Finds lines and columns. Offsets that ascend cost one pass over the file together.
pub(super) struct Places<'s> {
    source: &'s str,
    at: usize,
    place: Place,
}

/// Where every text begins.
const START: Place = Place { line: 1, column: 1 };

impl<'s> Places<'s> {
    pub(super) const fn of(source: &'s str) -> Self {
        Self { source, at: 0, place: START }
    }

    /// The place of byte `offset`.
    pub(super) fn at(&mut self, offset: usize) -> Place {
        let source = self.source;
        if offset < self.at || !source.is_char_boundary(offset) {
            (self.at, self.place) = (0, START);
        }
        let offset = (0..=offset.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or_default();
        for ch in source[self.at..offset].chars() {
            self.place = match ch {
                '\n' => Place { line: self.place.line + 1, column: 1 },
                _ => Place { column: self.place.column + 1, ..self.place },
            };
        }
        self.at = offset;
        self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_each_offset_alone() {
        let source = "ab\nçd\n\nx = [\"é\"]";
        let mut places = Places::of(source);
        for offset in [0, 1, 3, 5, 6, 2, 4, 8, 9, 30, 7, 0] {
            assert_eq!(places.at(offset), Place::of(source, offset), "{offset}");
        }
    }
}
