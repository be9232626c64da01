//! The listener for operators: health, readiness, metrics, what is loaded, and decisions about what is in quarantine.

mod quarantine;
mod report;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json};
use axum::routing::{get, post};
use tokio::net::{TcpListener, TcpStream};

use crate::quarantine::Quarantine;
use crate::snapshot::SnapshotHandle;
use crate::telemetry::Metrics;

use report::SnapshotReport;

#[derive(Clone)]
struct Shared {
    snapshots: Arc<SnapshotHandle>,
    quarantine: Arc<Quarantine>,
    metrics: Arc<Metrics>,
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
pub async fn serve(
    listener: TcpListener,
    snapshots: Arc<SnapshotHandle>,
    quarantine: Arc<Quarantine>,
    metrics: Arc<Metrics>,
) -> std::io::Result<()> {
    let addresses = snapshots.current().config.listeners.iter().map(|listener| listener.address).collect();
    let opening = Arc::new(Opening { addresses, has_opened: AtomicBool::new(false) });
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(render_metrics))
        .route("/snapshot", get(report_snapshot))
        .route("/quarantine", get(self::quarantine::list))
        .route("/quarantine/decide", post(self::quarantine::decide))
        .with_state(Shared { snapshots, quarantine, metrics, opening });
    axum::serve(listener, routes).await
}

/// Ready as soon as clients can connect. A failed reload does not change that: the old snapshot goes on serving, and
/// `penstock_reload_failing` tells.
async fn ready(State(shared): State<Shared>) -> impl IntoResponse {
    if !shared.opening.is_over().await {
        return (StatusCode::SERVICE_UNAVAILABLE, "the listeners are not open yet\n".to_owned());
    }
    let generation = shared.snapshots.current().generation;
    (StatusCode::OK, format!("ready, snapshot {generation}\n"))
}

async fn render_metrics(State(shared): State<Shared>) -> impl IntoResponse {
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, media_type)], shared.metrics.render())
}

async fn report_snapshot(State(shared): State<Shared>) -> impl IntoResponse {
    let snapshot = shared.snapshots.current();
    Json(SnapshotReport::of(&snapshot, shared.snapshots.last_problems()))
}
