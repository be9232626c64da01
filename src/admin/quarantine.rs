//! Entries in quarantine: listed, and decided about.
//!
//! The listener has no authentication, and a decision switches blocking on or off. So it must be kept from pages that an
//! operator's browser shows: such a page can send requests to `localhost` too. It cannot, without being asked about
//! first, send JSON or a header of its own to another site, and it does not know how to lie in `Origin`; a decision wants
//! the former and checks the latter. Pages whose name is made to point here are kept out by [`super::host`].

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::{Form, RequestExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::quarantine::{Decision, Listed};

/// A header that a form on a page cannot send.
const OWN_HEADER: &str = "penstock-admin";

/// A decision about an entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    set: String,
    entry: String,
    decision: Choice,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Enforce,
    Monitor,
}

/// Why a request is not carried out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("there is no Host header")]
    Host,
    #[error("the request comes from a page of another site")]
    Origin,
    #[error(
        "expected Content-Type: application/json, or application/x-www-form-urlencoded with a header Penstock-Admin: 1"
    )]
    ContentType,
}

/// As open as what else can be read here: browsers do not let other sites' pages read it.
pub(super) async fn list(State(shared): State<Shared>) -> Json<Value> {
    let entries: Vec<Listed> = shared.subjects.quarantine.list().iter().map(Listed::from).collect();
    Json(json!({ "entries": entries }))
}

pub(super) async fn decide(State(shared): State<Shared>, request: Request) -> Response {
    let is_json = match check_sender(request.headers()) {
        Ok(is_json) => is_json,
        Err(refused) => return failure(StatusCode::FORBIDDEN, refused.to_string()),
    };
    let order = match read_order(request, is_json).await {
        Ok(order) => order,
        Err(problem) => return failure(StatusCode::BAD_REQUEST, problem),
    };
    let decision = match order.decision {
        Choice::Enforce => Decision::Enforce,
        Choice::Monitor => Decision::Monitor,
    };
    let Order { set, entry, .. } = order;
    match shared.subjects.quarantine.decide(&set, &entry, decision) {
        0 => {
            let problem = format!(
                "entry \"{entry}\" of set \"{set}\" is not in quarantine and has not matched lately; see /quarantine"
            );
            failure(StatusCode::NOT_FOUND, problem)
        }
        hashes => Json(json!({ "set": set, "entry": entry, "hashes": hashes })).into_response(),
    }
}

async fn read_order(request: Request, is_json: bool) -> Result<Order, String> {
    if is_json {
        let body = Bytes::from_request(request, &()).await.map_err(|rejection| rejection.body_text())?;
        return serde_json::from_slice(&body).map_err(|error| format!("{error}; expected {EXPECTED}"));
    }
    match request.extract::<Form<Order>, _>().await {
        Ok(Form(order)) => Ok(order),
        Err(rejection) => Err(format!("{}; expected {EXPECTED}", rejection.body_text())),
    }
}

const EXPECTED: &str = "set, entry, and decision as \"enforce\" or \"monitor\"";

fn failure(status: StatusCode, problem: impl Into<Value>) -> Response {
    (status, Json(json!({ "error": problem.into() }))).into_response()
}

/// Whether the body is JSON rather than a form; an error when the sender may be a page.
fn check_sender(headers: &HeaderMap) -> Result<bool, Refused> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).ok_or(Refused::Host)?;
    let is_own = |origin: &str| origin.strip_prefix("http://").is_some_and(|own| own.eq_ignore_ascii_case(host));
    let is_same_site = |site: &str| matches!(site, "same-origin" | "none");
    let allows = |name: &str, is_fine: &dyn Fn(&str) -> bool| {
        headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(is_fine))
    };
    if !allows("origin", &is_own) || !allows("sec-fetch-site", &is_same_site) {
        return Err(Refused::Origin);
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(true),
        "application/x-www-form-urlencoded" if headers.contains_key(OWN_HEADER) => Ok(false),
        _ => Err(Refused::ContentType),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    type Header = (&'static str, &'static str);

    fn check(headers: &[Header]) -> Result<bool, Refused> {
        let named =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        check_sender(&named.collect())
    }

    #[test]
    fn only_what_no_page_of_another_site_can_send_is_carried_out() {
        let (json, form) =
            (("content-type", "application/json"), ("content-type", "application/x-www-form-urlencoded"));
        let (host, own) = (("host", "127.0.0.1:9180"), ("penstock-admin", "1"));
        let cases: [(&[Header], Result<bool, Refused>); 13] = [
            (&[host, json], Ok(true)),
            (&[host, form, own], Ok(false)),
            (&[("host", "localhost"), json, ("origin", "http://localhost")], Ok(true)),
            (&[("host", "[::1]:9180"), json, ("sec-fetch-site", "none")], Ok(true)),
            (&[host, ("content-type", "Application/JSON; charset=utf-8")], Ok(true)),
            (&[host, form], Err(Refused::ContentType)),
            (&[host, own], Err(Refused::ContentType)),
            (&[host, ("content-type", "text/plain"), own], Err(Refused::ContentType)),
            (&[host, json, ("origin", "https://evil.example")], Err(Refused::Origin)),
            (&[host, json, ("origin", "null")], Err(Refused::Origin)),
            (&[host, form, own, ("sec-fetch-site", "cross-site")], Err(Refused::Origin)),
            (&[host, json, ("origin", "http://127.0.0.1:3000")], Err(Refused::Origin)),
            (&[json], Err(Refused::Host)),
        ];
        for (headers, expected) in cases {
            assert_eq!(check(headers), expected, "{headers:?}");
        }
    }
}
