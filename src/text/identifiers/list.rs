//! Lists of identifiers, readable or hashed, and who asks for them.

use std::collections::HashMap;

use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::url::Page;
use super::{IdentifierKind, Sighting, phone};

/// How a list is hashed that is not to be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HashedAs {
    /// The MD5 that ThreatExchange calls `url_md5`: of the URL in lower case without its scheme. Of a URL in a text that is
    /// tried as it is written, and in its one form with and without a "/" behind it.
    UrlMd5,
    /// SHA-256 of a salt and the one form of an identifier.
    SaltedSha256(String),
}

/// Something on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// What it names.
    pub kind: IdentifierKind,
    /// In which form it is compared.
    pub listed: Listed,
    /// As in the rule file.
    pub written: String,
}

impl Identifier {
    /// An entry as somebody wrote it; `None` when it names nothing of its kind.
    pub fn readable(kind: IdentifierKind, written: &str) -> Option<Self> {
        let listed = Listed::Readable(kind.normalised(written)?);
        Some(Self { kind, listed, written: written.to_owned() })
    }

    /// An entry of which only a hash is listed; `None` when that is no hash of this sort in hex.
    pub fn hashed(kind: IdentifierKind, hashed_as: HashedAs, written: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(written.trim().as_bytes()).ok()?;
        let written = written.to_owned();
        let is_one = bytes.len() == hashed_as.bytes();
        is_one.then(|| Self { kind, listed: Listed::Hashed(hashed_as, hex(&bytes)), written })
    }
}

impl HashedAs {
    const fn bytes(&self) -> usize {
        match self {
            Self::UrlMd5 => 16,
            Self::SaltedSha256(_) => 32,
        }
    }
}

/// An entry in the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Listed {
    /// In its one form.
    Readable(String),
    /// As a hash in lower-case hex.
    Hashed(HashedAs, String),
}

/// Every listed identifier with those who ask for it.
#[derive(Debug)]
pub(in crate::text) struct IdentifierIndex<T> {
    readable: HashMap<(IdentifierKind, String), Vec<T>>,
    hashed: HashMap<(IdentifierKind, HashedAs), HashMap<String, Vec<T>>>,
    /// Telephone numbers by their last digits, for those that are seen without their country.
    phones: HashMap<String, Vec<(String, T)>>,
}

impl<T> Default for IdentifierIndex<T> {
    fn default() -> Self {
        Self { readable: HashMap::new(), hashed: HashMap::new(), phones: HashMap::new() }
    }
}

impl<T: Copy> IdentifierIndex<T> {
    /// Adds an entry that `seeker` asks for.
    pub(in crate::text) fn add(&mut self, Identifier { kind, listed, .. }: &Identifier, seeker: T) {
        let kind = *kind;
        if let (IdentifierKind::Phone, Listed::Readable(number)) = (kind, listed) {
            let numbers = self.phones.entry(phone::last_digits(number).to_owned()).or_default();
            numbers.push((number.clone(), seeker));
        }
        let seekers = match listed {
            Listed::Readable(normalised) => self.readable.entry((kind, normalised.clone())).or_default(),
            Listed::Hashed(hashed_as, hash) => {
                self.hashed.entry((kind, hashed_as.clone())).or_default().entry(hash.clone()).or_default()
            }
        };
        seekers.push(seeker);
    }

    pub(in crate::text) fn is_empty(&self) -> bool {
        self.readable.is_empty() && self.hashed.is_empty()
    }

    /// Who asks for what `seen` is, or lies below. `written` is how it stands in the text.
    pub(in crate::text) fn seekers(&self, seen: &Sighting, written: &str) -> Vec<T> {
        let mut seekers = Vec::new();
        for (kind, form) in forms(seen) {
            seekers.extend(self.readable.get(&(kind, form.clone())).into_iter().flatten());
            for ((listed_kind, hashed_as), hashes) in &self.hashed {
                if *listed_kind == kind
                    && let HashedAs::SaltedSha256(salt) = hashed_as
                {
                    let hash = hex(&Sha256::new().chain_update(salt).chain_update(&form).finalize());
                    seekers.extend(hashes.get(&hash).into_iter().flatten());
                }
            }
        }
        if seen.kind == IdentifierKind::Url
            && let Some(hashes) = self.hashed.get(&(IdentifierKind::Url, HashedAs::UrlMd5))
        {
            let written = written.to_lowercase();
            let bare = written.split_once("://").map_or(written.as_str(), |(_, rest)| rest);
            for form in [bare, &seen.normalised, &format!("{}/", seen.normalised)] {
                seekers.extend(hashes.get(&hex(&Md5::digest(form))).into_iter().flatten());
            }
        }
        if seen.kind == IdentifierKind::Phone {
            let alike = self.phones.get(phone::last_digits(&seen.normalised)).into_iter().flatten();
            let fitting = alike.filter(|(number, _)| phone::is_national_form(&seen.normalised, number));
            seekers.extend(fitting.map(|(_, seeker)| seeker));
        }
        seekers
    }
}

/// Every form in which what was seen may be listed.
fn forms(seen: &Sighting) -> Vec<(IdentifierKind, String)> {
    let page = match seen.kind {
        IdentifierKind::Url => Page::parse(&seen.normalised),
        IdentifierKind::Email => seen.normalised.rsplit_once('@').and_then(|(_, host)| Page::parse(host)),
        _ => None,
    };
    let mut forms: Vec<_> = match (&page, seen.kind) {
        (Some(page), IdentifierKind::Url) => {
            page.and_above().into_iter().map(|form| (IdentifierKind::Url, form)).collect()
        }
        _ => vec![(seen.kind, seen.normalised.clone())],
    };
    forms.extend(page.iter().flat_map(Page::hosts).map(|host| (IdentifierKind::Domain, host.to_owned())));
    forms
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::sightings;
    use super::*;

    fn index(entries: &[Identifier]) -> IdentifierIndex<usize> {
        let mut index = IdentifierIndex::default();
        entries.iter().enumerate().for_each(|(number, entry)| index.add(entry, number));
        index
    }

    fn found(index: &IdentifierIndex<usize>, text: &str) -> Vec<usize> {
        let mut found: Vec<usize> =
            sightings(text, true).iter().flat_map(|seen| index.seekers(seen, &text[seen.span.clone()])).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn entries_are_found_in_all_their_forms_and_below_them() {
        use IdentifierKind::{Domain, Email, Phone, Url, Wallet};
        let readable = |kind, written| Identifier::readable(kind, written).unwrap();
        let index = index(&[
            readable(Url, "https://evil.example/shop"),
            readable(Domain, "bad.example"),
            readable(Email, "Jane.Doe@gmail.com"),
            readable(Wallet, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            readable(Phone, "+49 151 2345678"),
        ]);
        for (text, expected) in [
            ("see http://www.evil.example/shop/item?id=1&utm_source=x!", &[0][..]),
            ("evil.example/shopping", &[]),
            ("evil.example", &[]),
            ("hxxps://a.b.bad[.]example/x", &[1]),
            ("someone@mail.bad.example", &[1]),
            ("janedoe+x@googlemail.com", &[2]),
            ("pay bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa?amount=1 now", &[3]),
            ("call 0151/2345678 or +49-151-234-5678", &[4]),
            ("order 0151234567 of 2024", &[]),
            ("call 02345678 or +51 151 2345678", &[]),
        ] {
            assert_eq!(found(&index, text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_without_its_country_may_be_that_of_several() {
        let numbers = ["+49 151 2345678", "+1 (151) 234-5678", "0151 2345678", "+49 152 2345678", "+1 2345678"];
        let index = index(&numbers.map(|written| Identifier::readable(IdentifierKind::Phone, written).unwrap()));
        assert_eq!(found(&index, "call 0151 2345678"), [0, 1, 2]);
        assert_eq!(found(&index, "call 2345678"), [4]);
        assert_eq!(found(&index, "call +49 151 2345678"), [0]);
    }

    #[test]
    fn hashed_lists_are_compared_without_being_read() {
        let salted = |kind, salt: &str, form: &str| {
            let hash = hex(&Sha256::digest(format!("{salt}{form}")));
            Identifier::hashed(kind, HashedAs::SaltedSha256(salt.to_owned()), &hash).unwrap()
        };
        let md5 = hex(&Md5::digest("evil.example/a/")).to_uppercase();
        let index = index(&[
            Identifier::hashed(IdentifierKind::Url, HashedAs::UrlMd5, &md5).unwrap(),
            salted(IdentifierKind::Domain, "pepper", "bad.example"),
            salted(IdentifierKind::Email, "", "jane@example.org"),
        ]);
        assert_eq!(found(&index, "https://EVIL.example/A/"), [0]);
        assert_eq!(found(&index, "http://x.bad.example/"), [1]);
        assert_eq!(found(&index, "Jane@example.org"), [2]);
        assert_eq!(found(&index, "good.example"), [0; 0]);
    }
}
