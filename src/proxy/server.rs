//! Starts the listeners and runs until a signal ends the process.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::HttpServerOptions;
use pingora::listeners::tls::Acceptor;
use pingora::proxy::HttpProxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownSignal, ShutdownSignalWatch};
use tokio::signal::unix::{SignalKind, signal};

use super::listening::{Door, Listening};
use super::origin_room::idle_connections;
use super::places::{Places, most_to_origins};
use super::watched::{Watched, end_process};
use super::wire::StrictProxy;
use super::{Gate, certificate};
use crate::config::{Config, Listener, Tls};
use crate::snapshot::Snapshot;

/// Why the listeners could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken or not ours.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// A certificate or key does not load.
    #[error("the certificate {certificate} and key {key} do not load: {reason}")]
    Tls {
        /// Certificate chain.
        certificate: PathBuf,
        /// Private key.
        key: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Listens on every listener of `config` and serves until SIGTERM, SIGQUIT (both let running requests end within
/// `shutdown_grace`) or SIGINT.
///
/// # Errors
/// [`StartError`] when a listener cannot start; nothing is served then.
pub fn serve(gate: Gate, snapshot: Arc<Snapshot>) -> Result<(), StartError> {
    let config = &snapshot.config;
    let times = config.connections.clone();
    let (metrics, snapshots) = (Arc::clone(&gate.metrics), Arc::clone(&gate.snapshots));
    let occupants = Arc::clone(&gate.occupants);
    let doors = config.listeners.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let mut server = Server::new_with_opt_and_conf(None, server_conf(config));
    server.bootstrap();
    let mut proxy = HttpProxy::new(gate, Arc::clone(&server.configuration));
    proxy.handle_init_modules();
    let mut options = HttpServerOptions::default();
    // They get to the gate, which refuses them as it does anything else.
    options.allow_connect_method_proxying = true;
    proxy.server_options = Some(options);
    let places = Places::new(times.max, occupants, Arc::clone(&metrics));
    let tls_timeout = times.tls_timeout;
    let proxy = StrictProxy::new(proxy, times, Arc::clone(&metrics));
    let listeners = Listening::new(doors, proxy, places, snapshots, tls_timeout, metrics);
    server.add_service(Watched { listeners, on_end: end_process });
    // It would keep the hash sets of the start in memory as long as the process lives.
    drop(snapshot);
    server.run(RunArgs { shutdown_signal: Box::new(Signals) });
    Ok(())
}

fn server_conf(config: &Config) -> ServerConf {
    let servers = config.origins.iter().map(|origin| origin.servers.len()).max().unwrap_or(1);
    ServerConf {
        threads: config.server.threads,
        grace_period_seconds: Some(config.server.shutdown_grace.as_secs()),
        graceful_shutdown_timeout_seconds: Some(1),
        upstream_keepalive_pool_size: idle_connections(most_to_origins(), config.server.threads),
        max_retries: servers.max(16),
        ..ServerConf::default()
    }
}

/// Whether the certificate and key of a listener load.
///
/// # Errors
/// [`StartError::Tls`].
pub fn check_tls(tls: &Tls) -> Result<(), StartError> {
    acceptor(tls).map(drop)
}

/// Most connections that wait to be taken: what the system allows.
const BACKLOG: i32 = 65_535;

/// Begins to listen. Nothing is taken yet.
fn open(listener: &Listener) -> Result<Door, StartError> {
    let address = listener.address;
    let failed = |error: io::Error| StartError::Listen { address, error };
    let tls = listener.tls.as_ref().map(acceptor).transpose()?;
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    rustix::net::listen(&listener, BACKLOG).map_err(|error| failed(error.into()))?;
    Ok(Door { listener, tls })
}

/// pingora would panic on a key that does not fit its certificate; a person gets a sentence.
fn acceptor(tls: &Tls) -> Result<Acceptor, StartError> {
    let failed =
        |reason: String| StartError::Tls { certificate: tls.certificate.clone(), key: tls.key.clone(), reason };
    let mut config = certificate::server_config(tls).map_err(failed)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Acceptor::from_server_config(Arc::new(config)))
}

/// SIGHUP reloads and is not ours; there is no hand-over to a new process, so SIGQUIT ends gracefully too.
struct Signals;

#[async_trait]
impl ShutdownSignalWatch for Signals {
    async fn recv(&self) -> ShutdownSignal {
        let (Ok(mut terminate), Ok(mut quit), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::quit()), signal(SignalKind::interrupt()))
        else {
            tracing::error!("signals cannot be received, shutting down");
            return ShutdownSignal::FastShutdown;
        };
        let (signal, shutdown) = tokio::select! {
            _ = terminate.recv() => ("SIGTERM", ShutdownSignal::GracefulTerminate),
            _ = quit.recv() => ("SIGQUIT", ShutdownSignal::GracefulTerminate),
            _ = interrupt.recv() => ("SIGINT", ShutdownSignal::FastShutdown),
        };
        tracing::info!(event = "stop", signal, "no more connections are taken");
        shutdown
    }
}
