//! What names a thing and no word: URLs, domains, e-mail addresses, wallets of currencies, telephone numbers.
//!
//! Each kind has one form that all ways to write it come down to; lists and texts are compared in that form, or in hashes of
//! it. "hxxps://Evil[.]example/a?utm_source=x" is `evil.example/a`.

mod email;
mod list;
mod phone;
mod url;
mod wallet;

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use self::list::IdentifierIndex;
pub use self::list::{HashedAs, Identifier, Listed};

/// Bytes of the longest identifier.
pub(super) const LONGEST: usize = 1 << 10;

/// What sort of thing is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdentifierKind {
    /// A page, and what lies below its path.
    Url,
    /// A host and those below it.
    Domain,
    /// An e-mail address.
    Email,
    /// An address of Bitcoin, Ethereum, Litecoin, Monero and the like.
    Wallet,
    /// A telephone number.
    Phone,
}

impl IdentifierKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Url, Self::Domain, Self::Email, Self::Wallet, Self::Phone];

    /// As in a rule file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Domain => "domain",
            Self::Email => "email",
            Self::Wallet => "wallet",
            Self::Phone => "phone",
        }
    }

    /// What an entry of a list looks like.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Url => "one such as \"site.example/path\"",
            Self::Domain => "one such as \"site.example\"",
            Self::Email => "one such as \"name@site.example\"",
            Self::Wallet => "an address of Bitcoin, Ethereum, Litecoin, Monero or the like",
            Self::Phone => "one with its country such as \"+49 151 2345678\"",
        }
    }

    /// The one form of `written`; `None` when it names nothing of this kind.
    pub fn normalised(self, written: &str) -> Option<String> {
        let written = written.trim();
        match self {
            Self::Url => url::Page::parse(written).map(|page| page.to_string()),
            Self::Domain => {
                url::Page::parse(written).filter(url::Page::is_host_alone).map(|page| page.host().to_owned())
            }
            Self::Email => email::normalised(written),
            Self::Wallet => wallet::normalised(written),
            Self::Phone => phone::normalised(written),
        }
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something in a text that may be on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) kind: IdentifierKind,
    /// In the one form.
    pub(super) normalised: String,
    /// Where it is in the text.
    pub(super) span: Range<usize>,
}

/// Every identifier in `text`. One that touches the end is left out unless the text `is_whole`.
pub(super) fn sightings(text: &str, is_whole: bool) -> Vec<Sighting> {
    let mut seen = Vec::new();
    for (start, token) in tokens(text) {
        let is_cut = start + token.len() == text.len() && !is_whole;
        if is_cut || token.len() > LONGEST {
            continue;
        }
        let mut add = |kind, normalised: Option<String>, part: Range<usize>| {
            seen.extend(normalised.map(|normalised| Sighting {
                kind,
                normalised,
                span: start + part.start..start + part.end,
            }));
        };
        let trimmed = trimmed(token);
        let part = &token[trimmed.clone()];
        if part.contains('@') {
            add(IdentifierKind::Email, email::normalised(part), trimmed.clone());
        }
        if part.contains('.') {
            add(IdentifierKind::Url, IdentifierKind::Url.normalised(part), trimmed.clone());
        }
        if part.len() >= wallet::LEAST {
            add(IdentifierKind::Wallet, wallet::normalised(part), trimmed);
        }
    }
    let phones = phone::sightings(text, is_whole);
    seen.extend(phones.map(|(span, normalised)| Sighting { kind: IdentifierKind::Phone, normalised, span }));
    seen
}

/// What stands between white space, quotation marks, brackets around it and the like, and where.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends =
        |ch: char| ch.is_whitespace() || matches!(ch, '<' | '>' | '"' | '“' | '”' | '«' | '»' | '`' | '|' | '{' | '}');
    text.split(ends)
        .filter(|token| !token.is_empty())
        .map(|token| (token.as_ptr() as usize - text.as_ptr() as usize, token))
}

/// The part of `token` without the punctuation around it.
fn trimmed(token: &str) -> Range<usize> {
    let around = |ch: char| {
        matches!(ch, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '‘' | '(' | ')' | '[' | ']' | '*' | '_' | '…')
    };
    let start = token.len() - token.trim_start_matches(around).len();
    let end = token.trim_end_matches(around).len();
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(IdentifierKind, String, &str)> {
        sightings(text, true).into_iter().map(|seen| (seen.kind, seen.normalised, &text[seen.span])).collect()
    }

    #[test]
    fn identifiers_are_seen_in_running_text() {
        let text = "See (hxxps://Evil[.]example/a/?utm_source=x), write to <Jane.Doe+spam@GMail.com> or call +49 (151) 234-5678.";
        assert_eq!(
            seen(text),
            [
                (IdentifierKind::Url, "evil.example/a".to_owned(), "hxxps://Evil[.]example/a/?utm_source=x"),
                (IdentifierKind::Email, "janedoe@gmail.com".to_owned(), "Jane.Doe+spam@GMail.com"),
                (IdentifierKind::Phone, "491512345678".to_owned(), "+49 (151) 234-5678"),
            ]
        );
        assert_eq!(seen("nothing here, v1.2 or 3.14 or 2024-05-06"), []);
    }

    #[test]
    fn what_touches_the_end_waits_for_the_rest() {
        assert_eq!(sightings("see evil.example", false), []);
        assert_eq!(sightings("call +49 151 2345678", false), []);
        assert_eq!(sightings("see evil.example ", false).len(), 1);
    }
}
