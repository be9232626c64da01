//! A form as a browser sends it.

use bytes::Bytes;

/// Of the length and kind that browsers choose.
pub(crate) const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW5";

/// A `multipart/form-data` body and its type.
pub(crate) struct Form {
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

impl Form {
    /// `fields` short fields and then `file`.
    pub(crate) fn with_fields_and_file(fields: usize, file: &[u8]) -> Self {
        let mut body = Vec::new();
        for number in 0..fields {
            let value = format!("the value of field {number}, a line or so long as people type it");
            let header = format!("Content-Disposition: form-data; name=\"field-{number}\"");
            body.extend(format!("--{BOUNDARY}\r\n{header}\r\n\r\n{value}\r\n").as_bytes());
        }
        let header = "Content-Disposition: form-data; name=\"photo\"; filename=\"photo.bin\"\r\n\
                      Content-Type: application/octet-stream";
        body.extend(format!("--{BOUNDARY}\r\n{header}\r\n\r\n").as_bytes());
        body.extend(file);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        Self { content_type: format!("multipart/form-data; boundary={BOUNDARY}"), body: body.into() }
    }
}
