//! What attributes and styles of HTML do to an element: whether browsers hide it or draw it from right to left, and
//! whether it stands on lines of its own.
//!
//! Sources: WHATWG HTML §15.3 (rendering); CSS Display 3 §2, CSS Masking 1 §5, CSS Writing Modes 3 §2.

use std::rc::Rc;

use memchr::memchr;

use crate::content::ReferenceIn;

use super::css;
use super::elements::Effect;
use super::references;

/// Elements that are not drawn by themselves, and those whose content stands in for what is drawn.
const UNDRAWN: [&[u8]; 22] = [
    b"template",
    b"datalist",
    b"noembed",
    b"noframes",
    b"noscript",
    b"iframe",
    b"audio",
    b"video",
    b"canvas",
    b"title",
    b"desc",
    b"metadata",
    b"defs",
    b"annotation",
    b"annotation-xml",
    b"rt",
    b"rp",
    b"rtc",
    b"progress",
    b"meter",
    b"script",
    b"style",
];

/// Attributes that may change what is drawn.
const TELLING: [&[u8]; 6] = [b"style", b"hidden", b"dir", b"srcdoc", b"popover", b"display"];

/// Elements of drawings with words in them, of which an attribute says whether they are drawn (SVG 2 §6.6).
const OF_DRAWINGS: [&[u8]; 6] = [b"svg", b"g", b"text", b"tspan", b"textpath", b"switch"];

/// Opacity from which on something may be seen.
const FAINT: f64 = 0.04;

/// Coordinates from which on something is out of sight, in pixels.
const OUT_OF_SIGHT: f64 = -400.0;

/// Whether an element called `name` may not be drawn as it is written, whatever its attributes are.
pub(super) fn is_telling_element(name: &[u8]) -> bool {
    !name.eq_ignore_ascii_case(b"title") && is_in(&UNDRAWN, name)
        || [&b"bdo"[..], b"dialog", b"plaintext", b"textarea", b"xmp"].iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Whether an attribute called `name` may have an element drawn otherwise than it is written.
pub(super) fn is_telling_attribute(name: &[u8]) -> bool {
    is_in(&TELLING, name)
}

pub(super) fn is_in(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Properties of which [`Said`] knows.
const PROPERTIES: [&[u8]; 33] = [
    b"all",
    b"clip",
    b"clip-path",
    b"color",
    b"content-visibility",
    b"direction",
    b"display",
    b"filter",
    b"font",
    b"font-size",
    b"height",
    b"left",
    b"margin",
    b"margin-left",
    b"margin-top",
    b"max-height",
    b"max-width",
    b"opacity",
    b"overflow",
    b"overflow-x",
    b"overflow-y",
    b"right",
    b"bottom",
    b"scale",
    b"text-indent",
    b"top",
    b"transform",
    b"unicode-bidi",
    b"visibility",
    b"width",
    b"float",
    b"position",
    b"-webkit-text-fill-color",
];

/// Whether a property called `name` may change how text is drawn.
pub(super) fn is_telling_property(name: &[u8]) -> bool {
    PROPERTIES.contains(&name)
}

/// Ways in which text is hidden, one bit each.
pub(super) mod by {
    /// It has no box.
    pub(in super::super) const DISPLAY: u16 = 1;
    pub(in super::super) const VISIBILITY: u16 = 1 << 1;
    pub(in super::super) const OPACITY: u16 = 1 << 2;
    pub(in super::super) const FONT_SIZE: u16 = 1 << 3;
    pub(in super::super) const COLOR: u16 = 1 << 4;
    pub(in super::super) const CLIP: u16 = 1 << 5;
    pub(in super::super) const CLIP_PATH: u16 = 1 << 6;
    pub(in super::super) const PLACE: u16 = 1 << 7;
    pub(in super::super) const SIZE: u16 = 1 << 8;
    pub(in super::super) const CONTENT: u16 = 1 << 9;
    pub(in super::super) const SCALE: u16 = 1 << 10;
    /// Those that the elements within may undo.
    pub(in super::super) const INHERITED: u16 = VISIBILITY | FONT_SIZE | COLOR;
}

/// What some declarations say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Of which ways to hide text they say anything, and which of those hide it.
    pub(super) set: u16,
    pub(super) hides: u16,
    /// The same of what is important.
    pub(super) set_at_last: u16,
    pub(super) hides_at_last: u16,
    /// Whether letters are drawn from right to left.
    pub(super) is_reversed: bool,
    /// Whether it stands on lines of its own or within one.
    pub(super) effect: Option<Effect>,
}

impl Said {
    /// What `style`, in which there are no comments, says.
    pub(super) fn by(style: &[u8]) -> Self {
        let mut said = Self::default();
        let (mut is_rtl, mut overrides, mut is_flat, mut is_cut) = (false, false, false, false);
        for declaration in css::declarations(style) {
            let (name, value) = (&declaration.name[..], &css::plain(declaration.value)[..]);
            match name {
                b"direction" => is_rtl = value == b"rtl",
                b"unicode-bidi" => overrides = value.ends_with(b"override"),
                b"width" | b"height" | b"max-width" | b"max-height" => is_flat |= css::number(value) == Some(0.0),
                b"overflow" | b"overflow-x" | b"overflow-y" => {
                    is_cut |= [&b"hidden"[..], b"clip"].iter().any(|word| value.starts_with(word));
                }
                b"display" => said.effect = effect_of(value).or(said.effect),
                b"all" => said.note(u16::MAX, false, declaration.is_important),
                _ => {}
            }
            if let Some((way, hides)) = way_of(name, value) {
                said.note(way, hides, declaration.is_important);
            }
        }
        if is_flat {
            said.note(by::SIZE, is_cut, false);
        }
        said.is_reversed = is_rtl && overrides;
        said
    }

    fn note(&mut self, way: u16, hides: bool, is_important: bool) {
        let (set, hidden) = if is_important {
            (&mut self.set_at_last, &mut self.hides_at_last)
        } else {
            (&mut self.set, &mut self.hides)
        };
        *set |= way;
        *hidden = if hides { *hidden | way } else { *hidden & !way };
    }
}

/// By which way a declaration may hide text, and whether it does; `None` where it counts for nothing.
fn way_of(name: &[u8], value: &[u8]) -> Option<(u16, bool)> {
    let starts_with = |words: &[&[u8]]| words.iter().any(|word| value.starts_with(word));
    let is_known = |words: &[&[u8]]| words.contains(&value) || GLOBAL.contains(&value);
    Some(match name {
        b"display" => (by::DISPLAY, is_display(value).then_some(value == b"none")?),
        b"visibility" => {
            let is_value = is_known(&[b"visible", b"hidden", b"collapse"]);
            (by::VISIBILITY, is_value.then(|| starts_with(&[b"hidden", b"collapse"]))?)
        }
        b"content-visibility" => (by::CONTENT, value == b"hidden"),
        b"opacity" => (by::OPACITY, if GLOBAL.contains(&value) { false } else { css::number(value)? < FAINT }),
        b"filter" => (by::OPACITY, value.strip_prefix(b"opacity(").and_then(css::number).is_some_and(|n| n < FAINT)),
        b"font-size" => (by::FONT_SIZE, is_tiny(value)),
        b"font" => (by::FONT_SIZE, font_size(value).is_some_and(is_tiny)),
        b"color" | b"-webkit-text-fill-color" => (by::COLOR, is_clear(value)),
        b"clip" => (by::CLIP, starts_with(&[b"rect(0", b"rect(1px,1px", b"rect(1px 1px"])),
        b"clip-path" => (by::CLIP_PATH, hides_by_path(value)),
        b"left" | b"right" | b"top" | b"bottom" | b"margin" | b"margin-left" | b"margin-top" | b"text-indent" => {
            (by::PLACE, value.split(|byte| *byte == b' ').filter_map(css::number).any(|number| number < OUT_OF_SIGHT))
        }
        b"transform" => {
            let moved = starts_with(&[b"translate"]).then(|| value.split(|byte| b"(,".contains(byte))).into_iter();
            let is_away = moved.flatten().filter_map(css::number).any(|number| number < OUT_OF_SIGHT);
            (by::SCALE, is_away || starts_with(&[b"scale(0)", b"scale(0,", b"scalex(0)", b"scaley(0)"]))
        }
        b"scale" => (by::SCALE, css::number(value) == Some(0.0)),
        _ => return None,
    })
}

/// Values that every property may have.
const GLOBAL: [&[u8]; 5] = [b"inherit", b"initial", b"unset", b"revert", b"revert-layer"];

/// How the values of `display` begin, but for `none`; browsers leave out any other.
const DISPLAYS: [&[u8]; 12] = [
    b"block",
    b"inline",
    b"contents",
    b"flex",
    b"grid",
    b"table",
    b"list-item",
    b"flow",
    b"ruby",
    b"math",
    b"-webkit-",
    b"-moz-",
];

fn is_display(value: &[u8]) -> bool {
    value == b"none" || GLOBAL.contains(&value) || DISPLAYS.iter().any(|word| value.starts_with(word))
}

/// The size in the value of `font`: what stands before the slash, or the first that is no weight.
fn font_size(value: &[u8]) -> Option<&[u8]> {
    let mut words = value.split(|byte| *byte == b'/').next()?.split(|byte| *byte == b' ');
    words.find(|word| {
        css::number(word).is_some_and(|number| number < 1.0 || word.last().is_some_and(|c| !c.is_ascii_digit()))
    })
}

/// Whether letters of the size `value` are nothing to be seen.
fn is_tiny(value: &[u8]) -> bool {
    let least = match value {
        [.., b'p', b'x' | b't'] => 1.0,
        [.., b'%'] => 2.0,
        _ => 0.02,
    };
    css::number(value).is_some_and(|size| size <= least)
}

/// Whether a colour lets everything through.
fn is_clear(value: &[u8]) -> bool {
    let is_faint = |part: &[u8]| {
        let share = if part.contains(&b'%') { 100.0 } else { 1.0 };
        css::number(part).is_some_and(|number| number < FAINT * share)
    };
    match value {
        b"transparent" => true,
        [b'#', _, _, _, last] => *last == b'0',
        [b'#', _, _, _, _, _, _, last @ ..] => last == b"00",
        [.., b')'] if memchr(b'/', value).is_some() => value.rsplit(|byte| *byte == b'/').next().is_some_and(is_faint),
        [b'r' | b'h', ..] => value.split(|byte| *byte == b',').nth(3).is_some_and(is_faint),
        _ => false,
    }
}

/// Whether nothing is left by the path `value`.
fn hides_by_path(value: &[u8]) -> bool {
    let first = |head: &[u8]| value.strip_prefix(head).and_then(css::number);
    first(b"inset(").is_some_and(|number| number >= 50.0)
        || first(b"circle(") == Some(0.0)
        || first(b"ellipse(") == Some(0.0)
        || [&b"polygon(0 0)"[..], b"polygon(0 0,0 0,0 0"].iter().any(|head| value.starts_with(head))
}

fn effect_of(display: &[u8]) -> Option<Effect> {
    if !is_display(display) {
        return None;
    }
    let is = |words: &[&[u8]]| words.iter().any(|word| display.starts_with(word));
    if is(&[b"inline", b"contents", b"ruby", b"initial", b"unset"]) {
        return Some(Effect::Joins);
    }
    is(&[b"block", b"table", b"flex", b"grid", b"list-item", b"flow-root"]).then_some(Effect::Separates)
}

/// Ways by which the attributes of `element` hide it, and what its own `style` says, in which there are no comments.
pub(super) fn own_look(element: &Element<'_>, style: &[u8]) -> (u16, Said) {
    let (name, value) = (element.name, |key: &[u8]| element.value(key));
    let mut said = Said::by(style);
    let is_rtl = value(b"dir").is_some_and(|dir| dir.eq_ignore_ascii_case(b"rtl"));
    let overrides = || {
        css::declarations(style).any(|one| one.name == b"unicode-bidi" && css::plain(one.value).ends_with(b"override"))
    };
    said.is_reversed |= is_rtl && (name.eq_ignore_ascii_case(b"bdo") || overrides());
    let is_hidden = value(b"hidden").is_some()
        || value(b"popover").is_some()
        || is_in(&OF_DRAWINGS, name) && value(b"display").is_some_and(|display| display.trim_ascii() == b"none")
        || name.eq_ignore_ascii_case(b"dialog") && value(b"open").is_none()
        || name.eq_ignore_ascii_case(b"input") && value(b"type").is_some_and(|kind| kind == b"hidden");
    (if is_hidden { by::DISPLAY } else { 0 }, said)
}

/// Whether no style shows the content of elements called `name`.
pub(super) fn is_undrawn(name: &[u8]) -> bool {
    is_in(&UNDRAWN, name)
}

/// An element with its attributes.
#[derive(Clone, Debug)]
pub(super) struct Element<'t> {
    pub(super) name: &'t [u8],
    attributes: Rc<Vec<(&'t [u8], Vec<u8>)>>,
}

impl<'t> Element<'t> {
    /// The element of a tag with this name, and `attributes` after the name.
    pub(super) fn of(name: &'t [u8], attributes: &'t [u8]) -> Self {
        Self { name, attributes: Rc::new(Attributes { rest: attributes }.collect()) }
    }

    /// The value of the attribute `key`, in which references are resolved.
    pub(super) fn value(&self, key: &[u8]) -> Option<&[u8]> {
        let named = self.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        named.map(|(_, value)| &value[..])
    }

    /// The text that an attribute shows in the place of the element.
    pub(super) fn shown(&self) -> Option<&[u8]> {
        let is = |name: &[u8]| self.name.eq_ignore_ascii_case(name);
        let kind = self.value(b"type").unwrap_or_default();
        let has_none =
            [&b"hidden"[..], b"checkbox", b"radio", b"file"].iter().any(|one| one.eq_ignore_ascii_case(kind));
        let text = if is(b"img") || is(b"input") && kind.eq_ignore_ascii_case(b"image") {
            self.value(b"alt")
        } else if is(b"input") && !has_none {
            self.value(b"value").filter(|value| !value.is_empty()).or_else(|| self.value(b"placeholder"))
        } else {
            None
        };
        text.filter(|text| !text.is_empty())
    }

    /// Adds the attributes of another tag for it that it has not yet.
    pub(super) fn extend(&mut self, other: Self) {
        let new = other.attributes.iter().filter(|(name, _)| self.value(name).is_none()).cloned();
        let new: Vec<_> = new.collect();
        Rc::make_mut(&mut self.attributes).extend(new);
    }

    /// The classes that it has.
    pub(super) fn classes(&self) -> impl Iterator<Item = &[u8]> {
        let names = self.value(b"class").unwrap_or_default().split(u8::is_ascii_whitespace);
        names.filter(|name| !name.is_empty())
    }
}

/// The attributes of a tag, with their values in which references are resolved (WHATWG HTML §13.2.5.32 and on).
struct Attributes<'t> {
    rest: &'t [u8],
}

impl<'t> Iterator for Attributes<'t> {
    type Item = (&'t [u8], Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let is_gap = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
        let rest = &self.rest[self.rest.iter().take_while(|byte| is_gap(byte)).count()..];
        let first = rest.first()?;
        let start = usize::from(*first == b'=');
        let is_end = |byte: &u8| is_gap(byte) || *byte == b'=';
        let length = rest[start..].iter().position(is_end).unwrap_or(rest.len() - start) + start;
        let (name, behind) = rest.split_at(length);
        let Some(value) = behind.trim_ascii_start().strip_prefix(b"=") else {
            self.rest = behind;
            return Some((name, Vec::new()));
        };
        let value = value.trim_ascii_start();
        let (value, behind) = match value.first() {
            Some(quote @ (b'"' | b'\'')) => {
                let end = memchr(*quote, &value[1..]).map_or(value.len(), |end| end + 1);
                (&value[1..end], value.get(end + 1..).unwrap_or_default())
            }
            _ => value.split_at(value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len())),
        };
        self.rest = behind;
        let resolved = references::resolved(value, ReferenceIn::Attribute);
        Some((name, resolved.unwrap_or_else(|| value.to_vec())))
    }
}

/// The value of the attribute called `key` of a tag with these `attributes`.
pub(super) fn attribute(attributes: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    Attributes { rest: attributes }.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_that_hide_text_are_known() {
        for (style, way) in [
            (&b"position:absolute;clip-path:inset(50%)"[..], by::CLIP_PATH),
            (b"width:0;overflow:hidden", by::SIZE),
            (b"opacity:.0", by::OPACITY),
            (b"font-size:0em", by::FONT_SIZE),
            (b"text-indent:-9999px", by::PLACE),
            (b"display:block;display:none", by::DISPLAY),
            (b"transform:scale(0)", by::SCALE),
            (b"color:rgba(1,2,3,0)", by::COLOR),
        ] {
            assert_eq!(Said::by(style).hides, way, "{}", String::from_utf8_lossy(style));
        }
        for style in [&b"font-size:0.8em"[..], b"opacity:0.5", b"display:none;display:block", b"width:0", b"left:-9px"]
        {
            assert_eq!(Said::by(style).hides, 0, "{}", String::from_utf8_lossy(style));
        }
    }
}
