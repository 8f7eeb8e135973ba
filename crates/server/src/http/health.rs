//! Whether the server lives, is ready, and what it has done.

use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderValue, header};
use waypost_api::ErrorCode;
use waypost_domain::{Action, may};

use super::credential::Caller;
use super::problem::Refusal;
use crate::app::App;

/// How long the store may take to answer before the server is not ready.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()),
    responses((status = 200, description = "The process runs", body = String)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// The server takes webhooks and clients: its store can be read and written, and it is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()),
    responses(
        (status = 200, description = "Ready", body = String),
        (status = 503, description = "Stopping, or the store is in trouble", body = waypost_api::Problem)
    ))]
pub(crate) async fn readyz(State(app): State<App>) -> Result<&'static str, Refusal> {
    if app.stopping.is_cancelled() {
        return Err(Refusal::because(ErrorCode::Unavailable, "the server is stopping"));
    }
    let looking = async { app.store.head().await.is_ok() && app.store.can_write().await };
    match tokio::time::timeout(STORE_TIMEOUT, looking).await {
        Ok(true) => Ok("ready\n"),
        Ok(false) => Err(Refusal::because(ErrorCode::Unavailable, "the store cannot write")),
        Err(_) => Err(Refusal::because(ErrorCode::Unavailable, "the store does not answer")),
    }
}

/// The metrics, in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "OpenMetrics text", body = String)))]
pub(crate) async fn metrics(
    State(app): State<App>,
    Caller(principal): Caller,
) -> Result<impl IntoResponse, Refusal> {
    if !may(&principal, Action::Measure) {
        return Err(Refusal::new(ErrorCode::Forbidden));
    }
    let text = app.metrics.to_text().ok_or_else(|| Refusal::new(ErrorCode::Internal))?;
    let format = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, format)], text))
}
