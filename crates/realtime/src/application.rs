//! What the server decides: who may connect, what is said first, and what an event from a client does.

use crate::{ClientEvent, JsonObject, Offset, Room, Scope, Socket, SocketId};
use axum::response::Response;
use bytes::Bytes;
use serde_json::value::RawValue;
use std::sync::Arc;

/// The server's part. `connect` and `event` run as tasks of their own, `handshake` within its request; the other two
/// are called in a shard's turn and must be quick, must not block and must not panic: a panic there ends the shard
/// and closes its connections.
pub trait Application: Send + Sync + Sized + 'static {
    /// What is kept of the HTTP handshake for the connection's life. Small: there is one for each connection.
    type Handshake: Send + Sync + 'static;
    /// What is kept for each connected socket, such as its principal.
    type Connection: Send + Sync + 'static;

    /// The Engine.IO handshake request of a new connection, by either transport. The request's path is checked
    /// already; CORS, `Origin` and `Host` are a matter of the server's middleware. Its extensions have the
    /// [`ClientAddress`](crate::ClientAddress), where it is known.
    ///
    /// # Errors
    /// The HTTP answer that refuses it: 401 and 403 for good, 503 with `Retry-After` for now.
    #[expect(clippy::result_large_err, reason = "the refusal is the answer itself, made once and sent")]
    fn handshake(&self, request: &http::request::Parts) -> Result<Self::Handshake, Response>;

    /// A CONNECT of one of the configured namespaces. Dropped when the client goes or when it takes longer than
    /// [`HubConfig::connect_deadline`](crate::HubConfig::connect_deadline).
    ///
    /// # Errors
    /// See [`Refused`].
    fn connect(
        &self,
        handshake: Arc<Self::Handshake>,
        request: ConnectRequest,
    ) -> impl Future<Output = Result<Accepted<Self::Connection>, Refused>> + Send;

    /// The first event after CONNECT, built in the shard's turn: everything published after `head` follows it.
    fn greet(&self, socket: SocketId, connection: &Self::Connection, head: Option<&Offset>) -> Greeting;

    /// An event from the client. One at a time for each socket, in order; further ones wait, and when too many do,
    /// the connection is not read. It runs to its end even when the client goes meanwhile.
    fn event(&self, socket: Socket<Self>, event: ClientEvent) -> impl Future<Output = ()> + Send;

    /// A message of a connection that speaks Engine.IO alone ([`Protocol::EngineIo`](crate::Protocol::EngineIo)); the
    /// answer, if there is one, goes back at once. Called in a shard's turn.
    fn message(&self, handshake: &Self::Handshake, message: Message) -> Option<Message> {
        let (_, _) = (handshake, message);
        None
    }

    /// A socket that `greet` was called for is gone. An `event` of it may still be running.
    fn disconnected(&self, socket: SocketId, connection: &Self::Connection, why: DisconnectReason);
}

/// A message of Engine.IO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Binary.
    Binary(Bytes),
}

/// A CONNECT packet.
#[derive(Debug)]
pub struct ConnectRequest {
    /// One of the configured namespaces.
    pub namespace: Arc<str>,
    /// The client's `auth`, a JSON object.
    pub auth: Option<Box<RawValue>>,
}

/// A CONNECT that was granted.
#[derive(Debug)]
pub struct Accepted<C> {
    /// Kept with the socket.
    pub connection: C,
    /// How journal events are framed for it. In a namespace without recovery it is always
    /// [`OffsetMode::FieldOnly`].
    pub offsets: OffsetMode,
    /// The rooms it is in from the start, each with its scopes.
    pub rooms: Vec<(Room, Vec<Scope>)>,
}

/// How a journal event carries its offset, besides the body's last field `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetMode {
    /// As one more argument, a string, which stock JavaScript clients remember.
    Trailing,
    /// Not at all: for clients whose handlers take exactly one argument.
    FieldOnly,
}

/// Why a CONNECT is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// CONNECT_ERROR with `{ message, data: { code } }`. A stock client does not come back by itself.
    Final {
        /// For people.
        message: String,
        /// For programs.
        code: String,
    },
    /// The transport is closed, so that a stock client comes back by itself.
    Later,
}

/// The first event after CONNECT.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// The event's name on the wire.
    pub name: Arc<str>,
    /// Its first argument.
    pub body: JsonObject,
    /// Whether an offset follows.
    pub position: GreetingPosition,
}

/// Whether a greeting ends with an offset, where the socket's [`OffsetMode`] is `Trailing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GreetingPosition {
    /// The head that `greet` was given, if there is one.
    Head,
    /// No offset.
    None,
}

/// Why a socket is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    /// The client left the namespace.
    ClientDisconnected,
    /// [`Socket::disconnect`] was called.
    ServerDisconnected,
    /// The client closed its transport, or the network did.
    TransportClosed,
    /// No pong came in time.
    PingTimeout,
    /// No namespace was connected in time.
    ConnectTimeout,
    /// The client broke the protocol.
    ProtocolError,
    /// A queue of the connection overflowed, or it took no bytes for too long.
    Slow,
    /// The application answered [`Refused::Later`], took too long, or panicked.
    Unavailable,
    /// The hub is being drained.
    Drained,
}
