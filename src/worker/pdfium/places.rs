//! Which parts of a page show something, by where things are on it.

use super::ffi::{Kind, Place};

/// Cells along a side of the grid in which things that lie in one or beside each other belong together.
const CELLS: usize = 64;

/// Hundredths of both sides of a page from which on something is the page itself, or lies behind all that is on it.
const WHOLE: i64 = 92;

/// Cells marked for one page: as many as a thousand things that each cover a quarter of it.
const MAX_MARKS: usize = 1 << 20;

/// Less of a page than this is hardly a picture.
const LEAST_COVERED: f64 = 0.01;

/// Shortest side in pixels of what people may see something in, as a page is rendered.
const LEAST_SIDE: i32 = 4;

/// What is on a page that shows more than letters.
#[derive(Debug, Default)]
pub(super) struct Layout {
    size: (i32, i32),
    /// Pictures and what shows them as a rule.
    pictures: Vec<Place>,
    /// Lines and areas, out of which pictures may be drawn as well.
    paths: Vec<Place>,
    /// Whether the page is one picture as it is stored, and maybe letters.
    is_plain: bool,
    /// How much of the page is covered, things that lie on each other counted each.
    covered: f64,
}

impl Layout {
    /// Of these things, on a page of this size.
    pub(super) fn of(objects: impl Iterator<Item = (Kind, Place)>, size: (i32, i32)) -> Self {
        let mut layout = Self { size, ..Self::default() };
        let mut as_stored = 0;
        for (kind, place) in objects {
            let shown = layout.on_page(place);
            as_stored += usize::from(kind == Kind::Picture && is_alike(place, shown));
            match kind {
                Kind::Letters => continue,
                Kind::Path | Kind::DrawnLetters => layout.paths.push(shown),
                Kind::Picture | Kind::ChangedPicture | Kind::Shading | Kind::Form | Kind::Annotation => {
                    layout.pictures.push(shown);
                }
            }
            layout.covered += area(shown) / (f64::from(size.0) * f64::from(size.1)).max(1.0);
        }
        layout.is_plain = as_stored == 1 && layout.pictures.len() == 1 && layout.paths.is_empty();
        layout
    }

    fn on_page(&self, place: Place) -> Place {
        let (width, height) = self.size;
        Place {
            left: place.left.clamp(0, width),
            top: place.top.clamp(0, height),
            right: place.right.clamp(0, width),
            bottom: place.bottom.clamp(0, height),
        }
    }

    /// Whether there is anything but letters.
    pub(super) fn shows_something(&self) -> bool {
        !(self.pictures.is_empty() && self.paths.is_empty())
    }

    /// How early the page is to be rendered: the more of it is covered. Those that are [one picture](Self::is_plain)
    /// come last.
    pub(super) fn worth(&self) -> f64 {
        self.covered.min(1.0) + if self.is_plain() || self.covered < LEAST_COVERED { 0.0 } else { 1.0 }
    }

    /// Whether the page is one picture as it is stored, and maybe letters. The picture is compared by itself, so there
    /// is less reason to render the page.
    pub(super) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// The `most` largest places where something is shown, apart from the whole page: pictures that lie together, and
    /// what they and lines show together.
    pub(super) fn places(&self, most: usize) -> Vec<Place> {
        let both: Vec<Place> = self.pictures.iter().chain(&self.paths).copied().collect();
        let mut places = Vec::new();
        // Lines tie together what is apart, so pictures come first.
        for (group, room) in [(&self.pictures, most.saturating_sub(1)), (&both, most)] {
            for place in self.together(group) {
                if places.len() < room && !places.iter().any(|known| is_alike(*known, place)) {
                    places.push(place);
                }
            }
        }
        places
    }

    /// Places of what lies together, the largest first, but for the whole page and what is too small.
    fn together(&self, group: &[Place]) -> Vec<Place> {
        let pieces: Vec<Place> = group.iter().copied().filter(|place| !self.is_whole(*place)).collect();
        let labels = self.labels(&pieces);
        let mut places: Vec<Option<Place>> = vec![None; CELLS * CELLS + 1];
        for piece in pieces {
            let label = labels[self.cell(piece.left, piece.top)];
            let place = &mut places[label];
            *place = Some(place.map_or(piece, |place| around(place, piece)));
        }
        // The first label is that of what no cell was marked for.
        let is_seen = |place: &Place| {
            (place.right - place.left).min(place.bottom - place.top) >= LEAST_SIDE && !self.is_whole(*place)
        };
        let mut places: Vec<Place> = places.into_iter().skip(1).flatten().filter(is_seen).collect();
        places.sort_by(|one, other| area(*other).total_cmp(&area(*one)));
        places
    }

    fn is_whole(&self, place: Place) -> bool {
        let covers = |from: i32, to: i32, side: i32| i64::from(to - from) * 100 >= i64::from(side) * WHOLE;
        covers(place.left, place.right, self.size.0) && covers(place.top, place.bottom, self.size.1)
    }

    /// Cells of the grid are numbered row by row.
    fn cell(&self, x: i32, y: i32) -> usize {
        let at = |place: i32, side: i32| {
            let at = i64::from(place) * CELLS as i64 / i64::from(side.max(1));
            usize::try_from(at).unwrap_or(0).min(CELLS - 1)
        };
        at(y, self.size.1) * CELLS + at(x, self.size.0)
    }

    /// For each cell which place it belongs to, from 1; 0 where there is nothing.
    fn labels(&self, pieces: &[Place]) -> Vec<usize> {
        const MARKED: usize = usize::MAX;
        let mut labels = vec![0; CELLS * CELLS];
        let mut marks = 0;
        for piece in pieces {
            let first = self.cell(piece.left, piece.top);
            let last = self.cell(piece.right - 1, piece.bottom - 1);
            for row in first / CELLS..=last / CELLS {
                labels[row * CELLS + first % CELLS..=row * CELLS + last % CELLS].fill(MARKED);
            }
            marks += (last / CELLS - first / CELLS + 1) * (last % CELLS - first % CELLS + 1);
            if marks > MAX_MARKS {
                break;
            }
        }
        let mut next = 0;
        let mut open = Vec::new();
        for start in 0..labels.len() {
            if labels[start] != MARKED {
                continue;
            }
            next += 1;
            labels[start] = next;
            open.push(start);
            while let Some(cell) = open.pop() {
                let (row, column) = (cell / CELLS, cell % CELLS);
                let beside = [
                    (row > 0).then(|| cell - CELLS),
                    (row + 1 < CELLS).then_some(cell + CELLS),
                    (column > 0).then(|| cell - 1),
                    (column + 1 < CELLS).then_some(cell + 1),
                ];
                for near in beside.into_iter().flatten().filter(|near| labels[*near] == MARKED).collect::<Vec<_>>() {
                    labels[near] = next;
                    open.push(near);
                }
            }
        }
        labels
    }
}

fn area(place: Place) -> f64 {
    f64::from(place.right - place.left) * f64::from(place.bottom - place.top)
}

fn around(one: Place, other: Place) -> Place {
    Place {
        left: one.left.min(other.left),
        top: one.top.min(other.top),
        right: one.right.max(other.right),
        bottom: one.bottom.max(other.bottom),
    }
}

/// Whether both show the same, but for a rim.
fn is_alike(one: Place, other: Place) -> bool {
    let near = |one: i32, other: i32, from: i32, to: i32| {
        let [one, other, from, to] = [one, other, from, to].map(i64::from);
        (one - other).abs() * 50 <= to - from
    };
    near(one.left, other.left, one.left, one.right)
        && near(one.right, other.right, one.left, one.right)
        && near(one.top, other.top, one.top, one.bottom)
        && near(one.bottom, other.bottom, one.top, one.bottom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (i32, i32) = (600, 768);

    fn place(left: i32, top: i32, right: i32, bottom: i32) -> Place {
        Place { left, top, right, bottom }
    }

    fn layout(objects: &[(Kind, Place)]) -> Layout {
        Layout::of(objects.iter().copied(), SIZE)
    }

    #[test]
    fn pieces_that_touch_are_one_place_and_others_are_apart() {
        let tiles = (0..6).map(|i| {
            let (x, y) = (100 + 90 * (i % 3), 200 + 80 * (i / 3));
            (Kind::Picture, place(x, y, x + 90, y + 80))
        });
        let logo = (Kind::Picture, place(20, 10, 60, 40));
        let behind = (Kind::Path, place(0, 0, 600, 768));
        let objects: Vec<_> = [behind, logo].into_iter().chain(tiles).collect();
        let layout = layout(&objects);
        assert_eq!(layout.places(3), [place(100, 200, 370, 360), place(20, 10, 60, 40)]);
        assert!(layout.worth() > 1.0);
    }

    #[test]
    fn what_is_the_page_itself_or_tiny_is_no_place_of_its_own() {
        let scan = layout(&[(Kind::Picture, place(3, 5, 598, 766))]);
        assert!(scan.shows_something() && scan.places(3).is_empty());
        assert!(scan.is_plain() && scan.worth() <= 1.0, "it is one picture, which is compared by itself");
        for other in [
            (Kind::ChangedPicture, place(3, 5, 598, 766)),
            (Kind::Shading, place(3, 5, 598, 766)),
            (Kind::Picture, place(-300, 5, 598, 766)),
        ] {
            let other = layout(&[other]);
            assert!(!other.is_plain() && other.worth() > 1.0, "that one is not");
        }
        assert!(!layout(&[(Kind::Letters, place(9, 9, 500, 40))]).shows_something());
        assert!(layout(&[(Kind::Picture, place(9, 9, 500, 11))]).places(3).is_empty());
    }

    #[test]
    fn pictures_are_told_from_what_lines_make_of_them() {
        let picture = (Kind::Picture, place(100, 100, 300, 250));
        let frame = (Kind::Path, place(90, 90, 580, 700));
        let layout = layout(&[frame, picture]);
        assert_eq!(layout.places(3), [place(100, 100, 300, 250), place(90, 90, 580, 700)]);
    }

    #[test]
    fn any_number_of_things_is_looked_at_within_bounds() {
        let many = (0..200_000).map(|i| (Kind::Path, place(i % 500, i % 700, i % 500 + 50, i % 700 + 60)));
        let layout = Layout::of(many, SIZE);
        assert!(layout.places(3).len() <= 3);
    }
}
