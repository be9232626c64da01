//! The boxes of a JP2 file, as far as they say which codestreams it has. Source: ITU-T T.800, Annex I.

use crate::media::DecodeError;
use crate::worker::bounds::UNSUPPORTED;

/// What a file with boxes begins with.
const SIGNATURE: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n";

/// The first four bytes of its first box, and its kind: the rest of it is not always right.
const SIGNATURE_KIND: &[u8] = b"\0\0\0\x0cjP  ";

/// Its second box.
const FILE_TYPE: &[u8] = b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 ";

/// Boxes of films, documents, and files whose codestreams lie in pieces.
const OF_OTHERS: [&[u8; 4]; 4] = [b"moov", b"mhdr", b"page", b"ftbl"];

/// One picture of a file.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// What says what its channels mean.
    header: Option<&'a [u8]>,
    pub(super) codestream: &'a [u8],
}

/// A box: its kind, and what is in it.
type Box<'a> = ([u8; 4], &'a [u8]);

/// The pictures of `file`, in its order.
///
/// # Errors
/// There are none.
pub(super) fn entries(file: &[u8]) -> Result<Vec<Entry<'_>>, DecodeError> {
    if !file.starts_with(SIGNATURE_KIND) {
        return Ok(vec![Entry { header: None, codestream: file }]);
    }
    let content = |kind: &'static [u8; 4]| boxes(file).filter(move |found| found.0 == *kind).map(|found| found.1);
    let header = content(b"jp2h").next();
    let entries: Vec<_> = content(b"jp2c").map(|codestream| Entry { header, codestream }).collect();
    if !entries.is_empty() {
        return Ok(entries);
    }
    if boxes(file).any(|(kind, _)| OF_OTHERS.contains(&&kind)) {
        return Err(DecodeError::Unsupported(UNSUPPORTED));
    }
    Err(DecodeError::Broken("there is no codestream".into()))
}

impl Entry<'_> {
    /// A file of this picture alone.
    pub(super) fn file(&self) -> Vec<u8> {
        let Some(header) = self.header else { return self.codestream.to_vec() };
        let mut file = Vec::with_capacity(header.len() + self.codestream.len() + 64);
        file.extend_from_slice(SIGNATURE);
        file.extend_from_slice(FILE_TYPE);
        file.extend(u32::try_from(header.len() + 8).unwrap_or(u32::MAX).to_be_bytes());
        file.extend_from_slice(b"jp2h");
        file.extend_from_slice(header);
        // Up to the end.
        file.extend_from_slice(b"\0\0\0\0jp2c");
        file.extend_from_slice(self.codestream);
        file
    }

    /// Planes that the decoder makes besides those of `components`: of a palette, and for channels in another order.
    pub(super) fn copies(&self, components: u64) -> u64 {
        let (mut mapped, mut columns, mut is_ordered) = (0, 0, true);
        for (kind, content) in self.header.into_iter().flat_map(boxes) {
            match &kind {
                b"cmap" => mapped = content.len() as u64 / 4,
                b"pclr" => columns = content.get(2).map_or(0, |count| u64::from(*count)),
                b"cdef" => is_ordered = false,
                _ => {}
            }
        }
        let of_palette = if columns == 0 { 0 } else { mapped.max(columns) };
        of_palette + if is_ordered { 0 } else { components.max(of_palette) }
    }
}

/// The boxes in `bytes`. The last may be cut off.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = Box<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, kind) = (u32::from_be_bytes(*rest.first_chunk()?), *rest.get(4..)?.first_chunk()?);
        let (start, length) = match length {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*rest.get(8..)?.first_chunk()?)).unwrap_or(usize::MAX)),
            length => (8, length as usize),
        };
        let content = rest.get(start..length.min(rest.len()))?;
        rest = rest.get(length..).unwrap_or_default();
        Some((kind, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
    }

    #[test]
    fn every_codestream_is_an_entry_with_the_first_header() {
        let start = [SIGNATURE, FILE_TYPE].concat();
        let of = |boxes: &[Vec<u8>]| [start.clone(), boxes.concat()].concat();
        let file = of(&[
            boxed(b"jp2h", &boxed(b"cmap", &[0; 12])),
            boxed(b"jp2c", b"one"),
            boxed(b"jp2h", b"other"),
            b"\0\0\0\x01jp2c\0\0\0\0\0\0\0\x13two".to_vec(),
            b"\0\0\0\0jp2cthree".to_vec(),
        ]);
        let found = entries(&file).unwrap();
        let codestreams: Vec<_> = found.iter().map(|entry| entry.codestream).collect();
        assert_eq!(codestreams, [&b"one"[..], b"two", b"three"]);
        let alone = found[1].file();
        assert_eq!(entries(&alone).unwrap()[0].header, found[0].header);
        assert_eq!(entries(&alone).unwrap()[0].codestream, b"two");

        let codes = |file: &[u8]| entries(file).map_err(|error| error.code()).map(|all| all.len());
        assert_eq!(codes(&of(&[boxed(b"moov", b"")])), Err("picture_unsupported"));
        assert_eq!(codes(&start), Err("picture_broken"));
        assert_eq!(codes(b"\xff\x4f\xff\x51"), Ok(1));
    }

    #[test]
    fn planes_of_palettes_and_of_channels_in_another_order_count() {
        let copies = |boxes: &[Vec<u8>]| Entry { header: Some(&boxes.concat()), codestream: b"" }.copies(2);
        let (palette, order) = (boxed(b"pclr", &[0, 1, 3]), boxed(b"cdef", b""));
        assert_eq!(copies(&[]), 0);
        assert_eq!(copies(&[boxed(b"cmap", &[0; 40])]), 0);
        assert_eq!(copies(std::slice::from_ref(&palette)), 3);
        assert_eq!(copies(&[boxed(b"cmap", &[0; 40]), palette.clone()]), 10);
        assert_eq!(copies(std::slice::from_ref(&order)), 2);
        assert_eq!(copies(&[palette, order]), 6);
    }
}
