//! Sockets: CONNECT, greeting, events and what they ask for, the end.

use super::asked::Asked;
use super::binds::{Bind, Forgotten};
use super::command::{Answer, AskRefused};
use super::connection::{Noted, Occupant, Reader, Reading, SocketState, WaitingEvent};
use super::link::Link;
use super::receive::close_push;
use super::rooms::SocketSlot;
use super::{Order, Shard, ready::ConnectionSlot};
use crate::config::{Namespace as Config, Recovery};
use crate::counts::{add, take_one};
use crate::frame::{self, Framing};
use crate::ignore::Ignore;
use crate::names::Sid;
use crate::{
    Accepted, Application, ConnectRequest, DisconnectReason, Greeting, GreetingPosition, HeldRoom, JoinError,
    Joined, Offset, OffsetMode, Page, PageUnavailable, Refused, Socket, SocketId, Start, TrailingString,
};
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use waypost_wire::namespaces::Namespace;
use waypost_wire::socket::Args;

/// A piece of the application's work that is running.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TaskKey {
    /// The CONNECT of a connection that has this number in the shard.
    Connect {
        sid: Sid,
        number: u64,
    },
    Event(SocketId),
    Page(SocketId),
}

/// What it came to.
pub(crate) enum Finished<C> {
    Connect { namespace: Namespace, decision: Result<Accepted<C>, Refused> },
    Event,
    Page(Result<Page, PageUnavailable>, OwnedSemaphorePermit),
}

impl<A: Application> Shard<A> {
    /// Lets the application decide on a CONNECT.
    pub(super) fn start_connect(
        &mut self,
        slot: ConnectionSlot,
        namespace: Namespace,
        auth: Option<Box<RawValue>>,
    ) {
        self.connects += 1;
        let number = self.connects;
        let connection = &mut self.connections[slot];
        connection.set_occupant(namespace, Occupant::Connecting(number));
        let key = TaskKey::Connect { sid: connection.sid, number };
        let handshake = connection.handshake.clone();
        let application = self.application.clone();
        let name = self.config.namespaces()[namespace.index()].name.clone();
        let request = ConnectRequest { namespace: name, auth, head: self.head.get() };
        let deadline = self.config.connect_deadline;
        self.tasks.spawn(key, async move {
            let decision = tokio::time::timeout(deadline, application.connect(handshake, request)).await;
            Finished::Connect { namespace, decision: decision.unwrap_or(Err(Refused::Later)) }
        });
    }

    pub(super) fn take_finished(
        &mut self,
        key: TaskKey,
        result: Result<Finished<A::Connection>, tokio::task::JoinError>,
    ) {
        if let Err(error) = &result
            && error.is_panic()
        {
            tracing::error!(work = ?key, "the application panicked; the client is affected, others are not");
        }
        match key {
            TaskKey::Event(id) => self.event_done(id),
            TaskKey::Page(id) => match result {
                Ok(Finished::Page(Ok(page), place)) => self.take_page(id, Some((page, place))),
                _ => self.take_page(id, None),
            },
            TaskKey::Connect { sid, number } => {
                let slot = sid.slot();
                let waits = self.connections.get(slot).is_some_and(|connection| {
                    connection.sid == sid && connection.occupants.contains(&Occupant::Connecting(number))
                });
                if waits {
                    self.take_decision(slot, result);
                }
            }
        }
    }

    fn take_decision(
        &mut self,
        slot: ConnectionSlot,
        result: Result<Finished<A::Connection>, tokio::task::JoinError>,
    ) {
        match result {
            Ok(Finished::Connect { namespace, decision: Ok(accepted) }) => {
                self.accept(slot, namespace, accepted);
            }
            Ok(Finished::Connect { namespace, decision: Err(Refused::Final { message, code }) }) => {
                let name = &self.config.namespaces()[namespace.index()].name;
                let refusal = frame::refusal(name, &message, &code);
                self.vacate(slot, namespace);
                self.control(slot, refusal);
            }
            _ => self.send_away(slot),
        }
    }

    /// The CONNECT was granted: reply, greeting, and from here on everything that is published.
    fn accept(&mut self, slot: ConnectionSlot, namespace: Namespace, accepted: Accepted<A::Connection>) {
        let Accepted { connection: kept, offsets, start, replay, view, rooms, decided_at, pid } = accepted;
        let Ok(rooms) = self.bind_late(rooms, decided_at) else {
            return self.send_away(slot);
        };
        let head = self.head.get();
        let entry = self.sockets.vacant_entry();
        let socket = entry.key();
        let place = u32::try_from(socket).expect("connections and namespaces bound the table far below");
        let id = SocketId::draw(self.number, place, &mut self.rng);
        let kept = Arc::new(kept);
        let Config { name, recovery } = self.config.namespaces()[namespace.index()].clone();
        let offsets = if recovery == Recovery::On { offsets } else { OffsetMode::FieldOnly };
        let pid = pid.filter(|_| offsets == OffsetMode::Trailing);
        let Some(greeting) = self.application.greet(id, &kept, &head) else {
            return self.send_away(slot);
        };
        let start = match start {
            Start::Head => head,
            Start::After(position) => position,
        };
        let began = start.number;
        // What this shard has not taken yet, though it was published before the greeting, is not for the socket.
        let reader = match began >= self.ring.last() {
            true => Reader::Live { seen: began, since: began },
            false => Reader::Behind { position: began, reading: Reading::No },
        };
        let from = rooms.iter().map(|held| held.from);
        entry.insert(SocketState {
            id,
            connection: slot,
            framing: Framing { namespace, offsets, view },
            kept: kept.clone(),
            reader,
            replay,
            asks_until: self.ring.last(),
            joined_by: from.fold(began, u64::max),
            told: began,
            noted: Noted { number: began, at: self.now },
            start: start.clone(),
            emitted: self.emits,
            busy: false,
            waiting: VecDeque::new(),
            asked: Asked::default(),
        });
        add(&self.counts.sockets, 1);
        let connection = &mut self.connections[slot];
        if let Reader::Behind { .. } = reader {
            connection.behind += 1;
        }
        connection.set_occupant(namespace, Occupant::Socket(socket));
        connection.permit.connected();
        if let Some(namespaces) = &mut connection.namespaces {
            namespaces.connected(namespace);
        }
        for HeldRoom { room, scopes, from } in rooms {
            if let Err(error) = self.rooms.join(socket, room, scopes, from.max(began)) {
                tracing::error!(%error, "a room of an accepted socket is over the hub's limits; the client is closed");
                // Nothing is to come before the reply to its CONNECT, which it does not get.
                self.remove_socket(socket, DisconnectReason::Unavailable);
                self.vacate(slot, namespace);
                return self.send_away(slot);
            }
        }
        self.control(slot, frame::connect_reply(&name, id, pid.as_deref()));
        self.say_greeting(slot, &name, &greeting, (&start, offsets));
    }

    fn say_greeting(
        &mut self,
        slot: ConnectionSlot,
        namespace: &str,
        greeting: &Greeting,
        (start, offsets): (&Offset, OffsetMode),
    ) {
        let position = (greeting.position == GreetingPosition::Start).then_some((start, offsets));
        if let Some(notice) = &greeting.notice {
            self.control(slot, frame::greeting(namespace, greeting, None));
            self.control(slot, frame::notice(namespace, notice));
            if position.is_some() {
                self.control(slot, frame::position(namespace, offsets, start));
            }
        } else {
            self.control(slot, frame::greeting(namespace, greeting, position));
        }
        if let Some(aside) = &greeting.aside {
            self.control(slot, frame::notice(namespace, aside));
        }
    }

    /// The rooms, with what was bound since they were decided on.
    fn bind_late(&self, mut rooms: Vec<HeldRoom>, decided_at: u64) -> Result<Vec<HeldRoom>, Forgotten> {
        if rooms.is_empty() {
            return Ok(rooms);
        }
        for Bind { position, from, to } in self.binds.since(decided_at)? {
            for held in &mut rooms {
                for scope in held.scopes.iter_mut().filter(|scope| *scope == from) {
                    *scope = to.clone();
                    held.from = held.from.max(*position);
                }
            }
        }
        Ok(rooms)
    }

    /// An event from the client: with the application at once, or behind those before it.
    pub(super) fn queue_event(&mut self, socket: SocketSlot, event: WaitingEvent) {
        let state = &mut self.sockets[socket];
        if !state.busy {
            return self.start_event(socket, event);
        }
        self.connections[state.connection].backlog.add(&event);
        state.waiting.push_back(event);
    }

    fn start_event(&mut self, socket: SocketSlot, event: WaitingEvent) {
        // Without a sender every handle of the hub is gone, and the shard with it.
        let Some(sender) = self.sender.upgrade() else { return };
        let state = &mut self.sockets[socket];
        state.busy = true;
        let namespace = self.config.namespaces()[state.framing.namespace.index()].clone();
        let handle = Socket::new(state.id, namespace, state.kept.clone(), sender);
        let application = self.application.clone();
        let event = event.into_event(|id| handle.ack(id));
        self.tasks.spawn(TaskKey::Event(state.id), async move {
            application.event(handle, event).await;
            Finished::Event
        });
    }

    fn event_done(&mut self, id: SocketId) {
        let Some(state) = self.socket_of(id) else { return };
        state.busy = false;
        let slot = state.connection;
        let Some(next) = state.waiting.pop_front() else { return };
        self.connections[slot].backlog.take(&next);
        self.start_event(id.slot(), next);
        self.resume(slot);
    }

    /// Goes on reading a connection, and answers its held POST, if there is room for more events.
    pub(super) fn resume(&mut self, slot: ConnectionSlot) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if connection.backlog.is_full(&self.config) {
            return;
        }
        if let Link::Polling(polling) = &mut connection.link {
            close_push(polling.push.take());
        }
        self.list(slot);
    }

    pub(super) fn take_order(&mut self, id: SocketId, order: Order) {
        let Some(state) = self.socket_of(id) else { return };
        let (slot, namespace) = (state.connection, state.framing.namespace);
        let unheard = "the event's task may have been dropped";
        match order {
            Order::Send(frame) => self.control(slot, frame),
            Order::Ask { name, args, answer } => self.ask(id.slot(), &name, &args, answer),
            Order::Join { room, answer } => {
                answer.send(self.join(id.slot(), room)).ignore_because(unheard);
            }
            Order::Leave { room, answer } => {
                self.rooms.leave(id.slot(), &room);
                answer.send(()).ignore_because(unheard);
            }
            Order::SendAway => self.send_away(slot),
            Order::Disconnect => {
                self.remove_socket(id.slot(), DisconnectReason::ServerDisconnected);
                self.vacate(slot, namespace);
                let name = &self.config.namespaces()[namespace.index()].name;
                self.control(slot, frame::disconnect(name));
            }
        }
    }

    /// Sends an event that asks for an answer.
    fn ask(&mut self, socket: SocketSlot, name: &str, args: &Args, answer: Answer) {
        let unheard = "whoever asks may have stopped waiting";
        let state = &mut self.sockets[socket];
        let namespace = &self.config.namespaces()[state.framing.namespace.index()];
        let number = match state.asked.ask(answer, self.config.acks_awaited_max) {
            Ok(number) => number,
            Err(answer) => return answer.send(Err(AskRefused::TooMany)).ignore_because(unheard),
        };
        match frame::event(namespace, name, args, frame::Answer::Number(number)) {
            Ok(frame) => {
                let slot = state.connection;
                self.control(slot, frame);
            }
            Err(TrailingString) => {
                if let Some(answer) = state.asked.answered(number) {
                    answer.send(Err(AskRefused::TrailingString)).ignore_because(unheard);
                }
            }
        }
    }

    fn join(&mut self, socket: SocketSlot, held: HeldRoom) -> Result<Joined, JoinError> {
        let state = &mut self.sockets[socket];
        let head = if state.start.number > self.last.number { &state.start } else { &self.last };
        let head = head.clone();
        let from = head.number.max(held.from);
        self.rooms.join(socket, held.room, held.scopes, from)?;
        state.joined_by = state.joined_by.max(from);
        Ok(Joined { head })
    }

    /// The client sent DISCONNECT.
    pub(super) fn client_left(&mut self, slot: ConnectionSlot, namespace: Namespace) {
        let connection = &mut self.connections[slot];
        let occupant = connection.occupant(namespace);
        connection.set_occupant(namespace, Occupant::Nobody);
        match occupant {
            Occupant::Nobody => {}
            Occupant::Connecting(number) => {
                let sid = connection.sid;
                self.tasks.abort(&TaskKey::Connect { sid, number });
            }
            Occupant::Socket(socket) => {
                self.remove_socket(socket, DisconnectReason::ClientDisconnected);
                self.resume(slot);
            }
        }
        self.touch(slot);
    }

    /// Takes a socket out of everything and tells the application. What waits of it is dropped.
    pub(super) fn remove_socket(&mut self, socket: SocketSlot, why: DisconnectReason) {
        self.rooms.leave_all(socket);
        let state = self.sockets.remove(socket);
        if let Some(connection) = self.connections.get_mut(state.connection) {
            connection.lanes.forget(socket);
            if let Reader::Behind { .. } = state.reader {
                connection.behind -= 1;
            }
            for event in &state.waiting {
                connection.backlog.take(event);
            }
        }
        take_one(&self.counts.sockets);
        self.application.disconnected(state.id, &state.kept, why);
    }

    /// Notes that this side has ended a namespace of a connection.
    fn vacate(&mut self, slot: ConnectionSlot, namespace: Namespace) {
        let now = self.now;
        let connection = &mut self.connections[slot];
        connection.set_occupant(namespace, Occupant::Nobody);
        if let Some(namespaces) = &mut connection.namespaces {
            namespaces.left(namespace, now);
        }
    }

    fn socket_of(&mut self, id: SocketId) -> Option<&mut SocketState<A>> {
        self.sockets.get_mut(id.slot()).filter(|state| state.id == id)
    }
}

/// As the log may name it: without the session's secret.
impl std::fmt::Debug for TaskKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TaskKey::Connect { .. } => out.write_str("connect"),
            TaskKey::Event(id) => write!(out, "event of {id}"),
            TaskKey::Page(id) => write!(out, "page for {id}"),
        }
    }
}
