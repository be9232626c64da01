//! `Content-Disposition: form-data; name="…"; filename="…"`.

use crate::extract::ProblemCode;
use crate::extract::parameters::{ParameterError, ParameterValue, Parameters};

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
        let (mut name, mut file_name) = (None, None);
        for parameter in Parameters::new(parameters) {
            let parameter = parameter.map_err(|error| match error {
                ParameterError::Malformed => ProblemCode::MultipartDispositionMalformed,
                ParameterError::Backslash => ProblemCode::MultipartBackslash,
            })?;
            let slot = match parameter.name {
                "name" => &mut name,
                "filename" => &mut file_name,
                other => return Err(unknown_parameter(other)),
            };
            if slot.replace(plain_value(parameter.value)?).is_some() {
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

/// Folders are let through, since browsers send them for a directory that is uploaded; `..` they never send.
fn checked_file_name(text: &str) -> Result<String, ProblemCode> {
    if text.split('/').any(|folder| folder == "..") {
        return Err(ProblemCode::MultipartFilenameTraversal);
    }
    Ok(text.to_owned())
}
