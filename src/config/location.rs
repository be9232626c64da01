//! Where a hash set comes from: a file or folder here, or a server that is asked for it again and again.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ByteSize;

/// How often a server is asked unless `interval` says otherwise: a list is hours old when it is published, so a quarter
/// of an hour loses little, and an answer of "not modified" costs nobody anything.
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// Age after which a set from a server is stale unless `max_age` says otherwise: some hundred failed attempts.
pub(super) const DEFAULT_MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// Bytes one set may have unless `max_bytes` says otherwise: ten times the largest list that is handed around.
pub(super) const DEFAULT_MAX_BYTES: ByteSize = ByteSize::gib(8);

/// Where a hash set comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetLocation {
    /// A file, or a folder whose files together are the set; which of the two is found when it is loaded.
    Local(PathBuf),
    /// A server. What it has is kept in the cache folder.
    Remote(Remote),
}

/// A set on a server, and how it is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Which server, and what of it.
    pub store: RemoteStore,
    /// Time from one attempt to the next. Default 15 min.
    pub interval: Duration,
    /// Bytes the set may have in all. Default 8 GiB.
    pub max_bytes: ByteSize,
    /// PEM file of authorities that the server's certificate may be of besides those of the system. Default none.
    pub ca_certificate: Option<PathBuf>,
}

/// A kind of server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteStore {
    /// One file.
    Http {
        /// `http` or `https`, without a user or a fragment.
        url: Url,
        /// Headers whose values are secret, sent to the host of `url` alone.
        headers: Vec<SecretHeader>,
    },
    /// One object, or all objects directly below a prefix.
    S3 {
        /// Bucket.
        bucket: String,
        /// Key of the object. A prefix when it is empty or ends in a slash.
        key: String,
        /// Base URL of the service, with the bucket behind it in the path. Default: AWS, or what the environment says.
        endpoint: Option<Url>,
        /// Default: what the environment says, else `us-east-1`.
        region: Option<String>,
        /// Whether requests are signed.
        access: S3Access,
    },
}

/// Whether requests to S3 are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum S3Access {
    /// With credentials from where AWS' own tools look for them: environment, web identity, container, instance.
    Signed,
    /// For buckets that everyone may read.
    Anonymous,
}

/// A header whose value stands elsewhere, so that it can be replaced there and never appears in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHeader {
    /// Name, in lower case.
    pub name: String,
    /// Where its value is. It is read for each fetch.
    pub value: SecretPlace,
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// All of a file, but the white space at its ends.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
}

/// What it means for readiness that a set is older than `max_age`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stale {
    /// `/readyz` says so and stays at 200.
    Warn,
    /// `/readyz` turns 503, so that a load balancer takes this Penstock out.
    Unready,
}

impl SetLocation {
    /// The server's side, if there is one.
    pub const fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Local(_) => None,
            Self::Remote(remote) => Some(remote),
        }
    }
}

/// For people: without a query, which may hold a secret.
impl fmt::Display for SetLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(f),
            Self::Remote(remote) => remote.store.fmt(f),
        }
    }
}

/// For people: without a query, which may hold a secret.
impl fmt::Display for RemoteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => {
                let mut shown = url.clone();
                shown.set_query(None);
                write!(f, "{shown}{}", if url.query().is_some() { "?…" } else { "" })
            }
            Self::S3 { bucket, key, .. } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}
