//! Radiance HDR: headers as readers forgive them, written anew for the crate `image`, with rows in every order.
//!
//! Samples are light. Some programs show them as tones as they are, and others by way of a gamma; both are handed out.
//! Source: Radiance, "File formats", and its `resolu.c`.

use std::array;

use image::codecs::hdr::HdrDecoder;
use image::metadata::Orientation;

use crate::media::decode::source::Source;
use crate::media::decode::{DecodeError, Decoding, Picture, Pixels};

/// Bytes of a header, at most.
const MOST_HEADER: usize = 64 << 10;

/// What a header says of the rows.
#[derive(Debug, PartialEq, Eq)]
struct Rows {
    count: u32,
    length: u32,
    orientation: Orientation,
    /// Where they begin.
    data: usize,
}

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn hdr(&mut self) -> Result<(), DecodeError> {
        let Rows { count, length, orientation, data } =
            rows(self.bytes).ok_or(DecodeError::Unsupported("an HDR with an unusual header"))?;
        let header = format!("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {count} +X {length}\n");
        let file = [header.as_bytes(), self.bytes.get(data..).unwrap_or_default()].concat();
        let read = self.read_still(HdrDecoder::new_nonstrict(Source::new(&file, self.means.deadline)))?;
        let (Some(Pixels::Rgb(light)), ended) = read.into_pixels() else {
            return Err(DecodeError::Broken("there is no picture in it".into()));
        };
        let tones: [u8; 256] = array::from_fn(|light| ((light as f32 / 255.0).powf(1.0 / 2.2) * 255.0 + 0.5) as u8);
        let mut shown = light.clone();
        shown.iter_mut().for_each(|tone| *tone = tones[usize::from(*tone)]);
        for picture in [light, shown] {
            self.show(Picture::whole(length, count, Pixels::Rgb(picture), orientation, 0));
        }
        ended
    }
}

/// The rows that come after the header; `None` where it is in no way usual.
fn rows(bytes: &[u8]) -> Option<Rows> {
    let head = &bytes[..bytes.len().min(MOST_HEADER)];
    let mut at = 0;
    let mut lines = std::iter::from_fn(|| {
        let end = memchr::memchr(b'\n', &head[at..])?;
        let line = head[at..at + end].trim_ascii();
        at += end + 1;
        Some(line)
    });
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        if line.strip_prefix(b"FORMAT=").is_some_and(|format| format.trim_ascii() != b"32-bit_rle_rgbe") {
            return None;
        }
    }
    let words = std::str::from_utf8(lines.next()?).ok()?;
    let [first, count, second, length] = <[&str; 4]>::try_from(words.split_whitespace().collect::<Vec<_>>()).ok()?;
    let orientation = match (first, second) {
        ("-Y", "+X") => Orientation::NoTransforms,
        ("-Y", "-X") => Orientation::FlipHorizontal,
        ("+Y", "+X") => Orientation::FlipVertical,
        ("+Y", "-X") => Orientation::Rotate180,
        ("+X", "-Y") => Orientation::Rotate90FlipH,
        ("-X", "-Y") => Orientation::Rotate90,
        ("+X", "+Y") => Orientation::Rotate270,
        ("-X", "+Y") => Orientation::Rotate270FlipH,
        _ => return None,
    };
    Some(Rows { count: count.parse().ok()?, length: length.parse().ok()?, orientation, data: at })
}

#[cfg(test)]
mod tests {
    use crate::media::decode::testing::{assert_withstands, shown};

    #[test]
    fn headers_are_read_as_programs_write_them() {
        let pixels = [[128, 64, 32, 128], [16, 8, 4, 128]].concat();
        for header in [
            "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 2\n",
            "#?RGBE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 2\n",
            "#?RGBE\r\n# a\r\nGAMMA=1 \r\nFORMAT= 32-bit_rle_rgbe\r\n\r\n-Y 1 +X 2\n",
            "#?RGBE\n\n+Y  1 -X 2\n",
            "#?RGBE\nPRIMARIES=0 0 0 0\nEXPOSURE=x\n\n+X 1 -Y 2\n",
        ] {
            let (pictures, ended) = shown(&[header.as_bytes(), &pixels].concat());
            assert_eq!((pictures.len(), ended), (2, Ok(())), "{header}");
            assert_eq!((pictures[0].width, pictures[0].height), (2, 1), "{header}");
            assert_eq!(pictures[0].rgba, [[128, 64, 32, 255], [16, 8, 4, 255]], "{header}");
            assert_eq!(pictures[1].rgba[0], [186, 136, 99, 255], "{header}");
        }
        for unusual in ["#?RGBE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 2\n", "#?RGBE\n\n-Z 1 +X 2\n", "#?RGBE\n"] {
            assert_eq!(shown(&[unusual.as_bytes(), &pixels].concat()), (Vec::new(), Err("picture_unsupported")));
        }
        assert_withstands("hdr", &[&b"#?RGBE\n\n-Y 1 +X 2\n"[..], &pixels].concat());
    }
}
