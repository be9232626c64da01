//! The fields and files of a form as every server sees them, for whoever asks what a form is about. What is inspected
//! is read elsewhere, in every way in which a server may read it.

use bytes::Bytes;

use super::delimiter::{Delimiter, Delimiters};
use super::headers;
use crate::extract::content_type::Declared;

/// Parts of a form that are read.
const MAX_PARTS: usize = 256;

/// Bytes of the headers of a part.
const MAX_HEADER: usize = 8 << 10;

/// One field or file.
#[derive(Clone, Debug)]
pub struct FormPart {
    /// What the field is called.
    pub name: String,
    /// What the file is called; `None` for a field.
    pub file_name: Option<String>,
    /// The type that it is declared to have.
    pub declared_type: Option<String>,
    /// Whether it is said to be in base64, which some servers undo.
    pub is_base64: bool,
    /// Its content.
    pub bytes: Bytes,
}

/// The parts of `body`, which has this one `Content-Type`; `None` where that is not `multipart/form-data`.
///
/// What is not in the canonical form is left out.
pub fn parts_of_form(body: &Bytes, content_type: &[u8]) -> Option<Vec<FormPart>> {
    let Ok(Declared::Multipart(declared)) = Declared::parse(content_type) else {
        return None;
    };
    if !declared.is_form {
        return None;
    }
    let delimiters = Delimiters::new(body, declared.boundary);
    let places: Vec<Delimiter> = delimiters.iter().filter_map(Result::ok).take(MAX_PARTS + 1).collect();
    let parts = places.iter().zip(places.iter().skip(1)).filter_map(|(opening, next)| {
        let end = next.start?;
        let block = body.get(opening.end..end)?;
        let at = memchr::memmem::find(&block[..block.len().min(MAX_HEADER)], b"\r\n\r\n")?;
        let headers = headers::parse(&block[..at + 2], 0).ok()?;
        let names = headers.disposition?.names;
        let bytes = body.slice(opening.end + at + 4..end);
        let (name, declared_type) = (names.name.unwrap_or_default(), headers.declared_type);
        Some(FormPart { name, file_name: names.file_name, declared_type, is_base64: headers.is_base64, bytes })
    });
    Some(parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_of_a_form_are_listed() {
        let body = Bytes::from_static(
            b"--b\r\nContent-Disposition: form-data; name=\"chunk\"\r\n\r\n0\r\n--b\r\nContent-Disposition: form-data; \
              name=\"file\"; filename=\"blob\"\r\nContent-Type: image/jpeg\r\n\r\nx\r\ny\r\n--b--\r\n",
        );
        let parts = parts_of_form(&body, b"multipart/form-data; boundary=b").unwrap();
        let told: Vec<_> =
            parts.iter().map(|part| (part.name.as_str(), part.file_name.as_deref(), &part.bytes[..])).collect();
        assert_eq!(told, [("chunk", None, &b"0"[..]), ("file", Some("blob"), b"x\r\ny")]);
        assert!(parts_of_form(&body, b"multipart/mixed; boundary=b").is_none());
    }
}
