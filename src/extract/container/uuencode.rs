//! Files in a text, as `uuencode` writes them: in old mails, newsgroups and archives that a shell unpacks.
//!
//! Source: POSIX.1-2017, `uuencode`, "STDOUT". Programs find them wherever a line begins so; what does not decode is a
//! text like any.

use bytes::Bytes;
use memchr::memmem;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{encoded, legible};

/// Longest line that says how a file is called.
const MAX_FIRST_LINE: usize = 1 << 10;

/// Decoded bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// Hands out every file in `text`.
pub(in crate::extract) fn extract(text: &Bytes, found: &mut Dissection<'_>) {
    let finder = memmem::Finder::new(b"begin");
    let mut at = 0;
    while let Some(start) = finder.find(&text[at..]).map(|next| at + next) {
        at = start + 5;
        if start > 0 && text[start - 1] != b'\n' {
            continue;
        }
        let Some((is_base64, name, first)) = first_line(&text[start..]) else { continue };
        let body = &text[start + first..];
        at = start + first + if is_base64 { base64(name, body, found) } else { lines(name, body, found) };
        if found.is_over() {
            return;
        }
    }
}

/// Whether base64 follows, the name, and where the lines begin.
fn first_line(text: &[u8]) -> Option<(bool, &[u8], usize)> {
    let line = &text[..text.len().min(MAX_FIRST_LINE)];
    let end = memchr::memchr(b'\n', line)?;
    let rest = line[..end].trim_ascii_end().strip_prefix(b"begin")?;
    let is_base64 = rest.starts_with(b"-base64");
    let rest = rest.strip_prefix(b"-base64").unwrap_or(rest).strip_prefix(b" ")?;
    let digits = rest.iter().take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let name = (3..=4).contains(&digits).then(|| rest[digits..].strip_prefix(b" "))??;
    Some((is_base64, name, end + 1))
}

/// Hands out what the lines are up to one that says nothing. How long they were.
fn lines(name: &[u8], body: &[u8], found: &mut Dissection<'_>) -> usize {
    let mut output = found.output();
    let mut block = Vec::new();
    let mut length = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        let count = text.first().map_or(0, |byte| usize::from(byte.wrapping_sub(b' ') & 63));
        let is_line = text.first().is_some_and(|byte| (b' '..=b'`').contains(byte));
        if count == 0 || !is_line || text.starts_with(b"end") && text.len() == 3 {
            break;
        }
        length += line.len();
        decode_line(&text[1..], count, &mut block);
        if let Err(end) = found.flush(&mut block, BLOCK, body.len(), &mut output) {
            found.report_limit(end);
            return length;
        }
    }
    if let Err(end) = found.flush(&mut block, 1, body.len(), &mut output) {
        found.report_limit(end);
        return length;
    }
    let content = found.take(output);
    hand_out(name, content, found);
    length
}

/// Three bytes of four characters; those that editors took off the end are blanks.
fn decode_line(text: &[u8], count: usize, block: &mut Vec<u8>) {
    let value = |at: usize| u32::from(text.get(at).copied().unwrap_or(b' ').wrapping_sub(b' ') & 63);
    let mut left = count;
    let mut at = 0;
    while left > 0 {
        let group = value(at) << 18 | value(at + 1) << 12 | value(at + 2) << 6 | value(at + 3);
        let length = left.min(3);
        block.extend_from_slice(&group.to_be_bytes()[1..=length]);
        left -= length;
        at += 4;
    }
}

/// Hands out what is in base64 up to a line of four equals signs. How long it was.
fn base64(name: &[u8], body: &[u8], found: &mut Dissection<'_>) -> usize {
    let end = memmem::find(body, b"\n====").unwrap_or(body.len());
    let mut output = found.output();
    match encoded::decode_usual(&body[..end], &mut output, found) {
        Ok(()) => {
            let content = found.take(output);
            hand_out(name, content, found);
        }
        Err(limit) => found.report_limit(limit),
    }
    end
}

fn hand_out(name: &[u8], content: Option<Bytes>, found: &mut Dissection<'_>) {
    let Some(content) = content.filter(|content| !content.is_empty()) else {
        return;
    };
    legible::show_name(name, found);
    let name = String::from_utf8_lossy(name).into_owned();
    found.add(Part { is_guess: true, ..Part::new(PartKind::Entry, content).named(name) }, None);
}

#[cfg(test)]
mod tests {
    use crate::extract::container::testing::{LISTED, codes, entries, fixture, listed, opened};

    #[test]
    fn files_in_texts_are_found() {
        let uuencoded = "begin 644 evil.bin\n/159)3\"U&24Q%+4)95$53\n`\nend\n";
        let base64 = "begin-base64 644 l.bin\nRVZJTC1GSUxF\nLUJZVEVT\n====\n";
        for text in [
            uuencoded.to_owned(),
            format!("Dear all,\r\n\r\nbegin with this.\r\n{}", uuencoded.replace('\n', "\r\n")),
            base64.to_owned(),
            format!("{base64}{}", uuencoded.replace("EVIL", "evil")),
        ] {
            let found = opened(text.clone().into_bytes());
            assert!(codes(&found).is_empty() && listed(&found) >= 1, "{text}");
        }
        let two = opened(format!("{uuencoded}\n{uuencoded}").into_bytes());
        assert_eq!(entries(&two), [("evil.bin", LISTED), ("evil.bin", LISTED)]);
        assert_eq!(listed(&opened(fixture("bsdtar-dump.shar"))), 1);
    }

    #[test]
    fn texts_that_begin_so_hold_nothing() {
        for text in ["begin 644 a\n", "begin 644 a\nnot encoded", "begin 9 a\n####", "begin\n", "begin-base64 644 x"] {
            opened(text.as_bytes().to_vec());
        }
    }
}
