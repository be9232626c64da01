//! Fonts, as far as they say which characters are shown and how wide they are (ISO 32000-1 §9.5 to §9.10).

use std::collections::BTreeMap;

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_16BE};

use crate::extract::container::pdf::objects::Objects;
use crate::extract::container::pdf::value::{Dictionary, Value};
use crate::extract::dissection::Dissection;

use super::cmap::{self, CMap};
use super::{glyphs, widths};

/// Width of what nobody says the width of, in em: that of most letters.
const USUAL_WIDTH: f64 = 0.5;

/// By what programs look up how wide a glyph is in a font that everybody has, where a file gives a code another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opinion {
    /// The character that it is said to be.
    ByCharacter,
    /// The code, where the font has no glyph of just that name.
    ByCode,
}

/// Something that is shown.
#[derive(Debug, PartialEq)]
pub(super) struct Glyph {
    pub(super) text: String,
    /// In em.
    pub(super) width: f64,
    /// Whether it is the one-byte code 32, to which word spacing applies.
    pub(super) is_space: bool,
}

/// How the bytes of a string become codes and characters where no map says it.
#[derive(Debug)]
enum Coding {
    /// One byte each.
    Simple(Vec<String>),
    /// In a charset, of one or two bytes.
    Charset(&'static Encoding),
    /// Two bytes that only a map explains.
    Glyphs,
}

/// A font.
#[derive(Debug)]
pub(super) struct Font {
    coding: Coding,
    map: Option<CMap>,
    /// The last code of a range and the width of all in it, by the first code.
    widths: BTreeMap<u32, (u32, f64)>,
    /// The same in the other opinion, where there are two.
    widths_by_code: Option<BTreeMap<u32, (u32, f64)>>,
    usual_width: f64,
}

impl Font {
    /// A font of which nothing is known.
    pub(super) fn unknown() -> Self {
        let coding = Coding::Simple(glyphs::encoding(Some("WinAnsiEncoding")));
        Self { coding, map: None, widths: BTreeMap::new(), widths_by_code: None, usual_width: USUAL_WIDTH }
    }

    /// The font that `dictionary` describes.
    pub(super) fn read(dictionary: &Dictionary, objects: &Objects, found: &mut Dissection<'_>) -> Self {
        let map = match dictionary.get(&["ToUnicode"]) {
            Some(Value::Reference(number)) => {
                let content = objects.stream(*number).and_then(|stream| objects.content(&stream, found));
                content.map(|content| CMap::read(&content))
            }
            _ => None,
        };
        let is_composite = dictionary.get(&["Subtype"]) == Some(&Value::Name("Type0".to_owned()));
        if is_composite { Self::composite(dictionary, map, objects) } else { Self::simple(dictionary, map, objects) }
    }

    fn simple(dictionary: &Dictionary, map: Option<CMap>, objects: &Objects) -> Self {
        let unit = match objects.list(dictionary.get(&["FontMatrix"])).first() {
            Some(Value::Number(unit)) => unit.abs(),
            _ => 0.001,
        };
        let first = objects.number(dictionary.get(&["FirstChar"])).unwrap_or_default() as u32;
        let widths = objects.list(dictionary.get(&["Widths"]));
        let widths = widths.iter().zip(first..).filter_map(|(width, code)| match width {
            Value::Number(width) => Some((code, (code, width * unit))),
            _ => None,
        });
        let widths: BTreeMap<u32, (u32, f64)> = widths.collect();
        let (table, odd) = table(dictionary, objects);
        let (widths, widths_by_code, usual_width) = match dictionary.get(&["BaseFont"]) {
            Some(Value::Name(name)) if widths.is_empty() => {
                let (known, usual_width) = widths::of_font(name);
                let by_character = widths_of(&table, &known, &[]);
                // Pages are read once more only for widths that differ.
                let by_code = Some(widths_of(&table, &known, &odd)).filter(|by_code| *by_code != by_character);
                (by_character, by_code, usual_width)
            }
            _ => (widths, None, None),
        };
        let usual_width = usual_width.unwrap_or(USUAL_WIDTH);
        Self { coding: Coding::Simple(table), map, widths, widths_by_code, usual_width }
    }

    fn composite(dictionary: &Dictionary, map: Option<CMap>, objects: &Objects) -> Self {
        let coding = match dictionary.get(&["Encoding"]).map(|encoding| objects.resolve(encoding)) {
            Some(Value::Name(name)) => charset(&name).map_or(Coding::Glyphs, Coding::Charset),
            _ => Coding::Glyphs,
        };
        let descendants = objects.list(dictionary.get(&["DescendantFonts"]));
        let Some(Value::Dictionary(descendant)) = descendants.first() else {
            return Self { coding, map, widths: BTreeMap::new(), widths_by_code: None, usual_width: 1.0 };
        };
        let usual_width = match descendant.get(&["DW"]).map(|width| objects.resolve(width)) {
            Some(Value::Number(width)) => width / 1000.0,
            _ => 1.0,
        };
        let widths = composite_widths(&objects.list(descendant.get(&["W"])), objects);
        Self { coding, map, widths, widths_by_code: None, usual_width }
    }

    /// Whether each byte of a string is a code.
    pub(super) const fn is_of_bytes(&self) -> bool {
        matches!(self.coding, Coding::Simple(_))
    }

    /// Whether there are two opinions on the widths of its glyphs.
    pub(super) const fn is_of_two_widths(&self) -> bool {
        self.widths_by_code.is_some()
    }

    /// How much memory it takes, in entries of tables.
    pub(super) fn weight(&self) -> usize {
        256 + self.widths.len() + self.map.as_ref().map_or(0, CMap::len)
    }

    /// What `string` shows, with widths of that `opinion`.
    pub(super) fn glyphs(&self, string: &[u8], opinion: Opinion) -> Vec<Glyph> {
        match &self.coding {
            Coding::Simple(table) => {
                let glyph = |byte: &u8| {
                    let mapped = self.map.as_ref().and_then(|map| map.get(u32::from(*byte)));
                    let text = mapped.unwrap_or_else(|| table[usize::from(*byte)].clone());
                    Glyph { text, width: self.width(u32::from(*byte), opinion), is_space: *byte == b' ' }
                };
                string.iter().map(glyph).collect()
            }
            Coding::Charset(charset) if self.map.is_none() => {
                let text = charset.decode_without_bom_handling(string).0;
                text.chars().map(|ch| Glyph { text: ch.into(), width: self.usual_width, is_space: false }).collect()
            }
            Coding::Charset(_) | Coding::Glyphs => {
                let length = self.map.as_ref().and_then(|map| map.code_length).unwrap_or(2).clamp(1, 4);
                let glyph = |bytes: &[u8]| {
                    let code = cmap::code(bytes);
                    let text = self.map.as_ref().and_then(|map| map.get(code)).unwrap_or_default();
                    Glyph { text, width: self.width(code, opinion), is_space: bytes == b" " }
                };
                string.chunks(length).map(glyph).collect()
            }
        }
    }

    fn width(&self, code: u32, opinion: Opinion) -> f64 {
        let other = self.widths_by_code.as_ref().filter(|_| opinion == Opinion::ByCode);
        let range = other.unwrap_or(&self.widths).range(..=code).next_back();
        range.filter(|(_, (last, _))| code <= *last).map_or(self.usual_width, |(_, (_, width))| *width)
    }
}

/// The widths of all codes of a font that everybody has, whose widths by character in ASCII are `known`: those of the
/// characters in `table`, but for the codes that are `odd`.
fn widths_of(table: &[String], known: &BTreeMap<u32, (u32, f64)>, odd: &[u32]) -> BTreeMap<u32, (u32, f64)> {
    let width = |(code, text): (u32, &String)| {
        let mut chars = text.chars();
        let character = chars.next().filter(|_| chars.next().is_none() && !odd.contains(&code));
        let by_character = character.and_then(|character| known.get(&u32::from(character)));
        by_character.or_else(|| known.get(&code)).map(|(_, width)| (code, (code, *width)))
    };
    (0..).zip(table).filter_map(width).collect()
}

/// The characters of all codes of a simple font, and the codes whose glyphs have names that few fonts know.
fn table(dictionary: &Dictionary, objects: &Objects) -> (Vec<String>, Vec<u32>) {
    let (base, differences) = match dictionary.get(&["Encoding"]).map(|encoding| objects.resolve(encoding)) {
        Some(Value::Name(name)) => (Some(name), Vec::new()),
        Some(Value::Dictionary(encoding)) => {
            let base = match encoding.get(&["BaseEncoding"]).map(|base| objects.resolve(base)) {
                Some(Value::Name(name)) => Some(name),
                _ => None,
            };
            (base, objects.list(encoding.get(&["Differences"])))
        }
        _ => (None, Vec::new()),
    };
    let mut table = glyphs::encoding(base.as_deref());
    let (mut code, mut odd) = (0_usize, Vec::new());
    for difference in &differences {
        match difference {
            Value::Number(number) => code = *number as usize,
            Value::Name(name) => {
                if let (Some(slot), Some(text)) = (table.get_mut(code), glyphs::named(name)) {
                    *slot = text;
                    if glyphs::is_odd(name) {
                        odd.extend(u32::try_from(code));
                    }
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    (table, odd)
}

/// The charset in which a predefined CMap takes its codes (ISO 32000-1 table 118).
fn charset(name: &str) -> Option<&'static Encoding> {
    let has = |piece: &str| name.contains(piece);
    if has("UCS2") || has("UTF16") {
        Some(UTF_16BE)
    } else if has("GBK") || has("GB-EUC") || has("GBpc") {
        Some(GBK)
    } else if has("RKSJ") {
        Some(SHIFT_JIS)
    } else if has("B5") || has("ETen") {
        Some(BIG5)
    } else if has("KSC") {
        Some(EUC_KR)
    } else {
        None
    }
}

/// The array `W`: a code and widths from there on, or two codes and a width for all between.
fn composite_widths(array: &[Value], objects: &Objects) -> BTreeMap<u32, (u32, f64)> {
    let mut widths = BTreeMap::new();
    let mut rest = array;
    while let [Value::Number(first), next, behind @ ..] = rest {
        let first = *first as u32;
        match (objects.resolve(next), behind) {
            (Value::Array(list), behind) => {
                let numbers = list.iter().map(|width| objects.resolve(width)).zip(first..);
                widths.extend(numbers.filter_map(|(width, code)| match width {
                    Value::Number(width) => Some((code, (code, width / 1000.0))),
                    _ => None,
                }));
                rest = behind;
            }
            (Value::Number(last), [Value::Number(width), behind @ ..]) => {
                widths.insert(first, (last as u32, width / 1000.0));
                rest = behind;
            }
            _ => break,
        }
    }
    widths
}
