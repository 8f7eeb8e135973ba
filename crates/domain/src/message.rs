//! Messages as we keep and show them.

use std::fmt;

use crate::customer::{CustomerName, Username};
use crate::ids::{ConversationId, CustomerId, MessageId, OutboxId, PhoneNumberId, Wamid};
use crate::status::{MessageState, StatusTimes};
use crate::time::Timestamp;

/// Who wrote to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the customer.
    Inbound,
    /// To the customer.
    Outbound,
}

impl Direction {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// Where a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The customer wrote it.
    Customer,
    /// A program sent it through our API.
    Api,
    /// The owner wrote it in the WhatsApp Business app (an echo).
    PhoneApp,
    /// It was written before the number came to us, by either side. It is news to nobody.
    History(Direction),
}

impl Source {
    const ALL: [Self; 5] = [
        Self::Customer,
        Self::Api,
        Self::PhoneApp,
        Self::History(Direction::Inbound),
        Self::History(Direction::Outbound),
    ];

    /// The source that [`Self::stored`] names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.stored() == text)
    }

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Api => "api",
            Self::PhoneApp => "phone_app",
            Self::History(_) => "history",
        }
    }

    /// The word in the store, which says the direction, too.
    #[must_use]
    pub const fn stored(self) -> &'static str {
        match self {
            Self::History(Direction::Inbound) => "history_inbound",
            Self::History(Direction::Outbound) => "history_outbound",
            live => live.as_str(),
        }
    }

    /// Whether it is of the past: it makes no unread, opens no window and notifies nobody.
    #[must_use]
    pub const fn is_past(self) -> bool {
        matches!(self, Self::History(_))
    }

    /// Who wrote to whom, which the source decides.
    #[must_use]
    pub const fn direction(self) -> Direction {
        match self {
            Self::Customer => Direction::Inbound,
            Self::Api | Self::PhoneApp => Direction::Outbound,
            Self::History(direction) => direction,
        }
    }
}

/// The longest type of a message that is kept, in characters.
const CHARS_MAX: usize = 64;

/// Meta's word for the type of a message (`text`, `image`, …). New ones appear without notice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageType(Box<str>);

impl MessageType {
    /// A plain text.
    #[must_use]
    pub fn text() -> Self {
        Self("text".into())
    }

    /// The type of Meta's word: letters, digits, `_` and `-`, at most 64 of them. A word that is longer is cut, and any other
    /// character is a `-`, which no type that is known has, so that it is kept as one that is not known. `None` for an empty word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let is_usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let word: String = word.chars().take(CHARS_MAX).map(|c| if is_usable(c) { c } else { '-' }).collect();
        (!word.is_empty()).then(|| Self(word.into()))
    }

    /// Meta's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an item of this type changes another message rather than being one: it is stored, but is no
    /// message event of its own.
    #[must_use]
    pub fn changes_another(&self) -> bool {
        matches!(&*self.0, "reaction" | "edit" | "revoke")
    }

    /// Whether an item of this type says anything new, and so opens the service window where the customer sent it: a
    /// reaction does. Meta does not say whether an edit or a revoke does: they are taken not to, since a window that is
    /// thought open costs a send that fails.
    #[must_use]
    pub fn opens_window(&self) -> bool {
        !matches!(&*self.0, "edit" | "revoke")
    }
}

/// A JSON text as WhatsApp sent it. `Debug` hides it: it is personal.
#[derive(Clone, PartialEq, Eq)]
pub struct RawJson(Box<str>);

impl RawJson {
    /// Takes a text that the caller has parsed as JSON.
    #[must_use]
    pub fn new(json: impl Into<Box<str>>) -> Self {
        Self(json.into())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

/// What a message says beyond its content, as clients get it: written once, when the message is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetailJson {
    /// What its type says, what it refers to and how it got here: an object; `None` where there is nothing of it.
    pub metadata: Option<RawJson>,
    /// Its file: an object; `None` where there is none.
    pub media: Option<RawJson>,
}

impl DetailJson {
    /// With the metadata of another behind its own, which has no member of that.
    #[must_use]
    pub fn and_metadata(self, more: Self) -> Self {
        let metadata = match (self.metadata, more.metadata) {
            (Some(RawJson(own)), Some(RawJson(more))) => {
                let (own, more) =
                    (own.strip_suffix('}').unwrap_or(&own), more.strip_prefix('{').unwrap_or(&more));
                Some(RawJson::new(format!("{own},{more}")))
            }
            (own, more) => own.or(more),
        };
        Self { metadata, media: self.media }
    }
}

/// An error that Meta reported, on a message, a status or a refused call ("Cloud API error codes").
#[derive(Clone, PartialEq, Eq)]
pub struct ErrorDetail {
    /// The code, on which to decide.
    pub code: i64,
    /// The short text.
    pub title: Option<String>,
    /// What happened, for a person (`error_data.details`).
    pub details: Option<String>,
}

/// A message as it stands: what is stored, shown and read.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Ours.
    pub id: MessageId,
    /// WhatsApp's.
    pub wamid: Wamid,
    /// The thread it stands in.
    pub conversation: ConversationId,
    /// The customer of that thread.
    pub customer: CustomerId,
    /// The customer's number in digits, or the BSUID where it is withheld; never empty.
    pub customer_number: Box<str>,
    /// The customer's profile name, where known.
    pub customer_name: Option<CustomerName>,
    /// The customer's username, where known.
    pub username: Option<Username>,
    /// The business number.
    pub number: PhoneNumberId,
    /// Where it came from, and so its direction.
    pub source: Source,
    /// Its type.
    pub kind: MessageType,
    /// What a person would read.
    pub content: String,
    /// What it says beyond that.
    pub detail: DetailJson,
    /// Where it stands.
    pub state: MessageState,
    /// When it got there.
    pub times: StatusTimes,
    /// What went wrong with it.
    pub errors: Vec<ErrorDetail>,
    /// The message it answers.
    pub reply_to: Option<Wamid>,
    /// The item as Meta sent it.
    pub raw: Option<RawJson>,
    /// The send that it came from.
    pub outbox: Option<OutboxId>,
    /// Whether a message of a later time stood in the conversation when it came: it belongs above that one.
    pub is_late: bool,
    /// WhatsApp's time of the message, ours where that is missing or absurd.
    pub at: Timestamp,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("conversation", &self.conversation)
            .field("source", &self.source)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

crate::debug_shows! {
    ErrorDetail: code;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_any_word_is_kept_and_is_none_that_is_known() {
        for (word, kept) in [
            ("text", "text"),
            ("poll.v2", "poll-v2"),
            ("media placeholder", "media-placeholder"),
            ("ą\u{0}", "--"),
            (&*"x".repeat(200), &*"x".repeat(64)),
        ] {
            assert_eq!(MessageType::parse(word).unwrap().as_str(), kept, "{word}");
        }
        assert_eq!(MessageType::parse(""), None);
    }
}
