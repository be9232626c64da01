//! One entry of NCMEC's list, collected element by element.

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

use super::super::row::{HashKind, Row};
use super::super::tags::Tags;
use super::withdrawal::{Time, Withdrawals};
use crate::hash_set::entry::About;
use crate::hash_set::problem::{RowProblemKind, excerpt};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Listed, with the tag for its kind.
    Listed(&'static str),
    /// Taken back.
    Deleted,
}

impl What {
    /// What an element of that name is; `None` when it is no entry.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "image" => Some(Self::Listed("image")),
            "video" => Some(Self::Listed("video")),
            "deletedImage" | "deletedVideo" => Some(Self::Deleted),
            _ => None,
        }
    }
}

/// What is known of an entry so far.
pub(super) struct Entry {
    what: What,
    line: u64,
    depth: usize,
    member_id: String,
    member_name: String,
    id: String,
    timestamp: String,
    classification: String,
    /// Names and values of the hashes, and the names of those that are given as links.
    fingerprints: Vec<(String, String)>,
    links: Vec<String>,
    feedback: Tags,
}

impl Entry {
    /// The entry whose tag starts in `line` and is within `depth` elements.
    pub(super) fn new(what: What, line: u64, depth: usize) -> Self {
        let mut feedback = Tags::default();
        if let What::Listed(tag) = what {
            feedback.add(tag);
        }
        Self {
            what,
            line,
            depth,
            member_id: String::new(),
            member_name: String::new(),
            id: String::new(),
            timestamp: String::new(),
            classification: String::new(),
            fingerprints: Vec::new(),
            links: Vec::new(),
            feedback,
        }
    }

    /// The line where it starts.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// How many elements it is in.
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    /// An element of the entry starts, within `depth` elements.
    ///
    /// # Errors
    /// An attribute of interest cannot be read.
    pub(super) fn start(&mut self, name: &str, tag: &BytesStart<'_>, depth: usize) -> Result<(), quick_xml::Error> {
        match (depth - self.depth, name) {
            (1, "member") => self.member_id = attribute(tag, "id")?,
            (2, "affirmativeFeedback") => self.feedback.add_pair("affirmative_feedback", &attribute(tag, "type")?),
            (2, "negativeFeedback") => self.feedback.add_pair("negative_feedback", &attribute(tag, "type")?),
            (4, "reason") => self.feedback.add_pair("negative_reason", &attribute(tag, "name")?),
            _ => {}
        }
        Ok(())
    }

    /// Element `name`, which is in those that are `open`, ends with `text` as its last.
    pub(super) fn finish(&mut self, open: &[String], name: String, text: &str) {
        match (&open[self.depth + 1..], name.as_str()) {
            ([], "member") => text.clone_into(&mut self.member_name),
            ([], "id") => text.clone_into(&mut self.id),
            ([], "timestamp") => text.clone_into(&mut self.timestamp),
            ([], "classification") => text.clone_into(&mut self.classification),
            ([outer], _) if outer == "fingerprints" && text.is_empty() => self.links.push(name),
            ([outer], _) if outer == "fingerprints" => self.fingerprints.push((name, text.to_owned())),
            _ => {}
        }
    }

    /// Tells the row what the entry lists; what it takes back goes to `found`, for the end.
    ///
    /// # Errors
    /// The entry lacks something, or its time is none.
    pub(super) fn tell(&self, row: &mut Row<'_>, found: &mut Withdrawals) -> Result<(), RowProblemKind> {
        let missing = |field| Err(RowProblemKind::MissingField(field));
        if self.id.is_empty() {
            return missing("id");
        }
        if self.member_id.is_empty() {
            return missing("member id");
        }
        if self.timestamp.is_empty() {
            return missing("timestamp");
        }
        let id = format!("{}/{}", self.member_id, self.id);
        let time = Time::parse(&self.timestamp).ok_or_else(|| RowProblemKind::Date(excerpt(&self.timestamp)))?;
        if self.what == What::Deleted {
            found.delete(id, time);
            return Ok(());
        }
        if self.fingerprints.is_empty() && self.links.is_empty() {
            return missing("fingerprints");
        }
        found.list(&id, time);
        let source = if self.member_name.is_empty() { &self.member_id } else { &self.member_name };
        let about = About {
            id: Some(&id),
            category: Some(self.classification.as_str()).filter(|text| !text.is_empty()),
            source: Some(source),
            tags: self.feedback.text(),
            updated: Some(&self.timestamp),
            ..About::default()
        };
        for (name, value) in &self.fingerprints {
            match HashKind::named(name) {
                Some(kind) => row.list(kind, value, &about),
                None => row.ignore(name),
            }
        }
        self.links.iter().for_each(|link| row.ignore(link));
        Ok(())
    }
}

/// The value of an attribute, empty when there is none.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<String, quick_xml::Error> {
    match tag.try_get_attribute(name)? {
        Some(attribute) => Ok(attribute.normalized_value(XmlVersion::Explicit1_0)?.trim().to_owned()),
        None => Ok(String::new()),
    }
}
