//! Style sheets of a page: which rules are of which element, in the order in which they count, and what text they add.
//!
//! Some rules are of an element only under conditions that nobody here knows: media, states, elements beside it. They
//! may be left out, so that a page is read both ways.
//!
//! Sources: Selectors 4 §4 to §6, §14 and §17; CSS Cascade 4 §6; CSS Nesting 1 §3.

use std::cell::Cell;

use memchr::{memchr, memchr_iter, memmem};

use super::css::{self, unescaped, value_of, without_comments};
use super::elements::Effect;
use super::hidden::{self, Element, Said, by};

/// Most rules of one page that are known.
const MOST_RULES: usize = 512;

/// Elements around one that are looked at for a selector.
const MOST_ABOVE: usize = 128;

/// Comparisons of elements with selectors for one page. Past them every rule is one of conditions that nobody knows.
const MOST_STEPS: u32 = 24_000_000;

/// How an element is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether nothing of it is drawn.
    pub(super) is_hidden: bool,
    /// Of the ways to hide text that are inherited, which are set, and which of those hide it.
    pub(super) inherited: (u16, u16),
    /// Whether its letters are drawn from right to left.
    pub(super) is_reversed: bool,
    /// Whether it stands on lines of its own or within one, where a style says so.
    pub(super) effect: Option<Effect>,
    /// What is added before and behind its content.
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
}

/// Whether rules count whose conditions nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsure {
    Counts,
    IsLeftOut,
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
    said: Said,
    /// The value of `content`, where it is for a place.
    content: Vec<u8>,
    is_unsure: bool,
}

/// How an element stands to the one that the selector before it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    Within,
    Child,
    Beside,
}

/// A selector: what the element must be, and those around it, from the outermost on.
#[derive(Debug, Default)]
struct Selector {
    parts: Vec<Compound>,
    /// Behind each part but the last.
    joins: Vec<Join>,
    place: Option<Place>,
    is_unsure: bool,
    weight: u32,
}

/// What one element must be called and have. In lower case.
#[derive(Debug, Default)]
struct Compound {
    name: Vec<u8>,
    ids: Vec<Vec<u8>>,
    classes: Vec<Vec<u8>>,
    /// Name, operator and value.
    attributes: Vec<(Vec<u8>, u8, Vec<u8>)>,
}

/// The rules of a page that change how text is drawn, those that count most at the end.
#[derive(Debug, Default)]
pub(super) struct Styles {
    rules: Vec<Rule>,
    steps: Cell<u32>,
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
        styles.rules.sort_by_key(|rule| rule.selector.weight);
        styles
    }

    /// Whether there is no rule.
    pub(super) const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether there is a rule whose conditions nobody knows, or whether there were too many to look at.
    pub(super) fn is_unsure(&self) -> bool {
        self.steps.get() >= MOST_STEPS || self.rules.iter().any(|rule| rule.is_unsure)
    }

    /// Reads a sheet: heads of blocks that are open, and what stands between braces.
    fn read(&mut self, sheet: &[u8]) {
        let mut heads: Vec<&[u8]> = Vec::new();
        let mut start = 0;
        for at in memchr::memchr2_iter(b'{', b'}', sheet) {
            let between = &sheet[start..at];
            start = at + 1;
            if sheet[at] == b'{' {
                let head = &between[memchr::memrchr(b';', between).map_or(0, |at| at + 1)..];
                // Declarations before a block within a rule.
                self.add(&heads, &between[..between.len() - head.len()]);
                heads.push(head.trim_ascii());
            } else {
                self.add(&heads, between);
                heads.pop();
            }
        }
        self.add(&heads, &sheet[start..]);
    }

    /// Adds the rules of `declarations` in blocks with these `heads`.
    fn add(&mut self, heads: &[&[u8]], declarations: &[u8]) {
        let Some(head) = heads.last().filter(|_| !declarations.trim_ascii().is_empty()) else {
            return;
        };
        let said = Said::by(declarations);
        let content = value_of(declarations, b"content").unwrap_or_default();
        if said == Said::default() && content.is_empty() {
            return;
        }
        let is_condition = |head: &&&[u8]| head.starts_with(b"@");
        let is_met = |head: &[u8]| {
            let words = unescaped(head).to_ascii_lowercase();
            [&b"@media all"[..], b"@media screen", b"@media only screen"].contains(&words.trim_ascii())
                || words.starts_with(b"@layer")
                || words.starts_with(b"@scope")
        };
        let around: Vec<u8> = heads[..heads.len() - 1]
            .iter()
            .filter(|head| !is_condition(head))
            .flat_map(|head| [head, &b" "[..]])
            .flatten()
            .copied()
            .collect();
        let is_nested = !around.is_empty();
        let is_unsure = heads.iter().filter(is_condition).any(|head| !is_met(head));
        let own: &[u8] = if head.starts_with(b"@") { b"" } else { head };
        for selector in own.split(|byte| *byte == b',') {
            let selector = if is_nested { [&around[..], selector].concat() } else { selector.to_vec() };
            let Some(selector) = Selector::read(&selector) else {
                continue;
            };
            let changes = if selector.place.is_some() { !content.is_empty() } else { said != Said::default() };
            if changes && self.rules.len() < MOST_RULES {
                let is_unsure = is_unsure || is_nested || selector.is_unsure;
                self.rules.push(Rule { selector, said: said.clone(), content: content.to_vec(), is_unsure });
            }
        }
    }

    /// How `element` is drawn, which stands in those that `above` gives by number, the nearest first.
    pub(super) fn look<'e, 't: 'e>(
        &self,
        element: &Element<'_>,
        above: impl Fn(usize) -> Option<&'e Element<'t>>,
        unsure: Unsure,
    ) -> Look {
        let (mut hides, own) = hidden::own_look(element);
        let mut look = Look { is_reversed: own.is_reversed, ..Look::default() };
        let (mut set, mut at_last) = (0, (0, 0));
        for rule in self.rules.iter().filter(|rule| unsure == Unsure::Counts || !rule.is_unsure) {
            if !self.fits(&rule.selector, element, &above) {
                continue;
            }
            match rule.selector.place {
                None => {
                    let said = &rule.said;
                    hides = hides & !said.set | said.hides;
                    set |= said.set | said.set_at_last;
                    at_last = (at_last.0 | said.set_at_last, at_last.1 & !said.set_at_last | said.hides_at_last);
                    look.is_reversed |= said.is_reversed;
                    look.effect = said.effect.or(look.effect);
                }
                Some(Place::Before) => look.before = css::content(&rule.content, |name| element.value(name)),
                Some(Place::After) => look.after = css::content(&rule.content, |name| element.value(name)),
            }
        }
        hides = hides & !own.set | own.hides;
        hides = hides & !at_last.0 | at_last.1;
        hides = hides & !own.set_at_last | own.hides_at_last;
        set |= own.set | own.set_at_last;
        look.effect = own.effect.or(look.effect);
        look.is_hidden = hidden::is_undrawn(element.name) || hides & !by::INHERITED != 0;
        look.inherited = (set & by::INHERITED, hides & by::INHERITED);
        look
    }

    fn fits<'e, 't: 'e>(
        &self,
        selector: &Selector,
        element: &Element<'_>,
        above: &impl Fn(usize) -> Option<&'e Element<'t>>,
    ) -> bool {
        let Some((own, around)) = selector.parts.split_last() else {
            return false;
        };
        self.step() && own.fits(element) && self.fits_around(around, &selector.joins, 0, above)
    }

    /// Whether the elements from number `level` on are what `parts` ask for.
    fn fits_around<'e, 't: 'e>(
        &self,
        parts: &[Compound],
        joins: &[Join],
        level: usize,
        above: &impl Fn(usize) -> Option<&'e Element<'t>>,
    ) -> bool {
        let (Some((part, parts)), Some((join, joins))) = (parts.split_last(), joins.split_last()) else {
            return true;
        };
        let last = match join {
            Join::Within => MOST_ABOVE,
            Join::Child => level,
            // Elements beside it are not known here.
            Join::Beside => return self.fits_around(parts, joins, level, above),
        };
        for level in level..=last {
            let Some(element) = above(level).filter(|_| self.step()) else {
                return false;
            };
            if part.fits(element) && self.fits_around(parts, joins, level + 1, above) {
                return true;
            }
        }
        false
    }

    /// Counts a comparison. Whether there is time for it.
    fn step(&self) -> bool {
        let steps = self.steps.get();
        self.steps.set(steps.saturating_add(1));
        steps < MOST_STEPS
    }
}

impl Selector {
    /// Reads a selector; `None` where it is of nothing whose text is read.
    fn read(selector: &[u8]) -> Option<Self> {
        let lower = unescaped(selector.trim_ascii()).to_ascii_lowercase();
        let mut rest = &lower[..];
        let mut read = Self::default();
        while !rest.is_empty() {
            let gap = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || b">+~".contains(byte)).count();
            if gap > 0 {
                let join = match rest[..gap].iter().find(|byte| !byte.is_ascii_whitespace()) {
                    None => Join::Within,
                    Some(b'>') => Join::Child,
                    Some(_) => Join::Beside,
                };
                read.is_unsure |= join == Join::Beside;
                rest = &rest[gap..];
                if !read.parts.is_empty() {
                    read.joins.push(join);
                }
            }
            let mut part = Compound::default();
            rest = read.compound(rest, &mut part)?;
            read.weight += part.weight();
            read.parts.push(part);
        }
        (!read.parts.is_empty() && (read.parts.len() > 1 || read.weight > 0 || read.place.is_some())).then_some(read)
    }

    /// Reads what one element must be into `part`. What is behind it.
    fn compound<'s>(&mut self, mut rest: &'s [u8], part: &mut Compound) -> Option<&'s [u8]> {
        while let Some(first) = rest.first().filter(|first| !first.is_ascii_whitespace() && !b">+~".contains(first)) {
            let start = usize::from(b".#[:*&".contains(first));
            let is_end = |byte: &u8| byte.is_ascii_whitespace() || b".#[:*&>+~(".contains(byte);
            let length = rest[start..].iter().position(is_end).unwrap_or(rest.len() - start) + start;
            let word = &rest[start..length];
            match first {
                b'.' => part.classes.push(word.to_vec()),
                b'#' => part.ids.push(word.to_vec()),
                b'[' => {
                    let end = memchr(b']', rest).unwrap_or(rest.len());
                    part.attributes.push(attribute_test(&rest[1..end]));
                    rest = rest.get(end + 1..).unwrap_or_default();
                    continue;
                }
                b':' => {
                    rest = self.pseudo(&rest[1..])?;
                    continue;
                }
                b'*' => {}
                b'&' => self.is_unsure = true,
                b'(' => return None,
                _ => part.name = word.to_vec(),
            }
            rest = &rest[length.max(1)..];
        }
        Some(rest)
    }

    /// Reads what stands behind a colon.
    fn pseudo<'s>(&mut self, rest: &'s [u8]) -> Option<&'s [u8]> {
        let is_element = rest.first() == Some(&b':');
        let rest = rest.strip_prefix(b":").unwrap_or(rest);
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        match &rest[..length] {
            b"before" => self.place = Some(Place::Before),
            b"after" => self.place = Some(Place::After),
            _ if is_element => return None,
            _ => self.is_unsure = true,
        }
        let mut behind = &rest[length..];
        if behind.first() == Some(&b'(') {
            let mut depth = 0_usize;
            let end = behind.iter().position(|byte| {
                depth += usize::from(*byte == b'(');
                depth -= usize::from(*byte == b')');
                depth == 0
            });
            behind = end.and_then(|end| behind.get(end + 1..)).unwrap_or_default();
        }
        Some(behind)
    }
}

/// Name, operator and value of a selector of an attribute; operator `*` and no value where it must only be there.
fn attribute_test(test: &[u8]) -> (Vec<u8>, u8, Vec<u8>) {
    let Some(sign) = memchr(b'=', test) else {
        return (test.trim_ascii().to_vec(), b'*', Vec::new());
    };
    let operator = test[..sign].last().copied().filter(|byte| b"~|^$*".contains(byte));
    let name = &test[..sign - usize::from(operator.is_some())];
    let value = test[sign + 1..].trim_ascii();
    let value = match value.first() {
        Some(quote @ (b'"' | b'\'')) => value[1..].split(|byte| byte == quote).next().unwrap_or_default(),
        _ => value.split(u8::is_ascii_whitespace).next().unwrap_or_default(),
    };
    (name.trim_ascii().to_vec(), operator.unwrap_or(b'='), value.to_vec())
}

impl Compound {
    /// How much it counts against others (Selectors 4 §17).
    fn weight(&self) -> u32 {
        let count = |length: usize| u32::try_from(length.min(99)).unwrap_or_default();
        10_000 * count(self.ids.len())
            + 100 * count(self.classes.len() + self.attributes.len())
            + count(usize::from(!self.name.is_empty()))
    }

    fn fits(&self, element: &Element<'_>) -> bool {
        if !self.name.is_empty() && !self.name.eq_ignore_ascii_case(element.name) {
            return false;
        }
        let value = |key: &[u8]| element.value(key);
        let has_class = |class: &Vec<u8>| {
            value(b"class")
                .is_some_and(|names| names.split(u8::is_ascii_whitespace).any(|one| one.eq_ignore_ascii_case(class)))
        };
        self.ids.iter().all(|own| value(b"id").is_some_and(|id| id.eq_ignore_ascii_case(own)))
            && self.classes.iter().all(has_class)
            && self.attributes.iter().all(|(key, operator, wanted)| {
                value(key).is_some_and(|value| passes(&value.to_ascii_lowercase(), *operator, wanted))
            })
    }
}

/// Whether the `value` of an attribute passes a test.
fn passes(value: &[u8], operator: u8, wanted: &[u8]) -> bool {
    match operator {
        b'=' => value == wanted,
        b'^' => value.starts_with(wanted),
        b'$' => value.ends_with(wanted),
        b'~' => value.split(u8::is_ascii_whitespace).any(|word| word == wanted),
        b'|' => value.strip_prefix(wanted).is_some_and(|rest| matches!(rest.first(), None | Some(b'-'))),
        _ => memmem::find(value, wanted).is_some(),
    }
}

fn begins_style(tag: &[u8]) -> bool {
    tag.get(1..6).is_some_and(|name| name.eq_ignore_ascii_case(b"style"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the last of `path`, tags around each other, is hidden by `sheet`.
    fn hides(sheet: &str, path: &[&'static str], unsure: Unsure) -> bool {
        let styles = Styles::of(format!("<style>{sheet}</style>").as_bytes());
        let elements: Vec<Element<'_>> = path.iter().map(|tag| element(tag)).collect();
        let (own, around) = elements.split_last().unwrap();
        styles.look(own, |level| around.iter().rev().nth(level), unsure).is_hidden
    }

    fn element(tag: &'static str) -> Element<'static> {
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        Element::of(name.as_bytes(), attributes.as_bytes())
    }

    #[test]
    fn rules_are_of_elements_within_others_as_selectors_say() {
        let path = ["div class='p q'", "i", "b id=x data-h=seven"];
        for (sheet, expected) in [
            ("b{display:none}", true),
            (".p b{display:none}", true),
            (".p>b{display:none}", false),
            (".p > i > b{display:none}", true),
            ("u b{display:none}", false),
            ("b{display:none} #x{display:inline}", false),
            ("#x{display:inline} b{display:none!important}", true),
            ("b{color:red;display:none} b{display:block}", false),
            ("[data-h^='sev']{display:none}", true),
            ("[data-h=six],.p.z b{display:none}", false),
            ("@media all{.q.p b{disp\\6c ay:none}}", true),
            (".p{b{display:none}}", true),
            ("b::first-letter{display:none}", false),
            ("b:not(.a,.b):hover{display:none}", true),
        ] {
            assert_eq!(hides(sheet, &path, Unsure::Counts), expected, "{sheet}");
        }
        for sheet in ["@media print{b{display:none}}", "b:hover{display:none}", "u + b{display:none}"] {
            assert!(hides(sheet, &path, Unsure::Counts), "{sheet}");
            assert!(!hides(sheet, &path, Unsure::IsLeftOut), "{sheet}");
        }
    }
}
