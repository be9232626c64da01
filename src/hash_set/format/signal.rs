//! The names that ThreatExchange and the Python package `threatexchange` have for kinds of signals.
//!
//! Sources: the package's `signal_type` modules, and the `ThreatType`s of the Graph API, which begin with `HASH_`.

use crate::content::{Algorithm, HashValue};
use crate::hash_set::entry::{Item, KeptKind};
use crate::hash_set::problem::RowProblemKind;

/// A kind of signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// A hash.
    Hash(Algorithm),
    /// What is only kept.
    Kept(KeptKind),
}

impl Signal {
    /// The signal of that name, whatever its case; `None` for all that Penstock has no use for.
    pub(super) fn named(name: &str) -> Option<Self> {
        let folded = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        let folded = folded.strip_prefix("hash_").unwrap_or(&folded);
        let algorithm = match folded {
            "video_md5" | "photo_md5" | "image_md5" => Algorithm::Md5,
            "sha_1" | "video_sha1" => Algorithm::Sha1,
            "sha_256" | "video_sha256" => Algorithm::Sha256,
            "image_pdq" | "imagepdq" => Algorithm::Pdq,
            _ => {
                let kept = match folded {
                    "tmk_pdqf" | "video_tmk" => Some(KeptKind::Tmk),
                    "text_tlsh" | "tlsh_pdf" => Some(KeptKind::Tlsh),
                    "pdna" | "photo_dna" => Some(KeptKind::PhotoDna),
                    "raw_text" | "text_string" => Some(KeptKind::Text),
                    "uri" | "raw_uri" => Some(KeptKind::Url),
                    _ => KeptKind::named(folded),
                };
                return folded.parse().map(Self::Hash).ok().or(kept.map(Self::Kept));
            }
        };
        Some(Self::Hash(algorithm))
    }

    /// The item that `value` is.
    ///
    /// # Errors
    /// [`RowProblemKind::Hash`], and [`RowProblemKind::MissingField`] for one that is empty.
    pub(super) fn item(self, value: &str) -> Result<Item<'_>, RowProblemKind> {
        match self {
            Self::Hash(algorithm) => Ok(Item::Hash(HashValue::parse(algorithm, value)?)),
            Self::Kept(_) if value.is_empty() => Err(RowProblemKind::MissingField("hash")),
            Self::Kept(kind) => Ok(Item::Kept(kind, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_naming_signals_are_known() {
        let cases = [
            ("HASH_PDQ", Some(Signal::Hash(Algorithm::Pdq))),
            ("pdq", Some(Signal::Hash(Algorithm::Pdq))),
            ("HASH_VIDEO_MD5", Some(Signal::Hash(Algorithm::Md5))),
            ("video_md5", Some(Signal::Hash(Algorithm::Md5))),
            ("SHA-256", Some(Signal::Hash(Algorithm::Sha256))),
            ("HASH_TEXT_TLSH", Some(Signal::Kept(KeptKind::Tlsh))),
            ("HASH_TMK", Some(Signal::Kept(KeptKind::Tmk))),
            ("TREND_QUERY", Some(Signal::Kept(KeptKind::TrendQuery))),
            ("raw_text", Some(Signal::Kept(KeptKind::Text))),
            ("PhotoDNA", Some(Signal::Kept(KeptKind::PhotoDna))),
            ("RAW_URI", Some(Signal::Kept(KeptKind::Url))),
            ("IP_ADDRESS", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Signal::named(name), expected, "{name}");
        }
    }
}
