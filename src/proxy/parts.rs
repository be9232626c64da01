//! The way of S3's multipart uploads: their parts, and what has the origin put them together.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, header};
use pingora::http::RequestHeader;

use super::answer::Refusal;
use super::assembling::{Plan, Prepared, Stop, Whole, content_types_of, values};
use super::pending::Step;
use super::{Case, Gate};
use crate::resumable::{Fault, Kept, Key, S3Part, S3Request, S3Upload, listed_parts, may_be_xml, read_s3};

impl Gate {
    /// What `request` has to do with an upload in parts.
    pub(super) fn plan_of_s3(&self, request: &RequestHeader, case: &Case<'_>) -> Result<Option<Plan>, Stop> {
        let s3 = read_s3(&request.method, request.uri.query(), &request.headers).map_err(|_| Refusal::S3Malformed)?;
        let Some(S3Request::Part(part)) = &s3 else {
            return Ok(s3.map(Plan::S3));
        };
        if part.is_copy {
            return Err(Refusal::AssemblyIncomplete.into());
        }
        let key = Key::s3(case.origin(), &part.upload);
        let is_adopted = self.act_on(&key, case, Kept::s3, Refusal::UploadUnknown, |upload| Ok(upload.is_adopted()));
        match is_adopted {
            None if self.assemblies.is_gone(&key) => return Err(Refusal::UploadUnknown.into()),
            None => self.adopt(key, case)?,
            Some(Ok(true)) => {}
            Some(Ok(false)) => return Ok(s3.map(Plan::S3)),
            Some(Err(stop)) => return Err(stop),
        }
        Ok(Some(Plan::Foreign(part.clone())))
    }

    /// Keeps parts of an upload that somebody else created, such as a site that hands out URLs for its parts.
    fn adopt(&self, key: Key, case: &Case<'_>) -> Result<(), Stop> {
        let now = Instant::now();
        let slot = self.assemblies.reserve(case.network(), case.terms(), now).ok_or(Refusal::AssembliesFull)?;
        self.assemblies.insert_new(slot, key, Kept::S3(S3Upload::adopted()), now);
        Ok(())
    }

    pub(super) async fn prepare_part(&self, part: S3Part, body: &Bytes, case: &Case<'_>) -> Result<Prepared, Stop> {
        let piece = if part.is_framed { self.object_in(body.clone(), case).await? } else { body.clone() };
        let key = Key::s3(case.origin(), &part.upload);
        let begun = self.act_on(&key, case, Kept::s3, Refusal::UploadUnknown, |upload| {
            upload.begin(part.number).map_err(Stop::from)
        });
        begun.ok_or(Refusal::UploadUnknown)??;
        Ok(self.ready(Step::Part { key, number: part.number, piece }, case))
    }

    pub(super) fn prepare_completion(&self, upload: &str, body: &Bytes, case: &Case<'_>) -> Result<Prepared, Stop> {
        if !may_be_xml(body) {
            // No server takes it for a list of parts: some other API has a parameter of this name.
            return Ok(Prepared { pending: None, whole: None, lacks_parts: false });
        }
        let listed = listed_parts(body).map_err(|_| Refusal::S3Malformed)?;
        let key = Key::s3(case.origin(), upload);
        let begun = self.act_on(&key, case, Kept::s3, Refusal::UploadUnknown, |upload| {
            match upload.complete(&listed, case.route.policy.max_body) {
                Err(Fault::Incomplete) if upload.is_adopted() => Ok(None),
                pieces => Ok(Some((pieces?, upload.content_types(), upload.content_encodings()))),
            }
        });
        let Some((pieces, content_types, content_encodings)) = begun.unwrap_or(Ok(None))? else {
            // Other parts went to the origin by another way.
            return Ok(Prepared { pending: None, whole: Some(Whole::default()), lacks_parts: true });
        };
        let whole = Whole { pieces, content_types, content_encodings, names: Vec::new(), keys: vec![key.clone()] };
        Ok(Prepared { whole: Some(whole), ..self.ready(Step::Complete { key }, case) })
    }
}

/// `Content-Type` and `Content-Encoding` of an object; the framing of its parts is undone by then.
pub(super) fn object_headers(headers: &HeaderMap) -> (Vec<Bytes>, Vec<Bytes>) {
    let codings = values(headers, header::CONTENT_ENCODING).into_iter().flat_map(|value| {
        let tokens = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        tokens
            .filter(|token| !token.eq_ignore_ascii_case(b"aws-chunked"))
            .map(Bytes::copy_from_slice)
            .collect::<Vec<_>>()
    });
    let types = values(headers, header::CONTENT_TYPE);
    (types.iter().flat_map(|value| content_types_of(Some(value))).collect(), codings.collect())
}
