//! The headers of one part.
//!
//! Each line is `name: value CRLF` with a token for a name, and may go on in lines that begin with white space. Refused
//! is what some server takes for the end of a line or of all headers, since the content would begin elsewhere for it.
//! Headers that nobody acts on may say what they like, and the others may come more than once.

use super::Fault;
use super::disposition::Disposition;
use crate::extract::ProblemCode;
use crate::extract::parameters::is_token;

/// Headers, in lower case, in which clients write what a file is called where there is no `Content-Disposition`.
const NAMING: [&str; 6] =
    ["x-file-path", "x-file-name", "slug", "content-location", "content-description", "content-id"];

/// What the headers of a part say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PartHeaders {
    pub(super) disposition: Option<Disposition>,
    /// The first type.
    pub(super) declared_type: Option<String>,
    /// Every type.
    pub(super) types: Vec<Vec<u8>>,
    pub(super) content_lengths: Vec<u64>,
    /// Whether the content is said to be in base64.
    pub(super) is_base64: bool,
    /// Whether a type says that the part is text.
    pub(super) is_called_text: bool,
    /// Names in other headers.
    pub(super) texts: Vec<Vec<u8>>,
}

/// Reads a header block; each line in it ends in CRLF. `offset` is where it starts in the body.
pub(super) fn parse(block: &[u8], offset: usize) -> Result<PartHeaders, Fault> {
    for (at, line) in split_lines(block, offset) {
        check_bytes(line, at)?;
    }
    let mut headers = PartHeaders::default();
    for (at, line) in unfolded(block, offset)? {
        headers.read(&line).map_err(|code| Fault { code, offset: at })?;
    }
    Ok(headers)
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

/// The headers, each on one line. Refused is a first line that begins with white space, one of nothing else, which ends
/// the headers for some servers, and one that is a header of its own to those that know of no folding.
fn unfolded(block: &[u8], offset: usize) -> Result<Vec<(usize, Vec<u8>)>, Fault> {
    let mut lines: Vec<(usize, Vec<u8>)> = Vec::new();
    for (at, line) in split_lines(block, offset) {
        if !line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            lines.push((at, line.to_vec()));
            continue;
        }
        match lines.last_mut() {
            Some((_, before)) if !line.trim_ascii().is_empty() && !looks_like_header(line.trim_ascii()) => {
                before.extend_from_slice(line);
            }
            _ => return Err(Fault { code: ProblemCode::MultipartHeaderFolded, offset: at }),
        }
    }
    Ok(lines)
}

fn looks_like_header(line: &[u8]) -> bool {
    let name = memchr::memchr(b':', line).map(|colon| line[..colon].trim_ascii_end());
    name.and_then(|name| str::from_utf8(name).ok()).is_some_and(is_token)
}

/// Refuses any byte at which some server ends a line, or all of the headers. Other control characters are part of a
/// name: Chromium writes those that a file name has.
fn check_bytes(line: &[u8], offset: usize) -> Result<(), Fault> {
    let is_line_end = |byte: &u8| matches!(byte, 0 | b'\n' | b'\r' | 0x0b | 0x0c | 0x1c..=0x1e);
    if let Some(at) = line.iter().position(is_line_end) {
        let code = match line[at] {
            b'\n' => ProblemCode::MultipartBareLf,
            b'\r' => ProblemCode::MultipartBareCr,
            _ => ProblemCode::MultipartHeaderControl,
        };
        return Err(Fault { code, offset: offset + at });
    }
    // U+0085, U+2028 and U+2029, which Python's `splitlines` takes for line ends.
    let separators: [&[u8]; 3] = [b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9"];
    match separators.iter().filter_map(|end| memchr::memmem::find(line, end)).min() {
        Some(at) => Err(Fault { code: ProblemCode::MultipartHeaderControl, offset: offset + at }),
        None => Ok(()),
    }
}

impl PartHeaders {
    fn read(&mut self, line: &[u8]) -> Result<(), ProblemCode> {
        let colon = memchr::memchr(b':', line).ok_or(ProblemCode::MultipartHeaderMalformed)?;
        let name = str::from_utf8(&line[..colon]).ok().filter(|name| is_token(name));
        let name = name.ok_or(ProblemCode::MultipartHeaderMalformed)?.to_ascii_lowercase();
        let value = line[colon + 1..].trim_ascii();
        match name.as_str() {
            "content-disposition" => {
                let read = Disposition::read(value);
                self.disposition = Some(match self.disposition.take() {
                    Some(first) => first.and(read),
                    None => read,
                });
            }
            "content-type" => self.read_type(value),
            "content-length" => self.content_lengths.push(part_length(value)?),
            "content-transfer-encoding" if !is_known_transfer_encoding(value) => {
                return Err(ProblemCode::MultipartTransferEncoding);
            }
            "content-transfer-encoding" => self.is_base64 |= value.eq_ignore_ascii_case(b"base64"),
            // aiohttp decompresses a part that says so.
            "content-encoding" | "transfer-encoding" if !value.eq_ignore_ascii_case(b"identity") => {
                return Err(ProblemCode::MultipartContentEncoding);
            }
            name if NAMING.contains(&name) => self.texts.push(value.to_vec()),
            _ => {}
        }
        Ok(())
    }

    fn read_type(&mut self, value: &[u8]) {
        let declared = String::from_utf8_lossy(value).into_owned();
        let lower = declared.to_ascii_lowercase();
        self.is_called_text |= lower.starts_with("text/");
        self.types.push(value.to_vec());
        if lower.contains("name") {
            self.texts.push(value.to_vec());
        }
        self.declared_type.get_or_insert(declared);
    }
}

/// OkHttp and others send the length of each part; `multipart` for Python goes by it.
fn part_length(value: &[u8]) -> Result<u64, ProblemCode> {
    let digits = str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or(ProblemCode::MultipartContentLength)
}

/// Whether a transfer encoding changes nothing, or is one of the two of which every reading is inspected.
fn is_known_transfer_encoding(value: &[u8]) -> bool {
    let known = ["binary", "8bit", "7bit", "base64", "quoted-printable"];
    known.iter().any(|name| value.eq_ignore_ascii_case(name.as_bytes()))
}
