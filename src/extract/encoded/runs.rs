//! Base64 and hex in the middle of a text, without a word that says so: in a line of a log, a value of YAML or TOML, a
//! string of a program.
//!
//! A run is told by its length and by what chance seldom makes of words: letters of both cases, and digits among them.
//! What comes out is a guess. Hashes, which lists of packages are full of, are told by their length and left out.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Standing, Way, decode, spelled};
use crate::extract::dissection::Dissection;

/// Shortest run. A run that is as long has one character at a multiple of this, so that only these are looked at.
const MIN_RUN: usize = 20;

/// Longest run without a digit that may still be words.
const MAX_WORDS: usize = 32;

/// Shortest line that the next one may go on with.
const MIN_LINE: usize = 40;

/// Bytes of the head of a data URI that are looked at.
const MAX_HEAD: usize = 128;

/// How files begin in base64 that are looked for also where a run is as long as a hash, or has something else before
/// it: JPEG, PNG, GIF, WebP, PDF, zip, gzip, zstd.
const BEGINNINGS: [&[u8]; 8] = [b"/9j/", b"iVBO", b"R0lG", b"UklG", b"JVBE", b"UEsD", b"H4sI", b"KLUv"];

/// Characters before a file in a run, such as the `b` or `b4` of Engine.IO: they shift all that follows.
const MOST_BEFORE: usize = 8;

/// Characters of 20, 28, 32, 48 and 64 bytes without their padding.
const DIGEST_CHARACTERS: [usize; 5] = [27, 38, 43, 64, 86];

/// Which bytes are of the alphabet, the usual one or that for addresses.
const CHARACTERS: [bool; 256] = {
    let mut characters = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        characters[byte] = matches!(byte as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    characters
};

/// Hands out what the runs in `text` are.
pub(super) fn in_text(text: &Bytes, found: &mut Dissection<'_>) {
    let mut from = 0;
    let mut at = MIN_RUN - 1;
    while at < text.len() {
        if !may_be_in_run(text, at) {
            at += MIN_RUN;
            continue;
        }
        let start = start_of_run(text, from, at);
        let end = end_of_run(text, at);
        if end - start >= MIN_RUN && end - start < text.len() && !follows_head(&text[..start]) {
            hand_out(text, start, end, found);
            if found.is_over() {
                return;
            }
        }
        from = end;
        at = end + MIN_RUN - 1;
    }
}

/// Whether a run of [`MIN_RUN`] may have a character at `at`: eight before or behind are of it too. Says yes too often.
fn may_be_in_run(text: &[u8], at: usize) -> bool {
    let before = text[..=at].last_chunk().is_some_and(are_of_runs);
    let behind = text[at..].first_chunk().is_some_and(are_of_runs);
    (before | behind) && is_character(text[at])
}

/// Whether all of `eight` may be of a run, in which slashes may be escaped: from "+" to "9", or from "a" to the end of
/// ASCII and what only a bit tells from that.
const fn are_of_runs(eight: &[u8; 8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    let bytes = u64::from_le_bytes(*eight);
    let low = bytes & !HIGH;
    let letters = (low | (0x20 * EACH)) + (0x80 - b'a') as u64 * EACH;
    let others = (low + (0x80 - b'+') as u64 * EACH) & !(low + (0x7f - b'9') as u64 * EACH);
    (letters | others) & !bytes & HIGH == HIGH
}

/// Whether `before` ends with the head of a data URI, whose content is looked for in its own way.
fn follows_head(before: &[u8]) -> bool {
    let Some(head) = before.strip_suffix(b",") else { return false };
    let head = &head[head.len().saturating_sub(MAX_HEAD)..];
    let Some(start) = memchr::memmem::rfind(head, b"data:") else { return false };
    let is_base64 = head.last_chunk::<6>().is_some_and(|end| end.eq_ignore_ascii_case(b"base64"));
    is_base64 && !head[start..].iter().any(u8::is_ascii_whitespace)
}

fn is_character(byte: u8) -> bool {
    CHARACTERS[usize::from(byte)]
}

/// Where the run begins, behind `from`, that has a character at `at`.
fn start_of_run(text: &[u8], from: usize, at: usize) -> usize {
    let mut start = at;
    loop {
        start -= text[from..start].iter().rev().take_while(|byte| is_character(**byte)).count();
        match text[from..start].last() {
            Some(b'\\') if text[start] == b'/' => start -= 1,
            // The end of a line before it.
            Some(b'\\') if start < at => return start + 1,
            _ => return start,
        }
    }
}

/// Where the run ends that has a character at `at`, lines that it goes on over included. In JSON, the end of a line is
/// `\n`, and a slash may be `\/`.
fn end_of_run(text: &[u8], at: usize) -> usize {
    let mut line = at;
    let mut end = at;
    loop {
        end += text[end..].iter().take_while(|byte| is_character(**byte)).count();
        if text[end..].starts_with(b"\\/") {
            end += 2;
            continue;
        }
        let next = end + line_end(&text[end..]);
        if next == end || end - line < MIN_LINE || !text.get(next).is_some_and(|byte| is_character(*byte)) {
            return end;
        }
        (line, end) = (next, next);
    }
}

/// Bytes of the end of one line and the blanks that the next one begins with; 0 where none ends.
fn line_end(text: &[u8]) -> usize {
    let ends: [&[u8]; 4] = [b"\r\n", b"\n", b"\\r\\n", b"\\n"];
    let Some(end) = ends.into_iter().find(|end| text.starts_with(end)) else {
        return 0;
    };
    end.len() + text[end.len()..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// `run` without what stands for the ends of lines.
fn without_escapes(run: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', run).is_none() {
        return run.into();
    }
    let mut plain = Vec::with_capacity(run.len());
    let mut bytes = run.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.extend(bytes.next().filter(|next| **next == b'/')),
            byte => plain.push(*byte),
        }
    }
    plain.into()
}

/// Hands out what the run is, and the longest piece of it where it may be words joined by hyphens.
fn hand_out(text: &[u8], start: usize, end: usize, found: &mut Dissection<'_>) {
    let run = &*without_escapes(&text[start..end]);
    let pieces = run.split(|byte| matches!(byte, b'-' | b'_'));
    let longest = pieces.max_by_key(|piece| piece.len()).unwrap_or_default();
    // The name of a hash stands in front of one.
    if longest.len() == run.len() || !run.starts_with(b"sha") {
        hand_out_one(run, found);
    }
    if longest.len() < run.len() && longest.len() >= MIN_RUN {
        hand_out_one(longest, found);
    }
}

fn hand_out_one(run: &[u8], found: &mut Dissection<'_>) {
    if let Some(content) = spelled::hex_run(run) {
        return spelled::hand_out(content, run.len(), found);
    }
    let has = |is_one: fn(&u8) -> bool| run.iter().any(is_one);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_told = run.len() >= MAX_WORDS || has(|byte| byte.is_ascii_digit() || *byte == b'+');
    let is_digest = DIGEST_CHARACTERS.contains(&run.len()) && !begins_file(run);
    if is_mixed && is_told && !is_digest {
        decode(run.iter().copied(), run.len(), Way::USUAL, None, Standing::Quoted, found);
    }
    if let Some(file) = (1..=MOST_BEFORE).filter_map(|at| run.get(at..)).find(|rest| begins_file(rest)) {
        decode(file.iter().copied(), file.len(), Way::USUAL, None, Standing::Quoted, found);
    }
}

fn begins_file(run: &[u8]) -> bool {
    BEGINNINGS.iter().any(|start| run.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::encoded::tests::decoded;

    #[test]
    fn a_file_is_found_behind_a_few_letters() {
        let file = b"\x89PNG\r\n\x1a\nEVIL-FILE".to_vec();
        for text in [
            "451-[\"upload\"]\u{1e}biVBORw0KGgpFVklMLUZJTEU=",
            "33:b4iVBORw0KGgpFVklMLUZJTEU=",
            "x: picture/iVBORw0KGgpFVklMLUZJTEU",
        ] {
            assert!(decoded(text, in_text).contains(&file), "{text}");
        }
    }

    #[test]
    fn runs_are_found_wherever_they_stand() {
        for text in [
            "hello RVZJTC1GSUxFLUJZVEVT there",
            "f=\"RVZJTC1GSUxFLUJZVEVT\"\n",
            "f: !!binary RVZJTC1GSUxFLUJZVEVT",
            "dump 4556494c2d46494c452d4259544553.",
        ] {
            for shift in 0..MIN_RUN {
                let text = format!("{}{text}", "- ".repeat(shift));
                assert_eq!(decoded(&text, in_text), [b"EVIL-FILE-BYTES"], "{text}");
            }
        }
        let content: Vec<u8> = (0..200_u32).map(|at| (at * at % 251) as u8).collect();
        let encoded = data_encoding::BASE64.encode(&content);
        let lines: Vec<&str> = encoded.as_bytes().chunks(60).map(|line| str::from_utf8(line).unwrap()).collect();
        for separator in ["\n", "\r\n", "\n    ", "\\n", "\\r\\n"] {
            let text = format!("picture: |{separator}{}{separator}\nnext: 1", lines.join(separator));
            assert_eq!(decoded(&text, in_text), std::slice::from_ref(&content), "{text}");
            let escaped = text.replace('/', "\\/");
            assert_eq!(decoded(&escaped, in_text), std::slice::from_ref(&content), "{escaped}");
        }
    }

    #[test]
    fn words_and_hashes_are_left_alone() {
        for text in [
            "an ordinary sentence with internationalizations and getElementsByClassName in it",
            "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
            "d41d8cd98f00b204e9800998ecf8427e  a.txt",
        ] {
            assert_eq!(decoded(text, in_text), Vec::<Vec<u8>>::new(), "{text}");
        }
    }
}
