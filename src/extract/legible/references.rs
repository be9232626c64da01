//! Texts without the character references of HTML in them.

use crate::content::{ReferenceIn, character_reference};

/// `text`, which stands in `place`, with its references resolved; `None` when it has none.
pub(in crate::extract) fn resolved(text: &[u8], place: ReferenceIn) -> Option<Vec<u8>> {
    let mut resolved = Vec::new();
    let mut copied = 0;
    for at in memchr::memchr_iter(b'&', text) {
        if let Some((characters, length)) = character_reference(&text[at..], place).filter(|_| at >= copied) {
            resolved.extend_from_slice(&text[copied..at]);
            resolved.extend_from_slice(characters.as_bytes());
            copied = at + length;
        }
    }
    resolved.extend_from_slice(&text[copied..]);
    (copied > 0).then_some(resolved)
}
