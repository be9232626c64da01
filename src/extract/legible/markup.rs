//! HTML and XML without their tags: `<b>for</b>bidden` reads as "forbidden".
//!
//! This is no parser. It never fails, takes time linear in the text, and loses nothing: what is no whole tag is text,
//! and what is in a tag, in a comment or in a script is text beside it. Elements that separate words end a line, all
//! others join what they stand between. Markup whose elements nobody here knows is read both ways, and so is markup in
//! which a style may hide something or turn it around: with that and as browsers draw it.
//!
//! Sources: WHATWG HTML §13.2.5 (how tags end), XML 1.0 §2.4 to §2.7.

use std::rc::Rc;

use memchr::{memchr, memchr2, memmem};

use crate::content::{PartKind, ReferenceIn, character_reference};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, html, percent, xml};

use super::drawing::{Drawing, Step, Syntax};
use super::elements::{Effect, RAW, effect};
use super::hidden::{self, Element};
use super::name;
use super::references;
use super::sheets;
use super::styles::{Source, Styles, Unsure};
use super::writer::TextWriter;

/// Bytes of an attribute that are unescaped at once; pictures in data URIs have any length.
const MAX_PIECE: usize = 64 << 10;

/// Tags without an end that are followed to the end of the text; past them a tag ends at the next `>`.
const MAX_ENDLESS: u8 = 16;

/// Pages in attributes of pages that are read, inside each other and of one page.
const MAX_FRAMES: usize = 8;

/// Elements whose content is no markup to browsers, and of which more than that is drawn.
const RAW_TO_BROWSERS: [&[u8]; 9] =
    [b"script", b"style", b"iframe", b"noembed", b"noframes", b"noscript", b"title", b"textarea", b"xmp"];

/// Shows what `text` says, if there is markup in it.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    if !is_marked_up(text) {
        return;
    }
    if let Some(expanded) = xml::expanded(text, found) {
        show_page(&expanded, MAX_FRAMES, found);
    }
    show_page(text, MAX_FRAMES, found);
}

/// Shows what `text` says, and so many pages in it.
fn show_page(text: &[u8], frames: usize, found: &mut Dissection<'_>) {
    let seen = strip(text, Effect::Joins, View::Written, found);
    if seen.has_unknown && !seen.has_separating {
        strip(text, Effect::Separates, View::Written, found);
    }
    let head = &text[..text.len().min(XML_WITHIN)];
    let is_xml = head.trim_ascii_start().starts_with(b"<?xml") || memmem::find(head, b"xmlns=").is_some();
    let is_quirky = !is_xml && sheets::is_quirky(text);
    let styles = Rc::new(Styles::of(&seen.sheets, is_quirky, found));
    if seen.is_telling || seen.has_telling_attribute || seen.depth != 0 || !styles.is_empty() || styles.is_cut() {
        for syntax in [Syntax::Html, Syntax::Xml].into_iter().take(1 + usize::from(is_xml)) {
            strip(text, Effect::Joins, View::Drawn(syntax, Rc::clone(&styles), Unsure::Counts), found);
            if (seen.has_files || styles.is_unsure()) && !found.is_over() {
                strip(text, Effect::Joins, View::Drawn(syntax, Rc::clone(&styles), Unsure::IsLeftOut), found);
            }
        }
    }
    for frame in seen.frames.iter().take(frames) {
        if !found.is_over() {
            show_page(frame, frames / 2, found);
        }
    }
}

/// Bytes in which a document says that it is XML.
const XML_WITHIN: usize = 1024;

/// Which text is made.
#[derive(Debug)]
enum View {
    /// All that is written.
    Written,
    /// What browsers draw, in the order in which they do, by styles.
    Drawn(Syntax, Rc<Styles>, Unsure),
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

/// What was there.
#[derive(Debug, Default)]
struct Seen {
    /// Whether anything was more than text.
    has_markup: bool,
    has_unknown: bool,
    has_separating: bool,
    /// Whether something may be drawn otherwise than it is written.
    is_telling: bool,
    has_telling_attribute: bool,
    sheets: Vec<Source>,
    /// Whether elements show files, or their content in place of one that there is not.
    has_files: bool,
    /// Elements that were opened and not ended.
    depth: i64,
    /// Pages in attributes.
    frames: Vec<Vec<u8>>,
}

fn strip(text: &[u8], unknown: Effect, view: View, found: &mut Dissection<'_>) -> Seen {
    let main = TextWriter::new(text.len(), found);
    let is_written = matches!(view, View::Written);
    let aside = (unknown == Effect::Joins && is_written).then(|| TextWriter::new(text.len(), found));
    let endless = Endless { tags: 0, closes: true, quotes: [true; 2] };
    let drawn = match view {
        View::Written => None,
        View::Drawn(syntax, styles, unsure) => Some((syntax, Drawing::of(syntax, styles, unsure))),
    };
    let seen = Seen::default();
    let mut stripper =
        Stripper { text, unknown, drawn, turned: None, raw_end: 0, templates: 0, main, aside, seen, endless, found };
    stripper.run();
    stripper.end_turned();
    let Stripper { main, aside, seen, drawn, found, .. } = stripper;
    if drawn.as_ref().is_some_and(|(_, drawing)| drawing.is_cut()) {
        found.report(ProblemCode::TooMuchWork, None);
    }
    match drawn {
        None if seen.has_markup => main.show(PartKind::Text, "text", found),
        Some((syntax, drawing)) if drawing.differs || seen.is_telling || syntax == Syntax::Xml => {
            main.show(PartKind::Text, "drawn", found);
        }
        _ => {}
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
    /// What is open, in a view as drawn.
    drawn: Option<(Syntax, Drawing<'t>)>,
    /// What is turned around, while it is.
    turned: Option<Vec<u8>>,
    /// Where the element ends whose content is no markup to browsers, and templates that are open.
    raw_end: usize,
    templates: usize,
    main: TextWriter<'a>,
    /// Attributes, comments and scripts.
    aside: Option<TextWriter<'a>>,
    seen: Seen,
    endless: Endless,
    found: &'f mut Dissection<'a>,
}

impl<'t> Stripper<'t, '_, '_> {
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
        if let Some((_, drawing)) = &mut self.drawn {
            let steps = drawing.before_text(piece);
            let is_drawn = drawing.is_drawn();
            self.take(steps);
            if !is_drawn {
                return;
            }
        }
        self.put(piece);
    }

    /// Adds `piece`, which is drawn.
    fn put(&mut self, piece: &[u8]) {
        match &mut self.turned {
            None => self.main.push(piece, self.found),
            Some(turned) if turned.len() < MAX_PIECE => turned.extend_from_slice(piece),
            Some(_) => {}
        }
    }

    fn end_line(&mut self) {
        if self.turned.is_some() { self.put(b"\n") } else { self.main.end_line(self.found) }
    }

    /// Does what a tag does in the view as drawn.
    fn take(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::EndLine => self.end_line(),
                Step::Push(text) => self.put(&text),
                Step::Reverse => self.turned = Some(Vec::new()),
                Step::EndReverse => self.end_turned(),
            }
        }
    }

    /// Adds what is turned around, if anything is.
    fn end_turned(&mut self) {
        if let Some(content) = self.turned.take() {
            let turned: String = String::from_utf8_lossy(&content).chars().rev().collect();
            self.main.push(turned.as_bytes(), self.found);
        }
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

    /// Whether this is a view as drawn of that syntax.
    fn is_drawn_as(&self, syntax: Syntax) -> bool {
        self.drawn.as_ref().is_some_and(|(own, _)| *own == syntax)
    }

    /// Whether this is a view of HTML as drawn, at a place that is neither SVG nor MathML.
    fn is_html(&self) -> bool {
        self.drawn.as_ref().is_some_and(|(syntax, drawing)| *syntax == Syntax::Html && !drawing.is_foreign())
    }

    /// Passes whatever begins with the `<` at `at`.
    fn markup(&mut self, at: usize) -> usize {
        let text = self.text;
        let rest = &text[at..];
        match rest {
            [_, b'!', b'-', b'-', ..] => self.comment(at),
            _ if rest.starts_with(b"<![CDATA[") && !self.is_html() => {
                let end = memmem::find(rest, b"]]>").unwrap_or(rest.len());
                self.seen.is_telling = true;
                self.push(&rest[9..end]);
                at + (end + 3).min(rest.len())
            }
            [_, b'?', ..] if self.is_drawn_as(Syntax::Xml) => self.aside_until(at, 2, b"?>"),
            [_, b'?', b'x', b'm', b'l', ..] => {
                let end = self.aside_until(at, 2, b">");
                self.seen.sheets.extend(sheets::named(&rest[2..end - at]));
                end
            }
            [_, b'!' | b'?', next, ..] => {
                self.seen.is_telling |= !next.eq_ignore_ascii_case(&b'd');
                self.aside_until(at, 2, b">")
            }
            [_, b'/', letter, ..] if letter.is_ascii_alphabetic() => self.tag(at, at + 2),
            [_, b'/', ..] => self.aside_until(at, 2, b">"),
            [_, letter, ..] if letter.is_ascii_alphabetic() => self.tag(at, at + 1),
            _ => self.plain(at),
        }
    }

    /// Passes the comment at `at`.
    fn comment(&mut self, at: usize) -> usize {
        let rest = &self.text[at + 4..];
        let (length, end) = html::comment(rest);
        let content = &rest[..length];
        // What is a comment here may be the content of an element.
        self.seen.is_telling |= memmem::find(content, b"</").is_some();
        self.note(content);
        at + 4 + end
    }

    /// Passes what begins at `at` and ends behind `end`, or with the text.
    fn aside_until(&mut self, at: usize, head: usize, end: &[u8]) -> usize {
        let rest = &self.text[at + head..];
        let length = memmem::find(rest, end);
        self.note(&rest[..length.unwrap_or(rest.len())]);
        length.map_or(self.text.len(), |length| at + head + length + end.len())
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
        let is_opening = start == at + 1;
        let attributes = &text[start + length..end - 1];
        if self.drawn.is_some() {
            return self.drawn_tag(name, attributes, is_opening, end);
        }
        let is_in_page = self.is_in_page(at, end, name, is_opening);
        self.look_at(name, attributes, is_opening, is_in_page);
        let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
        let is_in_word = is_letter(text[..at].last()) || is_letter(text.get(end));
        if is_opening && is_in_word && Element::of(name, attributes).shown().is_some() {
            // Whether the file is there, nobody here knows.
            (self.seen.has_files, self.seen.is_telling) = (true, true);
        }
        self.apply(name);
        let is_raw = is_opening && RAW.iter().any(|raw| raw.eq_ignore_ascii_case(name));
        if !is_raw || text[..end].ends_with(b"/>") {
            return end;
        }
        let behind = self.raw(end, name);
        if is_in_page && name.eq_ignore_ascii_case(b"style") {
            self.seen.sheets.extend(sheets::written(attributes, &text[end..behind]));
        }
        behind
    }

    /// Whether a tag from `at` to `end` is one of the page to browsers, in whose content that of some elements is none.
    fn is_in_page(&mut self, at: usize, end: usize, name: &[u8], is_opening: bool) -> bool {
        let is_inside = at < self.raw_end;
        let is_raw = RAW_TO_BROWSERS.iter().any(|raw| raw.eq_ignore_ascii_case(name));
        if is_opening && is_raw && !is_inside {
            self.raw_end = end + raw_length(&self.text[end..], name);
        }
        if name.eq_ignore_ascii_case(b"template") && !is_inside {
            self.templates = if is_opening { self.templates + 1 } else { self.templates.saturating_sub(1) };
        }
        !is_inside && self.templates == 0
    }

    /// Sees whether a tag may have something drawn otherwise than it is written.
    fn look_at(&mut self, name: &[u8], attributes: &[u8], is_opening: bool, is_in_page: bool) {
        let seen = &mut self.seen;
        if effect(name) == Effect::Separates {
            let is_void = name.eq_ignore_ascii_case(b"br") || name.eq_ignore_ascii_case(b"hr");
            seen.depth += if is_opening { i64::from(!is_void && !attributes.ends_with(b"/")) } else { -1 };
            // An end without a beginning separates nothing.
            seen.is_telling |= seen.depth < 0;
        }
        if !is_opening {
            return;
        }
        seen.is_telling |= hidden::is_telling_element(name);
        if name.eq_ignore_ascii_case(b"object") && hidden::attribute(attributes, b"data").is_some() {
            (seen.has_files, seen.is_telling) = (true, true);
        }
        if is_in_page && name.eq_ignore_ascii_case(b"link") {
            seen.sheets.extend(sheets::linked(attributes));
        }
        let has_page = name.eq_ignore_ascii_case(b"iframe") && seen.frames.len() < MAX_FRAMES;
        if let Some(page) = hidden::attribute(attributes, b"srcdoc").filter(|_| has_page) {
            seen.frames.push(page);
        }
    }

    /// Passes the tag called `name`, which ends at `end`, in a view as drawn.
    fn drawn_tag(&mut self, name: &'t [u8], attributes: &'t [u8], is_opening: bool, end: usize) -> usize {
        let is_html = self.is_html();
        let Some((_, drawing)) = &mut self.drawn else {
            return end;
        };
        if !is_opening {
            let steps = drawing.closes(name);
            self.take(steps);
            return end;
        }
        let is_ended = !is_html && attributes.ends_with(b"/");
        let steps = drawing.opens(name, attributes, is_ended);
        self.take(steps);
        let text = self.text;
        if is_html && name.eq_ignore_ascii_case(b"plaintext") {
            self.push(&text[end..]);
            return text.len();
        }
        if !is_html || RAW_TO_BROWSERS.iter().all(|raw| !raw.eq_ignore_ascii_case(name)) {
            return end;
        }
        let length = raw_length(&text[end..], name);
        let content = &text[end..end + length];
        let resolved = references::resolved(content, ReferenceIn::Text);
        let has_references = name.eq_ignore_ascii_case(b"textarea");
        // Where a comment or a tag begins in it, that would end elsewhere.
        self.seen.is_telling |=
            memchr(b'<', content).is_some() && RAW.iter().all(|raw| !raw.eq_ignore_ascii_case(name));
        self.push(resolved.as_deref().filter(|_| has_references).unwrap_or(content));
        end + length
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
            Effect::Separates => self.main.end_line(self.found),
            Effect::Is(text) => self.push(text.as_bytes()),
            Effect::Joins | Effect::Unknown => {}
        }
    }

    /// Passes the content of a script or a style that begins at `at`.
    fn raw(&mut self, at: usize, name: &[u8]) -> usize {
        let rest = &self.text[at..];
        let length = raw_length(rest, name);
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
        let is_gap = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
        while let Some(byte) = text.get(at) {
            if *byte == b'>' {
                return Some(at + 1);
            }
            if is_gap(byte) {
                at += 1;
                continue;
            }
            // An equals sign where a name begins is part of it.
            let start = at + usize::from(*byte == b'=');
            let is_end = |byte: &u8| is_gap(byte) || matches!(byte, b'=' | b'>');
            let end = text[start..].iter().position(is_end).map_or(text.len(), |length| start + length);
            self.seen.has_telling_attribute |= hidden::is_telling_attribute(&text[at..end]);
            at = end + text[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if text.get(at) == Some(&b'=') {
                at = self.value(at + 1);
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

/// Bytes before the tag that ends the element called `name`, in which there is no markup.
fn raw_length(text: &[u8], name: &[u8]) -> usize {
    let is_end = |at: &usize| {
        let behind = text.get(at + 2..).unwrap_or_default();
        let is_it = behind.get(..name.len()).is_some_and(|close| close.eq_ignore_ascii_case(name));
        is_it && behind.get(name.len()).is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'/' | b'>'))
    };
    memmem::find_iter(text, b"</").find(is_end).unwrap_or(text.len())
}
