//! `application/x-www-form-urlencoded`: fields between `&`, with `+` for a space and percent escapes.
//!
//! Source: WHATWG URL Standard, "application/x-www-form-urlencoded parsing".

use bytes::Bytes;

use crate::content::{Part, PartKind};

use super::ProblemCode;
use super::charset::Charset;
use super::dissection::Dissection;
use super::encoded;
use super::legible;
use super::percent::{Plus, decode, hex_pair};
use super::value;

/// Bytes of a name that are kept. Nobody needs to see more to know the field.
const MAX_NAME: usize = 512;

/// Bodies up to this size are read as forms whatever is in them.
const ALWAYS_A_FORM: usize = 1 << 20;

/// In a larger one, of so many bytes one may be what no writer of forms leaves unescaped.
const FEWEST_ESCAPED: usize = 128;

/// Fields that are read of a body that is no form by its bytes: PHP reads 1,000 and drops the rest, others refuse more.
const FIRST_FIELDS: usize = 1_024;

/// Bytes by which a body is told to be a form although it is not called one.
const FIRST_BYTES: usize = 512;

/// Bytes of a piece that is read as a field wherever it is in such a body. Of random bytes one piece in 3,000 has
/// so many, of a file that hides between them nearly every one.
const LARGE_PIECE: usize = 2 << 10;

/// Whether `body` is a form by its bytes: written without spaces, controls and what is not ASCII.
pub(super) fn is_written_as_one(body: &[u8]) -> bool {
    let is_foreign = |byte: &u8| !matches!(byte, 0x21..=0x7e);
    body.len() <= ALWAYS_A_FORM || body.iter().filter(|byte| is_foreign(byte)).count() < body.len() / FEWEST_ESCAPED
}

/// Whether `body`, whatever it is called, begins as a form does: with a plain name, `=`, and then nothing that writers
/// of forms escape. Some servers read every body as a form that is called nothing else (Bottle).
pub(super) fn begins_as_one(body: &[u8]) -> bool {
    let start = &body[..body.len().min(FIRST_BYTES)];
    has_plain_name(start) && start.iter().all(|byte| matches!(byte, 0x21..=0x7e))
}

/// Whether `field` begins with a name as people give them, and `=`.
fn has_plain_name(field: &[u8]) -> bool {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]%+".contains(byte);
    memchr::memchr(b'=', field).is_some_and(|end| end > 0 && field[..end].iter().all(is_of_name))
}

/// Adds a field for each piece of `body`. A piece without `=` has no name: all of it is content, so that it gets
/// scanned.
///
/// Of what [is no form](is_written_as_one) by its bytes, such as curl sends with this type, only what may be a field is
/// one.
pub(super) fn extract(body: &Bytes, is_form: bool, charset: Charset, found: &mut Dissection<'_>) {
    if charset.is_doubtful(body) || charset == Charset::Unknown && has_high_escape(body) {
        found.ambiguous(ProblemCode::FormCharset, None);
    }
    if !is_form {
        return extract_some(body, charset, found);
    }
    // UTF-16 and its like, in which not even `&` is where it is in ASCII.
    let recoded = charset.encoding().filter(|encoding| !encoding.is_ascii_compatible());
    let recoded = recoded.and_then(|encoding| legible::decoded(body, encoding, found));
    for body in recoded.iter().chain([body]) {
        extract_all(body, charset, found);
    }
}

/// Whether there is an escape in `body` for what is no ASCII.
fn has_high_escape(body: &[u8]) -> bool {
    let escapes = memchr::memchr_iter(b'%', body).filter_map(|at| body.get(at + 1..at + 3));
    escapes.filter_map(|digits| hex_pair(digits[0], digits[1])).any(|byte| !byte.is_ascii())
}

/// Adds the pieces of a body that is hardly a form, of which some server may still find a field: the first ones, and
/// such as are large enough to be a file.
fn extract_some(body: &Bytes, charset: Charset, found: &mut Dissection<'_>) {
    let mut start = 0;
    for (index, piece) in body.split(|byte| *byte == b'&').enumerate() {
        let end = start + piece.len();
        if index < FIRST_FIELDS && !piece.is_empty() || piece.len() >= LARGE_PIECE {
            add_large_field(&body.slice(start..end), charset, start, found);
        }
        if found.is_over() {
            return;
        }
        start = end + 1;
    }
}

/// Adds a piece that may be larger than what may be copied. Escapes that are no chance are not left unread.
fn add_large_field(piece: &Bytes, charset: Charset, start: usize, found: &mut Dissection<'_>) {
    if piece.len() as u64 <= found.limits().max_escaped {
        return add_field(piece, charset, start, found);
    }
    let is_escape = |at: &usize| piece.get(at + 1..at + 3).is_some_and(|two| hex_pair(two[0], two[1]).is_some());
    let escapes = memchr::memchr_iter(b'%', piece).filter(is_escape).count();
    if escapes >= piece.len() / MOST_CHANCE_ESCAPES {
        found.report(ProblemCode::TooLargeToUnescape, Some(start));
    }
    if let (Some(name), value) = split(piece) {
        let name = String::from_utf8_lossy(&name).into_owned();
        found.add(Part::new(PartKind::Field, value).named(name), Some(start));
    }
}

/// In random bytes one in 35,000 begins what reads as an escape, and in escaped ones at least one in ninety.
const MOST_CHANCE_ESCAPES: usize = 512;

/// Adds what stands between `;` in a piece, too: HTML 4.01 §B.2.2 asked servers to take it for `&`, and Perl's do.
/// Whoever writes forms escapes it; of what is not written so, `more` pieces are added, and those that may be a file.
fn add_between_semicolons(piece: &Bytes, charset: Charset, start: usize, more: &mut usize, found: &mut Dissection<'_>) {
    let mut at = 0;
    for field in piece.split(|byte| *byte == b';') {
        // What stands behind `;` in a data URI has none.
        if has_plain_name(field) && (*more > 0 || field.len() >= LARGE_PIECE) {
            *more = more.saturating_sub(1);
            add_field(&piece.slice(at..at + field.len()), charset, start + at, found);
        }
        if found.is_over() {
            return;
        }
        at += field.len() + 1;
    }
}

fn extract_all(body: &Bytes, charset: Charset, found: &mut Dissection<'_>) {
    let (mut start, mut more) = (0, FIRST_FIELDS);
    for piece in body.split(|byte| *byte == b'&') {
        let end = start + piece.len();
        if !piece.is_empty() {
            add_field(&body.slice(start..end), charset, start, found);
        }
        if memchr::memchr(b';', piece).is_some() {
            add_between_semicolons(&body.slice(start..end), charset, start, &mut more, found);
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
        gathered(limits, Ambiguity::Refuse, |found| {
            extract(&Bytes::from_static(body), true, charset, found);
        })
    }

    fn fields(body: &'static [u8]) -> Vec<(Option<String>, Vec<u8>)> {
        let found = extracted(body, Charset::Utf8, &ExtractLimits::default());
        assert_eq!(found.problems, []);
        let fields = found.parts.into_iter().filter(|part| part.kind == PartKind::Field);
        fields.map(|part| (part.name, part.bytes.to_vec())).collect()
    }

    #[test]
    fn a_body_that_begins_as_a_form_is_one_whatever_it_is_called() {
        for (body, expected) in [
            (&b"f=%41%42"[..], true),
            (b"user[name]=a&f=EVIL", true),
            (b"=a", false),
            (b"no name here=a", false),
            (b"{\"a\":\"=\"}", false),
            (b"a=\x89PNG", false),
            (b"path=/usr/bin and more", false),
            (b"", false),
        ] {
            assert_eq!(begins_as_one(body), expected, "{}", body.escape_ascii());
        }
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
    fn what_is_between_semicolons_is_a_field_too() {
        let found = fields(b"a=1;b=EVIL&c=2");
        for expected in [("a", &b"1;b=EVIL"[..]), ("a", b"1"), ("b", b"EVIL"), ("c", b"2")] {
            assert!(found.contains(&(Some(expected.0.to_owned()), expected.1.to_vec())), "{found:?}");
        }
        let code: &'static [u8] = Vec::leak(b"css=".iter().chain(b"a=1;".repeat(100_000).iter()).copied().collect());
        assert_eq!(fields(code).len(), 1 + FIRST_FIELDS);
        assert_eq!(fields(b"a=data:;base64,ISEhISEhISEhIQ==").len(), 2);
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
    fn fields_are_read_in_the_charset_of_the_form_and_as_utf8() {
        let utf16: &'static [u8] = b"a\0=\0E\0V\0I\0L\0&\0b\0=\0";
        for (body, label, expected) in [
            (&b"a=%83%5C"[..], "shift_jis", "\u{30bd}"),
            (b"a=%EC%E8", "windows-1251", "\u{43c}\u{438}"),
            (b"a=%EC%E8", "iso-8859-1", "\u{ec}\u{e8}"),
            (b"a=plain", "utf-16", "plain"),
            (utf16, "utf-16", "EVIL"),
        ] {
            let found = extracted(body, Charset::from_label(label), &ExtractLimits::default());
            assert_eq!(found.problems, [], "{label}");
            assert!(found.parts.iter().any(|part| part.bytes == expected), "{label}");
        }
    }

    #[test]
    fn large_bytes_that_are_called_a_form_are_not_taken_apart_but_for_what_may_be_fields() {
        let mut random = 1_u64;
        let mut bytes = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 56) as u8
        };
        let noise: Vec<u8> = (0..3 << 20).map(|_| bytes()).collect();
        let escaped = format!("&f=%45VIL{}", "+x".repeat(LARGE_PIECE));
        let body = Bytes::from([b"g=%45VIL&", &noise[..], escaped.as_bytes(), b"&", &noise].concat());
        let limits = ExtractLimits { max_escaped: 1 << 20, ..ExtractLimits::default() };
        assert!(!is_written_as_one(&body));
        let found = gathered(&limits, Ambiguity::Refuse, |found| extract(&body, false, Charset::Utf8, found));
        assert_eq!(found.problems, []);
        let named = |name: &str| found.parts.iter().find(|part| part.name.as_deref() == Some(name)).unwrap();
        assert_eq!(named("g").bytes, "EVIL");
        assert!(named("f").bytes.starts_with(b"EVIL x x"));
        assert!(found.parts.len() < 16 * FIRST_FIELDS, "{}", found.parts.len());
        assert!(is_written_as_one(&b"a=%20".repeat(1 << 20)));
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
