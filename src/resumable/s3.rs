//! What a request says in the part of Amazon S3's API in which an object is uploaded in parts.
//!
//! Source: Amazon S3 API Reference, CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload and
//! AbortMultipartUpload. The list of parts is read in the one strict way in which the SDKs write it.

use bytes::Bytes;
use http::{HeaderMap, Method, header};

use super::tus::Malformed;
use crate::extract::percent::{Plus, decode};

/// Parts that an object can have.
const MAX_PARTS: u16 = 10_000;

/// One request of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum S3Request {
    /// Creates an upload; the answer names it.
    Create,
    /// Uploads a part of it.
    Part(S3Part),
    /// Puts the parts together that its body lists.
    Complete {
        /// The upload.
        upload: String,
    },
    /// Ends it.
    Forget {
        /// The upload.
        upload: String,
    },
}

/// A part that is uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Part {
    /// The upload.
    pub upload: String,
    /// 1 to 10,000.
    pub number: u16,
    /// Whether the body is in aws-chunked framing.
    pub is_framed: bool,
    /// Whether the content is not in the body but elsewhere at the origin.
    pub is_copy: bool,
}

/// A part as it is listed at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPart {
    /// Its number.
    pub number: u16,
    /// What the origin called its content, without quotes.
    pub etag: String,
}

/// What a request asks for; `None` when it is not of the API.
///
/// # Errors
/// [`Malformed`]: a parameter stands twice, is no plain number, the framing is announced in a place where only some
/// servers look, or a part has a coding that some would undo.
pub fn read_s3(method: &Method, query: Option<&str>, headers: &HeaderMap) -> Result<Option<S3Request>, Malformed> {
    let Some(query) = query.filter(|_| [Method::PUT, Method::POST, Method::DELETE].contains(method)) else {
        return Ok(None);
    };
    let upload = parameter(query, "uploadId")?;
    let number = parameter(query, "partNumber")?;
    Ok(match (method.as_str(), upload, number) {
        ("PUT", Some(upload), Some(number)) => Some(S3Request::Part(S3Part {
            upload,
            number: part_number(&number)?,
            is_framed: is_framed(headers)?,
            is_copy: headers.contains_key("x-amz-copy-source"),
        })),
        ("POST", Some(upload), _) => Some(S3Request::Complete { upload }),
        ("DELETE", Some(upload), _) => Some(S3Request::Forget { upload }),
        ("POST", None, None) if parameter(query, "uploads")?.is_some() => Some(S3Request::Create),
        _ => None,
    })
}

/// Whether `x-amz-content-sha256` says that the body is in aws-chunked framing, which is what servers go by;
/// `Content-Encoding` may say so or not.
pub fn is_streaming(headers: &HeaderMap) -> bool {
    let values = headers.get_all("x-amz-content-sha256").iter();
    values.into_iter().any(|value| value.as_bytes().to_ascii_uppercase().starts_with(b"STREAMING-"))
}

fn is_framed(headers: &HeaderMap) -> Result<bool, Malformed> {
    let is_framed = is_streaming(headers);
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let is_expected = |coding: &[u8]| is_framed && coding.eq_ignore_ascii_case(b"aws-chunked") || coding.is_empty();
    if codings.all(|coding| is_expected(coding.as_bytes().trim_ascii())) { Ok(is_framed) } else { Err(Malformed) }
}

/// The one parameter called `name`, in capitals or not: servers differ in whether that counts.
fn parameter(query: &str, name: &str) -> Result<Option<String>, Malformed> {
    let mut found = None;
    for pair in query.split(['&', ';']) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !unescaped(key).eq_ignore_ascii_case(name.as_bytes()) {
            continue;
        }
        let value = String::from_utf8(unescaped(value).to_vec()).map_err(|_| Malformed)?;
        if found.replace(value).is_some() {
            return Err(Malformed);
        }
    }
    Ok(found)
}

fn unescaped(text: &str) -> Bytes {
    decode(&Bytes::copy_from_slice(text.as_bytes()), Plus::IsSpace)
}

fn part_number(text: &str) -> Result<u16, Malformed> {
    let is_plain = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| (1..=MAX_PARTS).contains(number));
    number.filter(|_| is_plain && !text.starts_with('0')).ok_or(Malformed)
}

/// The upload that the answer to a creation names, if `body` has come so far.
pub fn upload_created(body: &[u8]) -> Option<String> {
    let text = str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<UploadId>")?;
    let (upload, _) = rest.split_once("</UploadId>")?;
    unescape(upload.trim())
}

/// Whether some parser could take `body` for XML, in any encoding.
pub fn may_be_xml(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let start = &body[..body.len().min(4)];
    start.starts_with(b"<") || start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") || start.contains(&0)
}

/// The parts that the body of a completion lists, in ascending order.
///
/// # Errors
/// [`Malformed`]: not the plain XML that SDKs write. Comments, CDATA, document types and processing instructions are
/// nowhere needed, and parsers differ in them.
pub fn listed_parts(body: &[u8]) -> Result<Vec<ListedPart>, Malformed> {
    let text = str::from_utf8(body).map_err(|_| Malformed)?;
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text) };
    reader.declaration()?;
    reader.open("CompleteMultipartUpload")?;
    let mut parts: Vec<ListedPart> = Vec::new();
    while !reader.close_if("CompleteMultipartUpload")? {
        reader.open("Part")?;
        let part = reader.part()?;
        if parts.last().is_some_and(|last| last.number >= part.number) {
            return Err(Malformed);
        }
        parts.push(part);
    }
    reader.skip_space();
    if reader.rest.is_empty() && !parts.is_empty() { Ok(parts) } else { Err(Malformed) }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// `<?xml version="1.0" encoding="UTF-8"?>`, or none.
    fn declaration(&mut self) -> Result<(), Malformed> {
        let Some(rest) = self.rest.strip_prefix("<?xml ") else {
            return Ok(());
        };
        let (declaration, rest) = rest.split_once("?>").ok_or(Malformed)?;
        let declaration = declaration.to_ascii_lowercase().replace('\'', "\"");
        if declaration.contains('<') || declaration.contains("encoding") && !declaration.contains("\"utf-8\"") {
            return Err(Malformed);
        }
        self.rest = rest;
        Ok(())
    }

    /// The inside of the next tag.
    fn tag(&mut self) -> Result<&'a str, Malformed> {
        self.skip_space();
        let (tag, rest) = self.rest.strip_prefix('<').ok_or(Malformed)?.split_once('>').ok_or(Malformed)?;
        if tag.contains(['<', '!', '?']) || tag.ends_with('/') {
            return Err(Malformed);
        }
        self.rest = rest;
        Ok(tag)
    }

    /// The name of the next element, whose attributes do not matter.
    fn start(&mut self) -> Result<&'a str, Malformed> {
        let tag = self.tag()?;
        let name = tag.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
        let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_plain { Ok(name) } else { Err(Malformed) }
    }

    fn open(&mut self, name: &str) -> Result<(), Malformed> {
        if self.start()? == name { Ok(()) } else { Err(Malformed) }
    }

    fn close_if(&mut self, name: &str) -> Result<bool, Malformed> {
        self.skip_space();
        if !self.rest.starts_with("</") {
            return Ok(false);
        }
        if self.tag()?.strip_prefix('/') == Some(name) { Ok(true) } else { Err(Malformed) }
    }

    /// What stands in a part: number, ETag, and checksums that only the origin knows.
    fn part(&mut self) -> Result<ListedPart, Malformed> {
        let (mut number, mut etag) = (None, None);
        while !self.close_if("Part")? {
            let name = self.start()?;
            let end = self.rest.find('<').ok_or(Malformed)?;
            let (text, rest) = self.rest.split_at(end);
            self.rest = rest;
            if !self.close_if(name)? {
                return Err(Malformed);
            }
            let text = unescape(text.trim()).ok_or(Malformed)?;
            let is_repeated = match name {
                "PartNumber" => number.replace(part_number(&text)?).is_some(),
                "ETag" => etag.replace(text.trim_matches('"').to_owned()).is_some(),
                checksum if checksum.starts_with("Checksum") => false,
                _ => true,
            };
            if is_repeated {
                return Err(Malformed);
            }
        }
        Ok(ListedPart { number: number.ok_or(Malformed)?, etag: etag.ok_or(Malformed)? })
    }
}

/// Undoes the references that SDKs write; `None` with any other.
fn unescape(text: &str) -> Option<String> {
    let mut plain = text.to_owned();
    for (reference, character) in
        [("&quot;", "\""), ("&#34;", "\""), ("&#x22;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'")]
    {
        plain = plain.replace(reference, character);
    }
    (!plain.replace("&amp;", "").contains('&')).then(|| plain.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn requests_of_the_api_are_told_from_others() {
        let part = S3Part { upload: "a+b".into(), number: 7, is_framed: false, is_copy: false };
        let streaming = headers(&[("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")]);
        for (method, query, headers, expected) in [
            ("PUT", None, HeaderMap::new(), None),
            ("PUT", Some("partNumber=7"), HeaderMap::new(), None),
            ("POST", Some("uploads"), HeaderMap::new(), Some(S3Request::Create)),
            ("POST", Some("uploads=&x=1"), HeaderMap::new(), Some(S3Request::Create)),
            ("PUT", Some("uploadId=a%2Bb&partNumber=7"), HeaderMap::new(), Some(S3Request::Part(part.clone()))),
            (
                "PUT",
                Some("part%4eumber=7&uploadId=a%2bb"),
                streaming,
                Some(S3Request::Part(S3Part { is_framed: true, ..part })),
            ),
            ("POST", Some("uploadId=x"), HeaderMap::new(), Some(S3Request::Complete { upload: "x".into() })),
            ("DELETE", Some("uploadId=x"), HeaderMap::new(), Some(S3Request::Forget { upload: "x".into() })),
            ("GET", Some("uploadId=x&uploadId=y"), HeaderMap::new(), None),
            ("POST", Some("q=%ff&UPLOADID=x"), HeaderMap::new(), Some(S3Request::Complete { upload: "x".into() })),
        ] {
            assert_eq!(read_s3(&method.parse().unwrap(), query, &headers), Ok(expected), "{method} {query:?}");
        }
    }

    #[test]
    fn parameters_that_servers_could_read_in_two_ways_are_refused() {
        for query in [
            "partNumber=1&uploadId=x&uploadId=y",
            "partNumber=1&uploadId=x&uploadid=y",
            "partNumber=1;partNumber=2&uploadId=x",
            "partNumber=0&uploadId=x",
            "partNumber=01&uploadId=x",
            "partNumber=10001&uploadId=x",
            "partNumber=+1&uploadId=x",
            "partNumber=1&uploadId=%ff",
        ] {
            assert_eq!(read_s3(&Method::PUT, Some(query), &HeaderMap::new()), Err(Malformed), "{query}");
        }
        for coding in ["aws-chunked", "gzip", "aws-chunked, gzip"] {
            let coded = headers(&[("content-encoding", coding)]);
            assert_eq!(read_s3(&Method::PUT, Some("partNumber=1&uploadId=x"), &coded), Err(Malformed), "{coding}");
        }
    }

    #[test]
    fn lists_of_parts_are_read_as_sdks_write_them() {
        let listed = |number, etag: &str| ListedPart { number, etag: etag.into() };
        for body in [
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>\"a\"</ETag>\
             <PartNumber>1</PartNumber></Part><Part><ETag>\"b\"</ETag><PartNumber>3</PartNumber></Part>\
             </CompleteMultipartUpload>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CompleteMultipartUpload>\n  <Part>\n    <PartNumber>1\
             </PartNumber>\n    <ETag>&quot;a&quot;</ETag>\n <ChecksumCRC32>AAAA</ChecksumCRC32>\n </Part>\n  <Part>\
             <PartNumber>3</PartNumber><ETag>&#34;b&#34;</ETag></Part>\n</CompleteMultipartUpload>\n",
        ] {
            assert_eq!(listed_parts(body.as_bytes()), Ok(vec![listed(1, "a"), listed(3, "b")]), "{body}");
        }
    }

    #[test]
    fn any_other_list_is_refused() {
        let one = "<Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>";
        for inside in [
            String::new(),
            format!("{one}{one}"),
            format!("<Part><PartNumber>2</PartNumber><ETag>b</ETag></Part>{one}"),
            "<Part><PartNumber>1</PartNumber></Part>".into(),
            "<Part><PartNumber>1</PartNumber><PartNumber>2</PartNumber><ETag>a</ETag></Part>".into(),
            "<Part><PartNumber>1<!-- --></PartNumber><ETag>a</ETag></Part>".into(),
            "<Part><PartNumber><![CDATA[1]]></PartNumber><ETag>a</ETag></Part>".into(),
            "<Part><PartNumber>&x;</PartNumber><ETag>a</ETag></Part>".into(),
            "<Part><PartNumber>&#49;</PartNumber><ETag>a</ETag></Part>".into(),
            format!("<s:Part/>{one}"),
            format!("{one}<Other>1</Other>"),
            format!("text{one}"),
        ] {
            let body = format!("<CompleteMultipartUpload>{inside}</CompleteMultipartUpload>");
            assert_eq!(listed_parts(body.as_bytes()), Err(Malformed), "{body}");
        }
        let good = format!("<CompleteMultipartUpload>{one}</CompleteMultipartUpload>");
        for body in [
            format!("<!DOCTYPE x [<!ENTITY x \"1\">]>{good}"),
            format!("<?xml version=\"1.0\" encoding=\"utf-7\"?>{good}"),
            format!("{good}{good}"),
            good.replace("</Complete", "</complete"),
        ] {
            assert_eq!(listed_parts(body.as_bytes()), Err(Malformed), "{body}");
        }
        let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(may_be_xml(&wide) && listed_parts(&wide).is_err());
        assert!(may_be_xml(b" \n<x/>") && !may_be_xml(b"{\"a\":1}") && !may_be_xml(b""));
    }

    #[test]
    fn the_upload_is_read_from_the_answer_to_its_creation() {
        let answer = b"<?xml version=\"1.0\"?><InitiateMultipartUploadResult><Key>k</Key><UploadId>a&amp;b</UploadId>";
        assert_eq!(upload_created(answer), Some("a&b".into()));
        assert_eq!(upload_created(&answer[..90]), None);
    }
}
