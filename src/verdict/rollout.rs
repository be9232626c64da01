//! Roll-out: a set that acts for a share of the uploads, or on some routes, and is only recorded elsewhere.

use sha2::{Digest, Sha256};

use super::{Findings, Mark, Match, MatchSource};
use crate::config::{Config, Rollout};
use crate::content::Mode;

/// Holds back the matches of hash sets and lists of texts that do not act for this upload.
///
/// `reference` is the upload's reference id; `None` takes it to be in the share of every set, as a scan does.
pub fn roll_out(findings: &mut Findings, config: &Config, route: &str, reference: Option<&str>) {
    for found in findings.matches.iter_mut().filter(|found| found.mode == Mode::Enforce) {
        if let MatchSource::Hash { set: name, .. } | MatchSource::Text { list: name, .. } = &found.source
            && let Some(rollout) = config.rollout(name)
        {
            let is_in_share = reference.is_none_or(|reference| rollout.share.contains(fraction(name, reference)));
            hold_back(found, rollout, route, is_in_share);
        }
    }
}

fn hold_back(found: &mut Match, rollout: &Rollout, route: &str, is_in_share: bool) {
    if !rollout.acts_on(route) {
        found.hold_back(Mark::NotOnRoute);
    }
    if !is_in_share {
        found.hold_back(Mark::NotInShare);
    }
}

/// Where between 0 and 1 the upload `reference` stands for the set `set`: a set acts for it when this is below its share.
///
/// It is the first eight bytes of SHA-256 over the name of the set, a zero byte and the reference, as a big-endian number,
/// divided by 2⁶⁴. Anybody with the log can work it out again, and each set divides the uploads in a way of its own.
pub fn fraction(set: &str, reference: &str) -> f64 {
    let digest = Sha256::new().chain_update(set).chain_update([0]).chain_update(reference).finalize();
    let number = digest.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    number as f64 / 2f64.powi(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `int.from_bytes(hashlib.sha256(b"trial\0" + reference).digest()[:8]) / 2**64` in Python.
    #[test]
    fn the_fraction_is_what_its_documentation_says() {
        for (reference, expected) in PYTHON {
            assert!((fraction("trial", reference) - expected).abs() < 1e-12, "{reference}");
        }
    }

    const PYTHON: [(&str, f64); 2] =
        [("01a20f8f-92f9-70ed-b56a-a4da03386749", 0.6783875625851052), ("", 0.880825770340486)];

    #[test]
    fn shares_of_many_uploads_come_out_and_are_independent_of_each_other() {
        let references: Vec<String> = (0..4000).map(|number| format!("upload-{number}")).collect();
        let below = |set: &str, share: f64| references.iter().filter(|one| fraction(set, one) < share).count() as f64;
        let both = references.iter().filter(|one| fraction("a", one) < 0.5 && fraction("b", one) < 0.5).count() as f64;
        assert!((below("a", 0.05) / 4000.0 - 0.05).abs() < 0.02);
        assert!((below("a", 0.5) / 4000.0 - 0.5).abs() < 0.05);
        assert!((both / 4000.0 - 0.25).abs() < 0.05);
    }
}
