//! The parameters of `Content-Type` and `Content-Disposition`, in the notations that clients write.
//!
//! Two readers: [`Parameters`] takes what every server reads alike, for the one parameter that decides which bytes are
//! content, the boundary. [`read_loosely`] takes anything, for names, where every reading is inspected.

/// One parameter as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    /// Without its quotes. Percent escapes are left as they are.
    pub(super) value: &'a str,
}

/// The text is not in the notation that every server reads alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotInNotation;

/// Reads one parameter after the other from what follows a type: `; name=value; name="value"`.
///
/// White space may be on either side of `;`, and any number of `;`, also at the end. There is none around `=`. A value
/// without quotes is of characters of a token or of a boundary, one with quotes has no backslash. Whoever reads it
/// stops at the first error.
pub(super) struct Parameters<'a> {
    rest: &'a str,
}

impl<'a> Parameters<'a> {
    /// `text` begins at the first `;`.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn read(&mut self) -> Result<Parameter<'a>, NotInNotation> {
        let (name, text) = split_run(self.rest, is_token_byte)?;
        let text = text.strip_prefix('=').ok_or(NotInNotation)?;
        let (value, rest) = match text.strip_prefix('"') {
            Some(quoted) => split_quoted(quoted)?,
            None => split_run(text, is_value_byte)?,
        };
        let rest = rest.trim_start_matches(is_blank);
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err(NotInNotation);
        }
        self.rest = rest;
        Ok(Parameter { name, value })
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<Parameter<'a>, NotInNotation>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.trim_start_matches(|c| c == ';' || is_blank(c));
        (!self.rest.is_empty()).then(|| self.read())
    }
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Whether `byte` may stand in a token (RFC 9110 §5.6.2).
pub const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~') && byte != b'"'
}

/// Whether `byte` may stand in a value without quotes: in a token, or in a boundary (RFC 2046 §5.1.1), which old
/// clients of .NET and mailers do not quote.
const fn is_value_byte(byte: u8) -> bool {
    is_token_byte(byte) || matches!(byte, b'(' | b')' | b',' | b'/' | b':' | b'=' | b'?')
}

/// Whether `text` is a token.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// The bytes at the start of `text` that `belongs`, at least one, and the rest.
fn split_run(text: &str, belongs: fn(u8) -> bool) -> Result<(&str, &str), NotInNotation> {
    let end = text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len());
    if end > 0 { Ok(text.split_at(end)) } else { Err(NotInNotation) }
}

/// `text` starts after the opening quote.
fn split_quoted(text: &str) -> Result<(&str, &str), NotInNotation> {
    let end = text.find(['"', '\\']).ok_or(NotInNotation)?;
    if text.as_bytes()[end] == b'\\' { Err(NotInNotation) } else { Ok((&text[..end], &text[end + 1..])) }
}

/// What a backslash in a quoted string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backslash {
    /// It makes the next character stand for itself (RFC 9110 §5.6.4; old curl, Firefox, Safari).
    Escapes,
    /// A character like any other (browsers and their Windows paths).
    IsLiteral,
}

/// A parameter as a forgiving reader takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LooseParameter {
    /// As written, without white space around it.
    pub(super) name: String,
    pub(super) value: Vec<u8>,
    /// Whether it is a token, `=`, and a plain word or a string that is closed where the parameter ends.
    pub(super) is_plain: bool,
}

/// Reads parameters from `text`, which begins at the first `;`, without ever failing.
pub(super) fn read_loosely(text: &[u8], backslash: Backslash) -> Vec<LooseParameter> {
    let mut parameters = Vec::new();
    let mut rest = text;
    loop {
        let start = rest.iter().position(|byte| !matches!(byte, b';' | b' ' | b'\t')).unwrap_or(rest.len());
        rest = &rest[start..];
        if rest.is_empty() {
            return parameters;
        }
        let (parameter, behind) = read_one(rest, backslash);
        parameters.push(parameter);
        rest = behind;
    }
}

fn read_one(text: &[u8], backslash: Backslash) -> (LooseParameter, &[u8]) {
    let end = text.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let is_token = !name.is_empty() && name.iter().all(|byte| is_token_byte(*byte));
    let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
    let Some(value) = rest.strip_prefix(b"=") else {
        return (LooseParameter { name, value: Vec::new(), is_plain: false }, rest);
    };
    let (value, is_word, rest) = match value.trim_ascii_start().strip_prefix(b"\"") {
        Some(quoted) => {
            let (text, is_closed, rest) = read_quoted(quoted, backslash);
            (text, is_closed && !value.starts_with(b" ") && !value.starts_with(b"\t"), rest)
        }
        None => {
            let end = memchr::memchr(b';', value).unwrap_or(value.len());
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            let word = &value[..end];
            (word.trim_ascii().to_vec(), !word.is_empty() && word.iter().all(is_plain), &value[end..])
        }
    };
    let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
    let is_plain = is_token && is_word && rest[..end].trim_ascii().is_empty();
    (LooseParameter { name, value, is_plain }, &rest[end..])
}

/// The text up to the closing quote, whether there is one, and what follows it.
fn read_quoted(text: &[u8], backslash: Backslash) -> (Vec<u8>, bool, &[u8]) {
    let mut value = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => return (value, true, rest),
            b'\\' if backslash == Backslash::Escapes => {
                if let Some((&escaped, after)) = rest.split_first() {
                    value.push(escaped);
                    rest = after;
                }
            }
            _ => value.push(byte),
        }
    }
    (value, false, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(&str, &str)>, NotInNotation> {
        Parameters::new(text).map(|parameter| parameter.map(|p| (p.name, p.value))).collect()
    }

    #[test]
    fn the_notations_that_all_read_alike_are_read() {
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read(";"), Ok(vec![]));
        assert_eq!(read(";a=b"), Ok(vec![("a", "b")]));
        assert_eq!(read(" ;\ta=b ; ; c=d;"), Ok(vec![("a", "b"), ("c", "d")]));
        assert_eq!(read("; a===12=; c=x:y/(z),'?"), Ok(vec![("a", "==12="), ("c", "x:y/(z),'?")]));
        assert_eq!(
            read("; name=\"a; b=c 'é%22\"; filename=\"\""),
            Ok(vec![("name", "a; b=c 'é%22"), ("filename", "")])
        );
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in [
            "; a =b",
            "; a= b",
            "; a=",
            "; =b",
            "; a",
            "; a=\"b",
            "; a=\"b\"c",
            "; a=b c",
            "; a=\"b\\\"c\"",
            "; a=\"C:\\x.jpg\"",
            "; a=\"\\",
        ] {
            assert_eq!(read(text), Err(NotInNotation), "{text}");
        }
    }

    #[test]
    fn a_forgiving_reader_takes_a_backslash_either_way() {
        for (text, backslash, expected) in [
            ("; f=\"\\\"q\\\".jpg\"", Backslash::Escapes, &[("f", "\"q\".jpg", true)][..]),
            ("; f=\"\\\"q\\\".jpg\"", Backslash::IsLiteral, &[("f", "\\", false)]),
            ("; f=\"C:\\x.jpg\"; N=t;", Backslash::IsLiteral, &[("f", "C:\\x.jpg", true), ("N", "t", true)]),
            ("; f=\"C:\\x.jpg\"; N=t;", Backslash::Escapes, &[("f", "C:x.jpg", true), ("N", "t", true)]),
            ("; f = \"a b\" ;x", Backslash::Escapes, &[("f", "a b", false), ("x", "", false)]),
            ("; f=a[b; g=\"open", Backslash::Escapes, &[("f", "a[b", false), ("g", "open", false)]),
            ("; f='a'; =;", Backslash::Escapes, &[("f", "'a'", false), ("", "", false)]),
        ] {
            let found = read_loosely(text.as_bytes(), backslash);
            let found: Vec<_> =
                found.iter().map(|p| (p.name.as_str(), str::from_utf8(&p.value).unwrap(), p.is_plain)).collect();
            assert_eq!(found, expected, "{text}");
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
