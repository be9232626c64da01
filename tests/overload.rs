//! When inspections run out of time or room, the route decides, and every such decision is counted and recorded.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, png};
use crate::support::wait_until;

const LENIENT: &str = "[[route]]\nname = \"lenient\"\npath = \"/upload/lenient\"\ninspect = \"enforce\"\n\
                       deadline = \"pass\"\noverload = \"flag\"\n";

fn doubts(penstock: &Penstock, kind: &str, failed: &str) -> f64 {
    penstock.metric(&format!("penstock_doubts_total{{kind=\"{kind}\",failed=\"{failed}\"}}"))
}

#[test]
fn an_inspection_that_runs_out_of_time_is_refused_unless_the_route_lets_it_pass() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with_limits("inspection_deadline = \"1ns\"")
        .with(LENIENT)
        .with(ENFORCING)
        .start();
    let refusal = penstock.post("/upload/a", &[], b"harmless");
    assert_eq!((refusal.status, refusal.json()["code"].as_str()), (503, Some("deadline")));
    assert!(refusal.headers.contains_key("retry-after"));
    assert_eq!(origin.bytes(), 0);
    assert_eq!(penstock.post("/upload/lenient", &[], b"harmless").status, 200);
    assert!(penstock.wait_for_events("verdict", 2)[1]["failed_open"].to_string().contains("deadline"));
    assert_eq!((doubts(&penstock, "deadline", "open"), doubts(&penstock, "deadline", "closed")), (1.0, 1.0));
}

#[test]
fn an_upload_that_takes_too_much_work_is_inconclusive_and_the_route_says_what_that_means() {
    let none = "inspection_work = \"1ns\"\ninspection_work_per_mib = \"1ns\"";
    let generous = "[[route]]\nname = \"generous\"\npath = \"/upload/generous\"\ninspect = \"enforce\"\n\
                    over_limit = \"flag\"\n";
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with_limits(none).with(generous).with(ENFORCING).start();
    let refusal = penstock.post("/upload/a", &[], b"harmless");
    assert_eq!((refusal.status, refusal.json()["code"].as_str()), (413, Some("too_much_work")));
    assert_eq!(origin.bytes(), 0);
    assert_eq!(penstock.post("/upload/generous", &[], b"harmless").status, 200);
    assert_eq!((doubts(&penstock, "over_limit", "open"), doubts(&penstock, "over_limit", "closed")), (1.0, 1.0));
}

/// A JPEG that says it has `side` × `side` pixels, and has none but the first.
fn head_of_jpeg(side: u16) -> Vec<u8> {
    let [high, low] = side.to_be_bytes();
    let table = |class: u8, symbols: &[u8]| {
        let lengths = [&[1, symbols.len() as u8 - 1][..], &[0; 14]].concat();
        [&[0xff, 0xc4, 0, 19 + symbols.len() as u8, class][..], &lengths, symbols].concat()
    };
    [
        &[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0][..],
        &[1; 64],
        &[0xff, 0xc0, 0, 11, 8, high, low, high, low, 1, 1, 0x11, 0],
        &table(0, &[0]),
        &table(0x10, &[0, 0xe0]),
        &[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0],
        &[0; 10],
        &[0xff, 0xd9],
    ]
    .concat()
}

#[test]
fn pictures_that_claim_more_than_there_is_work_for_are_not_begun() {
    let pages = head_of_jpeg(9000).repeat(2_000);
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with_limits("inspection_work = \"100ms\"\ninspection_work_per_mib = \"1ms\"")
        .with_file("none.csv", format!("algorithm,hash\npdq,{}\n", "0".repeat(64)).as_bytes())
        .with("[[hash_set]]\nname = \"none\"\npath = \"none.csv\"\n")
        .with(ENFORCING)
        .start();
    let refusal = penstock.post("/upload/a", &[], &pages);
    assert_eq!((refusal.status, refusal.json()["code"].as_str()), (413, Some("too_much_work")));
    assert_eq!(origin.bytes(), 0);
}

/// One upload may wait, and pictures take their time.
fn with_short_queue(origin: &Origin) -> Setup {
    Setup::new(&[origin.address])
        .with_limits("inspection_queue = 1")
        .with_file("none.csv", format!("algorithm,hash\npdq,{}\n", "0".repeat(64)).as_bytes())
        .with("[[hash_set]]\nname = \"none\"\npath = \"none.csv\"\n")
}

#[test]
fn a_client_that_brings_too_many_is_turned_away_before_it_sends_more() {
    let origin = Origin::start();
    let penstock = with_short_queue(&origin).with(ENFORCING).start();
    let picture = png(&landscape(2000, 1500, 3));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let status = penstock.connect().post("/upload/a", &[], &picture).status;
                    assert!([200, 503].contains(&status), "{status}");
                }
            });
        }
        let _clients_end = EndsClients(&is_over);
        wait_until("an upload is refused in place of being asked for", || {
            let mut client = penstock.connect();
            client.send("POST /upload/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            let answer = client.read_response().expect("an answer");
            match answer.status {
                100 => client.send("hello"),
                status => assert_eq!((status, answer.json()["code"].as_str()), (503, Some("overload"))),
            }
            answer.status == 503 && answer.headers.contains_key("retry-after")
        });
    });
}

/// Ends clients also where a test fails, as their threads are waited for.
struct EndsClients<'a>(&'a AtomicBool);

impl Drop for EndsClients<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_full_queue_answers_at_once_as_the_route_says() {
    let origin = Origin::start();
    let penstock = with_short_queue(&origin).with(LENIENT).with(ENFORCING).start();
    let picture = png(&landscape(2000, 1500, 3));
    wait_until("the queue has been full on both routes", || {
        let together = Barrier::new(16);
        std::thread::scope(|scope| {
            for client in 0..16 {
                let (penstock, picture, together) = (&penstock, &picture, &together);
                scope.spawn(move || {
                    let mut connection = penstock.connect();
                    together.wait();
                    if client % 2 == 0 {
                        let answer = connection.post("/upload/a", &[], picture);
                        let code = answer.status == 503 && answer.json()["code"] == "overload";
                        assert!(answer.status == 200 || code, "{}", answer.status);
                    } else {
                        assert_eq!(connection.post("/upload/lenient", &[], picture).status, 200);
                    }
                });
            }
        });
        doubts(&penstock, "overload", "closed") > 0.0 && doubts(&penstock, "overload", "open") > 0.0
    });
    let flagged = origin.requests().into_iter().filter(|seen| seen.headers.contains_key("penstock-verdict"));
    assert_eq!(flagged.count() as f64, doubts(&penstock, "overload", "open"));
}
