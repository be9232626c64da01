//! The headers of one part.
//!
//! Each line is `name: value CRLF` with a token for a name, in UTF-8, without folding and without control characters.
//! Headers that nobody acts on may say what they like.

use super::Fault;
use super::disposition::Disposition;
use crate::extract::ProblemCode;
use crate::extract::parameters::is_token;

/// What the headers of a part say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartHeaders {
    pub(super) disposition: Disposition,
    pub(super) declared_type: Option<String>,
    pub(super) content_length: Option<u64>,
}

/// Reads a header block; each line in it ends in CRLF. `offset` is where it starts in the body.
pub(super) fn parse(block: &[u8], offset: usize) -> Result<PartHeaders, Fault> {
    for (at, line) in split_lines(block, offset) {
        check_bytes(line, at)?;
    }
    let mut lines = Lines::default();
    for (at, line) in split_lines(block, offset) {
        lines.read(line).map_err(|code| Fault { code, offset: at })?;
    }
    let disposition = lines.disposition.ok_or(Fault { code: ProblemCode::MultipartDispositionMissing, offset })?;
    Ok(PartHeaders { disposition, declared_type: lines.declared_type, content_length: lines.content_length })
}

/// The lines of a block between their CRLFs, each with its offset; bare CR and LF stay in them.
fn split_lines(block: &[u8], offset: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let line = &block[start..];
        let line = &line[..memchr::memmem::find(line, b"\r\n")?];
        let at = offset + start;
        start += line.len() + 2;
        Some((at, line))
    })
}

/// Refuses folding and any byte at which some server ends, skips or rewrites a header.
fn check_bytes(line: &[u8], offset: usize) -> Result<(), Fault> {
    if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        return Err(Fault { code: ProblemCode::MultipartHeaderFolded, offset });
    }
    if let Some(at) = line.iter().position(u8::is_ascii_control) {
        let code = match line[at] {
            b'\n' => ProblemCode::MultipartBareLf,
            b'\r' => ProblemCode::MultipartBareCr,
            _ => ProblemCode::MultipartHeaderControl,
        };
        return Err(Fault { code, offset: offset + at });
    }
    let text = str::from_utf8(line)
        .map_err(|error| Fault { code: ProblemCode::MultipartHeaderNotUtf8, offset: offset + error.valid_up_to() })?;
    // Among them U+0085, U+2028 and U+2029, which Python's `splitlines` takes for line ends.
    match text.char_indices().find(|(_, c)| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        Some((at, _)) => Err(Fault { code: ProblemCode::MultipartHeaderControl, offset: offset + at }),
        None => Ok(()),
    }
}

/// The headers read so far.
#[derive(Default)]
struct Lines {
    disposition: Option<Disposition>,
    declared_type: Option<String>,
    content_length: Option<u64>,
    transfer_encoding: Option<()>,
}

impl Lines {
    fn read(&mut self, line: &[u8]) -> Result<(), ProblemCode> {
        let text = str::from_utf8(line).map_err(|_| ProblemCode::MultipartHeaderNotUtf8)?;
        let (name, value) = text.split_once(':').ok_or(ProblemCode::MultipartHeaderMalformed)?;
        if !is_token(name) {
            return Err(ProblemCode::MultipartHeaderMalformed);
        }
        let value = value.trim_matches(' ');
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" => set_once(&mut self.disposition, Disposition::parse(value)?),
            "content-type" => set_once(&mut self.declared_type, part_type(value)?),
            "content-length" => set_once(&mut self.content_length, part_length(value)?),
            "content-transfer-encoding" => set_once(&mut self.transfer_encoding, check_transfer_encoding(value)?),
            // aiohttp decompresses a part that says so.
            "content-encoding" | "transfer-encoding" => Err(ProblemCode::MultipartContentEncoding),
            _ => Ok(()),
        }
    }
}

fn set_once<T>(slot: &mut Option<T>, value: T) -> Result<(), ProblemCode> {
    match slot.replace(value) {
        Some(_) => Err(ProblemCode::MultipartHeaderRepeated),
        None => Ok(()),
    }
}

fn part_type(value: &str) -> Result<String, ProblemCode> {
    let nested = value.as_bytes().windows(9).any(|window| window.eq_ignore_ascii_case(b"multipart"));
    if nested { Err(ProblemCode::MultipartNested) } else { Ok(value.to_owned()) }
}

/// OkHttp and others send the length of each part; `multipart` for Python goes by it.
fn part_length(value: &str) -> Result<u64, ProblemCode> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|_| digits).ok_or(ProblemCode::MultipartContentLength)
}

/// Passes the three encodings that change nothing.
fn check_transfer_encoding(value: &str) -> Result<(), ProblemCode> {
    let identity = ["binary", "8bit", "7bit"].iter().any(|name| value.eq_ignore_ascii_case(name));
    if identity { Ok(()) } else { Err(ProblemCode::MultipartTransferEncoding) }
}
