//! XML bodies: the text of every element and the value of every attribute as a part of its own.
//!
//! No entity is ever expanded. A document that declares any, or uses one that is not of the five that XML knows, means
//! whatever its reader's settings make of it, and is a problem; so are declarations of its own, which can give elements
//! attributes that do not stand in them.
//!
//! Readers differ in what the text of an element with children or comments is: the stretches one by one, its own text
//! alone, or all text below it. Each is a part.
//!
//! Source: XML 1.0, fifth edition, §2.3 to §2.11 and §4.4.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::charset::Charset;
use super::dissection::Dissection;

/// Adds the texts of `body`, up to the first fault; past it, where every reading is inspected, whatever some reader may
/// take for one.
pub(super) fn extract(body: &Bytes, charset: Charset, found: &mut Dissection<'_>) {
    let foreign = transcoded(body);
    if foreign.is_some() || !charset.reads_like_utf8(body) || declares_foreign_encoding(body) {
        found.ambiguous(ProblemCode::XmlNotUtf8, None);
    }
    let other_reading = foreign.filter(|_| found.reads_all());
    for text in other_reading.iter().chain([body]) {
        if let Err((code, offset)) = walk(text, found) {
            found.ambiguous(code, Some(offset));
            if found.reads_all() {
                extract_stretches(text, found);
            }
        }
    }
}

/// Adds the texts of a value that is XML by its looks only, such as a form's field.
pub(super) fn extract_if_it_looks_so(value: &Bytes, found: &mut Dissection<'_>) {
    if value.trim_ascii_start().starts_with(b"<?xml") && walk(value, found).is_err() {
        extract_stretches(value, found);
    }
}

type Fault = (ProblemCode, usize);

fn walk(body: &Bytes, found: &mut Dissection<'_>) -> Result<(), Fault> {
    let text = str::from_utf8(body).map_err(|error| (ProblemCode::XmlNotUtf8, error.valid_up_to()))?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut walker = Walker { found, open: Vec::new() };
    loop {
        let at = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|_| (ProblemCode::XmlInvalid, at))?;
        if event == Event::Eof {
            return if walker.open.is_empty() { Ok(()) } else { Err((ProblemCode::XmlInvalid, at)) };
        }
        walker.take(event).map_err(|code| (code, at))?;
        if walker.found.is_over() {
            return Ok(());
        }
    }
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
    open: Vec<Element>,
}

impl Walker<'_, '_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), ProblemCode> {
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
            Event::DocType(declaration) if declaration.contains('[') => Err(ProblemCode::XmlDeclarations),
            Event::DocType(_) | Event::Decl(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), ProblemCode> {
        if self.open.len() >= self.found.limits().max_depth {
            return Err(ProblemCode::XmlTooDeep);
        }
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| ProblemCode::XmlInvalid)?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| ProblemCode::XmlEntities)?;
            self.add(value.as_ref());
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

    fn text(&mut self, text: &str) -> Result<(), ProblemCode> {
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
            None => Err(ProblemCode::XmlInvalid),
        }
    }

    fn reference(&mut self, name: &str) -> Result<(), ProblemCode> {
        match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                let character = code.ok().and_then(char::from_u32).ok_or(ProblemCode::XmlInvalid)?;
                self.text(character.encode_utf8(&mut [0; 4]))
            }
            None => self.text(resolve_xml_entity(name).ok_or(ProblemCode::XmlEntities)?),
        }
    }

    fn add(&mut self, text: &str) {
        if !text.trim().is_empty() {
            add(text, self.found);
        }
    }
}

fn add(text: &str, found: &mut Dissection<'_>) {
    if let Some(text) = found.keep(text.as_bytes(), text.len()) {
        found.add(Part::new(PartKind::XmlText, text), None);
    }
}

/// Adds every stretch between two angle brackets or two quotation marks, with its references resolved as well as can be:
/// whatever forgives faults takes its texts from those.
fn extract_stretches(body: &Bytes, found: &mut Dissection<'_>) {
    for marks in [&b"<>"[..], b"\"", b"'"] {
        for stretch in body.split(|byte| marks.contains(byte)) {
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

/// The body in UTF-8, if its first bytes are those of a document in UTF-16 (appendix F).
fn transcoded(body: &[u8]) -> Option<Bytes> {
    let encoding = match body {
        [0xfe, 0xff, ..] | [0, b'<', ..] => UTF_16BE,
        [0xff, 0xfe, ..] | [b'<', 0, ..] => UTF_16LE,
        _ => return None,
    };
    Some(encoding.decode_with_bom_removal(body).0.into_owned().into())
}

/// Whether the declaration at the start names an encoding in which the body reads otherwise than in UTF-8.
fn declares_foreign_encoding(body: &[u8]) -> bool {
    let end = memchr::memchr(b'>', &body[..body.len().min(512)]);
    let declaration = String::from_utf8_lossy(&body[..end.unwrap_or_default()]);
    let Some((_, rest)) = declaration.split_once("encoding") else {
        return false;
    };
    let label: String = rest.chars().skip_while(|c| !c.is_alphanumeric()).take_while(|c| !"\"'".contains(*c)).collect();
    let is_known = Encoding::for_label(label.as_bytes()).is_some_and(Encoding::is_ascii_compatible);
    let is_utf8 = label.eq_ignore_ascii_case("utf-8") || label.eq_ignore_ascii_case("us-ascii");
    !(is_utf8 || is_known && body.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;
    use crate::extract::{Extraction, Problem};

    fn read(body: &[u8], ambiguity: Ambiguity, limits: ExtractLimits) -> Extraction {
        gathered(&limits, ambiguity, |found| extract(&Bytes::copy_from_slice(body), Charset::Utf8, found))
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
    fn entities_and_faults_are_problems_and_never_expanded() {
        use ProblemCode::*;
        let deep = "<a>".repeat(4);
        for (body, code) in [
            ("<!DOCTYPE a [<!ENTITY e \"EVIL\">]><a>&e;</a>", XmlDeclarations),
            ("<!DOCTYPE a [<!ATTLIST a b CDATA \"EVIL\">]><a/>", XmlDeclarations),
            ("<a>&e;</a>", XmlEntities),
            ("<a b=\"&e;\"/>", XmlEntities),
            ("<a>&#xd800;</a>", XmlInvalid),
            ("<a><b></a>", XmlInvalid),
            ("<a>", XmlInvalid),
            ("no markup", XmlInvalid),
            ("<a/>trailing", XmlInvalid),
            ("<a b=1/>", XmlInvalid),
            ("<?xml version=\"1.0\" encoding=\"utf-7\"?><a/>", XmlNotUtf8),
            (&deep, XmlTooDeep),
        ] {
            let limits = ExtractLimits { max_depth: 3, ..ExtractLimits::default() };
            let found = read(body.as_bytes(), Ambiguity::Refuse, limits);
            assert_eq!(
                found.problems.iter().map(|problem: &Problem| problem.code).collect::<Vec<_>>(),
                [code],
                "{body}"
            );
        }
    }

    #[test]
    fn where_every_reading_is_inspected_faults_hide_nothing() {
        let utf16: Vec<u8> = "<a>texté</a>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (body, text) in [
            (&b"<a><b>text</a>"[..], "text"),
            (b"<a b='text'", "text"),
            (b"<!DOCTYPE a [<!ENTITY e \"text\">]><a>&e;</a>", "text"),
            (&utf16, "texté"),
        ] {
            let found = read(body, Ambiguity::InspectAll, ExtractLimits::default());
            assert!(texts(&found).iter().any(|found| found == text), "{body:?}");
            assert_eq!(found.problems, []);
        }
    }
}
