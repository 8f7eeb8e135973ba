//! The Socket.IO side of one connection: its namespaces, and packets whose attachments are on their way.
//!
//! The owner hands in each Engine.IO message ([`Namespaces::receive_text`], [`Namespaces::receive_binary`]) and does
//! what the answered [`Request`] says. `now` is on the same clock as the session's.

use crate::CloseReason;
use crate::session::Millis;
use crate::socket::{self, Args, Attached, Body, DecodeError, Incomplete};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::sync::Arc;

/// What the connections of a server may do; one for all of them.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Namespaces that may be connected; a [`Namespace`] is an index into it. At most 256.
    pub names: Vec<Arc<str>>,
    /// How long a connection may have no connected namespace, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Most bytes of the attachments of one packet, together.
    pub attachments_bytes_max: usize,
}

impl Rules {
    /// The namespace of this name, if it may be connected.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Namespace> {
        let place = self.names.iter().position(|allowed| **allowed == *name)?;
        u8::try_from(place).ok().map(Namespace)
    }
}

/// A namespace, by its place in [`Rules::names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Namespace(u8);

impl Namespace {
    /// Its place in [`Rules::names`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What a message asks of the connection's owner.
#[derive(Debug)]
pub enum Request {
    /// Nothing; it is noted, or more is to come.
    None,
    /// Decide on the CONNECT, then call [`Namespaces::connected`] or [`Namespaces::left`].
    Connect {
        /// What is to be connected.
        namespace: Namespace,
        /// The client's credentials, an object.
        auth: Option<Box<RawValue>>,
    },
    /// Answer with a CONNECT_ERROR: there is no namespace of this name.
    NoSuchNamespace(Box<str>),
    /// An event of a connected namespace.
    Event {
        /// Where.
        namespace: Namespace,
        /// To be answered with this number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// What follows the name.
        args: Args,
    },
    /// The answer to an event of ours, or what pretends to be one: its number may be of none, or of one that was
    /// answered already.
    Ack {
        /// Where.
        namespace: Namespace,
        /// The number that the event asked with.
        id: u64,
        /// The answer.
        args: Args,
    },
    /// The client left a namespace that was connected, or whose CONNECT is still being decided.
    Left(Namespace),
}

/// The namespaces of one connection.
#[derive(Debug)]
pub struct Namespaces {
    rules: Arc<Rules>,
    phases: Box<[Phase]>,
    connect_by: Option<Millis>,
    /// Boxed because hardly any connection ever has one.
    incomplete: Option<Box<Announced>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Never,
    Connecting,
    Connected,
    /// Over; packets that were on their way when this side left are no violation.
    Left,
}

/// A packet that has announced attachments.
#[derive(Debug)]
struct Announced {
    namespace: Namespace,
    what: What,
    incomplete: Incomplete,
}

/// What a packet that carries arguments is.
#[derive(Debug)]
enum What {
    Event { id: Option<u64>, name: String },
    Ack { id: u64 },
}

impl What {
    fn with(self, namespace: Namespace, args: Args) -> Request {
        match self {
            What::Event { id, name } => Request::Event { namespace, id, name, args },
            What::Ack { id } => Request::Ack { namespace, id, args },
        }
    }
}

impl Namespaces {
    /// The namespaces of a connection that opens at `now`; none is connected.
    #[must_use]
    pub fn new(rules: Arc<Rules>, now: Millis) -> Namespaces {
        let phases = vec![Phase::Never; rules.names.len()].into_boxed_slice();
        let connect_by = Some(now.saturating_add(rules.connect_timeout_ms));
        Namespaces { rules, phases, connect_by, incomplete: None }
    }

    /// When the connection must be closed with [`CloseReason::ConnectTimeout`], unless a namespace is connected.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        self.connect_by
    }

    /// The CONNECT of `namespace` was accepted.
    pub fn connected(&mut self, namespace: Namespace) {
        self.phases[namespace.index()] = Phase::Connected;
        self.connect_by = None;
    }

    /// This side refused or disconnected `namespace`. When none is left, the connect timeout begins; one that runs
    /// already goes on.
    pub fn left(&mut self, namespace: Namespace, now: Millis) {
        self.phases[namespace.index()] = Phase::Left;
        if !self.phases.contains(&Phase::Connected) {
            self.connect_by.get_or_insert(now.saturating_add(self.rules.connect_timeout_ms));
        }
    }

    /// Takes a text message.
    ///
    /// # Errors
    /// When the connection must be closed.
    pub fn receive_text(&mut self, text: &str, now: Millis) -> Result<Request, CloseReason> {
        if self.incomplete.is_some() {
            return Err(CloseReason::Socket(DecodeError::Attachment));
        }
        let packet = socket::Packet::decode(text).map_err(CloseReason::Socket)?;
        let Some(namespace) = self.rules.namespace(packet.namespace) else {
            return match packet.body {
                Body::Connect(_) => Ok(Request::NoSuchNamespace(packet.namespace.into())),
                _ => Err(CloseReason::Namespace),
            };
        };
        match (packet.body, self.phases[namespace.index()]) {
            (Body::Connect(auth), Phase::Never | Phase::Left) => {
                self.phases[namespace.index()] = Phase::Connecting;
                Ok(Request::Connect { namespace, auth: auth.map(ToOwned::to_owned) })
            }
            // A stock client whose `connect()` is called twice before the reply sends two.
            (Body::Connect(_), Phase::Connecting | Phase::Connected) => Ok(Request::None),
            (Body::Disconnect, Phase::Connected | Phase::Connecting) => {
                self.left(namespace, now);
                Ok(Request::Left(namespace))
            }
            (Body::Disconnect, Phase::Left) => Ok(Request::None),
            (Body::Event { attachments, id, name, args }, Phase::Connected | Phase::Left) => {
                let what = What::Event { id, name: name.into_owned() };
                self.receive_args(namespace, what, &args, attachments)
            }
            (Body::Ack { attachments, id, args }, Phase::Connected | Phase::Left) => {
                self.receive_args(namespace, What::Ack { id }, &args, attachments)
            }
            _ => Err(CloseReason::Namespace),
        }
    }

    /// Takes a binary message, which has to be an attachment that was announced.
    ///
    /// # Errors
    /// When the connection must be closed.
    pub fn receive_binary(&mut self, bytes: Bytes) -> Result<Request, CloseReason> {
        let announced = self.incomplete.take().ok_or(CloseReason::Socket(DecodeError::Attachment))?;
        let Announced { namespace, what, incomplete } = *announced;
        match incomplete.attach(bytes).map_err(CloseReason::Socket)? {
            Attached::Complete(args) => Ok(self.complete(namespace, what, args)),
            Attached::Incomplete(incomplete) => {
                self.incomplete = Some(Box::new(Announced { namespace, what, incomplete }));
                Ok(Request::None)
            }
        }
    }

    fn receive_args(
        &mut self,
        namespace: Namespace,
        what: What,
        args: &[&RawValue],
        attachments: usize,
    ) -> Result<Request, CloseReason> {
        let values = args.iter().map(|value| (*value).to_owned()).collect();
        if attachments == 0 {
            return Ok(self.complete(namespace, what, Args::new(values)));
        }
        let incomplete = Incomplete::new(values, attachments, self.rules.attachments_bytes_max)
            .map_err(CloseReason::Socket)?;
        self.incomplete = Some(Box::new(Announced { namespace, what, incomplete }));
        Ok(Request::None)
    }

    fn complete(&self, namespace: Namespace, what: What, args: Args) -> Request {
        match self.phases[namespace.index()] {
            Phase::Connected => what.with(namespace, args),
            Phase::Never | Phase::Connecting | Phase::Left => Request::None,
        }
    }
}

#[cfg(test)]
mod tests;
