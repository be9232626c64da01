//! Tells the format of a list from its start and its name.
//!
//! Only what can be one thing is told: where several are possible, the list is refused and the message says what to put
//! into the configuration, for a list that is read in the wrong way never matches.

use super::plain::{Ambiguity, told_by_length};
use super::signal;
use super::table::folded;
use super::{Input, clamav, csv, hashdeep, no_list, sums, threat_csv};
use crate::config::ListFormat;
use crate::content::{Algorithm, HashValue};
use crate::hash_set::problem::{ReadError, RowProblem, RowProblemKind, excerpt};

/// Bytes that are looked at.
const HEAD: usize = 64 << 10;

/// Lines that are looked at.
const LINES: usize = 100;

/// Bytes that the answer of a server about an error has at most.
const ANSWER: usize = 4 << 10;

/// What `format = …` may be, for those who read a message.
const SAY_WHICH: &str = "say which it is with format = \"…\" (docs/hash-sets.md lists the formats)";

/// The format of `input`, none of which is consumed. `algorithm` is what the configuration says of bare hashes.
///
/// # Errors
/// The file cannot be read, is empty, or its format cannot be told.
pub(super) fn format_of(input: &mut Input<'_>, algorithm: Option<Algorithm>) -> Result<ListFormat, ReadError> {
    let name = input.name();
    let head = input.head(HEAD)?;
    let is_whole = head.len() < HEAD;
    let found = told(head, is_whole, name, algorithm);
    Ok(found.map_err(|(line, message)| RowProblem { line, column: 1, kind: RowProblemKind::Format(message) })?)
}

/// A line and what is wrong there.
type Refusal = (u64, String);

fn told(head: &[u8], is_whole: bool, name: &str, algorithm: Option<Algorithm>) -> Result<ListFormat, Refusal> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(head);
    match text.trim_start().as_bytes().first() {
        None => Err((1, format!("the file is empty, expected a list; if it may be, {SAY_WHICH}"))),
        Some(b'<') => xml(&text),
        Some(b'{' | b'[') => json(&text),
        Some(_) => lines(&text, is_whole, name, algorithm),
    }
}

fn xml(text: &str) -> Result<ListFormat, Refusal> {
    if text.contains("<queryResult") || text.contains(":queryResult") {
        return Ok(ListFormat::Ncmec);
    }
    Err((1, "XML without <queryResult>, expected what NCMEC's hash sharing answers".to_owned()))
}

/// By the names of members, the rarest first: ThreatExchange's are words that others use too.
fn json(text: &str) -> Result<ListFormat, Refusal> {
    let has = |name: &str| values_of(text, name).next().is_some();
    let has_any = |names: &[&str]| names.iter().any(|name| has(name));
    if values_of(text, "type").any(|value| value.starts_with("\"bundle\"")) {
        Ok(ListFormat::Stix)
    } else if has("hashRecords") {
        Ok(ListFormat::Stopncii)
    } else if has("hash_digest") {
        Ok(ListFormat::Tat)
    } else if has_any(&["odata.metadata", "@odata.context", "MediaID"]) {
        Ok(ListFormat::Vics)
    } else if has_any(&["td_raw_indicator", "td_indicator_type"]) {
        Ok(ListFormat::ThreatTags)
    } else if has_any(&["Attribute", "Event"]) {
        Ok(ListFormat::MispJson)
    } else if has("indicator") && has("type") {
        Ok(ListFormat::ThreatUpdates)
    } else if has_any(&["error", "errors", "message", "detail", "status"]) && text.len() < ANSWER {
        Err((1, format!("this looks like what a server answers when it has no list; if it is one, {SAY_WHICH}")))
    } else {
        Err((1, format!("JSON of an unknown kind, {SAY_WHICH}")))
    }
}

/// What stands behind each member of that name.
fn values_of<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let quoted = format!("\"{name}\"");
    let len = quoted.len();
    let starts: Vec<usize> = text.match_indices(&quoted).map(|(at, _)| at + len).collect();
    starts.into_iter().filter_map(|at| Some(text[at..].trim_start().strip_prefix(':')?.trim_start()))
}

fn lines(text: &str, is_whole: bool, name: &str, algorithm: Option<Algorithm>) -> Result<ListFormat, Refusal> {
    if threat_csv::type_in_name(name).is_some() {
        return Ok(ListFormat::ThreatCsv);
    }
    let mut lines: Vec<(u64, &str)> = (1..).zip(text.lines().map(str::trim)).collect();
    // The last line may be cut off.
    if !is_whole && lines.len() > 1 {
        lines.pop();
    }
    if lines.iter().any(|(_, line)| line.starts_with(hashdeep::MAGIC)) {
        return Ok(ListFormat::Hashdeep);
    }
    lines.retain(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.truncate(LINES);
    let Some(&(number, first)) = lines.first() else {
        return Err((1, format!("the file has only comments, expected a list; if it may be empty, {SAY_WHICH}")));
    };
    if let Some(format) = by_header(first) {
        return Ok(format);
    }
    if let Some(format) = by_rows(&lines, algorithm)? {
        return Ok(format);
    }
    if let Some(separated) = no_list::other_separator(first, ',') {
        return Err((number, separated));
    }
    let names: Vec<String> = first.split(',').map(unquoted).collect();
    if names.iter().any(|name| csv::resembles_column(name)) {
        return Ok(ListFormat::Csv);
    }
    let columns = if names.len() > 1 { " or, for CSV, which column holds what with columns = { … }" } else { "" };
    Err((number, format!("\"{}\" starts no format that is known, {SAY_WHICH}{columns}", excerpt(first))))
}

fn unquoted(name: &str) -> String {
    name.trim().trim_matches('"').to_owned()
}

/// By the names of columns.
fn by_header(line: &str) -> Option<ListFormat> {
    let names: Vec<String> = line.split(',').map(|name| folded(&unquoted(name))).collect();
    let has = |name: &str| names.iter().any(|other| other == name);
    if has("algorithm") && has("hash") {
        Some(ListFormat::Csv)
    } else if has("signaltype") && has("signalstr") {
        Some(ListFormat::PytxCsv)
    } else if has("uuid") && has("type") && has("value") {
        Some(ListFormat::MispCsv)
    } else if (has("sha1") || has("sha256")) && has("filename") && has("crc32") {
        Some(ListFormat::Nsrl)
    } else {
        None
    }
}

/// By what most lines look like. No line looks like two of these.
fn by_rows(lines: &[(u64, &str)], algorithm: Option<Algorithm>) -> Result<Option<ListFormat>, Refusal> {
    let most = |is: &dyn Fn(&str) -> bool| lines.iter().filter(|(_, line)| is(line)).count() * 2 > lines.len();
    if most(&clamav::is_signature) {
        return Ok(Some(ListFormat::Clamav));
    }
    if most(&sums::is_sum) {
        return Ok(Some(ListFormat::Sums));
    }
    if most(&|line| {
        line.split_once(' ').is_some_and(|(name, value)| signal::named(name).is_some() && !value.is_empty())
    }) {
        return Ok(Some(ListFormat::PytxLines));
    }
    if let Some(algorithm) = algorithm {
        return Ok(most(&|line| HashValue::parse(algorithm, line).is_ok()).then_some(ListFormat::Plain));
    }
    for (number, line) in lines {
        if let Err(Ambiguity::OneOf(message)) = told_by_length(line) {
            return Err((*number, message.to_owned()));
        }
    }
    Ok(most(&|line| told_by_length(line).is_ok()).then_some(ListFormat::Plain))
}
