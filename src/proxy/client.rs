//! Who uploads: what connects, or the client that one of our own proxies names.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use pingora::proxy::Session;

use crate::config::Network;

/// `X-Forwarded-For`, the header in which proxies name those who connected to them, the last of them last.
pub(super) const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that connects. `None` where there is none, as with Unix sockets.
pub(super) fn peer_of(session: &Session) -> Option<IpAddr> {
    session.client_addr().and_then(|address| address.as_inet()).map(|address| address.ip().to_canonical())
}

/// The address of the client: what connects or, where that is one of `trusted` proxies, the last address in
/// `X-Forwarded-For` that is none of them. What others wrote further to the front is never believed.
pub(super) fn client_of(session: &Session, trusted: &[Network]) -> Option<IpAddr> {
    let peer = peer_of(session)?;
    Some(behind(peer, &session.req_header().headers, trusted))
}

fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut client = peer;
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    let named = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for name in named {
        let address = std::str::from_utf8(name).ok().and_then(|name| address_in(name.trim()));
        match address {
            Some(address) if Network::any_has(trusted, client) => client = address.to_canonical(),
            _ => break,
        }
    }
    client
}

/// The address that a proxy writes, some of them with a port.
fn address_in(name: &str) -> Option<IpAddr> {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare.parse().ok().or_else(|| name.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_address_that_no_proxy_of_ours_has_is_the_client() {
        let trusted: Vec<Network> =
            ["10.0.0.0/8", "::1"].iter().map(|network| Network::parse(network).unwrap()).collect();
        for (peer, lines, client) in [
            ("192.0.2.1", &["198.51.100.1"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
            ("::1", &["203.0.113.9", "198.51.100.1,10.1.1.1 "], "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["198.51.100.1, ::ffff:10.0.0.2"], "198.51.100.1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, line.parse().unwrap());
            }
            let found = behind(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
        }
    }
}
