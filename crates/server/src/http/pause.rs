//! A pause before whoever asks too often is told so.
//!
//! Refusing costs little, but not nothing, and whoever asks again at once over one connection would take a core with it. Who
//! asks over many connections is bounded by their number.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::StatusCode;

/// Shorter than anything that a person notices.
const PAUSE: Duration = Duration::from_millis(100);

/// Lets whoever is answered 429 wait for it.
pub(crate) async fn slow_down(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        before_refusing().await;
    }
    response
}

/// The pause itself.
pub(crate) async fn before_refusing() {
    tokio::time::sleep(PAUSE).await;
}
