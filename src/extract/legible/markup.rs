//! HTML and XML without their tags: `<b>for</b>bidden` reads as "forbidden".
//!
//! This is no parser. It never fails, takes time linear in the text, and loses nothing: what is no whole tag is text,
//! and what is in a tag, in a comment or in a script is text beside it. Elements that separate words end a line, all
//! others join what they stand between. Markup whose elements nobody here knows is read both ways, and so is markup in
//! which a style may hide something or turn it around: with that and as browsers draw it.
//!
//! Sources: WHATWG HTML §13.2.5 (how tags end), XML 1.0 §2.4 to §2.7.

use memchr::{memchr, memchr2, memmem};

use crate::content::{PartKind, ReferenceIn, character_reference};
use crate::extract::dissection::Dissection;
use crate::extract::percent;

use super::elements::{Effect, RAW, effect};
use super::hidden::{self, Drawn, Styles};
use super::name;
use super::references;
use super::writer::TextWriter;

/// Bytes of an attribute that are unescaped at once; pictures in data URIs have any length.
const MAX_PIECE: usize = 64 << 10;

/// Tags without an end that are followed to the end of the text; past them a tag ends at the next `>`.
const MAX_ENDLESS: u8 = 16;

/// Shows what `text` says, if there is markup in it.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    if !is_marked_up(text) {
        return;
    }
    let seen = strip(text, Effect::Joins, View::Written, found);
    if seen.has_unknown && !seen.has_separating {
        strip(text, Effect::Separates, View::Written, found);
    }
    if hidden::may_be_in(text) {
        strip(text, Effect::Joins, View::Drawn, found);
    }
}

/// Which text is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// All that is written.
    Written,
    /// What browsers draw, in the order in which they do.
    Drawn,
}

/// An element that is not drawn as it is written.
struct Element {
    name: Vec<u8>,
    /// Elements of that name in it that are open, with itself.
    depth: usize,
    drawn: Drawn,
    /// Its content, if that is turned around.
    content: Vec<u8>,
}

/// Whether a tag, a comment or a character reference may stand in `text`.
fn is_marked_up(text: &[u8]) -> bool {
    let begins_markup = |at: usize| match text[at..] {
        [b'<', next, ..] => next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'),
        [b'&', ..] => character_reference(&text[at..], ReferenceIn::Text).is_some(),
        _ => false,
    };
    memchr::memchr2_iter(b'<', b'&', text).any(begins_markup)
}

/// What elements were there.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Whether anything was more than text.
    has_markup: bool,
    has_unknown: bool,
    has_separating: bool,
    /// Whether anything is not drawn as it is written, in the view as drawn.
    has_drawn: bool,
}

fn strip(text: &[u8], unknown: Effect, view: View, found: &mut Dissection<'_>) -> Seen {
    let main = TextWriter::new(text.len(), found);
    let aside = (unknown == Effect::Joins && view == View::Written).then(|| TextWriter::new(text.len(), found));
    let endless = Endless { tags: 0, closes: true, quotes: [true; 2] };
    let (seen, element) = (Seen::default(), None);
    let styles = if view == View::Drawn { Styles::of(text) } else { Styles::default() };
    let mut stripper = Stripper { text, unknown, view, styles, element, main, aside, seen, endless, found };
    stripper.run();
    stripper.end_element();
    let Stripper { main, aside, seen, found, .. } = stripper;
    let (is_news, name) = match view {
        View::Written => (seen.has_markup, "text"),
        View::Drawn => (seen.has_drawn, "drawn"),
    };
    if is_news {
        main.show(PartKind::Text, name, found);
    }
    if let Some(aside) = aside {
        aside.show(PartKind::Text, "tags", found);
    }
    seen
}

/// What is known not to come any more, so that nothing is looked for twice.
struct Endless {
    /// Tags that did not end.
    tags: u8,
    /// Whether there may be another `>`.
    closes: bool,
    /// Whether there may be another `"` and `'`.
    quotes: [bool; 2],
}

struct Stripper<'t, 'f, 'a> {
    text: &'t [u8],
    /// The effect of elements that nobody knows.
    unknown: Effect,
    view: View,
    styles: Styles,
    /// The outermost element that is not drawn as it is written, in the view as drawn.
    element: Option<Element>,
    main: TextWriter<'a>,
    /// Attributes, comments and scripts.
    aside: Option<TextWriter<'a>>,
    seen: Seen,
    endless: Endless,
    found: &'f mut Dissection<'a>,
}

impl Stripper<'_, '_, '_> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(length) = memchr2(b'<', b'&', &self.text[at..]) {
            let text = self.text;
            self.push(&text[at..at + length]);
            at += length;
            if self.found.is_over() {
                return;
            }
            let next = if self.text[at] == b'&' { self.reference(at) } else { self.markup(at) };
            self.seen.has_markup |= next > at + 1;
            at = next;
        }
        let text = self.text;
        self.push(&text[at..]);
    }

    /// Adds `piece` to the text, unless it is not drawn or not there.
    fn push(&mut self, piece: &[u8]) {
        match &mut self.element {
            None => self.main.push(piece, self.found),
            Some(element) if element.drawn == Drawn::Reversed && element.content.len() < MAX_PIECE => {
                element.content.extend_from_slice(piece);
            }
            Some(_) => {}
        }
    }

    /// Begins and ends elements that are not drawn as they are written.
    fn follow(&mut self, name: &[u8], attributes: &[u8], is_opening: bool) {
        if let Some(element) = &mut self.element {
            if is_opening && hidden::ends(&element.name, name) {
                element.depth = 0;
            } else if element.name.eq_ignore_ascii_case(name) {
                element.depth = if is_opening { element.depth + 1 } else { element.depth - 1 };
            }
            if element.depth > 0 {
                return;
            }
            self.end_element();
        }
        let drawn = if is_opening { hidden::drawn(name, attributes, &self.styles) } else { Drawn::AsItIs };
        if drawn != Drawn::AsItIs {
            self.seen.has_drawn = true;
            self.element = Some(Element { name: name.to_vec(), depth: 1, drawn, content: Vec::new() });
        }
    }

    /// Ends the element that is not drawn as it is written, if there is one.
    fn end_element(&mut self) {
        let Some(Element { content, .. }) = self.element.take() else {
            return;
        };
        let turned: String = String::from_utf8_lossy(&content).chars().rev().collect();
        self.main.push(turned.as_bytes(), self.found);
    }

    /// Passes the character reference at `at`.
    fn reference(&mut self, at: usize) -> usize {
        match character_reference(&self.text[at..], ReferenceIn::Text) {
            Some((characters, length)) => {
                self.push(characters.as_bytes());
                at + length
            }
            None => self.plain(at),
        }
    }

    /// Passes one byte that is text.
    fn plain(&mut self, at: usize) -> usize {
        let text = self.text;
        self.push(&text[at..=at]);
        at + 1
    }

    /// Passes whatever begins with the `<` at `at`.
    fn markup(&mut self, at: usize) -> usize {
        let text = self.text;
        let rest = &text[at..];
        match rest {
            [_, b'!', b'-', b'-', ..] => self.aside_until(at, 4, b"-->"),
            _ if rest.starts_with(b"<![CDATA[") => {
                let end = memmem::find(rest, b"]]>").unwrap_or(rest.len());
                self.push(&rest[9..end]);
                at + (end + 3).min(rest.len())
            }
            [_, b'!' | b'?', ..] => self.aside_until(at, 2, b">"),
            [_, b'/', letter, ..] if letter.is_ascii_alphabetic() => self.tag(at, at + 2),
            [_, b'/', ..] => self.aside_until(at, 2, b">"),
            [_, letter, ..] if letter.is_ascii_alphabetic() => self.tag(at, at + 1),
            _ => self.plain(at),
        }
    }

    /// Passes a comment or the like that begins at `at` and ends behind `end`, or with the text.
    fn aside_until(&mut self, at: usize, head: usize, end: &[u8]) -> usize {
        let rest = &self.text[at + head..];
        // `<!-->` is a whole comment.
        let length = if end.len() > 1 && rest.starts_with(b">") { Some(0) } else { memmem::find(rest, end) };
        let content = &rest[..length.unwrap_or(rest.len())];
        self.note(content);
        match length {
            Some(0) if end.len() > 1 && rest.starts_with(b">") => at + head + 1,
            Some(length) => at + head + length + end.len(),
            None => self.text.len(),
        }
    }

    /// Adds a line to what stands beside the text.
    fn note(&mut self, line: &[u8]) {
        if let Some(aside) = &mut self.aside
            && !line.is_empty()
        {
            aside.push(line, self.found);
            aside.push(b"\n", self.found);
        }
    }

    /// Passes the tag at `at` whose name begins at `start`.
    fn tag(&mut self, at: usize, start: usize) -> usize {
        let text = self.text;
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'<');
        let length = text[start..].iter().position(is_end).unwrap_or(text.len() - start);
        let name = &text[start..start + length];
        let Some(end) = self.tag_end(start + length) else {
            return self.plain(at);
        };
        if self.view == View::Drawn {
            self.follow(name, &text[start + length..end - 1], start == at + 1);
        }
        self.apply(name);
        let is_raw = RAW.iter().any(|raw| raw.eq_ignore_ascii_case(name)) && start == at + 1;
        if is_raw && !text[..end].ends_with(b"/>") { self.raw(end, name) } else { end }
    }

    fn apply(&mut self, name: &[u8]) {
        let effect = match effect(name) {
            Effect::Unknown => {
                self.seen.has_unknown = true;
                self.unknown
            }
            known => {
                self.seen.has_separating |= known == Effect::Separates;
                known
            }
        };
        match effect {
            Effect::Separates if self.element.is_none() => self.main.end_line(self.found),
            Effect::Separates => self.push(b"\n"),
            Effect::Is(text) => self.push(text.as_bytes()),
            Effect::Joins | Effect::Unknown => {}
        }
    }

    /// Passes the content of a script or a style that begins at `at`.
    fn raw(&mut self, at: usize, name: &[u8]) -> usize {
        let rest = &self.text[at..];
        let is_end =
            |at: &usize| rest.get(at + 2..at + 2 + name.len()).is_some_and(|close| close.eq_ignore_ascii_case(name));
        let length = memmem::find_iter(rest, b"</").find(is_end).unwrap_or(rest.len());
        self.note(&rest[..length]);
        at + length
    }

    /// Where the tag ends whose attributes begin at `at`, which are noted; `None` when it does not.
    fn tag_end(&mut self, mut at: usize) -> Option<usize> {
        let text = self.text;
        if self.endless.tags >= MAX_ENDLESS {
            let end = self.next_close(at)?;
            self.note_value(&text[at..end - 1]);
            return Some(end);
        }
        while let Some(byte) = text.get(at) {
            match byte {
                b'>' => return Some(at + 1),
                b'=' => at = self.value(at + 1),
                _ => at += 1,
            }
        }
        self.endless.tags += 1;
        None
    }

    fn next_close(&mut self, at: usize) -> Option<usize> {
        let length = if self.endless.closes { memchr(b'>', &self.text[at..]) } else { None };
        self.endless.closes = length.is_some();
        length.map(|length| at + length + 1)
    }

    /// Notes the value behind an equals sign. Where it ends.
    fn value(&mut self, at: usize) -> usize {
        let text = self.text;
        let start = at + text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if let Some(quote @ (b'"' | b'\'')) = text.get(start) {
            let may_end = &mut self.endless.quotes[usize::from(*quote == b'\'')];
            let length = if *may_end { memchr(*quote, &text[start + 1..]) } else { None };
            *may_end = length.is_some();
            if let Some(length) = length {
                self.note_value(&text[start + 1..start + 1 + length]);
                return start + 2 + length;
            }
        }
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
        let length = text[start..].iter().position(is_end).unwrap_or(text.len() - start);
        self.note_value(&text[start..start + length]);
        start + length
    }

    /// Notes the value of an attribute: with its references resolved, and with its escapes undone if it is a link.
    fn note_value(&mut self, value: &[u8]) {
        let Some(aside) = &mut self.aside else {
            return;
        };
        let mut has_escapes = false;
        for piece in value.chunks(MAX_PIECE) {
            let resolved = references::resolved(piece, ReferenceIn::Attribute);
            let resolved = resolved.as_deref().unwrap_or(piece);
            has_escapes |= name::has_escapes(resolved);
            aside.push(resolved, self.found);
        }
        aside.end_line(self.found);
        if has_escapes {
            for piece in value.chunks(MAX_PIECE) {
                let resolved = references::resolved(piece, ReferenceIn::Attribute);
                let unescaped = percent::undo(resolved.as_deref().unwrap_or(piece), b'%', None);
                aside.push(&unescaped, self.found);
            }
            aside.end_line(self.found);
        }
    }
}
