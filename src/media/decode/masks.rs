//! Colours as groups of bits in a number, in BMP and DDS.

/// Which bits of a pixel are red, green, blue and alpha.
#[derive(Clone)]
pub(super) struct Masks([Tone; 4]);

/// One of them.
#[derive(Clone)]
struct Tone {
    mask: u32,
    /// Where the highest eight of its bits begin, or all where there are fewer.
    shift: u32,
    /// What their values are out of 255.
    scaled: [u8; 256],
}

impl Tone {
    fn of(mask: u32, without: u8) -> Self {
        if mask == 0 {
            return Self { mask, shift: 0, scaled: [without; 256] };
        }
        let bits = (32 - mask.leading_zeros() - mask.trailing_zeros()).min(8);
        let most = (1_u32 << bits) - 1;
        let scaled = std::array::from_fn(|value| ((value as u32).min(most) * 255 + most / 2).div_euclid(most) as u8);
        Self { mask, shift: 32 - mask.leading_zeros() - bits, scaled }
    }

    fn in_pixel(&self, pixel: u32) -> u8 {
        self.scaled[((pixel & self.mask) >> self.shift & 0xff) as usize]
    }
}

impl Masks {
    /// A colour without bits is dark, and without alpha all is opaque.
    pub(super) fn new([red, green, blue, alpha]: [u32; 4]) -> Self {
        Self([Tone::of(red, 0), Tone::of(green, 0), Tone::of(blue, 0), Tone::of(alpha, 255)])
    }

    /// Whether there is transparency.
    pub(super) const fn have_alpha(&self) -> bool {
        self.0[3].mask != 0
    }

    /// Red, green, blue and alpha of a pixel.
    pub(super) fn rgba(&self, pixel: u32) -> [u8; 4] {
        self.0.each_ref().map(|tone| tone.in_pixel(pixel))
    }
}

/// Programs that know nothing of transparency leave its bytes at zero.
pub(super) fn opaque_unless_somewhere(rgba: &mut [u8]) {
    if rgba.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 0) {
        rgba.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = 255);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_every_width_become_eight_bits() {
        let masks = Masks::new([0xf800, 0x07e0, 0x001f, 0]);
        assert!(!masks.have_alpha());
        assert_eq!(masks.rgba(0xffff), [255; 4]);
        assert_eq!(masks.rgba(0x8410), [132, 130, 132, 255]);
        let masks = Masks::new([0x3ff0_0000, 0x000f_fc00, 0x0000_03ff, 0xc000_0000]);
        assert_eq!(masks.rgba(0x5ff8_0201), [127, 128, 128, 85]);
        assert_eq!(Masks::new([u32::MAX, 1, 0, 0]).rgba(u32::MAX), [255, 255, 0, 255]);
        assert_eq!(Masks::new([0x00ff_0000, 0xff00, 0xff, 0xff00_0000]).rgba(0x0102_0304), [2, 3, 4, 1]);
    }

    #[test]
    fn alpha_that_is_nowhere_is_none() {
        let mut pixels = [1, 2, 3, 0, 4, 5, 6, 0];
        opaque_unless_somewhere(&mut pixels);
        assert_eq!(pixels, [1, 2, 3, 255, 4, 5, 6, 255]);
        pixels[3] = 0;
        opaque_unless_somewhere(&mut pixels);
        assert_eq!(pixels[3], 0);
    }
}
