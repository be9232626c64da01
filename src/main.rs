//! The `penstock` command.

use std::process::ExitCode;

/// Held bodies come and go in all sizes on many threads; jemalloc keeps that from fragmenting.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    penstock::cli::main()
}
