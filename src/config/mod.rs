//! The configuration: a TOML file becomes validated types, with every default and limit in one place.
//!
//! Behind [`Config::load`] nothing checks again: names are resolved, addresses parsed, patterns compiled.

mod connections;
mod diagnostic;
mod directories;
mod files;
mod list;
mod location;
mod mend;
mod pattern;
mod raw;
mod reading;
mod readings;
mod routes;
mod set_policy;
mod sources;
mod steering;
mod target;
mod text_list;
mod units;
mod validate;
mod warnings;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use minisign_verify::PublicKey;
use serde::{Deserialize, Serialize};

use crate::content::{Action, Algorithm, DecodeLimits, Distance, ExtractLimits, Mode, SetAction};

pub use connections::{Connections, Network};
pub use diagnostic::{Place, Problem, closest, explain_toml, json_sentence, suggestion};
pub use files::{open_file, read_file, read_text, wide_charset};
pub use list::{ColumnMapping, ListFormat, ListReading, OnBadRow};
pub use location::{Remote, RemoteStore, S3Access, SecretHeader, SecretPlace, SetLocation, Stale};
pub use pattern::RoutePattern;
pub use set_policy::{FloodRule, Rollout, Share};
pub use steering::Steering;
pub use target::Target;
pub use text_list::{DEFAULT_THRESHOLD, DEFAULT_TLSH_DISTANCE, TextListSource};
pub use units::ByteSize;

use pattern::Certainty;

/// One validated configuration file.
#[derive(Debug)]
pub struct Config {
    /// Where it was read from. Paths inside it are relative to its folder.
    pub file: PathBuf,
    /// Threads and shutdown. Read once at start.
    pub server: Server,
    /// Where clients connect. Read once at start; never empty.
    pub listeners: Vec<Listener>,
    /// Where operators connect. Read once at start.
    pub admin: Admin,
    /// Bounds on connections of clients. Read once at start.
    pub connections: Connections,
    /// Bounds on what uploads may take.
    pub limits: Limits,
    /// Groups of servers behind the proxy; never empty.
    pub origins: Vec<Origin>,
    /// Index into `origins` for what no route names. Default: the first.
    pub default_origin: usize,
    /// In the order of the file; the first that fits counts.
    pub routes: Vec<Route>,
    /// Hash sets to load.
    pub hash_sets: Vec<SetSource>,
    /// Lists of known texts to load.
    pub text_lists: Vec<TextListSource>,
    /// Kinds of input of which a reload may leave nothing. Default none: input that is cut off often still parses.
    pub allow_empty: Vec<Emptied>,
    /// Rule files, and folders whose `*.toml` files are rule files.
    pub rules: Vec<PathBuf>,
    /// What is in order and yet hardly meant.
    pub warnings: Vec<Problem>,
}

/// Threads and shutdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Threads that move bytes. Default: one for each core.
    pub threads: usize,
    /// Threads that decode, hash and scan. Default: one for each core, and at least two.
    pub inspection_threads: usize,
    /// Time that running requests get after SIGTERM. Default 5 s.
    pub shutdown_grace: Duration,
    /// Where what must outlive the process is kept. Default: `$STATE_DIRECTORY`, which systemd sets, or else
    /// `$XDG_STATE_HOME/penstock`, or else `$HOME/.local/state/penstock`. `None` when none of them is set.
    pub state_directory: Option<PathBuf>,
    /// What can be made or fetched again is kept here, so that a restart needs nobody else. Default `CACHE_DIRECTORY`,
    /// which systemd sets, else `penstock` in the user's folder for caches, else `/var/cache/penstock`.
    pub cache_directory: PathBuf,
    /// Whether HEIC and AVIF are decoded, by libheif in a process of its own. Default true: where libheif is not
    /// installed, nothing is lost.
    pub worker: bool,
    /// The file of pdfium, which renders pages of PDF in such a process. Default `None`: the one that the system's
    /// linker finds. Where there is none, pages are not rendered, and pictures in them are compared all the same.
    pub pdfium: Option<PathBuf>,
    /// Whose `X-Forwarded-Proto` is believed. Default nobody's: a stranger could make a site believe in encryption.
    pub trusted_proxies: Vec<Network>,
}

/// An address where clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Address and port.
    pub address: SocketAddr,
    /// Certificate and key, when the listener speaks TLS.
    pub tls: Option<Tls>,
}

/// PEM files of a TLS listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Certificate chain, the listener's own first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// The listener for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Default 127.0.0.1:9180. It has no authentication: keep it off public networks.
    pub address: SocketAddr,
    /// Names by which it is reached, besides addresses, `localhost` and names without a dot. Default none.
    pub hosts: Vec<String>,
}

/// Bounds on what uploads may take, each with its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory one held body may take before it continues on disk. Default 1 MiB: nine in ten photos fit.
    pub memory_per_upload: ByteSize,
    /// Memory all held bodies may take; past it new ones go to disk at once. Default 256 MiB.
    pub memory_total: ByteSize,
    /// Disk all held bodies may take; past it new uploads are answered with 503. Default 16 GiB.
    pub spool_total: ByteSize,
    /// Where bodies are spooled; files there have no name. Default: the system's folder for temporary files.
    pub spool_directory: PathBuf,
    /// Time a client may take to send one body. Default 1 h.
    pub upload_timeout: Duration,
    /// Time until the first byte of a body. Default 60 s: a phone that reads a file from the cloud sends nothing
    /// before.
    pub first_byte_timeout: Duration,
    /// Bytes a second a client must send on average, over all its uploads together. Default 1 KiB: slower is an
    /// attack or a dead line.
    pub min_upload_rate: ByteSize,
    /// Time from the first byte before `min_upload_rate` is asked for. Default 10 s.
    pub rate_grace: Duration,
    /// Uploads that may wait for an inspection thread; past it the route's `overload` decides. Default 1,024.
    pub inspection_queue: usize,
    /// Time that an upload may have to wait for an inspection thread, as far as can be foreseen; what would wait longer
    /// is not made to. Default 1 s.
    pub inspection_wait: Duration,
    /// Time one inspection may take, waiting included, apart from what `inspection_rate` adds. Default 10 s.
    pub inspection_deadline: Duration,
    /// Bytes of body for which an inspection gets one more second. Default 64 MiB: what one core hashes three ways.
    pub inspection_rate: ByteSize,
    /// Processor time that the inspection of an upload may take, apart from what each MiB adds. Default 900 ms, so that
    /// none of up to 1 MB takes more than 2 s.
    pub inspection_work: Duration,
    /// Processor time that each MiB of body adds to that. Default 1 s.
    pub inspection_work_per_mib: Duration,
    /// Resumable and multipart uploads that may be under way at once. Default 10,000.
    pub max_assemblies: usize,
    /// Time since its last piece after which such an upload is given up. Default 24 h, as public tus servers do.
    pub assembly_timeout: Duration,
    /// Whether rules look at the words in bytes that are no text. Default true: they cost little, and content in a
    /// format that nobody takes apart would be read by nobody.
    pub scan_opaque: bool,
    /// See [`ExtractLimits`].
    pub extract: ExtractLimits,
    /// See [`DecodeLimits`].
    pub decode: DecodeLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_per_upload: ByteSize::mib(1),
            memory_total: ByteSize::mib(256),
            spool_total: ByteSize::gib(16),
            spool_directory: std::env::temp_dir(),
            upload_timeout: Duration::from_secs(3600),
            first_byte_timeout: Duration::from_secs(60),
            min_upload_rate: ByteSize::kib(1),
            rate_grace: Duration::from_secs(10),
            inspection_queue: 1024,
            inspection_wait: Duration::from_secs(1),
            inspection_deadline: Duration::from_secs(10),
            inspection_rate: ByteSize::mib(64),
            inspection_work: Duration::from_millis(900),
            inspection_work_per_mib: Duration::from_secs(1),
            max_assemblies: 10_000,
            assembly_timeout: Duration::from_secs(24 * 3600),
            scan_opaque: true,
            extract: ExtractLimits::default(),
            decode: DecodeLimits::default(),
        }
    }
}

impl Limits {
    /// The time an inspection of `bytes` may take.
    pub fn inspection_time(&self, bytes: u64) -> Duration {
        self.inspection_deadline + self.time_for_size(bytes)
    }

    /// How much longer than others an upload of `bytes` may wait and be inspected.
    pub fn time_for_size(&self, bytes: u64) -> Duration {
        Duration::from_millis(bytes.saturating_mul(1000) / self.inspection_rate.0.max(1))
    }

    /// The processor time that an inspection of `bytes` may take. Of large bodies it is more than their time, which
    /// decides then.
    pub fn inspection_work(&self, bytes: u64) -> Duration {
        let mib = bytes as f64 / (1 << 20) as f64;
        let by_size = Duration::try_from_secs_f64(self.inspection_work_per_mib.as_secs_f64() * mib);
        self.inspection_work.saturating_add(by_size.unwrap_or(Duration::MAX))
    }
}

/// Servers that answer the same requests.
#[derive(Debug)]
pub struct Origin {
    /// Name, for routes and logs.
    pub name: String,
    /// Never empty.
    pub servers: Vec<OriginServer>,
    /// Default 3 s.
    pub connect_timeout: Duration,
    /// Longest wait for a response and between two pieces of it. Default 5 min: an origin that puts a large file
    /// together or moves it says nothing meanwhile, and its client waits for it without Penstock too.
    pub read_timeout: Duration,
    /// Longest wait while sending a request. Default 60 s.
    pub write_timeout: Duration,
    /// Default append, as most proxies do.
    pub x_forwarded: Forwarded,
    /// How long an idle connection to a server is kept. Default 30 s, below what common origins close at.
    pub idle_timeout: Duration,
    /// Requests that may be at its servers at once. Default: what descriptors allow, see `proxy::origin_room`.
    pub max_requests: Option<usize>,
    turn: AtomicUsize,
}

impl Origin {
    /// Where the next request starts its round of the servers.
    pub fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

/// Whether an origin is told who the client is, in `X-Forwarded-For` and `X-Forwarded-Proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forwarded {
    /// The client's address is added to what came, and what came as the protocol is believed: for a Penstock behind a
    /// load balancer.
    Append,
    /// What came is replaced: for a Penstock that clients reach directly.
    Replace,
    /// What came passes as it is.
    Off,
}

/// A server of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginServer {
    /// IP address and port.
    Address(SocketAddr),
    /// Name and port; looked up for each new request.
    Name(String),
}

impl std::fmt::Display for OriginServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Whether and how a route inspects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inspection {
    /// Requests are proxied untouched and streamed.
    Off,
    /// Uploads are held and inspected, verdicts recorded, nothing is stopped or marked.
    Monitor,
    /// Uploads are held and inspected, verdicts carried out.
    Enforce,
}

/// Whether a route lets WebSockets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebSocket {
    /// A plain handshake goes on. What then flows is not inspected: this is failing open.
    Pass,
    /// Every change of protocol is answered with an error.
    Refuse,
}

/// What happens to an upload about which an inspection could not come to a clear result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doubtful {
    /// It goes on; the doubt is recorded and counted. This is failing open.
    Pass,
    /// It goes on with `Penstock-*` headers that tell the origin.
    Flag,
    /// It is answered with an error.
    Refuse,
}

/// What is done about a body that common servers read in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ambiguity {
    /// It is malformed, and the policy for that decides.
    Refuse,
    /// Every reading that some server has of it is inspected.
    InspectAll,
}

/// What becomes of the pieces of an upload before the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pieces {
    /// Each goes on to the origin when it has been inspected by itself.
    Forward,
    /// Those that can be acknowledged here are kept until the whole has been inspected.
    Hold,
}

/// A route: which requests, to which origin, with which policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Name, for logs and metrics.
    pub name: Arc<str>,
    /// Which requests.
    pub pattern: RoutePattern,
    /// Index into [`Config::origins`].
    pub origin: usize,
    /// Headers that the origin gets although they can steer a request elsewhere, in lower case. Default none.
    pub pass_headers: BTreeSet<String>,
    /// What happens to uploads.
    pub policy: RoutePolicy,
}

/// What a route does with uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutePolicy {
    /// Whether and how it inspects.
    pub inspect: Inspection,
    /// Whether WebSockets pass. Default refuse on a route that inspects, where they would lead around the inspection;
    /// pass on one that does not.
    pub websocket: WebSocket,
    /// Status of the answer to a blocked upload. Default 451, "Unavailable For Legal Reasons" (RFC 7725).
    pub block_status: u16,
    /// Largest body; a larger one gets 413. Default 8 GiB.
    pub max_body: ByteSize,
    /// Where pieces of uploads wait for the last one. Default forward: an origin that refuses a piece says so at once.
    pub pieces: Pieces,
    /// A body that origins could read in different ways. Default refuse: what was inspected must be what is stored.
    pub malformed: Doubtful,
    /// What makes a body malformed. Default refuse: well-kept clients all write bodies that every server reads alike.
    pub ambiguity: Ambiguity,
    /// A damaged picture, compressed body or container. Default refuse.
    pub undecodable: Doubtful,
    /// Content written in a way that nothing here decodes. Default flag: it is rare, ordinary, and shown by few
    /// programs.
    pub unsupported: Doubtful,
    /// Content that is encrypted. Default flag: no server unpacks it without a password, and people share such files.
    pub encrypted: Doubtful,
    /// More parts, bytes or levels than a limit allows. Default refuse.
    pub over_limit: Doubtful,
    /// A picture too small or too plain for a perceptual hash. Default pass: it cannot match, and icons are common.
    pub unhashable: Doubtful,
    /// Text in fonts or charsets that nobody here can read. Default pass: some programs write every PDF so.
    pub illegible: Doubtful,
    /// An inspection that ran out of time. Default refuse.
    pub deadline: Doubtful,
    /// No room in the inspection queue. Default refuse.
    pub overload: Doubtful,
}

impl RoutePolicy {
    /// What is done about each kind of doubt, by the name of its option.
    pub const fn doubts(&self) -> [(&'static str, Doubtful); 9] {
        [
            ("malformed", self.malformed),
            ("undecodable", self.undecodable),
            ("unsupported", self.unsupported),
            ("encrypted", self.encrypted),
            ("over_limit", self.over_limit),
            ("unhashable", self.unhashable),
            ("illegible", self.illegible),
            ("deadline", self.deadline),
            ("overload", self.overload),
        ]
    }

    /// The policy of a route with every default.
    pub fn inspecting(inspect: Inspection) -> Self {
        Self {
            inspect,
            websocket: if inspect == Inspection::Off { WebSocket::Pass } else { WebSocket::Refuse },
            block_status: 451,
            max_body: ByteSize::gib(8),
            pieces: Pieces::Forward,
            malformed: Doubtful::Refuse,
            ambiguity: Ambiguity::Refuse,
            undecodable: Doubtful::Refuse,
            unsupported: Doubtful::Flag,
            encrypted: Doubtful::Flag,
            over_limit: Doubtful::Refuse,
            unhashable: Doubtful::Pass,
            illegible: Doubtful::Pass,
            deadline: Doubtful::Refuse,
            overload: Doubtful::Refuse,
        }
    }
}

/// A kind of input of which a reload left nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emptied {
    /// No route inspects.
    Routes,
    /// There is no hash set.
    Sets,
    /// There is no rule, or none in a file that had some.
    Rules,
    /// There is no text in a list that had some.
    Texts,
}

impl Emptied {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Routes => "routes",
            Self::Sets => "sets",
            Self::Rules => "rules",
            Self::Texts => "texts",
        }
    }
}

/// A hash set to load, with the policy of its matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSource {
    /// Name, for logs, metrics and verdicts.
    pub name: Arc<str>,
    /// How its files are read.
    pub reading: ListReading,
    /// Where it comes from.
    pub location: SetLocation,
    /// Who must have signed every file of it, in `<file>.minisig`. Default none.
    pub public_key: Option<PublicKey>,
    /// Age after which it is stale: since a server last confirmed it, or since a local file was written. Default one
    /// day for a server; none for local files, which may be years old and right.
    pub max_age: Option<Duration>,
    /// Share of its entries that it may lose in one reload, besides the ten that any set may. Default a tenth: lists
    /// grow, and one that lost more was more likely cut off.
    pub allow_shrink: Share,
    /// Default warn: with an old list Penstock stops less than it could, without Penstock nothing is stopped.
    pub stale: Stale,
    /// What happens on a match.
    pub policy: SetPolicy,
    /// For which uploads it acts.
    pub rollout: Rollout,
    /// When an entry of it is taken out by itself. `None`: never, as for every allow set.
    pub flood: Option<FloodRule>,
}

/// What a match against a set asks for, and what counts as a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetPolicy {
    /// Default block.
    pub action: SetAction,
    /// Default enforce.
    pub mode: Mode,
    /// Lowest PDQ quality of the uploaded picture. Default 50, as the PDQ authors advise.
    pub min_quality: u8,
    pdq: Distance,
    ahash: Distance,
    dhash: Distance,
    phash: Distance,
}

impl SetPolicy {
    /// The largest distance at which hashes of `algorithm` match; zero for digests.
    ///
    /// Defaults: PDQ 31, as its authors advise; 4 for the 64-bit hashes, which have near neighbours by chance sooner.
    /// For an allow set 10, by which two programs' hashes of one picture differ at most, and 0: a wide exception is a
    /// hole.
    pub fn max_distance(&self, algorithm: Algorithm) -> Distance {
        match algorithm {
            Algorithm::Pdq => self.pdq,
            Algorithm::AHash => self.ahash,
            Algorithm::DHash => self.dhash,
            Algorithm::PHash => self.phash,
            Algorithm::Md5 | Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512 => Distance(0),
        }
    }

    /// Whether a match does more than to be recorded.
    pub fn acts(&self) -> bool {
        self.mode == Mode::Enforce && self.action != SetAction::Act(Action::Log)
    }

    /// The policy of a set with every default for `action`.
    pub fn asking(action: SetAction) -> Self {
        let (pdq, family) = match action {
            SetAction::Allow => (Distance(10), Distance(0)),
            SetAction::Act(_) => (Distance(31), Distance(4)),
        };
        Self { action, mode: Mode::Enforce, min_quality: 50, pdq, ahash: family, dhash: family, phash: family }
    }
}

impl Config {
    /// Reads and validates the file at `path`.
    ///
    /// # Errors
    /// Every problem found, each with its place.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let source = read_text(path).map_err(|error| vec![Problem::unreadable(path, &error)])?;
        Self::parse(path, &source)
    }

    /// Validates `source`, the text of the file at `path`.
    ///
    /// # Errors
    /// Every problem found, each with its place.
    pub fn parse(path: &Path, source: &str) -> Result<Self, Vec<Problem>> {
        let (raw, mended) = mend::read(source);
        let place = |offset| Place::of(source, offset);
        let mut problems: Vec<Problem> = Vec::new();
        problems.extend(mended.problems.into_iter().map(|(at, message)| Problem::at(path, place(at), message)));
        let Some(raw) = raw else {
            return Err(problems);
        };
        let config = validate::validate(path, source, raw);
        if problems.is_empty() {
            return config;
        }
        let put_in: Vec<Option<Place>> = mended.put_in.into_iter().map(|at| Some(place(at))).collect();
        problems.extend(config.err().into_iter().flatten().filter(|problem| !put_in.contains(&problem.place)));
        problems.sort_by_key(|problem| (problem.place.is_none(), problem.place));
        Err(problems)
    }

    /// The route for a request: the first that fits. `None` means the default origin, uninspected.
    ///
    /// A route that inspects fits when any reading of the target does, one that does not only when all do, so that an
    /// odd spelling of a path never leads around an inspection.
    pub fn route_for(&self, target: &Target) -> Option<&Route> {
        self.routes.iter().find(|route| {
            let certainty = match route.policy.inspect {
                Inspection::Off => Certainty::EveryReading,
                Inspection::Monitor | Inspection::Enforce => Certainty::AnyReading,
            };
            route.pattern.fits(target, certainty)
        })
    }

    /// Headers that some route lets through although they can steer a request elsewhere: what they say counts for all
    /// routes, since any may be the one of the handler that runs.
    pub fn is_passed_header(&self, name: &str) -> bool {
        self.routes.iter().any(|route| route.pass_headers.contains(name))
    }

    /// The hash set of this name.
    pub fn hash_set(&self, name: &str) -> Option<&SetSource> {
        self.hash_sets.iter().find(|set| &*set.name == name)
    }

    /// For which uploads the hash set or list of texts of this name acts.
    pub fn rollout(&self, name: &str) -> Option<&Rollout> {
        let of_text_list = || self.text_lists.iter().find(|list| &*list.name == name).map(|list| &list.rollout);
        self.hash_set(name).map(|set| &set.rollout).or_else(of_text_list)
    }

    /// Settings that are read only at start and are not what they were in `before`: no reload carries them out.
    pub fn start_settings_unlike(&self, before: &Self) -> Vec<&'static str> {
        let at_start = |server: &Server| Server { trusted_proxies: Vec::new(), ..server.clone() };
        let limits = |limits: &Limits| (limits.inspection_queue, limits.inspection_wait);
        let changed = [
            ("[server]", at_start(&self.server) != at_start(&before.server)),
            ("[[listener]]", self.listeners != before.listeners),
            ("[admin]", self.admin != before.admin),
            ("[connections]", self.connections != before.connections),
            ("inspection_queue or inspection_wait in [limits]", limits(&self.limits) != limits(&before.limits)),
        ];
        changed.into_iter().filter_map(|(name, has_changed)| has_changed.then_some(name)).collect()
    }
}

#[cfg(test)]
mod tests;
