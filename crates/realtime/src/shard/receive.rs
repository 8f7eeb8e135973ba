//! What clients send, from bytes to messages.

use super::link::Link;
use super::{Shard, ready::ConnectionSlot};
use crate::counts::add;
use crate::{Application, DisconnectReason};
use std::task::{Context, Poll};
use waypost_wire::CloseReason;
use waypost_wire::engine;
use waypost_wire::outgoing::Outgoing;
use waypost_wire::session::{Outcome, Transport};
use waypost_wire::websocket::{CloseCode, Message, Opcode, frame as websocket_frame};

/// Most reads of one connection in one turn; then the others have theirs.
const READS_PER_TURN_MAX: usize = 4;

impl<A: Application> Shard<A> {
    /// A connection's waker has fired: read it, and go on writing it.
    pub(super) fn serve(&mut self, slot: ConnectionSlot) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        connection.signal.unlist();
        self.touch(slot);
        self.watch_poll(slot);
        let mut buffer = std::mem::take(&mut self.read_buffer);
        self.read(slot, &mut buffer);
        self.read_buffer = buffer;
    }

    fn read(&mut self, slot: ConnectionSlot, buffer: &mut [u8]) {
        for _ in 0..READS_PER_TURN_MAX {
            let Some(connection) = self.connections.get_mut(slot) else { return };
            if connection.backlog.is_full(&self.config) {
                return;
            }
            let Some((websocket, waker)) = connection.websocket() else { return };
            match websocket.poll_read(&mut Context::from_waker(waker), buffer) {
                Poll::Pending => return,
                Poll::Ready(Ok(0) | Err(_)) => return self.websocket_ended(slot, None),
                Poll::Ready(Ok(bytes)) => {
                    add(&self.counts.received_bytes, bytes);
                    self.take_bytes(slot, &buffer[..bytes]);
                }
            }
        }
        self.list(slot);
    }

    fn take_bytes(&mut self, slot: ConnectionSlot, mut input: &[u8]) {
        loop {
            let Some(connection) = self.connections.get_mut(slot) else { return };
            let Some((websocket, _)) = connection.websocket() else { return };
            match websocket.decoder.decode(&mut input) {
                Ok(None) => return,
                Ok(Some(message)) => self.take_frame(slot, message),
                Err(error) => return self.websocket_ended(slot, Some(error.close_code())),
            }
        }
    }

    fn take_frame(&mut self, slot: ConnectionSlot, message: Message) {
        match message {
            Message::Text(text) => match engine::Packet::decode(&text) {
                Ok(packet) => self.take_packet(slot, Transport::WebSocket, packet),
                Err(error) => self.end_session(slot, CloseReason::Engine(error)),
            },
            Message::Binary(bytes) => {
                self.take_packet(slot, Transport::WebSocket, engine::Packet::Binary(bytes.into()));
            }
            Message::Ping(payload) => self.reply(slot, websocket_frame(Opcode::Pong, &payload)),
            Message::Pong => {}
            Message::Close(code) => self.websocket_ended(slot, Some(CloseCode::Echo(code))),
        }
    }

    /// A packet, by whichever transport.
    pub(super) fn take_packet(&mut self, slot: ConnectionSlot, via: Transport, packet: engine::Packet<'_>) {
        let outcome = match self.connections[slot].session.receive(via, packet, self.now) {
            Ok(outcome) => outcome,
            Err(reason) => return self.end_session(slot, reason),
        };
        match outcome {
            Outcome::Noted => {}
            Outcome::Pong(text) => self.engine_packet(slot, &engine::Packet::Pong(text)),
            Outcome::Probed => {
                self.reply(slot, Outgoing::text("3probe").as_frames().clone());
                self.end_poll(slot);
            }
            Outcome::Upgraded => self.go_over(slot),
            Outcome::CandidateFailed => self.drop_candidate(slot, CloseCode::Protocol),
            Outcome::Text(text) => self.take_text(slot, text),
            Outcome::Binary(bytes) => self.take_binary(slot, bytes.into_owned().into()),
        }
    }

    /// The candidate WebSocket is the transport from here on; what waits goes by it.
    fn go_over(&mut self, slot: ConnectionSlot) {
        self.end_poll(slot);
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if let Some(websocket) = connection.candidate.take() {
            let before = std::mem::replace(&mut connection.link, Link::WebSocket(*websocket));
            if let Link::Polling(polling) = before {
                close_push(polling.push);
            }
        }
        self.touch(slot);
        self.leave_after_upgrade(slot);
    }

    /// The stream of a WebSocket has ended, or must, with `code` if the peer is still there. On trial, that is
    /// the end of the trial only.
    fn websocket_ended(&mut self, slot: ConnectionSlot, code: Option<CloseCode>) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if connection.candidate.is_some() {
            connection.session.candidate_lost();
            return self.drop_candidate(slot, code.unwrap_or(CloseCode::Normal));
        }
        match code {
            None => self.close_with(slot, DisconnectReason::TransportClosed, CloseCode::Normal),
            Some(echo @ CloseCode::Echo(_)) => {
                self.close_with(slot, DisconnectReason::TransportClosed, echo);
            }
            Some(code) => self.close_with(slot, DisconnectReason::ProtocolError, code),
        }
    }

    pub(super) fn drop_candidate(&mut self, slot: ConnectionSlot, code: CloseCode) {
        if let Some(websocket) = self.connections[slot].candidate.take() {
            websocket.finish(code);
        }
        self.leave_after_upgrade(slot);
    }

    /// Answers on the WebSocket that there is, before anything that waits.
    fn reply(&mut self, slot: ConnectionSlot, frame: bytes::Bytes) {
        if let Some((websocket, _)) = self.connections[slot].websocket() {
            websocket.reply(frame);
        }
        self.touch(slot);
    }

    pub(super) fn engine_packet(&mut self, slot: ConnectionSlot, packet: &engine::Packet<'_>) {
        let mut text = String::new();
        packet.encode_into(&mut text);
        self.control(slot, Outgoing::text(&text));
    }

    /// Queues a control frame; a connection that has no room for it is closed.
    pub(super) fn control(&mut self, slot: ConnectionSlot, frame: Outgoing) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        match connection.lanes.push_control(frame, &self.config) {
            Ok(()) => self.touch(slot),
            Err(_) => self.close_slow(slot),
        }
    }
}

/// A POST that is still held when its transport is left was taken.
pub(super) fn close_push(push: Option<super::PushAnswer>) {
    use crate::ignore::Ignore;
    if let Some(push) = push {
        push.send(Ok(())).ignore_because("the request may be gone");
    }
}
