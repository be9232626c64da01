//! Behaviour tests: a real Penstock process, a real origin, real sockets. One binary, so that it links once.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "tests fail by panicking; their names are sentences"
)]

#[path = "../benches/support/memory.rs"]
#[allow(dead_code, reason = "the benches use what tests do not")]
mod memory;
mod support;

mod answers;
mod architecture;
mod arriving;
mod assembling;
mod chunks;
mod claims;
mod clients;
mod command_line;
mod connections;
mod containers;
mod corpora;
mod differential;
mod differential_pictures;
mod differential_texts;
mod documents;
mod encodings;
mod exceptions;
mod floods;
mod hashing;
mod holding;
mod http2_requests;
mod languages;
mod limits;
mod multipart;
mod near_copies;
mod office;
mod operating;
mod ordinary;
mod overload;
mod pictures;
mod protocols;
mod proxying;
mod readable;
mod reloading;
mod rendered;
mod reports;
mod requests;
mod rollout;
mod rules;
mod sets;
mod shapes;
mod shown;
mod smuggling;
mod sources;
mod streaming;
mod telling;
mod verdicts;
mod websockets;
mod withdrawals;
mod worker;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
