//! What PDF files say: the words of their pages, and the strings of their objects (titles, notes, forms, links, names).
//!
//! Pages are found by their streams and not by the tree that they should hang on, so a stream that belongs to no page
//! is read as well, with whatever fonts there are. Fonts that do not say which characters their glyphs are show
//! nothing.

mod cmap;
mod content;
mod font;
mod glyphs;
mod placed;
mod strings;
mod widths;
mod words;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use bytes::Bytes;
use encoding_rs::{Encoding, WINDOWS_1252};
use memchr::memmem;

use crate::content::PartKind;
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;
use crate::extract::legible::TextWriter;

use super::objects::{Objects, Stream};
use super::value::{Dictionary, Value};
use content::{Fonts, Interpreter};
use font::{Font, Opinion};
use words::Words;

/// Levels of the page tree that resources may be inherited over.
const MAX_LEVELS: usize = 16;

/// What all fonts of a file may take, in entries of tables: some 4,000 fonts, or 100 of all glyphs of Chinese.
const MAX_WEIGHT: usize = 1 << 20;

/// Values inside each other in which strings are looked for.
const MAX_DEPTH: usize = 16;

/// Keys whose strings nobody reads: identifiers, keys, signatures.
const UNREAD: [&str; 9] = ["ID", "O", "U", "OE", "UE", "Perms", "Cert", "Panose", "CharSet"];

/// Which streams are content of which page, and the fonts there.
#[derive(Default)]
pub(super) struct Pages {
    /// The fonts of streams that are the whole content of a page, by number.
    single: HashMap<u32, Rc<Fonts>>,
    /// The fonts of what is drawn on pages and has its own, by number.
    drawn: HashMap<u32, Rc<Fonts>>,
    /// Pages whose content is divided into several streams.
    divided: Vec<(Vec<u32>, Rc<Fonts>)>,
    /// Streams of those.
    pieces: HashSet<u32>,
    /// The fonts of all pages, for streams that belong to none.
    all: Rc<Fonts>,
    /// The object that each page is, and its streams.
    contents: Vec<(u32, Vec<u32>)>,
}

/// Reads fonts, each once, up to a limit on what they take together.
#[derive(Default)]
struct FontCache {
    /// What the fonts that have been read take.
    weight: usize,
    fonts: HashMap<u32, Rc<Font>>,
    /// By the object that the resources, or the dictionary of fonts, are.
    sets: HashMap<u32, Rc<Fonts>>,
    /// By the object that pages hang below.
    parents: HashMap<u32, Rc<Fonts>>,
}

impl Pages {
    /// Finds the pages among `objects`, and shows the strings of all objects.
    pub(super) fn find(objects: &Objects, found: &mut Dissection<'_>) -> Self {
        let mut pages = Self::default();
        let mut cache = FontCache::default();
        let mut all = Fonts::new();
        let mut strings = TextWriter::new(objects.length(), found);
        for number in objects.numbers() {
            if found.is_over() {
                break;
            }
            let value = objects.resolve(&Value::Reference(number));
            push_strings(&value, MAX_DEPTH, &mut strings, found);
            if let Value::Dictionary(dictionary) = value {
                let fonts = pages.add(number, &dictionary, objects, &mut cache, found);
                for (name, font) in fonts.iter().flat_map(|fonts| fonts.iter()) {
                    all.entry(name.clone()).or_insert_with(|| Rc::clone(font));
                }
            }
        }
        strings.show(PartKind::Text, "strings", found);
        pages.all = Rc::new(all);
        pages
    }

    /// Takes in what object `number` is, if it is a page or has resources of its own. Its fonts.
    fn add(
        &mut self,
        number: u32,
        dictionary: &Dictionary,
        objects: &Objects,
        cache: &mut FontCache,
        found: &mut Dissection<'_>,
    ) -> Option<Rc<Fonts>> {
        let contents = dictionary.get(&["Contents"]);
        let streams: Vec<u32> = match contents {
            Some(Value::Reference(number)) => match objects.resolve(&Value::Reference(*number)) {
                Value::Array(streams) => streams.iter().filter_map(reference).collect(),
                _ => vec![*number],
            },
            Some(Value::Array(streams)) => streams.iter().filter_map(reference).collect(),
            _ => Vec::new(),
        };
        if streams.is_empty() && dictionary.get(&["Resources"]).is_none() {
            return None;
        }
        let fonts = cache.inherited(dictionary, MAX_LEVELS, objects, found);
        if !streams.is_empty() {
            self.contents.push((number, streams.clone()));
        }
        match streams[..] {
            [] => drop(self.drawn.insert(number, Rc::clone(&fonts))),
            [number] => drop(self.single.insert(number, Rc::clone(&fonts))),
            _ => {
                self.pieces.extend(&streams);
                self.divided.push((streams, Rc::clone(&fonts)));
            }
        }
        Some(fonts)
    }

    /// Every page: the object that it is, and its streams.
    pub(super) fn contents(&self) -> &[(u32, Vec<u32>)] {
        &self.contents
    }

    /// Shows what `content`, of `stream`, says, if that is content of a page or drawn on one.
    pub(super) fn show_stream(&self, stream: &Stream, content: &Bytes, found: &mut Dissection<'_>) {
        let is_font = stream.dictionary.get(&["Length1", "Length2", "Length3"]).is_some();
        if is_font || self.pieces.contains(&stream.id.number) {
            return;
        }
        if memmem::find(content, b"BT").is_none() {
            return strings::show(content, found);
        }
        let own = [&self.single, &self.drawn].into_iter().find_map(|fonts| fonts.get(&stream.id.number));
        let fonts = own.filter(|fonts| !fonts.is_empty()).unwrap_or(&self.all);
        show_page(std::slice::from_ref(content), fonts, found);
    }

    /// Shows the pages whose content is divided. Of what lies in more pages than the limit allows, the strings are
    /// shown.
    pub(super) fn show_divided(&self, objects: &Objects, found: &mut Dissection<'_>) {
        let mut cover = objects.length().saturating_mul(super::MAX_COVER);
        let mut left = self.pieces.clone();
        for (streams, fonts) in &self.divided {
            let mut pieces = Vec::new();
            for stream in streams.iter().filter_map(|number| objects.stream(*number)) {
                cover = match cover.checked_sub(stream.raw.len()) {
                    Some(rest) if !found.is_over() => rest,
                    _ => break,
                };
                left.remove(&stream.id.number);
                pieces.extend(objects.content(&stream, found));
            }
            show_page(&pieces, fonts, found);
        }
        for stream in left.iter().filter_map(|number| objects.stream(*number)) {
            if let Some(content) = objects.content(&stream, found).filter(|_| !found.is_over()) {
                strings::show(&content, found);
            }
        }
    }
}

/// Shows the words of a page, and its strings as they are written, if these are not the same.
fn show_page(pieces: &[Bytes], fonts: &Fonts, found: &mut Dissection<'_>) {
    let is_literal = match pieces {
        [piece] => show_content(piece, fonts, found),
        // An operation may begin in one stream and end in the next. A comment does so for some programs.
        _ => {
            let is_literal = show_content(&pieces.join(&b'\n'), fonts, found);
            if !found.is_over() && pieces.iter().any(|piece| ends_in_comment(piece)) {
                show_content(&pieces.join(&b' '), fonts, found);
            }
            is_literal
        }
    };
    if !is_literal {
        pieces.iter().for_each(|piece| strings::show(piece, found));
    }
}

/// Shows the words of `content`, for each opinion that there is on the widths of glyphs. Whether its strings are what
/// is shown.
fn show_content(content: &[u8], fonts: &Fonts, found: &mut Dissection<'_>) -> bool {
    let mut is_literal = true;
    let has_two = fonts.values().any(|font| font.is_of_two_widths());
    for opinion in [Opinion::ByCharacter, Opinion::ByCode].into_iter().take(1 + usize::from(has_two)) {
        if found.is_over() {
            break;
        }
        let mut words = Words::new(content.len(), found);
        let mut interpreter = Interpreter::new(fonts, opinion);
        interpreter.run(content, &mut words, found);
        words.show(found);
        is_literal = interpreter.is_literal();
    }
    is_literal
}

/// Whether the last line of `content` may be a comment, or end in one.
fn ends_in_comment(content: &[u8]) -> bool {
    let start = memchr::memrchr2(b'\n', b'\r', content).map_or(0, |at| at + 1);
    memchr::memchr(b'%', &content[start..]).is_some()
}

impl FontCache {
    /// The fonts of a page, which it may have from what it hangs below; `levels` is how many of those are looked at.
    fn inherited(
        &mut self,
        page: &Dictionary,
        levels: usize,
        objects: &Objects,
        found: &mut Dissection<'_>,
    ) -> Rc<Fonts> {
        if let Some(resources) = page.get(&["Resources"]) {
            return self.of_resources(resources, objects, found);
        }
        let (Some(parent), Some(levels)) = (page.get(&["Parent"]).and_then(reference), levels.checked_sub(1)) else {
            return Rc::default();
        };
        if let Some(known) = self.parents.get(&parent) {
            return Rc::clone(known);
        }
        let fonts = match objects.resolve(&Value::Reference(parent)) {
            Value::Dictionary(parent) => self.inherited(&parent, levels, objects, found),
            _ => Rc::default(),
        };
        self.parents.insert(parent, Rc::clone(&fonts));
        fonts
    }

    fn of_resources(&mut self, resources: &Value, objects: &Objects, found: &mut Dissection<'_>) -> Rc<Fonts> {
        if let Some(known) = reference(resources).and_then(|number| self.sets.get(&number)) {
            return Rc::clone(known);
        }
        let Value::Dictionary(dictionary) = objects.resolve(resources) else {
            return Rc::default();
        };
        let Some(fonts) = dictionary.get(&["Font"]) else {
            return Rc::default();
        };
        let key = reference(resources).or_else(|| reference(fonts));
        if let Some(known) = key.and_then(|number| self.sets.get(&number)) {
            return Rc::clone(known);
        }
        let Value::Dictionary(fonts) = objects.resolve(fonts) else {
            return Rc::default();
        };
        let read = |(name, value): (&str, &Value)| Some((name.to_owned(), self.font(value, objects, found)?));
        let fonts: Rc<Fonts> = Rc::new(fonts.entries().filter_map(read).collect());
        if let Some(key) = key {
            self.sets.insert(key, Rc::clone(&fonts));
        }
        fonts
    }

    fn font(&mut self, value: &Value, objects: &Objects, found: &mut Dissection<'_>) -> Option<Rc<Font>> {
        if let Some(known) = reference(value).and_then(|number| self.fonts.get(&number)) {
            return Some(Rc::clone(known));
        }
        let Value::Dictionary(dictionary) = objects.resolve(value) else {
            return None;
        };
        if self.weight > MAX_WEIGHT {
            found.report(ProblemCode::PageIllegible, None);
            return None;
        }
        let font = Rc::new(Font::read(&dictionary, objects, found));
        self.weight += font.weight();
        if let Some(number) = reference(value) {
            self.fonts.insert(number, Rc::clone(&font));
        }
        Some(font)
    }
}

fn reference(value: &Value) -> Option<u32> {
    match value {
        Value::Reference(number) => Some(*number),
        _ => None,
    }
}

/// Adds every string in `value` that people may read.
fn push_strings<'a>(value: &Value, depth: usize, output: &mut TextWriter<'a>, found: &mut Dissection<'a>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::String(string) => {
            let text = string_text(string);
            if !text.chars().any(|ch| ch.is_control() && !ch.is_whitespace()) {
                output.push(text.as_bytes(), found);
                output.end_line(found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| push_strings(value, depth, output, found)),
        Value::Dictionary(dictionary) => {
            let read = dictionary.entries().filter(|(key, _)| !UNREAD.contains(key));
            read.for_each(|(_, value)| push_strings(value, depth, output, found));
        }
        _ => {}
    }
}

/// A text string (ISO 32000-1 §7.9.2.2, and UTF-8 since PDF 2.0).
fn string_text(string: &[u8]) -> String {
    let encoding = Encoding::for_bom(string).map_or(WINDOWS_1252, |(encoding, _)| encoding);
    encoding.decode_with_bom_removal(string).0.into_owned()
}

#[cfg(test)]
mod tests;
