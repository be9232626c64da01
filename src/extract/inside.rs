//! What may be found inside a part: containers, encoded files, files in the middle of other bytes.

use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::carve::Streams;
use super::container::{Container, Coverage, open_bare};
use super::dissection::Dissection;
use super::encoded::Runs;
use super::{carve, encoded, json, legible, serialised, xml};

/// Looks into `part`, which has just been handed out.
pub(super) fn look(part: &Part, found: &mut Dissection<'_>) {
    if matches!(part.kind, PartKind::Samples | PartKind::Drawing) || found.is_over() {
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
    // What a container holds comes by itself.
    let (mut streams, mut runs) = (Streams::LeftOut, Runs::LeftOut);
    if !containers.iter().any(|container| container.is_all_of_file()) {
        let is_picture = carve::begins_as_picture(&part.bytes);
        if !is_picture {
            open_bare(part, found);
        }
        streams = if is_picture { Streams::Marked } else { Streams::Unpacked };
        let is_read = serialised::extract(part, found);
        // So do values of XML and JSON.
        let is_plain = !is_read && part.kind != PartKind::Envelope;
        runs = if is_plain { Runs::Sought } else { Runs::LeftOut };
    }
    for container in containers {
        coverage = coverage.max(container.open(part, found));
    }
    encoded::extract(part, runs, found);
    look_for_hidden(part, coverage, streams, found);
}

fn look_for_hidden(part: &Part, coverage: Coverage, streams: Streams, found: &mut Dissection<'_>) {
    let bytes = &part.bytes;
    // Some applications read a body as JSON or XML whatever it is called.
    if encoded::is_value(part) || part.kind == PartKind::Body {
        json::extract_if_it_looks_so(bytes, found);
        xml::extract_if_it_looks_so(bytes, found);
    }
    carve::extract_thumbnails(bytes, found);
    // Whatever lies in a carved file was found in what it was carved from.
    if part.kind == PartKind::Carved {
        return;
    }
    match coverage {
        Coverage::Some => carve::extract_with(bytes, streams, found),
        // Tools that look for a directory at the end find one whatever container the bytes are.
        Coverage::Entries => carve::extract_archives(bytes, found),
        Coverage::All => {}
    }
}
