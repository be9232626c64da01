//! Pictures in the middle of content streams (ISO 32000-1 §8.9.7).

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use crate::content::{Part, PartKind, Tones};
use crate::extract::dissection::Dissection;

use super::objects::{Id, Objects, Stream};
use super::picture::{self, Shape};
use super::show_picture;
use super::value::{Dictionary, Reader, Value, is_blank};

/// Operands of one operator that are kept.
const MAX_OPERANDS: usize = 64;

/// Operators between two looks at the clock.
const PATIENCE: usize = 256;

/// Colour spaces of one name that are tried.
const MAX_SPACES: usize = 4;

/// A picture, and where its data is in the content.
#[derive(Debug)]
pub(super) struct Inline {
    dictionary: Dictionary,
    data: Range<usize>,
    /// Whether readers agree about the end: the samples are plain, and it follows from the size of the picture.
    is_exact: bool,
}

impl Inline {
    /// Every picture in `content`.
    pub(super) fn all_in(content: &[u8], found: &Dissection<'_>) -> Vec<Self> {
        let mut pictures = Vec::new();
        if memmem::find(content, b"BI").is_none() || memmem::find(content, b"ID").is_none() {
            return pictures;
        }
        let mut reader = Reader::new(content);
        let mut operands = Vec::new();
        for count in 1_usize.. {
            match reader.operation(&mut operands, MAX_OPERANDS) {
                None => break,
                Some(b"ID") => pictures.push(Self::pass(&operands, &mut reader)),
                Some(_) if count.is_multiple_of(PATIENCE) && found.is_over() => break,
                Some(_) => {}
            }
        }
        pictures
    }

    /// Passes the data of the picture that `operands` describe, and the `EI` behind it.
    pub(super) fn pass(operands: &[Value], reader: &mut Reader<'_>) -> Self {
        let dictionary = Dictionary::of_operands(operands);
        reader.skip(usize::from(reader.rest().first().is_some_and(|byte| is_blank(*byte))));
        let start = reader.position();
        if let Some(length) = exact_length(&dictionary, reader.rest()) {
            reader.skip(length);
            reader.passes(b"EI");
            return Self { dictionary, data: start..start + length, is_exact: true };
        }
        reader.skip_behind(b"EI");
        Self { dictionary, data: start..reader.position().saturating_sub(2).max(start), is_exact: false }
    }

    /// Hands out what it shows, unless that is a glyph or a piece of shading. `content` is what it is in, and
    /// `start` where that starts.
    pub(super) fn hand_out(&self, content: &Bytes, start: usize, objects: &Objects, found: &mut Dissection<'_>) {
        let shape = Shape::of(&self.dictionary, objects);
        let Some(shape) = shape.filter(Shape::is_telling).filter(|_| found.may_carve()) else {
            return;
        };
        let stream = self.as_stream(content, start);
        // Content has been decrypted, and has no objects to refer to.
        let none = Objects::none();
        match none.unfiltered(&stream, found) {
            Some((samples, None)) if !samples.is_empty() => self.show(&stream, &samples, &shape, objects, found),
            Some((_, Some(filter))) if matches!(filter.as_str(), "CCITTFaxDecode" | "CCF") => {
                show_picture(&stream, None, &none, found);
            }
            Some((file, Some(_))) => {
                let in_tones = picture::in_tones(&self.dictionary, &file, objects, found);
                found.add(Part::new(PartKind::Carved, file), Some(start));
                in_tones.into_iter().for_each(|part| found.show(part, Some(start)));
            }
            _ => {}
        }
    }

    /// The same as an object of its own; `content` is what it is in.
    pub(super) fn into_stream(self, content: &Bytes) -> Stream {
        self.as_stream(content, 0)
    }

    fn as_stream(&self, content: &Bytes, start: usize) -> Stream {
        let (id, raw) = (Id { number: 0, generation: 0 }, content.slice(self.data.clone()));
        Stream { id, dictionary: self.dictionary.clone(), start, raw }
    }

    /// Hands out the picture of `samples`. Its colour space may be one that resources give a name to; which of them is
    /// looked up by the name alone.
    fn show(&self, stream: &Stream, samples: &Bytes, shape: &Shape, objects: &Objects, found: &mut Dissection<'_>) {
        let name = match self.dictionary.get(&["ColorSpace", "CS"]) {
            Some(Value::Name(name)) if !shape.has_colours() => name,
            _ => return show_picture(stream, Some(samples), objects, found),
        };
        let spaces = objects.spaces_named(name);
        if spaces.is_empty() {
            return show_picture(stream, Some(samples), objects, found);
        }
        for space in spaces.into_iter().take(MAX_SPACES) {
            let dictionary = self.dictionary.with_space(space);
            show_picture(&Stream { dictionary, ..stream.clone() }, Some(samples), objects, found);
        }
    }
}

/// The picture in the middle of content that `stream` was made of, as a file, and what viewers make of its tones.
pub(super) fn read(stream: &Stream, objects: &Objects, found: &mut Dissection<'_>) -> Option<(Bytes, Option<Tones>)> {
    let none = Objects::none();
    match none.unfiltered(stream, found)? {
        (samples, None) => {
            let space = match stream.dictionary.get(&["ColorSpace", "CS"]) {
                Some(Value::Name(name)) if !Shape::of(&stream.dictionary, objects)?.has_colours() => {
                    objects.spaces_named(name).into_iter().next()
                }
                _ => None,
            };
            let dictionary =
                space.map_or_else(|| stream.dictionary.clone(), |space| stream.dictionary.with_space(space));
            let stream = Stream { dictionary, ..stream.clone() };
            Some((picture::draw(&stream, Some(&samples), objects, found)?, None))
        }
        (file, Some(filter)) if picture::is_file(&filter) => {
            Some((file, picture::tones(&stream.dictionary, objects, found)))
        }
        _ => Some((picture::draw(stream, None, &none, found)?, None)),
    }
}

/// Bytes of plain samples with which `rest` begins, if the end of a picture follows there.
fn exact_length(dictionary: &Dictionary, rest: &[u8]) -> Option<usize> {
    if dictionary.get(&["Filter", "F"]).is_some() {
        return None;
    }
    let length = Shape::of(dictionary, &Objects::none())?.exact_bytes()?;
    let behind = rest.get(length..)?.trim_ascii_start();
    let is_end = behind.starts_with(b"EI") && behind.get(2).is_none_or(|byte| is_blank(*byte));
    is_end.then_some(length)
}

/// Where `content` has samples of pictures about whose end all readers agree.
pub(super) fn exact_samples(content: &[u8], found: &Dissection<'_>) -> Vec<Range<usize>> {
    let pictures = Inline::all_in(content, found).into_iter();
    pictures.filter(|picture| picture.is_exact).map(|picture| picture.data).collect()
}
