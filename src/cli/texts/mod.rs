//! `penstock texts`: lists of known texts.

mod compile;
mod query;

use clap::Subcommand;

use super::{FAILED, print_problems};

#[derive(Debug, Subcommand)]
pub(super) enum TextsCommand {
    /// Write what a list needs to know of texts into one file, from which nobody can read them.
    Compile(compile::CompileArgs),
    /// Say which known texts files are near to, or hold a passage near to.
    Query(query::QueryArgs),
}

pub(super) fn texts(command: &TextsCommand) -> u8 {
    let outcome = match command {
        TextsCommand::Compile(args) => compile::compile(args),
        TextsCommand::Query(args) => query::query(args),
    };
    outcome.unwrap_or_else(|problems| {
        print_problems(&problems);
        FAILED
    })
}
