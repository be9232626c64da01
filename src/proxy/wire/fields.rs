//! What the headers of requests may take in HTTP/2.
//!
//! A byte there can stand for a header of 4 KiB that was sent before, a connection may have a hundred requests that do
//! not go on, and what is decoded takes more memory than it has bytes. So headers are counted by what they take, for
//! each connection, each network of clients and all together, and what nobody sends is dropped as soon as it is there.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, Version, header};
use pingora::http::RequestHeader;

use super::head::MAX_FIELDS;
use super::violation::Violation;
use crate::body::{Quota, Reservation};
use crate::content::ClientNetwork;

/// Bytes of a header as HTTP/2 counts them (RFC 9113 §10.5.1).
const MAX_HEADER: usize = 64 << 10;

/// What each line of a header adds to that.
const OF_LINE: usize = 32;

/// Most headers that are parts of the one `Cookie`. Browsers keep some 180 cookies of a site.
const MAX_CRUMBS: usize = 512;

/// Bytes of headers that another one of the same request says with the same name and value. The table of HPACK holds
/// 4 KiB, which is what a few bytes may stand for in an ordinary request; repeated, they stand for 60 KiB.
const MAX_REPEATED: usize = 4 << 10;

/// What a header takes beside its bytes: its places in the map, with the space that this keeps for more.
const OVERHEAD: usize = 128;

/// What the headers of all requests of one connection may take: a hundred with 40 KiB.
const OF_CONNECTION: u64 = 4 << 20;

/// What those of all connections may take together. A network of clients gets four fifths of it at most.
const OF_ALL: u64 = 64 << 20;

/// What is kept of the header of a request that is refused for it, to choose the form of the answer and find the end.
const KEPT: [HeaderName; 4] = [header::HOST, header::CONTENT_LENGTH, header::ACCEPT, header::ORIGIN];

/// Longest value that is kept.
const MAX_KEPT: usize = 256;

/// What a byte of trailers may become: a line whose name and value were sent before, and are shared.
const OF_TRAILER_BYTE: u64 = OVERHEAD as u64 + 2;

/// Room for the headers of the requests of one connection, and a count of them.
#[derive(Debug)]
pub(super) struct Fields {
    own: Arc<Quota>,
    all: Arc<Quota>,
    network: Option<ClientNetwork>,
    trailers: Mutex<Vec<Trailers>>,
    /// Headers that came, without those that are known to have led to no request.
    headers: AtomicU64,
    /// Whether nothing can be written, so that nobody reads on in what came.
    is_blocked: AtomicBool,
    violation: OnceLock<Violation>,
}

/// The trailers of a request, which are kept as long as it is under way.
#[derive(Debug)]
struct Trailers {
    bytes: u64,
    _room: Room,
}

/// What the header of one request has of it, until it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    _own: Reservation,
    _all: Reservation,
}

impl Fields {
    /// For a connection of `network`, out of what `all` have; without a network, of a proxy of ours.
    pub(super) fn new(all: &Arc<Quota>, network: Option<ClientNetwork>) -> Self {
        Self {
            own: Arc::default(),
            all: Arc::clone(all),
            network,
            trailers: Mutex::default(),
            headers: AtomicU64::new(0),
            is_blocked: AtomicBool::new(false),
            violation: OnceLock::new(),
        }
    }

    /// Takes room for the header of `request`, whose cookies become one.
    ///
    /// # Errors
    /// Why it is refused; most of the header is gone then.
    pub(super) fn admit(&self, request: &mut RequestHeader) -> Result<Room, Violation> {
        let room = match check(request) {
            Ok(()) => self.room(taken_by(request) as u64).ok_or(Violation::HeadersFull),
            Err(violation) => Err(violation),
        };
        match &room {
            Ok(_) => join_cookies(request),
            Err(_) => strip(request),
        }
        room
    }

    /// Takes room for trailers that came, written in `bytes`.
    ///
    /// # Errors
    /// Why the connection is to end.
    pub(super) fn admit_trailers(&self, bytes: u64) -> Result<(), Violation> {
        let Some(room) = self.room(OF_TRAILER_BYTE.saturating_mul(bytes)) else {
            self.violation.get_or_init(|| Violation::HeadersFull);
            return Err(Violation::HeadersFull);
        };
        self.trailers_kept().push(Trailers { bytes, _room: room });
        Ok(())
    }

    /// Gives back what trailers have more than `under_way` requests can have. Which of them the smallest belonged to
    /// does not matter: no others are larger together.
    pub(super) fn release_trailers(&self, under_way: usize) {
        let mut trailers = self.trailers_kept();
        if trailers.len() > under_way {
            trailers.sort_unstable_by_key(|one| std::cmp::Reverse(one.bytes));
            trailers.truncate(under_way);
        }
    }

    /// Notes that all of a header came.
    pub(super) fn note_header(&self) {
        self.headers.fetch_add(1, Ordering::AcqRel);
    }

    /// Notes whether the client takes what is written.
    pub(super) fn set_blocked(&self, is_blocked: bool) {
        self.is_blocked.store(is_blocked, Ordering::Release);
    }

    /// How many headers came that led to none of `requests`, and were not asked about before. Asked when all that came
    /// was read, unless that waits for the client to take something.
    pub(super) fn take_lost(&self, requests: u64) -> u64 {
        if self.is_blocked.load(Ordering::Acquire) {
            return 0;
        }
        let lost = self.headers.load(Ordering::Acquire).saturating_sub(requests);
        self.headers.fetch_sub(lost, Ordering::AcqRel);
        lost
    }

    /// Why the connection had to end, if it had to for its trailers.
    pub(super) fn violation(&self) -> Option<Violation> {
        self.violation.get().copied()
    }

    fn trailers_kept(&self) -> MutexGuard<'_, Vec<Trailers>> {
        self.trailers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn trailers(&self) -> Vec<u64> {
        self.trailers_kept().iter().map(|one| one.bytes).collect()
    }

    fn room(&self, bytes: u64) -> Option<Room> {
        let mut own = Reservation::of(&self.own, None);
        let mut all = Reservation::of(&self.all, self.network);
        let fits = own.grow(bytes, OF_CONNECTION) && all.grow(bytes, OF_ALL);
        fits.then_some(Room { _own: own, _all: all })
    }
}

fn check(request: &RequestHeader) -> Result<(), Violation> {
    let headers: &HeaderMap = &request.headers;
    if listed_size(request) > MAX_HEADER {
        return Err(Violation::HeaderTooLarge);
    }
    let crumbs = headers.get_all(header::COOKIE).iter().take(MAX_CRUMBS + 1).count();
    if headers.len() > MAX_FIELDS + crumbs.saturating_sub(1) || crumbs > MAX_CRUMBS {
        return Err(Violation::HeaderTooLarge);
    }
    let mut seen = HashSet::with_capacity(headers.len());
    let again = headers.iter().filter(|field| !seen.insert((field.0.as_str(), field.1.as_bytes())));
    let repeated: usize = again.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if repeated > MAX_REPEATED { Err(Violation::HeaderTooLarge) } else { Ok(()) }
}

/// The size of the header as HTTP/2 counts it, without what the names of its first line add.
fn listed_size(request: &RequestHeader) -> usize {
    size(request, OF_LINE)
}

fn taken_by(request: &RequestHeader) -> usize {
    size(request, OVERHEAD)
}

/// The bytes of a header, where each line adds `of_line`.
fn size(request: &RequestHeader, of_line: usize) -> usize {
    let target = request.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let fields = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + of_line);
    of_line + target + fields.sum::<usize>()
}

/// HTTP/2 clients may split the one `Cookie` header into one for each cookie. Origins that speak HTTP/1.1 must get one
/// (RFC 9113 §8.2.3): many take the first, or join them with a comma.
fn join_cookies(request: &mut RequestHeader) {
    let crumbs: Vec<&[u8]> = request.headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() < 2 {
        return;
    }
    let joined = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]));
    if let Ok(joined) = joined
        && let Err(error) = request.insert_header(header::COOKIE, joined)
    {
        tracing::debug!(%error, "the cookies stay apart");
    }
}

/// Leaves of `request` what its refusal needs.
fn strip(request: &mut RequestHeader) {
    let Ok(mut bare) = RequestHeader::build_no_case(request.method.clone(), b"/", Some(KEPT.len())) else {
        return;
    };
    bare.set_uri(request.uri.clone());
    bare.set_version(Version::HTTP_2);
    for name in KEPT {
        let value = request.headers.get(&name).filter(|value| value.len() <= MAX_KEPT);
        if let Some(value) = value
            && let Err(error) = bare.insert_header(name, value.clone())
        {
            tracing::debug!(%error, "a header is not kept");
        }
    }
    *request = bare;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(&'static str, &str)]) -> RequestHeader {
        let mut request = RequestHeader::build("POST", b"/", None).unwrap();
        for (name, value) in fields {
            request.append_header(*name, *value).unwrap();
        }
        request
    }

    fn network(number: u8) -> Option<ClientNetwork> {
        Some(ClientNetwork::of([10, 0, number, 1].into()))
    }

    #[test]
    fn cookies_that_were_split_become_one_header() {
        let fields = Fields::new(&Arc::default(), None);
        for (crumbs, expected) in
            [(&["a=1", "b=2; c=3", ""][..], &["a=1; b=2; c=3; "][..]), (&["a=1"], &["a=1"]), (&[], &[])]
        {
            let crumbs: Vec<_> = crumbs.iter().map(|crumb| ("cookie", *crumb)).collect();
            let mut request = request(&crumbs);
            assert!(fields.admit(&mut request).is_ok());
            assert_eq!(request.headers.get_all("cookie").iter().collect::<Vec<_>>(), expected, "{crumbs:?}");
        }
    }

    #[test]
    fn what_nobody_sends_is_refused_and_dropped() {
        let long = "v".repeat(2000);
        let numbers: Vec<String> = (0..600).map(|number| number.to_string()).collect();
        let crumbs = |count: usize| numbers[..count].iter().map(|one| ("cookie", one.as_str())).collect::<Vec<_>>();
        let others = |count: usize| numbers[..count].iter().map(|one| ("x", one.as_str())).collect::<Vec<_>>();
        let cases = [
            ("as many as may be", others(256), true),
            ("one more", others(257), false),
            ("many cookies beside", [others(200), crumbs(400)].concat(), true),
            ("very many cookies", crumbs(513), false),
            ("the same three times", vec![("a", long.as_str()); 3], true),
            ("the same four times", vec![("a", long.as_str()); 4], false),
            ("the same by other names", vec![("a", &long), ("b", &long), ("c", &long), ("d", &long)], true),
            ("large cookies", vec![("cookie", "c".repeat(32 << 10).leak())], true),
            ("almost too large", vec![("cookie", "c".repeat((64 << 10) - 200).leak())], true),
            ("too large", vec![("cookie", "c".repeat(64 << 10).leak())], false),
        ];
        let fields = Fields::new(&Arc::default(), None);
        for (name, given, is_taken) in cases {
            let given = [vec![("host", "h"), ("accept", "*/*")], given];
            let mut request = request(&given.concat()[usize::from(name == "as many as may be") * 2..]);
            let admitted = fields.admit(&mut request);
            assert_eq!(admitted.is_ok(), is_taken, "{name}");
            if let Err(violation) = admitted {
                assert_eq!((violation, request.headers.len()), (Violation::HeaderTooLarge, 2), "{name}");
            }
        }
        assert_eq!((fields.own.used(), fields.all.used()), (0, 0), "all was given back");
    }

    #[test]
    fn trailers_take_room_as_long_as_requests_may_have_them() {
        let all = Arc::new(Quota::default());
        let fields = Fields::new(&all, network(1));
        for bytes in [300, 100, 200] {
            assert_eq!(fields.admit_trailers(bytes), Ok(()));
        }
        let used: Vec<u64> = (0..5)
            .rev()
            .map(|under_way| {
                fields.release_trailers(under_way);
                all.used() / OF_TRAILER_BYTE
            })
            .collect();
        assert_eq!(used, [600, 600, 500, 300, 0]);
        let admitted = (0..1000).take_while(|_| fields.admit_trailers(2000).is_ok()).count();
        assert_eq!((admitted, fields.violation()), (16, Some(Violation::HeadersFull)), "as much as a connection may");
        let mut request = request(&[("host", "h")]);
        assert!(fields.admit(&mut request).is_ok(), "what is left is for the next one");
        drop(fields);
        assert_eq!(all.used(), 0);
    }

    #[test]
    fn headers_that_led_to_no_request_are_told_once() {
        let fields = Fields::new(&Arc::default(), None);
        (0..5).for_each(|_| fields.note_header());
        assert_eq!([5, 3, 3, 9].map(|requests| fields.take_lost(requests)), [0, 2, 0, 0]);
        (0..2).for_each(|_| fields.note_header());
        fields.set_blocked(true);
        assert_eq!(fields.take_lost(4), 0);
        fields.set_blocked(false);
        assert_eq!(fields.take_lost(4), 1);
    }

    #[test]
    fn connections_and_networks_have_bounds_and_leave_something_to_others() {
        let all = Arc::new(Quota::default());
        let large = "c".repeat(32 << 10);
        let admit = |fields: &Fields| fields.admit(&mut request(&[("cookie", &large)])).ok();
        let fill = |fields: &Fields| std::iter::from_fn(|| admit(fields)).collect::<Vec<_>>();
        let one = Fields::new(&all, network(1));
        let first = fill(&one);
        assert!((100..=128).contains(&first.len()), "{}", first.len());
        let mut request = request(&[("cookie", &large)]);
        assert!(matches!(one.admit(&mut request), Err(Violation::HeadersFull)));
        let many: Vec<Fields> = (0..20).map(|_| Fields::new(&all, network(1))).collect();
        let theirs: Vec<Vec<Room>> = many.iter().map(fill).collect();
        assert!(all.used() <= OF_ALL / 5 * 4 + (64 << 10) && theirs.last().is_some_and(Vec::is_empty));
        assert!(admit(&Fields::new(&all, network(2))).is_some());
        drop((first, theirs));
        assert_eq!(all.used(), 0);
    }
}
