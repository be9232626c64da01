//! What connections of clients may take, and whom to believe what it says about them.

use std::net::IpAddr;
use std::time::Duration;

use super::raw::{RawConnections, RawServer};
use super::validate::Check;

/// Bounds on connections of clients, each with its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Connections that may be open at once; one more is closed at once. Default: half of the descriptors that the
    /// system grants, less some that are kept for operators and files, and 20,000 at most.
    pub max: Option<usize>,
    /// Time for the handshake of TLS. Default 10 s.
    pub tls_timeout: Duration,
    /// Time until the first byte of a connection, and for the preface of HTTP/2. Default 30 s: browsers connect ahead.
    pub opening_timeout: Duration,
    /// Time from the first byte of a header to its end, 60 s at most. Default 20 s.
    pub header_timeout: Duration,
    /// Time that a connection may be open without a request. Default 75 s: balancers reuse connections for 60 s.
    pub idle_timeout: Duration,
    /// Time that a client may take nothing of an answer that waits for it. Default 60 s.
    pub send_timeout: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            max: None,
            tls_timeout: Duration::from_secs(10),
            opening_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(75),
            send_timeout: Duration::from_secs(60),
        }
    }
}

/// pingora gives up on a header after this time, without an answer.
const MAX_HEADER_TIMEOUT: Duration = Duration::from_secs(60);

impl Check<'_> {
    pub(super) fn connections(&mut self, raw: &RawConnections) -> Connections {
        let defaults = Connections::default();
        if let Some(timeout) = raw.header_timeout.as_ref().filter(|span| span.get_ref().0 > MAX_HEADER_TIMEOUT) {
            self.problem(timeout, "expected at most \"60s\": a header is a few kilobytes");
        }
        Connections {
            max: raw.max.as_ref().map(|max| self.at_least_one(Some(max), 1)),
            tls_timeout: raw.tls_timeout.map_or(defaults.tls_timeout, |patience| patience.0),
            opening_timeout: raw.opening_timeout.map_or(defaults.opening_timeout, |patience| patience.0),
            header_timeout: raw.header_timeout.as_ref().map_or(defaults.header_timeout, |span| span.get_ref().0),
            idle_timeout: raw.idle_timeout.map_or(defaults.idle_timeout, |span| span.0),
            send_timeout: raw.send_timeout.map_or(defaults.send_timeout, |patience| patience.0),
        }
    }

    pub(super) fn trusted_proxies(&mut self, raw: &RawServer) -> Vec<Network> {
        let mut networks = Vec::new();
        for text in &raw.trusted_proxies {
            match Network::parse(text.get_ref()) {
                Some(network) => networks.push(network),
                None => {
                    let found = text.get_ref();
                    let problem = format!("\"{found}\" is not a network, expected for example \"10.0.0.0/8\"");
                    self.problem(text, problem);
                }
            }
        }
        networks
    }
}

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// An address, or one with the number of bits that count: `10.0.0.0/8`. `None` where it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok()).filter(|bits| *bits <= most)?;
        Some(Self { address, bits })
    }

    /// Whether `address` is in one of `networks`.
    pub fn any_has(networks: &[Self], address: IpAddr) -> bool {
        networks.iter().any(|network| network.has(address))
    }

    /// Whether `address` is in it. IPv4 within IPv6 counts as IPv4.
    fn has(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differs = network.to_bits() ^ address.to_bits();
                differs.leading_zeros() >= u32::from(self.bits.min(32))
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differs = network.to_bits() ^ address.to_bits();
                differs.leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("fc00::/7", "fd12::1", true),
            ("::1", "::1", true),
            ("fc00::/7", "2001:db8::1", false),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.has(address.parse().unwrap()), expected, "{network:?} {address}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "a", "10.0.0.0/", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
