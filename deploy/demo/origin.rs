//! The site behind Penstock in the demo and in the load test: it stores whatever is uploaded to it.
//!
//! `demo-origin ADDRESS DIRECTORY` stores, `demo-origin ADDRESS --discard` reads everything and keeps nothing.
#![expect(clippy::print_stderr, reason = "a program of its own")]

mod discard;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::BodyExt;

const PAGE: &str = include_str!("page.html");

/// A folder that files are put in, each under a number of its own.
struct Store {
    folder: PathBuf,
    next: AtomicU32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, target] = arguments.as_slice() else {
        eprintln!("usage: demo-origin ADDRESS DIRECTORY|--discard");
        return ExitCode::from(2);
    };
    let served = match tokio::net::TcpListener::bind(address).await {
        Ok(listener) if target == "--discard" => discard::serve(listener).await,
        Ok(listener) => serve(listener, PathBuf::from(target)).await,
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo-origin: {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(listener: tokio::net::TcpListener, folder: PathBuf) -> std::io::Result<()> {
    let store = Arc::new(Store { folder, next: AtomicU32::new(1) });
    let routes = Router::new().route("/", get(|| async { Html(PAGE) })).fallback(take).with_state(store);
    axum::serve(listener, routes).await
}

/// Takes any request: the files and fields of a form, or the body as it is.
async fn take(State(store): State<Arc<Store>>, request: Request<Body>) -> Response {
    let headers = request.headers().clone();
    let path = request.uri().path().to_owned();
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let stored = match multer::parse_boundary(content_type) {
        Ok(boundary) => store.take_form(request.into_body(), boundary).await,
        Err(_) => store.take_body(request.into_body(), &path).await,
    };
    match stored {
        Ok(stored) => format!("{stored}{}", marks(&headers)).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

/// What Penstock said about a flagged upload.
fn marks(headers: &HeaderMap) -> String {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (value("penstock-verdict"), value("penstock-labels")) {
        (Some(verdict), labels) => format!("Penstock says: {verdict} ({})\n", labels.unwrap_or_default()),
        (None, _) => String::new(),
    }
}

type Stored = Result<String, Box<dyn std::error::Error + Send + Sync>>;

impl Store {
    async fn take_form(&self, body: Body, boundary: String) -> Stored {
        let mut form = multer::Multipart::new(body.into_data_stream(), boundary);
        let mut report = String::new();
        while let Some(field) = form.next_field().await? {
            let name = match (field.file_name(), field.name()) {
                (Some(file), _) => file.to_owned(),
                (None, name) => format!("{}.txt", name.unwrap_or("field")),
            };
            report += &self.keep(&name, &field.bytes().await?)?;
        }
        Ok(report)
    }

    async fn take_body(&self, body: Body, path: &str) -> Stored {
        let bytes = body.collect().await?.to_bytes();
        self.keep(path.rsplit('/').next().unwrap_or_default(), &bytes)
    }

    fn keep(&self, name: &str, bytes: &Bytes) -> Stored {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        let name: String = name.chars().map(plain).take(80).collect();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        std::fs::write(self.folder.join(format!("{number:03}-{name}")), bytes)?;
        Ok(format!("stored {name}, {} bytes\n", bytes.len()))
    }
}
