//! What a request asks for, before anything is decided about it.

use http::uri::PathAndQuery;
use http::{Method, Uri, header};
use pingora::http::RequestHeader;

use crate::config::Target;

/// Settles what `request` asks for, in the header itself, so that the origin reads it as the routes did: a URL as its
/// target becomes its path (RFC 9112 §3.2.2), and the authority that came with it, or as `:authority`, becomes the one
/// `Host`.
///
/// `None` when the target is neither a path, nor an `http` URL, nor `OPTIONS *`, or when there is more than one host:
/// origins differ in what they make of anything else.
pub(super) fn settle(request: &mut RequestHeader) -> Option<Target> {
    drop_http_upgrade(request);
    let raw = request.raw_path();
    let is_asterisk = raw == b"*" && request.method == Method::OPTIONS;
    let authority = if raw.starts_with(b"/") || is_asterisk {
        request.uri.authority().cloned()
    } else {
        let url = Uri::try_from(raw).ok().filter(|url| matches!(url.scheme_str(), Some("http" | "https")))?;
        let path = url.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
        request.set_raw_path(path.as_bytes()).ok()?;
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
    use super::*;

    fn settled(method: &str, target: &str, hosts: &[&str]) -> Option<(Target, RequestHeader)> {
        let mut request = RequestHeader::build(method, target.as_bytes(), None).unwrap();
        for host in hosts {
            request.append_header("Host", *host).unwrap();
        }
        settle(&mut request).map(|target| (target, request))
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
        assert_eq!(target, Target::new("POST", "b.com", "/upload"));
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
