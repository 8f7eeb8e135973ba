//! What can be sent to many.

use crate::{JsonObject, Offset, Scope, SocketId};
use std::sync::Arc;
use waypost_wire::socket::Args;

/// A journal event on its way to whoever is in one of its scopes.
#[derive(Debug, Clone)]
pub struct JournalEvent {
    /// Its position: its number is one more than the last one's. One that was published before is shown to nobody.
    pub offset: Offset,
    /// The event's name on the wire.
    pub name: Arc<str>,
    /// Its body, without the offset, which the framing adds as the last field.
    pub body: JsonObject,
    /// To whom; a socket in several of them gets one copy.
    pub scopes: Vec<Scope>,
    /// Who is left out, whatever else it is in.
    pub except: Vec<Scope>,
    /// Its body for sockets with [`View::Masked`](crate::View::Masked): made once, when the first one needs it.
    pub mask: Mask,
}

/// Makes the body that is shown to some of the body that is shown to others, by the event's name. It must be quick and must
/// not panic.
pub type Mask = fn(&str, &JsonObject) -> JsonObject;

/// One step of a publish group; steps take effect in order.
#[derive(Debug, Clone)]
pub enum PublishStep {
    /// Show an event.
    Event(JournalEvent),
    /// What was asked for under the name `from` is known as `to` from here on: every membership in `from` becomes
    /// one in `to`, under the same room, and `from` is empty afterwards.
    Bind {
        /// The provisional scope.
        from: Scope,
        /// What it turned out to be.
        to: Scope,
    },
}

/// Something of the moment: sent to who is there and can take it, never repeated.
#[derive(Debug, Clone)]
pub struct Emit {
    /// To whom; a socket gets one copy.
    pub to: Audience,
    /// Who is left out.
    pub except: Vec<SocketId>,
    /// The event's name on the wire.
    pub name: Arc<str>,
    /// Its arguments. Where a namespace has recovery, they may not end with a string.
    pub args: Args,
}

/// Why something of the moment was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// A stock client would take the string for an offset.
    #[error(transparent)]
    TrailingString(#[from] TrailingString),
    /// The socket is gone, or the hub is.
    #[error("the socket or the hub is gone")]
    Closed,
}

/// In a namespace with recovery, an event of the moment ends with a string, which stock clients would remember as
/// their offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("where recovery is on, only journal events may end with a string")]
pub struct TrailingString;

/// Whom an [`Emit`] is for.
#[derive(Debug, Clone)]
pub enum Audience {
    /// Every socket of every namespace.
    Everyone,
    /// The sockets in any of these.
    Scopes(Vec<Scope>),
}
