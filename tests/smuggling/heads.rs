//! Request heads that servers read in different ways. `@` is where the path goes.
//!
//! From RFC 9112 §2.2, §3, §5.1, §5.2, §6.1 and §6.3, RFC 9110 §7.6.1 and §10.1.1, PortSwigger's "HTTP Desync Attacks"
//! (2019), "Browser-Powered Desync Attacks" (2022) and "HTTP/1.1 must die" (2025), the mutations of defparam/smuggler,
//! the findings of narfindustries/http-garden, and the advisories of llhttp and Node. The bytes are ours.

/// A name for the case, and the request.
pub type Case = (&'static str, &'static str);

macro_rules! post {
    ($headers:literal, $body:literal) => {
        concat!("POST @ HTTP/1.1\r\nHost: site.test\r\n", $headers, "\r\n", $body)
    };
}

macro_rules! chunked {
    ($header:literal) => {
        post!($header, "0\r\n\r\n")
    };
}

macro_rules! sized {
    ($header:literal) => {
        post!($header, "hello")
    };
}

pub(crate) use post;

pub const LENGTHS: &[Case] = &[
    ("length, then coding", post!("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG")),
    ("coding, then length", post!("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\nG")),
    ("coding of no meaning, and length", sized!("Transfer-Encoding: x\r\nContent-Length: 5\r\n")),
    ("two equal lengths", sized!("Content-Length: 5\r\nContent-Length: 5\r\n")),
    ("two lengths", sized!("Content-Length: 5\r\nContent-Length: 0\r\n")),
    ("two lengths, spelled apart", sized!("Content-Length: 5\r\ncontent-length: 4\r\n")),
    ("list of equal lengths", sized!("Content-Length: 5, 5\r\n")),
    ("list of lengths", sized!("Content-Length: 5, 6\r\n")),
    ("length and comma", sized!("Content-Length: 5,\r\n")),
    ("comma and length", sized!("Content-Length: ,5\r\n")),
    ("length with plus", sized!("Content-Length: +5\r\n")),
    ("length with minus", sized!("Content-Length: -5\r\n")),
    ("length with a space inside", sized!("Content-Length: 5 5\r\n")),
    ("length in hex", sized!("Content-Length: 0x5\r\n")),
    ("length of hex digits", sized!("Content-Length: a\r\n")),
    ("length with an underscore", sized!("Content-Length: 1_0\r\n")),
    ("length with a fraction", sized!("Content-Length: 5.0\r\n")),
    ("length with an exponent", sized!("Content-Length: 5e0\r\n")),
    ("length with a parameter", sized!("Content-Length: 5;x\r\n")),
    ("length in quotes", sized!("Content-Length: \"5\"\r\n")),
    ("length in other digits", sized!("Content-Length: \u{665}\r\n")),
    ("empty length", sized!("Content-Length:\r\n")),
    ("length past 64 bits", sized!("Content-Length: 18446744073709551621\r\n")),
    ("length past 63 bits", sized!("Content-Length: 9223372036854775813\r\n")),
    ("length of many digits", sized!("Content-Length: 99999999999999999999999999999999\r\n")),
    ("length with leading zeros", sized!("Content-Length: 005\r\n")),
    ("length and vertical tab", sized!("Content-Length: 5\x0b\r\n")),
    ("length behind NUL", sized!("Content-Length: \x005\r\n")),
    ("length, space before colon", sized!("Content-Length : 5\r\n")),
    ("length, tab before colon", sized!("Content-Length\t: 5\r\n")),
    ("length with underscore in its name", sized!("Content_Length: 5\r\n")),
    ("length with underscore beside the other", sized!("Content_Length: 0\r\nContent-Length: 5\r\n")),
    ("length folded with a space", sized!("Content-Length:\r\n 5\r\n")),
    ("length folded with a tab", sized!("Content-Length: 5\r\n\t0\r\n")),
];

pub const CODINGS: &[Case] = &[
    ("chunked, identity", chunked!("Transfer-Encoding: chunked, identity\r\n")),
    ("identity, chunked", chunked!("Transfer-Encoding: identity, chunked\r\n")),
    ("gzip, chunked", chunked!("Transfer-Encoding: gzip, chunked\r\n")),
    ("chunked, gzip", chunked!("Transfer-Encoding: chunked, gzip\r\n")),
    ("chunked, chunked", chunked!("Transfer-Encoding: chunked, chunked\r\n")),
    ("identity", chunked!("Transfer-Encoding: identity\r\n")),
    ("xchunked", chunked!("Transfer-Encoding: xchunked\r\n")),
    ("chunkedx", chunked!("Transfer-Encoding: chunkedx\r\n")),
    ("chunked with a parameter", chunked!("Transfer-Encoding: chunked;x\r\n")),
    ("chunked with a weight", chunked!("Transfer-Encoding: chunked;q=0.5\r\n")),
    ("chunked and comma", chunked!("Transfer-Encoding: chunked,\r\n")),
    ("comma and chunked", chunked!("Transfer-Encoding: ,chunked\r\n")),
    ("chunked twice", chunked!("Transfer-Encoding: chunked chunked\r\n")),
    ("chunked in quotes", chunked!("Transfer-Encoding: \"chunked\"\r\n")),
    ("chunked in apostrophes", chunked!("Transfer-Encoding: 'chunked'\r\n")),
    ("chunked in brackets", chunked!("Transfer-Encoding: [chunked]\r\n")),
    ("chunked with a Kelvin sign", chunked!("Transfer-Encoding: chun\u{212a}ed\r\n")),
    ("chunked and vertical tab", chunked!("Transfer-Encoding: chunked\x0b\r\n")),
    ("chunked and form feed", chunked!("Transfer-Encoding: chunked\x0c\r\n")),
    ("vertical tab and chunked", chunked!("Transfer-Encoding: \x0bchunked\r\n")),
    ("no-break space and chunked", chunked!("Transfer-Encoding: \u{a0}chunked\r\n")),
    ("chunked and NUL", chunked!("Transfer-Encoding: chunked\0\r\n")),
    ("DEL and chunked", chunked!("Transfer-Encoding: \x7fchunked\r\n")),
    ("empty coding", chunked!("Transfer-Encoding:\r\n")),
    ("coding, space before colon", chunked!("Transfer-Encoding : chunked\r\n")),
    ("coding, tab before colon", chunked!("Transfer-Encoding\t: chunked\r\n")),
    ("coding, NUL before colon", chunked!("Transfer-Encoding\0: chunked\r\n")),
    ("coding, no colon", chunked!("Transfer-Encoding chunked\r\n")),
    ("coding with underscore in its name", chunked!("Transfer_Encoding: chunked\r\n")),
    ("two codings, equal", chunked!("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
    ("two codings, chunked first", chunked!("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")),
    ("two codings, chunked last", chunked!("Transfer-Encoding: identity\r\nTransfer-encoding: chunked\r\n")),
    ("two codings, one empty", chunked!("Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n")),
    ("coding folded with a space", chunked!("Transfer-Encoding:\r\n chunked\r\n")),
    ("coding folded with a tab", chunked!("Transfer-Encoding: chunked\r\n\t, identity\r\n")),
    ("coding in a folded line", chunked!("X: y\r\n Transfer-Encoding: chunked\r\n")),
    ("coding behind a bare CR", chunked!("X: y\rTransfer-Encoding: chunked\r\n")),
    ("coding behind a bare LF", chunked!("X: y\nTransfer-Encoding: chunked\r\n")),
    ("coding that ends in a bare LF", chunked!("Transfer-Encoding: chunked\nX: y\r\n")),
    ("coding that ends in CR CR LF", chunked!("Transfer-Encoding: chunked\r\r\n")),
    ("coding in HTTP/1.0", "POST @ HTTP/1.0\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
];

pub const FIELDS: &[Case] = &[
    ("folded with a space", post!("X: a\r\n b\r\n", "")),
    ("folded with a tab", post!("X: a\r\n\tb\r\n", "")),
    ("folded with white space alone", post!("X: a\r\n \r\n", "")),
    ("white space before the first header", "GET @ HTTP/1.1\r\n Host: site.test\r\nX: y\r\nHost: site.test\r\n\r\n"),
    ("tab before the first header", "GET @ HTTP/1.1\r\n\tX: y\r\nHost: site.test\r\n\r\n"),
    ("NUL in a name", post!("X\0Y: a\r\n", "")),
    ("NUL in a value", post!("X: a\0b\r\n", "")),
    ("bare CR in a value", post!("X: a\rb\r\n", "")),
    ("bare CR in a name", post!("X\rY: a\r\n", "")),
    ("bare CR as a line end", post!("X: a\rY: b\r\n", "")),
    ("bare LF as a line end", post!("X: a\nY: b\r\n", "")),
    ("bare LF in a name", post!("X\nY: a\r\n", "")),
    ("CR CR LF as a line end", post!("X: a\r\r\n", "")),
    ("LF LF as the end", "GET @ HTTP/1.1\r\nHost: site.test\n\n"),
    ("CR LF LF as the end", "GET @ HTTP/1.1\r\nHost: site.test\r\n\n"),
    ("LF CR LF as the end", "GET @ HTTP/1.1\r\nHost: site.test\n\r\n"),
    ("LF as every line end", "GET @ HTTP/1.1\nHost: site.test\n\n"),
    ("line without a colon", post!("nothing\r\n", "")),
    ("empty name", post!(": a\r\n", "")),
    ("name with a space", post!("X Y: a\r\n", "")),
    ("name with a space at its end", post!("X : a\r\n", "")),
    ("name with a bracket", post!("X(Y): a\r\n", "")),
    ("name with a slash", post!("X/Y: a\r\n", "")),
    ("name in quotes", post!("\"X\": a\r\n", "")),
    ("name beyond ASCII", post!("X\u{e9}: a\r\n", "")),
    ("control character in a value", post!("X: a\x01b\r\n", "")),
    ("escape in a value", post!("X: a\x1bb\r\n", "")),
    ("DEL in a value", post!("X: a\x7fb\r\n", "")),
    ("backspace in a name", post!("X\x08: a\r\n", "")),
    ("no host", "GET @ HTTP/1.1\r\nX: y\r\n\r\n"),
    ("two hosts", post!("Host: other.test\r\n", "")),
    ("host folded", "GET @ HTTP/1.1\r\nHost:\r\n site.test\r\n\r\n"),
    ("host with a path", "GET @ HTTP/1.1\r\nHost: site.test/b\r\n\r\n"),
    ("host with a space", "GET @ HTTP/1.1\r\nHost: site.test other.test\r\n\r\n"),
    ("host beyond ASCII", "GET @ HTTP/1.1\r\nHost: site\u{ff0e}test\r\n\r\n"),
];

pub const REQUEST_LINES: &[Case] = &[
    ("two spaces before the target", "GET  @ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("two spaces before the version", "GET @  HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("tabs between the words", "GET\t@\tHTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("tab before the version", "GET @\tHTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("vertical tab between the words", "GET\x0b@ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("space before the method", " GET @ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("space behind the version", "GET @ HTTP/1.1 \r\nHost: site.test\r\n\r\n"),
    ("space in the target", "GET @ /b HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("second version in the target", "GET @ HTTP/1.1 HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("NUL in the target", "GET @\0 HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("DEL in the target", "GET @\x7f HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("bare CR in the target", "GET @\rb HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("bare LF as its end", "GET @ HTTP/1.1\nHost: site.test\r\n\r\n"),
    ("bare CR as its end", "GET @ HTTP/1.1\rHost: site.test\r\n\r\n"),
    ("HTTP/1.2", "GET @ HTTP/1.2\r\nHost: site.test\r\n\r\n"),
    ("HTTP/2.0", "GET @ HTTP/2.0\r\nHost: site.test\r\n\r\n"),
    ("HTTP/0.9", "GET @ HTTP/0.9\r\nHost: site.test\r\n\r\n"),
    ("HTTP/1.10", "GET @ HTTP/1.10\r\nHost: site.test\r\n\r\n"),
    ("HTTP/01.1", "GET @ HTTP/01.1\r\nHost: site.test\r\n\r\n"),
    ("HTTP/1,1", "GET @ HTTP/1,1\r\nHost: site.test\r\n\r\n"),
    ("http/1.1", "GET @ http/1.1\r\nHost: site.test\r\n\r\n"),
    ("no version", "GET @\r\nHost: site.test\r\n\r\n"),
    ("no target", "GET HTTP/1.1\r\nHost: site.test\r\nX: @\r\n\r\n"),
    ("no method", " @ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("method in lower case", "get @ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("method in mixed case", "Post @ HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello"),
    ("method with a NUL", "GE\0T @ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("method with a colon", "GET: @ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("two empty lines before it", "\r\n\r\nGET @ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("bare LF before it", "\nGET @ HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("HTTP/2 preface later", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
    ("CONNECT", "CONNECT site.test:443 HTTP/1.1\r\nHost: site.test:443\r\n\r\n"),
];

pub const MEANINGS: &[Case] = &[
    ("connection: content-length", sized!("Connection: Content-Length\r\nContent-Length: 5\r\n")),
    ("connection: transfer-encoding", chunked!("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n")),
    ("connection: content-type", sized!("Connection: content-type\r\nContent-Type: a/b\r\nContent-Length: 5\r\n")),
    ("connection: host", post!("Connection: close, host\r\n", "")),
    ("connection: x-forwarded-for", post!("Connection: close, X-Forwarded-For\r\nX-Forwarded-For: ::1\r\n", "")),
    ("connection: x-real-ip", post!("Connection: close, X-Real-Ip\r\n", "")),
    ("connection: cookie", post!("Connection: cookie\r\nCookie: a=b\r\n", "")),
    ("connection: a pseudo-header", post!("Connection: :authority\r\n", "")),
    ("connection: in quotes", post!("Connection: \"close\"\r\n", "")),
    ("two expectations", sized!("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n")),
    ("list of expectations", sized!("Expect: 100-continue, 100-continue\r\nContent-Length: 5\r\n")),
    ("expectation behind a word", sized!("Expect: y 100-continue\r\nContent-Length: 5\r\n")),
    ("expectation with a parameter", sized!("Expect: 100-continue;x\r\nContent-Length: 5\r\n")),
    ("another expectation", sized!("Expect: x\r\nContent-Length: 5\r\n")),
    ("empty expectation", sized!("Expect:\r\nContent-Length: 5\r\n")),
    ("expectation folded", sized!("Expect:\r\n 100-continue\r\nContent-Length: 5\r\n")),
    ("HEAD with a body", "HEAD @ HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello"),
    ("HEAD with chunks", "HEAD @ HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("TRACE with a body", "TRACE @ HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello"),
];
