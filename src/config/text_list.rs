//! `[[text_list]]` → [`TextListSource`].

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::validate::Check;
use super::{Rollout, Route, Share};
use crate::content::{Action, Mode};

/// Least share of a known text's fingerprints. The lowest of the table in `docs/near-copies.md` at which no chapter was taken
/// for another; of copies with 30 % of their words edited 19 in 20 are above it.
pub const DEFAULT_THRESHOLD: f64 = 0.3;

/// Largest distance of TLSH. The largest of that table at which no text was near to another.
pub const DEFAULT_TLSH_DISTANCE: u16 = 40;

/// Past it unrelated texts of one language are near each other.
const MOST_TLSH_DISTANCE: u16 = 150;

/// Below it texts of one language are near each other by what everybody writes.
const LEAST_THRESHOLD: f64 = 0.02;

/// Known texts to load, with the policy of near-copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextListSource {
    /// Name, for logs, metrics and verdicts.
    pub name: Arc<str>,
    /// A folder of texts, or a file of digests.
    pub path: PathBuf,
    /// See [`DEFAULT_THRESHOLD`].
    pub threshold: Share,
    /// See [`DEFAULT_TLSH_DISTANCE`]. `None`: TLSH is not compared.
    pub tlsh_distance: Option<u16>,
    /// Default block.
    pub action: Action,
    /// Default enforce.
    pub mode: Mode,
    /// Told to the origin when an upload is flagged. Default none.
    pub labels: Vec<Arc<str>>,
    /// For which uploads it acts.
    pub rollout: Rollout,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTextList {
    pub name: Spanned<String>,
    pub path: Spanned<String>,
    pub threshold: Option<Spanned<f64>>,
    pub tlsh_distance: Option<Spanned<RawTlshDistance>>,
    pub action: Option<Action>,
    pub mode: Option<Mode>,
    #[serde(default)]
    pub labels: Vec<Spanned<String>>,
    pub enforce_share: Option<Spanned<f64>>,
    pub enforce_routes: Option<Spanned<Vec<Spanned<String>>>>,
}

/// A distance, or `false`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a distance such as 40, or false")]
pub(super) enum RawTlshDistance {
    Most(u16),
    IsCompared(bool),
}

impl Check<'_> {
    pub(super) fn text_lists(&mut self, raw: &[RawTextList], routes: &[Route]) -> Vec<TextListSource> {
        let mut seen = HashMap::new();
        raw.iter().map(|list| self.text_list(list, routes, &mut seen)).collect()
    }

    fn text_list(&mut self, raw: &RawTextList, routes: &[Route], seen: &mut HashMap<String, u64>) -> TextListSource {
        self.name("text list", &raw.name, seen);
        for label in raw.labels.iter().filter(|label| label.get_ref().trim().is_empty()) {
            self.problem(label, "expected a label such as \"terror\"; leave it out for none");
        }
        TextListSource {
            name: Arc::from(raw.name.get_ref().as_str()),
            path: self.path(&raw.path),
            threshold: self.threshold(raw.threshold.as_ref()),
            tlsh_distance: self.tlsh_distance(raw.tlsh_distance.as_ref()),
            action: raw.action.unwrap_or(Action::Block),
            mode: raw.mode.unwrap_or(Mode::Enforce),
            labels: raw.labels.iter().map(|label| Arc::from(label.get_ref().trim())).collect(),
            rollout: self.rollout(raw.enforce_share.as_ref(), raw.enforce_routes.as_ref(), routes),
        }
    }

    fn threshold(&mut self, raw: Option<&Spanned<f64>>) -> Share {
        let number = raw.map_or(DEFAULT_THRESHOLD, |raw| *raw.get_ref());
        let share = Share::new(number).filter(|share| share.get() >= LEAST_THRESHOLD);
        if let (None, Some(raw)) = (share, raw) {
            self.problem(raw, format!("expected a share from {LEAST_THRESHOLD} to 1: below it unrelated texts match"));
        }
        share.unwrap_or_default()
    }

    fn tlsh_distance(&mut self, raw: Option<&Spanned<RawTlshDistance>>) -> Option<u16> {
        match raw.map(Spanned::get_ref) {
            None | Some(RawTlshDistance::IsCompared(true)) => Some(DEFAULT_TLSH_DISTANCE),
            Some(RawTlshDistance::IsCompared(false)) => None,
            Some(RawTlshDistance::Most(most)) => {
                if let Some(raw) = raw.filter(|_| *most > MOST_TLSH_DISTANCE) {
                    self.problem(raw, format!("expected at most {MOST_TLSH_DISTANCE}: past it unrelated texts match"));
                }
                Some(*most)
            }
        }
    }
}
