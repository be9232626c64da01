//! `aws-chunked`, the framing in which S3 clients stream an object with a signature or a checksum for each piece.
//!
//! ```text
//! body    = *chunk last-chunk *(trailer CRLF) [CRLF]
//! chunk   = 1*HEXDIG [";chunk-signature=" 64HEXDIG] CRLF data CRLF
//! last    = "0" [";chunk-signature=" …] CRLF
//! trailer = name ":" value
//! ```
//!
//! Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in
//! Multiple Chunks" and "Trailing checksums".

use std::io;

use bytes::Bytes;
use memchr::memmem;

use super::ProblemCode;
use super::dissection::Dissection;
use super::parameters::is_token;
use crate::body::ScratchWriter;

/// Bytes of a line. A signature takes 64, that of SigV4A up to 144.
const MAX_LINE: usize = 1024;

/// The object in `body`; `None`, with what is wrong reported, when it is not framed.
pub(super) fn payload(body: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
    let mut pieces = Pieces { body, at: 0 };
    let mut output = None;
    let mut first: Option<Bytes> = None;
    loop {
        match pieces.next_piece() {
            Ok(Some(piece)) if first.is_none() => first = Some(piece),
            Ok(Some(piece)) => {
                let output = output.get_or_insert_with(|| found.output());
                let missing = if output.is_empty() { first.clone().unwrap_or_default() } else { Bytes::new() };
                for piece in [missing, piece] {
                    if let Err(end) = found.write(&piece, body.len(), output) {
                        found.report_limit(end);
                        return None;
                    }
                }
            }
            Ok(None) => break,
            Err(offset) => {
                found.report(ProblemCode::AwsChunkedMalformed, Some(offset));
                return None;
            }
        }
    }
    match output {
        Some(output) => found.take(output),
        None => Some(first.unwrap_or_default()),
    }
}

/// Writes the object in `body` to `output`. Says whether `body` is framed from its start to its end.
///
/// # Errors
/// There is no room, or writing failed.
pub fn object_of_frames(body: &Bytes, output: &mut ScratchWriter) -> io::Result<bool> {
    let mut pieces = Pieces { body, at: 0 };
    loop {
        match pieces.next_piece() {
            Ok(Some(piece)) => output.write(&piece)?,
            Ok(None) => return Ok(true),
            Err(_) => return Ok(false),
        }
    }
}

struct Pieces<'a> {
    body: &'a Bytes,
    at: usize,
}

impl Pieces<'_> {
    /// The next chunk's data; `None` behind the last one, with nothing but trailers behind it.
    ///
    /// # Errors
    /// The offset of what is not in the notation.
    fn next_piece(&mut self) -> Result<Option<Bytes>, usize> {
        let start = self.at;
        let length = chunk_length(self.line()?).ok_or(start)?;
        if length == 0 {
            return self.trailers().map(|()| None);
        }
        let end = self.at.checked_add(length).filter(|end| *end <= self.body.len()).ok_or(start)?;
        let data = self.body.slice(self.at..end);
        self.at = end;
        if self.line()?.is_empty() { Ok(Some(data)) } else { Err(end) }
    }

    fn trailers(&mut self) -> Result<(), usize> {
        while self.at < self.body.len() {
            let start = self.at;
            let line = self.line()?;
            let (is_empty, is_trailer) = (line.is_empty(), is_trailer(line));
            let is_end = is_empty && self.at == self.body.len();
            if !is_end && !is_trailer {
                return Err(start);
            }
        }
        Ok(())
    }

    /// The next line, without its CRLF.
    fn line(&mut self) -> Result<&[u8], usize> {
        let rest = &self.body[self.at..];
        let rest = &rest[..rest.len().min(MAX_LINE)];
        let length = memmem::find(rest, b"\r\n").ok_or(self.at)?;
        self.at += length + 2;
        Ok(&rest[..length])
    }
}

fn is_trailer(line: &[u8]) -> bool {
    str::from_utf8(line).ok().and_then(|line| line.split_once(':')).is_some_and(|(name, _)| is_token(name))
}

/// The length that starts a chunk's line: up to 15 hex digits, then nothing or one extension.
fn chunk_length(line: &[u8]) -> Option<usize> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, extension) = line.split_at(digits);
    let is_plain = |byte: &u8| byte.is_ascii_graphic();
    let has_form = extension.is_empty() || extension.starts_with(b";") && extension.iter().all(is_plain);
    if !has_form || !(1..=15).contains(&digits.len()) {
        return None;
    }
    usize::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::Problem;
    use crate::extract::dissection::testing::gathered;

    fn read(body: &str) -> (Option<Bytes>, Vec<Problem>) {
        let mut object = None;
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            object = payload(&Bytes::copy_from_slice(body.as_bytes()), found);
        });
        (object, found.problems)
    }

    #[test]
    fn an_object_comes_out_of_its_chunks() {
        let signature = format!(";chunk-signature={}", "a".repeat(64));
        for (body, object) in [
            ("0\r\n\r\n", ""),
            ("5\r\nhello\r\n0\r\n\r\n", "hello"),
            ("5\r\nhello\r\n1\r\n!\r\nA\r\n0123456789\r\n0\r\n", "hello!0123456789"),
            (&format!("2{signature}\r\n\r\n\r\n0{signature}\r\n\r\n"), "\r\n"),
            ("1\r\nx\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:ab\r\n\r\n", "x"),
        ] {
            assert_eq!(read(body), (Some(object.to_owned().into()), vec![]), "{body:?}");
        }
    }

    #[test]
    fn anything_else_is_refused_at_its_place() {
        for (body, offset) in [
            ("", 0),
            ("hello", 0),
            ("5\r\nhell", 0),
            ("5\r\nhello!\r\n0\r\n\r\n", 8),
            ("5\r\nhello\r\n", 10),
            (" 5\r\nhello\r\n0\r\n", 0),
            ("0x5\r\nhello\r\n0\r\n", 0),
            ("5 ;x\r\nhello\r\n0\r\n", 0),
            ("5;a\nb\r\nhello\r\n0\r\n", 0),
            ("ffffffffffffffff\r\nhello\r\n0\r\n", 0),
            ("0\r\nmore", 3),
            ("0\r\n\r\n5\r\nhello\r\n", 3),
        ] {
            let problem = Problem { code: ProblemCode::AwsChunkedMalformed, part: None, offset: Some(offset) };
            assert_eq!(read(body), (None, vec![problem]), "{body:?}");
        }
    }
}
