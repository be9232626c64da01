//! Asks servers again and again, each set at its own interval, and reloads when one has something new.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{FIRST_RETRY, Outcome, SourceKey, Sources};
use crate::config::SetSource;
use crate::snapshot::SnapshotHandle;

/// How often a changed configuration is looked at for new sets.
const LOOK_FOR_SETS: Duration = Duration::from_secs(1);

/// A thread that keeps sets from servers fresh. It ends when this is dropped.
#[derive(Debug)]
pub struct Refresher {
    _stop: oneshot::Sender<()>,
}

impl Refresher {
    /// Starts it.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(handle: Arc<SnapshotHandle>) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new().name("refresh".into()).spawn(move || {
            runtime.block_on(refresh(handle, stopped));
            // A download that is under way is of no use without us.
            runtime.shutdown_background();
        })?;
        Ok(Self { _stop: stop })
    }
}

/// When a set is asked for next; `None` while it is.
type Due = HashMap<SourceKey, Option<Instant>>;

async fn refresh(handle: Arc<SnapshotHandle>, mut stopped: oneshot::Receiver<()>) {
    let mut due = Due::new();
    let mut fetches = JoinSet::new();
    loop {
        start_due(&handle, &mut due, &mut fetches);
        let next = due.values().flatten().min().copied();
        let wake = Instant::now() + LOOK_FOR_SETS;
        tokio::select! {
            _ = &mut stopped => return,
            Some(fetched) = fetches.join_next(), if !fetches.is_empty() => match fetched {
                Ok((set, outcome)) => after(&handle, &mut due, &set, outcome),
                // Asked again at once, which is as good as never having been.
                Err(error) => {
                    tracing::error!(event = "source", %error, "a fetch panicked");
                    due.retain(|_, moment| moment.is_some());
                }
            },
            () = tokio::time::sleep_until(next.map_or(wake, |next| next.min(wake))) => {}
        }
    }
}

/// Starts the fetch of every set whose time has come. A set that nobody has asked for yet has its first time now, one
/// that was just fetched at the start after its interval.
fn start_due(handle: &SnapshotHandle, due: &mut Due, fetches: &mut JoinSet<(SetSource, Outcome)>) {
    let now = Instant::now();
    let sources = handle.sources();
    let wanted = handle.wanted_sets();
    due.retain(|key, moment| moment.is_none() || wanted.iter().any(|set| sources.key(set) == *key));
    for key in std::mem::take(&mut *sources.overdue()) {
        due.entry(key).and_modify(|moment| *moment = moment.map(|_| now)).or_insert(Some(now));
    }
    for set in wanted {
        let key = sources.key(&set);
        let moment = due.entry(key).or_insert_with(|| Some(now + sources.first_wait(&set)));
        if moment.is_some_and(|moment| moment <= now) {
            *moment = None;
            let sources = Arc::clone(sources);
            fetches.spawn(async move {
                let outcome = sources.fetch(&set).await;
                (set, outcome)
            });
        }
    }
}

fn after(handle: &Arc<SnapshotHandle>, due: &mut Due, set: &SetSource, outcome: Outcome) {
    let sources = handle.sources();
    due.insert(sources.key(set), Some(Instant::now() + sources.wait(set)));
    if outcome == Outcome::Changed {
        handle.ask_for_look();
    }
}

impl Sources {
    /// Time until the set is asked for by itself for the first time: none when it has not been asked for yet.
    fn first_wait(&self, set: &SetSource) -> Duration {
        if self.attempts().contains_key(&self.key(set)) { self.wait(set) } else { Duration::ZERO }
    }

    /// Time until the set is asked for again: its interval after a success; after a failure a tenth of a minute, doubled
    /// for each further one up to the interval, and never before the server wants. A tenth more or less, so that many
    /// Penstocks that were started together do not ask together.
    fn wait(&self, set: &SetSource) -> Duration {
        let interval = set.location.remote().map_or(Duration::MAX, |remote| remote.interval);
        let attempt = self.attempts().get(&self.key(set)).cloned().unwrap_or_default();
        let wait = match attempt.failures {
            0 => interval,
            failures => {
                let backoff = FIRST_RETRY.saturating_mul(1 << (failures - 1).min(20));
                backoff.min(interval).max(attempt.retry_after.unwrap_or_default())
            }
        };
        wait.mul_f64(0.9 + 0.2 * random_share())
    }
}

/// A number from 0 to 1, which nobody needs to be unable to guess.
fn random_share() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::snapshot::source::{Attempt, Fetching};

    const CONFIG: &str = "[[listener]]\naddress = \"127.0.0.1:1\"\n[[origin]]\nname = \"o\"\nservers = [\"a:1\"]\n\
                          [[hash_set]]\nname = \"s\"\nurl = \"https://host/list\"\ninterval = \"1h\"\n";

    #[test]
    fn a_failing_server_is_asked_sooner_then_ever_later_and_not_before_it_wants() {
        let config = Config::parse(Path::new("penstock.toml"), CONFIG).unwrap();
        let set = &config.hash_sets[0];
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::new(folder.path().to_owned(), Fetching::Allowed, Arc::default());
        assert_eq!(sources.first_wait(set), Duration::ZERO);
        for (failures, retry_after, seconds) in
            [(0, None, 3600.0), (1, None, 10.0), (3, None, 40.0), (20, None, 3600.0), (1, Some(300), 300.0)]
        {
            let retry_after = retry_after.map(Duration::from_secs);
            sources.attempts().insert(sources.key(set), Attempt { failures, retry_after, ..Attempt::default() });
            let ratio = sources.wait(set).as_secs_f64() / seconds;
            assert!((0.9..=1.1).contains(&ratio), "{ratio} after {failures} failures");
        }
    }
}
