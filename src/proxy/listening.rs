//! Takes the connections of clients: no more than there are places for, and none that does not get on with its TLS.
//!
//! pingora has a service for that, which takes as many as come, waits a minute for each handshake, and panics where it
//! cannot listen.

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::listeners::tls::Acceptor;
use pingora::protocols::l4::stream::Stream as TcpSession;
use pingora::protocols::{GetSocketDigest, SocketDigest, Stream};
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::places::{Place, Places};
use super::wire::StrictProxy;
use crate::config::Network;
use crate::content::ClientNetwork;
use crate::snapshot::SnapshotHandle;
use crate::telemetry::Metrics;

/// How long to wait before another connection is taken, when one could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// One address, on which clients are listened for.
pub(super) struct Door {
    pub(super) listener: std::net::TcpListener,
    pub(super) tls: Option<Acceptor>,
}

/// All addresses, as a service of pingora.
pub(super) struct Listening {
    doors: Vec<Door>,
    hall: Arc<Hall>,
}

/// What all connections share.
struct Hall {
    proxy: Arc<StrictProxy>,
    places: Places,
    snapshots: Arc<SnapshotHandle>,
    tls_timeout: Duration,
    metrics: Arc<Metrics>,
}

impl Listening {
    pub(super) fn new(
        doors: Vec<Door>,
        proxy: StrictProxy,
        places: Places,
        snapshots: Arc<SnapshotHandle>,
        tls_timeout: Duration,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { doors, hall: Arc::new(Hall { proxy: Arc::new(proxy), places, snapshots, tls_timeout, metrics }) }
    }
}

#[async_trait]
impl Service for Listening {
    async fn start_service(&mut self, _: Option<ListenFds>, shutdown: ShutdownWatch, _: usize) {
        let mut doors = JoinSet::new();
        for Door { listener, tls } in self.doors.drain(..) {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    let hall = Arc::clone(&self.hall);
                    doors.spawn(hall.listen(listener, tls.map(Arc::new), shutdown.clone()));
                }
                Err(error) => tracing::error!(event = "connections", %error, "an address cannot be listened on"),
            }
        }
        doors.join_all().await;
        self.hall.proxy.clean_up().await;
    }

    fn name(&self) -> &str {
        "proxy"
    }
}

impl Hall {
    /// Takes connections until the process is to end.
    async fn listen(self: Arc<Self>, listener: TcpListener, tls: Option<Arc<Acceptor>>, mut shutdown: ShutdownWatch) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                changed = shutdown.changed() => {
                    if changed.is_err() || *shutdown.borrow() {
                        return;
                    }
                    continue;
                }
            };
            match accepted {
                Ok((stream, client)) => {
                    if let Some(place) = self.places.take(self.counted_as(client)) {
                        let (hall, tls) = (Arc::clone(&self), tls.clone());
                        tokio::spawn(hall.serve(stream, client, tls, place, shutdown.clone()));
                    }
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(_) => {
                    self.places.refuse("descriptors");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// The network for which a connection of `client` counts; none for a proxy of ours, which brings many clients.
    fn counted_as(&self, client: SocketAddr) -> Option<ClientNetwork> {
        let snapshot = self.snapshots.current();
        let is_ours = Network::any_has(&snapshot.config.server.trusted_proxies, client.ip());
        (!is_ours).then(|| ClientNetwork::of(client.ip()))
    }

    /// Serves one connection to its end.
    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        client: SocketAddr,
        tls: Option<Arc<Acceptor>>,
        place: Place,
        shutdown: ShutdownWatch,
    ) {
        let secured = self.secure(session_of(stream, client), client, tls);
        let secured = match &place.occupant {
            Some(occupant) => tokio::select! {
                secured = secured => secured,
                () = occupant.ended() => None,
            },
            None => secured.await,
        };
        if let Some(stream) = secured {
            self.proxy.serve(stream, place.occupant.clone(), &shutdown).await;
        }
    }

    /// The stream on which HTTP is spoken; `None` when the handshake came to nothing.
    async fn secure(&self, session: TcpSession, client: SocketAddr, tls: Option<Arc<Acceptor>>) -> Option<Stream> {
        let Some(tls) = tls else {
            return Some(Box::new(session));
        };
        let reason = match tokio::time::timeout(self.tls_timeout, tls.tls_handshake(session)).await {
            Ok(Ok(stream)) => return Some(Box::new(stream)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        self.metrics.failed_handshakes.inc();
        tracing::debug!(event = "handshake", client = %client.ip(), reason, "a TLS handshake failed");
        None
    }
}

fn session_of(stream: TcpStream, client: SocketAddr) -> TcpSession {
    let digest = SocketDigest::from_raw_fd(stream.as_raw_fd());
    // The digest is new: nobody has told it another address.
    drop(digest.peer_addr.set(Some(client.into())));
    let mut session = TcpSession::from(stream);
    if let Err(error) = session.set_nodelay() {
        tracing::debug!(%error, "answers may be late");
    }
    session.set_socket_digest(digest);
    session
}

/// Whether a connection was gone before it was taken.
fn is_of_the_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
