//! The limits and waits of a hub.

use crate::TrustedProxies;
use std::sync::Arc;
use std::time::Duration;
use waypost_wire::{namespaces, session};

/// Every limit of the hub. What happens at each is said beside it.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// How many shards; 1 to 256. One for each core is right.
    pub shards: usize,
    /// What is spoken.
    pub protocol: Protocol,
    /// Most Engine.IO connections at a time; a handshake over it is answered 503 with `Retry-After`.
    pub connections_max: usize,
    /// Most connections of one client address that have not connected a namespace yet; a handshake over it is answered
    /// 503 with `Retry-After`. An IPv6 client is its /64. Where no [`ClientAddress`](crate::ClientAddress) is known, and
    /// in bare Engine.IO, which has no namespaces, only `connections_max` bounds.
    pub unconnected_per_address_max: usize,
    /// The proxies whose word about a client's address is taken. Behind a proxy that is not among them, all clients
    /// are one address.
    pub trusted_proxies: TrustedProxies,
    /// What `Retry-After` says, in whole seconds, also while draining.
    pub retry_after: Duration,

    /// From a pong to the next ping.
    pub ping_interval: Duration,
    /// From a ping to the latest moment of its pong; then the connection is closed.
    pub ping_timeout: Duration,
    /// How long a connection may be without a namespace; then it is closed.
    pub connect_timeout: Duration,
    /// How long an upgrade to WebSocket may take; then its WebSocket is closed and polling goes on.
    pub upgrade_timeout: Duration,
    /// How long [`Application::connect`](crate::Application::connect) and [`Application::page`](crate::Application::page)
    /// may take; then the transport is closed.
    pub connect_deadline: Duration,
    /// How long a client may take to send the body of a POST; then it is answered 408.
    pub request_deadline: Duration,
    /// How long a connection may take no bytes while some wait; then it is closed.
    pub stall_timeout: Duration,

    /// Longest message or polling payload of a client; a longer message closes the connection, a longer payload is
    /// answered 413. A polling answer is filled up to it, and always has at least one packet.
    pub payload_bytes_max: usize,
    /// Most bytes of the binary attachments of one event or ack, together; more close the connection.
    pub attachments_bytes_max: usize,
    /// Most packets in one polling payload of a client; more are refused and close the connection. A stock client knows
    /// only `payload_bytes_max` and sends all that it has buffered while it was offline, so this is generous.
    pub payload_packets_max: usize,
    /// Most events of one connection that wait for their turn; at it, the connection is not read.
    pub inbound_events_max: usize,
    /// Most bytes of such events; at it, the connection is not read.
    pub inbound_bytes_max: usize,

    /// Most answers of its client that one socket waits for; asking for one more is refused.
    pub acks_awaited_max: usize,
    /// Most rooms of one socket; a join over it is refused.
    pub rooms_per_socket_max: usize,
    /// Most scopes of one room; a join over it is refused.
    pub scopes_per_room_max: usize,

    /// Most published events that a shard keeps for its connections; a socket that still needs an older one reads it
    /// again from the journal.
    pub ring_events_max: usize,
    /// Most bytes of their bodies; the oldest go.
    pub ring_bytes_max: usize,
    /// Most journal events that wait for one connection; over it, what waits is dropped and read again, a page at a
    /// time, when the connection takes it.
    pub journal_queue_events_max: usize,
    /// Most events of one page of the journal.
    pub page_events_max: usize,
    /// Most bytes of the bodies of one page; a longer body comes alone.
    pub page_bytes_max: usize,
    /// Most pages that a shard has asked for at a time; over it, sockets wait their turn.
    pub page_reads_max: usize,
    /// Most pages of a shard that were asked for or are not wholly sent yet; over it, sockets wait their turn. Those that
    /// take nothing give up their page after `stall_timeout`.
    pub pages_held_max: usize,
    /// At most this many events of the journal are published before a socket that was shown none of them is told how far
    /// it is complete.
    pub position_events: u64,
    /// After how long it is told so, with the next ping.
    pub position_age: Duration,
    /// Most bindings of scopes that a shard remembers for sockets that are being let in; one whose scopes were decided
    /// on before what was forgotten is closed, so that its client comes back.
    pub binds_max: usize,
    /// Most bytes of control frames (acks, answers, pings) that wait for one connection; over it, it is closed. A
    /// single longer one is taken while nothing else waits.
    pub control_queue_bytes_max: usize,
    /// Most volatile events that wait for one connection; over it, the oldest is dropped.
    pub volatile_queue_events_max: usize,
    /// How much the kernel may hold of what was sent to one WebSocket and not confirmed; it takes up to twice as much
    /// memory for it. Without a bound it grows to megabytes for a client that is stuck.
    pub send_buffer_bytes: usize,
    /// How much of that may be waiting to leave the machine; at it, further frames stay in the connection's lanes,
    /// where control overtakes. Linux only.
    pub unsent_bytes_max: u32,
    /// Most commands that wait for one shard; over it, whoever sends one waits.
    pub commands_max: usize,
}

impl Default for HubConfig {
    fn default() -> HubConfig {
        HubConfig {
            shards: std::thread::available_parallelism().map_or(1, usize::from),
            protocol: Protocol::SocketIo(vec![Namespace::new("/")]),
            connections_max: 60_000,
            unconnected_per_address_max: 1_000,
            trusted_proxies: TrustedProxies::default(),
            retry_after: Duration::from_secs(5),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(45),
            upgrade_timeout: Duration::from_secs(10),
            connect_deadline: Duration::from_secs(10),
            request_deadline: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            payload_bytes_max: 1_000_000,
            attachments_bytes_max: 4_000_000,
            payload_packets_max: 8_000,
            inbound_events_max: 64,
            inbound_bytes_max: 256 * 1024,
            acks_awaited_max: 64,
            rooms_per_socket_max: 1_000,
            scopes_per_room_max: 1_000,
            ring_events_max: 8_192,
            ring_bytes_max: 32 * 1024 * 1024,
            journal_queue_events_max: 1_024,
            page_events_max: 256,
            page_bytes_max: 256 * 1024,
            page_reads_max: 4,
            pages_held_max: 256,
            position_events: 10_000,
            position_age: Duration::from_secs(600),
            binds_max: 65_536,
            control_queue_bytes_max: 1024 * 1024,
            volatile_queue_events_max: 64,
            send_buffer_bytes: 64 * 1024,
            unsent_bytes_max: 32 * 1024,
            commands_max: 1_024,
        }
    }
}

/// What a hub speaks, and where.
#[derive(Debug, Clone)]
pub enum Protocol {
    /// Socket.IO 5 over Engine.IO 4, at `/socket.io/`, with the namespaces that may be connected; 1 to 256. Others are
    /// answered CONNECT_ERROR "Invalid namespace".
    SocketIo(Vec<Namespace>),
    /// Engine.IO 4 alone, at `/engine.io/`: see [`Application::message`](crate::Application::message).
    EngineIo,
}

/// A namespace of Socket.IO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its name, which begins with a slash.
    pub name: Arc<str>,
    /// Whether its clients remember where they are in the journal.
    pub recovery: Recovery,
}

/// Whether the clients of a namespace remember the offset of the last journal event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// No: every event may end with whatever it likes.
    Off,
    /// Yes. A stock client takes any string that an event ends with for an offset, so only journal events, the greeting
    /// and `position` (see [`HubConfig::position_events`]) may end with one.
    On,
}

impl Namespace {
    /// A namespace without recovery.
    pub fn new(name: impl Into<Arc<str>>) -> Namespace {
        Namespace { name: name.into(), recovery: Recovery::Off }
    }

    /// A namespace with recovery.
    pub fn with_recovery(name: impl Into<Arc<str>>) -> Namespace {
        Namespace { name: name.into(), recovery: Recovery::On }
    }
}

/// What the sessions of a hub and their namespaces follow.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) session: Arc<session::Rules>,
    /// `None` for Engine.IO alone.
    pub(crate) namespaces: Option<Arc<namespaces::Rules>>,
}

impl HubConfig {
    pub(crate) fn namespaces(&self) -> &[Namespace] {
        match &self.protocol {
            Protocol::SocketIo(namespaces) => namespaces,
            Protocol::EngineIo => &[],
        }
    }

    pub(crate) fn rules(&self) -> Rules {
        let timing = session::Timing {
            ping_interval_ms: millis(self.ping_interval),
            ping_timeout_ms: millis(self.ping_timeout),
            upgrade_timeout_ms: millis(self.upgrade_timeout),
            ..session::Timing::default()
        };
        let namespaces = match &self.protocol {
            Protocol::SocketIo(namespaces) => Some(Arc::new(namespaces::Rules {
                names: namespaces.iter().map(|namespace| namespace.name.clone()).collect(),
                connect_timeout_ms: millis(self.connect_timeout),
                attachments_bytes_max: self.attachments_bytes_max,
            })),
            Protocol::EngineIo => None,
        };
        let session = session::Rules { timing, payload_bytes_max: self.payload_bytes_max };
        Rules { session: Arc::new(session), namespaces }
    }
}

/// Whole milliseconds; what is longer than 500 million years is cut.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
