//! The parameters of `Content-Type` and `Content-Disposition` in the one notation that every server reads alike.
//!
//! `;` then spaces, a token, `=`, and a token or a quoted string without backslash. No space around `=`, none before
//! `;`, and no `;` at the end.

/// One parameter as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) value: ParameterValue<'a>,
}

/// A value, with or without quotes. Percent escapes are left as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterValue<'a> {
    /// One or more token characters (RFC 9110 §5.6.2).
    Token(&'a str),
    /// What stands between the quotes; may be empty.
    Quoted(&'a str),
}

impl<'a> ParameterValue<'a> {
    pub(super) const fn text(self) -> &'a str {
        match self {
            Self::Token(text) | Self::Quoted(text) => text,
        }
    }
}

/// Why parameters cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterError {
    /// Not in the notation.
    Malformed,
    /// A quoted string holds a backslash: an escape to some parsers, part of a Windows path to others.
    Backslash,
}

/// Reads one parameter after the other from what follows a type: `; name=value; name="value"`.
///
/// Whoever reads it stops at the first error.
pub(super) struct Parameters<'a> {
    rest: &'a str,
}

impl<'a> Parameters<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn read(&mut self) -> Result<Parameter<'a>, ParameterError> {
        let text = self.rest.strip_prefix(';').ok_or(ParameterError::Malformed)?.trim_start_matches(' ');
        let (name, text) = split_token(text).ok_or(ParameterError::Malformed)?;
        let text = text.strip_prefix('=').ok_or(ParameterError::Malformed)?;
        let (value, rest) = match text.strip_prefix('"') {
            Some(quoted) => split_quoted(quoted)?,
            None => split_token(text)
                .map(|(token, rest)| (ParameterValue::Token(token), rest))
                .ok_or(ParameterError::Malformed)?,
        };
        self.rest = rest;
        Ok(Parameter { name, value })
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<Parameter<'a>, ParameterError>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.read())
    }
}

/// Whether `byte` may stand in a token (RFC 9110 §5.6.2).
pub const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~') && byte != b'"'
}

/// Whether `text` is a token.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn split_token(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `text` starts behind the opening quote.
fn split_quoted(text: &str) -> Result<(ParameterValue<'_>, &str), ParameterError> {
    let end = text.find(['"', '\\']).ok_or(ParameterError::Malformed)?;
    if text.as_bytes()[end] == b'\\' {
        return Err(ParameterError::Backslash);
    }
    Ok((ParameterValue::Quoted(&text[..end]), &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(&str, ParameterValue<'_>)>, ParameterError> {
        Parameters::new(text).map(|parameter| parameter.map(|p| (p.name, p.value))).collect()
    }

    #[test]
    fn the_canonical_notation_is_read() {
        use ParameterValue::{Quoted, Token};
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read(";a=b"), Ok(vec![("a", Token("b"))]));
        assert_eq!(
            read("; name=\"a; b=c 'é%22\"; filename=\"\""),
            Ok(vec![("name", Quoted("a; b=c 'é%22")), ("filename", Quoted(""))])
        );
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in
            [" ;a=b", ";", "; a=b;", "; a=b ; c=d", "; a =b", "; a= b", "; a=", "; =b", "; a", "; a=\"b", "; a=\"b\"c"]
        {
            assert_eq!(read(text), Err(ParameterError::Malformed), "{text}");
        }
        for text in ["; a=\"b\\\"c\"", "; a=\"C:\\x.jpg\"", "; a=\"\\"] {
            assert_eq!(read(text), Err(ParameterError::Backslash), "{text}");
        }
    }

    #[test]
    fn token_bytes_are_those_of_rfc_9110() {
        let tokens: String = (0..=255).filter(|byte| is_token_byte(*byte)).map(char::from).collect();
        let mut expected: Vec<char> =
            "!#$%&'*+-.^_`|~".chars().chain('0'..='9').chain('a'..='z').chain('A'..='Z').collect();
        expected.sort_unstable();
        assert_eq!(tokens, String::from_iter(expected));
    }
}
