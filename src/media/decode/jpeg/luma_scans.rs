//! A progressive JPEG without the scans that only its colours need.
//!
//! Whoever wants the luma plane alone still has to read every scan of a progressive file, since none says how long it
//! is. But a scan of higher frequencies holds one component, as T.81 §G.1.1.1.1 wants it, and where it ends is cheap to
//! see: at the first marker. So those of the other components are left out before the decoder sees the file. The scans
//! that are left give the same luma plane.

use super::markers::{Segment, end_of_scan, marker};

/// `jpeg` without the scans of higher frequencies that are not of its first component.
///
/// `None` when there is nothing to leave out: it is not progressive, has no such scan, or is not put together as a JPEG
/// is before the first one, and then it is for the decoder to say what is wrong.
pub(super) fn luma_scans(jpeg: &[u8]) -> Option<Vec<u8>> {
    let mut kept: Option<Vec<u8>> = None;
    let mut luma = None;
    // Up to where all is copied, and where the next segment starts.
    let (mut copied, mut at) = (0, 2);
    while let Some(segment) = Segment::next(jpeg, at) {
        let end = match segment.marker {
            marker::EOI => break,
            marker::SOF2 => {
                luma = luma.or(Some(*segment.content.get(6)?));
                segment.end
            }
            marker::SOS => {
                // Known first: where a scan of any other file ends is not worth the walk.
                let luma = luma?;
                let (end, _) = end_of_scan(jpeg, segment.end);
                if is_of_higher_frequencies_and_not_of(luma, segment.content) {
                    let kept = kept.get_or_insert_with(|| Vec::with_capacity(jpeg.len()));
                    kept.extend_from_slice(&jpeg[copied..segment.start]);
                    copied = end;
                }
                end
            }
            _ => segment.end,
        };
        at = end;
    }
    kept.map(|mut kept| {
        kept.extend_from_slice(&jpeg[copied..]);
        kept
    })
}

/// Scan header: components in the scan, two bytes for each, first frequency, last frequency, bits.
fn is_of_higher_frequencies_and_not_of(luma: u8, header: &[u8]) -> bool {
    matches!(header, [1, component, _, first, ..] if *component != luma && *first > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &[u8] = &[0xff, 0xd8];
    const END: &[u8] = &[0xff, 0xd9];
    /// Three components called 1, 2 and 3.
    const FRAME: &[u8] = &[0xff, 0xc2, 0, 17, 8, 0, 16, 0, 16, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    const TABLE: &[u8] = &[0xff, 0xc4, 0, 5, 1, 2, 3];
    const OF_ALL: &[u8] = &[0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 0, 1, 9, 0xff, 0, 9];

    /// A scan of one component, with a stuffed byte and a restart in its data.
    fn scan(component: u8, first: u8) -> Vec<u8> {
        vec![0xff, 0xda, 0, 8, 1, component, 0, first, 63, 0, 7, 0xff, 0, 7, 0xff, 0xd3, 7]
    }

    fn file(segments: &[&[u8]]) -> Vec<u8> {
        [START, &segments.concat(), END].concat()
    }

    #[test]
    fn scans_of_colours_are_left_out_and_all_else_is_kept() {
        let (luma, blue, red) = (scan(1, 1), scan(2, 1), scan(3, 6));
        let whole = file(&[TABLE, FRAME, OF_ALL, &blue, TABLE, &luma, &red, &blue, TABLE, &luma]);
        assert_eq!(luma_scans(&whole), Some(file(&[TABLE, FRAME, OF_ALL, TABLE, &luma, TABLE, &luma])));
    }

    #[test]
    fn what_has_no_such_scan_is_left_to_the_decoder() {
        let luma = scan(1, 1);
        let baseline: Vec<u8> = FRAME.iter().map(|byte| if *byte == 0xc2 { 0xc0 } else { *byte }).collect();
        for (what, jpeg) in [
            ("only luma", file(&[FRAME, OF_ALL, &luma])),
            ("no higher frequencies", file(&[FRAME, OF_ALL, &scan(2, 0)])),
            ("baseline", file(&[&baseline, OF_ALL, &scan(2, 1)])),
            ("no frame", file(&[&scan(2, 1)])),
            ("a frame that is cut off", [START, &FRAME[..9]].concat()),
            ("nothing", Vec::new()),
        ] {
            assert_eq!(luma_scans(&jpeg), None, "{what}");
        }
    }

    #[test]
    fn a_file_that_is_cut_off_loses_no_more() {
        let whole = file(&[FRAME, OF_ALL, &scan(2, 1), &scan(1, 1)]);
        for length in 0..whole.len() {
            let kept = luma_scans(&whole[..length]);
            assert!(kept.is_none_or(|kept| kept.len() < length && kept.starts_with(START)), "{length}");
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the bare decoder, and a picture of the reference")]
    fn luma_plane(jpeg: &[u8]) -> Vec<u8> {
        use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
        let options = DecoderOptions::new_fast().jpeg_set_out_colorspace(ColorSpace::Luma);
        zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(jpeg), options).decode().unwrap()
    }

    #[test]
    fn the_luma_plane_of_a_real_picture_stays_the_same() {
        let name = "../shared/vectors/pdq/reg-test-input/dih/bridge-2-rotate-90.jpg";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let Ok(whole) = std::fs::read(&path) else {
            let required = std::env::var("PENSTOCK_REQUIRE").unwrap_or_default();
            assert!(!required.contains("vectors"), "{} is not there", path.display());
            return;
        };
        let kept = luma_scans(&whole).expect("it is progressive, with colours");
        assert!(luma_plane(&kept) == luma_plane(&whole), "the planes differ");
    }
}
