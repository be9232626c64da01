//! A web server with hash lists, which answers conditional requests and has troubles when it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use minisign::KeyPair;

use super::origin::{Origin, Seen};
use super::sha256;

/// A list of SHA-256 hashes of `bodies`.
pub fn list(bodies: &[&str]) -> String {
    let rows: String = bodies.iter().map(|body| format!("sha256,{}\n", sha256(body.as_bytes()))).collect();
    format!("algorithm,hash\n{rows}")
}

/// What a server gives to recognise a file by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validator {
    ETag,
    Date,
    Nothing,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An answer with this status line and these headers.
    Answers(&'static str, String),
    /// The connection ends in the middle of the file.
    Truncates,
    /// Neither length nor chunks: the end of the connection is that of the file.
    SaysNoLength,
    /// Drops the connection without an answer.
    HangsUp,
    /// Answers when the trouble is over, or after a minute.
    IsSilent,
}

/// The server. Paths name files.
pub struct Lists {
    pub origin: Origin,
    state: Arc<Mutex<State>>,
}

struct State {
    files: BTreeMap<String, (u64, String)>,
    validator: Validator,
    trouble: Option<Trouble>,
    changes: u64,
    /// Files sent whole, by path.
    sent: BTreeMap<String, usize>,
}

impl Lists {
    pub fn start(validator: Validator) -> Self {
        let state = State { files: BTreeMap::new(), validator, trouble: None, changes: 0, sent: BTreeMap::new() };
        let state = Arc::new(Mutex::new(state));
        let serving = Arc::clone(&state);
        let origin = Origin::answering(move |request| {
            let start = Instant::now();
            while serving.lock().unwrap().trouble == Some(Trouble::IsSilent) && start.elapsed().as_secs() < 60 {
                std::thread::sleep(Duration::from_millis(5));
            }
            serving.lock().unwrap().answer(request)
        });
        Self { origin, state }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.origin.address)
    }

    pub fn put(&self, path: &str, content: &str) {
        let mut state = self.state.lock().unwrap();
        state.changes += 1;
        let change = state.changes;
        state.files.insert(path.to_owned(), (change, content.to_owned()));
    }

    /// Puts a file and its signature.
    pub fn put_signed(&self, path: &str, content: &str, keys: &KeyPair) {
        self.put(path, content);
        self.put(&format!("{path}.minisig"), &sign(keys, content));
    }

    pub fn remove(&self, path: &str) {
        self.state.lock().unwrap().files.remove(path);
    }

    pub fn has(&self, trouble: impl Into<Option<Trouble>>) {
        self.state.lock().unwrap().trouble = trouble.into();
    }

    /// How often a file was sent whole.
    pub fn sent(&self, path: &str) -> usize {
        self.state.lock().unwrap().sent.get(path).copied().unwrap_or(0)
    }
}

/// A minisign signature, as `minisign -S` writes it.
pub fn sign(keys: &KeyPair, content: &str) -> String {
    minisign::sign(None, &keys.sk, content.as_bytes(), None, None).unwrap().into_string()
}

impl State {
    fn answer(&mut self, request: &Seen) -> Option<String> {
        let empty =
            |status: &str, headers: &str| Some(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\n\r\n"));
        let path = request.target.split('?').next().unwrap().to_owned();
        match &self.trouble {
            Some(Trouble::Answers(status, headers)) => return empty(status, headers),
            Some(Trouble::HangsUp) => return None,
            _ => {}
        }
        let Some((change, content)) = self.files.get(&path) else {
            return empty("404 Not Found", "");
        };
        let (etag, date) = (format!("\"{change}\""), format!("Tue, 24 Nov 2026 00:00:{change:02} GMT"));
        let (headers, is_known) = match self.validator {
            Validator::ETag => {
                let asked = request.headers.get("if-none-match").map_or("", String::as_str);
                (format!("ETag: {etag}\r\n"), asked.split(", ").any(|tag| tag == etag))
            }
            Validator::Date => {
                (format!("Last-Modified: {date}\r\n"), request.headers.get("if-modified-since") == Some(&date))
            }
            Validator::Nothing => (String::new(), false),
        };
        if is_known {
            return Some(format!("HTTP/1.1 304 Not Modified\r\n{headers}\r\n"));
        }
        *self.sent.entry(path).or_default() += 1;
        let (length, sent) = (content.len(), &content[..content.len() / 2]);
        Some(match self.trouble {
            Some(Trouble::Truncates) => {
                format!("HTTP/1.1 200 OK\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{sent}")
            }
            Some(Trouble::SaysNoLength) => format!("HTTP/1.1 200 OK\r\n{headers}Connection: close\r\n\r\n{content}"),
            _ => format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{content}"),
        })
    }
}
