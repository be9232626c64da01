//! What the `Content-Type` header makes of a body, and whether every server would make the same of it.

use super::ProblemCode;
use super::charset::Charset;
use super::grpc::Codec;
use super::parameters::{Parameters, is_token};

/// Longest boundary that RFC 2046 §5.1.1 allows.
const MAX_BOUNDARY: usize = 70;

/// How the body is to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Declared<'a> {
    /// `multipart/form-data`, `multipart/related` and so on.
    Multipart(Multipart<'a>),
    /// `application/x-www-form-urlencoded`.
    Form(Charset),
    /// `application/json`, `text/json` and everything that ends in `+json`.
    Json(Charset),
    /// What mentions JSON without being it, such as lines of it.
    JsonLike,
    /// `application/xml`, `text/xml` and everything that ends in `+xml`.
    Xml(Charset),
    /// Messages in frames: `application/grpc`, `application/connect+…` and their variants.
    Grpc(Codec),
    /// `application/grpc-web-text` and its variants.
    GrpcText(Codec),
    /// Protocol Buffers.
    Protobuf,
    /// As it stands.
    Other,
}

/// What the header says of a body in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Multipart<'a> {
    /// 1 to 70 characters, not all of them hyphens.
    pub(super) boundary: &'a str,
    /// Whether it is `multipart/form-data`, in which each part is a field or a file.
    pub(super) is_form: bool,
    /// The whole value.
    pub(super) value: &'a [u8],
}

impl<'a> Declared<'a> {
    /// Reads one header value.
    ///
    /// # Errors
    /// The value mentions multipart anywhere (formidable asks for no more) but is not canonical.
    pub(super) fn parse(value: &'a [u8]) -> Result<Self, ProblemCode> {
        let value = value.trim_ascii();
        if mentions(value, b"multipart") {
            return multipart(value).map(Declared::Multipart);
        }
        let text = String::from_utf8_lossy(value);
        let essence = text.split([';', ',', ' ', '\t']).next().unwrap_or_default().to_ascii_lowercase();
        Ok(match essence.as_str() {
            "application/x-www-form-urlencoded" => Declared::Form(Charset::of_media_type(&text)),
            "application/json" | "text/json" => Declared::Json(Charset::of_media_type(&text)),
            "application/xml" | "text/xml" => Declared::Xml(Charset::of_media_type(&text)),
            "application/protobuf" | "application/x-protobuf" | "application/proto" => Declared::Protobuf,
            "application/x-google-protobuf" | "application/vnd.google.protobuf" => Declared::Protobuf,
            // `+json` is the codec of messages here, and not what the body is.
            other if other.starts_with("application/grpc-web-text") => Declared::GrpcText(codec(other)),
            other if other.starts_with("application/grpc") => Declared::Grpc(codec(other)),
            other if other.starts_with("application/connect+") => Declared::Grpc(codec(other)),
            other if other.ends_with("+json") => Declared::Json(Charset::of_media_type(&text)),
            other if other.ends_with("+xml") => Declared::Xml(Charset::of_media_type(&text)),
            // formidable asks for no more, in either case.
            _ if mentions(value, b"urlencoded") => Declared::Form(Charset::of_media_type(&text)),
            _ if mentions(value, b"json") => Declared::JsonLike,
            _ => Declared::Other,
        })
    }

    /// What else a server may take a body for whose type mentions multipart: undici goes by the last type of a list, and
    /// to formidable a word anywhere is enough.
    pub(super) fn beside_multipart(value: &[u8]) -> impl Iterator<Item = Self> {
        let charset = Charset::of_media_type(&String::from_utf8_lossy(value));
        let all = [
            (&b"urlencoded"[..], Declared::Form(charset)),
            (b"json", Declared::Json(charset)),
            (b"xml", Declared::Xml(charset)),
        ];
        all.into_iter().filter(move |(word, _)| mentions(value, word)).map(|(_, declared)| declared)
    }
}

/// What the messages of a body of this type are written in.
fn codec(essence: &str) -> Codec {
    if essence.ends_with("json") { Codec::Json } else { Codec::Protobuf }
}

/// Whether `word` stands anywhere, also with white space or quotes in it: @fastify/busboy drops them before it looks.
fn mentions(value: &[u8], word: &[u8]) -> bool {
    let dropped = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\\');
    let kept: Vec<u8> = value.iter().copied().filter(|byte| !dropped(byte)).collect();
    kept.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Reads a value of which every server takes the same boundary; other parameters may say what they like.
fn multipart(value: &[u8]) -> Result<Multipart<'_>, ProblemCode> {
    let text = str::from_utf8(value).map_err(|_| ProblemCode::ContentTypeMalformed)?;
    let (essence, parameters) = text.split_at(text.find(';').unwrap_or(text.len()));
    let subtype = match essence.trim_end_matches([' ', '\t']).split_once('/') {
        Some((kind, subtype)) if kind.eq_ignore_ascii_case("multipart") && is_token(subtype) => subtype,
        _ => return Err(ProblemCode::ContentTypeMalformed),
    };
    let mut boundary = None;
    for parameter in Parameters::new(parameters) {
        let parameter = parameter.map_err(|_| ProblemCode::ContentTypeMalformed)?;
        if parameter.name.eq_ignore_ascii_case("boundary") {
            if boundary.replace(parameter.value).is_some() {
                return Err(ProblemCode::MultipartBoundaryRepeated);
            }
        } else {
            check_other(parameter.name, parameter.value)?;
        }
    }
    let boundary = canonical_boundary(boundary.ok_or(ProblemCode::MultipartBoundaryMissing)?)?;
    Ok(Multipart { boundary, is_form: subtype.eq_ignore_ascii_case("form-data"), value })
}

/// Refuses parameters in which some server finds another boundary: PHP takes the first mention of the word for it.
fn check_other(name: &str, value: &str) -> Result<(), ProblemCode> {
    let name = name.to_ascii_lowercase();
    if name.starts_with("boundary*") {
        return Err(ProblemCode::MultipartBoundaryExtended);
    }
    if name.contains("boundary") || value.to_ascii_lowercase().contains("boundary") {
        return Err(ProblemCode::MultipartTypeParameter);
    }
    Ok(())
}

/// Checks length and characters: those of RFC 2046 §5.1.1. A space may not be at the end.
///
/// A boundary of hyphens only is refused too: its closing delimiter contains its opening one at several places.
fn canonical_boundary(text: &str) -> Result<&str, ProblemCode> {
    let length = (1..=MAX_BOUNDARY).contains(&text.len());
    let characters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte));
    let spaces_at_ends = text.starts_with(' ') || text.ends_with(' ');
    let hyphens_only = text.bytes().all(|byte| byte == b'-');
    let is_canonical = length && characters && !spaces_at_ends && !hyphens_only;
    if is_canonical { Ok(text) } else { Err(ProblemCode::MultipartBoundaryMalformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipart_types_give_the_boundary_that_everybody_reads() {
        let longest = "b".repeat(70);
        for (value, boundary, is_form) in [
            ("multipart/form-data; boundary=bnd", "bnd", true),
            ("Multipart/Form-Data;Boundary=\"bnd\";", "bnd", true),
            ("multipart/form-data ; BOUNDARY=bnd ; ", "bnd", true),
            (
                "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
                "----WebKitFormBoundary7MA4YWxkTrZu0gW",
                true,
            ),
            ("multipart/form-data; boundary=\"----=_Part_0_12.34\"", "----=_Part_0_12.34", true),
            ("multipart/form-data; boundary====12345===", "===12345===", true),
            ("multipart/form-data; boundary='()+_,-./:=?", "'()+_,-./:=?", true),
            ("multipart/form-data; boundary=\"a b\"", "a b", true),
            ("multipart/form-data; charset=ISO-8859-1; boundary=bnd", "bnd", true),
            ("multipart/form-data; boundary=bnd; charset=\"utf-8\"; x=y", "bnd", true),
            ("multipart/related; type=\"text/xml\"; start=\"<a@b>\"; boundary=\"uuid:1\"", "uuid:1", false),
            ("multipart/mixed; boundary=bnd", "bnd", false),
            (&format!("multipart/form-data; boundary={longest}"), &longest, true),
        ] {
            let expected = Multipart { boundary, is_form, value: value.trim().as_bytes() };
            assert_eq!(Declared::parse(value.as_bytes()), Ok(Declared::Multipart(expected)), "{value}");
        }
    }

    #[test]
    fn other_multipart_types_are_refused_with_their_reason() {
        use ProblemCode::*;
        let too_long = format!("multipart/form-data; boundary={}", "b".repeat(71));
        for (value, code) in [
            ("multipart/form-data", MultipartBoundaryMissing),
            ("multipart/form-data; boundary=a; boundary=a", MultipartBoundaryRepeated),
            ("multipart/form-data; boundary=a; Boundary=b", MultipartBoundaryRepeated),
            ("multipart/form-data; boundary*=utf-8''a", MultipartBoundaryExtended),
            ("multipart/form-data; boundary*0=a", MultipartBoundaryExtended),
            ("multipart/form-data; boundary=\"\"", MultipartBoundaryMalformed),
            ("multipart/form-data; boundary=\"a \"", MultipartBoundaryMalformed),
            ("multipart/form-data; boundary=a*", MultipartBoundaryMalformed),
            ("multipart/form-data; boundary=----", MultipartBoundaryMalformed),
            (&too_long, MultipartBoundaryMalformed),
            ("multipart/form-data; xboundary=x; boundary=a", MultipartTypeParameter),
            ("multipart/form-data; x=\"; boundary=x\"; boundary=a", MultipartTypeParameter),
            ("multipart/form-data; boundary=", ContentTypeMalformed),
            ("multipart/form-data; boundary=a b", ContentTypeMalformed),
            ("multipart/form-data; boundary = a", ContentTypeMalformed),
            ("multipart/form-data; boundary=\"a", ContentTypeMalformed),
            ("multipart/form-data; boundary=\"a\\b\"", ContentTypeMalformed),
            ("multipart/form-data boundary=a", ContentTypeMalformed),
            ("multipart/form-data, text/plain; boundary=a", ContentTypeMalformed),
            ("multipart", ContentTypeMalformed),
            ("text/plain; x=multipart; boundary=a", ContentTypeMalformed),
            ("multipa\trt/form-data; boundary=a", ContentTypeMalformed),
            ("mul\"tipart/form-data\"; boundary=a", ContentTypeMalformed),
        ] {
            assert_eq!(Declared::parse(value.as_bytes()), Err(code), "{value}");
        }
        assert_eq!(Declared::parse(b"multipart/form-data; boundary=\xff"), Err(ContentTypeMalformed));
    }

    #[test]
    fn other_types_are_known_however_loosely_they_are_written() {
        use Charset::*;
        for (value, expected) in [
            ("application/x-www-form-urlencoded", Declared::Form(Utf8)),
            ("APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-16", Declared::Form(Other(encoding_rs::UTF_16LE))),
            ("x/a; b=\"x-www-form-url encoded\"", Declared::Form(Utf8)),
            ("application/json;", Declared::Json(Utf8)),
            ("application/json, application/json", Declared::Json(Utf8)),
            ("application/problem+json ; charset=latin1", Declared::Json(Latin)),
            ("text/json", Declared::Json(Utf8)),
            ("application/soap+xml; charset=utf-8", Declared::Xml(Utf8)),
            ("Text/XML", Declared::Xml(Utf8)),
            ("application/grpc", Declared::Grpc(Codec::Protobuf)),
            ("application/grpc+proto", Declared::Grpc(Codec::Protobuf)),
            ("application/grpc+json", Declared::Grpc(Codec::Json)),
            ("application/grpc-web+json", Declared::Grpc(Codec::Json)),
            ("Application/Connect+JSON; charset=utf-8", Declared::Grpc(Codec::Json)),
            ("application/connect+proto", Declared::Grpc(Codec::Protobuf)),
            ("application/grpc-web-text+proto", Declared::GrpcText(Codec::Protobuf)),
            ("application/proto", Declared::Protobuf),
            ("image/jpeg, image/jpeg", Declared::Other),
            ("*/*", Declared::Other),
            ("text", Declared::Other),
            ("application/x-protobuf", Declared::Protobuf),
            ("application/x-ndjson", Declared::JsonLike),
            ("image/jpeg", Declared::Other),
            ("", Declared::Other),
        ] {
            assert_eq!(Declared::parse(value.as_bytes()), Ok(expected), "{value}");
        }
    }
}
