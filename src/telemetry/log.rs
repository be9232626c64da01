//! The log: one JSON object a line on standard error, or plain lines for a person at a terminal.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use super::json_lines::JsonLines;
use super::log_writer::LogWriter;

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

/// What is logged unless `PENSTOCK_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info";

/// Libraries whose lines quote what clients send: targets with their query strings, hosts, headers. What matters of it
/// has a line of ours. They are silent unless the filter names them.
const TALKATIVE: [&str; 5] = ["pingora", "h2", "hyper", "axum", "tower"];

/// Starts logging to standard error; `PENSTOCK_LOG` filters it (`debug`, `info,penstock::proxy=trace`…). Returns how
/// lines look. Panics are logged, too, without what they say of values.
///
/// Does nothing when a log was started before.
///
/// # Errors
/// `PENSTOCK_LOG` is set to something that is no filter. The log has started all the same.
pub fn start_log(format: LogFormat) -> (LogFormat, Result<(), ParseError>) {
    let asked = std::env::var("PENSTOCK_LOG").unwrap_or_else(|_| DEFAULT_FILTER.to_owned());
    let (filter, result) = match filter(&asked) {
        Ok(filter) => (filter, Ok(())),
        Err(error) => (EnvFilter::new(DEFAULT_FILTER), Err(error)),
    };
    let is_terminal = std::io::stderr().is_terminal();
    let is_json = match format {
        LogFormat::Auto => !is_terminal,
        LogFormat::Json => true,
        LogFormat::Plain => false,
    };
    // A failure to write is counted, and nothing is written about it: that could fail as well.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    let started = match (LogWriter::start(), is_json) {
        (Ok(writer), true) => builder.with_writer(writer).event_format(JsonLines).try_init(),
        (Ok(writer), false) => builder.with_writer(writer).with_target(false).try_init(),
        (Err(_), _) => builder.with_writer(std::io::stderr).event_format(JsonLines).try_init(),
    };
    if started.is_ok() {
        log_panics();
    }
    (if is_json { LogFormat::Json } else { LogFormat::Plain }, result)
}

fn filter(asked: &str) -> Result<EnvFilter, ParseError> {
    // The last directive for a target counts, and a longer target before a shorter one.
    let silent = TALKATIVE.iter().filter(|library| !asked.contains(*library));
    let directives: Vec<String> = silent.map(|library| format!("{library}=off")).chain([asked.to_owned()]).collect();
    EnvFilter::try_new(directives.join(","))
}

/// Makes each panic one line of the log. Texts that are put together when it happens are left out: they may hold what
/// was uploaded.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let thread = std::thread::current().name().map(ToOwned::to_owned);
        let message = panic.payload().downcast_ref::<&'static str>().copied();
        tracing::error!(event = "panic", place, thread, reason = message, "a part of Penstock panicked");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_quote_clients_are_silent_unless_they_are_named() {
        for (asked, is_silent) in [("info", true), ("trace", true), ("", true), ("debug,pingora_proxy=warn", false)] {
            let filter = filter(asked).unwrap().to_string();
            assert_eq!(filter.contains("pingora=off"), is_silent, "{filter}");
        }
        assert!(filter("penstock=loud").is_err());
    }
}
