//! Texts that styles add: before, behind and beside the content of elements.
//!
//! Sources: CSS Content 3 §1 to §3; CSS Lists 3 §3, §4.

use crate::extract::legible::css::{self, skip};

use super::Added;
use super::counters::{self, Change, CounterStyles, Counters};

/// Longest text that a style adds.
const MAX_TEXT: usize = 4 << 10;

/// The counter of items of lists.
const ITEMS: &[u8] = b"list-item";

/// What texts depend on that come before: counters, and quotations that are open.
#[derive(Debug, Default)]
pub(in crate::extract::legible) struct Generated {
    counters: Counters,
    quotations: usize,
    /// Whether a text was cut off.
    pub(in crate::extract::legible) is_cut: bool,
}

/// What an element or the text beside it says of the texts.
#[derive(Clone, Copy, Debug)]
pub(in crate::extract::legible) struct Place<'p> {
    pub(in crate::extract::legible) styles: &'p CounterStyles,
    /// The value of `quotes` that counts here.
    pub(in crate::extract::legible) quotes: Option<&'p [u8]>,
}

impl Generated {
    /// Does what `added` says of counters.
    pub(in crate::extract::legible) fn count(&mut self, added: &Added, depth: usize) {
        for (value, change) in
            [(&added.reset, Change::Reset), (&added.increment, Change::Increment), (&added.set, Change::Set)]
        {
            if let Some(value) = value {
                self.counters.change(value, change, depth);
            }
        }
    }

    /// Counts an item of a list, which may say its number itself; `depth` is how deep it is.
    pub(in crate::extract::legible) fn count_item(&mut self, number: Option<i32>, depth: usize) {
        let change = if number.is_some() { Change::Set } else { Change::Increment };
        self.counters.apply(ITEMS.to_vec(), change, number, depth);
    }

    /// Begins a list whose first item has the number behind `before`.
    pub(in crate::extract::legible) fn begin_list(&mut self, before: i32, depth: usize) {
        self.counters.apply(ITEMS.to_vec(), Change::Reset, Some(before), depth);
    }

    /// Forgets what is of elements that are deeper than `depth`.
    pub(in crate::extract::legible) fn leave(&mut self, depth: usize) {
        self.counters.leave(depth);
    }

    /// The text that the value of `content` stands for at `place`.
    pub(in crate::extract::legible) fn text(&mut self, value: &[u8], place: Place<'_>) -> Vec<u8> {
        let (mut said, mut rest) = (Vec::new(), value.trim_ascii_start());
        while let Some(first) = rest.first() {
            // What follows a slash is read aloud.
            if *first == b'/' {
                break;
            }
            let (word, behind) = css::name(rest);
            if let Some((text, behind)) = css::string(rest) {
                said.extend(text);
                rest = behind;
            } else if word.is_empty() {
                // Browsers show nothing of a value with a fault.
                return Vec::new();
            } else if behind.first() == Some(&b'(') {
                let end = skip(behind, 0);
                let inside = behind[1..end].strip_suffix(b")").unwrap_or(&behind[1..end]);
                said.extend(self.counted(&word.to_ascii_lowercase(), inside, place));
                rest = &behind[end..];
            } else {
                said.extend(self.quotation(&word.to_ascii_lowercase(), place));
                rest = behind;
            }
            rest = rest.trim_ascii_start();
        }
        self.is_cut |= said.len() > MAX_TEXT;
        said.truncate(MAX_TEXT);
        said
    }

    /// The text of `counter()` or `counters()`.
    fn counted(&self, function: &[u8], inside: &[u8], place: Place<'_>) -> Vec<u8> {
        let mut arguments = css::split(inside, b',').map(<[u8]>::trim_ascii);
        let (name, _) = css::name(arguments.next().unwrap_or_default());
        let values = self.counters.values(&name);
        let between = match function {
            b"counter" => None,
            b"counters" => arguments.next().and_then(css::string).map(|(text, _)| text),
            _ => return Vec::new(),
        };
        let (style, _) = css::name(arguments.next().unwrap_or(b"decimal"));
        let values = if between.is_some() { &values[..] } else { &values[values.len().saturating_sub(1)..] };
        let most = MAX_TEXT / (1 + between.as_ref().map_or(0, Vec::len));
        let texts: Vec<_> =
            values.iter().take(most).map(|value| counters::written(place.styles, &style, *value).1).collect();
        texts.join(&between.unwrap_or_default()[..])
    }

    /// The mark of a quotation that begins or ends.
    fn quotation(&mut self, word: &[u8], place: Place<'_>) -> Vec<u8> {
        let (is_open, is_shown) = match word {
            b"open-quote" => (true, true),
            b"close-quote" => (false, true),
            b"no-open-quote" => (true, false),
            b"no-close-quote" => (false, false),
            _ => return Vec::new(),
        };
        if !is_open {
            self.quotations = self.quotations.saturating_sub(1);
        }
        let level = self.quotations;
        self.quotations += usize::from(is_open);
        if !is_shown || place.quotes.is_some_and(|value| value.eq_ignore_ascii_case(b"none")) {
            return Vec::new();
        }
        let marks = place.quotes.map(counters::symbols).filter(|marks| marks.len() > 1);
        let marks = marks.unwrap_or_else(|| ["“", "”", "‘", "’"].map(Into::into).to_vec());
        let pair = level.min(marks.len() / 2 - 1);
        marks[2 * pair + usize::from(!is_open)].clone()
    }

    /// The text beside an item whose `list-style` is `value`, unless that is one of those that everybody knows.
    pub(in crate::extract::legible) fn marker(&self, value: &[u8], place: Place<'_>) -> Vec<u8> {
        let mut rest = value.trim_ascii_start();
        while !rest.is_empty() {
            if let Some((text, _)) = css::string(rest) {
                return text;
            }
            let (word, behind) = css::name(rest);
            if place.styles.contains_key(&word.to_ascii_lowercase()) {
                let number = self.counters.values(ITEMS).last().copied().unwrap_or_default();
                let (prefix, text, suffix) = counters::written(place.styles, &word, number);
                return [prefix, text, suffix].concat();
            }
            let length = if word.is_empty() { skip(rest, 0) } else { rest.len() - behind.len() };
            rest = rest[length..].trim_ascii_start();
        }
        Vec::new()
    }
}
