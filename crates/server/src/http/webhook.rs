//! Meta's webhook: the handshake and the deliveries.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use waypost_api::ErrorCode;
use waypost_cloud_api::signature::{AppSecrets, SIGNATURE_HEADER, SignatureHeader};
use waypost_domain::AppName;

use super::problem::Refusal;
use crate::app::App;
use crate::telemetry::WebhookOutcome;

/// A Meta app: whose secrets sign, and what it says at the handshake.
pub(crate) struct MetaApp {
    pub(crate) name: AppName,
    /// `None` in set-up mode.
    pub(crate) secrets: Option<AppSecrets>,
    pub(crate) verify_token: Option<String>,
}

/// How much of webhooks is held, and for how long.
pub(crate) struct WebhookLimits {
    pub(crate) body_bytes_max: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) answer_timeout: Duration,
    /// As many permits as bodies may be in memory.
    pub(crate) bodies: Semaphore,
}

/// `hub.…` of Meta's handshake.
#[derive(Deserialize)]
pub(crate) struct Verification {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Answers Meta's handshake: the challenge, exactly, to whoever knows the verify token.
#[utoipa::path(
    get, path = "/whatsapp/webhook", tag = "webhook", security(()),
    params(("hub.mode" = String, Query), ("hub.verify_token" = String, Query), ("hub.challenge" = String, Query)),
    responses(
        (status = 200, description = "The challenge, as plain text", body = String),
        (status = 400, description = "The challenge is missing", body = waypost_api::Problem),
        (status = 403, description = "The token is not the configured one", body = waypost_api::Problem),
        (status = 503, description = "No verify token is configured", body = waypost_api::Problem),
    )
)]
pub(crate) async fn verify_webhook(
    State(app): State<App>,
    name: Option<Path<String>>,
    Query(asked): Query<Verification>,
) -> Result<Response, Refusal> {
    let meta = find_app(&app, name)?;
    let Some(expected) = &meta.verify_token else {
        return Err(Refusal::because(
            ErrorCode::NotSetUp,
            "no verify token is configured (WAYPOST_VERIFY_TOKEN)",
        ));
    };
    let token = asked.token.unwrap_or_default();
    let is_right: bool = token.as_bytes().ct_eq(expected.as_bytes()).into();
    if asked.mode.as_deref() != Some("subscribe") || !is_right {
        return Err(Refusal::new(ErrorCode::VerificationFailed));
    }
    let challenge = asked
        .challenge
        .filter(|challenge| !challenge.is_empty())
        .ok_or_else(|| Refusal::because(ErrorCode::InvalidRequest, "hub.challenge: missing"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, challenge).into_response())
}

/// Takes a delivery. 200 means stored.
#[utoipa::path(
    post, path = "/whatsapp/webhook", tag = "webhook", security(()),
    params(("X-Hub-Signature-256" = String, Header, description = "`sha256=` and the HMAC of the raw body")),
    request_body(content = Object, description = "A webhook of the Cloud API"),
    responses(
        (status = 200, description = "Everything in it is stored, what could not be understood as a dead letter"),
        (status = 401, description = "The signature is missing or wrong", body = waypost_api::Problem),
        (status = 408, description = "The body took too long to come", body = waypost_api::Problem),
        (status = 413, description = "The body is larger than the limit", body = waypost_api::Problem),
        (status = 503, description = "It could not be stored just now, or nothing is set up", body = waypost_api::Problem),
    )
)]
pub(crate) async fn receive_webhook(
    State(app): State<App>,
    name: Option<Path<String>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let started = app.clock.monotonic();
    let result = receive(&app, name, &headers, body).await;
    let outcome = match &result {
        Ok(()) => WebhookOutcome::Stored,
        Err(code) => WebhookOutcome::Refused(*code),
    };
    app.metrics.webhook(outcome, app.clock.monotonic().saturating_sub(started));
    match result {
        Ok(()) => StatusCode::OK.into_response(),
        Err(code) => Refusal::new(code).into_response(),
    }
}

async fn receive(
    app: &App,
    name: Option<Path<String>>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), ErrorCode> {
    let meta = find_app(app, name).map_err(|_| ErrorCode::NotFound)?;
    let secrets = meta.secrets.as_ref().ok_or(ErrorCode::NotSetUp)?;
    if app.stopping.is_cancelled() {
        return Err(ErrorCode::Unavailable);
    }
    // The header's shape comes first: whoever has none cannot make us hold a body.
    let signature = headers
        .get(SIGNATURE_HEADER)
        .and_then(|value| SignatureHeader::parse(value.as_bytes()).ok())
        .ok_or(ErrorCode::InvalidSignature)?;
    let limits = &app.webhook_limits;
    let place = tokio::time::timeout(limits.answer_timeout, limits.bodies.acquire());
    let _place = place.await.map_err(|_| ErrorCode::Unavailable)?.map_err(|_| ErrorCode::Unavailable)?;
    let body = read_body(limits, body).await?;
    secrets.verify(&signature, &body).map_err(|_| ErrorCode::InvalidSignature)?;
    let storing = waypost_inbox::receive(&app.store, &meta.name, &body, app.clock.now());
    // Meta sends again what has no 200; what is committed after all is then a repetition.
    let counts = tokio::time::timeout(limits.answer_timeout, storing)
        .await
        .map_err(|_| ErrorCode::Unavailable)?
        .map_err(|_| ErrorCode::Unavailable)?;
    app.metrics.items(&counts);
    Ok(())
}

async fn read_body(limits: &WebhookLimits, body: Body) -> Result<Bytes, ErrorCode> {
    let reading = Limited::new(body, limits.body_bytes_max).collect();
    match tokio::time::timeout(limits.body_timeout, reading).await {
        Err(_) => Err(ErrorCode::BodyTimeout),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ErrorCode::BodyTooLarge),
        Ok(Err(_)) => Err(ErrorCode::InvalidRequest),
    }
}

/// The app of the route's last part; without one, the only one there is.
fn find_app(app: &App, name: Option<Path<String>>) -> Result<&MetaApp, Refusal> {
    match name {
        Some(Path(name)) if name != app.meta.name.as_str() => Err(Refusal::new(ErrorCode::NotFound)),
        _ => Ok(&app.meta),
    }
}
