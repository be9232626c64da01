//! Declared charsets, as far as extraction must know them: does the content mean the same when read as UTF-8?

/// What a `charset` parameter says about reading content as UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// None declared, UTF-8 or US-ASCII.
    Utf8,
    /// A superset of ASCII that differs from UTF-8 only above it. Apache HttpClient declares ISO-8859-1 for every text
    /// field unless told otherwise, so this is ordinary traffic.
    Latin,
    /// Anything else, or two that disagree.
    Foreign,
}

impl Charset {
    /// The charset in the parameters of a media type, read as leniently as an origin might.
    pub(super) fn of_media_type(value: &str) -> Self {
        let mut declared = value.split(';').skip(1).filter_map(charset_parameter).map(Self::from_label);
        let first = declared.next().unwrap_or(Self::Utf8);
        if declared.all(|next| next == first) { first } else { Self::Foreign }
    }

    /// Whether `content` reads the same in this charset and in UTF-8.
    pub(super) fn reads_like_utf8(self, content: &[u8]) -> bool {
        match self {
            Self::Utf8 => true,
            Self::Latin => content.is_ascii(),
            Self::Foreign => false,
        }
    }

    fn from_label(label: &str) -> Self {
        match label.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "us-ascii" | "ascii" => Self::Utf8,
            "iso-8859-1" | "latin1" | "windows-1252" => Self::Latin,
            _ => Self::Foreign,
        }
    }
}

/// Whether the charset of this name, in lower case, is UTF-8 or a part of it.
pub(super) fn is_like_utf8(label: &[u8]) -> bool {
    matches!(label, b"utf-8" | b"utf8" | b"us-ascii" | b"ascii")
}

/// Whether ASCII bytes may be other characters in the charset of this name, in lower case. Those of Windows, ISO 8859
/// and the CJK encodings of the web all keep ASCII; of any other nobody knows.
pub(super) fn changes_ascii(label: &[u8]) -> bool {
    encoding_rs::Encoding::for_label_no_replacement(label).is_none_or(|encoding| !encoding.is_ascii_compatible())
}

/// The value of a `charset` parameter; an RFC 2231 one (`charset*`) keeps its marks and so counts as foreign.
fn charset_parameter(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    let name = name.trim();
    let is_charset = name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("charset"));
    is_charset.then(|| value.trim().trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charset_is_told_from_its_label() {
        for (value, expected) in [
            ("text/plain", Charset::Utf8),
            ("text/plain; charset=UTF-8", Charset::Utf8),
            ("text/plain;charset=\"us-ascii\"", Charset::Utf8),
            ("text/plain; format=flowed; CHARSET = 'iso-8859-1'", Charset::Latin),
            ("text/plain; charset=utf-16", Charset::Foreign),
            ("text/plain; charset=utf-8; charset=utf-16", Charset::Foreign),
            ("text/plain; charset*=us-ascii''utf-7", Charset::Foreign),
            ("text/plain; charset=", Charset::Foreign),
        ] {
            assert_eq!(Charset::of_media_type(value), expected, "{value}");
        }
    }

    #[test]
    fn latin_reads_like_utf8_as_long_as_it_is_ascii() {
        assert!(Charset::Latin.reads_like_utf8(b"plain"));
        assert!(!Charset::Latin.reads_like_utf8(b"caf\xe9"));
        assert!(!Charset::Foreign.reads_like_utf8(b"plain"));
    }
}
