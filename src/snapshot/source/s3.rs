//! Lists in an S3-compatible store: one object, or all that stand directly below a prefix.
//!
//! What is there is asked first, and only objects whose tag is new are fetched.

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{Certificate, ClientOptions, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use url::Url;

use super::http::{Signed, choose_cryptography};
use super::signature::{SUFFIX, SignatureError};
use super::state::StoredFile;
use super::transfer::{Body, CONNECT_PATIENCE, FetchError, Incoming, STALL_PATIENCE, chain, is_plain_name};
use super::{Found, Known};
use crate::config::{Remote, S3Access, read_file};

/// What of a store is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) endpoint: Option<&'a Url>,
    pub(super) region: Option<&'a str>,
    pub(super) access: S3Access,
}

/// Fetches what is at `place` and not known into `incoming`.
///
/// # Errors
/// [`FetchError`].
pub(super) async fn fetch(
    remote: &Remote,
    place: Place<'_>,
    signed: Signed,
    known: &Known<'_>,
    incoming: &mut Incoming<'_>,
) -> Result<Found, FetchError> {
    let store = store(remote, place)?;
    let objects = objects(&store, place.key, signed).await?;
    if known.newest.is_some_and(|files| is_same(&objects, files)) {
        return Ok(Found::Unchanged(None));
    }
    if known.rejected.is_some_and(|files| is_same(&objects, files)) {
        return Ok(Found::StillRejected);
    }
    let mut files = Vec::with_capacity(objects.len());
    for object in &objects {
        let kept = known.newest.and_then(|files| files.iter().find(|file| object.is(file)));
        let kept = kept.and_then(|file| Some((known.path(file)?, file)));
        files.push(match kept {
            Some((path, file)) => incoming.link(&path, file)?,
            None => object.fetch(&store, incoming).await?,
        });
    }
    Ok(Found::Files(files))
}

fn store(remote: &Remote, place: Place<'_>) -> Result<AmazonS3, FetchError> {
    choose_cryptography();
    let mut options = ClientOptions::new()
        .with_connect_timeout(CONNECT_PATIENCE)
        .with_read_timeout(STALL_PATIENCE)
        // A large object takes what it takes, as long as it does not stall.
        .with_timeout_disabled();
    if let Some(path) = &remote.ca_certificate {
        let failed = |reason: String| FetchError::Certificate(format!("{}: {reason}", path.display()));
        let pem = read_file(path).map_err(|error| failed(error.to_string()))?;
        for certificate in Certificate::from_pem_bundle(&pem).map_err(|error| failed(chain(&error)))? {
            options = options.with_root_certificate(certificate);
        }
    }
    // The next attempt comes by itself, so this one need not insist.
    let retry = RetryConfig { max_retries: 2, retry_timeout: STALL_PATIENCE, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(place.bucket)
        .with_retry(retry)
        .with_skip_signature(place.access == S3Access::Anonymous);
    if let Some(endpoint) = place.endpoint {
        options = options.with_allow_http(endpoint.scheme() == "http");
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    if let Some(region) = place.region {
        builder = builder.with_region(region);
    }
    builder.with_client_options(options).build().map_err(|error| FetchError::Transport(chain(&error)))
}

/// An object, and the name that it has here.
struct Object {
    name: String,
    meta: ObjectMeta,
}

impl Object {
    /// The object, or `None` for one that is left out.
    fn of(meta: ObjectMeta) -> Result<Option<Self>, FetchError> {
        let name = meta.location.filename().unwrap_or_default().to_owned();
        if name.is_empty() || name.starts_with('.') {
            return Ok(None);
        }
        if is_plain_name(&name) { Ok(Some(Self { name, meta })) } else { Err(FetchError::Name(name)) }
    }

    /// Whether it is what was stored as `file`. Without a tag this is never known.
    fn is(&self, file: &StoredFile) -> bool {
        file.name == self.name && file.bytes == self.meta.size && file.etag.is_some() && file.etag == self.meta.e_tag
    }

    async fn fetch(&self, store: &AmazonS3, incoming: &mut Incoming<'_>) -> Result<StoredFile, FetchError> {
        // Exactly what was listed: a set must not be put together from two moments.
        let options = GetOptions { if_match: self.meta.e_tag.clone(), ..GetOptions::default() };
        let result = store.get_opts(&self.meta.location, options).await.map_err(transport)?;
        let (etag, expected) = (result.meta.e_tag.clone(), result.meta.size);
        let last_modified = Some(result.meta.last_modified.to_rfc3339());
        let file = incoming.save(&self.name, Body::Object(result.into_stream()), Some(expected)).await?;
        Ok(StoredFile { etag, last_modified, ..file })
    }
}

/// The objects that make up the set, by name, with their signatures where those are wanted.
async fn objects(store: &AmazonS3, key: &str, signed: Signed) -> Result<Vec<Object>, FetchError> {
    let metas = if key.is_empty() || key.ends_with('/') {
        let prefix = parse(key.trim_end_matches('/'))?;
        let listed = store.list_with_delimiter(Some(&prefix).filter(|_| !key.is_empty())).await.map_err(transport)?;
        let mut metas = listed.objects;
        metas.retain(|meta| signed == Signed::Yes || !meta.location.as_ref().ends_with(SUFFIX));
        metas
    } else {
        let mut metas = vec![store.head(&parse(key)?).await.map_err(transport)?];
        if signed == Signed::Yes {
            metas.push(head_of_signature(store, key).await?);
        }
        metas
    };
    let mut objects =
        metas.into_iter().filter_map(|meta| Object::of(meta).transpose()).collect::<Result<Vec<_>, _>>()?;
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    if objects.iter().all(|object| object.name.ends_with(SUFFIX)) {
        return Err(FetchError::Empty);
    }
    Ok(objects)
}

async fn head_of_signature(store: &AmazonS3, key: &str) -> Result<ObjectMeta, FetchError> {
    let path = format!("{key}{SUFFIX}");
    store.head(&parse(&path)?).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } => {
            FetchError::Signature { name: key.to_owned(), error: SignatureError::Missing(path.into()) }
        }
        other => transport(other),
    })
}

fn parse(key: &str) -> Result<Key, FetchError> {
    Key::parse(key).map_err(|_| FetchError::Name(key.to_owned()))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn transport(error: object_store::Error) -> FetchError {
    FetchError::Transport(chain(&error))
}

fn is_same(objects: &[Object], files: &[StoredFile]) -> bool {
    objects.len() == files.len() && objects.iter().zip(files).all(|(object, file)| object.is(file))
}
