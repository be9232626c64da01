//! The forms in which clients understand that something went wrong. A client that finds its own form shows the sentence
//! and gives up; one that finds another shows "unknown error" and may try again for hours.
//!
//! Which form it is, the request tells. All carry the sentence and the reference, and none says more about a match.
//!
//! Sources: Matrix Client-Server API, "Standard error response"; Mastodon API, `Error`; Amazon S3, "Error responses";
//! RFC 4918 §16 and SabreDAV's extension of it, which Nextcloud's clients read; gRPC over HTTP2, "Trailers-Only";
//! Connect Protocol Reference, "Unary-Response".

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use pingora::http::RequestHeader;
use serde_json::json;

use super::Answer;

/// A form of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// gRPC and gRPC-Web: an answer without messages whose status is in its headers. The status of HTTP is that of the
    /// route, as in every form, so that proxies and logs see that nothing went on.
    Grpc,
    /// Connect, single calls and streams.
    Connect,
    S3,
    WebDav,
    Matrix,
    Mastodon,
    /// A page for people.
    Page,
    /// A problem document (RFC 9457).
    Problem,
}

/// An answer in its form.
pub(super) struct Letter {
    pub(super) status: StatusCode,
    pub(super) media_type: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

/// Methods of WebDAV that HTTP itself has not.
const DAV_METHODS: [&str; 9] = ["PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH"];

/// Headers that only clients of WebDAV send with an upload.
const DAV_HEADERS: [&str; 6] =
    ["oc-checksum", "oc-total-length", "oc-chunked", "x-oc-mtime", "destination", "overwrite"];

impl Dialect {
    /// The form that the client of `request` reads.
    pub(super) fn of(request: &RequestHeader) -> Self {
        let headers = &request.headers;
        let content_type = text(headers, header::CONTENT_TYPE.as_str()).to_ascii_lowercase();
        let path = request.uri.path();
        if content_type.starts_with("application/grpc") {
            Self::Grpc
        } else if content_type.starts_with("application/connect+") || headers.contains_key("connect-protocol-version") {
            Self::Connect
        } else if super::prefers_html(headers) {
            Self::Page
        } else if is_s3(request) {
            Self::S3
        } else if is_web_dav(request) {
            Self::WebDav
        } else if path.starts_with("/_matrix/") {
            Self::Matrix
        } else if is_versioned_api(path) {
            Self::Mastodon
        } else {
            Self::Problem
        }
    }

    /// `answer` in this form.
    pub(super) fn write(self, answer: &Answer, headers: &HeaderMap) -> Letter {
        let letter = |media_type: &str, body: String| Letter {
            status: answer.status,
            media_type: media_type.to_owned(),
            headers: Vec::new(),
            body: body.into(),
        };
        let sentence = format!("{}. {} Reference: {}", answer.title, answer.detail, answer.reference);
        match self {
            Self::Grpc => Letter {
                headers: vec![("grpc-status", call_code(answer.status).0.to_string()), ("grpc-message", sentence)],
                ..letter(&essence(headers), String::new())
            },
            Self::Connect => {
                let error = json!({"code": call_code(answer.status).1, "message": sentence});
                letter("application/json", error.to_string())
            }
            Self::S3 => letter("application/xml", s3_error(answer)),
            Self::WebDav => letter("application/xml; charset=utf-8", dav_error(answer)),
            Self::Matrix => letter("application/json", with_members(answer, Some(matrix_code(answer.status)))),
            Self::Mastodon => letter("application/json", with_members(answer, None)),
            Self::Page => Letter {
                headers: vec![("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'".to_owned())],
                body: answer.page(),
                ..letter("text/html; charset=utf-8", String::new())
            },
            Self::Problem => letter("application/problem+json", answer.problem().to_string()),
        }
    }
}

/// The first value of a header; nothing where it is no text.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The type of a call without its parameters: answers have the same.
fn essence(headers: &HeaderMap) -> String {
    let value = text(headers, header::CONTENT_TYPE.as_str());
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_s3(request: &RequestHeader) -> bool {
    let authorization = text(&request.headers, header::AUTHORIZATION.as_str());
    let query = request.uri.query().unwrap_or_default();
    authorization.starts_with("AWS4-HMAC-SHA256")
        || authorization.starts_with("AWS ")
        || request.headers.contains_key("x-amz-content-sha256")
        || query.contains("X-Amz-Signature=")
        || query.contains("AWSAccessKeyId=")
}

fn is_web_dav(request: &RequestHeader) -> bool {
    let path = request.uri.path();
    let is_dav_path = ["/remote.php/", "/public.php/", "/dav/", "/webdav/"].iter().any(|start| path.starts_with(start));
    is_dav_path
        || DAV_METHODS.contains(&request.method.as_str())
        || request.method == Method::PUT && DAV_HEADERS.iter().any(|name| request.headers.contains_key(*name))
}

/// `/api/v1/…`, as Mastodon has it and those that are built like it.
fn is_versioned_api(path: &str) -> bool {
    let version = path.strip_prefix("/api/v").and_then(|rest| rest.split_once('/'));
    version.is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The status of a call, as a number in gRPC and as a word in Connect.
fn call_code(status: StatusCode) -> (u8, &'static str) {
    match status.as_u16() {
        400 | 417 | 422 => (3, "invalid_argument"),
        408 | 504 => (4, "deadline_exceeded"),
        404 => (5, "not_found"),
        413 | 431 => (8, "resource_exhausted"),
        409 => (10, "aborted"),
        501 => (12, "unimplemented"),
        500 => (13, "internal"),
        502 | 503 => (14, "unavailable"),
        _ => (7, "permission_denied"),
    }
}

fn matrix_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        413 => "M_TOO_LARGE",
        400 | 404 | 408 | 409 | 417 | 422 | 500.. => "M_UNKNOWN",
        _ => "M_FORBIDDEN",
    }
}

/// The problem document, with the members that other forms of JSON have.
fn with_members(answer: &Answer, errcode: Option<&str>) -> String {
    let mut problem = answer.problem();
    problem["error"] = format!("{}. {} Reference: {}", answer.title, answer.detail, answer.reference).into();
    if let Some(errcode) = errcode {
        problem["errcode"] = errcode.into();
    }
    problem.to_string()
}

fn s3_error(answer: &Answer) -> String {
    let code = match answer.status.as_u16() {
        400 | 417 | 422 => "InvalidRequest",
        404 => "NoSuchUpload",
        408 => "RequestTimeout",
        409 => "OperationAborted",
        413 => "EntityTooLarge",
        500 => "InternalError",
        502..=504 => "ServiceUnavailable",
        _ => "AccessDenied",
    };
    let Answer { title, detail, reference, .. } = answer;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{title}. {detail} Reference: {reference}</Message>\
         <RequestId>{reference}</RequestId></Error>"
    )
}

fn dav_error(answer: &Answer) -> String {
    let exception = match answer.status.as_u16() {
        400 | 417 | 422 => "BadRequest",
        404 => "NotFound",
        409 => "Conflict",
        413 => "EntityTooLarge",
        500.. => "ServiceUnavailable",
        _ => "Forbidden",
    };
    let Answer { title, detail, reference, .. } = answer;
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:error xmlns:d=\"DAV:\" xmlns:s=\"http://sabredav.org/ns\">\
         <s:exception>Sabre\\DAV\\Exception\\{exception}</s:exception>\
         <s:message>{title}. {detail} Reference: {reference}</s:message></d:error>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(method: &str, path: &str, headers: &[(&'static str, &str)]) -> Dialect {
        let mut request = RequestHeader::build(method, path.as_bytes(), None).unwrap();
        for (name, value) in headers {
            request.insert_header(*name, *value).unwrap();
        }
        Dialect::of(&request)
    }

    #[test]
    fn the_form_is_told_by_the_request() {
        for (method, path, headers, expected) in [
            ("POST", "/s.U/Put", &[("content-type", "application/grpc+proto")][..], Dialect::Grpc),
            ("POST", "/s.U/Put", &[("content-type", "application/grpc-web-text")], Dialect::Grpc),
            ("POST", "/s.U/Put", &[("content-type", "application/connect+json")], Dialect::Connect),
            ("POST", "/s.U/Put", &[("connect-protocol-version", "1")], Dialect::Connect),
            ("PUT", "/b/k", &[("authorization", "AWS4-HMAC-SHA256 Credential=x")], Dialect::S3),
            ("PUT", "/b/k?X-Amz-Signature=00", &[], Dialect::S3),
            ("PUT", "/remote.php/dav/files/a/b.jpg", &[], Dialect::WebDav),
            ("MOVE", "/x", &[], Dialect::WebDav),
            ("PUT", "/x", &[("x-oc-mtime", "1")], Dialect::WebDav),
            ("POST", "/_matrix/media/v3/upload", &[], Dialect::Matrix),
            ("POST", "/api/v2/media", &[], Dialect::Mastodon),
            ("POST", "/api/v2/media", &[("accept", "text/html")], Dialect::Page),
            ("POST", "/api/video", &[], Dialect::Problem),
            ("POST", "/upload", &[("destination", "x")], Dialect::Problem),
        ] {
            assert_eq!(dialect(method, path, headers), expected, "{method} {path} {headers:?}");
        }
    }

    #[test]
    fn every_form_has_the_reference_and_nothing_about_the_match() {
        let answer = Answer::blocked(451, "0193-ref");
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, "application/grpc-web+proto; x=y".parse().unwrap());
        for (dialect, expected) in [
            (Dialect::S3, "<Code>AccessDenied</Code>"),
            (Dialect::WebDav, "Exception\\Forbidden</s:exception>"),
            (Dialect::Matrix, "\"errcode\":\"M_FORBIDDEN\""),
            (Dialect::Mastodon, "\"error\":\"This upload was blocked. "),
            (Dialect::Connect, "\"code\":\"permission_denied\""),
            (Dialect::Page, "<h1>This upload was blocked</h1>"),
        ] {
            let letter = dialect.write(&answer, &headers);
            let body = String::from_utf8_lossy(&letter.body).into_owned();
            assert!(body.contains(expected) && body.contains("0193-ref"), "{dialect:?}: {body}");
            assert_eq!(letter.status.as_u16(), 451, "{dialect:?}");
        }
        let grpc = Dialect::Grpc.write(&answer, &headers);
        assert_eq!((grpc.status.as_u16(), grpc.media_type.as_str()), (451, "application/grpc-web+proto"));
        assert_eq!(grpc.headers[0], ("grpc-status", "7".to_owned()));
        assert!(grpc.headers[1].1.ends_with("0193-ref") && grpc.body.is_empty());
    }
}
