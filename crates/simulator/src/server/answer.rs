//! From rows to the bytes of an answer, and how they reach the client, or do not.

use std::io::Write;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use serde_json::{Value, json};

use super::fault::Fault;
use super::log::InProgress;
use super::rate::Allowance;
use super::settings::{Settings, Wrapper};

/// An answer before it is sent.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
    retry_after_seconds: Option<u64>,
    /// How many rows it has, where it has a list.
    pub(super) rows: Option<usize>,
}

impl Answer {
    pub(super) fn json(value: &Value) -> Self {
        Self::text(StatusCode::OK, "application/json", value.to_string())
    }

    pub(super) fn error(status: StatusCode, words: &str, settings: &Settings) -> Self {
        let body = if settings.capitalised_errors { json!({ "Error": words }) } else { json!({ "error": words }) };
        Self::text(status, "application/json", body.to_string())
    }

    pub(super) fn with_rows(self, rows: usize) -> Self {
        Self { rows: Some(rows), ..self }
    }

    /// The rows of a click feed, in one of Everflow's wrappers.
    pub(super) fn of_rows(rows: &[String], number: u64, fault: Option<Fault>, settings: &Settings) -> Self {
        let kept = if fault == Some(Fault::IncompleteResults) { &rows[..rows.len().div_ceil(2)] } else { rows };
        let (wrapper, is_bare_turn) = match (settings.wrapper, number % 4) {
            (Wrapper::Rotating, 1) => (Wrapper::Clicks, false),
            (Wrapper::Rotating, 2) => (Wrapper::Table, false),
            (Wrapper::Rotating, 3) => (Wrapper::Array, false),
            (Wrapper::Rotating, _) => (Wrapper::Clicks, true),
            (wrapper, _) => (wrapper, settings.bare_single_row),
        };
        let list = kept.join(",");
        let body = match (fault, wrapper) {
            (Some(Fault::NullClicks), _) => r#"{"clicks":null}"#.to_owned(),
            (Some(Fault::IncompleteResults), Wrapper::Table) => {
                format!(r#"{{"table":[{list}],"incomplete_results":true}}"#)
            }
            (Some(Fault::IncompleteResults), _) => format!(r#"{{"clicks":[{list}],"incomplete_results":true}}"#),
            _ if kept.len() == 1 && is_bare_turn => list,
            (_, Wrapper::Table) => format!(r#"{{"table":[{list}]}}"#),
            (_, Wrapper::Array) => format!("[{list}]"),
            _ => format!(r#"{{"clicks":[{list}]}}"#),
        };
        let count = if fault == Some(Fault::NullClicks) { 0 } else { kept.len() };
        Self { rows: Some(count), ..Self::text(StatusCode::OK, "application/json", body) }
    }

    /// What a fault puts in the place of any answer; `None`: it leaves the answer, and changes its rows or its way.
    pub(super) fn of_fault(fault: Fault, settings: &Settings) -> Option<Self> {
        let with_200 = |value: &Value| Some(Self::json(value));
        match fault {
            Fault::Status(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Some(Self::error(status, status.canonical_reason().unwrap_or("Error"), settings))
            }
            Fault::TooManyRequests { retry_after_seconds } => Some(Self {
                retry_after_seconds,
                ..Self::error(StatusCode::TOO_MANY_REQUESTS, "Too many requests", settings)
            }),
            Fault::HtmlPage => Some(Self::text(
                StatusCode::OK,
                "text/html; charset=utf-8",
                "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
                    .to_owned(),
            )),
            Fault::ErrorWith200 => with_200(&json!({ "error": "Report could not be generated" })),
            Fault::CapitalisedErrorWith200 => with_200(&json!({ "Error": "Report could not be generated" })),
            Fault::UnknownWrapper => with_200(&json!({ "message": "ok" })),
            Fault::EmptyBody => Some(Self::text(StatusCode::OK, "application/json", String::new())),
            _ => None,
        }
    }

    fn text(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, body: body.into_bytes(), retry_after_seconds: None, rows: None }
    }

    /// The answer on its way. `in_progress` ends just before the last byte is handed over, so that who has read it all can
    /// ask again without being one too many.
    pub(super) fn send(
        self,
        fault: Option<Fault>,
        gzip: bool,
        allowance: Option<Allowance>,
        in_progress: InProgress,
    ) -> Response {
        let body = if gzip { compress(&self.body) } else { self.body };
        let half = body.len() / 2;
        let body = match fault {
            Some(Fault::CutGzip) => {
                drop(in_progress);
                Body::from(body[..half].to_vec())
            }
            Some(Fault::CutConnection) => cut_after(Vec::new(), in_progress),
            Some(Fault::CutBody) => cut_after(body[..half].to_vec(), in_progress),
            Some(Fault::HangInBody) => hang_after(body[..half].to_vec(), in_progress),
            Some(Fault::SlowBody { pieces, pause }) => trickle(&body, pieces, pause, in_progress),
            _ => {
                drop(in_progress);
                Body::from(body)
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(allowance) = allowance {
            headers.insert("x-ratelimit-limit", allowance.limit.into());
            let is_refused = self.status == StatusCode::TOO_MANY_REQUESTS;
            headers.insert("x-ratelimit-remaining", if is_refused { 0 } else { allowance.remaining }.into());
        }
        response
    }
}

fn compress(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8 + 64), Compression::fast());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    debug_assert!(written.is_ok(), "a vector takes any bytes");
    written.unwrap_or_default()
}

type Piece = Result<Bytes, std::io::Error>;

/// Some bytes, then the end of the connection; without any, not even a head is sent.
fn cut_after(bytes: Vec<u8>, in_progress: InProgress) -> Body {
    Body::from_stream(stream::unfold((Some(bytes), in_progress), |(bytes, in_progress)| async move {
        match bytes {
            Some(bytes) if !bytes.is_empty() => return Some((Piece::Ok(bytes.into()), (None, in_progress))),
            Some(_) => {}
            // Lets what was handed over leave before the connection breaks.
            None => tokio::task::yield_now().await,
        }
        let cut = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "cut as asked");
        Some((Err(cut), (None, in_progress)))
    }))
}

/// Some bytes, then silence, until the client has had enough.
fn hang_after(bytes: Vec<u8>, in_progress: InProgress) -> Body {
    Body::from_stream(stream::unfold((Some(bytes), in_progress), |(bytes, in_progress)| async move {
        match bytes {
            Some(bytes) => Some((Piece::Ok(Bytes::from(bytes)), (None, in_progress))),
            None => std::future::pending().await,
        }
    }))
}

fn trickle(body: &[u8], pieces: u32, pause: Duration, in_progress: InProgress) -> Body {
    let length = body.len().div_ceil(pieces.max(1) as usize).max(1);
    let mut pieces: Vec<Bytes> = body.chunks(length).rev().map(Bytes::copy_from_slice).collect();
    let next = pieces.pop();
    Body::from_stream(stream::unfold(
        (next, pieces, Some(in_progress)),
        move |(next, mut left, in_progress)| async move {
            let piece = next?;
            tokio::time::sleep(pause).await;
            let next = left.pop();
            let in_progress = in_progress.filter(|_| next.is_some());
            Some((Piece::Ok(piece), (next, left, in_progress)))
        },
    ))
}
