//! What a connection has lately done for its place.

/// Time in which the first bytes of a connection, and the body of a request, may be on their way.
pub(super) const OPENING: u64 = 1000;

/// What bytes earn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Bytes that earn a second.
    rate: u64,
    /// Most time that can be earned ahead, in milliseconds: a line may be down for a moment.
    most_earned: u64,
    /// The same by what is written, as nobody knows whether its client has taken that.
    most_by_written: u64,
}

/// For a connection.
pub(super) const CONNECTION: Terms = Terms { rate: 1024, most_earned: 20_000, most_by_written: 5000 };

/// For a body that is written to a file, and so a long one.
pub(super) const BODY: Terms = Terms { rate: 8 * 1024, most_earned: 5000, most_by_written: 5000 };

/// Most time that is owed when bytes come again.
const MOST_OWED: u64 = 20_000;

/// How long a client in another protocol, such as a WebSocket, may say nothing after each byte.
const TALKING: u64 = 30_000;

/// The time that one connection has earned by the bytes that went on it, less the time for which its client was waited
/// for. All times are milliseconds since the same moment.
///
/// Between two requests nothing is earned ahead, and a request that begins owes no time: so bytes now and then keep no
/// place, and a body has time to come.
#[derive(Debug)]
pub(super) struct Credit {
    terms: Terms,
    /// Until when time has been earned.
    until: u64,
    /// What was owed when the request began, less what it has earned.
    owed: u64,
    /// Whether it is between two requests.
    is_resting: bool,
    /// Requests that are under way beside each other.
    requests: usize,
    /// Since when the clock stands still.
    stopped: Option<u64>,
    /// Whether nobody waits for the client: what it sent has not been looked at.
    is_unasked: bool,
    /// Requests of which the client waits for us or for an origin.
    served: usize,
}

impl Credit {
    /// Of a connection that begins at `now`.
    pub(super) fn new(terms: Terms, now: u64) -> Self {
        Self {
            terms,
            until: now + OPENING,
            owed: 0,
            is_resting: true,
            requests: 0,
            stopped: None,
            is_unasked: false,
            served: 0,
        }
    }

    /// Counts `bytes` that came.
    pub(super) fn earn(&mut self, bytes: usize, now: u64) {
        self.add(bytes, self.terms.most_earned, now);
    }

    /// Counts `bytes` that were written.
    pub(super) fn earn_by_written(&mut self, bytes: usize, now: u64) {
        self.add(bytes, self.terms.most_by_written, now);
    }

    fn add(&mut self, bytes: usize, most: u64, now: u64) {
        let now = self.stopped.unwrap_or(now);
        let earned = bytes as u64 * 1000 / self.terms.rate;
        let most = if self.is_resting { self.until.max(now) } else { self.until.max(now + most) };
        self.until = (self.until.max(now.saturating_sub(MOST_OWED)) + earned).min(most);
        self.owed = self.owed.saturating_sub(earned);
    }

    /// Counts a byte of another protocol, of which few make sense.
    pub(super) fn talk(&mut self, now: u64) {
        self.until = self.until.max(self.stopped.unwrap_or(now) + TALKING);
    }

    /// A request begins, unless one has begun.
    pub(super) fn begin(&mut self, now: u64) {
        if self.is_resting {
            let now = self.stopped.unwrap_or(now);
            self.owed = now.saturating_sub(self.until).min(MOST_OWED);
            (self.until, self.is_resting) = (now + OPENING, false);
        }
    }

    /// The last request is over.
    pub(super) fn rest(&mut self, now: u64) {
        if !self.is_resting {
            let now = self.stopped.unwrap_or(now);
            self.until = self.until.saturating_sub(OPENING + self.owed).min(now);
            (self.owed, self.is_resting) = (0, true);
        }
    }

    /// One more request begins beside others, or one of them is over.
    pub(super) fn begin_or_end(&mut self, change: isize, now: u64) {
        self.requests = self.requests.saturating_add_signed(change);
        if self.requests > 0 {
            self.begin(now);
        } else {
            self.rest(now);
        }
    }

    /// Says whether the client is waited for.
    pub(super) fn ask(&mut self, is_asked: bool, now: u64) {
        self.is_unasked = !is_asked;
        self.settle(now);
    }

    /// The client waits for one request more, or less.
    pub(super) fn serve(&mut self, change: isize, now: u64) {
        self.served = self.served.saturating_add_signed(change);
        self.settle(now);
    }

    /// As if nothing had happened for `time`.
    #[cfg(test)]
    pub(super) fn let_pass(&mut self, time: u64) {
        self.until = self.until.saturating_sub(time);
    }

    /// Stops the clock, or lets it run.
    fn settle(&mut self, now: u64) {
        match (self.is_unasked || self.served > 0, self.stopped) {
            (true, None) => self.stopped = Some(now),
            (false, Some(since)) => {
                self.until += now.saturating_sub(since);
                self.stopped = None;
            }
            _ => {}
        }
    }

    /// Milliseconds since the time that was earned is over; none while the clock stands still.
    pub(super) fn overdue(&self, now: u64) -> Option<u64> {
        if self.stopped.is_some() {
            return None;
        }
        now.checked_sub(self.until).filter(|overdue| *overdue > 0)
    }
}

/// How long the last of `theirs` connections of a network must have been overdue, in milliseconds, so that it gives way
/// to one of a network with `own`. Who has many must do more for each.
pub(super) fn patience(theirs: usize, own: usize) -> u64 {
    const OF_EQUALS: u64 = 2000;
    OF_EQUALS * (own as u64 + 1) / (theirs as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that began at 100 s.
    fn begun() -> Credit {
        Credit::new(CONNECTION, 100_000)
    }

    #[test]
    fn who_sends_little_now_and_then_owes_more_and_more() {
        let mut credit = begun();
        for request in 0..10 {
            let now = 100_000 + request * 8000;
            credit.begin(now);
            credit.earn(29 + 200, now);
            assert_eq!(credit.overdue(now), None, "a body would have time to come");
            credit.rest(now);
        }
        let overdue = credit.overdue(172_000).unwrap();
        assert!((19_000..=MOST_OWED).contains(&overdue), "{overdue}");
        credit.begin(172_000);
        credit.earn(40 << 10, 172_000);
        credit.rest(172_000);
        assert_eq!(credit.overdue(172_500), Some(500), "nothing is earned ahead for a rest");
    }

    #[test]
    fn a_body_that_comes_has_time() {
        let mut credit = begun();
        credit.begin(160_000);
        assert_eq!((credit.overdue(160_900), credit.overdue(163_000)), (None, Some(2000)));
        for second in 0..60 {
            credit.earn(1 << 10, 160_000 + second * 1000);
        }
        assert_eq!(credit.overdue(220_000), None);
        credit.earn(1 << 20, 220_000);
        assert_eq!((credit.overdue(240_000), credit.overdue(241_000)), (None, Some(1000)));
    }

    #[test]
    fn who_does_not_take_an_answer_has_less_time() {
        let mut credit = begun();
        credit.begin(100_000);
        credit.earn_by_written(1 << 20, 100_000);
        assert_eq!((credit.overdue(105_000), credit.overdue(106_000)), (None, Some(1000)));
        credit.earn(30 << 10, 106_000);
        credit.earn_by_written(1 << 20, 106_000);
        assert_eq!((credit.overdue(126_000), credit.overdue(127_000)), (None, Some(1000)), "nothing is taken away");
    }

    #[test]
    fn no_time_passes_while_the_client_waits_or_nobody_asks() {
        let mut credit = begun();
        credit.begin(100_000);
        credit.serve(1, 100_500);
        credit.serve(1, 110_000);
        credit.serve(-1, 120_000);
        assert_eq!(credit.overdue(400_000), None);
        credit.ask(false, 400_000);
        credit.serve(-1, 400_000);
        assert_eq!(credit.overdue(500_000), None);
        credit.ask(true, 500_000);
        assert_eq!((credit.overdue(500_500), credit.overdue(501_500)), (None, Some(1000)));
    }

    #[test]
    fn a_connection_rests_when_the_last_of_its_requests_is_over() {
        let mut credit = begun();
        for (change, now) in [(1, 100_000), (1, 110_000), (-1, 120_000)] {
            credit.begin_or_end(change, now);
        }
        credit.earn(40 << 10, 120_000);
        assert_eq!(credit.overdue(123_000), None, "one is under way");
        credit.begin_or_end(-1, 123_000);
        credit.earn(10 << 10, 123_000);
        assert!(credit.overdue(123_500).is_some());
    }

    #[test]
    fn a_websocket_may_be_silent_between_its_messages() {
        let mut credit = begun();
        credit.begin(100_000);
        credit.talk(150_000);
        assert_eq!((credit.overdue(180_000), credit.overdue(181_000)), (None, Some(1000)));
    }

    #[test]
    fn who_has_many_must_do_more_for_each() {
        for (theirs, own, expected) in [(1, 0, 2000), (2, 0, 1000), (2500, 0, 0), (6, 5, 2000), (40, 9, 500)] {
            assert_eq!(patience(theirs, own), expected, "{theirs} {own}");
        }
    }
}
