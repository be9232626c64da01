//! Penstock: a reverse proxy that holds uploads, compares them with hash sets and keyword rules, and stops known
//! illegal ones before they reach the origin.
//!
//! Modules follow the way of an upload; `ARCHITECTURE.md` has the map and says what may use what.

pub mod admin;
pub mod app;
pub mod body;
pub mod cli;
pub mod config;
pub mod content;
pub mod extract;
pub mod flood;
pub mod hash_set;
pub mod inspect;
pub mod media;
#[cfg(test)]
#[path = "../benches/support/memory.rs"]
#[allow(dead_code, reason = "the benches use what tests do not")]
mod memory;
pub mod proxy;
pub mod quarantine;
pub mod resumable;
pub mod snapshot;
pub mod telemetry;
pub mod text;
pub mod verdict;
pub mod worker;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
