//! Glyphs at their places → words.
//!
//! Most programs move by a space where a space should be, and by hairs between letters. So a gap of some width is a
//! space, and less is none. Where letters are drawn one by one, spread wide, that guess may be wrong: such letters are
//! joined in a second text.

use crate::content::PartKind;
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;
use crate::extract::legible::TextWriter;

use super::placed::Placed;
use super::string_text;

/// Gap in em from which on it is a space. Spaces are 0.2 to 0.33 wide in most fonts, kerning stays below 0.1.
pub(super) const SPACE: f64 = 0.17;

/// Gap in em up to which letters that are drawn one by one may be one word.
pub(super) const SPREAD: f64 = 1.0;

/// Distance in em across the line from which on it is another line.
pub(super) const LINE: f64 = 0.5;

/// The text of a page while it is put together.
pub(super) struct Words<'a> {
    text: TextWriter<'a>,
    /// With letters joined that are drawn one by one.
    joined: TextWriter<'a>,
    /// Whether both differ.
    differ: bool,
    /// Glyphs that are characters, and glyphs of which nobody says what they are.
    glyphs: (usize, usize),
    /// What drawings are said to stand for.
    notes: TextWriter<'a>,
    /// By where it is drawn.
    placed: Placed,
    /// Where the last glyph ended, and whether it was drawn alone.
    last: Option<((f64, f64), bool)>,
    ends_in_space: bool,
}

impl<'a> Words<'a> {
    /// Words that come from `packed` bytes.
    pub(super) fn new(packed: usize, found: &Dissection<'a>) -> Self {
        let writer = || TextWriter::new(packed, found);
        Self {
            text: writer(),
            joined: writer(),
            differ: false,
            glyphs: (0, 0),
            notes: writer(),
            placed: Placed::default(),
            last: None,
            ends_in_space: true,
        }
    }

    /// Goes on with a string that begins with `count` glyphs, all of a short one, at `place`, along `direction`; an em
    /// is `em` long.
    pub(super) fn go_to(
        &mut self,
        place: (f64, f64),
        direction: (f64, f64),
        em: f64,
        count: usize,
        found: &mut Dissection<'a>,
    ) {
        let is_alone = count == 1;
        self.placed.begin(place, direction, em);
        let Some((end, was_alone)) = self.last.replace((place, is_alone)) else {
            return;
        };
        let length = direction.0.hypot(direction.1);
        let (x, y) = ((place.0 - end.0) / em, (place.1 - end.1) / em);
        let along = (x * direction.0 + y * direction.1) / length;
        let across = (y * direction.0 - x * direction.1) / length;
        if !(along.is_finite() && across.is_finite()) || across.abs() > LINE || along < -SPREAD {
            self.separate(b"\n", b"\n", found);
        } else if along > SPACE {
            let may_join = is_alone && was_alone && along < SPREAD;
            self.separate(b" ", if may_join { b"" } else { b" " }, found);
        }
    }

    fn separate(&mut self, gap: &[u8], joined: &[u8], found: &mut Dissection<'a>) {
        if !self.ends_in_space {
            self.text.push(gap, found);
            self.joined.push(joined, found);
            self.differ |= gap != joined;
            self.ends_in_space = gap == joined;
        }
    }

    /// Adds the characters of a glyph.
    pub(super) fn push(&mut self, text: &str, found: &mut Dissection<'a>) {
        self.placed.push(text);
        if let Some(last) = text.chars().next_back() {
            self.text.push(text.as_bytes(), found);
            self.joined.push(text.as_bytes(), found);
            self.ends_in_space = last.is_whitespace();
            self.glyphs.0 += 1;
        } else {
            self.glyphs.1 += 1;
        }
    }

    /// Says where the last glyph ended.
    pub(super) fn ends_at(&mut self, place: (f64, f64)) {
        self.placed.end(place);
        if let Some((end, _)) = &mut self.last {
            *end = place;
        }
    }

    /// Begins a piece of content that is marked, and what it stands for if that is said.
    pub(super) fn begin_marked(&mut self, actual: Option<&[u8]>) {
        self.placed.begin_marked(actual.map(string_text));
    }

    /// Ends the piece of content that was marked last.
    pub(super) fn end_marked(&mut self) {
        self.placed.end_marked();
    }

    /// Adds what a drawing stands for.
    pub(super) fn note(&mut self, text: &[u8], found: &mut Dissection<'a>) {
        self.notes.push(string_text(text).as_bytes(), found);
        self.notes.end_line(found);
    }

    /// Shows what there is, and reports a page of which most cannot be read.
    pub(super) fn show(self, found: &mut Dissection<'a>) {
        if self.glyphs.1 > self.glyphs.0 {
            found.report(ProblemCode::PageIllegible, None);
        }
        self.text.show(PartKind::Text, "page", found);
        if self.differ {
            self.joined.show(PartKind::Text, "page", found);
        }
        self.notes.show(PartKind::Text, "page", found);
        self.placed.show(found);
    }
}
