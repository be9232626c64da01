//! What documents in RTF say, without control words and tables of fonts and styles.
//!
//! Source: Rich Text Format (RTF) Specification 1.9.1. Fonts are taken to be in the charset of the document; whatever is
//! in another stands in `\u` as well, for all programs of this century.

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::content::PartKind;
use crate::extract::dissection::Dissection;
use crate::extract::percent::hex_pair;

use super::writer::TextWriter;

/// Most groups inside each other. Word writes some ten.
const MAX_DEPTH: usize = 1 << 12;

/// Groups whose content is no text.
const UNREAD: [&[u8]; 9] =
    [b"fonttbl", b"colortbl", b"stylesheet", b"pict", b"objdata", b"themedata", b"datastore", b"listtable", b"rsidtbl"];

/// Control words that separate words.
const SEPARATING: [&[u8]; 12] = [
    b"par",
    b"line",
    b"tab",
    b"cell",
    b"row",
    b"nestcell",
    b"nestrow",
    b"page",
    b"sect",
    b"column",
    b"lbr",
    b"softline",
];

/// Groups that programs may ignore, and whose text people read all the same.
const READ: [&[u8]; 3] = [b"annotation", b"shptxt", b"atnauthor"];

/// Whether `text` is a document in RTF.
pub(super) fn is_rtf(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{\\rt")
}

/// Shows what the document says.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    let output = TextWriter::new(text.len(), found);
    let group = Group { is_unread: false, fallback: 1 };
    let mut reader =
        Reader { rest: text, output, group, outer: Vec::new(), bytes: Vec::new(), encoding: WINDOWS_1252, skip: 0 };
    while !reader.rest.is_empty() && !found.is_over() {
        reader.step(found);
    }
    reader.flush(found);
    reader.output.show(PartKind::Text, "rtf", found);
}

#[derive(Clone, Copy)]
struct Group {
    is_unread: bool,
    /// Characters behind each `\u` for programs that do not know it.
    fallback: usize,
}

struct Reader<'t, 'a> {
    rest: &'t [u8],
    output: TextWriter<'a>,
    group: Group,
    outer: Vec<Group>,
    /// Bytes of the document's charset that have not been decoded yet.
    bytes: Vec<u8>,
    encoding: &'static Encoding,
    /// Characters still to be passed over.
    skip: usize,
}

impl<'a> Reader<'_, 'a> {
    /// Passes one thing, at least a byte.
    fn step(&mut self, found: &mut Dissection<'a>) {
        let (first, behind) = (self.rest[0], &self.rest[1..]);
        self.rest = behind;
        match first {
            b'{' => {
                self.skip = 0;
                if self.outer.len() < MAX_DEPTH {
                    self.outer.push(self.group);
                }
            }
            b'}' => {
                self.skip = 0;
                self.group = self.outer.pop().unwrap_or(self.group);
            }
            b'\\' => self.control(found),
            b'\r' | b'\n' => {}
            byte => self.byte(byte, found),
        }
    }

    /// Adds a byte in the document's charset.
    fn byte(&mut self, byte: u8, found: &mut Dissection<'a>) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.group.is_unread {
            self.bytes.push(byte);
            if self.bytes.len() >= 1 << 12 && byte.is_ascii_whitespace() {
                self.flush(found);
            }
        }
    }

    fn flush(&mut self, found: &mut Dissection<'a>) {
        let text = self.encoding.decode_without_bom_handling(&self.bytes).0;
        self.output.push(text.as_bytes(), found);
        self.bytes.clear();
    }

    fn text(&mut self, text: &str, found: &mut Dissection<'a>) {
        if !self.group.is_unread {
            self.flush(found);
            self.output.push(text.as_bytes(), found);
        }
    }

    /// Passes what stands behind a backslash.
    fn control(&mut self, found: &mut Dissection<'a>) {
        let Some((&first, behind)) = self.rest.split_first() else {
            return;
        };
        if first.is_ascii_alphabetic() {
            return self.word(found);
        }
        self.rest = behind;
        match (first, behind) {
            (b'\'', [high, low, behind @ ..]) => {
                self.rest = behind;
                if let Some(byte) = hex_pair(*high, *low) {
                    self.byte(byte, found);
                }
            }
            (b'*', _) => {
                let name = behind.strip_prefix(b"\\").unwrap_or_default();
                self.group.is_unread |= !READ.iter().any(|read| name.starts_with(read));
            }
            (b'{' | b'}' | b'\\', _) => self.byte(first, found),
            (b'~' | b'\r' | b'\n', _) => self.text(" ", found),
            (b'_', _) => self.text("-", found),
            _ => {}
        }
    }

    /// Passes a control word with its number and the blank behind it.
    fn word(&mut self, found: &mut Dissection<'a>) {
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (name, behind) = self.rest.split_at(letters);
        let sign = usize::from(behind.first() == Some(&b'-'));
        let digits = behind[sign..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let number = str::from_utf8(&behind[..sign + digits]).ok().and_then(|text| text.parse::<i64>().ok());
        let behind = if digits > 0 { &behind[sign + digits..] } else { behind };
        self.rest = behind.strip_prefix(b" ").unwrap_or(behind);
        match (name, number) {
            (b"u", Some(number)) => {
                // Words are signed, and characters past the first plane come as two.
                let unit = (number & 0xffff) as u16;
                self.unit(unit, found);
                self.skip = self.group.fallback;
            }
            (b"uc", Some(number)) => self.group.fallback = usize::try_from(number).unwrap_or(1).min(16),
            (b"ansicpg", Some(number)) => {
                let encoding = Encoding::for_label(format!("windows-{number}").as_bytes());
                self.encoding = encoding.unwrap_or(self.encoding);
            }
            (b"bin", Some(number)) => {
                self.rest = self.rest.get(usize::try_from(number).unwrap_or_default()..).unwrap_or_default();
            }
            _ if UNREAD.contains(&name) => self.group.is_unread = true,
            _ if SEPARATING.contains(&name) => self.text("\n", found),
            _ => self.symbol(name, found),
        }
    }

    fn symbol(&mut self, name: &[u8], found: &mut Dissection<'a>) {
        let text = match name {
            b"lquote" => "‘",
            b"rquote" => "’",
            b"ldblquote" => "“",
            b"rdblquote" => "”",
            b"endash" => "–",
            b"emdash" => "—",
            b"bullet" => "•",
            b"enspace" | b"emspace" | b"qmspace" => " ",
            _ => return,
        };
        self.text(text, found);
    }

    /// Adds a unit of UTF-16; for the first half of a character, that with the half that comes next.
    fn unit(&mut self, unit: u16, found: &mut Dissection<'a>) {
        let next = self.rest.iter().take(8).position(|byte| *byte == b'\\').map(|at| &self.rest[at..]);
        let low = next.and_then(following_unit);
        match (char::from_u32(u32::from(unit)), low) {
            (Some(character), _) => self.text(character.encode_utf8(&mut [0; 4]), found),
            (None, Some(low)) => {
                let pair = char::decode_utf16([unit, low]).next().and_then(Result::ok);
                if let Some(character) = pair {
                    self.text(character.encode_utf8(&mut [0; 4]), found);
                }
            }
            (None, None) => {}
        }
    }
}

/// The unit that the `\u` at the start of `text` gives.
fn following_unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?;
    let length = digits.iter().take(7).take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count();
    let number: i64 = str::from_utf8(&digits[..length]).ok()?.parse().ok()?;
    Some((number & 0xffff) as u16)
}
