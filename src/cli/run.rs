//! `penstock run`.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::{ConfigArgs, FAILED, OK, print_problems};
use crate::app::{self, RunError};
use crate::telemetry::{LogFormat, flush_log, start_log};

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
    let (format, filter) = start_log(format);
    if let Err(error) = filter {
        complain(format, &format!("PENSTOCK_LOG is not a log filter: {error}; try PENSTOCK_LOG=info"));
        flush_log();
        return FAILED;
    }
    let status = serve(&args.config.config, format);
    flush_log();
    status
}

fn serve(config: &Path, format: LogFormat) -> u8 {
    match app::run(config) {
        Ok(()) => return OK,
        Err(RunError::Problems(problems)) if format == LogFormat::Json => {
            for problem in problems {
                complain(format, &problem.to_string());
            }
        }
        Err(RunError::Problems(problems)) => print_problems(&problems),
        Err(error) => complain(format, &error.to_string()),
    }
    FAILED
}

/// Says why Penstock does not start, to a person or as a line of the log.
fn complain(format: LogFormat, problem: &str) {
    match format {
        LogFormat::Json => tracing::error!(event = "start", problem, "Penstock did not start"),
        LogFormat::Auto | LogFormat::Plain => eprintln!("penstock: {problem}"),
    }
}
