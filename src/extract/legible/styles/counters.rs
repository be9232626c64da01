//! Counters of a page, and what their values are written as.
//!
//! Sources: CSS Lists 3 §4; CSS Counter Styles 3 §2, §3, §6.

use std::collections::HashMap;

use crate::extract::legible::css;

/// Longest text that a counter is written as.
const MAX_TEXT: usize = 256;

/// How a counter style makes a text of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum System {
    #[default]
    Symbolic,
    Cyclic,
    Numeric,
    Alphabetic,
    Additive,
    /// Symbols for the numbers from this one on.
    Fixed(i32),
}

/// What `@counter-style` describes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::extract::legible) struct CounterStyle {
    system: System,
    /// The style that it is like but for what it says itself.
    extends: Option<Vec<u8>>,
    symbols: Vec<Vec<u8>>,
    additive: Vec<(i32, Vec<u8>)>,
    prefix: Option<Vec<u8>>,
    suffix: Option<Vec<u8>>,
    pad: Option<(usize, Vec<u8>)>,
}

/// Styles by their names in small letters.
pub(in crate::extract::legible) type CounterStyles = HashMap<Vec<u8>, CounterStyle>;

impl CounterStyle {
    /// The style that `declarations` describe.
    pub(super) fn read(declarations: &[u8]) -> Self {
        let mut style = Self::default();
        for one in css::declarations(declarations) {
            let value = one.value;
            match &one.name[..] {
                b"system" => {
                    let words = css::plain(value);
                    let mut words = words.split(|byte| *byte == b' ');
                    let (word, more) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                    style.extends = (word == b"extends").then(|| more.to_vec());
                    style.system = match word {
                        b"cyclic" => System::Cyclic,
                        b"numeric" => System::Numeric,
                        b"alphabetic" => System::Alphabetic,
                        b"additive" => System::Additive,
                        b"fixed" => System::Fixed(whole(more).unwrap_or(1)),
                        _ => System::Symbolic,
                    };
                }
                b"symbols" => style.symbols = symbols(value),
                b"additive-symbols" => style.additive = css::split(value, b',').filter_map(weighed).collect(),
                b"prefix" => style.prefix = symbols(value).into_iter().next(),
                b"suffix" => style.suffix = symbols(value).into_iter().next(),
                b"pad" => style.pad = weighed(value).map(|(count, symbol)| (count.unsigned_abs() as usize, symbol)),
                _ => {}
            }
        }
        style
    }

    fn written(&self, value: i32) -> Option<Vec<u8>> {
        let count = i32::try_from(self.symbols.len()).ok().filter(|count| *count > 0);
        let symbol = |number: i32| self.symbols.get(usize::try_from(number).ok()?).cloned();
        match self.system {
            System::Cyclic => symbol((value - 1).rem_euclid(count?)),
            System::Fixed(first) => symbol(value.checked_sub(first)?),
            System::Symbolic => {
                let ahead = value.checked_sub(1).filter(|ahead| *ahead >= 0)?;
                let times = usize::try_from(ahead / count?).ok()? + 1;
                let symbol = symbol(ahead % count?)?;
                (times * symbol.len() <= MAX_TEXT).then(|| symbol.repeat(times))
            }
            System::Numeric | System::Alphabetic => {
                let (count, is_numeric) = (count.filter(|count| *count > 1)?, self.system == System::Numeric);
                let mut left =
                    if is_numeric { value.checked_abs()? } else { Some(value).filter(|value| *value > 0)? };
                let mut digits = Vec::new();
                while left > 0 || digits.is_empty() {
                    left -= i32::from(!is_numeric);
                    digits.push(symbol(left % count)?);
                    left /= count;
                }
                Some(digits.into_iter().rev().flatten().collect())
            }
            System::Additive => {
                let (mut left, mut written) = (Some(value).filter(|value| *value >= 0)?, Vec::new());
                for (weight, symbol) in &self.additive {
                    if *weight == 0 && value == 0 {
                        return Some(symbol.clone());
                    }
                    let times = usize::try_from(left.checked_div(*weight).unwrap_or_default()).ok()?;
                    if times.checked_mul(symbol.len())? > MAX_TEXT {
                        return None;
                    }
                    written.extend(symbol.repeat(times));
                    left -= i32::try_from(times).ok()?.checked_mul(*weight)?;
                }
                (left == 0).then_some(written)
            }
        }
    }
}

/// `value` by the style called `name`, and what stands before and behind it in a list.
pub(super) fn written(styles: &CounterStyles, name: &[u8], value: i32) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut name = name.to_ascii_lowercase();
    let (mut prefix, mut suffix, mut pad) = (None, None, None);
    for _ in 0..styles.len() {
        let Some(style) = styles.get(&name) else {
            break;
        };
        prefix = prefix.or_else(|| style.prefix.clone());
        suffix = suffix.or_else(|| style.suffix.clone());
        pad = pad.or_else(|| style.pad.clone());
        if let Some(other) = &style.extends {
            name.clone_from(other);
            continue;
        }
        let mut text = style.written(value).unwrap_or_else(|| value.to_string().into_bytes());
        if let Some((least, symbol)) = &pad {
            let missing = least.saturating_sub(String::from_utf8_lossy(&text).chars().count());
            text.splice(0..0, symbol.repeat(missing.min(MAX_TEXT / symbol.len().max(1))));
        }
        return (prefix.unwrap_or_default(), text, suffix.unwrap_or_else(|| b". ".to_vec()));
    }
    let (text, end) = by_known_style(&name, value);
    (prefix.unwrap_or_default(), text, suffix.unwrap_or_else(|| end.to_vec()))
}

/// `value` by one of the styles that browsers know by themselves, and what stands behind it in a list.
fn by_known_style(name: &[u8], value: i32) -> (Vec<u8>, &'static [u8]) {
    let letters = |first: u8| {
        let symbols = (0..26).map(|number| vec![first + number]).collect();
        CounterStyle { system: System::Alphabetic, symbols, ..CounterStyle::default() }.written(value)
    };
    let text = match name {
        b"none" => return (Vec::new(), b""),
        b"disc" => return ("•".into(), b" "),
        b"circle" => return ("◦".into(), b" "),
        b"square" => return ("▪".into(), b" "),
        b"lower-alpha" | b"lower-latin" => letters(b'a'),
        b"upper-alpha" | b"upper-latin" => letters(b'A'),
        b"lower-roman" => roman(value),
        b"upper-roman" => roman(value).map(|text| text.to_ascii_uppercase()),
        b"decimal-leading-zero" => Some(format!("{value:02}").into_bytes()),
        _ => None,
    };
    (text.unwrap_or_else(|| value.to_string().into_bytes()), b". ")
}

fn roman(value: i32) -> Option<Vec<u8>> {
    const SYMBOLS: [(i32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    let additive = SYMBOLS.map(|(weight, symbol)| (weight, symbol.into())).to_vec();
    let style = CounterStyle { system: System::Additive, additive, ..CounterStyle::default() };
    Some(value).filter(|value| *value > 0).and_then(|value| style.written(value))
}

/// The strings and names in `value`.
pub(super) fn symbols(value: &[u8]) -> Vec<Vec<u8>> {
    let (mut found, mut rest) = (Vec::new(), value.trim_ascii_start());
    while !rest.is_empty() {
        let (symbol, behind) = css::string(rest).unwrap_or_else(|| css::name(rest));
        if behind.len() == rest.len() {
            rest = &rest[css::skip(rest, 0)..];
        } else {
            found.push(symbol);
            rest = behind;
        }
        rest = rest.trim_ascii_start();
    }
    found
}

/// A number and a symbol, in any order.
fn weighed(text: &[u8]) -> Option<(i32, Vec<u8>)> {
    let text = text.trim_ascii();
    let number = text.split(|byte| byte.is_ascii_whitespace()).find_map(whole)?;
    Some((number.max(0), symbols(text).into_iter().next()?))
}

fn whole(text: &[u8]) -> Option<i32> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// The counters that there are at a place of a page.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Of each, those in each other with how deep the elements are that have them.
    values: HashMap<Vec<u8>, Vec<(usize, i32)>>,
}

/// What a declaration does to counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Reset,
    Increment,
    Set,
}

impl Counters {
    /// Does what the `value` of a property says, at an element that is `depth` deep.
    pub(super) fn change(&mut self, value: &[u8], change: Change, depth: usize) {
        let mut rest = value.trim_ascii();
        while !rest.is_empty() {
            let (name, behind) = css::name(rest);
            if name.is_empty() {
                rest = rest[css::skip(rest, 0)..].trim_ascii_start();
                continue;
            }
            rest = behind.trim_ascii_start();
            let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || b"+-".contains(byte)).count();
            let number = whole(&rest[..length]);
            rest = rest[if number.is_some() { length } else { 0 }..].trim_ascii_start();
            self.apply(name, change, number, depth);
        }
    }

    pub(super) fn apply(&mut self, name: Vec<u8>, change: Change, number: Option<i32>, depth: usize) {
        if name == b"none" {
            return;
        }
        let scopes = self.values.entry(name).or_default();
        if scopes.is_empty() || change == Change::Reset && scopes.last().is_some_and(|(own, _)| *own < depth) {
            scopes.push((depth, 0));
        }
        if let Some((_, value)) = scopes.last_mut() {
            *value = match change {
                Change::Reset | Change::Set => number.unwrap_or(0),
                Change::Increment => value.saturating_add(number.unwrap_or(1)),
            };
        }
    }

    /// Forgets those of elements that are deeper than `depth`.
    pub(super) fn leave(&mut self, depth: usize) {
        self.values.retain(|_, scopes| {
            let kept = scopes.iter().take_while(|(own, _)| *own <= depth).count();
            scopes.truncate(kept);
            kept > 0
        });
    }

    /// The values of the counter called `name`, from the outermost on; one 0 where there is none.
    pub(super) fn values(&self, name: &[u8]) -> Vec<i32> {
        self.values.get(name).map_or_else(|| vec![0], |scopes| scopes.iter().map(|(_, value)| *value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_styles_say() {
        let style = |text: &str| CounterStyle::read(text.as_bytes());
        let styles: CounterStyles = [
            ("cyclic", style("system:cyclic;symbols:'for' den;suffix:''")),
            ("fixed", style("system: fixed 3; symbols: a b c")),
            ("numeric", style("system:numeric;symbols:'0' '1'; pad: 4 '0'")),
            ("alphabetic", style("system:alphabetic;symbols:a b")),
            ("symbolic", style("symbols:'*' '#'")),
            ("additive", style("system:additive;additive-symbols:5 'V', 1 'I', 0 '-'")),
            ("other", style("system:extends cyclic;prefix:'<'")),
        ]
        .map(|(name, style)| (name.into(), style))
        .into();
        for (name, value, expected) in [
            ("cyclic", 1, "for"),
            ("cyclic", -2, "den"),
            ("fixed", 4, "b. "),
            ("fixed", 7, "7. "),
            ("numeric", 5, "0101. "),
            ("alphabetic", 5, "ba. "),
            ("symbolic", 3, "**. "),
            ("additive", 7, "VII. "),
            ("additive", 0, "-. "),
            ("other", 2, "<den"),
            ("lower-ROMAN", 1944, "mcmxliv. "),
            ("upper-alpha", 28, "AB. "),
            ("disc", 1, "• "),
            ("unknown", 3, "3. "),
        ] {
            let (prefix, text, suffix) = written(&styles, name.as_bytes(), value);
            assert_eq!(String::from_utf8([prefix, text, suffix].concat()).unwrap(), expected, "{name} {value}");
        }
    }

    #[test]
    fn counters_are_those_of_the_elements_around() {
        let mut counters = Counters::default();
        counters.change(b"a b 5", Change::Reset, 0);
        counters.change(b"a 2", Change::Increment, 1);
        counters.change(b"a", Change::Reset, 2);
        counters.change(b"a", Change::Increment, 2);
        assert_eq!(counters.values(b"a"), [2, 1]);
        counters.leave(1);
        assert_eq!((counters.values(b"a"), counters.values(b"b"), counters.values(b"c")), (vec![2], vec![5], vec![0]));
    }
}
