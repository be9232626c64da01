//! What a client gets when its request does not go on, in the [form](dialect) that it reads: a problem document
//! (RFC 9457), a small page, an error of its protocol.
//!
//! None ever says which hash, keyword or part matched: that would help to get around it.

mod dialect;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use serde_json::json;

use crate::config::ByteSize;
use crate::resumable::Fault;
use crate::verdict::{Doubt, DoubtKind};

use super::wire::{self, Violation};
use dialect::Dialect;

/// Why a request is answered with an error, apart from a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The body is larger than the route takes.
    TooLarge(ByteSize),
    /// The body took longer than any may.
    UploadTimeout,
    /// The body came slower than any may.
    TooSlow,
    /// No room to hold another body.
    SpoolFull,
    /// An `Expect` header with something other than `100-continue`.
    UnknownExpectation,
    /// A change of protocol where there must be none.
    Upgrade,
    /// A request that servers read in different ways.
    Wire(Violation),
    /// A `Connection` header that names other headers.
    ConnectionOption,
    /// A body where there is no use for one.
    UnexpectedBody,
    /// A request target that is neither a path nor an `http` URL, or more than one host.
    TargetForm,
    /// A request for a resumable upload, or one in parts, that is not known here.
    UploadUnknown,
    /// Bytes of an upload in pieces are missing here, or may not be what the origin has.
    AssemblyIncomplete,
    /// Another piece of the same upload is on its way.
    AssemblyBusy,
    /// There are as many uploads in pieces as there may be.
    AssembliesFull,
    /// One upload has too many pieces.
    TooManyPieces,
    /// Headers of tus that servers read in different ways.
    TusMalformed,
    /// A request of S3's for an upload in parts that servers read in different ways.
    S3Malformed,
    /// The inspection came to no clear result; the code says why.
    Inconclusive(&'static str, InconclusiveKind),
    /// There are as many requests at the origin as there may be.
    OriginBusy,
    /// No server of the origin could be reached or answered.
    OriginFailed,
    /// The origin took too long.
    OriginTimeout,
    /// What the client sent broke off, or cannot be read.
    Broken,
    /// Something went wrong here.
    Internal,
}

/// Whose turn it is when an inspection came to no clear result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InconclusiveKind {
    /// The client's: its body is malformed.
    Malformed,
    /// The client's: its content cannot be read.
    Unreadable,
    /// The client's: there is more of something than is inspected.
    TooMuch,
    /// Nobody's: trying later may help.
    Busy,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unknown => Self::UploadUnknown,
            Fault::Incomplete => Self::AssemblyIncomplete,
            Fault::Busy => Self::AssemblyBusy,
            Fault::Full => Self::AssembliesFull,
            Fault::TooManyPieces => Self::TooManyPieces,
            Fault::TooLarge(limit) => Self::TooLarge(limit),
            Fault::TusMalformed => Self::TusMalformed,
            Fault::S3Malformed => Self::S3Malformed,
        }
    }
}

impl Refusal {
    /// For an upload that the policy refuses because of a doubt about it.
    pub(super) fn of_doubt(doubt: Option<&Doubt>) -> Self {
        let Some(doubt) = doubt else {
            return Self::Inconclusive("inconclusive", InconclusiveKind::Busy);
        };
        let kind = match doubt.kind {
            DoubtKind::Malformed => InconclusiveKind::Malformed,
            DoubtKind::Undecodable
            | DoubtKind::Unsupported
            | DoubtKind::Encrypted
            | DoubtKind::Unhashable
            | DoubtKind::Illegible => InconclusiveKind::Unreadable,
            DoubtKind::OverLimit => InconclusiveKind::TooMuch,
            DoubtKind::Deadline | DoubtKind::Overload => InconclusiveKind::Busy,
        };
        Self::Inconclusive(doubt.code, kind)
    }

    /// Stable reason code.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "body_too_large",
            Self::UploadTimeout => "upload_timeout",
            Self::TooSlow => "upload_too_slow",
            Self::SpoolFull => "spool_full",
            Self::UnknownExpectation => "unknown_expectation",
            Self::Upgrade => "upgrade_not_allowed",
            Self::Wire(violation) => violation.code(),
            Self::ConnectionOption => "connection_option",
            Self::UnexpectedBody => "unexpected_body",
            Self::TargetForm => "request_target",
            Self::UploadUnknown => "upload_unknown",
            Self::AssemblyIncomplete => "assembly_incomplete",
            Self::AssemblyBusy => "assembly_busy",
            Self::AssembliesFull => "assemblies_full",
            Self::TooManyPieces => "too_many_pieces",
            Self::TusMalformed => "tus_malformed",
            Self::S3Malformed => "s3_malformed",
            Self::Inconclusive(code, _) => code,
            Self::OriginBusy => "origin_busy",
            Self::OriginFailed => "origin_failed",
            Self::OriginTimeout => "origin_timeout",
            Self::Broken => "request_broken",
            Self::Internal => "internal",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) | Self::TooManyPieces | Self::Inconclusive(_, InconclusiveKind::TooMuch) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::UploadTimeout | Self::TooSlow | Self::Wire(Violation::HeaderTimeout) => StatusCode::REQUEST_TIMEOUT,
            Self::Wire(Violation::Method) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::SpoolFull
            | Self::AssembliesFull
            | Self::OriginBusy
            | Self::Wire(Violation::HeadersFull)
            | Self::Inconclusive(_, InconclusiveKind::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Self::UploadUnknown => StatusCode::NOT_FOUND,
            Self::AssemblyIncomplete | Self::AssemblyBusy => StatusCode::CONFLICT,
            Self::UnknownExpectation => StatusCode::EXPECTATION_FAILED,
            Self::Wire(Violation::HeaderTooLarge) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Wire(Violation::TransferEncoding) => StatusCode::NOT_IMPLEMENTED,
            Self::Upgrade
            | Self::Wire(_)
            | Self::Broken
            | Self::ConnectionOption
            | Self::UnexpectedBody
            | Self::TargetForm
            | Self::TusMalformed
            | Self::S3Malformed
            | Self::Inconclusive(_, InconclusiveKind::Malformed) => StatusCode::BAD_REQUEST,
            Self::Inconclusive(_, InconclusiveKind::Unreadable) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::OriginFailed => StatusCode::BAD_GATEWAY,
            Self::OriginTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Whether nothing that follows on the connection is to be believed.
    pub(super) fn ends_connection(&self) -> bool {
        matches!(
            self,
            Self::Wire(_) | Self::ConnectionOption | Self::UnexpectedBody | Self::UnknownExpectation | Self::TargetForm
        )
    }

    fn detail(&self) -> String {
        match self {
            Self::TooLarge(limit) => format!("The upload is larger than the {limit} that this address accepts."),
            Self::UploadTimeout => "The upload took too long.".into(),
            Self::TooSlow => "The upload came too slowly.".into(),
            Self::SpoolFull => "There is no room for another upload at the moment. Please try again.".into(),
            Self::UnknownExpectation => "The only expectation supported is 100-continue.".into(),
            Self::Upgrade => "This address does not accept a change of protocol.".into(),
            Self::Wire(violation) => violation.explain().into(),
            Self::ConnectionOption => "The Connection header names a header that does not belong to it.".into(),
            Self::UnexpectedBody => "A request with this method must not have a body.".into(),
            Self::TargetForm => "The request target must be a path or an http URL, with one host.".into(),
            Self::UploadUnknown => "This upload is not known here, or no more. Please start it again.".into(),
            Self::AssemblyIncomplete => "Pieces of this upload are missing, or are not those that were sent.".into(),
            Self::AssemblyBusy => "Another piece of this upload is still on its way. Please try again.".into(),
            Self::AssembliesFull => "There is no room for another upload in pieces. Please try again.".into(),
            Self::TooManyPieces => "The upload comes in more pieces than this address accepts.".into(),
            Self::TusMalformed | Self::S3Malformed => {
                "The request is not written in a way that every server reads alike.".into()
            }
            Self::Inconclusive(_, InconclusiveKind::Malformed) => {
                "The upload is not written in a way that can be read without doubt.".into()
            }
            Self::Inconclusive(_, InconclusiveKind::Unreadable) => {
                "The upload has content that could not be read, so it could not be checked.".into()
            }
            Self::Inconclusive(_, InconclusiveKind::TooMuch) => {
                "The upload has more in it, or more levels of it, than this address accepts.".into()
            }
            Self::Inconclusive(_, InconclusiveKind::Busy) => {
                "The upload could not be checked in time. Please try again.".into()
            }
            Self::OriginBusy => "The site behind this address is busy. Please try again.".into(),
            Self::OriginFailed => "The site behind this address could not be reached. Please try again.".into(),
            Self::OriginTimeout => "The site behind this address took too long. Please try again.".into(),
            Self::Broken => "The request could not be read to its end.".into(),
            Self::Internal => "Something went wrong here. Please try again.".into(),
        }
    }
}

/// An answer of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    code: Option<&'static str>,
    reference: String,
}

impl Answer {
    /// The upload matched. `status` is the route's choice.
    pub(super) fn blocked(status: u16, reference: &str) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS),
            kind: "urn:penstock:blocked",
            title: "This upload was blocked",
            detail: "It matches content that this site may not accept. If you think that is a mistake, \
                     contact the site and give the reference below."
                .into(),
            code: None,
            reference: reference.to_owned(),
        }
    }

    /// There is nothing here, and nothing to say about it.
    pub(super) fn nothing(reference: &str) -> Self {
        Self { status: StatusCode::NO_CONTENT, ..Self::refused(&Refusal::UploadUnknown, reference) }
    }

    /// A piece of an upload is held. Libraries go by the status; Fine Uploader asks for `success`, and Kendo UI goes on
    /// for as long as not all is `uploaded`.
    pub(super) fn received(status: StatusCode, upload: Option<&str>, reference: &str) -> Self {
        let receipt = upload.map(|upload| json!({"success": true, "uploaded": false, "fileUid": upload}).to_string());
        let refused = Self::refused(&Refusal::UploadUnknown, reference);
        Self { status, detail: receipt.unwrap_or_default(), ..refused }
    }

    /// The request was refused.
    pub(super) fn refused(refusal: &Refusal, reference: &str) -> Self {
        Self {
            status: refusal.status(),
            kind: "urn:penstock:refused",
            title: "This request was not accepted",
            detail: refusal.detail(),
            code: Some(refusal.code()),
            reference: reference.to_owned(),
        }
    }

    /// The status.
    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Sends it as the response of `session`.
    pub(super) async fn send(&self, session: &mut Session) -> pingora::Result<()> {
        wire::note_answered(session);
        if self.status.is_success() {
            return self.send_success(session).await;
        }
        let request = session.req_header();
        let letter = Dialect::of(request).write(self, &request.headers);
        let mut response = ResponseHeader::build(letter.status, Some(12))?;
        response.insert_header(header::CONTENT_TYPE, letter.media_type)?;
        response.insert_header(header::CONTENT_LENGTH, letter.body.len())?;
        response.insert_header(header::CACHE_CONTROL, "no-store")?;
        response.insert_header(header::VARY, "accept, origin")?;
        response.insert_header("x-content-type-options", "nosniff")?;
        response.insert_header("penstock-reference", &self.reference)?;
        for (name, value) in letter.headers {
            response.insert_header(name, value)?;
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header(header::RETRY_AFTER, "5")?;
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.insert_header(header::ALLOW, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")?;
        }
        let_scripts_read(&mut response, &request.headers)?;
        if request.method == http::Method::HEAD || letter.body.is_empty() {
            return session.write_response_header(Box::new(response), true).await.map_err(|error| error.into_down());
        }
        session.write_response_header(Box::new(response), false).await.map_err(|error| error.into_down())?;
        session.write_response_body(Some(letter.body), true).await.map_err(|error| error.into_down())
    }

    /// The answer of an origin, in its place.
    async fn send_success(&self, session: &mut Session) -> pingora::Result<()> {
        let body = if self.status == StatusCode::OK { self.detail.clone() } else { String::new() };
        let mut response = ResponseHeader::build(self.status, Some(4))?;
        response.insert_header(header::CACHE_CONTROL, "no-store")?;
        let_scripts_read(&mut response, &session.req_header().headers)?;
        if self.status != StatusCode::NO_CONTENT {
            response.insert_header(header::CONTENT_LENGTH, body.len())?;
        }
        if body.is_empty() {
            return session.write_response_header(Box::new(response), true).await.map_err(|error| error.into_down());
        }
        response.insert_header(header::CONTENT_TYPE, "application/json")?;
        session.write_response_header(Box::new(response), false).await.map_err(|error| error.into_down())?;
        session.write_response_body(Some(body.into()), true).await.map_err(|error| error.into_down())
    }

    fn problem(&self) -> serde_json::Value {
        let mut problem = json!({
            "type": self.kind,
            "title": self.title,
            "status": self.status(),
            "detail": self.detail,
            "reference": self.reference,
        });
        if let Some(code) = self.code {
            problem["code"] = code.into();
        }
        problem
    }

    /// Every value here is a sentence of ours or an id we made, so nothing needs escaping.
    fn page(&self) -> Bytes {
        let code = self.code.map_or(String::new(), |code| format!("<dt>Reason</dt><dd><code>{code}</code></dd>"));
        let Self { title, detail, reference, .. } = self;
        Bytes::from(format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><style>\
             body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:15vh auto;padding:0 1rem}}\
             dt{{font-weight:600}}dd{{margin:0 0 .5rem}}code{{font-size:1rem}}</style></head>\
             <body><main><h1>{title}</h1><p>{detail}</p>\
             <dl>{code}<dt>Reference</dt><dd><code>{reference}</code></dd></dl></main></body></html>\n"
        ))
    }
}

/// Headers of an answer that scripts of other origins may read.
const EXPOSED: &str = "penstock-reference, retry-after, grpc-status, grpc-message";

/// Lets a script of any origin read the answer (WHATWG Fetch, "CORS protocol"): otherwise it cannot tell a blocked
/// upload from a lost connection and tries again. There is nothing in it that belongs to a user: a sentence, a code and
/// a reference. The answers of the origin stay as they are.
fn let_scripts_read(response: &mut ResponseHeader, request: &HeaderMap) -> pingora::Result<()> {
    if let Some(origin) = request.get(header::ORIGIN) {
        response.insert_header(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)?;
        response.insert_header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true")?;
        response.insert_header(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED)?;
    }
    Ok(())
}

/// Whether the client would rather have HTML than JSON (RFC 9110 §12.5.1). A tie is JSON: only browsers ask for HTML.
fn prefers_html(headers: &HeaderMap) -> bool {
    let mut html = 0.0_f32;
    let mut json = 0.0_f32;
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut fields = range.split(';').map(str::trim);
        let name = fields.next().unwrap_or_default().to_ascii_lowercase();
        let weight = fields.find_map(|field| field.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        match name.as_str() {
            "text/html" | "application/xhtml+xml" => html = html.max(weight),
            "application/problem+json" | "application/json" | "application/*" | "*/*" => json = json.max(weight),
            _ => {}
        }
    }
    html > json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_goes_only_to_those_who_would_rather_have_it() {
        let cases = [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", false),
            ("application/json, text/plain, */*", false),
            ("text/html;q=0.5, application/json", false),
            ("text/html, application/problem+json", false),
            ("TEXT/HTML", true),
            ("image/png", false),
        ];
        for (accept, expected) in cases {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(prefers_html(&headers), expected, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn an_answer_tells_the_reference_and_nothing_about_the_match() {
        let answer = Answer::blocked(451, "0193-ref");
        let problem: serde_json::Value = answer.problem();
        assert_eq!(problem["status"], 451);
        assert_eq!(problem["reference"], "0193-ref");
        assert_eq!(problem.as_object().unwrap().len(), 5, "type, title, status, detail, reference");
        assert!(String::from_utf8(answer.page().to_vec()).unwrap().contains("<code>0193-ref</code>"));
    }
}
