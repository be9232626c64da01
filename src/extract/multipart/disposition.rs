//! `Content-Disposition: form-data; name="…"; filename="…"`, in every way in which a server may read it.
//!
//! What it says decides what a part is called and whether it is a file or a field, never which bytes are its content.
//! So nothing here is refused but a file name that climbs out of its folder: where readers disagree, every reading of
//! the names is kept, and the content is inspected as a file and as a field.

use std::collections::BTreeSet;

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::extract::parameters::{Backslash, LooseParameter, read_loosely};
use crate::extract::percent;

/// Readings of names that are kept. A header has to be made for it to have more than three.
const MAX_READINGS: usize = 8;

/// What servers take a part for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// All of them for a field.
    Field,
    /// All of them for a file.
    File,
    /// Some for a field, some for a file; others drop it.
    Either,
}

/// What a part is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Names {
    pub(super) name: Option<String>,
    /// Empty when a browser sends a file input without a file.
    pub(super) file_name: Option<String>,
}

/// Every reading of a disposition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    /// The likeliest reading, with percent escapes as they are.
    pub(super) names: Names,
    pub(super) role: Role,
    /// Further readings.
    pub(super) others: BTreeSet<Names>,
    /// Texts in which every other reading of a name stands; none where the notation is the usual one.
    pub(super) texts: Vec<Vec<u8>>,
    /// Whether some reading of the file name leaves its folder by `..`.
    pub(super) climbs: bool,
}

impl Disposition {
    /// What a part without the header is.
    pub(super) fn missing() -> Self {
        let (others, texts) = (BTreeSet::new(), Vec::new());
        Self { names: Names::default(), role: Role::Either, others, texts, climbs: false }
    }

    /// Reads a header value, unfolded.
    pub(super) fn read(value: &[u8]) -> Self {
        let (kind, parameters) = value.split_at(memchr::memchr(b';', value).unwrap_or(value.len()));
        let literal = read_loosely(parameters, Backslash::IsLiteral);
        let escaped = read_loosely(parameters, Backslash::Escapes);
        let is_form_data = kind.eq_ignore_ascii_case(b"form-data");
        let is_usual = is_form_data && literal == escaped && is_usual(&literal) && str::from_utf8(value).is_ok();
        let mut readings: Vec<Names> = [&literal, &escaped].into_iter().flat_map(|read| readings(read)).collect();
        let role = match &readings[0].file_name {
            None if is_usual => Role::Field,
            Some(name) if is_usual && !name.is_empty() => Role::File,
            _ if is_form_data && names_a_file(&literal) && names_a_file(&escaped) => Role::File,
            _ => Role::Either,
        };
        let climbs = climbs(&readings, value, is_usual);
        let names = readings.swap_remove(0);
        let others: BTreeSet<Names> = readings.into_iter().filter(|other| *other != names).take(MAX_READINGS).collect();
        let texts = if is_usual { Vec::new() } else { texts(value, &escaped) };
        Self { names, role, others, texts, climbs }
    }

    /// What two headers of one part say together.
    pub(super) fn and(mut self, other: Self) -> Self {
        if self != other {
            self.role = Role::Either;
        }
        self.climbs |= other.climbs;
        self.texts.extend(other.texts);
        self.others.extend(other.others);
        self.others.insert(other.names);
        self
    }

    /// Whether some reading of the name is `name`, whatever its case.
    pub(super) fn may_be_named(&self, name: &str) -> bool {
        let readings = std::iter::once(&self.names).chain(&self.others);
        readings.filter_map(|names| names.name.as_deref()).any(|read| read.eq_ignore_ascii_case(name))
    }
}

/// Whether the parameters are a name and at most a file name, as nearly every client writes them.
fn is_usual(parameters: &[LooseParameter]) -> bool {
    let is_known = |parameter: &LooseParameter| parameter.is_plain && matches!(&*parameter.name, "name" | "filename");
    let is_named = the_one(parameters, "name").is_some_and(|parameter| !parameter.value.is_empty());
    parameters.iter().all(is_known) && is_named && parameters.iter().filter(|p| p.name == "filename").count() <= 1
}

/// Whether there is one name and one file name, so that everybody who reads these parameters sees a file.
fn names_a_file(parameters: &[LooseParameter]) -> bool {
    let has_one = |name| the_one(parameters, name).is_some_and(|parameter| !parameter.value.is_empty());
    has_one("name") && has_one("filename")
}

/// The parameter of this very name, if there is exactly one.
fn the_one<'p>(parameters: &'p [LooseParameter], name: &str) -> Option<&'p LooseParameter> {
    let mut named = parameters.iter().filter(|parameter| parameter.name == name);
    named.next().filter(|_| named.next().is_none())
}

/// Every pair of name and file name among `parameters`; at least one, which may be empty.
fn readings(parameters: &[LooseParameter]) -> Vec<Names> {
    let (names, file_names) = (values(parameters, "name"), values(parameters, "filename"));
    let at = |values: &[String], index: usize| values.get(index).or(values.last()).cloned();
    let count = names.len().max(file_names.len()).clamp(1, MAX_READINGS);
    (0..count).map(|index| Names { name: at(&names, index), file_name: at(&file_names, index) }).collect()
}

/// What may be meant by `name`: its plain values first, then `name*`, then the pieces `name*0`, `name*1`… joined as
/// they come, and by their numbers, as Go does.
fn values(parameters: &[LooseParameter], name: &str) -> Vec<String> {
    let (mut plain, mut extended, mut pieces) = (Vec::new(), Vec::new(), Vec::new());
    for parameter in parameters {
        let lower = parameter.name.to_ascii_lowercase();
        let Some(rest) = lower.strip_prefix(name) else { continue };
        match (rest, rest.strip_prefix('*')) {
            ("", _) => plain.push(parameter.value.clone()),
            ("*", _) => extended.push(undo_extended(&parameter.value)),
            (_, Some(number)) => match number.strip_suffix('*') {
                Some(number) => pieces.push((number.parse(), undo_extended(&parameter.value))),
                None => pieces.push((number.parse::<u32>(), parameter.value.clone())),
            },
            _ => {}
        }
    }
    let join = |pieces: &[(_, Vec<u8>)]| pieces.iter().flat_map(|(_, value)| value.clone()).collect::<Vec<u8>>();
    let as_they_come = join(&pieces);
    pieces.sort_by_key(|(number, _)| number.clone().unwrap_or(u32::MAX));
    let by_number = Some(join(&pieces)).filter(|joined| *joined != as_they_come);
    let joined = Some(as_they_come).filter(|joined| !joined.is_empty()).into_iter().chain(by_number);
    plain.into_iter().chain(extended).chain(joined).map(|value| text(&value)).collect()
}

/// A name in UTF-8; what is not in it is taken for windows-1252, as old clients write.
fn text(value: &[u8]) -> String {
    match str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(value).0.into_owned(),
    }
}

/// `charset'language'value` without its escapes, in UTF-8 (RFC 8187). What is not in that notation only loses escapes.
fn undo_extended(value: &[u8]) -> Vec<u8> {
    let mut pieces = value.splitn(3, |byte| *byte == b'\'');
    let (Some(charset), Some(_), Some(escaped)) = (pieces.next(), pieces.next(), pieces.next()) else {
        return percent::undo(value, b'%', None);
    };
    let bytes = percent::undo(escaped, b'%', None);
    match Encoding::for_label_no_replacement(charset) {
        Some(encoding) => encoding.decode_without_bom_handling(&bytes).0.into_owned().into_bytes(),
        None => bytes,
    }
}

/// The header value itself, in which every name stands that is read out of it as it is, and what its escapes make of
/// it.
fn texts(value: &[u8], escaped: &[LooseParameter]) -> Vec<Vec<u8>> {
    let mut texts = vec![value.to_vec()];
    if value.contains(&b'\\') {
        texts.push(value.iter().copied().filter(|byte| *byte != b'\\').collect());
    }
    let values = ["name", "filename"].into_iter().flat_map(|name| values(escaped, name));
    texts.extend(values.map(String::into_bytes).filter(|read| !texts.contains(read)).collect::<Vec<_>>());
    texts
}

/// Folders are let through, since browsers send them for a directory that is uploaded; `..` they never send.
fn climbs(readings: &[Names], value: &[u8], is_usual: bool) -> bool {
    let file_names = readings.iter().filter_map(|names| names.file_name.as_deref());
    let has_parent =
        |text: &[u8], ends: &[u8]| text.split(|byte| ends.contains(byte)).any(|folder| folder.trim_ascii() == b"..");
    let in_name = |name: &str| {
        has_parent(name.as_bytes(), b"/\\") || has_parent(&percent::undo(name.as_bytes(), b'%', None), b"/\\")
    };
    // In a notation that servers cut in different ways, anything may be the begin of a name.
    file_names.into_iter().any(in_name) || !is_usual && has_parent(value, b"/\\\"';=")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Role, name and file name, and the file names of other readings.
    fn read(value: &str) -> (Role, Option<String>, Option<String>, Vec<String>) {
        let Disposition { names, role, others, .. } = Disposition::read(value.as_bytes());
        (role, names.name, names.file_name, others.into_iter().filter_map(|names| names.file_name).collect())
    }

    #[test]
    fn every_reading_of_a_name_is_kept_and_the_role_is_either_where_readers_disagree() {
        use Role::{Either, Field, File};
        for (value, role, name, file_name, others) in [
            ("form-data; name=\"t\"", Field, Some("t"), None, &[][..]),
            ("form-data; name=t; filename=a.jpg", File, Some("t"), Some("a.jpg"), &[]),
            ("Form-Data;name=\"t\";filename=\"a\";", File, Some("t"), Some("a"), &[]),
            ("form-data; name=\"t\"; filename=\"\"", Either, Some("t"), Some(""), &[]),
            ("form-data; name=\"\"; filename=\"a\"", Either, Some(""), Some("a"), &[]),
            ("form-data; name=\"t\"; filename=\"C:\\x\\y.jpg\"", File, Some("t"), Some("C:\\x\\y.jpg"), &["C:xy.jpg"]),
            ("form-data; name=\"t\"; filename=\"\\\"q\\\".jpg\"", File, Some("t"), Some("\\"), &["\"q\".jpg"]),
            ("form-data; name=\"f\\\"; filename=\\\"a\"", Either, Some("f\\"), Some("\\\"a\""), &[]),
            ("form-data; name=\"t\"; filename*=utf-8''%C3%9C.jpg", Either, Some("t"), Some("Ü.jpg"), &[]),
            ("form-data; name=\"t\"; filename*=iso-8859-1'en'%DC", Either, Some("t"), Some("Ü"), &[]),
            ("form-data; name=\"t\"; filename=\"a\"; filename*=utf-8''b", File, Some("t"), Some("a"), &["b"]),
            ("form-data; name=\"t\"; filename*0=a; filename*1*=%62", Either, Some("t"), Some("ab"), &[]),
            ("form-data; name=\"t\"; filename*1=a; filename*0=b", Either, Some("t"), Some("ab"), &["ba"]),
            ("form-data; name=\"t\"; filename=\"a\"; filename=\"b\"", Either, Some("t"), Some("a"), &["b"]),
            ("form-data; name=\"t\"; filename=\"a\"; size=3", File, Some("t"), Some("a"), &[]),
            ("attachment; filename=\"a\"", Either, None, Some("a"), &[]),
            ("form-data; name='t'", Either, Some("'t'"), None, &[]),
            ("form-data; Name=\"t\"", Either, Some("t"), None, &[]),
            ("form-data", Either, None, None, &[]),
        ] {
            let expected = (role, name.map(str::to_owned), file_name.map(str::to_owned), others);
            let found = read(value);
            let others: Vec<&str> = found.3.iter().map(String::as_str).collect();
            assert_eq!((found.0, found.1.clone(), found.2.clone(), &others[..]), expected, "{value}");
        }
    }

    #[test]
    fn a_name_in_another_charset_is_read_in_windows_1252() {
        let found = Disposition::read(b"form-data; name=\"t\"; filename=\"\xdc.jpg\"");
        assert_eq!(found.names.file_name.as_deref(), Some("Ü.jpg"));
        assert_eq!(found.role, Role::File);
    }

    #[test]
    fn texts_hold_what_some_reader_takes_for_a_name() {
        for (value, expected) in [
            ("form-data; name=\"t\"; filename=\"ev\\il\"", "evil"),
            ("form-data; name=\"t\"; filename=\"a\"evil\"", "evil"),
            ("form-data; name=\"t\"; filename*0=ev; filename*1=il", "evil"),
            ("form-data; name=\"t\"; x=\"evil\"", "evil"),
        ] {
            let texts = Disposition::read(value.as_bytes()).texts;
            let is_in = |text: &Vec<u8>| memchr::memmem::find(text, expected.as_bytes()).is_some();
            assert!(texts.iter().any(is_in), "{value}");
        }
    }

    #[test]
    fn names_that_leave_their_folder_are_seen_in_every_notation() {
        for value in [
            "filename=\"../a\"",
            "filename=\"..\\a\"",
            "filename=\"a/../b\"",
            "filename=\"..\"",
            "filename*=utf-8''..%2Fa",
            "filename=\"%2e%2e/a\"",
            "filename=\"..\\\\a\"",
            "filename=\"a\"../b\"",
            "filename='../a'",
            "filename=\"a\"; filename=\"../b\"",
        ] {
            assert!(Disposition::read(format!("form-data; name=\"t\"; {value}").as_bytes()).climbs, "{value}");
        }
        for value in ["filename=\"a..b\"", "filename=\"...\"", "filename=\"dir/a\"", "filename=\"C:\\x..\\a\""] {
            assert!(!Disposition::read(format!("form-data; name=\"t\"; {value}").as_bytes()).climbs, "{value}");
        }
    }
}
