//! Identifiers → terms.

use toml::Spanned;

use super::raw::{RawHashed, RawIdentifiers};
use super::{Reader, list};
use crate::text::identifiers::{HashedAs, Identifier, IdentifierKind};
use crate::text::problem::{Fault, RuleProblem};
use crate::text::rule::{Term, Terms};

impl Reader<'_> {
    /// Terms for identifiers, each of weight 1.
    pub(super) fn check_identifiers(&mut self, raw: &Spanned<RawIdentifiers>, terms: &mut Terms) -> Vec<(Term, u32)> {
        let (start, raw) = (raw.span().start, raw.get_ref());
        let hashed_as = self.check_hashing(raw);
        let mut add = |written: &str| {
            let identifier = match hashed_as.clone() {
                Some(hashed_as) => Identifier::hashed(raw.kind, hashed_as, written),
                None => Identifier::readable(raw.kind, written),
            };
            identifier.map(|identifier| (terms.add_identifier(identifier), 1)).ok_or_else(|| match hashed_as {
                None => Fault::Identifier { kind: raw.kind, written: written.to_owned() },
                Some(_) => Fault::IdentifierHash(written.to_owned()),
            })
        };
        let mut found = Vec::new();
        for written in &raw.list {
            match add(written.get_ref()) {
                Ok(term) => found.push(term),
                Err(fault) => self.complain(written.span().start, &fault),
            }
        }
        if let Some((file, list)) = raw.file.as_ref().and_then(|name| self.read_list("file", name)) {
            for (place, written) in list::keywords(&list) {
                match add(written) {
                    Ok(term) => found.push(term),
                    Err(fault) => {
                        self.problems.push(RuleProblem::in_file(&file, place, &fault));
                    }
                }
            }
        }
        if raw.list.is_empty() && raw.file.is_none() {
            self.complain(start, &Fault::NoIdentifiers);
        }
        found
    }

    fn check_hashing(&mut self, raw: &RawIdentifiers) -> Option<HashedAs> {
        let hashed = raw.hashed.as_ref().map(|hashed| (*hashed.get_ref(), hashed.span().start));
        let is_salted = hashed.is_some_and(|(hashed, _)| hashed == RawHashed::Sha256);
        if let Some(salt) = raw.salt.as_ref().filter(|_| !is_salted) {
            self.complain(salt.span().start, &Fault::SaltWithoutHash);
        }
        let (hashed, start) = hashed?;
        if hashed == RawHashed::UrlMd5 && raw.kind != IdentifierKind::Url {
            self.complain(start, &Fault::UrlMd5OfOther(raw.kind));
        }
        let salt = || raw.salt.as_ref().map_or_else(String::new, |salt| salt.get_ref().clone());
        Some(if is_salted { HashedAs::SaltedSha256(salt()) } else { HashedAs::UrlMd5 })
    }
}
