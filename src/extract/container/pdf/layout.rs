//! Pictures that pages put together out of strips and tiles, as printer drivers write them.
//!
//! Of a page, only transformations and pictures are followed. Pictures that are turned by less than a quarter are left
//! out: no driver writes such pieces.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;

use crate::content::{Part, Tones};
use crate::extract::beside::{self, MAX_PLACED, Placed};
use crate::extract::dissection::Dissection;
use crate::extract::matrix::Matrix;

use super::filter::Filter;
use super::inline::{self, Inline};
use super::objects::{Objects, Stream};
use super::operands::matrix_of;
use super::picture;
use super::value::{Dictionary, Reader, Value};

/// Levels of the page tree that resources may be inherited over.
const MAX_LEVELS: usize = 16;

/// Drawings inside each other.
const MAX_DEPTH: usize = 4;

/// Graphics states inside each other.
const MAX_STATES: usize = 64;

/// Operands of one operator that are kept.
const MAX_OPERANDS: usize = 16;

/// Operators between two looks at the clock.
const PATIENCE: usize = 256;

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drawn {
    /// A picture of so many pixels.
    Picture([f64; 2]),
    /// A drawing of its own.
    Form,
    Other,
}

/// A picture that a page draws.
#[derive(Clone)]
enum Source {
    /// The one of this number.
    Object(u32),
    /// One in the middle of the content.
    Inline(Stream),
}

/// Resources that were looked at, by number.
type Known = HashMap<u32, Drawn>;

/// Hands out what `pages`, each an object and its streams, put together. Streams in whose middle pictures are have
/// their number in `with_pictures`.
pub(super) fn show(
    pages: &[(u32, Vec<u32>)],
    with_pictures: &HashSet<u32>,
    objects: &Objects,
    found: &mut Dissection<'_>,
) {
    let mut known = Known::new();
    for (page, streams) in pages {
        if found.is_over() {
            return;
        }
        let Value::Dictionary(page) = objects.resolve(&Value::Reference(*page)) else {
            continue;
        };
        let resources = resources(&page, MAX_LEVELS, objects).unwrap_or_default();
        let names = names_in(&resources, objects);
        let has_inline = streams.iter().any(|number| with_pictures.contains(number));
        if !has_inline && !may_be_joined(&names, objects, &mut known) {
            continue;
        }
        let mut walk = Walk { objects, known: &mut known, placed: Vec::new() };
        let mut states = States::default();
        for stream in streams.iter().filter_map(|number| objects.stream(*number)) {
            walk.stream(&stream, &names, &mut states, MAX_DEPTH, found);
        }
        let placed = walk.placed;
        show_groups(placed, objects, found);
    }
}

/// The resources of `page`, which it may have from what it hangs below.
fn resources(page: &Dictionary, levels: usize, objects: &Objects) -> Option<Dictionary> {
    if let Some(resources) = page.get(&["Resources"]) {
        return objects.stream_dictionary(resources);
    }
    let parent = objects.stream_dictionary(page.get(&["Parent"])?)?;
    resources(&parent, levels.checked_sub(1)?, objects)
}

/// Numbers of what `resources` give names to.
fn names_in(resources: &Dictionary, objects: &Objects) -> HashMap<String, u32> {
    let named = resources.get(&["XObject"]).and_then(|named| objects.stream_dictionary(named)).unwrap_or_default();
    let numbered = named.entries().filter_map(|(name, value)| match value {
        Value::Reference(number) => Some((name.to_owned(), *number)),
        _ => None,
    });
    numbered.collect()
}

/// Whether there are two pictures among `names`, or a drawing in which they may be.
fn may_be_joined(names: &HashMap<String, u32>, objects: &Objects, known: &mut Known) -> bool {
    let mut pictures = 0;
    for number in names.values() {
        match drawn(*number, objects, known) {
            Drawn::Picture(_) => pictures += 1,
            Drawn::Form => return true,
            Drawn::Other => {}
        }
    }
    pictures > 1
}

fn drawn(number: u32, objects: &Objects, known: &mut Known) -> Drawn {
    *known.entry(number).or_insert_with(|| {
        let dictionary = objects.stream_dictionary(&Value::Reference(number)).unwrap_or_default();
        let side = |key: &str| objects.number(dictionary.get(&[key])).map(|side| side as f64);
        match (dictionary.get(&["Subtype"]), side("Width"), side("Height")) {
            (Some(Value::Name(kind)), ..) if kind == "Form" => Drawn::Form,
            (_, Some(width), Some(height)) => Drawn::Picture([width, height]),
            _ => Drawn::Other,
        }
    })
}

/// The transformation that holds, and those that are kept for later.
struct States {
    now: Matrix,
    saved: Vec<Matrix>,
}

impl Default for States {
    fn default() -> Self {
        Self { now: Matrix::IDENTITY, saved: Vec::new() }
    }
}

/// A page whose pictures are gathered.
struct Walk<'w> {
    objects: &'w Objects,
    known: &'w mut Known,
    placed: Vec<Placed<Source>>,
}

impl Walk<'_> {
    /// Follows what `stream` draws, by the names that it knows things by.
    fn stream(
        &mut self,
        stream: &Stream,
        names: &HashMap<String, u32>,
        states: &mut States,
        depth: usize,
        found: &mut Dissection<'_>,
    ) {
        let Some(content) = self.objects.content(stream, found) else {
            return;
        };
        let mut reader = Reader::new(&content);
        let mut operands = Vec::new();
        for count in 1_usize.. {
            if count.is_multiple_of(PATIENCE) && found.is_over() {
                return;
            }
            match reader.operation(&mut operands, MAX_OPERANDS) {
                None => return,
                Some(b"ID") => {
                    let picture = Inline::pass(&operands, &mut reader).into_stream(&content);
                    let side = |key: &str, short: &str| self.objects.number(picture.dictionary.get(&[key, short]));
                    if let (Some(width), Some(height)) = (side("Width", "W"), side("Height", "H")) {
                        let pixels = [width as f64, height as f64];
                        self.place(Source::Inline(picture), pixels, states.now, found);
                    }
                }
                Some(b"q") if states.saved.len() < MAX_STATES => states.saved.push(states.now),
                Some(b"Q") => states.now = states.saved.pop().unwrap_or(states.now),
                Some(b"cm") => states.now = matrix_of(&operands).then(states.now),
                Some(b"Do") => {
                    if let Some(Value::Name(name)) = operands.first()
                        && let Some(number) = names.get(name)
                    {
                        self.draw(*number, names, states.now, depth, found);
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn place(&mut self, picture: Source, pixels: [f64; 2], matrix: Matrix, found: &mut Dissection<'_>) {
        if self.placed.len() >= MAX_PLACED {
            show_groups(std::mem::take(&mut self.placed), self.objects, found);
        }
        self.placed.extend(Placed::of(picture, pixels, as_seen(matrix)));
    }

    fn draw(
        &mut self,
        number: u32,
        names: &HashMap<String, u32>,
        matrix: Matrix,
        depth: usize,
        found: &mut Dissection<'_>,
    ) {
        match drawn(number, self.objects, self.known) {
            Drawn::Picture(pixels) => self.place(Source::Object(number), pixels, matrix, found),
            Drawn::Form => {
                let (Some(stream), Some(depth)) = (self.objects.stream(number), depth.checked_sub(1)) else {
                    return;
                };
                let own = self.objects.list(stream.dictionary.get(&["Matrix"]));
                let own = if own.len() == 6 { matrix_of(&own) } else { Matrix::IDENTITY };
                let resources = stream.dictionary.get(&["Resources"]);
                let resources = resources.and_then(|resources| self.objects.stream_dictionary(resources));
                let inner = resources.map(|resources| names_in(&resources, self.objects));
                let mut states = States { now: own.then(matrix), saved: Vec::new() };
                self.stream(&stream, inner.as_ref().unwrap_or(names), &mut states, depth, found);
            }
            Drawn::Other => {}
        }
    }
}

/// What takes a picture's own square, whose first row is at the top, to the page as people see it. Pictures are drawn
/// into the square whose sides are 1, and pages have their larger numbers at the top.
fn as_seen(Matrix([a, b, c, d, e, f]): Matrix) -> Matrix {
    Matrix([a, -b, -c, d, c + e, -d - f])
}

impl Source {
    /// The same for the same picture.
    fn identity(&self) -> (u32, u64) {
        match self {
            Self::Object(number) => (*number, 0),
            Self::Inline(stream) => {
                let mut hasher = DefaultHasher::new();
                stream.raw.hash(&mut hasher);
                (0, hasher.finish())
            }
        }
    }

    /// The picture as a file, and what viewers make of its tones.
    fn read(&self, objects: &Objects, found: &mut Dissection<'_>) -> Option<(Bytes, Option<Tones>)> {
        let number = match self {
            Self::Inline(stream) => return inline::read(stream, objects, found),
            Self::Object(number) => *number,
        };
        let stream = objects.stream(number)?;
        if objects.last_filter(&stream).as_deref().is_none_or(Filter::is_of_bytes) {
            return Some((picture::draw(&stream, None, objects, found)?, None));
        }
        match objects.unfiltered(&stream, found)? {
            (file, Some(filter)) if picture::is_file(&filter) => {
                Some((file, picture::tones(&stream.dictionary, objects, found)))
            }
            _ => Some((picture::draw(&stream, None, objects, found)?, None)),
        }
    }
}

/// Hands out every group of pictures that touch each other.
fn show_groups(placed: Vec<Placed<Source>>, objects: &Objects, found: &mut Dissection<'_>) {
    for group in beside::groups(placed, found) {
        let pictures: HashSet<(u32, u64)> = group.iter().map(|placed| placed.source.identity()).collect();
        // A pattern shows no more than its one picture.
        if pictures.len() < 2 || found.is_over() {
            continue;
        }
        if let Some(mosaic) = beside::joined(&group, |picture| picture.read(objects, found)) {
            found.show(Part::of_mosaic(mosaic).named("images"), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Turn;
    use crate::extract::beside::Edges;

    #[test]
    fn pictures_are_where_their_transformation_puts_them() {
        let turn = |swaps, flips_across, flips_down| Turn { swaps, flips_across, flips_down };
        let placed = |matrix| Placed::of((), [1.0; 2], as_seen(Matrix(matrix)));
        for (matrix, expected) in [
            ([200.0, 0.0, 0.0, 100.0, 10.0, 20.0], turn(false, false, false)),
            ([200.0, 0.0, 0.0, -100.0, 10.0, 120.0], turn(false, false, true)),
            ([-200.0, 0.0, 0.0, 100.0, 210.0, 20.0], turn(false, true, false)),
            ([0.0, 100.0, -200.0, 0.0, 210.0, 20.0], turn(true, false, true)),
            ([0.0, -100.0, 200.0, 0.0, 10.0, 120.0], turn(true, true, false)),
        ] {
            let placed = placed(matrix).unwrap();
            let edges = Edges { left: 10.0, top: -120.0, right: 210.0, bottom: -20.0 };
            assert_eq!((placed.edges, placed.turn), (edges, expected), "{matrix:?}");
        }
        for matrix in [[100.0, 100.0, -100.0, 100.0, 0.0, 0.0], [0.0; 6], [f64::INFINITY, 0.0, 0.0, 1.0, 0.0, 0.0]] {
            assert!(placed(matrix).is_none(), "{matrix:?}");
        }
    }
}
