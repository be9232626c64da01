//! Bytes from a server into a file, within limits of size and patience.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use sha2::{Digest, Sha256};

use super::signature::SignatureError;
use super::state::StoredFile;
use crate::config::ByteSize;

/// Longest wait for a connection.
pub(super) const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Longest wait for an answer, or from one piece of it to the next.
pub(super) const STALL_PATIENCE: Duration = Duration::from_secs(30);

/// Why a set could not be fetched. None of these names a secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// No connection, or it broke.
    #[error("{0}")]
    Transport(String),
    /// Nothing came for too long.
    #[error("the server sent nothing for {} seconds", STALL_PATIENCE.as_secs())]
    Stalled,
    /// An answer that is no list.
    #[error("the server answered {status}{}", hint(*.status))]
    Status {
        /// The status.
        status: http::StatusCode,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// Led somewhere else too often, or where we do not follow.
    #[error("{0}")]
    Redirect(&'static str),
    /// Larger than allowed.
    #[error("is larger than \"max_bytes\", {0}")]
    TooLarge(ByteSize),
    /// Shorter than the server said.
    #[error("ended after {got} bytes, {expected} were announced")]
    Truncated {
        /// Bytes that came.
        got: u64,
        /// Bytes that were announced.
        expected: u64,
    },
    /// An answer whose end looks like a broken connection.
    #[error(
        "the server does not say how long the file is, so a broken connection could not be told from its end: have it \
         send Content-Length, or sign the file and set \"public_key\""
    )]
    NoLength,
    /// A prefix with nothing below it.
    #[error("there are no files below this prefix")]
    Empty,
    /// The name of a file cannot be used here.
    #[error("\"{0}\" is not a name that a file can have here")]
    Name(String),
    /// A secret header cannot be had.
    #[error("the value of header \"{name}\" cannot be had from {from}: {reason}")]
    Secret {
        /// Name of the header.
        name: String,
        /// The file or variable.
        from: String,
        /// What is wrong with it, without its value.
        reason: String,
    },
    /// The certificate of the authority cannot be used.
    #[error("\"ca_certificate\" cannot be used: {0}")]
    Certificate(String),
    /// The signature.
    #[error("{name} {error}")]
    Signature {
        /// The file.
        name: String,
        /// What is wrong with it.
        error: SignatureError,
    },
    /// The cache folder.
    #[error("it cannot be kept in {}: {error}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

fn hint(status: http::StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => ": check the credentials",
        404 | 410 => ": check the URL",
        _ => "",
    }
}

/// An error with everything that led to it, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        // Many libraries repeat the cause in their own words.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

/// What a server sends.
pub(super) enum Body {
    /// The answer to a request.
    Http(reqwest::Response),
    /// An object's bytes.
    Object(Pin<Box<dyn Stream<Item = object_store::Result<Bytes>> + Send>>),
}

impl Body {
    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let piece = async {
            match self {
                Self::Http(response) => {
                    response.chunk().await.map_err(|error| FetchError::Transport(chain(&error.without_url())))
                }
                Self::Object(stream) => std::future::poll_fn(|context| stream.as_mut().poll_next(context))
                    .await
                    .transpose()
                    .map_err(|error| FetchError::Transport(chain(&error))),
            }
        };
        tokio::time::timeout(STALL_PATIENCE, piece).await.unwrap_or(Err(FetchError::Stalled))
    }
}

/// The folder that a version is fetched into, and how much may still come.
pub(super) struct Incoming<'a> {
    folder: &'a Path,
    max_bytes: ByteSize,
    left: u64,
}

impl<'a> Incoming<'a> {
    pub(super) const fn new(folder: &'a Path, max_bytes: ByteSize) -> Self {
        Self { folder, max_bytes, left: max_bytes.0 }
    }

    /// Writes `body` into the file `name`, which must be a plain name. `expected` is the length that was announced.
    ///
    /// # Errors
    /// [`FetchError`]; what was written so far is of no use.
    pub(super) async fn save(
        &mut self,
        name: &str,
        mut body: Body,
        expected: Option<u64>,
    ) -> Result<StoredFile, FetchError> {
        if expected.is_some_and(|expected| expected > self.left) {
            return Err(FetchError::TooLarge(self.max_bytes));
        }
        let mut file = File::create_new(self.folder.join(name)).map_err(|error| self.io(error))?;
        let (mut bytes, mut digest) = (0, Sha256::new());
        while let Some(piece) = body.next().await? {
            bytes += piece.len() as u64;
            if bytes > self.left {
                return Err(FetchError::TooLarge(self.max_bytes));
            }
            digest.update(&piece);
            file.write_all(&piece).map_err(|error| self.io(error))?;
        }
        if let Some(expected) = expected.filter(|expected| *expected != bytes) {
            return Err(FetchError::Truncated { got: bytes, expected });
        }
        file.sync_all().map_err(|error| self.io(error))?;
        self.left -= bytes;
        let sha256 = data_encoding::HEXLOWER.encode(&digest.finalize());
        Ok(StoredFile { name: name.to_owned(), bytes, sha256, etag: None, last_modified: None, redirected_to: None })
    }

    /// Takes over a file that another version has.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn link(&mut self, from: &Path, file: &StoredFile) -> Result<StoredFile, FetchError> {
        self.left = self.left.checked_sub(file.bytes).ok_or(FetchError::TooLarge(self.max_bytes))?;
        std::fs::hard_link(from, self.folder.join(&file.name)).map_err(|error| self.io(error))?;
        Ok(file.clone())
    }

    fn io(&self, error: io::Error) -> FetchError {
        FetchError::Io { folder: self.folder.to_owned(), error }
    }
}

/// Whether a name from outside is one for a file in our folder, and none that is left out.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}
