//! What styles and attributes of HTML do to text: which elements browsers hide, which they draw from right to left,
//! which stand on lines of their own, and what text styles add to them.
//!
//! Of a selector only its last part counts, so that more elements may be taken for hidden than are. The text with all
//! of them is shown as well.
//!
//! Sources: WHATWG HTML §15.3 (rendering); CSS Syntax 3 §4.3.7 (escapes), Selectors 4 §4 to §6, CSS Content 3 §2.

use memchr::{memchr, memchr_iter, memmem};

use crate::content::{ReferenceIn, css_code};

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
const TELLING: [&[u8]; 4] = [b"style", b"hidden", b"dir", b"srcdoc"];

/// What a style says that hides text.
const HIDING: [&[u8]; 9] = [
    b"display:none",
    b"visibility:hidden",
    b"visibility:collapse",
    b"opacity:0;",
    b"content-visibility:hidden",
    b"left:-9",
    b"text-indent:-9",
    b"color:transparent",
    b"clip:rect(0",
];

/// Most rules of the styles of one page that are known.
const MOST_RULES: usize = 128;

/// Longest text that a style adds.
const MAX_CONTENT: usize = 4 << 10;

/// Whether an element called `name` may not be drawn as it is written, whatever its attributes are.
pub(super) fn is_telling_element(name: &[u8]) -> bool {
    !name.eq_ignore_ascii_case(b"title") && is_in(&UNDRAWN, name)
        || [&b"bdo"[..], b"dialog", b"plaintext", b"textarea", b"xmp"].iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Whether an attribute called `name` may have an element drawn otherwise than it is written.
pub(super) fn is_telling_attribute(name: &[u8]) -> bool {
    is_in(&TELLING, name)
}

fn is_in(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// How an element is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) is_hidden: bool,
    /// Whether its letters are drawn from right to left.
    pub(super) is_reversed: bool,
    /// Whether it stands on lines of its own or within one, where a style says so.
    pub(super) effect: Option<Effect>,
    /// What is added before and behind its content.
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
}

/// Where a rule adds its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    After,
}

/// A rule of a style sheet for one selector.
#[derive(Debug)]
struct Rule {
    selector: Selector,
    place: Option<Place>,
    look: Look,
    /// The value of `content`, where it is for a place.
    content: Vec<u8>,
}

/// The last part of a selector: what an element must be called and have. In lower case, but for values.
#[derive(Debug, Default)]
struct Selector {
    name: Vec<u8>,
    id: Vec<u8>,
    classes: Vec<Vec<u8>>,
    attributes: Vec<Vec<u8>>,
}

/// The rules of a page that change how text is drawn.
#[derive(Debug, Default)]
pub(super) struct Styles {
    rules: Vec<Rule>,
}

impl Styles {
    /// The styles of the page `text`.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut styles = Self::default();
        let mut rest = text;
        while let Some(at) = memchr_iter(b'<', rest).find(|at| begins_style(&rest[*at..])) {
            let style = &rest[at..];
            let end = memmem::find(style, b"</").unwrap_or(style.len());
            let start = memchr(b'>', &style[..end]).map_or(end, |tag| tag + 1);
            styles.read(&without_comments(&style[start..end]));
            rest = &style[end..];
        }
        styles
    }

    /// Whether there is no rule.
    pub(super) const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn read(&mut self, sheet: &[u8]) {
        for rule in sheet.split(|byte| *byte == b'}') {
            // Blocks of `@media` and the like may be around it.
            let Some(open) = memchr::memrchr(b'{', rule) else {
                continue;
            };
            let head = &rule[..open];
            let head = &head[memchr::memrchr2(b'{', b';', head).map_or(0, |at| at + 1)..];
            let declarations = &rule[open + 1..];
            let look = look_of(declarations);
            let content = value_of(declarations, b"content").unwrap_or_default();
            for selector in head.split(|byte| *byte == b',') {
                let (selector, place) = Selector::read(selector);
                let changes = if place.is_some() { !content.is_empty() } else { look != Look::default() };
                if changes && self.rules.len() < MOST_RULES && !selector.is_empty() {
                    self.rules.push(Rule { selector, place, look: look.clone(), content: content.to_vec() });
                }
            }
        }
    }

    /// How the element called `name` with `attributes` is drawn.
    pub(super) fn look(&self, name: &[u8], attributes: &[u8]) -> Look {
        let list: Vec<(&[u8], Vec<u8>)> = Attributes { rest: attributes }.collect();
        let value =
            |key: &[u8]| list.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| &value[..]);
        let mut look = value(b"style").map(|style| look_of(&without_comments(style))).unwrap_or_default();
        look.is_hidden |= is_in(&UNDRAWN, name)
            || value(b"hidden").is_some()
            || name.eq_ignore_ascii_case(b"dialog") && value(b"open").is_none()
            || name.eq_ignore_ascii_case(b"input") && value(b"type").is_some_and(|kind| kind == b"hidden");
        let is_rtl = value(b"dir").is_some_and(|dir| dir.eq_ignore_ascii_case(b"rtl"));
        look.is_reversed |= is_rtl
            && (name.eq_ignore_ascii_case(b"bdo") || value(b"style").is_some_and(|style| overrides(&dense(style))));
        for rule in self.rules.iter().filter(|rule| rule.selector.fits(name, &list)) {
            match rule.place {
                None => {
                    look.is_hidden |= rule.look.is_hidden;
                    look.is_reversed |= rule.look.is_reversed;
                    look.effect = look.effect.or(rule.look.effect);
                }
                Some(Place::Before) => look.before = content(&rule.content, &list),
                Some(Place::After) => look.after = content(&rule.content, &list),
            }
        }
        look
    }
}

impl Selector {
    /// Reads a selector, and whether it is for a place before or behind the content.
    fn read(selector: &[u8]) -> (Self, Option<Place>) {
        let lower = unescaped(selector.trim_ascii()).to_ascii_lowercase();
        let is_combinator = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'>' | b'+' | b'~');
        let mut rest = &lower[lower.iter().rposition(is_combinator).map_or(0, |at| at + 1)..];
        let (mut read, mut place) = (Self::default(), None);
        while let Some(first) = rest.first() {
            let start = usize::from(matches!(first, b'.' | b'#' | b'[' | b':' | b'*'));
            let is_end = |byte: &u8| matches!(byte, b'.' | b'#' | b'[' | b':' | b']' | b'=' | b'*');
            let length = rest[start..].iter().position(is_end).unwrap_or(rest.len() - start) + start;
            let word = rest[start..length].to_vec();
            match first {
                b'.' => read.classes.push(word),
                b'#' => read.id = word,
                b'[' => {
                    let end = memchr(b']', rest).map_or(rest.len(), |end| end + 1);
                    read.attributes.push(word.trim_ascii().to_vec());
                    rest = &rest[end..];
                    continue;
                }
                b':' if word == b"before" => place = Some(Place::Before),
                b':' if word == b"after" => place = Some(Place::After),
                b':' | b'*' => {}
                _ => read.name = word,
            }
            rest = &rest[length.max(1)..];
        }
        (read, place)
    }

    const fn is_empty(&self) -> bool {
        self.name.is_empty() && self.id.is_empty() && self.classes.is_empty() && self.attributes.is_empty()
    }

    fn fits(&self, name: &[u8], attributes: &[(&[u8], Vec<u8>)]) -> bool {
        let value = |key: &[u8]| attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let has_class = |class: &Vec<u8>| {
            value(b"class").is_some_and(|(_, names)| {
                names.split(|byte| byte.is_ascii_whitespace()).any(|one| one.eq_ignore_ascii_case(class))
            })
        };
        (self.name.is_empty() || self.name.eq_ignore_ascii_case(name))
            && (self.id.is_empty() || value(b"id").is_some_and(|(_, id)| id.eq_ignore_ascii_case(&self.id)))
            && self.classes.iter().all(has_class)
            && self.attributes.iter().all(|key| value(key).is_some())
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

fn begins_style(tag: &[u8]) -> bool {
    tag.get(1..6).is_some_and(|name| name.eq_ignore_ascii_case(b"style"))
}

/// How what has these declarations is drawn.
fn look_of(declarations: &[u8]) -> Look {
    let dense = dense(declarations);
    let says = |word: &[u8]| memmem::find(&dense, word).is_some();
    let display = memmem::rfind(&dense, b"display:").map(|at| &dense[at + 8..]);
    let is_inline = |display: &&[u8]| display.starts_with(b"inline") || display.starts_with(b"contents");
    let is_block = |display: &&[u8]| {
        [&b"block"[..], b"table", b"flex", b"grid", b"list-item", b"flow-root"]
            .iter()
            .any(|one| display.starts_with(one))
    };
    let effect = match display {
        Some(display) if is_inline(&display) => Some(Effect::Joins),
        Some(display) if is_block(&display) => Some(Effect::Separates),
        _ => None,
    };
    Look {
        is_hidden: hides(&dense),
        is_reversed: says(b"direction:rtl") && overrides(&dense),
        effect,
        ..Look::default()
    }
}

fn overrides(dense: &[u8]) -> bool {
    [&b"bidi-override"[..], b"isolate-override"].iter().any(|word| memmem::find(dense, word).is_some())
}

/// Whether the `dense` style hides what it is of.
fn hides(dense: &[u8]) -> bool {
    let says = |word: &[u8]| memmem::find(dense, word).is_some();
    let is_fully = says(b"font-size:0") && !says(b"font-size:0.");
    is_fully || HIDING.iter().any(|word| says(word))
}

/// `style` without blanks and escapes, in lower case, with a semicolon at the end.
fn dense(style: &[u8]) -> Vec<u8> {
    let style = unescaped(style);
    let bytes = style.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.map(u8::to_ascii_lowercase).chain([b';']).collect()
}

/// `style` without its comments.
fn without_comments(style: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::with_capacity(style.len()), style);
    while let Some(at) = memmem::find(rest, b"/*") {
        kept.extend_from_slice(&rest[..at]);
        rest = memmem::find(&rest[at + 2..], b"*/").map_or(&[][..], |end| &rest[at + 2 + end + 2..]);
    }
    kept.extend_from_slice(rest);
    kept
}

/// `text` with the escapes of CSS undone.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = memchr(b'\\', rest) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some((character, length)) = css_code(rest) {
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            kept.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[length..];
        } else if let Some((first, behind)) = rest.split_first() {
            // A line end that is escaped is none.
            if *first != b'\n' {
                kept.push(*first);
            }
            rest = behind;
        }
    }
    kept.extend_from_slice(rest);
    kept
}

/// The value of the last declaration of `property`.
fn value_of<'t>(declarations: &'t [u8], property: &[u8]) -> Option<&'t [u8]> {
    declarations.rsplit(|byte| *byte == b';').find_map(|one| {
        let colon = memchr(b':', one)?;
        let is_it = unescaped(&one[..colon]).trim_ascii().eq_ignore_ascii_case(property);
        is_it.then(|| one[colon + 1..].trim_ascii())
    })
}

/// What the `value` of `content` says of an element with these attributes: texts, and values of attributes.
fn content(value: &[u8], attributes: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let (mut said, mut rest) = (Vec::new(), value);
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if matches!(first, b'"' | b'\'') {
            let mut end = 0;
            while behind.get(end).is_some_and(|byte| byte != first) {
                end += 1 + usize::from(behind[end] == b'\\');
            }
            let end = end.min(behind.len());
            said.extend(unescaped(&behind[..end]));
            rest = behind.get(end + 1..).unwrap_or_default();
        } else if *first == b'a' && behind.starts_with(b"ttr(") {
            let end = memchr(b')', behind).unwrap_or(behind.len());
            let name = behind[4..end].trim_ascii();
            let named = attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            said.extend(named.map(|(_, value)| &value[..]).unwrap_or_default());
            rest = &behind[end..];
        }
    }
    said.truncate(MAX_CONTENT);
    said
}
