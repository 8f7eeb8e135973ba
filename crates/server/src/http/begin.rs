//! Whether a client may begin a connection just now.
//!
//! While the store is away nobody can be let in: neither who they are nor what they missed can be found out. To be sent away
//! in the middle of a handshake costs a stock client more than to be refused before it: one that is changing from polling
//! to WebSocket then (`socket.io-client` 4.8) does not notice before its ping is overdue.

use std::sync::atomic::Ordering;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use waypost_api::ErrorCode;

use super::pause::before_refusing;
use super::problem::Refusal;
use crate::app::App;

/// Lets pass whoever goes on with a connection, and whoever begins one, not too often, while the store is there.
pub(crate) async fn pass(State(app): State<App>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let begins = !query.split('&').any(|pair| pair.starts_with("sid="));
    if !begins {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let address = app.trusted_proxies.client_of(&parts).map(|address| address.0);
    if let Err(wait) = app.limits.handshake(address) {
        before_refusing().await;
        // Not 429, after which not every stock client comes back by itself.
        let refusal = Refusal::because(ErrorCode::Unavailable, "this address opens too many connections");
        return refusal.retry_after(wait).into_response();
    }
    if !app.is_store_there.load(Ordering::Relaxed) {
        return Refusal::because(ErrorCode::Unavailable, "the store cannot be read").into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}
