//! What the server decides: who may connect, what is said first, and what an event from a client does.

use crate::{ClientEvent, JournalEvent, JsonObject, Offset, Room, Scope, Socket, SocketId};
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

    /// The first event after CONNECT, built in the shard's turn. `head` is the last event that was published anywhere
    /// in the hub; a socket that starts there gets what is published after it. For `None` the socket is not wanted
    /// any more: its transport is closed, and `disconnected` is not called.
    fn greet(&self, socket: SocketId, connection: &Self::Connection, head: &Offset) -> Option<Greeting>;

    /// An event from the client. One at a time for each socket, in order; further ones wait, and when too many do,
    /// the connection is not read. It runs to its end even when the client goes meanwhile.
    fn event(&self, socket: Socket<Self>, event: ClientEvent) -> impl Future<Output = ()> + Send;

    /// Reads the journal for a socket that is behind: it starts in the past, or was slow. Events of scopes that were not
    /// asked for may be among them; they are left out when they are sent. Without this method such a socket's
    /// connection is closed. Dropped like `connect` when it takes too long.
    ///
    /// # Errors
    /// When the page cannot be had; the connection is closed then, so that its client comes back.
    fn page(
        &self,
        connection: Arc<Self::Connection>,
        request: PageRequest,
    ) -> impl Future<Output = Result<Page, PageUnavailable>> + Send {
        let (_, PageRequest { .. }) = (connection, request);
        async { Err(PageUnavailable) }
    }

    /// A message of a connection that speaks Engine.IO alone ([`Protocol::EngineIo`](crate::Protocol::EngineIo)); the
    /// answer, if there is one, goes back at once. Called in a shard's turn.
    fn message(&self, handshake: &Self::Handshake, message: Message) -> Option<Message> {
        let (_, _) = (handshake, message);
        None
    }

    /// A socket that `greet` was called for is gone. An `event` of it may still be running.
    fn disconnected(&self, socket: SocketId, connection: &Self::Connection, why: DisconnectReason);
}

/// A part of the journal that a socket needs.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Only events after this number,
    pub after: u64,
    /// up to this one, which was published.
    pub until: u64,
    /// What the socket is in: an event of any of these is for it, if it was in it then.
    pub scopes: Vec<Scope>,
    /// Most events to answer, at least 1.
    pub events_max: usize,
    /// Most bytes of their bodies; one event may be longer.
    pub bytes_max: usize,
}

/// A part of the journal.
#[derive(Debug, Clone)]
pub struct Page {
    /// In the order of their numbers, all after `after`; none with a number up to `complete_to` is missing.
    pub events: Vec<JournalEvent>,
    /// More than `after`, and at most `until`.
    pub complete_to: u64,
}

/// The journal cannot be read now, or does not have the page any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal's page cannot be had")]
pub struct PageUnavailable;

/// A message of Engine.IO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Binary.
    Binary(Bytes),
}

/// A CONNECT packet.
pub struct ConnectRequest {
    /// One of the configured namespaces.
    pub namespace: Arc<str>,
    /// The client's `auth`, a JSON object.
    pub auth: Option<Box<RawValue>>,
    /// The last event that was published when the packet came. Nobody was shown a later one before that.
    pub head: Offset,
}

/// Without `auth`, which has the credential.
impl std::fmt::Debug for ConnectRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("ConnectRequest");
        shown.field("namespace", &self.namespace).field("head", &self.head).finish_non_exhaustive()
    }
}

/// A CONNECT that was granted.
pub struct Accepted<C> {
    /// Kept with the socket.
    pub connection: C,
    /// How journal events are framed for it. In a namespace without recovery it is always
    /// [`OffsetMode::FieldOnly`].
    pub offsets: OffsetMode,
    /// With which event it starts.
    pub start: Start,
    /// From where what was published before is read, when it starts in the past or is slow.
    pub replay: Replay,
    /// Which body of a journal event it is shown.
    pub view: View,
    /// The rooms it is in from the start.
    pub rooms: Vec<HeldRoom>,
    /// The number of a head from before the scopes of `rooms` were decided on, as [`ConnectRequest::head`] is: a
    /// [`PublishStep::Bind`](crate::PublishStep::Bind) that was published since is made up for. `u64::MAX` where none
    /// of them is ever bound.
    pub decided_at: u64,
    /// What the client is told as its `pid`, so that it remembers offsets and can come back with the last one: printable
    /// ASCII without quotes or backslashes. Nobody is told one in a namespace without recovery.
    pub pid: Option<Box<str>>,
}

impl<C> Accepted<C> {
    /// A socket that starts at the head, in no room, and that cannot come back to where it was.
    pub fn at_head(connection: C, offsets: OffsetMode) -> Accepted<C> {
        Accepted {
            connection,
            offsets,
            start: Start::Head,
            replay: Replay::Shortest,
            view: View::Full,
            rooms: Vec::new(),
            decided_at: u64::MAX,
            pid: None,
        }
    }
}

/// From where a socket that is behind reads what was published before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// From the hub's memory where that goes back far enough, else from [`Application::page`].
    Shortest,
    /// From [`Application::page`] alone, which leaves out what the client may no longer see.
    Asked,
}

/// Which of an event's two bodies a socket is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The one that was published.
    Full,
    /// What [`JournalEvent::mask`] makes of it.
    Masked,
}

/// Where in the journal a socket starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the head: only what is published from now on is for it.
    Head,
    /// After this position: what its rooms have had since is read from the journal, then it goes on live.
    After(Offset),
}

/// A room that a socket is in from the start.
#[derive(Debug, Clone)]
pub struct HeldRoom {
    /// Its name.
    pub room: Room,
    /// What it stands for.
    pub scopes: Vec<Scope>,
    /// Only events after this number are for it, where that is later than the socket's start.
    pub from: u64,
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
    /// What else is said before anything of the journal. Where the position is told, it comes after this and by an event
    /// of its own, `position`: a client that remembers it has got the notice.
    pub notice: Option<Notice>,
    /// What is so just now. It comes last, and where the position is told does not depend on it.
    pub aside: Option<Notice>,
}

impl Greeting {
    /// A greeting that ends with where the socket starts, so that its client remembers it.
    pub fn with_position(name: impl Into<Arc<str>>, body: JsonObject) -> Greeting {
        Greeting { name: name.into(), body, position: GreetingPosition::Start, notice: None, aside: None }
    }

    /// A greeting that ends with its body.
    pub fn without_position(name: impl Into<Arc<str>>, body: JsonObject) -> Greeting {
        Greeting { name: name.into(), body, position: GreetingPosition::None, notice: None, aside: None }
    }
}

/// An event that follows a greeting.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Its name on the wire.
    pub name: Arc<str>,
    /// Its only argument.
    pub body: JsonObject,
}

/// Whether a greeting ends with an offset, where the socket's [`OffsetMode`] is `Trailing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GreetingPosition {
    /// Where the socket starts: the position of [`Start::After`], else the head that `greet` was given.
    Start,
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
    /// Its queue of control frames overflowed, or it took no bytes for too long.
    Slow,
    /// The application answered [`Refused::Later`], sent it away, took too long, or panicked.
    Unavailable,
    /// The hub is being drained.
    Drained,
}
