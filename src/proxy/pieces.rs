//! Which pieces of uploads a request brings, by its headers, its URL and its body.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, Method, StatusCode, header};
use pingora::http::RequestHeader;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::assembling::{content_types_of, place};
use super::loose::loose_in;
use crate::extract::{FormPart, parts_of_form, percent};
use crate::resumable::{
    Claim, Contradiction, DavRequest, LoosePiece, Naming, Unnamed, chunk_claims, piece_hash, plain_form, range_claim,
    read_dav,
};

/// Longest text that says something about a piece.
const MAX_TEXT: usize = 4 << 10;

/// Bytes of a body in which an upload may be named that is to be put together.
const MAX_MENTIONING: usize = 64 << 10;

/// Words of it that may be names, and letters of a name.
const MAX_MENTIONS: usize = 256;
const MIN_NAME: usize = 6;

/// A piece, and what is said about its upload.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) claim: Claim,
    pub(super) bytes: Bytes,
    pub(super) hash: u64,
    pub(super) content_types: Vec<Bytes>,
    pub(super) names: Vec<Bytes>,
    /// All that the request has for a body.
    pub(super) request_body: Bytes,
    /// Whether it is words, as programs number them that cut texts for an index, rather than bytes of a file.
    pub(super) is_words: bool,
    reply: Reply,
}

/// What an origin answers to a piece that is not the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    /// It says more than is known here.
    OfOrigin,
    /// That it is there: libraries that chunk forms go by the status.
    Accepted,
    /// That a file was made, as WebDAV has it.
    Created,
}

impl Piece {
    fn new(claim: Claim, bytes: Bytes, body: &Bytes, reply: Reply) -> Self {
        let (hash, request_body) = (piece_hash(&bytes), body.clone());
        let (content_types, names) = (Vec::new(), Vec::new());
        Self { claim, bytes, hash, content_types, names, request_body, is_words: false, reply }
    }

    /// None at all, for a request that has the origin put together what has come.
    pub(super) fn none() -> Self {
        Self::new(Claim::default(), Bytes::new(), &Bytes::new(), Reply::OfOrigin)
    }

    /// What is answered in the place of the origin while the piece is held; `None` where that cannot be known.
    pub(super) fn receipt(&self, reference: &str) -> Option<Answer> {
        match self.reply {
            Reply::OfOrigin => None,
            Reply::Accepted => Some(Answer::received(StatusCode::OK, Some(&self.claim.upload), reference)),
            Reply::Created => Some(Answer::received(StatusCode::CREATED, None, reference)),
        }
    }

    /// Whether it is all of its upload, so that nothing about it has to wait for more.
    pub(super) fn is_whole(&self) -> bool {
        self.claim.is_whole(self.bytes.len() as u64)
    }
}

/// What a request brings.
#[derive(Default)]
pub(super) struct Brought {
    /// The same bytes, for each way in which the request calls them a piece.
    pub(super) pieces: Vec<Piece>,
    /// What may be a piece, though no name that is known says so.
    pub(super) loose: Vec<LoosePiece>,
}

/// What the body of a request is as a file: its bytes, and what is said about it.
#[derive(Default)]
pub(super) struct Content {
    pub(super) named: Vec<(String, String)>,
    /// The file; `None` where there is none, more than one, or one that servers decode or not.
    pub(super) bytes: Option<Bytes>,
    /// The value that is the file where no part is one, as it is written.
    pub(super) text: Option<Bytes>,
    declared_type: Option<String>,
    pub(super) file_name: Option<String>,
    pub(super) is_form: bool,
    /// All files of a form, in their order, and what the field of the last is called.
    pub(super) files: Vec<Bytes>,
    pub(super) file_field: String,
}

/// Digits of a number that is a number only.
const MOST_DIGITS: usize = 16;

/// Bodies up to this size are read where they are.
const SMALL: usize = 256 << 10;

/// What a request with this body brings, read on a thread that may take its time.
///
/// # Errors
/// As [`pieces_in`].
pub(super) async fn pieces_of(request: &RequestHeader, body: &Bytes) -> Result<Brought, Contradiction> {
    if body.len() <= SMALL {
        return pieces_in(request, body);
    }
    let (request, body) = (request.clone(), body.clone());
    tokio::task::spawn_blocking(move || pieces_in(&request, &body)).await.unwrap_or(Err(Contradiction))
}

/// The pieces that a request with this body brings.
///
/// # Errors
/// [`Contradiction`]: servers would put them in different places.
fn pieces_in(request: &RequestHeader, body: &Bytes) -> Result<Brought, Contradiction> {
    let (_, target) = place(request);
    if let Some(DavRequest::Piece(claim)) = read_dav(&request.method, request.uri.path(), &request.headers)? {
        return Ok(Brought { pieces: vec![Piece::new(claim, body.clone(), body, Reply::Created)], loose: Vec::new() });
    }
    if body.is_empty() {
        return Ok(Brought::default());
    }
    let mut content = Content::of(&request.headers, body);
    content.named.extend(named_in_headers(&request.headers));
    content.named.extend(named_in_query(request.uri.query().unwrap_or_default()));
    let length = content.bytes.as_ref().or(content.text.as_ref()).map_or(0, Bytes::len) as u64;
    let file_name = content.file_name.as_deref().filter(|name| !name.is_empty());
    let in_form = file_name.filter(|_| content.is_form);
    let range = range_claim(&request.method, target, &request.headers, in_form, length)?;
    let unnamed = match file_name {
        Some(name) => Unnamed { name, naming: Naming::Name },
        None => Unnamed { name: request.uri.path(), naming: Naming::Nothing },
    };
    let is_words = content.bytes.is_none() && content.text.as_deref().is_some_and(is_words);
    let mut claims = match chunk_claims(&content.named, unnamed) {
        Err(Contradiction) if is_words => Vec::new(),
        claims => claims?,
    };
    // The request asks for what came before it: it has no content, or nothing but what its upload is called, which is
    // nothing that an upload consists of.
    let has_content = !content.files.is_empty() || content.bytes.is_some() || content.text.is_some();
    if !has_content || claims.iter().any(|claim| content.text.as_deref() == Some(claim.upload.as_bytes())) {
        claims.clear();
    }
    let reply = match &range {
        _ if is_words => Reply::OfOrigin,
        Some(_) if request.headers.contains_key("oc-chunked") => Reply::Created,
        Some(_) if !content.is_form => Reply::OfOrigin,
        _ if claims.iter().any(|claim| claim.is_last || claim.restarts) => Reply::OfOrigin,
        _ if request.method == Method::POST || content.is_form => Reply::Accepted,
        _ => Reply::OfOrigin,
    };
    claims.extend(range);
    if claims.is_empty() {
        return Ok(Brought { pieces: Vec::new(), loose: loose_in(request, body, &content) });
    }
    let bytes = content.bytes.or_else(|| content.text.map(decoded)).ok_or(Contradiction)?;
    let declared = content.declared_type.map(Bytes::from);
    let names: Vec<Bytes> = file_name.map(|name| Bytes::copy_from_slice(name.as_bytes())).into_iter().collect();
    let first = Piece::new(Claim::default(), bytes, body, reply);
    let piece = |claim| Piece {
        claim,
        content_types: content_types_of(declared.as_ref().filter(|value| !value.ends_with(b"octet-stream"))),
        names: names.clone(),
        is_words,
        ..first.clone()
    };
    Ok(Brought { pieces: claims.into_iter().map(piece).collect(), loose: Vec::new() })
}

/// What a question about a chunk says, in the URL.
pub(super) fn named_in_query(query: &str) -> Vec<(String, String)> {
    let undone = |text: &str| String::from_utf8_lossy(&percent::undo(text.as_bytes(), b'%', Some(b'+'))).into_owned();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('=')).take(MAX_MENTIONS);
    pairs.filter(|(_, value)| value.len() <= MAX_TEXT).map(|(name, value)| (undone(name), undone(value))).collect()
}

/// Headers in which clients speak of chunks.
fn named_in_headers(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    let is_of_chunks = |name: &str| {
        (name.starts_with("x-") || name.contains("chunk") || name.starts_with("uploader-"))
            && !name.starts_with("x-amz-")
            && !name.starts_with("x-goog-")
            && !name.starts_with("x-bz-")
    };
    let named = headers.iter().filter(move |(name, _)| is_of_chunks(name.as_str()));
    named.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
}

impl Content {
    fn of(headers: &HeaderMap, body: &Bytes) -> Self {
        let mut types = headers.get_all(header::CONTENT_TYPE).iter();
        let declared = types.next().map(|value| value.as_bytes()).unwrap_or_default();
        if types.next().is_some() {
            return Self::raw(body);
        }
        if let Some(parts) = parts_of_form(body, declared) {
            return Self::of_form(parts);
        }
        let essence = String::from_utf8_lossy(declared).to_ascii_lowercase();
        let mentions = |word: &[u8]| memchr::memmem::find(body, word).is_some();
        if essence.contains("json") && mentions(b"hunk") {
            return Self::of_json(body).unwrap_or_else(|| Self::raw(body));
        }
        if essence.starts_with("application/x-www-form-urlencoded") && mentions(b"hunk") {
            return Self::of_values(body.split(|byte| *byte == b'&').take(MAX_MENTIONS).filter_map(|pair| {
                let at = memchr::memchr(b'=', pair)?;
                let undone = |text: &[u8]| percent::undo(text, b'%', Some(b'+'));
                Some((String::from_utf8_lossy(&undone(&pair[..at])).into_owned(), Bytes::from(undone(&pair[at + 1..]))))
            }));
        }
        Self::raw(body)
    }

    fn raw(body: &Bytes) -> Self {
        Self { bytes: Some(body.clone()), ..Self::default() }
    }

    fn of_form(parts: Vec<FormPart>) -> Self {
        let (mut files, fields): (Vec<FormPart>, Vec<FormPart>) =
            parts.into_iter().partition(|part| part.file_name.as_ref().is_some_and(|name| !name.is_empty()));
        let mut content = Self::of_values(fields.into_iter().map(|field| (field.name, field.bytes)));
        content.is_form = true;
        content.files = files.iter().map(|file| file.bytes.clone()).collect();
        if let Some(file) = files.pop() {
            let is_clear = files.is_empty() && !file.is_base64;
            (content.bytes, content.text) = (is_clear.then_some(file.bytes), None);
            (content.file_name, content.declared_type) = (file.file_name, file.declared_type);
            content.file_field = file.name;
        }
        content
    }

    fn of_json(body: &Bytes) -> Option<Self> {
        let Value::Object(members) = serde_json::from_slice(body).ok()? else {
            return None;
        };
        let mut values = Vec::new();
        flatten(members, MAX_OBJECTS, &mut values);
        Some(Self::of_values(values.into_iter().map(|(name, text)| (name, Bytes::from(text)))))
    }

    /// What values of a form or of JSON say. Where no part is a file, the value that is called content is it, or else
    /// the longest that may be.
    fn of_values(values: impl Iterator<Item = (String, Bytes)>) -> Self {
        let (mut content, mut file, mut is_called_content) = (Self::default(), Bytes::new(), false);
        for (name, value) in values {
            if let Some(text) = str::from_utf8(&value).ok().filter(|text| text.len() <= MAX_TEXT) {
                content.named.extend(members_of(text));
                content.named.push((name.clone(), text.to_owned()));
            }
            let is_content = CONTENT.iter().any(|one| name.eq_ignore_ascii_case(one));
            if (is_content || may_be_content(&name, &value))
                && (is_content, value.len()) > (is_called_content, file.len())
            {
                (is_called_content, file) = (is_content, value);
            }
        }
        content.text = Some(file).filter(|text| !text.is_empty());
        content
    }
}

/// What values are called that are the content of a file.
pub(super) const CONTENT: [&str; 8] = ["content", "data", "body", "blob", "file", "bytes", "chunkData", "fileData"];

/// How the names of values end that name something.
const NAMING: [&str; 13] =
    ["id", "identifier", "guid", "hash", "md5", "sha1", "sha256", "sum", "key", "token", "session", "name", "query"];

/// Objects of JSON in each other of which members are read.
const MAX_OBJECTS: usize = 4;

/// The members of an object of JSON in a field, as Kendo UI and DevExtreme write what they say of a chunk.
fn members_of(text: &str) -> Vec<(String, String)> {
    let members = text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten();
    let Some(Value::Object(members)) = members else {
        return Vec::new();
    };
    let mut values = Vec::new();
    flatten(members, MAX_OBJECTS, &mut values);
    values
}

/// Adds the values of `members` and of objects in them: of a mutation of GraphQL they are in `variables`.
fn flatten(members: Map<String, Value>, depth: usize, values: &mut Vec<(String, String)>) {
    for (name, value) in members {
        match value {
            Value::String(text) => values.push((name, text)),
            Value::Number(_) | Value::Bool(_) => values.push((name, value.to_string())),
            Value::Object(members) if depth > 0 => flatten(members, depth - 1, values),
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
    }
}

/// Whether a value may be the content of a file by what it is called: not what the file or the upload is called.
fn may_be_content(name: &str, value: &[u8]) -> bool {
    let plain = plain_form(name);
    !is_number(value) && !NAMING.iter().any(|end| plain.ends_with(end))
}

/// A text as the bytes that it is in base64, also in a data URI; as it is where it is none.
fn decoded(text: Bytes) -> Bytes {
    let start =
        if text.starts_with(b"data:") { memchr::memmem::find(&text, b";base64,").map(|at| at + 8) } else { None };
    let digits: Vec<u8> =
        text[start.unwrap_or(0)..].iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    match BASE64.decode(&digits) {
        Ok(bytes) if !bytes.is_empty() => bytes.into(),
        _ => text,
    }
}

fn is_number(value: &[u8]) -> bool {
    !value.is_empty() && value.len() <= MOST_DIGITS && value.iter().all(u8::is_ascii_digit)
}

/// Whether a value is a number, or text with something in it that base64, hexadecimal and data URIs have not.
fn is_words(value: &[u8]) -> bool {
    let is_of_bytes = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=\r\n".contains(byte);
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    let is_text = || str::from_utf8(value).is_ok() && !value.starts_with(b"data:") && !value.iter().any(is_control);
    is_number(value) || !value.iter().all(is_of_bytes) && is_text()
}

/// The words by which a request that brings no piece may name an upload that the origin is to put together.
pub(super) fn mentions(request: &RequestHeader, body: &[u8]) -> Vec<String> {
    let text = if body.len() <= MAX_MENTIONING { body } else { b"" };
    let (_, target) = place(request);
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"-_. ~%+".contains(byte);
    let words = target.as_bytes().split(|byte| !is_of_word(byte)).chain(text.split(|byte| !is_of_word(byte)));
    let undone = words.filter(|word| word.len() >= MIN_NAME).map(|word| percent::undo(word, b'%', None));
    undone.take(MAX_MENTIONS).map(|word| String::from_utf8_lossy(&word).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_bytes_in_letters() {
        for bytes in ["UElFQ0U=", "AAAAAAAA", "ffd8ffe0", "data:,a b", "a\0b c", ""] {
            assert!(!is_words(bytes.as_bytes()), "{bytes}");
        }
        for words in ["A few words.", "3", "12.5, 13.5", "Größe", "https://example.org/a.png?b=1", "二つ"] {
            assert!(is_words(words.as_bytes()), "{words}");
        }
    }

    fn pieces(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<(Claim, Bytes)> {
        let mut request = RequestHeader::build(method, target.as_bytes(), None).unwrap();
        for (name, value) in headers {
            request.append_header((*name).to_owned(), *value).unwrap();
        }
        let pieces = pieces_in(&request, &Bytes::copy_from_slice(body)).unwrap();
        pieces.pieces.into_iter().map(|piece| (piece.claim, piece.bytes)).collect()
    }

    #[test]
    fn a_piece_may_be_a_file_of_a_form_a_value_or_the_body() {
        let form = ("Content-Type", "multipart/form-data; boundary=b");
        let field = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\nPIECE\r\n--b--\r\n";
        let (chunk, kendo) = (field("chunk", "1") + &field("chunks", "3"), r#"{"chunkIndex":1,"totalChunks":3}"#);
        let json = ("Content-Type", "application/json");
        let range = ("Content-Range", "bytes 5-9/15");
        for (target, headers, body) in [
            ("/u", &[form][..], format!("{chunk}{file}")),
            ("/u?chunk=1&chunks=3&name=a", &[form], file.to_owned()),
            ("/u?chunk=1&chunks=3", &[], "PIECE".to_owned()),
            ("/u", &[("X-Chunk-Index", "1"), ("X-Total-Chunks", "3")], "PIECE".to_owned()),
            ("/u", &[form], field("metadata", kendo) + file),
            ("/u", &[form, range], file.to_owned()),
            ("/u", &[range], "PIECE".to_owned()),
            (
                "/u",
                &[json],
                r#"{"type":"file","chunk":2,"format":"base64","content":"UElFQ0U=","path":"a/long/name.bin"}"#
                    .to_owned(),
            ),
            ("/u", &[json], r#"{"chunkIndex":1,"totalChunks":3,"data":"data:a/b;base64,UElFQ0U="}"#.to_owned()),
            (
                "/u",
                &[("Content-Type", "application/x-www-form-urlencoded")],
                "chunk=1&chunks=3&data=UElFQ0U%3D".to_owned(),
            ),
        ] {
            let found = pieces("POST", target, headers, body.as_bytes());
            assert_eq!(found.len(), 1, "{target} {headers:?} {body}: {found:?}");
            let place = found[0].0.place;
            assert!(place.index == Some(1) || place.offset == Some(5), "{place:?}");
            assert_eq!(found[0].1, "PIECE", "{target} {headers:?} {body}");
        }
        assert!(pieces("POST", "/u?page=2", &[form], file.as_bytes()).is_empty());
        let coded = file.replace("\r\n\r\nPIECE", "\r\nContent-Transfer-Encoding: base64\r\n\r\nUElFQ0U=");
        let mut request = RequestHeader::build("POST", b"/u?chunk=1&chunks=3&name=a", None).unwrap();
        request.append_header(form.0, form.1).unwrap();
        assert!(pieces_in(&request, &coded.into()).is_err(), "some servers decode it");
    }
}
