//! Long polling: the handshake, GETs that wait, POSTs that carry packets.

use super::{EngineError, admit, unavailable};
use crate::Application;
use crate::hub::Inner;
use crate::names::Sid;
use crate::shard::Command;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::LengthLimitError;
use std::error::Error;
use std::sync::Arc;
use tokio::sync::oneshot;

const PLAIN_TEXT: [(http::HeaderName, &str); 1] = [(CONTENT_TYPE, "text/plain; charset=UTF-8")];

/// A handshake.
pub(super) async fn open<A: Application>(hub: &Arc<Inner<A>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let (newcomer, shard) = match admit(hub, &parts) {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal,
    };
    let (answer, opened) = oneshot::channel();
    if shard.send(Command::Open { newcomer, answer }).await.is_err() {
        return unavailable(hub);
    }
    payload(hub, opened.await)
}

/// A GET. How long it waits is bounded by the session's ping, which answers it.
pub(super) async fn poll<A: Application>(hub: &Arc<Inner<A>>, sid: Sid) -> Response {
    let Some(shard) = hub.shard(sid.shard()) else { return EngineError::SessionUnknown.into_response() };
    let (answer, answered) = oneshot::channel();
    if shard.send(Command::Poll { sid, answer }).await.is_err() {
        return unavailable(hub);
    }
    payload(hub, answered.await)
}

/// A POST.
pub(super) async fn push<A: Application>(hub: &Arc<Inner<A>>, sid: Sid, request: Request) -> Response {
    let Some(shard) = hub.shard(sid.shard()) else { return EngineError::SessionUnknown.into_response() };
    let body = axum::body::to_bytes(request.into_body(), hub.config.payload_bytes_max);
    let payload = match tokio::time::timeout(hub.config.request_deadline, body).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if is_too_long(&error) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Ok(Err(_)) => return EngineError::BadRequest.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let (answer, taken) = oneshot::channel();
    if shard.send(Command::Push { sid, payload, answer }).await.is_err() {
        return unavailable(hub);
    }
    match taken.await {
        Ok(Ok(())) => (PLAIN_TEXT, "ok").into_response(),
        Ok(Err(error)) => error.into_response(),
        Err(_) => unavailable(hub),
    }
}

/// Whether a body was longer than it may be, and not broken in another way.
fn is_too_long(error: &axum::Error) -> bool {
    error.source().is_some_and(|source| source.is::<LengthLimitError>())
}

fn payload<A: Application>(
    hub: &Inner<A>,
    answer: Result<Result<Bytes, EngineError>, oneshot::error::RecvError>,
) -> Response {
    match answer {
        Ok(Ok(payload)) => (PLAIN_TEXT, Body::from(payload)).into_response(),
        Ok(Err(error)) => error.into_response(),
        Err(_) => unavailable(hub),
    }
}
