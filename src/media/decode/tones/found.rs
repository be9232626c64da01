//! Where each format has the profile of its picture.

use memchr::memmem;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use moxcms::ColorProfile;

use super::numbers::{of_code_points, of_png};
use super::{MOST_BYTES, MOST_PROFILES};
use crate::content::MediaType;
use crate::content::number::{be_u16_at, be_u32_at, u32_at};
use crate::media::decode::jpeg::profile_of as jpeg_profile;
use crate::media::decode::png_chunks::Chunks;

/// The profiles of `file`, one more than [`MOST_PROFILES`] at most, and what its numbers make.
pub(super) fn profiles(file: &[u8], media_type: MediaType) -> Vec<Vec<u8>> {
    let encoded = |profile: ColorProfile| profile.encode().ok();
    match media_type {
        MediaType::Jpeg => jpeg_profile(file).into_iter().collect(),
        MediaType::Png => {
            // Readers that show a picture look before its data. Pillow finds a profile after them as well, and puts it
            // before them where it writes the picture anew.
            let packed = Chunks::of(file).filter(|chunk| chunk.kind == *b"iCCP").take(MOST_PROFILES);
            let profiles = packed.filter_map(|chunk| unpacked(chunk.content));
            profiles.chain(of_png(file).filter_map(encoded)).collect()
        }
        MediaType::WebP => of_webp(file).map(<[u8]>::to_vec).into_iter().collect(),
        MediaType::Avif | MediaType::Heic => of_boxes(file),
        MediaType::Bmp => of_bmp(file).map(<[u8]>::to_vec).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A profile as a PNG has it: behind a name and the number of its compression.
fn unpacked(content: &[u8]) -> Option<Vec<u8>> {
    let name = memchr::memchr(0, content)?;
    let unpacked = decompress_to_vec_zlib_with_limit(content.get(name + 2..)?, MOST_BYTES);
    // Of one that ends too early, what there is of it.
    Some(unpacked.unwrap_or_else(|error| error.output))
}

/// The profile of a WebP, in whichever chunk.
fn of_webp(webp: &[u8]) -> Option<&[u8]> {
    let mut rest = webp.get(12..)?;
    loop {
        let (&[k0, k1, k2, k3, a, b, c, d], content) = rest.split_first_chunk::<8>()?;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if [k0, k1, k2, k3] == *b"ICCP" {
            return content.get(..length.min(content.len()));
        }
        rest = content.get(length.next_multiple_of(2)..)?;
    }
}

/// The profile behind the longest header of a BMP.
fn of_bmp(bmp: &[u8]) -> Option<&[u8]> {
    let header = bmp.get(14..)?;
    let is_embedded = u32_at(header, 0)? >= 124 && header.get(56..60) == Some(b"DEBM");
    let (start, length) = (u32_at(header, 112)? as usize, u32_at(header, 116)? as usize);
    if is_embedded { header.get(start..start.checked_add(length)?) } else { None }
}

/// The profiles in boxes of colours, wherever they are, and the code points in others.
fn of_boxes(file: &[u8]) -> Vec<Vec<u8>> {
    let mut profiles: Vec<Vec<u8>> = Vec::new();
    for at in memmem::find_iter(file, b"colr") {
        let Some((kind, rest)) = file.get(at + 4..).and_then(|rest| rest.split_first_chunk::<4>()) else { continue };
        let profile = match kind {
            b"prof" | b"rICC" => {
                let length = at.checked_sub(4).and_then(|at| be_u32_at(file, at)).unwrap_or_default() as usize;
                rest[..rest.len().min(length.saturating_sub(12))].to_vec()
            }
            b"nclx" => {
                let numbers = Option::zip(be_u16_at(rest, 0), be_u16_at(rest, 2));
                let profile = numbers.and_then(|(primaries, transfer)| of_code_points(primaries, transfer));
                let Some(profile) = profile.and_then(|profile| profile.encode().ok()) else { continue };
                profile
            }
            _ => continue,
        };
        if !profiles.contains(&profile) {
            profiles.push(profile);
        }
        if profiles.len() > MOST_PROFILES {
            break;
        }
    }
    profiles
}
