//! Every metric, defined once, and the log.
//!
//! Uploaded content never enters either: label values are names from our own enums or from the configuration.

mod json_lines;
mod log;
mod log_writer;
mod metrics;

pub use log::{LogFormat, start_log};
pub use log_writer::flush_log;
pub use metrics::{
    DoubtLabels, FloodLabels, HeldBackLabels, HoldLabels, LimitLabels, MatchLabels, Metrics, OriginLabels,
    RefusedConnectionLabels, ReloadLabels, RenderedPageLabels, SetFetchLabels, SetLabels, VerdictLabels,
    WithdrawalLabels, WorkerDeathLabels, WorkerRequestLabels,
};
