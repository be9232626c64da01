//! One part's bytes → what they are, and their hashes.
//!
//! Sniff → decode within limits → hash. Nothing here believes what the sender declared. A file can show several
//! pictures: frames, pages, sizes, one with transparency looks different on white and on black, and inside of borders
//! there may be a whole one. Each of these views is hashed.

mod compound;
mod decode;
mod degenerate;
mod digest;
mod drawing;
mod foreign;
mod img_hash;
mod mosaic;
mod pages;
mod pdq;
mod scratch;
mod signature;
mod sniff;
mod trim;

use std::time::Duration;

use crate::content::{Algorithm, AlgorithmSet, Composition, Deadline, DecodeLimits, HashValue, MediaType};

pub use decode::{DecodeError, DecodeMeans, Ground, Several};
pub use degenerate::is_degenerate;
pub use digest::Digester;
pub use foreign::{ForeignDecoder, ForeignFormat, ForeignPicture, NoForeignDecoder};
pub use pages::PICTURES_A_PAGE;
pub use pdq::{PdqHashes, Unhashable, hash_luma};
pub use sniff::sniff;
pub use trim::{Rect, without_borders};

use decode::{Colours, Picture, each_picture};

/// What a part is, and the hashes that were asked for.
#[derive(Debug)]
pub struct PartHashes {
    /// What the bytes show.
    pub media_type: MediaType,
    digests: Vec<HashValue>,
    /// The views of a picture, as far as their hashes differ. None when the part is no picture, when no perceptual hash
    /// was asked for, or when nothing of it can be decoded.
    pub views: Vec<ViewHashes>,
    /// Why not all of a picture was hashed.
    pub problem: Option<DecodeError>,
}

impl PartHashes {
    /// MD5, SHA-1, SHA-256 and SHA-512, those that were asked for.
    pub fn digests(&self) -> impl Iterator<Item = HashValue> {
        self.digests.iter().copied()
    }
}

/// One of the pictures that a file shows, and its perceptual hashes.
#[derive(Debug)]
pub struct ViewHashes {
    /// Which picture of the file, from 0: a frame, a page, a size of an icon.
    pub frame: usize,
    /// What it is seen on.
    pub ground: Ground,
    /// Whether borders of one colour were taken away before.
    pub is_trimmed: bool,
    /// Width in pixels, as stored.
    pub width: u32,
    /// Height in pixels, as stored.
    pub height: u32,
    /// PDQ, or why the picture has none. `None` when it was not asked for.
    pub pdq: Option<Result<PdqHashes, Unhashable>>,
    hash64s: Vec<HashValue>,
}

impl ViewHashes {
    /// Hashes of the `img_hash` family, those that were asked for.
    pub fn hash64s(&self) -> impl Iterator<Item = HashValue> {
        self.hash64s.iter().copied()
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.pdq == other.pdq && self.hash64s == other.hash64s
    }
}

/// Processor time that digesting a byte takes at least, with one algorithm and the instructions for it.
const A_BYTE: Duration = Duration::from_nanos(2);

/// Processor time that hashing a pixel takes: with PDQ, and with those of the `img_hash` family besides.
const A_PIXEL: Duration = Duration::from_nanos(2);
const A_PIXEL_OF_FAMILY: Duration = Duration::from_nanos(30);

/// Whether `deadline` leaves what hashing `bytes` takes at least, whatever they are.
pub fn affords_hashing(deadline: &Deadline, bytes: &[u8]) -> bool {
    deadline.affords_steps(bytes.len() as u64, A_BYTE)
}

/// The perceptual hashes in `wanted` of what a document shows. It has no digests.
pub fn hash_composition(composition: &Composition, wanted: AlgorithmSet, means: &DecodeMeans<'_>) -> PartHashes {
    match composition {
        Composition::Mosaic(mosaic) => mosaic::hash_mosaic(mosaic, wanted, means),
        Composition::Drawing(drawing) => drawing::hash_drawing(drawing, wanted, means),
        Composition::Pages(pdf) => pages::hash_pages(pdf, wanted, means),
    }
}

/// Hashes one part with the algorithms in `wanted`. A picture is decoded only when a perceptual hash is among them.
/// What there is not enough work left for is [`DecodeError::TooMuchWork`], and has no hash at all.
pub fn hash_part(bytes: &[u8], wanted: AlgorithmSet, means: &DecodeMeans<'_>) -> PartHashes {
    if !affords_hashing(&means.deadline, bytes) {
        let problem = Some(DecodeError::TooMuchWork);
        return PartHashes { media_type: sniff(bytes), digests: Vec::new(), views: Vec::new(), problem };
    }
    let mut digester = Digester::new(wanted);
    digester.push(bytes);
    hash_digested_part(bytes, digester, wanted, means)
}

/// The digests of `bytes` up to each of `lengths`, which get no shorter, in one pass. Nothing else is hashed.
pub fn hash_up_to(bytes: &[u8], lengths: &[usize], wanted: AlgorithmSet) -> Vec<PartHashes> {
    let (mut digester, media_type) = (Digester::new(wanted), sniff(bytes));
    let mut from = 0;
    let up_to = |length: &usize| {
        digester.push(&bytes[from..*length]);
        from = *length;
        let digests = digester.clone().finish();
        PartHashes { media_type, digests, views: Vec::new(), problem: None }
    };
    lengths.iter().map(up_to).collect()
}

/// The same, where `digester` has taken in all of `bytes` already.
pub fn hash_digested_part(
    bytes: &[u8],
    digester: Digester,
    wanted: AlgorithmSet,
    means: &DecodeMeans<'_>,
) -> PartHashes {
    let digests = digester.finish();
    let mut hashes = PartHashes { media_type: sniff(bytes), digests, views: Vec::new(), problem: None };
    if hashes.media_type.is_picture() && wanted.needs_picture() {
        hashes.add_views(bytes, wanted, means);
    }
    hashes
}

/// Hashes one part without a deadline, and without what needs another process.
pub fn hash_part_here(bytes: &[u8], wanted: AlgorithmSet, limits: &DecodeLimits) -> PartHashes {
    hash_part(bytes, wanted, &DecodeMeans { limits, deadline: Deadline::NEVER, foreign: &NoForeignDecoder })
}

/// Pictures from which on a file that takes too much work has too many of them, rather than one that is too hard.
const MANY: usize = 8;

/// Below this quality the luma plane of a JPEG, which is rounded, is not exact enough: of nearly plain pictures with
/// the same colours it gave hashes up to 36 bits apart, and at most 8 bits of others.
const EXACT_BELOW: u8 = 50;

/// Below this contrast what is seen of a JPEG may be in its other components: where these are far off the middle, red,
/// green or blue is cut off at its end, and what is seen is up to some 25 darker or lighter than the luma plane says.
const BRIGHTNESS_BELOW: u8 = 25;

impl PartHashes {
    fn add_views(&mut self, bytes: &[u8], wanted: AlgorithmSet, means: &DecodeMeans<'_>) {
        let needs_colour = wanted.iter().any(img_hash::is_of_family);
        let colours = if needs_colour { Colours::Rgb } else { Colours::Luma };
        self.decode_views(bytes, wanted, colours, means);
        let is_inexact = |view: &ViewHashes| match &view.pdq {
            Some(Ok(hashes)) => hashes.quality < EXACT_BELOW || hashes.contrast < BRIGHTNESS_BELOW,
            Some(Err(why)) => *why != Unhashable::TooSmall,
            None => false,
        };
        if self.media_type == MediaType::Jpeg && colours == Colours::Luma && self.views.iter().any(is_inexact) {
            self.views.clear();
            self.decode_views(bytes, wanted, Colours::Rgb, means);
        }
        // What looks like a picture by chance is none unless it can be decoded.
        let is_broken = matches!(self.problem, Some(DecodeError::Broken(_)));
        if is_broken && self.views.is_empty() && signature::is_guess(self.media_type, bytes) {
            self.media_type = sniff::sniff_other(bytes);
            self.problem = None;
        }
    }

    fn decode_views(&mut self, bytes: &[u8], wanted: AlgorithmSet, colours: Colours, means: &DecodeMeans<'_>) {
        let a_pixel = if wanted.iter().any(img_hash::is_of_family) { A_PIXEL_OF_FAMILY } else { A_PIXEL };
        let affords = |picture: &Picture| {
            let pixels = u64::from(picture.width) * u64::from(picture.height);
            means.deadline.affords_steps(pixels, a_pixel)
        };
        let (views, mut lacks_work) = (&mut self.views, false);
        let mut add = |view: ViewHashes| {
            if !views.iter().any(|other| other.says_the_same(&view)) {
                views.push(view);
            }
        };
        let mut visit = |picture: Picture| {
            for ground in picture.pixels.grounds() {
                if !affords(&picture) {
                    lacks_work = true;
                    break;
                }
                add(hash_view(&picture, *ground, wanted));
                if let Some(inside) = picture.without_borders(*ground) {
                    add(ViewHashes { is_trimmed: true, ..hash_view(&inside, *ground, wanted) });
                    inside.pixels.give_back();
                }
            }
            picture.pixels.give_back();
        };
        let ended = each_picture(bytes, self.media_type, colours, means, &mut visit);
        let problem = if lacks_work { Some(DecodeError::TooMuchWork) } else { ended.err() };
        let is_of_work = matches!(problem, Some(DecodeError::TooMuchWork | DecodeError::Deadline));
        let is_of_many = self.views.iter().any(|view| view.frame >= MANY);
        self.problem = if is_of_work && is_of_many { Some(DecodeError::TooManyPictures) } else { problem };
    }
}

fn hash_view(picture: &Picture, ground: Ground, wanted: AlgorithmSet) -> ViewHashes {
    let pdq = wanted.contains(Algorithm::Pdq).then(|| pdq::hash(picture, ground));
    let hash64s =
        if wanted.iter().any(img_hash::is_of_family) { img_hash::hashes(picture, ground, wanted) } else { Vec::new() };
    let Picture { frame, stored: (width, height), .. } = *picture;
    ViewHashes { frame, ground, is_trimmed: false, width, height, pdq, hash64s }
}

#[cfg(test)]
mod tests;
