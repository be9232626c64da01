//! `application/x-www-form-urlencoded`: fields between `&`, with `+` for a space and percent escapes.
//!
//! Source: WHATWG URL Standard, "application/x-www-form-urlencoded parsing".

use bytes::Bytes;

use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::charset::Charset;
use super::dissection::Dissection;
use super::encoded;
use super::percent::{Plus, decode};
use super::value;

/// Bytes of a name that are kept. Nobody needs to see more to know the field.
const MAX_NAME: usize = 512;

/// Adds a field for each piece of `body`. A piece without `=` has no name: all of it is content, so that it gets scanned.
pub(super) fn extract(body: &Bytes, charset: Charset, found: &mut Dissection<'_>) {
    if charset == Charset::Foreign {
        found.ambiguous(ProblemCode::FormCharset, None);
    }
    let mut start = 0;
    for piece in body.split(|byte| *byte == b'&') {
        let end = start + piece.len();
        if !piece.is_empty() {
            add_field(&body.slice(start..end), charset, start, found);
        }
        if found.is_over() {
            return;
        }
        start = end + 1;
    }
    if let Some((start, piece)) = trimmed_last_piece(body) {
        add_field(&piece, charset, start, found);
    }
}

/// The last piece as aiohttp reads it, which cuts white space off the end of a body that is text.
fn trimmed_last_piece(body: &Bytes) -> Option<(usize, Bytes)> {
    let is_cut = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let end = body.iter().rposition(|byte| !is_cut(byte))? + 1;
    let start = memchr::memrchr(b'&', &body[..end]).map_or(0, |at| at + 1);
    let reads_otherwise = start < end && end < body.len() && str::from_utf8(body).is_ok();
    reads_otherwise.then(|| (start, body.slice(start..end)))
}

fn add_field(piece: &Bytes, charset: Charset, start: usize, found: &mut Dissection<'_>) {
    let (name, value) = split(piece);
    value::add(field(name.as_ref(), &value), charset, start, found);
    // base64 with its `+` left as it is, which some applications mend.
    if memchr::memchr(b'+', piece).is_some() {
        encoded::whole_value(&decode(&value, Plus::IsPlus), found);
    }
    // formidable takes the eighth bit off whatever is not escaped.
    if !piece.is_ascii() {
        let ascii: Bytes = piece.iter().map(|byte| byte & 0x7f).collect();
        let (name, value) = split(&ascii);
        found.add(Part { kind: PartKind::Reading, ..field(name.as_ref(), &value) }, Some(start));
    }
}

/// Name and value as they stand. A piece without `=` is all value.
fn split(piece: &Bytes) -> (Option<Bytes>, Bytes) {
    match memchr::memchr(b'=', piece) {
        Some(at) => (Some(piece.slice(..at.min(MAX_NAME))), piece.slice(at + 1..)),
        None => (None, piece.clone()),
    }
}

fn field(name: Option<&Bytes>, value: &Bytes) -> Part {
    let name = name.map(|name| String::from_utf8_lossy(&decode(name, Plus::IsSpace)).into_owned());
    Part { name, ..Part::new(PartKind::Field, decode(value, Plus::IsSpace)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::Extraction;
    use crate::extract::dissection::testing::gathered;

    fn extracted(body: &'static [u8], charset: Charset, limits: &ExtractLimits) -> Extraction {
        gathered(limits, Ambiguity::Refuse, |found| extract(&Bytes::from_static(body), charset, found))
    }

    fn fields(body: &'static [u8]) -> Vec<(Option<String>, Vec<u8>)> {
        let found = extracted(body, Charset::Utf8, &ExtractLimits::default());
        assert_eq!(found.problems, []);
        let fields = found.parts.into_iter().filter(|part| part.kind == PartKind::Field);
        fields.map(|part| (part.name, part.bytes.to_vec())).collect()
    }

    #[test]
    fn fields_are_split_and_decoded() {
        for (body, expected) in [
            (&b"a=1&b=2"[..], &[("a", &b"1"[..]), ("b", b"2")][..]),
            (b"na+me=h%C3%a9+%2B", &[("na me", "hé +".as_bytes())]),
            (b"a=1=2&&a=", &[("a", b"1=2"), ("a", b"")]),
            (b"=x", &[("", b"x")]),
            (b"a=100%&b=%zz%4", &[("a", b"100%"), ("b", b"%zz%4")]),
            (b"%FF=%00", &[("\u{fffd}", b"\0")]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(name, value)| (Some(name.to_string()), value.to_vec())).collect();
            assert_eq!(fields(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_piece_without_an_equals_sign_is_all_content() {
        assert_eq!(fields(b"just+text&a=1"), [(None, b"just text".to_vec()), (Some("a".into()), b"1".to_vec())]);
    }

    #[test]
    fn white_space_at_the_end_is_read_with_and_without_it() {
        let fields_of = |body| fields(body).into_iter().map(|(_, value)| value).collect::<Vec<_>>();
        assert_eq!(fields_of(b"a=1&b=2 \r\n\x0b"), [&b"1"[..], b"2 \r\n\x0b", b"2"]);
        assert_eq!(fields_of(b"a=1\n& \n"), [&b"1\n"[..], b" \n"]);
        assert_eq!(fields_of(b"\xff \n"), [b"\xff \n"], "not text");
        assert_eq!(fields_of(b"\n"), [b"\n"]);
    }

    #[test]
    fn a_foreign_charset_is_a_problem_and_the_fields_are_there_all_the_same() {
        let found = extracted(b"a=1", Charset::Foreign, &ExtractLimits::default());
        assert_eq!(found.problems[0].code, ProblemCode::FormCharset);
        assert_eq!(found.parts[0].bytes, "1");
    }

    #[test]
    fn the_limit_on_parts_stops_at_its_place() {
        let limits = ExtractLimits { max_parts: 2, ..ExtractLimits::default() };
        let found = extracted(b"a=1&b=2&c=3&d=4", Charset::Utf8, &limits);
        assert_eq!(found.parts.len(), 2);
        assert_eq!(found.problems.len(), 1);
        assert_eq!((found.problems[0].code, found.problems[0].offset), (ProblemCode::TooManyParts, Some(8)));
    }
}
