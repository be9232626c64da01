//! Tells the origin who the client is, since what connects to it is Penstock.

use http::HeaderMap;
use pingora::Result;
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use crate::config::Forwarded;

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";

/// Writes the headers as `policy` says. Several headers of one name become one: origins differ in which they read.
pub(super) fn write_to(request: &mut RequestHeader, session: &Session, policy: Forwarded) -> Result<()> {
    let digest = session.digest();
    let proto = if digest.is_some_and(|digest| digest.ssl_digest.is_some()) { "https" } else { "http" };
    let client = session.client_addr().and_then(|address| address.as_inet()).map(|address| address.ip().to_string());
    let Some((forwarded_for, proto)) = decide(&request.headers, &client.unwrap_or_default(), proto, policy) else {
        return Ok(());
    };
    request.insert_header(FOR, forwarded_for)?;
    request.insert_header(PROTO, proto)
}

/// Values of the two headers; `None` to leave them alone.
fn decide(headers: &HeaderMap, client: &str, proto: &str, policy: Forwarded) -> Option<(String, String)> {
    let came = |name| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.filter(|value| !value.is_empty()).collect::<Vec<_>>().join(", ")
    };
    match policy {
        Forwarded::Off => None,
        Forwarded::Replace => Some((client.to_owned(), proto.to_owned())),
        Forwarded::Append => {
            let (came_for, came_proto) = (came(FOR), came(PROTO));
            let chain = if came_for.is_empty() { client.to_owned() } else { format!("{came_for}, {client}") };
            Some((chain, if came_proto.is_empty() { proto.to_owned() } else { came_proto }))
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
        for (headers, policy, expected) in [
            (&none, Forwarded::Append, pair("::1", "http")),
            (&none, Forwarded::Replace, pair("::1", "http")),
            (&came, Forwarded::Append, pair("10.0.0.1, 10.0.0.2, ::1", "https")),
            (&came, Forwarded::Replace, pair("::1", "http")),
            (&came, Forwarded::Off, None),
        ] {
            assert_eq!(decide(headers, "::1", "http", policy), expected, "{policy:?}");
        }
    }
}
