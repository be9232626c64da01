//! What the tests of all formats share: a list as the lines that a reader makes of it.

mod csvs;
mod detection;
mod lines;

use std::fmt::Write as _;
use std::io::BufReader;

use super::testing::said;
use super::*;
use crate::content::HashValue;
use crate::hash_set::entry::{About, Item, Removal};
use crate::hash_set::problem::RowProblem;

/// Writes down what it is told, a line each.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) lines: Vec<String>,
}

impl RecordSink for Collected {
    fn list(&mut self, item: Item<'_>, about: &About<'_>) {
        let mut line = match item {
            Item::Hash(hash) => hash.named(),
            Item::Kept(kind, value) => format!("{kind}:{value}"),
        };
        for (name, value) in said(about) {
            write!(line, " {name}={value:?}").unwrap();
        }
        self.lines.push(line);
    }

    fn remove(&mut self, removal: &Removal<'_>) {
        let mut line = "removed".to_owned();
        if let Some(id) = removal.id {
            write!(line, " id={id:?}").unwrap();
        }
        if let Some(hash) = removal.hash {
            write!(line, " {}", hash.named()).unwrap();
        }
        self.lines.push(line);
    }

    fn reject(&mut self, problem: RowProblem) {
        self.lines.push(format!("bad {problem}"));
    }

    fn ignore(&mut self, kind: &str) {
        self.lines.push(format!("ignored {kind}"));
    }
}

/// What is made of `list`, a line a record; last, `broken` and the reason when it could not be read to its end.
pub(super) fn told(list: &[u8], name: &str, reading: &ListReading) -> Vec<String> {
    let mut collected = Collected::default();
    // Small enough to split what should stay whole, large enough to be quick.
    let mut input = Input::new(BufReader::with_capacity(61, list), name);
    if let Err(error) = read(&mut input, reading, &mut collected) {
        collected.lines.push(format!("broken {error}"));
    }
    collected.lines
}

/// The same with the format named.
pub(super) fn told_as(format: ListFormat, list: &str) -> Vec<String> {
    let reading = ListReading { format: Some(format), ..ListReading::default() };
    told(list.as_bytes(), "list.txt", &reading)
}

/// A hash in hex, of so many digits.
pub(super) fn hex(digits: usize) -> String {
    "0123456789abcdef".chars().cycle().take(digits).collect()
}
