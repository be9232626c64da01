//! What the benches share: one way to measure, generated input that is the same in every run, and the report.

pub(crate) mod form;
mod machine;
mod random;
mod report;
pub(crate) mod texts;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use criterion::{Criterion, Throughput};

pub(crate) use self::random::random_words;

/// One row of the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    name: &'static str,
    /// Bytes that go through, where a rate says something.
    bytes: Option<u64>,
    /// The stage whose time this one's is divided by.
    beside: Option<&'static str>,
}

impl Stage {
    /// A stage called `name`, which Criterion's filter is compared with.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, bytes: None, beside: None }
    }

    /// Reports a rate too.
    pub(crate) const fn bytes(self, bytes: usize) -> Self {
        Self { bytes: Some(bytes as u64), ..self }
    }

    /// Reports the time in proportion to that of `floor`, which has been measured before.
    pub(crate) const fn beside(self, floor: &'static str) -> Self {
        Self { beside: Some(floor), ..self }
    }
}

/// Measures stages with Criterion and remembers what to report.
pub(crate) struct Bench {
    criterion: Criterion,
    /// Where Criterion leaves its figures.
    folder: PathBuf,
    start: SystemTime,
    is_quick: bool,
    stages: Vec<Stage>,
}

impl Bench {
    /// Set up by the command line and by `QUICK`.
    pub(crate) fn from_environment() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion");
        let is_quick = std::env::var_os("QUICK").is_some_and(|value| value == "1");
        let criterion = Criterion::default().without_plots().output_directory(&folder);
        let criterion = if is_quick {
            let (warm_up, measurement) = (Duration::from_millis(200), Duration::from_millis(800));
            criterion.sample_size(10).warm_up_time(warm_up).measurement_time(measurement).nresamples(1000)
        } else {
            criterion
        };
        let criterion = criterion.configure_from_args();
        Self { criterion, folder, start: SystemTime::now(), is_quick, stages: Vec::new() }
    }

    /// Measures how long `work` takes, unless the command line filters `stage` out.
    pub(crate) fn measure<T>(&mut self, stage: Stage, work: impl Fn() -> T) {
        let (group, function) = stage.name.split_once('/').unwrap_or((stage.name, "time"));
        let mut group = self.criterion.benchmark_group(group);
        if let Some(bytes) = stage.bytes {
            group.throughput(Throughput::Bytes(bytes));
        }
        group.bench_function(function, |bencher| bencher.iter(|| black_box(work())));
        group.finish();
        self.stages.push(stage);
    }

    /// Prints the table of what was measured in this run, and writes the file when that was everything.
    ///
    /// Criterion measures nothing under `cargo test`; then there is nothing to report.
    pub(crate) fn report(self) {
        let medians = report::medians(&self.folder, self.start, &self.stages);
        let rows = report::rows(&self.stages, &medians);
        if rows.is_empty() {
            return;
        }
        report::print_table(&rows);
        if rows.len() == self.stages.len() {
            report::write_file("stages.json", self.is_quick, &rows);
        }
    }
}

/// `length` bytes that no compression and no file format would recognise.
pub(crate) fn random_bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut word = random_words(seed);
    (0..length).map(|_| word() as u8).collect()
}
