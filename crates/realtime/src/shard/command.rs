//! What others ask of a shard.

use super::link::Io;
use crate::frame::{Published, Volatile};
use crate::http::EngineError;
use crate::ignore::Ignore;
use crate::names::Sid;
use crate::permit::Permit;
use crate::socket::{JoinError, Joined};
use crate::{Application, HeldRoom, Room, Scope, SocketId};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use waypost_wire::outgoing::Outgoing;
use waypost_wire::socket::Args;

/// The way into a shard; its capacity is `HubConfig::commands_max`, and whoever finds it full waits.
pub(crate) type ShardSender<A> = mpsc::Sender<Command<A>>;

pub(crate) enum Command<A: Application> {
    /// A handshake by polling.
    Open { newcomer: Newcomer<A>, answer: PollAnswer },
    /// A handshake by WebSocket, whose upgrade is done.
    Attach { newcomer: Newcomer<A>, io: Io },
    /// Is there such a session?
    Find { sid: Sid, answer: oneshot::Sender<Found> },
    /// A WebSocket for a session that polls.
    Upgrade { sid: Sid, io: Io },
    /// A polling GET.
    Poll { sid: Sid, answer: PollAnswer },
    /// A polling POST.
    Push { sid: Sid, payload: Bytes, answer: PushAnswer },
    /// The next publish group.
    Publish(Arc<Group>),
    /// Something of the moment.
    Emit(Arc<Volatile>),
    /// Something for one socket; nothing happens if it is gone.
    Socket(SocketId, Order),
    /// Close everything within this time, then end.
    Drain(Duration),
}

/// The body of the answer to a GET.
pub(crate) type PollAnswer = oneshot::Sender<Result<Bytes, EngineError>>;
/// The answer to a POST, given once its packets have room.
pub(crate) type PushAnswer = oneshot::Sender<Result<(), EngineError>>;

/// What the client answers, or why it was not asked.
pub(crate) type Answer = oneshot::Sender<Result<Args, AskRefused>>;

/// Why a client is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskRefused {
    TrailingString,
    TooMany,
}

/// A connection that was admitted.
pub(crate) struct Newcomer<A: Application> {
    pub(crate) handshake: Arc<A::Handshake>,
    pub(crate) permit: Permit,
}

/// Whether a session is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Yes,
    No,
}

/// What is done to one socket.
pub(crate) enum Order {
    Send(Outgoing),
    /// An event that asks for an answer.
    Ask {
        name: Box<str>,
        args: Args,
        answer: Answer,
    },
    Join {
        room: HeldRoom,
        answer: oneshot::Sender<Result<Joined, JoinError>>,
    },
    Leave {
        room: Room,
        answer: oneshot::Sender<()>,
    },
    Disconnect,
    SendAway,
}

/// Steps that are published together. Its end, when the last shard lets go of it, is its flush.
pub(crate) struct Group {
    pub(crate) steps: Vec<GroupStep>,
    flushed: Option<oneshot::Sender<()>>,
}

pub(crate) enum GroupStep {
    Event(Arc<Published>),
    Bind { from: Scope, to: Scope },
}

impl Group {
    pub(crate) fn new(steps: Vec<GroupStep>, flushed: oneshot::Sender<()>) -> Group {
        Group { steps, flushed: Some(flushed) }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(flushed) = self.flushed.take() {
            flushed.send(()).ignore_because("the publisher need not wait for it");
        }
    }
}
