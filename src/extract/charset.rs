//! Charsets that are declared for content: does it mean the same when read as UTF-8, and what does it mean if not?

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::dissection::Dissection;
use super::legible;

/// What a `charset` parameter says about reading content as UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// None declared, UTF-8 or US-ASCII.
    Utf8,
    /// A superset of ASCII that differs from UTF-8 only above it. Apache HttpClient declares ISO-8859-1 for every text
    /// field unless told otherwise, so this is ordinary traffic.
    Latin,
    /// Another one of the Encoding Standard, by which every browser reads it.
    Other(&'static Encoding),
    /// One that nobody here knows, and none of those in which ASCII is something else.
    Unknown,
    /// One in which ASCII is something else or that hides what it says, or two that disagree.
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
            Self::Latin | Self::Unknown => content.is_ascii(),
            Self::Other(encoding) => encoding.is_ascii_compatible() && content.is_ascii(),
            Self::Foreign => false,
        }
    }

    /// Whether nobody here knows what `content` is in this charset.
    pub(super) fn is_doubtful(self, content: &[u8]) -> bool {
        matches!(self, Self::Unknown | Self::Foreign) && !self.reads_like_utf8(content)
    }

    /// What is declared, if that is one of the Encoding Standard and not UTF-8.
    pub(super) fn encoding(self) -> Option<&'static Encoding> {
        match self {
            Self::Latin => Some(encoding_rs::WINDOWS_1252),
            Self::Other(encoding) => Some(encoding),
            Self::Utf8 | Self::Unknown | Self::Foreign => None,
        }
    }

    /// `body` in UTF-8 in every way in which it reads otherwise than it stands there: in this charset, and in the
    /// encoding of Unicode that its first bytes look like. Bytes that are no text in it are replaced, as browsers do
    /// it.
    pub(super) fn readings(self, body: &Bytes, found: &mut Dissection<'_>) -> Vec<Bytes> {
        let declared = self.encoding().filter(|_| !self.reads_like_utf8(body));
        let declared = declared.and_then(|encoding| legible::decoded(body, encoding, found));
        let mut readings: Vec<Bytes> = declared.into_iter().chain(by_first_bytes(body, found)).collect();
        readings.dedup();
        readings
    }

    pub(super) fn from_label(label: &str) -> Self {
        match label.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "us-ascii" | "ascii" => Self::Utf8,
            label if is_latin(label.as_bytes()) => Self::Latin,
            // Told by its first bytes, if it is that.
            "utf-32" | "utf-32le" | "utf-32be" => Self::Utf8,
            label => match Encoding::for_label_no_replacement(label.as_bytes()) {
                Some(encoding) if encoding == UTF_8 => Self::Utf8,
                Some(encoding) => Self::Other(encoding),
                None if changes_ascii(label.as_bytes()) => Self::Foreign,
                None => Self::Unknown,
            },
        }
    }
}

/// The text in UTF-8, if its first bytes are those of another encoding of Unicode: with a byte order mark, or with a
/// character of ASCII first, which is how every text of JSON and XML begins (RFC 4627 §3; XML 1.0, appendix F).
pub(super) fn by_first_bytes(body: &Bytes, found: &mut Dissection<'_>) -> Option<Bytes> {
    let encoding = match body[..] {
        [0xff, 0xfe, 0, 0, ..] | [1..=0x7f, 0, 0, 0, ..] => return utf32(body, u32::from_le_bytes, found),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, 1..=0x7f, ..] => return utf32(body, u32::from_be_bytes, found),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, ..] => UTF_16BE,
        [0xff, 0xfe, ..] | [1..=0x7f, 0, ..] => UTF_16LE,
        _ => return None,
    };
    legible::decoded(body, encoding, found)
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32, found: &mut Dissection<'_>) -> Option<Bytes> {
    const BYTE_ORDER_MARK: u32 = 0xfeff;
    let units = bytes.as_chunks().0.iter().map(|bytes| unit(*bytes)).enumerate();
    let units = units.filter(|(index, unit)| *index > 0 || *unit != BYTE_ORDER_MARK);
    let text: String = units.map(|(_, unit)| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    found.keep(text.as_bytes(), bytes.len())
}

/// Whether the charset of this name, in lower case, is UTF-8 or a part of it.
pub(super) fn is_like_utf8(label: &[u8]) -> bool {
    matches!(label, b"utf-8" | b"utf8" | b"us-ascii" | b"ascii")
}

/// Whether the charset of this name, in lower case, is Latin-1 or what browsers take for it.
pub(super) fn is_latin(label: &[u8]) -> bool {
    matches!(label, b"iso-8859-1" | b"latin1" | b"windows-1252")
}

/// Whether ASCII bytes may be other characters in the charset of this name. Those of Windows, ISO 8859 and the CJK
/// encodings of the web all keep ASCII; of others their family tells it. What belongs to none, no reader knows.
pub(super) fn changes_ascii(label: &[u8]) -> bool {
    match Encoding::for_label_no_replacement(label) {
        Some(encoding) => !encoding.is_ascii_compatible(),
        None => {
            let letters = label.iter().filter(|byte| byte.is_ascii_alphanumeric());
            let name: String = letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
            OTHER_FAMILIES.iter().any(|family| name.contains(family)) || is_other_code_page(&name)
        }
    }
}

/// What names of charsets have in them in which ASCII is something else, or which are no charsets but undo escapes,
/// without signs between letters. Sources: IANA, "Character Sets"; libiconv; the codecs of Python, Java, PHP's
/// `mbstring`, Perl's `Encode` and iconv-lite.
const OTHER_FAMILIES: [&str; 40] = [
    "utf7", "utf1", "utf32", "utfimap", "ucs", "10646", "unicode", "scsu", "bocu", "compound", "2022", "hz", "jis",
    "ebcdic", "posixbc", "csa", "646", "t61", "t51", "isoir", "gsm", "symbol", "dingbat", "nextstep", "punycode",
    "idna", "java", "c99", "escape", "base64", "hex", "uu", "quot", "mime", "html", "entit", "rot", "zlib", "bz2",
    "zip",
];

/// What stands before the number of a code page.
const CODE_PAGES: [&str; 11] = ["", "cp", "xcp", "ibm", "xibm", "cpibm", "csibm", "ccsid", "ms", "windows", "codepage"];

/// Code pages of DOS, Windows and AIX that keep ASCII and that browsers do not know. Of the others, many are of EBCDIC.
const PLAIN_CODE_PAGES: [&str; 38] = [
    "367", "437", "708", "720", "737", "775", "813", "819", "850", "852", "855", "856", "857", "858", "860", "861",
    "862", "863", "864", "865", "866", "868", "869", "874", "912", "915", "920", "921", "923", "932", "936", "949",
    "950", "951", "1361", "1386", "20127", "65001",
];

/// Whether this is the name of a code page in which ASCII may be something else.
fn is_other_code_page(name: &str) -> bool {
    let (before, number) = name.split_at(name.find(|sign: char| sign.is_ascii_digit()).unwrap_or(name.len()));
    let digits = number.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(number.len());
    let is_number = digits == number.len() || !before.is_empty();
    digits > 0 && is_number && CODE_PAGES.contains(&before) && !PLAIN_CODE_PAGES.contains(&&number[..digits])
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
            ("text/plain; charset=utf-16", Charset::Other(UTF_16LE)),
            ("text/plain; charset=Shift_JIS", Charset::Other(encoding_rs::SHIFT_JIS)),
            ("text/plain; charset=utf-7", Charset::Foreign),
            ("text/plain; charset=utf-8; charset=utf-16", Charset::Foreign),
            ("text/plain; charset*=us-ascii''utf-7", Charset::Foreign),
            ("text/plain; charset=", Charset::Unknown),
            ("text/plain; charset=cp850", Charset::Unknown),
            ("text/plain; charset=\"utf8mb4\"", Charset::Unknown),
            ("text/plain; charset=unknown-8bit", Charset::Unknown),
            ("text/plain; charset=binary", Charset::Unknown),
            ("text/plain; charset=8bit", Charset::Unknown),
            ("text/plain; charset=Latin-1", Charset::Unknown),
            ("text/plain; charset=iso8859_16", Charset::Unknown),
            ("text/plain; charset=IBM-1047", Charset::Foreign),
            ("text/plain; charset=cp037", Charset::Foreign),
            ("text/plain; charset=37", Charset::Foreign),
            ("text/plain; charset=UTF7-IMAP", Charset::Foreign),
            ("text/plain; charset=hz-gb-2312", Charset::Foreign),
            ("text/plain; charset=ISO-2022-CN", Charset::Foreign),
            ("text/plain; charset=unicode_escape", Charset::Foreign),
            ("text/plain; charset=UCS-4", Charset::Foreign),
        ] {
            assert_eq!(Charset::of_media_type(value), expected, "{value}");
        }
    }

    #[test]
    fn latin_reads_like_utf8_as_long_as_it_is_ascii() {
        assert!(Charset::Latin.reads_like_utf8(b"plain"));
        assert!(!Charset::Latin.reads_like_utf8(b"caf\xe9"));
        assert!(!Charset::Foreign.reads_like_utf8(b"plain"));
        assert!(Charset::Foreign.is_doubtful(b"plain"));
        assert!(!Charset::Unknown.is_doubtful(b"plain"));
        assert!(Charset::Unknown.is_doubtful(b"caf\xe9"));
        assert!(!Charset::Latin.is_doubtful(b"caf\xe9"));
    }
}
