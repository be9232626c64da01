//! What `[[route]]` says → [`Route`].

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderName;
use toml::Spanned;

use super::pattern::{HostPattern, PathPattern};
use super::raw::RawRoute;
use super::validate::Check;
use super::warnings::METHODS;
use super::{Origin, Route, RoutePattern, RoutePolicy, Steering, suggestion};

impl Check<'_> {
    pub(super) fn routes(&mut self, raw: &[RawRoute], origins: &[Origin]) -> Vec<Route> {
        let mut seen = HashMap::new();
        raw.iter().map(|route| self.route(route, origins, &mut seen)).collect()
    }

    fn route(&mut self, raw: &RawRoute, origins: &[Origin], seen: &mut HashMap<String, u64>) -> Route {
        self.name("route", &raw.name, seen);
        let pattern = self.pattern(raw);
        let origin = self.origin_index(raw.origin.as_ref(), origins);
        let defaults = RoutePolicy::inspecting(raw.inspect);
        let policy = RoutePolicy {
            inspect: raw.inspect,
            websocket: raw.websocket.unwrap_or(defaults.websocket),
            block_status: self.block_status(raw.block_status.as_ref(), defaults.block_status),
            max_body: raw.max_body.unwrap_or(defaults.max_body),
            pieces: raw.pieces.unwrap_or(defaults.pieces),
            malformed: raw.malformed.unwrap_or(defaults.malformed),
            ambiguity: raw.ambiguity.unwrap_or(defaults.ambiguity),
            undecodable: raw.undecodable.unwrap_or(defaults.undecodable),
            unsupported: raw.unsupported.unwrap_or(defaults.unsupported),
            encrypted: raw.encrypted.unwrap_or(defaults.encrypted),
            over_limit: raw.over_limit.unwrap_or(defaults.over_limit),
            unhashable: raw.unhashable.unwrap_or(defaults.unhashable),
            illegible: raw.illegible.unwrap_or(defaults.illegible),
            deadline: raw.deadline.unwrap_or(defaults.deadline),
            overload: raw.overload.unwrap_or(defaults.overload),
        };
        let pass_headers = raw.pass_headers.iter().filter_map(|name| self.passed_header(name)).collect();
        Route { name: Arc::from(raw.name.get_ref().as_str()), pattern, origin, pass_headers, policy }
    }

    fn passed_header(&mut self, raw: &Spanned<String>) -> Option<String> {
        let Ok(name) = HeaderName::try_from(raw.get_ref().as_str()) else {
            self.problem(raw, format!("\"{}\" is not the name of a header", raw.get_ref()));
            return None;
        };
        if Steering::of(name.as_str()).is_none() {
            self.warning(raw, "this header is never dropped");
        }
        Some(name.as_str().to_owned())
    }

    fn block_status(&mut self, raw: Option<&Spanned<u16>>, default: u16) -> u16 {
        let Some(raw) = raw else {
            return default;
        };
        if !(400..=599).contains(raw.get_ref()) {
            self.problem(raw, "expected a status from 400 to 599: a blocked upload must not look like a success");
        }
        *raw.get_ref()
    }

    fn pattern(&mut self, raw: &RawRoute) -> RoutePattern {
        let host = raw.host.as_ref().and_then(|text| self.parsed(text, HostPattern::parse));
        let path = raw.path.as_ref().and_then(|text| self.parsed(text, PathPattern::parse));
        if let Some(path) = &raw.path {
            self.warn_of_path(path);
        }
        let methods = raw.methods.as_ref().map(|methods| methods.iter().map(|method| self.method(method)).collect());
        RoutePattern { host, path, methods }
    }

    fn parsed<T>(&mut self, text: &Spanned<String>, parse: fn(&str) -> Result<T, String>) -> Option<T> {
        parse(text.get_ref()).map_err(|message| self.problem(text, message)).ok()
    }

    fn method(&mut self, raw: &Spanned<String>) -> String {
        let text = raw.get_ref();
        if text.is_empty() || !text.chars().all(|c| c.is_ascii_uppercase() || c == '-') {
            let hint = match text.as_str() {
                "*" => "; leave \"methods\" out for all methods".to_owned(),
                _ => suggestion(text, METHODS.iter().copied()),
            };
            self.problem(raw, format!("\"{text}\" is not a method, expected for example \"POST\"{hint}"));
        } else {
            self.warn_of_method(raw);
        }
        text.clone()
    }
}
