//! s3rver, an S3-compatible store of others: a process of its own with a bucket `lists`, which checks signatures.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use super::curl::curl;
use super::{repository, wait_until};
use crate::differential::{install, on_leash};

/// A running server. It ends when this is dropped.
pub struct S3 {
    port: u16,
    child: Option<Child>,
    requests: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
}

impl S3 {
    /// `None`, with a loud word, where it cannot be installed.
    pub fn start() -> Option<Self> {
        let installed = install()?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut command = Command::new("node");
        command.arg(repository("tests/support/s3rver.js")).arg(folder.path());
        command.env("NODE_PATH", installed.join("node_modules"));
        let mut child = on_leash(&command).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.next().expect("s3rver starts").parse().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let writing = Arc::clone(&requests);
        thread::spawn(move || lines.for_each(|line| writing.lock().unwrap().push(line)));
        Some(Self { port, child: Some(child), requests, folder })
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn put(&self, key: &str, content: &str) {
        let file = self.folder.path().join("upload.tmp");
        std::fs::write(&file, content).unwrap();
        assert_eq!(curl(&["--upload-file", file.to_str().unwrap(), &self.url(key)]).status, 200);
    }

    pub fn delete(&self, key: &str) {
        assert_eq!(curl(&["--request", "DELETE", &self.url(key)]).status, 204);
    }

    /// How often an object was sent. A request is known a moment after its answer.
    pub fn gets(&self, key: &str) -> usize {
        let marker = format!("GET /nobody-has-this-{} ", self.requests.lock().unwrap().len());
        curl(&[&format!("{}{}", self.endpoint(), marker.split(' ').nth(1).unwrap())]);
        wait_until("all requests so far are known", || {
            self.requests.lock().unwrap().iter().any(|r| r.starts_with(&marker))
        });
        let line = format!("GET /lists/{key} 200");
        self.requests.lock().unwrap().iter().filter(|request| **request == line).count()
    }

    /// Ends it, as an outage does.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            drop(child.wait());
        }
    }

    fn url(&self, key: &str) -> String {
        format!("{}/lists/{}", self.endpoint(), key.replace(' ', "%20").replace('+', "%2B"))
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.stop();
    }
}
