//! Words of mail headers that are not ASCII (RFC 2047), which also stand in file names.

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::extract::encoded::decode_leniently;
use crate::extract::percent;

/// One encoded word: its charset, the bytes it stands for, and how long it is.
struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
    length: usize,
}

/// `text` with its encoded words decoded; `None` when it has none.
pub(in crate::extract) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    // Characters may be cut in two between words of the same charset, by writers that should not.
    let mut open: Option<(Vec<u8>, Vec<u8>)> = None;
    let mut has_words = false;
    let mut at = 0;
    while at < text.len() {
        if let Some(word) = word_at(&text[at..]) {
            has_words = true;
            match &mut open {
                Some((charset, bytes)) if charset.eq_ignore_ascii_case(word.charset) => bytes.extend(word.bytes),
                _ => close(&mut open, &mut decoded, Some((word.charset.to_vec(), word.bytes))),
            }
            at += word.length;
            // White space between two words is none of the text.
            let blanks = text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if word_at(&text[at + blanks..]).is_some() {
                at += blanks;
            }
            continue;
        }
        close(&mut open, &mut decoded, None);
        let length = text[at + 1..].iter().position(|byte| *byte == b'=').map_or(text.len() - at, |gap| gap + 1);
        decoded.extend_from_slice(&text[at..at + length]);
        at += length;
    }
    close(&mut open, &mut decoded, None);
    has_words.then_some(decoded)
}

/// Adds the characters of the words that are open, and opens others.
fn close(open: &mut Option<(Vec<u8>, Vec<u8>)>, decoded: &mut Vec<u8>, next: Option<(Vec<u8>, Vec<u8>)>) {
    if let Some((charset, bytes)) = std::mem::replace(open, next) {
        let encoding = Encoding::for_label_no_replacement(&charset).unwrap_or(WINDOWS_1252);
        decoded.extend_from_slice(encoding.decode_without_bom_handling(&bytes).0.as_bytes());
    }
}

/// The encoded word at the start of `text`.
fn word_at(text: &[u8]) -> Option<Word<'_>> {
    let rest = text.strip_prefix(b"=?")?;
    let charset = &rest[..rest.iter().take(64).position(|byte| *byte == b'?')?];
    let [encoding, b'?', content @ ..] = &rest[charset.len() + 1..] else {
        return None;
    };
    // Writers that do not fold put whole subjects in one word.
    let length = memchr::memmem::find(&content[..content.len().min(4096)], b"?=")?;
    let content_bytes = &content[..length];
    let bytes = match encoding {
        b'B' | b'b' => decode_leniently(content_bytes),
        b'Q' | b'q' => percent::undo(content_bytes, b'=', Some(b'_')),
        _ => return None,
    };
    // RFC 2231 adds a language to the charset.
    let charset_name = charset.split(|byte| *byte == b'*').next().unwrap_or_default();
    Some(Word { charset: charset_name, bytes, length: 2 + charset.len() + 3 + length + 2 })
}
