//! What is decided on, one at a time, and what becomes of it.

use std::sync::Arc;

use waypost_domain::{
    Amendment, AppName, Assignment, AssignmentWish, CallReport, ConversationId, DeadLetter, Detail, Fact,
    FieldReport, MessageType, OutboxEntry, OutboxId, PastMessage, PhoneNumberId, ReceivedMessage, SendIntent,
    SendOutcome, StatusReport, Timestamp, Wamid,
};

use super::dedup::{WamidDigest, status_key};
use super::{Decider, change};
use crate::error::{AmendError, ConversationError, SendError};
use crate::letters::{LetterId, OurNumber};
use crate::store::{Intent, Received};

/// Where a delivery came from and when.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) app: AppName,
    pub(crate) received: Timestamp,
}

/// One thing to decide on, with the keys by which it is looked up.
pub(crate) enum Item<'a> {
    Message {
        delivery: &'a Delivery,
        message: &'a ReceivedMessage,
        digest: WamidDigest,
        /// Of the message that it changes.
        target: Option<WamidDigest>,
    },
    Past {
        delivery: &'a Delivery,
        past: &'a PastMessage,
        digest: WamidDigest,
        /// Of the message that it changes.
        target: Option<WamidDigest>,
    },
    Call {
        delivery: &'a Delivery,
        report: &'a CallReport,
        digest: WamidDigest,
    },
    Status {
        delivery: &'a Delivery,
        report: &'a StatusReport,
        digest: WamidDigest,
        what: Arc<str>,
    },
    Field {
        delivery: &'a Delivery,
        report: &'a FieldReport,
        digest: WamidDigest,
    },
    Dead {
        delivery: &'a Delivery,
        letter: &'a DeadLetter,
    },
    /// Something that a dead letter turned out to say: nothing, where the letter is gone.
    OfLetter {
        letter: LetterId,
        item: Box<Self>,
    },
    /// All that it says stands before this.
    Revived {
        letter: LetterId,
        at: Timestamp,
    },
    /// These numbers are claimed, and no others.
    Claim {
        claims: &'a [OurNumber],
        at: Timestamp,
    },
    Understand {
        reread: &'a Reread,
    },
    Expire {
        undelivered: &'a Undelivered,
        at: Timestamp,
    },
    Intend {
        app: &'a AppName,
        intent: &'a SendIntent,
        at: Timestamp,
    },
    Settle {
        id: OutboxId,
        outcome: &'a SendOutcome,
        at: Timestamp,
        /// Of the `wamid`, where the send was accepted.
        digest: Option<WamidDigest>,
    },
    Amend {
        amendment: &'a Amendment,
        at: Timestamp,
    },
    Assign {
        wish: &'a AssignmentWish,
    },
    Clear {
        conversation: ConversationId,
    },
}

impl Item<'_> {
    /// When it came, where what is decided rests on it.
    pub(super) fn at(&self) -> Timestamp {
        match self {
            Self::Message { delivery, .. }
            | Self::Status { delivery, .. }
            | Self::Past { delivery, .. }
            | Self::Call { delivery, .. }
            | Self::Field { delivery, .. }
            | Self::Dead { delivery, .. } => delivery.received,
            Self::Intend { at, .. }
            | Self::Settle { at, .. }
            | Self::Amend { at, .. }
            | Self::Expire { at, .. }
            | Self::Revived { at, .. }
            | Self::Claim { at, .. } => *at,
            Self::OfLetter { item, .. } => item.at(),
            Self::Understand { reread } => reread.at,
            Self::Assign { wish } => wish.at,
            Self::Clear { .. } => Timestamp::from_millis(0),
        }
    }
}

/// What becomes of an item, once it is committed.
pub(crate) enum Outcome {
    Received(Received),
    /// Whether the dead letter was there until now.
    Revived(bool),
    Intended(Result<Intent, SendError>),
    Settled(Result<OutboxEntry, SendError>),
    Amended(Result<(), AmendError>),
    Assigned(Result<Assignment, ConversationError>),
    Cleared(Result<(), ConversationError>),
    /// Whether there was something to expire.
    Expired(bool),
    LookedAfter,
    /// It is of a dead letter that is gone.
    LeftOut,
}

/// What a message of an unknown type says after all.
#[derive(Clone)]
pub(crate) struct Reread {
    /// Its row.
    pub(crate) seq: i64,
    pub(crate) number: PhoneNumberId,
    pub(crate) kind: MessageType,
    pub(crate) content: String,
    pub(crate) detail: Detail,
    pub(crate) at: Timestamp,
}

/// A message of ours that was never said to be delivered.
#[derive(Clone, Debug)]
pub(crate) struct Undelivered {
    /// Its row.
    pub(crate) seq: i64,
    pub(crate) number: PhoneNumberId,
}

impl Decider {
    /// An item of a webhook.
    pub(crate) fn fact<'a>(&self, delivery: &'a Delivery, fact: &'a Fact) -> Item<'a> {
        match fact {
            Fact::Message(message) => {
                let digest = |wamid: &Wamid| self.dedup.digest(wamid.as_str().as_bytes());
                let target = change::target(message).map(digest);
                Item::Message { delivery, message, digest: digest(&message.wamid), target }
            }
            Fact::Past(past) => {
                let digest = |wamid: &Wamid| self.dedup.digest(wamid.as_str().as_bytes());
                let target = change::target(&past.message).map(digest);
                Item::Past { delivery, past, digest: digest(&past.message.wamid), target }
            }
            Fact::Call(report) => {
                let digest = self.dedup.digest(report.id.as_str().as_bytes());
                Item::Call { delivery, report, digest }
            }
            Fact::Status(report) => {
                let digest = self.dedup.digest(report.wamid.as_str().as_bytes());
                let what = status_key(&report.reported, report.participant.as_deref());
                Item::Status { delivery, report, digest, what }
            }
            Fact::Field(report) => {
                Item::Field { delivery, report, digest: self.dedup.digest(&super::field::identity(report)) }
            }
            Fact::Dead(letter) => Item::Dead { delivery, letter },
        }
    }

    /// How a send ended.
    pub(crate) fn outcome<'a>(&self, id: OutboxId, outcome: &'a SendOutcome, at: Timestamp) -> Item<'a> {
        let digest = match outcome {
            SendOutcome::Accepted { wamid, .. } => Some(self.dedup.digest(wamid.as_str().as_bytes())),
            SendOutcome::Failed(_) | SendOutcome::Unknown(_) => None,
        };
        Item::Settle { id, outcome, at, digest }
    }
}

waypost_domain::debug_shows! {
    Reread: seq number kind at;
}
