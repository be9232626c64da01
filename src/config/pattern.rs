//! Which requests a route means: host, path and method.
//!
//! A request's target can be spelt in many ways that an origin takes for the same resource: `/up%6Coad`, `//upload`,
//! `/x/../upload`, `/upload;a=b`, `/UPLOAD`. A route that inspects must not be walked around by another spelling, so a
//! [`Target`] carries every reading, and the route says by [`Certainty`] whether one reading or all must fit.

use std::collections::BTreeSet;

/// What a request asks for, in every reading that an origin could have of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: String,
    /// The first is the path as it was sent.
    readings: Vec<String>,
    method: String,
}

impl Target {
    /// `host` as in the `Host` header or `:authority`, `path` without its query.
    pub fn new(method: &str, host: &str, path: &str) -> Self {
        Self { host: canonical_host(host), readings: readings(path), method: method.to_owned() }
    }
}

/// How sure a match has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// Any reading fits: for routes that inspect.
    AnyReading,
    /// Every reading fits: for routes that let uploads pass.
    EveryReading,
}

/// Host, path and method of a route; each `None` means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutePattern {
    pub(crate) host: Option<HostPattern>,
    pub(crate) path: Option<PathPattern>,
    pub(crate) methods: Option<Vec<String>>,
}

impl RoutePattern {
    pub(crate) fn fits(&self, target: &Target, certainty: Certainty) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.contains(&target.method))
            && self.host.as_ref().is_none_or(|host| host.fits(&target.host))
            && self.path.as_ref().is_none_or(|path| match certainty {
                Certainty::AnyReading => target.readings.iter().any(|reading| path.fits(reading)),
                Certainty::EveryReading => target.readings.iter().all(|reading| path.fits(reading)),
            })
    }
}

impl RoutePattern {
    /// Whether it fits every request that `other` fits. When it says no, it may.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let covers_methods = self.methods.as_ref().is_none_or(|own| {
            other.methods.as_ref().is_some_and(|others| others.iter().all(|method| own.contains(method)))
        });
        let covers_host =
            self.host.as_ref().is_none_or(|own| other.host.as_ref().is_some_and(|other| own.covers(other)));
        let covers_path = self
            .path
            .as_ref()
            .is_none_or(|own| own.is_any() || other.path.as_ref().is_some_and(|other| own.covers(other)));
        covers_methods && covers_host && covers_path
    }

    /// Whether it fits every request.
    pub(crate) fn is_any(&self) -> bool {
        self.covers(&Self::default())
    }
}

/// `example.com`, or `*.example.com` for every name below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    name: String,
    below: bool,
}

impl HostPattern {
    /// # Errors
    /// A sentence for the person who wrote it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        if name.is_empty() || name.contains(['*', '/', '?', '#', '@']) {
            return Err("expected a host name such as \"example.com\" or \"*.example.com\"");
        }
        Ok(Self { name: canonical_host(name), below })
    }

    fn covers(&self, other: &Self) -> bool {
        let is_below = || other.name.strip_suffix(&self.name).is_some_and(|labels| labels.ends_with('.'));
        self == other || (self.below && (is_below() || (other.below && other.name == self.name)))
    }

    fn fits(&self, host: &str) -> bool {
        if !self.below {
            return host == self.name;
        }
        host.strip_suffix(&self.name).is_some_and(|labels| labels.ends_with('.') && labels.len() > 1)
    }
}

/// A path with `*` for anything within one segment and `**` for anything at all. Case does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathPattern(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    WithinSegment,
    Anything,
}

impl Token {
    fn takes(self, byte: u8) -> bool {
        match self {
            Self::Byte(expected) => expected == byte,
            Self::WithinSegment => byte != b'/',
            Self::Anything => true,
        }
    }
}

impl PathPattern {
    /// # Errors
    /// A sentence for the person who wrote it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.starts_with('/') {
            return Err("expected a path that starts with \"/\"");
        }
        if text.contains(['?', '#']) {
            return Err("expected a path without a query");
        }
        let mut tokens = Vec::with_capacity(text.len());
        for byte in text.bytes() {
            match (byte, tokens.last()) {
                (b'*', Some(Token::WithinSegment)) => *tokens.last_mut().expect("just seen") = Token::Anything,
                (b'*', Some(Token::Anything)) => {}
                (b'*', _) => tokens.push(Token::WithinSegment),
                _ => tokens.push(Token::Byte(byte.to_ascii_lowercase())),
            }
        }
        Ok(Self(tokens))
    }

    /// Whether it is `/**`.
    fn is_any(&self) -> bool {
        self.0 == [Token::Byte(b'/'), Token::Anything]
    }

    /// Whether it fits every path that `other` fits: `other` is walked like a path, and what stands for several bytes
    /// in it must be within what stands for as many here. When it says no, it may.
    fn covers(&self, other: &Self) -> bool {
        let mut reachable = self.start();
        for token in &other.0 {
            reachable = self.step(&reachable, |own| match token {
                Token::Byte(byte) => own.takes(*byte),
                Token::WithinSegment => !matches!(own, Token::Byte(_)),
                Token::Anything => own == Token::Anything,
            });
        }
        reachable[self.0.len()]
    }

    fn start(&self) -> Vec<bool> {
        let mut reachable = vec![false; self.0.len() + 1];
        reachable[0] = true;
        skip_wildcards(&self.0, &mut reachable);
        reachable
    }

    /// Where one can be after one more step that `takes` allows, from `reachable`.
    fn step(&self, reachable: &[bool], takes: impl Fn(Token) -> bool) -> Vec<bool> {
        let mut next = vec![false; reachable.len()];
        for (at, token) in self.0.iter().enumerate().filter(|(at, _)| reachable[*at]) {
            let after = if matches!(token, Token::Byte(_)) { at + 1 } else { at };
            next[after] |= takes(*token);
        }
        skip_wildcards(&self.0, &mut next);
        next
    }

    /// Linear in path × pattern: one row of reachable positions is carried from byte to byte, so no pattern can make
    /// a request slow.
    fn fits(&self, path: &str) -> bool {
        let mut reachable = self.start();
        for byte in path.bytes().map(|byte| byte.to_ascii_lowercase()) {
            reachable = self.step(&reachable, |token| token.takes(byte));
        }
        reachable[self.0.len()]
    }
}

/// A wildcard may stand for nothing: what is reachable before it is reachable behind it.
fn skip_wildcards(tokens: &[Token], reachable: &mut [bool]) {
    for (at, token) in tokens.iter().enumerate() {
        if reachable[at] && !matches!(token, Token::Byte(_)) {
            reachable[at + 1] = true;
        }
    }
}

/// Lower case, without port and trailing dot.
fn canonical_host(host: &str) -> String {
    let host = host.trim();
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The path as sent, and what decoding percent escapes (once and twice), dropping path parameters, reading `\` as `/`,
/// and resolving `//`, `.` and `..` makes of it. Without duplicates; almost always just one.
fn readings(path: &str) -> Vec<String> {
    let mut readings = vec![path.to_owned()];
    if is_plain(path) {
        return readings;
    }
    let once = percent_decoded(path);
    let twice = percent_decoded(&once);
    let spellings: BTreeSet<String> = [path.to_owned(), once, twice]
        .into_iter()
        .flat_map(|spelling| {
            let without_parameters = drop_parameters(&spelling);
            [spelling, without_parameters]
        })
        .flat_map(|spelling| {
            let unix = spelling.replace('\\', "/");
            let cut = spelling.split('\0').next().unwrap_or_default().to_owned();
            [resolve_segments(&cut), resolve_segments(&unix), spelling]
        })
        .collect();
    readings.extend(spellings.into_iter().filter(|spelling| spelling != path));
    readings
}

fn is_plain(path: &str) -> bool {
    !path.contains(['%', ';', '\\', '\0']) && !path.contains("//") && !path.contains("/.")
}

fn percent_decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|byte| (*byte as char).to_digit(16));
        match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn drop_parameters(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect();
    segments.join("/")
}

fn resolve_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let trailing = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{trailing}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(pattern: &str) -> RoutePattern {
        RoutePattern { path: Some(PathPattern::parse(pattern).unwrap()), ..RoutePattern::default() }
    }

    #[test]
    fn path_patterns_fit_what_they_say() {
        let cases = [
            ("/upload", "/upload", true),
            ("/upload", "/upload/", false),
            ("/upload", "/uploads", false),
            ("/upload/*", "/upload/a", true),
            ("/upload/*", "/upload/a/b", false),
            ("/upload/**", "/upload/a/b", true),
            ("/upload**", "/upload", true),
            ("/*/file", "/a/file", true),
            ("/*/file", "/a/b/file", false),
            ("/**", "/", true),
            ("/a*b*c", "/aXbYc", true),
            ("/a*b*c", "/aXc", false),
        ];
        for (pattern, sent, expected) in cases {
            let target = Target::new("POST", "example.com", sent);
            assert_eq!(path(pattern).fits(&target, Certainty::AnyReading), expected, "{pattern} {sent}");
        }
    }

    #[test]
    fn a_pattern_covers_another_when_it_fits_all_that_the_other_fits() {
        for (wide, narrow, expected) in [
            ("/**", "/upload", true),
            ("/**", "/**", true),
            ("/a/**", "/a/b/*", true),
            ("/a/**", "/a", false),
            ("/a/*", "/a/*", true),
            ("/a/*", "/a/x*y", true),
            ("/a/*", "/a/**", false),
            ("/a/*/c", "/a/b/c", true),
            ("/A", "/a", true),
            ("/a", "/b", false),
            ("/*", "/a/b", false),
            ("/**/c", "/a/*/c", true),
        ] {
            assert_eq!(path(wide).covers(&path(narrow)), expected, "{wide} {narrow}");
        }
        let any = RoutePattern::default();
        assert!(any.covers(&path("/a")) && !path("/a").covers(&any) && path("/**").covers(&any));
        let host = |name| RoutePattern { host: Some(HostPattern::parse(name).unwrap()), ..RoutePattern::default() };
        for (wide, narrow, expected) in [
            ("*.a.com", "b.a.com", true),
            ("*.a.com", "*.b.a.com", true),
            ("*.a.com", "a.com", false),
            ("a.com", "*.a.com", false),
            ("a.com", "a.com", true),
        ] {
            assert_eq!(host(wide).covers(&host(narrow)), expected, "{wide} {narrow}");
        }
        let post = RoutePattern { methods: Some(vec!["POST".into()]), ..RoutePattern::default() };
        assert!(any.covers(&post) && !post.covers(&any) && post.covers(&post));
    }

    #[test]
    fn no_other_spelling_walks_around_an_inspecting_route() {
        let pattern = path("/upload");
        for sent in [
            "/UPLOAD",
            "/%75pload",
            "/%2575pload",
            "//upload",
            "/./upload",
            "/x/../upload",
            "/x/%2e%2e/upload",
            "/upload;v=1",
            "/x;/../upload",
            "\\upload",
            "/%2fupload",
            "/upload%00",
            "/upload%00.jpg",
            "/x%5c..%5cupload",
        ] {
            let target = Target::new("POST", "example.com", sent);
            assert!(pattern.fits(&target, Certainty::AnyReading), "{sent}");
            assert!(!path("/x/**").fits(&target, Certainty::EveryReading), "{sent}");
        }
    }

    #[test]
    fn hosts_fit_without_case_port_and_trailing_dot() {
        let cases = [
            ("example.com", "EXAMPLE.com:8080", true),
            ("example.com", "example.com.", true),
            ("example.com", "www.example.com", false),
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "badexample.com", false),
            ("[::1]", "[::1]:80", true),
        ];
        for (pattern, host, expected) in cases {
            let pattern = RoutePattern { host: Some(HostPattern::parse(pattern).unwrap()), ..RoutePattern::default() };
            let target = Target::new("GET", host, "/");
            assert_eq!(pattern.fits(&target, Certainty::EveryReading), expected, "{host}");
        }
        assert!(HostPattern::parse("a*b.com").is_err() && HostPattern::parse("").is_err());
    }

    #[test]
    fn methods_fit_exactly() {
        let pattern = RoutePattern { methods: Some(vec!["POST".into()]), ..RoutePattern::default() };
        assert!(pattern.fits(&Target::new("POST", "h", "/"), Certainty::AnyReading));
        assert!(!pattern.fits(&Target::new("GET", "h", "/"), Certainty::AnyReading));
    }
}
