//! Where pages have their style sheets, and whether they are read as old pages are.
//!
//! Sources: WHATWG HTML §4.2.4 (`link`), §4.2.6 (`style`), §13.2.6.4.1 (quirks); Associating Style Sheets with XML §4.

use crate::content::ReferenceIn;
use crate::extract::html;

use super::hidden::attribute;
use super::references;
use super::styles::Source;

/// The sheet of a tag `link` with these `attributes`, if it carries one.
pub(super) fn linked(attributes: &[u8]) -> Option<Source> {
    let relations = attribute(attributes, b"rel")?.to_ascii_lowercase();
    let has = |name: &[u8]| relations.split(u8::is_ascii_whitespace).any(|one| one == name);
    let is_off = has(b"alternate") || attribute(attributes, b"disabled").is_some();
    let address = attribute(attributes, b"href").filter(|_| has(b"stylesheet") && !is_off)?;
    let (media, charset) = (attribute(attributes, b"media"), attribute(attributes, b"charset"));
    Some(Source::Linked { address, media: media.unwrap_or_default(), charset })
}

/// The sheet in an element `style` with these `attributes` and this `content`.
pub(super) fn written(attributes: &[u8], content: &[u8]) -> Option<Source> {
    let kind = attribute(attributes, b"type").unwrap_or_default();
    if !(kind.is_empty() || kind.eq_ignore_ascii_case(b"text/css")) {
        return None;
    }
    let media = attribute(attributes, b"media").unwrap_or_default();
    Some(Source::Written { sheet: plain(content), media })
}

/// The sheet that the instruction `text` of XML names, if it is one for that and carries the sheet.
pub(super) fn named(text: &[u8]) -> Option<Source> {
    let rest = text.strip_prefix(b"xml-stylesheet")?;
    let rest = rest.strip_suffix(b">").unwrap_or(rest);
    let address = attribute(rest.strip_suffix(b"?").unwrap_or(rest), b"href")?;
    Some(Source::Linked { address, media: attribute(rest, b"media").unwrap_or_default(), charset: None })
}

/// The content of an element `style` as XML has it, where it has marks of that.
fn plain(content: &[u8]) -> Vec<u8> {
    let content = content.trim_ascii();
    match content.strip_prefix(b"<![CDATA[") {
        Some(inside) => inside.strip_suffix(b"]]>").unwrap_or(inside).to_vec(),
        None => references::resolved(content, ReferenceIn::Text).unwrap_or_else(|| content.to_vec()),
    }
}

/// Whether `page` has no type of document, or an old one, so that browsers compare names of classes whatever their case.
pub(super) fn is_quirky(page: &[u8]) -> bool {
    let mut rest = page.strip_prefix(b"\xef\xbb\xbf").unwrap_or(page).trim_ascii_start();
    while let Some(comment) = rest.strip_prefix(b"<!--") {
        rest = comment[html::comment(comment).1..].trim_ascii_start();
    }
    let Some(doctype) = rest.get(..9).filter(|start| start.eq_ignore_ascii_case(b"<!doctype")).map(|_| &rest[9..])
    else {
        return true;
    };
    let end = memchr::memchr(b'>', doctype).unwrap_or(doctype.len());
    let doctype = doctype[..end].to_ascii_lowercase();
    let has = |words: &[u8]| memchr::memmem::find(&doctype, words).is_some();
    !doctype.trim_ascii_start().starts_with(b"html")
        || has(b"public") && !has(b"xhtml 1.") && !(has(b"html 4.01") && has(b"http://"))
}
