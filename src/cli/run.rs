//! `penstock run`.

use clap::{Args, ValueEnum};

use super::{ConfigArgs, FAILED, OK, print_problems};
use crate::app::{self, RunError};
use crate::telemetry::{LogFormat, start_log};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How log lines look, on standard error. `auto` is plain at a terminal and JSON otherwise.
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    log_format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Auto,
    Json,
    Plain,
}

pub(super) fn run(args: &RunArgs) -> u8 {
    let format = match args.log_format {
        Format::Auto => LogFormat::Auto,
        Format::Json => LogFormat::Json,
        Format::Plain => LogFormat::Plain,
    };
    if let Err(error) = start_log(format) {
        eprintln!("penstock: PENSTOCK_LOG is not a log filter: {error}; try PENSTOCK_LOG=info");
        return FAILED;
    }
    match app::run(&args.config.config) {
        Ok(()) => OK,
        Err(RunError::Problems(problems)) => {
            print_problems(&problems);
            FAILED
        }
        Err(error) => {
            eprintln!("penstock: {error}");
            FAILED
        }
    }
}
