//! What may be found inside a part: containers, encoded files, files in the middle of other bytes.

use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::container::{Container, Coverage};
use super::dissection::Dissection;
use super::{carve, encoded, json, legible, xml};

/// Looks into `part`, which has just been handed out.
pub(super) fn look(part: &Part, found: &mut Dissection<'_>) {
    if part.kind == PartKind::Samples || found.is_over() {
        return;
    }
    legible::show_texts(part, found);
    let containers = Container::all_of(part);
    if found.is_too_deep() {
        if !containers.is_empty() {
            found.report(ProblemCode::NestedTooDeep, None);
        }
        return;
    }
    // The same bytes may be several containers at once: a program is also the archive behind it.
    let mut coverage = Coverage::Some;
    for container in containers {
        coverage = coverage.max(container.open(part, found));
    }
    look_for_hidden(part, coverage, found);
}

fn look_for_hidden(part: &Part, coverage: Coverage, found: &mut Dissection<'_>) {
    let bytes = &part.bytes;
    if part.kind == PartKind::Envelope {
        encoded::pictures_together(bytes, found);
    } else {
        encoded::data_uris(part, found);
    }
    if is_value(part) {
        encoded::whole_value(bytes, found);
    }
    // Some applications read a body as JSON or XML whatever it is called.
    if is_value(part) || part.kind == PartKind::Body {
        json::extract_if_it_looks_so(bytes, found);
        xml::extract_if_it_looks_so(bytes, found);
    }
    if part.kind == PartKind::Body {
        encoded::whole_body(bytes, found);
    }
    carve::extract_thumbnails(bytes, found);
    // Whatever lies in a carved file was found in what it was carved from.
    if part.kind == PartKind::Carved {
        return;
    }
    match coverage {
        Coverage::Some => carve::extract(bytes, found),
        // Tools that look for a directory at the end find one whatever container the bytes are.
        Coverage::Entries => carve::extract_archives(bytes, found),
        Coverage::All => {}
    }
}

/// Whether an application gets the part as one value, which it may well decode.
fn is_value(part: &Part) -> bool {
    match part.kind {
        PartKind::Field | PartKind::JsonString | PartKind::XmlText | PartKind::Reading => true,
        // Encoded twice.
        PartKind::Decoded => str::from_utf8(&part.bytes).is_ok(),
        _ => false,
    }
}
