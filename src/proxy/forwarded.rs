//! Tells the origin who the client is, since what connects to it is Penstock.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use pingora::Result;
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use super::client::{FORWARDED_FOR as FOR, peer_of};
use crate::config::{Forwarded, Network};

const PROTO: &str = "x-forwarded-proto";

/// Other headers in which frameworks read that a request came encrypted. Of strangers they are removed.
/// Sources: `Rack::Request#scheme`, Werkzeug's and Express' guides for proxies, RFC 7239.
const CLAIMS: [&str; 7] = [
    "forwarded",
    "front-end-https",
    "x-forwarded-port",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-ssl",
    "x-url-scheme",
];

/// Writes the headers as `policy` says. Several headers of one name become one: origins differ in which they read. What
/// came about the protocol is believed of `trusted` proxies.
pub(super) fn write_to(
    request: &mut RequestHeader,
    session: &Session,
    policy: Forwarded,
    trusted: &[Network],
) -> Result<()> {
    remove_twins(request);
    let digest = session.digest();
    let proto = if digest.is_some_and(|digest| digest.ssl_digest.is_some()) { "https" } else { "http" };
    let client = peer_of(session);
    let sender = Sender { client, is_trusted: client.is_some_and(|ip| Network::any_has(trusted, ip)) };
    let Some((forwarded_for, proto)) = decide(&request.headers, &sender, proto, policy) else {
        return Ok(());
    };
    if !sender.is_trusted || policy == Forwarded::Replace {
        for claim in CLAIMS {
            request.remove_header(claim);
        }
    }
    request.insert_header(FOR, forwarded_for)?;
    request.insert_header(PROTO, proto)
}

/// Who connects.
struct Sender {
    client: Option<IpAddr>,
    is_trusted: bool,
}

/// Removes what origins that speak CGI or WSGI would take for one of the two: they read `_` as `-`.
fn remove_twins(request: &mut RequestHeader) {
    let is_twin = |name: &&HeaderName| {
        name.as_str().contains('_') && [FOR, PROTO].contains(&name.as_str().replace('_', "-").as_str())
    };
    let twins: Vec<HeaderName> = request.headers.keys().filter(is_twin).cloned().collect();
    for twin in twins {
        request.remove_header(&twin);
    }
}

/// Values of the two headers; `None` to leave them alone.
fn decide(headers: &HeaderMap, sender: &Sender, proto: &str, policy: Forwarded) -> Option<(String, String)> {
    let client = sender.client.map(|client| client.to_string()).unwrap_or_default();
    let came = |name| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.filter(|value| !value.is_empty()).collect::<Vec<_>>().join(", ")
    };
    match policy {
        Forwarded::Off => None,
        Forwarded::Replace => Some((client, proto.to_owned())),
        Forwarded::Append => {
            let (came_for, came_proto) = (came(FOR), came(PROTO));
            let chain = if came_for.is_empty() { client } else { format!("{came_for}, {client}") };
            let is_believed = sender.is_trusted && !came_proto.is_empty();
            Some((chain, if is_believed { came_proto } else { proto.to_owned() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_added_to_replaced_or_left_as_the_policy_says() {
        let none = HeaderMap::new();
        let mut came = HeaderMap::new();
        for (name, value) in [(FOR, "10.0.0.1"), (FOR, "10.0.0.2"), (PROTO, "https")] {
            came.append(name, value.parse().unwrap());
        }
        let pair = |first: &str, second: &str| Some((first.to_owned(), second.to_owned()));
        for (headers, policy, is_trusted, expected) in [
            (&none, Forwarded::Append, true, pair("::1", "http")),
            (&none, Forwarded::Replace, true, pair("::1", "http")),
            (&came, Forwarded::Append, true, pair("10.0.0.1, 10.0.0.2, ::1", "https")),
            (&came, Forwarded::Append, false, pair("10.0.0.1, 10.0.0.2, ::1", "http")),
            (&came, Forwarded::Replace, true, pair("::1", "http")),
            (&came, Forwarded::Off, false, None),
        ] {
            let sender = Sender { client: "::1".parse().ok(), is_trusted };
            assert_eq!(decide(headers, &sender, "http", policy), expected, "{policy:?} {is_trusted}");
        }
    }

    #[test]
    fn twins_with_underscores_are_removed_and_others_stay() {
        let mut request = RequestHeader::build("GET", b"/", None).unwrap();
        let kept = ["x-forwarded-for", "x-forwarded-proto", "x_request_id"];
        for name in kept.into_iter().chain(["x_forwarded_for", "X-Forwarded_For", "x_forwarded_proto"]) {
            request.append_header(name, "x").unwrap();
        }
        remove_twins(&mut request);
        assert_eq!(request.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), kept);
    }
}
