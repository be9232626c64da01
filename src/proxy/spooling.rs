//! Whose bodies are written to files, and which of them gives way when there are as many as there may be.
//!
//! A file takes a descriptor while its body is received. A few networks with many bodies that hardly go on would keep
//! everybody's large uploads out, so the slowest of the network that has most makes room, as connections do.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::credit::BODY;
use super::occupants::{Lacking, Occupant, Occupants};
use crate::body::{BodyCollector, HoldError, Stores};
use crate::content::ClientNetwork;
use crate::telemetry::Metrics;

/// How long is waited for the file of a body that gave way.
const WAIT: Duration = Duration::from_secs(1);

/// Time between two looks whether it is there.
const GLANCE: Duration = Duration::from_millis(5);

/// All bodies that are written to files.
pub(super) struct Spoolers {
    present: Occupants,
    metrics: Arc<Metrics>,
}

/// Room for the body of one client.
pub(super) struct Room<'a> {
    spoolers: &'a Spoolers,
    /// Memory and disk, of which the client has a share.
    pub(super) stores: Stores,
    client: Option<ClientNetwork>,
    /// Set once the body is written to a file.
    occupant: Option<Arc<Occupant>>,
}

impl Spoolers {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { present: Occupants::new(BODY), metrics }
    }

    /// Room for a body of `client` out of `stores`.
    pub(super) fn room(&self, stores: &Stores, client: Option<ClientNetwork>) -> Room<'_> {
        Room { spoolers: self, stores: stores.of(client), client, occupant: None }
    }
}

impl Room<'_> {
    /// Gives the next piece of the body to `collector`. Where it needs a file and there is none, a slow body of a
    /// network that has more gives way.
    ///
    /// # Errors
    /// As [`BodyCollector::push`].
    pub(super) async fn push(&mut self, collector: &mut BodyCollector, piece: Bytes) -> Result<(), HoldError> {
        let length = piece.len();
        match collector.push(piece.clone()) {
            Err(HoldError::NoFile) => self.push_in_place_of_another(collector, piece).await?,
            pushed => pushed?,
        }
        if collector.is_spooled() && self.occupant.is_none() {
            self.occupant = self.client.map(|client| self.spoolers.present.add(client));
            self.occupant.iter().for_each(|occupant| occupant.begin());
        }
        self.occupant.iter().for_each(|occupant| occupant.received(length));
        Ok(())
    }

    async fn push_in_place_of_another(&self, collector: &mut BodyCollector, piece: Bytes) -> Result<(), HoldError> {
        if !self.spoolers.present.make_room(Lacking::Place, self.client) {
            return Err(HoldError::NoFile);
        }
        self.spoolers.metrics.evicted_holds.inc();
        collector.ignore_share_of_files();
        let until = Instant::now() + WAIT;
        loop {
            match collector.push(piece.clone()) {
                Err(HoldError::NoFile) if Instant::now() < until => sleep(GLANCE).await,
                pushed => return pushed,
            }
        }
    }

    /// Waits until the body has to give way to another.
    pub(super) async fn ended(&self) {
        match &self.occupant {
            Some(occupant) => occupant.ended().await,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Some(occupant) = &self.occupant {
            self.spoolers.present.remove(occupant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ByteSize, Limits};

    fn network(number: u8) -> Option<ClientNetwork> {
        Some(ClientNetwork::of([10, 0, number, 1].into()))
    }

    #[tokio::test]
    async fn a_slow_body_gives_its_file_to_one_of_a_network_that_has_fewer() {
        let metrics = Arc::new(Metrics::default());
        let (spoolers, stores) = (Spoolers::new(Arc::clone(&metrics)), Stores::with_files(3));
        let folder = tempfile::tempdir().unwrap();
        let limits =
            Limits { memory_per_upload: ByteSize(1), spool_directory: folder.path().to_owned(), ..Limits::default() };
        let begin = |number| {
            let room = spoolers.room(&stores, network(number));
            let collector = BodyCollector::new(&limits, ByteSize(1 << 20), None, &room.stores);
            (room, collector)
        };
        let piece = || Bytes::from_static(b"piece");
        let mut first = [1, 1, 2].map(begin);
        for (room, collector) in &mut first {
            room.push(collector, piece()).await.unwrap();
        }
        let (mut room, mut collector) = begin(3);
        let refused = room.push(&mut collector, piece()).await;
        assert!(matches!(refused, Err(HoldError::NoFile)), "all have just begun");
        for (room, _) in &first {
            room.occupant.iter().for_each(|occupant| occupant.let_pass(Duration::from_secs(60)));
        }
        let [mut one, two, mut three] = first;
        one.0.push(&mut one.1, vec![0; 100_000].into()).await.unwrap();
        let leaving = async {
            two.0.ended().await;
            drop((two.0, two.1));
        };
        let (pushed, ()) = tokio::join!(room.push(&mut collector, piece()), leaving);
        pushed.unwrap();
        assert_eq!((metrics.evicted_holds.get(), collector.received()), (1, 5));
        three.0.push(&mut three.1, piece()).await.unwrap();
    }
}
