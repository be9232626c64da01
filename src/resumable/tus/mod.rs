//! What a request says in tus 1.0, the protocol for uploads that go on where they broke off, or in the IETF draft
//! "Resumable Uploads for HTTP", which is tus' successor and treated alike. FilePond's chunks have some headers of tus,
//! but name no version of it.
//!
//! Source: tus.io/protocols/resumable-upload, 1.0.0, with its extensions; draft-ietf-httpbis-resumable-upload;
//! pqina.nl/filepond/docs, "Process chunks". Only
//! what every server reads alike is taken: whoever reads a number differently would put a different file together.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, Method, header};
use serde_json::Value;

use super::claim::plain_number;
use crate::extract::percent;

/// One request of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TusRequest {
    /// Creates an upload; its body, if any, is the first piece.
    Create(TusCreation),
    /// Adds its body to an upload.
    Append(TusAppend),
    /// A chunk of FilePond, which says how long the whole is, and what it is called.
    Chunk(TusAppend, Vec<Bytes>),
    /// Asks how much of an upload the server has.
    Ask,
    /// Ends an upload.
    Forget,
}

/// What is said about an upload when it is created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TusCreation {
    /// Bytes of the whole; `None` while that is not known.
    pub length: Option<u64>,
    /// The draft's `Upload-Complete`.
    pub is_complete: Option<bool>,
    /// What `Upload-Metadata` says.
    pub metadata: TusMetadata,
    /// What it has to do with other uploads.
    pub concat: Concat,
    /// Whether the request names a version of tus. FilePond does not, and sends a form where tus has the first piece.
    pub is_versioned: bool,
}

/// What a client says about the file itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TusMetadata {
    /// Its media type.
    pub filetype: Option<Bytes>,
    /// Every other value: `filename`, and whatever else a site shows of a file.
    pub texts: Vec<Bytes>,
}

/// The extension that puts uploads together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Concat {
    /// An upload of its own.
    #[default]
    Whole,
    /// A piece of a later one.
    Partial,
    /// The partial uploads at these URLs, in this order.
    Final(Vec<String>),
}

/// Where a piece goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TusAppend {
    /// Bytes in front of it.
    pub offset: u64,
    /// Bytes of the whole, when that was not known before.
    pub length: Option<u64>,
    /// The draft's `Upload-Complete`.
    pub is_complete: Option<bool>,
}

/// The headers of the protocol are not written as every server reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Shortest id of an upload, and how many words may be one.
const MIN_ID: usize = 3;
/// Longest one: those that Laravel encrypts have some hundred characters.
const MAX_ID: usize = 512;
const MAX_IDS: usize = 16;

/// The header that names the version of tus.
const VERSION: &str = "tus-resumable";

/// Any of these makes a request one of the protocol.
const HEADERS: [&str; 8] = [
    VERSION,
    "upload-offset",
    "upload-length",
    "upload-defer-length",
    "upload-concat",
    "upload-complete",
    "upload-incomplete",
    "upload-draft-interop-version",
];

/// What a request with `method` and `headers` asks for; `None` when it is not of the protocol.
///
/// # Errors
/// [`Malformed`]: a header stands twice, is no plain number, contradicts another, or is spelled with `_`, which CGI
/// and WSGI read as `-`.
pub fn read_tus(method: &Method, headers: &HeaderMap) -> Result<Option<TusRequest>, Malformed> {
    let is_ours = |name: &str| HEADERS.contains(&name.replace('_', "-").as_str());
    if !headers.keys().any(|name| is_ours(name.as_str())) {
        return Ok(None);
    }
    let is_disguised = |name: &str| name.contains('_') && (is_ours(name) || name.starts_with("upload_"));
    if headers.keys().any(|name| is_disguised(name.as_str())) {
        return Err(Malformed);
    }
    // A server that undoes a coding puts other bytes together than those that came, at other offsets.
    let is_coded = headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity");
    let fields = Fields(headers);
    match effective_method(method, &fields)? {
        "PATCH" | "POST" | "PUT" if is_coded => Err(Malformed),
        "PATCH" => fields.append().map(|append| Some(fields.addition(append))),
        "HEAD" => fields.without_concat().map(|()| Some(TusRequest::Ask)),
        "DELETE" => fields.without_concat().map(|()| Some(TusRequest::Forget)),
        "GET" | "OPTIONS" => Ok(None),
        _ => fields.creation().map(TusRequest::Create).map(Some),
    }
}

/// The value of the one header `name`.
///
/// # Errors
/// [`Malformed`] when it is not a plain decimal number, or stands there twice.
pub fn tus_number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Malformed> {
    Fields(headers).number(name)
}

/// tus lets a client name the method in a header where its environment knows no `PATCH`. Servers that ignore it must
/// not see more than a creation in such a request, so it has to come as a POST.
fn effective_method<'a>(method: &'a Method, fields: &Fields<'a>) -> Result<&'a str, Malformed> {
    match fields.one("x-http-method-override")? {
        None => Ok(method.as_str()),
        Some(named) if named == method.as_str() => Ok(named),
        Some(named @ ("PATCH" | "HEAD" | "DELETE")) if method == Method::POST => Ok(named),
        Some(_) => Err(Malformed),
    }
}

struct Fields<'a>(&'a HeaderMap);

impl<'a> Fields<'a> {
    fn one(&self, name: &str) -> Result<Option<&'a str>, Malformed> {
        let mut values = self.0.get_all(name).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let text = value.to_str().map_err(|_| Malformed)?;
        if values.next().is_some() { Err(Malformed) } else { Ok(Some(text)) }
    }

    /// Digits only, few enough for any server's integers, and no zero before others, which some read as octal.
    fn number(&self, name: &str) -> Result<Option<u64>, Malformed> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        let number = plain_number(text).filter(|_| text.len() == 1 || !text.starts_with('0'));
        number.map(Some).ok_or(Malformed)
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Malformed> {
        match self.one(name)? {
            None => Ok(None),
            Some("?1") => Ok(Some(true)),
            Some("?0") => Ok(Some(false)),
            Some(_) => Err(Malformed),
        }
    }

    /// Older drafts say it the other way round.
    fn is_complete(&self) -> Result<Option<bool>, Malformed> {
        match (self.flag("upload-complete")?, self.flag("upload-incomplete")?) {
            (Some(_), Some(_)) => Err(Malformed),
            (complete, incomplete) => Ok(complete.or(incomplete.map(|incomplete| !incomplete))),
        }
    }

    /// tus-js-client sends `partial` with every request of a partial upload, which means nothing there. `final` would
    /// mean something to a server that takes the request for a creation.
    fn without_concat(&self) -> Result<(), Malformed> {
        match self.one("upload-concat")? {
            None | Some("partial") => Ok(()),
            Some(_) => Err(Malformed),
        }
    }

    fn append(&self) -> Result<TusAppend, Malformed> {
        self.without_concat()?;
        Ok(TusAppend {
            offset: self.number("upload-offset")?.ok_or(Malformed)?,
            length: self.number("upload-length")?,
            is_complete: self.is_complete()?,
        })
    }

    /// A chunk of FilePond, or a piece as tus and the draft have it.
    fn addition(&self, append: TusAppend) -> TusRequest {
        let is_of_draft = append.is_complete.is_some() || self.0.contains_key("upload-draft-interop-version");
        if is_of_draft || self.0.contains_key(VERSION) || append.length.is_none() {
            return TusRequest::Append(append);
        }
        let names = self.0.get_all("upload-name").iter().map(|name| Bytes::copy_from_slice(name.as_bytes()));
        TusRequest::Chunk(append, names.collect())
    }

    fn creation(&self) -> Result<TusCreation, Malformed> {
        let length = self.number("upload-length")?;
        match self.one("upload-defer-length")? {
            None => {}
            Some("1") if length.is_none() => {}
            Some(_) => return Err(Malformed),
        }
        // The draft's creation may say that it starts at the start.
        if self.number("upload-offset")?.is_some_and(|offset| offset != 0) {
            return Err(Malformed);
        }
        let is_versioned = self.0.contains_key(VERSION);
        let (is_complete, metadata, concat) = (self.is_complete()?, self.metadata()?, self.concat()?);
        Ok(TusCreation { length, is_complete, metadata, concat, is_versioned })
    }

    fn concat(&self) -> Result<Concat, Malformed> {
        let urls = match self.one("upload-concat")? {
            None => return Ok(Concat::Whole),
            Some("partial") => return Ok(Concat::Partial),
            Some(text) => text.strip_prefix("final;").ok_or(Malformed)?,
        };
        let urls: Vec<String> = urls.split(' ').map(str::to_owned).collect();
        if urls.iter().any(String::is_empty) { Err(Malformed) } else { Ok(Concat::Final(urls)) }
    }

    /// The values of `key base64, key base64, …`. `filetype` is the name that clients agree on for the media type; what
    /// of the others is no base64 is kept as it is.
    fn metadata(&self) -> Result<TusMetadata, Malformed> {
        let mut metadata = TusMetadata::default();
        let Some(pairs) = self.one("upload-metadata")? else {
            return Ok(metadata);
        };
        for pair in pairs.split(',') {
            let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
            if key.eq_ignore_ascii_case("filetype") || key.eq_ignore_ascii_case("content-type") {
                let value = BASE64.decode(value.trim().as_bytes()).map_err(|_| Malformed)?;
                let value = Some(Bytes::from(value)).filter(|value| !value.is_empty());
                metadata.filetype = value.or(metadata.filetype);
            } else {
                let text = value.trim().as_bytes();
                metadata.texts.push(BASE64.decode(text).unwrap_or_else(|_| text.to_vec()).into());
            }
        }
        Ok(metadata)
    }
}

/// The id of an upload of FilePond in `answer`, the whole body of the answer to its creation: it is the text, or a
/// string of JSON, or the one member of an object of it. Nothing else may be in it, or any page would name an
/// upload.
///
/// Source: pqina.nl/filepond/docs/api/server: the id comes as text, which `onload` may take out of something else.
pub fn upload_named(answer: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(answer).ok()?.trim_ascii();
    let id = match serde_json::from_str(text) {
        Ok(Value::String(id)) => id,
        Ok(Value::Object(members)) if members.len() == 1 => members.values().next()?.as_str()?.to_owned(),
        _ => text.to_owned(),
    };
    is_id(id.as_bytes()).then_some(id)
}

/// The id of an upload of FilePond in the URL of a chunk, `target`. FilePond puts it at the end: it is the last segment
/// of a path without a query, or the value of the only parameter. Beside any other, the origin might read that one.
pub fn upload_at(target: &str) -> Option<String> {
    let id = match target.split_once('?') {
        None => target.rsplit('/').next().filter(|segment| !segment.to_ascii_lowercase().contains("%2f"))?,
        Some((_, query)) if query.contains(['&', ';']) => return None,
        Some((_, query)) => query.split_once('=').map_or(query, |(_, value)| value),
    };
    String::from_utf8(percent::undo(id.as_bytes(), b'%', None)).ok().filter(|id| is_id(id.as_bytes()))
}

/// Whether `text` has the length and the characters of an id, base64 among them.
fn is_id(text: &[u8]) -> bool {
    let is_of_id = |byte: &u8| is_of_word(byte) || matches!(byte, b'+' | b'/' | b'=');
    (MIN_ID..=MAX_ID).contains(&text.len()) && text.iter().all(is_of_id)
}

fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

/// What may be the id of an upload in `text`, a URL: its words, the longest first, without percent escapes.
pub fn upload_ids(text: &[u8]) -> Vec<String> {
    let text = percent::undo(text, b'%', None);
    let words = text.split(|byte| !is_of_word(byte)).filter(|word| word.len() >= MIN_ID);
    let mut words: Vec<String> = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.truncate(MAX_IDS);
    words
}

/// Host and target (path with query) of `reference`, a URL that is absolute or relative to that of the request.
///
/// `None` when it names none, or climbs: servers differ in what they make of that.
///
/// Source: RFC 3986 §5.2.
pub fn resolve(host: &str, target: &str, reference: &str) -> Option<(String, String)> {
    let reference = reference.split('#').next().unwrap_or_default();
    let lower = reference.get(..8).unwrap_or(reference).to_ascii_lowercase();
    let scheme = ["http:", "https:"].into_iter().find(|scheme| lower.starts_with(scheme)).map_or(0, str::len);
    let rest = &reference[scheme..];
    let (host, resolved) = if let Some(rest) = rest.strip_prefix("//") {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        (authority, if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
    } else if scheme > 0 || rest.is_empty() {
        return None;
    } else if rest.starts_with('/') {
        (host, rest.to_owned())
    } else {
        let path = target.split('?').next().unwrap_or_default();
        let folder = if rest.starts_with('?') { path.len() } else { path.rfind('/').map_or(0, |slash| slash + 1) };
        (host, format!("{}{}", &path[..folder], rest.strip_prefix("./").unwrap_or(rest)))
    };
    let path = resolved.split('?').next().unwrap_or_default();
    let climbs = path.split('/').any(|segment| segment == "." || segment == "..");
    (!climbs).then(|| (host.to_ascii_lowercase(), resolved))
}

#[cfg(test)]
mod tests;
