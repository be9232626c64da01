//! The command line: one file a subcommand.
#![expect(clippy::print_stdout, reason = "a command line prints")]

mod check;
mod hash;
mod progress;
mod quarantine;
mod replace;
mod rollout;
mod rules;
mod run;
mod scan;
mod set;
mod texts;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Problem;
use crate::content::{AlgorithmSet, Deadline, DecodeLimits};
use crate::media::{DecodeMeans, PartHashes, hash_part};
use crate::worker::Workers;

/// Nothing stood in the way.
const OK: u8 = 0;
/// Something could not be done: a file is broken or cannot be read, an address is taken.
const FAILED: u8 = 1;
/// `scan` found something that would be blocked or refused.
const STOPPED: u8 = 3;
/// `set query` or `texts query` found something, or `set diff --exit-code` a difference.
const DIFFERENT: u8 = 3;

/// Holds uploads, compares them with hash sets and keyword rules, and stops known illegal ones before they reach the
/// origin.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Start with:
  penstock check --config config/penstock.toml    is everything in order?
  penstock run --config config/penstock.toml      serve
  penstock scan photo.jpg                         what would happen to this file, and why?
  penstock set compile list.csv -o list.pset      make a list fast to load
  penstock rules test                             do the rules find what they are meant to?

Exit codes:
  0  done, nothing to complain about
  1  failed: something is broken or cannot be read, or a rule fails its test; what and where is said
  2  the command line itself was wrong
  3  scan: at least one file would be blocked or refused; set query, texts query: something was
     found; set diff --exit-code: the sets differ

Environment:
  PENSTOCK_LOG   what is logged, for example \"info\" or \"warn,penstock::snapshot=debug\""
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the proxy until SIGTERM. SIGHUP, or a changed file, reloads sets, rules, routes, origins and limits.
    Run(run::RunArgs),
    /// Check the configuration and every set and rule file it names, and list all problems at once.
    Check(check::CheckArgs),
    /// Print every hash that Penstock computes of a file: digests, PDQ with its eight rotations, img_hash family.
    Hash(hash::HashArgs),
    /// Say what would happen to files if they were uploaded, and why. Nothing is sent anywhere.
    Scan(scan::ScanArgs),
    /// Test, explain and lint keyword rules, and print their schema.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Compile, check, compare, export and ask hash sets.
    #[command(subcommand)]
    Set(set::SetCommand),
    /// Compile lists of known texts, and ask what a file is near to.
    #[command(subcommand)]
    Texts(texts::TextsCommand),
    /// Say for which hash sets an upload is in the share that `enforce_share` gives, by its reference id.
    Rollout(rollout::RolloutArgs),
    /// List the entries of hash sets that are held back, or decide about one. Asks the Penstock that runs.
    Quarantine(quarantine::QuarantineArgs),
    /// Decode pictures for a proxy, which starts this itself. `--probe` says how well it is confined here.
    #[command(hide = true)]
    Worker(worker::WorkerArgs),
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE", default_value = "config/penstock.toml")]
    config: PathBuf,
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let code = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Hash(args) => hash::hash(&args),
        Command::Scan(args) => scan::scan(&args),
        Command::Rules(command) => rules::rules(&command),
        Command::Set(command) => set::set(&command),
        Command::Texts(command) => texts::texts(&command),
        Command::Rollout(args) => rollout::rollout(&args),
        Command::Quarantine(args) => quarantine::quarantine(&args),
        Command::Worker(args) => worker::worker(&args),
    };
    ExitCode::from(code)
}

/// Every hash of a file, of all that can be decoded on this machine.
fn hash_file_content(bytes: &[u8], workers: &Workers) -> PartHashes {
    let means = DecodeMeans { limits: &DecodeLimits::default(), deadline: Deadline::NEVER, foreign: workers };
    hash_part(bytes, AlgorithmSet::all(), &means)
}

fn print_problems(problems: &[Problem]) {
    for problem in problems {
        eprintln!("{problem}");
    }
    eprintln!("{} found", counted(problems.len(), "problem"));
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
