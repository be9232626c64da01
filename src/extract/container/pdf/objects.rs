//! The objects of a file, found by looking at all of it: readers mend broken tables of contents the same way.

use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use memchr::memmem;

use crate::body::{End, Fax};
use crate::extract::dissection::Dissection;

use super::filter::{Filter, Sink};
use super::picture::Shape;
use super::predictor::{Kind, Predictor};
use super::security::{Method, Security};
use super::value::{Dictionary, Reader, Value};

/// Most objects that are looked at; a book of a thousand pages has some 100,000.
const MAX_OBJECTS: usize = 1 << 20;

/// Dictionaries inside each other in which colour spaces are looked for.
const MAX_DEPTH: usize = 8;

/// Most bytes of a dictionary. Tables of colours are their longest values, with some 4 KiB.
const MAX_DICTIONARY: usize = 64 << 10;

/// What an object is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) number: u32,
    pub(super) generation: u16,
}

/// Most pixels of a row of a fax, and most rows: no page that anybody scans has as many.
const MAX_COLUMNS: usize = 1 << 17;

/// A stream: what is said about it, and its content as it stands.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// Its object.
    pub(super) id: Id,
    pub(super) dictionary: Dictionary,
    pub(super) start: usize,
    pub(super) raw: Bytes,
}

/// Where an object is.
#[derive(Clone, Debug)]
enum Place {
    /// In the file.
    File(Candidate),
    /// In an object stream, with its value.
    Packed(Value),
}

/// Where an object begins in the file, after its `obj`.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    id: Id,
    at: usize,
}

/// The objects of a file, by their numbers. Of several with one number the last counts, as readers have it.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    bytes: Bytes,
    places: HashMap<u32, Place>,
    /// Where streams may be, in the order of the file.
    candidates: Vec<Candidate>,
    /// How strings and streams are encrypted, if they are.
    security: Option<Security>,
    /// From where the last end of a stream was looked for, and where it was found. Streams that have no end of their
    /// own would have the file looked through once for each of them.
    last_end: Cell<(usize, usize)>,
    /// Colour spaces by the names that resources give them.
    spaces: OnceCell<HashMap<String, Vec<Value>>>,
}

impl Objects {
    /// None at all, for what refers to none.
    pub(super) fn none() -> Self {
        Self {
            bytes: Bytes::new(),
            places: HashMap::new(),
            candidates: Vec::new(),
            security: None,
            last_end: Cell::new((0, 0)),
            spaces: OnceCell::new(),
        }
    }

    /// Finds the objects in `bytes`, but for those that are packed in streams.
    pub(super) fn find(bytes: &Bytes, found: &Dissection<'_>) -> Self {
        let mut objects = Self { bytes: bytes.clone(), ..Self::none() };
        for at in memmem::find_iter(bytes, b"obj").take(MAX_OBJECTS * 2) {
            if objects.candidates.len() >= MAX_OBJECTS || found.is_over() {
                break;
            }
            if let Some(id) = id_before(bytes, at) {
                let candidate = Candidate { id, at: at + 3 };
                objects.places.insert(id.number, Place::File(candidate));
                objects.candidates.push(candidate);
            }
        }
        objects
    }

    /// All objects, those that are packed in streams among them, read by way of `security`.
    pub(super) fn unpacked(mut self, security: Option<Security>, found: &mut Dissection<'_>) -> Self {
        self.security = security;
        self.unpack_objects(found);
        self
    }

    /// Every dictionary that readers may take for the trailer of the file.
    pub(super) fn trailers(&self, found: &Dissection<'_>) -> Vec<Dictionary> {
        let mut trailers = Vec::new();
        for at in memmem::find_iter(&self.bytes, b"trailer").take_while(|_| !found.is_over()) {
            if let Some(Value::Dictionary(dictionary)) = self.reader(at + b"trailer".len()).value() {
                trailers.push(dictionary);
            }
        }
        let of_streams = self.streams().map(|stream| stream.dictionary);
        trailers.extend(of_streams.filter(|dictionary| dictionary.get(&["Encrypt"]).is_some()));
        trailers
    }

    /// Every stream.
    pub(super) fn streams(&self) -> impl Iterator<Item = Stream> {
        self.candidates.iter().filter_map(|candidate| self.stream_at(*candidate))
    }

    /// Every object with its value, those that are replaced by others in the file included.
    pub(super) fn values(&self) -> impl Iterator<Item = (u32, Value)> {
        let value = |candidate: &Candidate| Some((candidate.id.number, self.value_at(*candidate)?));
        let in_file = self.candidates.iter().filter_map(value);
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
        let streams = self.candidates.iter().filter(|candidate| is_stream(candidate.at));
        streams.map(|candidate| candidate.id.number).collect()
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
            Place::File(candidate) => self.stream_at(*candidate),
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
            Some(Place::File(candidate)) => self.value_at(*candidate).unwrap_or(Value::Word("null")),
            None => Value::Word("null"),
        }
    }

    /// Every colour space that some resources call `name`.
    pub(super) fn spaces_named(&self, name: &str) -> Vec<Value> {
        let spaces = self.spaces.get_or_init(|| {
            let mut spaces = HashMap::new();
            self.values().for_each(|(_, value)| self.gather_spaces(&value, MAX_DEPTH, &mut spaces));
            spaces
        });
        spaces.get(name).cloned().unwrap_or_default()
    }

    fn gather_spaces(&self, value: &Value, depth: usize, spaces: &mut HashMap<String, Vec<Value>>) {
        let (Value::Dictionary(dictionary), Some(depth)) = (value, depth.checked_sub(1)) else {
            return;
        };
        for (key, value) in dictionary.entries() {
            if key != "ColorSpace" {
                self.gather_spaces(value, depth, spaces);
            } else if let Value::Dictionary(named) = self.resolve(value) {
                for (name, space) in named.entries() {
                    let known = spaces.entry(name.to_owned()).or_default();
                    if !known.contains(space) {
                        known.push(space.clone());
                    }
                }
            }
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

    /// What is in the stream that `value` refers to.
    pub(super) fn stream_of(&self, value: &Value, found: &mut Dissection<'_>) -> Option<Bytes> {
        self.content(&self.stream_at_reference(value)?, found)
    }

    /// The stream that `value` refers to.
    pub(super) fn stream_at_reference(&self, value: &Value) -> Option<Stream> {
        match value {
            Value::Reference(number) => self.stream(*number),
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

    fn value_at(&self, Candidate { id, at }: Candidate) -> Option<Value> {
        self.reader(at).value().map(|value| self.clear(value, id))
    }

    /// `value` of object `id` with its strings as they are meant.
    fn clear(&self, value: Value, id: Id) -> Value {
        match &self.security {
            Some(security) => security.clear(value, id),
            None => value,
        }
    }

    fn stream_at(&self, Candidate { id, at }: Candidate) -> Option<Stream> {
        let mut reader = self.reader(at);
        let Some(Value::Dictionary(dictionary)) = reader.value().map(|value| self.clear(value, id)) else {
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
        Some(Stream { id, raw: self.bytes.slice(start..end), start, dictionary })
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
        let steps = self.steps(stream)?;
        let plain = Shape::of(&stream.dictionary, self).map_or(0, |shape| shape.plain_bytes());
        let mut content = self.decrypted(stream, found)?;
        for (name, parameters) in &steps {
            if !Filter::is_of_bytes(name) {
                return Some((content, Some(name.clone())));
            }
            let packed = found.packed_as(content.len(), plain);
            content = self.filter(name, parameters, stream).undo(&content, packed, found)?;
        }
        Some((content, None))
    }

    /// Gives what is in `stream` once all its filters are undone to what `start` makes for the predictor of the last;
    /// `None` when there is nothing, one of them cannot be undone here, or a limit was passed.
    pub(super) fn pour<S: Sink>(
        &self,
        stream: &Stream,
        found: &mut Dissection<'_>,
        start: impl FnOnce(Predictor, &mut Dissection<'_>) -> Option<S>,
    ) -> Option<S> {
        let steps = self.steps(stream)?;
        let plain = Shape::of(&stream.dictionary, self).map_or(0, |shape| shape.plain_bytes());
        let mut content = self.decrypted(stream, found)?;
        let Some(((name, parameters), before)) = steps.split_last() else {
            let mut sink = start(Predictor::NONE, found)?;
            return matches!(sink.push(&content, found), Ok(()) | Err(End::Complete(_))).then_some(sink);
        };
        for (name, parameters) in before {
            let packed = found.packed_as(content.len(), plain);
            content = self.filter(name, parameters, stream).undo(&content, packed, found)?;
        }
        let last = self.filter(name, parameters, stream);
        let mut sink = start(last.own_predictor(), found)?;
        last.pour(&content, &mut sink, found)?;
        Some(sink)
    }

    /// The filter that is undone last for `stream`, by its name.
    pub(super) fn last_filter(&self, stream: &Stream) -> Option<String> {
        self.steps(stream)?.pop().map(|(name, _)| name)
    }

    /// The filter that is undone first.
    pub(super) fn first_filter(&self, stream: &Stream) -> Option<String> {
        self.steps(stream)?.into_iter().next().map(|(name, _)| name)
    }

    /// The filters of `stream` with their parameters, in the order in which they are undone; `None` when one has no
    /// name.
    fn steps(&self, stream: &Stream) -> Option<Vec<(String, Dictionary)>> {
        let filters = self.list(stream.dictionary.get(&["Filter", "F"]));
        let mut parameters = self.list(stream.dictionary.get(&["DecodeParms", "DP"])).into_iter();
        let mut steps = Vec::with_capacity(filters.len());
        for filter in filters {
            let parameters = if let Some(Value::Dictionary(parameters)) = parameters.next() {
                parameters
            } else {
                Dictionary::default()
            };
            match filter {
                // What it undoes is undone before all others.
                Value::Name(name) if name == "Crypt" => {}
                Value::Name(name) => steps.push((name, parameters)),
                _ => return None,
            }
        }
        Some(steps)
    }

    fn filter<'f>(&self, name: &'f str, parameters: &Dictionary, stream: &Stream) -> Filter<'f> {
        let early_change = self.number(parameters.get(&["EarlyChange"])) != Some(0);
        let is = |key: &str| parameters.get(&[key]) == Some(&Value::Word("true"));
        let k = match parameters.get(&["K"]).map(|k| self.resolve(k)) {
            Some(Value::Number(k)) => k as i64,
            _ => 0,
        };
        let columns = self.number(parameters.get(&["Columns"])).unwrap_or(1728).min(MAX_COLUMNS);
        let rows =
            self.number(stream.dictionary.get(&["Height", "H"])).or_else(|| self.number(parameters.get(&["Rows"])));
        let fax = Fax {
            k,
            columns: columns as u32,
            rows: rows.unwrap_or_default().min(MAX_COLUMNS) as u32,
            is_aligned: is("EncodedByteAlign"),
            black_is_1: is("BlackIs1"),
        };
        Filter { name, predictor: self.predictor(parameters), early_change, fax }
    }

    /// What is in `stream` before its filters are undone.
    fn decrypted(&self, stream: &Stream, found: &mut Dissection<'_>) -> Option<Bytes> {
        let Some(security) = &self.security else {
            return Some(stream.raw.clone());
        };
        let filters = self.list(stream.dictionary.get(&["Filter", "F"]));
        let parameters = self.list(stream.dictionary.get(&["DecodeParms", "DP"]));
        let is_named = matches!(filters.first(), Some(Value::Name(name)) if name == "Crypt");
        let name = match parameters.first() {
            Some(Value::Dictionary(parameters)) => parameters.get(&["Name"]),
            _ => None,
        };
        let name = if let Some(Value::Name(name)) = name { name } else { "Identity" };
        let method = security.method_of(&stream.dictionary, is_named.then_some(name));
        if method == Method::Plain {
            return Some(stream.raw.clone());
        }
        let mut output = found.output();
        match security.clear_stream(method, &stream.raw, stream.id, &mut output, found) {
            Ok(()) => found.take(output),
            Err(limit) => {
                found.report_limit(limit);
                None
            }
        }
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

/// The object whose `obj` is at `at`: its number and its generation come before it.
fn id_before(bytes: &[u8], at: usize) -> Option<Id> {
    let before = &bytes[at.saturating_sub(32)..at];
    let mut words = before.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let generation = words.next()?;
    let number = words.next()?;
    let start = number.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let number = str::from_utf8(&number[start..]).ok()?.parse().ok()?;
    let is_generation = generation.iter().all(u8::is_ascii_digit);
    // What counts no further is of no generation that a reader knows.
    let generation = str::from_utf8(generation).ok().and_then(|digits| digits.parse().ok()).unwrap_or_default();
    is_generation.then_some(Id { number, generation })
}
