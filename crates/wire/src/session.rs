//! One client's Engine.IO session, as a state machine.
//!
//! The owner does the I/O. It hands in each packet with the transport it came by ([`Session::receive`]), reports
//! what the transports do ([`Session::open_poll`], [`Session::open_candidate`], …) and, when [`Session::deadline`]
//! has come, asks what is due ([`Session::due`]). `now` is milliseconds on any clock that never goes back.
//! An answer of `Err(CloseReason)` or [`Due::Close`] means: close every transport and forget the session.

mod clock;

pub use clock::{Due, Millis, Timing};

use crate::CloseReason;
use crate::engine;
use clock::Clock;
use std::borrow::Cow;
use std::sync::Arc;

/// What a session allows; one for all sessions of a server.
#[derive(Debug, Clone)]
pub struct Rules {
    /// All waits of a session.
    pub timing: Timing,
    /// Longest payload or message the client may send, in bytes (`maxPayload` of the handshake).
    pub payload_bytes_max: usize,
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
    /// A text message for the layer above.
    Text(&'a str),
    /// A binary message for the layer above.
    Binary(Cow<'a, [u8]>),
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

impl Session {
    /// A session whose handshake came by `transport`.
    #[must_use]
    pub fn new(rules: Arc<Rules>, transport: Transport, now: Millis) -> Session {
        let clock = Clock::new(rules.timing, now);
        Session { rules, transport, upgrade: Upgrade::None, poll: Poll::Absent, clock }
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

    /// The transport that messages go by now.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether a WebSocket has probed, and has not yet become the transport or gone.
    #[must_use]
    pub fn has_probed(&self) -> bool {
        self.upgrade == Upgrade::Probed
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

    /// Takes one packet that came by `via` (by WebSocket: the candidate's, while one is being tried).
    ///
    /// # Errors
    /// When the session must be closed.
    pub fn receive<'a>(
        &mut self,
        via: Transport,
        packet: engine::Packet<'a>,
        now: Millis,
    ) -> Result<Outcome<'a>, CloseReason> {
        if via != self.transport {
            return Ok(self.receive_candidate(&packet, now));
        }
        match packet {
            engine::Packet::Ping(text) => Ok(Outcome::Pong(text)),
            engine::Packet::Pong(_) => {
                self.clock.pong(now);
                Ok(Outcome::Noted)
            }
            engine::Packet::Close => Err(CloseReason::ClientClosed),
            engine::Packet::Noop => Ok(Outcome::Noted),
            engine::Packet::Text(text) => Ok(Outcome::Text(text)),
            engine::Packet::Binary(bytes) => Ok(Outcome::Binary(bytes)),
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
}

#[cfg(test)]
mod tests;
