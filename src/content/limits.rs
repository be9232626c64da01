//! Limits on the work one upload may cause. Every parser and decoder takes them; none has limits of its own.

use std::time::Duration;

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
    /// Pictures of one file that are hashed in any case: frames of an animation, pages, sizes of an icon. Default 32:
    /// the first, the last, those shown longest, and some between them. Others are hashed as long as there is work
    /// for them.
    pub max_frames: usize,
    /// Processor time to decode one file. Default 5 s, half of what an inspection gets of any time.
    pub deadline: Duration,
    /// Pages of a PDF that are rendered, 0 for none. Default 8: documents that show one picture have few.
    pub max_rendered_pages: usize,
    /// Processor time that rendering pages may take for one upload, apart from what its inspection may. Default 250
    /// ms: eight pages of vectors and letters take 16, a scanned one 15 to 45.
    pub render_work: Duration,
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
            max_frames: 32,
            deadline: Duration::from_secs(5),
            max_rendered_pages: 8,
            render_work: Duration::from_millis(250),
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
