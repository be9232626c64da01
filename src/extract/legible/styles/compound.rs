//! What one element must be called and have for a selector, and whether elements are what selectors ask for.
//!
//! Source: Selectors 4 §4 to §6, §13.3.4; WHATWG HTML §4.16.2 (case of values).

use memchr::memmem;

use crate::extract::legible::css;
use crate::extract::legible::hidden::Element;

use super::selector::{Join, Selector};

/// Attributes whose values are compared whatever their case, in HTML.
const WITHOUT_CASE: [&[u8]; 20] = [
    b"accept",
    b"align",
    b"charset",
    b"checked",
    b"class",
    b"color",
    b"dir",
    b"disabled",
    b"enctype",
    b"face",
    b"hidden",
    b"http-equiv",
    b"lang",
    b"media",
    b"method",
    b"name",
    b"rel",
    b"rev",
    b"type",
    b"valign",
];

/// What one element must be called and have.
#[derive(Debug, Default)]
pub(super) struct Compound {
    /// In small letters; empty for any.
    pub(super) name: Vec<u8>,
    pub(super) ids: Vec<Vec<u8>>,
    pub(super) classes: Vec<Vec<u8>>,
    pub(super) tests: Vec<Test>,
}

/// What an element must fulfil besides.
#[derive(Debug)]
pub(super) enum Test {
    Attribute {
        name: Vec<u8>,
        operator: Operator,
        value: Vec<u8>,
        ignores_case: bool,
    },
    Not(Vec<Selector>),
    Is(Vec<Selector>),
    /// It is the child number *step* × n + *start* of its parent.
    Nth(i32, i32),
    Root,
}

/// How the value of an attribute must stand to that of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    IsThere,
    Is,
    Begins,
    Ends,
    HasWord,
    IsOrGoesOn,
    Has,
}

/// The elements that are open, and those before them.
pub(in crate::extract::legible) trait Tree {
    /// The element `level` levels above the one that is asked for, and `back` children of the same parent before that;
    /// `None` where there is none.
    fn element(&self, level: usize, back: usize) -> Option<&Element<'_>>;
    /// Which child of its parent it is, from 1 on.
    fn number(&self, level: usize, back: usize) -> usize;
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// Not for any element further out either.
    Never,
}

/// Elements that are compared with selectors.
pub(super) struct Matching<'m, T> {
    pub(super) tree: &'m T,
    /// Whether classes and ids are compared whatever their case.
    pub(super) is_quirky: bool,
    /// Counts a comparison, and says whether there is time for it.
    pub(super) step: &'m dyn Fn() -> bool,
}

impl<T: Tree> Matching<'_, T> {
    /// Whether the element in question is what `selector` asks for.
    pub(super) fn fits(&self, selector: &Selector) -> bool {
        self.fits_at(&selector.parts, &selector.joins, 0, 0) == Fit::Yes
    }

    fn fits_at(&self, parts: &[Compound], joins: &[Join], level: usize, back: usize) -> Fit {
        let Some((own, around)) = parts.split_last() else {
            return Fit::Yes;
        };
        if !(self.step)() {
            return Fit::Never;
        }
        if !self.is(own, level, back) {
            return Fit::No;
        }
        let Some((join, joins)) = joins.split_last() else {
            return Fit::Yes;
        };
        let there = |level: usize, back: usize| self.tree.element(level, back).is_some();
        match join {
            Join::Child if there(level + 1, 0) => self.fits_at(around, joins, level + 1, 0),
            Join::Next if there(level, back + 1) => self.fits_at(around, joins, level, back + 1),
            Join::Child | Join::Next => Fit::No,
            Join::Within => {
                let outer = (level + 1..).take_while(|level| there(*level, 0));
                let mut fits = outer.map(|level| self.fits_at(around, joins, level, 0));
                fits.find(|fit| *fit != Fit::No).unwrap_or(Fit::Never)
            }
            Join::Later => {
                let before = (back + 1..).take_while(|back| there(level, *back));
                let mut fits = before.map(|back| self.fits_at(around, joins, level, back));
                fits.find(|fit| *fit != Fit::No).unwrap_or(Fit::No)
            }
        }
    }

    fn is(&self, own: &Compound, level: usize, back: usize) -> bool {
        let Some(element) = self.tree.element(level, back) else {
            return false;
        };
        if !own.name.is_empty() && !own.name.eq_ignore_ascii_case(element.name) {
            return false;
        }
        let same = |one: &[u8], other: &[u8]| one == other || self.is_quirky && one.eq_ignore_ascii_case(other);
        let has_id = |own: &Vec<u8>| element.value(b"id").is_some_and(|id| same(id, own));
        let has_class = |own: &Vec<u8>| element.classes().any(|one| same(one, own));
        own.ids.iter().all(has_id)
            && own.classes.iter().all(has_class)
            && own.tests.iter().all(|test| self.passes(test, element, level, back))
    }

    fn passes(&self, test: &Test, element: &Element<'_>, level: usize, back: usize) -> bool {
        let fits = |selectors: &[Selector]| {
            selectors.iter().any(|one| self.fits_at(&one.parts, &one.joins, level, back) == Fit::Yes)
        };
        match test {
            Test::Not(selectors) => !fits(selectors),
            Test::Is(selectors) => fits(selectors),
            Test::Root => self.tree.element(level + 1, 0).is_none(),
            Test::Nth(step, start) => {
                let ahead = i32::try_from(self.tree.number(level, back)).unwrap_or(i32::MAX).saturating_sub(*start);
                if *step == 0 { ahead == 0 } else { ahead % step == 0 && ahead / step >= 0 }
            }
            Test::Attribute { name, operator, value, ignores_case } => element.value(name).is_some_and(|own| {
                if *ignores_case {
                    operator.holds(&own.to_ascii_lowercase(), value)
                } else {
                    operator.holds(own, value)
                }
            }),
        }
    }
}

impl Operator {
    fn holds(self, value: &[u8], wanted: &[u8]) -> bool {
        match self {
            Self::IsThere => true,
            Self::Is => value == wanted,
            Self::HasWord => value.split(u8::is_ascii_whitespace).any(|word| word == wanted),
            Self::IsOrGoesOn => {
                value.strip_prefix(wanted).is_some_and(|rest| matches!(rest.first(), None | Some(b'-')))
            }
            // An empty value is in none.
            Self::Begins => !wanted.is_empty() && value.starts_with(wanted),
            Self::Ends => !wanted.is_empty() && value.ends_with(wanted),
            Self::Has => !wanted.is_empty() && memmem::find(value, wanted).is_some(),
        }
    }
}

impl Test {
    /// The test that is written in square brackets; `None` where there is none.
    pub(super) fn attribute(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii_start();
        let text = text.strip_prefix(b"*|").or_else(|| text.strip_prefix(b"|")).unwrap_or(text);
        let (name, rest) = css::name(text);
        let (name, rest) = (name.to_ascii_lowercase(), rest.trim_ascii());
        let (operator, rest) = match rest {
            _ if name.is_empty() => return None,
            [] => (Operator::IsThere, rest),
            [b'=', rest @ ..] => (Operator::Is, rest),
            [b'~', b'=', rest @ ..] => (Operator::HasWord, rest),
            [b'|', b'=', rest @ ..] => (Operator::IsOrGoesOn, rest),
            [b'^', b'=', rest @ ..] => (Operator::Begins, rest),
            [b'$', b'=', rest @ ..] => (Operator::Ends, rest),
            [b'*', b'=', rest @ ..] => (Operator::Has, rest),
            _ => return None,
        };
        let rest = rest.trim_ascii_start();
        let (mut value, rest) = css::string(rest).unwrap_or_else(|| css::name(rest));
        let ignores_case = match rest.trim_ascii() {
            b"i" | b"I" => true,
            b"s" | b"S" => false,
            b"" => WITHOUT_CASE.contains(&&name[..]),
            _ => return None,
        };
        if ignores_case {
            value.make_ascii_lowercase();
        }
        Some(Self::Attribute { name, operator, value, ignores_case })
    }
}
