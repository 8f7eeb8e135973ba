//! Fan-out: which connection gets which event.

use super::connection::Reader;
use super::lanes::Queued;
use super::rooms::SocketSlot;
use super::{Group, GroupStep, Shard};
use crate::counts::add;
use crate::frame::{Published, Volatile};
use crate::{Application, Audience};
use std::sync::Arc;

impl<A: Application> Shard<A> {
    /// Queues a group's events; they are written, and the group let go of, at the end of the turn.
    pub(super) fn publish(&mut self, group: Arc<Group>) {
        for step in &group.steps {
            match step {
                GroupStep::Bind { from, to } => {
                    self.rooms.bind(from, to, self.ring.last());
                    self.binds.note(from, to, self.ring.last());
                }
                GroupStep::Event(event) => self.publish_event(event),
            }
        }
        self.groups.push(group);
    }

    fn publish_event(&mut self, event: &Arc<Published>) {
        let offset = &event.event.offset;
        let number = offset.number;
        self.last = offset.clone();
        self.ring.push(event.clone());
        let mut overflowed: Vec<SocketSlot> = Vec::new();
        for scope in &event.event.scopes {
            for member in self.rooms.members(scope) {
                let socket = &mut self.sockets[member.socket];
                match &mut socket.reader {
                    Reader::Live { seen, .. } if *seen < number => *seen = number,
                    // In several of the scopes, or not live: it will read the event when its turn comes.
                    Reader::Live { .. } | Reader::Behind { .. } => continue,
                }
                let is_certain = number > socket.joined_by && event.event.except.is_empty();
                if !is_certain && !self.rooms.is_for(member.socket, &event.event) {
                    continue;
                }
                socket.told = number;
                let queued = Queued { number, socket: member.socket, framing: socket.framing };
                let connection = &mut self.connections[socket.connection];
                if connection.lanes.push_journal(queued, &self.config).is_err() {
                    overflowed.push(member.socket);
                } else if !connection.touched {
                    connection.touched = true;
                    self.touched.push(socket.connection);
                }
            }
        }
        for socket in overflowed {
            let slot = self.sockets[socket].connection;
            self.drop_journal(slot);
            self.fall_behind(socket, number - 1);
        }
    }

    /// Queues something of the moment.
    pub(super) fn emit(&mut self, volatile: &Volatile) {
        self.emits += 1;
        let audience: Vec<SocketSlot> = match &volatile.emit.to {
            Audience::Everyone => self.sockets.iter().map(|(slot, _)| slot).collect(),
            Audience::Scopes(scopes) => {
                let members = scopes.iter().flat_map(|scope| self.rooms.members(scope));
                members.map(|member| member.socket).collect()
            }
        };
        for slot in audience {
            let socket = &mut self.sockets[slot];
            if socket.emitted == self.emits || volatile.emit.except.contains(&socket.id) {
                continue;
            }
            socket.emitted = self.emits;
            let connection = socket.connection;
            let frame = volatile.frame(socket.framing.namespace, self.config.namespaces()).clone();
            let dropped = self.connections[connection].lanes.push_volatile(slot, frame, &self.config);
            add(&self.counts.volatile_dropped, dropped);
            self.touch(connection);
        }
    }
}
