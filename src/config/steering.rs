//! Headers of requests by which a client steers them elsewhere: to another path, method or mount than routes see.
//!
//! A server that believes in such a header runs another handler than the one whose route was inspected. So they are
//! dropped, unless a route lets them through; then what they say counts as one more reading of every request.

/// What a server that believes in a header takes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steering {
    /// The path, or a URL.
    Path,
    /// Where the application is mounted: a path that is left out of the request's, or put before it.
    Mount,
    /// The method.
    Method,
    /// Unknown. Servers that speak CGI or WSGI read `_`, and some read other signs, as `-`: such a name is another
    /// spelling of any other header, and of variables that no header should set (`SCRIPT_NAME` of gunicorn).
    Disguised,
}

/// Headers in which proxies and frameworks give the path: IIS and its rewriting (also believed by Symfony, Zend and
/// middleware of ASP.NET and Express), Envoy, forward authentication of Traefik, Caddy and nginx.
const PATHS: [&str; 13] = [
    "x-original-url",
    "x-rewrite-url",
    "x-original-uri",
    "x-rewrite-uri",
    "x-forwarded-uri",
    "x-forwarded-url",
    "x-forwarded-path",
    "x-original-path",
    "x-envoy-original-path",
    "x-request-uri",
    "x-override-url",
    "x-waws-unencoded-url",
    "request-uri",
];

/// Headers that say where an application is mounted: Spring, ASP.NET, Werkzeug's `ProxyFix`, Traefik, and middleware
/// that sets `SCRIPT_NAME`.
const MOUNTS: [&str; 8] = [
    "x-forwarded-prefix",
    "x-forwarded-pathbase",
    "x-forwarded-context",
    "x-forwarded-base",
    "x-script-name",
    "x-ingress-path",
    "script-name",
    "path-info",
];

/// Headers that name the method: method-override of Express, Rack, Laravel, Symfony, OData and Google's servers.
const METHODS: [&str; 6] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-override-method",
    "x-original-method",
    "x-forwarded-method",
];

impl Steering {
    /// What the header `name`, in lower case, can steer; `None` for all others.
    pub fn of(name: &str) -> Option<Self> {
        let is_odd = |text: &str| text.bytes().any(|byte| !byte.is_ascii_alphanumeric() && byte != b'-');
        // Metadata of objects in stores, `x-amz-meta-my_key`: the client names them, and signs them.
        let is_metadata = |start: &str| start.starts_with("x-") && !is_odd(start);
        let is_disguised = is_odd(name) && !name.split_once("-meta-").is_some_and(|(start, _)| is_metadata(start));
        let plain: String = name.chars().map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '-' }).collect();
        let is_in = |names: &[&str]| names.contains(&plain.as_str());
        if is_in(&PATHS) {
            Some(Self::Path)
        } else if is_in(&MOUNTS) {
            Some(if plain == "path-info" { Self::Path } else { Self::Mount })
        } else if is_in(&METHODS) {
            Some(Self::Method)
        } else {
            is_disguised.then_some(Self::Disguised)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_steer_are_known_in_every_spelling_and_others_are_not() {
        for (name, expected) in [
            ("x-original-url", Some(Steering::Path)),
            ("x_original.url", Some(Steering::Path)),
            ("path_info", Some(Steering::Path)),
            ("script_name", Some(Steering::Mount)),
            ("x-forwarded-prefix", Some(Steering::Mount)),
            ("x-http-method-override", Some(Steering::Method)),
            ("x_forwarded_for", Some(Steering::Disguised)),
            ("content.type", Some(Steering::Disguised)),
            ("x-forwarded-for", None),
            ("content-type", None),
            ("sec-websocket-key", None),
            ("x-amz-meta-my_key", None),
            ("x_amz-meta-my_key", Some(Steering::Disguised)),
        ] {
            assert_eq!(Steering::of(name), expected, "{name}");
        }
    }
}
