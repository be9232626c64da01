//! The workers of one proxy: started when they are needed, kept while they are well.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::child::Child;
use super::hello::Hello;
use super::protocol::Pages;
use super::serve::Role;
use crate::content::{Deadline, DecodeLimits};
use crate::media::{DecodeError, ForeignDecoder, ForeignFormat, ForeignPicture};
use crate::telemetry::{Metrics, RenderedPageLabels, WorkerDeathLabels, WorkerRequestLabels};

/// This binary, whatever has become of its file since: an upgrade replaces it under a proxy that runs.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Deaths in a row that bring no pause: one may be due to a file, two to a bad moment.
const FREE_DEATHS: u32 = 2;

/// The first pause after those. Each further death doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

const SWITCHED_OFF: &str = "the worker is switched off";
const RESTING: &str = "workers keep dying, and the next is not started yet";
const NOT_STARTED: &str = "no worker can be started";

/// A format that cannot be decoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecodable {
    /// The format.
    pub format: ForeignFormat,
    /// The reason, in plain words.
    pub why: &'static str,
}

/// Decodes foreign formats in child processes.
///
/// There are never more of them than threads that decode at once. Each thread takes a worker that is idle or starts
/// one, and waits for it; a worker that does not answer by the deadline is killed.
pub struct Workers {
    /// `None` when they are switched off.
    program: Option<PathBuf>,
    /// Idle workers that are kept.
    keep: usize,
    /// Of workers for pictures.
    state: Mutex<State>,
    /// Of those for drawings: anybody can write one that takes too long, which must not keep pictures from being
    /// decoded.
    drawing: Mutex<State>,
    /// Of those for documents, which have a library of their own.
    rendering: Mutex<State>,
    metrics: Arc<Metrics>,
}

struct State {
    role: Role,
    idle: Vec<Child>,
    /// What the last one said that started.
    hello: Option<Hello>,
    deaths_in_a_row: u32,
    /// When the next one may be started.
    rest_until: Option<Instant>,
}

impl State {
    fn of(role: Role) -> Mutex<Self> {
        Mutex::new(Self { role, idle: Vec::new(), hello: None, deaths_in_a_row: 0, rest_until: None })
    }
}

/// Why a worker is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// It ended by itself, or the system ended it.
    Crash,
    /// It was killed for taking too long.
    Deadline,
    /// It was killed for an answer that no worker gives.
    Protocol,
}

impl Death {
    fn of(error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::TimedOut => Self::Deadline,
            ErrorKind::InvalidData => Self::Protocol,
            _ => Self::Crash,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Deadline => "deadline",
            Self::Protocol => "protocol",
        }
    }
}

impl Workers {
    /// Workers that run this program, of which `keep` stay when there is nothing to do. None is started yet.
    pub fn new(keep: usize, metrics: Arc<Metrics>) -> Self {
        Self::running(Path::new(OWN_PROGRAM), keep, metrics)
    }

    /// Workers that run `program`, which must be a `penstock`.
    pub fn running(program: &Path, keep: usize, metrics: Arc<Metrics>) -> Self {
        Self::with_program(Some(program.to_owned()), keep, metrics)
    }

    fn with_program(program: Option<PathBuf>, keep: usize, metrics: Arc<Metrics>) -> Self {
        let [state, drawing] = [Role::Pictures, Role::Pictures].map(State::of);
        let rendering = State::of(Role::Documents { pdfium: None });
        Self { program, keep, state, drawing, rendering, metrics }
    }

    /// The same, with pdfium from this file. `None`: from where the system's linker finds it.
    #[must_use]
    pub fn rendering_by(self, pdfium: Option<PathBuf>) -> Self {
        Self { rendering: State::of(Role::Documents { pdfium }), ..self }
    }

    /// No workers, by choice: every format counts as undecodable.
    pub fn switched_off(metrics: Arc<Metrics>) -> Self {
        Self::with_program(None, 0, metrics)
    }

    /// The formats that cannot be decoded, each with the reason. Starts a worker when none has started so far, and
    /// waits for what it says.
    pub fn undecodable(&self) -> Vec<Undecodable> {
        let hello = self.hello();
        let why = |format| match &hello {
            Ok(hello) => hello.lacks(format),
            Err(why) => Some(*why),
        };
        ForeignFormat::ALL.into_iter().filter_map(|format| Some(Undecodable { format, why: why(format)? })).collect()
    }

    /// What workers say of themselves. Starts one when none has started so far.
    ///
    /// # Errors
    /// There are none, for this reason.
    pub fn hello(&self) -> Result<Hello, &'static str> {
        self.hello_of(&self.state)
    }

    /// Whether pages of documents are rendered. Starts a worker for that when none has started so far.
    ///
    /// # Errors
    /// They are not, for this reason.
    pub fn renders(&self) -> Result<(), &'static str> {
        self.hello_of(&self.rendering)?.lacks(ForeignFormat::Pdf).map_or(Ok(()), Err)
    }

    fn hello_of(&self, state: &Mutex<State>) -> Result<Hello, &'static str> {
        if let Some(hello) = locked(state).hello {
            return Ok(hello);
        }
        let limits = DecodeLimits::default();
        let child = self.take(state, &limits, &Deadline::NEVER).map_err(|refusal| match refusal {
            Refusal::Unavailable(why) => why,
            Refusal::Deadline => NOT_STARTED,
        })?;
        let hello = *child.hello();
        // A worker that has nothing to render with is of no use.
        if hello.renderer.is_of_use() {
            self.give_back(state, child);
        }
        Ok(hello)
    }

    fn attempt(
        &self,
        format: ForeignFormat,
        file: &[u8],
        limits: &DecodeLimits,
        deadline: &Deadline,
        visit: &mut dyn FnMut(ForeignPicture),
    ) -> Result<(), DecodeError> {
        if file.len() as u64 > limits.max_alloc {
            return Err(DecodeError::TooLarge { width: 0, height: 0 });
        }
        let state = match format {
            ForeignFormat::Svg => &self.drawing,
            ForeignFormat::Pdf => &self.rendering,
            ForeignFormat::Heic | ForeignFormat::Avif | ForeignFormat::Jpeg2000 => &self.state,
        };
        if let Some(why) = locked(state).hello.and_then(|hello| hello.lacks(format)) {
            return Err(DecodeError::Unavailable(format, why));
        }
        let mut child = self.take(state, limits, deadline).map_err(|refusal| match refusal {
            Refusal::Unavailable(why) => DecodeError::Unavailable(format, why),
            Refusal::Deadline => DecodeError::Deadline,
        })?;
        if let Some(why) = child.hello().lacks(format) {
            self.give_back(state, child);
            return Err(DecodeError::Unavailable(format, why));
        }
        let mut pages = Pages::default();
        let answer = child.ask(format, file, limits, deadline, &mut pages, visit);
        if format == ForeignFormat::Pdf && answer.as_ref().is_err_and(|error| Death::of(error) == Death::Deadline) {
            pages.late += 1;
        }
        self.note_pages(&pages);
        match answer {
            Ok(answer) => {
                self.give_back(state, child);
                answer
            }
            Err(error) => {
                drop(child);
                let death = Death::of(&error);
                self.note_loss(state, death, deadline);
                Err(if death == Death::Deadline { DecodeError::Deadline } else { DecodeError::Panicked })
            }
        }
    }

    /// An idle worker, or a new one.
    fn take(&self, of: &Mutex<State>, limits: &DecodeLimits, deadline: &Deadline) -> Result<Child, Refusal> {
        let program = self.program.as_deref().ok_or(Refusal::Unavailable(SWITCHED_OFF))?;
        let mut state = locked(of);
        while let Some(mut child) = state.idle.pop() {
            if !child.is_alive() {
                self.note_death(Death::Crash, &mut state);
            } else if child.suits(limits) {
                return Ok(child);
            }
        }
        if state.rest_until.is_some_and(|end| Instant::now() < end) {
            return Err(Refusal::Unavailable(RESTING));
        }
        let role = state.role.clone();
        drop(state);

        self.metrics.worker_starts.inc();
        match Child::start(program, &role, limits, deadline) {
            Ok(child) => {
                locked(of).hello = Some(*child.hello());
                Ok(child)
            }
            Err(error) => {
                let death = Death::of(&error);
                tracing::warn!(event = "worker", %error, "a worker did not start");
                self.note_loss(of, death, deadline);
                Err(if death == Death::Deadline { Refusal::Deadline } else { Refusal::Unavailable(NOT_STARTED) })
            }
        }
    }

    fn note_pages(&self, pages: &Pages) {
        let Pages { rendered, failed, late, left_out } = *pages;
        for (outcome, count) in [("rendered", rendered), ("failed", failed), ("deadline", late), ("left_out", left_out)]
        {
            if count > 0 {
                let labels = RenderedPageLabels { outcome };
                self.metrics.rendered_pages.get_or_create(&labels).inc_by(u64::from(count));
            }
        }
        if *pages != Pages::default() {
            tracing::debug!(event = "rendering", rendered, failed, deadline = late, left_out, "pages of a document");
        }
    }

    /// Keeps a worker that is well.
    fn give_back(&self, to: &Mutex<State>, child: Child) {
        let mut state = locked(to);
        state.deaths_in_a_row = 0;
        if state.idle.len() < self.keep {
            state.idle.push(child);
        }
    }

    /// Notes the end of a worker for which somebody waited up to `deadline`. One that was killed because nobody waits
    /// any longer, on a busy machine, says nothing about the next.
    fn note_loss(&self, of: &Mutex<State>, death: Death, deadline: &Deadline) {
        // Documents get little time, and taking more than that is nothing special.
        let is_ordinary = matches!(locked(of).role, Role::Documents { .. });
        let nobody_waits = is_ordinary || deadline.is_spent() || deadline.left().is_some_and(|left| left.is_zero());
        if death == Death::Deadline && nobody_waits {
            self.metrics.worker_deaths.get_or_create(&WorkerDeathLabels { reason: death.name() }).inc();
        } else {
            self.note_death(death, &mut locked(of));
        }
    }

    fn note_death(&self, death: Death, state: &mut State) {
        self.metrics.worker_deaths.get_or_create(&WorkerDeathLabels { reason: death.name() }).inc();
        state.deaths_in_a_row = state.deaths_in_a_row.saturating_add(1);
        state.rest_until = Instant::now().checked_add(pause(state.deaths_in_a_row));
        tracing::warn!(event = "worker", reason = death.name(), in_a_row = state.deaths_in_a_row, "a worker died");
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ForeignDecoder for Workers {
    fn decode(
        &self,
        format: ForeignFormat,
        bytes: &[u8],
        limits: &DecodeLimits,
        deadline: &Deadline,
        visit: &mut dyn FnMut(ForeignPicture),
    ) -> Result<(), DecodeError> {
        let result = self.attempt(format, bytes, limits, deadline, visit);
        let outcome = result.as_ref().map_or_else(DecodeError::code, |_| "decoded");
        let labels = WorkerRequestLabels { format: format.name(), outcome };
        self.metrics.worker_requests.get_or_create(&labels).inc();
        result
    }
}

/// Why there is no worker to ask.
enum Refusal {
    Unavailable(&'static str),
    Deadline,
}

/// How long no worker is started after so many deaths in a row.
fn pause(deaths_in_a_row: u32) -> Duration {
    let Some(doublings) = deaths_in_a_row.checked_sub(FREE_DEATHS + 1) else { return Duration::ZERO };
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_begin_with_the_third_death_in_a_row_and_grow_to_an_end() {
        let pauses = [0, 1, 2, 3, 4, 5, 9, u32::MAX].map(|deaths| pause(deaths).as_millis());
        assert_eq!(pauses, [0, 0, 0, 100, 200, 400, 5_000, 5_000]);
    }

    #[test]
    fn a_program_that_is_no_worker_is_given_up_on() {
        let limits = DecodeLimits::default();
        let metrics = Arc::new(Metrics::default());
        let workers = Workers::running(Path::new("/bin/true"), 1, Arc::clone(&metrics));
        let attempt = || {
            let decoded = workers.decode(ForeignFormat::Heic, b"file", &limits, &Deadline::NEVER, &mut |_| {});
            decoded.unwrap_err()
        };
        for _ in 0..3 {
            assert_eq!(attempt(), DecodeError::Unavailable(ForeignFormat::Heic, NOT_STARTED));
        }
        assert_eq!(attempt(), DecodeError::Unavailable(ForeignFormat::Heic, RESTING));
        let text = metrics.render();
        assert!(text.contains("penstock_worker_starts_total 3\n"), "{text}");
        assert!(text.contains("penstock_worker_deaths_total{reason=\"crash\"} 3\n"), "{text}");
    }

    #[test]
    fn what_is_switched_off_decodes_nothing_and_says_so() {
        let workers = Workers::switched_off(Arc::default());
        let all = ForeignFormat::ALL.map(|format| Undecodable { format, why: SWITCHED_OFF });
        assert_eq!(workers.undecodable(), all);
    }
}
