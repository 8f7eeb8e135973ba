//! Refusals as answers.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use waypost_api::problem::PROBLEM_JSON;
use waypost_api::{ErrorCode, Problem};

/// Seconds after which whoever was answered 503 may try again.
const RETRY_AFTER_SECONDS: &str = "5";

/// A refusal: a problem with its status and headers.
#[derive(Debug)]
pub(crate) struct Refusal(Problem);

impl Refusal {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self(Problem::new(code))
    }

    /// With what was wrong this time: nothing personal, no secret.
    pub(crate) fn because(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Problem::new(code).with_detail(detail))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

/// What is answered where there is no route.
pub(crate) async fn not_found() -> Refusal {
    Refusal::new(ErrorCode::NotFound)
}

/// What is answered where the route does not take the method.
pub(crate) async fn method_not_allowed() -> Refusal {
    Refusal::new(ErrorCode::MethodNotAllowed)
}
