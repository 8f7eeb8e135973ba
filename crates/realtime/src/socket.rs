//! One socket, as the application sees it while it handles an event.

use crate::config::Namespace;
use crate::shard::{AskRefused, Command, Order, ShardSender};
use crate::{Application, EmitError, HeldRoom, Offset, Room, SocketId, TrailingString, frame};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use waypost_wire::outgoing::Outgoing;
use waypost_wire::socket::Args;

/// A handle of one connected socket. What is done through it and its [`Ack`]s takes effect in the order it was
/// done; each call waits while the socket's shard has too many commands before it.
pub struct Socket<A: Application> {
    id: SocketId,
    namespace: Namespace,
    connection: Arc<A::Connection>,
    shard: ShardSender<A>,
}

/// An event from a client.
#[derive(Debug)]
pub struct ClientEvent {
    /// Its name; none of the names that the protocol reserves.
    pub name: String,
    /// What follows the name; at most 64 values.
    pub args: Args,
    /// How to answer, if the client asked for an answer.
    pub ack: Option<Ack>,
}

/// The right to answer one event once. Dropping it answers nothing.
pub struct Ack {
    socket: SocketId,
    namespace: Arc<str>,
    id: u64,
    deliver: Box<dyn Deliver>,
}

/// A join that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The last event that was published when the room was joined: everything after it that the room matches is shown.
    pub head: Offset,
}

/// Why a join was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The socket is in [`HubConfig::rooms_per_socket_max`](crate::HubConfig::rooms_per_socket_max) rooms.
    #[error("the socket is in too many rooms")]
    TooManyRooms,
    /// The room stands for more than [`HubConfig::scopes_per_room_max`](crate::HubConfig::scopes_per_room_max).
    #[error("the room has too many scopes")]
    TooManyScopes,
    /// The socket is gone.
    #[error("the socket is gone")]
    Closed,
}

/// The socket is gone, or its hub is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the socket is gone")]
pub struct SocketClosed;

impl From<SocketClosed> for EmitError {
    fn from(SocketClosed: SocketClosed) -> EmitError {
        EmitError::Closed
    }
}

/// Why a client was asked and has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The event may not end as it does; it was not sent.
    #[error(transparent)]
    TrailingString(#[from] TrailingString),
    /// [`HubConfig::acks_awaited_max`](crate::HubConfig::acks_awaited_max) answers are waited for; it was not sent.
    #[error("too many answers are waited for")]
    TooMany,
    /// No answer came in time.
    #[error("no answer came in time")]
    Timeout,
    /// The socket is gone, or its hub is.
    #[error("the socket is gone")]
    Closed,
}

impl<A: Application> Socket<A> {
    pub(crate) fn new(
        id: SocketId,
        namespace: Namespace,
        connection: Arc<A::Connection>,
        shard: ShardSender<A>,
    ) -> Socket<A> {
        Socket { id, namespace, connection, shard }
    }

    /// Its Socket.IO id.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The namespace it is connected to.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace.name
    }

    /// What the application kept when it accepted the CONNECT.
    #[must_use]
    pub fn connection(&self) -> &A::Connection {
        &self.connection
    }

    /// Sends an event to this socket alone, by its control lane, so that it overtakes journal events.
    ///
    /// # Errors
    /// When the event may not end as it does, or the hub has ended. A socket that is gone takes it in silence.
    pub async fn emit(&self, name: &str, args: &Args) -> Result<(), EmitError> {
        let frame = frame::event(&self.namespace, name, args, frame::Answer::None)?;
        Ok(self.order(Order::Send(frame)).await?)
    }

    /// Sends an event as [`Socket::emit`] does, and waits for the client's answer.
    ///
    /// Within [`Application::event`], the answer has to come past the events that wait behind this one: when they
    /// fill the backlog, it is read only after this has ended.
    ///
    /// # Errors
    /// See [`AskError`]. After a timeout the client may still act on the event; its answer is then nobody's.
    pub async fn emit_with_ack(&self, name: &str, args: Args, within: Duration) -> Result<Args, AskError> {
        let (answer, answered) = oneshot::channel();
        let order = Order::Ask { name: name.into(), args, answer };
        self.order(order).await.map_err(|SocketClosed| AskError::Closed)?;
        match tokio::time::timeout(within, answered).await {
            Err(_) => Err(AskError::Timeout),
            Ok(Err(_)) => Err(AskError::Closed),
            Ok(Ok(Err(AskRefused::TooMany))) => Err(AskError::TooMany),
            Ok(Ok(Err(AskRefused::TrailingString))) => Err(AskError::TrailingString(TrailingString)),
            Ok(Ok(Ok(args))) => Ok(args),
        }
    }

    /// Puts the socket into a room; what the room stood for before, if it was held, is replaced. Done when this returns;
    /// if the future is dropped, it may be done or not.
    ///
    /// # Errors
    /// See [`JoinError`]; nothing has changed then.
    pub async fn join(&self, room: HeldRoom) -> Result<Joined, JoinError> {
        let (answer, joined) = oneshot::channel();
        self.order(Order::Join { room, answer }).await.map_err(|SocketClosed| JoinError::Closed)?;
        joined.await.unwrap_or(Err(JoinError::Closed))
    }

    /// Takes the socket out of `room`; a scope that another of its rooms stands for as well stays. A room that is
    /// not held is left already. Done when this returns.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn leave(&self, room: Room) -> Result<(), SocketClosed> {
        let (answer, left) = oneshot::channel();
        self.order(Order::Leave { room, answer }).await?;
        left.await.map_err(|_| SocketClosed)
    }

    /// Sends a DISCONNECT, after which a stock client does not come back by itself.
    ///
    /// # Errors
    /// When the hub has ended.
    pub async fn disconnect(&self) -> Result<(), SocketClosed> {
        self.order(Order::Disconnect).await
    }

    pub(crate) fn ack(&self, id: u64) -> Ack {
        let deliver = Box::new(self.shard.clone());
        Ack { socket: self.id, namespace: self.namespace.name.clone(), id, deliver }
    }

    async fn order(&self, order: Order) -> Result<(), SocketClosed> {
        self.shard.send(Command::Socket(self.id, order)).await.map_err(|_| SocketClosed)
    }
}

impl Ack {
    /// Answers with `answer` as the callback's arguments.
    ///
    /// # Errors
    /// When the hub has ended. A socket that is gone takes it in silence.
    pub async fn send(self, answer: Args) -> Result<(), SocketClosed> {
        let frame = frame::ack(&self.namespace, self.id, &answer);
        self.deliver.deliver(self.socket, frame).await
    }
}

/// Sends a frame to a socket of a hub whose application does not matter: it keeps [`ClientEvent`] free of a type
/// parameter.
trait Deliver: Send + Sync {
    fn deliver(
        &self,
        socket: SocketId,
        frame: Outgoing,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), SocketClosed>> + Send + '_>>;
}

impl<A: Application> Deliver for ShardSender<A> {
    fn deliver(
        &self,
        socket: SocketId,
        frame: Outgoing,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), SocketClosed>> + Send + '_>> {
        Box::pin(async move {
            self.send(Command::Socket(socket, Order::Send(frame))).await.map_err(|_| SocketClosed)
        })
    }
}

impl<A: Application> Clone for Socket<A> {
    fn clone(&self) -> Socket<A> {
        Socket {
            id: self.id,
            namespace: self.namespace.clone(),
            connection: self.connection.clone(),
            shard: self.shard.clone(),
        }
    }
}

impl<A: Application> fmt::Debug for Socket<A> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Socket").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Ack").field("socket", &self.socket).field("id", &self.id).finish_non_exhaustive()
    }
}
