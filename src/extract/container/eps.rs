//! Drawings in PostScript with a preview in front of them or behind, as programs of DOS and Windows write them.
//!
//! Source: "Encapsulated PostScript File Format Specification", version 3.0, §5.2.

use bytes::Bytes;

use crate::content::number::{clamped, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

use super::{Coverage, within};

const MAGIC: &[u8] = b"\xc5\xd0\xd3\xc6";

/// Where the header has a place and a length each: of PostScript, of a metafile of Windows, of a TIFF.
const SECTIONS: [usize; 3] = [4, 12, 20];

pub(super) fn is_eps(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Hands out the drawing and its previews.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    // They lie beside each other.
    let mut left = bytes.len();
    for at in SECTIONS {
        let (Some(start), Some(length)) = (u32_at(bytes, at), u32_at(bytes, at + 4)) else {
            break;
        };
        let end = clamped(u64::from(start) + u64::from(length));
        let section = within(bytes, start as usize, end);
        if !section.is_empty() && section.len() < left {
            left -= section.len();
            found.add(Part::new(PartKind::Entry, section), Some(start as usize));
        }
    }
    Coverage::Some
}

#[cfg(test)]
mod tests {
    use crate::extract::container::testing::{LISTED, codes, entries, opened};

    fn file(sections: [(u32, u32); 3]) -> Vec<u8> {
        let numbers = sections.into_iter().flat_map(|(start, length)| [start, length]);
        let numbers: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
        [b"\xc5\xd0\xd3\xc6", &numbers[..], b"\xff\xff", LISTED, b"%!PS"].concat()
    }

    #[test]
    fn previews_come_out() {
        let found = opened(file([(45, 4), (0, 0), (30, 15)]));
        assert_eq!((codes(&found), entries(&found)), (vec![], vec![("", &b"%!PS"[..]), ("", LISTED)]));
        for odd in [[(0, u32::MAX), (99, 1), (40, u32::MAX)], [(0, 49), (30, 0), (49, 1)]] {
            assert_eq!(codes(&opened(file(odd))), []);
        }
    }
}
