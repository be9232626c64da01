//! What a part becomes when a server undoes the encodings that its headers mention.

use std::collections::BTreeSet;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_16LE};
use memchr::memmem;

use crate::body::Coding;
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::percent::hex_pair;
use crate::extract::{ProblemCode, charset, encoded, legible, value};

/// Longest name of a charset.
const MAX_LABEL: usize = 40;

/// Charsets in which one part is read. Clients name one; each costs as much as the part is long.
const MAX_CHARSETS: usize = 4;

/// Adds `content` in every way in which `headers` let it be decoded; a charset may also be one of `charsets`.
pub(super) fn extract(headers: &[u8], charsets: &[Vec<u8>], content: &Bytes, found: &mut Dissection<'_>) {
    undo_transfer_encoding(headers, content, found);
    let lower = headers.to_ascii_lowercase();
    let mentions = |word: &[u8]| memmem::find(&lower, word).is_some();
    if mentions(b"encoding") {
        for (word, codings) in [
            (&b"gzip"[..], &[Coding::Gzip][..]),
            (b"deflate", &[Coding::Zlib, Coding::Deflate]),
            (b"br", &[Coding::Brotli]),
            (b"zstd", &[Coding::Zstd]),
        ] {
            if mentions(word) {
                codings.iter().for_each(|coding| decompress(*coding, content, found));
            }
        }
    }
    let labels: BTreeSet<Vec<u8>> = labels(headers).into_iter().chain(charsets.iter().cloned()).collect();
    transcode(&labels, headers, content, found);
}

/// Adds `content` without the transfer encodings that `headers` mention, wherever that is: some servers know of no
/// folded lines, others take more than CRLF for the end of one.
pub(in crate::extract::multipart) fn undo_transfer_encoding(
    headers: &[u8],
    content: &Bytes,
    found: &mut Dissection<'_>,
) {
    let lower = headers.to_ascii_lowercase();
    let mentions = |word: &[u8]| memmem::find(&lower, word).is_some();
    if mentions(b"encoding") && mentions(b"base64") {
        encoded::declared_base64(content, found);
    }
    if mentions(b"encoding") && mentions(b"printable") {
        let mut texts = vec![quoted_printable(content), quoted_printable_in_python(content)];
        texts.dedup();
        texts.into_iter().for_each(|text| found.add(Part::new(PartKind::Decoded, text), None));
    }
}

/// Adds what formidable makes of base64 with line ends in it: of a file, it decodes as many characters as are a
/// multiple of four by themselves; of a field, it writes base64 without line ends and without what does not fill three
/// bytes.
pub(in crate::extract::multipart) fn add_other_base64(text: &Bytes, found: &mut Dissection<'_>) {
    let is_padded = text.trim_ascii_end().ends_with(b"=");
    if !is_padded && !text.iter().any(u8::is_ascii_whitespace) {
        return;
    }
    let (first, rest) = text.split_at(text.len() / 4 * 4);
    let aligned = [encoded::decode_leniently(first), encoded::decode_leniently(rest)].concat();
    let joined: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let filled = joined[..joined.len().saturating_sub(if is_padded { 4 } else { 0 })].to_vec();
    for (kind, bytes) in [(PartKind::Decoded, aligned), (PartKind::Reading, joined), (PartKind::Reading, filled)] {
        if let Some(bytes) = found.keep(&bytes, text.len()) {
            found.add(Part::new(kind, bytes), None);
        }
    }
}

/// Names of charsets that `text` gives in parameters called `charset`, in lower case, in the notation of RFC 2231 too:
/// every word of such a value may be one.
pub(in crate::extract::multipart) fn labels(text: &[u8]) -> BTreeSet<Vec<u8>> {
    let lower = text.to_ascii_lowercase();
    let mut labels = BTreeSet::new();
    for at in memmem::find_iter(&lower, b"charset") {
        let rest = &lower[at + b"charset".len()..];
        let marks = rest.iter().take_while(|byte| matches!(byte, b'*' | b'0'..=b'9' | b' ' | b'\t')).count();
        if let Some(value) = rest[marks..].strip_prefix(b"=") {
            let end = value.iter().position(|byte| matches!(byte, b';' | b',' | b'\r' | b'\n')).unwrap_or(value.len());
            let words = value[..end].split(|byte| !is_of_label(byte)).filter(|word| !word.is_empty());
            labels.extend(words.map(|word| word[..word.len().min(MAX_LABEL)].to_vec()));
        }
    }
    labels
}

fn decompress(coding: Coding, content: &[u8], found: &mut Dissection<'_>) {
    let mut output = found.output();
    let end = found.unpack(coding, content, &mut output);
    found.report_limit(end);
    found.add_output(PartKind::Decoded, output);
}

/// What a `=` stands for that begins no byte in hexadecimal, and what comes after it; by the text after the `=`. `None`
/// where it stands for itself.
type OtherEscape = for<'t> fn(&'t [u8]) -> Option<(&'static [u8], &'t [u8])>;

/// RFC 2045 §6.7, with every fault left as it is.
fn quoted_printable(text: &[u8]) -> Bytes {
    undo_quoted_printable(text, |after| match after {
        [b'\r', b'\n', tail @ ..] | [b'\n', tail @ ..] => Some((b"", tail)),
        _ => None,
    })
}

/// The same as Python's `binascii.a2b_qp`, and so aiohttp, reads it: `==` is one `=`, and after a `=` at the end of a
/// line everything up to LF is left out.
fn quoted_printable_in_python(text: &[u8]) -> Bytes {
    undo_quoted_printable(text, |after| match after {
        [] => Some((b"", after)),
        [b'\r' | b'\n', ..] => Some((b"", memchr::memchr(b'\n', after).map_or(&[][..], |end| &after[end + 1..]))),
        [b'=', tail @ ..] => Some((b"=", tail)),
        _ => None,
    })
}

fn undo_quoted_printable(text: &[u8], other_escape: OtherEscape) -> Bytes {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'=' {
            decoded.push(byte);
        } else if let [high, low, tail @ ..] = after
            && let Some(value) = hex_pair(*high, *low)
        {
            decoded.push(value);
            rest = tail;
        } else {
            let (meant, tail) = other_escape(after).unwrap_or((b"=", after));
            decoded.extend_from_slice(meant);
            rest = tail;
        }
    }
    decoded.into()
}

/// Names of charsets that fields called `_charset_` give for all others.
pub(super) fn charsets_for_all(body: &[u8]) -> Vec<Vec<u8>> {
    let fields = memmem::find_iter(body, b"_charset_").map(|at| &body[at..body.len().min(at + 512)]);
    let value = |field: &[u8]| {
        let gap = [&b"\r\n\r\n"[..], b"\n\n"].iter().filter_map(|gap| memmem::find(field, gap)).min();
        gap.map(|gap| label(&field[gap..]))
    };
    fields.filter_map(value).filter(|label| !label.is_empty()).collect()
}

/// The first word of `text` that may be the name of a charset, in lower case.
pub(in crate::extract::multipart) fn label(text: &[u8]) -> Vec<u8> {
    let start = text.iter().position(is_of_label).unwrap_or(text.len());
    text[start..].iter().take_while(|byte| is_of_label(byte)).take(MAX_LABEL).map(u8::to_ascii_lowercase).collect()
}

const fn is_of_label(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':')
}

/// Adds `content` in UTF-8, read in each of these charsets, and what is left of it without the transfer encodings that
/// `headers` mention: aiohttp undoes both. Of a charset that is unknown, or of too many, nobody here can tell what a
/// server sees.
pub(in crate::extract::multipart) fn transcode<'l>(
    labels: impl IntoIterator<Item = &'l Vec<u8>>,
    headers: &[u8],
    content: &Bytes,
    found: &mut Dissection<'_>,
) {
    let labels: Vec<&Vec<u8>> = labels.into_iter().collect();
    transcode_one(&labels, content, found);
    if !labels.iter().all(|label| charset::is_like_utf8(label)) {
        for decoded in decodings(headers, content, found) {
            transcode_one(&labels, &decoded, found);
        }
    }
}

/// What is left of `content` without the transfer encodings that `headers` mention.
pub(in crate::extract::multipart) fn decodings(
    headers: &[u8],
    content: &Bytes,
    found: &mut Dissection<'_>,
) -> Vec<Bytes> {
    let lower = headers.to_ascii_lowercase();
    let mentions = |word: &[u8]| memmem::find(&lower, word).is_some();
    if !mentions(b"encoding") {
        return Vec::new();
    }
    let base64 = mentions(b"base64").then(|| found.keep(&encoded::decode_leniently(content), content.len())).flatten();
    let mut all: Vec<Bytes> = base64.into_iter().collect();
    if mentions(b"printable") {
        all.extend([quoted_printable(content), quoted_printable_in_python(content)]);
        all.dedup();
    }
    all
}

fn transcode_one(labels: &[&Vec<u8>], content: &Bytes, found: &mut Dissection<'_>) {
    let mut encodings: Vec<&'static Encoding> = Vec::new();
    for label in labels {
        if charset::is_like_utf8(label) || content.is_ascii() && !charset::changes_ascii(label) {
            continue;
        }
        match Encoding::for_label_no_replacement(label) {
            Some(encoding) if encodings.contains(&encoding) => {}
            Some(encoding) if encodings.len() < MAX_CHARSETS => encodings.push(encoding),
            _ => found.report(ProblemCode::MultipartCharset, None),
        }
    }
    let mut texts: Vec<Bytes> = Vec::new();
    for encoding in encodings {
        let decoder = encoding.new_decoder_without_bom_handling();
        texts.extend(legible::decoded_by(decoder, content, found));
        // Python goes by the mark where it is told no byte order.
        texts.extend((encoding == UTF_16LE).then(|| charset::by_first_bytes(content, found)).flatten());
    }
    for text in texts {
        for text in with_and_without_mark(&text).into_iter().flat_map(with_and_without_fault_at_end) {
            let part = Part::new(PartKind::Decoded, content.clone());
            found.add(value::as_text(PartKind::Decoded, text, &part), None);
        }
    }
}

/// `text`, and what is left of it without a byte order mark.
fn with_and_without_mark(text: &Bytes) -> Vec<Bytes> {
    let unmarked = text.starts_with("\u{feff}".as_bytes()).then(|| text.slice("\u{feff}".len()..));
    std::iter::once(text.clone()).chain(unmarked).collect()
}

/// `text`, and what is left of it by Node, which drops the start of a character that the end cuts off.
fn with_and_without_fault_at_end(text: Bytes) -> Vec<Bytes> {
    let fault = "\u{fffd}".as_bytes();
    let cut = text.ends_with(fault).then(|| text.slice(..text.len() - fault.len()));
    std::iter::once(text).chain(cut).collect()
}
