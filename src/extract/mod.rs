//! Takes a held body apart into what the origin would see: files, fields, JSON strings, or the body as it is.
//!
//! Origins disagree about the same bytes, so each format has one strict grammar here, and whatever some common origin
//! could read otherwise is a [`Problem`] with a stable reason. Extraction never fails: it gives parts *and* problems,
//! so that one broken entry does not hide nine good ones. What a problem means for the upload, the route decides.
//!
//! One file a format. A part is a slice of the body wherever it is a plain range of it.

mod charset;
mod collector;
mod content_type;
mod form;
mod json;
mod multipart;
mod parameters;
mod problem;

use bytes::Bytes;

use crate::content::{ExtractLimits, Part};

use collector::Collector;
use content_type::Declared;
pub use problem::{Problem, ProblemCode};

/// Every `Content-Type` header value of an upload, in the order sent, as raw bytes. Empty when there is none.
#[derive(Clone, Copy)]
pub struct ContentTypes<'a>(pub &'a [&'a [u8]]);

/// What an upload consists of, and what stood in the way of reading it in one way only.
///
/// Without problems, the parts hold every byte sequence that an origin would store or show. With problems they hold
/// what could be understood, and an origin may see something else.
#[derive(Debug, Default)]
pub struct Extraction {
    /// The parts in the order of the body. A [`PartKind::Body`](crate::content::PartKind::Body), if any, comes first:
    /// every body but a well-formed `multipart/form-data` has one.
    pub parts: Vec<Part>,
    /// The first problems, in the order found; a hostile body cannot make the list long.
    pub problems: Vec<Problem>,
}

/// Takes `body` apart as its declared type asks. An empty body has no parts and no problems, whatever its type.
///
/// Time and memory are linear in the length of the body, and the number of parts stays within `limits`.
pub fn extract(body: &Bytes, content_types: ContentTypes<'_>, limits: &ExtractLimits) -> Extraction {
    if body.is_empty() {
        return Extraction::default();
    }
    let mut found = Collector::new(limits);
    let value = content_types.0.first().copied().unwrap_or_default();
    if content_types.0.len() > 1 {
        found.report(ProblemCode::ContentTypeRepeated, None);
    }
    let keep_body = match Declared::parse(value) {
        Ok(Declared::Multipart { boundary }) => {
            multipart::extract(body, boundary, limits, &mut found);
            found.has_problems()
        }
        Ok(Declared::Form(_) | Declared::Json(_)) if body.len() as u64 > limits.max_escaped => {
            found.report(ProblemCode::TooLargeToUnescape, None);
            true
        }
        Ok(Declared::Form(charset)) => {
            form::extract(body, charset, &mut found);
            true
        }
        Ok(Declared::Json(charset)) => {
            json::extract(body, charset, limits, &mut found);
            true
        }
        Ok(Declared::Other) => true,
        Err(code) => {
            found.report(code, None);
            true
        }
    };
    let declared_type = (!value.is_empty()).then(|| String::from_utf8_lossy(value).into_owned());
    let whole = keep_body.then(|| Part::body(body.clone(), declared_type));
    found.finish(whole)
}

#[cfg(test)]
mod tests;
