//! The objects of a file, found by looking at all of it: readers mend broken tables of contents the same way.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use memchr::memmem;

use crate::extract::dissection::Dissection;

use super::filter::Filter;
use super::predictor::{Kind, Predictor};
use super::samples::Shape;
use super::value::{Dictionary, Reader, Value};

/// Most objects that are looked at; a book of a thousand pages has some 100,000.
const MAX_OBJECTS: usize = 1 << 20;

/// Most bytes of a dictionary. Tables of colours are their longest values, with some 4 KiB.
const MAX_DICTIONARY: usize = 64 << 10;

/// A stream: what is said about it, and its content as it stands.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// The number of its object.
    pub(super) number: u32,
    pub(super) dictionary: Dictionary,
    pub(super) start: usize,
    pub(super) raw: Bytes,
}

/// Where an object is.
#[derive(Clone, Debug)]
enum Place {
    /// In the file.
    File(usize),
    /// In an object stream, with its value.
    Packed(Value),
}

/// The objects of a file, by their numbers. Of several with one number the last counts, as readers have it.
#[derive(Debug)]
pub(super) struct Objects {
    bytes: Bytes,
    places: HashMap<u32, Place>,
    /// Where streams may be: the number of the object and the place behind `obj`, in the order of the file.
    candidates: Vec<(u32, usize)>,
    /// From where the last end of a stream was looked for, and where it was found. Streams that have no end of their
    /// own would have the file looked through once for each of them.
    last_end: Cell<(usize, usize)>,
}

impl Objects {
    /// None at all, for what refers to none.
    pub(super) fn none() -> Self {
        let last_end = Cell::new((0, 0));
        Self { bytes: Bytes::new(), places: HashMap::new(), candidates: Vec::new(), last_end }
    }

    /// Finds the objects in `bytes`.
    pub(super) fn find(bytes: &Bytes, found: &mut Dissection<'_>) -> Self {
        let mut objects = Self { bytes: bytes.clone(), ..Self::none() };
        for at in memmem::find_iter(bytes, b"obj").take(MAX_OBJECTS * 2) {
            if objects.candidates.len() >= MAX_OBJECTS || found.is_over() {
                break;
            }
            if let Some(number) = number_before(bytes, at) {
                objects.places.insert(number, Place::File(at + 3));
                objects.candidates.push((number, at + 3));
            }
        }
        objects.unpack_objects(found);
        objects
    }

    /// Every stream.
    pub(super) fn streams(&self) -> impl Iterator<Item = Stream> {
        self.candidates.iter().filter_map(|(number, at)| self.stream_at(*number, *at))
    }

    /// Every object with its value, those that are replaced by others in the file included.
    pub(super) fn values(&self) -> impl Iterator<Item = (u32, Value)> {
        let in_file = self.candidates.iter().filter_map(|(number, at)| Some((*number, self.reader(*at).value()?)));
        let packed = self.places.iter().filter_map(|(number, place)| match place {
            Place::Packed(value) => Some((*number, value.clone())),
            Place::File(_) => None,
        });
        in_file.chain(packed)
    }

    /// The numbers of all streams.
    pub(super) fn stream_numbers(&self) -> HashSet<u32> {
        let is_stream = |at: usize| {
            let mut reader = self.reader(at);
            matches!(reader.value(), Some(Value::Dictionary(_))) && reader.passes(b"stream")
        };
        self.candidates.iter().filter(|(_, at)| is_stream(*at)).map(|(number, _)| *number).collect()
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// The numbers of all objects, in their order.
    pub(super) fn numbers(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = self.places.keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// The stream that is object `number`.
    pub(super) fn stream(&self, number: u32) -> Option<Stream> {
        match self.places.get(&number)? {
            Place::File(at) => self.stream_at(number, *at),
            Place::Packed(_) => None,
        }
    }

    /// The value itself, if `value` is a reference to it.
    pub(super) fn resolve(&self, value: &Value) -> Value {
        let Value::Reference(number) = value else {
            return value.clone();
        };
        match self.places.get(number) {
            Some(Place::Packed(value)) => value.clone(),
            Some(Place::File(at)) => self.reader(*at).value().unwrap_or(Value::Word("null")),
            None => Value::Word("null"),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(&self, value: Option<&Value>) -> Option<usize> {
        match self.resolve(value?) {
            Value::Number(number) if (0.0..1e15).contains(&number) => Some(number as usize),
            _ => None,
        }
    }

    /// The dictionary of the stream that `value` refers to.
    pub(super) fn stream_dictionary(&self, value: &Value) -> Option<Dictionary> {
        match self.resolve(value) {
            Value::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }

    /// A string.
    pub(super) fn string(&self, value: &Value) -> Option<Vec<u8>> {
        match self.resolve(value) {
            Value::String(string) => Some(string),
            _ => None,
        }
    }

    fn reader(&self, at: usize) -> Reader<'_> {
        Reader::new(&self.bytes[at..self.bytes.len().min(at + MAX_DICTIONARY)])
    }

    fn stream_at(&self, number: u32, at: usize) -> Option<Stream> {
        let mut reader = self.reader(at);
        let Some(Value::Dictionary(dictionary)) = reader.value() else {
            return None;
        };
        if !reader.passes(b"stream") {
            return None;
        }
        let keyword_end = at + reader.position();
        let start = keyword_end
            + match self.bytes[keyword_end..] {
                [b'\r', b'\n', ..] => 2,
                [b'\r' | b'\n', ..] => 1,
                _ => 0,
            };
        let end = self.end_of(start, &dictionary);
        Some(Stream { number, raw: self.bytes.slice(start..end), start, dictionary })
    }

    /// Where the content of a stream ends: as far as its length says, if `endstream` follows there, else where the
    /// next `endstream` is.
    fn end_of(&self, start: usize, dictionary: &Dictionary) -> usize {
        let said = self.number(dictionary.get(&["Length"])).and_then(|length| start.checked_add(length));
        let is_end = |end: &usize| {
            let behind = self.bytes.get(*end..).unwrap_or_default();
            behind[..behind.len().min(16)].trim_ascii_start().starts_with(b"endstream")
        };
        said.filter(is_end).unwrap_or_else(|| self.next_end(start))
    }

    /// Where the next `endstream` is.
    fn next_end(&self, start: usize) -> usize {
        let (from, end) = self.last_end.get();
        if (from..=end).contains(&start) && end > 0 {
            return end;
        }
        let length = memmem::find(&self.bytes[start..], b"endstream");
        let end = length.map_or(self.bytes.len(), |length| start + length);
        self.last_end.set((start, end));
        end
    }

    /// Takes in the objects that are packed in streams (ISO 32000-1 §7.5.7).
    fn unpack_objects(&mut self, found: &mut Dissection<'_>) {
        let is_packed = |stream: &Stream| stream.dictionary.get(&["Type"]) == Some(&Value::Name("ObjStm".to_owned()));
        for stream in self.streams().filter(is_packed).collect::<Vec<_>>() {
            if found.is_over() {
                return;
            }
            let first = self.number(stream.dictionary.get(&["First"])).unwrap_or_default();
            let count = self.number(stream.dictionary.get(&["N"])).unwrap_or_default();
            let Some(content) = self.content(&stream, found).filter(|content| first <= content.len()) else {
                continue;
            };
            let mut heads = Reader::new(&content[..first]);
            for _ in 0..count {
                let (Some(Value::Number(number)), Some(Value::Number(offset))) = (heads.value(), heads.value()) else {
                    break;
                };
                let value = content
                    .get(first.saturating_add(offset as usize)..)
                    .and_then(|rest| Reader::new(&rest[..rest.len().min(MAX_DICTIONARY)]).value());
                if let Some(value) = value.filter(|_| self.places.len() < MAX_OBJECTS * 2) {
                    self.places.insert(number as u32, Place::Packed(value));
                }
            }
        }
    }

    /// What is in `stream` once all its filters are undone; `None` when one of them cannot be undone here.
    pub(super) fn content(&self, stream: &Stream, found: &mut Dissection<'_>) -> Option<Bytes> {
        let (content, left) = self.unfiltered(stream, found)?;
        left.is_none().then_some(content)
    }

    /// What is in `stream` once its filters are undone up to the first that is not undone here, and the name of that.
    pub(super) fn unfiltered(&self, stream: &Stream, found: &mut Dissection<'_>) -> Option<(Bytes, Option<String>)> {
        let filters = self.list(stream.dictionary.get(&["Filter", "F"]));
        let parameters = self.list(stream.dictionary.get(&["DecodeParms", "DP"]));
        let plain = Shape::of(&stream.dictionary, self).map_or(0, |shape| shape.plain_bytes());
        let mut content = stream.raw.clone();
        for (index, filter) in filters.iter().enumerate() {
            let Value::Name(name) = filter else {
                return None;
            };
            let parameters = match parameters.get(index) {
                Some(Value::Dictionary(parameters)) => parameters.clone(),
                _ => Dictionary::default(),
            };
            if matches!(name.as_str(), "DCTDecode" | "DCT" | "JPXDecode" | "CCITTFaxDecode" | "CCF" | "JBIG2Decode") {
                return Some((content, Some(name.clone())));
            }
            let early = self.number(parameters.get(&["EarlyChange"])) != Some(0);
            let packed = found.packed_as(content.len(), plain);
            let filter = Filter { name, predictor: self.predictor(&parameters), early_change: early };
            content = filter.undo(&content, packed, found)?;
        }
        Some((content, None))
    }

    /// One value or an array of them, as a list.
    pub(super) fn list(&self, value: Option<&Value>) -> Vec<Value> {
        match value.map(|value| self.resolve(value)) {
            Some(Value::Array(values)) => values.iter().map(|value| self.resolve(value)).collect(),
            Some(value) => vec![value],
            None => Vec::new(),
        }
    }

    fn predictor(&self, parameters: &Dictionary) -> Predictor {
        let number = |key: &str, default| self.number(parameters.get(&[key])).unwrap_or(default).clamp(1, 1 << 20);
        let (colours, bits, columns) = (number("Colors", 1), number("BitsPerComponent", 8), number("Columns", 1));
        let kind = match number("Predictor", 1) {
            2 if bits == 8 => Kind::Tiff,
            10..=15 => Kind::Png,
            _ => Kind::None,
        };
        let row = colours.saturating_mul(bits).saturating_mul(columns).div_ceil(8).min(64 << 20);
        Predictor { kind, pixel: (colours * bits).div_ceil(8), row }
    }
}

/// The number of the object whose `obj` is at `at`: in front of it stand that and the generation.
fn number_before(bytes: &[u8], at: usize) -> Option<u32> {
    let before = &bytes[at.saturating_sub(32)..at];
    let mut words = before.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let generation = words.next()?;
    let number = words.next()?;
    let start = number.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let is_generation = generation.iter().all(u8::is_ascii_digit);
    is_generation.then(|| str::from_utf8(&number[start..]).ok()?.parse().ok()).flatten()
}
