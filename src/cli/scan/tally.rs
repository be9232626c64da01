//! What a report says about many files: counts by format, and the files that are worth a look.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::printable;
use crate::verdict::Outcome;

/// Processor time that a file of up to a megabyte may take, and each further megabyte.
const TIME_A_MEGABYTE: Duration = Duration::from_secs(1);

/// What became of one file.
pub(super) struct FileResult {
    pub(super) file: PathBuf,
    /// In bytes.
    pub(super) size: u64,
    /// What its bytes are.
    pub(super) content: &'static str,
    pub(super) reason: Reason,
    /// Processor time that inspecting it took.
    pub(super) time: Duration,
}

/// What would happen to a file, and the first thing that it would happen for.
pub(super) enum Reason {
    Allowed,
    /// It matches a hash set or a rule.
    Match(Outcome),
    /// Something about it could not be found out: the policy of the route that decided, and a reason code.
    Doubt(Outcome, &'static str, &'static str),
    /// It could not be read.
    Unreadable(String),
}

impl Reason {
    fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Allowed => Some(Outcome::Allow),
            Self::Match(outcome) | Self::Doubt(outcome, ..) => Some(*outcome),
            Self::Unreadable(_) => None,
        }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Allowed => None,
            Self::Match(_) => Some("match"),
            Self::Doubt(_, _, code) => Some(code),
            Self::Unreadable(_) => Some("unreadable"),
        }
    }

    fn policy(&self) -> Option<&'static str> {
        match self {
            Self::Doubt(_, policy, _) => Some(policy),
            _ => None,
        }
    }
}

impl FileResult {
    /// What people call the format: the ending of the name, or what the bytes are where there is none.
    fn format(&self) -> String {
        let ending = self.file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let is_ending = (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match ending.as_str() {
            _ if !is_ending => format!("({})", self.content),
            "jpeg" | "jpe" | "jfif" => "jpg".into(),
            "tiff" => "tif".into(),
            "htm" => "html".into(),
            _ => ending,
        }
    }

    fn is_slow(&self) -> bool {
        let megabytes = (self.size as f64 / 1e6).max(1.0);
        self.time > TIME_A_MEGABYTE.mul_f64(megabytes)
    }

    fn line(&self) -> String {
        let verdict = self.reason.outcome().map_or("unreadable", Outcome::name);
        let code = match &self.reason {
            Reason::Unreadable(error) => format!(" ({error})"),
            Reason::Doubt(_, policy, code) => format!(" {policy} {code}"),
            reason => reason.code().map_or(String::new(), |code| format!(" {code}")),
        };
        let slow = if self.is_slow() { format!(" slow: {:.2} s", seconds(self.time)) } else { String::new() };
        format!("{verdict}{code}{slow}: {}", printable(&self.file))
    }

    fn to_json(&self) -> Value {
        let mut object = json!({
            "file": self.file.display().to_string(),
            "size": self.size,
            "content": self.content,
            "verdict": self.reason.outcome(),
            "policy": self.reason.policy(),
            "code": self.reason.code(),
            "seconds": seconds(self.time),
            "slow": self.is_slow(),
        });
        if let Reason::Unreadable(error) = &self.reason {
            object["error"] = error.clone().into();
        }
        object
    }
}

/// Counts of one format, or of all.
#[derive(Default)]
struct Counts {
    files: usize,
    allowed: usize,
    flagged: usize,
    refused: usize,
    blocked: usize,
    unreadable: usize,
    slow: usize,
    longest: Duration,
    /// Files by the reason that they do not pass, or pass flagged.
    codes: BTreeMap<String, usize>,
}

impl Counts {
    fn add(&mut self, result: &FileResult) {
        self.files += 1;
        let count = match result.reason.outcome() {
            Some(Outcome::Allow) => &mut self.allowed,
            Some(Outcome::Flag) => &mut self.flagged,
            Some(Outcome::Refuse) => &mut self.refused,
            Some(Outcome::Block) => &mut self.blocked,
            None => &mut self.unreadable,
        };
        *count += 1;
        self.slow += usize::from(result.is_slow());
        self.longest = self.longest.max(result.time);
        if let Some(code) = result.reason.code() {
            *self.codes.entry(code.to_owned()).or_default() += 1;
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "files": self.files,
            "allowed": self.allowed,
            "flagged": self.flagged,
            "refused": self.refused,
            "blocked": self.blocked,
            "unreadable": self.unreadable,
            "slow": self.slow,
            "most_seconds": seconds(self.longest),
            "codes": self.codes,
        })
    }

    fn line(&self, name: &str) -> String {
        let codes: Vec<String> = self.codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let line = format!(
            "{name:<12} {:>7} {:>7} {:>7} {:>7} {:>7} {:>5} {:>9.2}  {}",
            self.files,
            self.allowed,
            self.flagged,
            self.refused,
            self.blocked,
            self.slow,
            seconds(self.longest),
            codes.join(", "),
        );
        line.trim_end().to_owned()
    }
}

/// Everything that was found out.
#[derive(Default)]
pub(super) struct Tally {
    formats: BTreeMap<String, Counts>,
    total: Counts,
    /// Files that do not pass as they are, or are slow.
    noticed: Vec<FileResult>,
}

impl Tally {
    pub(super) fn add(&mut self, result: FileResult) {
        self.total.add(&result);
        self.formats.entry(result.format()).or_default().add(&result);
        if result.is_slow() || !matches!(result.reason, Reason::Allowed) {
            self.noticed.push(result);
        }
    }

    /// Puts the worst first, and then by name: files are counted in the order in which threads finish them.
    pub(super) fn sort(&mut self) {
        self.noticed.sort_by(|a, b| b.reason.outcome().cmp(&a.reason.outcome()).then_with(|| a.file.cmp(&b.file)));
    }

    pub(super) fn worst(&self) -> Option<Outcome> {
        self.noticed.iter().filter_map(|result| result.reason.outcome()).max()
    }

    pub(super) fn has_unreadable(&self) -> bool {
        self.total.unreadable > 0
    }

    pub(super) fn to_json(&self) -> Value {
        let format = |(name, counts): (&String, &Counts)| {
            let mut object = counts.to_json();
            object["format"] = name.as_str().into();
            object
        };
        json!({
            "formats": self.formats.iter().map(format).collect::<Vec<_>>(),
            "total": self.total.to_json(),
            "noticed": self.noticed.iter().map(FileResult::to_json).collect::<Vec<_>>(),
        })
    }
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// The table, the files that are worth a look, and the shares that a policy is judged by.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12} {:>7} {:>7} {:>7} {:>7} {:>7} {:>5} {:>9}  reasons",
            "format", "files", "allowed", "flagged", "refused", "blocked", "slow", "most CPU"
        )?;
        let mut formats: Vec<_> = self.formats.iter().collect();
        formats.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.files));
        for (name, counts) in formats {
            writeln!(f, "{}", counts.line(name))?;
        }
        writeln!(f, "{}", self.total.line("all"))?;
        if !self.noticed.is_empty() {
            writeln!(f)?;
        }
        for result in &self.noticed {
            writeln!(f, "{}", result.line())?;
        }
        let share = |count: usize| 100.0 * count as f64 / self.total.files.max(1) as f64;
        writeln!(
            f,
            "\nrefused {:.2} %, flagged {:.2} %, blocked {:.2} %; {} slow (more than a second of processor time a megabyte)",
            share(self.total.refused),
            share(self.total.flagged),
            share(self.total.blocked),
            self.total.slow,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(file: &str, size: u64, reason: Reason, milliseconds: u64) -> FileResult {
        FileResult { file: file.into(), size, content: "jpeg", reason, time: Duration::from_millis(milliseconds) }
    }

    fn tally() -> Tally {
        let mut tally = Tally::default();
        for result in [
            result("a/photo.JPG", 4_000_000, Reason::Allowed, 3_900),
            result("a/photo.jpeg", 100, Reason::Doubt(Outcome::Refuse, "undecodable", "picture_broken"), 10),
            result("b/slow.jpg", 1_500_000, Reason::Allowed, 1_600),
            result("b/locked.zip", 100, Reason::Doubt(Outcome::Flag, "encrypted", "container_encrypted"), 1),
            result("b/listed", 100, Reason::Match(Outcome::Block), 1),
            result("c/gone.txt", 0, Reason::Unreadable("gone".into()), 0),
        ] {
            tally.add(result);
        }
        tally.sort();
        tally
    }

    #[test]
    fn every_file_is_counted_once_under_its_format_and_under_its_reason() {
        let report = tally().to_json();
        let total = &report["total"];
        let counts = ["files", "allowed", "flagged", "refused", "blocked", "unreadable", "slow"];
        assert_eq!(counts.map(|name| total[name].as_u64().unwrap()), [6, 2, 1, 1, 1, 1, 1]);
        let reasons = json!({ "picture_broken": 1, "container_encrypted": 1, "match": 1, "unreadable": 1 });
        assert_eq!(total["codes"], reasons);
        let formats: Vec<_> = report["formats"].as_array().unwrap().iter().map(|row| row["format"].clone()).collect();
        assert_eq!(formats, ["(jpeg)", "jpg", "txt", "zip"]);
        assert_eq!(report["formats"][1]["files"], 3);
    }

    #[test]
    fn files_that_do_not_pass_or_are_slow_are_named_the_worst_first() {
        let tally = tally();
        let names: Vec<_> = tally.noticed.iter().map(|result| result.file.to_str().unwrap()).collect();
        assert_eq!(names, ["b/listed", "a/photo.jpeg", "b/locked.zip", "b/slow.jpg", "c/gone.txt"]);
        assert_eq!(tally.worst(), Some(Outcome::Block));
        assert!(tally.has_unreadable());
    }

    #[test]
    fn a_name_takes_one_line_whatever_is_in_it() {
        let line = result("a\nallow match: b\u{1b}[31m.jpg", 1, Reason::Match(Outcome::Block), 1).line();
        assert_eq!(line, r"block match: a\nallow match: b\u{1b}[31m.jpg");
    }

    #[test]
    fn the_table_has_a_line_for_each_format_and_one_for_all() {
        insta::assert_snapshot!(tally());
    }
}
