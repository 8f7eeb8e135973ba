//! The masked view of answers: whoever is not to see numbers sees none by REST either.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header, request};
use waypost_api::{ErrorCode, mask_json};
use waypost_domain::View;

use super::problem::Refusal;

/// The longest answer that is masked; lists are bounded far below.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Whether whoever asked is to see the masked view: noted when it is known who it is.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicBool>);

/// Notes how much whoever asks is shown.
pub(crate) fn note(parts: &request::Parts, view: View) {
    if let (View::Masked, Some(Asked(is_masked))) = (view, parts.extensions.get()) {
        is_masked.store(true, Ordering::Relaxed);
    }
}

/// Masks what a handler answers in JSON, where whoever asked is not to see all of it.
pub(crate) async fn show(mut request: Request, next: Next) -> Response {
    let asked = Asked::default();
    request.extensions_mut().insert(asked.clone());
    let response = next.run(request).await;
    let is_json =
        response.headers().get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static("application/json"));
    if !asked.0.load(Ordering::Relaxed) || !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let masked = match to_bytes(body, ANSWER_BYTES_MAX).await {
        Ok(body) => mask_json(&body).ok(),
        Err(_) => None,
    };
    match masked {
        Some(masked) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(masked))
        }
        None => Refusal::new(ErrorCode::Unavailable).into_response(),
    }
}
