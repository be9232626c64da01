//! The listener for operators: health, readiness, metrics, and what is loaded.

mod report;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::snapshot::SnapshotHandle;
use crate::telemetry::Metrics;

use report::SnapshotReport;

#[derive(Clone)]
struct Shared {
    snapshots: Arc<SnapshotHandle>,
    metrics: Arc<Metrics>,
}

/// Serves on `listener` until the process ends.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    snapshots: Arc<SnapshotHandle>,
    metrics: Arc<Metrics>,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(render_metrics))
        .route("/snapshot", get(report_snapshot))
        .with_state(Shared { snapshots, metrics });
    axum::serve(listener, routes).await
}

/// Ready as soon as a snapshot serves, which is before the first connection is accepted. A failed reload does not
/// change that: the old snapshot goes on serving, and `penstock_reload_failing` tells.
async fn ready(State(shared): State<Shared>) -> impl IntoResponse {
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
