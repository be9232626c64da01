//! Mails of Outlook (MS-OXMSG): each property of a message, a recipient or an attachment is a stream that is called by
//! the number and the type of the property. Messages in messages are storages with the same inside.

use bytes::Bytes;
use memchr::memmem;

use crate::content::number::u32_at;
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;
use crate::extract::legible;

use super::code_page;
use super::compound::{CompoundFile, ROOT};
use super::packed_rtf;

/// How the names of streams begin that hold a property, in small letters.
const PREFIX: &str = "__substg1.0_";

/// The stream with the properties that have no stream of their own.
const FIXED: &str = "__properties_version1.0";

/// The properties that say in which charset texts of one byte a letter are: of the message, and of its HTML.
const CODE_PAGES: [u32; 2] = [0x3ffd_0003, 0x3fde_0003];

/// What a property holds.
const RTF: u16 = 0x1009;
const HTML: u16 = 0x1013;
const ATTACHED: u16 = 0x3701;
const MEDIA_TYPE: u16 = 0x370e;

/// Names of an attachment: long, short, and as it is shown.
const FILE_NAMES: [u16; 3] = [0x3707, 0x3704, 0x3001];

/// How a property is written.
const BYTES: u16 = 0x0102;
const TEXT_OF_BYTES: u16 = 0x001e;
const TEXT: u16 = 0x001f;

/// A type with this bit is a list, each item of which has a stream.
const LIST: u16 = 0x1000;

/// A property by the name of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Property {
    number: u16,
    kind: u16,
}

impl Property {
    /// `key` is the name of a stream in small letters. Source: §2.1.3.
    pub(super) fn named(key: &str) -> Option<Self> {
        let tag = key.strip_prefix(PREFIX)?;
        let number = u16::from_str_radix(tag.get(..4)?, 16).ok()?;
        let kind = u16::from_str_radix(tag.get(4..8)?, 16).ok()?;
        Some(Self { number, kind: kind & !LIST })
    }
}

fn stream_name(number: u16, kind: u16) -> String {
    format!("{PREFIX}{number:04x}{kind:04x}")
}

/// The label of the charset that texts of one byte a letter are in, where the message says one. All messages in one
/// file were written by one program.
pub(super) fn charset(file: &mut CompoundFile, found: &mut Dissection<'_>) -> Option<&'static str> {
    let fixed = file.stream_called(ROOT, FIXED, found)?;
    let value = |tag: u32| u32_at(&fixed, memmem::find(&fixed, &tag.to_le_bytes())? + 8);
    let encodings = CODE_PAGES.into_iter().filter_map(value).filter_map(|number| u16::try_from(number).ok());
    encodings.filter_map(code_page::encoding).next().map(|encoding| encoding.name())
}

/// Hands out the stream at `index`, which holds `property`, for what it is.
pub(super) fn open(
    property: Property,
    index: usize,
    content: Bytes,
    file: &mut CompoundFile,
    charset: Option<&'static str>,
    found: &mut Dissection<'_>,
) {
    let part = Part::new(PartKind::Entry, content).named(file.path(index));
    let storage = file.parent(index);
    match (property.number, property.kind) {
        (ATTACHED, BYTES) => {
            let name = FILE_NAMES.into_iter().find_map(|number| text_of(storage, number, file, found));
            let declared = text_of(storage, MEDIA_TYPE, file, found);
            found.add(Part { file_name: name, ..part.declared(declared) }, None);
        }
        (RTF, BYTES) => open_rtf(part, found),
        (HTML, BYTES | TEXT_OF_BYTES) => found.add(part.declared(typed("text/html", charset)), None),
        (number, TEXT) => {
            if FILE_NAMES.contains(&number) {
                legible::show_name(utf16(&part.bytes).as_bytes(), found);
            }
            found.add(part.declared(typed("text/plain", Some("utf-16le"))), None);
        }
        (_, TEXT_OF_BYTES) => found.add(part.declared(typed("text/plain", charset)), None),
        _ => found.add(part, None),
    }
}

fn typed(essence: &str, charset: Option<&str>) -> Option<String> {
    Some(charset.map_or_else(|| essence.to_owned(), |charset| format!("{essence}; charset={charset}")))
}

/// The text that a property of `storage` is.
fn text_of(storage: usize, number: u16, file: &mut CompoundFile, found: &mut Dissection<'_>) -> Option<String> {
    if let Some(text) = file.stream_called(storage, &stream_name(number, TEXT), found) {
        return Some(utf16(&text));
    }
    let text = file.stream_called(storage, &stream_name(number, TEXT_OF_BYTES), found)?;
    Some(String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned())
}

fn utf16(bytes: &[u8]) -> String {
    encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.trim_end_matches('\0').to_owned()
}

fn open_rtf(part: Part, found: &mut Dissection<'_>) {
    let mut output = found.output();
    if !packed_rtf::unpack(&part.bytes, &mut output, found) {
        found.report(ProblemCode::DocumentIllegible, None);
    }
    found.show(part, None);
    if let Some(text) = found.take(output).filter(|text| !text.is_empty()) {
        found.add(Part::new(PartKind::Entry, text).named("body.rtf").declared(typed("text/rtf", None)), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_told_by_the_names_of_their_streams() {
        for (name, property) in [
            ("__substg1.0_0037001f", Some((0x37, 0x1f))),
            ("__substg1.0_8001101f-00000002", Some((0x8001, 0x1f))),
            ("__substg1.0_37010102", Some((ATTACHED, BYTES))),
            ("__substg1.0_0037", None),
            ("__substg1.0_003ü001f", None),
            ("0037001f", None),
        ] {
            let expected = property.map(|(number, kind)| Property { number, kind });
            assert_eq!(Property::named(name), expected, "{name}");
        }
    }
}
