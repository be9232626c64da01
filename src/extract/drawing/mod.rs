//! Drawings in SVG, of their own and in pages, and the pictures that they put together out of strips and tiles.
//!
//! Every picture in a drawing is found by its data URI; here is only what they are as they are shown.
//!
//! Source: SVG 2 §8.5 (transformations), §12.3 (`image`).

mod names;
mod page;
mod sheet;
mod tag;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::{memchr, memchr_iter, memchr2_iter, memmem};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::content::{Drawing, Part, reads_as_text};

use self::page::{Next, Page};
use super::beside::{self, MAX_PLACED, Placed};
use super::dissection::Dissection;
use super::matrix::Matrix;
use super::{encoded, legible};

/// Elements inside each other.
const MAX_DEPTH: usize = 256;

/// Events between two looks at the clock.
const PATIENCE: usize = 64;

/// How sharp pieces are taken for: a drawing does not say it.
const PIXELS: [f64; 2] = [1024.0; 2];

/// What shows a picture in a drawing: `image`, `feImage`, `data:image/`.
const PICTURE: &[u8] = b"mage";

/// Comments and the like before the first element.
const MAX_BEFORE: usize = 64;

/// Drawings of a page that are looked at.
const MAX_DRAWINGS: usize = 64;

/// Bytes in which markup names its charset. Browsers look at 1,024.
const NAMED_WITHIN: usize = 1024;

/// What characters of ISO-2022-JP begin with.
const ESCAPE: u8 = 0x1b;

/// Work that reading a byte of a page takes at least.
const A_BYTE: Duration = Duration::from_nanos(4);

/// Tags of a drawing that may show a picture without having one: with fewer, that it cannot be drawn is no doubt.
const MANY: usize = 256;

/// Hands out the drawings in `text` as they are shown, and what pictures in them show together; it is `declared` to be
/// of a type, which may name its charset. What is no drawing costs next to nothing.
pub(super) fn show(text: &Bytes, declared: Option<&str>, found: &mut Dissection<'_>) {
    if !page::has_drawing(text) {
        return;
    }
    if unmarked(text).starts_with(b"<") {
        show_drawings(text, declared, found);
    } else if reads_as_text(text) {
        // Markup in a text may be quoted in it.
        found.guess(|found| show_drawings(text, declared, found));
    }
}

fn show_drawings(text: &Bytes, declared: Option<&str>, found: &mut Dissection<'_>) {
    let recoded = recoded(text, declared, found);
    let text = recoded.as_ref().unwrap_or(text);
    let is_page = declared.is_some_and(|declared| declared.to_ascii_lowercase().contains("html"));
    if begins_as_drawing(unmarked(text)) && !is_page {
        show_one(text.clone(), found);
    } else if may_have_pictures(text) || has_many_tags(text) {
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

/// `text` behind a byte order mark and white space.
fn unmarked(text: &[u8]) -> &[u8] {
    let start = text.trim_ascii_start();
    start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start()
}

/// `text` in UTF-8, if it is in another charset: the one that is `declared`, or that it names itself.
fn recoded(text: &Bytes, declared: Option<&str>, found: &mut Dissection<'_>) -> Option<Bytes> {
    let is_utf8 = str::from_utf8(text).is_ok();
    // ISO-2022-JP is written in ASCII and means something else.
    if is_utf8 && memchr(ESCAPE, text).is_none() {
        return None;
    }
    let start = &text[..text.len().min(NAMED_WITHIN)];
    let by_type = declared.and_then(|declared| legible::named(declared.as_bytes(), b"charset"));
    let labels = [by_type, legible::named(start, b"encoding"), legible::named(start, b"charset")];
    let named = labels.into_iter().flatten().find_map(Encoding::for_label_no_replacement);
    // Browsers read UTF-16 by a mark alone, which is undone before.
    let named = named.filter(|encoding| ![UTF_8, UTF_16LE, UTF_16BE].contains(encoding));
    let encoding = named.unwrap_or(WINDOWS_1252);
    if is_utf8 && encoding != ISO_2022_JP { None } else { legible::decoded(text, encoding, found) }
}

/// Hands out the drawing `svg`. That it cannot be drawn is no doubt when there is next to nothing in it.
fn show_one(svg: Bytes, found: &mut Dissection<'_>) {
    let has_pictures = has_pictures(&svg);
    let is_guess = !(has_pictures || has_many_tags(&svg) || memmem::find(&svg, b"foreignObject").is_some());
    found.show(Part::of_drawing(Drawing { svg, has_pictures }, is_guess).named("drawing"), None);
}

/// Whether pictures are named in `svg`, anywhere but in its words.
fn has_pictures(svg: &[u8]) -> bool {
    let has_sheet = memmem::find(svg, b"<style").is_some();
    let tags = svg.split(|byte| *byte == b'<').skip(1);
    let is_named_in = |tag: &[u8]| memmem::find(tag, PICTURE).is_some();
    tags.into_iter().any(|tag| is_named_in(if has_sheet { tag } else { &tag[..end_of_tag(tag)] }))
}

/// Where the tag ends that `text` begins with, behind its bracket.
fn end_of_tag(text: &[u8]) -> usize {
    let mut quote = None;
    let ends = |byte: &u8| {
        match (quote, byte) {
            (None, b'>') => return true,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
        false
    };
    text.iter().position(ends).unwrap_or(text.len())
}

/// Whether there is what shows pictures in `page`, in any case.
fn may_have_pictures(page: &[u8]) -> bool {
    memchr2_iter(b'm', b'M', page)
        .any(|at| page.get(at..at + PICTURE.len()).is_some_and(|word| word.eq_ignore_ascii_case(PICTURE)))
}

fn has_many_tags(text: &[u8]) -> bool {
    let mut tags = memchr_iter(b'<', text).filter(|at| text.get(at + 1).is_some_and(u8::is_ascii_alphabetic));
    tags.nth(MANY - 1).is_some()
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

/// Hands out the drawings that stand in a page and may show a picture, as documents of their own.
fn drawings_in_page(text: &[u8], found: &mut Dissection<'_>) {
    let Ok(text) = str::from_utf8(text) else { return };
    if !found.affords_steps(text.len() as u64, A_BYTE) {
        return;
    }
    let mut page = Page::new(text);
    let mut drawings = 0;
    for count in 1_usize.. {
        if count.is_multiple_of(PATIENCE) && found.is_over() {
            return;
        }
        let svg = match page.read_on() {
            Next::End => return,
            Next::Other => continue,
            Next::TooDeep => return show_unreadable(found),
            Next::Drawing(svg) => svg,
        };
        if !has_pictures(svg.as_bytes()) && !has_many_tags(svg.as_bytes()) {
            continue;
        }
        drawings += 1;
        if drawings > MAX_DRAWINGS {
            return show_unreadable(found);
        }
        if let Some(svg) = found.keep(svg.as_bytes(), svg.len()) {
            show_one(svg, found);
        }
    }
}

/// Hands out nothing in the place of drawings that are too many, or too deep, which is a doubt like any other that
/// cannot be drawn.
fn show_unreadable(found: &mut Dissection<'_>) {
    let nothing = Drawing { svg: Bytes::new(), has_pictures: true };
    found.show(Part::of_drawing(nothing, false).named("drawing"), None);
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
