//! What the messages of clients ask for: requests of Socket.IO, or whatever is spoken over Engine.IO alone.

use super::connection::{Occupant, WaitingEvent};
use super::rooms::SocketSlot;
use super::{Shard, ready::ConnectionSlot};
use crate::ignore::Ignore;
use crate::{Application, Message, frame};
use bytes::Bytes;
use waypost_wire::CloseReason;
use waypost_wire::namespaces::Request;
use waypost_wire::outgoing::Outgoing;
use waypost_wire::socket::Args;

impl<A: Application> Shard<A> {
    pub(super) fn take_text(&mut self, slot: ConnectionSlot, text: &str) {
        match &mut self.connections[slot].namespaces {
            Some(namespaces) => {
                let request = namespaces.receive_text(text, self.now);
                self.take_request(slot, request);
            }
            None => self.take_bare(slot, Message::Text(text.to_owned())),
        }
    }

    pub(super) fn take_binary(&mut self, slot: ConnectionSlot, bytes: Bytes) {
        match &mut self.connections[slot].namespaces {
            Some(namespaces) => {
                let request = namespaces.receive_binary(bytes);
                self.take_request(slot, request);
            }
            None => self.take_bare(slot, Message::Binary(bytes)),
        }
    }

    fn take_bare(&mut self, slot: ConnectionSlot, message: Message) {
        match self.application.message(&self.connections[slot].handshake, message) {
            None => {}
            Some(Message::Text(text)) => self.control(slot, Outgoing::text(&format!("4{text}"))),
            Some(Message::Binary(bytes)) => self.control(slot, Outgoing::binary(&bytes)),
        }
    }

    fn take_request(&mut self, slot: ConnectionSlot, request: Result<Request, CloseReason>) {
        let request = match request {
            Ok(request) => request,
            Err(reason) => return self.end_session(slot, reason),
        };
        match request {
            Request::None => {}
            Request::Connect { namespace, auth } => self.start_connect(slot, namespace, auth),
            Request::NoSuchNamespace(name) => self.control(slot, frame::no_such_namespace(&name)),
            Request::Event { namespace, id, name, args } => {
                if let Occupant::Socket(socket) = self.connections[slot].occupant(namespace) {
                    self.queue_event(socket, WaitingEvent { name, args, ack: id });
                }
            }
            Request::Ack { namespace, id, args } => {
                if let Occupant::Socket(socket) = self.connections[slot].occupant(namespace) {
                    self.take_ack(socket, id, args);
                }
            }
            Request::Left(namespace) => self.client_left(slot, namespace),
        }
    }

    /// The answer to a question of ours. One that nobody waits for came too late, or answers nothing.
    fn take_ack(&mut self, socket: SocketSlot, id: u64, args: Args) {
        if let Some(answer) = self.sockets[socket].asked.answered(id) {
            answer.send(Ok(args)).ignore_because("whoever asked may have stopped waiting");
        }
    }
}
