//! The listener for operators: health, readiness, metrics, what is loaded, and decisions about what is in quarantine.

mod host;
mod quarantine;
mod report;
mod serving;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Json};
use axum::routing::{get, post};
use tokio::net::{TcpListener, TcpStream};

use crate::config::Stale;
use crate::quarantine::Quarantine;
use crate::snapshot::{SnapshotHandle, SourceHealth};
use crate::telemetry::Metrics;
use crate::worker::Workers;

use report::SnapshotReport;
use serving::Bounded;

/// What operators ask about, and decide about.
#[derive(Clone)]
pub struct Subjects {
    /// What is loaded.
    pub snapshots: Arc<SnapshotHandle>,
    /// What is held back.
    pub quarantine: Arc<Quarantine>,
    /// What decodes formats that need C.
    pub workers: Arc<Workers>,
    /// What has been counted.
    pub metrics: Arc<Metrics>,
}

#[derive(Clone)]
struct Shared {
    subjects: Subjects,
    opening: Arc<Opening>,
}

/// The listeners for clients, which open after this one.
struct Opening {
    addresses: Vec<SocketAddr>,
    has_opened: AtomicBool,
}

impl Opening {
    /// Whether each has taken a connection. Once it has, nobody is asked again.
    async fn is_over(&self) -> bool {
        if !self.has_opened.load(Ordering::Relaxed) {
            for address in &self.addresses {
                if TcpStream::connect(address).await.is_err() {
                    return false;
                }
            }
            self.has_opened.store(true, Ordering::Relaxed);
        }
        true
    }
}

/// Serves on `listener` until the process ends.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener, subjects: Subjects) -> std::io::Result<()> {
    let addresses = subjects.snapshots.current().config.listeners.iter().map(|listener| listener.address).collect();
    let opening = Arc::new(Opening { addresses, has_opened: AtomicBool::new(false) });
    let shared = Shared { subjects, opening };
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(render_metrics))
        .route("/snapshot", get(report_snapshot))
        .route("/quarantine", get(self::quarantine::list))
        .route("/quarantine/decide", post(self::quarantine::decide))
        .layer(from_fn_with_state(shared.clone(), host::check))
        .with_state(shared);
    axum::serve(Bounded::new(listener), routes).await
}

/// Ready as soon as clients can connect. A failed reload does not change that: the old snapshot goes on serving, and
/// `penstock_reload_failing` tells. A stale set is told of, and changes it only where its configuration says so: with an
/// old list less is stopped than could be, with no Penstock nothing is, or nothing is served.
async fn ready(State(Shared { subjects, opening }): State<Shared>) -> impl IntoResponse {
    if !opening.is_over().await {
        return (StatusCode::SERVICE_UNAVAILABLE, "the listeners are not open yet\n".to_owned());
    }
    let health = subjects.snapshots.source_health();
    let stale = stale_sets(&health);
    if health.iter().any(|source| source.stale == Some(Stale::Unready)) {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{stale}"));
    }
    let generation = subjects.snapshots.current().generation;
    (StatusCode::OK, format!("ready, snapshot {generation}\n{stale}"))
}

/// A line for each set that is older than it may be.
fn stale_sets(health: &[SourceHealth]) -> String {
    let stale = health.iter().filter(|source| source.stale.is_some());
    let lines = stale.map(|source| {
        let age = Duration::from_secs(source.age.unwrap_or_default().as_secs());
        let what = if source.fetched_at.is_some() { "last confirmed by its server" } else { "last written" };
        format!("hash set \"{}\" is stale: {what} {} ago\n", source.set, humantime::format_duration(age))
    });
    lines.collect()
}

async fn render_metrics(State(Shared { subjects, .. }): State<Shared>) -> impl IntoResponse {
    subjects.snapshots.publish_ages();
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, media_type)], subjects.metrics.render())
}

async fn report_snapshot(State(Shared { subjects, .. }): State<Shared>) -> impl IntoResponse {
    let Subjects { snapshots, workers, .. } = subjects;
    // Where no worker has started so far, this starts one.
    let undecodable = tokio::task::spawn_blocking(move || workers.undecodable()).await.unwrap_or_default();
    let (health, problems) = (snapshots.source_health(), snapshots.last_problems());
    Json(SnapshotReport::of(&snapshots.current(), &health, &undecodable, &problems))
}
