//! Wires everything together: the one place that knows all modules.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::body::Stores;
use crate::config::Problem;
use crate::hash_set::Progress;
use crate::inspect::Inspector;
use crate::media::NoForeignDecoder;
use crate::proxy::{Gate, StartError};
use crate::quarantine::Quarantine;
use crate::snapshot::{Fetching, Refresher, Snapshot, SnapshotHandle, SourceHealth, Watcher};
use crate::telemetry::Metrics;
use crate::{admin, proxy, snapshot};

/// Why Penstock did not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration, a set or a rule file is broken.
    #[error("{} problems in the configuration or what it names", .0.len())]
    Problems(Vec<Problem>),
    /// A listener did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The admin listener did not start.
    #[error("cannot listen on {address} for [admin]: {error}")]
    Admin {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The system refused threads or signals.
    #[error("the system is out of resources: {0}")]
    System(#[from] io::Error),
}

/// Runs the proxy with the configuration at `config_file` until a signal ends it.
///
/// # Errors
/// [`RunError`], before anything is served.
pub fn run(config_file: &Path) -> Result<(), RunError> {
    let metrics = Arc::new(Metrics::default());
    let snapshots = SnapshotHandle::load(config_file, Arc::clone(&metrics)).map_err(RunError::Problems)?;
    let snapshots = Arc::new(snapshots);
    let snapshot = snapshots.current();
    let config = &snapshot.config;
    let _watcher = Watcher::start(Arc::clone(&snapshots))?;
    let quarantine = Quarantine::start(config.server.state_directory.as_deref(), Arc::clone(&metrics))?;
    let _refresher = Refresher::start(Arc::clone(&snapshots))?;
    start_operations(config.admin.address, &snapshots, &quarantine, &metrics)?;
    let stores = Stores::default();
    let inspector = Inspector::start(
        &config.server,
        &config.limits,
        stores.clone(),
        Arc::new(NoForeignDecoder),
        Arc::clone(&metrics),
    )?;
    let listeners: Vec<String> = config.listeners.iter().map(|listener| listener.address.to_string()).collect();
    tracing::info!(
        event = "start",
        version = env!("CARGO_PKG_VERSION"),
        listeners = listeners.join(", "),
        admin = %config.admin.address,
        sets = snapshot.sets.len(),
        rules = snapshot.rules.len(),
    );
    proxy::serve(Gate::new(Arc::clone(&snapshots), inspector, stores, quarantine, metrics), snapshot)?;
    Ok(())
}

/// Loads what [`run`] would, without serving it. Also tells what is known of where sets come from.
///
/// # Errors
/// Every problem in the configuration, in the files it names, and with the certificates of its listeners.
pub fn check(
    config_file: &Path,
    fetching: Fetching,
    progress: &dyn Progress,
) -> Result<(Snapshot, Vec<SourceHealth>), Vec<Problem>> {
    let (snapshot, sources) = snapshot::load(config_file, fetching, progress)?;
    let certificates = snapshot.config.listeners.iter().filter_map(|listener| listener.tls.as_ref());
    let problems: Vec<Problem> = certificates
        .filter_map(|tls| proxy::check_tls(tls).err())
        .map(|error| Problem::of_file(config_file, error.to_string()))
        .collect();
    if problems.is_empty() { Ok((snapshot, sources)) } else { Err(problems) }
}

/// Starts the thread that serves operators: the admin listener and SIGHUP.
fn start_operations(
    address: SocketAddr,
    snapshots: &Arc<SnapshotHandle>,
    quarantine: &Arc<Quarantine>,
    metrics: &Arc<Metrics>,
) -> Result<(), RunError> {
    let failed = |error| RunError::Admin { address, error };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (snapshots, quarantine) = (Arc::clone(snapshots), Arc::clone(quarantine));
    let metrics = Arc::clone(metrics);
    let mut hangups = {
        let _context = runtime.enter();
        signal(SignalKind::hangup())?
    };
    std::thread::Builder::new().name("operations".into()).spawn(move || {
        runtime.block_on(async move {
            let reloading = Arc::clone(&snapshots);
            tokio::spawn(async move {
                while hangups.recv().await.is_some() {
                    let handle = Arc::clone(&reloading);
                    if tokio::task::spawn_blocking(move || handle.reload()).await.is_err() {
                        tracing::error!("the reload panicked, the old snapshot serves");
                    }
                }
            });
            let served = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => admin::serve(listener, snapshots, quarantine, metrics).await,
                Err(error) => Err(error),
            };
            if let Err(error) = served {
                tracing::error!(%error, "the admin listener ended");
            }
        });
    })?;
    Ok(())
}
