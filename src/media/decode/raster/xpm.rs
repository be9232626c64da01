//! XPM: letters for colours in a piece of C. Source: A. Le Hors, "XPM Manual", version 3.4.

use std::collections::HashMap;

use super::Planes;
use crate::media::decode::{DecodeError, Decoding};

impl Decoding<'_, '_> {
    pub(in crate::media::decode) fn xpm(&mut self) -> Result<(), DecodeError> {
        // Readers look for the mark.
        let start = memchr::memmem::find(self.bytes, b"* XPM *").unwrap_or_default();
        let mut strings = strings(&self.bytes[start..]);
        let sizes = strings.next().ok_or_else(DecodeError::header_cut_off)?;
        let sizes = std::str::from_utf8(sizes).unwrap_or_default().split_ascii_whitespace();
        let sizes: Vec<u32> = sizes.map_while(|size| size.parse().ok()).collect();
        let [width, height, count, letters, ..] = sizes[..] else { return Err(DecodeError::header_cut_off()) };
        let letters = letters as usize;
        if !(1..=8).contains(&letters) {
            return Err(DecodeError::Unsupported("an XPM of unusual letters"));
        }
        let mut colours: HashMap<&[u8], [u8; 3]> = HashMap::new();
        for line in strings.by_ref().take(count as usize) {
            let Some((name, line)) = line.split_at_checked(letters) else { continue };
            colours.insert(name, colour(line).ok_or(DecodeError::Unsupported("an XPM with names of colours"))?);
        }
        let mut planes = Planes::new(self, width, height, 3)?;
        for (row, line) in strings.take(height as usize).enumerate() {
            if row % super::ROWS_A_LOOK == 0 {
                self.check_deadline()?;
            }
            let pixels = || line.chunks(letters).map(|name| colours.get(name).copied().unwrap_or_default());
            (0..3).for_each(|plane| planes.put(plane, row, pixels().map(|rgb| rgb[plane])));
        }
        planes.show(self, 0, super::grey_or_colours)
    }
}

/// The strings of a piece of C; none of them has a quotation mark in it.
fn strings(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'"').skip(1).step_by(2)
}

/// The colour that is named for screens of colour, or else for any.
fn colour(line: &[u8]) -> Option<[u8; 3]> {
    let words: Vec<&str> = std::str::from_utf8(line).ok()?.split_ascii_whitespace().collect();
    let of = |key: &str| words.iter().position(|word| *word == key).and_then(|at| words.get(at + 1));
    let name = of("c").or_else(|| of("g")).or_else(|| of("g4")).or_else(|| of("m"))?;
    if let Some(digits) = name.strip_prefix('#') {
        let each = digits.len() / 3;
        let tone = |number: usize| {
            let digits = digits.get(number * each..(number + 1) * each)?;
            let tone = u32::from_str_radix(digits.get(..digits.len().min(2))?, 16).ok()?;
            Some(if each == 1 { tone * 17 } else { tone } as u8)
        };
        return Some([tone(0)?, tone(1)?, tone(2)?]);
    }
    let name = name.to_ascii_lowercase();
    if let Some(percent) = name.strip_prefix("gray").or_else(|| name.strip_prefix("grey")) {
        let percent: u32 = if percent.is_empty() { 75 } else { percent.parse().ok()? };
        return Some([(percent.min(100) * 255 / 100) as u8; 3]);
    }
    Some(match name.as_str() {
        "none" | "white" => [255; 3],
        "black" => [0; 3],
        "red" => [255, 0, 0],
        "green" => [0, 255, 0],
        "blue" => [0, 0, 255],
        "yellow" => [255, 255, 0],
        "cyan" => [0, 255, 255],
        "magenta" => [255, 0, 255],
        _ => return None,
    })
}
