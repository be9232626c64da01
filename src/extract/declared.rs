//! A body by its declared type and content coding.

use bytes::Bytes;

use crate::content::{Part, PartKind};

use super::charset::Charset;
use super::content_coding;
use super::content_type::Declared;
use super::dissection::Dissection;
use super::{ProblemCode, Source, form, grpc, json, multipart, protobuf, xml};

/// Hands out the parts of the body of `source`, in every way in which its headers let it be read.
///
/// Many servers do not look at `Content-Encoding` at all and take the body as it came. So the body is read as it came,
/// and, when it is compressed, once more as what it becomes.
pub(super) fn read(source: &Source<'_>, found: &mut Dissection<'_>) {
    let values = source.content_types;
    if values.len() > 1 {
        found.ambiguous(ProblemCode::ContentTypeRepeated, None);
    }
    let readings = content_coding::undo(source.body, source.content_encodings, found);
    let is_coded = !readings.is_empty();
    let counting: &[&[u8]] = match values {
        [] => &[b""],
        [first, _, ..] if !found.reads_all() => std::slice::from_ref(first),
        all => all,
    };
    for value in counting.iter().copied() {
        for decoded in &readings {
            read_as(decoded, value, PartKind::Decoded, found);
        }
        if is_coded {
            read_coded(source.body, value, found);
        } else {
            read_as(source.body, value, PartKind::Body, found);
        }
    }
}

/// Reads a compressed body as a server does that does not decompress it. Such a server stores it as it is, or finds
/// that it is not what it is called: faults are then no doubt about anything.
fn read_coded(body: &Bytes, value: &[u8], found: &mut Dissection<'_>) {
    if Declared::parse(value) == Ok(Declared::Other) {
        // What it unpacks to has been looked at.
        found.show(whole(PartKind::Body, body, value, found), None);
        return;
    }
    let problems = found.problem_count();
    read_as(body, value, PartKind::Body, found);
    if !multipart::mentions_boundary(body, value) {
        found.forget_problems(problems);
    }
}

fn whole(kind: PartKind, body: &Bytes, value: &[u8], found: &Dissection<'_>) -> Part {
    let declared_type = (!value.is_empty()).then(|| String::from_utf8_lossy(value).into_owned());
    let file_name = found.body_name().map(str::to_owned);
    Part { file_name, ..Part::new(kind, body.clone()).declared(declared_type) }
}

/// Reads `body` as the type `value` asks.
fn read_as(body: &Bytes, value: &[u8], kind: PartKind, found: &mut Dissection<'_>) {
    match Declared::parse(value) {
        Ok(Declared::Multipart(declared)) => {
            let parts = found.part_count();
            if multipart::extract(body, &declared, found) == multipart::Form::Ambiguous {
                read_all_ways(body, value, kind, found);
                let kind = if found.part_count() > parts { PartKind::Envelope } else { kind };
                found.add(whole(kind, body, value, found), None);
            }
        }
        Err(ProblemCode::MultipartBoundaryMissing) if !multipart::may_have_parts(body) => {
            read_without_boundary(body, value, kind, found);
        }
        Err(code) => {
            found.ambiguous(code, None);
            read_all_ways(body, value, kind, found);
            found.add(whole(kind, body, value, found), None);
        }
        Ok(declared) => read_as_one(body, &declared, whole(kind, body, value, found), found),
    }
}

/// Reads a body that is called multipart by mistake, with something else in it: most servers refuse it or take it as it
/// is, and Rack takes it for a URL-encoded form.
fn read_without_boundary(body: &Bytes, value: &[u8], kind: PartKind, found: &mut Dissection<'_>) {
    let charset = Charset::of_media_type(&String::from_utf8_lossy(value));
    found.add(whole(kind, body, value, found), None);
    if is_too_large(&Declared::Form(charset), body, found) {
        return found.report(ProblemCode::TooLargeToUnescape, None);
    }
    form::extract(body, form::is_written_as_one(body), charset, found);
}

/// Where every reading is inspected, reads a body of which servers disagree what it is.
fn read_all_ways(body: &Bytes, value: &[u8], kind: PartKind, found: &mut Dissection<'_>) {
    if !found.reads_all() {
        return;
    }
    multipart::extract_all_readings(body, value, found);
    for declared in Declared::beside_multipart(value) {
        read_as_one(body, &declared, whole(kind, body, value, found), found);
    }
}

/// Reads `body`, which as a part is `whole`, as one type that is not multipart.
///
/// What nobody can take for what it is called is bytes; the others are read, and once more as bytes if they turn out to
/// be something else.
fn read_as_one(body: &Bytes, declared: &Declared<'_>, whole: Part, found: &mut Dissection<'_>) {
    let envelope = || Part { kind: PartKind::Envelope, ..whole.clone() };
    match declared {
        declared if is_too_large(declared, body, found) => {
            found.report(ProblemCode::TooLargeToUnescape, None);
            found.add(whole, None);
        }
        Declared::Form(charset) => {
            let is_form = form::is_written_as_one(body);
            found.add(if is_form { envelope() } else { whole }, None);
            form::extract(body, is_form, *charset, found);
        }
        Declared::Json(charset) if json::may_be(body) => {
            found.add(envelope(), None);
            if json::extract(body, *charset, found) == json::Form::Odd {
                found.add(whole, None);
            }
        }
        Declared::JsonLike => {
            found.add(whole, None);
            json::extract_loosely(body, found);
        }
        Declared::Xml(charset) if xml::may_be(body) => {
            found.add(envelope(), None);
            if xml::extract(body, *charset, found) == xml::Form::Odd {
                found.add(whole, None);
            }
        }
        Declared::Grpc(codec) => {
            found.add(whole, None);
            grpc::extract(body, *codec, found);
        }
        Declared::GrpcText(codec) => {
            found.add(envelope(), None);
            grpc::extract_text(body, *codec, found);
        }
        Declared::Protobuf => {
            found.add(whole, None);
            let mut fields = protobuf::Fields::default();
            fields.read(body, "", 0, found);
            fields.assemble(found);
        }
        Declared::Multipart(_) | Declared::Json(_) | Declared::Xml(_) | Declared::Other => {
            found.add(whole, None);
            if form::begins_as_one(body) {
                let is_short = body.len() as u64 <= found.limits().max_escaped;
                form::extract(body, is_short, Charset::Utf8, found);
            }
        }
    }
}

/// Whether `body` is past the limit on what may have to be copied to undo its escapes, and may have such: what is
/// called JSON and is none by its first byte, nobody unescapes.
fn is_too_large(declared: &Declared<'_>, body: &[u8], found: &Dissection<'_>) -> bool {
    let may_have_escapes = match declared {
        Declared::Form(_) => form::is_written_as_one(body),
        Declared::Json(_) => json::may_be(body),
        Declared::Xml(_) => xml::may_be(body),
        _ => false,
    };
    may_have_escapes && body.len() as u64 > found.limits().max_escaped
}
