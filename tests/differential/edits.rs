//! Small random changes anywhere in a request, where they hurt rather often.

use memchr::memmem;

use super::random::Random;
use super::{EVIL, Request};

const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"--",
    b"-",
    b" ",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b";",
    b"; ",
    b":",
    b"=",
    b",",
    b"*",
    b"%",
    b"%0D%0A",
    b"\0",
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\x1d",
    b"\x1e",
    b"\x85",
    b"\xc2\x85",
    b"\xc2\xa0",
    b"\xa0",
    b"\xe2\x80\xa8",
    b"\xef\xbb\xbf",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\x1a",
    b"X",
    b"b",
    b"[",
    b"]",
    b".",
    b"/",
    b"&",
    b"+",
    b"?",
    b"=?",
    b"?=",
    b"filename=",
    b"name=",
    b"boundary=",
    b"_charset_",
    b"base64",
    b"multipart",
    b"\r\n ",
    b"\n\n",
];

/// Makes 0 to 4 changes.
pub(super) fn edit(request: &mut Request, random: &mut Random) {
    for _ in 0..random.below(5) {
        if random.once_in(6) {
            edit_once(&mut request.content_type, random);
        } else {
            edit_once(&mut request.body, random);
        }
    }
    make_legal(&mut request.content_type);
}

/// Leaves what a server lets through as the value of a header.
fn make_legal(value: &mut Vec<u8>) {
    value.retain(|byte| *byte == b'\t' || (!byte.is_ascii_control()));
    *value = value.trim_ascii().to_vec();
}

fn edit_once(text: &mut Vec<u8>, random: &mut Random) {
    let at = place(text, random);
    let end = (at + 1 + short(random)).min(text.len());
    match random.below(9) {
        0..=2 => drop(text.splice(at..at, random.pick_bytes(PIECES).iter().copied())),
        3 | 4 => drop(text.drain(at..end)),
        5 if at < text.len() => text[at] = changed(text[at], random),
        6 => {
            let slice = text[at..end].to_vec();
            let to = place(text, random);
            text.splice(to..to, slice);
        }
        7 if !text.is_empty() => {
            let last = text.len() - 1;
            let other = place(text, random).min(last);
            text.swap(at.min(last), other);
        }
        8 => drop(text.splice(at..end, random.pick_bytes(PIECES).iter().copied())),
        _ => {}
    }
}

/// Mostly one byte, at times a line or two.
fn short(random: &mut Random) -> usize {
    match random.below(8) {
        0..=4 => 0,
        5 | 6 => random.below(8),
        _ => random.below(80),
    }
}

/// Anywhere, or beside something that structure hangs on.
fn place(text: &[u8], random: &mut Random) -> usize {
    const MARKS: &[&[u8]] = &[b"\r\n", b"\"", b";", b"=", b":", b"--", b"\r\n\r\n", b"name", EVIL];
    if random.once_in(2) {
        let mark = random.pick_bytes(MARKS);
        let places: Vec<usize> = memmem::find_iter(text, mark).collect();
        if !places.is_empty() {
            let at = *random.pick(&places);
            return if random.once_in(2) { at } else { at + mark.len() };
        }
    }
    random.below(text.len() + 1)
}

fn changed(byte: u8, random: &mut Random) -> u8 {
    match random.below(4) {
        0 if byte.is_ascii_alphabetic() => byte ^ 0x20,
        1 => byte.wrapping_add(1),
        2 => random.pick_bytes(PIECES)[0],
        _ => random.byte(),
    }
}
