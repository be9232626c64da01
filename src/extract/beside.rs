//! Pictures that lie beside each other in a document, which people see as one.
//!
//! Printer drivers and scanners write large pictures in strips and tiles. Whether pieces belong together nobody says,
//! so those that touch and are in line do. Each piece is looked at by itself, too.

use bytes::Bytes;

use crate::content::{Mosaic, Tile, TilePlace, Tones, Turn};

use super::dissection::Dissection;
use super::matrix::Matrix;

/// Pieces that may belong together: more than any page has of one picture.
pub(super) const MAX_PLACED: usize = 4096;

/// Longest side of a picture that is put together; hashes see less.
const MAX_SIDE: f64 = 1024.0;

/// Shortest side of one in which people see something.
const MIN_SIDE: f64 = 16.0;

/// How far apart pieces may be, as a share of the smaller one's shorter side.
const MAX_GAP: f64 = 0.04;

/// How much of the shorter of both may lie on the other.
const MAX_OVERLAP: f64 = 0.5;

/// Where a picture is shown; tops are less than bottoms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edges {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Edges {
    fn width(&self) -> f64 {
        self.right - self.left
    }

    fn height(&self) -> f64 {
        self.bottom - self.top
    }

    fn around(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    fn gap(&self) -> f64 {
        MAX_GAP * self.width().min(self.height())
    }

    /// Whether one is a strip or a tile beside the other: the sides that they do not share are in line. Pictures that
    /// lie on each other, as on slides, are none.
    fn touches(&self, other: &Self) -> bool {
        let gap = self.gap().min(other.gap());
        let is_beside = |shared: f64, one: f64, another: f64| (-gap..=MAX_OVERLAP * one.min(another)).contains(&shared);
        let is_in_line = |starts: f64, ends: f64, side: f64| starts.abs().max(ends.abs()) <= MAX_GAP * side;
        let (width, height) = (self.width().min(other.width()), self.height().min(other.height()));
        let across = self.right.min(other.right) - self.left.max(other.left);
        let down = self.bottom.min(other.bottom) - self.top.max(other.top);
        is_beside(across, self.width(), other.width())
            && is_in_line(self.top - other.top, self.bottom - other.bottom, height)
            || is_beside(down, self.height(), other.height())
                && is_in_line(self.left - other.left, self.right - other.right, width)
    }
}

/// A picture in its place.
#[derive(Clone, Debug)]
pub(super) struct Placed<S> {
    /// What it is.
    pub(super) source: S,
    /// Pixels across and down, as it is stored.
    pub(super) pixels: [f64; 2],
    pub(super) edges: Edges,
    pub(super) turn: Turn,
}

impl<S> Placed<S> {
    /// One of so many `pixels`, whose own square, with its first row at the top, `matrix` takes to where it is seen;
    /// `None` when it is turned by less than a quarter, or is nowhere.
    pub(super) fn of(source: S, pixels: [f64; 2], Matrix([a, b, c, d, e, f]): Matrix) -> Option<Self> {
        let is_none = |one: f64, other: f64| one.abs().max(other.abs()) < 1e-3 * a.hypot(b).max(c.hypot(d));
        let (across, down, swaps) = if is_none(b, c) {
            (a, d, false)
        } else if is_none(a, d) {
            (c, b, true)
        } else {
            return None;
        };
        let turn = Turn { swaps, flips_across: across < 0.0, flips_down: down < 0.0 };
        let [left, right] = [e.min(e + across), e.max(e + across)];
        let [top, bottom] = [f.min(f + down), f.max(f + down)];
        let is_there = [left, right, top, bottom].iter().all(|edge| edge.is_finite()) && left < right && top < bottom;
        is_there.then_some(Self { source, pixels, edges: Edges { left, top, right, bottom }, turn })
    }
}

/// Those of `placed` that touch each other, each group in the order given. What touches nothing is left out.
pub(super) fn groups<S>(placed: Vec<Placed<S>>, found: &Dissection<'_>) -> Vec<Vec<Placed<S>>> {
    let mut order: Vec<usize> = (0..placed.len()).collect();
    order.sort_by(|one, other| placed[*one].edges.left.total_cmp(&placed[*other].edges.left));
    let mut parents: Vec<usize> = (0..placed.len()).collect();
    for (at, one) in order.iter().enumerate() {
        if found.is_over() {
            break;
        }
        let edges = placed[*one].edges;
        let reach = edges.right + edges.gap();
        let near = order[at + 1..].iter().take_while(|other| placed[**other].edges.left <= reach);
        for other in near.filter(|other| edges.touches(&placed[**other].edges)) {
            let (one, other) = (root(&mut parents, *one), root(&mut parents, *other));
            parents[one.max(other)] = one.min(other);
        }
    }
    let mut groups: Vec<Vec<Placed<S>>> = placed.iter().map(|_| Vec::new()).collect();
    for (number, placed) in placed.into_iter().enumerate() {
        groups[root(&mut parents, number)].push(placed);
    }
    groups.retain(|group| group.len() > 1);
    groups
}

fn root(parents: &mut [usize], mut number: usize) -> usize {
    while parents[number] != number {
        parents[number] = parents[parents[number]];
        number = parents[number];
    }
    number
}

/// `group` as one picture, of what `read` makes of each source; `None` when it is too small to show anything, or fewer
/// than two pieces can be read.
pub(super) fn joined<S>(
    group: &[Placed<S>],
    mut read: impl FnMut(&S) -> Option<(Bytes, Option<Tones>)>,
) -> Option<Mosaic> {
    let whole = group.iter().map(|placed| placed.edges).reduce(|all, edges| all.around(&edges))?;
    let sharpness = |placed: &Placed<S>| {
        let [across, down] = placed.pixels;
        let [across, down] = if placed.turn.swaps { [down, across] } else { [across, down] };
        (across / placed.edges.width()).max(down / placed.edges.height())
    };
    let longest = whole.width().max(whole.height());
    let scale = group.iter().map(sharpness).fold(0.0, f64::max).min(MAX_SIDE / longest);
    let [width, height] = [whole.width(), whole.height()].map(|side| (side * scale).round());
    if !(width.min(height) >= MIN_SIDE && width.max(height) <= MAX_SIDE) {
        return None;
    }
    let place = |placed: &Placed<S>| {
        // Neighbours are rounded to the same pixel.
        let at = |edge: f64, start: f64| ((edge - start) * scale).round().clamp(0.0, MAX_SIDE) as u32;
        let Edges { left, top, right, bottom } = placed.edges;
        let (left, right) = (at(left, whole.left), at(right, whole.left));
        let (top, bottom) = (at(top, whole.top), at(bottom, whole.top));
        TilePlace { left, top, width: right - left, height: bottom - top, turn: placed.turn }
    };
    let tiles =
        group.iter().map(|placed| (place(placed), placed)).filter(|(place, _)| place.width.min(place.height) > 0);
    let tiles: Vec<Tile> = tiles
        .filter_map(|(place, placed)| {
            let (picture, tones) = read(&placed.source)?;
            Some(Tile { picture, place, tones })
        })
        .collect();
    (tiles.len() > 1).then_some(Mosaic { width: width as u32, height: height as u32, tiles })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn placed(source: u32, [left, top, width, height]: [f64; 4]) -> Placed<u32> {
        let edges = Edges { left, top, right: left + width, bottom: top + height };
        Placed { source, pixels: [2.0 * width, 2.0 * height], edges, turn: Turn::default() }
    }

    fn grouped(placed: Vec<Placed<u32>>) -> Vec<Vec<Placed<u32>>> {
        let mut found = Vec::new();
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |dissection| found = groups(placed, dissection));
        found
    }

    #[test]
    fn what_touches_belongs_together() {
        let strips = (0..8).map(|i| placed(i, [10.0, 14.0 * f64::from(i), 200.0, 14.0]));
        let apart = [placed(8, [10.0, 200.0, 50.0, 50.0]), placed(9, [70.0, 200.0, 50.0, 50.0])];
        let corner = [placed(10, [120.2, 250.3, 50.0, 50.0])];
        let groups = grouped(strips.chain(apart).chain(corner).collect());
        let numbers: Vec<Vec<u32>> =
            groups.iter().map(|group| group.iter().map(|placed| placed.source).collect()).collect();
        assert_eq!(numbers, [(0..8).collect::<Vec<u32>>()]);
        let slide = [placed(0, [0.0, 0.0, 300.0, 200.0]), placed(1, [10.0, 10.0, 90.0, 90.0])];
        let other = [placed(2, [0.0, 0.0, 300.0, 200.0]), placed(3, [100.0, 30.0, 90.0, 90.0])];
        assert!(grouped(slide.into_iter().chain(other).collect()).is_empty(), "they lie on each other");
        let tiles = (0..12).map(|i| placed(i, [100.0 * f64::from(i % 4), 80.0 * f64::from(i / 4), 100.0, 80.5]));
        assert_eq!(grouped(tiles.collect()).len(), 1);
    }

    #[test]
    fn pieces_are_put_where_they_are_shown() {
        let group = [placed(0, [10.0, 5.0, 100.0, 30.0]), placed(1, [10.0, 35.2, 100.0, 30.0])];
        let joined_with = |group: &[Placed<u32>]| joined(group, |source| Some((vec![*source as u8].into(), None)));
        let mosaic = joined_with(&group).unwrap();
        assert_eq!((mosaic.width, mosaic.height), (200, 120));
        let places: Vec<[u32; 4]> =
            mosaic.tiles.iter().map(|Tile { place, .. }| [place.left, place.top, place.width, place.height]).collect();
        assert_eq!(places, [[0, 0, 200, 60], [0, 60, 200, 60]]);
        let tiny = [placed(0, [0.0, 0.0, 4.0, 1.0]), placed(1, [0.0, 1.0, 4.0, 1.0])];
        assert!(joined_with(&tiny).is_none() && joined(&group, |_| None).is_none());
        let endless = [placed(0, [0.0, 0.0, 1e300, 1.0]), placed(1, [0.0, 1.0, 1e300, 1.0])];
        assert!(joined_with(&endless).is_none());
    }
}
