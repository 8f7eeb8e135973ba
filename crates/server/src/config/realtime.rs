//! `[realtime]`: the Socket.IO connections.

use super::key::{Section, section};
use super::setting::choice;
use super::{Bytes, Count, Milliseconds, Seconds};

section! {
    Section::Realtime;
    /// Socket.IO connections: heartbeat, sizes, how many.
    pub(crate) struct RealtimeConfig {
        /// Whether journal events end with their offset as one more argument, which stock JavaScript clients remember
        /// and resume from. `auto`: on, but off for clients in Python and Dart, whose handlers take one argument. What a
        /// client asks for itself comes first.
        offsets: Offsets = "auto", short "offsets";
        /// Pause between two pings to a client.
        ping_interval_ms: Milliseconds<100, 300_000> = "25000";
        /// How long a client may take to answer a ping before its connection is closed.
        ping_timeout_ms: Milliseconds<100, 300_000> = "20000";
        /// The largest message that a client may send.
        max_payload_bytes: Bytes<1_024, 100_000_000> = "1000000";
        /// Connections at the same time. One more is answered 503 with `Retry-After`.
        connections_max: Count<1, 1_000_000> = "60000";
        /// Threads that own connections; 0 is one for each core.
        shards: Count<0, 1_024> = "0";
        /// How long a connection may take nothing of what waits for it before its transport is closed. It may come back
        /// with its cursor.
        stalled_timeout_seconds: Seconds<1, 3_600> = "30";
    }
}

choice! {
    /// Whether journal events carry their offset as one more argument.
    pub(crate) enum Offsets, allowed "`on`, `off` or `auto`" {
        On = "on",
        Off = "off",
        /// By the client's `User-Agent`.
        Auto = "auto",
    }
}
