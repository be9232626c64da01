//! What the streams of a file are used for. A stream's own dictionary binds nobody: what calls itself an image may be
//! attached as a file or drawn as a page, and then people read it.

use std::collections::{HashMap, HashSet};

use crate::extract::dissection::Dissection;

use super::objects::Objects;
use super::value::{Dictionary, Value};

/// Values inside each other that are looked at.
const MAX_DEPTH: usize = 16;

/// Values between two looks at the clock.
const PATIENCE: usize = 1 << 10;

/// Drawn by its name: as a picture or as a drawing, whatever it says that it is.
const DRAWN: u8 = 1;

/// Of a page.
const CONTENT: u8 = 2;

/// Anything else, and whatever is not known.
const OTHER: u8 = 4;

/// The program of a font, or a table that belongs to one.
const OF_FONT: u8 = 8;

/// Attached as a file, whatever it says that it is (ISO 32000-1 §7.11.4).
const ATTACHED: u8 = 16;

/// A dictionary or a list of attached files.
const OF_FILES: u8 = 32;

/// Keys of what refers to attached files, and to files that belong to them.
const FILES: [&str; 2] = ["EF", "RF"];

/// Every use of objects that anything refers to.
#[derive(Debug, Default)]
pub(super) struct Uses(HashMap<u32, u8>);

/// References from objects that say nothing themselves about what for: dictionaries of drawings and arrays of content
/// may be objects of their own.
#[derive(Default)]
struct Walk {
    uses: HashMap<u32, u8>,
    /// From which object to which, and what for if nothing else uses the first.
    handed_on: Vec<(u32, u32, u8)>,
    streams: HashSet<u32>,
}

/// Where in an object a value is.
#[derive(Clone, Copy)]
struct Place<'v> {
    object: u32,
    /// The dictionary that the value is in, and the key of that one in another.
    within: Option<(&'v Dictionary, Option<&'v str>)>,
    key: Option<&'v str>,
    depth: usize,
}

impl Uses {
    /// Looks at every object, those that others replace included: some readers go by them.
    pub(super) fn find(objects: &Objects, found: &Dissection<'_>) -> Self {
        let mut walk = Walk { streams: objects.stream_numbers(), ..Walk::default() };
        for (count, (object, value)) in objects.values().enumerate() {
            if count.is_multiple_of(PATIENCE) && found.is_over() {
                break;
            }
            walk.look_at(&value, Place { object, within: None, key: None, depth: MAX_DEPTH });
        }
        let Walk { mut uses, handed_on, .. } = walk;
        let settled: Vec<(u32, u8)> = handed_on
            .into_iter()
            .map(|(from, to, for_what)| match uses.get(&from) {
                Some(uses) if uses & OF_FILES != 0 => (to, OTHER | ATTACHED),
                Some(uses) if *uses == for_what => (to, for_what),
                _ => (to, OTHER),
            })
            .collect();
        for (to, for_what) in settled {
            *uses.entry(to).or_default() |= for_what;
        }
        Self(uses)
    }

    /// Whether all that is done with object `number` is to draw it by its name, or to put it on a picture.
    pub(super) fn is_only_drawn(&self, number: u32) -> bool {
        self.0.get(&number) == Some(&DRAWN)
    }

    /// Whether object `number` is drawn or the content of a page, and nothing else.
    pub(super) fn is_only_shown(&self, number: u32) -> bool {
        self.0.get(&number).is_some_and(|uses| uses & (OTHER | OF_FONT) == 0)
    }

    /// Whether object `number` is attached as a file, among other uses.
    pub(super) fn is_attached(&self, number: u32) -> bool {
        self.0.get(&number).is_some_and(|uses| uses & ATTACHED != 0)
    }

    /// Whether object `number` belongs to a font, and nothing else is done with it.
    pub(super) fn is_of_font(&self, number: u32) -> bool {
        self.0.get(&number) == Some(&OF_FONT)
    }

    /// Whether anything refers to object `number`.
    pub(super) fn is_known(&self, number: u32) -> bool {
        self.0.contains_key(&number)
    }

    /// Whether object `number` is content of a page, among other uses.
    pub(super) fn is_content(&self, number: u32) -> bool {
        self.0.get(&number).is_some_and(|uses| uses & CONTENT != 0)
    }
}

impl Walk {
    fn look_at<'v>(&mut self, value: &'v Value, place: Place<'v>) {
        let Some(depth) = place.depth.checked_sub(1) else {
            return;
        };
        match value {
            Value::Reference(number) => self.note(*number, place),
            Value::Array(values) => {
                values.iter().for_each(|value| self.look_at(value, Place { depth, ..place }));
            }
            Value::Dictionary(dictionary) => {
                let within = Some((dictionary, place.key));
                for (key, value) in dictionary.entries() {
                    self.look_at(value, Place { within, key: Some(key), depth, ..place });
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, to: u32, place: Place<'_>) {
        let outer = place.within.and_then(|(_, outer)| outer);
        let is_in_own = place.depth == MAX_DEPTH - 1;
        let for_what = match place.key {
            // The dictionary of drawings itself, if that is an object.
            Some("XObject") => DRAWN,
            Some("Contents") => CONTENT,
            Some(key) if FILES.contains(&key) => OTHER | ATTACHED | OF_FILES,
            _ if outer.is_some_and(|outer| FILES.contains(&outer)) => OTHER | ATTACHED | OF_FILES,
            Some("ToUnicode" | "FontFile" | "FontFile2" | "FontFile3" | "CIDToGIDMap" | "CIDSet") => OF_FONT,
            _ if matches!(outer, Some("XObject" | "CharProcs" | "Pattern")) => DRAWN,
            Some(key) if place.within.is_some_and(|(dictionary, _)| is_of_picture(key, dictionary)) => DRAWN,
            key if is_in_own && self.streams.contains(&to) => {
                let for_what = if key.is_some() { DRAWN } else { CONTENT };
                return self.handed_on.push((place.object, to, for_what));
            }
            _ => OTHER,
        };
        *self.uses.entry(to).or_default() |= for_what;
    }
}

/// Whether what `dictionary` has at `key` is a picture that belongs to it.
fn is_of_picture(key: &str, dictionary: &Dictionary) -> bool {
    let is = |keys: &[&str], name: &str| matches!(dictionary.get(keys), Some(Value::Name(is)) if is == name);
    match key {
        "SMask" | "Mask" => is(&["Subtype"], "Image"),
        "Thumb" => is(&["Type"], "Page"),
        // What the structure of a document says about the picture.
        "Obj" => is(&["Type"], "OBJR"),
        // Another version of one.
        "Image" => dictionary.get(&["DefaultForPrinting"]).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn uses_of(text: &'static str) -> Uses {
        let mut uses = Uses::default();
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            let file = [b"%PDF-1.7\n9 0 obj<<>>stream\nx\nendstream endobj ", text.as_bytes()].concat();
            uses = Uses::find(&Objects::find(&Bytes::from(file), found).unpacked(None, found), found);
        });
        uses
    }

    #[test]
    fn pictures_are_told_by_who_refers_to_them() {
        for (text, is_drawn) in [
            ("1 0 obj<</Resources<</XObject<</Im0 9 0 R>>>>>>endobj", true),
            ("1 0 obj<</Resources<</XObject 2 0 R>>>>endobj 2 0 obj<</Im0 9 0 R>>endobj", true),
            ("1 0 obj<</Subtype/Image/SMask 9 0 R>>endobj", true),
            ("1 0 obj<</XObject<</Im0 9 0 R>>>>endobj 2 0 obj<</Type/OBJR/Obj 9 0 R>>endobj", true),
            ("", false),
            ("1 0 obj<</Im0 9 0 R>>endobj", false),
            ("1 0 obj<</XObject<</Im0 9 0 R>>>>endobj 2 0 obj<</EF<</F 9 0 R>>>>endobj", false),
            ("1 0 obj<</XObject 2 0 R>>endobj 2 0 obj<</F 9 0 R>>endobj 3 0 obj<</EF 2 0 R>>endobj", false),
            ("1 0 obj<</XObject<</Im0 9 0 R>>>>endobj 2 0 obj<</Contents[9 0 R]>>endobj", false),
            ("1 0 obj<</XObject<</Im0 9 0 R>>>>endobj 2 0 obj[9 0 R]endobj", false),
            ("1 0 obj<</AP<</N<</SMask 9 0 R>>>>>>endobj", false),
        ] {
            assert_eq!(uses_of(text).is_only_drawn(9), is_drawn, "{text}");
        }
    }

    #[test]
    fn what_belongs_to_fonts_is_told_by_who_refers_to_it() {
        for (text, is_of_font) in [
            ("1 0 obj<</Type/Font/ToUnicode 9 0 R>>endobj", true),
            ("1 0 obj<</Type/FontDescriptor/FontFile2 9 0 R>>endobj", true),
            ("1 0 obj<</FontFile2 9 0 R>>endobj 2 0 obj<</EF<</F 9 0 R>>>>endobj", false),
            ("1 0 obj<</FontFile2 9 0 R>>endobj 2 0 obj<</Contents 9 0 R>>endobj", false),
            ("1 0 obj<</Font 9 0 R>>endobj", false),
        ] {
            assert_eq!(uses_of(text).is_of_font(9), is_of_font, "{text}");
        }
    }

    #[test]
    fn pages_are_told_by_who_refers_to_them() {
        for (text, is_shown) in [
            ("1 0 obj<</Type/Page/Contents 9 0 R>>endobj", true),
            ("1 0 obj<</Contents[8 0 R 9 0 R]>>endobj", true),
            ("1 0 obj<</Contents 2 0 R>>endobj 2 0 obj[9 0 R]endobj", true),
            ("1 0 obj<</Contents 9 0 R/XObject<</Fm0 9 0 R>>>>endobj", true),
            ("1 0 obj<</Contents 9 0 R/ToUnicode 9 0 R>>endobj", false),
            ("1 0 obj<</Contents 9 0 R>>endobj 2 0 obj<</JS 9 0 R>>endobj", false),
        ] {
            let uses = uses_of(text);
            assert_eq!(uses.is_only_shown(9), is_shown, "{text}");
            assert!(uses.is_content(9), "{text}");
        }
    }
}
