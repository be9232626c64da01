//! Limits on the work one upload may cause. Every parser and decoder takes them; none has limits of its own.

use std::time::{Duration, Instant};

/// What decoding one picture may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Longest side in pixels. Default 32,768: more than any camera or panorama site gives.
    pub max_side: u32,
    /// Width × height in pixels. Default 100 megapixels: the largest phone cameras.
    pub max_pixels: u64,
    /// Bytes a decoder may allocate. Default 512 MiB: 100 megapixels in RGBA and some working room.
    pub max_alloc: u64,
    /// Pictures of one file that are hashed: frames of an animation, pages, sizes of an icon. Default 8: the first, one in
    /// the middle, the last, and some between them.
    pub max_frames: usize,
    /// Time to decode one file. Default 5 s, half of what an inspection gets.
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
            max_pixels: 100_000_000,
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

/// The moment by which an inspection must have come to its end.
///
/// Pure stages ask [`Deadline::has_passed`] between steps and stop; they never read a clock themselves.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Moment);

#[derive(Clone, Copy, Debug)]
enum Moment {
    Never,
    At(Instant),
    /// When it has been asked for so often.
    #[cfg(test)]
    Asked(&'static std::sync::atomic::AtomicU32),
}

impl Deadline {
    /// No deadline, for command-line use and benches.
    pub const NEVER: Self = Self(Moment::Never);

    /// A deadline `duration` from now.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now().checked_add(duration).map_or(Moment::Never, Moment::At))
    }

    /// One that has passed the next time but `times` that somebody asks, so that tests need no clock.
    #[cfg(test)]
    pub(crate) fn after_asking(times: u32) -> Self {
        Self(Moment::Asked(Box::leak(Box::new(times.into()))))
    }

    /// How often [`Self::after_asking`] has still to be asked.
    #[cfg(test)]
    pub(crate) fn times_left(&self) -> Option<u32> {
        match self.0 {
            Moment::Asked(left) => Some(left.load(std::sync::atomic::Ordering::Relaxed)),
            Moment::Never | Moment::At(_) => None,
        }
    }

    /// This deadline, or one `duration` from now if that is sooner.
    #[must_use]
    pub fn or_after(self, duration: Duration) -> Self {
        match (self.0, Self::after(duration).0) {
            (Moment::At(moment), Moment::At(soon)) => Self(Moment::At(moment.min(soon))),
            (Moment::Never, soon) => Self(soon),
            (moment, _) => Self(moment),
        }
    }

    /// The time that is left, 0 when the moment has passed; `None` when there is no deadline.
    pub fn left(&self) -> Option<Duration> {
        match self.0 {
            Moment::At(moment) => Some(moment.saturating_duration_since(Instant::now())),
            _ => None,
        }
    }

    /// Whether the moment has come.
    pub fn has_passed(&self) -> bool {
        match self.0 {
            Moment::Never => false,
            Moment::At(moment) => Instant::now() >= moment,
            #[cfg(test)]
            Moment::Asked(left) => {
                use std::sync::atomic::Ordering::Relaxed;
                left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err()
            }
        }
    }
}
