//! Requests of clients: handshakes, polls, pushes, upgrades.

use super::connection::{Connection, Layers};
use super::link::{Io, Link, Polling, WebSocket};
use super::{Found, Newcomer, PollAnswer, PushAnswer, Shard};
use crate::counts::add;
use crate::http::EngineError;
use crate::ignore::Ignore;
use crate::names::Sid;
use crate::{Application, DisconnectReason};
use bytes::Bytes;
use tokio::sync::oneshot;
use waypost_wire::CloseReason;
use waypost_wire::engine::{self, PayloadLimits};
use waypost_wire::namespaces::Namespaces;
use waypost_wire::outgoing::Outgoing;
use waypost_wire::session::{PollRefused, Session, Transport};
use waypost_wire::websocket::CloseCode;

impl<A: Application> Shard<A> {
    /// A handshake by polling: the answer is the open packet.
    pub(super) fn open(&mut self, newcomer: Newcomer<A>, answer: PollAnswer) {
        if !self.is_serving() {
            return;
        }
        let slot = self.insert(newcomer, Link::Polling(Polling::default()));
        let open = self.open_packet(slot);
        let said = answer.send(Ok(Bytes::from(open)));
        said.ignore_because("a client that has gone never connects a namespace and times out");
    }

    /// A handshake by WebSocket.
    pub(super) fn attach(&mut self, newcomer: Newcomer<A>, io: Io) {
        if !self.is_serving() {
            return;
        }
        let websocket = WebSocket::new(io, self.config.payload_bytes_max);
        let slot = self.insert(newcomer, Link::WebSocket(websocket));
        let open = Outgoing::text(&self.open_packet(slot));
        self.control(slot, open);
        self.list(slot);
    }

    pub(super) fn find(&self, sid: Sid, answer: oneshot::Sender<Found>) {
        let found = if self.slot_of(sid).is_some() { Found::Yes } else { Found::No };
        answer.send(found).ignore_because("the request may be gone");
    }

    /// A WebSocket for a polling session. One too many is closed and nothing else happens.
    pub(super) fn upgrade(&mut self, sid: Sid, io: Io) {
        let Some(slot) = self.slot_of(sid) else { return };
        let connection = &mut self.connections[slot];
        let websocket = WebSocket::new(io, self.config.payload_bytes_max);
        if connection.session.open_candidate(self.now).is_err() {
            return websocket.finish(CloseCode::Normal);
        }
        connection.candidate = Some(Box::new(websocket));
        self.touch(slot);
        self.list(slot);
    }

    /// A GET. It waits in its connection until something is to be sent.
    pub(super) fn poll(&mut self, sid: Sid, answer: PollAnswer) {
        // A session whose time is over is over, also for a request that is before its deadline in this turn.
        if let Some(slot) = self.slot_of(sid) {
            self.serve_deadline(slot);
        }
        let refusal = match self.slot_of(sid) {
            None => EngineError::SessionUnknown,
            Some(slot) => match self.connections[slot].session.open_poll() {
                Ok(()) => return self.hold_poll(slot, answer),
                Err(PollRefused::AfterUpgrade) => EngineError::BadRequest,
                Err(PollRefused::Duplicate) => {
                    self.end_session(slot, CloseReason::DuplicatePoll);
                    EngineError::BadRequest
                }
            },
        };
        answer.send(Err(refusal)).ignore_because("the request may be gone");
    }

    /// A POST. It is answered when its packets were taken and there is room for more.
    pub(super) fn push(&mut self, sid: Sid, payload: &[u8], answer: PushAnswer) {
        let refused = "the request may be gone";
        let Some(slot) = self.slot_of(sid) else {
            return answer.send(Err(EngineError::SessionUnknown)).ignore_because(refused);
        };
        match &mut self.connections[slot].link {
            Link::WebSocket(_) => return answer.send(Err(EngineError::BadRequest)).ignore_because(refused),
            Link::Polling(polling) if polling.push.is_some() => {
                self.end_session(slot, CloseReason::UnexpectedPacket);
                return answer.send(Err(EngineError::BadRequest)).ignore_because(refused);
            }
            Link::Polling(polling) => polling.push = Some(answer),
        }
        add(&self.counts.received_bytes, payload.len());
        self.take_payload(slot, payload);
        self.resume(slot);
    }

    fn take_payload(&mut self, slot: usize, payload: &[u8]) {
        let limits = PayloadLimits {
            payload_bytes_max: self.config.payload_bytes_max,
            packets_max: self.config.payload_packets_max,
        };
        let packets = match engine::decode_payload(payload, limits) {
            Ok(packets) => packets,
            Err(error) => return self.end_session(slot, CloseReason::Engine(error)),
        };
        let sid = self.connections[slot].sid;
        for packet in packets {
            if self.slot_of(sid).is_none() {
                return;
            }
            match packet {
                Ok(packet) => self.take_packet(slot, Transport::Polling, packet),
                Err(error) => return self.end_session(slot, CloseReason::Engine(error)),
            }
        }
    }

    fn hold_poll(&mut self, slot: usize, answer: PollAnswer) {
        if let Link::Polling(polling) = &mut self.connections[slot].link {
            polling.poll = Some(answer);
        }
        self.touch(slot);
        self.list(slot);
    }

    /// Whether the client of a waiting poll has gone, which ends the session (it cannot know what it missed).
    pub(super) fn watch_poll(&mut self, slot: usize) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let Link::Polling(Polling { poll: Some(poll), .. }) = &mut connection.link else { return };
        let mut cx = std::task::Context::from_waker(&connection.waker);
        if poll.poll_closed(&mut cx).is_ready() {
            self.close(slot, DisconnectReason::TransportClosed);
        }
    }

    /// The connection of this `sid`, if it is here.
    fn slot_of(&self, sid: Sid) -> Option<usize> {
        let connection = self.connections.get(sid.slot())?;
        (connection.sid == sid).then_some(sid.slot())
    }

    fn insert(&mut self, newcomer: Newcomer<A>, link: Link) -> usize {
        let transport = match link {
            Link::Polling(_) => Transport::Polling,
            Link::WebSocket(_) => Transport::WebSocket,
        };
        let layers = Layers {
            session: Session::new(self.rules.session.clone(), transport, self.now),
            namespaces: self.rules.namespaces.clone().map(|rules| Namespaces::new(rules, self.now)),
            places: self.config.namespaces().len(),
        };
        let entry = self.connections.vacant_entry();
        let slot = entry.key();
        let place = u32::try_from(slot).expect("a semaphore of the hub bounds the table far below");
        let sid = Sid::draw(self.number, place, &mut self.rng);
        entry.insert(Box::new(Connection::new(sid, newcomer, layers, link, &self.ready)));
        add(&self.counts.connections, 1);
        self.touch(slot);
        slot
    }

    fn open_packet(&self, slot: usize) -> String {
        let connection = &self.connections[slot];
        let json = connection.session.handshake_json(&connection.sid.text());
        let mut packet = String::with_capacity(json.len() + 1);
        engine::Packet::Open(&json).encode_into(&mut packet);
        packet
    }

    /// Has the connection served in the next turn, where it sets its wakers.
    pub(super) fn list(&self, slot: usize) {
        if let Some(connection) = self.connections.get(slot) {
            connection.signal.list();
        }
    }
}
