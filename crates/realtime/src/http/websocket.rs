//! The opening handshake of a WebSocket (RFC 6455, section 4.2), and the stream behind it.

use super::{EngineError, admit, unavailable};
use crate::hub::Inner;
use crate::ignore::Ignore;
use crate::names::Sid;
use crate::shard::{Command, Found, Io, ShardSender};
use crate::tcp::Tcp;
use crate::{Application, HubConfig};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use waypost_wire::websocket::accept_key;

/// How long the stream may take to be handed over after the answer 101 was written.
const HAND_OVER_MAX: Duration = Duration::from_secs(10);

/// The version of the protocol (section 4.1).
const VERSION: &str = "13";

/// A connection that begins with a WebSocket.
pub(super) fn open<A: Application>(hub: &Arc<Inner<A>>, mut request: Request) -> Response {
    let (accept, on_upgrade) = match take_upgrade(&mut request) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return refusal.into_response(),
    };
    let (parts, _) = request.into_parts();
    let (newcomer, shard) = match admit(hub, &parts) {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal,
    };
    hand_over(hub, on_upgrade, shard, move |io| Command::Attach { newcomer, io });
    switching(accept)
}

/// A WebSocket for a connection that began with polling.
pub(super) async fn upgrade<A: Application>(hub: &Arc<Inner<A>>, sid: Sid, mut request: Request) -> Response {
    let (accept, on_upgrade) = match take_upgrade(&mut request) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return refusal.into_response(),
    };
    let Some(shard) = hub.shard(sid.shard()) else { return EngineError::SessionUnknown.into_response() };
    let (answer, found) = oneshot::channel();
    if shard.send(Command::Find { sid, answer }).await.is_err() {
        return unavailable(hub);
    }
    match found.await {
        Ok(Found::Yes) => {
            hand_over(hub, on_upgrade, shard.clone(), move |io| Command::Upgrade { sid, io });
            switching(accept)
        }
        Ok(Found::No) => EngineError::SessionUnknown.into_response(),
        Err(_) => unavailable(hub),
    }
}

/// The answer's accept key and the future stream, if this is the opening of a WebSocket.
fn take_upgrade(request: &mut Request) -> Result<(String, OnUpgrade), NoUpgrade> {
    let headers = request.headers();
    let has = |name: HeaderName, token: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
    };
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") {
        return Err(NoUpgrade::NotOne);
    }
    if !has(SEC_WEBSOCKET_VERSION, VERSION) {
        return Err(NoUpgrade::OtherVersion);
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(NoUpgrade::NotOne) };
    let accept = accept_key(key.as_bytes()).ok_or(NoUpgrade::NotOne)?;
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or(NoUpgrade::NotOne)?;
    Ok((accept, on_upgrade))
}

/// Why a request for a WebSocket is not answered with one.
enum NoUpgrade {
    /// It does not ask as section 4.2.1 says.
    NotOne,
    /// It asks for a version that is not [`VERSION`].
    OtherVersion,
}

impl IntoResponse for NoUpgrade {
    fn into_response(self) -> Response {
        let mut response = EngineError::BadRequest.into_response();
        if let NoUpgrade::OtherVersion = self {
            response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        }
        response
    }
}

fn switching(accept: String) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::try_from(accept).expect("base64 is a header value"));
    response
}

/// Waits, apart from the request, until the stream is free, and gives it to the shard.
fn hand_over<A: Application>(
    hub: &Arc<Inner<A>>,
    on_upgrade: OnUpgrade,
    shard: ShardSender<A>,
    command: impl FnOnce(Io) -> Command<A> + Send + 'static,
) {
    let cancelled = hub.cancelled.clone();
    let config = hub.config.clone();
    hub.tasks.spawn(async move {
        let upgraded = tokio::select! {
            biased;
            () = cancelled.cancelled() => return,
            upgraded = tokio::time::timeout(HAND_OVER_MAX, on_upgrade) => upgraded,
        };
        match upgraded {
            Ok(Ok(upgraded)) => {
                let given = shard.send(command(take_apart(upgraded, &config))).await;
                given.ignore_because(
                    "a shard that has ended has no connections, and this one closes by being dropped",
                );
            }
            Ok(Err(error)) => tracing::debug!(%error, "an upgrade was not completed"),
            Err(_) => tracing::debug!("an upgrade took too long"),
        }
    });
}

/// The plain TCP socket where there is one, which spares the memory of what HTTP had around it; the whole otherwise.
fn take_apart(upgraded: Upgraded, config: &HubConfig) -> Io {
    let tcp = match upgraded.downcast::<TokioIo<Tcp>>() {
        Ok(parts) => parts.io.into_inner().with_early(parts.read_buf),
        // Under `axum::serve`, which has a wrapper of its own around the connection.
        Err(upgraded) => match downcast::<TokioIo<TcpStream>>(upgraded) {
            Ok(parts) => Tcp::new(parts.io.into_inner()).with_early(parts.read_buf),
            Err(upgraded) => return Box::pin(TokioIo::new(upgraded)),
        },
    };
    let tuned = tcp.bound_buffers(config.send_buffer_bytes, config.unsent_bytes_max);
    tuned.ignore_because("a socket that refuses is slower or closed, and reading tells which");
    Box::pin(tcp)
}
