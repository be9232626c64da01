//! Forms as some client may write them, put together from the conventions of many: names with every character that file
//! systems allow in every escaping, parameters and headers beside the usual ones, and what may be around the parts.
//!
//! All of them are ordinary: none may be refused, and the listed file in each must be found. With random edits they are
//! also put to real parsers, as the rest of the grammar is.

use super::random::Random;
use super::{EVIL, Request};

/// File names as people give them.
const NAMES: &[&[u8]] = &[
    b"a.jpg",
    b"IMG 0001 (1).JPG",
    b"C:\\Users\\me\\y.jpg",
    b"\\\\server\\share\\y.jpg",
    b"dir/sub/x.jpg",
    b"\"q\".jpg",
    b"5\" disk.jpg",
    b"it's.jpg",
    b"a;b=c, d.jpg",
    b"100%.jpg",
    b"100%25 %41 %zz.jpg",
    b"a, (1) [2] {3} <4> @#$&+=~^`|!.jpg",
    b"a\tb.jpg",
    b"a\x01b\x07\x1b.jpg",
    b"a\x7f.jpg",
    b"\xc3\xbc\xc3\xa9.jpg",
    b"u\xcc\x88.jpg",
    b"\xe8\xa1\xa8\xe7\xa4\xba.jpg",
    b"\xf0\x9f\x98\x80.jpg",
    b"\xd7\xa9\xe2\x80\x8f.jpg",
    b"a\xc2\xa0b.jpg",
    b"a\xe3\x80\x80b.jpg",
    b"\xfc\xe9.jpg",
    b"\x95\x5c\x8e\xa6.jpg",
    b"\xb1\xed.jpg",
    b"a\r\nb.jpg",
    b"a\nb.jpg",
    b" a .jpg ",
    b".hidden",
    b"a..b",
    b"name.",
    b"noext",
    b"&Uuml;&#252;.jpg",
    b"=?utf-8?Q?=C3=BC?=.jpg",
    b"image%3A1641",
    b"filename=\"x\"",
    b"blob",
    b"",
    b"long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long.jpg",
];

const FIELDS: &[&[u8]] = &[
    b"f",
    b"file",
    b"files[]",
    b"a[b][c]",
    b"user.name",
    b"file-0",
    b"F\xc3\xbc",
    b"my file",
    b"qqfile",
    b"it's",
    b"0",
];

/// How a client writes a name between quotation marks.
#[derive(Clone, Copy)]
enum Quoting {
    /// HTML's: `"` and line ends in percent escapes. Chromium, Firefox, Safari, curl since 7.81, requests, Node.
    Html,
    /// `\"` and `\\`, line ends dropped. curl before 7.81, Go, Ruby, Perl, Java.
    Backslash,
    /// `\"` alone. Firefox before 90, Safari, old Dart.
    QuoteOnly,
    /// Everything but plain characters in percent escapes. aiohttp, Android.
    Percent,
    /// HTML's, and control characters in percent escapes too. httpx.
    Controls,
    /// Nothing is escaped: Guzzle, hand-made ones. Line ends are left out, which would be another header.
    Raw,
    /// An encoded word. .NET, mailers.
    EncodedWord,
}

const QUOTINGS: &[Quoting] = &[
    Quoting::Html,
    Quoting::Html,
    Quoting::Backslash,
    Quoting::QuoteOnly,
    Quoting::Percent,
    Quoting::Controls,
    Quoting::Raw,
    Quoting::EncodedWord,
];

fn escape(byte: u8) -> Vec<u8> {
    format!("%{byte:02X}").into_bytes()
}

fn quoted(name: &[u8], quoting: Quoting) -> Vec<u8> {
    if matches!(quoting, Quoting::EncodedWord) {
        return format!("=?utf-8?B?{}?=", data_encoding::BASE64.encode(name)).into_bytes();
    }
    let one = |byte: &u8| match (quoting, *byte) {
        (Quoting::Html | Quoting::Controls, b'"' | b'\r' | b'\n') => escape(*byte),
        (Quoting::Controls, 0..=0x1f | 0x7f) => escape(*byte),
        (Quoting::Percent, byte) if !(byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte)) => escape(byte),
        (Quoting::Backslash, b'"' | b'\\') | (Quoting::QuoteOnly, b'"') => vec![b'\\', *byte],
        (_, b'\r' | b'\n') => Vec::new(),
        (_, byte) => vec![byte],
    };
    name.iter().flat_map(one).collect()
}

/// `filename*` as clients write it, well or not so well.
fn extended(name: &[u8], random: &mut Random) -> Vec<u8> {
    let lower = random.once_in(3);
    let one = |byte: &u8| match *byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => vec![byte],
        byte if lower => format!("%{byte:02x}").into_bytes(),
        byte => escape(byte),
    };
    let escaped: Vec<u8> = name.iter().flat_map(one).collect();
    let charset =
        *random.pick(&["utf-8''", "UTF-8''", "utf-8'en'", "iso-8859-1''", "ISO-8859-1'de'", "windows-1252''"]);
    let value = [charset.as_bytes(), &escaped].concat();
    match random.below(8) {
        0 => [b"\"", &value[..], b"\""].concat(),
        1 => [b"utf-8'", &escaped[..]].concat(),
        2 => escaped,
        _ => value,
    }
}

/// A value without quotes, where that is possible.
fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte))
}

fn parameter(key: &str, value: &[u8], random: &mut Random) -> Vec<u8> {
    if is_token(value) && random.once_in(4) {
        return [key.as_bytes(), b"=", value].concat();
    }
    let quoting = *random.pick(QUOTINGS);
    [key.as_bytes(), b"=\"", &quoted(value, quoting), b"\""].concat()
}

fn disposition(file: bool, random: &mut Random) -> Vec<u8> {
    const MORE: &[&[u8]] = &[
        b"size=15",
        b"creation-date=\"Mon, 30 Nov 2026 00:00:00 GMT\"",
        b"modification-date=\"x\"",
        b"x-y=\"z\"",
        b"handling=optional",
    ];
    let field = random.pick_bytes(FIELDS);
    let mut parameters = vec![parameter("name", field, random)];
    if file {
        let name = random.pick_bytes(NAMES);
        match random.below(8) {
            0 => parameters.push([b"filename*=", &extended(name, random)[..]].concat()),
            1 => {
                parameters.push(parameter("filename", name, random));
                let other = if random.once_in(2) { name } else { random.pick_bytes(NAMES) };
                parameters.push([b"filename*=", &extended(other, random)[..]].concat());
            }
            2 => {
                parameters.push([b"filename*=", &extended(name, random)[..]].concat());
                parameters.push(parameter("filename", name, random));
            }
            _ => parameters.push(parameter("filename", name, random)),
        }
        if random.once_in(6) {
            parameters.reverse();
        }
    }
    if random.once_in(8) {
        parameters.insert(random.below(parameters.len() + 1), random.pick_bytes(MORE).to_vec());
    }
    let separator = random.mostly_first(&[b"; ", b";", b" ; ", b";  ", b";\r\n ", b";\r\n\t"], 6);
    let header = random.mostly_first(
        &[b"Content-Disposition: ", b"content-disposition: ", b"CONTENT-DISPOSITION:", b"Content-Disposition:\t"],
        4,
    );
    let kind = random.mostly_first(&[b"form-data", b"Form-Data", b"attachment", b"file"], 12);
    let end = random.mostly_first(&[b"", b";", b"; "], 8);
    let mut line = [header, kind].concat();
    for parameter in &parameters {
        line.extend([separator, parameter].concat());
    }
    line.extend(end);
    line
}

/// The part's other headers, and its content in the encoding that they say.
fn content(file: bool, plain: &[u8], random: &mut Random) -> (Vec<Vec<u8>>, Vec<u8>) {
    const TYPES: &[&[u8]] = &[
        b"Content-Type: image/jpeg",
        b"Content-Type: application/octet-stream",
        b"content-type: application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"Content-Type: application/json; charset=utf-8",
        b"Content-Type: image/jpeg; name=\"a.jpg\"",
        b"Content-Type: text/plain; charset=UTF-8",
        b"Content-Type: text/plain; charset=ISO-8859-1",
        b"Content-Type: text/plain; charset=us-ascii",
        b"Content-Type: text/plain;charset=\"windows-1252\"; format=flowed",
        b"Content-Type: text/plain; charset=GBK",
        b"Content-Type: text/plain; charset=Shift_JIS",
    ];
    const MORE: &[&[u8]] = &[
        b"Content-ID: <a@b>",
        b"MIME-Version: 1.0",
        b"Content-Description: a \"picture\"",
        b"Content-Location: http://site.test/a.jpg",
        b"X-File-Path: /a/b.jpg",
        b"X-Anything: yes; name=\"z\"",
        b"Content-MD5: rL0Y20zC+Fzt72VPzMSk2A==",
        b"Last-Modified: Mon, 30 Nov 2026 00:00:00 GMT",
        b"Content-Language: de",
        b"X-Empty:",
    ];
    let mut lines: Vec<Vec<u8>> = Vec::new();
    if file || random.once_in(3) {
        lines.push(random.mostly_first(TYPES, 2).to_vec());
    }
    for _ in 0..random.below(3) {
        lines.push(random.pick_bytes(MORE).to_vec());
    }
    let (encoding, bytes): (Option<&[u8]>, Vec<u8>) = match random.below(16) {
        0 => (Some(b"binary"), plain.to_vec()),
        1 => (Some(b"8bit"), plain.to_vec()),
        2 => (Some(b"7bit"), plain.to_vec()),
        3 => (Some(b"BASE64"), data_encoding::BASE64.encode(plain).into_bytes()),
        4 => (Some(b"base64"), [data_encoding::BASE64.encode(plain).as_bytes(), b"\r\n"].concat()),
        5 => (Some(b"quoted-printable"), plain.to_vec()),
        _ => (None, plain.to_vec()),
    };
    lines.extend(encoding.map(|name| [b"Content-Transfer-Encoding: ", name].concat()));
    if random.once_in(5) {
        lines.push(format!("Content-Length: {}", bytes.len()).into_bytes());
    }
    (lines, bytes)
}

/// A form with the listed bytes as a file or a field, among other parts.
pub(super) fn request(random: &mut Random) -> Request {
    const BOUNDARIES: &[&[u8]] = &[
        b"----WebKitFormBoundarySkqEZWPQ5ADgMTBw",
        b"------------------------9dbbd6dcd8d9f2c5",
        b"===============7330845974216740156==",
        b"----=_Part_1_23.45",
        b"xx",
        b"uuid:d3f0c1a2-9b8e",
        b"0xKhTmLbOuNdArY",
        b"Boundary+AFHK02+",
        b"'quoted'",
        b"a/b(c)?d,e",
    ];
    const TYPES: &[&str] = &[
        "multipart/form-data; boundary={}",
        "multipart/form-data; boundary=\"{}\"",
        "multipart/form-data;boundary={}",
        "Multipart/Form-Data; Boundary={}",
        "multipart/form-data; charset=ISO-8859-1; boundary={}",
        "multipart/form-data; boundary={}; charset=utf-8",
        "multipart/form-data; boundary=\"{}\";",
        "multipart/form-data; boundary={} ; ",
        "multipart/form-data; type=\"image/jpeg\"; start=\"<a@b>\"; boundary=\"{}\"",
    ];
    const WORDS: &[u8] = b"This is a multi-part message in MIME format.\r\n";
    let boundary = random.pick_bytes(BOUNDARIES);
    let content_type = random.pick(TYPES).replace("{}", str::from_utf8(boundary).unwrap()).into_bytes();
    let mut body = random.mostly_first(&[b"", b"\r\n", b"\r\n\r\n", WORDS], 6).to_vec();
    let count = 1 + random.below(4);
    let evil = random.below(count);
    for index in 0..count {
        const HARMLESS: &[&[u8]] =
            &[b"harmless", b"", b"1", b"a\r\nb\r\n", b"{\"a\": [1, 2]}", b"h\xc3\xa9", b"caf\xe9"];
        let file = random.once_in(2);
        let plain = if index == evil { EVIL } else { random.pick_bytes(HARMLESS) };
        let (mut lines, bytes) = content(file, plain, random);
        lines.insert(random.below(lines.len() + 1), disposition(file, random));
        body.extend([b"--", boundary, b"\r\n"].concat());
        lines.iter().for_each(|line| body.extend([line, &b"\r\n"[..]].concat()));
        body.extend([b"\r\n", &bytes[..], b"\r\n"].concat());
    }
    body.extend([b"--", boundary, b"--"].concat());
    body.extend(random.mostly_first(&[b"\r\n", b"", b"\r\n\r\n"], 3));
    Request { content_type, body }
}
