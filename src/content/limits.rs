//! Limits on the work one upload may cause. Every parser and decoder takes them; none has limits of its own.

use std::time::{Duration, Instant};

/// What decoding one picture may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Longest side in pixels. Default 32,768: more than any camera or panorama site gives.
    pub max_side: u32,
    /// Width × height in pixels. Default 250 megapixels: phones take 200, and pages are rendered with 148.
    pub max_pixels: u64,
    /// Bytes a decoder may allocate. Default 512 MiB: what is larger is decoded row by row or as means, where the
    /// format lets it be, and refused where it does not.
    pub max_alloc: u64,
    /// Pictures of one file that are hashed: frames of an animation, pages, sizes of an icon. Default 8: the first, one
    /// in the middle, the last, and some between them.
    pub max_frames: usize,
    /// Processor time to decode one file. Default 5 s, half of what an inspection gets of any time.
    pub deadline: Duration,
}

impl DecodeLimits {
    /// Whether a picture of this size, which takes `bytes` to decode, is within the limits.
    pub fn allow(&self, width: u32, height: u32, bytes: u64) -> bool {
        let pixels = u64::from(width) * u64::from(height);
        width.max(height) <= self.max_side && pixels <= self.max_pixels && bytes <= self.max_alloc
    }

    /// Bytes of the largest picture without compression that is decoded: four samples of 16 bits a pixel.
    pub fn plain_bytes(&self) -> u64 {
        self.max_pixels.saturating_mul(8).min(self.max_alloc)
    }
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_side: 32_768,
            max_pixels: 250_000_000,
            max_alloc: 512 << 20,
            max_frames: 8,
            deadline: Duration::from_secs(5),
        }
    }
}

/// What taking one upload apart may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractLimits {
    /// Parts of one upload: files, fields, strings and entries of containers together. Default 1,000,000: a part costs
    /// about a microsecond and no memory to speak of, and large JSON documents are ordinary.
    pub max_parts: usize,
    /// Bytes of one part's header block in `multipart/form-data`. Default 8 KiB, as common origins have it.
    pub max_part_header: usize,
    /// Nesting of JSON arrays and objects, and of XML elements. Default 128.
    pub max_depth: usize,
    /// Bytes of a JSON, XML or URL-encoded body, which may have to be copied to undo its escapes. Default 256 MiB.
    pub max_escaped: u64,
    /// Content codings of one body. Default 3: more is never an accident.
    pub max_codings: usize,
    /// Containers and encodings inside each other. Default 8: a mail with a zip with a document with a picture is 4.
    pub max_nesting: usize,
    /// Bytes that decompressing and decoding may give, for one upload together. Default 1 GiB.
    pub max_unpacked: u64,
    /// How many times larger than itself a compressed stream may become, once it is past [`Self::RATIO_FLOOR`].
    /// Default 200: text stays below 100, and deflate ends at 1,032.
    pub max_ratio: u64,
    /// Bytes of a picture without compression, up to which a stream may become as long as the size of the picture says,
    /// whatever it grows: a blank page shrinks a thousandfold. Follows from [`DecodeLimits`]: see
    /// [`DecodeLimits::plain_bytes`].
    pub max_plain_picture: u64,
    /// Candidates for files in the middle of other bytes that are looked at in one upload. Default 10,000: chance gives
    /// four in a gigabyte.
    pub max_carved: usize,
}

impl ExtractLimits {
    /// Unpacked bytes that no ratio is asked of: an empty page of a document may shrink to nothing.
    pub const RATIO_FLOOR: u64 = 16 << 20;
}

impl Default for ExtractLimits {
    fn default() -> Self {
        Self {
            max_parts: 1_000_000,
            max_part_header: 8 << 10,
            max_depth: 128,
            max_escaped: 256 << 20,
            max_codings: 3,
            max_nesting: 8,
            max_unpacked: 1 << 30,
            max_ratio: 200,
            max_plain_picture: DecodeLimits::default().plain_bytes(),
            max_carved: 10_000,
        }
    }
}

/// The moment by which an inspection must have come to its end, and how much work it may be until then.
///
/// Pure stages ask [`Deadline::has_passed`] between steps and stop; they never read a clock themselves.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    moment: Moment,
    work: Option<Work>,
}

#[derive(Clone, Copy, Debug)]
enum Moment {
    Never,
    At(Instant),
    /// When it has been asked for so often.
    #[cfg(test)]
    Asked(&'static std::sync::atomic::AtomicU32),
}

/// Processor time that one thread may still use.
#[derive(Clone, Copy, Debug)]
struct Work {
    /// What the clock of that thread shows when it is used up.
    end: Duration,
    /// It cannot be used up before. Asking the thread's clock takes a call of the system, 200 ns; the usual one takes
    /// 30.
    not_before: Instant,
}

impl Deadline {
    /// No deadline, for command-line use and benches.
    pub const NEVER: Self = Self::at(Moment::Never);

    const fn at(moment: Moment) -> Self {
        Self { moment, work: None }
    }

    /// A deadline `duration` from now.
    pub fn after(duration: Duration) -> Self {
        Self::at(Instant::now().checked_add(duration).map_or(Moment::Never, Moment::At))
    }

    /// One that has passed the next time but `times` that somebody asks, so that tests need no clock.
    #[cfg(test)]
    pub(crate) fn after_asking(times: u32) -> Self {
        Self::at(Moment::Asked(Box::leak(Box::new(times.into()))))
    }

    /// How often [`Self::after_asking`] has still to be asked.
    #[cfg(test)]
    pub(crate) fn times_left(&self) -> Option<u32> {
        match self.moment {
            Moment::Asked(left) => Some(left.load(std::sync::atomic::Ordering::Relaxed)),
            Moment::Never | Moment::At(_) => None,
        }
    }

    /// This deadline, or one `duration` from now if that is sooner.
    #[must_use]
    pub fn or_after(self, duration: Duration) -> Self {
        let moment = match (self.moment, Self::after(duration).moment) {
            (Moment::At(moment), Moment::At(soon)) => Moment::At(moment.min(soon)),
            (Moment::Never, soon) => soon,
            (moment, _) => moment,
        };
        Self { moment, ..self }
    }

    /// This deadline, or when this thread has worked for `duration` from now, if that is sooner. What it waits for,
    /// also for a processor that others use, does not count. No other thread may ask.
    #[must_use]
    pub fn or_after_work(self, duration: Duration) -> Self {
        #[cfg(test)]
        if matches!(self.moment, Moment::Asked(_)) {
            return self;
        }
        let not_before = Instant::now().checked_add(duration);
        let work = not_before.map(|not_before| Work { end: time_of_thread().saturating_add(duration), not_before });
        Self { work, ..self }
    }

    /// The time that is left, 0 when the moment has passed; `None` when there is no deadline. Work does not count.
    pub fn left(&self) -> Option<Duration> {
        match self.moment {
            Moment::At(moment) => Some(moment.saturating_duration_since(Instant::now())),
            _ => None,
        }
    }

    /// Whether the moment has come, or the work is used up.
    pub fn has_passed(&self) -> bool {
        let now = Instant::now();
        let has_come = match self.moment {
            Moment::Never => false,
            Moment::At(moment) => now >= moment,
            #[cfg(test)]
            Moment::Asked(left) => {
                use std::sync::atomic::Ordering::Relaxed;
                left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err()
            }
        };
        has_come || self.work.is_some_and(|work| now >= work.not_before && time_of_thread() >= work.end)
    }
}

/// Processor time that this thread has used.
fn time_of_thread() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Checks that `work` takes processor time in proportion to the size that it gets: for eight times as much no more than
/// 24 times as long, where the square would be 64. Other programs can only add to a time, so the best of some runs
/// counts.
///
/// `size` is large enough that `work` takes some milliseconds.
#[cfg(test)]
pub(crate) fn assert_linear(size: usize, work: impl Fn(usize)) {
    let best = |size: usize| {
        let runs = (0..3).map(|_| {
            let start = time_of_thread();
            work(size);
            time_of_thread().saturating_sub(start)
        });
        runs.min().unwrap_or_default()
    };
    let (few, many) = (best(size), best(8 * size));
    assert!(many < 24 * few.max(Duration::from_millis(1)), "{few:?}, and for eight times as much {many:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_no_work() {
        let allowed = Duration::from_millis(30);
        let deadline = Deadline::NEVER.or_after_work(allowed);
        std::thread::sleep(2 * allowed);
        assert!(!deadline.has_passed(), "this thread slept");
        let start = time_of_thread();
        while !deadline.has_passed() {
            assert!(time_of_thread() < start + 10 * allowed, "it has worked enough");
        }
        assert!(time_of_thread() >= start + allowed / 2);
    }

    #[test]
    fn the_moment_counts_however_little_work_there_was() {
        assert!(Deadline::after(Duration::ZERO).or_after_work(Duration::from_secs(60)).has_passed());
        assert!(Deadline::NEVER.or_after_work(Duration::ZERO).has_passed());
        assert!(!Deadline::NEVER.or_after_work(Duration::MAX).has_passed());
    }
}
