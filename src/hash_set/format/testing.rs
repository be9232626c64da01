//! Writes down what a reader tells its sink, for tests.

use super::{Input, read};
use crate::config::{ListFormat, ListReading};
use crate::hash_set::entry::{About, Item, RecordSink, Removal};
use crate::hash_set::problem::RowProblem;

/// What `about` says, by the names of its fields.
pub(super) fn said<'a>(about: &About<'a>) -> impl Iterator<Item = (&'static str, &'a str)> {
    let fields = [
        ("id", about.id),
        ("label", about.label),
        ("category", about.category),
        ("source", about.source),
        ("confidence", about.confidence),
        ("tags", about.tags),
        ("added", about.added),
        ("updated", about.updated),
        ("note", about.note),
    ];
    fields.into_iter().filter_map(|(name, text)| Some((name, text?)))
}

/// What a reader told, a line a record.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told(pub(super) Vec<String>);

impl RecordSink for Told {
    fn list(&mut self, item: Item<'_>, about: &About<'_>) {
        let mut line = match item {
            Item::Hash(hash) => format!("{} {hash}", hash.algorithm()),
            Item::Kept(kind, text) => format!("{kind} {text}"),
        };
        for (name, text) in said(about) {
            line.push_str(&format!("; {name}: {text}"));
        }
        self.0.push(line);
    }

    fn remove(&mut self, removal: &Removal<'_>) {
        let mut line = "remove".to_owned();
        line.extend(removal.id.map(|id| format!(" {id}")));
        line.extend(removal.hash.map(|hash| format!(" {}:{hash}", hash.algorithm())));
        self.0.push(line);
    }

    fn reject(&mut self, problem: RowProblem) {
        self.0.push(problem.to_string());
    }

    fn ignore(&mut self, kind: &str) {
        self.0.push(format!("ignore {kind}"));
    }
}

/// What `text` holds when read as `format`, and behind it why reading ended early.
pub(super) fn told(format: ListFormat, text: impl AsRef<[u8]>) -> Vec<String> {
    let (mut told, reading) = (Told::default(), ListReading { format: Some(format), ..ListReading::default() });
    let ended = read(&mut Input::new(text.as_ref(), "list"), &reading, &mut told);
    told.0.extend(ended.err().map(|error| format!("broken: {error}")));
    told.0
}

/// Reads every beginning of `text`, a whole list: each is told to be cut off or broken, and nothing but the beginning of
/// what the whole tells comes before.
pub(super) fn assert_no_cut_is_silent(format: ListFormat, text: &str) {
    let whole = told(format, text);
    assert!(!whole.iter().any(|line| line.starts_with("broken")), "{whole:?}");
    for cut in 0..text.trim_end().len() {
        let told = told(format, &text.as_bytes()[..cut]);
        let (last, before) = told.split_last().unwrap();
        assert!(last.starts_with("broken: ") && whole.starts_with(before), "{:?}: {told:?}", &text.as_bytes()[..cut]);
    }
}
