//! For which uploads a hash set acts, and when one of its entries is taken out.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use toml::Spanned;

use super::raw::RawFloodBreaker;
use super::validate::Check;
use super::{Route, suggestion};

/// For which uploads a set acts; elsewhere its matches are only recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// Default all.
    pub share: Share,
    /// Names of routes. Default all.
    pub routes: Option<Vec<Arc<str>>>,
}

impl Rollout {
    /// Whether the set acts on the route of this name.
    pub fn acts_on(&self, route: &str) -> bool {
        self.routes.as_ref().is_none_or(|routes| routes.iter().any(|name| &**name == route))
    }
}

/// A part of all uploads, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
pub struct Share(f64);

/// It is never NaN.
impl Eq for Share {}

impl Share {
    /// The share as a number from 0 to 1; `None` for any other number.
    pub fn new(number: f64) -> Option<Self> {
        (0.0..=1.0).contains(&number).then_some(Self(number))
    }

    /// As a number from 0 to 1.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether the upload that stands at `fraction`, 0 to 1, is in it.
    pub fn contains(self, fraction: f64) -> bool {
        self.0 >= 1.0 || fraction < self.0
    }
}

impl Default for Share {
    fn default() -> Self {
        Self(1.0)
    }
}

/// When an entry of a hash set matches so much more than it used to that it is taken out until a person decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloodRule {
    /// Time over which uploads are counted. Default 10 min: long enough for a count, short enough to act on.
    pub window: Duration,
    /// Different uploads in a window that are never a flood. Default 50.
    pub min_uploads: u32,
    /// Networks (/24 of IPv4, /48 of IPv6) they must come from. Default 1, as behind a load balancer all come from one.
    pub min_clients: u32,
    /// How many times the entry's own usual count is a flood. Default 10.
    pub factor: f64,
}

/// Its factor is never NaN.
impl Eq for FloodRule {}

impl Default for FloodRule {
    fn default() -> Self {
        Self { window: Duration::from_secs(600), min_uploads: 50, min_clients: 1, factor: 10.0 }
    }
}

impl FloodRule {
    /// The most networks that are told apart.
    pub const MAX_CLIENTS: u32 = 64;
}

impl Check<'_> {
    /// A set's roll-out.
    pub(super) fn rollout(
        &mut self,
        share: Option<&Spanned<f64>>,
        names: Option<&Spanned<Vec<Spanned<String>>>>,
        routes: &[Route],
    ) -> Rollout {
        let share = share.and_then(|raw| {
            let share = Share::new(*raw.get_ref());
            if share.is_none() {
                self.problem(raw, "expected a share from 0 to 1, for example 0.05 for one upload in twenty");
            }
            share
        });
        if let Some(empty) = names.filter(|names| names.get_ref().is_empty()) {
            self.problem(empty, "expected the name of a route; for none use mode = \"monitor\", for all leave it out");
        }
        let routes = names.map(|names| names.get_ref().iter().map(|name| self.route_name(name, routes)).collect());
        Rollout { share: share.unwrap_or_default(), routes }
    }

    /// The share of its entries that a set may lose in one reload.
    pub(super) fn allow_shrink(&mut self, raw: Option<&Spanned<f64>>) -> Share {
        /// A tenth.
        const DEFAULT: Share = Share(0.1);
        let Some(raw) = raw else {
            return DEFAULT;
        };
        let share = Share::new(*raw.get_ref());
        if share.is_none() {
            self.problem(raw, "expected a share from 0 to 1, for example 0.1; 1 lets the set lose everything");
        }
        share.unwrap_or(DEFAULT)
    }

    fn route_name(&mut self, name: &Spanned<String>, routes: &[Route]) -> Arc<str> {
        let text = name.get_ref().as_str();
        if !routes.iter().any(|route| &*route.name == text) {
            let hint = suggestion(text, routes.iter().map(|route| &*route.name));
            self.problem(name, format!("no [[route]] is named \"{text}\"{hint}"));
        }
        Arc::from(text)
    }

    /// A flood rule; what it leaves out is as in `base`.
    pub(super) fn flood_rule(&mut self, raw: &RawFloodBreaker, base: FloodRule) -> FloodRule {
        let rule = FloodRule {
            window: raw.window.as_ref().map_or(base.window, |window| window.get_ref().0),
            min_uploads: self.count(raw.min_uploads.as_ref(), base.min_uploads, u32::MAX),
            min_clients: self.count(raw.min_clients.as_ref(), base.min_clients, FloodRule::MAX_CLIENTS),
            factor: raw.factor.as_ref().map_or(base.factor, |factor| *factor.get_ref()),
        };
        if let Some(window) = raw.window.as_ref().filter(|_| rule.window < Duration::from_secs(1)) {
            self.problem(window, "expected at least \"1s\"");
        }
        if let Some(factor) = raw.factor.as_ref().filter(|_| !(1.0..=1e6).contains(&rule.factor)) {
            self.problem(factor, "expected a factor from 1 to 1000000");
        }
        rule
    }

    fn count(&mut self, raw: Option<&Spanned<u32>>, default: u32, most: u32) -> u32 {
        let Some(raw) = raw else {
            return default;
        };
        if !(1..=most).contains(raw.get_ref()) {
            let limit = if most == u32::MAX { String::new() } else { format!(" and at most {most}") };
            self.problem(raw, format!("expected at least 1{limit}"));
        }
        *raw.get_ref()
    }
}
