//! The names that ThreatExchange and the Python package `threatexchange` have for kinds of signals.
//!
//! Sources: the package's `signal_type` modules, and the `ThreatType`s of the Graph API, which begin with `HASH_`.

use super::row::HashKind;
use crate::content::Algorithm;
use crate::hash_set::entry::KeptKind;

/// What a signal of that name is, whatever its case; `None` for all that Penstock has no use for.
pub(super) fn named(name: &str) -> Option<HashKind> {
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
            return folded.parse().map(HashKind::Hashed).ok().or(kept.map(HashKind::Kept));
        }
    };
    Some(HashKind::Hashed(algorithm))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_naming_signals_are_known() {
        let cases = [
            ("HASH_PDQ", Some(HashKind::Hashed(Algorithm::Pdq))),
            ("pdq", Some(HashKind::Hashed(Algorithm::Pdq))),
            ("HASH_VIDEO_MD5", Some(HashKind::Hashed(Algorithm::Md5))),
            ("video_md5", Some(HashKind::Hashed(Algorithm::Md5))),
            ("SHA-256", Some(HashKind::Hashed(Algorithm::Sha256))),
            ("HASH_TEXT_TLSH", Some(HashKind::Kept(KeptKind::Tlsh))),
            ("HASH_TMK", Some(HashKind::Kept(KeptKind::Tmk))),
            ("TREND_QUERY", Some(HashKind::Kept(KeptKind::TrendQuery))),
            ("raw_text", Some(HashKind::Kept(KeptKind::Text))),
            ("PhotoDNA", Some(HashKind::Kept(KeptKind::PhotoDna))),
            ("RAW_URI", Some(HashKind::Kept(KeptKind::Url))),
            ("IP_ADDRESS", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(named(name), expected, "{name}");
        }
    }
}
