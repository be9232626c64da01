//! Thumbnails that a JPEG carries without compression, in its first segment or in the extension of that.
//!
//! They have no file format of their own, so each is written out as a PPM, which is the same pixels behind a header, and
//! is a part like the thumbnails that are JPEG files. Source: JPEG File Interchange Format, version 1.02, "JFIF APP0
//! marker segment" and "JFIF extension: code 11H, 13H".

use crate::content::{Part, PartKind};

use super::super::ProblemCode;
use super::super::dissection::Dissection;

const APP0: u8 = 0xe0;

/// Colours of a palette, three bytes each.
const COLOURS: usize = 256;

/// Hands out the thumbnails of the JPEG that `bytes` are, if they are one, up to its first scan.
pub(in crate::extract) fn extract(bytes: &[u8], found: &mut Dissection<'_>) {
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return;
    }
    let mut at = 2;
    while let Some(&[0xff, marker, high, low, ref rest @ ..]) = bytes.get(at..) {
        if marker == 0xff {
            // A marker may have any number of these before it.
            at += 1;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let content = length.checked_sub(2).and_then(|length| rest.get(..length));
        let Some(content) = content.filter(|_| !matches!(marker, 0xd0..=0xda)) else {
            return;
        };
        if marker == APP0
            && let Some(picture) = thumbnail(content)
        {
            if !found.may_carve() {
                return found.report(ProblemCode::TooManyCandidates, Some(at));
            }
            if let Some(picture) = found.keep(&picture, length) {
                found.add(Part::new(PartKind::Carved, picture), Some(at));
            }
        }
        at += 2 + length;
    }
}

/// The thumbnail in a segment, as PPM; `None` when there is none, or less of it than its size says.
fn thumbnail(segment: &[u8]) -> Option<Vec<u8>> {
    let (size, pixels) = match segment {
        // Version, units, densities.
        [b'J', b'F', b'I', b'F', 0, _, _, _, _, _, _, _, rest @ ..] => colours(rest)?,
        [b'J', b'F', b'X', b'X', 0, 0x11, rest @ ..] => of_palette(rest)?,
        [b'J', b'F', b'X', b'X', 0, 0x13, rest @ ..] => colours(rest)?,
        _ => return None,
    };
    let [width, height] = size;
    Some([format!("P6 {width} {height} 255\n").into_bytes(), pixels].concat())
}

/// Three bytes a pixel, behind the size.
fn colours(content: &[u8]) -> Option<([u8; 2], Vec<u8>)> {
    let (size, pixels) = content.split_first_chunk()?;
    Some((*size, pixels.get(..3 * pixels_of(*size)?)?.to_vec()))
}

/// A byte a pixel, behind the size and the palette.
fn of_palette(content: &[u8]) -> Option<([u8; 2], Vec<u8>)> {
    let (size, rest) = content.split_first_chunk()?;
    let (palette, pixels) = rest.split_at_checked(3 * COLOURS)?;
    let colours = palette.as_chunks::<3>().0;
    let pixels = pixels.get(..pixels_of(*size)?)?;
    Some((*size, pixels.iter().flat_map(|number| colours[usize::from(*number)]).collect()))
}

/// `None` when there are none.
fn pixels_of([width, height]: [u8; 2]) -> Option<usize> {
    Some(usize::from(width) * usize::from(height)).filter(|pixels| *pixels > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn segment(content: &[u8]) -> Vec<u8> {
        [&[0xff, APP0], &(content.len() as u16 + 2).to_be_bytes()[..], content].concat()
    }

    fn found(jpeg: &[u8]) -> Vec<Vec<u8>> {
        let extraction = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| extract(jpeg, found));
        assert_eq!(extraction.problems, []);
        extraction.parts.iter().map(|part| part.bytes.to_vec()).collect()
    }

    #[test]
    fn each_form_is_written_out_as_a_picture() {
        let palette: Vec<u8> = (0..=255).flat_map(|tone| [tone, 1, 255 - tone]).collect();
        let first = segment(b"JFIF\0\x01\x02\0\0\x01\0\x01\x02\x01abcdef");
        let of_palette = segment(&[&b"JFXX\0\x11\x01\x03"[..], &palette, &[0, 9, 255]].concat());
        let in_colours = segment(b"JFXX\0\x13\x01\x02uvwxyz and more");
        let jpeg =
            [&b"\xff\xd8"[..], &first, b"\xff", &of_palette, &in_colours, b"\xff\xda\0\x02data\xff\xd9"].concat();
        let expected: [&[u8]; 3] =
            [b"P6 2 1 255\nabcdef", b"P6 1 3 255\n\0\x01\xff\x09\x01\xf6\xff\x01\0", b"P6 1 2 255\nuvwxyz"];
        assert_eq!(found(&jpeg), expected);
    }

    #[test]
    fn what_is_empty_cut_off_or_something_else_is_no_thumbnail() {
        for content in [
            &b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"[..],
            b"JFIF\0\x01\x02\0\0\x01\0\x01\x02\x01abcde",
            b"JFXX\0\x13\x02\x01abcde",
            b"JFXX\0\x11\x01\x01palette",
            b"JFXX\0\x10\xff\xd8\xff",
            b"JFXX\0\x13\x02",
            b"OTHER\0\x13\x01\x01abc",
        ] {
            assert_eq!(found(&[b"\xff\xd8", &segment(content)[..]].concat()), [[0; 0]; 0], "{content:?}");
        }
        let behind_the_scan = [b"\xff\xd8\xff\xda\0\x02", &segment(b"JFXX\0\x13\x01\x01abc")[..]].concat();
        assert_eq!(found(&behind_the_scan), [[0; 0]; 0]);
    }

    #[test]
    fn there_may_be_as_many_as_other_files_in_the_middle() {
        let jpeg = [b"\xff\xd8", &segment(b"JFXX\0\x13\x01\x01abc").repeat(5)[..]].concat();
        let limits = ExtractLimits { max_carved: 3, ..ExtractLimits::default() };
        let extraction = gathered(&limits, Ambiguity::Refuse, |found| extract(&jpeg, found));
        assert_eq!((extraction.parts.len(), extraction.problems.len()), (3, 1));
    }
}
