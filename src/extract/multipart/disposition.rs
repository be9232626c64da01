//! `Content-Disposition: form-data; name="…"; filename="…"`.

use bytes::Bytes;

use crate::extract::ProblemCode;
use crate::extract::parameters::{ParameterError, ParameterValue, Parameters};
use crate::extract::percent;

/// Name and file name of a part, as sent: percent escapes stay.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    /// Never empty.
    pub(super) name: String,
    /// Empty when a browser sends a file input without a file.
    pub(super) file_name: Option<String>,
}

impl Disposition {
    /// Reads a header value that has no control characters in it.
    pub(super) fn parse(value: &str) -> Result<Self, ProblemCode> {
        let (kind, parameters) = value.split_at(value.find(';').unwrap_or(value.len()));
        if !kind.eq_ignore_ascii_case("form-data") {
            return Err(ProblemCode::MultipartDispositionType);
        }
        let (mut name, mut file_name, mut extended) = (None, None, None);
        for parameter in Parameters::new(parameters) {
            let parameter = parameter.map_err(|error| match error {
                ParameterError::Malformed => ProblemCode::MultipartDispositionMalformed,
                ParameterError::Backslash => ProblemCode::MultipartBackslash,
            })?;
            let slot = match parameter.name {
                "name" => &mut name,
                "filename" => &mut file_name,
                "filename*" => {
                    check_extended(parameter.value, file_name)?;
                    &mut extended
                }
                other => return Err(unknown_parameter(other)),
            };
            let value =
                if parameter.name == "filename*" { parameter.value.text() } else { plain_value(parameter.value)? };
            if slot.replace(value).is_some() {
                return Err(ProblemCode::MultipartParameterRepeated);
            }
        }
        let name = name.filter(|name| !name.is_empty()).ok_or(ProblemCode::MultipartNameMissing)?.to_owned();
        Ok(Self { name, file_name: file_name.map(checked_file_name).transpose()? })
    }
}

/// Unknown ones are refused because some servers search for `name=` wherever a word starts, as in `x-name=`.
fn unknown_parameter(name: &str) -> ProblemCode {
    match name.to_ascii_lowercase().split_once('*') {
        Some(("name", _)) => ProblemCode::MultipartNameExtended,
        Some(("filename", _)) => ProblemCode::MultipartFilenameExtended,
        _ => ProblemCode::MultipartDispositionParameter,
    }
}

/// The text of a value. Without quotes only what all servers agree on: PHP, for one, strips single quotes.
fn plain_value(value: ParameterValue<'_>) -> Result<&str, ProblemCode> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match value {
        ParameterValue::Token(text) if !text.bytes().all(is_plain) => Err(ProblemCode::MultipartDispositionMalformed),
        _ => Ok(value.text()),
    }
}

/// Lets the second file name pass that .NET's `HttpClient` adds behind every first one, in the notation of RFC 8187: the
/// same once more, or what the first could only hint at in the notation of mail headers.
fn check_extended(value: ParameterValue<'_>, first: Option<&str>) -> Result<(), ProblemCode> {
    let name = match value {
        ParameterValue::Token(text) => text.strip_prefix("utf-8''").or_else(|| text.strip_prefix("UTF-8''")),
        ParameterValue::Quoted(_) => None,
    };
    let decoded = name.map(|name| percent::decode(&Bytes::copy_from_slice(name.as_bytes()), percent::Plus::IsPlus));
    let decoded = decoded.as_deref().and_then(|name| str::from_utf8(name).ok()).unwrap_or_default();
    let is_plain = !decoded.is_empty() && !decoded.contains(|c: char| c.is_control() || "\"\\;%".contains(c));
    let is_same = first.is_some_and(|first| first == decoded || first.starts_with("=?utf-8?B?"));
    if is_plain && is_same { checked_file_name(decoded).map(drop) } else { Err(ProblemCode::MultipartFilenameExtended) }
}

/// Folders are let through, since browsers send them for a directory that is uploaded; `..` they never send.
fn checked_file_name(text: &str) -> Result<String, ProblemCode> {
    if text.split('/').any(|folder| folder == "..") {
        return Err(ProblemCode::MultipartFilenameTraversal);
    }
    Ok(text.to_owned())
}
