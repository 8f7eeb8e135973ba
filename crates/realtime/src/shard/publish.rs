//! Fan-out: which connection gets which event.

use super::lanes::Queued;
use super::rooms::SocketSlot;
use super::{Group, GroupStep, Shard, ready::ConnectionSlot};
use crate::counts::add;
use crate::frame::{Published, Volatile};
use crate::{Application, Audience};
use std::sync::Arc;

impl<A: Application> Shard<A> {
    /// Queues a group's events; they are written, and the group let go of, at the end of the turn.
    pub(super) fn publish(&mut self, group: Arc<Group>) {
        for step in &group.steps {
            match step {
                GroupStep::Bind { from, to } => self.rooms.bind(from, to),
                GroupStep::Event(event) => self.publish_event(event),
            }
        }
        self.groups.push(group);
    }

    fn publish_event(&mut self, event: &Arc<Published>) {
        let offset = &event.event.offset;
        let number = offset.number;
        if self.head.as_ref().is_some_and(|head| number <= head.number) {
            return;
        }
        self.head = Some(offset.clone());
        let sequence = self.ring.push(event.clone());
        let mut behind: Vec<ConnectionSlot> = Vec::new();
        for scope in &event.event.scopes {
            for member in self.rooms.members(scope) {
                let socket = &mut self.sockets[member.socket];
                if socket.sent >= number {
                    continue;
                }
                socket.sent = number;
                let queued = Queued { sequence, socket: member.socket, framing: socket.framing };
                let connection = &mut self.connections[socket.connection];
                if connection.lanes.push_journal(queued, &self.config).is_err() {
                    behind.push(socket.connection);
                } else if !connection.touched {
                    connection.touched = true;
                    self.touched.push(socket.connection);
                }
            }
        }
        for slot in behind {
            self.fall_behind(slot);
        }
    }

    /// The journal lane of a connection has lost an event, or could not take one. Its transport is closed, so that
    /// the client comes back and knows where it was; an event is never left out in silence.
    pub(super) fn fall_behind(&mut self, slot: ConnectionSlot) {
        self.close_slow(slot);
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
