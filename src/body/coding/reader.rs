//! A compressed file as a stream, for what is read and not held.

use std::io::{self, Read};

use super::{Decoder, deflate, zstd};
use crate::content::ExtractLimits;

/// How much denser than the file its content may be. Text in hex seldom passes 20.
const MAX_RATIO: u64 = 1_000;

/// What a file in gzip or Zstandard holds, all its members or frames one after another.
///
/// A file that is cut off or damaged ends in an error, and so does one that grows a thousandfold.
pub struct Decompressed<'a> {
    coding: FileCoding,
    packed: &'a [u8],
    /// What stands behind the member that is read.
    rest: &'a [u8],
    member: Option<Box<dyn Decoder + 'a>>,
    given: u64,
}

/// A compression that files are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileCoding {
    /// RFC 1952, several members allowed.
    Gzip,
    /// RFC 8878, several frames allowed.
    Zstd,
}

impl FileCoding {
    /// The compression of a file that starts with `start`, if any.
    pub fn of(start: &[u8]) -> Option<Self> {
        let magic = [(&b"\x1f\x8b"[..], Self::Gzip), (b"\x28\xb5\x2f\xfd", Self::Zstd)];
        magic.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, coding)| coding)
    }

    /// The extension that its files have.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }

    fn decoder<'a>(self, packed: &'a [u8]) -> Box<dyn Decoder + 'a> {
        match self {
            Self::Gzip => Box::new(deflate::Gzip::new(packed)),
            Self::Zstd => Box::new(zstd::Zstd::new(packed)),
        }
    }
}

impl<'a> Decompressed<'a> {
    /// Reads the file whose bytes are `packed`.
    pub fn new(coding: FileCoding, packed: &'a [u8]) -> Self {
        Self { coding, packed, rest: packed, member: None, given: 0 }
    }

    fn check_ratio(&self) -> io::Result<()> {
        let is_dense = self.given > ExtractLimits::RATIO_FLOOR && self.given / MAX_RATIO > self.packed.len() as u64;
        if is_dense { Err(io::Error::other("it grows more than a thousandfold")) } else { Ok(()) }
    }
}

impl Read for Decompressed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let member = match &mut self.member {
                Some(member) => member,
                None if self.rest.is_empty() => return Ok(0),
                none => none.insert(self.coding.decoder(self.rest)),
            };
            let name = self.coding.extension();
            let read = member.decode(buffer).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, format!("the .{name} file is damaged or cut off"))
            })?;
            if read > 0 {
                self.given += read as u64;
                self.check_ratio()?;
                return Ok(read);
            }
            // A decoder that took nothing would be asked for ever.
            let consumed = member.consumed().max(1);
            self.rest = self.rest.get(consumed..).unwrap_or_default();
            self.member = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn packed_by(tool: &str, content: &[u8]) -> Vec<u8> {
        let mut child = Command::new(tool).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let content = content.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&content));
        let output = child.wait_with_output().unwrap().stdout;
        writer.join().unwrap().unwrap();
        output
    }

    fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let coding = FileCoding::of(packed).expect("it is compressed");
        Decompressed::new(coding, packed).read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn members_are_read_one_after_another_and_a_cut_is_an_error() {
        let (one, two) = (vec![b'a'; 300_000], b"and the rest".to_vec());
        let packed = [packed_by("gzip", &one), packed_by("gzip", &two)].concat();
        assert_eq!(unpacked(&packed).unwrap(), [one, two].concat());
        for cut in [packed.len() - 1, packed.len() - 9, 5] {
            let error = unpacked(&packed[..cut]).unwrap_err();
            assert_eq!(error.to_string(), "the .gz file is damaged or cut off", "cut at {cut}");
        }
    }

    #[test]
    fn plain_text_is_not_compressed() {
        assert_eq!(FileCoding::of(b"algorithm,hash"), None);
        assert_eq!(FileCoding::of(b""), None);
    }
}
