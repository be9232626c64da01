//! What `[[hash_set]]` says of where a set comes from → [`SetLocation`].

use std::net::IpAddr;

use http::{HeaderName, header};
use minisign_verify::PublicKey;
use toml::Spanned;
use url::{Host, Url};

use super::location::{DEFAULT_INTERVAL, DEFAULT_MAX_AGE, DEFAULT_MAX_BYTES};
use super::raw::{RawHashSet, RawS3, RawSecret};
use super::validate::Check;
use super::{Remote, RemoteStore, S3Access, SecretHeader, SecretPlace, SetLocation};

/// Shortest time from one attempt to the next: servers that many ask are somebody else's.
const SHORTEST_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

impl Check<'_> {
    /// Where the set comes from. Something harmless where that is wrong, after noting the problem.
    pub(super) fn location(&mut self, raw: &RawHashSet) -> SetLocation {
        match (&raw.path, &raw.url) {
            (Some(path), None) => {
                self.refuse_what_goes_with_url(raw);
                SetLocation::Local(self.path(path))
            }
            (None, Some(url)) => self.remote(raw, url).map_or(SetLocation::Local("".into()), SetLocation::Remote),
            (Some(_), Some(url)) => {
                self.problem(url, "expected either \"path\" or \"url\", not both");
                SetLocation::Local("".into())
            }
            (None, None) => {
                self.problem(&raw.name, "expected \"path\", a file or folder, or \"url\", http(s):// or s3://");
                SetLocation::Local("".into())
            }
        }
    }

    /// Age after which the set is stale.
    pub(super) fn max_age(&self, raw: &RawHashSet, location: &SetLocation) -> Option<std::time::Duration> {
        let default = location.remote().map(|_| DEFAULT_MAX_AGE);
        raw.max_age.map(|span| span.0).or(default)
    }

    /// The key that signatures are checked with.
    pub(super) fn public_key(&mut self, raw: Option<&Spanned<String>>) -> Option<PublicKey> {
        let raw = raw?;
        let key = PublicKey::from_base64(raw.get_ref().trim());
        if key.is_err() {
            let message =
                "not a minisign public key, expected the second line of a \"minisign.pub\", which starts \"RW\"";
            self.problem(raw, message);
        }
        key.ok()
    }

    fn refuse_what_goes_with_url(&mut self, raw: &RawHashSet) {
        let mut refuse = |start: Option<usize>, field: &str| {
            if let Some(start) = start {
                self.problem_at(start, format!("\"{field}\" goes with \"url\" only: files here are watched"));
            }
        };
        refuse(raw.interval.as_ref().map(|field| field.span().start), "interval");
        refuse(raw.max_bytes.as_ref().map(|field| field.span().start), "max_bytes");
        refuse(raw.ca_certificate.as_ref().map(|field| field.span().start), "ca_certificate");
        refuse(raw.headers.as_ref().map(|field| field.span().start), "headers");
        refuse(raw.s3.as_ref().map(|field| field.span().start), "s3");
    }

    fn remote(&mut self, raw: &RawHashSet, written: &Spanned<String>) -> Option<Remote> {
        let url = self.url(written)?;
        let store = match url.scheme() {
            "http" | "https" => self.http(raw, url),
            "s3" => self.s3(raw, written, &url)?,
            other => {
                self.problem(written, format!("\"{other}\" cannot be fetched, expected http, https or s3"));
                return None;
            }
        };
        if let Some(interval) = raw.interval.as_ref().filter(|interval| interval.get_ref().0 < SHORTEST_INTERVAL) {
            self.problem(interval, "expected at least \"1s\"");
        }
        Some(Remote {
            store,
            interval: raw.interval.as_ref().map_or(DEFAULT_INTERVAL, |interval| interval.get_ref().0),
            max_bytes: raw.max_bytes.as_ref().map_or(DEFAULT_MAX_BYTES, |size| *size.get_ref()),
            ca_certificate: raw.ca_certificate.as_ref().map(|path| self.file_path(path)),
        })
    }

    fn url(&mut self, written: &Spanned<String>) -> Option<Url> {
        let url = match Url::parse(written.get_ref()) {
            Ok(url) => url,
            Err(error) => {
                self.problem(written, format!("not a URL: {error}; expected for example \"https://host/list.csv\""));
                return None;
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.problem(
                written,
                "a URL must not hold a user or password: use \"headers\", which takes them from a file",
            );
        }
        if url.fragment().is_some() {
            self.problem(written, "a URL of a list has no \"#\"; write it as %23 if it is part of the name");
        }
        Some(url)
    }

    fn http(&mut self, raw: &RawHashSet, url: Url) -> RemoteStore {
        if let Some(s3) = &raw.s3 {
            self.problem(s3, "goes with an s3:// URL only");
        }
        let headers = raw.headers.as_ref().map_or_else(Vec::new, |headers| {
            if url.scheme() == "http" && !is_this_machine(&url) {
                self.problem(headers, "everyone on the way could read these secrets: use https");
            }
            headers.get_ref().iter().filter_map(|(name, secret)| self.secret_header(name, secret)).collect()
        });
        RemoteStore::Http { url, headers }
    }

    fn secret_header(&mut self, name: &str, secret: &Spanned<RawSecret>) -> Option<SecretHeader> {
        let taken = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::HOST, header::RANGE];
        match HeaderName::try_from(name) {
            Ok(header) if !taken.contains(&header) => {}
            _ => self.problem(secret, format!("\"{name}\" is not a header that can be set")),
        }
        let value = match (&secret.get_ref().file, &secret.get_ref().env) {
            (Some(file), None) => SecretPlace::File(self.path(file)),
            (None, Some(variable)) => SecretPlace::Variable(variable.clone()),
            _ => {
                self.problem(secret, "expected either { file = \"path\" } or { env = \"VARIABLE\" }");
                return None;
            }
        };
        Some(SecretHeader { name: name.to_ascii_lowercase(), value })
    }

    fn s3(&mut self, raw: &RawHashSet, written: &Spanned<String>, url: &Url) -> Option<RemoteStore> {
        if let Some(headers) = &raw.headers {
            self.problem(headers, "goes with http and https only: S3 takes its credentials from the environment");
        }
        // Not the URL's own path: a key is any text, so nothing in it is an escape or a query.
        let rest = &written.get_ref()["s3://".len()..];
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || url.port().is_some() || url.query().is_some() || key.starts_with('/') {
            self.problem(written, "expected \"s3://bucket/key\", or \"s3://bucket/prefix/\" for all objects below it");
            return None;
        }
        let none = RawS3::default();
        let RawS3 { endpoint, region, access } = raw.s3.as_ref().map_or(&none, Spanned::get_ref);
        let endpoint = endpoint.as_ref().and_then(|written| {
            let url = self.url(written)?;
            if !matches!(url.scheme(), "http" | "https") {
                self.problem(written, "expected an http:// or https:// URL");
            }
            Some(url)
        });
        Some(RemoteStore::S3 {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            endpoint,
            region: region.clone(),
            access: access.unwrap_or(S3Access::Signed),
        })
    }
}

/// Whether what is sent there leaves this machine.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
