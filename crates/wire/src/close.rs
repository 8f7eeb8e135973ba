//! Why a connection ends.

use crate::{engine, socket};

/// Why a connection must be closed, by either layer of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The client said so (Engine.IO close packet).
    #[error("the client closed")]
    ClientClosed,
    /// No pong within the ping timeout.
    #[error("no pong came in time")]
    PingTimeout,
    /// No namespace was connected within the connect timeout.
    #[error("no namespace was connected in time")]
    ConnectTimeout,
    /// A second poll while one waits.
    #[error("two polls at once")]
    DuplicatePoll,
    /// A packet that Engine.IO does not allow there.
    #[error("an Engine.IO packet is out of place")]
    UnexpectedPacket,
    /// Bytes that are not Engine.IO.
    #[error("not Engine.IO")]
    Engine(#[source] engine::DecodeError),
    /// A message that is not Socket.IO.
    #[error("not Socket.IO")]
    Socket(#[source] socket::DecodeError),
    /// A packet for a namespace that was never connected, or one that only a server sends.
    #[error("a Socket.IO packet is out of place")]
    Namespace,
}
