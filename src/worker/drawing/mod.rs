//! Draws SVG through `resvg`, as browsers show it but for letters. Runs in the worker only.
//!
//! The renderer is written in Rust, but looks at no clock and takes whatever memory a drawing asks for: the process
//! bounds both. Files that a drawing names are not opened. What browsers show and the renderer does not is drawn
//! without it, and said: see [`left_out`].

mod left_out;
mod style;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::roxmltree::{Document, ParsingOptions};
use resvg::usvg::{ImageHrefResolver, ImageKind, Options, Tree};

use super::bounds::{UNSUPPORTED, check_size};
use super::drawn::Drawn;
use crate::content::{DecodeLimits, MediaType};
use crate::media::{DecodeError, sniff};

/// Pixels of the longer side: hashes look at fewer.
const SIDE: f32 = 640.0;

/// The type of a drawing.
const DRAWING: &str = "image/svg+xml";

/// Hands the drawing `file` to `sink`.
///
/// # Errors
/// It is no drawing, or over a limit. [`DecodeError::Unsupported`], once what can be drawn was handed on, for one of
/// which browsers show more. What `sink` returns, at once.
pub(super) fn draw<E: From<DecodeError>>(
    file: &[u8],
    limits: &DecodeLimits,
    sink: &mut dyn FnMut(&Drawn) -> Result<(), E>,
) -> Result<(), E> {
    let leaves_out = AtomicBool::new(false);
    let tree = read(file, &leaves_out)?;
    let (wide, high) = (tree.size().width(), tree.size().height());
    sink(&shown(&tree, (wide, high), SIDE / wide.max(high), limits)?)?;
    if leaves_out.into_inner() { Err(DecodeError::Unsupported(UNSUPPORTED).into()) } else { Ok(()) }
}

/// What `tree`, of this size in its own units, shows at this scale, on no ground.
fn shown(tree: &Tree, (wide, high): (f32, f32), scale: f32, limits: &DecodeLimits) -> Result<Drawn, DecodeError> {
    let pixels = |length: f32| (length * scale).ceil().clamp(1.0, SIDE) as u32;
    let size = (pixels(wide), pixels(high));
    check_size(size.0, size.1, limits)?;
    let mut canvas = Pixmap::new(size.0, size.1).ok_or(DecodeError::TooLarge { width: size.0, height: size.1 })?;
    resvg::render(tree, Transform::from_scale(scale, scale), &mut canvas.as_mut());
    Ok(Drawn { size, rgba: canvas.take_demultiplied() })
}

/// The drawing in `file`; notes in `leaves_out` whether there is more to it.
fn read(file: &[u8], leaves_out: &AtomicBool) -> Result<Tree, DecodeError> {
    let broken = |error: &dyn ToString| DecodeError::Broken(error.to_string());
    let text = str::from_utf8(file).map_err(|error| broken(&error))?;
    let parsing = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, parsing).map_err(|error| broken(&error))?;
    if left_out::is_more_than_drawn(&document) {
        leaves_out.store(true, Ordering::Relaxed);
    }
    let none = ImageHrefResolver {
        resolve_data: Box::new(|media_type, data, options| picture(media_type, data, options, leaves_out)),
        resolve_string: Box::new(|_, _| None),
    };
    let options = Options { image_href_resolver: none, ..Options::default() };
    Tree::from_xmltree(&document, &options).map_err(|error| broken(&error))
}

/// A picture in a drawing, by its content, as browsers tell it; a drawing by its type.
fn picture(media_type: &str, data: Arc<Vec<u8>>, options: &Options<'_>, leaves_out: &AtomicBool) -> Option<ImageKind> {
    let missing = |is_missing: bool| leaves_out.fetch_or(is_missing, Ordering::Relaxed);
    match sniff(&data) {
        MediaType::Jpeg => Some(ImageKind::JPEG(data)),
        MediaType::Png => Some(ImageKind::PNG(data)),
        MediaType::Gif => Some(ImageKind::GIF(data)),
        MediaType::WebP => Some(ImageKind::WEBP(data)),
        _ if media_type.eq_ignore_ascii_case(DRAWING) => {
            let text = str::from_utf8(&data).unwrap_or_default();
            let parsing = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
            let document = Document::parse_with_options(text, parsing);
            missing(document.is_ok_and(|document| left_out::is_more_than_drawn(&document)));
            let tree = Tree::from_data_nested(&data, options).ok();
            missing(tree.is_none());
            tree.map(ImageKind::SVG)
        }
        other => {
            missing(other.is_picture());
            None
        }
    }
}

#[cfg(test)]
mod tests;
