//! Real routers of real frameworks behind a real Penstock: whichever handler of an inspected pattern runs, its route
//! was inspected.
//!
//! Targets, methods and headers come from a seeded grammar. Each request has a listed body, so that an inspected route
//! answers it with 451. A *bypass* is a request whose answer says that a handler of an inspected pattern ran.

mod requests;
mod routers;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::random::Random;
use super::{EVIL, say, setting};
use crate::support::http::read;
use crate::support::penstock::{Penstock, Setup};
use crate::support::sha256;
use requests::Request;
use routers::{Router, Routers};

/// The inspected patterns, by the name that their handlers answer with.
const PATTERNS: [(&str, &str); 5] = [
    ("upload", "path = \"/upload/**\"\n"),
    ("form", "path = \"/form.php\"\n"),
    ("api", "path = \"/api/*/file\"\n"),
    ("submit", "path = \"/submit\"\n"),
    ("store", "path = \"/store\"\nmethods = [\"PUT\"]\n"),
];

const CLIENTS: usize = 4;

/// Each router is an origin of its own, to which its host leads; the last route of each inspects nothing.
fn start_penstock(routers: &[Router]) -> Penstock {
    let mut setup = Setup::new(&[routers[0].address]);
    for Router { name, address } in routers {
        setup = setup.with(&format!("[[origin]]\nname = \"{name}\"\nservers = [\"{address}\"]"));
        let route = |kind: &str, rest: &str| {
            format!("[[route]]\nname = \"{name}.{kind}\"\nhost = \"{name}.test\"\norigin = \"{name}\"\n{rest}")
        };
        for (kind, pattern) in PATTERNS {
            setup = setup.with(&route(kind, &format!("inspect = \"enforce\"\n{pattern}")));
        }
        setup = setup.with(&route("other", "inspect = \"off\"\n"));
    }
    setup.with_known("sha256", &sha256(EVIL)).start()
}

#[derive(Default)]
struct Tally {
    inspected: u64,
    not_routed: u64,
    /// Requests that some other handler answered, by router: a router that answers none tests nothing.
    answered: BTreeMap<String, u64>,
    bypasses: Vec<String>,
}

impl Tally {
    fn try_request(&mut self, index: u64, request: &Request, router: &Router, penstock: SocketAddr) {
        let (status, text) = answer(penstock, request).unwrap_or_default();
        let ran = text.split_once("ran ").filter(|_| status == 200).map(|(_, name)| name);
        let ran = ran.map(|name| name.split(|letter: char| !letter.is_ascii_lowercase()).next().unwrap_or_default());
        match ran {
            Some(name) if PATTERNS.iter().any(|(pattern, _)| *pattern == name) => {
                let shown = request.bytes.escape_ascii();
                self.bypasses.push(format!("{index}: {} ran \"{name}\" for {shown}", router.name));
            }
            Some(_) => *self.answered.entry(router.name.clone()).or_default() += 1,
            None => {}
        }
        if status == 451 {
            self.inspected += 1;
        } else {
            self.not_routed += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.inspected += other.inspected;
        self.not_routed += other.not_routed;
        for (name, count) in other.answered {
            *self.answered.entry(name).or_default() += count;
        }
        self.bypasses.extend(other.bypasses);
    }
}

/// Status and text of the answer; `None` where there is none, or a broken one.
fn answer(penstock: SocketAddr, request: &Request) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(penstock).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // It may be answered, and the connection closed, before all of it is sent.
    drop(stream.write_all(&request.bytes));
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = read(&mut stream, &mut piece).unwrap_or_default();
        bytes.extend(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let fields = head.to_ascii_lowercase();
            let length = fields.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
            let is_whole = length.is_some_and(|length: usize| body.len() >= length) || body.ends_with("0\r\n\r\n");
            if is_whole || read == 0 {
                return Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()));
            }
        } else if read == 0 {
            return None;
        }
    }
}

#[test]
fn no_spelling_of_a_request_leads_around_the_route_of_the_handler_that_runs() {
    let Some(routers) = Routers::start() else { return };
    let routers = &routers.routers;
    let seed = setting("PENSTOCK_PATHS_SEED", 1);
    let count = setting("PENSTOCK_PATHS_N", 3000);
    let first = setting("PENSTOCK_PATHS_FIRST", 0);
    say(&format!("differential-paths: seed {seed}, requests {first} to {}", first + count));
    let penstock = start_penstock(routers);
    let (next, total, start) = (AtomicU64::new(first), Mutex::new(Tally::default()), Instant::now());
    let work = || {
        let mut tally = Tally::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= first + count {
                break;
            }
            let random = &mut Random::new(seed, index);
            let router = random.pick(routers);
            tally.try_request(index, &requests::request(random, &router.name), router, penstock.address);
        }
        total.lock().unwrap().add(tally);
    };
    std::thread::scope(|scope| (0..CLIENTS).for_each(|_| drop(scope.spawn(work))));
    let total = total.into_inner().unwrap();
    for bypass in total.bypasses.iter().take(30) {
        say(&format!("BYPASS {bypass}"));
    }
    let answered: Vec<String> = total.answered.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let rate = count as f64 / start.elapsed().as_secs_f64();
    say(&format!("differential-paths: other handlers ran: {}; {rate:.0} requests a second", answered.join(", ")));
    say(&format!(
        "differential-paths: {count} tried, {} inspected, {} not routed, {} bypasses",
        total.inspected,
        total.not_routed,
        total.bypasses.len()
    ));
    assert!(total.bypasses.is_empty(), "a handler ran whose route was not inspected: see BYPASS above");
    assert!(total.inspected > count / 10, "hardly any request was inspected");
    if count >= 100 * routers.len() as u64 {
        let silent = routers.iter().find(|router| !total.answered.contains_key(&router.name));
        assert!(silent.is_none(), "{silent:?} answered no request");
    }
}
