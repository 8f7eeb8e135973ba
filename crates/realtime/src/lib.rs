//! Live Socket.IO connections: transports, shards, rooms and lanes, so that one event, encoded once, reaches every
//! connection that it is for, in order, once, whatever single connections do.
//!
//! What matters here: [`Hub`], the handle that a server mounts and emits through; [`Publisher`], the one way in for
//! journal events; [`Application`], what the server decides for itself. Inside, a `Shard` is one task that owns its
//! connections, their sessions and their I/O.
//!
//! Deliberately unknown here: WhatsApp, who may see what, how an event is stored, what its body means. Bodies are
//! opaque JSON; scopes are opaque names. There is no clock but tokio's, and no randomness but the seed of [`Origin`].
//!
//! Start reading at [`Hub::start`], then `shard.rs`.

mod application;
mod config;
mod counts;
mod event;
mod frame;
mod http;
mod hub;
mod ignore;
mod json;
mod names;
mod permit;
mod serve;
mod shard;
mod socket;
mod tcp;

pub use application::{
    Accepted, Application, ConnectRequest, DisconnectReason, Greeting, GreetingPosition, HeldRoom, Message,
    Notice, OffsetMode, Page, PageRequest, PageUnavailable, Refused, Replay, Start, View,
};
pub use config::{HubConfig, Namespace, Protocol, Recovery};
pub use counts::Counts;
pub use event::{Audience, Emit, EmitError, JournalEvent, Mask, PublishStep, TrailingString};
pub use http::{ClientAddress, NotANetwork, TrustedProxies};
pub use hub::{Flushed, Hub, HubClosed, Origin, PublishError, Publisher, WeakHub};
pub use json::{JsonObject, NotAnObject};
pub use names::{Offset, Room, Scope, SocketId};
pub use serve::{Connections, ServeConfig, serve};
pub use socket::{Ack, AskError, ClientEvent, JoinError, Joined, Socket, SocketClosed};
pub use waypost_wire::socket::{Args, IllegalAttachments};

/// The README's code is compiled with the documentation's tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
