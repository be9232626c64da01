//! Wires everything together: the one place that knows all modules.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::admin::Subjects;
use crate::body::Stores;
use crate::config::{Config, Problem, Server};
use crate::hash_set::Progress;
use crate::inspect::Inspector;
use crate::proxy::{Gate, StartError};
use crate::quarantine::{Quarantine, StateInUse, StateLock};
use crate::snapshot::{Fetching, Refresher, Snapshot, SnapshotHandle, SourceHealth, Watcher};
use crate::telemetry::{Metrics, flush_log};
use crate::worker::{Undecodable, Workers};
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
    /// Another Penstock keeps its state in the same place.
    #[error(transparent)]
    State(#[from] StateInUse),
    /// The system refused threads or signals.
    #[error("the system is out of resources: {0}")]
    System(#[from] io::Error),
}

/// Runs the proxy with the configuration at `config_file` until a signal ends it.
///
/// # Errors
/// [`RunError`], before anything is served.
pub fn run(config_file: &Path) -> Result<(), RunError> {
    proxy::raise_descriptor_limit();
    let metrics = Arc::new(Metrics::default());
    let snapshots = SnapshotHandle::load(config_file, Arc::clone(&metrics)).map_err(RunError::Problems)?;
    let snapshots = Arc::new(snapshots);
    let snapshot = snapshots.current();
    let config = &snapshot.config;
    let state_directory = config.server.state_directory.as_deref();
    let _lock = state_directory.map(StateLock::take).transpose()?.flatten();
    let _watcher = Watcher::start(Arc::clone(&snapshots))?;
    let quarantine = Quarantine::start(state_directory, Arc::clone(&metrics))?;
    let _refresher = Refresher::start(Arc::clone(&snapshots))?;
    let workers = Arc::new(workers(&config.server, &metrics));
    for Undecodable { format, why } in workers.undecodable() {
        tracing::warn!(event = "worker", %format, why, "uploads in this format cannot be decoded");
    }
    let pages = rendering(config, &workers).map_or_else(|why| why, |()| "rendered");
    let subjects = Subjects {
        snapshots: Arc::clone(&snapshots),
        quarantine: Arc::clone(&quarantine),
        workers: Arc::clone(&workers),
        metrics: Arc::clone(&metrics),
    };
    start_operations(config.admin.address, subjects)?;
    let stores = Stores::with_files(proxy::most_spool_files());
    let inspector = Inspector::start(&config.server, &config.limits, stores.clone(), workers, Arc::clone(&metrics))?;
    let listeners: Vec<String> = config.listeners.iter().map(|listener| listener.address.to_string()).collect();
    tracing::info!(
        event = "start",
        version = env!("CARGO_PKG_VERSION"),
        listeners = listeners.join(", "),
        admin = %config.admin.address,
        sets = snapshot.sets.len(),
        rules = snapshot.rules.len(),
        pages_of_pdf = pages,
    );
    proxy::serve(Gate::new(Arc::clone(&snapshots), inspector, stores, quarantine, metrics), snapshot)?;
    Ok(())
}

/// What [`check`] finds out.
#[derive(Debug)]
pub struct Checked {
    /// All that would serve.
    pub snapshot: Snapshot,
    /// What is known of where sets come from.
    pub sources: Vec<SourceHealth>,
    /// Formats that this machine cannot decode.
    pub undecodable: Vec<Undecodable>,
    /// Why pages of PDF are not rendered, if they are not.
    pub unrendered: Option<&'static str>,
}

/// Loads what [`run`] would, without serving it.
///
/// # Errors
/// Every problem in the configuration, in the files it names, and with the certificates of its listeners.
pub fn check(config_file: &Path, fetching: Fetching, progress: &dyn Progress) -> Result<Checked, Vec<Problem>> {
    let loaded = snapshot::load(config_file, fetching, progress);
    // Also when something else is wrong, so that all that is wrong is known at once.
    let config = Config::load(config_file);
    let listeners = config.iter().flat_map(|config| &config.listeners);
    let certificates = listeners.filter_map(|listener| listener.tls.as_ref());
    let problems: Vec<Problem> = certificates
        .filter_map(|tls| proxy::check_tls(tls).err())
        .map(|error| Problem::of_file(config_file, error.to_string()))
        .collect();
    let (snapshot, sources) = match loaded {
        Ok(loaded) if problems.is_empty() => loaded,
        Ok(_) => return Err(problems),
        Err(found) => return Err([found, problems].concat()),
    };
    let workers = workers(&snapshot.config.server, &Arc::default());
    let undecodable = workers.undecodable();
    let unrendered = rendering(&snapshot.config, &workers).err();
    Ok(Checked { snapshot, sources, undecodable, unrendered })
}

/// Whether pages of PDF are rendered, or why they are not.
fn rendering(config: &Config, workers: &Workers) -> Result<(), &'static str> {
    match config.limits.decode.max_rendered_pages {
        0 => Err("max_rendered_pages is 0"),
        _ => workers.renders(),
    }
}

/// The workers that the configuration asks for. None is started yet.
pub fn workers(server: &Server, metrics: &Arc<Metrics>) -> Workers {
    let metrics = Arc::clone(metrics);
    if server.worker {
        Workers::new(server.inspection_threads, metrics).rendering_by(server.pdfium.clone())
    } else {
        Workers::switched_off(metrics)
    }
}

/// Starts the thread that serves operators: the admin listener and SIGHUP.
fn start_operations(address: SocketAddr, subjects: Subjects) -> Result<(), RunError> {
    let failed = |error| RunError::Admin { address, error };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut hangups = {
        let _context = runtime.enter();
        signal(SignalKind::hangup())?
    };
    std::thread::Builder::new().name("operations".into()).spawn(move || {
        let served = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async move {
                let snapshots = Arc::clone(&subjects.snapshots);
                tokio::spawn(async move {
                    while hangups.recv().await.is_some() {
                        snapshots.ask_for_reload();
                    }
                });
                admin::serve(tokio::net::TcpListener::from_std(listener)?, subjects).await
            })
        }));
        // Nobody could see how the rest is.
        let error = served.map_or_else(|_| "it panicked".to_owned(), |served| format!("{served:?}"));
        tracing::error!(event = "listener", error, "the admin listener has ended by itself, so the process ends");
        flush_log();
        std::process::exit(1);
    })?;
    Ok(())
}
