//! What a request asks for, in every reading that a server could have of it.

use super::readings::Readings;

/// Host, path and method of a request. A server may read each of them in several ways, and a route that inspects must
/// not be walked around by any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The first is the one that it was sent to.
    hosts: Vec<String>,
    paths: Readings,
    /// How many of the sure paths are readings of the one that it was sent to.
    own_paths: usize,
    /// The first is the one that it was sent with.
    methods: Vec<String>,
}

impl Target {
    /// `host` as in the `Host` header or `:authority`, `path` without its query.
    pub fn new(method: &str, host: &str, path: &str) -> Self {
        let paths = Readings::of(path);
        let own_paths = paths.sure().count();
        Self { hosts: vec![canonical_host(host)], paths, own_paths, methods: vec![method.to_owned()] }
    }

    /// Some servers take it for a request to `host`.
    #[must_use]
    pub fn or_host(mut self, host: &str) -> Self {
        self.hosts.push(canonical_host(host));
        self
    }

    /// Some servers take it for a request with `method`.
    #[must_use]
    pub fn or_method(mut self, method: &str) -> Self {
        self.methods.push(method.to_ascii_uppercase());
        self
    }

    /// Some servers take it for a request for `url`, a path or a URL, perhaps with a query.
    #[must_use]
    pub fn or_url(mut self, url: &str) -> Self {
        let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
        let path = path.split(['?', '#']).next().unwrap_or_default();
        self.paths.add(Readings::of(&format!("/{}", path.trim_start_matches('/'))));
        self
    }

    /// Some servers take `prefix` for where they are mounted: they leave it out of the path, or put it before.
    #[must_use]
    pub fn or_below(mut self, prefix: &str) -> Self {
        let prefix = prefix.trim_end_matches('/');
        let paths: Vec<String> = self.paths.texts().take(self.own_paths).map(str::to_owned).collect();
        for path in paths {
            if self.paths.are_too_many() {
                break;
            }
            if let Some(rest) = path.strip_prefix(prefix) {
                self.paths.add(Readings::of(&format!("/{}", rest.trim_start_matches('/'))));
            }
            self.paths.add(Readings::of(&format!("/{}{path}", prefix.trim_start_matches('/'))));
        }
        self
    }

    /// Whether its path can be read in so many ways that no route can be told. Such a request is to be refused.
    pub fn is_too_ambiguous(&self) -> bool {
        self.paths.are_too_many()
    }

    /// The host that it was sent to, and those that some servers take it for.
    pub(super) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    pub(super) const fn paths(&self) -> &Readings {
        &self.paths
    }

    pub(super) fn methods(&self) -> &[String] {
        &self.methods
    }
}

/// Lower case, without port and trailing dot.
pub(super) fn canonical_host(host: &str) -> String {
    let host = host.trim();
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}
