//! Chunked bodies that servers read in different ways.
//!
//! From RFC 9112 §7.1, "Funky Chunks" (w4ke.info, 2025: TERM.EXT, EXT.TERM, TERM.SPILL, SPILL.TERM, ONE.TWO, TWO.ONE),
//! narfindustries/http-garden, and the advisories of llhttp, Node, hyper and aiohttp. The bytes are ours.

use super::heads::{Case, post};

macro_rules! chunks {
    ($body:literal) => {
        post!("Transfer-Encoding: chunked\r\n", $body)
    };
}

pub const SIZES: &[Case] = &[
    ("no size", chunks!("\r\nhello\r\n0\r\n\r\n")),
    ("size with minus", chunks!("-5\r\nhello\r\n0\r\n\r\n")),
    ("size with plus", chunks!("+5\r\nhello\r\n0\r\n\r\n")),
    ("size with 0x", chunks!("0x5\r\nhello\r\n0\r\n\r\n")),
    ("size with an underscore", chunks!("0_5\r\nhello\r\n0\r\n\r\n")),
    ("size behind a space", chunks!(" 5\r\nhello\r\n0\r\n\r\n")),
    ("size and space", chunks!("5 \r\nhello\r\n0\r\n\r\n")),
    ("size behind a tab", chunks!("\t5\r\nhello\r\n0\r\n\r\n")),
    ("size and tab", chunks!("5\t\r\nhello\r\n0\r\n\r\n")),
    ("size with a space inside", chunks!("0 5\r\nhello\r\n0\r\n\r\n")),
    ("size past hex", chunks!("g\r\nhello\r\n0\r\n\r\n")),
    ("size and a letter past hex", chunks!("5h\r\nhello\r\n0\r\n\r\n")),
    ("size in quotes", chunks!("\"5\"\r\nhello\r\n0\r\n\r\n")),
    ("size and comma", chunks!("5,\r\nhello\r\n0\r\n\r\n")),
    ("size in other digits", chunks!("\u{665}\r\nhello\r\n0\r\n\r\n")),
    ("size and NUL", chunks!("5\0\r\nhello\r\n0\r\n\r\n")),
    ("size of 17 digits", chunks!("10000000000000005\r\nhello\r\n0\r\n\r\n")),
    ("size of all ones", chunks!("ffffffffffffffff\r\nhello\r\n0\r\n\r\n")),
    ("size less 2 than all ones", chunks!("fffffffffffffffe\r\nhello\r\n0\r\n\r\n")),
    ("size past 63 bits", chunks!("8000000000000005\r\nhello\r\n0\r\n\r\n")),
    ("size with many zeros", chunks!("00000000000000000005\r\nhello\r\n0\r\n\r\n")),
    ("bare LF behind the size", chunks!("5\nhello\r\n0\r\n\r\n")),
    ("bare CR behind the size", chunks!("5\rhello\r\n0\r\n\r\n")),
    ("CR CR LF behind the size", chunks!("5\r\r\nhello\r\n0\r\n\r\n")),
    ("last size with minus", chunks!("-0\r\n\r\n")),
    ("last size with 0x", chunks!("0x0\r\n\r\n")),
    ("last size with a space", chunks!("0 \r\n\r\n")),
    ("last size of many zeros", chunks!("0000000000000000000\r\n\r\n")),
    ("bare LF behind the last size", chunks!("0\n\r\n")),
];

pub const EXTENSIONS: &[Case] = &[
    ("extension with a bare LF", chunks!("5;a\nhello\r\n0\r\n\r\n")),
    ("extension with a bare LF inside", chunks!("5;a\nb\r\nhello\r\n0\r\n\r\n")),
    ("extension with a bare CR", chunks!("5;a\rb\r\nhello\r\n0\r\n\r\n")),
    ("extension with CR and its own chunk", chunks!("5;\rhello\r\n0\r\n\r\n")),
    ("extension with NUL", chunks!("5;a\0b\r\nhello\r\n0\r\n\r\n")),
    ("extension with a control character", chunks!("5;a=\x01\r\nhello\r\n0\r\n\r\n")),
    ("quotes with CR LF inside", chunks!("5;a=\"\r\nhello\r\n0\r\n\r\n\"\r\nhello\r\n0\r\n\r\n")),
    ("quotes with a bare LF inside", chunks!("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n")),
    ("quotes without an end", chunks!("5;a=\"b\r\nhello\r\n0\r\n\r\n")),
    ("quotes whose end is escaped", chunks!("5;a=\"b\\\"\r\nhello\r\n0\r\n\r\n")),
    ("quotes and more", chunks!("5;a=\"b\"c\r\nhello\r\n0\r\n\r\n")),
    ("quotes as a name", chunks!("5;\"a\"\r\nhello\r\n0\r\n\r\n")),
    ("extension without a name", chunks!("5;\r\nhello\r\n0\r\n\r\n")),
    ("extension with a value alone", chunks!("5;=b\r\nhello\r\n0\r\n\r\n")),
    ("extension without its value", chunks!("5;a=\r\nhello\r\n0\r\n\r\n")),
    ("extension with two values", chunks!("5;a=b=c\r\nhello\r\n0\r\n\r\n")),
    ("extension with a space before it", chunks!("5 ;a\r\nhello\r\n0\r\n\r\n")),
    ("extension with a space inside", chunks!("5; a=b\r\nhello\r\n0\r\n\r\n")),
    ("extension with a tab at its end", chunks!("5;a=b\t\r\nhello\r\n0\r\n\r\n")),
    ("extension beyond ASCII", chunks!("5;a=\u{e9}\r\nhello\r\n0\r\n\r\n")),
    ("last chunk with a bare LF", chunks!("0;a\n\r\n")),
    ("last chunk with an odd extension", chunks!("0; \r\n\r\n")),
    (
        "extension of 400 bytes",
        chunks!(
            "5;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
             aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
             aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
             aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\
             hello\r\n0\r\n\r\n"
        ),
    ),
];

pub const DATA: &[Case] = &[
    ("more than its size", chunks!("5\r\nhello!\r\n0\r\n\r\n")),
    ("less than its size", chunks!("5\r\nhell\r\n0\r\n\r\n")),
    ("no line end behind it", chunks!("5\r\nhello0\r\n\r\n")),
    ("other bytes behind it", chunks!("5\r\nhelloXX0\r\n\r\n")),
    ("bare LF behind it", chunks!("5\r\nhello\n0\r\n\r\n")),
    ("bare CR behind it", chunks!("5\r\nhello\r0\r\n\r\n")),
    ("LF CR behind it", chunks!("5\r\nhello\n\r0\r\n\r\n")),
    ("CR X behind it", chunks!("5\r\nhello\rX0\r\n\r\n")),
    ("an empty line behind it", chunks!("5\r\nhello\r\n\r\n0\r\n\r\n")),
    ("a bare LF as the last line", chunks!("5\r\nhello\r\n0\r\n\n")),
    ("other bytes as the last line", chunks!("5\r\nhello\r\n0\r\nXX")),
];

pub const TRAILERS: &[Case] = &[
    ("trailer of length", chunks!("0\r\nContent-Length: 5\r\n\r\n")),
    ("trailer of length with an underscore", chunks!("0\r\nContent_Length: 5\r\n\r\n")),
    ("trailer of coding", chunks!("0\r\nTransfer-Encoding: chunked\r\n\r\n")),
    ("trailer of host", chunks!("0\r\nHost: other.test\r\n\r\n")),
    ("trailer of connection", chunks!("0\r\nConnection: close\r\n\r\n")),
    ("trailer of expectation", chunks!("0\r\nExpect: 100-continue\r\n\r\n")),
    ("trailer of type", chunks!("0\r\nContent-Type: a/b\r\n\r\n")),
    ("trailer folded", chunks!("0\r\nX: a\r\n b\r\n\r\n")),
    ("trailer without a colon", chunks!("0\r\nGET / HTTP/1.1\r\n\r\n")),
    ("trailer with a space before the colon", chunks!("0\r\nX : a\r\n\r\n")),
    ("trailer with NUL", chunks!("0\r\nX: a\0\r\n\r\n")),
    ("trailer with a bare CR", chunks!("0\r\nX: a\rb\r\n\r\n")),
    ("trailer with a bare LF", chunks!("0\r\nX: a\nY: b\r\n\r\n")),
    ("trailer that ends in LF LF", chunks!("0\r\nX: a\n\n")),
];

/// The client ends the connection behind them.
pub const UNFINISHED: &[Case] = &[
    ("no last chunk", chunks!("5\r\nhello\r\n")),
    ("no line end behind the last size", chunks!("5\r\nhello\r\n0")),
    ("no empty line behind the last chunk", chunks!("5\r\nhello\r\n0\r\n")),
    ("trailers without an end", chunks!("5\r\nhello\r\n0\r\nX: y\r\n")),
    ("data without an end", chunks!("ff\r\nhello")),
    ("a body shorter than its length", post!("Content-Length: 50\r\n", "hello")),
    ("a head without an end", "POST @ HTTP/1.1\r\nHost: site.test\r\n"),
];
