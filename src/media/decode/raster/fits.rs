//! FITS, the pictures of astronomers: its first array. Source: "Definition of the Flexible Image Transport System",
//! version 4.0, §4 and §5.

use super::Planes;
use crate::media::decode::{DecodeError, Decoding};

const CARD: usize = 80;
/// Bytes of a name.
const NAME: usize = 8;
const BLOCK: usize = 2_880;

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn fits(&mut self) -> Result<(), DecodeError> {
        let cards = self.bytes.chunks_exact(CARD);
        let end = cards.clone().position(|card| card.starts_with(b"END ")).ok_or_else(DecodeError::header_cut_off)?;
        let number = |name: &str| {
            let card = cards.clone().take(end).find(|card| card[..NAME].trim_ascii() == name.as_bytes())?;
            let value = std::str::from_utf8(&card[NAME..]).ok()?.split('/').next()?.trim();
            // Readers do not miss the sign.
            value.strip_prefix('=').unwrap_or(value).trim().parse::<f64>().ok()
        };
        let whole = |name: &str| number(name).map(|number| number as i64);
        let (Some(bits), Some(axes)) = (whole("BITPIX"), whole("NAXIS")) else {
            return Err(DecodeError::header_cut_off());
        };
        let side = |name: &str| whole(name).and_then(|side| u32::try_from(side).ok()).unwrap_or_default();
        let (width, height) = (side("NAXIS1"), side("NAXIS2"));
        if axes < 2 || width == 0 {
            return Err(DecodeError::Unsupported("a FITS whose first array is no picture"));
        }
        let each = match bits {
            8 | 16 | 32 | 64 | -32 | -64 => (bits.unsigned_abs() / 8) as usize,
            _ => return Err(DecodeError::Broken("samples of unknown bits".into())),
        };
        let mut planes = Planes::new(self, width, height, 1)?;
        let data = self.bytes.get(((end + 1) * CARD).next_multiple_of(BLOCK)..).unwrap_or_default();
        let most = width as usize * height as usize;
        let values =
            || data.chunks_exact(each).take(most).map(move |bytes| value(bits, bytes)).filter(|v| v.is_finite());
        self.check_deadline()?;
        let (low, high) = match bits {
            8 => (0.0, 255.0),
            _ => values().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value))),
        };
        let scale = 255.0 / (high - low).max(f64::MIN_POSITIVE);
        for (number, row) in data.chunks(width as usize * each).take(height as usize).enumerate() {
            if number % super::ROWS_A_LOOK == 0 {
                self.check_deadline()?;
            }
            let tones = row.chunks_exact(each).map(|bytes| ((value(bits, bytes) - low) * scale) as u8);
            // Rows go upwards.
            planes.put(0, height as usize - 1 - number, tones);
        }
        planes.show(self, 0, |pixel| [pixel[0]; 3])
    }
}

fn value(bits: i64, bytes: &[u8]) -> f64 {
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    match bits {
        16 => f64::from(number as u16 as i16),
        32 => f64::from(number as u32 as i32),
        64 => number as i64 as f64,
        -32 => f64::from(f32::from_bits(number as u32)),
        -64 => f64::from_bits(number),
        _ => number as f64,
    }
}
