//! Origins that put uploads together: a small tus server and a small S3.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::http::head;
use super::origin::{Origin, Seen};

/// What a tus server has of one upload.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub bytes: Vec<u8>,
    pub length: Option<usize>,
    pub is_complete: bool,
}

/// Oddities of one origin, for one request each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// The next piece is stored, and the connection ends without an answer.
    StoresWithoutAnswer,
    /// Only so many bytes of the next piece are stored.
    StoresOnly(usize),
    /// Before the next request all bytes from here on are lost.
    Loses(usize),
}

/// A tus server with its uploads by path. It speaks creation, creation-with-upload, creation-defer-length,
/// termination, concatenation, and the IETF draft's `Upload-Complete`.
#[derive(Clone, Default)]
pub struct Tus {
    uploads: Arc<Mutex<BTreeMap<String, Stored>>>,
    created: Arc<AtomicUsize>,
    /// Whether it names uploads by their paths only, and not every other one by a URL of a site that nobody finds.
    names_paths: bool,
    oddity: Arc<Mutex<Option<Oddity>>>,
    /// Held by a test for as long as no piece is to be answered.
    pub answering: Arc<Mutex<()>>,
}

/// An answer of an origin; `None` when it hangs up.
pub type Answer = Option<String>;

fn answer(status: &str, headers: &[(&str, String)], body: &str) -> Answer {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    Some(format!("HTTP/1.1 {status}\r\n{lines}Content-Length: {}\r\n\r\n{body}", body.len()))
}

impl Tus {
    pub fn start(&self) -> Origin {
        let server = self.clone();
        Origin::answering(move |request| server.serve(request))
    }

    pub fn be_odd(&self, oddity: Oddity) {
        *self.oddity.lock().unwrap() = Some(oddity);
    }

    pub fn upload(&self, path: &str) -> Option<Stored> {
        self.uploads.lock().unwrap().get(path).cloned()
    }

    pub fn complete(&self) -> Vec<Vec<u8>> {
        let uploads = self.uploads.lock().unwrap();
        uploads.values().filter(|upload| upload.is_complete).map(|upload| upload.bytes.clone()).collect()
    }

    /// One for clients that go where they are told.
    pub fn naming_paths() -> Self {
        Self { names_paths: true, ..Self::default() }
    }

    /// Forgets every upload.
    pub fn clear(&self) {
        self.uploads.lock().unwrap().clear();
    }

    fn serve(&self, request: &Seen) -> Answer {
        let named = request.headers.get("x-http-method-override").unwrap_or(&request.method).clone();
        let _answering = (named == "PATCH").then(|| self.answering.lock().unwrap());
        let mut uploads = self.uploads.lock().unwrap();
        let oddity = self.oddity.lock().unwrap().take();
        if let (Some(Oddity::Loses(kept)), Some(upload)) = (oddity, uploads.get_mut(&request.target)) {
            upload.bytes.truncate(kept);
        }
        let resumable = ("Tus-Resumable", "1.0.0".to_owned());
        if named == "POST" {
            return self.create(&mut uploads, request);
        }
        let Some(upload) = uploads.get_mut(&request.target) else {
            return answer("404 Not Found", &[resumable], "");
        };
        match named.as_str() {
            "PATCH" => Self::append(upload, request, oddity),
            "HEAD" => {
                let offset = ("Upload-Offset", upload.bytes.len().to_string());
                let length = upload.length.map(|length| ("Upload-Length", length.to_string()));
                let headers: Vec<_> = [Some(resumable), Some(offset), length].into_iter().flatten().collect();
                answer("200 OK", &headers, "")
            }
            "DELETE" => {
                uploads.remove(&request.target);
                answer("204 No Content", &[resumable], "")
            }
            _ => answer("200 OK", &[], &String::from_utf8_lossy(&upload.bytes)),
        }
    }

    fn create(&self, uploads: &mut BTreeMap<String, Stored>, request: &Seen) -> Answer {
        let header = |name: &str| request.headers.get(name).cloned();
        let number = self.created.fetch_add(1, Ordering::SeqCst);
        let path = format!("/upload/files/{number}");
        let length: Option<usize> = header("upload-length").map(|length| length.parse().unwrap());
        let mut upload = Stored { length, ..Stored::default() };
        match header("upload-concat").as_deref().and_then(|concat| concat.strip_prefix("final;")) {
            Some(urls) => {
                for url in urls.split(' ') {
                    let path = url.strip_prefix("http://site.test").unwrap_or(url);
                    upload.bytes.extend(&uploads[path].bytes);
                }
                upload.is_complete = true;
            }
            None => {
                upload.bytes.clone_from(&request.body);
                upload.is_complete =
                    length == Some(upload.bytes.len()) || header("upload-complete").as_deref() == Some("?1");
            }
        }
        let stored = upload.bytes.len().to_string();
        uploads.insert(path.clone(), upload);
        let location = (
            "Location",
            if !number.is_multiple_of(2) && !self.names_paths { format!("http://site.test{path}") } else { path },
        );
        let marks = match header("upload-complete") {
            Some(complete) => ("Upload-Complete", complete),
            None => ("Tus-Resumable", "1.0.0".to_owned()),
        };
        answer("201 Created", &[marks, location, ("Upload-Offset", stored)], "")
    }

    fn append(upload: &mut Stored, request: &Seen, oddity: Option<Oddity>) -> Answer {
        let resumable = ("Tus-Resumable", "1.0.0".to_owned());
        if request.headers["upload-offset"] != upload.bytes.len().to_string() {
            return answer("409 Conflict", &[resumable], "");
        }
        if let Some(length) = request.headers.get("upload-length") {
            upload.length = Some(length.parse().unwrap());
        }
        let stored = match oddity {
            Some(Oddity::StoresOnly(count)) => count,
            _ => request.body.len(),
        };
        upload.bytes.extend(&request.body[..stored]);
        let is_last = request.headers.get("upload-complete").is_some_and(|complete| complete == "?1");
        upload.is_complete = is_last || upload.length == Some(upload.bytes.len());
        if oddity == Some(Oddity::StoresWithoutAnswer) {
            return None;
        }
        answer("204 No Content", &[resumable, ("Upload-Offset", upload.bytes.len().to_string())], "")
    }
}

/// An S3 with one bucket: objects by path, uploads by id.
#[derive(Clone, Default)]
pub struct S3 {
    state: Arc<Mutex<S3State>>,
}

#[derive(Default)]
struct S3State {
    created: usize,
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    objects: BTreeMap<String, Vec<u8>>,
}

impl S3 {
    pub fn start(&self) -> Origin {
        let server = self.clone();
        Origin::answering(move |request| server.serve(request))
    }

    pub fn object(&self, path: &str) -> Option<Vec<u8>> {
        self.state.lock().unwrap().objects.get(path).cloned()
    }

    fn serve(&self, request: &Seen) -> Answer {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let parameter = |name: &str| {
            let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let mut state = self.state.lock().unwrap();
        match (request.method.as_str(), parameter("uploadId"), parameter("partNumber")) {
            ("POST", None, _) => {
                state.created += 1;
                let upload = format!("upload-{}", state.created);
                state.uploads.insert(upload.clone(), BTreeMap::new());
                let xml = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<InitiateMultipartUploadResult \
                     xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>upload</Bucket><Key>k</Key>\
                     <UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
                );
                answer("200 OK", &[("Content-Type", "application/xml".into())], &xml)
            }
            ("PUT", None, _) => {
                state.objects.insert(path.to_owned(), object_of(request));
                answer("200 OK", &[("ETag", etag(&request.body))], "")
            }
            ("PUT", Some(upload), Some(number)) => {
                let object = object_of(request);
                let etag = etag(&object);
                let Some(parts) = state.uploads.get_mut(&upload) else { return answer("404 Not Found", &[], "") };
                parts.insert(number.parse().unwrap(), object);
                answer("200 OK", &[("ETag", etag)], "")
            }
            ("POST", Some(upload), None) => state.complete(path, &upload, &String::from_utf8_lossy(&request.body)),
            ("DELETE", Some(upload), None) => {
                state.uploads.remove(&upload);
                answer("204 No Content", &[], "")
            }
            _ => answer("400 Bad Request", &[], ""),
        }
    }
}

impl S3State {
    fn complete(&mut self, path: &str, upload: &str, list: &str) -> Answer {
        let Some(parts) = self.uploads.remove(upload) else { return answer("404 Not Found", &[], "") };
        let numbers = list.split("<PartNumber>").skip(1).map(|rest| rest.split('<').next().unwrap().parse().unwrap());
        let object: Vec<u8> = numbers.flat_map(|number: u32| parts[&number].clone()).collect();
        self.objects.insert(path.to_owned(), object);
        answer("200 OK", &[("Content-Type", "application/xml".into())], "<CompleteMultipartUploadResult/>")
    }
}

/// As S3 calls a part.
pub fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", &super::sha256(bytes)[..32])
}

/// The object in a request, its framing undone where it is announced.
fn object_of(request: &Seen) -> Vec<u8> {
    let is_framed = request.headers.get("x-amz-content-sha256").is_some_and(|value| value.starts_with("STREAMING-"));
    if !is_framed {
        return request.body.clone();
    }
    let (mut object, mut rest) = (Vec::new(), request.body.as_slice());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = usize::from_str_radix(line.split(';').next().unwrap(), 16).unwrap();
        if size == 0 {
            return object;
        }
        object.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}

/// `object` in aws-chunked framing with a trailing checksum, as current SDKs send it.
pub fn aws_chunked(object: &[u8], chunk: usize) -> Vec<u8> {
    let mut framed = Vec::new();
    for piece in object.chunks(chunk) {
        framed.extend(format!("{:x}\r\n", piece.len()).bytes());
        framed.extend(piece);
        framed.extend(b"\r\n");
    }
    framed.extend(b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n");
    framed
}

/// A request with a body, whole.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    [head(method, target, headers, Some(body.len())).as_bytes(), body].concat()
}
