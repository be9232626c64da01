//! Blocks of 4×4 pixels. Source: Microsoft, "Texture Block Compression in Direct3D 11".

/// How a block is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Four colours, one of which may be transparent.
    Bc1,
    /// Four colours, and an alpha of four bits for each pixel.
    Bc2,
    /// Four colours and eight alphas.
    Bc3,
    /// One channel.
    Bc4,
    /// Two channels.
    Bc5,
}

impl Block {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Bc1 | Self::Bc4 => 8,
            Self::Bc2 | Self::Bc3 | Self::Bc5 => 16,
        }
    }

    /// Red, green, blue and alpha of its pixels, row by row. Bytes that are missing are zero.
    pub(super) fn pixels(self, packed: &[u8]) -> [[u8; 4]; 16] {
        let half =
            |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| packed.get(at + byte).copied().unwrap_or(0)));
        let mut pixels = if matches!(self, Self::Bc1) { colours(half(0), true) } else { colours(half(8), false) };
        match self {
            Self::Bc1 => {}
            Self::Bc2 => {
                let alphas = half(0);
                for (number, pixel) in pixels.iter_mut().enumerate() {
                    pixel[3] = (alphas >> (number * 4) & 15) as u8 * 17;
                }
            }
            Self::Bc3 => pixels.iter_mut().zip(tones(half(0))).for_each(|(pixel, alpha)| pixel[3] = alpha),
            Self::Bc4 => pixels = tones(half(0)).map(|tone| [tone, tone, tone, 255]),
            Self::Bc5 => {
                let (reds, greens) = (tones(half(0)), tones(half(8)));
                pixels = std::array::from_fn(|number| [reds[number], greens[number], 0, 255]);
            }
        }
        pixels
    }
}

/// Two colours of 16 bits, and for each pixel which of these or of those between.
fn colours(block: u64, may_be_three: bool) -> [[u8; 4]; 16] {
    let (first, second) = (block & 0xffff, block >> 16 & 0xffff);
    let rgb = |colour: u64| {
        let scaled = |shift: u32, most: u64| (((colour >> shift & most) * 255 + most / 2) / most) as u16;
        [scaled(11, 31), scaled(5, 63), scaled(0, 31)]
    };
    let (a, b) = (rgb(first), rgb(second));
    let mixed = |of_a: u16, of_b: u16| {
        let parts = of_a + of_b;
        let tone = |channel: usize| ((a[channel] * of_a + b[channel] * of_b + parts / 2) / parts) as u8;
        [tone(0), tone(1), tone(2), 255]
    };
    let palette = if may_be_three && first <= second {
        [mixed(1, 0), mixed(0, 1), mixed(1, 1), [0; 4]]
    } else {
        [mixed(1, 0), mixed(0, 1), mixed(2, 1), mixed(1, 2)]
    };
    std::array::from_fn(|number| palette[(block >> (32 + number * 2) & 3) as usize])
}

/// Two tones, and for each pixel which of these or of those between.
fn tones(block: u64) -> [u8; 16] {
    let [a, b] = [block & 0xff, block >> 8 & 0xff];
    let palette: [u64; 8] = if a > b {
        std::array::from_fn(|number| match number as u64 {
            0 => a,
            1 => b,
            step => ((8 - step) * a + (step - 1) * b) / 7,
        })
    } else {
        std::array::from_fn(|number| match number as u64 {
            0 => a,
            1 => b,
            6 => 0,
            7 => 255,
            step => ((6 - step) * a + (step - 1) * b) / 5,
        })
    };
    std::array::from_fn(|number| palette[(block >> (16 + number * 3) & 7) as usize] as u8)
}
