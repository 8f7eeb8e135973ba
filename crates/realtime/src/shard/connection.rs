//! One Engine.IO connection, and the sockets on it.

use super::asked::Asked;
use super::command::Newcomer;
use super::lanes::Lanes;
use super::link::{Link, WebSocket};
use super::ready::{ConnectionSlot, Ready, Signal};
use super::rooms::SocketSlot;
use crate::frame::Framing;
use crate::names::Sid;
use crate::permit::Permit;
use crate::{Application, ClientEvent, HubConfig, Offset, Replay, SocketId};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use waypost_wire::namespaces::{Namespace, Namespaces};
use waypost_wire::session::{Millis, Session};
use waypost_wire::socket::Args;

pub(crate) struct Connection<A: Application> {
    pub(crate) sid: Sid,
    pub(crate) handshake: Arc<A::Handshake>,
    pub(crate) session: Session,
    /// `None` where Engine.IO alone is spoken.
    pub(crate) namespaces: Option<Namespaces>,
    pub(crate) link: Link,
    /// A WebSocket that has not upgraded yet; `link` is polling then. Boxed, for it is there for a moment only.
    pub(crate) candidate: Option<Box<WebSocket>>,
    pub(crate) lanes: Lanes,
    /// By namespace.
    pub(crate) occupants: Box<[Occupant]>,
    pub(crate) backlog: Backlog,
    /// How many of its sockets have fallen behind.
    pub(crate) behind: u16,
    pub(crate) signal: Arc<Signal>,
    pub(crate) waker: Waker,
    /// Where it stands in the shard's timers.
    pub(crate) wake_at: Option<Millis>,
    /// Since when the peer has taken nothing, though something waits.
    pub(crate) stalled_since: Option<Millis>,
    /// When a drain closes it.
    pub(crate) close_at: Option<Millis>,
    /// Whether it is closed as soon as its upgrade is over.
    pub(crate) leaves: Leaves,
    /// Whether it is on the shard's list of what to flush.
    pub(crate) touched: bool,
    /// Its place in the hub's table, given back when it is dropped.
    pub(crate) permit: Permit,
}

/// The protocol of a connection at its beginning.
pub(crate) struct Layers {
    pub(crate) session: Session,
    pub(crate) namespaces: Option<Namespaces>,
    /// How many namespaces there are to hold.
    pub(crate) places: usize,
}

/// Whether a connection was sent away while its transport changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    No,
    AfterUpgrade,
}

/// Who holds a namespace of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occupant {
    Nobody,
    /// A CONNECT that the application is deciding, by its number.
    Connecting(u64),
    Socket(SocketSlot),
}

/// Events of a connection that wait for their turn.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Backlog {
    events: usize,
    bytes: usize,
}

/// One connected socket.
pub(crate) struct SocketState<A: Application> {
    pub(crate) id: SocketId,
    pub(crate) connection: ConnectionSlot,
    pub(crate) framing: Framing,
    pub(crate) kept: Arc<A::Connection>,
    pub(crate) reader: Reader,
    pub(crate) replay: Replay,
    /// Up to this number it reads what was published by asking for it.
    pub(crate) asks_until: u64,
    /// Where it began. That may be ahead of this shard, and is as far as it is sent nothing.
    pub(crate) start: Offset,
    /// Up to this number, an event may be from before one of its rooms was joined.
    pub(crate) joined_by: u64,
    /// The number of the last event or position that was queued for it, which is what its client will remember.
    pub(crate) told: u64,
    /// What `told` was when it was looked at, and since when.
    pub(crate) noted: Noted,
    /// The last volatile emit that was queued for it.
    pub(crate) emitted: u64,
    /// Whether an event of it is with the application.
    pub(crate) busy: bool,
    pub(crate) waiting: VecDeque<WaitingEvent>,
    /// What the client was asked.
    pub(crate) asked: Asked,
}

/// How a socket comes by the journal's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Each is queued when it is published.
    Live {
        /// The number of the last one that was queued, or that it began after.
        seen: u64,
        /// Up to this number all was sent when it became live: it never falls behind further than that.
        since: u64,
    },
    /// It reads them again.
    Behind {
        /// Up to this number all that is for it was queued.
        position: u64,
        reading: Reading,
    },
}

/// An offset that a client remembers, and since when it has had no newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) number: u64,
    pub(crate) at: Millis,
}

/// Whether a page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    No,
    /// It waits for its turn.
    Waits,
    Now,
}

/// A client's event whose turn has not come.
pub(crate) struct WaitingEvent {
    pub(crate) name: String,
    pub(crate) args: Args,
    pub(crate) ack: Option<u64>,
}

impl<A: Application> Connection<A> {
    pub(crate) fn new(
        sid: Sid,
        newcomer: Newcomer<A>,
        layers: Layers,
        link: Link,
        ready: &Arc<Ready>,
    ) -> Connection<A> {
        let signal = Signal::new(sid.slot(), ready.clone());
        let Layers { session, namespaces, places } = layers;
        Connection {
            sid,
            handshake: newcomer.handshake,
            session,
            namespaces,
            link,
            candidate: None,
            lanes: Lanes::default(),
            occupants: vec![Occupant::Nobody; places].into_boxed_slice(),
            backlog: Backlog::default(),
            behind: 0,
            waker: signal.waker(),
            signal,
            wake_at: None,
            stalled_since: None,
            close_at: None,
            leaves: Leaves::No,
            touched: false,
            permit: newcomer.permit,
        }
    }

    /// Its WebSocket, whether it is the transport or on trial; there is one at most.
    pub(crate) fn websocket(&mut self) -> Option<(&mut WebSocket, &Waker)> {
        match (&mut self.candidate, &mut self.link) {
            (Some(candidate), _) => Some((&mut **candidate, &self.waker)),
            (None, Link::WebSocket(websocket)) => Some((websocket, &self.waker)),
            (None, Link::Polling(_)) => None,
        }
    }

    /// Its connected sockets.
    pub(crate) fn sockets(&self) -> Vec<SocketSlot> {
        let sockets = self.occupants.iter().filter_map(|occupant| match occupant {
            Occupant::Socket(socket) => Some(*socket),
            Occupant::Nobody | Occupant::Connecting(_) => None,
        });
        sockets.collect()
    }

    pub(crate) fn occupant(&self, namespace: Namespace) -> Occupant {
        self.occupants[namespace.index()]
    }

    pub(crate) fn set_occupant(&mut self, namespace: Namespace, occupant: Occupant) {
        self.occupants[namespace.index()] = occupant;
    }
}

impl Backlog {
    pub(crate) fn add(&mut self, event: &WaitingEvent) {
        self.events += 1;
        self.bytes += event.bytes();
    }

    pub(crate) fn take(&mut self, event: &WaitingEvent) {
        self.events -= 1;
        self.bytes -= event.bytes();
    }

    /// Whether no more is to be read.
    pub(crate) fn is_full(&self, config: &HubConfig) -> bool {
        self.events >= config.inbound_events_max || self.bytes >= config.inbound_bytes_max
    }
}

impl WaitingEvent {
    fn bytes(&self) -> usize {
        self.name.len() + self.args.bytes()
    }

    pub(crate) fn into_event(self, ack: impl FnOnce(u64) -> crate::Ack) -> ClientEvent {
        ClientEvent { name: self.name, args: self.args, ack: self.ack.map(ack) }
    }
}
