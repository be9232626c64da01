//! The metrics, in Prometheus' terms.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::log_writer::lost_lines;

/// Labels of [`Metrics::verdicts`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct VerdictLabels {
    /// Name of the route, from the configuration.
    pub route: String,
    /// What happened.
    pub verdict: &'static str,
    /// What would have happened if every mode were `enforce`.
    pub if_enforced: &'static str,
}

/// Labels of [`Metrics::doubts`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DoubtLabels {
    /// Kind of doubt.
    pub kind: &'static str,
    /// `open` when the upload went on all the same, `closed` otherwise.
    pub failed: &'static str,
}

/// Labels of [`Metrics::origin_requests`] and [`Metrics::origin_refusals`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OriginLabels {
    /// Name of the origin, from the configuration.
    pub origin: String,
}

/// Labels of [`Metrics::limits_reached`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LimitLabels {
    /// Reason code of the limit.
    pub code: &'static str,
}

/// Labels of [`Metrics::matches`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct MatchLabels {
    /// Name of the hash set, or `rules`.
    pub source: String,
    /// What the set or rule asks for.
    pub action: &'static str,
    /// Whether it acts.
    pub mode: &'static str,
}

/// Labels of [`Metrics::held_back_matches`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HeldBackLabels {
    /// Name of the hash set.
    pub source: String,
    /// Why the match does not act.
    pub mark: &'static str,
}

/// Labels of [`Metrics::withdrawals`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WithdrawalLabels {
    /// Whether the origin did it.
    pub result: &'static str,
}

/// Labels of [`Metrics::flood_trips`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FloodLabels {
    /// Name of the hash set.
    pub set: String,
}

/// Labels of [`Metrics::holds_failed`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HoldLabels {
    /// Why the body could not be held.
    pub reason: &'static str,
}

/// Labels of [`Metrics::refused_requests`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RefusedRequestLabels {
    /// Reason code.
    pub code: &'static str,
}

/// Labels of [`Metrics::refused_connections`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RefusedConnectionLabels {
    /// `limit` when there were as many as there may be, `descriptors` when the system gave none.
    pub reason: &'static str,
}

/// Labels of [`Metrics::reloads`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReloadLabels {
    /// `ok` or `failed`.
    pub result: &'static str,
}

/// Labels of what there is one of for each hash set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SetLabels {
    /// Name of the hash set, from the configuration.
    pub set: String,
}

/// Labels of [`Metrics::set_fetches`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SetFetchLabels {
    /// Name of the hash set, from the configuration.
    pub set: String,
    /// `unchanged`, `changed`, `rejected`, `signature` or `failed`.
    pub result: &'static str,
}

/// Labels of [`Metrics::worker_deaths`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WorkerDeathLabels {
    /// `crash`, `deadline` or `protocol`.
    pub reason: &'static str,
}

/// Labels of [`Metrics::worker_requests`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WorkerRequestLabels {
    /// The format.
    pub format: &'static str,
    /// `decoded`, or the reason code.
    pub outcome: &'static str,
}

/// Labels of [`Metrics::rendered_pages`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RenderedPageLabels {
    /// `rendered`, `failed`, `deadline` or `left_out`.
    pub outcome: &'static str,
}

/// Every metric.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Verdicts reached.
    pub verdicts: Family<VerdictLabels, Counter>,
    /// Matches found, acting or not.
    pub matches: Family<MatchLabels, Counter>,
    /// Matches that do not act although their set would.
    pub held_back_matches: Family<HeldBackLabels, Counter>,
    /// Entries that were put into quarantine because they matched too much.
    pub flood_trips: Family<FloodLabels, Counter>,
    /// Entries in quarantine that wait for a decision.
    pub quarantined_entries: Gauge,
    /// Inspections that could not come to a clear result in some respect.
    pub doubts: Family<DoubtLabels, Counter>,
    /// Uploads that reached a limit on what an upload may consist of.
    pub limits_reached: Family<LimitLabels, Counter>,
    /// Requests that got an answer of ours for another reason than a match.
    pub refused_requests: Family<RefusedRequestLabels, Counter>,
    /// Bodies that could not be held.
    pub holds_failed: Family<HoldLabels, Counter>,
    /// Requests that passed on routes that do not inspect.
    pub passed: Counter,
    /// WebSockets that passed on routes that inspect; what flows inside them is not looked at.
    pub websockets_passed: Counter,
    /// Connections of clients that are open.
    pub open_connections: Gauge,
    /// Connections of clients that may be open.
    pub max_connections: Gauge,
    /// Connections of clients that were closed at once.
    pub refused_connections: Family<RefusedConnectionLabels, Counter>,
    /// Slow connections of clients that were ended for others.
    pub evicted_connections: Counter,
    /// Bodies whose file another one got.
    pub evicted_holds: Counter,
    /// TLS handshakes that failed or took too long.
    pub failed_handshakes: Counter,
    /// Uploads that are being received.
    pub held_uploads: Gauge,
    /// Memory that held bodies take.
    pub held_memory: Gauge,
    /// Disk that held bodies take.
    pub held_disk: Gauge,
    /// Uploads that come in pieces over several requests and are under way.
    pub assemblies: Gauge,
    /// Bytes of their pieces that are held.
    pub assembly_bytes: Gauge,
    /// Such uploads that were given up before they were whole.
    pub abandoned_assemblies: Counter,
    /// Uploads in pieces that were given up for others, as there were as many as there may be.
    pub evicted_assemblies: Counter,
    /// Attempts to withdraw what an origin has of a blocked upload.
    pub withdrawals: Family<WithdrawalLabels, Counter>,
    /// Seconds from the request's header to the last byte of its body.
    pub hold_seconds: Histogram,
    /// Seconds from the last byte of a body to its verdict.
    pub verdict_seconds: Histogram,
    /// Bytes that were inspected before their upload was whole.
    pub inspected_ahead: Counter,
    /// Inspections that ended in a panic of a decoder or of ours.
    pub inspection_panics: Counter,
    /// Picture decoders that panicked; the inspection went on.
    pub decoder_panics: Counter,
    /// Attempts to reach a server of an origin that failed.
    pub origin_connect_failures: Counter,
    /// Requests that are at an origin.
    pub origin_requests: Family<OriginLabels, Gauge>,
    /// Requests that were refused because there were too many at their origin.
    pub origin_refusals: Family<OriginLabels, Counter>,
    /// Reloads tried.
    pub reloads: Family<ReloadLabels, Counter>,
    /// 1 while the last reload failed and an older snapshot serves.
    pub reload_failing: Gauge,
    /// Seconds since all inputs were last looked at.
    pub input_look_age: Gauge<f64, AtomicU64>,
    /// Seconds since the newest input of the snapshot that serves was written.
    pub newest_input_age: Gauge<f64, AtomicU64>,
    /// Generation of the snapshot that serves.
    pub snapshot_generation: Gauge,
    /// Hashes loaded.
    pub loaded_hashes: Gauge,
    /// Rules loaded.
    pub loaded_rules: Gauge,
    /// Known texts loaded.
    pub loaded_texts: Gauge,
    /// Attempts to fetch a hash set from its server.
    pub set_fetches: Family<SetFetchLabels, Counter>,
    /// Seconds since a server last confirmed a hash set, or since a local one was written.
    pub set_age: Family<SetLabels, Gauge<f64, AtomicU64>>,
    /// 1 while a hash set is older than its `max_age`.
    pub set_stale: Family<SetLabels, Gauge>,
    /// 1 while the last attempt to fetch a hash set failed or brought something that is of no use.
    pub set_source_failing: Family<SetLabels, Gauge>,
    /// Workers started.
    pub worker_starts: Counter,
    /// Workers that died or had to be killed.
    pub worker_deaths: Family<WorkerDeathLabels, Counter>,
    /// Files that a worker was to decode.
    pub worker_requests: Family<WorkerRequestLabels, Counter>,
    /// Pages of PDF that show more than letters.
    pub rendered_pages: Family<RenderedPageLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.0005, 2.0, 18));
        let mut metrics = Self {
            registry: Registry::with_prefix("penstock"),
            verdicts: Family::default(),
            matches: Family::default(),
            held_back_matches: Family::default(),
            flood_trips: Family::default(),
            quarantined_entries: Gauge::default(),
            doubts: Family::default(),
            limits_reached: Family::default(),
            refused_requests: Family::default(),
            holds_failed: Family::default(),
            passed: Counter::default(),
            websockets_passed: Counter::default(),
            open_connections: Gauge::default(),
            max_connections: Gauge::default(),
            refused_connections: Family::default(),
            evicted_connections: Counter::default(),
            evicted_holds: Counter::default(),
            failed_handshakes: Counter::default(),
            held_uploads: Gauge::default(),
            held_memory: Gauge::default(),
            held_disk: Gauge::default(),
            assemblies: Gauge::default(),
            assembly_bytes: Gauge::default(),
            abandoned_assemblies: Counter::default(),
            evicted_assemblies: Counter::default(),
            withdrawals: Family::default(),
            hold_seconds: seconds(),
            verdict_seconds: seconds(),
            inspected_ahead: Counter::default(),
            inspection_panics: Counter::default(),
            decoder_panics: Counter::default(),
            origin_connect_failures: Counter::default(),
            origin_requests: Family::default(),
            origin_refusals: Family::default(),
            reloads: Family::default(),
            reload_failing: Gauge::default(),
            input_look_age: Gauge::default(),
            newest_input_age: Gauge::default(),
            snapshot_generation: Gauge::default(),
            loaded_hashes: Gauge::default(),
            loaded_rules: Gauge::default(),
            loaded_texts: Gauge::default(),
            set_fetches: Family::default(),
            set_age: Family::default(),
            set_stale: Family::default(),
            set_source_failing: Family::default(),
            worker_starts: Counter::default(),
            worker_deaths: Family::default(),
            worker_requests: Family::default(),
            rendered_pages: Family::default(),
        };
        metrics.register_connections();
        metrics.register_uploads();
        metrics.register_exceptions();
        metrics.register_operation();
        metrics.register_sources();
        metrics.register_workers();
        metrics
    }
}

impl Metrics {
    /// Counts a request that was refused by `code`.
    pub fn count_refused(&self, code: &'static str) {
        self.refused_requests.get_or_create(&RefusedRequestLabels { code }).inc();
    }

    fn register_connections(&mut self) {
        let registry = &mut self.registry;
        registry.register("open_connections", "Connections of clients that are open", self.open_connections.clone());
        registry.register("max_connections", "Connections of clients that may be open", self.max_connections.clone());
        let refused = self.refused_connections.clone();
        registry.register("refused_connections", "Connections of clients that were closed at once", refused);
        let evicted = self.evicted_connections.clone();
        registry.register("evicted_connections", "Slow connections of clients that were ended for others", evicted);
        let failed = self.failed_handshakes.clone();
        registry.register("failed_handshakes", "TLS handshakes that failed or took too long", failed);
    }

    fn register_uploads(&mut self) {
        let registry = &mut self.registry;
        registry.register("verdicts", "Verdicts reached", self.verdicts.clone());
        registry.register("matches", "Matches found, acting or not", self.matches.clone());
        registry.register("doubts", "Inspections without a clear result in some respect", self.doubts.clone());
        registry.register("limits_reached", "Uploads that reached a limit", self.limits_reached.clone());
        let refused = self.refused_requests.clone();
        registry.register(
            "refused_requests",
            "Requests that Penstock answered for another reason than a match",
            refused,
        );
        registry.register("holds_failed", "Bodies that could not be held", self.holds_failed.clone());
        registry.register("passed_requests", "Requests on routes that do not inspect", self.passed.clone());
        let websockets = self.websockets_passed.clone();
        registry.register("websockets_passed", "WebSockets that passed uninspected on routes that inspect", websockets);
        let ahead = self.inspected_ahead.clone();
        registry.register_with_unit("inspected_ahead", "Inspected before the upload was whole", Unit::Bytes, ahead);
        let evicted = self.evicted_holds.clone();
        registry.register("evicted_holds", "Slow bodies that were given up for others", evicted);
        registry.register("held_uploads", "Uploads that are being received", self.held_uploads.clone());
        let (memory, disk) = (self.held_memory.clone(), self.held_disk.clone());
        registry.register_with_unit("held_memory", "Memory that held bodies take", Unit::Bytes, memory);
        registry.register_with_unit("held_disk", "Disk that held bodies take", Unit::Bytes, disk);
        registry.register("assemblies", "Uploads in several requests that are under way", self.assemblies.clone());
        let (abandoned, withdrawals) = (self.abandoned_assemblies.clone(), self.withdrawals.clone());
        registry.register("abandoned_assemblies", "Uploads in pieces that were given up unfinished", abandoned);
        let evicted = self.evicted_assemblies.clone();
        registry.register("evicted_assemblies", "Uploads in pieces that were given up for others", evicted);
        registry.register("withdrawals", "Attempts to withdraw pieces of blocked uploads", withdrawals);
        let held = self.assembly_bytes.clone();
        registry.register_with_unit("assembly", "Pieces of such uploads that are held", Unit::Bytes, held);
        let (hold, verdict) = (self.hold_seconds.clone(), self.verdict_seconds.clone());
        registry.register_with_unit("hold", "From header to last byte of the body", Unit::Seconds, hold);
        registry.register_with_unit("verdict", "From last byte of the body to verdict", Unit::Seconds, verdict);
    }

    fn register_exceptions(&mut self) {
        let registry = &mut self.registry;
        let held_back = self.held_back_matches.clone();
        registry.register("matches_held_back", "Matches that do not act although their set would", held_back);
        registry.register("flood_trips", "Entries put into quarantine for matching too much", self.flood_trips.clone());
        let waiting = self.quarantined_entries.clone();
        registry.register("quarantined_entries", "Entries in quarantine that wait for a decision", waiting);
    }

    fn register_operation(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "decoder_panics",
            "Picture decoders that panicked, while the inspection went on",
            self.decoder_panics.clone(),
        );
        registry.register("log_lines_lost", "Lines of the log that nobody took", lost_lines());
        registry.register("inspection_panics", "Inspections that ended in a panic", self.inspection_panics.clone());
        let failures = self.origin_connect_failures.clone();
        registry.register("origin_connect_failures", "Failed attempts to reach an origin server", failures);
        registry.register("origin_requests", "Requests that are at an origin", self.origin_requests.clone());
        let refusals = self.origin_refusals.clone();
        registry.register("origin_refusals", "Requests refused as too many were at their origin", refusals);
        registry.register("reloads", "Reloads tried", self.reloads.clone());
        registry.register("reload_failing", "1 while the last reload failed", self.reload_failing.clone());
        let (looked, newest) = (self.input_look_age.clone(), self.newest_input_age.clone());
        registry.register_with_unit("input_look_age", "Since all inputs were last looked at", Unit::Seconds, looked);
        registry.register_with_unit("newest_input_age", "Since the newest input was written", Unit::Seconds, newest);
        let generation = self.snapshot_generation.clone();
        registry.register("snapshot_generation", "Generation of the snapshot that serves", generation);
        registry.register("loaded_hashes", "Hashes loaded", self.loaded_hashes.clone());
        registry.register("loaded_rules", "Rules loaded", self.loaded_rules.clone());
        registry.register("loaded_texts", "Known texts loaded", self.loaded_texts.clone());
    }

    fn register_sources(&mut self) {
        let registry = &mut self.registry;
        registry.register("set_fetches", "Attempts to fetch a hash set from its server", self.set_fetches.clone());
        let age = self.set_age.clone();
        registry.register_with_unit("set_age", "Since a hash set was last known to be fresh", Unit::Seconds, age);
        registry.register("set_stale", "1 while a hash set is older than max_age", self.set_stale.clone());
        let failing = self.set_source_failing.clone();
        registry.register("set_source_failing", "1 while a hash set cannot be fetched or used", failing);
    }

    fn register_workers(&mut self) {
        let registry = &mut self.registry;
        registry.register("worker_starts", "Workers started", self.worker_starts.clone());
        registry.register("worker_deaths", "Workers that died or had to be killed", self.worker_deaths.clone());
        registry.register("worker_requests", "Files that a worker was to decode", self.worker_requests.clone());
        let pages = self.rendered_pages.clone();
        registry.register("rendered_pages", "Pages of PDF that show more than letters", pages);
    }

    /// All metrics in the OpenMetrics text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_verdict_shows_in_the_text_format() {
        let metrics = Metrics::default();
        let labels = VerdictLabels { route: "uploads".into(), verdict: "block", if_enforced: "block" };
        metrics.verdicts.get_or_create(&labels).inc();
        let text = metrics.render();
        let line = r#"penstock_verdicts_total{route="uploads",verdict="block",if_enforced="block"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
