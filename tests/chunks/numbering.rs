//! Clients that count their pieces from 0 or from 1, by names that say nothing of it.

use super::writing::{At, Chunk, form};
use super::{knowing, listed, send};
use crate::support::origin::Origin;
use crate::support::pictures::{landscape, png};

const PIECES: usize = 4;

/// What sites call the number of a piece, and how many there are.
const NAMES: [[&str; 2]; 13] = [
    ["chunk_number", "total_chunks"],
    ["chunkNumber", "totalChunks"],
    ["current_chunk", "total_chunks"],
    ["currentChunkNumber", "numChunks"],
    ["chunk_index", "chunk_count"],
    ["chunkIndex", "totalChunks"],
    ["chunk_no", "chunk_total"],
    ["chunk", "chunks"],
    ["chunk-index", "total-chunk"],
    ["part_index", "total_parts"],
    ["part", "parts"],
    ["partNumber", "totalParts"],
    ["slice_index", "slice_count"],
];

fn pieces(file: &[u8], name: &str, [index, count]: [&str; 2], first: usize) -> Vec<Chunk> {
    let size = file.len().div_ceil(PIECES);
    let write = |(at, piece): (usize, &[u8])| {
        let said = [
            (index, (at + first).to_string()),
            (count, PIECES.to_string()),
            ("upload_id", format!("{}f19c", name.replace('.', "0"))),
        ];
        let at = At { index: at, count: PIECES, offset: at * size, total: file.len(), size, name, piece };
        form(&at, &said, "file")
    };
    file.chunks(size).enumerate().map(write).collect()
}

#[test]
fn pieces_that_are_counted_from_0_or_from_1_make_a_whole_by_any_name() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let (listed, other) = (listed(), png(&landscape(400, 300, 5)));
    let mut wrong = Vec::new();
    for (number, names) in NAMES.into_iter().enumerate() {
        for first in [0, 1] {
            // A piece that may be the last one comes after those before it, or at the same time.
            let orders = if first == 0 { [[0, 1, 2, 3], [2, 0, 1, 3]] } else { [[0, 1, 2, 3], [1, 0, 2, 3]] };
            for order in orders {
                for (file, last, called) in [(&other, 200, "other"), (&listed, 451, "listed")] {
                    let name = format!("{called}{number}x{first}x{}{}.png", order[0], order[1]);
                    let sent = pieces(file, &name, names, first);
                    let answers = order.map(|at| send(&penstock, &sent[at]).status);
                    if answers != [200, 200, 200, last] {
                        wrong.push(format!("{names:?} from {first}, {called} in the order {order:?}: {answers:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(penstock.events("verdict").iter().all(|verdict| verdict["verdict"] != "flag"));
}
