//! Origins that make files of pieces, each in its manner, and clients that lie to get a listed file past.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::writing::{At, Chunk, dropzone};
use super::{opaque, send};
use crate::support::origin::{Origin, Seen};
use crate::support::penstock::{ENFORCING, Setup};
use crate::support::sha256;

/// What an origin does with a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Puts {
    Behind,
    ByNumber,
    AtOffset,
}

/// An origin with one upload, which it makes out of the pieces that Dropzone sends it in its manner.
#[derive(Clone)]
struct Joiner {
    puts: Puts,
    pieces: Arc<Mutex<BTreeMap<u64, Vec<u8>>>>,
    file: Arc<Mutex<Vec<u8>>>,
}

impl Joiner {
    fn new(puts: Puts) -> Self {
        Self { puts, pieces: Arc::default(), file: Arc::default() }
    }

    fn start(&self) -> Origin {
        let joiner = self.clone();
        Origin::answering(move |request| {
            joiner.take(request);
            Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".into())
        })
    }

    fn take(&self, request: &Seen) {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let field = |name: &str| -> Option<u64> {
            let rest = text.split(&format!("name=\"{name}\"\r\n\r\n")).nth(1)?;
            rest.split("\r\n").next()?.parse().ok()
        };
        let start = request.body.windows(4).rposition(|four| four == b"\r\n\r\n").unwrap() + 4;
        let piece = &request.body[start..request.body.len() - b"\r\n--bnd--\r\n".len()];
        let mut file = self.file.lock().unwrap();
        match self.puts {
            Puts::Behind => file.extend(piece),
            Puts::ByNumber => {
                let mut pieces = self.pieces.lock().unwrap();
                pieces.insert(field("dzchunkindex").unwrap(), piece.to_vec());
                *file = pieces.values().flatten().copied().collect();
            }
            Puts::AtOffset => {
                let offset = field("dzchunkbyteoffset").unwrap() as usize;
                let end = (offset + piece.len()).max(file.len());
                file.resize(end, 0);
                file[offset..offset + piece.len()].copy_from_slice(piece);
            }
        }
    }
}

/// A piece of `from..to`, with numbers that may lie.
fn lying(file: &[u8], range: std::ops::Range<usize>, index: usize, count: usize, offset: usize, total: usize) -> Chunk {
    let piece = &file[range];
    dropzone(&At { index, count, offset, total, size: piece.len(), name: "x.bin", piece })
}

#[test]
fn no_order_repetition_or_lie_makes_a_listed_file_out_of_pieces() {
    let secret = secret();
    let (a, b, c, all) = (0..1000, 1000..2000, 2000..secret.len(), secret.len());
    let junk = opaque(all, 9);
    for puts in [Puts::Behind, Puts::ByNumber, Puts::AtOffset] {
        let sequences: Vec<(&str, Vec<Chunk>)> = vec![
            (
                "in order",
                vec![
                    lying(&secret, a.clone(), 0, 3, 0, all),
                    lying(&secret, b.clone(), 1, 3, 1000, all),
                    lying(&secret, c.clone(), 2, 3, 2000, all),
                ],
            ),
            (
                "numbers turned round",
                vec![
                    lying(&secret, a.clone(), 2, 3, 0, all),
                    lying(&secret, b.clone(), 1, 3, 1000, all),
                    lying(&secret, c.clone(), 0, 3, 2000, all),
                ],
            ),
            (
                "offsets turned round",
                vec![
                    lying(&secret, c.clone(), 2, 3, 0, all),
                    lying(&secret, b.clone(), 1, 3, 1000, all),
                    lying(&secret, a.clone(), 0, 3, 2000, all),
                ],
            ),
            (
                "out of order",
                vec![
                    lying(&secret, c.clone(), 2, 3, 2000, all),
                    lying(&secret, a.clone(), 0, 3, 0, all),
                    lying(&secret, b.clone(), 1, 3, 1000, all),
                ],
            ),
            (
                "a total that lies",
                vec![
                    lying(&secret, a.clone(), 0, 99, 0, 900_000),
                    lying(&secret, b.clone(), 1, 99, 1000, 900_000),
                    lying(&secret, c.clone(), 2, 99, 2000, 900_000),
                ],
            ),
            (
                "totals that change",
                vec![
                    lying(&secret, a.clone(), 0, 9, 0, 9000),
                    lying(&secret, b.clone(), 1, 7, 1000, 8000),
                    lying(&secret, c.clone(), 2, 5, 2000, 7000),
                ],
            ),
            (
                "gaps in the numbers",
                vec![
                    lying(&secret, a.clone(), 0, 20, 0, all),
                    lying(&secret, b.clone(), 5, 20, 1000, all),
                    lying(&secret, c.clone(), 11, 20, 2000, all + 1),
                ],
            ),
            (
                "replaced",
                vec![
                    lying(&secret, a.clone(), 0, 3, 0, all),
                    lying(&junk, b.clone(), 1, 3, 1000, all),
                    lying(&secret, b.clone(), 1, 3, 1000, all),
                    lying(&secret, c.clone(), 2, 3, 2000, all),
                ],
            ),
            (
                "overlapping",
                vec![
                    lying(&secret, 0..1500, 0, 4, 0, all),
                    lying(&junk, 1200..2200, 1, 4, 1200, all),
                    lying(&secret, 1200..2200, 2, 4, 1200, all),
                    lying(&secret, 2000..all, 3, 4, 2000, all),
                ],
            ),
            (
                "two uploads of one name",
                vec![
                    lying(&junk, a.clone(), 0, 3, 0, all),
                    lying(&secret, a.clone(), 0, 3, 0, all),
                    lying(&junk, b.clone(), 1, 3, 1000, all),
                    lying(&secret, b.clone(), 1, 3, 1000, all),
                    lying(&junk, c.clone(), 2, 3, 2000, all),
                    lying(&secret, c.clone(), 2, 3, 2000, all),
                ],
            ),
            (
                "one that says it is all",
                vec![
                    lying(&secret, a.clone(), 0, 1, 0, 1000),
                    lying(&secret, b.clone(), 1, 9, 1000, 9000),
                    lying(&secret, c.clone(), 2, 9, 2000, 9000),
                ],
            ),
        ];
        std::thread::scope(|scope| {
            for (name, sequence) in sequences {
                scope.spawn(move || try_to_make(name, puts, &sequence));
            }
        });
    }
}

/// Nothing but matches stops an upload here, and at no time the origin has the listed file.
fn try_to_make(name: &str, puts: Puts, sequence: &[Chunk]) {
    let secret = secret();
    let joiner = Joiner::new(puts);
    let origin = joiner.start();
    let route = format!("{ENFORCING}malformed = \"pass\"\n");
    let penstock = Setup::new(&[origin.address]).with(&route).with_known("sha256", &sha256(&secret)).start();
    let mut statuses = Vec::new();
    for chunk in sequence {
        statuses.push(send(&penstock, chunk).status);
        assert!(*joiner.file.lock().unwrap() != secret, "{puts:?}, {name}: {statuses:?}");
    }
}

fn secret() -> Vec<u8> {
    [b"%LISTED%".to_vec(), opaque(3000, 3).into_iter().map(|byte| byte.max(0x90)).collect()].concat()
}
