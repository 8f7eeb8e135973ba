//! One client's Engine.IO session and the Socket.IO namespaces on it, as a state machine.
//!
//! The owner does the I/O. It hands in each packet with the transport it came by ([`Session::receive`]), reports
//! what the transports do ([`Session::open_poll`], [`Session::open_candidate`], …) and, when [`Session::deadline`]
//! has come, asks what is due ([`Session::due`]). `now` is milliseconds on any clock that never goes back.
//! An answer of `Err(CloseReason)` or [`Due::Close`] means: close every transport and forget the session.

mod clock;

pub use clock::{Due, Millis, Timing};

use crate::engine;
use crate::socket::{self, Body};
use clock::Clock;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// What a session allows; one for all sessions of a server.
#[derive(Debug, Clone)]
pub struct Rules {
    /// All waits of a session.
    pub timing: Timing,
    /// Longest payload or message the client may send, in bytes (`maxPayload` of the handshake).
    pub payload_bytes_max: usize,
    /// Namespaces that may be connected; a [`Namespace`] is an index into it. At most 256.
    pub namespaces: Vec<Arc<str>>,
}

impl Rules {
    /// The namespace of this name, if it may be connected.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Namespace> {
        let place = self.namespaces.iter().position(|allowed| **allowed == *name)?;
        u8::try_from(place).ok().map(Namespace)
    }
}

/// A namespace, by its place in [`Rules::namespaces`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Namespace(u8);

impl Namespace {
    /// Its place in [`Rules::namespaces`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The two transports of Engine.IO 4 that this server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// HTTP long polling.
    Polling,
    /// A WebSocket.
    WebSocket,
}

/// What a packet asks of the session's owner.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// Nothing more; the session has noted it.
    Noted,
    /// Answer with an Engine.IO pong of this text, on the transport the ping came by.
    Pong(&'a str),
    /// Answer `3probe` on the candidate WebSocket, and end a waiting poll with a noop.
    Probed,
    /// The candidate WebSocket is the transport now; end a waiting poll with a noop.
    Upgraded,
    /// The candidate WebSocket broke the upgrade's order: close it; the session stays with polling.
    CandidateFailed,
    /// Decide on the CONNECT, then call [`Session::connected`] or [`Session::left`].
    Connect {
        /// What is to be connected.
        namespace: Namespace,
        /// The client's credentials, an object.
        auth: Option<&'a RawValue>,
    },
    /// Answer with a CONNECT_ERROR: there is no such namespace.
    NoSuchNamespace(&'a str),
    /// An event of a connected namespace.
    Event {
        /// Where.
        namespace: Namespace,
        /// To be answered with this number.
        id: Option<u64>,
        /// Its name.
        name: Cow<'a, str>,
        /// What follows the name.
        args: Vec<&'a RawValue>,
    },
    /// The client left a namespace that was connected, or whose CONNECT is still being decided.
    Left(Namespace),
}

/// Why a session ends.
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

/// Why a poll is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollRefused {
    /// The WebSocket is the transport; the session goes on.
    AfterUpgrade,
    /// Another poll waits; the session is to be closed with [`CloseReason::DuplicatePoll`].
    Duplicate,
}

/// A WebSocket came for a session that has one already, or is trying one. The session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandidateRefused;

/// One client.
#[derive(Debug)]
pub struct Session {
    rules: Arc<Rules>,
    transport: Transport,
    upgrade: Upgrade,
    poll: Poll,
    clock: Clock,
    phases: Box<[Phase]>,
}

/// How far an upgrade has come (Engine.IO 4, "Upgrade").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upgrade {
    None,
    /// A WebSocket is there; it must probe first.
    Open,
    /// It has probed; polls are ended so that the client can go over.
    Probed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Poll {
    Absent,
    Waits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Never,
    Connecting,
    Connected,
    /// Over; packets that were on their way when this side left are no violation.
    Left,
}

impl Session {
    /// A session whose handshake came by `transport`.
    #[must_use]
    pub fn new(rules: Arc<Rules>, transport: Transport, now: Millis) -> Session {
        let clock = Clock::new(rules.timing, now);
        let phases = vec![Phase::Never; rules.namespaces.len()].into_boxed_slice();
        Session { rules, transport, upgrade: Upgrade::None, poll: Poll::Absent, clock, phases }
    }

    /// The JSON of the handshake packet (Engine.IO 4, "Handshake").
    #[must_use]
    pub fn handshake_json(&self, sid: &str) -> String {
        let upgrades: &[&str] = match self.transport {
            Transport::Polling => &["websocket"],
            Transport::WebSocket => &[],
        };
        let numbers = engine::HandshakeNumbers {
            ping_interval_ms: self.rules.timing.ping_interval_ms,
            ping_timeout_ms: self.rules.timing.ping_timeout_ms,
            payload_bytes_max: self.rules.payload_bytes_max,
        };
        engine::handshake_json(sid, upgrades, numbers)
    }

    /// How many namespaces there are to connect.
    #[must_use]
    pub fn namespaces(&self) -> usize {
        self.phases.len()
    }

    /// The transport that messages go by now.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The earliest moment at which [`Session::due`] may have something.
    #[must_use]
    pub fn deadline(&self) -> Millis {
        self.clock.deadline()
    }

    /// What is due at `now`; to be asked again until it answers `None`.
    pub fn due(&mut self, now: Millis) -> Option<Due> {
        let due = self.clock.due(now)?;
        match due {
            Due::AbandonUpgrade => self.candidate_lost(),
            Due::EndPoll | Due::Ping | Due::Close(_) => {}
        }
        Some(due)
    }

    /// A poll has come and waits.
    ///
    /// # Errors
    /// When the session takes none now.
    pub fn open_poll(&mut self) -> Result<(), PollRefused> {
        match (self.transport, self.poll) {
            (Transport::WebSocket, _) => Err(PollRefused::AfterUpgrade),
            (Transport::Polling, Poll::Waits) => Err(PollRefused::Duplicate),
            (Transport::Polling, Poll::Absent) => {
                self.poll = Poll::Waits;
                Ok(())
            }
        }
    }

    /// The waiting poll was answered.
    pub fn end_poll(&mut self) {
        self.poll = Poll::Absent;
    }

    /// A WebSocket has come for this session.
    ///
    /// # Errors
    /// When the session has one already.
    pub fn open_candidate(&mut self, now: Millis) -> Result<(), CandidateRefused> {
        if self.transport == Transport::WebSocket || self.upgrade != Upgrade::None {
            return Err(CandidateRefused);
        }
        self.upgrade = Upgrade::Open;
        self.clock.upgrade_begins(now);
        Ok(())
    }

    /// The candidate WebSocket is gone before it became the transport; the session stays with polling.
    pub fn candidate_lost(&mut self) {
        self.upgrade = Upgrade::None;
        self.clock.upgrade_ends();
    }

    /// The CONNECT of `namespace` was accepted.
    pub fn connected(&mut self, namespace: Namespace) {
        self.phases[namespace.index()] = Phase::Connected;
        self.clock.connected();
    }

    /// This side refused or disconnected `namespace`.
    pub fn left(&mut self, namespace: Namespace, now: Millis) {
        self.phases[namespace.index()] = Phase::Left;
        if !self.phases.contains(&Phase::Connected) {
            self.clock.idle(now);
        }
    }

    /// Takes one packet that came by `via` (by WebSocket: the candidate's, while one is being tried).
    ///
    /// # Errors
    /// When the session must be closed.
    pub fn receive<'a>(
        &mut self,
        via: Transport,
        packet: &engine::Packet<'a>,
        now: Millis,
    ) -> Result<Outcome<'a>, CloseReason> {
        if via != self.transport {
            return Ok(self.receive_candidate(packet, now));
        }
        match *packet {
            engine::Packet::Ping(text) => Ok(Outcome::Pong(text)),
            engine::Packet::Pong(_) => {
                self.clock.pong(now);
                Ok(Outcome::Noted)
            }
            engine::Packet::Close => Err(CloseReason::ClientClosed),
            engine::Packet::Noop => Ok(Outcome::Noted),
            engine::Packet::Text(text) => self.receive_message(text, now),
            engine::Packet::Binary(_) => Err(CloseReason::Socket(socket::DecodeError::Binary)),
            engine::Packet::Open(_) | engine::Packet::Upgrade => Err(CloseReason::UnexpectedPacket),
        }
    }

    /// On a WebSocket that is not the transport yet: a probe, then the upgrade, nothing else.
    fn receive_candidate<'a>(&mut self, packet: &engine::Packet<'a>, now: Millis) -> Outcome<'a> {
        match (self.upgrade, packet) {
            (Upgrade::Open, engine::Packet::Ping("probe")) => {
                self.upgrade = Upgrade::Probed;
                self.clock.probed(now);
                Outcome::Probed
            }
            (Upgrade::Probed, engine::Packet::Upgrade) => {
                self.transport = Transport::WebSocket;
                self.upgrade = Upgrade::None;
                self.clock.upgrade_ends();
                Outcome::Upgraded
            }
            _ => {
                self.candidate_lost();
                Outcome::CandidateFailed
            }
        }
    }

    fn receive_message<'a>(&mut self, text: &'a str, now: Millis) -> Result<Outcome<'a>, CloseReason> {
        let packet = socket::Packet::decode(text).map_err(CloseReason::Socket)?;
        let Some(namespace) = self.rules.namespace(packet.namespace) else {
            return match packet.body {
                Body::Connect(_) => Ok(Outcome::NoSuchNamespace(packet.namespace)),
                _ => Err(CloseReason::Namespace),
            };
        };
        match (packet.body, self.phases[namespace.index()]) {
            (Body::Connect(auth), Phase::Never | Phase::Left) => {
                self.phases[namespace.index()] = Phase::Connecting;
                Ok(Outcome::Connect { namespace, auth })
            }
            // A stock client whose `connect()` is called twice before the reply sends two.
            (Body::Connect(_), Phase::Connecting | Phase::Connected) => Ok(Outcome::Noted),
            (Body::Event { id, name, args }, Phase::Connected) => {
                Ok(Outcome::Event { namespace, id, name, args })
            }
            (Body::Disconnect, Phase::Connected | Phase::Connecting) => {
                self.left(namespace, now);
                Ok(Outcome::Left(namespace))
            }
            // This side never asks for an ack, so there is nothing an ack could answer.
            (Body::Ack { .. }, Phase::Connected | Phase::Left) => Ok(Outcome::Noted),
            (Body::Event { .. } | Body::Disconnect, Phase::Left) => Ok(Outcome::Noted),
            _ => Err(CloseReason::Namespace),
        }
    }
}

#[cfg(test)]
mod tests;
