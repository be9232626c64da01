//! Mail (RFC 5322) and what is attached to it (MIME, RFC 2045 and 2046), and mailboxes of such (RFC 4155).
//!
//! Headers are read by `mail-parser`; bodies are split and decoded here, where parts are slices and limits hold. A mail
//! is never wrong: what is odd about it is read as leniently as any reader does, and where a header is there more than
//! once, each of its values is followed.

mod texts;
mod transfer;

use std::collections::HashSet;

use bytes::Bytes;
use mail_parser::{ContentType, HeaderName, HeaderValue, Message, MessageParser, MimeHeaders};
use memchr::memmem;

use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::Coverage;
use transfer::Transfer;

/// Of these headers, two tell a mail.
const TELLING: [&str; 8] = ["from", "to", "subject", "date", "received", "mime-version", "message-id", "return-path"];

/// So do these two: programs that sign write no others.
const TELLING_TOGETHER: [&str; 2] = ["mime-version", "content-type"];

/// Bytes among which they have to be: servers on the way put theirs in front.
const TELLING_WITHIN: usize = 64 << 10;

/// Most bytes of the headers of a mail or one of its parts. Servers take 64 KiB to 1 MiB.
const MAX_HEADERS: usize = 1 << 20;

/// Most multiparts inside each other. Servers take 10 to 100.
const MAX_MULTIPARTS: usize = 32;

/// What a mail in another one is declared as.
const MAIL_TYPE: &str = "message/rfc822";

/// The line that begins a mail in a mailbox.
const MAILBOX_LINE: &[u8] = b"From ";

/// Whether `part` is a mail: it is called one, or has two of the headers that tell.
pub(super) fn is_mail(part: &Part) -> bool {
    let is_declared = part.declared_type.as_deref().is_some_and(|declared| {
        let declared = declared.trim_start().as_bytes();
        declared.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"message/"))
    });
    let names = [&part.file_name, &part.name];
    let is_called =
        |name: &Option<String>| name.as_deref().is_some_and(|name| name.to_ascii_lowercase().ends_with(".eml"));
    !part.bytes.is_empty() && (is_declared || names.into_iter().any(is_called) || has_telling_headers(&part.bytes))
}

fn has_telling_headers(bytes: &[u8]) -> bool {
    let mut told = [false; TELLING.len()];
    let mut told_together = [false; TELLING_TOGETHER.len()];
    for line in bytes[..bytes.len().min(TELLING_WITHIN)].split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            break;
        }
        let Some(colon) = memchr::memchr(b':', &line[..line.len().min(64)]) else {
            continue;
        };
        let name = line[..colon].trim_ascii_end();
        let headers = told.iter_mut().zip(TELLING).chain(told_together.iter_mut().zip(TELLING_TOGETHER));
        for (told, telling) in headers {
            *told |= name.eq_ignore_ascii_case(telling.as_bytes());
        }
    }
    told.iter().filter(|told| **told).count() >= 2 || told_together.iter().all(|told| *told)
}

/// A part of `content` that was signed: one of a mail where it begins as these do.
pub(super) fn part_of(content: Bytes) -> Part {
    let begins_with = |name: &[u8]| content.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let is_of_mail = begins_with(b"content-") || begins_with(b"mime-version:");
    Part::new(PartKind::Entry, content).declared(is_of_mail.then(|| MAIL_TYPE.to_owned()))
}

/// Hands out what is in a mail, or the mails of a mailbox.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let mut seen = HashSet::new();
    if !bytes.starts_with(MAILBOX_LINE) {
        open_entity(bytes, 0, &mut seen, found);
        return Coverage::Some;
    }
    let starts: Vec<usize> =
        memmem::find_iter(bytes, b"\nFrom ").map(|at| at + 1).take(found.limits().max_parts).collect();
    let ends = starts.iter().copied().chain([bytes.len()]);
    for (start, end) in std::iter::once(0).chain(starts.iter().copied()).zip(ends) {
        let line = memchr::memchr(b'\n', &bytes[start..end]).map_or(end, |length| start + length + 1);
        if start == 0 && end == bytes.len() {
            open_entity(&bytes.slice(line..), 0, &mut seen, found);
        } else if line < end && !found.is_over() {
            let mail = Part::new(PartKind::Entry, bytes.slice(line..end)).declared(Some(MAIL_TYPE.to_owned()));
            found.add(mail, Some(start));
        }
    }
    Coverage::Some
}

/// Takes apart headers and a body, `depth` multiparts deep, unless the same bytes have been `seen`.
fn open_entity(bytes: &Bytes, depth: usize, seen: &mut HashSet<(usize, usize)>, found: &mut Dissection<'_>) {
    if !seen.insert((bytes.as_ptr().addr(), bytes.len())) || found.is_over() {
        return;
    }
    let body = body_start(bytes);
    if body > MAX_HEADERS {
        return found.report(ProblemCode::MultipartHeaderTooLong, None);
    }
    let head = bytes.slice(..body);
    let headers = Headers::read(&head);
    open_body(&bytes.slice(body..), &headers, depth, seen, found);
    texts::show(&head, found);
}

/// Takes apart the body that belongs to `headers`.
fn open_body(
    body: &Bytes,
    headers: &Headers<'_>,
    depth: usize,
    seen: &mut HashSet<(usize, usize)>,
    found: &mut Dissection<'_>,
) {
    let boundaries = headers.boundaries();
    if boundaries.is_empty() {
        return hand_out(body, headers, found);
    }
    if depth >= MAX_MULTIPARTS {
        return found.report(ProblemCode::NestedTooDeep, None);
    }
    for boundary in boundaries {
        let parts = [Ending::Exact, Ending::Any].map(|ending| split(body, &boundary, ending));
        if parts.iter().all(Vec::is_empty) {
            hand_out(body, headers, found);
        }
        for part in parts.iter().flatten() {
            open_entity(part, depth + 1, seen, found);
        }
    }
}

/// Where the body begins: behind the first empty line.
fn body_start(bytes: &[u8]) -> usize {
    let mut at = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        if bytes[at..end].trim_ascii().is_empty() || end > MAX_HEADERS {
            return end + 1;
        }
        at = end + 1;
    }
    bytes.len()
}

/// What may follow the boundary on its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Two hyphens, blanks, or nothing, as it should be.
    Exact,
    /// Whatever there is, as some readers have it.
    Any,
}

impl Ending {
    fn fits(self, behind: &[u8]) -> bool {
        let line = &behind[..memchr::memchr(b'\n', behind).unwrap_or(behind.len())];
        self == Self::Any || line.starts_with(b"--") || line.trim_ascii().is_empty()
    }
}

/// The parts of a multipart body: between lines that start with two hyphens and the boundary.
fn split(body: &Bytes, boundary: &str, ending: Ending) -> Vec<Bytes> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut start = None;
    for at in memmem::find_iter(body, delimiter.as_bytes()) {
        let is_line_start = at == 0 || matches!(body[at - 1], b'\n' | b'\r');
        if !is_line_start || !ending.fits(&body[at + delimiter.len()..]) {
            continue;
        }
        if let Some(start) = start.filter(|start| *start <= at) {
            parts.push(body.slice(start..line_end(body, at).max(start)));
        }
        start = Some(memchr::memchr(b'\n', &body[at..]).map_or(body.len(), |length| at + length + 1));
    }
    if let Some(start) = start.filter(|start| *start < body.len()) {
        parts.push(body.slice(start..));
    }
    parts
}

/// Where the line in front of `at` ends, without its line break, which belongs to the boundary.
fn line_end(body: &[u8], at: usize) -> usize {
    let text = &body[..at];
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text).len()
}

/// Hands out a body that has no parts, once for each way in which its headers let it be decoded.
fn hand_out(body: &Bytes, headers: &Headers<'_>, found: &mut Dissection<'_>) {
    for transfer in headers.transfers() {
        let Some(content) = transfer.undo(body, found).filter(|content| !content.is_empty()) else {
            continue;
        };
        if headers.is_called("message", "partial") {
            found.report(ProblemCode::ContainerIncomplete, None);
        }
        if headers.deletes_spaces() {
            texts::show_flowed(&content, found);
        }
        let name = headers.file_name();
        let part = Part::new(PartKind::Entry, content).named(name.clone().unwrap_or_default());
        found.add(Part { file_name: name, ..part.declared(headers.declared_type()) }, None);
    }
}

/// The headers of a mail or one of its parts.
struct Headers<'a> {
    bytes: &'a [u8],
    message: Option<Message<'a>>,
}

impl<'a> Headers<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        Self { bytes, message: MessageParser::default().parse_headers(bytes) }
    }

    fn values(&self, name: HeaderName<'static>) -> Vec<&HeaderValue<'a>> {
        let headers = self.message.iter().flat_map(|message| message.headers());
        headers.filter(|header| header.name == name).map(|header| &header.value).collect()
    }

    fn types(&self) -> Vec<&ContentType<'a>> {
        self.values(HeaderName::ContentType).into_iter().filter_map(HeaderValue::as_content_type).collect()
    }

    fn is_called(&self, kind: &str, subtype: &str) -> bool {
        let is_one = |value: &&ContentType<'_>| {
            let is_subtype = value.c_subtype.as_deref().is_some_and(|one| one.eq_ignore_ascii_case(subtype));
            is_subtype && value.c_type.eq_ignore_ascii_case(kind)
        };
        self.types().iter().any(is_one)
    }

    /// Whether lines that end in a space go on with the next, without that space (RFC 3676 §4.5).
    fn deletes_spaces(&self) -> bool {
        let has = |name: &str, expected: &str| {
            let types = self.types().into_iter();
            let mut attributes = types.flat_map(|value| value.attributes().unwrap_or_default());
            attributes.any(|one| one.name.eq_ignore_ascii_case(name) && one.value.eq_ignore_ascii_case(expected))
        };
        has("format", "flowed") && has("delsp", "yes")
    }

    /// Every boundary that is named for a multipart.
    fn boundaries(&self) -> Vec<String> {
        let multiparts = self.types().into_iter().filter(|value| value.c_type.eq_ignore_ascii_case("multipart"));
        let boundaries = multiparts.flat_map(|value| value.attributes().unwrap_or_default());
        let boundaries = boundaries.filter(|attribute| attribute.name.eq_ignore_ascii_case("boundary"));
        let mut boundaries: Vec<String> = boundaries.map(|boundary| boundary.value.to_string()).collect();
        boundaries.retain(|boundary| !boundary.is_empty());
        boundaries.dedup();
        boundaries
    }

    /// Every way to decode the body that the headers name; as it stands, if they name none.
    fn transfers(&self) -> Vec<Transfer> {
        let values = self.values(HeaderName::ContentTransferEncoding);
        let mut transfers: Vec<Transfer> =
            values.into_iter().map(|value| Transfer::named(value.as_text().unwrap_or_default())).collect();
        if transfers.is_empty() {
            transfers.push(Transfer::None);
        }
        transfers.dedup();
        transfers
    }

    fn file_name(&self) -> Option<String> {
        self.message.as_ref()?.attachment_name().map(ToOwned::to_owned)
    }

    /// The content type as it stands.
    fn declared_type(&self) -> Option<String> {
        let headers = self.message.iter().flat_map(|message| message.headers());
        let header = headers.into_iter().find(|header| header.name == HeaderName::ContentType)?;
        let value = self.bytes.get(header.offset_start as usize..header.offset_end as usize)?;
        Some(String::from_utf8_lossy(value.trim_ascii()).into_owned())
    }
}

#[cfg(test)]
mod tests;
