//! What a browser gets without a credential: the test client, the sign-in page, and the Socket.IO client.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use waypost_assets::{Asset, LOGIN_PAGE, PAGE};

use crate::app::{App, Mode};

/// The page loads nothing but its own files, and may connect to the server that its user names.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src * ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The sign-in page speaks with the server it came from, and with nobody else.
const LOGIN_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Where the page says which mode the server is in.
const MODE_PLACEHOLDER: &str = "data-waypost-mode=\"live\"";

/// The front page is the test client.
pub(crate) async fn front_page() -> Redirect {
    Redirect::temporary("/whatsapp-websocket-test.html")
}

/// The test client, with the server's mode filled in.
pub(crate) async fn test_client(State(app): State<App>) -> Response {
    let page = match waypost_assets::asset(PAGE) {
        Ok(page) => page,
        Err(missing) => return missing_part(&missing.to_string()),
    };
    let mode = match app.mode {
        Mode::Live => "live",
        Mode::Setup => "setup",
        Mode::Demo => "demo",
    };
    let html = String::from_utf8_lossy(page.bytes)
        .replace(MODE_PLACEHOLDER, &format!("data-waypost-mode=\"{mode}\""));
    // The mode may change with the next start, so that it is not kept.
    (page_headers(page, CONTENT_SECURITY_POLICY), html).into_response()
}

/// Where people sign in.
pub(crate) async fn login() -> Response {
    match waypost_assets::asset(LOGIN_PAGE) {
        Ok(page) => (page_headers(page, LOGIN_SECURITY_POLICY), page.bytes).into_response(),
        Err(missing) => missing_part(&missing.to_string()),
    }
}

/// The sign-in page's script.
pub(crate) async fn login_script(headers: HeaderMap) -> Response {
    file("login.js", &headers)
}

/// The sign-in page's style.
pub(crate) async fn login_style(headers: HeaderMap) -> Response {
    file("login.css", &headers)
}

/// What a browser is to do with a page, and what with nothing in it.
fn page_headers(page: &Asset, policy: &'static str) -> [(HeaderName, HeaderValue); 8] {
    let header = HeaderValue::from_static;
    [
        (header::CONTENT_TYPE, header(page.content_type)),
        (header::CACHE_CONTROL, header("no-store")),
        (header::CONTENT_SECURITY_POLICY, header(policy)),
        (header::REFERRER_POLICY, header("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, header("nosniff")),
        (header::X_FRAME_OPTIONS, header("DENY")),
        (HeaderName::from_static("cross-origin-opener-policy"), header("same-origin")),
        (
            HeaderName::from_static("permissions-policy"),
            header("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ),
    ]
}

/// The test client's script.
pub(crate) async fn test_client_script(headers: HeaderMap) -> Response {
    file("whatsapp-websocket-test.js", &headers)
}

/// The test client's style.
pub(crate) async fn test_client_style(headers: HeaderMap) -> Response {
    file("whatsapp-websocket-test.css", &headers)
}

/// Socket.IO's own client for browsers.
pub(crate) async fn socket_io_client(headers: HeaderMap) -> Response {
    file("socket.io.js", &headers)
}

fn file(name: &str, headers: &HeaderMap) -> Response {
    match waypost_assets::asset(name) {
        Ok(asset) => answer(asset, headers),
        Err(missing) => missing_part(&missing.to_string()),
    }
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.etag));
    let answered: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::ETAG, HeaderValue::from_static(asset.etag)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    if is_known {
        (StatusCode::NOT_MODIFIED, answered).into_response()
    } else {
        (answered, asset.bytes).into_response()
    }
}

fn missing_part(what: &str) -> Response {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, text)], format!("{what}\n")).into_response()
}
