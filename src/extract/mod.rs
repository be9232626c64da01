//! Takes a held body apart into what the origin would see: files, fields, strings, entries of containers, or the body
//! as it is.
//!
//! Origins disagree about the same bytes, so each format has one strict grammar here, and whatever some common origin
//! could read otherwise is a [`Problem`] with a stable reason; or, where the route says so, every reading is handed
//! out. Extraction never fails: it gives parts *and* problems, so that one broken entry does not hide nine good ones.
//! What a problem means for the upload, the route decides.
//!
//! One file a format. A part is a slice of the body wherever it is a plain range of it.

mod arriving;
mod aws_chunked;
mod beside;
mod carve;
mod charset;
mod container;
mod content_coding;
mod content_type;
mod declared;
mod dissection;
mod drawing;
mod encoded;
mod form;
mod grpc;
mod html;
mod inside;
mod json;
mod legible;
mod matrix;
mod message;
mod multipart;
mod parameters;
pub(crate) mod percent;
mod problem;
mod protobuf;
mod seen;
mod serialised;
mod value;
mod xml;

use bytes::Bytes;

use crate::body::{Scratch, Stores};
use crate::config::{Ambiguity, Limits};
use crate::content::{Deadline, ExtractLimits, Part};

pub use arriving::{Arriving, Stretch};
pub use aws_chunked::object_of_frames;
use dissection::Dissection;
pub use message::{Message, message_of};
pub use multipart::{FormPart, parts_of_form};
pub use parameters::is_token_byte;
pub use problem::{Problem, ProblemCode, ProblemKind};

/// What is taken apart: a body, and what was said about it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The held body.
    pub body: &'a Bytes,
    /// Every `Content-Type` header value, in the order sent.
    pub content_types: &'a [&'a [u8]],
    /// Every `Content-Encoding` header value, in the order sent.
    pub content_encodings: &'a [&'a [u8]],
    /// What the request calls its body, in whatever notation: file names, and other texts that a site may show.
    pub names: &'a [&'a [u8]],
    /// The query of the request, in which most servers look for fields of a form as well.
    pub query: Option<&'a Bytes>,
    /// What is done about a body that servers read in different ways.
    pub ambiguity: Ambiguity,
}

impl<'a> Source<'a> {
    /// A body that is not compressed, on a route that refuses what is ambiguous.
    pub fn plain(body: &'a Bytes, content_types: &'a [&'a [u8]]) -> Self {
        Self { body, content_types, content_encodings: &[], names: &[], query: None, ambiguity: Ambiguity::Refuse }
    }
}

/// What taking a body apart may cost.
#[derive(Clone, Copy, Debug)]
pub struct Means<'a> {
    /// Limits on numbers and sizes.
    pub limits: &'a ExtractLimits,
    /// Room for what is decompressed.
    pub scratch: Scratch<'a>,
    /// When to stop.
    pub deadline: &'a Deadline,
}

/// Takes a body apart: hands its parts to `visit` one by one and returns the first problems, in the order found. An
/// empty body has neither, whatever its type, but its names are parts.
///
/// Without problems, the parts are every byte sequence that an origin would store or show. With problems they are what
/// could be understood, and an origin may see something else. Past the deadline it stops between two steps.
///
/// Time is linear in the bytes of the body and what they unpack to.
pub fn dissect<'a>(source: &Source<'_>, means: &Means<'a>, visit: &'a mut dyn FnMut(&Part)) -> Vec<Problem> {
    let mut dissection = Dissection::new(means, source.ambiguity, visit);
    if !source.body.is_empty() {
        dissection.call_body(file_name_among(source.names));
        declared::read(source, &mut dissection);
    }
    for name in source.names {
        legible::show_name(name, &mut dissection);
    }
    if let Some(query) = source.query {
        // Whatever is odd in a query is no fault of the upload.
        dissection.guess(|found| form::extract(query, true, charset::Charset::Utf8, found));
    }
    dissection.finish()
}

/// The first of `names` that is one of a file, with an ending.
fn file_name_among(names: &[&[u8]]) -> Option<String> {
    let is_file_name = |name: &&&[u8]| {
        let (_, ending) = name.split_at(name.iter().rposition(|byte| *byte == b'.').unwrap_or(name.len()));
        (2..=11).contains(&ending.len()) && ending[1..].iter().all(u8::is_ascii_alphanumeric)
    };
    names.iter().find(is_file_name).map(|name| String::from_utf8_lossy(name).into_owned())
}

/// What an upload consists of, gathered.
#[derive(Debug, Default)]
pub struct Extraction {
    /// Parts in the order found.
    pub parts: Vec<Part>,
    /// What stood in the way of reading the body in one way only.
    pub problems: Vec<Problem>,
}

impl Extraction {
    /// Gathers what [`dissect`] finds, without a deadline and with room of its own.
    pub fn of(source: &Source<'_>, limits: &ExtractLimits) -> Self {
        let (room, stores) = (Limits::default(), Stores::default());
        let means = Means { limits, scratch: Scratch::new(&room, &stores), deadline: &Deadline::NEVER };
        let mut parts = Vec::new();
        let problems = dissect(source, &means, &mut |part| parts.push(part.clone()));
        Self { parts, problems }
    }
}

#[cfg(test)]
mod tests;
