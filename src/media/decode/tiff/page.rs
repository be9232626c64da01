//! What the entries of a page say of its pixels.

use super::directory::{Directory, File};
use crate::media::decode::DecodeError;

/// How the numbers of a sample are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Unsigned,
    Signed,
    Float,
}

/// What samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
    /// CIE L*a*b*; the flag says that the colours are signed.
    Lab {
        is_signed: bool,
    },
}

impl Colour {
    /// Samples that it takes.
    pub(super) const fn channels(self) -> usize {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero | Self::Palette => 1,
            Self::Rgb | Self::YCbCr | Self::Lab { .. } => 3,
            Self::Cmyk => 4,
        }
    }
}

/// How a stretch of samples is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    /// Runs of black and white. The flag says that rows begin at even bytes.
    Runs {
        is_of_words: bool,
    },
    Fax3 {
        is_2d: bool,
    },
    Fax4,
    Lzw,
    OldJpeg,
    Jpeg,
    Deflate,
    PackBits,
}

/// A page whose way of writing is known here.
pub(super) struct Page<'a> {
    pub(super) directory: Directory<'a>,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Columns and rows of a strip or tile.
    pub(super) chunk: (u32, u32),
    pub(super) is_tiled: bool,
    pub(super) bits: u32,
    /// Samples of a pixel.
    pub(super) samples: usize,
    pub(super) format: Format,
    pub(super) colour: Colour,
    /// Whether each sample has strips of its own.
    pub(super) is_planar: bool,
    /// Whether the first sample that is no colour says how much shines through, and whether colours are multiplied by
    /// it.
    pub(super) alpha: Option<Alpha>,
    pub(super) packing: Packing,
    pub(super) predictor: u64,
    /// Whether the first bit of a byte is the lowest.
    pub(super) is_reversed: bool,
    /// Pixels that share their colour in a page of luma and colours.
    pub(super) subsampling: (usize, usize),
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

/// What the first sample that is no colour does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    Associated,
    Unassociated,
}

/// A strip or tile.
pub(super) struct Chunk {
    pub(super) number: usize,
    /// The sample that it holds; 0 when it holds all.
    pub(super) plane: usize,
    pub(super) left: u32,
    pub(super) top: u32,
    /// Rows that are stored.
    pub(super) rows: u32,
}

mod tag {
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const COLOUR: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const SAMPLES: u16 = 277;
    pub(super) const ROWS: u16 = 278;
    pub(super) const STRIP_LENGTHS: u16 = 279;
    pub(super) const PLANAR: u16 = 284;
    pub(super) const FAX3_OPTIONS: u16 = 292;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_HEIGHT: u16 = 323;
    pub(super) const TILE_OFFSETS: u16 = 324;
    pub(super) const TILE_LENGTHS: u16 = 325;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const FORMAT: u16 = 339;
    pub(super) const SUBSAMPLING: u16 = 530;
}

impl<'a> Page<'a> {
    pub(super) fn read(directory: Directory<'a>) -> Result<Self, DecodeError> {
        let small = |tag: u16| directory.number(tag).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let side = |tag: u16| small(tag).filter(|side| *side > 0);
        let (Some(width), Some(height)) = (side(tag::WIDTH), side(tag::HEIGHT)) else {
            return Err(DecodeError::Broken("it has no pixels".into()));
        };
        let packing = packing(&directory)?;
        let samples = samples(&directory);
        let bits = bits(&directory, samples)?;
        let format = format(&directory, bits)?;
        let colour = colour(&directory, samples, packing)?;
        let is_tiled = directory.number(tag::TILE_WIDTH).is_some();
        let chunk = if is_tiled {
            side(tag::TILE_WIDTH).zip(side(tag::TILE_HEIGHT)).ok_or_else(|| broken("tiles without a size"))?
        } else {
            (width, side(tag::ROWS).unwrap_or(height).min(height))
        };
        let either = |tiles: u16, strips: u16| {
            let found = directory.numbers(if is_tiled { tiles } else { strips });
            if found.is_empty() { directory.numbers(if is_tiled { strips } else { tiles }) } else { found }
        };
        let page = Self {
            width,
            height,
            chunk,
            is_tiled,
            bits,
            samples,
            format,
            colour,
            is_planar: directory.number(tag::PLANAR) == Some(2) && samples > 1,
            alpha: alpha(&directory, samples, colour),
            packing,
            predictor: directory.number(tag::PREDICTOR).unwrap_or(1),
            is_reversed: directory.number(tag::FILL_ORDER) == Some(2),
            subsampling: subsampling(&directory, colour, packing)?,
            offsets: either(tag::TILE_OFFSETS, tag::STRIP_OFFSETS),
            lengths: either(tag::TILE_LENGTHS, tag::STRIP_LENGTHS),
            directory,
        };
        page.check().map(|()| page)
    }

    /// What none of the programs that are common writes.
    fn check(&self) -> Result<(), DecodeError> {
        let is_subsampled = self.subsampling != (1, 1);
        let is_odd_prediction = match self.predictor {
            1 => false,
            2 => is_subsampled || !matches!(self.bits, 8 | 16 | 32 | 64),
            3 => self.format != Format::Float || !matches!(self.bits, 16 | 24 | 32 | 64),
            _ => true,
        };
        if is_odd_prediction && matches!(self.packing, Packing::Lzw | Packing::Deflate) {
            return Err(DecodeError::Unsupported("a predictor of this kind"));
        }
        if is_subsampled && (self.is_planar || self.bits != 8) {
            return Err(DecodeError::Unsupported("samples of shared colours that are not of 8 bits in a row"));
        }
        let is_fax = matches!(self.packing, Packing::Runs { .. } | Packing::Fax3 { .. } | Packing::Fax4);
        if is_fax && (self.bits != 1 || self.samples_of_chunk() != 1) {
            return Err(broken("a fax that is not black and white"));
        }
        Ok(())
    }

    pub(super) const fn file(&self) -> &File<'a> {
        self.directory.file()
    }

    /// Samples of a pixel in one strip or tile.
    pub(super) const fn samples_of_chunk(&self) -> usize {
        if self.is_planar { 1 } else { self.samples }
    }

    /// Samples of a pixel that are looked at.
    pub(super) fn kept(&self) -> usize {
        self.colour.channels() + usize::from(self.alpha.is_some())
    }

    /// Bytes of a row in a strip or tile.
    pub(super) fn row_bytes(&self) -> u64 {
        let samples = u64::from(self.chunk.0) * self.samples_of_chunk() as u64;
        (samples * u64::from(self.bits)).div_ceil(8)
    }

    /// Bytes of a strip or tile of so many rows.
    pub(super) fn chunk_bytes(&self, rows: u32) -> u64 {
        let (across, down) = (self.subsampling.0 as u64, self.subsampling.1 as u64);
        if (across, down) == (1, 1) {
            return self.row_bytes().saturating_mul(u64::from(rows));
        }
        u64::from(self.chunk.0).div_ceil(across) * u64::from(rows).div_ceil(down) * (across * down + 2)
    }

    /// The strips or tiles of the samples that are looked at.
    pub(super) fn chunks(&self) -> impl Iterator<Item = Chunk> {
        let (columns, rows) = self.chunk;
        let (across, down) = (self.width.div_ceil(columns), self.height.div_ceil(rows));
        let planes = if self.is_planar { self.kept().min(self.samples) } else { 1 };
        let each = u64::from(across) * u64::from(down);
        let (height, is_tiled) = (self.height, self.is_tiled);
        (0..each * planes as u64).map(move |number| {
            let (plane, within) = ((number / each) as usize, number % each);
            let top = (within / u64::from(across)) as u32 * rows;
            let stored = if is_tiled { rows } else { rows.min(height - top) };
            Chunk {
                number: number as usize,
                plane,
                left: (within % u64::from(across)) as u32 * columns,
                top,
                rows: stored,
            }
        })
    }

    /// The bytes of a strip or tile, as many as there are.
    pub(super) fn packed(&self, chunk: &Chunk) -> &'a [u8] {
        let Some(offset) = self.offsets.get(chunk.number) else {
            return &[];
        };
        let whole = self.chunk_bytes(chunk.rows);
        let stated = self.lengths.get(chunk.number).copied().filter(|length| *length > 0);
        let length = match self.packing {
            // Some programs write lengths of something else.
            Packing::Plain => stated.map_or(whole, |stated| stated.max(whole)),
            _ => stated.unwrap_or(u64::MAX),
        };
        self.file().stretch(*offset, length)
    }
}

fn broken(why: &str) -> DecodeError {
    DecodeError::Broken(why.into())
}

fn packing(directory: &Directory<'_>) -> Result<Packing, DecodeError> {
    let options = directory.number(tag::FAX3_OPTIONS).unwrap_or_default();
    Ok(match directory.number(tag::COMPRESSION).unwrap_or(1) {
        0 | 1 => Packing::Plain,
        2 => Packing::Runs { is_of_words: false },
        32_771 => Packing::Runs { is_of_words: true },
        3 if options & 2 != 0 => return Err(DecodeError::Unsupported("a fax with stretches that are not compressed")),
        3 => Packing::Fax3 { is_2d: options & 1 != 0 },
        4 => Packing::Fax4,
        5 => Packing::Lzw,
        6 => Packing::OldJpeg,
        7 => Packing::Jpeg,
        8 | 32_946 => Packing::Deflate,
        32_773 => Packing::PackBits,
        _ => return Err(DecodeError::Unsupported("a TIFF with a compression that is not common")),
    })
}

/// Samples of a pixel, which some programs leave to be counted.
fn samples(directory: &Directory<'_>) -> usize {
    let stated = directory.number(tag::SAMPLES).unwrap_or_else(|| {
        let of_colour = if directory.number(tag::COLOUR) == Some(6) { 3 } else { 1 };
        of_colour.max(directory.numbers(tag::BITS).len() as u64)
    });
    stated.clamp(1, u64::from(u16::MAX)) as usize
}

fn bits(directory: &Directory<'_>, samples: usize) -> Result<u32, DecodeError> {
    let all = directory.numbers(tag::BITS);
    let first = all.first().copied().unwrap_or(1);
    if all.iter().take(samples).any(|bits| *bits != first) {
        return Err(DecodeError::Unsupported("samples of different sizes"));
    }
    match first {
        1..=16 | 24 | 32 | 64 => Ok(first as u32),
        _ => Err(DecodeError::Unsupported("samples of an uncommon size")),
    }
}

fn format(directory: &Directory<'_>, bits: u32) -> Result<Format, DecodeError> {
    match directory.number(tag::FORMAT).unwrap_or(1) {
        // Programs show signed bytes as if they were none.
        2 if bits > 8 => Ok(Format::Signed),
        3 if matches!(bits, 16 | 24 | 32 | 64) => Ok(Format::Float),
        3 | 5 | 6 => Err(DecodeError::Unsupported("samples that are no ordinary numbers")),
        _ => Ok(Format::Unsigned),
    }
}

fn colour(directory: &Directory<'_>, samples: usize, packing: Packing) -> Result<Colour, DecodeError> {
    let is_fax = matches!(packing, Packing::Runs { .. } | Packing::Fax3 { .. } | Packing::Fax4);
    let usual = match samples {
        3.. => 2,
        _ if is_fax => 0,
        _ => 1,
    };
    let colour = match directory.number(tag::COLOUR).unwrap_or(usual) {
        0 => Colour::WhiteIsZero,
        1 | 4 => Colour::BlackIsZero,
        2 => Colour::Rgb,
        3 => Colour::Palette,
        5 => Colour::Cmyk,
        6 => Colour::YCbCr,
        8 => Colour::Lab { is_signed: true },
        9 | 10 => Colour::Lab { is_signed: false },
        32_803 | 34_892 => return Err(DecodeError::Unsupported(SENSOR)),
        _ => return Err(DecodeError::Unsupported("colours of an uncommon kind")),
    };
    Ok(match colour {
        Colour::Cmyk if samples < colour.channels() => Colour::WhiteIsZero,
        _ if samples < colour.channels() => Colour::BlackIsZero,
        _ => colour,
    })
}

/// What no program shows as a picture by itself: what the sensor of a camera saw.
pub(super) const SENSOR: &str = "what the sensor of a camera saw";

fn alpha(directory: &Directory<'_>, samples: usize, colour: Colour) -> Option<Alpha> {
    if samples <= colour.channels() || colour == Colour::Cmyk {
        return None;
    }
    let kind = directory.number(tag::EXTRA_SAMPLES);
    Some(if kind == Some(1) { Alpha::Associated } else { Alpha::Unassociated })
}

fn subsampling(directory: &Directory<'_>, colour: Colour, packing: Packing) -> Result<(usize, usize), DecodeError> {
    if colour != Colour::YCbCr || matches!(packing, Packing::Jpeg | Packing::OldJpeg) {
        return Ok((1, 1));
    }
    match directory.numbers(tag::SUBSAMPLING)[..] {
        [] => Ok((2, 2)),
        [across @ (1 | 2 | 4), down @ (1 | 2 | 4), ..] => Ok((across as usize, down as usize)),
        _ => Err(broken("colours are shared by an odd number of pixels")),
    }
}
