//! The log: one JSON object a line on standard error, or plain lines for a person at a terminal.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use super::json_lines::JsonLines;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// JSON unless standard error is a terminal.
    Auto,
    /// One JSON object a line.
    Json,
    /// For reading.
    Plain,
}

/// What is logged unless `PENSTOCK_LOG` says otherwise. The proxy library warns about every client that goes away.
const DEFAULT_FILTER: &str = "info,pingora_proxy=error,pingora_core=warn";

/// Starts logging to standard error; `PENSTOCK_LOG` filters it (`debug`, `info,penstock::proxy=trace`…).
///
/// Does nothing when a log was started before.
///
/// # Errors
/// `PENSTOCK_LOG` is set to something that is no filter.
pub fn start_log(format: LogFormat) -> Result<(), ParseError> {
    let filter = match std::env::var("PENSTOCK_LOG") {
        Ok(filter) => EnvFilter::try_new(filter)?,
        Err(_) => EnvFilter::new(DEFAULT_FILTER),
    };
    let json = match format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Json => true,
        LogFormat::Plain => false,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if json { builder.event_format(JsonLines).try_init() } else { builder.with_target(false).try_init() };
    drop(started);
    Ok(())
}
