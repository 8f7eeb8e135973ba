//! The second half of a turn: each touched connection is written once, and what time brings is done.

use super::link::{Ended, Link, Polling};
use super::{Shard, library, ready::ConnectionSlot};
use crate::config::millis;
use crate::counts::add;
use crate::ignore::Ignore;
use crate::{Application, DisconnectReason};
use bytes::Bytes;
use std::task::Context;
use waypost_wire::CloseReason;
use waypost_wire::engine;
use waypost_wire::namespaces::Namespaces;
use waypost_wire::session::Due;
use waypost_wire::websocket::CloseCode;

/// The payload that ends a poll and says nothing.
pub(super) const NOOP: Bytes = Bytes::from_static(b"6");

impl<A: Application> Shard<A> {
    /// Writes what this turn has touched, then lets go of the groups it has published.
    pub(super) fn flush(&mut self) {
        let mut at = 0;
        while let Some(slot) = self.touched.get(at).copied() {
            at += 1;
            if let Some(connection) = self.connections.get_mut(slot) {
                connection.touched = false;
                self.write(slot);
                self.feed(slot);
                self.set_deadline(slot);
            }
        }
        self.touched.clear();
        self.groups.clear();
    }

    fn write(&mut self, slot: ConnectionSlot) {
        match &self.connections[slot].link {
            Link::WebSocket(_) => self.write_websocket(slot),
            Link::Polling(_) => {
                self.answer_poll(slot);
                // A candidate has only its answer to the probe to write, which does not touch the lanes.
                self.write_candidate(slot);
            }
        }
    }

    fn write_websocket(&mut self, slot: ConnectionSlot) {
        if self.connections[slot].lanes.has_fallen_behind(&self.ring) {
            self.drop_journal(slot);
        }
        let connection = &mut self.connections[slot];
        let Link::WebSocket(websocket) = &mut connection.link else { return };
        let mut cx = Context::from_waker(&connection.waker);
        let written = websocket.write(&mut cx, &mut connection.lanes, library(&self.ring, &self.config));
        let Ok(written) = written else { return self.close(slot, DisconnectReason::TransportClosed) };
        if written.bytes > 0 || written.ended == Ended::Empty {
            connection.stalled_since = None;
        }
        if written.ended == Ended::Blocked {
            connection.stalled_since.get_or_insert(self.now);
        }
        add(&self.counts.sent_bytes, written.bytes);
        add(&self.counts.delivered, written.delivered);
    }

    fn write_candidate(&mut self, slot: ConnectionSlot) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let Some(candidate) = &mut connection.candidate else { return };
        let mut cx = Context::from_waker(&connection.waker);
        let nothing = &mut super::lanes::Lanes::default();
        if candidate.write(&mut cx, nothing, library(&self.ring, &self.config)).is_err() {
            connection.session.candidate_lost();
            self.drop_candidate(slot, CloseCode::Normal);
        }
    }

    /// All that waits, as far as it fits one answer, goes to the waiting poll.
    fn answer_poll(&mut self, slot: ConnectionSlot) {
        if self.connections[slot].lanes.has_fallen_behind(&self.ring) {
            self.drop_journal(slot);
        }
        let connection = &mut self.connections[slot];
        let Link::Polling(Polling { poll, .. }) = &mut connection.link else { return };
        if connection.lanes.is_empty() {
            return;
        }
        let Some(poll) = poll.take() else {
            connection.stalled_since.get_or_insert(self.now);
            return;
        };
        connection.stalled_since = None;
        let library = library(&self.ring, &self.config);
        let (payload, delivered) = connection.lanes.take_payload(self.config.payload_bytes_max, library);
        connection.session.end_poll();
        let bytes = payload.len();
        if poll.send(Ok(payload)).is_err() {
            return self.close(slot, DisconnectReason::TransportClosed);
        }
        add(&self.counts.sent_bytes, bytes);
        add(&self.counts.delivered, delivered);
    }

    /// Ends a waiting poll: with what waits, or with a noop.
    pub(super) fn end_poll(&mut self, slot: ConnectionSlot) {
        self.answer_poll(slot);
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let Link::Polling(Polling { poll, .. }) = &mut connection.link else { return };
        if let Some(poll) = poll.take() {
            connection.session.end_poll();
            poll.send(Ok(NOOP)).ignore_because("a noop that nobody hears is no loss");
        }
    }

    /// Does what is due, for every connection whose deadline has come.
    pub(super) fn serve_deadlines(&mut self) {
        while let Some(slot) = self.timers.pop(self.now) {
            let Some(connection) = self.connections.get_mut(slot) else { continue };
            connection.wake_at = None;
            self.serve_deadline(slot);
            self.touch(slot);
        }
    }

    /// Does what is due for one connection, if anything is.
    pub(super) fn serve_deadline(&mut self, slot: ConnectionSlot) {
        let connection = &self.connections[slot];
        if connection.close_at.is_some_and(|at| at <= self.now) {
            return self.close_with(slot, DisconnectReason::Drained, CloseCode::GoingAway);
        }
        let stall_ms = millis(self.config.stall_timeout);
        if connection.stalled_since.is_some_and(|since| since.saturating_add(stall_ms) <= self.now) {
            return self.close_slow(slot);
        }
        let connect_by = connection.namespaces.as_ref().and_then(Namespaces::deadline);
        if connect_by.is_some_and(|at| at <= self.now) {
            return self.end_session(slot, CloseReason::ConnectTimeout);
        }
        while let Some(due) = self.connections.get_mut(slot).and_then(|it| it.session.due(self.now)) {
            match due {
                Due::Ping => {
                    self.engine_packet(slot, &engine::Packet::Ping(""));
                    self.tell_positions(slot);
                }
                Due::EndPoll => self.end_poll(slot),
                Due::AbandonUpgrade => self.drop_candidate(slot, CloseCode::Normal),
                Due::Close(reason) => self.end_session(slot, reason),
            }
        }
    }

    fn set_deadline(&mut self, slot: ConnectionSlot) {
        let stall_ms = millis(self.config.stall_timeout);
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let stall = connection.stalled_since.map(|since| since.saturating_add(stall_ms));
        let connect_by = connection.namespaces.as_ref().and_then(Namespaces::deadline);
        let others = [stall, connection.close_at, connect_by].into_iter().flatten();
        let at = others.fold(connection.session.deadline(), u64::min);
        self.timers.bring_forward(slot, &mut connection.wake_at, at);
    }
}
