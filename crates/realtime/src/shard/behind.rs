//! Sockets that are behind the head, because they begin in the past or were slow, until they are live.
//!
//! Where a queue overflows, what waited is dropped; how far the socket is complete stays. Whenever its connection has
//! taken all that it was given and takes more, it gets the next piece: out of the ring if that has everything after the
//! position, else a page of the journal, never beyond the ring's last event. The piece that reaches the ring's last event
//! makes it live again, in the turn in which it is queued, so that the next event that is published follows on it.

use super::connection::{Reader, Reading};
use super::lanes::{PageFrame, Queued};
use super::link::{Link, Polling};
use super::rooms::SocketSlot;
use super::sockets::{Finished, TaskKey};
use super::{Shard, ready::ConnectionSlot};
use crate::counts::add;
use crate::frame::Published;
use crate::{Application, Page, PageRequest, PageUnavailable, Replay, SocketId};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Most events of the ring that a turn looks at for those that are behind; then the others have theirs. A look takes some
/// tenths of a microsecond.
pub(super) const LOOKS_PER_TURN_MAX: usize = 4_096;

impl<A: Application> Shard<A> {
    /// Takes all places in the ring from a connection; its sockets that had some fall behind to before their first.
    pub(super) fn drop_journal(&mut self, slot: ConnectionSlot) {
        for (socket, first) in self.connections[slot].lanes.drop_journal() {
            self.fall_behind(socket, first - 1);
        }
    }

    /// What was queued for a socket after `position` is gone.
    ///
    /// # Panics
    /// When all up to a later number was sent: it would be sent twice.
    pub(super) fn fall_behind(&mut self, socket: SocketSlot, position: u64) {
        let state = &mut self.sockets[socket];
        state.told = state.told.min(position);
        match &mut state.reader {
            Reader::Live { since, .. } => {
                assert!(*since <= position, "what a socket was sent never falls");
                state.reader = Reader::Behind { position, reading: Reading::No };
                state.asks_until = self.ring.last();
                let slot = state.connection;
                self.connections[slot].behind += 1;
                add(&self.counts.fell_behind, 1);
                self.touch(slot);
            }
            // The ring had more after its position than there was room for, and has lost some of that since.
            Reader::Behind { position: before, .. } => *before = position.min(*before),
        }
    }

    /// Gives the sockets of a connection that are behind their next piece, if it has taken the one before.
    pub(super) fn feed(&mut self, slot: ConnectionSlot) {
        let Some(connection) = self.connections.get(slot) else { return };
        if connection.behind == 0 || !connection.lanes.has_no_journal() {
            return;
        }
        let takes_more = match &connection.link {
            Link::WebSocket(_) => connection.stalled_since.is_none(),
            Link::Polling(Polling { poll, .. }) => poll.is_some(),
        };
        if !takes_more {
            return;
        }
        for socket in connection.sockets() {
            if let Reader::Behind { position, reading: Reading::No } = self.sockets[socket].reader {
                self.read_on(socket, position);
            }
        }
    }

    fn read_on(&mut self, socket: SocketSlot, position: u64) {
        let state = &self.sockets[socket];
        let may_read_ring = match state.replay {
            Replay::Shortest => true,
            // What was published since it asked is as new as an answer.
            Replay::Asked => position >= state.asks_until,
        };
        if may_read_ring && self.ring.has_all_after(position) {
            return match self.looks_left {
                0 => self.list(self.sockets[socket].connection),
                _ => self.read_ring(socket, position),
            };
        }
        self.sockets[socket].reader = Reader::Behind { position, reading: Reading::Waits };
        self.hungry.push_back(self.sockets[socket].id);
        // Those that went while they waited are taken out when they are more than those that are there.
        if self.hungry.len() > 2 * self.sockets.len() {
            let sockets = &self.sockets;
            self.hungry.retain(|id| sockets.get(id.slot()).is_some_and(|state| state.id == *id));
        }
        self.start_pages();
    }

    /// Queues what the ring has after `position`, as far as there is room and time.
    fn read_ring(&mut self, socket: SocketSlot, position: u64) {
        let state = &mut self.sockets[socket];
        let (framing, slot) = (state.framing, state.connection);
        let lanes = &mut self.connections[slot].lanes;
        for number in position + 1..=self.ring.last() {
            let Some(event) = self.ring.event(number) else { break };
            if self.looks_left == 0 {
                state.reader = Reader::Behind { position: number - 1, reading: Reading::No };
                return self.touch(slot);
            }
            self.looks_left -= 1;
            if !self.rooms.is_for(socket, &event.event) {
                continue;
            }
            if lanes.push_journal(Queued { number, socket, framing }, &self.config).is_err() {
                state.reader = Reader::Behind { position: number - 1, reading: Reading::No };
                return self.touch(slot);
            }
            state.told = number;
        }
        state.reader = Reader::Live { seen: self.ring.last(), since: position };
        self.connections[slot].behind -= 1;
        add(&self.counts.caught_up, 1);
        self.touch(slot);
    }

    /// Asks for pages, for those who have waited longest, as many at a time as may be and as there is room for.
    pub(super) fn start_pages(&mut self) {
        while !self.hungry.is_empty() && self.page_reads < self.config.page_reads_max {
            let Ok(place) = self.pages.clone().try_acquire_owned() else { return };
            let Some(id) = self.hungry.pop_front() else { return };
            let Some(state) = self.sockets.get_mut(id.slot()).filter(|state| state.id == id) else {
                continue;
            };
            let Reader::Behind { position, .. } = state.reader else { continue };
            state.reader = Reader::Behind { position, reading: Reading::Now };
            let request = PageRequest {
                after: position,
                until: self.ring.last(),
                scopes: self.rooms.scopes_of(id.slot()),
                events_max: self.config.page_events_max,
                bytes_max: self.config.page_bytes_max,
            };
            self.page_reads += 1;
            let (application, kept) = (self.application.clone(), state.kept.clone());
            let deadline = self.config.connect_deadline;
            self.tasks.spawn(TaskKey::Page(id), async move {
                let page = tokio::time::timeout(deadline, application.page(kept, request)).await;
                Finished::Page(page.unwrap_or(Err(PageUnavailable)), place)
            });
        }
    }

    /// A page has come, or cannot be had; `None` when the application panicked over it.
    pub(super) fn take_page(&mut self, id: SocketId, page: Option<(Page, OwnedSemaphorePermit)>) {
        self.page_reads -= 1;
        let Some(state) = self.sockets.get(id.slot()).filter(|state| state.id == id) else { return };
        let (slot, framing) = (state.connection, state.framing);
        let Reader::Behind { position, .. } = state.reader else { return };
        let Some((page, place)) = page else { return self.send_away(slot) };
        if !(position + 1..=self.ring.last()).contains(&page.complete_to) {
            tracing::error!(position, page.complete_to, "a page of the journal leads nowhere");
            return self.send_away(slot);
        }
        let place = Arc::new(place);
        let namespaces = self.config.namespaces();
        for event in page.events {
            let number = event.offset.number;
            let is_new = (position + 1..=page.complete_to).contains(&number);
            if is_new && self.rooms.is_for(id.slot(), &event) {
                let frame = Published::new(event, namespaces.len()).frame(framing, namespaces).clone();
                let page_frame = PageFrame { socket: id.slot(), frame, _place: place.clone() };
                self.connections[slot].lanes.push_page(page_frame);
                self.sockets[id.slot()].told = number;
            }
        }
        self.sockets[id.slot()].reader = Reader::Behind { position: page.complete_to, reading: Reading::No };
        self.touch(slot);
    }
}
