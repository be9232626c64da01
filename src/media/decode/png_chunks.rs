//! The chunks of a PNG. Source: W3C PNG, third edition, §5.3.

/// How a PNG begins.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Length, kind and checksum.
const AROUND: usize = 12;

/// A chunk with its content, as far as there is.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub(super) kind: [u8; 4],
    pub(super) content: &'a [u8],
    /// With what is around it.
    pub(super) whole: &'a [u8],
}

/// One after the other; the last may be cut off.
#[derive(Clone)]
pub(super) struct Chunks<'a>(&'a [u8]);

impl<'a> Chunks<'a> {
    pub(super) fn of(png: &'a [u8]) -> Self {
        Self(png.get(SIGNATURE.len()..).unwrap_or_default())
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&[a, b, c, d, ref kind @ ..], rest) = self.0.split_first_chunk::<8>()?;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let content = &rest[..rest.len().min(length)];
        let whole = &self.0[..self.0.len().min(length.saturating_add(AROUND))];
        self.0 = &self.0[whole.len()..];
        Some(Chunk { kind: *kind, content, whole })
    }
}

/// Adds a chunk to a PNG that is being written.
pub(super) fn push_chunk(png: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&kind);
    sum.update(content);
    png.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    png.extend_from_slice(&kind);
    png.extend_from_slice(content);
    png.extend_from_slice(&sum.finalize().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_as_they_were_written_up_to_where_they_are_cut_off() {
        let mut png = SIGNATURE.to_vec();
        push_chunk(&mut png, *b"IHDR", b"header");
        push_chunk(&mut png, *b"IDAT", b"some data");
        let read = |png| Chunks::of(png).map(|chunk| (chunk.kind, chunk.content)).collect::<Vec<_>>();
        assert_eq!(read(&png), [(*b"IHDR", &b"header"[..]), (*b"IDAT", b"some data")]);
        assert_eq!(read(&png[..png.len() - 8]), [(*b"IHDR", &b"header"[..]), (*b"IDAT", b"some ")]);
        assert_eq!(read(&png[..4]), []);
    }
}
