//! Data URIs of pages and drawings that are there only once markup is read as browsers read it: in another charset,
//! with entities of the document's own, with character references in the address or its head.
//!
//! What stands plainly in a text is found without that; references in data that is base64 are resolved there, too.
//!
//! Sources: XML 1.0 §4; WHATWG HTML §13.2.5.72 (references in attributes); URL §"basic URL parser".

use bytes::Bytes;
use memchr::{memchr, memchr_iter, memchr2, memrchr2};

use crate::content::{ReferenceIn, character_reference};
use crate::extract::dissection::Dissection;
use crate::extract::{charset, drawing, legible, xml};

use super::data_uri;

/// How addresses begin.
const SCHEME: &[u8] = b"data:";

/// Hands out the content of every data URI in `text` that is not written plainly, and what pictures show together; it
/// is `declared` to be of a type, which may name its charset. Time is linear in the text.
pub(in crate::extract) fn find(text: &Bytes, declared: Option<&str>, found: &mut Dissection<'_>) {
    let recoded = recoded(text, found);
    if let Some(text) = &recoded {
        data_uri::find(text, found);
    }
    let text = recoded.as_ref().unwrap_or(text);
    let expanded = xml::expanded(text, found);
    if let Some(text) = &expanded {
        data_uri::find(text, found);
    }
    let text = expanded.as_ref().unwrap_or(text);
    in_values(text, found);
    drawing::show(text, declared, found);
}

/// Hands out what pictures in `text`, whose values are parts already, show together.
pub(in crate::extract) fn pictures_together(text: &Bytes, declared: Option<&str>, found: &mut Dissection<'_>) {
    let recoded = recoded(text, found);
    let text = recoded.as_ref().unwrap_or(text);
    let expanded = xml::expanded(text, found);
    drawing::show(expanded.as_ref().unwrap_or(text), declared, found);
}

/// `text` in UTF-8, if it is markup in another encoding of Unicode.
fn recoded(text: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
    if begins_as_markup(text) { charset::by_first_bytes(text, found) } else { None }
}

/// Whether `text` may be markup in UTF-16 or UTF-32: it has a byte order mark, or a zero beside its first bracket.
fn begins_as_markup(text: &[u8]) -> bool {
    matches!(text, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'<', 0, ..] | [0, b'<', ..] | [0, 0, 0, b'<', ..])
        || text.starts_with(b"\0\0\xfe\xff")
}

/// Hands out what is in values of attributes whose references hide an address, or its head.
fn in_values(text: &[u8], found: &mut Dissection<'_>) {
    if memchr(b'<', text).is_none() {
        return;
    }
    let mut start = 0;
    // Whether there may be another of the quotation marks.
    let mut may_end = [true; 2];
    for at in memchr_iter(b'&', text) {
        if at < start || character_reference(&text[at..], ReferenceIn::Attribute).is_none() {
            continue;
        }
        if found.is_over() {
            return;
        }
        start += memrchr2(b'"', b'\'', &text[start..at]).map_or(0, |before| before + 1);
        let end = memchr2(b'"', b'\'', &text[at..]).map_or(text.len(), |length| at + length);
        let mut next = end + 1;
        if let Some(mut value) = resolved(&text[start..end]) {
            let quote = start.checked_sub(1).map(|before| text[before]);
            if let Some(quote) = quote.filter(|_| is_address(&value)) {
                let may_end = &mut may_end[usize::from(quote == b'\'')];
                let length = if *may_end { memchr(quote, &text[start..]) } else { None };
                *may_end = length.is_some();
                if let Some(longer) = length.and_then(|length| resolved(&text[start..start + length])) {
                    next = start + length.unwrap_or_default() + 1;
                    value = longer;
                }
            }
            data_uri::find(&value.into(), found);
        }
        start = next;
    }
}

/// `value` with its references resolved and without what addresses have none of, if a reference may hide that there is
/// an address in it, or what that says.
fn resolved(value: &[u8]) -> Option<Vec<u8>> {
    memchr(b'&', value)?;
    let head = &value[..memchr(b',', value).unwrap_or(value.len())];
    // Of such the data is read with references already.
    if is_address(head) && memchr(b'&', head).is_none() && data_uri::is_base64(head) {
        return None;
    }
    let mut resolved = legible::resolved(value, ReferenceIn::Attribute)?;
    resolved.retain(|byte| !matches!(byte, b'\t' | b'\n' | b'\r'));
    memchr(b':', &resolved).is_some().then_some(resolved)
}

/// Whether `value` is a data URI.
fn is_address(value: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    value.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;
    use crate::config::Ambiguity;
    use crate::content::{ExtractLimits, Part, PartKind, assert_linear};
    use crate::extract::dissection::testing::gathered;

    const LISTED: &[u8] = b"listed, and nobody wants it";

    /// How often the listed bytes come out of a file of these bytes.
    fn listed(file: &[u8]) -> usize {
        let part = Part::new(PartKind::File, Bytes::copy_from_slice(file));
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None));
        assert_eq!(found.problems, [], "{}", String::from_utf8_lossy(file));
        found.parts.iter().filter(|part| part.bytes == LISTED).count()
    }

    #[test]
    fn addresses_are_read_as_browsers_read_them() {
        let data = BASE64.encode(LISTED);
        let lines = data.as_bytes().chunks(7).map(|line| String::from_utf8_lossy(line).into_owned());
        let lines = lines.collect::<Vec<_>>();
        let long = "y".repeat(3000);
        for value in [
            format!("data:image/png;base64,{data}"),
            format!("da&#116;a:image/png;base64,{data}"),
            format!("&#x64;ata&colon;image/png;base64,{data}"),
            format!("  da&Tab;ta:image/png;base64&comma;{data}"),
            format!("da\n\tta:image/png;base64,{data}"),
            format!("data:image/png&semi;base64,{data}"),
            format!("data:image/png; base64 ,{data}"),
            format!("data:image/png;x=&quot;a, b&quot;;base64,{data}").replace(", ", " "),
            format!("data:image/png;x={long};base64,{data}"),
            format!("data:image/png;x=data:;y={long};base64,{data}"),
            format!("data:image/png;base64,{}", lines.join("\n")),
            format!("data:image/png;base64,{}", lines.join("&#10;")),
            format!("data:image/png;base64,{}", lines.join("%0A")),
            format!("data:image/png,{}", String::from_utf8_lossy(LISTED).replace(' ', "%20")),
        ] {
            for text in [
                format!("<svg><image href=\"{value}\"/></svg>"),
                format!("<p>text<img src='{value}'>"),
                format!("<?xml version=\"1.0\"?><svg><image a=\"it's\" href=\"{value}\"/></svg>"),
            ] {
                assert!(listed(text.as_bytes()) > 0, "{text}");
            }
        }
    }

    #[test]
    fn documents_in_other_charsets_and_with_entities_of_their_own_are_read() {
        let data = BASE64.encode(LISTED);
        let text = format!("<svg><image href=\"data:image/png;base64,{data}\"/></svg>");
        let units = |mark: &str| format!("{mark}{text}").encode_utf16().collect::<Vec<u16>>();
        for file in [
            units("\u{feff}").into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            units("\u{feff}").into_iter().flat_map(u16::to_be_bytes).collect(),
            units("").into_iter().flat_map(u16::to_le_bytes).collect(),
            format!("<!DOCTYPE svg [<!ENTITY d \"{data}\">]><svg><image href=\"data:;base64,&d;\"/></svg>").into(),
            format!(
                "<!DOCTYPE svg [<!ENTITY a 'da'><!ENTITY b '&a;ta'>]><svg><image href='&b;:;base64,{data}'/></svg>"
            )
            .into(),
        ] {
            assert_eq!(listed(&file), 1, "{}", String::from_utf8_lossy(&file));
        }
    }

    #[test]
    fn what_is_found_twice_is_handed_out_once() {
        let data = BASE64.encode(LISTED);
        let head = "<!DOCTYPE svg [<!ENTITY ns \"http://www.w3.org/2000/svg\">]><svg xmlns=\"&ns;\">";
        assert_eq!(listed(format!("{head}<image href=\"data:image/png;base64,{data}\"/></svg>").as_bytes()), 1);
    }

    #[test]
    fn hidden_addresses_are_found_in_time_that_is_linear() {
        for piece in ["<a b=\"d&#97;ta:\"", "&#100;ata:'<", "<a b='&amp;data:;base64,QUJD\""] {
            assert_linear(1_000, |count| assert_eq!(listed(piece.repeat(count).as_bytes()), 0));
        }
    }
}
