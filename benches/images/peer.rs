//! Pillow with pdqhash, and libjpeg-turbo, in a Python process of its own that measures when it is asked to.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::pictures::Picture;

/// The process.
pub(crate) struct Peer {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    versions: BTreeMap<String, String>,
}

/// What it says first.
#[derive(Deserialize)]
struct Greeting {
    pictures: Vec<PathBuf>,
    versions: BTreeMap<String, String>,
}

/// What it measured, once.
#[derive(Deserialize)]
pub(crate) struct Measured {
    /// `None` when it cannot do it.
    pub(crate) ms: Option<f64>,
    /// The PDQ hash, by the peer.
    pub(crate) hash: Option<String>,
}

impl Peer {
    /// Starts it, and gives the pictures that it has generated.
    pub(crate) fn start(is_quick: bool) -> (Self, Vec<Picture>) {
        let folder = folder();
        let python = folder.join("venv/bin/python");
        assert!(python.exists(), "{}: not found; run `make bench-images`, which makes it", python.display());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/images_peer.py");
        let mut command = Command::new(python);
        command.arg(script).arg(folder.join("pictures")).arg(if is_quick { "1" } else { "0" });
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the peer starts");
        let requests = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut peer = Self { process, requests, answers, versions: BTreeMap::new() };
        let Greeting { pictures, versions } = peer.answer();
        (Self { versions, ..peer }, pictures.into_iter().map(Picture::generated).collect())
    }

    /// The picture decoded to RGB by Pillow and hashed by pdqhash in its eight orientations, with its SHA-256.
    pub(crate) fn hash(&mut self, picture: &Picture) -> Measured {
        self.ask("peer", picture)
    }

    /// The luma plane alone, by libjpeg-turbo.
    pub(crate) fn floor(&mut self, picture: &Picture) -> Measured {
        self.ask("floor", picture)
    }

    fn ask(&mut self, what: &str, picture: &Picture) -> Measured {
        writeln!(self.requests, "{what} {}", picture.path.display()).expect("the peer listens");
        self.answer()
    }

    fn answer<T: DeserializeOwned>(&mut self) -> T {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the peer's answer {line:?}: {error}"))
    }

    /// Ends it, and gives the versions of its libraries.
    pub(crate) fn stop(self) -> BTreeMap<String, String> {
        let Self { mut process, requests, versions, .. } = self;
        drop(requests);
        let status = process.wait().expect("the peer ends");
        assert!(status.success(), "the peer failed: {status}");
        versions
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-images")
}
