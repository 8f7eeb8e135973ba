//! Engine.IO over HTTP: the routes, what a request asks for, and every error answer.

mod address;
mod polling;
mod websocket;

pub use address::{ClientAddress, NotANetwork, TrustedProxies};

use crate::hub::Inner;
use crate::names::Sid;
use crate::shard::Newcomer;
use crate::{Application, Protocol, shard::ShardSender};
use address::client_address;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::borrow::Cow;
use std::sync::Arc;
use waypost_wire::session::Transport;

/// The version of Engine.IO that this server speaks.
const VERSION: &str = "4";

/// An Engine.IO error: 400 with `{ code, message }` (the numbers are the protocol's own).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineError {
    TransportUnknown,
    SessionUnknown,
    BadHandshakeMethod,
    BadRequest,
    UnsupportedVersion,
}

impl IntoResponse for EngineError {
    fn into_response(self) -> Response {
        let body = match self {
            EngineError::TransportUnknown => r#"{"code":0,"message":"Transport unknown"}"#,
            EngineError::SessionUnknown => r#"{"code":1,"message":"Session ID unknown"}"#,
            EngineError::BadHandshakeMethod => r#"{"code":2,"message":"Bad handshake method"}"#,
            EngineError::BadRequest => r#"{"code":3,"message":"Bad request"}"#,
            EngineError::UnsupportedVersion => r#"{"code":5,"message":"Unsupported protocol version"}"#,
        };
        (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}

pub(crate) fn router<A: Application, S: Clone + Send + Sync + 'static>(hub: &Arc<Inner<A>>) -> Router<S> {
    let answering = hub.clone();
    let route = any(move |request: Request| {
        let hub = answering.clone();
        async move { answer(&hub, request).await }
    });
    let (bare, slashed) = match &hub.config.protocol {
        Protocol::SocketIo(_) => ("/socket.io", "/socket.io/"),
        Protocol::EngineIo => ("/engine.io", "/engine.io/"),
    };
    Router::new().route(bare, route.clone()).route(slashed, route)
}

async fn answer<A: Application>(hub: &Arc<Inner<A>>, mut request: Request) -> Response {
    let asked = match Asked::read(&request) {
        Ok(asked) => asked,
        Err(error) => return error.into_response(),
    };
    if asked.sid.is_none()
        && let Some(address) = client_address(&request, &hub.config.trusted_proxies)
    {
        request.extensions_mut().insert(address);
    }
    let mut response = match (asked.transport, asked.sid) {
        (Transport::Polling, None) => polling::open(hub, request).await,
        (Transport::Polling, Some(sid)) if request.method() == Method::GET => polling::poll(hub, sid).await,
        (Transport::Polling, Some(sid)) => polling::push(hub, sid, request).await,
        (Transport::WebSocket, None) => websocket::open(hub, request),
        (Transport::WebSocket, Some(sid)) => websocket::upgrade(hub, sid, request).await,
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a request's parameters ask for.
struct Asked {
    transport: Transport,
    sid: Option<Sid>,
}

impl Asked {
    /// The checks are in the order in which the protocol's reference server makes them.
    fn read(request: &Request) -> Result<Asked, EngineError> {
        let parameters = Parameters::read(request.uri().query().unwrap_or_default())?;
        let transport = match parameters.transport.as_deref() {
            Some("polling") => Transport::Polling,
            Some("websocket") => Transport::WebSocket,
            _ => return Err(EngineError::TransportUnknown),
        };
        if parameters.version.as_deref() != Some(VERSION) {
            return Err(EngineError::UnsupportedVersion);
        }
        let sid = match parameters.sid {
            None => None,
            Some(text) => Some(Sid::parse(&text).ok_or(EngineError::SessionUnknown)?),
        };
        match (request.method(), sid, transport) {
            (&Method::GET, _, _) | (&Method::POST, Some(_), Transport::Polling) => {
                Ok(Asked { transport, sid })
            }
            (_, None, _) => Err(EngineError::BadHandshakeMethod),
            _ => Err(EngineError::BadRequest),
        }
    }
}

/// The parameters of Engine.IO.
#[derive(Default)]
struct Parameters<'a> {
    transport: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    sid: Option<Cow<'a, str>>,
}

impl Parameters<'_> {
    /// One that stands twice is refused: whoever looked at the request before may have believed the other.
    fn read(query: &str) -> Result<Parameters<'_>, EngineError> {
        let mut parameters = Parameters::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let parameter = match &*name {
                "transport" => &mut parameters.transport,
                "EIO" => &mut parameters.version,
                "sid" => &mut parameters.sid,
                // JSONP, which no client of Engine.IO 4 uses.
                "j" => return Err(EngineError::BadRequest),
                _ => continue,
            };
            if parameter.replace(value).is_some() {
                return Err(EngineError::BadRequest);
            }
        }
        Ok(parameters)
    }
}

/// Asks the application and the table of connections whether one more may come.
#[expect(clippy::result_large_err, reason = "the refusal is the answer itself, made once and sent")]
fn admit<A: Application>(
    hub: &Inner<A>,
    request: &http::request::Parts,
) -> Result<(Newcomer<A>, ShardSender<A>), Response> {
    let address = match &hub.config.protocol {
        Protocol::SocketIo(_) => request.extensions.get().copied(),
        // Without namespaces nobody would ever stop being counted.
        Protocol::EngineIo => None,
    };
    let Some((permit, shard)) = hub.admit(address) else { return Err(unavailable(hub)) };
    let handshake = hub.application.handshake(request)?;
    Ok((Newcomer { handshake: Arc::new(handshake), permit }, shard.clone()))
}

/// There is no room, or no more: stock clients try again by themselves.
fn unavailable<A: Application>(hub: &Inner<A>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from(hub.config.retry_after.as_secs()));
    (StatusCode::SERVICE_UNAVAILABLE, headers).into_response()
}
