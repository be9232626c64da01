//! Bytes in the charset that they are said to be in, as UTF-8.
//!
//! Rules read bytes as UTF-8, as windows-1252 and, behind a byte order mark, as UTF-16. Whatever is declared or marked
//! as anything else becomes a text of its own here, and so does UTF-16, whose markup could not be told from its text.
//!
//! Sources: RFC 2046 §4.1.2; WHATWG HTML, "prescan a byte stream to determine its encoding"; XML 1.0, appendix F.

use bytes::Bytes;
use encoding_rs::{Decoder, Encoding, UTF_8, WINDOWS_1252};

use crate::body::End;
use crate::content::Part;
use crate::extract::ProblemCode;
use crate::extract::charset::changes_ascii;
use crate::extract::dissection::Dissection;

/// Bytes in which markup names its charset. Browsers look at 1,024.
const NAMED_WITHIN: usize = 1024;

/// Bytes decoded at a time.
const BLOCK: usize = 16 << 10;

/// Where a charset is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A byte order mark, which leaves no other reading.
    Mark,
    /// What somebody says.
    Declared,
}

/// The bytes of `part` in UTF-8, where they are in a charset in which they read otherwise, and where that is known
/// from.
pub(super) fn recoded(part: &Part, found: &mut Dissection<'_>) -> (Option<Bytes>, Source) {
    let bytes = &part.bytes;
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let other = (encoding != UTF_8).then(|| decoded(bytes, encoding, found)).flatten();
        return (other, Source::Mark);
    }
    let declared = part.declared_type.as_deref().and_then(|declared| named(declared.as_bytes(), b"charset"));
    if declared.is_some_and(|label| is_unknown(label) && (changes_ascii(label) || !bytes.is_ascii())) {
        found.report(ProblemCode::CharsetUnknown, None);
    }
    let declared = declared.and_then(Encoding::for_label_no_replacement);
    let start = &bytes[..bytes.len().min(NAMED_WITHIN)];
    // Looking for two words in every short value would cost more than scanning it.
    let in_markup = || {
        let keys = [&b"charset"[..], b"encoding"].into_iter().filter(|_| start.contains(&b'<'));
        keys.filter_map(|key| named(start, key)).find_map(Encoding::for_label_no_replacement)
    };
    let encoding = declared.or_else(in_markup).filter(|encoding| reads_otherwise(bytes, encoding));
    (encoding.and_then(|encoding| decoded(bytes, encoding, found)), Source::Declared)
}

fn is_unknown(label: &[u8]) -> bool {
    Encoding::for_label_no_replacement(label).is_none()
}

/// Whether `bytes` may be other characters in `encoding` than those that rules see in them.
fn reads_otherwise(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let is_seen = encoding == UTF_8 || encoding == WINDOWS_1252;
    !(is_seen || encoding.is_ascii_compatible() && bytes.is_ascii())
}

/// The name that stands behind the first `key` and an equals sign.
pub(in crate::extract) fn named<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(key.len()).position(|window| window.eq_ignore_ascii_case(key))?;
    let value = text[at + key.len()..].trim_ascii_start().strip_prefix(b"=")?;
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'');
    let value = &value[value.iter().take_while(|byte| is_blank(byte)).count()..];
    let length = value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.:+".contains(byte)).count();
    Some(&value[..length])
}

/// `bytes` in UTF-8, with faults replaced as browsers do it.
pub(in crate::extract) fn decoded(
    bytes: &[u8],
    encoding: &'static Encoding,
    found: &mut Dissection<'_>,
) -> Option<Bytes> {
    decoded_by(encoding.new_decoder_with_bom_removal(), bytes, found)
}

/// The same by `decoder`, which has decoded nothing yet.
pub(in crate::extract) fn decoded_by(mut decoder: Decoder, bytes: &[u8], found: &mut Dissection<'_>) -> Option<Bytes> {
    let mut output = found.output();
    let mut block = vec![0; BLOCK];
    let mut rest = bytes;
    loop {
        let (result, read, written, _) = decoder.decode_to_utf8(rest, &mut block, true);
        rest = &rest[read..];
        // Characters of two bytes are up to three in UTF-8, so twice as many are within the ratio of anything.
        if let Err(limit) = found.write(&block[..written], bytes.len(), &mut output) {
            found.report_limit(limit);
            return if limit == End::NoRoom { None } else { found.take(output) };
        }
        if result == encoding_rs::CoderResult::InputEmpty {
            return found.take(output);
        }
    }
}
