//! The end of a connection, which is here and nowhere else, and the end of a shard.

use super::connection::{Leaves, Occupant};
use super::flush::NOOP;
use super::link::Link;
use super::sockets::TaskKey;
use super::{Life, Shard, library, ready::ConnectionSlot};
use crate::config::millis;
use crate::counts::{add, take_one};
use crate::http::EngineError;
use crate::ignore::Ignore;
use crate::{Application, DisconnectReason};
use bytes::Bytes;
use std::time::Duration;
use waypost_wire::CloseReason;
use waypost_wire::websocket::CloseCode;

/// How long the application's work may go on when every connection of a drain is closed.
const WORK_AFTER_DRAIN_MAX: Duration = Duration::from_secs(5);
/// The payload that tells a polling client that its session is closed.
const CLOSE: Bytes = Bytes::from_static(b"1");

impl<A: Application> Shard<A> {
    /// Closes a connection because its session says so.
    pub(super) fn end_session(&mut self, slot: ConnectionSlot, reason: CloseReason) {
        tracing::debug!(%reason, "a session ends");
        let (why, code) = match reason {
            CloseReason::ClientClosed => (DisconnectReason::TransportClosed, CloseCode::Normal),
            CloseReason::PingTimeout => (DisconnectReason::PingTimeout, CloseCode::GoingAway),
            CloseReason::ConnectTimeout => (DisconnectReason::ConnectTimeout, CloseCode::Normal),
            CloseReason::DuplicatePoll
            | CloseReason::UnexpectedPacket
            | CloseReason::Engine(_)
            | CloseReason::Socket(_)
            | CloseReason::Namespace => (DisconnectReason::ProtocolError, CloseCode::Protocol),
        };
        if let (CloseReason::ClientClosed, Some(connection)) = (reason, self.connections.get_mut(slot))
            && let Link::Polling(polling) = &mut connection.link
            && let Some(poll) = polling.poll.take()
        {
            poll.send(Ok(NOOP)).ignore_because("the client is going");
        }
        self.close_with(slot, why, code);
    }

    /// Closes a connection that cannot keep up.
    pub(super) fn close_slow(&mut self, slot: ConnectionSlot) {
        if self.connections.contains(slot) {
            add(&self.counts.slow_closed, 1);
            self.close(slot, DisconnectReason::Slow);
        }
    }

    /// Closes a connection so that its client comes back. One that has probed is closed when its upgrade is over, which
    /// has a deadline: `socket.io-client` no longer polls then, and would not hear of it until a ping is overdue.
    pub(super) fn send_away(&mut self, slot: ConnectionSlot) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        match connection.session.has_probed() {
            true => connection.leaves = Leaves::AfterUpgrade,
            false => self.close(slot, DisconnectReason::Unavailable),
        }
    }

    /// An upgrade is over, however it ended.
    pub(super) fn leave_after_upgrade(&mut self, slot: ConnectionSlot) {
        if self.connections.get(slot).is_some_and(|connection| connection.leaves == Leaves::AfterUpgrade) {
            self.close(slot, DisconnectReason::Unavailable);
        }
    }

    pub(super) fn close(&mut self, slot: ConnectionSlot, why: DisconnectReason) {
        self.close_with(slot, why, CloseCode::GoingAway);
    }

    /// The one way out: the sockets leave their rooms, the application hears of each, what waits for an answer gets
    /// one, the transports are closed.
    pub(super) fn close_with(&mut self, slot: ConnectionSlot, why: DisconnectReason, code: CloseCode) {
        let Some(mut connection) = self.connections.try_remove(slot) else { return };
        self.timers.cancel(slot, connection.wake_at);
        take_one(&self.counts.connections);
        for occupant in &connection.occupants {
            match *occupant {
                Occupant::Nobody => {}
                Occupant::Connecting(number) => {
                    self.tasks.abort(&TaskKey::Connect { sid: connection.sid, number });
                }
                Occupant::Socket(socket) => self.remove_socket(socket, why),
            }
        }
        if let Some(candidate) = connection.candidate.take() {
            candidate.finish(code);
        }
        match connection.link {
            Link::WebSocket(websocket) => websocket.finish(code),
            Link::Polling(polling) => {
                if let Some(poll) = polling.poll {
                    // A close packet stands alone: beside messages, stock clients drop those that follow it.
                    let (waiting, _) = connection
                        .lanes
                        .take_payload(self.config.payload_bytes_max, library(&self.ring, &self.config));
                    let last = if waiting.is_empty() { CLOSE } else { waiting };
                    poll.send(Ok(last)).ignore_because("the client may be gone");
                }
                if let Some(push) = polling.push {
                    let answer = match why {
                        DisconnectReason::ProtocolError => Err(EngineError::BadRequest),
                        _ => Ok(()),
                    };
                    push.send(answer).ignore_because("the client may be gone");
                }
            }
        }
    }

    /// Closes every connection at its own moment within `over`, and ends the shard after that.
    pub(super) fn drain(&mut self, over: Duration) {
        if !self.is_serving() {
            return;
        }
        let over_ms = millis(over);
        let until = self.now.saturating_add(over_ms).saturating_add(millis(WORK_AFTER_DRAIN_MAX));
        self.life = Life::Draining { until };
        let count = self.connections.len() as u64;
        for (place, (slot, connection)) in (1..).zip(&mut self.connections) {
            let at = self.now + over_ms.saturating_mul(place) / count;
            connection.close_at = Some(at);
            self.timers.bring_forward(slot, &mut connection.wake_at, at);
        }
    }
}
