//! A list on a web server, asked for with the validators of the one that is kept (RFC 9110, section 13).

use std::sync::Once;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version as HttpVersion, header};
use reqwest::{Certificate, Client, Response, Url};

use super::signature::SUFFIX;
use super::state::StoredFile;
use super::transfer::{Body, CONNECT_PATIENCE, FetchError, Incoming, STALL_PATIENCE, chain, is_plain_name};
use super::{Found, Known};
use crate::config::{ByteSize, Remote, SecretHeader, SecretPlace, read_file, read_text};

/// Times that an answer may lead elsewhere. A list that has moved further has no owner.
const MAX_REDIRECTS: usize = 5;

/// A signature has some 300 bytes.
const MAX_SIGNATURE: ByteSize = ByteSize::kib(64);

/// Longest time that a server may ask to be left alone for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Whether a file comes with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    Yes,
    No,
}

/// Fetches the file at `url`, with its signature, into `incoming`, unless it is known.
///
/// # Errors
/// [`FetchError`].
pub(super) async fn fetch(
    remote: &Remote,
    url: &Url,
    headers: &[SecretHeader],
    signed: Signed,
    known: &Known<'_>,
    incoming: &mut Incoming<'_>,
) -> Result<Found, FetchError> {
    let server = Server { client: client(remote)?, url, secrets: secrets(headers)? };
    let name = file_name(url);
    let [newest, rejected] = [known.newest, known.rejected].map(|files| files.and_then(|files| file_of(files, &name)));
    let mut response = server.get(url, [newest, rejected]).await?;
    if response.status() == StatusCode::NOT_MODIFIED {
        match &known.rejected {
            Some(rejected) if !is_newest(&response, newest) => {
                if signed == Signed::No || server.has_signature(rejected, &name).await? {
                    return Ok(Found::StillRejected);
                }
                // The file was refused for its signature, which is another one now.
                response = server.get(url, [None, None]).await?;
            }
            _ => return Ok(Found::Unchanged(None)),
        }
    }
    let redirected_to = server.redirected_to(response.url());
    let file = save(response, &name, signed, incoming).await?;
    let mut files = vec![StoredFile { redirected_to, ..file }];
    if signed == Signed::Yes {
        files.push(server.save_signature(&name, incoming).await?);
    }
    Ok(Found::Files(files))
}

/// Says which cryptography TLS uses, once: reqwest has none of its own.
pub(super) fn choose_cryptography() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        // An error means that something else has chosen before, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

fn client(remote: &Remote) -> Result<Client, FetchError> {
    choose_cryptography();
    let mut builder = Client::builder()
        .user_agent(concat!("penstock/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_PATIENCE)
        // Redirects are followed by hand: secrets must not go along.
        .redirect(reqwest::redirect::Policy::none());
    if let Some(path) = &remote.ca_certificate {
        let failed = |reason: String| FetchError::Certificate(format!("{}: {reason}", path.display()));
        let pem = read_file(path).map_err(|error| failed(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| failed(chain(&error)))?;
        if certificates.is_empty() {
            return Err(failed("there is no certificate in it".into()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| FetchError::Transport(chain(&error)))
}

/// The headers with their values as they are now.
fn secrets(headers: &[SecretHeader]) -> Result<HeaderMap, FetchError> {
    let mut secrets = HeaderMap::new();
    for SecretHeader { name, value } in headers {
        let (from, text) = match value {
            SecretPlace::File(path) => (path.display().to_string(), read_text(path).map_err(|e| e.to_string())),
            SecretPlace::Variable(variable) => (variable.clone(), std::env::var(variable).map_err(|e| reason(&e))),
        };
        let failed = |reason: String| FetchError::Secret { name: name.clone(), from: from.clone(), reason };
        let text = text.map_err(&failed)?;
        let mut value = HeaderValue::from_str(text.trim()).map_err(|_| failed("it is not one line of text".into()))?;
        value.set_sensitive(true);
        let name = HeaderName::try_from(name).map_err(|_| failed("the header has no such name".into()))?;
        secrets.insert(name, value);
    }
    Ok(secrets)
}

/// Without the value, which `Display` of a variable that is no text would show.
fn reason(error: &std::env::VarError) -> String {
    match error {
        std::env::VarError::NotPresent => "it is not set".into(),
        std::env::VarError::NotUnicode(_) => "it is not text".into(),
    }
}

struct Server<'a> {
    client: Client,
    url: &'a Url,
    secrets: HeaderMap,
}

impl Server<'_> {
    /// The answer to a GET, which is 200, or 304 when the server has one of `known`, the newest and a rejected file.
    /// Follows redirects.
    async fn get(&self, url: &Url, known: [Option<&StoredFile>; 2]) -> Result<Response, FetchError> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            // A tag or date means something only where it came from.
            let [newest, rejected] =
                known.map(|file| file.filter(|file| self.redirected_to(&url) == file.redirected_to));
            let conditions = conditions(newest, rejected);
            let mut request = self.client.get(url.clone()).headers(conditions.clone());
            if url.origin() == self.url.origin() {
                request = request.headers(self.secrets.clone());
            }
            let answer = tokio::time::timeout(CONNECT_PATIENCE + STALL_PATIENCE, request.send()).await;
            let response = answer
                .map_err(|_| FetchError::Stalled)?
                .map_err(|error| FetchError::Transport(chain(&error.without_url())))?;
            match response.status() {
                StatusCode::OK => return Ok(response),
                StatusCode::NOT_MODIFIED if !conditions.is_empty() => return Ok(response),
                status if status.is_redirection() => url = target(&url, &response)?,
                status => return Err(FetchError::Status { status, retry_after: retry_after(&response) }),
            }
        }
        Err(FetchError::Redirect("the server leads on to other places without end"))
    }

    /// As [`StoredFile::redirected_to`] has it.
    fn redirected_to(&self, url: &Url) -> Option<String> {
        let mut place = url.clone();
        place.set_query(None);
        (url != self.url).then(|| place.into())
    }

    async fn save_signature(&self, name: &str, incoming: &mut Incoming<'_>) -> Result<StoredFile, FetchError> {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{SUFFIX}", url.path()));
        let name = format!("{name}{SUFFIX}");
        let response = self.get(&url, [None, None]).await.map_err(|error| match error {
            FetchError::Status { status: StatusCode::NOT_FOUND | StatusCode::GONE, .. } => {
                let missing = super::signature::SignatureError::Missing(url.path().into());
                FetchError::Signature { name: file_name(self.url), error: missing }
            }
            other => other,
        })?;
        if response.content_length().is_some_and(|length| length > MAX_SIGNATURE.0) {
            return Err(FetchError::TooLarge(MAX_SIGNATURE));
        }
        // A signature proves itself, so its end needs no announcement.
        save(response, &name, Signed::Yes, incoming).await
    }

    /// Whether the signature on the server is the one among `files`.
    async fn has_signature(&self, files: &[StoredFile], name: &str) -> Result<bool, FetchError> {
        let folder = tempfile::tempdir().map_err(|error| FetchError::Io { folder: std::env::temp_dir(), error })?;
        let now = self.save_signature(name, &mut Incoming::new(folder.path(), MAX_SIGNATURE)).await?;
        Ok(file_of(files, &now.name).is_some_and(|then| then.sha256 == now.sha256))
    }
}

/// Where a redirect leads.
fn target(from: &Url, response: &Response) -> Result<Url, FetchError> {
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let to = location
        .and_then(|location| from.join(location).ok())
        .ok_or(FetchError::Redirect("the server leads elsewhere without saying where"))?;
    match (from.scheme(), to.scheme()) {
        ("https", "https") | ("http", "http" | "https") => Ok(to),
        ("https", _) => Err(FetchError::Redirect("the server leads from https to something less safe")),
        _ => Err(FetchError::Redirect("the server leads to something that is not http or https")),
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

async fn save(
    response: Response,
    name: &str,
    signed: Signed,
    incoming: &mut Incoming<'_>,
) -> Result<StoredFile, FetchError> {
    let is_chunked = response.headers().contains_key(header::TRANSFER_ENCODING);
    let says_its_end = response.version() >= HttpVersion::HTTP_2 || is_chunked || response.content_length().is_some();
    if signed == Signed::No && !says_its_end {
        return Err(FetchError::NoLength);
    }
    let text =
        |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
    let (etag, last_modified) = (text(header::ETAG), text(header::LAST_MODIFIED));
    let expected = response.content_length();
    let file = incoming.save(name, Body::Http(response), expected).await?;
    Ok(StoredFile { etag, last_modified, ..file })
}

/// Asks for the file only if it is neither of these. The date counts where there are no tags (RFC 9110, 13.1.3).
fn conditions(newest: Option<&StoredFile>, rejected: Option<&StoredFile>) -> HeaderMap {
    let both = [rejected, newest];
    let tags: Vec<&str> = both.into_iter().flatten().filter_map(|file| file.etag.as_deref()).collect();
    let date = both.into_iter().flatten().find_map(|file| file.last_modified.as_deref());
    let (name, value) = match date {
        _ if !tags.is_empty() => (header::IF_NONE_MATCH, tags.join(", ")),
        Some(date) => (header::IF_MODIFIED_SINCE, date.to_owned()),
        None => return HeaderMap::new(),
    };
    HeaderValue::try_from(value).map(|value| HeaderMap::from_iter([(name, value)])).unwrap_or_default()
}

/// Whether a 304 says that the server has `newest`, and not the other one that was asked about. Without a tag in the
/// answer this is not known, and no is the answer that keeps asking.
fn is_newest(response: &Response, newest: Option<&StoredFile>) -> bool {
    let strong = |tag: &str| tag.trim_start_matches("W/").to_owned();
    let tag = response.headers().get(header::ETAG).and_then(|value| value.to_str().ok()).map(strong);
    tag.is_some() && tag == newest.and_then(|file| file.etag.as_deref()).map(strong)
}

fn file_of<'a>(files: &'a [StoredFile], name: &str) -> Option<&'a StoredFile> {
    files.iter().find(|file| file.name == name)
}

/// The name that a file has here: the last segment of the path, so that its ending tells its format.
fn file_name(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    if is_plain_name(last) && !last.ends_with(SUFFIX) { last.to_owned() } else { "list".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(etag: Option<&str>, last_modified: Option<&str>) -> StoredFile {
        let [etag, last_modified] = [etag, last_modified].map(|text| text.map(str::to_owned));
        StoredFile { name: "list".into(), bytes: 0, sha256: String::new(), etag, last_modified, redirected_to: None }
    }

    #[test]
    fn a_server_is_asked_about_what_is_kept_and_what_was_rejected() {
        let (a, b) = (stored(Some("\"a\""), Some("Mon")), stored(Some("W/\"b\""), None));
        let dated = stored(None, Some("Tue"));
        let asked = |newest, rejected| {
            let headers = conditions(newest, rejected);
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect::<String>()
        };
        assert_eq!(asked(Some(&a), None), "if-none-match: \"a\"");
        assert_eq!(asked(Some(&a), Some(&b)), "if-none-match: W/\"b\", \"a\"");
        assert_eq!(asked(Some(&dated), None), "if-modified-since: Tue");
        assert_eq!(asked(None, None), "");
    }

    #[test]
    fn a_file_keeps_its_name_where_that_is_one() {
        for (url, name) in [
            ("https://host/lists/md5.csv?token=1", "md5.csv"),
            ("https://host/", "list"),
            ("https://host/.hidden", "list"),
            ("https://host/%2e%2e%2fx", "%2e%2e%2fx"),
        ] {
            assert_eq!(file_name(&url.parse().unwrap()), name);
        }
    }
}
