//! What must hold for any bytes that a stranger sends, one function for each way in.
//!
//! A target is a function of bytes that panics where a promise is broken; [`TARGETS`] lists them. The fuzzer calls one
//! with bytes that it makes up (`fuzz_targets/`), the gate calls each with the committed ones (`tests/corpus.rs`).
//! Beside what a target asserts, decoding must stay within a [`Budget`] of memory.
//!
//! Deliberately absent: the fuzzer, and knowledge of how the decoders are built. What a target expects is written
//! from the contracts of `wire` and `cloud-api`.
//!
//! Start reading at [`TARGETS`], then `connection.rs`, which plays a whole connection.

mod budget;
mod connection;
mod engine;
mod outgoing;
mod socket;
mod webhook;
mod websocket;

pub use budget::Budget;
pub use connection::connection;
pub use engine::{engine_packet, engine_payload};
pub use outgoing::outgoing;
pub use socket::socket_packet;
pub use webhook::{signature_header, webhook};
pub use websocket::websocket_frames;

/// A function that panics where bytes make the product break a promise.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its file in `fuzz_targets/` and of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 8] = [
    ("connection", connection),
    ("engine_packet", engine_packet),
    ("engine_payload", engine_payload),
    ("outgoing", outgoing),
    ("signature_header", signature_header),
    ("socket_packet", socket_packet),
    ("webhook", webhook),
    ("websocket_frames", websocket_frames),
];
