//! Progress on standard error, for what takes more than a second. Nothing is shown where nobody looks.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::hash_set::Progress;

/// What takes less is over before anybody wonders.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that appears after a second.
pub(super) struct Bar {
    start: Instant,
    bar: ProgressBar,
    is_shown: Mutex<bool>,
}

impl Bar {
    /// A bar over `bytes` that are going to be read.
    pub(super) fn over(bytes: u64) -> Self {
        Self::with(Some(bytes), "{msg:10} {wide_bar} {bytes}/{total_bytes} {elapsed}")
    }

    /// Shows what has been read when nobody knows how much there is.
    pub(super) fn unbounded() -> Self {
        Self::with(None, "{spinner} {msg:10} {bytes} {elapsed}")
    }

    fn with(bytes: Option<u64>, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message("reading");
        Self { start: Instant::now(), bar, is_shown: Mutex::new(false) }
    }

    fn show(&self) {
        if self.start.elapsed() < PATIENCE {
            return;
        }
        if let Ok(mut is_shown) = self.is_shown.lock()
            && !*is_shown
        {
            *is_shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }
}

impl Progress for Bar {
    fn step(&self, what: &'static str) {
        self.bar.set_message(what);
        self.show();
    }

    fn read(&self, bytes: u64) {
        self.bar.inc(bytes);
        self.show();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
