//! Raster files of Sun. Source: SunOS 4, rasterfile(5).

use super::{Planes, numbers};
use crate::content::number::be_u32_at;
use crate::media::decode::{DecodeError, Decoding};

const HEADER: usize = 32;
/// What begins a run.
const ESCAPE: u8 = 0x80;

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn sun(&mut self) -> Result<(), DecodeError> {
        let bytes = self.bytes;
        let number = |at: usize| be_u32_at(bytes, at).ok_or_else(DecodeError::header_cut_off);
        let (width, height, depth, kind) = (number(4)?, number(8)?, number(12)? as usize, number(20)?);
        let map_length = number(28)? as usize;
        if !matches!(depth, 1 | 4 | 8 | 24 | 32) || kind > 3 {
            return Err(DecodeError::Unsupported("a raster file of Sun of an unusual kind"));
        }
        let rest = bytes.get(HEADER..).unwrap_or_default();
        let (map, data) = rest.split_at(rest.len().min(map_length));
        let mut planes = Planes::new(self, width, height, if depth < 24 { 1 } else { 3 })?;
        // Rows end at two bytes.
        let stride = (width as usize * depth).div_ceil(16) * 2;
        let unpacked;
        let data = if kind == 2 {
            unpacked = unpack(data, stride * height as usize);
            &unpacked
        } else {
            data
        };
        for (number, row) in data.chunks(stride).take(height as usize).enumerate() {
            if number % super::ROWS_A_LOOK == 0 {
                self.check_deadline()?;
            }
            if depth < 24 {
                planes.put(0, number, numbers(row, depth));
                continue;
            }
            let (skipped, each) = (if depth == 32 { 1 } else { 0 }, depth / 8);
            for plane in 0..3 {
                let at = if kind == 3 { plane } else { 2 - plane };
                planes.put(plane, number, row.iter().skip(skipped + at).step_by(each).copied());
            }
        }
        let colours = map.len() / 3;
        planes.show(self, 0, |pixel| match pixel {
            [red, green, blue] => [*red, *green, *blue],
            [number] if colours > 0 => {
                let at = usize::from(*number).min(colours - 1);
                [map[at], map[colours + at], map[2 * colours + at]]
            }
            [0] if depth == 1 => [255; 3],
            [grey] if depth == 8 => [*grey; 3],
            _ => [0; 3],
        })
    }
}

fn unpack(mut packed: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        match *packed {
            [ESCAPE, 0, ref rest @ ..] => {
                bytes.push(ESCAPE);
                packed = rest;
            }
            [ESCAPE, count, byte, ref rest @ ..] => {
                bytes.resize(bytes.len() + usize::from(count) + 1, byte);
                packed = rest;
            }
            [ESCAPE, ..] | [] => break,
            [byte, ref rest @ ..] => {
                bytes.push(byte);
                packed = rest;
            }
        }
    }
    bytes.truncate(length);
    bytes
}
