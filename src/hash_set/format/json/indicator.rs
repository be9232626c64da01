//! What ThreatExchange calls the types of indicators.
//!
//! Source: `IndicatorType` in the reference of the ThreatExchange API; `INDICATOR_TYPE` of the signal types in the
//! Python package `threatexchange`.

use super::super::row::{HashKind, Row};
use crate::content::Algorithm;
use crate::hash_set::entry::{About, KeptKind};

/// An indicator of a type that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indicator {
    /// What its value is.
    pub(super) kind: HashKind,
    /// A tag for what the type says besides.
    pub(super) tag: Option<&'static str>,
}

impl Indicator {
    /// The type of that name; `None` for one that says nothing about an upload, such as an IP address.
    pub(super) fn of_type(name: &str) -> Option<Self> {
        let hashed = |algorithm| Some(Self { kind: HashKind::Hashed(algorithm), tag: None });
        let video = |algorithm| Some(Self { kind: HashKind::Hashed(algorithm), tag: Some("video") });
        let kept = |kind| Some(Self { kind: HashKind::Kept(kind), tag: None });
        match name {
            "HASH_PDQ" => hashed(Algorithm::Pdq),
            "HASH_MD5" => hashed(Algorithm::Md5),
            "HASH_SHA1" => hashed(Algorithm::Sha1),
            "HASH_SHA256" => hashed(Algorithm::Sha256),
            "HASH_SHA512" => hashed(Algorithm::Sha512),
            "HASH_VIDEO_MD5" => video(Algorithm::Md5),
            "HASH_VIDEO_SHA256" => video(Algorithm::Sha256),
            "HASH_TMK" => kept(KeptKind::Tmk),
            "HASH_TEXT_TLSH" => kept(KeptKind::Tlsh),
            "HASH_SSDEEP" => kept(KeptKind::Ssdeep),
            "HASH_URL_MD5" => kept(KeptKind::UrlMd5),
            "PHOTODNA" | "HASH_PHOTODNA" => kept(KeptKind::PhotoDna),
            "TREND_QUERY" => kept(KeptKind::TrendQuery),
            "TEXT_STRING" => kept(KeptKind::Text),
            "URI" | "RAW_URI" => kept(KeptKind::Url),
            _ => None,
        }
    }

    /// Lists `value` as this.
    pub(super) fn list(self, value: &str, about: &About<'_>, row: &mut Row<'_>) {
        row.list(self.kind, value, about);
    }
}
