//! What a list says: rows as formats read them, as compiled sets keep them, and as findings show them.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::content::HashValue;

/// Names an entry within its set. Means something only in the set it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryIndex {
    /// Position of the layer, oldest first.
    pub(super) layer: u16,
    /// Position of the table in its layer.
    pub(super) table: u16,
    /// Row of the table.
    pub(super) row: u32,
}

/// What a list says about a hash. What it does not say, and what it says with an empty field, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct About<'a> {
    /// What the list's maintainer calls the entry. One id may stand for several hashes of one thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// What kind of content this is, as configuration refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<&'a str>,
    /// A finer classification of the list's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'a str>,
    /// Who put it on the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a str>,
    /// How sure they are, in the list's own terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<&'a str>,
    /// Whatever else the list marks it with: words, or `name=value`, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<&'a str>,
    /// When it was added, as the list writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<&'a str>,
    /// When it was last changed, as the list writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<&'a str>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a str>,
}

/// A hash that uploads are compared with, and what its list says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The hash that is listed.
    pub hash: HashValue,
    /// What is known about it.
    pub about: About<'a>,
}

impl<'a> Entry<'a> {
    /// What to call the entry: its id, or else `algorithm:hex`, which unlike a line number outlives edits of the list.
    pub fn name(&self) -> Cow<'a, str> {
        match self.about.id {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(self.hash.named()),
        }
    }
}

/// What a list lists: something uploads are compared with, or something that is only kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item<'a> {
    /// A hash.
    Hash(HashValue),
    /// Something that cannot be matched as a hash, as the list writes it.
    Kept(KeptKind, &'a str),
}

/// What is kept and exported but not compared with uploads as hashes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeptKind {
    /// PhotoDNA, whose algorithm is licensed.
    PhotoDna,
    /// TMK+PDQF of a video.
    Tmk,
    /// TLSH of a text or file.
    Tlsh,
    /// ssdeep of a file.
    Ssdeep,
    /// SHA-224 or SHA-384, or another digest that no upload is hashed with.
    OtherDigest,
    /// A `TREND_QUERY` of ThreatExchange: a keyword rule in JSON. The loader makes rules of these.
    TrendQuery,
    /// A text to be found as it is.
    Text,
    /// A URL.
    Url,
    /// The MD5 of a URL.
    UrlMd5,
}

impl KeptKind {
    /// The number that stands for it in compiled sets. Numbers are part of the format and never used twice.
    pub const fn code(self) -> u16 {
        match self {
            Self::PhotoDna => 1,
            Self::Tmk => 2,
            Self::Tlsh => 3,
            Self::Ssdeep => 4,
            Self::OtherDigest => 5,
            Self::TrendQuery => 6,
            Self::Text => 7,
            Self::Url => 8,
            Self::UrlMd5 => 9,
        }
    }

    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::PhotoDna,
        Self::Tmk,
        Self::Tlsh,
        Self::Ssdeep,
        Self::OtherDigest,
        Self::TrendQuery,
        Self::Text,
        Self::Url,
        Self::UrlMd5,
    ];

    /// The name in the `algorithm` column of Penstock's CSV, and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PhotoDna => "photodna",
            Self::Tmk => "tmk",
            Self::Tlsh => "tlsh",
            Self::Ssdeep => "ssdeep",
            Self::OtherDigest => "other_digest",
            Self::TrendQuery => "trend_query",
            Self::Text => "text",
            Self::Url => "url",
            Self::UrlMd5 => "url_md5",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for KeptKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An entry that its provider withdrew or deleted: whatever an earlier record lists that agrees with all that is given.
///
/// A removal without id and without hash removes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removal<'a> {
    /// Entries of this id.
    pub id: Option<&'a str>,
    /// Entries of this hash.
    pub hash: Option<HashValue>,
}

/// Takes what a list says, record by record, in the order of the file.
pub trait RecordSink {
    /// A list lists `item`.
    fn list(&mut self, item: Item<'_>, about: &About<'_>);

    /// A list takes back what it listed before.
    fn remove(&mut self, removal: &Removal<'_>);

    /// A row is not as its format says. What it meant is lost, so the reader goes on with the next one.
    fn reject(&mut self, problem: super::RowProblem);

    /// A row is in order but of a kind that no upload can be compared with, such as an IP address.
    fn ignore(&mut self, kind: &str);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_called_by_its_id_or_else_by_its_hash() {
        let entry = Entry { hash: HashValue::Md5([0xab; 16]), about: About::default() };
        assert_eq!(entry.name(), "md5:abababababababababababababababab");
        let about = About { id: Some("case-7"), ..entry.about };
        assert_eq!(Entry { about, ..entry }.name(), "case-7");
    }

    #[test]
    fn kinds_are_named_and_numbered_in_order() {
        for (position, kind) in KeptKind::ALL.into_iter().enumerate() {
            assert_eq!((kind as usize, KeptKind::named(kind.name())), (position, Some(kind)));
        }
    }
}
