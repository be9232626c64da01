//! Requests of our own to an origin: one that withdraws what the origin has of a blocked upload, and those that bring
//! it pieces that were held.
//!
//! They carry the headers of the client whose upload it is, so that the origin lets them do what that client may do.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};
use pingora::Result;
use pingora::http::RequestHeader;
use pingora::proxy::Session;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::assembling::place;
use super::{Case, forwarded, release};
use crate::config::{Origin, OriginServer};
use crate::resumable::{Concat, KeptRequest, TusRequest, read_tus, resolve};

/// Longest head of an answer that is read.
const MAX_HEAD: usize = 64 << 10;

/// Headers about a body, or about this one request, that another request does not have.
const OF_ONE_REQUEST: [&str; 20] = [
    "content-length",
    "content-type",
    "content-encoding",
    "content-md5",
    "content-range",
    "content-disposition",
    "transfer-encoding",
    "expect",
    "te",
    "trailer",
    "connection",
    "keep-alive",
    "destination",
    "overwrite",
    "x-http-method-override",
    "x-amz-content-sha256",
    "upload-offset",
    "upload-complete",
    "upload-concat",
    "upload-metadata",
];

/// The request of `session` as it would go to the origin, with this body.
///
/// # Errors
/// A header of ours cannot be written, which does not happen.
pub(super) fn kept(session: &Session, case: &Case<'_>, body: Bytes) -> Result<KeptRequest> {
    let request = prepared(session, case, session.req_header().clone())?;
    let target = request.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    let mut headers = request.headers.clone();
    for name in ["content-length", "transfer-encoding", "expect", "connection", "keep-alive"] {
        headers.remove(name);
    }
    Ok(KeptRequest { method: request.method.clone(), target, headers, body })
}

/// A request to `target` on behalf of the client of `session`, without a body.
///
/// # Errors
/// As [`kept`].
pub(super) fn on_behalf_of(session: &Session, case: &Case<'_>, method: Method, target: String) -> Result<KeptRequest> {
    let request = prepared(session, case, session.req_header().clone())?;
    let mut headers = request.headers.clone();
    for name in OF_ONE_REQUEST {
        headers.remove(name);
    }
    Ok(KeptRequest { method, target, headers, body: Bytes::new() })
}

fn prepared(session: &Session, case: &Case<'_>, mut request: RequestHeader) -> Result<RequestHeader> {
    release::remove_penstock_headers(&mut request);
    let config = &case.snapshot.config;
    let policy = config.origins[case.route.origin].x_forwarded;
    forwarded::write_to(&mut request, session, policy, &config.server.trusted_proxies)?;
    Ok(request)
}

/// Sends `request` to the first server of `origin` that takes a connection, and returns the status of its answer.
///
/// # Errors
/// No server could be reached, or it gave no answer in time.
pub(super) async fn send(origin: &Origin, request: &KeptRequest) -> io::Result<u16> {
    let mut stream = connect(origin).await?;
    let head = head_of(request);
    let exchange = async {
        stream.write_all(&head).await?;
        stream.write_all(&request.body).await?;
        status_of(&mut stream).await
    };
    within(origin.read_timeout, exchange).await
}

async fn connect(origin: &Origin) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotConnected);
    for server in &origin.servers {
        let attempt = async {
            match server {
                OriginServer::Address(address) => TcpStream::connect(address).await,
                OriginServer::Name(name) => TcpStream::connect(name).await,
            }
        };
        match within(origin.connect_timeout, attempt).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(time, work).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn head_of(request: &KeptRequest) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target).into_bytes();
    let mut line = |name: &HeaderName, value: &[u8]| {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    };
    for (name, value) in &request.headers {
        line(name, value.as_bytes());
    }
    line(&header::CONNECTION, b"close");
    if !request.body.is_empty() {
        line(&header::CONTENT_LENGTH, request.body.len().to_string().as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// The status of the first answer that is final.
async fn status_of(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<u16> {
    let mut head = Vec::new();
    loop {
        if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
            let status = String::from_utf8_lossy(&head).split(' ').nth(1).and_then(|status| status.parse().ok());
            match status {
                Some(100..200) => drop(head.drain(..end + 4)),
                Some(status) => return Ok(status),
                None => return Err(io::Error::from(io::ErrorKind::InvalidData)),
            }
            continue;
        }
        if head.len() > MAX_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
    }
}

/// Where a `DELETE` withdraws what the origin has of the upload that `request` would have completed; nowhere, where the
/// protocol has no way.
pub(super) fn withdrawals_of(request: &RequestHeader) -> Vec<String> {
    let Some(target) = request.uri.path_and_query().map(http::uri::PathAndQuery::as_str) else {
        return Vec::new();
    };
    let path = request.uri.path();
    let has = |name: &str| request.headers.contains_key(name);
    let withdrawn = match request.method.as_str() {
        "MOVE" | "COPY" => path.strip_suffix("/.file"),
        "PUT" if path.contains("/uploads/") && path.contains("/dav/") => {
            path.rsplit_once('/').map(|(folder, _)| folder)
        }
        "PATCH" if is_resumable(&request.headers) => Some(target),
        "POST" if is_resumable(&request.headers) && has("x-http-method-override") => Some(target),
        "POST" if is_resumable(&request.headers) && has("upload-concat") => return parts_of(request),
        "POST" if request.uri.query().is_some_and(|query| query.contains("uploadId=")) => Some(target),
        "PUT" | "PATCH" if path.contains("/blobs/uploads/") => Some(path),
        _ => None,
    };
    withdrawn.map(str::to_owned).into_iter().collect()
}

/// The partial uploads that a concatenation of tus names, at most as many as one upload may have pieces.
fn parts_of(request: &RequestHeader) -> Vec<String> {
    let (host, target) = place(request);
    let Ok(Some(TusRequest::Create(creation))) = read_tus(&request.method, &request.headers) else {
        return Vec::new();
    };
    let Concat::Final(urls) = creation.concat else {
        return Vec::new();
    };
    urls.iter().filter_map(|url| resolve(host, target, url)).map(|(_, target)| target).collect()
}

fn is_resumable(headers: &HeaderMap) -> bool {
    ["tus-resumable", "upload-complete", "upload-draft-interop-version"].iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_way_to_withdraw() {
        for (method, target, headers, expected) in [
            ("PATCH", "/f/1?x=y", &[("tus-resumable", "1.0.0")][..], &["/f/1?x=y"][..]),
            ("PATCH", "/f/1", &[("upload-complete", "?1")], &["/f/1"]),
            ("PATCH", "/f/1", &[("upload-offset", "1")], &[]),
            ("POST", "/f", &[("tus-resumable", "1.0.0"), ("upload-concat", "final;/f/1 f/2")], &["/f/1", "/f/2"]),
            ("POST", "/b/k?uploadId=7", &[], &["/b/k?uploadId=7"]),
            ("PUT", "/dav/uploads/a/b/0003", &[("destination", "/c")], &["/dav/uploads/a/b"]),
            ("MOVE", "/dav/uploads/a/b/.file", &[("destination", "/c")], &["/dav/uploads/a/b"]),
            ("PUT", "/v2/a/blobs/uploads/7?digest=x", &[], &["/v2/a/blobs/uploads/7"]),
            ("POST", "/upload", &[], &[]),
        ] {
            let mut request = RequestHeader::build(method, target.as_bytes(), None).unwrap();
            for (name, value) in headers {
                request.append_header(*name, *value).unwrap();
            }
            assert_eq!(withdrawals_of(&request), expected, "{method} {target}");
        }
    }

    #[tokio::test]
    async fn the_status_is_that_of_the_final_answer() {
        let mut answer: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nX: y\r\n\r\n";
        assert_eq!(status_of(&mut answer).await.unwrap(), 204);
        for broken in [&b"HTTP/1.1 204"[..], b"", b"what is this\r\n\r\n"] {
            assert!(status_of(&mut &*broken).await.is_err());
        }
    }
}
