//! The request header with which a held upload goes on to the origin.

use http::{HeaderName, header};
use pingora::Result;
use pingora::http::RequestHeader;

use crate::verdict::{Outcome, Verdict};

/// What the origin is told about an upload that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    length: usize,
    /// Only for flagged uploads: an allowed one goes on as it came.
    mark: Option<Mark>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    verdict: &'static str,
    reference: String,
    labels: String,
}

impl Release {
    pub(super) fn new(verdict: &Verdict, reference: &str, length: usize) -> Self {
        let mark = (verdict.outcome == Outcome::Flag).then(|| Mark {
            verdict: verdict.outcome.name(),
            reference: reference.to_owned(),
            labels: verdict.labels.iter().map(|label| header_text(label)).collect::<Vec<_>>().join(","),
        });
        Self { length, mark }
    }

    /// The held body has a known length, whatever framing the client used, and no expectation is left.
    pub(super) fn write_to(&self, request: &mut RequestHeader) -> Result<()> {
        request.remove_header(&header::TRANSFER_ENCODING);
        request.remove_header(&header::EXPECT);
        request.insert_header(header::CONTENT_LENGTH, self.length)?;
        if let Some(mark) = &self.mark {
            request.insert_header("Penstock-Verdict", mark.verdict)?;
            request.insert_header("Penstock-Reference", &mark.reference)?;
            request.insert_header("Penstock-Labels", &mark.labels)?;
        }
        Ok(())
    }
}

/// A label as it can stand in a list in a header: hash sets may use any text, and what is not plain is percent-encoded.
fn header_text(label: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/@ ".contains(&byte);
    let mut text = String::with_capacity(label.len());
    for byte in label.bytes() {
        if is_plain(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Removes every header that an origin could take for one of ours, `_` read as `-` as CGI and WSGI do.
pub(super) fn remove_penstock_headers(request: &mut RequestHeader) {
    let forged: Vec<HeaderName> = request
        .headers
        .keys()
        .filter(|name| name.as_str().replace('_', "-").starts_with("penstock-"))
        .cloned()
        .collect();
    for name in forged {
        request.remove_header(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_label_can_stand_in_a_header() {
        assert_eq!(header_text("terror.a_b-1"), "terror.a_b-1");
        assert_eq!(header_text("a,b\r\né%"), "a%2Cb%0D%0A%C3%A9%25");
    }

    #[test]
    fn headers_that_look_like_ours_are_removed_in_every_spelling() {
        let mut request = RequestHeader::build("POST", b"/", None).unwrap();
        for name in ["Penstock-Verdict", "penstock_labels", "PENSTOCK-Anything", "X-Penstock-Fan"] {
            request.append_header(name, "x").unwrap();
        }
        remove_penstock_headers(&mut request);
        assert_eq!(request.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-penstock-fan"]);
    }
}
