//! Elements of markup that are open, and so whether and how text is drawn: for the view of a page as browsers have it.
//!
//! Source: WHATWG HTML §13.2.6 (which tags end which elements), as far as that matters for what is hidden.

use std::rc::Rc;

use crate::extract::html::VOID;

use super::elements::{Effect, effect};
use super::hidden::Element;
use super::styles::{Look, Styles, Unsure};

/// Names of elements.
type Names = &'static [&'static [u8]];

/// Elements that another one of their group ends, and the elements that keep it from doing so.
const ENDED_BY_NEXT: [(Names, Names); 6] = [
    (&[b"li"], &[b"ul", b"ol", b"menu"]),
    (&[b"dt", b"dd"], &[b"dl"]),
    (&[b"td", b"th"], &[b"table", b"tr"]),
    (&[b"tr"], &[b"table"]),
    (&[b"option"], &[b"select", b"datalist"]),
    (&[b"rt", b"rp", b"rb", b"rtc"], &[b"ruby"]),
];

/// Sorted. Elements that end a paragraph where they begin.
const ENDING_PARAGRAPHS: [&str; 41] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "li",
    "listing",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "plaintext",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "ul",
    "xmp",
];

/// Elements within SVG and MathML in which there is HTML again.
const HTML_AGAIN: [&[u8]; 8] = [b"foreignobject", b"desc", b"title", b"mtext", b"mi", b"mo", b"mn", b"ms"];

/// Elements that are looked at to find the one that a tag ends, and all that may be open.
const MAX_BACK: usize = 128;
const MAX_OPEN: usize = 1 << 12;

/// As what a page is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Html,
    /// Tags end nothing but what they name.
    Xml,
}

/// An element that is open.
#[derive(Debug)]
struct Open<'t> {
    element: Element<'t>,
    is_hidden: bool,
    /// Ways by which its text is hidden that elements within may undo.
    inherited: u16,
    is_reversed: bool,
    separates: bool,
    /// Whether the elements in it are those of SVG or MathML.
    is_foreign: bool,
    after: Vec<u8>,
}

/// What happens at a tag, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    EndLine,
    Push(Vec<u8>),
    /// What was pushed from here on is drawn from right to left.
    Reverse,
    /// That ends.
    EndReverse,
}

/// The elements that are open.
#[derive(Debug)]
pub(super) struct Drawing<'t> {
    syntax: Syntax,
    styles: Rc<Styles>,
    /// Whether rules count whose conditions nobody knows, and with them what elements show that cannot show a file.
    unsure: Unsure,
    open: Vec<Open<'t>>,
    hidden: usize,
    reversed: usize,
    /// Whether anything is drawn otherwise than it is written.
    pub(super) differs: bool,
    steps: Vec<Step>,
}

impl<'t> Drawing<'t> {
    /// A page of that `syntax`, with `styles`.
    pub(super) const fn of(syntax: Syntax, styles: Rc<Styles>, unsure: Unsure) -> Self {
        Self { syntax, styles, unsure, open: Vec::new(), hidden: 0, reversed: 0, differs: false, steps: Vec::new() }
    }

    /// Whether text is drawn here.
    pub(super) fn is_drawn(&self) -> bool {
        self.hidden == 0 && self.open.last().is_none_or(|open| open.inherited == 0)
    }

    /// Whether the elements here are those of SVG or MathML.
    pub(super) fn is_foreign(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_foreign)
    }

    /// Opens the element called `name` with `attributes`, which may be ended already. What that does.
    pub(super) fn opens(&mut self, name: &'t [u8], attributes: &'t [u8], is_ended: bool) -> Vec<Step> {
        if self.syntax == Syntax::Html {
            self.end_by(name);
        }
        let element = Element::of(name, attributes);
        let open = &self.open;
        let above = |level: usize| open.len().checked_sub(level + 1).map(|at| &open[at].element);
        let look = self.styles.look(&element, above, self.unsure);
        let shows_file = name.eq_ignore_ascii_case(b"object") && element.value(b"data").is_some();
        let is_hidden = look.is_hidden || shows_file && self.unsure == Unsure::Counts;
        let inherited = self.open.last().map_or(0, |open| open.inherited) & !look.inherited.0 | look.inherited.1;
        let Look { is_reversed, effect: display, before, after, .. } = look;
        let usual = effect(name);
        let separates = display.unwrap_or(usual) == Effect::Separates;
        let is_empty = is_ended || VOID.iter().any(|empty| empty.as_bytes().eq_ignore_ascii_case(name));
        let is_elsewhere = is_hidden && self.is_usual(name);
        let is_changed = is_hidden && !is_elsewhere || inherited != 0 || is_reversed || display.is_some();
        self.differs |= is_changed || !before.is_empty() || !after.is_empty();
        if !is_hidden {
            if separates {
                self.step(Step::EndLine);
            }
            if let Effect::Is(text) = usual {
                self.step(Step::Push(text.into()));
            }
        }
        if is_empty || self.open.len() >= MAX_OPEN {
            return std::mem::take(&mut self.steps);
        }
        self.hidden += usize::from(is_hidden);
        if is_reversed {
            self.reversed += 1;
            if self.reversed == 1 {
                self.steps.push(Step::Reverse);
            }
        }
        if !before.is_empty() {
            self.step(Step::Push(before));
        }
        let is = |names: &[&[u8]]| names.iter().any(|one| one.eq_ignore_ascii_case(name));
        let is_foreign = is(&[b"svg", b"math"]) || self.is_foreign() && !is(&HTML_AGAIN);
        self.open.push(Open { element, is_hidden, inherited, is_reversed, separates, is_foreign, after });
        std::mem::take(&mut self.steps)
    }

    /// Whether a hidden element called `name` is no sign that something is hidden here: scripts and styles, which are
    /// never a text, and the title of the page.
    fn is_usual(&self, name: &[u8]) -> bool {
        let is = |name: &[u8], names: &[&[u8]]| names.iter().any(|one| one.eq_ignore_ascii_case(name));
        let is_in_head = || self.open.iter().all(|open| is(open.element.name, &[b"html", b"head"]));
        is(name, &[b"script", b"style"]) || is(name, &[b"title"]) && is_in_head()
    }

    /// Ends the element called `name`, and those in it. What that does.
    pub(super) fn closes(&mut self, name: &[u8]) -> Vec<Step> {
        let is_it = |open: &Open<'_>| open.element.name.eq_ignore_ascii_case(name);
        let back = self.open.iter().rev().take(MAX_BACK).position(is_it);
        match back {
            Some(back) => self.end_from(self.open.len() - 1 - back),
            // These begin an element where none is to be ended.
            None if name.eq_ignore_ascii_case(b"p") || name.eq_ignore_ascii_case(b"br") => self.step(Step::EndLine),
            None => self.differs = true,
        }
        std::mem::take(&mut self.steps)
    }

    /// Ends the elements that a tag called `name` ends where it opens one.
    fn end_by(&mut self, name: &[u8]) {
        let is = |open: &Open<'_>, names: &[&[u8]]| names.iter().any(|one| one.eq_ignore_ascii_case(open.element.name));
        let group = ENDED_BY_NEXT.iter().find(|(group, _)| group.iter().any(|one| one.eq_ignore_ascii_case(name)));
        let of_group = group.and_then(|(group, walls)| {
            let back = self.open.iter().rev().take(MAX_BACK).position(|open| is(open, group) || is(open, walls))?;
            let at = self.open.len() - 1 - back;
            is(&self.open[at], group).then_some(at)
        });
        let of_paragraph = || {
            let walls: [&[u8]; 4] = [b"button", b"table", b"td", b"object"];
            let back = self.open.iter().rev().take(MAX_BACK).position(|open| is(open, &[b"p"]) || is(open, &walls))?;
            let at = self.open.len() - 1 - back;
            is(&self.open[at], &[b"p"]).then_some(at)
        };
        let lower = name.to_ascii_lowercase();
        let is_block = str::from_utf8(&lower).is_ok_and(|name| ENDING_PARAGRAPHS.binary_search(&name).is_ok());
        if let Some(at) = of_group.or_else(|| if is_block { of_paragraph() } else { None }) {
            self.end_from(at);
        }
    }

    /// Ends the elements from number `from` on.
    fn end_from(&mut self, from: usize) {
        while self.open.len() > from
            && let Some(last) = self.open.pop()
        {
            if !last.after.is_empty() {
                self.step(Step::Push(last.after));
            }
            if last.is_reversed {
                self.reversed -= 1;
                if self.reversed == 0 {
                    self.steps.push(Step::EndReverse);
                }
            }
            if last.is_hidden {
                self.hidden -= 1;
            } else if last.separates {
                self.step(Step::EndLine);
            }
        }
    }

    /// Adds a step, unless nothing is drawn here.
    fn step(&mut self, step: Step) {
        if self.hidden == 0 {
            self.steps.push(step);
        }
    }
}
