//! What documents in RTF say, without control words and tables of fonts and styles.
//!
//! Programs differ in what they leave out, so there are two readings: all that is written, in the charset of the
//! document; and what is displayed, without what is hidden, with what stands at another place (notes, headers, entries
//! of an index) aside, and what stands aside of that further aside, in the charsets of fonts.
//!
//! Source: Rich Text Format (RTF) Specification 1.9.1.

mod charset;

use std::collections::HashMap;

use crate::content::PartKind;
use crate::extract::dissection::Dissection;
use crate::extract::percent::hex_pair;

use super::writer::TextWriter;
use charset::Charset;

/// Most groups inside each other. Word writes some ten.
const MAX_DEPTH: usize = 1 << 12;

/// Fonts whose charsets are known.
const MAX_FONTS: usize = 1 << 12;

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

/// Groups that programs may ignore, or that are in one that they may, and whose text people read all the same.
const READ: [&[u8]; 4] = [b"annotation", b"shptxt", b"atnauthor", b"ud"];

/// Groups whose text is displayed elsewhere, or nowhere.
const ASIDE: [&[u8]; 20] = [
    b"annotation",
    b"shptxt",
    b"atnauthor",
    b"atnid",
    b"footnote",
    b"header",
    b"headerl",
    b"headerr",
    b"headerf",
    b"footer",
    b"footerl",
    b"footerr",
    b"footerf",
    b"info",
    b"xe",
    b"tc",
    b"fldinst",
    b"bkmkstart",
    b"bkmkend",
    b"listtext",
];

/// Texts of what is displayed: the document, what stands aside of it, what stands aside of that, and all further ones.
const DEPTHS: usize = 4;

/// Whether `text` is a document in RTF.
pub(super) fn is_rtf(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{\\rt")
}

/// Shows what the document says.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    let view = || View { bytes: Vec::new(), charset: Charset::WESTERN, skip: 0 };
    let group = Group { is_unread: false, is_hidden: false, aside: 0, is_of_fonts: false, fallback: 1, font: None };
    let writer = || TextWriter::new(text.len(), found);
    let (written, displayed) = (writer(), [writer(), writer(), writer(), writer()]);
    let mut reader = Reader {
        rest: text,
        written: (view(), written),
        displayed: (view(), displayed),
        aside: 0,
        differs: false,
        group,
        outer: Vec::new(),
        charset: Charset::WESTERN,
        fonts: HashMap::new(),
        font: 0,
    };
    while !reader.rest.is_empty() && !found.is_over() {
        reader.step(found);
    }
    reader.end(found);
}

#[derive(Clone, Copy)]
struct Group {
    is_unread: bool,
    is_hidden: bool,
    /// How far aside it stands: the number of its text.
    aside: usize,
    /// Whether it is the table of fonts.
    is_of_fonts: bool,
    /// Characters behind each `\u` for programs that do not know it.
    fallback: usize,
    /// The font, by its number.
    font: Option<i64>,
}

/// What one reading is in the middle of.
struct View {
    /// Bytes that have not been decoded yet, and what they are in.
    bytes: Vec<u8>,
    charset: Charset,
    /// Characters still to be passed over.
    skip: usize,
}

struct Reader<'t, 'a> {
    rest: &'t [u8],
    written: (View, TextWriter<'a>),
    /// The text, and what stands how far aside.
    displayed: (View, [TextWriter<'a>; DEPTHS]),
    /// How far aside stands what was displayed last.
    aside: usize,
    /// Whether what is displayed may not be what is written.
    differs: bool,
    group: Group,
    outer: Vec<Group>,
    charset: Charset,
    /// Charsets of fonts that are not in the document's, by their numbers.
    fonts: HashMap<i64, Charset>,
    /// The font in the table of fonts that is being described.
    font: i64,
}

impl<'a> Reader<'_, 'a> {
    /// Passes one thing, at least a byte.
    fn step(&mut self, found: &mut Dissection<'a>) {
        let (first, behind) = (self.rest[0], &self.rest[1..]);
        self.rest = behind;
        match first {
            b'{' => {
                self.end_fallback();
                if self.outer.len() < MAX_DEPTH {
                    self.outer.push(self.group);
                }
            }
            b'}' => {
                self.end_fallback();
                self.group = self.outer.pop().unwrap_or(self.group);
            }
            b'\\' => self.control(found),
            b'\r' | b'\n' => {}
            byte => self.byte(byte, found),
        }
    }

    const fn end_fallback(&mut self) {
        self.written.0.skip = 0;
        self.displayed.0.skip = 0;
    }

    /// Whether what comes now is displayed in the text or aside, and not only written.
    const fn is_displayed(&self) -> bool {
        !self.group.is_unread && !self.group.is_hidden
    }

    /// Adds a byte in the charset of the document or of the font.
    fn byte(&mut self, byte: u8, found: &mut Dissection<'a>) {
        if self.written.0.skip > 0 {
            self.written.0.skip -= 1;
        } else if !self.group.is_unread {
            let (view, _) = &self.written;
            if !view.charset.is(self.charset) || view.bytes.len() >= 1 << 12 && byte.is_ascii_whitespace() {
                self.flush_written(found);
            }
            self.written.0.charset = self.charset;
            self.written.0.bytes.push(byte);
        }
        if self.displayed.0.skip > 0 {
            self.displayed.0.skip -= 1;
        } else if self.is_displayed() {
            let charset = self.group.font.and_then(|font| self.fonts.get(&font)).copied().unwrap_or(self.charset);
            self.differs |= !byte.is_ascii() && !charset.is(self.charset);
            let is_full = self.displayed.0.bytes.len() >= 1 << 12 && byte.is_ascii_whitespace();
            if !self.displayed.0.charset.is(charset) || self.aside != self.group.aside || is_full {
                self.flush_displayed(found);
            }
            self.displayed.0.charset = charset;
            self.displayed.0.bytes.push(byte);
        } else if !self.group.is_unread {
            self.differs = true;
        }
    }

    fn flush_written(&mut self, found: &mut Dissection<'a>) {
        let (view, output) = &mut self.written;
        if !view.bytes.is_empty() {
            output.push(view.charset.decode(&view.bytes).as_bytes(), found);
            view.bytes.clear();
        }
    }

    /// Adds what has been displayed so far, and goes over to where the group is displayed.
    fn flush_displayed(&mut self, found: &mut Dissection<'a>) {
        let (view, texts) = &mut self.displayed;
        if !view.bytes.is_empty() {
            texts[self.aside].push(view.charset.decode(&view.bytes).as_bytes(), found);
            view.bytes.clear();
        }
        if self.aside != self.group.aside {
            // What stands nearer goes on behind it.
            let [near, far] = [self.aside.min(self.group.aside), self.aside.max(self.group.aside)];
            texts[near + 1..=far].iter_mut().for_each(|text| text.end_line(found));
            self.aside = self.group.aside;
            self.differs = true;
        }
    }

    /// Adds a text that the control word or symbol at hand is, or the number of a character.
    fn text(&mut self, text: &str, found: &mut Dissection<'a>) {
        if self.group.is_unread {
            return;
        }
        self.flush_written(found);
        self.written.1.push(text.as_bytes(), found);
        if self.displayed.0.skip > 0 {
            self.displayed.0.skip -= 1;
            self.differs = true;
        } else if self.is_displayed() {
            self.flush_displayed(found);
            self.displayed.1[self.aside].push(text.as_bytes(), found);
        } else {
            self.differs = true;
        }
    }

    /// Shows both readings, the second one if it is another.
    fn end(mut self, found: &mut Dissection<'a>) {
        self.flush_written(found);
        self.flush_displayed(found);
        self.written.1.show(PartKind::Text, "rtf", found);
        if self.differs {
            for text in self.displayed.1 {
                text.show(PartKind::Text, "rtf", found);
            }
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
                return;
            }
            (b'{' | b'}' | b'\\', _) => return self.byte(first, found),
            (b'*', _) => {
                let name = behind.strip_prefix(b"\\").unwrap_or_default();
                self.group.is_unread |= !READ.iter().any(|read| name.starts_with(read));
            }
            (b'~' | b'\r' | b'\n', _) => self.text(" ", found),
            (b'_', _) => self.text("-", found),
            _ => self.displayed.0.skip = self.displayed.0.skip.saturating_sub(1),
        }
        // Some programs take a symbol for the end of what is for others, some for one character of that.
        self.written.0.skip = 0;
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
        if name == b"u"
            && let Some(number) = number
        {
            // Words are signed, and characters past the first plane come as two.
            self.end_fallback();
            self.unit((number & 0xffff) as u16, found);
            (self.written.0.skip, self.displayed.0.skip) = (self.group.fallback, self.group.fallback);
            return;
        }
        self.written.0.skip = 0;
        if name == b"bin" {
            let length = number.and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
            self.rest = self.rest.get(length..).unwrap_or_default();
        } else if self.set(name, number) {
            self.displayed.0.skip = self.displayed.0.skip.saturating_sub(1);
        } else if SEPARATING.contains(&name) {
            self.text("\n", found);
        } else {
            self.symbol(name, found);
        }
    }

    /// Does what the control word called `name` does to what follows it; whether it is such a word.
    fn set(&mut self, name: &[u8], number: Option<i64>) -> bool {
        let group = &mut self.group;
        if UNREAD.contains(&name) {
            group.is_unread = true;
            group.is_of_fonts |= name == b"fonttbl";
            return true;
        }
        if ASIDE.contains(&name) || READ.contains(&name) {
            group.aside = (group.aside + usize::from(name != b"ud")).min(DEPTHS - 1);
            group.is_unread &= !READ.contains(&name);
            return true;
        }
        match (name, number) {
            (b"uc", Some(number)) => group.fallback = usize::try_from(number).unwrap_or(1).min(16),
            (b"ansicpg", Some(number)) => self.charset = Charset::of_page(number).unwrap_or(self.charset),
            (b"mac", _) => self.charset = Charset::MAC,
            (b"pc", _) => self.charset = Charset::of_page(437).unwrap_or(self.charset),
            (b"pca", _) => self.charset = Charset::of_page(850).unwrap_or(self.charset),
            (b"f", Some(number)) if group.is_of_fonts => self.font = number,
            (b"f", Some(number)) => group.font = Some(number),
            (b"fcharset" | b"cpg", Some(number)) if group.is_of_fonts && self.fonts.len() < MAX_FONTS => {
                let charset = if name == b"cpg" { Charset::of_page(number) } else { Charset::of_font(number) };
                if let Some(charset) = charset {
                    self.fonts.insert(self.font, charset);
                }
            }
            (b"deff", Some(number)) => group.font = Some(number),
            (b"plain", _) => group.is_hidden = false,
            (b"v" | b"deleted", number) => group.is_hidden = number != Some(0),
            _ => return false,
        }
        true
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
            _ => {
                self.displayed.0.skip = self.displayed.0.skip.saturating_sub(1);
                return;
            }
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
