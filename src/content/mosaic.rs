//! Pictures as a document puts them together when it is shown.

use bytes::Bytes;

/// What a document shows that is no file in it.
#[derive(Clone, PartialEq, Eq)]
pub enum Composition {
    /// Pictures beside each other.
    Mosaic(Mosaic),
    /// A drawing in SVG.
    Drawing(Drawing),
    /// A document in PDF, whose pages are shown.
    Pages(Bytes),
}

/// A drawing in SVG that is compared as it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Drawing {
    /// As it is written, in UTF-8.
    pub svg: Bytes,
    /// Whether there may be pictures in it.
    pub has_pictures: bool,
}

/// Pictures that a document shows beside each other as one, or in other tones than their files have.
#[derive(Clone, PartialEq, Eq)]
pub struct Mosaic {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pictures, those that lie above others last.
    pub tiles: Vec<Tile>,
}

/// One picture, and where it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Tile {
    /// The file that it is.
    pub picture: Bytes,
    /// Where it is shown.
    pub place: TilePlace,
    /// What its tones become; as they are, where nothing is said.
    pub tones: Option<Tones>,
}

/// Where a picture is shown, in pixels of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TilePlace {
    /// Pixels to the left of it.
    pub left: u32,
    /// Pixels above it.
    pub top: u32,
    /// Width as shown.
    pub width: u32,
    /// Height as shown.
    pub height: u32,
    /// How it is turned.
    pub turn: Turn,
}

/// How a picture is turned before it is shown: first its rows become columns, then it is mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Rows become columns.
    pub swaps: bool,
    /// Left and right change places.
    pub flips_across: bool,
    /// Top and bottom change places.
    pub flips_down: bool,
}

/// What the tones of a picture become.
#[derive(Clone, PartialEq, Eq)]
pub enum Tones {
    /// Red, green and blue, each by a table of its own.
    Each(Box<[[u8; 256]; 3]>),
    /// A colour for each shade of grey.
    OfGrey(Box<[[u8; 3]; 256]>),
}

impl Tones {
    /// What the colour `rgb` becomes.
    pub fn shown(&self, rgb: [u8; 3]) -> [u8; 3] {
        match self {
            Self::Each(tables) => std::array::from_fn(|channel| tables[channel][usize::from(rgb[channel])]),
            Self::OfGrey(colours) => colours[usize::from(rgb[1])],
        }
    }
}
