//! Pictures that drawings of Office hold in a form that is no file: bitmaps without the header of one, and compressed
//! metafiles. Pictures that are files, such as JPEG, are found by carving.
//!
//! Where drawings lie in a stream, each format says in another way. All of it is searched for the headers of pictures,
//! which are long enough not to be chance. Sources: MS-ODRAW §2.2.24 to §2.2.31.

use bytes::Bytes;
use memchr::memmem;

use crate::body::Coding;
use crate::content::number::{u16_at, u32_at};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::cover::Cover;

/// Types of the records of pictures, and for each the instance in front of it that says that there is one name.
const KINDS: [(u16, u16, Form); 5] = [
    (0xf01a, 0x3d4, Form::Metafile),
    (0xf01b, 0x216, Form::Metafile),
    (0xf01c, 0x542, Form::Metafile),
    (0xf01f, 0x7a8, Form::Bitmap),
    (0xf029, 0x6e4, Form::Tiff),
];

/// Bytes of a record's header, of a name of a picture, and of what is said about a metafile.
const HEADER: usize = 8;
const NAME: usize = 16;
const ABOUT_METAFILE: usize = 34;

/// How many times its own length the pictures of a stream may have together.
const MAX_COVER: usize = 4;

/// In what form a picture is in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Compressed, mostly.
    Metafile,
    /// A bitmap without the header of a file.
    Bitmap,
    /// A file that carving does not look for.
    Tiff,
}

/// Hands out the pictures in `stream`.
pub(super) fn extract(stream: &Bytes, found: &mut Dissection<'_>) {
    let mut cover = Cover::times(MAX_COVER, stream);
    for (kind, instance, form) in KINDS {
        // One bit more says that there are two names.
        for names in [1, 2] {
            let head = [((instance + names - 1) << 4).to_le_bytes(), kind.to_le_bytes()].concat();
            for at in memmem::find_iter(stream, &head) {
                let length = u32_at(stream, at + 4).unwrap_or_default() as usize;
                let end = (at + HEADER).saturating_add(length).min(stream.len());
                let start = (at + HEADER + NAME * usize::from(names)).min(end);
                if found.is_over() {
                    return;
                }
                if cover.take(end - at).is_none() || !found.may_carve() {
                    return found.report(ProblemCode::TooManyCandidates, Some(at));
                }
                form.hand_out(&stream.slice(start..end), found);
            }
        }
    }
}

impl Form {
    /// `content` is what stands behind the names.
    fn hand_out(self, content: &Bytes, found: &mut Dissection<'_>) {
        match self {
            Self::Metafile => {
                let packed = content.get(ABOUT_METAFILE..).unwrap_or_default();
                let mut output = found.output();
                let end = found.unpack(Coding::Zlib, packed, &mut output);
                found.report_limit(end);
                found.add_output(PartKind::Carved, output);
            }
            // Both have a byte that says nothing in front.
            Self::Bitmap => hand_out_bitmap(content.get(1..).unwrap_or_default(), found),
            Self::Tiff if content.len() > 1 => {
                found.add(Part::new(PartKind::Carved, content.slice(1..)).named("picture"), None);
            }
            Self::Tiff => {}
        }
    }
}

/// Hands out a bitmap with the header that files have, if it is one. Nobody reads it but as a picture.
pub(in crate::extract::container) fn hand_out_bitmap(bitmap: &[u8], found: &mut Dissection<'_>) {
    let file = file_header(bitmap).map(|header| [&header[..], bitmap].concat());
    if let Some(file) = file.and_then(|file| found.keep(&file, bitmap.len())) {
        found.add(Part::made(file).named("picture"), None);
    }
}

/// What a file has in front of `bitmap`; `None` when that is none. Sources: MS-WMF §2.2.2.2 (BitmapCoreHeader),
/// §2.2.2.3 (BitmapInfoHeader).
fn file_header(bitmap: &[u8]) -> Option<[u8; 14]> {
    let header = u32_at(bitmap, 0)?;
    let behind = match header {
        12 => 3 * palette(u16_at(bitmap, 10)?, 0),
        40..=124 => {
            let masks = if u32_at(bitmap, 16)? == 3 && header == 40 { 12 } else { 0 };
            masks + 4 * palette(u16_at(bitmap, 14)?, u32_at(bitmap, 32)?)
        }
        _ => return None,
    };
    let mut file = [0; 14];
    file[..2].copy_from_slice(b"BM");
    file[2..6].copy_from_slice(&(bitmap.len() as u32).wrapping_add(14).to_le_bytes());
    file[10..].copy_from_slice(&(14 + header + behind).to_le_bytes());
    Some(file)
}

/// Colours in the palette of a picture with so many bits a pixel, of which it says how many there are, or 0 for all.
fn palette(bits: u16, told: u32) -> u32 {
    if told == 0 && bits <= 8 { 1 << bits } else { told.min(256) }
}
