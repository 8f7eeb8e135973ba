//! Refusals as answers.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use waypost_api::problem::PROBLEM_JSON;
use waypost_api::{ErrorCode, Problem};
use waypost_store::ReadError;

/// Seconds after which whoever was answered 503 may try again.
const RETRY_AFTER_SECONDS: &str = "5";

/// A refusal: a problem with its status and headers.
#[derive(Debug)]
pub(crate) struct Refusal {
    problem: Problem,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self { problem: Problem::new(code) }
    }

    /// With when to try again.
    pub(crate) fn for_now(code: ErrorCode, retry_after: Duration) -> Self {
        Self::new(code).retry_after(retry_after)
    }

    /// Says when to try again.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        Self { problem: self.problem.with_retry_after(whole_seconds(wait)) }
    }

    /// With what was wrong this time: nothing personal, no secret.
    pub(crate) fn because(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { problem: Problem::new(code).with_detail(detail) }
    }
}

/// The store cannot say or do what was asked just now, whatever that was.
pub(crate) fn unavailable(error: &ReadError) -> Refusal {
    tracing::error!(%error, "a request could not be answered: the store cannot be read or written");
    Refusal::new(ErrorCode::Unavailable)
}

/// A wait as clients are told of it: whoever comes back after so many seconds is not too early.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.problem.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
            return response;
        }
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
