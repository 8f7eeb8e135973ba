//! Engine.IO 4 and Socket.IO 5 (and the part of RFC 6455 below them) without I/O.
//!
//! Bytes and `now` come in; packets, bytes and the next deadline go out. What matters here:
//! [`session::Session`], one client's Engine.IO session, and [`namespaces::Namespaces`], the Socket.IO above it, both
//! state machines; [`engine::Packet`] and [`socket::Packet`], the two layers of the protocol;
//! [`websocket::Decoder`], frames from whatever the network delivers; [`outgoing::Outgoing`], a packet that was
//! encoded once for every transport.
//!
//! Deliberately absent: sockets, tasks, clocks, randomness, HTTP, and what an event means. Nothing in here waits,
//! and nothing allocates past the limits it was given, whatever bytes arrive.
//!
//! Start reading at [`session`].

mod close;
pub mod engine;
pub mod namespaces;
pub mod outgoing;
pub mod session;
pub mod socket;
pub mod websocket;

pub use close::CloseReason;
