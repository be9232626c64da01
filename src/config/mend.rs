//! Reads a configuration on after a mistake, so that all mistakes of a file are reported at once.
//!
//! The TOML reader ends at the first value that is of no use. Here such a value is taken out of the document, what is
//! missing is put in, and the document is read again until the reader is content. Nothing that was mended is ever used:
//! a file with one mistake has no configuration.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::diagnostic::reword;
use super::raw::{
    RawAdmin, RawConfig, RawConnections, RawFloodBreaker, RawHashSet, RawLimits, RawListener, RawOrigin, RawReload,
    RawRoute, RawServer,
};
use super::text_list::RawTextList;

/// Mistakes of one file that are reported; a file with more is something else.
const MOST: usize = 100;

/// Tables of which there may be several.
const SEVERAL: [&str; 5] = ["listener", "origin", "route", "hash_set", "text_list"];

/// What became of a document.
#[derive(Default)]
pub(super) struct Mended {
    /// Each with the offset in the document.
    pub(super) problems: Vec<(usize, String)>,
    /// Where something was put in. What is found to be wrong there is a consequence.
    pub(super) put_in: Vec<usize>,
}

/// Reads `source`, as far as it is TOML.
pub(super) fn read(source: &str) -> (Option<RawConfig>, Mended) {
    let mut mended = Mended::default();
    if let Some((at, what)) = other_language(source) {
        mended.problems.push((at, format!("this looks like {what}, expected TOML, for example [[listener]]")));
        return (None, mended);
    }
    let (mut document, errors) = DeTable::parse_recoverable(source);
    if !errors.is_empty() {
        mended.problems.extend(errors.iter().take(MOST).map(|error| (start(error), explain_syntax(source, error))));
        return (None, mended);
    }
    while mended.problems.len() < MOST {
        match RawConfig::deserialize(Deserializer::from(document.clone())) {
            Ok(raw) => return (Some(raw), mended),
            Err(error) => {
                if !mended.mend(&mut document, &error) {
                    break;
                }
            }
        }
    }
    (None, mended)
}

fn start(error: &Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

impl Mended {
    /// Notes `error` and removes its cause. Says whether it could.
    fn mend(&mut self, document: &mut Spanned<DeTable<'_>>, error: &Error) -> bool {
        let span = error.span().unwrap_or(0..0);
        if let Some(key) = quoted(error.message(), "missing field ") {
            self.problems.push((start(error), reword(error.message())));
            let value = self.stand_in(key, &span);
            let is_root = table_at(document.get_mut(), &span).is_none();
            let table = if is_root { Some(document.get_mut()) } else { table_at(document.get_mut(), &span) };
            let Some(table) = table else {
                return false;
            };
            table.insert(Spanned::new(span, Cow::Owned(key.to_owned())), value);
            return true;
        }
        let Some(Entry { key, table, table_start }) = entry_at(document.get_mut(), &span) else {
            self.note(start(error), reword(error.message()));
            return false;
        };
        if error.message() == "wanted string or table"
            && let Some(value) = table.get_mut(key.as_str())
        {
            // Read as text, so that what may be written there is said.
            let text = value.get_ref().as_str().map_or_else(|| written(value.get_ref()), str::to_owned);
            *value.get_mut() = DeValue::String(Cow::Owned(text));
            return true;
        }
        let found = table.get(key.as_str());
        let sentence = found.map_or_else(|| reword(error.message()), |value| explain(&key, value, error.message()));
        self.note(start(error), sentence);
        // Put in once already: it is of no use there.
        let is_new = !self.put_in.contains(&span.start);
        let is_value = found.is_some_and(|value| value.span().start <= span.start && span.end <= value.span().end);
        let value = (is_new && is_value && is_needed(&key)).then(|| self.stand_in(&key, &span));
        match (value, table.get_mut(key.as_str())) {
            (Some(value), Some(place)) => *place = value,
            _ => {
                table.remove(key.as_str());
                // What is said to be missing in the table is a consequence too.
                self.put_in.extend(table_start);
            }
        }
        true
    }

    /// What is wrong where something was put in is a consequence.
    fn note(&mut self, at: usize, sentence: String) {
        if !self.put_in.contains(&at) {
            self.problems.push((at, sentence));
        }
    }

    /// A value that the reader takes for `key`.
    fn stand_in<'i>(&mut self, key: &str, span: &Range<usize>) -> Spanned<DeValue<'i>> {
        self.put_in.push(span.start);
        let text = |text: String| DeValue::String(Cow::Owned(text));
        let value = match key {
            "listener" => parsed("[{ address = \"127.0.0.1:0\" }]"),
            "origin" => parsed("[{ name = \"mended\", servers = [\"127.0.0.1:1\"] }]"),
            "inspect" => text("off".to_owned()),
            "address" => text("127.0.0.1:0".to_owned()),
            "values" | "servers" => {
                let mut values = toml::de::DeArray::new();
                values.push(Spanned::new(span.clone(), text("127.0.0.1:1".to_owned())));
                DeValue::Array(values)
            }
            // No two the same, since names must not be.
            _ => text(format!("mended-{}", self.put_in.len())),
        };
        Spanned::new(span.clone(), value)
    }
}

/// A value of one word as it is written.
fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        _ => String::new(),
    }
}

/// What another language `source` is written in, and where that is seen.
fn other_language(source: &str) -> Option<(usize, &'static str)> {
    let mut at = 0;
    let mut lines = source.split_inclusive('\n').filter_map(|line| {
        let text = line.trim_start_matches('\u{feff}').trim();
        let start = at + (line.len() - line.trim_start_matches('\u{feff}').trim_start().len());
        at += line.len();
        (!text.is_empty() && !text.starts_with('#')).then_some((start, text))
    });
    let (start, first) = lines.next()?;
    let is_key = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let what = if first.starts_with('{') {
        "JSON"
    } else if first.starts_with('<') {
        "a web page or XML"
    } else if first == "---" || first.starts_with("- ") || first.split_once(':').is_some_and(|(key, _)| is_key(key)) {
        "YAML"
    } else if !first.contains('=') && (first.ends_with('{') || first.ends_with(';')) {
        "the configuration of another server"
    } else {
        return None;
    };
    Some((start, what))
}

/// What is wrong with the syntax at a place.
fn explain_syntax(source: &str, error: &Error) -> String {
    let span = error.span().unwrap_or(0..0);
    let found = source.get(span.clone()).unwrap_or_default();
    if error.message() == "duplicate key" {
        return format!("\"{found}\" is set already");
    }
    let is_typographic = |letter: char| "\u{201c}\u{201d}\u{201e}\u{2018}\u{2019}\u{ab}\u{bb}".contains(letter);
    if source.get(span.start..).is_some_and(|rest| rest.starts_with(is_typographic)) {
        return "expected straight quotes, as in \"text\"".to_owned();
    }
    reword(error.message())
}

/// Where an option that is of no use here belongs, if it is one of another table.
fn belongs_to(option: &str) -> String {
    let tables = [
        ("[server]", options::<RawServer>()),
        ("[admin]", options::<RawAdmin>()),
        ("[connections]", options::<RawConnections>()),
        ("[limits]", options::<RawLimits>()),
        ("[flood_breaker]", options::<RawFloodBreaker>()),
        ("[reload]", options::<RawReload>()),
        ("[[listener]]", options::<RawListener>()),
        ("[[origin]]", options::<RawOrigin>()),
        ("[[route]]", options::<RawRoute>()),
        ("[[hash_set]]", options::<RawHashSet>()),
        ("[[text_list]]", options::<RawTextList>()),
    ];
    if options::<RawConfig>().iter().any(|name| name == option) {
        return format!("; {option} goes before the first [table] of the file");
    }
    let has = tables.iter().filter(|(_, options)| options.iter().any(|name| name == option));
    let places: Vec<&str> = has.map(|(table, _)| *table).collect();
    if places.is_empty() { String::new() } else { format!("; it is an option of {}", places.join(", ")) }
}

/// The options of a table, as its reader lists them when it meets another one.
fn options<T: for<'de> Deserialize<'de>>() -> Vec<String> {
    let Err(error) = T::deserialize(Deserializer::from(Spanned::new(0..0, unknown_option()))) else {
        return Vec::new();
    };
    error.message().split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn unknown_option<'i>() -> DeTable<'i> {
    let mut table = DeTable::new();
    table.insert(Spanned::new(0..0, Cow::Borrowed("?")), Spanned::new(0..0, DeValue::Boolean(false)));
    table
}

/// Whether what follows from a missing `key` would be reported as well.
fn is_needed(key: &str) -> bool {
    [
        "listener",
        "origin",
        "name",
        "inspect",
        "address",
        "servers",
        "path",
        "url",
        "certificate",
        "key",
        "column",
        "values",
    ]
    .contains(&key)
}

fn parsed(value: &'static str) -> DeValue<'static> {
    DeValue::parse(value).map_or(DeValue::Boolean(false), Spanned::into_inner)
}

/// What is in backticks after `before`.
fn quoted<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    message.strip_prefix(before)?.split('`').nth(1)
}

/// What the reader says about `value` of `key`, and what to write instead.
fn explain(key: &str, value: &Spanned<DeValue<'_>>, message: &str) -> String {
    let expects_array = message.contains("expected a sequence");
    match value.get_ref() {
        DeValue::Table(_) if expects_array && SEVERAL.contains(&key) => {
            format!("write [[{key}]] in two brackets: there may be several")
        }
        DeValue::String(text) if expects_array => format!("expected an array: write {key} = [\"{text}\"]"),
        DeValue::Array(_) if key == "rules" && message.contains("type: map") => {
            "write rules = [\"folder\"] before the first [table]: rules are named by their path only".to_owned()
        }
        _ if quoted(message, "unknown field ") == Some(key) => {
            let sentence = reword(message);
            let hint = if sentence.ends_with("?)") { String::new() } else { belongs_to(key) };
            sentence + &hint
        }
        _ => reword(message),
    }
}

/// The table whose place is `span`.
fn table_at<'t, 'i>(table: &'t mut DeTable<'i>, span: &Range<usize>) -> Option<&'t mut DeTable<'i>> {
    values(table).find_map(|value| {
        let is_it = value.span() == *span;
        let DeValue::Table(inner) = value.get_mut() else {
            return None;
        };
        if is_it { Some(inner) } else { table_at(inner, span) }
    })
}

/// Where in a document something is.
struct Entry<'t, 'i> {
    key: String,
    table: &'t mut DeTable<'i>,
    /// Where the table is; `None` for the whole document.
    table_start: Option<usize>,
}

/// The entry at `span`, which is its name, its value, or something in its value that is no table.
fn entry_at<'t, 'i>(table: &'t mut DeTable<'i>, span: &Range<usize>) -> Option<Entry<'t, 'i>> {
    let is_it = |(key, value): (&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        let is_inside = || match value.get_ref() {
            DeValue::Array(items) => items.iter().any(|item| item.span() == *span && !item.get_ref().is_table()),
            _ => false,
        };
        (key.span() == *span || value.span() == *span || is_inside()).then(|| key.get_ref().to_string())
    };
    if let Some(key) = table.iter().find_map(is_it) {
        return Some(Entry { key, table, table_start: None });
    }
    values(table).find_map(|value| {
        let start = value.span().start;
        let DeValue::Table(inner) = value.get_mut() else {
            return None;
        };
        let entry = entry_at(inner, span)?;
        Some(Entry { table_start: entry.table_start.or(Some(start)), ..entry })
    })
}

/// The values of a table, and the tables in its arrays.
fn values<'t, 'i>(table: &'t mut DeTable<'i>) -> impl Iterator<Item = &'t mut Spanned<DeValue<'i>>> {
    table.iter_mut().flat_map(|(_, value)| {
        if !value.get_ref().is_array() {
            return std::slice::from_mut(value).iter_mut();
        }
        match value.get_mut() {
            DeValue::Array(items) => items.iter_mut(),
            _ => [].iter_mut(),
        }
    })
}
