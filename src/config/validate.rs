//! Raw values → validated types, collecting every problem on the way.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use toml::Spanned;

use super::directories::{cache_directory, state_directory};
use super::raw::{RawAdmin, RawConfig, RawHashSet, RawLimits, RawListener, RawMaxDistance, RawOrigin, RawServer};
use super::reading::list_reading;
use super::units::{Patience, Span};
use super::{
    Admin, ByteSize, Config, FloodRule, Forwarded, Limits, Listener, Origin, OriginServer, Place, Problem, Rollout,
    Route, Server, SetPolicy, SetSource, Stale, Tls, open_file, suggestion, warnings,
};
use crate::content::{Action, DecodeLimits, Distance, ExtractLimits, SetAction};

/// Threads of one kind that may be asked for.
const MAX_THREADS: usize = 1024;

/// Validates a whole file.
///
/// # Errors
/// Every problem found.
pub(super) fn validate(file: &Path, source: &str, raw: RawConfig) -> Result<Config, Vec<Problem>> {
    let mut check = Check { file, source, problems: Vec::new(), warnings: Vec::new() };
    let addresses: Vec<&Spanned<String>> = raw.listener.iter().map(|listener| &listener.address).collect();
    check.addresses(&addresses, raw.admin.address.as_ref());
    check.warn_of_exposure(&raw);
    let origins = check.origins(raw.origin);
    let routes = check.routes(&raw.route, &origins);
    check.warn_of_unreachable(&raw.route, &routes);
    let flood = check.flood_rule(&raw.flood_breaker, FloodRule::default());
    let breaks_floods = raw.flood_breaker.enabled.unwrap_or(true);
    let mut config = Config {
        file: file.to_owned(),
        server: check.server(&raw.server),
        listeners: check.listeners(&raw.listener),
        admin: check.admin(&raw.admin),
        connections: check.connections(&raw.connections),
        limits: check.limits(&raw.limits),
        default_origin: check.origin_index(raw.default_origin.as_ref(), &origins),
        hash_sets: check.hash_sets(&raw.hash_set, &routes, flood, breaks_floods),
        text_lists: check.text_lists(&raw.text_list, &routes),
        routes,
        allow_empty: raw.reload.allow_empty,
        rules: raw.rules.iter().map(|path| check.path(path)).collect(),
        origins,
        warnings: Vec::new(),
    };
    config.warnings = [check.warnings, warnings::of_config(&config)].concat();
    if check.problems.is_empty() { Ok(config) } else { Err(check.problems) }
}

/// Collects what is wrong with a file while it is turned into types.
pub(super) struct Check<'a> {
    pub(super) file: &'a Path,
    pub(super) source: &'a str,
    problems: Vec<Problem>,
    /// What is in order and yet hardly meant.
    pub(super) warnings: Vec<Problem>,
}

impl Check<'_> {
    pub(super) fn problem<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.problem_at(at.span().start, message);
    }

    pub(super) fn problem_at(&mut self, start: usize, message: impl Into<String>) {
        let place = Place::of(self.source, start);
        self.problems.push(Problem::at(self.file, place, message));
    }

    /// Paths are relative to the folder of the configuration file.
    pub(super) fn path(&self, path: &Spanned<String>) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path.get_ref())
    }

    fn address(&mut self, text: &Spanned<String>) -> SocketAddr {
        text.get_ref().parse().unwrap_or_else(|_| {
            let found = text.get_ref();
            let port = found.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
            let hint = port.map_or(String::new(), |port| {
                format!("; a name is not taken here; for all addresses \"0.0.0.0:{port}\" or \"[::]:{port}\"")
            });
            let message = format!("\"{found}\" is not an address, expected for example \"127.0.0.1:8080\"{hint}");
            self.problem(text, message);
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    pub(super) fn at_least_one(&mut self, value: Option<&Spanned<usize>>, default: usize) -> usize {
        let Some(value) = value else {
            return default;
        };
        if *value.get_ref() == 0 {
            self.problem(value, "expected at least 1");
        }
        *value.get_ref()
    }

    /// Names appear in logs, metrics and headers, and must be unique among their kind.
    pub(super) fn name(&mut self, kind: &str, name: &Spanned<String>, seen: &mut HashMap<String, u64>) {
        let text = name.get_ref();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if text.is_empty() || !text.chars().all(is_plain) {
            self.problem(name, format!("\"{text}\" is not a name, expected letters, digits, \"-\", \"_\" and \".\""));
        }
        let line = Place::of(self.source, name.span().start).line;
        if let Some(first) = seen.insert(text.clone(), line) {
            self.problem(name, format!("{kind} \"{text}\" is named twice, first in line {first}"));
        }
    }

    fn server(&mut self, raw: &RawServer) -> Server {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Server {
            threads: self.threads(raw.threads.as_ref(), cores),
            // With one alone, everybody would wait for each costly upload.
            inspection_threads: self.threads(raw.inspection_threads.as_ref(), cores.max(2)),
            shutdown_grace: raw.shutdown_grace.map_or(Duration::from_secs(5), |span| span.0),
            state_directory: raw.state_directory.as_ref().map(|path| self.path(path)).or_else(state_directory),
            cache_directory: raw.cache_directory.as_ref().map_or_else(cache_directory, |path| self.path(path)),
            worker: raw.worker.unwrap_or(true),
            pdfium: raw.pdfium.as_ref().map(|path| self.path(path)),
            trusted_proxies: self.trusted_proxies(raw),
        }
    }

    /// More than any machine has cores would take memory for nothing, and the system may refuse them.
    fn threads(&mut self, raw: Option<&Spanned<usize>>, cores: usize) -> usize {
        if let Some(raw) = raw.filter(|raw| *raw.get_ref() > MAX_THREADS) {
            self.problem(raw, format!("expected at most {MAX_THREADS}: a thread for each core is enough"));
        }
        self.at_least_one(raw, cores)
    }

    fn listeners(&mut self, raw: &[RawListener]) -> Vec<Listener> {
        if raw.is_empty() {
            self.problems.push(Problem::of_file(
                self.file,
                "at least one [[listener]] with an address is needed: clients could not connect",
            ));
        }
        raw.iter()
            .map(|listener| Listener {
                address: self.address(&listener.address),
                tls: listener
                    .tls
                    .as_ref()
                    .map(|tls| Tls { certificate: self.file_path(&tls.certificate), key: self.file_path(&tls.key) }),
            })
            .collect()
    }

    pub(super) fn file_path(&mut self, path: &Spanned<String>) -> PathBuf {
        let resolved = self.path(path);
        if let Err(error) = open_file(&resolved) {
            self.problem(path, format!("{} cannot be read: {error}", resolved.display()));
        }
        resolved
    }

    fn admin(&mut self, raw: &RawAdmin) -> Admin {
        let default = SocketAddr::from(([127, 0, 0, 1], 9180));
        Admin {
            address: raw.address.as_ref().map_or(default, |address| self.address(address)),
            hosts: raw.hosts.clone(),
        }
    }

    fn limits(&mut self, raw: &RawLimits) -> Limits {
        let defaults = Limits::default();
        let time = |span: Option<Span>, default| span.map_or(default, |span| span.0);
        let patience = |patience: Option<Patience>, default| patience.map_or(default, |patience| patience.0);
        let mut limits = Limits {
            memory_per_upload: raw.memory_per_upload.unwrap_or(defaults.memory_per_upload),
            memory_total: raw.memory_total.unwrap_or(defaults.memory_total),
            spool_total: raw.spool_total.unwrap_or(defaults.spool_total),
            spool_directory: self.spool_directory(raw.spool_directory.as_ref(), defaults.spool_directory),
            upload_timeout: patience(raw.upload_timeout, defaults.upload_timeout),
            first_byte_timeout: patience(raw.first_byte_timeout, defaults.first_byte_timeout),
            min_upload_rate: raw.min_upload_rate.unwrap_or(defaults.min_upload_rate),
            rate_grace: time(raw.rate_grace, defaults.rate_grace),
            inspection_queue: self.at_least_one(raw.inspection_queue.as_ref(), defaults.inspection_queue),
            inspection_wait: time(raw.inspection_wait, defaults.inspection_wait),
            inspection_deadline: patience(raw.inspection_deadline, defaults.inspection_deadline),
            inspection_rate: raw.inspection_rate.unwrap_or(defaults.inspection_rate),
            inspection_work: patience(raw.inspection_work, defaults.inspection_work),
            inspection_work_per_mib: time(raw.inspection_work_per_mib, defaults.inspection_work_per_mib),
            scan_opaque: raw.scan_opaque.unwrap_or(defaults.scan_opaque),
            max_assemblies: raw.max_assemblies.map_or(defaults.max_assemblies, NonZeroUsize::get),
            assembly_timeout: patience(raw.assembly_timeout, defaults.assembly_timeout),
            extract: extract_limits(raw, defaults.extract),
            decode: DecodeLimits {
                max_side: raw.max_picture_side.map_or(defaults.decode.max_side, NonZeroU32::get),
                max_pixels: raw.max_picture_pixels.map_or(defaults.decode.max_pixels, NonZeroU64::get),
                max_alloc: raw.max_picture_memory.map_or(defaults.decode.max_alloc, |size| size.0),
                max_frames: self.at_least_one(raw.max_picture_frames.as_ref(), defaults.decode.max_frames),
                deadline: patience(raw.decode_deadline, defaults.decode.deadline),
                max_rendered_pages: raw.max_rendered_pages.unwrap_or(defaults.decode.max_rendered_pages),
                render_work: patience(raw.render_work, defaults.decode.render_work),
            },
        };
        limits.extract.max_plain_picture = limits.decode.plain_bytes();
        limits
    }

    fn spool_directory(&mut self, raw: Option<&Spanned<String>>, default: PathBuf) -> PathBuf {
        let Some(raw) = raw else {
            return default;
        };
        let path = self.path(raw);
        if !path.is_dir() {
            self.problem(raw, format!("{} is not a folder; create it, or leave spool_directory out", path.display()));
        }
        path
    }

    fn origins(&mut self, raw: Vec<RawOrigin>) -> Vec<Origin> {
        if raw.is_empty() {
            self.problems.push(Problem::of_file(
                self.file,
                "at least one [[origin]] with a name and servers is needed: requests could go nowhere",
            ));
        }
        let mut seen = HashMap::new();
        raw.into_iter().map(|origin| self.origin(origin, &mut seen)).collect()
    }

    fn origin(&mut self, raw: RawOrigin, seen: &mut HashMap<String, u64>) -> Origin {
        self.name("origin", &raw.name, seen);
        if raw.servers.get_ref().is_empty() {
            self.problem(&raw.servers, "expected at least one server such as \"127.0.0.1:3000\"");
        }
        let patience = |patience: Option<Patience>, default| patience.map_or(Duration::from_secs(default), |p| p.0);
        Origin {
            name: raw.name.into_inner(),
            servers: raw.servers.into_inner().iter().map(|server| self.origin_server(server)).collect(),
            connect_timeout: patience(raw.connect_timeout, 3),
            read_timeout: patience(raw.read_timeout, 300),
            write_timeout: patience(raw.write_timeout, 60),
            idle_timeout: raw.idle_timeout.map_or(Duration::from_secs(30), |span| span.0),
            max_requests: raw.max_requests.as_ref().map(|most| self.at_least_one(Some(most), 1)),
            x_forwarded: raw.x_forwarded.unwrap_or(Forwarded::Append),
            turn: AtomicUsize::new(0),
        }
    }

    fn origin_server(&mut self, raw: &Spanned<String>) -> OriginServer {
        let text = raw.get_ref();
        if let Ok(address) = text.parse() {
            return OriginServer::Address(address);
        }
        let is_name = text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty()
                && port.parse::<u16>().is_ok()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        });
        if !is_name {
            let hint = match text.split_once("://") {
                Some(("http", _)) => ": leave out \"http://\"",
                Some(("https", _)) => ": origins that speak https are not supported",
                _ if text.starts_with("unix:") || text.starts_with('/') => ": Unix sockets are not supported",
                _ if text.contains('/') => ": a server has no path",
                _ if !text.contains(':') => ": which port?",
                _ => "",
            };
            self.problem(raw, format!("\"{text}\" is not a server, expected \"address:port\" or \"name:port\"{hint}"));
        }
        OriginServer::Name(text.clone())
    }

    pub(super) fn origin_index(&mut self, name: Option<&Spanned<String>>, origins: &[Origin]) -> usize {
        let Some(name) = name else {
            return 0;
        };
        let text = name.get_ref();
        let index = origins.iter().position(|origin| origin.name == *text);
        index.unwrap_or_else(|| {
            let hint = suggestion(text, origins.iter().map(|origin| origin.name.as_str()));
            self.problem(name, format!("no [[origin]] is named \"{text}\"{hint}"));
            0
        })
    }

    fn hash_sets(
        &mut self,
        raw: &[RawHashSet],
        routes: &[Route],
        flood: FloodRule,
        breaks_floods: bool,
    ) -> Vec<SetSource> {
        let mut seen = HashMap::new();
        let sets = raw.iter().map(|set| {
            let source = self.hash_set(set, &mut seen);
            let rollout = self.rollout(set.enforce_share.as_ref(), set.enforce_routes.as_ref(), routes);
            let flood = self.flood_rule(&set.flood_breaker, flood);
            // An exception that many pictures share is what exceptions are for.
            let is_allow = source.policy.action == SetAction::Allow;
            let is_guarded = set.flood_breaker.enabled.unwrap_or(breaks_floods) && !is_allow;
            SetSource { rollout, flood: is_guarded.then_some(flood), ..source }
        });
        sets.collect()
    }

    fn hash_set(&mut self, raw: &RawHashSet, seen: &mut HashMap<String, u64>) -> SetSource {
        self.name("hash set", &raw.name, seen);
        let action = raw.action.unwrap_or(SetAction::Act(Action::Block));
        let defaults = SetPolicy::asking(action);
        if let Some(quality) = raw.min_quality.as_ref().filter(|quality| *quality.get_ref() > 100) {
            self.problem(quality, "expected a quality from 0 to 100");
        }
        let mut problems = Vec::new();
        let reading = list_reading(raw, &mut problems);
        for (span, message) in problems {
            self.problem(&Spanned::new(span, ()), message);
        }
        let RawMaxDistance { pdq, ahash, dhash, phash } = &raw.max_distance;
        let location = self.location(raw);
        SetSource {
            name: Arc::from(raw.name.get_ref().as_str()),
            reading,
            public_key: self.public_key(raw.public_key.as_ref()),
            max_age: self.max_age(raw, &location),
            allow_shrink: self.allow_shrink(raw.allow_shrink.as_ref()),
            stale: raw.stale.unwrap_or(Stale::Warn),
            location,
            policy: SetPolicy {
                action,
                mode: raw.mode.unwrap_or(defaults.mode),
                min_quality: raw.min_quality.as_ref().map_or(defaults.min_quality, |quality| *quality.get_ref()),
                pdq: self.distance(pdq.as_ref(), 64, defaults.pdq),
                ahash: self.distance(ahash.as_ref(), 16, defaults.ahash),
                dhash: self.distance(dhash.as_ref(), 16, defaults.dhash),
                phash: self.distance(phash.as_ref(), 16, defaults.phash),
            },
            rollout: Rollout::default(),
            flood: None,
        }
    }

    /// Two unrelated hashes differ in about half their bits; a quarter is where chance begins.
    fn distance(&mut self, raw: Option<&Spanned<u16>>, most: u16, default: Distance) -> Distance {
        let Some(raw) = raw else {
            return default;
        };
        if *raw.get_ref() > most {
            self.problem(raw, format!("expected at most {most}: past it unrelated pictures match"));
        }
        Distance(*raw.get_ref())
    }
}

fn extract_limits(raw: &RawLimits, defaults: ExtractLimits) -> ExtractLimits {
    let bytes = |size: Option<ByteSize>, default| size.map_or(default, |size| size.0);
    ExtractLimits {
        max_parts: raw.max_parts.map_or(defaults.max_parts, NonZeroUsize::get),
        max_part_header: raw.max_part_header.map_or(defaults.max_part_header, |size| size.0 as usize),
        max_depth: raw.max_depth.map_or(defaults.max_depth, NonZeroUsize::get),
        max_escaped: bytes(raw.max_escaped_body, defaults.max_escaped),
        max_codings: raw.max_codings.unwrap_or(defaults.max_codings),
        max_nesting: raw.max_nesting.unwrap_or(defaults.max_nesting),
        max_unpacked: bytes(raw.max_unpacked, defaults.max_unpacked),
        max_ratio: raw.max_unpack_ratio.map_or(defaults.max_ratio, NonZeroU64::get),
        max_plain_picture: defaults.max_plain_picture,
        max_carved: raw.max_carved.unwrap_or(defaults.max_carved),
    }
}
