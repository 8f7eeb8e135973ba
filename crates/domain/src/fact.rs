//! What came in: the items of a webhook, each on its own, in our words.

use std::fmt;

use crate::call::CallReport;
use crate::customer::{CustomerAliases, CustomerName, Username};
use crate::detail::Detail;
use crate::history::PastMessage;
use crate::identity::Tie;
use crate::ids::{PhoneNumberId, WabaId, Wamid};
use crate::message::{ErrorDetail, MessageType, RawJson, Source};
use crate::notice::Notice;
use crate::pricing::Pricing;
use crate::status::Reported;
use crate::time::Timestamp;

/// One item of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A message was written.
    Message(Box<ReceivedMessage>),
    /// A message of the past was shared.
    Past(Box<PastMessage>),
    /// Something happened to a message that we sent.
    Status(Box<StatusReport>),
    /// Something happened to a call.
    Call(Box<CallReport>),
    /// Something else happened that Meta tells its subscribers.
    Field(Box<FieldReport>),
    /// An item that could not be understood.
    Dead(DeadLetter),
}

impl Fact {
    /// About how many bytes the fact brings into the store.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        const ROW_BYTES: usize = 256;
        ROW_BYTES
            + match self {
                // What is kept of its detail is read out of the item.
                Self::Message(message) => message.content.len() + 2 * message.raw.as_str().len(),
                Self::Past(past) => past.message.content.len() + 2 * past.message.raw.as_str().len(),
                Self::Status(status) => status.raw.as_str().len(),
                Self::Call(report) => report.raw.as_str().len(),
                Self::Field(report) => report.raw.as_str().len(),
                Self::Dead(letter) => {
                    letter.raw.len() + letter.around.as_ref().map_or(0, |around| around.as_str().len())
                }
            }
    }
}

/// A message that a webhook brought: written by the customer, or by the owner on the phone (an echo).
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The business number it was written to, or from.
    pub number: PhoneNumberId,
    /// The account of that number.
    pub waba: Option<WabaId>,
    /// WhatsApp's id of the message; unique within the number.
    pub wamid: Wamid,
    /// The other side.
    pub customer: CustomerAliases,
    /// The other side's profile name, where given.
    pub customer_name: Option<CustomerName>,
    /// The other side's username, where given.
    pub username: Option<Username>,
    /// Where it came from.
    pub source: Source,
    /// Its type.
    pub kind: MessageType,
    /// What a person would read.
    pub content: String,
    /// What it is beyond that.
    pub detail: Detail,
    /// The message it answers.
    pub reply_to: Option<Wamid>,
    /// What went wrong with it.
    pub errors: Vec<ErrorDetail>,
    /// WhatsApp's time; `None` where it is missing or absurd.
    pub at: Option<Timestamp>,
    /// The item as it came.
    pub raw: RawJson,
}

impl fmt::Debug for ReceivedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedMessage")
            .field("number", &self.number)
            .field("source", &self.source)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A status that a webhook brought, of a message that this business sent (through us or another way).
#[derive(Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// The business number that sent the message.
    pub number: PhoneNumberId,
    /// The message. Statuses are matched by number and `wamid`, never by recipient.
    pub wamid: Wamid,
    /// What happened.
    pub reported: Reported,
    /// The names of whom the message was sent to: they tell who is who, and not which message it was. `None` of a group.
    pub customer: Option<CustomerAliases>,
    /// Who of a group it is about.
    pub participant: Option<Box<str>>,
    /// What went wrong.
    pub errors: Vec<ErrorDetail>,
    /// What the message costs.
    pub pricing: Option<Pricing>,
    /// WhatsApp's time; `None` where it is missing or absurd.
    pub at: Option<Timestamp>,
    /// The item as it came.
    pub raw: RawJson,
}

/// A webhook change of a field other than messages and statuses, or a part of one that has no fact of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldReport {
    /// Meta's name of the field (`account_update`, …), at most 64 characters.
    pub field: Box<str>,
    /// The business number it concerns, where the change names one.
    pub number: Option<PhoneNumberId>,
    /// The account it concerns.
    pub waba: Option<WabaId>,
    /// The customer of whom it speaks.
    pub customer: Option<CustomerAliases>,
    /// What it says, where its shape is known.
    pub notice: Option<Notice>,
    /// What it says of who is who, and of whose an account is.
    pub ties: Vec<Tie>,
    /// WhatsApp's time of the change (`entry[].time`), which tells two of one content apart.
    pub told_at: Option<Timestamp>,
    /// The change's `value`, or the item of a list in it, as it came.
    pub raw: RawJson,
}

/// Why something rightly signed could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadLetterKind {
    /// The body is no JSON.
    NotJson,
    /// The body is JSON, but holds nothing that a webhook holds.
    Empty,
    /// One item of a webhook could not be understood.
    Item,
    /// The store could not take the item, though it is well.
    Refused,
    /// It changes a message that whoever sent it may not change.
    NotAllowed,
    /// It is for a number that is claimed for another app.
    ForeignApp,
    /// It is for a number that is bound to another account.
    ForeignWaba,
}

impl DeadLetterKind {
    const ALL: [Self; 7] = [
        Self::NotJson,
        Self::Empty,
        Self::Item,
        Self::Refused,
        Self::NotAllowed,
        Self::ForeignApp,
        Self::ForeignWaba,
    ];

    /// The kind of a word; `None` for a word that none has.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word in the store, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::Empty => "empty",
            Self::Item => "item",
            Self::Refused => "refused",
            Self::NotAllowed => "not_allowed",
            Self::ForeignApp => "foreign_app",
            Self::ForeignWaba => "foreign_waba",
        }
    }
}

/// Bytes that were rightly signed and could not be used, kept as they came.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Why.
    pub kind: DeadLetterKind,
    /// What was wrong and where, without anything personal: `entry[0].changes[0].value.messages[2].id: missing`.
    pub reason: String,
    /// The bytes of the body, or of the item.
    pub raw: Vec<u8>,
    /// Of an item, a webhook body of its own that the item goes into in the place of the first `null`, so that it can be
    /// understood later. None where it cannot be told any more.
    pub around: Option<RawJson>,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("kind", &self.kind)
            .field("reason", &self.reason)
            .field("bytes", &self.raw.len())
            .finish()
    }
}

crate::debug_shows! {
    StatusReport: number wamid reported customer pricing at raw;
}
