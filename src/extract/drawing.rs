//! Pictures that drawings in SVG put together out of strips and tiles.
//!
//! Every picture in a drawing is found by its data URI; here is only where it is shown.
//!
//! Source: SVG 2 §8.5 (transformations), §12.3 (`image`).

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::content::Part;

use super::beside::{self, MAX_PLACED, Placed};
use super::dissection::Dissection;
use super::encoded;
use super::matrix::Matrix;

/// Elements inside each other.
const MAX_DEPTH: usize = 256;

/// Events between two looks at the clock.
const PATIENCE: usize = 64;

/// How sharp pieces are taken for: a drawing does not say it.
const PIXELS: [f64; 2] = [1024.0; 2];

/// What shows a picture in a drawing: `image`, `feImage`.
const PICTURE: &[u8] = b"mage";

/// Comments and the like before the first element.
const MAX_BEFORE: usize = 64;

/// Drawings of a page that are looked at.
const MAX_DRAWINGS: usize = 16;

/// What a drawing in a page need not declare, and one of its own must.
const SPACES: [(&[u8], &[u8]); 2] =
    [(b"xmlns", b"http://www.w3.org/2000/svg"), (b"xmlns:xlink", b"http://www.w3.org/1999/xlink")];

/// Hands out the drawings in `text` as they are shown, and what pictures in them show together. What is no drawing
/// costs next to nothing.
pub(super) fn show(text: &Bytes, found: &mut Dissection<'_>) {
    let start = text.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if !start.starts_with(b"<") || memmem::find(text, b"svg").is_none() {
        return;
    }
    let has_pictures = memmem::find(text, PICTURE).is_some();
    if begins_as_drawing(start) {
        found.show(Part::of_drawing(text.clone(), !has_pictures).named("drawing"), None);
    } else if has_pictures {
        drawings_in_page(text, found);
    }
    if memmem::find_iter(text, PICTURE).nth(1).is_none() {
        return;
    }
    let Ok(text) = str::from_utf8(text) else { return };
    let placed = placed(text, found);
    for group in beside::groups(placed, found) {
        let read = |address: &String| Some((encoded::content_of(address.as_bytes(), found)?, None));
        if let Some(mosaic) = beside::joined(&group, read) {
            found.show(Part::of_mosaic(mosaic).named("images"), None);
        }
    }
}

/// Whether the first element of a document is a drawing, behind what may stand before it: comments, a type,
/// instructions.
fn begins_as_drawing(text: &[u8]) -> bool {
    let mut rest = text;
    for _ in 0..MAX_BEFORE {
        let behind = match rest {
            [b'<', b'!', b'-', b'-', ..] => after(rest, b"-->"),
            [b'<', b'?', ..] => after(rest, b"?>"),
            [b'<', b'!', ..] => {
                let subset =
                    memmem::find(rest, b"[").filter(|at| memmem::find(rest, b">").is_some_and(|end| at < &end));
                if subset.is_some() { after(rest, b"]>") } else { after(rest, b">") }
            }
            [b'<', name @ ..] => {
                let end = name.iter().position(|byte| b" \t\r\n/>".contains(byte)).unwrap_or(name.len());
                let name = &name[..end];
                return name == b"svg" || name.ends_with(b":svg");
            }
            _ => return false,
        };
        let Some(behind) = behind else { return false };
        rest = behind.trim_ascii_start();
    }
    false
}

/// What stands in `text` behind the first `end`.
fn after<'t>(text: &'t [u8], end: &[u8]) -> Option<&'t [u8]> {
    memmem::find(text, end).map(|at| &text[at + end.len()..])
}

/// Hands out the drawings with pictures in them that stand in a page, as documents of their own.
fn drawings_in_page(page: &[u8], found: &mut Dissection<'_>) {
    let mut end = 0;
    for start in memmem::find_iter(page, b"<svg").take(MAX_DRAWINGS) {
        let Some(length) = (start >= end).then(|| memmem::find(&page[start..], b"</svg>")).flatten() else { continue };
        end = start + length + b"</svg>".len();
        let drawing = &page[start..end];
        if memmem::find(drawing, PICTURE).is_none() || found.is_over() {
            continue;
        }
        let tag = &drawing[..memmem::find(drawing, b">").unwrap_or(drawing.len())];
        let mut whole = b"<svg".to_vec();
        for (name, space) in SPACES {
            if memmem::find(tag, name).is_none() {
                whole.extend([b" ", name, b"=\"", space, b"\""].concat());
            }
        }
        whole.extend_from_slice(&drawing[b"<svg".len()..]);
        if let Some(whole) = found.keep(&whole, whole.len()) {
            found.show(Part::of_drawing(whole, true).named("drawing"), None);
        }
    }
}

/// The pictures in `text` by their addresses, as far as it can be read.
fn placed(text: &str, found: &Dissection<'_>) -> Vec<Placed<String>> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut placed = Vec::new();
    let mut matrices = vec![Matrix::IDENTITY];
    for count in 1_usize.. {
        if count.is_multiple_of(PATIENCE) && found.is_over() || placed.len() >= MAX_PLACED {
            break;
        }
        let (tag, is_open) = match reader.read_event() {
            Ok(Event::Start(tag)) => (tag, true),
            Ok(Event::Empty(tag)) => (tag, false),
            Ok(Event::End(_)) => {
                matrices.truncate(matrices.len().saturating_sub(1).max(1));
                continue;
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => continue,
        };
        let outer = matrices.last().copied().unwrap_or(Matrix::IDENTITY);
        let here = attribute(&tag, "transform").map_or(outer, |value| transformation(&value).then(outer));
        placed.extend(picture(&tag, here));
        if is_open && matrices.len() < MAX_DEPTH {
            matrices.push(here);
        }
    }
    placed
}

/// The picture that `tag` is.
fn picture(tag: &BytesStart<'_>, matrix: Matrix) -> Option<Placed<String>> {
    if tag.local_name().as_ref() != "image" {
        return None;
    }
    let length = |name| attribute(tag, name).map_or(0.0, |value| leading_number(&value));
    let own = Matrix([length("width"), 0.0, 0.0, length("height"), length("x"), length("y")]);
    let address = ["href", "xlink:href"].into_iter().find_map(|name| attribute(tag, name))?;
    Placed::of(address.into_owned(), PIXELS, own.then(matrix))
}

fn attribute<'t>(tag: &'t BytesStart<'_>, name: &str) -> Option<Cow<'t, str>> {
    tag.try_get_attribute(name).ok()?.map(|attribute| attribute.value)
}

/// The number that `text` begins with, or 0.
fn leading_number(text: &str) -> f64 {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    text[..end].parse().unwrap_or(0.0)
}

/// The transformation that a list of functions says; those that turn or skew otherwise than by quarters are as good as
/// any other that is not followed.
fn transformation(list: &str) -> Matrix {
    let mut matrix = Matrix::IDENTITY;
    for function in list.split(')') {
        let Some((name, arguments)) = function.split_once('(') else { continue };
        let arguments = arguments.split([',', ' ', '\t', '\n', '\r']).filter(|argument| !argument.is_empty());
        let arguments: Vec<f64> = arguments.take(6).map(leading_number).collect();
        let at = |index: usize| arguments.get(index).copied();
        let (first, second) = (at(0).unwrap_or(0.0), at(1));
        let one = match name.trim_matches([',', ' ', '\t', '\n', '\r']) {
            "translate" => Matrix::IDENTITY.moved(first, second.unwrap_or(0.0)),
            "scale" => Matrix([first, 0.0, 0.0, second.unwrap_or(first), 0.0, 0.0]),
            "rotate" => {
                let (sine, cosine) = first.to_radians().sin_cos();
                let (x, y) = (second.unwrap_or(0.0), at(2).unwrap_or(0.0));
                Matrix::IDENTITY
                    .moved(-x, -y)
                    .then(Matrix([cosine, sine, -sine, cosine, 0.0, 0.0]))
                    .then(Matrix::IDENTITY.moved(x, y))
            }
            "matrix" => Matrix(std::array::from_fn(|index| at(index).unwrap_or(0.0))),
            _ => continue,
        };
        matrix = one.then(matrix);
    }
    matrix
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use data_encoding::BASE64;

    use super::*;
    use crate::config::Ambiguity;
    use crate::content::{ExtractLimits, PartKind};
    use crate::extract::dissection::testing::gathered;

    #[test]
    fn strips_of_a_drawing_are_put_together() {
        let data = |piece: &str| format!("data:image/png;base64,{}", BASE64.encode(piece.as_bytes()));
        let (upper, lower) = (data("upper picture"), data("lower picture"));
        for drawing in [
            format!(
                "<image width='200' height='50' href='{upper}'/><image y='50' width='200' height='50' href='{lower}'/>"
            ),
            format!(
                "<g transform='translate(3 4) scale(2)'><image width='100' height='25' xlink:href='{upper}'/>\
                 <image transform='translate(0,25)' width='100px' height='25' xlink:href='{lower}'/></g>"
            ),
            format!(
                "<image width='50' height='200' transform='rotate(90)' href='{upper}'/>\
                 <image width='50' height='200' transform='matrix(0 1 -1 0 0 50)' href='{lower}'/>"
            ),
        ] {
            let text = format!("<svg xmlns='http://www.w3.org/2000/svg'>{drawing}</svg>");
            let part = Part::new(PartKind::File, Bytes::from(text));
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None));
            let mosaic = found.parts.iter().find_map(|part| part.mosaic()).expect("a mosaic");
            let tiles: Vec<_> = mosaic.tiles.iter().map(|tile| (&tile.picture[..], tile.place.top)).collect();
            assert_eq!(tiles, [(&b"upper picture"[..], 0), (b"lower picture", 256)], "{drawing}");
            assert_eq!((mosaic.width, mosaic.height), (1024, 512), "{drawing}");
        }
    }
}
