//! Files as base64 between lines with hyphens: the armour of OpenPGP, and PEM where it holds a signed or encrypted file.
//! And texts that OpenPGP signs as they are, but for hyphens.
//!
//! Such a block is a file where it is all of a text, and a guess where it is in the middle of one. Certificates and keys
//! hold nothing, and are left to whoever looks for base64 in texts.
//!
//! Sources: RFC 9580 §6 and §7, RFC 7468 §2.

use bytes::Bytes;
use memchr::memmem;

use super::decode_usual;
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::container::{cms, openpgp};
use crate::extract::dissection::Dissection;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const HYPHENS: &[u8] = b"-----";

/// What blocks are called that hold a file, as far as that tells them.
const LABELS: [&[u8]; 5] = [b"PGP MESSAGE", b"PGP ARMORED FILE", b"CMS-----", b"PKCS7-----", b"PKCS #7 SIGNED DATA"];

/// What a text that is signed is called, and what is behind it.
const SIGNED_TEXT: &[u8] = b"PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE";

/// What is put in front of lines that begin with a hyphen.
const ESCAPE: &[u8] = b"- ";

/// Hands out every block in `text`. Time is linear in the text.
pub(super) fn extract(text: &Bytes, found: &mut Dissection<'_>) {
    let starts: Vec<usize> = memmem::find_iter(text, BEGIN).take(found.limits().max_parts).collect();
    let mut signed_end = 0;
    for (number, start) in starts.iter().enumerate() {
        let label = &text[start + BEGIN.len()..];
        // Each ends where the next one begins, but for a text with blocks in it.
        let next = starts.get(number + 1).copied().unwrap_or(text.len());
        if LABELS.iter().any(|one| label.starts_with(one)) {
            block(text, *start, next, found);
        } else if label.starts_with(SIGNED_TEXT) && *start >= signed_end {
            signed_end = signed_text(text, *start, found);
        }
        if found.is_over() {
            return;
        }
    }
}

/// Hands out the block from `start` to its last line, or to `limit`.
fn block(text: &Bytes, start: usize, limit: usize, found: &mut Dissection<'_>) {
    let end = memmem::find(&text[start..limit], END).map_or(limit, |length| start + length);
    let body = behind_headers(&text[start..end]);
    let mut output = found.output();
    if let Err(limit) = decode_usual(body, &mut output, found) {
        return found.report_limit(limit);
    }
    let Some(content) = found.take(output).filter(|content| !content.is_empty() && found.is_new(content)) else {
        return;
    };
    let is_guess = !is_all_of(text, start, end);
    if is_guess && (openpgp::is_encrypted(&content) || cms::is_encrypted(&content)) {
        found.report(ProblemCode::ContainerEncrypted, Some(start));
    }
    found.add(Part { is_guess, ..Part::new(PartKind::Decoded, content) }, Some(start));
}

/// Whether nothing but white space is around the block that begins at `start` and whose last line is at `end`.
fn is_all_of(text: &[u8], start: usize, end: usize) -> bool {
    let last = text[end..].strip_prefix(END).unwrap_or_default();
    let behind = memmem::find(last, HYPHENS).map(|at| &last[at + HYPHENS.len()..]);
    text[..start].trim_ascii().is_empty() && behind.is_some_and(|behind| behind.trim_ascii().is_empty())
}

/// What is behind the first line of `block`, the headers that may follow it, and the empty line behind those.
fn behind_headers(block: &[u8]) -> &[u8] {
    let mut rest = behind_line(block);
    while let Some(end) = memchr::memchr(b'\n', rest).filter(|end| rest[..*end].contains(&b':')) {
        rest = &rest[end + 1..];
    }
    let line_ends: [&[u8]; 2] = [b"\n", b"\r\n"];
    line_ends.into_iter().find_map(|end| rest.strip_prefix(end)).unwrap_or(rest)
}

fn behind_line(text: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', text).map_or(&[], |end| &text[end + 1..])
}

/// Hands out the text that is signed at `start`, without what is in front of its hyphens, if there is any. Where it
/// ends.
fn signed_text(text: &Bytes, start: usize, found: &mut Dissection<'_>) -> usize {
    let end = memmem::find(&text[start..], SIGNATURE).map_or(text.len(), |length| start + length);
    let signed = behind_headers(&text[start..end]);
    let is_escaped = |line: &[u8]| line.starts_with(ESCAPE);
    if !signed.split(|byte| *byte == b'\n').any(is_escaped) {
        return end;
    }
    let mut output = found.output();
    for line in signed.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_prefix(ESCAPE).unwrap_or(line);
        if let Err(limit) = found.write(line, signed.len(), &mut output) {
            found.report_limit(limit);
            break;
        }
    }
    found.add_output(PartKind::Decoded, output);
    end
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::Extraction;
    use crate::extract::dissection::testing::gathered;

    const LISTED: &[u8] = b"EVIL-FILE-BYTES";

    fn opened(text: &str) -> Extraction {
        let part = Part::new(PartKind::Body, Bytes::copy_from_slice(text.as_bytes()));
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None))
    }

    fn has_listed(found: &Extraction) -> bool {
        found.parts.iter().any(|part| part.bytes == LISTED)
    }

    /// A message that says [`LISTED`].
    fn message() -> Vec<u8> {
        [&[0xcb, 21][..], b"b\0\0\0\0\0", LISTED].concat()
    }

    #[test]
    fn blocks_are_files_with_headers_and_checksums_or_without() {
        let base64 = BASE64.encode(&message());
        for text in [
            format!("-----BEGIN PGP MESSAGE-----\n\n{base64}\n=aXYz\n-----END PGP MESSAGE-----\n"),
            format!(
                "-----BEGIN PGP MESSAGE-----\r\nVersion: 1\r\nComment: a b\r\n\r\n{base64}\r\n-----END PGP MESSAGE-----"
            ),
            format!("Hello,\n\n-----BEGIN PGP MESSAGE-----\n\n{base64}\n-----END PGP MESSAGE-----\nBye\n"),
            format!("-----BEGIN PGP MESSAGE-----\n\n{base64}"),
        ] {
            let found = opened(&text);
            assert!(found.problems.is_empty() && has_listed(&found), "{text}");
        }
    }

    #[test]
    fn what_is_encrypted_is_reported_wherever_it_is_and_what_is_cut_off_in_a_text_is_not() {
        let encrypted = BASE64.encode(b"\x8c\x0d\x04\x09\x03\x0212345678\xff\xd2\x03\x01ab");
        let block = format!("-----BEGIN PGP MESSAGE-----\n\n{encrypted}\n-----END PGP MESSAGE-----\n");
        for text in [block.clone(), format!("Hello\n{block}")] {
            let codes: Vec<ProblemCode> = opened(&text).problems.iter().map(|problem| problem.code).collect();
            assert_eq!(codes, [ProblemCode::ContainerEncrypted], "{text}");
        }
        for quoted in ["MIIFjgYJKoZIhvcNAQcCoIIFfzCCBXsCAQE=", "...", ""] {
            let text = format!("It begins so:\n-----BEGIN PKCS7-----\n{quoted}\n[...]\n-----END PKCS7-----\n");
            assert_eq!(opened(&text).problems, [], "{text}");
        }
    }

    #[test]
    fn signed_texts_are_read_without_what_is_in_front_of_hyphens() {
        let inner = format!("-----BEGIN CMS-----\n{}\n-----END CMS-----\n", BASE64.encode(&message()));
        let text = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{}-----BEGIN PGP SIGNATURE-----\n\niQ==\n",
            inner.replace("-----BEGIN", "- -----BEGIN").replace("-----END", "- -----END")
        );
        let found = opened(&text);
        assert!(found.problems.is_empty());
        assert!(found.parts.iter().any(|part| part.bytes.starts_with(inner.trim_end().as_bytes())));
    }
}
