//! One row of a list, as formats write it and as findings show it.

use std::borrow::Cow;

use crate::content::HashValue;

/// Names an entry within its set.
///
/// Entries of one algorithm keep the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryIndex(pub(super) u32);

/// A hash and what its list says about it. An absent column and an empty field are both `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The hash that is listed.
    pub hash: HashValue,
    /// What the list's maintainer calls the entry; unique in its list.
    pub id: Option<&'a str>,
    /// What kind of content this is, as configuration refers to it.
    pub label: Option<&'a str>,
    /// A finer classification of the list's own.
    pub category: Option<&'a str>,
    /// Where the entry came from.
    pub source: Option<&'a str>,
    /// When it was added: `YYYY-MM-DD`, perhaps with a time.
    pub added: Option<&'a str>,
    /// Free text.
    pub note: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// An entry about which nothing but the hash is known.
    pub const fn of(hash: HashValue) -> Self {
        Self { hash, id: None, label: None, category: None, source: None, added: None, note: None }
    }

    /// What to call the entry: its id, or else `algorithm:hex`, which unlike a line number outlives edits of the list.
    pub fn name(&self) -> Cow<'a, str> {
        match self.id {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(format!("{}:{}", self.hash.algorithm(), self.hash)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_called_by_its_id_or_else_by_its_hash() {
        let entry = Entry::of(HashValue::Md5([0xab; 16]));
        assert_eq!(entry.name(), "md5:abababababababababababababababab");
        assert_eq!(Entry { id: Some("case-7"), ..entry }.name(), "case-7");
    }
}
