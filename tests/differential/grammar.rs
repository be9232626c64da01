//! Requests made of what parsers are known to disagree about: mostly canonical, with an oddity here and there.
//!
//! `{b}` in a table stands for the boundary. The first entry of a table is the canonical one.

use super::random::Random;
use super::{EVIL, Request};

const BOUNDARIES: &[&[u8]] = &[
    b"bnd",
    b"b",
    b"----WebKitFormBoundary7MA4YWxkTrZu0gW",
    b"--------------------------d74496d66958873e",
    b"0123456789012345678901234567890123456789012345678901234567890123456789",
    b"012345678901234567890123456789012345678901234567890123456789012345678901",
    b"a'b",
    b"'b'",
    b"a+b",
    b"a(b)",
    b"a:b",
    b"a,b",
    b"a/b?c",
    b"=_x=",
    b"a_b.c",
    b"-",
    b"--",
    b"--b",
    b"b-",
    b"b--",
    b"a b",
    b"a%62",
    b"a;b",
    b"a\"b",
    b"a\\b",
    b"b\xe9",
    b"B",
];

/// What the body calls its boundary, when it is not what the header says.
const OTHER_BOUNDARIES: &[&[u8]] = &[
    b"{b}",
    b"{b}X",
    b"{b}-",
    b"-{b}",
    b"b",
    b"bn",
    b"BND",
    b"zzz",
    b"\"{b}\"",
    b"'{b}'",
    b"{b} ",
    b"",
    b"bnd\xc3\xa9",
];

const CONTENT_TYPES: &[&[u8]] = &[
    b"multipart/form-data; boundary={b}",
    b"multipart/form-data; boundary=\"{b}\"",
    b"multipart/form-data;boundary={b}",
    b"Multipart/Form-Data;  boundary={b}",
    b"MULTIPART/FORM-DATA; boundary=\"{b}\"",
    b"multipart/form-data;\tboundary={b}",
    b"multipart/form-data ; boundary={b}",
    b"multipart/form-data boundary={b}",
    b"multipart/form-data, boundary={b}",
    b"multipart/form-data;; boundary={b}",
    b"multipart/form-data; boundary={b};",
    b"multipart/form-data; boundary={b} ;",
    b"multipart/form-data; boundary={b} x",
    b"multipart/form-data; boundary={b}, x",
    b"multipart/form-data; boundary={b},zzz",
    b"multipart/form-data; boundary=zzz,{b}",
    b"multipart/form-data; boundary = {b}",
    b"multipart/form-data; boundary= {b}",
    b"multipart/form-data; boundary=\"{b}",
    b"multipart/form-data; boundary={b}\"",
    b"multipart/form-data; boundary=\"{b}\"x",
    b"multipart/form-data; boundary='{b}'",
    b"multipart/form-data; boundary=\"\\{b}\"",
    b"multipart/form-data; boundary=\" {b}\"",
    b"multipart/form-data; boundary=\"{b} \"",
    b"multipart/form-data; boundary=",
    b"multipart/form-data; boundary=\"\"",
    b"multipart/form-data; boundary",
    b"multipart/form-data",
    b"multipart/form-data; BOUNDARY={b}",
    b"multipart/form-data; Boundary={b}",
    b"multipart/form-data; boundary={b}; boundary=zzz",
    b"multipart/form-data; boundary=zzz; boundary={b}",
    b"multipart/form-data; boundary=zzz; BOUNDARY={b}",
    b"multipart/form-data; boundary*=utf-8''{b}",
    b"multipart/form-data; boundary*0={b}",
    b"multipart/form-data; boundary*0*=utf-8''{b}; boundary*1=",
    b"multipart/form-data; boundary=zzz; boundary*=utf-8''{b}",
    b"multipart/form-data; xboundary=zzz; boundary={b}",
    b"multipart/form-data; x=\"; boundary=zzz\"; boundary={b}",
    b"multipart/form-data; x=\"\\\"; boundary=zzz; y=\"; boundary={b}",
    b"multipart/form-data; charset=utf-16; boundary={b}",
    b"multipart/form-data; boundary={b}; charset=utf-7",
    b"multipart/form-data; boundary={b}; charset=utf-8",
    b"multipart/form-data; boundary={b}; start=x",
    b"multipart/form-data; boundary={b}\xe9",
    b"multipart/form-data; boundary=\xe9{b}",
    b"multipart/form-data; boundary==?utf-8?q?{b}?=",
    b"multipart/form-data;a=b;boundary={b}",
    b"multipart/form-data-x; boundary={b}",
    b"multipart/mixed; boundary={b}",
    b"multipart/related; boundary={b}",
    b"multipart/; boundary={b}",
    b"multipart; boundary={b}",
    b"xmultipart/form-data; boundary={b}",
    b"x/multipart/form-data; boundary={b}",
    b"text/plain; multipart/form-data; boundary={b}",
    b"text/plain, multipart/form-data; boundary={b}",
    b"multipart/form-data; boundary={b}, multipart/form-data; boundary=zzz",
    b"multipart/form-data, application/x-www-form-urlencoded; boundary={b}",
    b"application/x-www-form-urlencoded; boundary={b}",
    b"application/json; boundary={b}",
    b"boundary={b}",
    b"form-data; boundary={b}",
    b"multipa\trt/form-data; boundary={b}",
    b"mul\"tipart/form-data\"; boundary={b}",
    b"x-www-form-url encoded; boundary={b}",
    b"multi\xadpart/form-data; boundary={b}",
    b"",
];

const LINE_ENDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r",
    b"\r\n\r\n",
    b"\r\n ",
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\x85",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\0",
    b"",
];

/// What stands between a boundary and the end of its line.
const PADDINGS: &[&[u8]] = &[b"", b" ", b"\t", b"  \t", b"-", b"--", b"\0", b"X", b";", b"\x0b", b"\xa0"];

const PREAMBLES: &[&[u8]] = &[
    b"",
    b"\r\n",
    b"\n",
    b"preamble\r\n",
    b"x",
    b" ",
    b"\r\n\r\n",
    b"--",
    b"-",
    b"--{b}--\r\n",
    b"--{b}\r\n",
    b"\xef\xbb\xbf",
    b"X: y\r\n\r\n",
    b"--zzz\r\n\r\nx\r\n--zzz--\r\n",
    b"\0",
];

const EPILOGUES: &[&[u8]] = &[
    b"\r\n",
    b"",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"epilogue",
    b"\r\nepilogue\r\n",
    b" \r\n",
    b"-",
    b"--",
    b"\0",
    b"\r\n--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nEVIL-FILE-BYTES\r\n--{b}--\r\n",
    b"\r\n--{b}--\r\n",
];

const CLOSINGS: &[&[u8]] = &[b"--", b"", b"-", b"---", b"-- ", b"--X", b"\0"];

const DISPOSITIONS: &[&[u8]] = &[
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"",
    b"content-disposition:form-data;name=f;filename=a.jpg",
    b"CONTENT-DISPOSITION:  Form-Data; name=\"f\"; filename=\"\xc3\xa9 %22;=.jpg\"",
    b"Content-Disposition: form-data; filename=\"a.jpg\"; name=\"f\"",
    b"Content-Disposition: form-data; name=\"f[]\"; filename=\"dir/a.jpg\"",
    b"Content-Disposition: form-data; name=\"a[b]\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"\"",
    b"Content-Disposition: form-data; name=\"\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"\"",
    b"Content-Disposition: form-data; name=; filename=",
    b"Content-Disposition: form-data; name",
    b"Content-Disposition: form-data",
    b"Content-Disposition: form-data; filename=\"a.jpg\"",
    b"Content-Disposition:\tform-data; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition : form-data; name=\"f\"; filename=\"a.jpg\"",
    b" Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data;\r\n name=\"f\";\r\n\tfilename=\"a.jpg\"",
    b"Content-Disposition:\r\n form-data; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition form-data; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition; form-data; name=\"f\"",
    b"Content-Disposition: form-data; name = \"f\"; filename = \"a.jpg\"",
    b"Content-Disposition: form-data; Name=\"f\"; FileName=\"a.jpg\"",
    b"Content-Disposition: form-data; name='f'; filename='a.jpg'",
    b"Content-Disposition: form-data; name=\"f\"; name=\"g\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"; filename=\"\"",
    b"Content-Disposition: form-data; name=\"f\"; filename*=utf-8''a.jpg",
    b"Content-Disposition: form-data; name=\"f\"; filename*=UTF-8'en'a%2Ejpg; filename=\"b.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename*0=a; filename*1=.jpg",
    b"Content-Disposition: form-data; name*=utf-8''f; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; name*=utf-8''_charset_",
    b"Content-Disposition: form-data; name=\"f\\\"; filename=\\\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\\\\\"; filename=\"C:\\a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a\".jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg",
    b"Content-Disposition: form-data; name=\"f; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\" filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\", filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; x-filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"x; filename=y\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"=?utf-8?q?a.jpg?=\"",
    b"Content-Disposition: form-data; name=\"=?utf-8?q?f?=\"; filename=a.jpg",
    b"=?utf-8?q?Content-Disposition?=: form-data; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a\0.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"../a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"..\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a/\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\".\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\" \"",
    b"Content-Disposition: form-data; name=\" \"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"[\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"a[\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"a]\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"MAX_FILE_SIZE\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"MAX_FILE_SIZE\"",
    b"Content-Disposition: form-data; name=\"__proto__\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"; size=15",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg\";",
    b"Content-Disposition: attachment; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition: file; filename=\"a.jpg\"",
    b"Content-Disposition: name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"_charset_\"",
    b"Content-Disposition: form-data; name=\"f\xe2\x80\xa8X: y\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\x85X: y\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a\xff.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a\nb.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a\rb.jpg\"",
    b"X-Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Disposition: form-data; name=\"g\"",
    b"Content-Disposition: form-data; name=\"g\"\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"",
    b"Content-Disposition: form-data; name=\"f\"; filename=\"a.jpg\" \t",
    b"X: y",
    b"garbage",
    b"",
];

/// Header lines beside the disposition.
const OTHER_LINES: &[&[u8]] = &[
    b"Content-Type: image/jpeg",
    b"Content-Type: text/plain",
    b"Content-Type: text/plain; charset=utf-8",
    b"Content-Type: application/octet-stream",
    b"content-type:text/html;charset=\"UTF-8\"",
    b"Content-Type: text/plain; charset=utf-16",
    b"Content-Type: text/plain; charset=utf-16le",
    b"Content-Type: text/plain; charset=utf-7",
    b"Content-Type: text/plain; charset=\"utf-16be\"",
    b"Content-Type: text/plain; charset=iso-8859-1",
    b"Content-Type: text/plain; charset=us-ascii",
    b"Content-Type: text/plain; charset=base64",
    b"Content-Type: text/plain; charset=hex",
    b"Content-Type: text/plain; charset=nonsense",
    b"Content-Type: text/plain; charset*=utf-8''utf-16",
    b"Content-Type: text/plain; x=\"; charset=utf-16\"; charset=utf-8",
    b"Content-Type: text/plain, text/html; charset=utf-16",
    b"Content-Type: image/jpeg; charset=utf-16",
    b"Content-Type: application/json",
    b"Content-Type: multipart/mixed; boundary=in",
    b"Content-Type: multipart/form-data; boundary={b}",
    b"Content-Type: message/rfc822",
    b"Content-Type: ",
    b"Content-Type: garbage",
    b"Content-Type: text/plain; name=\"g\"; filename=\"z\"",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: BASE64",
    b"Content-Transfer-Encoding:base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Transfer-Encoding: binary",
    b"Content-Transfer-Encoding: 8bit",
    b"Content-Transfer-Encoding: 7bit, base64",
    b"Content-Transfer-Encoding : base64",
    b"Content-Transfer-Encoding: \"base64\"",
    b"Content-Transfer-Encoding: x-uuencode",
    b"Content-Encoding: gzip",
    b"Content-Encoding: deflate",
    b"Content-Encoding: identity",
    b"Content-Length: 15",
    b"Content-Length: 4",
    b"Content-Length: 20",
    b"Content-Length: 1000",
    b"Content-Length: -1",
    b"Content-Length: 015",
    b"Content-Length: 0x0f",
    b"Content-ID: <x>",
    b"MIME-Version: 1.0",
    b"X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    b"X: --{b}",
    b"X: y; name=\"z\"; filename=\"z\"",
    b"X:",
    b": y",
    b" folded",
    b"X\0: y",
    b"X: \xe2\x80\xa8Content-Transfer-Encoding: base64",
    b"X: \xc2\x85Content-Transfer-Encoding: base64",
    b"X: \x0bContent-Transfer-Encoding: base64",
    b"X: \x1cContent-Transfer-Encoding: base64",
    b"X: \xe9",
];

/// Contents, most of which some parser turns into the listed bytes.
const CONTENTS: &[&[u8]] = &[
    EVIL,
    b"RVZJTC1GSUxFLUJZVEVT",
    b"RVZJTC1GSUxF\r\nLUJZVEVT\r\n",
    b"=45VIL-FILE-BYTES",
    b"EVIL=\r\n-FILE-BYTES",
    b"EVIL-FILE-BYTES=",
    b"\xff\xfeE\0V\0I\0L\0-\0F\0I\0L\0E\0-\0B\0Y\0T\0E\0S\0",
    b"E\0V\0I\0L\0-\0F\0I\0L\0E\0-\0B\0Y\0T\0E\0S\0",
    b"\xfe\xff\0E\0V\0I\0L\0-\0F\0I\0L\0E\0-\0B\0Y\0T\0E\0S",
    b"+AEU-VIL-FILE-BYTES",
    b"\xef\xbb\xbfEVIL-FILE-BYTES",
    b"EVIL-FILE-BYTES\xef\xbb\xbf",
    b"EVIL-FILE-BYTES\xf0\x9f",
    b"\x9fEVIL-FILE-BYTES",
    b"EVIL\xc2\xad-FILE-BYTES",
    b"EVIL-FILE-BYTES\r\n",
    b"EVIL-FILE-BYTES\n",
    b"EVIL-FILE-BYTES\r",
    b"\r\nEVIL-FILE-BYTES",
    b"\nEVIL-FILE-BYTES",
    b" EVIL-FILE-BYTES ",
    b"EVIL-FILE-BYTES\0",
    b"\0EVIL-FILE-BYTES",
    b"EVIL-FILE-BYTES--",
    b"EVIL-FILE-BYTES\r\n--",
    b"EVIL-FILE-BYTES\r\n--b",
    b"EVIL-FILE-BYTES\r\n--{b}X",
    b"EVIL-FILE-BYTES\r\n--{b} ",
    b"EVIL-FILE-BYTES\n--{b}\n",
    b"EVIL-FILE-BYTES--{b}",
    b"EVIL-FILE-BYTES\r\n{b}",
    b"EVIL-FILE-BYTES\r\n-{b}",
    b"X-A: b\r\n\r\nEVIL-FILE-BYTES",
    b"\x1f\x8b\x08\0\0\0\0\0\x02\xffs\r\xf3\xf4\xd1u\xf3\xf4q\xd5u\x8a\x0cq\r\x06\0\x94\xcaV\x01\x0f\0\0\0",
    b"x\x9cs\r\xf3\xf4\xd1u\xf3\xf4q\xd5u\x8a\x0cq\r\x06\0!'\x042",
    b"--in\r\nContent-Disposition: file; filename=\"a.jpg\"\r\n\r\nEVIL-FILE-BYTES\r\n--in--",
    b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nEVIL-FILE-BYTES\r\n--{b}--",
    b"a=EVIL-FILE-BYTES&b=EVIL%2DFILE-BYTES",
    b"EVIL%2DFILE-BYTES",
    b"&#69;VIL-FILE-BYTES",
    b"=?utf-8?q?EVIL-FILE-BYTES?=",
    b"",
];

/// What stands in for a value of `_charset_`, and ordinary fields.
const HARMLESS: &[&[u8]] = &[b"harmless", b"utf-16", b"utf-7", b"iso-8859-1", b"\xc3\xa9\xff", b"1", b"", b"a\r\nb"];

/// A request with a file or field that is, or that some parser turns into, the listed bytes.
pub(super) fn request(random: &mut Random) -> Request {
    // One table in so many strays from its first entry: from bodies that are almost canonical to heaps of oddities.
    let odds = *random.pick(&[3, 8, 15, 30, 60]);
    let boundary = random.mostly_first(BOUNDARIES, odds.min(8)).to_vec();
    let content_type = filled(random.mostly_first(CONTENT_TYPES, odds.min(15)), &boundary);
    let in_body = filled(random.mostly_first(OTHER_BOUNDARIES, odds), &boundary);
    let mut body = filled(random.mostly_first(PREAMBLES, odds), &in_body);
    let count = 1 + random.below(3);
    let evil = random.below(count);
    for index in 0..count {
        let line_end = random.mostly_first(LINE_ENDS, odds);
        let padding = random.mostly_first(PADDINGS, odds);
        body.extend([b"--", &in_body[..], padding, line_end].concat());
        add_headers(&mut body, line_end, odds, &in_body, random);
        body.extend(random.mostly_first(LINE_ENDS, odds));
        let contents = if index == evil { CONTENTS } else { HARMLESS };
        body.extend(filled(random.mostly_first(contents, odds.min(4)), &in_body));
        body.extend(random.mostly_first(LINE_ENDS, odds));
    }
    if !random.once_in(odds) {
        body.extend([b"--", &in_body[..], random.mostly_first(CLOSINGS, odds)].concat());
        body.extend(filled(random.mostly_first(EPILOGUES, odds), &in_body));
    }
    Request { content_type, body }
}

fn add_headers(body: &mut Vec<u8>, line_end: &[u8], odds: usize, boundary: &[u8], random: &mut Random) {
    // The first six are what ordinary clients send.
    let disposition =
        if random.once_in(odds) { random.pick_bytes(DISPOSITIONS) } else { random.pick_bytes(&DISPOSITIONS[..6]) };
    let mut lines = vec![disposition];
    for _ in 0..random.below(3) {
        let line = if random.once_in(odds.min(8)) {
            random.pick_bytes(OTHER_LINES)
        } else {
            random.pick_bytes(&OTHER_LINES[..5])
        };
        lines.insert(random.below(lines.len() + 1), line);
    }
    for line in lines {
        body.extend([&filled(line, boundary), line_end].concat());
    }
}

/// `template` with the boundary in its place.
pub(super) fn filled(template: &[u8], boundary: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = template;
    while let Some(at) = memchr::memmem::find(rest, b"{b}") {
        text.extend([&rest[..at], boundary].concat());
        rest = &rest[at + 3..];
    }
    text.extend(rest);
    text
}
