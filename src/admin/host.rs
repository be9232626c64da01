//! Which names the admin listener answers to.
//!
//! A page whose name is made to point here (DNS rebinding) could read what is loaded: its requests say that name in
//! `Host`. No page can have an address as its name, nor `localhost`, nor a name without a dot, which no public server
//! of names knows.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;

/// Refuses what is addressed to another name. `/healthz` tells nothing, and probes call it by any name.
pub(super) async fn check(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let config = &shared.subjects.snapshots.current().config;
    if request.uri().path() == "/healthz" || is_ours(request.headers(), &config.admin.hosts) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "the Host header must be an IP address, localhost, or one of hosts in [admin]\n")
        .into_response()
}

/// Whether `Host` is a name that no page of another site can have, or one of `hosts`.
fn is_ours(headers: &HeaderMap, hosts: &[String]) -> bool {
    let mut values = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (values.next().and_then(|value| value.to_str().ok()), values.next()) else {
        return false;
    };
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_label = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_label || address.parse::<IpAddr>().is_ok() || hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn names_that_a_page_could_have_are_not_ours() {
        let hosts = ["metrics.example.com".to_owned()];
        for (host, expected) in [
            ("127.0.0.1:9180", true),
            ("[::1]:9180", true),
            ("localhost", true),
            ("LOCALHOST:9180", true),
            ("penstock:9180", true),
            ("Metrics.Example.com:9180", true),
            ("evil.example", false),
            ("evil.example:9180", false),
            ("127.0.0.1.evil.example", false),
            ("metrics.example.com.", false),
            ("localhost.", false),
            ("", false),
            (":9180", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            assert_eq!(is_ours(&headers, &hosts), expected, "{host}");
        }
        assert!(!is_ours(&HeaderMap::new(), &hosts));
    }
}
