//! URLs and hosts.

use std::fmt;

use url::Url;

/// Parameters that tell where a visitor came from and nothing about the page; those that start with `utm_` besides.
const TRACKING: [&str; 14] = [
    "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "mc_cid",
    "mc_eid", "_ga", "ref_src",
];

/// Schemes that name a page.
const SCHEMES: [&str; 6] = ["http", "https", "ftp", "hxxp", "hxxps", "fxp"];

/// A page: host, path and what was asked for, without what does not make a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    host: String,
    port: Option<u16>,
    /// Starts with "/" unless it is empty; does not end with it.
    path: String,
    query: String,
}

impl Page {
    /// The page that `written` names, with or without a scheme, in one of the ways by which people make links harmless:
    /// "hxxp", "[.]", "(dot)".
    pub(super) fn parse(written: &str) -> Option<Self> {
        let plain = armed(written);
        let (scheme, rest) = plain.split_once("://").unwrap_or(("http", &plain));
        // Without a scheme, what stands before an "@" is the name in an e-mail address.
        let has_user = rest.split('/').next().is_some_and(|authority| authority.contains('@'));
        if has_user && rest.len() == plain.len() {
            return None;
        }
        if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return None;
        }
        let url = Url::parse(&format!("http://{rest}")).ok()?;
        let url::Host::Domain(host) = url.host()? else {
            let host = url.host_str()?.to_owned();
            // A bare number is an address to a browser, and to nobody else.
            return rest.starts_with(&host).then(|| Self::of(&url, host));
        };
        let host = host.trim_end_matches('.').to_owned();
        is_public(&host).then(|| Self::of(&url, host))
    }

    fn of(url: &Url, host: String) -> Self {
        let path = url.path().trim_end_matches('/').to_owned();
        let is_kept = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            !(pair.is_empty() || name.starts_with("utm_") || TRACKING.contains(&name))
        };
        let mut pairs: Vec<&str> = url.query().unwrap_or_default().split('&').filter(is_kept).collect();
        pairs.sort_unstable();
        Self { host, port: url.port(), path, query: pairs.join("&") }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn is_host_alone(&self) -> bool {
        self.path.is_empty() && self.query.is_empty() && self.port.is_none()
    }

    /// The page itself and all that it lies below, the nearest first: fewer segments of the path, on the host and without
    /// its "www".
    pub(super) fn and_above(&self) -> Vec<String> {
        let hosts = [Some(self.host.as_str()), self.host.strip_prefix("www.")];
        let mut above = Vec::new();
        for host in hosts.into_iter().flatten() {
            let mut page = Self { host: host.to_owned(), ..self.clone() };
            above.push(page.to_string());
            if !page.query.is_empty() {
                page.query.clear();
                above.push(page.to_string());
            }
            while let Some(end) = page.path.rfind('/') {
                page.path.truncate(end);
                above.push(page.to_string());
            }
        }
        above
    }

    /// The host and those it is below, up to the last but one.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.host.as_str()), |host| {
            host.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'))
        })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)?;
        if self.query.is_empty() { Ok(()) } else { write!(f, "?{}", self.query) }
    }
}

/// `written` with dots for what stands in their place.
fn armed(written: &str) -> String {
    let mut plain = written.trim().to_owned();
    for dot in ["[.]", "(.)", "{.}", "[dot]", "(dot)", "[:]"] {
        if plain.contains(dot) {
            plain = plain.replace(dot, if dot == "[:]" { ":" } else { "." });
        }
    }
    plain
}

/// Whether `host` has a name, a dot, and letters for its top level.
fn is_public(host: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.len() <= 63;
    let top = host.rsplit('.').next().unwrap_or_default();
    let is_top = top.len() >= 2 && (top.starts_with("xn--") || top.bytes().all(|byte| byte.is_ascii_alphabetic()));
    is_top && host.contains('.') && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_write_a_page_come_down_to_one() {
        for (written, expected) in [
            ("https://Example.ORG/a/b/", Some("example.org/a/b")),
            ("example.org", Some("example.org")),
            ("hxxp://example[.]org:80/a", Some("example.org/a")),
            ("http://example.org:8080/", Some("example.org:8080")),
            ("https://bücher.example/ä?b=2&utm_source=x&a=1#part", Some("xn--bcher-kva.example/%C3%A4?a=1&b=2")),
            ("https://user:secret@example.org/a", Some("example.org/a")),
            ("http://192.0.2.7/x", Some("192.0.2.7/x")),
            ("ＥＸＡＭＰＬＥ.org", Some("example.org")),
            ("v1.2", None),
            ("3.14", None),
            ("mailto:a@example.org", None),
            ("javascript://example.org", None),
            ("e.g", None),
        ] {
            assert_eq!(Page::parse(written).map(|page| page.to_string()).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn a_page_lies_below_the_start_of_its_path_and_a_host_below_its_parents() {
        let page = Page::parse("https://www.a.example.org/x/y?z=1").unwrap();
        let above = page.and_above();
        for expected in ["www.a.example.org/x/y?z=1", "a.example.org/x", "a.example.org"] {
            assert!(above.contains(&expected.to_owned()), "{expected} in {above:?}");
        }
        assert!(!above.contains(&"a.example.org/x/".to_owned()));
        assert_eq!(page.hosts().collect::<Vec<_>>(), ["www.a.example.org", "a.example.org", "example.org"]);
    }
}
