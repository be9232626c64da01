//! What a header says about where its request ends and how it is forwarded, for both versions of HTTP.
//!
//! [`super::wire`] has read HTTP/1 strictly before; what stands here holds for HTTP/2 as well, or needs to be changed
//! in the header that goes on.

use std::time::Duration;

use http::{HeaderMap, Method, Version, header};
use pingora::Result;
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use super::answer::Refusal;
use super::wire::{Violation, length};

/// What a `Connection` header may name. Anything else asks proxies to drop a header (RFC 9110 §7.6.1), which an attacker
/// can use to have the origin read another request than was inspected, or miss what a proxy in front of us has added.
const CONNECTION_OPTIONS: [&str; 8] =
    ["close", "keep-alive", "upgrade", "te", "http2-settings", "trailer", "trailers", "proxy-connection"];

/// How long the end of a body that has no bytes may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks and settles the header of a request, before anything else looks at it.
///
/// # Errors
/// Why the request is refused.
pub(super) async fn settle(session: &mut Session) -> Result<(), Refusal> {
    check_method(&session.req_header().method).map_err(Refusal::Wire)?;
    confirm_empty_body(session).await.map_err(Refusal::Wire)?;
    let has_body = !session.is_body_empty();
    let request = session.req_header_mut();
    check_framing(request).map_err(Refusal::Wire)?;
    if !has_known_connection_options(&request.headers) {
        return Err(Refusal::ConnectionOption);
    }
    if has_body && request.method == Method::HEAD {
        return Err(Refusal::UnexpectedBody);
    }
    settle_content_type(request)?;
    settle_expectation(request, has_body)
}

/// TRACE gives a script the cookies that it may not read (RFC 9110 §9.3.8 lets a server refuse it). CONNECT asks for a
/// tunnel, in which nothing would be inspected.
fn check_method(method: &Method) -> Result<(), Violation> {
    if [Method::TRACE, Method::CONNECT].contains(method) { Err(Violation::Method) } else { Ok(()) }
}

/// An HTTP/2 request that declares no body counts as complete at once, but only its end shows that none comes.
async fn confirm_empty_body(session: &mut Session) -> Result<(), Violation> {
    let request = session.req_header();
    let declares_none = request.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
    if request.version != Version::HTTP_2 || !declares_none {
        return Ok(());
    }
    let end = async {
        loop {
            match session.downstream_session.read_request_body().await {
                Ok(Some(piece)) if piece.is_empty() => {}
                end => return matches!(end, Ok(None)),
            }
        }
    };
    let is_empty = tokio::time::timeout(PATIENCE, end).await.unwrap_or(false);
    if is_empty { Ok(()) } else { Err(Violation::ContentLength) }
}

fn check_framing(request: &mut RequestHeader) -> Result<(), Violation> {
    if request.method.as_str().bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err(Violation::RequestLine);
    }
    // Origins that speak CGI or WSGI read `_` as `-`.
    let with_underscores = request.headers.keys().map(|name| name.as_str()).filter(|name| name.contains('_'));
    let mut names = with_underscores.map(|name| name.replace('_', "-"));
    if names.any(|name| name == "content-length" || name == "transfer-encoding") {
        return Err(Violation::FramingConflict);
    }
    let mut lengths = request.headers.get_all(header::CONTENT_LENGTH).iter();
    if lengths.next().is_some_and(|value| length(value.as_bytes()).is_none()) {
        return Err(Violation::ContentLength);
    }
    if lengths.next().is_some() {
        return Err(Violation::FramingConflict);
    }
    if request.headers.contains_key(header::TRANSFER_ENCODING) {
        if request.version == Version::HTTP_2 {
            return Err(Violation::TransferEncoding);
        }
        // It was `chunked` in some spelling; the origin gets the one that all know.
        let canonical = request.insert_header(header::TRANSFER_ENCODING, "chunked");
        return canonical.map_err(|_| Violation::TransferEncoding);
    }
    Ok(())
}

fn has_known_connection_options(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CONNECTION).iter();
    let mut options = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    options.all(|option| {
        let option = option.trim_ascii();
        option.is_empty() || CONNECTION_OPTIONS.iter().any(|known| option.eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// A type that is said twice in the same words is said once: the origin shall not join the two.
fn settle_content_type(request: &mut RequestHeader) -> Result<(), Refusal> {
    let mut types = request.headers.get_all(header::CONTENT_TYPE).iter();
    let first = types.next().cloned();
    let Some(first) = first.filter(|first| types.next() == Some(first) && types.all(|next| next == first)) else {
        return Ok(());
    };
    request.insert_header(header::CONTENT_TYPE, first).map_err(|_| Refusal::Wire(Violation::Header))
}

/// One `100-continue` is an expectation. Where there is nothing to go on with, or the client is too old to know of it
/// (RFC 9110 §10.1.1), the origin does not see it.
fn settle_expectation(request: &mut RequestHeader, has_body: bool) -> Result<(), Refusal> {
    let mut expectations = request.headers.get_all(header::EXPECT).iter();
    let Some(expectation) = expectations.next() else {
        return Ok(());
    };
    if expectations.next().is_some() || !expectation.as_bytes().eq_ignore_ascii_case(b"100-continue") {
        return Err(Refusal::UnknownExpectation);
    }
    if !has_body || request.version == Version::HTTP_10 {
        request.remove_header(&header::EXPECT);
    }
    Ok(())
}

/// Some origins leave the body of a request unread that usually has none, and take it for the next request ("CL.0").
/// Such a request gets a connection to the origin on which nothing follows.
pub(super) fn isolate(request: &mut RequestHeader, has_body: bool) -> Result<()> {
    let rarely_has_body = [Method::GET, Method::DELETE, Method::OPTIONS].contains(&request.method);
    if has_body && rarely_has_body && !request.headers.contains_key(header::UPGRADE) {
        request.insert_header(header::CONNECTION, "close")?;
    }
    Ok(())
}

/// Whether a request asks for nothing but a WebSocket (RFC 6455 §4.1).
pub(super) fn is_websocket_handshake(session: &mut Session) -> bool {
    let has_body = !session.is_body_empty();
    let request = session.req_header();
    let one = |name: &str| {
        let mut values = request.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).map(|value| value.as_bytes())
    };
    let connection = request.headers.get_all(header::CONNECTION).iter();
    let mut options = connection.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let key = one("sec-websocket-key").and_then(|key| data_encoding::BASE64.decode(key).ok());
    request.method == Method::GET
        && request.version == Version::HTTP_11
        && !has_body
        && one("upgrade").is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
        && options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
        && one("sec-websocket-version") == Some(b"13")
        && key.is_some_and(|key| key.len() == 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&'static str, &str)]) -> RequestHeader {
        let mut request = RequestHeader::build(method, b"/", None).unwrap();
        for (name, value) in headers {
            request.append_header(*name, *value).unwrap();
        }
        request
    }

    #[test]
    fn framing_has_one_reading_or_is_refused() {
        type Headers<'a> = &'a [(&'static str, &'a str)];
        let cases: [(&str, Headers<'_>, Option<Violation>); 8] = [
            ("POST", &[("content-length", "5")], None),
            ("POST", &[("transfer-encoding", "cHUNKED")], None),
            ("post", &[], Some(Violation::RequestLine)),
            ("POST", &[("content-length", "5, 5")], Some(Violation::ContentLength)),
            ("POST", &[("content-length", "05")], Some(Violation::ContentLength)),
            ("POST", &[("content-length", "5"), ("content-length", "5")], Some(Violation::FramingConflict)),
            ("POST", &[("content_length", "5")], Some(Violation::FramingConflict)),
            ("POST", &[("transfer_encoding", "chunked")], Some(Violation::FramingConflict)),
        ];
        for (method, headers, expected) in cases {
            let mut request = request(method, headers);
            assert_eq!(check_framing(&mut request).err(), expected, "{method} {headers:?}");
            if let Some(coding) = request.headers.get("transfer-encoding") {
                assert_eq!(coding, "chunked", "{headers:?}");
            }
        }
    }

    #[test]
    fn a_type_that_is_said_twice_alike_is_said_once() {
        for (types, expected) in [
            (&["a/b"][..], &["a/b"][..]),
            (&["a/b", "a/b", "a/b"], &["a/b"]),
            (&["a/b", "a/B"], &["a/b", "a/B"]),
            (&["a/b", "a/b", "c/d"], &["a/b", "a/b", "c/d"]),
        ] {
            let headers: Vec<_> = types.iter().map(|value| ("content-type", *value)).collect();
            let mut request = request("POST", &headers);
            settle_content_type(&mut request).unwrap();
            assert_eq!(request.headers.get_all("content-type").iter().collect::<Vec<_>>(), expected, "{types:?}");
        }
    }

    #[test]
    fn only_options_of_the_connection_itself_are_known() {
        for (value, expected) in [
            ("close", true),
            ("Keep-Alive, Upgrade, HTTP2-Settings", true),
            ("TE, ", true),
            ("close, X-Forwarded-For", false),
            ("content-length", false),
            ("\"close\"", false),
        ] {
            assert_eq!(has_known_connection_options(&request("GET", &[("connection", value)]).headers), expected);
        }
    }
}
