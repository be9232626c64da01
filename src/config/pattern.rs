//! Which requests a route means: host, path and method.
//!
//! A request's target can be spelt in many ways that an origin takes for the same resource. A route that inspects must
//! not be walked around by another spelling, so a [`Target`] carries every reading, and the route says by [`Certainty`]
//! whether one reading or all must fit.

use super::readings::{Reading, folded, is_script};
use super::target::{Target, canonical_host};

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
        let has_method = |methods: &Vec<String>| match certainty {
            Certainty::AnyReading => target.methods().iter().any(|method| methods.contains(method)),
            Certainty::EveryReading => target.methods().iter().all(|method| methods.contains(method)),
        };
        // A proxy in front often sends to another name than it was asked for, so only one has to fit.
        let has_host = |pattern: &HostPattern| match certainty {
            Certainty::AnyReading => target.hosts().iter().any(|host| pattern.fits(host)),
            Certainty::EveryReading => target.hosts().first().is_some_and(|host| pattern.fits(host)),
        };
        self.methods.as_ref().is_none_or(has_method)
            && self.host.as_ref().is_none_or(has_host)
            && self.path.as_ref().is_none_or(|path| match certainty {
                Certainty::AnyReading => target.paths().all().any(|reading| path.may_fit(reading)),
                Certainty::EveryReading => {
                    target.paths().sure().all(|reading| path.fits(reading))
                        && (path.names_script || target.paths().scripts().all(|reading| path.fits(reading)))
                }
            })
    }

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
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        let refused =
            |hint: &str| Err(format!("expected a host name such as \"example.com\" or \"*.example.com\"{hint}"));
        if let Some(name) = text.strip_prefix('.') {
            return refused(&format!("; for all names below it \"*.{name}\""));
        }
        if !name.is_ascii() {
            // As clients send it.
            let sent = url::Host::parse(name).map_or(String::new(), |host| format!(": clients send \"{host}\""));
            return refused(&sent);
        }
        let is_address = name.starts_with('[') && name.ends_with(']');
        if !is_address && name.contains(':') {
            return refused("; ports do not count, leave it out");
        }
        if name.is_empty() || name.bytes().any(|byte| b"*/?#@ \t".contains(&byte)) {
            return refused("");
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

/// A path with `*` for anything within one segment and `**` for anything at all. Case does not count, nor slashes at
/// the end, and `/x/**` fits `/x` as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathPattern {
    tokens: Vec<Token>,
    /// What is before `/**` at the end.
    below: Option<Vec<Token>>,
    /// Whether it says what follows a script, as in `/index.php/**`.
    names_script: bool,
}

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
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            let hint = if text.contains("://") { ": the host goes into \"host\"" } else { "" };
            return Err(format!("expected a path that starts with \"/\"{hint}"));
        }
        if text.contains(['?', '#']) {
            return Err("expected a path without a query".to_owned());
        }
        let mut tokens: Vec<Token> = Vec::with_capacity(text.len());
        let bare = text.trim_end_matches('/');
        for byte in folded(if bare.is_empty() { "/" } else { bare }).bytes() {
            match (byte, tokens.last_mut()) {
                (b'*', Some(last @ Token::WithinSegment)) => *last = Token::Anything,
                (b'*', Some(Token::Anything)) => {}
                (b'*', _) => tokens.push(Token::WithinSegment),
                _ => tokens.push(Token::Byte(byte)),
            }
        }
        let below = tokens.strip_suffix(&[Token::Byte(b'/'), Token::Anything]).map(<[Token]>::to_vec);
        let names_script = text.split('/').any(is_script);
        Ok(Self { tokens, below, names_script })
    }

    /// Whether it is `/**`.
    fn is_any(&self) -> bool {
        self.below.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether it fits every path that `other` fits. `other` is walked like a path: each of its wildcards must be
    /// covered by a wildcard here. It may say no although it does; it never says yes although it does not.
    fn covers(&self, other: &Self) -> bool {
        let covers = |own: &[Token], walked: &[Token]| {
            let mut walk = Walk::start(own);
            for token in walked {
                walk.step(|own| match token {
                    Token::Byte(byte) => own.takes(*byte),
                    Token::WithinSegment => !matches!(own, Token::Byte(_)),
                    Token::Anything => own == Token::Anything,
                });
            }
            walk.is_at_end()
        };
        let covers_all = |walked: &[Token]| {
            covers(&self.tokens, walked) || self.below.as_ref().is_some_and(|below| covers(below, walked))
        };
        covers_all(&other.tokens) && other.below.as_ref().is_none_or(|below| below.is_empty() || covers_all(below))
    }

    /// Whether it fits `path` as it is, but for slashes at the end.
    fn fits(&self, path: &Reading) -> bool {
        let bare = if path.bare().is_empty() { path.with_slash() } else { path.bare() };
        fits(&self.tokens, bare) || self.below.as_ref().is_some_and(|below| fits(below, bare))
    }

    /// Whether it fits what some server could take `path` for, with a slash at the end or without.
    fn may_fit(&self, path: &Reading) -> bool {
        (!path.bare().is_empty() && fits(&self.tokens, path.bare())) || fits(&self.tokens, path.with_slash())
    }
}

/// Whether `tokens` fit all of `path`. Most patterns are a literal start, or one and `**`, so most paths are rejected
/// at the first byte that differs.
fn fits(tokens: &[Token], path: &str) -> bool {
    let literal = tokens.iter().take_while(|token| matches!(token, Token::Byte(_))).count();
    let Some((start, rest)) = path.as_bytes().split_at_checked(literal) else { return false };
    if !tokens.iter().zip(start).all(|(token, byte)| token.takes(*byte)) {
        return false;
    }
    match &tokens[literal..] {
        [] => rest.is_empty(),
        [Token::Anything] => true,
        others => Walk::over(others, rest).is_at_end(),
    }
}

/// A walk through a pattern along a path, by all ways at once: it is linear in path × pattern, so no pattern can make a
/// request slow.
struct Walk<'p> {
    tokens: &'p [Token],
    /// Positions in the pattern that can have been reached; one more than there are tokens.
    reachable: Vec<bool>,
    next: Vec<bool>,
}

impl<'p> Walk<'p> {
    fn start(tokens: &'p [Token]) -> Self {
        let mut reachable = vec![false; tokens.len() + 1];
        reachable[0] = true;
        skip_wildcards(tokens, &mut reachable);
        Self { tokens, next: vec![false; reachable.len()], reachable }
    }

    fn over(tokens: &'p [Token], path: &[u8]) -> Self {
        let mut walk = Self::start(tokens);
        for byte in path {
            walk.step(|token| token.takes(*byte));
        }
        walk
    }

    /// Goes one step further wherever `takes` allows it.
    fn step(&mut self, takes: impl Fn(Token) -> bool) {
        self.next.fill(false);
        for (at, token) in self.tokens.iter().enumerate().filter(|(at, _)| self.reachable[*at]) {
            let after = if matches!(token, Token::Byte(_)) { at + 1 } else { at };
            self.next[after] |= takes(*token);
        }
        skip_wildcards(self.tokens, &mut self.next);
        std::mem::swap(&mut self.reachable, &mut self.next);
    }

    fn is_at_end(&self) -> bool {
        self.reachable[self.tokens.len()]
    }
}

/// A wildcard can match nothing, so what is reachable before it is reachable after it.
fn skip_wildcards(tokens: &[Token], reachable: &mut [bool]) {
    for (at, token) in tokens.iter().enumerate() {
        if reachable[at] && !matches!(token, Token::Byte(_)) {
            reachable[at + 1] = true;
        }
    }
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
            ("/upload", "/upload/", true),
            ("/upload", "/upload//", true),
            ("/upload/", "/upload", true),
            ("/upload", "/uploads", false),
            ("/upload", "/upload/a", false),
            ("/upload/*", "/upload/a", true),
            ("/upload/*", "/upload/a/", true),
            ("/upload/*", "/upload/", true),
            ("/upload/*", "/upload/a/b", false),
            ("/upload/**", "/upload", true),
            ("/upload/**", "/uploads", false),
            ("/", "/", true),
            ("/", "/a", false),
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
            ("/a/**", "/a", true),
            ("/a/**", "/a/", true),
            ("/a/", "/a", true),
            ("/a/*", "/a", false),
            ("/a/b", "/a/**", false),
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
            "/upload/",
            "/upload.json",
            "/index.php/upload",
            "//localhost/upload",
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
    fn a_route_that_lets_pass_fits_only_what_no_server_takes_for_something_else() {
        for (pattern, sent, expected) in [
            ("/a/**", "/a", true),
            ("/a/**", "/a/b.php", true),
            ("/a", "/a/", true),
            ("/a/*", "/a/", false),
            ("/**/*.png", "/static/a.png", true),
            ("/**/*.png", "/upload.php/a.png", false),
            ("/index.php/**", "/index.php/apps", true),
            ("/static/**", "//localhost/static/a", false),
            ("/static/**", "/static/a%3fb", true),
            ("/static/**", "/static/../upload", false),
        ] {
            let target = Target::new("POST", "example.com", sent);
            assert_eq!(path(pattern).fits(&target, Certainty::EveryReading), expected, "{pattern} {sent}");
        }
    }

    #[test]
    fn what_headers_say_is_one_more_reading() {
        let upload = path("/upload/**");
        for (target, expected) in [
            (Target::new("POST", "h", "/zzz"), false),
            (Target::new("POST", "h", "/zzz").or_url("/upload/a?b"), true),
            (Target::new("POST", "h", "/zzz").or_url("https://h/upload"), true),
            (Target::new("POST", "h", "/zzz/upload/a").or_below("/zzz"), true),
            (Target::new("POST", "h", "/a").or_below("/upload"), true),
        ] {
            assert_eq!(upload.fits(&target, Certainty::AnyReading), expected, "{target:?}");
            assert!(!path("/zzz").fits(&target, Certainty::EveryReading) || !expected, "{target:?}");
        }
        let put = RoutePattern { methods: Some(vec!["PUT".into()]), ..RoutePattern::default() };
        let overridden = Target::new("POST", "h", "/").or_method("put");
        assert!(put.fits(&overridden, Certainty::AnyReading) && !put.fits(&overridden, Certainty::EveryReading));
        let host = RoutePattern { host: Some(HostPattern::parse("a.com").unwrap()), ..RoutePattern::default() };
        let forwarded = Target::new("POST", "b.com", "/").or_host("a.com:80");
        assert!(host.fits(&forwarded, Certainty::AnyReading) && !host.fits(&forwarded, Certainty::EveryReading));
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
