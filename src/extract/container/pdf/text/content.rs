//! Content streams: what is shown where, and so which letters are one word (ISO 32000-1 §9.4).

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::extract::container::pdf::inline::Inline;
use crate::extract::container::pdf::operands::{matrix_of, number};
use crate::extract::container::pdf::value::{Dictionary, Reader, Value};
use crate::extract::dissection::Dissection;
use crate::extract::matrix::Matrix;

use super::font::{Font, Opinion};
use super::words::Words;

/// Operands of one operator that are kept.
const MAX_OPERANDS: usize = 64;

/// Graphics states inside each other.
const MAX_STATES: usize = 64;

/// Bytes of a string that become glyphs at once; a multiple of all lengths of codes.
const MAX_PIECE: usize = 12 << 10;

/// Operators between two looks at the clock.
const PATIENCE: usize = 256;

/// Fonts by the name that content streams call them.
pub(super) type Fonts = HashMap<String, Rc<Font>>;

/// What is set for text.
#[derive(Clone, Debug)]
struct State {
    page: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    character_spacing: f64,
    word_spacing: f64,
    scale: f64,
    leading: f64,
}

/// Reads one content stream after the other.
pub(super) struct Interpreter<'a> {
    fonts: &'a Fonts,
    /// Whose widths of glyphs count.
    opinion: Opinion,
    /// For strings that are shown before there is a font.
    unknown: OnceCell<Rc<Font>>,
    state: State,
    saved: Vec<State>,
    text: Matrix,
    line: Matrix,
    /// Whether every glyph so far is the character that its code is in ASCII.
    is_literal: bool,
}

impl<'a> Interpreter<'a> {
    /// One that knows `fonts`, with widths of that `opinion`.
    pub(super) fn new(fonts: &'a Fonts, opinion: Opinion) -> Self {
        let state = State {
            page: Matrix::IDENTITY,
            font: None,
            size: 1.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            scale: 1.0,
            leading: 0.0,
        };
        Self {
            fonts,
            opinion,
            unknown: OnceCell::new(),
            state,
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            is_literal: true,
        }
    }

    /// Whether what was shown is what the strings say as they are written.
    pub(super) const fn is_literal(&self) -> bool {
        self.is_literal
    }

    /// Adds what `content` shows to `words`.
    pub(super) fn run<'d>(&mut self, content: &[u8], words: &mut Words<'d>, found: &mut Dissection<'d>) {
        let mut reader = Reader::new(content);
        let mut operands = Vec::new();
        for count in 1_usize.. {
            let Some(operator) = reader.operation(&mut operands, MAX_OPERANDS) else {
                return;
            };
            if operator == b"ID" {
                Inline::pass(&operands, &mut reader);
            } else {
                self.apply(operator, &operands, words, found);
            }
            if count.is_multiple_of(PATIENCE) && found.is_over() {
                return;
            }
        }
    }

    fn apply<'d>(&mut self, operator: &[u8], operands: &[Value], words: &mut Words<'d>, found: &mut Dissection<'d>) {
        let at = |index: usize| operands.get(index).map_or(0.0, number);
        let state = &mut self.state;
        match operator {
            b"q" if self.saved.len() < MAX_STATES => self.saved.push(state.clone()),
            b"Q" => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            b"cm" => state.page = matrix_of(operands).then(state.page),
            b"BT" => (self.text, self.line) = (Matrix::IDENTITY, Matrix::IDENTITY),
            b"Tf" => {
                if let Some(Value::Name(name)) = operands.first() {
                    state.font = self.fonts.get(name).cloned();
                }
                state.size = at(1);
            }
            b"Tc" => state.character_spacing = at(0),
            b"Tw" => state.word_spacing = at(0),
            b"Tz" => state.scale = at(0) / 100.0,
            b"TL" => state.leading = at(0),
            b"Td" => self.move_line(at(0), at(1)),
            b"TD" => {
                state.leading = -at(1);
                self.move_line(at(0), at(1));
            }
            b"Tm" => (self.text, self.line) = (matrix_of(operands), matrix_of(operands)),
            b"T*" => self.next_line(),
            b"Tj" => self.show(operands.first(), words, found),
            b"'" => {
                self.next_line();
                self.show(operands.first(), words, found);
            }
            b"\"" => {
                (state.word_spacing, state.character_spacing) = (at(0), at(1));
                self.next_line();
                self.show(operands.get(2), words, found);
            }
            b"TJ" => self.show_pieces(operands.first(), words, found),
            b"DP" => note_actual_text(operands.get(1), words, found),
            b"BMC" => words.begin_marked(None),
            b"BDC" => {
                note_actual_text(operands.get(1), words, found);
                words.begin_marked(actual_text(operands.get(1)));
            }
            b"EMC" => words.end_marked(),
            _ => {}
        }
    }

    fn move_line(&mut self, x: f64, y: f64) {
        self.line = self.line.moved(x, y);
        self.text = self.line;
    }

    fn next_line(&mut self) {
        self.move_line(0.0, -self.state.leading);
    }

    fn show_pieces<'d>(&mut self, array: Option<&Value>, words: &mut Words<'d>, found: &mut Dissection<'d>) {
        let Some(Value::Array(pieces)) = array else {
            return;
        };
        for piece in pieces {
            match piece {
                Value::Number(back) => {
                    let step = -back / 1000.0 * self.state.size * self.state.scale;
                    self.text = self.text.moved(step, 0.0);
                }
                piece => self.show(Some(piece), words, found),
            }
        }
    }

    fn show<'d>(&mut self, string: Option<&Value>, words: &mut Words<'d>, found: &mut Dissection<'d>) {
        let Some(Value::String(string)) = string else {
            return;
        };
        let font = Rc::clone(
            self.state.font.as_ref().unwrap_or_else(|| self.unknown.get_or_init(|| Rc::new(Font::unknown()))),
        );
        let State { size, character_spacing, word_spacing, scale, .. } = self.state;
        let [a, b, ..] = self.text.then(self.state.page).0;
        let em = a.hypot(b) * size.abs();
        self.is_literal &= font.is_of_bytes();
        let mut pieces = string.chunks(MAX_PIECE).map(|piece| font.glyphs(piece, self.opinion));
        let first = pieces.next().unwrap_or_default();
        words.go_to(self.place(), (a, b), em, first.len(), found);
        // Spacing that is set for all characters separates no words, so it counts as part of each.
        for (glyph, code) in first.into_iter().chain(pieces.flatten()).zip(string) {
            self.is_literal &= code.is_ascii() && glyph.text.as_bytes() == [*code];
            words.push(&glyph.text, found);
            let spacing = if glyph.is_space { word_spacing } else { 0.0 };
            self.text = self.text.moved((glyph.width * size + character_spacing + spacing) * scale, 0.0);
        }
        words.ends_at(self.place());
    }

    /// Where the next glyph goes on the page.
    fn place(&self) -> (f64, f64) {
        let [_, _, _, _, x, y] = self.text.then(self.state.page).0;
        (x, y)
    }
}

/// What a drawing says that it stands for (ISO 32000-1 §14.9.3 and §14.9.4).
fn note_actual_text<'d>(properties: Option<&Value>, words: &mut Words<'d>, found: &mut Dissection<'d>) {
    if let Some(Value::Dictionary(properties)) = properties {
        for text in actual_texts(properties) {
            words.note(text, found);
        }
    }
}

fn actual_text(properties: Option<&Value>) -> Option<&[u8]> {
    match properties {
        Some(Value::Dictionary(properties)) => match properties.get(&["ActualText"]) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn actual_texts(properties: &Dictionary) -> impl Iterator<Item = &[u8]> {
    let texts = properties.entries().filter(|(key, _)| matches!(*key, "ActualText" | "Alt" | "E"));
    texts.filter_map(|(_, value)| match value {
        Value::String(text) => Some(&text[..]),
        _ => None,
    })
}
