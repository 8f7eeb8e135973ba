//! Sends: one intent each, whatever happens to the call.

use crate::access::PrincipalId;
use crate::customer::CustomerAliases;
use crate::ids::{ConversationId, CustomerId, MessageId, OutboxId, PhoneNumberId, Wamid};
use crate::message::ErrorDetail;
use crate::time::Timestamp;

/// Where a send stands before (and until) Meta accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutboxState {
    /// Stored; the call to Meta is about to be made or under way.
    Sending,
    /// Meta accepted it: the message exists.
    Accepted,
    /// Meta refused it, or it certainly never reached Meta.
    Failed,
    /// The call had no answer: it may or may not have been accepted. Never repeated by itself.
    Unknown,
}

impl OutboxState {
    const ALL: [Self; 4] = [Self::Sending, Self::Accepted, Self::Failed, Self::Unknown];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state that [`Self::as_str`] names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A wish to send a text, before anything was stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SendIntent {
    /// Who wishes it.
    pub principal: PrincipalId,
    /// The caller's key: unique for the principal, so that a repeated call is the same send. 1 to 255 bytes.
    pub idempotency_key: Box<str>,
    /// From which of our numbers.
    pub number: PhoneNumberId,
    /// To whom.
    pub recipient: Recipient,
    /// The text.
    pub body: String,
    /// Whether WhatsApp shall show a preview of the first link.
    pub preview: LinkPreview,
}

/// To whom a send goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// To a customer that exists.
    Customer(CustomerId),
    /// To a customer that exists, in this conversation of theirs or of somebody's who is one with them: the sender may not
    /// write in each of them.
    Thread(CustomerId, ConversationId),
    /// To whoever is known by these aliases; created where nobody is.
    Aliases(CustomerAliases),
}

/// Whether WhatsApp shows a preview of a text's first link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPreview {
    /// It does.
    Shown,
    /// It does not.
    Hidden,
}

/// How a send's call to Meta ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// Meta took it.
    Accepted {
        /// WhatsApp's id of the message.
        wamid: Wamid,
        /// The ids that Meta answered for the recipient: its `wa_id` may differ from the number that was dialled.
        aliases: Option<CustomerAliases>,
    },
    /// Meta refused it, or it never left.
    Failed(ErrorDetail),
    /// Nobody knows.
    Unknown(ErrorDetail),
}

/// A send as it stands; each of its states is an event.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Ours.
    pub id: OutboxId,
    /// The thread it goes into.
    pub conversation: ConversationId,
    /// To whom.
    pub customer: CustomerId,
    /// From which of our numbers.
    pub number: PhoneNumberId,
    /// Where it stands.
    pub state: OutboxState,
    /// The message, once accepted: its id and WhatsApp's.
    pub message: Option<(MessageId, Wamid)>,
    /// Why it failed or is unknown.
    pub error: Option<ErrorDetail>,
    /// The text.
    pub body: String,
    /// When it got into this state.
    pub at: Timestamp,
}

crate::debug_shows! {
    SendIntent: principal number preview;
    OutboxEntry: id conversation customer number state at;
}
