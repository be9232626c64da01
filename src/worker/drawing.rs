//! Draws SVG through `resvg`, as browsers show it but for letters. Runs in the worker only.
//!
//! The renderer is written in Rust, but looks at no clock and takes whatever memory a drawing asks for: the process
//! bounds both. Files that a drawing names are not opened.

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree};

use super::bounds::check_size;
use super::drawn::Drawn;
use crate::content::DecodeLimits;
use crate::media::DecodeError;

/// Pixels of the longer side: hashes look at fewer.
const SIDE: f32 = 640.0;

/// Hands the drawing `file` to `sink`.
///
/// # Errors
/// It is no drawing, or over a limit. What `sink` returns, at once.
pub(super) fn draw<E: From<DecodeError>>(
    file: &[u8],
    limits: &DecodeLimits,
    sink: &mut dyn FnMut(&Drawn) -> Result<(), E>,
) -> Result<(), E> {
    let none = ImageHrefResolver { resolve_string: Box::new(|_, _| None), ..ImageHrefResolver::default() };
    let options = Options { image_href_resolver: none, ..Options::default() };
    let tree = Tree::from_data(file, &options).map_err(|error| DecodeError::Broken(error.to_string()))?;
    let (wide, high) = (tree.size().width(), tree.size().height());
    let scale = SIDE / wide.max(high);
    let pixels = |length: f32| (length * scale).ceil().clamp(1.0, SIDE) as u32;
    let size = (pixels(wide), pixels(high));
    check_size(size.0, size.1, limits)?;
    let mut canvas = Pixmap::new(size.0, size.1).ok_or(DecodeError::TooLarge { width: size.0, height: size.1 })?;
    canvas.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut canvas.as_mut());
    sink(&Drawn { size, rgba: canvas.take_demultiplied() })
}
