//! What a committed transaction makes visible.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use waypost_domain::{Audience, CustomerId, Detail, DetailJson, Event, Offset};

/// Writes JSON in the words of the public contract, once for each event and message, in the writer.
#[derive(Clone, Copy, Debug)]
pub struct Encode {
    /// Writes an event, without its offset.
    pub event: fn(&Event) -> EncodedEvent,
    /// Writes what a message says beyond its content.
    pub detail: fn(&Detail) -> DetailJson,
}

/// An event in the words of the public contract.
#[derive(Clone)]
pub struct EncodedEvent {
    /// The event's name on the wire.
    pub name: &'static str,
    /// A JSON object.
    pub body: Vec<u8>,
}

/// All that one transaction made visible, in order.
#[derive(Debug)]
pub struct Commit {
    /// What to do, one after another.
    pub steps: Vec<Step>,
    /// When the oldest of its requests came to the store, by [`crate::Clock::monotonic`].
    pub queued_at: Duration,
}

/// One thing to do downstream.
#[derive(Clone)]
pub enum Step {
    /// A name became a customer's: who waits for the name is to get the customer's events, from the next on.
    Bind {
        /// The name.
        name: Box<str>,
        /// Whose it is now.
        customer: CustomerId,
    },
    /// A journal entry.
    Event(CommittedEvent),
}

/// A journal entry as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct CommittedEvent {
    /// Its position.
    pub offset: Offset,
    /// Its name on the wire.
    pub name: Cow<'static, str>,
    /// Its body, without the offset.
    pub body: Bytes,
    /// Who is to see it.
    pub audience: Audience,
}

/// Commits in journal order. Whoever holds it must read it: when 64 wait, the writer waits too (or, with
/// [`crate::Threads::Caller`], refuses), so that what is stored and what is shown cannot drift apart.
#[derive(Debug)]
pub struct Commits(pub(crate) mpsc::Receiver<Commit>);

impl Commits {
    /// The next commit; `None` once the store is closed. Cancel-safe.
    pub async fn next(&mut self) -> Option<Commit> {
        self.0.recv().await
    }
}

waypost_domain::debug_shows! {
    EncodedEvent: name;
    CommittedEvent: offset name audience;
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // The name may be a number.
            Self::Bind { customer, .. } => write!(f, "Bind({customer})"),
            Self::Event(event) => event.fmt(f),
        }
    }
}
