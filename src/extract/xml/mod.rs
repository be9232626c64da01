//! XML bodies: the text of every element and the value of every attribute as a part of its own.
//!
//! Entities that a document declares itself are [expanded](entities) within limits; those in other files are not
//! fetched, and those of HTML are known, since the document types of XHTML declare them.
//!
//! Readers differ in what the text of an element with children or comments is: the stretches one by one, its own text
//! alone, or all text below it. Each is a part. They differ in the charset that they believe, too: each one is a
//! reading. A document that is not well-formed is no reason to refuse it: strict readers do so themselves, and generous
//! ones take their texts from what is between its marks.
//!
//! Source: XML 1.0, fifth edition, §2.3 to §2.11 and §4.4.

mod entities;

use bytes::Bytes;
use encoding_rs::WINDOWS_1252;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::charset::Charset;
use super::dissection::Dissection;
use super::legible;
use super::seen::Seen;
use entities::Declaring;

/// Bytes in which a declaration names its charset.
const DECLARATION: usize = 512;

/// What a body that is declared as XML turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// XML, every text of which has been handed out.
    Xml,
    /// Something else, or XML that only some read: it may be looked at as it is, too.
    Odd,
}

/// Adds the texts of `body` in every charset that some reader believes it to be in; past a fault, whatever some reader
/// may take for one.
pub(super) fn extract(body: &Bytes, charset: Charset, found: &mut Dissection<'_>) -> Form {
    let named = named_in_declaration(body);
    if charset.is_doubtful(body) || named.is_doubtful(body) {
        found.ambiguous(ProblemCode::XmlNotUtf8, None);
    }
    let mut readings = charset.readings(body, found);
    if named != charset {
        readings.extend(named.readings(body, found));
    }
    if str::from_utf8(body).is_ok() {
        readings.push(body.clone());
    } else if readings.is_empty() {
        readings.extend(legible::decoded(body, WINDOWS_1252, found));
    }
    let mut seen = Seen::default();
    let mut form = Form::Odd;
    for text in &readings {
        match walk(text, &mut seen, found) {
            Ok(()) => form = Form::Xml,
            Err((code, offset)) => {
                if code == Some(ProblemCode::XmlTooDeep) {
                    found.ambiguous(ProblemCode::XmlTooDeep, Some(offset));
                }
                extract_stretches(text, offset, found);
            }
        }
    }
    form
}

/// Whether some reader may take `body`, which is declared as XML, for that: it begins with a tag.
pub(super) fn may_be(body: &[u8]) -> bool {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    body.iter().find(|byte| !is_blank(byte)).is_none_or(|byte| *byte == b'<')
}

/// `text` with the entities that it declares itself in their places; `None` when it declares none, or that is past a
/// limit, which is reported.
pub(super) fn expanded(text: &[u8], found: &mut Dissection<'_>) -> Option<Bytes> {
    memchr::memmem::find(text, b"<!ENTITY")?;
    Declaring::of(str::from_utf8(text).ok()?)?.expanded(found)
}

/// Adds the texts of a value that is XML by its looks only, such as a form's field.
pub(super) fn extract_if_it_looks_so(value: &Bytes, found: &mut Dissection<'_>) {
    if value.trim_ascii_start().starts_with(b"<?xml")
        && let Err((_, offset)) = walk(value, &mut Seen::default(), found)
    {
        extract_stretches(value, offset, found);
    }
}

/// Where the reading of a document ended, and why, where that is more than a fault.
type Fault = (Option<ProblemCode>, usize);

fn walk(body: &Bytes, seen: &mut Seen, found: &mut Dissection<'_>) -> Result<(), Fault> {
    let text = str::from_utf8(body).map_err(|error| (None, error.valid_up_to()))?;
    let mut walker = Walker { found, seen, open: Vec::new(), is_odd: false };
    let declaring = Declaring::of(text);
    for literal in declaring.iter().flat_map(Declaring::literals) {
        walker.add(literal);
    }
    let Some(expanded) = declaring.as_ref().map(|declaring| declaring.expanded(walker.found)) else {
        return walker.walk(text);
    };
    // Past a limit, which has been reported, it is read as it stands.
    let expanded = expanded.unwrap_or_else(|| body.clone());
    let whole = str::from_utf8(&expanded).unwrap_or_default();
    // Places in it are not those of the body.
    walker.walk(whole).map_err(|(code, _)| (code, 0))
}

/// The text of an element that is open.
#[derive(Default)]
struct Element {
    /// Its own text, without that of its children.
    own: String,
    /// All text below it.
    all: String,
    /// The stretch since the last tag or comment.
    stretch: String,
    /// Stretches that have ended.
    stretches: usize,
    has_children: bool,
}

struct Walker<'w, 'a> {
    found: &'w mut Dissection<'a>,
    seen: &'w mut Seen,
    open: Vec<Element>,
    /// Whether there was something that readers treat in different ways.
    is_odd: bool,
}

/// Why an event cannot be taken: a limit, or a fault.
type Refused = Option<ProblemCode>;

impl Walker<'_, '_> {
    fn walk(&mut self, text: &str) -> Result<(), Fault> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        loop {
            let at = reader.buffer_position() as usize;
            let event = reader.read_event().map_err(|_| (None, at));
            let taken = event.and_then(|event| match event {
                Event::Eof if self.open.is_empty() && !self.is_odd => Ok(true),
                Event::Eof => Err((None, at)),
                event => self.take(event).map(|()| false).map_err(|code| (code, at)),
            });
            match taken {
                Ok(is_over) if is_over || self.found.is_over() => return Ok(()),
                Ok(_) => {}
                Err(fault) => {
                    // What is open has a text as far as it goes.
                    while !self.open.is_empty() {
                        self.end();
                    }
                    return Err(fault);
                }
            }
        }
    }

    fn take(&mut self, event: Event<'_>) -> Result<(), Refused> {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::Empty(tag) => {
                self.start(&tag)?;
                self.end();
                Ok(())
            }
            Event::End(_) => {
                self.end();
                Ok(())
            }
            Event::Text(text) => self.text(&text),
            Event::CData(text) => self.text(&text),
            Event::GeneralRef(name) => self.reference(&name),
            Event::Comment(_) | Event::PI(_) => {
                self.gap();
                Ok(())
            }
            Event::DocType(_) | Event::Decl(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Refused> {
        if self.open.len() >= self.found.limits().max_depth {
            return Err(Some(ProblemCode::XmlTooDeep));
        }
        for attribute in tag.attributes() {
            let value = attribute.map_err(|_| None)?.value.replace(['\t', '\n', '\r'], " ");
            let value = self.resolved(&value);
            self.add(&value);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.has_children = true;
        }
        self.gap();
        self.open.push(Element::default());
        Ok(())
    }

    fn end(&mut self) {
        self.gap();
        let Some(element) = self.open.pop() else {
            return;
        };
        if element.stretches > 1 {
            self.add(&element.own);
        }
        let is_mixed = element.has_children && !element.own.trim().is_empty();
        if is_mixed {
            self.add(&element.all);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.all.push_str(&element.all);
        }
    }

    /// Ends a stretch of text.
    fn gap(&mut self) {
        let Some(element) = self.open.last_mut() else {
            return;
        };
        let stretch = std::mem::take(&mut element.stretch);
        if !stretch.trim().is_empty() {
            element.stretches += 1;
            self.add(&stretch);
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Refused> {
        // Line ends become line feeds before a reader sees anything (§2.11).
        let text = if text.contains('\r') { &text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
        match self.open.last_mut() {
            Some(element) => {
                element.own.push_str(text);
                element.all.push_str(text);
                element.stretch.push_str(text);
                Ok(())
            }
            None if text.trim().is_empty() => Ok(()),
            None => Err(None),
        }
    }

    /// A reader that does not know an entity leaves it out, or the document.
    fn reference(&mut self, name: &str) -> Result<(), Refused> {
        match entities::character(name) {
            Some(text) => self.text(&text),
            None => {
                self.is_odd = true;
                Ok(())
            }
        }
    }

    /// `text` with its references resolved.
    fn resolved(&mut self, text: &str) -> String {
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            resolved.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.split_once(';').map(|(name, after)| (entities::character(name), after)) {
                Some((Some(text), after)) => {
                    resolved.push_str(&text);
                    rest = after;
                }
                _ => {
                    self.is_odd = true;
                    resolved.push('&');
                }
            }
        }
        resolved.push_str(rest);
        resolved
    }

    fn add(&mut self, text: &str) {
        if !text.trim().is_empty() && self.seen.is_new(text.as_bytes()) {
            add(text, self.found);
        }
    }
}

fn add(text: &str, found: &mut Dissection<'_>) {
    if let Some(text) = found.keep(text.as_bytes(), text.len()) {
        found.add(Part::new(PartKind::XmlText, text), None);
    }
}

/// Adds every stretch between two angle brackets or two quotation marks, from the tag in or behind which `from` is,
/// with its references resolved as well as can be: whatever forgives faults takes its texts from those.
fn extract_stretches(body: &Bytes, from: usize, found: &mut Dissection<'_>) {
    let from = from.min(body.len());
    let begin = memchr::memrchr2(b'<', b'>', &body[..from]).unwrap_or(0);
    for marks in [&b"<>"[..], b"\"", b"'"] {
        for stretch in body[begin..].split(|byte| marks.contains(byte)) {
            if found.is_over() {
                return;
            }
            let text = String::from_utf8_lossy(stretch);
            let text = quick_xml::escape::unescape(&text).unwrap_or(text.as_ref().into());
            if !text.trim().is_empty() {
                add(&text, found);
            }
        }
    }
}

/// The charset that the declaration at the start names.
fn named_in_declaration(body: &[u8]) -> Charset {
    let start = &body[..body.len().min(DECLARATION)];
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let end = memchr::memchr(b'>', start).filter(|_| start.starts_with(b"<?xml"));
    let label = end.and_then(|end| legible::named(&start[..end], b"encoding"));
    label.map_or(Charset::Utf8, |label| Charset::from_label(&String::from_utf8_lossy(label)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;
    use crate::extract::{Extraction, Problem};

    fn read(body: &[u8], ambiguity: Ambiguity, limits: ExtractLimits) -> Extraction {
        gathered(&limits, ambiguity, |found| {
            extract(&Bytes::copy_from_slice(body), Charset::Utf8, found);
        })
    }

    fn texts(found: &Extraction) -> Vec<String> {
        let texts = found.parts.iter().filter(|part| part.kind == PartKind::XmlText);
        texts.map(|part| String::from_utf8_lossy(&part.bytes).into_owned()).collect()
    }

    #[test]
    fn texts_and_attributes_are_parts_with_their_references_resolved() {
        for (body, expected) in [
            (r#"<a b="x &amp; &#65;" c='y'>t<![CDATA[<&>]]>&lt;u</a>"#, &["x & A", "y", "t<&><u"][..]),
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\r\n<b>1</b> <b>2</b></a>", &["1", "2"]),
            ("<a>one<!-- two -->three</a>", &["one", "three", "onethree"]),
            ("<a>AA<b>BB</b>CC</a>", &["AA", "BB", "CC", "AACC", "AABBCC"]),
            ("<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"svg11.dtd\"><a>t</a>", &["t"]),
            ("<a/>", &[]),
        ] {
            let found = read(body.as_bytes(), Ambiguity::Refuse, ExtractLimits::default());
            assert_eq!(
                (texts(&found), found.problems),
                (expected.iter().map(|t| (*t).into()).collect(), vec![]),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_not_well_formed_is_read_as_generous_readers_do() {
        for (body, expected) in [
            (&b"<!DOCTYPE a [<!ENTITY e \"EVIL\">]><a>&e;</a>"[..], &["EVIL"][..]),
            (b"<!DOCTYPE a [<!ATTLIST a b CDATA \"EVIL\">]><a/>", &["EVIL"]),
            (
                b"<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"x.dtd\"><p>a&nbsp;b &eacute;</p>",
                &["a\u{a0}b \u{e9}"],
            ),
            (b"<a>EV&unknown;IL</a>", &["EVIL"]),
            (b"<a b=\"&unknown;x\"/>", &["&unknown;x"]),
            (b"<a><b>text</a>", &["text"]),
            (b"<a>&#xd800;text</a>", &["text"]),
            (b"<a><b>text", &["text"]),
            (b"<a b='text'", &["text"]),
            (b"<a b=text/>", &["a b=text/"]),
            (b"<a/>trailing", &["trailing"]),
            (b"<a>RVZJ&TA==</a>", &["RVZJ&TA=="]),
            (b"no markup", &["no markup"]),
        ] {
            let found = read(body, Ambiguity::Refuse, ExtractLimits::default());
            let shown = String::from_utf8_lossy(body);
            assert_eq!(found.problems, [], "{shown}");
            let texts = texts(&found);
            assert!(expected.iter().all(|text| texts.iter().any(|found| found == text)), "{shown}: {texts:?}");
        }
    }

    #[test]
    fn limits_and_unknown_charsets_are_problems() {
        use ProblemCode::*;
        let laughs: String =
            (1..12).map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10))).collect();
        for (body, code) in [
            ("<a>".repeat(4), XmlTooDeep),
            ("<?xml version=\"1.0\" encoding=\"utf-7\"?><a/>".to_owned(), XmlNotUtf8),
            (format!("<!DOCTYPE a [<!ENTITY e0 \"lol\">{laughs}]><a>&e11;</a>"), UnpackedTooDense),
        ] {
            let limits = ExtractLimits { max_depth: 3, ..ExtractLimits::default() };
            let found = read(body.as_bytes(), Ambiguity::Refuse, limits);
            // More than one reading may meet the limit.
            let mut codes: Vec<_> = found.problems.iter().map(|problem: &Problem| problem.code).collect();
            codes.dedup();
            assert_eq!(codes, [code], "{body}");
        }
    }

    #[test]
    fn a_document_is_read_in_the_charset_that_it_names() {
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>text\xe9</a>".to_vec();
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        for (body, charset) in [
            (latin, Charset::Utf8),
            (b"<a>text\xe9</a>".to_vec(), Charset::Latin),
            (b"<a>text\xe9</a>".to_vec(), Charset::Utf8),
            (utf16("<a>text\u{e9}</a>"), Charset::Utf8),
            (utf16("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>text\u{e9}</a>"), Charset::Utf8),
            (b"<?xml version=\"1.0\" encoding=\"utf-16\"?><a>text\xc3\xa9</a>".to_vec(), Charset::Utf8),
            (b"<?xml version=\"1.0\" encoding=\"windows-1251\"?><a>text\xe9</a>".to_vec(), Charset::Latin),
        ] {
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
                extract(&Bytes::from(body.clone()), charset, found);
            });
            assert!(texts(&found).iter().any(|text| text == "text\u{e9}"), "{}", String::from_utf8_lossy(&body));
            assert_eq!(found.problems, []);
        }
    }
}
