//! Archives of xar, such as packages of macOS and Safari extensions.
//!
//! Source: "xar format", github.com/mackyle/xar/wiki/xarformat: a header, a table of contents in XML, compressed by
//! zlib, and after it the heap, in which every file has a place, a length and an encoding of its own.

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::body::{Coding, End};
use crate::content::number::{be_u16_at, be_u64_at, clamped};
use crate::content::{Part, PartKind, ReferenceIn, character_reference};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::{Coverage, within};

const MAGIC: &[u8] = b"xar!\0\x1c";

/// Elements inside each other that are followed.
const MAX_DEPTH: usize = 256;

/// How content lies in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Packed(Coding),
    Unknown,
}

/// What the table says of one place in the heap.
#[derive(Debug)]
struct Data {
    offset: u64,
    length: u64,
    encoding: Encoding,
}

impl Default for Data {
    fn default() -> Self {
        Self { offset: 0, length: 0, encoding: Encoding::Plain }
    }
}

pub(super) fn is_xar(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Hands out the table and the files.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let header = be_u16_at(bytes, 4).map_or(0, usize::from);
    let length = be_u64_at(bytes, 8).unwrap_or_default();
    let heap = header.saturating_add(clamped(length));
    let Some(packed) = bytes.get(header..heap) else {
        found.report(ProblemCode::ContainerBroken, None);
        return Coverage::Some;
    };
    let mut output = found.output();
    let end = found.unpack(Coding::Zlib, packed, &mut output);
    found.report_limit(end);
    let table = found.take(output).unwrap_or_default();
    if end == End::Broken {
        found.report(ProblemCode::ContainerBroken, Some(header));
    }
    found.add(Part::new(PartKind::Entry, table.clone()).named("toc"), Some(header));
    Table { bytes, heap, found }.read(&table);
    Coverage::Some
}

struct Table<'t, 'd> {
    bytes: &'t Bytes,
    heap: usize,
    found: &'t mut Dissection<'d>,
}

impl Table<'_, '_> {
    fn read(&mut self, table: &[u8]) {
        let table = String::from_utf8_lossy(table);
        let mut reader = Reader::from_str(&table);
        let mut path: Vec<String> = Vec::new();
        let mut text = String::new();
        let mut name = String::new();
        let mut data = Data::default();
        loop {
            match reader.read_event() {
                Ok(Event::Start(element)) if path.len() < MAX_DEPTH => {
                    let element_name = element.local_name().as_ref().to_owned();
                    match &*element_name {
                        "data" | "ea" => data = Data::default(),
                        "encoding" => data.encoding = encoding(&element),
                        _ => {}
                    }
                    text.clear();
                    path.push(element_name);
                }
                Ok(Event::Empty(element)) if element.local_name().as_ref() == "encoding" => {
                    data.encoding = encoding(&element);
                }
                Ok(Event::Text(piece)) => text.push_str(&piece),
                Ok(Event::CData(piece)) => text.push_str(&piece),
                Ok(Event::GeneralRef(name)) => {
                    let reference = format!("&{};", &*name);
                    let meant = character_reference(reference.as_bytes(), ReferenceIn::Text);
                    text.push_str(&meant.map(|(meant, _)| meant.to_string()).unwrap_or(reference));
                }
                Ok(Event::End(_)) => {
                    let closed = path.pop().unwrap_or_default();
                    let number = || text.trim().parse().ok();
                    match &*closed {
                        "offset" => data.offset = number().unwrap_or(data.offset),
                        "length" => data.length = number().unwrap_or(data.length),
                        "name" => name = self.named(text.as_bytes()),
                        "data" | "ea" => self.hand_out(&data, &name),
                        _ => {}
                    }
                    text.clear();
                }
                Ok(Event::Eof) => return,
                Ok(_) => {}
                Err(_) => return self.found.report(ProblemCode::ContainerBroken, None),
            }
            if self.found.is_over() {
                return;
            }
        }
    }

    fn named(&mut self, name: &[u8]) -> String {
        legible::show_name(name, self.found);
        String::from_utf8_lossy(name).into_owned()
    }

    fn hand_out(&mut self, data: &Data, name: &str) {
        let start = self.heap.saturating_add(clamped(data.offset));
        let end = start.saturating_add(clamped(data.length));
        let whole = self.bytes.len();
        if end > whole {
            self.found.report(ProblemCode::ContainerBroken, Some(start.min(whole)));
        }
        let content = within(self.bytes, start, end);
        let content = match data.encoding {
            _ if content.is_empty() => return,
            Encoding::Plain => Some(content),
            Encoding::Packed(coding) => self.unpacked(coding, &content),
            Encoding::Unknown => {
                self.found.report(ProblemCode::ContainerMethodUnknown, Some(start));
                Some(content)
            }
        };
        if let Some(content) = content.filter(|content| !content.is_empty()) {
            self.found.add(Part::new(PartKind::Entry, content).named(name), Some(start));
        }
    }

    fn unpacked(&mut self, coding: Coding, content: &[u8]) -> Option<Bytes> {
        let mut output = self.found.output();
        let end = self.found.unpack(coding, content, &mut output);
        if end == End::Broken {
            self.found.report(ProblemCode::ContainerBroken, None);
        }
        self.found.report_limit(end);
        self.found.take(output)
    }
}

/// What is called gzip is zlib.
fn encoding(element: &BytesStart<'_>) -> Encoding {
    let style = element.attributes().flatten().find(|attribute| attribute.key.as_ref() == "style");
    match style.as_ref().map(|style| &*style.value) {
        None | Some("application/octet-stream") => Encoding::Plain,
        Some("application/x-gzip") => Encoding::Packed(Coding::Zlib),
        Some("application/x-bzip2") => Encoding::Packed(Coding::Bzip2),
        Some("application/x-xz") => Encoding::Packed(Coding::Xz),
        Some("application/x-lzma") => Encoding::Packed(Coding::LzmaAlone),
        Some(_) => Encoding::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{LISTED, codes, entries, fixture, listed, opened};

    #[test]
    fn archives_are_opened() {
        let found = opened(fixture("bsdtar.xar"));
        assert_eq!((codes(&found), listed(&found)), (vec![], 1));
        assert!(entries(&found).iter().any(|(name, content)| *name == "listed.txt" && *content == LISTED));
    }

    #[test]
    fn damaged_archives_give_what_can_be_read() {
        let whole = fixture("bsdtar.xar");
        for cut in [10, 300, whole.len() - 100] {
            assert!(codes(&opened(whole[..cut].to_vec())).contains(&ProblemCode::ContainerBroken), "{cut}");
        }
        let toc =
            b"<xar><toc><file><name>a</name><data><offset>0</offset><length>9</length><encoding style=\"x\"/></data>";
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(toc, 6);
        let lengths = [(packed.len() as u64).to_be_bytes(), (toc.len() as u64).to_be_bytes()].concat();
        let archive = [&b"xar!\0\x1c\0\x01"[..], &lengths, &[0; 4], &packed, &[7; 20]].concat();
        assert_eq!(codes(&opened(archive)), [ProblemCode::ContainerMethodUnknown]);
    }

    proptest::proptest! {
        #[test]
        fn no_archive_makes_it_panic(at in 0..1400_usize, value: u8) {
            let mut bytes = fixture("bsdtar.xar").to_vec();
            bytes[at] = value;
            opened(bytes);
        }
    }
}
