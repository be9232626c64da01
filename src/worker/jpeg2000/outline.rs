//! What a codestream says of itself before anything of it is decoded. Source: ITU-T T.800, Annexes A and B.

use crate::content::DecodeLimits;
use crate::content::number::{be_u16_at, be_u32_at};
use crate::media::DecodeError;
use crate::worker::bounds::{UNSUPPORTED, check_size};

/// Components of a picture: ink with transparency has five.
const MOST_COMPONENTS: u16 = 8;

/// Tiles that can be numbered.
const MOST_TILES: u64 = 65_535;

/// Bytes of the decoder for a block of samples, for a layer of it, for a precinct, and for a tile's component.
const BLOCK: u64 = 96;
const LAYER: u64 = 72;
const PRECINCT: u64 = 3 * 112;
const TILE: u64 = 640;

/// Layers that the decoder reads.
const MOST_LAYERS: u16 = 32;

/// Samples that [`Outline::price`] is for.
const LOT: u64 = 1 << 20;

mod marker {
    pub(super) const CAP: u8 = 0x50;
    pub(super) const SIZ: u8 = 0x51;
    pub(super) const COD: u8 = 0x52;
    pub(super) const COC: u8 = 0x53;
    pub(super) const SOT: u8 = 0x90;
    pub(super) const SOD: u8 = 0x93;
}

/// The headers of a codestream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u16,
    tiles: u64,
    /// Samples of the largest tile in one component.
    tile_samples: u64,
    layers: u16,
    /// Bytes that the decoder takes for the structure of [`LOT`] samples, without and for each layer.
    price: (u64, u64),
    /// Whether it says that it makes use of another part of the standard.
    pub(super) has_extensions: bool,
    /// Whether it ends before its tiles do.
    pub(super) is_cut_off: bool,
}

impl Outline {
    /// Reads all headers of `codestream`, of its tiles as well.
    ///
    /// # Errors
    /// It begins like none.
    pub(super) fn of(codestream: &[u8]) -> Result<Self, DecodeError> {
        let mut outline = Self::of_size(codestream).ok_or_else(DecodeError::header_cut_off)?;
        let mut segments = Segments { bytes: codestream, at: 2 };
        // Where the tile begins whose header is read, and how long it is.
        let mut tile: Option<(usize, usize)> = None;
        while let Some((kind, content)) = segments.next() {
            match kind {
                marker::CAP => outline.has_extensions = true,
                marker::COD => outline.add_style(content, true),
                marker::COC => outline.add_style(content, false),
                marker::SOT => {
                    let length = be_u32_at(content, 2).map_or(0, |length| length as usize);
                    let start = segments.at - content.len() - 4;
                    tile = Some((start, if length == 0 { codestream.len() - start } else { length }));
                }
                marker::SOD => {
                    let Some(next) = tile.and_then(|(start, length)| start.checked_add(length)) else { break };
                    outline.is_cut_off |= next > codestream.len();
                    if next <= segments.at {
                        break;
                    }
                    segments.at = next;
                }
                _ => {}
            }
        }
        outline.is_cut_off |= tile.is_none();
        Ok(outline)
    }

    fn of_size(codestream: &[u8]) -> Option<Self> {
        let (marker::SIZ, size) = (Segments { bytes: codestream, at: 2 }).next()? else { return None };
        let capabilities = be_u16_at(size, 0)?;
        let [right, bottom, left, top, tile_width, tile_height, tile_left, tile_top] =
            std::array::from_fn(|number| be_u32_at(size, 2 + 4 * number));
        let components = be_u16_at(size, 34)?;
        let steps = |at: usize| -> Option<u32> {
            let mut all = size.get(36..)?.chunks_exact(3).map(|component| component[at]);
            let first = all.next()?;
            Some(if all.all(|other| other == first) { u32::from(first.max(1)) } else { 1 })
        };
        let side = |end: u32, start: u32, step: u32| end.div_ceil(step).saturating_sub(start.div_ceil(step));
        let (right, bottom) = (right?, bottom?);
        let (width, height) = (side(right, left?, steps(1)?), side(bottom, top?, steps(2)?));
        let (tile_width, tile_height) = (u64::from(tile_width?.max(1)), u64::from(tile_height?.max(1)));
        let along = |end: u32, start: u32, tile: u64| u64::from(end.saturating_sub(start)).div_ceil(tile);
        Some(Self {
            width,
            height,
            components,
            tiles: along(right, tile_left?, tile_width).saturating_mul(along(bottom, tile_top?, tile_height)),
            tile_samples: tile_width.min(u64::from(width)).saturating_mul(tile_height.min(u64::from(height))),
            layers: 1,
            price: (0, 0),
            has_extensions: capabilities & 0xc000 != 0,
            is_cut_off: false,
        })
    }

    /// Of COD, which is for all components, or of COC.
    fn add_style(&mut self, content: &[u8], is_for_all: bool) {
        let start = match (is_for_all, self.components < 257) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        if is_for_all {
            self.layers = self.layers.max(be_u16_at(content, 2).unwrap_or_default().min(MOST_LAYERS));
        }
        let parameters = start + if is_for_all { 5 } else { 1 };
        let (Some(style), Some([levels, width, height, _, _])) =
            (content.get(start), content.get(parameters..).and_then(|rest| rest.first_chunk()).copied())
        else {
            return;
        };
        let precincts = content.get(parameters + 5..).filter(|_| style & 1 == 1).unwrap_or_default();
        let block = (u32::from(width & 15) + 2, u32::from(height & 15) + 2);
        let mut price = (0, 0);
        for resolution in 0..=levels.min(32) {
            let (x, y) = match precincts.get(usize::from(resolution)).or(precincts.last()) {
                Some(exponents) => (u32::from(exponents & 15), u32::from(exponents >> 4)),
                None => (15, 15),
            };
            // Those of bands, which have half as many samples along each side.
            let half = u32::from(resolution > 0);
            let (x, y) = (x.saturating_sub(half), y.saturating_sub(half));
            let blocks = LOT >> (block.0.min(x) + block.1.min(y)).min(20);
            let precincts = LOT >> (x + y).min(20);
            // Each resolution has a quarter of the samples of the next.
            let share = 2 * u32::from(levels.min(32) - resolution);
            let part = |count: u64| count.checked_shr(share).unwrap_or(0);
            price.0 += part(blocks.saturating_mul(BLOCK).saturating_add(precincts.saturating_mul(PRECINCT)));
            price.1 += part(blocks.saturating_mul(LAYER));
        }
        self.price = (self.price.0.max(price.0), self.price.1.max(price.1));
    }

    /// Whether it may be decoded, when the decoder makes `copies` of its planes and holds `file` bytes.
    ///
    /// # Errors
    /// It is over a limit, or nothing that the decoder knows.
    pub(super) fn check(&self, copies: u64, file: u64, limits: &DecodeLimits) -> Result<(), DecodeError> {
        let (width, height) = (self.width, self.height);
        check_size(width, height, limits)?;
        if self.components > MOST_COMPONENTS || copies > 2 * u64::from(MOST_COMPONENTS) || self.tiles > MOST_TILES {
            return Err(DecodeError::Unsupported(UNSUPPORTED));
        }
        // What the worker has, see `sandbox`.
        if self.needed(copies).saturating_add(file) > limits.max_alloc.saturating_mul(2) {
            return Err(DecodeError::TooLarge { width, height });
        }
        Ok(())
    }

    /// Bytes that the decoder takes: samples of 32 bits, of a tile three times, the colours made of them, and its
    /// structures.
    fn needed(&self, copies: u64) -> u64 {
        let (pixels, components) = (u64::from(self.width) * u64::from(self.height), u64::from(self.components));
        let price = self.price.0.saturating_add(self.price.1.saturating_mul(u64::from(self.layers)));
        let structures = u128::from(self.tile_samples) * u128::from(components) * u128::from(price) / u128::from(LOT);
        pixels
            .saturating_mul(4 * (components + copies + 1))
            .saturating_add(self.tile_samples.saturating_mul(12))
            .saturating_add(self.tiles.saturating_mul(components * TILE))
            .saturating_add(u64::try_from(structures).unwrap_or(u64::MAX))
    }
}

/// The marker segments of a codestream from a place on.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [0xff, kind] = *self.bytes.get(self.at..)?.first_chunk()? else { return None };
        if matches!(kind, 0x30..=0x3f | marker::SOD) {
            self.at += 2;
            return Some((kind, &[]));
        }
        let length = usize::from(be_u16_at(self.bytes, self.at + 2)?);
        let content = self.bytes.get(self.at + 4..self.at + 2 + length)?;
        self.at += 2 + length;
        Some((kind, content))
    }
}
