//! Packets of Engine.IO, on which Socket.IO stands: what is in them is base64 and JSON, each behind a letter or digits.
//!
//! Sources: "The Engine.IO protocol", versions 3 and 4 (packets behind each other in the body of a POST: parted by
//! U+001E, or each with its length in front); "The Socket.IO protocol", version 5 (`51-/chat,12["event",…]`).

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::json;

use super::{MIN_CHARACTERS, strict};

/// What parts packets in version 4.
const SEPARATOR: u8 = 0x1e;

/// Digits of a length in version 3, and letters in front of JSON: digits and a namespace.
const MAX_LENGTH: usize = 9;
const MAX_HEAD: usize = 128;

/// Hands out what is in the packets that `body` consists of; nothing where it may not be such.
pub(super) fn extract(body: &Bytes, found: &mut Dissection<'_>) {
    let is_first = match body.first() {
        // One packet alone may be any word.
        Some(b'b') => body.len() > MIN_CHARACTERS || body.contains(&SEPARATOR),
        first => first.is_some_and(u8::is_ascii_digit),
    };
    if !is_first || body.len() as u64 > found.limits().max_escaped {
        return;
    }
    let mut at = 0;
    while let Some(packet) = with_length(body, &mut at) {
        read(&packet, found);
    }
    if at == body.len() {
        return;
    }
    let mut at = 0;
    for packet in body.split(|byte| *byte == SEPARATOR) {
        read(&body.slice(at..at + packet.len()), found);
        if found.is_over() {
            return;
        }
        at += packet.len() + 1;
    }
}

/// Takes the next packet of version 3 off `body`: its length in characters, a colon, the packet.
fn with_length(body: &Bytes, at: &mut usize) -> Option<Bytes> {
    let rest = &body[*at..];
    let colon = rest.iter().take(MAX_LENGTH + 1).position(|byte| *byte == b':')?;
    let length: usize = str::from_utf8(&rest[..colon]).ok()?.parse().ok()?;
    let start = *at + colon + 1;
    // A character is a unit of UTF-16, in which what takes four bytes here takes two.
    let (mut end, mut left) = (start, length);
    while left > 0 {
        let (bytes, units) = match body.get(end)? {
            0xf0.. => (4, 2),
            0xe0.. => (3, 1),
            0xc0.. => (2, 1),
            _ => (1, 1),
        };
        (end, left) = (end + bytes, left.checked_sub(units)?);
    }
    *at = Some(end).filter(|end| *end <= body.len())?;
    Some(body.slice(start..end))
}

fn read(packet: &Bytes, found: &mut Dissection<'_>) {
    if packet.first() == Some(&b'b') {
        // In version 3 a digit for what sort of packet it is comes first, which base64 may begin with, too.
        let contents = [Some(1), packet.get(1).filter(|byte| byte.is_ascii_digit()).map(|_| 2)];
        for content in contents.into_iter().flatten().filter_map(|start| strict(&packet[start..])) {
            if !content.is_empty() && found.is_new(&content) {
                found.add(Part::new(PartKind::Decoded, content), None);
            }
        }
        return;
    }
    let head = &packet[..packet.len().min(MAX_HEAD)];
    let start = head.iter().position(|byte| matches!(byte, b'[' | b'{')).unwrap_or(0);
    if start > 0 && packet[0].is_ascii_digit() {
        json::extract_if_it_looks_so(&packet.slice(start..), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    #[test]
    fn packets_of_both_versions_are_taken_apart() {
        for body in [
            "42[\"upload\",\"EVIL-FILE\"]",
            "451-/chat,12[\"upload\",{\"_placeholder\":true,\"num\":0}]\u{1e}bRVZJTC1GSUxF\u{1e}3",
            "bRVZJTC1GSUxFLUJZVEVT",
            "5:4[\"x\"15:42[\"\u{e9}\u{1f600}xxxxxx\"]14:b4RVZJTC1GSUxF",
            "15:42[\"EVIL-FILE\"]2:40",
        ] {
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| extract(&body.into(), found));
            assert_eq!(found.problems, [], "{body:?}");
            assert!(found.parts.iter().any(|part| part.bytes.starts_with(b"EVIL-FILE")), "{body:?}: {:?}", found.parts);
        }
    }

    #[test]
    fn texts_of_other_sorts_have_none() {
        for body in
            ["", "b", "bytes", "but a text", "12 apples [and] more", "1:2:3", "99999999999:x", "3:a", "2:\u{1f600}x"]
        {
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| extract(&body.into(), found));
            assert_eq!(found.parts, [], "{body:?}");
        }
    }
}
