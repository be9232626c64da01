//! The head of a request: its first line and its headers, in the one way of writing them that all servers read alike.

use http::{HeaderValue, header};
use memchr::{memchr, memchr_iter};
use pingora::http::RequestHeader;
use pingora::protocols::http::authority::validate_request_authority;

use super::violation::Violation;
use crate::extract::is_token_byte;

/// Most bytes of a head. Servers take 8 to 64 KiB.
pub(super) const MAX_HEAD: usize = 64 << 10;

/// Most headers of a request: pingora takes no more.
pub(super) const MAX_FIELDS: usize = 256;

/// Where the body of a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After its last chunk.
    Chunked,
}

/// Where the head at the start of `bytes` ends, in the most eager reading there is: at an empty line, whatever ends its
/// lines. `searched` bytes were looked at before.
pub(super) fn end_of(bytes: &[u8], searched: usize) -> Option<usize> {
    let from = searched.saturating_sub(3).max(leading_line(bytes));
    memchr_iter(b'\n', bytes.get(from..)?).find_map(|at| match &bytes[from + at + 1..] {
        [b'\n', ..] => Some(from + at + 2),
        [b'\r', b'\n', ..] => Some(from + at + 3),
        _ => None,
    })
}

/// Some clients end a body with an empty line that does not belong to it (RFC 9112 §2.2). One is let through.
fn leading_line(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\r\n") { 2 } else { 0 }
}

/// Checks a whole head, its empty line included.
pub(super) fn check(head: &[u8]) -> Result<Framing, Violation> {
    let mut lines = head[leading_line(head)..].split_inclusive(|byte| *byte == b'\n').map(line);
    let (version, mut aim) = request_line(lines.next().unwrap_or(Ok(b""))?)?;
    let mut statements = Statements { version, ..Statements::default() };
    for (count, line) in lines.enumerate() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if count == MAX_FIELDS {
            return Err(Violation::HeaderTooLarge);
        }
        let (name, value) = field(line)?;
        statements.note(name, value)?;
        if name.eq_ignore_ascii_case(b"host") {
            let host = HeaderValue::from_bytes(value).map_err(|_| Violation::Target)?;
            aim.append_header(header::HOST, host).map_err(|_| Violation::Target)?;
        }
    }
    let framing = statements.conclude()?;
    validate_request_authority(&aim).map_err(|_| Violation::Target)?;
    Ok(framing)
}

/// A line without its end.
pub(super) fn line(line: &[u8]) -> Result<&[u8], Violation> {
    let line = line.strip_suffix(b"\r\n").ok_or(Violation::LineEnd)?;
    if memchr(b'\r', line).is_some() { Err(Violation::LineEnd) } else { Ok(line) }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Version {
    Http10,
    #[default]
    Http11,
}

/// Methods are in capitals here: some servers read others as if they were, and routes tell methods apart by case.
fn request_line(line: &[u8]) -> Result<(Version, RequestHeader), Violation> {
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Violation::RequestLine);
    };
    let is_method = !method.is_empty() && method.iter().all(|byte| is_token_byte(*byte) && !byte.is_ascii_lowercase());
    let is_target = !target.is_empty() && target.iter().all(|byte| *byte > b' ' && *byte != 0x7f);
    let version = match version {
        b"HTTP/1.1" if is_method && is_target => Version::Http11,
        b"HTTP/1.0" if is_method && is_target => Version::Http10,
        _ => return Err(Violation::RequestLine),
    };
    if method == b"CONNECT" || method == b"TRACE" {
        return Err(Violation::Method);
    }
    Ok((version, aim(method, target)?))
}

/// What pingora will make of the target. It answers by itself, and without a word in the log, what it cannot read.
fn aim(method: &[u8], target: &[u8]) -> Result<RequestHeader, Violation> {
    // It escapes what is not ASCII, where it is UTF-8 and the method a word.
    let is_word = method.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if !target.is_ascii() && (std::str::from_utf8(target).is_err() || !is_word) {
        return Err(Violation::Target);
    }
    RequestHeader::build(method, target, Some(1)).map_err(|_| Violation::Target)
}

/// Name and value of a header, without the white space around the value.
pub(super) fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Violation> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err(Violation::HeaderFolded);
    }
    let colon = memchr(b':', line).ok_or(Violation::Header)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().all(|byte| is_token_byte(*byte)) {
        return Err(Violation::Header);
    }
    if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        return Err(Violation::HeaderControl);
    }
    Ok((name, value.trim_ascii()))
}

/// What a head says that matters to where the request ends.
#[derive(Default)]
struct Statements {
    version: Version,
    has_host: bool,
    length: Option<u64>,
    is_chunked: bool,
}

impl Statements {
    fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), Violation> {
        if is_named(name, b"content-length") {
            if self.length.is_some() || name.contains(&b'_') {
                return Err(Violation::FramingConflict);
            }
            self.length = Some(length(value).ok_or(Violation::ContentLength)?);
        } else if is_named(name, b"transfer-encoding") {
            if self.is_chunked || name.contains(&b'_') {
                return Err(Violation::FramingConflict);
            }
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Violation::TransferEncoding);
            }
            self.is_chunked = true;
        } else if name.eq_ignore_ascii_case(b"host") {
            self.has_host = true;
        }
        Ok(())
    }

    /// RFC 9112 §3.2, §6.1 and §6.3, in the strictest reading.
    fn conclude(self) -> Result<Framing, Violation> {
        match self {
            Self { version: Version::Http11, has_host: false, .. } => Err(Violation::HostMissing),
            Self { length: Some(_), is_chunked: true, .. } => Err(Violation::FramingConflict),
            Self { version: Version::Http10, is_chunked: true, .. } => Err(Violation::FramingConflict),
            Self { is_chunked: true, .. } => Ok(Framing::Chunked),
            Self { length, .. } => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}

/// Whether a header has a name, `_` read as `-` as CGI and WSGI do.
pub(super) fn is_named(name: &[u8], expected: &[u8]) -> bool {
    let same =
        |(byte, expected): (&u8, &u8)| byte.eq_ignore_ascii_case(expected) || (*byte == b'_' && *expected == b'-');
    name.len() == expected.len() && name.iter().zip(expected).all(same)
}

/// A decimal number as everybody writes it: no sign, no leading zero (some read octal), within 18 digits.
pub(in crate::proxy) fn length(value: &[u8]) -> Option<u64> {
    let is_plain = value.iter().all(u8::is_ascii_digit) && (value.len() == 1 || !value.starts_with(b"0"));
    if !is_plain || value.len() > 18 {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}
