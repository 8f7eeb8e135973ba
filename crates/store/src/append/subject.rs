//! A message that is there, as far as what comes after it concerns it.

use waypost_domain::{
    Author, Call, ConversationId, CustomerId, Direction, ErrorDetail, MessageId, MessageState, MessageType,
    PastBody, Pricing, Reported, Source, StatusTimes, Timestamp, Wamid,
};

use super::dedup::WamidDigest;

/// A message as far as its statuses concern it.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) id: MessageId,
    pub(crate) wamid: Wamid,
    pub(crate) conversation: ConversationId,
    pub(crate) customer: CustomerId,
    pub(crate) direction: Direction,
    pub(crate) author: Author,
    pub(crate) kind: MessageType,
    /// What it is, where it is of the past.
    pub(crate) past: Option<PastBody>,
    pub(crate) state: MessageState,
    pub(crate) times: StatusTimes,
    /// The edit that counts: when it was made, and which it is.
    pub(crate) edited: Option<(Timestamp, WamidDigest)>,
    /// What the edit says, where that is the caption of what is still to come.
    pub(crate) caption: Option<String>,
    pub(crate) revoked_at: Option<Timestamp>,
    /// The message that it has changed, where it is a change.
    pub(crate) target: Option<i64>,
}

/// A call that has a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownCall {
    pub(crate) call: Call,
    /// When it was, by what is known.
    pub(crate) at: Timestamp,
}

/// A status that waits for its message.
#[derive(Clone)]
pub(crate) struct ParkedRow {
    pub(crate) reported: Reported,
    pub(crate) participant: Option<Box<str>>,
    pub(crate) at: Timestamp,
    pub(crate) errors: Vec<ErrorDetail>,
    pub(crate) pricing: Option<Pricing>,
}

impl Subject {
    /// What is of the past about a message with this source and type.
    pub(crate) fn past(source: Source, kind: &str) -> Option<PastBody> {
        source.is_past().then(|| PastBody::of(kind))
    }

    /// Whether its picture or recording is still to come.
    pub(crate) fn awaits_media(&self) -> bool {
        self.past == Some(PastBody::Placeholder)
    }
}

waypost_domain::debug_shows! {
    ParkedRow: reported at pricing;
}
