//! Sockets whose rooms are quiet are told how far they are complete, so that they come back from there and not from an
//! event that the journal has long forgotten.

use super::connection::{Noted, Reader};
use super::rooms::SocketSlot;
use super::{Shard, ready::ConnectionSlot};
use crate::config::{Recovery, millis};
use crate::{Application, frame};

impl<A: Application> Shard<A> {
    /// Looks at all sockets, when as many events were published since the last time as may stay untold.
    pub(super) fn tell_positions_of_all(&mut self) {
        if self.ring.last() - self.positions_told_at < self.untold_events_max() {
            return;
        }
        self.positions_told_at = self.ring.last();
        let slots: Vec<ConnectionSlot> = self.connections.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.tell_positions(slot);
        }
    }

    /// Half of what the configuration says, since a socket may have been told just too late for one look and is looked
    /// at again only then.
    fn untold_events_max(&self) -> u64 {
        (self.config.position_events / 2).max(1)
    }

    /// Looks at the sockets of a connection. One for which events wait is told by these.
    pub(super) fn tell_positions(&mut self, slot: ConnectionSlot) {
        let Some(connection) = self.connections.get(slot) else { return };
        if !connection.lanes.has_no_journal() {
            return;
        }
        for socket in connection.sockets() {
            self.tell_position(slot, socket);
        }
    }

    fn tell_position(&mut self, slot: ConnectionSlot, socket: SocketSlot) {
        let untold_max = self.untold_events_max();
        let state = &mut self.sockets[socket];
        let (Reader::Live { seen, since }, last) = (state.reader, &self.last) else { return };
        if state.noted.number != state.told {
            state.noted = Noted { number: state.told, at: self.now };
        }
        let age_ms = self.now.saturating_sub(state.noted.at);
        let events = last.number.saturating_sub(state.told);
        let is_old = events >= untold_max || age_ms >= millis(self.config.position_age);
        let namespace = &self.config.namespaces()[state.framing.namespace.index()];
        if events == 0 || !is_old || namespace.recovery == Recovery::Off {
            return;
        }
        let position = frame::position(&namespace.name, state.framing.offsets, last);
        state.reader = Reader::Live { seen: seen.max(last.number), since };
        state.told = last.number;
        state.noted = Noted { number: last.number, at: self.now };
        self.control(slot, position);
    }
}
