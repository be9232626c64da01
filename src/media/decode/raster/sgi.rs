//! SGI (RGB, BW). Source: P. Haeberli, "The SGI Image File Format", version 1.00.

use super::{Planes, grey_or_colours};
use crate::content::number::{be_u16_at, be_u32_at};
use crate::media::decode::{DecodeError, Decoding};

const HEADER: usize = 512;

impl Decoding<'_, '_> {
    /// As the number of dimensions says, and as all of its sides do where that is another picture: ImageMagick does not
    /// ask for the former.
    pub(in crate::media::decode) fn sgi(&mut self) -> Result<(), DecodeError> {
        let bytes = self.bytes;
        let number = |at: usize| be_u16_at(bytes, at).map(u32::from).ok_or_else(DecodeError::header_cut_off);
        let (dimensions, width) = (number(4)?, number(6)?);
        let height = if dimensions == 1 { 1 } else { number(8)? };
        let count = if dimensions == 3 { number(10)?.max(1) } else { 1 };
        self.sgi_of([width, height, count], 0)?;
        let all = [width, number(8)?.max(1), number(10)?.max(1)];
        if all == [width, height, count] { Ok(()) } else { self.sgi_of(all, 1) }
    }

    /// One of so many samples across, down and for each pixel.
    fn sgi_of(&mut self, [width, height, count]: [u32; 3], frame: usize) -> Result<(), DecodeError> {
        let bytes = self.bytes;
        let (is_packed, wide) = (bytes.get(2) == Some(&1), bytes.get(3) == Some(&2));
        let kept = if count < 3 { 1 } else { count.min(4) as usize };
        let mut planes = Planes::new(self, width, height, kept)?;
        let (width, height, each) = (width as usize, height as usize, if wide { 2 } else { 1 });
        for row in 0..height {
            if row % super::ROWS_A_LOOK == 0 {
                self.check_deadline()?;
            }
            for plane in 0..kept {
                let line = plane * height + row;
                let packed = if is_packed { be_u32_at(bytes, HEADER + line * 4) } else { None };
                let start = packed.map_or(HEADER + line * width * each, |start| start as usize);
                let data = bytes.get(start..).unwrap_or_default();
                let unpacked =
                    if is_packed { unpack(data, width, each) } else { data[..data.len().min(width * each)].to_vec() };
                // Rows go upwards.
                planes.put(plane, height - 1 - row, unpacked.into_iter().step_by(each));
            }
        }
        if kept == 4 { planes.show_with_alpha(self) } else { planes.show(self, frame, grey_or_colours) }
    }
}

/// A row in runs, of samples of so many bytes each.
fn unpack(data: &[u8], width: usize, each: usize) -> Vec<u8> {
    let (mut row, mut samples) = (Vec::with_capacity(width * each), data.chunks_exact(each));
    while row.len() < width * each {
        let Some(head) = samples.next().and_then(|sample| sample.last()) else { break };
        let count = usize::from(head & 0x7f);
        if count == 0 {
            break;
        }
        if head & 0x80 != 0 {
            samples.by_ref().take(count).for_each(|sample| row.extend_from_slice(sample));
        } else if let Some(sample) = samples.next() {
            row.extend_from_slice(&sample.repeat(count));
        }
    }
    row.truncate(width * each);
    row
}
