//! Walks a text of JSON as the most generous of its common readers does, and hands out every string and key on the way.
//!
//! What RFC 8259 allows, every reader takes alike. Beyond it, Gson (which is lenient unless it is asked not to be),
//! Jackson with its features and JSON5 take comments, single quotes, names and values without quotes, control
//! characters in strings, commas at the end, `NaN`, values one after another: a strict reader gives up there and a
//! generous one goes on in the one way that is walked here. Where none of them goes on, the walk ends.
//!
//! It works on bytes, so that a string that is not UTF-8 comes out as it stands: half an emoji, Latin-1.

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::protobuf::Fields;
use crate::extract::seen::Seen;

use super::escape;

/// Bytes of a JSON pointer. Ten thousand strings below one long key must not cost ten thousand copies of it.
pub(super) const MAX_POINTER: usize = 512;

/// What a walk came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Walked {
    /// Where the first thing is that only some readers take. Behind it there may be other readings, or none.
    pub(super) odd: Option<usize>,
    /// Where the text is nested deeper than the limit allows; the walk ended there.
    pub(super) too_deep: Option<usize>,
}

/// Where else strings go than to `found`.
#[derive(Default)]
pub(super) struct Aside<'s> {
    /// Left out is what is in here already.
    pub(super) seen: Option<&'s mut Seen>,
    /// Values are pieces of what several messages bring.
    pub(super) pieces: Option<&'s mut Fields>,
}

/// Hands out the strings and keys of `text`, in their order.
pub(super) fn walk(text: &Bytes, aside: Aside<'_>, found: &mut Dissection<'_>) -> Walked {
    let mut walker = Walker {
        text,
        at: 0,
        found,
        aside,
        levels: Vec::new(),
        next: Next::Value,
        pointer: String::new(),
        walked: Walked::default(),
    };
    walker.run();
    walker.walked
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Key,
    Colon,
    Value,
    Comma,
}

/// An array or object that is open.
struct Level {
    is_object: bool,
    /// Elements before this one.
    index: usize,
    /// Length of the pointer of the array or object itself.
    pointer: usize,
}

/// The walk ends: at the end of the text, at a fault, at a limit.
struct Ended;

struct Walker<'w, 'a, 's> {
    text: &'w Bytes,
    at: usize,
    found: &'w mut Dissection<'a>,
    aside: Aside<'s>,
    levels: Vec<Level>,
    next: Next,
    /// The JSON pointer (RFC 6901) of the current value, as far as [`MAX_POINTER`] goes.
    pointer: String,
    walked: Walked,
}

impl Walker<'_, '_, '_> {
    fn run(&mut self) {
        // Gson takes off what keeps JSON from being run as a script.
        if self.text.starts_with(b")]}'") {
            self.odd(0);
            self.at = 4;
        }
        while self.step().is_ok() {}
    }

    /// Takes one token.
    fn step(&mut self) -> Result<(), Ended> {
        if self.found.is_over() {
            return Err(Ended);
        }
        self.skip_blanks();
        let Some(&byte) = self.text.get(self.at) else {
            return Err(if self.levels.is_empty() { Ended } else { self.fault() });
        };
        match byte {
            b'"' | b'\'' => self.string(byte),
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' => self.close(byte == b'}'),
            b',' | b';' => self.comma(byte),
            b':' | b'=' => self.colon(byte),
            b'/' | b'#' => self.comment(),
            _ => self.bare(),
        }
    }

    /// Notes what only some readers take.
    fn odd(&mut self, at: usize) {
        self.walked.odd.get_or_insert(at);
    }

    /// No reader goes on here.
    fn fault(&mut self) -> Ended {
        self.odd(self.at);
        Ended
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at += match rest {
                // Record separators of RFC 7464, and what pads a text, among them.
                [b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1e | 0, ..] => 1,
                [0xc2, 0xa0, ..] => 2,
                [0xef, 0xbb, 0xbf, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
                _ => return,
            };
        }
    }

    fn comment(&mut self) -> Result<(), Ended> {
        let rest = &self.text[self.at..];
        let length = match rest {
            [b'/', b'*', inside @ ..] => memchr::memmem::find(inside, b"*/").map(|end| end + 4),
            [b'/', b'/', ..] | [b'#', ..] => memchr::memchr2(b'\n', b'\r', rest),
            _ => return Err(self.fault()),
        };
        self.odd(self.at);
        self.at += length.unwrap_or(rest.len());
        Ok(())
    }

    fn string(&mut self, mark: u8) -> Result<(), Ended> {
        if mark == b'\'' {
            self.odd(self.at);
        }
        let start = self.at + 1;
        let mut end = start;
        loop {
            match memchr::memchr2(mark, b'\\', &self.text[end..]) {
                Some(at) if self.text[end + at] == mark => {
                    end += at;
                    break;
                }
                Some(at) => end = (end + at + 2).min(self.text.len()),
                // Cut off: who reads as it comes has had this much.
                None => {
                    self.odd(self.at);
                    end = self.text.len();
                    break;
                }
            }
        }
        let text = self.text.slice(start..end);
        match self.next {
            Next::Key => self.key(&text, start),
            Next::Value => self.value(&text, start),
            Next::Colon | Next::Comma => return Err(self.fault()),
        }
        self.at = self.text.len().min(end + 1);
        Ok(())
    }

    /// A number, a word, or a string without its quotation marks.
    fn bare(&mut self) -> Result<(), Ended> {
        let rest = &self.text[self.at..];
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"{}[]:,;=\"'/\\#\0".contains(byte);
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        let start = self.at;
        let text = self.text.slice(start..start + length);
        let is_scalar = is_scalar(&text);
        match self.next {
            Next::Key if length > 0 => {
                self.odd(start);
                self.key(&text, start);
            }
            Next::Value if is_scalar => self.after_value(),
            Next::Value if length > 0 && !self.levels.is_empty() => {
                self.odd(start);
                self.value(&text, start);
            }
            _ => return Err(self.fault()),
        }
        self.at += length;
        Ok(())
    }

    fn open(&mut self, is_object: bool) -> Result<(), Ended> {
        if self.next != Next::Value {
            return Err(self.fault());
        }
        if self.levels.len() >= self.found.limits().max_depth {
            self.walked.too_deep = Some(self.at);
            return Err(self.fault());
        }
        self.levels.push(Level { is_object, index: 0, pointer: self.pointer.len() });
        self.begin_element();
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, is_object: bool) -> Result<(), Ended> {
        let Some(level) = self.levels.pop_if(|level| level.is_object == is_object) else {
            return Err(self.fault());
        };
        self.pointer.truncate(level.pointer);
        self.after_value();
        self.at += 1;
        Ok(())
    }

    fn comma(&mut self, byte: u8) -> Result<(), Ended> {
        if byte == b';' || self.next != Next::Comma {
            self.odd(self.at);
        }
        let pointer = self.levels.last_mut().map(|level| {
            level.index += 1;
            level.pointer
        });
        if let Some(pointer) = pointer {
            self.pointer.truncate(pointer);
            self.begin_element();
        }
        self.at += 1;
        Ok(())
    }

    fn colon(&mut self, byte: u8) -> Result<(), Ended> {
        if self.next != Next::Colon {
            return Err(self.fault());
        }
        if byte == b'=' {
            self.odd(self.at);
        }
        self.next = Next::Value;
        self.at += if self.text[self.at..].starts_with(b"=>") { 2 } else { 1 };
        Ok(())
    }

    /// Sets the pointer to the element of an array, or waits for the key of an object.
    fn begin_element(&mut self) {
        let Some(level) = self.levels.last() else {
            return;
        };
        self.next = if level.is_object { Next::Key } else { Next::Value };
        if !level.is_object {
            let index = level.index.to_string();
            self.enter(&index);
        }
    }

    fn after_value(&mut self) {
        self.next = if self.levels.is_empty() { Next::Value } else { Next::Comma };
    }

    /// Hands out an object key. Nobody decodes keys, so none is looked into.
    fn key(&mut self, raw: &Bytes, start: usize) {
        let key = escape::unescaped(raw);
        self.enter(&String::from_utf8_lossy(&key));
        self.next = Next::Colon;
        if self.aside.seen.as_mut().is_none_or(|seen| seen.is_new(&key)) {
            self.found.show(Part::new(PartKind::JsonString, key).named(self.pointer.clone()), Some(start));
        }
    }

    fn value(&mut self, raw: &Bytes, start: usize) {
        self.after_value();
        let otherwise = escape::unescaped_as_json5(raw);
        for text in [Some(escape::unescaped(raw)), otherwise].into_iter().flatten() {
            if let Some(pieces) = &mut self.aside.pieces {
                pieces.note(&self.pointer, &text);
            }
            if self.aside.seen.as_mut().is_none_or(|seen| seen.is_new(&text)) {
                self.found.add(Part::new(PartKind::JsonString, text).named(self.pointer.clone()), Some(start));
            }
        }
    }

    /// Appends a reference token, escaped as RFC 6901 §3 has it and cut off where the pointer is full.
    fn enter(&mut self, token: &str) {
        if self.pointer.len() < MAX_POINTER {
            self.pointer.push('/');
        }
        for (at, character) in token.char_indices() {
            let escaped = match character {
                '~' => "~0",
                '/' => "~1",
                _ => &token[at..at + character.len_utf8()],
            };
            if self.pointer.len() + escaped.len() > MAX_POINTER {
                return;
            }
            self.pointer.push_str(escaped);
        }
    }
}

/// Whether `text` is a number or a word that some reader has a value for.
fn is_scalar(text: &[u8]) -> bool {
    const WORDS: [&str; 7] = ["true", "false", "null", "nan", "infinity", "inf", "undefined"];
    let unsigned = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let is_word = |word: &&str| unsigned.eq_ignore_ascii_case(word.as_bytes());
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit() || b"+-.xX_".contains(byte);
    let starts_as_number = matches!(unsigned, [b'0'..=b'9' | b'.', ..]);
    starts_as_number && unsigned.len() <= MAX_NUMBER && unsigned.iter().all(is_digit) || WORDS.iter().any(is_word)
}

/// Longest run of digits that is taken for a number and not for a text that has only digits.
const MAX_NUMBER: usize = 4096;
