//! Elements of markup that are open, and so whether and how text is drawn: for the view of a page as browsers have it.
//!
//! Source: WHATWG HTML §13.2.6 (which tags end which elements), as far as that matters for what is hidden.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::extract::html::VOID;

use super::elements::{Effect, effect};
use super::hidden::Element;
use super::nesting;
use super::styles::{Added, Beside, Customs, Generated, Look, Styled, Styles, TextPlace, Tree, Unsure};

/// Elements within SVG and MathML in which there is HTML again.
const HTML_AGAIN: [&[u8]; 8] = [b"foreignobject", b"desc", b"title", b"mtext", b"mi", b"mo", b"mn", b"ms"];

/// All elements that may be open.
const MAX_OPEN: usize = 1 << 12;

/// Elements before one in the same parent that are known.
const MAX_BESIDE: usize = 256;

/// Elements that go on behind one in which they were not ended.
const MAX_GOING_ON: usize = 32;

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
    /// Which child of its parent it is, from 1 on.
    number: usize,
    within: Children<'t>,
    is_hidden: bool,
    /// Ways by which its text is hidden that elements within may undo.
    inherited: u16,
    is_reversed: bool,
    separates: bool,
    /// Whether the elements in it are those of SVG or MathML.
    is_foreign: bool,
    after: Option<Beside>,
    customs: Vec<Rc<Customs>>,
    quotes: Option<Rc<[u8]>>,
    list_style: Option<Rc<[u8]>>,
    /// What goes on behind it, where nothing of that does in it.
    going_on: Option<Vec<Element<'t>>>,
}

/// Elements in another one that have ended.
#[derive(Debug, Default)]
struct Children<'t> {
    count: usize,
    /// The last of them.
    ended: VecDeque<Element<'t>>,
}

/// What happens at a tag, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    EndLine,
    /// A text is drawn.
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
    outermost: Children<'t>,
    hidden: usize,
    reversed: usize,
    has_body: bool,
    /// Elements that were not ended where the one ended in which they are, and begin again.
    going_on: Vec<Element<'t>>,
    generated: Generated,
    /// Whether anything is drawn otherwise than it is written.
    pub(super) differs: bool,
    /// Whether something was left out, being too deep.
    is_cut: bool,
    steps: Vec<Step>,
}

impl<'t> Drawing<'t> {
    /// A page of that `syntax`, with `styles`.
    pub(super) fn of(syntax: Syntax, styles: Rc<Styles>, unsure: Unsure) -> Self {
        Self {
            syntax,
            styles,
            unsure,
            open: Vec::new(),
            outermost: Children::default(),
            hidden: 0,
            reversed: 0,
            has_body: false,
            going_on: Vec::new(),
            generated: Generated::default(),
            differs: false,
            is_cut: false,
            steps: Vec::new(),
        }
    }

    /// Whether text is drawn here.
    pub(super) fn is_drawn(&self) -> bool {
        self.hidden == 0 && self.inherited() == 0
    }

    /// Whether something was left out, being too much.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut || self.generated.is_cut || self.styles.is_cut()
    }

    /// Ways by which the text here is hidden that elements within may undo.
    fn inherited(&self) -> u16 {
        self.open.last().map_or(0, |open| open.inherited)
    }

    /// Whether the elements here are those of SVG or MathML.
    pub(super) fn is_foreign(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_foreign)
    }

    /// What the text `piece` does that comes next.
    pub(super) fn before_text(&mut self, piece: &[u8]) -> Vec<Step> {
        if self.syntax == Syntax::Html && !self.is_foreign() {
            if !self.has_body && self.hidden == 0 && piece.iter().any(|byte| !byte.is_ascii_whitespace()) {
                self.begin_body();
            }
            self.go_on();
        }
        std::mem::take(&mut self.steps)
    }

    /// Opens the element called `name` with `attributes`, which may be ended already. What that does.
    pub(super) fn opens(&mut self, name: &'t [u8], attributes: &'t [u8], is_ended: bool) -> Vec<Step> {
        let is = |one: &[u8]| name.eq_ignore_ascii_case(one);
        let element = Element::of(name, attributes);
        if self.syntax == Syntax::Html {
            if self.is_foreign() && nesting::ends_foreign(name) {
                self.end_foreign();
            }
            if !self.is_foreign() {
                if is(b"html") || is(b"body") || is(b"head") && self.has_body {
                    self.begin_page(element);
                    return std::mem::take(&mut self.steps);
                }
                self.begin_before(name);
                self.end_by(name);
                if !nesting::is_special(name) && !nesting::is_of_head(name) {
                    self.go_on();
                }
            }
        }
        self.open_element(element, is_ended);
        std::mem::take(&mut self.steps)
    }

    /// Begins or goes on with the whole page or its body.
    fn begin_page(&mut self, element: Element<'t>) {
        let is_body = element.name.eq_ignore_ascii_case(b"body");
        if !element.name.eq_ignore_ascii_case(b"html") && !is_body {
            return;
        }
        let at = usize::from(is_body);
        if let Some(open) = self.open.get_mut(at).filter(|open| open.element.name.eq_ignore_ascii_case(element.name)) {
            // The attributes that it has not yet are added.
            open.element.extend(element);
            return self.look_again(at);
        }
        if is_body {
            self.begin_html();
            self.end_from(1);
            self.has_body = true;
        }
        if self.open.len() == at {
            self.open_element(element, false);
        }
    }

    /// Looks anew at the element number `at`, which has more attributes now.
    fn look_again(&mut self, at: usize) {
        let above: Vec<Open<'t>> = self.open.drain(at..).collect();
        let mut above = above.into_iter();
        let Some(mut open) = above.next() else {
            return;
        };
        let look = self.look(&open.element);
        self.hidden += usize::from(look.is_hidden);
        self.hidden -= usize::from(open.is_hidden);
        self.differs |= look.is_hidden;
        open.inherited = self.inherited() & !look.inherited.0 | look.inherited.1;
        open.is_hidden = look.is_hidden;
        (open.customs, open.after) = (look.customs, look.after);
        self.open.push(open);
        self.open.extend(above);
    }

    /// Begins what must be there before an element called `name`.
    fn begin_before(&mut self, name: &[u8]) {
        if !self.has_body && !nesting::is_of_head(name) && !name.eq_ignore_ascii_case(b"template") {
            self.begin_body();
        } else {
            self.begin_html();
        }
    }

    fn begin_html(&mut self) {
        if self.open.is_empty() {
            self.open_element(Element::of(b"html", b""), false);
        }
    }

    fn begin_body(&mut self) {
        if !self.has_body {
            self.begin_page(Element::of(b"body", b""));
        }
    }

    /// Begins the elements again that were not ended.
    fn go_on(&mut self) {
        for element in std::mem::take(&mut self.going_on) {
            self.open_element(element, false);
        }
    }

    fn end_foreign(&mut self) {
        let back = self.open.iter().rev().take_while(|open| open.is_foreign).count();
        self.end_from(self.open.len() - back);
    }

    /// How `element` is drawn, which begins now.
    fn look(&self, element: &Element<'t>) -> Look {
        let mut look = self.styles.look(&Beginning { drawing: self, element }, self.unsure);
        let shows_file = element.name.eq_ignore_ascii_case(b"object") && element.value(b"data").is_some();
        look.is_hidden |= shows_file && self.unsure == Unsure::Counts;
        look
    }

    /// Opens `element`, which may be ended already.
    fn open_element(&mut self, element: Element<'t>, is_ended: bool) {
        let name = element.name;
        // Nothing in what is hidden is looked at.
        let look = if self.hidden > 0 { Look::default() } else { self.look(&element) };
        let inherited = self.inherited() & !look.inherited.0 | look.inherited.1;
        let Look { is_hidden, is_reversed, effect: display, added, before, after, marker, customs, .. } = look;
        let usual = effect(name);
        let separates = display.unwrap_or(usual) == Effect::Separates;
        let is_elsewhere = is_hidden && self.is_usual(name);
        self.differs |= is_hidden && !is_elsewhere || inherited != 0 || is_reversed || display.is_some();
        if !is_hidden {
            if separates {
                self.step(Step::EndLine);
            }
            if let Effect::Is(text) = usual
                && inherited == 0
            {
                self.step(Step::Push(text.into()));
            }
        }
        let is_empty = is_ended || VOID.iter().any(|empty| empty.as_bytes().eq_ignore_ascii_case(name));
        let number = self.siblings().count + 1;
        if is_empty {
            let shown = element.shown().filter(|_| self.unsure == Unsure::Counts && !is_hidden && inherited == 0);
            self.draw(shown.unwrap_or_default().to_vec());
            return self.siblings_mut().end(element);
        }
        if self.open.len() >= MAX_OPEN {
            self.is_cut |= is_hidden;
            return;
        }
        self.hidden += usize::from(is_hidden);
        if is_reversed {
            self.reversed += 1;
            if self.reversed == 1 {
                self.steps.push(Step::Reverse);
            }
        }
        let (depth, last) = (self.open.len(), self.open.last());
        let inherit = |own: &Option<Vec<u8>>, value: fn(&Open<'t>) -> Option<Rc<[u8]>>| {
            own.as_deref().map(Into::into).or_else(|| last.and_then(value))
        };
        let quotes: Option<Rc<[u8]>> = inherit(&added.quotes, |open| open.quotes.clone());
        let list_style: Option<Rc<[u8]>> = inherit(&added.list_style, |open| open.list_style.clone());
        let is = |names: &[&[u8]]| names.iter().any(|one| one.eq_ignore_ascii_case(name));
        let is_foreign = is(&[b"svg", b"math"]) || self.is_foreign() && !is(&HTML_AGAIN);
        let going_on = nesting::is_wall(name).then(|| std::mem::take(&mut self.going_on));
        let quotation = |word: &[u8]| Beside {
            added: Added { content: Some(word.to_vec()), ..Added::default() },
            inherited: (0, 0),
        };
        let is_quoted = quotes.is_some() && is(&[b"q"]);
        let after = after.or_else(|| is_quoted.then(|| quotation(b"close-quote")));
        let before = before.or_else(|| is_quoted.then(|| quotation(b"open-quote")));
        self.count(&element, &added, depth);
        let is_item = is(&[b"li", b"summary"]);
        self.open.push(Open {
            element,
            number,
            within: Children::default(),
            is_hidden,
            inherited,
            is_reversed,
            separates,
            is_foreign,
            after,
            customs,
            quotes,
            list_style,
            going_on,
        });
        if is_item {
            self.mark(marker.as_ref());
        }
        if let Some(before) = before {
            self.add(&before);
        }
    }

    /// Counts what `element` counts, which is `depth` deep.
    fn count(&mut self, element: &Element<'t>, added: &Added, depth: usize) {
        if self.hidden > 0 || self.styles.is_empty() {
            return;
        }
        let number = |key: &[u8]| str::from_utf8(element.value(key)?).ok()?.trim().parse::<i32>().ok();
        match &element.name.to_ascii_lowercase()[..] {
            b"ol" => self.generated.begin_list(number(b"start").map_or(0, |start| start.saturating_sub(1)), depth),
            b"ul" | b"menu" => self.generated.begin_list(0, depth),
            b"li" => self.generated.count_item(number(b"value"), depth),
            _ => {}
        }
        self.generated.count(added, depth);
    }

    /// Adds what stands beside the item of a list that was opened last.
    fn mark(&mut self, marker: Option<&Beside>) {
        if let Some(marker) = marker {
            return self.add(marker);
        }
        let Some(style) = self.open.last().and_then(|open| open.list_style.clone()) else {
            return;
        };
        let place = TextPlace { styles: self.styles.counter_styles(), quotes: None };
        let text = self.generated.marker(&style, place);
        if self.inherited() == 0 {
            self.draw(text);
        }
    }

    /// Adds a text before or behind the content of the element that was opened last.
    fn add(&mut self, beside: &Beside) {
        let depth = self.open.len();
        let quotes = self.open.last().and_then(|open| open.quotes.clone());
        let quotes = beside.added.quotes.as_deref().or(quotes.as_deref());
        if self.hidden > 0 {
            return;
        }
        self.generated.count(&beside.added, depth);
        let place = TextPlace { styles: self.styles.counter_styles(), quotes };
        let text = self.generated.text(beside.added.content.as_deref().unwrap_or_default(), place);
        if self.inherited() & !beside.inherited.0 | beside.inherited.1 == 0 {
            self.draw(text);
        }
    }

    fn draw(&mut self, text: Vec<u8>) {
        if !text.is_empty() {
            self.differs = true;
            self.step(Step::Push(text));
        }
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
        let is = |names: &[&[u8]]| names.iter().any(|one| one.eq_ignore_ascii_case(name));
        let is_html = self.syntax == Syntax::Html && !self.is_foreign();
        // What follows the end of the body is still in it.
        if is_html && is(&[b"html", b"body"]) {
            return Vec::new();
        }
        match self.ended_by(name, is_html) {
            Some(at) if is_html && nesting::is_formatting(name) => self.end_formatting(at),
            Some(at) => self.end_from(at),
            // These begin an element where none is to be ended.
            None if is(&[b"p", b"br"]) => self.step(Step::EndLine),
            None => {
                self.differs = true;
                if let Some(at) = self.going_on.iter().rposition(|one| one.name.eq_ignore_ascii_case(name)) {
                    self.going_on.remove(at);
                }
            }
        }
        std::mem::take(&mut self.steps)
    }

    /// The number of the element that a tag called `name` ends.
    fn ended_by(&self, name: &[u8], is_html: bool) -> Option<usize> {
        let headings: [&[u8]; 6] = [b"h1", b"h2", b"h3", b"h4", b"h5", b"h6"];
        let is_heading = |name: &[u8]| headings.iter().any(|one| one.eq_ignore_ascii_case(name));
        let is_it = |own: &[u8]| own.eq_ignore_ascii_case(name) || is_html && is_heading(own) && is_heading(name);
        let (is_special, is_of_table) = (nesting::is_special(name), nesting::is_of_table(name));
        let is_kept = |own: &[u8]| match () {
            () if !is_html => false,
            () if is_of_table => own.eq_ignore_ascii_case(b"table") || own.eq_ignore_ascii_case(b"template"),
            () if is_special || nesting::is_formatting(name) => nesting::is_wall(own),
            () => nesting::is_special(own),
        };
        let stop = self.open.iter().rposition(|open| is_it(open.element.name) || is_kept(open.element.name))?;
        is_it(self.open[stop].element.name).then_some(stop)
    }

    /// Ends the element number `at`, of those that go on in what is in them; what is in it goes on without it.
    fn end_formatting(&mut self, at: usize) {
        let is_block = |open: &Open<'_>| nesting::is_special(open.element.name);
        let Some(block) = self.open[at..].iter().position(is_block) else {
            return self.end_from(at);
        };
        let open = self.open.remove(at);
        self.hidden -= usize::from(open.is_hidden);
        if open.is_reversed {
            self.reversed -= 1;
            if self.reversed == 0 {
                self.steps.push(Step::EndReverse);
            }
        }
        // What it alone hid is seen from here on.
        let outer = at.checked_sub(1).map_or(0, |outer| self.open[outer].inherited);
        for inner in &mut self.open[at..] {
            inner.inherited &= !(open.inherited & !outer);
        }
        self.differs |= block > 0;
    }

    /// Ends the elements that a tag called `name` ends where it opens one.
    fn end_by(&mut self, name: &[u8]) {
        let is = |open: &Open<'_>, names: &[&[u8]]| names.iter().any(|one| one.eq_ignore_ascii_case(open.element.name));
        let of_group = nesting::group_of(name).and_then(|(group, walls)| {
            let at = self.open.iter().rposition(|open| is(open, group) || is(open, walls))?;
            is(&self.open[at], group).then_some(at)
        });
        let of_paragraph = || {
            let walls: [&[u8]; 10] =
                [b"button", b"table", b"td", b"th", b"caption", b"object", b"marquee", b"applet", b"template", b"html"];
            let at = self.open.iter().rposition(|open| is(open, &[b"p"]) || is(open, &walls))?;
            is(&self.open[at], &[b"p"]).then_some(at)
        };
        let ended = of_group.or_else(|| if nesting::ends_paragraph(name) { of_paragraph() } else { None });
        match ended {
            Some(at) if nesting::is_formatting(name) => self.end_formatting(at),
            Some(at) => self.end_from(at),
            None => {}
        }
    }

    /// Ends the elements from number `from` on.
    fn end_from(&mut self, from: usize) {
        let mut going_on = Vec::new();
        while self.open.len() > from {
            if let Some(after) = self.open.last_mut().and_then(|last| last.after.take()) {
                self.add(&after);
            }
            let Some(last) = self.open.pop() else {
                break;
            };
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
            self.generated.leave(self.open.len());
            if self.syntax == Syntax::Html && self.open.len() > from && nesting::is_formatting(last.element.name) {
                going_on.push(last.element.clone());
            }
            if let Some(outer) = last.going_on {
                going_on.clear();
                self.going_on = outer;
            }
            self.siblings_mut().end(last.element);
        }
        let left = MAX_GOING_ON.saturating_sub(self.going_on.len());
        self.going_on.extend(going_on.into_iter().take(left).rev());
    }

    /// The elements that have ended in the one that was opened last.
    fn siblings(&self) -> &Children<'t> {
        self.open.last().map_or(&self.outermost, |open| &open.within)
    }

    fn siblings_mut(&mut self) -> &mut Children<'t> {
        self.open.last_mut().map_or(&mut self.outermost, |open| &mut open.within)
    }

    /// Adds a step, unless nothing is drawn here.
    fn step(&mut self, step: Step) {
        if self.hidden == 0 {
            self.steps.push(step);
        }
    }
}

impl<'t> Children<'t> {
    fn end(&mut self, element: Element<'t>) {
        self.count += 1;
        if self.ended.len() == MAX_BESIDE {
            self.ended.pop_front();
        }
        self.ended.push_back(element);
    }
}

/// An element that begins now.
struct Beginning<'d, 't> {
    drawing: &'d Drawing<'t>,
    element: &'d Element<'t>,
}

impl<'t> Beginning<'_, 't> {
    /// The element that is open `level` levels above.
    fn open(&self, level: usize) -> Option<&Open<'t>> {
        self.drawing.open.get(self.drawing.open.len().checked_sub(level)?)
    }
}

impl Tree for Beginning<'_, '_> {
    fn element(&self, level: usize, back: usize) -> Option<&Element<'_>> {
        let own = if level == 0 { self.element } else { &self.open(level)?.element };
        if back == 0 {
            return Some(own);
        }
        let siblings = self.open(level + 1).map_or(&self.drawing.outermost, |parent| &parent.within);
        siblings.ended.get(siblings.ended.len().checked_sub(back)?)
    }

    fn number(&self, level: usize, back: usize) -> usize {
        let own =
            if level == 0 { self.drawing.siblings().count + 1 } else { self.open(level).map_or(1, |open| open.number) };
        own.saturating_sub(back)
    }
}

impl Styled for Beginning<'_, '_> {
    fn customs(&self, level: usize) -> Option<&[Rc<Customs>]> {
        self.open(level).map(|open| &open.customs[..])
    }
}
