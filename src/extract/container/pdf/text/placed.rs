//! Words in the order in which a page has them, whatever the order is in which they are drawn: line by line, and column
//! by column.
//!
//! Programs that show texts of PDF put together what lies beside each other. Most files are drawn in that order, and
//! then nothing is made here.

use crate::content::PartKind;
use crate::extract::dissection::Dissection;
use crate::extract::legible::TextWriter;

use super::words::{LINE, SPACE};

/// Strings of a page that are put in order.
const MAX_STRINGS: usize = 1 << 17;

/// Gap in em from which on something is beside a text and not in it.
const COLUMN: f64 = 2.0;

/// Distance in em within which the same letters are the same ones, drawn twice.
const TWICE: f64 = 0.2;

/// A string that was drawn.
#[derive(Clone, Debug)]
struct Drawn {
    /// Its direction in degrees.
    angle: i32,
    /// Where it begins and ends along its direction, and where it is across.
    along: (f64, f64),
    across: f64,
    em: f64,
    /// Where it begins and ends in the text.
    text: (usize, usize),
}

/// What is drawn on a page.
#[derive(Debug, Default)]
pub(super) struct Placed {
    text: String,
    strings: Vec<Drawn>,
    /// The direction of the last string, for where it ends.
    direction: (f64, f64),
    /// Whether a program that goes by places may read it otherwise.
    is_disordered: bool,
    /// What the drawing at hand stands for, and how many of those it is in.
    actual: Option<String>,
    depth: usize,
}

impl Placed {
    /// Begins a string at `place` along `direction`.
    pub(super) fn begin(&mut self, place: (f64, f64), direction: (f64, f64), em: f64) {
        // The first string said what all of them stand for.
        if self.actual.as_ref().is_some_and(String::is_empty) {
            return;
        }
        let length = direction.0.hypot(direction.1);
        let direction = (direction.0 / length, direction.1 / length);
        let angle = direction.1.atan2(direction.0).to_degrees().round() as i32;
        let along = place.0 * direction.0 + place.1 * direction.1;
        let across = place.1 * direction.0 - place.0 * direction.1;
        if !(along.is_finite() && across.is_finite() && em.is_finite()) || self.strings.len() >= MAX_STRINGS {
            return;
        }
        if let Some(last) = self.strings.last() {
            let is_same_line = (last.across - across).abs() <= LINE * em;
            let goes_on = is_same_line && along >= last.along.1 - TWICE * em && along - last.along.1 < COLUMN * em;
            let is_below = last.across > across && !is_same_line;
            self.is_disordered |= last.angle != angle || !(goes_on || is_below);
        }
        self.direction = direction;
        let at = self.text.len();
        self.strings.push(Drawn { angle, along: (along, along), across, em, text: (at, at) });
        if let Some(actual) = &mut self.actual {
            self.text.push_str(&std::mem::take(actual));
        }
    }

    /// Adds the characters of a glyph to the string.
    pub(super) fn push(&mut self, text: &str) {
        if self.actual.is_none() && !self.strings.is_empty() {
            self.text.push_str(text);
        }
    }

    /// Ends the string at `place`.
    pub(super) fn end(&mut self, place: (f64, f64)) {
        let along = place.0 * self.direction.0 + place.1 * self.direction.1;
        if let Some(last) = self.strings.last_mut() {
            last.along.1 = if along.is_finite() { along } else { last.along.0 };
            if last.along.1 < last.along.0 {
                last.along = (last.along.1, last.along.0);
                let backward: String = self.text.drain(last.text.0..).rev().collect();
                self.text.push_str(&backward);
                self.is_disordered = true;
            }
            last.text.1 = self.text.len();
        }
    }

    /// Begins what stands for `actual`, where that is said.
    pub(super) fn begin_marked(&mut self, actual: Option<String>) {
        self.depth += 1;
        if self.depth == 1 && actual.is_some() {
            self.is_disordered = true;
            self.actual = actual;
        } else if self.actual.is_none() && self.depth == 1 {
            // Only what is said of the outermost counts.
            self.depth = 0;
        }
    }

    /// Ends that.
    pub(super) fn end_marked(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.actual = None;
        }
    }

    /// Shows the page in its order, if that may be another one.
    pub(super) fn show(mut self, found: &mut Dissection<'_>) {
        if !self.is_disordered || found.is_over() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        self.strings.retain(|one| !text[one.text.0..one.text.1].trim().is_empty());
        let lines = lines(&mut self.strings);
        let mut chunks: Vec<Vec<Drawn>> = lines.iter().flat_map(|line| chunks(line)).collect();
        let has_columns = chunks.len() > lines.len();
        let mut output = TextWriter::new(text.len(), found);
        for line in &lines {
            write(line, &text, &mut output, found);
        }
        output.show(PartKind::Text, "page", found);
        if has_columns && !found.is_over() {
            // By where they begin, and from top to bottom.
            let key = |chunk: &Vec<Drawn>| chunk.first().map(|first| (first.angle, (first.along.0 / first.em) as i64));
            chunks.sort_by_key(key);
            let mut output = TextWriter::new(text.len(), found);
            for chunk in &chunks {
                write(chunk, &text, &mut output, found);
            }
            output.show(PartKind::Text, "page", found);
        }
    }
}

/// The lines of `strings`, from top to bottom, each from its beginning to its end.
fn lines(strings: &mut [Drawn]) -> Vec<Vec<Drawn>> {
    strings.sort_by(|one, next| one.angle.cmp(&next.angle).then(next.across.total_cmp(&one.across)));
    let is_same =
        |one: &Drawn, next: &Drawn| one.angle == next.angle && one.across - next.across <= LINE * one.em.max(next.em);
    let mut lines: Vec<Vec<Drawn>> = strings.chunk_by(is_same).map(<[Drawn]>::to_vec).collect();
    for line in &mut lines {
        line.sort_by(|one, next| one.along.0.total_cmp(&next.along.0));
    }
    lines
}

/// The pieces of a line that stand apart.
fn chunks(line: &[Drawn]) -> Vec<Vec<Drawn>> {
    line.chunk_by(|one, next| next.along.0 - one.along.1 < COLUMN * one.em).map(<[Drawn]>::to_vec).collect()
}

/// Adds `strings`, which stand on one line.
fn write<'a>(strings: &[Drawn], text: &str, output: &mut TextWriter<'a>, found: &mut Dissection<'a>) {
    let mut last: Option<&Drawn> = None;
    for one in strings {
        let own = &text[one.text.0..one.text.1];
        if let Some(last) = last {
            let is_twice = one.along.0 - last.along.0 < TWICE * one.em && text[last.text.0..last.text.1] == *own;
            if is_twice {
                continue;
            }
            if one.along.0 - last.along.1 > SPACE * one.em {
                output.push(b" ", found);
            }
        }
        output.push(own.as_bytes(), found);
        last = Some(one);
    }
    output.end_line(found);
}
