//! Compound files, which documents of Office were until 2007, mails of Outlook still are, and whatever Office encrypts.
//!
//! Every stream is handed out as it is, joined from its sectors, so that pictures and files in it are found; beside
//! that comes what each format says in it, as text. A stream is told by its name alone, in whatever storage it is:
//! documents in documents are storages with the same inside.

mod blips;
mod code_page;
mod compound;
mod cover;
mod default_password;
mod embedded;
mod excel;
mod message;
mod packed_rtf;
mod powerpoint;
mod properties;
mod sectors;
mod text;
mod word;

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, carve, legible};

use super::Coverage;
pub(super) use blips::hand_out_bitmap;
use compound::CompoundFile;
pub(in crate::extract) use embedded::open as hand_out_embedded;
use message::Property;
use text::{OfficeText, push_runs};

/// The storage of what tables in a workbook are made from, in records as in the workbook.
const CACHES: &str = "_sx_db_cur";

/// Whether `bytes` are a compound file.
pub(super) fn is_compound(bytes: &[u8]) -> bool {
    bytes.starts_with(compound::MAGIC)
}

/// Hands out every stream, and what documents and mails say.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let Some(mut file) = CompoundFile::read(bytes, found) else {
        found.report(ProblemCode::ContainerBroken, None);
        return Coverage::Some;
    };
    let charset = message::charset(&mut file, found);
    for index in file.streams() {
        if found.is_over() {
            return Coverage::Some;
        }
        legible::show_name(file.name(index).as_bytes(), found);
        if let Some(content) = file.stream(index, found) {
            open_stream(index, content, &mut file, charset, found);
        }
    }
    if !file.is_sound() {
        return Coverage::Some;
    }
    file.carve_unused(bytes, found);
    Coverage::Entries
}

/// Hands out one stream and shows what it says.
fn open_stream(
    index: usize,
    content: Bytes,
    file: &mut CompoundFile,
    charset: Option<&'static str>,
    found: &mut Dissection<'_>,
) {
    let (key, storage) = (file.key(index), file.parent(index));
    if let Some(property) = Property::named(&key) {
        return message::open(property, index, content, file, charset, found);
    }
    let part = Part::new(PartKind::Entry, content.clone()).named(file.path(index));
    if key == "\u{1}ole10native" {
        found.show(part, None);
        return embedded::open(&content, found);
    }
    if key.starts_with('\u{5}') {
        // It begins as UTF-16 does, and is none.
        found.show(part, None);
        carve::extract(&content, found);
        return properties::show(&content, found);
    }
    found.add(part, None);
    match key.as_str() {
        "worddocument" => {
            blips::extract(&content, found);
            word::show(&content, |name, found| file.stream_called(storage, name, found), found);
        }
        "data" | "pictures" => blips::extract(&content, found),
        "workbook" | "book" => excel::show(&content, found),
        _ if file.key(storage) == CACHES => excel::show(&content, found),
        "powerpoint document" => powerpoint::show(&content, found),
        "current user" if powerpoint::says_encrypted(&content) => {
            found.report(ProblemCode::ContainerEncrypted, None);
        }
        "encryptedpackage" => {
            let info = file.stream_called(storage, "encryptioninfo", found);
            match info.and_then(|info| default_password::document(&info, &content, found)) {
                Some(document) => found.add(Part::new(PartKind::Entry, document).named("document"), None),
                None => found.report(ProblemCode::ContainerEncrypted, None),
            }
        }
        "\u{9}drmcontent" => found.report(ProblemCode::ContainerEncrypted, None),
        _ => show_strings(&content, found),
    }
}

/// Shows the texts in a stream that nobody here knows: of Visio, Publisher or Hangul, and names in tables of Word.
fn show_strings(content: &[u8], found: &mut Dissection<'_>) {
    let mut strings = OfficeText::new(content.len(), found);
    push_runs(content, &mut strings, found);
    strings.show(PartKind::Text, "strings", found);
}

/// Hands out what `packed`, the body of a mail as Outlook keeps it, holds. What does not unpack is no such thing.
pub(super) fn hand_out_packed_rtf<'a>(packed: &[u8], found: &mut Dissection<'a>) {
    let mut output = found.output();
    if packed_rtf::unpack(packed, &mut output, found) {
        found.add_output(PartKind::Entry, output);
    }
}

#[cfg(test)]
mod tests;
