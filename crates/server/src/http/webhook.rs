//! Meta's webhook: the handshake and the deliveries.

use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use waypost_api::ErrorCode;
use waypost_cloud_api::signature::{AppSecrets, SIGNATURE_HEADER, SignatureHeader};
use waypost_domain::AppName;

use super::problem::Refusal;
use crate::app::App;
use crate::config::LimitsConfig;
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
    /// One permit for each KiB of the bodies that are in memory, as far as they have come.
    pub(crate) held_kib: Semaphore,
}

impl WebhookLimits {
    /// Room for this many whole bodies at once.
    pub(crate) fn new(limits: &LimitsConfig) -> Self {
        let body_bytes_max = limits.webhook_body_bytes_max.value();
        let held_kib = limits.webhook_bodies_in_memory_max.value() * body_bytes_max.div_ceil(KIB);
        Self {
            body_bytes_max,
            body_timeout: limits.webhook_body_timeout_seconds.duration(),
            answer_timeout: limits.webhook_answer_timeout_seconds.duration(),
            held_kib: Semaphore::new(held_kib.min(Semaphore::MAX_PERMITS)),
        }
    }
}

const KIB: usize = 1_024;

/// How long a body that is under way may go on when the server stops: less than stopping may take in all.
const BODY_GRACE: Duration = Duration::from_secs(4);

/// A body, and the room that it takes until it is answered.
struct Held<'a> {
    bytes: BytesMut,
    room: Option<SemaphorePermit<'a>>,
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
    asked: Result<Query<Verification>, QueryRejection>,
) -> Result<Response, Refusal> {
    let meta = find_app(&app, name)?;
    let Query(asked) = asked
        .map_err(|_| Refusal::because(ErrorCode::InvalidRequest, "hub.…: each at most once, in UTF-8"))?;
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
        Err(code) => {
            if let Some(left_out) = app.refusals.due(code.as_str(), started) {
                tracing::warn!(code = code.as_str(), left_out, "a webhook was refused: {}", code.title());
            }
            Refusal::new(code).into_response()
        }
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
    let reading = tokio::time::timeout(limits.body_timeout, hold_body(limits, body));
    let held = tokio::select! {
        biased;
        held = reading => held.map_err(|_| ErrorCode::BodyTimeout)??,
        () = stopped_waiting(app) => return Err(ErrorCode::Unavailable),
    };
    secrets.verify(&signature, &held.bytes).map_err(|_| ErrorCode::InvalidSignature)?;
    let storing =
        waypost_inbox::receive((&app.store, &app.numbers), &meta.name, &held.bytes, app.clock.now());
    // Meta sends again what has no 200; what is committed after all is then a repetition.
    let receipt = tokio::time::timeout(limits.answer_timeout, storing)
        .await
        .map_err(|_| ErrorCode::Unavailable)?
        .map_err(|_| ErrorCode::Unavailable)?;
    app.metrics.items(&receipt.counts);
    app.metrics.foreign(&receipt.foreign);
    Ok(())
}

/// Returns when the server is stopping and will not wait any longer for bodies that are under way.
async fn stopped_waiting(app: &App) {
    app.closed.cancelled().await;
    tokio::time::sleep(BODY_GRACE).await;
}

/// Reads a body. It takes room only for what has come: who announces a large one and sends nothing keeps nobody out.
async fn hold_body(limits: &WebhookLimits, body: Body) -> Result<Held<'_>, ErrorCode> {
    let mut body = Limited::new(body, limits.body_bytes_max);
    let mut held = Held { bytes: BytesMut::new(), room: None };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.is::<LengthLimitError>() { ErrorCode::BodyTooLarge } else { ErrorCode::InvalidRequest }
        })?;
        if let Ok(data) = frame.into_data() {
            held.grow(limits, data.len()).await?;
            held.bytes.extend_from_slice(&data);
        }
    }
    Ok(held)
}

impl<'a> Held<'a> {
    /// Takes room for so many further bytes, in whole KiB of what there is in all, so that small pieces cost no more.
    async fn grow(&mut self, limits: &'a WebhookLimits, bytes: usize) -> Result<(), ErrorCode> {
        let taken = self.room.as_ref().map_or(0, SemaphorePermit::num_permits);
        let wanted = (self.bytes.len() + bytes).div_ceil(KIB);
        let more = u32::try_from(wanted.saturating_sub(taken)).map_err(|_| ErrorCode::BodyTooLarge)?;
        let more = limits.held_kib.acquire_many(more).await.map_err(|_| ErrorCode::Unavailable)?;
        match &mut self.room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// The app of the route's last part; without one, the one that sends.
fn find_app(app: &App, name: Option<Path<String>>) -> Result<&MetaApp, Refusal> {
    let found = match name {
        None => app.apps.first(),
        Some(Path(name)) => app.apps.iter().find(|meta| meta.name.as_str() == name),
    };
    found.ok_or_else(|| Refusal::new(ErrorCode::NotFound))
}
