//! Selectors: what an element must be, and those around it.
//!
//! Sources: Selectors 4 §3 to §6, §13 to §15, §17.

use memchr::memchr;

use crate::extract::legible::css::{self, skip};

use super::compound::{Compound, Test};

/// Selectors in brackets of selectors.
const MOST_NESTED: usize = 8;

/// Where a rule adds its text, but for the element itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    After,
    Marker,
}

/// How an element stands to the one that the selector before it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Within,
    Child,
    Next,
    Later,
}

/// A selector: what the element must be, and those around it, from the outermost on.
#[derive(Debug, Default)]
pub(super) struct Selector {
    pub(super) parts: Vec<Compound>,
    /// Behind each part but the last.
    pub(super) joins: Vec<Join>,
    pub(super) place: Option<Place>,
    /// Whether it has a condition that nobody here knows.
    pub(super) is_unsure: bool,
    /// How much it counts against others (§17).
    pub(super) weight: Weight,
}

/// Ids, then classes and what counts as such, then names.
pub(super) type Weight = (u16, u16, u16);

/// A selector that is none, by which browsers leave out all of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// Pseudo-elements whose text is not read here. Those with a prefix of WebKit are known to browsers, too.
const OTHERS: [&[u8]; 16] = [
    b"first-line",
    b"first-letter",
    b"selection",
    b"placeholder",
    b"backdrop",
    b"cue",
    b"slotted",
    b"part",
    b"file-selector-button",
    b"target-text",
    b"highlight",
    b"spelling-error",
    b"grammar-error",
    b"details-content",
    b"view-transition",
    b"scroll-marker",
];

/// Those that are written with one colon, too.
const WITH_ONE_COLON: [&[u8]; 4] = [b"before", b"after", b"first-line", b"first-letter"];

/// The selectors in `list`, but for those of nothing whose text is read.
///
/// # Errors
/// One of them is none.
pub(super) fn read_list(list: &[u8]) -> Result<Vec<Selector>, Invalid> {
    read_within(list, 0)
}

fn read_within(list: &[u8], nested: usize) -> Result<Vec<Selector>, Invalid> {
    let read = css::split(list, b',').map(|one| Selector::read(one, nested)).collect::<Result<Vec<_>, _>>()?;
    Ok(read.into_iter().flatten().collect())
}

impl Selector {
    /// Reads a selector; `None` where it is of nothing whose text is read.
    fn read(text: &[u8], nested: usize) -> Result<Option<Self>, Invalid> {
        let mut reader = Reader { read: Self::default(), is_of_others: false, nested };
        let mut rest = text.trim_ascii();
        loop {
            let mut part = Compound::default();
            rest = reader.compound(rest, &mut part)?;
            reader.read.parts.push(part);
            let gap = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let (join, length) = match rest.get(gap) {
                None => break,
                Some(b'>') => (Join::Child, gap + 1),
                Some(b'+') => (Join::Next, gap + 1),
                Some(b'~') => (Join::Later, gap + 1),
                Some(_) if gap > 0 => (Join::Within, gap),
                Some(_) => return Err(Invalid),
            };
            reader.read.joins.push(join);
            rest = rest[length..].trim_ascii_start();
        }
        Ok((!reader.is_of_others).then_some(reader.read))
    }

    fn weigh(&mut self, more: Weight) {
        let (ids, classes, names) = self.weight;
        self.weight = (ids.saturating_add(more.0), classes.saturating_add(more.1), names.saturating_add(more.2));
    }
}

/// A selector that is being read.
struct Reader {
    read: Selector,
    /// Whether it is of a pseudo-element whose text is not read.
    is_of_others: bool,
    nested: usize,
}

impl Reader {
    /// Reads what one element must be into `part`. What is behind it.
    fn compound<'s>(&mut self, text: &'s [u8], part: &mut Compound) -> Result<&'s [u8], Invalid> {
        let mut rest = self.name(text, part);
        while let Some(first) = rest.first() {
            match first {
                b'.' => {
                    let (name, behind) = named(&rest[1..])?;
                    part.classes.push(name);
                    self.read.weigh((0, 1, 0));
                    rest = behind;
                }
                b'#' => {
                    let (name, behind) = named(&rest[1..])?;
                    part.ids.push(name);
                    self.read.weigh((1, 0, 0));
                    rest = behind;
                }
                b'[' => {
                    let end = skip(rest, 0);
                    let inside = rest[1..end].strip_suffix(b"]").unwrap_or(&rest[1..end]);
                    part.tests.push(Test::attribute(inside).ok_or(Invalid)?);
                    self.read.weigh((0, 1, 0));
                    rest = &rest[end..];
                }
                b':' => rest = self.pseudo(&rest[1..], part)?,
                b'&' => {
                    part.tests.push(Test::Root);
                    rest = &rest[1..];
                }
                _ => break,
            }
        }
        if rest.len() == text.len() { Err(Invalid) } else { Ok(rest) }
    }

    /// Reads the name of an element, if there is one.
    fn name<'s>(&mut self, text: &'s [u8], part: &mut Compound) -> &'s [u8] {
        let one = |text: &'s [u8]| match text.strip_prefix(b"*") {
            Some(behind) => (Vec::new(), behind),
            None => css::name(text),
        };
        let (mut name, mut rest) = one(text);
        // Behind a namespace.
        if let Some(behind) = rest.strip_prefix(b"|").filter(|behind| !behind.starts_with(b"=")) {
            (name, rest) = one(behind);
        }
        if !name.is_empty() {
            self.read.weigh((0, 0, 1));
        }
        part.name = name.to_ascii_lowercase();
        rest
    }

    /// Reads what stands behind a colon.
    fn pseudo<'s>(&mut self, text: &'s [u8], part: &mut Compound) -> Result<&'s [u8], Invalid> {
        let behind_two = text.strip_prefix(b":");
        let (name, mut rest) = named(behind_two.unwrap_or(text))?;
        let name = name.to_ascii_lowercase();
        let mut inside = None;
        if rest.first() == Some(&b'(') {
            let end = skip(rest, 0);
            inside = Some(rest[1..end].strip_suffix(b")").unwrap_or(&rest[1..end]));
            rest = &rest[end..];
        }
        if behind_two.is_some() || WITH_ONE_COLON.contains(&&name[..]) {
            self.pseudo_element(&name)?;
        } else {
            self.pseudo_class(&name, inside, part)?;
        }
        Ok(rest)
    }

    fn pseudo_element(&mut self, name: &[u8]) -> Result<(), Invalid> {
        self.read.weigh((0, 0, 1));
        match name {
            b"before" => self.read.place = Some(Place::Before),
            b"after" => self.read.place = Some(Place::After),
            b"marker" => self.read.place = Some(Place::Marker),
            _ if OTHERS.iter().any(|one| name.starts_with(one)) || name.starts_with(b"-webkit-") => {
                self.is_of_others = true;
            }
            _ => return Err(Invalid),
        }
        Ok(())
    }

    fn pseudo_class(&mut self, name: &[u8], inside: Option<&[u8]>, part: &mut Compound) -> Result<(), Invalid> {
        match (name, inside) {
            (b"not" | b"is" | b"where" | b"matches" | b"-webkit-any", Some(list)) if self.nested < MOST_NESTED => {
                let selectors = match read_within(list, self.nested + 1) {
                    Err(Invalid) if name == b"not" => return Err(Invalid),
                    // The others forgive faults.
                    Err(Invalid) => css::split(list, b',')
                        .filter_map(|one| Selector::read(one, self.nested + 1).ok().flatten())
                        .collect(),
                    Ok(selectors) => selectors,
                };
                if name != b"where" {
                    self.read.weigh(selectors.iter().map(|one| one.weight).max().unwrap_or_default());
                }
                let is_unsure = selectors.iter().any(|one| one.is_unsure);
                self.read.is_unsure |= is_unsure;
                match name {
                    b"not" if is_unsure => {}
                    b"not" => part.tests.push(Test::Not(selectors)),
                    _ => part.tests.push(Test::Is(selectors)),
                }
                return Ok(());
            }
            (b"root" | b"scope", None) => part.tests.push(Test::Root),
            (b"first-child", None) => part.tests.push(Test::Nth(0, 1)),
            (b"nth-child", Some(formula)) => match nth(formula) {
                Some((step, start)) => part.tests.push(Test::Nth(step, start)),
                None => self.read.is_unsure = true,
            },
            _ => self.read.is_unsure = true,
        }
        self.read.weigh((0, 1, 0));
        Ok(())
    }
}

/// The name that `text` begins with, and what is behind it.
fn named(text: &[u8]) -> Result<(Vec<u8>, &[u8]), Invalid> {
    let (name, rest) = css::name(text);
    if name.is_empty() { Err(Invalid) } else { Ok((name, rest)) }
}

/// Step and start of a formula such as `2n + 1` (§15.1); `None` where it is none, or of some elements only.
fn nth(formula: &[u8]) -> Option<(i32, i32)> {
    let dense: Vec<u8> =
        formula.iter().filter(|byte| !byte.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect();
    let whole = |digits: &[u8]| str::from_utf8(digits).ok()?.parse::<i32>().ok();
    match &dense[..] {
        b"odd" => Some((2, 1)),
        b"even" => Some((2, 0)),
        text => match memchr(b'n', text) {
            None => Some((0, whole(text)?)),
            Some(at) => {
                let step = match &text[..at] {
                    b"" | b"+" => 1,
                    b"-" => -1,
                    digits => whole(digits)?,
                };
                Some((step, if at + 1 == text.len() { 0 } else { whole(&text[at + 1..])? }))
            }
        },
    }
}
