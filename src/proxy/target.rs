//! What a request asks for, before anything is decided about it.

use std::collections::BTreeSet;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Method, Uri, header};
use pingora::http::RequestHeader;

use crate::config::{Config, Steering, Target};

/// Settles what `request` asks for, in the header itself, so that the origin reads it as the routes did: a URL as its
/// target becomes its path (RFC 9112 §3.2.2), and the authority that came with it, or as `:authority`, becomes the one
/// `Host`.
///
/// Headers that would steer it elsewhere are dropped, but for those that a route of `config` lets through: what they
/// say counts, as does what others say of the host and the method.
///
/// `None` when the target is neither a path, nor an `http` URL, nor `OPTIONS *`, or when there is more than one host:
/// origins differ in what they make of anything else. Also when there are too many ways to read its path.
pub(super) fn settle(request: &mut RequestHeader, config: &Config) -> Option<Target> {
    let target = settle_target(request)?;
    let target = with_other_methods_and_hosts(target, &request.headers);
    drop_steering(request, |name| config.is_passed_header(name));
    Some(with_passed_headers(target, &request.headers)).filter(|target| !target.is_too_ambiguous())
}

/// Drops what `request` may still have of headers that steer, but for those in `passed`.
pub(super) fn drop_steering_but(request: &mut RequestHeader, passed: Option<&BTreeSet<String>>) {
    drop_steering(request, |name| passed.is_some_and(|passed| passed.contains(name)));
}

fn drop_steering(request: &mut RequestHeader, is_passed: impl Fn(&str) -> bool) {
    // A part of the protocol of tus, and of what grew out of it: what it says is read there too.
    let is_piece = request.headers.keys().any(|name| name.as_str().starts_with("upload-"));
    let steers = |name: &&HeaderName| match Steering::of(name.as_str()) {
        Some(Steering::Method) => !is_piece && !is_passed(name.as_str()),
        Some(Steering::Path | Steering::Mount | Steering::Disguised) => !is_passed(name.as_str()),
        None => false,
    };
    let dropped: Vec<HeaderName> = request.headers.keys().filter(steers).cloned().collect();
    for name in dropped {
        tracing::debug!(event = "header_dropped", header = name.as_str(), "it could steer the request elsewhere");
        request.remove_header(&name);
    }
}

/// What is said about the method, and about the host that was asked before a proxy in front: neither does harm as one
/// more reading, and uploads in pieces and origins behind several proxies need it.
fn with_other_methods_and_hosts(mut target: Target, headers: &HeaderMap) -> Target {
    for (name, value) in texts(headers) {
        if Steering::of(name) == Some(Steering::Method) {
            target = target.or_method(value.trim());
        }
        let hosts = match name.replace(|sign: char| !sign.is_ascii_alphanumeric(), "-").as_str() {
            "x-forwarded-host" | "x-original-host" | "x-host" => value,
            "forwarded" => value
                .split(['=', ';', ','])
                .map(str::trim)
                .skip_while(|word| !word.eq_ignore_ascii_case("host"))
                .nth(1)
                .unwrap_or_default()
                .trim_matches('"'),
            _ => continue,
        };
        for host in first_and_last(hosts) {
            target = target.or_host(host);
        }
    }
    target
}

fn with_passed_headers(mut target: Target, headers: &HeaderMap) -> Target {
    for (name, value) in texts(headers) {
        target = match Steering::of(name) {
            Some(Steering::Path) => target.or_url(value.trim()),
            Some(Steering::Mount) => {
                let all = std::iter::once(value.trim()).chain(first_and_last(value));
                all.fold(target, |target, mount| target.or_below(mount))
            }
            Some(Steering::Method | Steering::Disguised) | None => target,
        };
    }
    target
}

/// The first and the last value of a list, which are what servers take of one.
fn first_and_last(list: &str) -> impl Iterator<Item = &str> {
    let mut values = list.split(',').map(str::trim);
    let first = values.next();
    first.into_iter().chain(values.next_back())
}

/// Headers with their values, as far as these are text.
fn texts(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}

fn settle_target(request: &mut RequestHeader) -> Option<Target> {
    drop_http_upgrade(request);
    let raw = request.raw_path();
    let is_asterisk = raw == b"*" && request.method == Method::OPTIONS;
    let authority = if raw.starts_with(b"/") || is_asterisk {
        request.uri.authority().cloned()
    } else {
        let url = Uri::try_from(raw).ok().filter(|url| matches!(url.scheme_str(), Some("http" | "https")))?;
        let path = url.path_and_query().map_or("/", PathAndQuery::as_str);
        // `http://host?query` has no slash (RFC 9112 §3.2.1 wants one).
        let slash = if path.starts_with('/') { "" } else { "/" };
        request.set_raw_path(format!("{slash}{path}").as_bytes()).ok()?;
        Some(url.authority()?.clone())
    };
    if let Some(authority) = authority {
        if authority.as_str().contains('@') {
            return None;
        }
        request.insert_header(header::HOST, authority.as_str()).ok()?;
    }
    let mut hosts = request.headers.get_all(header::HOST).iter();
    let host = hosts.next().map_or(Some(""), |host| host.to_str().ok())?;
    if hosts.next().is_some() || !host.bytes().all(is_host_byte) {
        return None;
    }
    Some(Target::new(request.method.as_str(), host, request.uri.path()))
}

/// RFC 3986 §3.2.2 and §3.2.3: origins differ in where they see the end of a host with anything else in it.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:[]".contains(&byte)
}

/// Removes an offer to speak another HTTP on the same connection (RFC 9110 §7.8 lets a server ignore it): what is said
/// inside such a tunnel would pass every route by.
fn drop_http_upgrade(request: &mut RequestHeader) {
    let offers_http = request.headers.get_all(header::UPGRADE).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|protocol| {
            let protocol = protocol.trim_ascii().to_ascii_lowercase();
            protocol.starts_with(b"h2") || protocol.starts_with(b"http") || protocol.starts_with(b"tls")
        })
    });
    if offers_http {
        request.remove_header(&header::UPGRADE);
        request.remove_header("http2-settings");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(route: &str) -> Config {
        let source = format!(
            "[[listener]]\naddress = \"127.0.0.1:0\"\n[[origin]]\nname = \"site\"\nservers = [\"127.0.0.1:1\"]\n\
             [[route]]\nname = \"uploads\"\ninspect = \"enforce\"\n{route}\n"
        );
        Config::parse(Path::new("penstock.toml"), &source).unwrap()
    }

    #[test]
    fn headers_that_steer_a_request_elsewhere_are_dropped_or_count() {
        let names = ["X-Original-URL", "SCRIPT_NAME", "X-HTTP-Method-Override", "x_a", "X-Forwarded-Prefix", "X-A"];
        let settled = |passed: &str, headers: &[&'static str]| {
            let mut request = RequestHeader::build("POST", b"/zzz", None).unwrap();
            for name in headers {
                request.append_header(*name, "/upload").unwrap();
            }
            let config = config(&format!("path = \"/upload\"\n{passed}"));
            let target = settle(&mut request, &config).unwrap();
            let mut left: Vec<String> = request.headers.keys().map(ToString::to_string).collect();
            left.sort();
            (config.route_for(&target).is_some(), left)
        };
        assert_eq!(settled("", &names), (false, vec!["x-a".to_owned()]));
        let passed = "pass_headers = [\"X-Original-URL\", \"x_a\"]";
        assert_eq!(settled(passed, &names), (true, ["x-a", "x-original-url", "x_a"].map(str::to_owned).to_vec()));
        let of_tus = settled("", &["X-HTTP-Method-Override", "Upload-Offset"]);
        assert_eq!(of_tus, (false, ["upload-offset", "x-http-method-override"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_url_without_a_path_gets_one() {
        for (target, path) in [("http://a.com", &b"/"[..]), ("http://a.com?/upload", b"/?/upload")] {
            assert_eq!(settled("POST", target, &[]).unwrap().1.raw_path(), path);
        }
    }

    fn settled(method: &str, target: &str, hosts: &[&str]) -> Option<(Target, RequestHeader)> {
        let mut request = RequestHeader::build(method, target.as_bytes(), None).unwrap();
        for host in hosts {
            request.append_header("Host", *host).unwrap();
        }
        settle(&mut request, &config("")).map(|target| (target, request))
    }

    #[test]
    fn only_paths_and_http_urls_with_one_host_are_targets() {
        let cases: [(&str, &str, &[&str], bool); 10] = [
            ("GET", "/upload?x=1", &["a.com"], true),
            ("GET", "/upload", &[], true),
            ("GET", "http://a.com/upload", &["a.com"], true),
            ("OPTIONS", "*", &["a.com"], true),
            ("GET", "*", &["a.com"], false),
            ("GET", "upload", &["a.com"], false),
            ("GET", "ftp://a.com/", &["a.com"], false),
            ("GET", "http://user@a.com/", &["a.com"], false),
            ("CONNECT", "a.com:443", &["a.com"], false),
            ("GET", "/upload", &["a.com", "b.com"], false),
        ];
        for (method, target, hosts, expected) in cases {
            assert_eq!(settled(method, target, hosts).is_some(), expected, "{method} {target} {hosts:?}");
        }
    }

    #[test]
    fn a_url_becomes_its_path_and_its_authority_the_host() {
        let (target, request) = settled("POST", "http://b.com:80/upload?x=1", &["a.com", "c.com"]).unwrap();
        assert_eq!(target, Target::new("POST", "b.com", "/upload"), "what came as Host does not count");
        assert_eq!(request.raw_path(), b"/upload?x=1");
        assert_eq!(request.headers.get_all("host").iter().collect::<Vec<_>>(), ["b.com:80"]);
    }

    #[test]
    fn an_offer_of_another_http_is_dropped_and_a_websocket_is_not() {
        for (offer, kept) in [("h2c", false), ("websocket, h2c", false), ("HTTP/2.0", false), ("websocket", true)] {
            let mut request = RequestHeader::build("GET", b"/", None).unwrap();
            request.insert_header("Upgrade", offer).unwrap();
            drop_http_upgrade(&mut request);
            assert_eq!(request.headers.contains_key("upgrade"), kept, "{offer}");
        }
    }
}
