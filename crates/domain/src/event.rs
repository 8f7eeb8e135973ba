//! What somebody may want to see.

use crate::assignment::{AccessChange, AssignmentChange};
use crate::change::MessageUpdate;
use crate::identity::CustomerUpdate;
use crate::ids::{ConversationId, CustomerId, PhoneNumberId, WabaId};
use crate::message::{Message, RawJson};
use crate::notice::Notice;
use crate::outbox::OutboxEntry;
use crate::status::StatusChange;
use crate::time::Timestamp;

/// A journal entry, before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message was stored (inbound), accepted by Meta (outbound), or echoed.
    Message(Box<Message>),
    /// A status was seen for the first time.
    Status(Box<StatusChange>),
    /// A message changed after it was shown.
    MessageUpdated(Box<MessageUpdate>),
    /// A send moved on.
    Outbox(Box<OutboxEntry>),
    /// A webhook field other than messages said something.
    Field(Box<FieldNotice>),
    /// Who somebody is has changed.
    Customer(Box<CustomerUpdate>),
    /// A conversation was assigned otherwise.
    Assignment(Box<AssignmentChange>),
    /// Some may see a conversation from now on, or no longer.
    Access(Box<AccessChange>),
}

impl Event {
    /// The customer whom it is about, where it is about one.
    #[must_use]
    pub fn customer(&self) -> Option<CustomerId> {
        match self {
            Self::Message(message) => Some(message.customer),
            Self::Status(status) => Some(status.customer),
            Self::MessageUpdated(update) => Some(update.customer),
            Self::Outbox(entry) => Some(entry.customer),
            Self::Customer(update) => Some(update.customer),
            Self::Assignment(change) => Some(change.customer),
            Self::Access(change) => Some(change.customer),
            Self::Field(notice) => notice.customer,
        }
    }

    /// Makes it be about `customer`, who is the one that it was about until a merge.
    pub fn follow(&mut self, customer: CustomerId) {
        match self {
            Self::Message(message) => message.customer = customer,
            Self::Status(status) => status.customer = customer,
            Self::MessageUpdated(update) => update.customer = customer,
            Self::Outbox(entry) => entry.customer = customer,
            Self::Customer(update) => update.customer = customer,
            Self::Assignment(change) => change.customer = customer,
            Self::Access(change) => change.customer = customer,
            Self::Field(notice) => notice.customer = Some(customer),
        }
    }

    /// The conversation that it is of, where it is of one.
    #[must_use]
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Message(message) => Some(message.conversation),
            Self::Status(status) => Some(status.conversation),
            Self::MessageUpdated(update) => Some(update.conversation),
            Self::Outbox(entry) => Some(entry.conversation),
            Self::Assignment(change) => Some(change.conversation),
            Self::Access(change) => Some(change.conversation),
            Self::Customer(_) | Self::Field(_) => None,
        }
    }

    /// The business number that it is of, where it is of one.
    #[must_use]
    pub fn number(&self) -> Option<&PhoneNumberId> {
        match self {
            Self::Message(message) => Some(&message.number),
            Self::Status(status) => Some(&status.number),
            Self::MessageUpdated(update) => Some(&update.number),
            Self::Outbox(entry) => Some(&entry.number),
            Self::Assignment(change) => Some(&change.number),
            Self::Access(change) => Some(&change.number),
            Self::Field(notice) => notice.number.as_ref(),
            Self::Customer(_) => None,
        }
    }
}

/// A webhook change that is neither message nor status, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldNotice {
    /// Meta's name of the field.
    pub field: Box<str>,
    /// The business number it concerns, where it names one.
    pub number: Option<PhoneNumberId>,
    /// The account it concerns.
    pub waba: Option<WabaId>,
    /// The customer of whom it speaks, where it is known which one that is.
    pub customer: Option<CustomerId>,
    /// What it says, where its shape is known.
    pub notice: Option<Notice>,
    /// The change's `value`, or the item of a list in it, as it came.
    pub raw: RawJson,
    /// When we received it.
    pub at: Timestamp,
}
