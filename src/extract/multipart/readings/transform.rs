//! What a part becomes when a server undoes the encodings that its headers mention.

use std::collections::BTreeSet;

use bytes::Bytes;
use encoding_rs::Encoding;
use memchr::memmem;

use crate::body::Coding;
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::percent::hex_pair;
use crate::extract::{ProblemCode, charset, encoded};

/// Longest name of a charset.
const MAX_LABEL: usize = 40;

/// Adds `content` in every way in which `headers` let it be decoded; a charset may also be one of `charsets`.
pub(super) fn extract(headers: &[u8], charsets: &[Vec<u8>], content: &Bytes, found: &mut Dissection<'_>) {
    let lower = headers.to_ascii_lowercase();
    let mentions = |word: &[u8]| memmem::find(&lower, word).is_some();
    if mentions(b"encoding") {
        if mentions(b"base64") {
            encoded::declared_base64(content, found);
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
    let named = memmem::find_iter(&lower, b"charset").map(|at| label(&lower[at + 7..]));
    let labels: BTreeSet<Vec<u8>> = named.chain(charsets.iter().cloned()).collect();
    for label in labels.iter().filter(|label| !label.is_empty()) {
        transcode(label, content, found);
    }
}

fn decompress(coding: Coding, content: &[u8], found: &mut Dissection<'_>) {
    let mut output = found.output();
    let end = found.unpack(coding, content, &mut output);
    found.report_limit(end);
    found.add_output(PartKind::Decoded, output);
}

/// RFC 2045 §6.7, with every fault left as it is.
fn quoted_printable(text: &[u8]) -> Bytes {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'=', [b'\r', b'\n', tail @ ..] | [b'\n', tail @ ..]) => rest = tail,
            (b'=', [high, low, tail @ ..]) => match hex_pair(*high, *low) {
                Some(value) => {
                    decoded.push(value);
                    rest = tail;
                }
                None => decoded.push(b'='),
            },
            _ => decoded.push(byte),
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
    fields.filter_map(value).collect()
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
