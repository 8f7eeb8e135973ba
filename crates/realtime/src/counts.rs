//! What a hub has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Totals since the start, except the two that say "now". Read one by one, so they may be a moment apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Engine.IO connections now.
    pub connections: u64,
    /// Connected sockets (namespaces of connections) now.
    pub sockets: u64,
    /// Journal events that reached the hub.
    pub published: u64,
    /// Journal events whose frame was wholly handed to a transport, one for each socket.
    pub delivered: u64,
    /// Volatile events that were dropped because newer ones came.
    pub volatile_dropped: u64,
    /// Times that a socket has fallen behind, and reads the journal again.
    pub fell_behind: u64,
    /// Times that such a socket was live again.
    pub caught_up: u64,
    /// Connections closed because they took too few bytes for too long, or left too many answers lying.
    pub slow_closed: u64,
    /// Handshakes answered 503 because the table was full, the client's address had too many connections without a
    /// namespace, or the hub was draining.
    pub handshakes_refused: u64,
    /// Of these, those whose address had too many connections without a namespace.
    pub crowded: u64,
    /// Bytes of frames and payloads handed to transports.
    pub sent_bytes: u64,
    /// Bytes of frames and payloads taken from transports.
    pub received_bytes: u64,
}

/// One shard's numbers: it alone writes them, so the cores do not fight over a cache line.
#[derive(Debug, Default)]
pub(crate) struct ShardCounts {
    pub(crate) connections: AtomicU64,
    pub(crate) sockets: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) volatile_dropped: AtomicU64,
    pub(crate) fell_behind: AtomicU64,
    pub(crate) caught_up: AtomicU64,
    pub(crate) slow_closed: AtomicU64,
    pub(crate) sent_bytes: AtomicU64,
    pub(crate) received_bytes: AtomicU64,
}

impl ShardCounts {
    pub(crate) fn add_to(&self, sum: &mut Counts) {
        sum.connections += self.connections.load(Ordering::Relaxed);
        sum.sockets += self.sockets.load(Ordering::Relaxed);
        sum.delivered += self.delivered.load(Ordering::Relaxed);
        sum.volatile_dropped += self.volatile_dropped.load(Ordering::Relaxed);
        sum.fell_behind += self.fell_behind.load(Ordering::Relaxed);
        sum.caught_up += self.caught_up.load(Ordering::Relaxed);
        sum.slow_closed += self.slow_closed.load(Ordering::Relaxed);
        sum.sent_bytes += self.sent_bytes.load(Ordering::Relaxed);
        sum.received_bytes += self.received_bytes.load(Ordering::Relaxed);
    }
}

/// Adds to a counter that only its shard writes.
pub(crate) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::Relaxed);
}

/// Takes one from a counter that only its shard writes.
pub(crate) fn take_one(counter: &AtomicU64) {
    counter.fetch_sub(1, Ordering::Relaxed);
}
