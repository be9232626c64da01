//! Values that stand for themselves: ids, languages, dates, scopes, tests.

use toml::Spanned;
use toml::value::Datetime;

use super::Reader;
use super::raw::{RawScope, RawTest};
use crate::config::Place;
use crate::content::PartKind;
use crate::text::problem::Fault;
use crate::text::rule::{Expiry, RuleSample, Scope, Wildcard, is_name};

impl Reader<'_> {
    pub(super) fn check_id(&mut self, id: &Spanned<String>, place: Place) {
        self.check_name("id", id);
        match self.ids.get(id.get_ref()).copied() {
            Some(first) => self.complain(id.span().start, &Fault::DuplicateId { id: id.get_ref().clone(), first }),
            None => {
                self.ids.insert(id.get_ref().clone(), place);
            }
        }
    }

    /// Ids and labels go into headers and metrics, so their letters are few.
    pub(super) fn check_name(&mut self, what: &'static str, name: &Spanned<String>) {
        if !is_name(name.get_ref()) {
            self.complain(name.span().start, &Fault::Name { what, value: name.get_ref().clone() });
        }
    }

    pub(super) fn check_language(&mut self, language: &Spanned<String>) {
        if !is_language(language.get_ref()) {
            self.complain(language.span().start, &Fault::Language(language.get_ref().clone()));
        }
    }

    pub(super) fn check_expiry(&mut self, written: &Spanned<Datetime>) -> Option<Expiry> {
        let expiry = Expiry::of(written.get_ref());
        if expiry.is_none() {
            self.complain(written.span().start, &Fault::TimeWithoutDate);
        }
        expiry
    }

    pub(super) fn check_scope(&mut self, raw: Option<&RawScope>) -> Scope {
        let Some(raw) = raw else {
            return Scope::default();
        };
        for kind in &raw.kinds {
            let pattern = Wildcard::new(kind.get_ref());
            if !PartKind::ALL.iter().any(|known| pattern.fits(known.name())) {
                self.complain(kind.span().start, &Fault::UnknownKind(kind.get_ref().clone()));
            }
        }
        let patterns = |names: &[String]| names.iter().map(|name| Wildcard::new(name)).collect();
        let spanned = |names: &[Spanned<String>]| names.iter().map(|name| Wildcard::new(name.get_ref())).collect();
        Scope {
            fields: patterns(&raw.fields),
            file_names: patterns(&raw.file_names),
            types: patterns(&raw.types),
            kinds: spanned(&raw.kinds),
            routes: spanned(&raw.routes),
        }
    }

    /// The routes that a scope names, with their places.
    pub(super) fn named_routes(&mut self, raw: Option<&RawScope>) -> Vec<(String, Place)> {
        let names = raw.map_or(&[][..], |scope| &scope.routes);
        names.iter().map(|name| (name.get_ref().clone(), self.places.at(name.span().start))).collect()
    }

    pub(super) fn check_test(&mut self, test: &Spanned<RawTest>) -> Option<RuleSample> {
        let (start, raw) = (test.span().start, test.get_ref());
        let text = match (&raw.text, &raw.file) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(file)) => self.read_file("file", file)?,
            _ => {
                self.complain(start, &Fault::TestWithoutText);
                return None;
            }
        };
        let (field, file_name) = (raw.field.clone(), raw.file_name.clone());
        Some(RuleSample { text, expect: raw.expect, field, file_name, place: self.places.at(start) })
    }

    /// The content of a file in the folder of this one.
    pub(super) fn read_file(&mut self, field: &'static str, name: &Spanned<String>) -> Option<Vec<u8>> {
        let (start, written) = (name.span().start, name.get_ref().clone());
        let is_inside = !written.starts_with('/') && written.split('/').all(|step| !matches!(step, "" | "." | ".."));
        if !is_inside {
            self.complain(start, &Fault::FileOutside { field, name: written });
            return None;
        }
        match (self.read)(&written) {
            Ok(content) => Some(content),
            Err(error) => {
                self.complain(start, &Fault::UnreadableFile { field, name: written, error });
                None
            }
        }
    }
}

/// Whether `tag` has the form of a BCP 47 tag: letters, then parts of up to eight letters and digits.
fn is_language(tag: &str) -> bool {
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=8).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    (is_language || language == "x" && tag.len() > 2) && parts.all(is_part)
}
