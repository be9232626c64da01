//! The file that remembers quarantine across restarts, and how its records look to people.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::config::read_file;
use crate::content::HashValue;
use crate::flood::{Decision, EntryKey, Moment, Record, Status};

/// A record as JSON shows it, on the admin listener and in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Name of the set.
    pub set: String,
    /// Name of the entry.
    pub entry: String,
    /// `algorithm:hex`.
    pub hash: String,
    /// `quarantined` (waits for a decision), `monitor` (a person took it out) or `acting`.
    pub status: String,
    /// RFC 3339.
    pub since: String,
    /// The most different uploads of one window since then.
    pub uploads: u64,
    /// Different uploads in a window before, on average.
    pub usual: f64,
}

const STATUSES: [(&str, Status); 3] =
    [("acting", Status::Acting), ("quarantined", Status::Quarantined), ("monitor", Status::Off)];

/// Name of a decision, as it is given and logged.
pub const fn describe(decision: Decision) -> &'static str {
    match decision {
        Decision::Enforce => "enforce",
        Decision::Monitor => "monitor",
    }
}

impl From<&Record> for Listed {
    fn from(record: &Record) -> Self {
        let EntryKey { set, entry, hash } = &record.key;
        let status = STATUSES.iter().find(|(_, status)| *status == record.status).map_or("", |(name, _)| name);
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(record.since.0);
        Self {
            set: set.to_string(),
            entry: entry.to_string(),
            hash: hash.named(),
            status: status.to_owned(),
            since: humantime::format_rfc3339_seconds(since).to_string(),
            uploads: record.uploads,
            usual: record.usual,
        }
    }
}

impl Listed {
    /// The record; `None` if a field holds something that is not ours.
    fn record(&self) -> Option<Record> {
        let hash = HashValue::parse_named(&self.hash)?.ok()?;
        let (_, status) = STATUSES.iter().find(|(name, _)| *name == self.status)?;
        let since = humantime::parse_rfc3339(&self.since).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let usual = Some(self.usual).filter(|usual| usual.is_finite() && *usual >= 0.0)?;
        Some(Record {
            key: EntryKey { set: Arc::from(&*self.set), entry: Arc::from(&*self.entry), hash },
            status: *status,
            since: Moment(since.as_secs()),
            uploads: self.uploads,
            usual,
        })
    }
}

/// The file's content.
#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    entries: Vec<Listed>,
}

const VERSION: u32 = 1;

/// `quarantine.json` in the state directory. It is replaced as a whole, so that it is never half written.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    /// Whether the log knows that it cannot be written.
    is_failing: bool,
}

/// Why a file cannot be taken over.
#[derive(Debug, thiserror::Error)]
enum StateError {
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("is not what Penstock writes: {0}")]
    Json(#[from] serde_json::Error),
    #[error("has version {0}, expected {VERSION}: it was written by a newer Penstock")]
    Version(u32),
    #[error("entry {0} is not what Penstock writes")]
    Entry(usize),
}

impl StateFile {
    /// The file in `directory`. `None`, with a word in the log, when there is a file that cannot be taken over: it is left
    /// as it is, for a person to look at.
    pub(super) fn open(directory: &Path) -> Option<Self> {
        let file = Self { path: directory.join("quarantine.json"), is_failing: false };
        match file.load() {
            Ok(_) => Some(file),
            Err(error) => {
                let path = file.path.display();
                tracing::error!(
                    event = "state",
                    "{path} {error}. Quarantine begins empty and is not saved: mend or remove the file, then restart"
                );
                None
            }
        }
    }

    /// What the file holds; nothing when there is none.
    pub(super) fn read(&self) -> Vec<Record> {
        self.load().unwrap_or_default()
    }

    fn load(&self) -> Result<Vec<Record>, StateError> {
        let text = match read_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read?,
        };
        let State { version, entries } = serde_json::from_slice(&text)?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        let records = entries.iter().enumerate();
        records.map(|(index, listed)| listed.record().ok_or(StateError::Entry(index + 1))).collect()
    }

    /// Replaces the file. Says once in the log when that is not possible, and once when it is again.
    pub(super) fn write(&mut self, records: &[Record]) {
        let result = self.replace(records);
        match &result {
            Err(error) if !self.is_failing => {
                let path = self.path.display();
                tracing::warn!(event = "state", %error, "{path} cannot be written: a restart forgets quarantine");
            }
            Ok(()) if self.is_failing => tracing::info!(event = "state", "{} is written again", self.path.display()),
            _ => {}
        }
        self.is_failing = result.is_err();
    }

    fn replace(&self, records: &[Record]) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut beside = NamedTempFile::new_in(folder)?;
        let state = State { version: VERSION, entries: records.iter().map(Listed::from).collect() };
        serde_json::to_writer_pretty(&mut beside, &state)?;
        beside.write_all(b"\n")?;
        beside.as_file().sync_all()?;
        beside.persist(&self.path)?;
        fs::File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(entry: &str, status: Status) -> Record {
        let key = EntryKey { set: Arc::from("s"), entry: Arc::from(entry), hash: HashValue::Sha1([7; 20]) };
        Record { key, status, since: Moment(1_700_000_000), uploads: 51, usual: 2.5 }
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("made/when/needed");
        let mut file = StateFile::open(&directory).unwrap();
        assert_eq!(file.read(), []);
        for records in
            [vec![record("a", Status::Quarantined), record("b", Status::Off)], vec![record("c", Status::Acting)]]
        {
            file.write(&records);
            assert_eq!(StateFile::open(&directory).unwrap().read(), records);
        }
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_ours_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quarantine.json");
        for text in [
            "not JSON",
            "{\"version\":2,\"entries\":[]}",
            "{\"version\":1,\"entries\":[{\"set\":\"s\",\"entry\":\"e\",\"hash\":\"md5:00\",\"status\":\"monitor\",\
             \"since\":\"2026-01-01T00:00:00Z\",\"uploads\":1,\"usual\":1.0}]}",
        ] {
            fs::write(&path, text).unwrap();
            assert!(StateFile::open(folder.path()).is_none(), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_pipe_in_its_place_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quarantine.json");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        assert!(StateFile::open(folder.path()).is_none());
    }

    #[test]
    fn where_it_cannot_be_written_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let mut file = StateFile { path: folder.path().join("file/below/quarantine.json"), is_failing: false };
        file.write(&[]);
        assert!(file.is_failing);
    }
}
