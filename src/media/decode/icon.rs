//! ICO and CUR: a folder of small pictures, each of which somebody may show.

use image::codecs::ico::IcoDecoder;

use super::source::Patch;
use super::{DecodeError, Decoding, is_chosen};

const HEADER: usize = 6;
const ENTRY: usize = 16;

impl Decoding<'_, '_> {
    /// The decoder opens the largest picture only, so it is shown folders of one.
    pub(super) fn icon(&mut self) -> Result<(), DecodeError> {
        let (header, rest) = self.bytes.split_first_chunk::<HEADER>().ok_or_else(cut_off)?;
        let entries = usize::from(u16::from_le_bytes([header[4], header[5]]));
        let entries: Vec<&[u8; ENTRY]> = rest.as_chunks().0.iter().take(entries).collect();
        let mut shown = Err(DecodeError::Broken("there is no picture in it".into()));
        for (number, entry) in entries.iter().enumerate() {
            if is_chosen(number, entries.len(), self.means.limits.max_frames) {
                self.check_deadline()?;
                let head = Patch { at: 0, bytes: [&header[..4], &[1, 0], &entry[..]].concat() };
                let one = self.still(IcoDecoder::new(self.source().with_patches(vec![head])), number);
                // One that can be shown is what viewers show.
                shown = if shown.is_ok() { shown } else { one };
            }
        }
        shown
    }
}

fn cut_off() -> DecodeError {
    DecodeError::Broken("the header is cut off".into())
}
