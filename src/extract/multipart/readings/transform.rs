//! What a part becomes when a server undoes the encodings that its headers mention.

use bytes::Bytes;
use encoding_rs::Encoding;
use memchr::memmem;

use crate::body::{Coding, End};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, charset, encoded};

/// Longest name of a charset.
const MAX_LABEL: usize = 40;

/// Adds `content` in every way in which `headers` let it be decoded; a charset may also be named elsewhere in `body`.
pub(super) fn extract(headers: &[u8], body: &[u8], content: &Bytes, found: &mut Dissection<'_>) {
    let lower = headers.to_ascii_lowercase();
    let mentions = |word: &[u8]| memmem::find(&lower, word).is_some();
    if mentions(b"encoding") {
        if mentions(b"base64") {
            encoded::base64(content, found);
        }
        if mentions(b"printable") {
            found.add(Part::new(PartKind::Decoded, quoted_printable(content)), None);
        }
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
    for label in charset_labels(&lower, body) {
        transcode(&label, content, found);
    }
}

fn decompress(coding: Coding, content: &[u8], found: &mut Dissection<'_>) {
    let mut output = found.output();
    let end = found.unpack(coding, content, &mut output);
    found.report_limit(end);
    match output.finish() {
        Ok(decoded) if !decoded.is_empty() => found.add(Part::new(PartKind::Decoded, decoded), None),
        Ok(_) => {}
        Err(_) => found.report_limit(End::NoRoom),
    }
}

/// RFC 2045 §6.7, with every fault left as it is.
fn quoted_printable(text: &[u8]) -> Bytes {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'=', [b'\r', b'\n', tail @ ..] | [b'\n', tail @ ..]) => rest = tail,
            (b'=', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
                decoded.push(digit(*high) << 4 | digit(*low));
                rest = tail;
            }
            _ => decoded.push(byte),
        }
    }
    decoded.into()
}

/// Names of charsets that the headers of a part give, or a field `_charset_` somewhere in the body.
fn charset_labels(headers: &[u8], body: &[u8]) -> Vec<Vec<u8>> {
    let mut labels: Vec<Vec<u8>> = memmem::find_iter(headers, b"charset").map(|at| label(&headers[at + 7..])).collect();
    for at in memmem::find_iter(body, b"_charset_") {
        let behind = &body[at..body.len().min(at + 512)];
        let gap = [&b"\r\n\r\n"[..], b"\n\n"].iter().filter_map(|gap| memmem::find(behind, gap)).min();
        labels.extend(gap.map(|gap| label(&behind[gap..])));
    }
    labels.sort();
    labels.dedup();
    labels.retain(|label| !label.is_empty());
    labels
}

fn label(text: &[u8]) -> Vec<u8> {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let start = text.iter().position(|byte| is_part(&byte)).unwrap_or(text.len());
    text[start..].iter().take_while(is_part).take(MAX_LABEL).map(u8::to_ascii_lowercase).collect()
}

/// Adds `content` in UTF-8, if the charset is known; otherwise nobody here can tell what the server sees.
fn transcode(label: &[u8], content: &Bytes, found: &mut Dissection<'_>) {
    if charset::is_like_utf8(label) || content.is_ascii() && !charset::changes_ascii(label) {
        return;
    }
    match Encoding::for_label_no_replacement(label) {
        Some(encoding) => {
            let text = encoding.decode_without_bom_handling(content).0.into_owned();
            found.add(Part::new(PartKind::Decoded, text.into()), None);
        }
        None => found.report(ProblemCode::MultipartCharset, None),
    }
}
