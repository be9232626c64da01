//! The order in which people read a page, where that is not the one in which it is drawn.
//!
//! Readers see where letters are and not when they were drawn. What stands beside each other in a line without having
//! been drawn one after the other is put together here; everything else is text already.

use std::cmp::Ordering;
use std::ops::Range;

use super::words::{LINE, SPACE, SPREAD};

/// Strings of a page that are put in order, and bytes of them.
const MAX_RUNS: usize = 1 << 16;
const MAX_TEXT: usize = 4 << 20;

/// Directions of writing that count as different in a full turn.
const DIRECTIONS: f64 = 72.0;

/// A string at its place. Distances are in em along the line and across it.
struct Run {
    direction: i32,
    start: f64,
    end: f64,
    across: f64,
    em: f64,
    text: Range<usize>,
    number: usize,
}

/// The strings of a page.
#[derive(Default)]
pub(super) struct Runs {
    runs: Vec<Run>,
    text: String,
    /// The direction of the last one, as a vector of length one.
    direction: (f64, f64),
}

impl Runs {
    /// Begins a string at `place`, written along `direction`.
    pub(super) fn begin(&mut self, place: (f64, f64), direction: (f64, f64), em: f64) {
        let length = direction.0.hypot(direction.1);
        self.direction = (direction.0 / length, direction.1 / length);
        let turn = self.direction.1.atan2(self.direction.0) / std::f64::consts::TAU * DIRECTIONS;
        let (along, across) = self.turned(place);
        if [turn, along, across].iter().all(|number| number.is_finite()) && em > 0.0 && self.runs.len() < MAX_RUNS {
            let text = self.text.len()..self.text.len();
            let (direction, number) = (turn.round() as i32, self.runs.len());
            self.runs.push(Run { direction, start: along, end: along, across, em, text, number });
        }
    }

    /// Adds characters to the string.
    pub(super) fn push(&mut self, text: &str) {
        if let Some(run) = self.runs.last_mut().filter(|_| self.text.len() < MAX_TEXT) {
            self.text.push_str(text);
            run.text.end = self.text.len();
        }
    }

    /// Ends the string at `place`.
    pub(super) fn end(&mut self, place: (f64, f64)) {
        let (along, _) = self.turned(place);
        if let Some(run) = self.runs.last_mut().filter(|_| along.is_finite()) {
            run.end = along;
        }
    }

    fn turned(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x * self.direction.0 + y * self.direction.1, y * self.direction.0 - x * self.direction.1)
    }

    /// What stands beside each other and was not drawn so, a line each.
    pub(super) fn read_otherwise(mut self) -> String {
        let mut found = String::new();
        self.runs.retain(|run| !run.text.is_empty());
        self.runs.sort_by(|one, other| one.direction.cmp(&other.direction).then(other.across.total_cmp(&one.across)));
        let is_in_line = |one: &Run, next: &Run| {
            one.direction == next.direction && one.across - next.across <= LINE * one.em.max(next.em)
        };
        for line in self.runs.chunk_by_mut(is_in_line) {
            line.sort_by(|one, other| one.left().partial_cmp(&other.left()).unwrap_or(Ordering::Equal));
            for cluster in line.chunk_by(|one, next| one.touches(next)) {
                if cluster.windows(2).any(|two| two[1].number != two[0].number + 1)
                    || cluster.iter().any(Run::is_backward)
                {
                    read(cluster, &self.text, &mut found);
                    found.push('\n');
                }
            }
        }
        found
    }
}

impl Run {
    /// Whether its letters stand from its end to its start.
    fn is_backward(&self) -> bool {
        self.end < self.start
    }

    fn left(&self) -> f64 {
        self.start.min(self.end)
    }

    fn right(&self) -> f64 {
        self.start.max(self.end)
    }

    /// How far `next` is behind this, in em.
    fn gap(&self, next: &Self) -> f64 {
        (next.left() - self.right()) / self.em.max(next.em)
    }

    fn touches(&self, next: &Self) -> bool {
        (-SPREAD / 2.0..SPREAD).contains(&self.gap(next))
    }
}

/// Adds what the strings of `cluster` say, one behind the other.
fn read(cluster: &[Run], text: &str, found: &mut String) {
    for (index, run) in cluster.iter().enumerate() {
        if index > 0 && cluster[index - 1].gap(run) > SPACE {
            found.push(' ');
        }
        let text = &text[run.text.clone()];
        if run.is_backward() { found.extend(text.chars().rev()) } else { found.push_str(text) }
    }
}
