//! What customers did or want, and how the business's phone calls them.

use super::Word;
use crate::customer::CustomerName;
use crate::detail::Line;
use crate::ids::Wamid;
use crate::message::MessageType;
use crate::time::Timestamp;

/// What a customer wants to get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preference {
    /// Of what (`marketing_messages`).
    pub category: Word,
    /// What they chose (`stop`, `resume`, `signup`).
    pub value: Word,
    /// In words.
    pub detail: Option<Line>,
    /// Where they signed up.
    pub signup: Word,
    /// When.
    pub at: Option<Timestamp>,
}

impl Preference {
    /// What was chosen of marketing messages; `None` where it is about something else.
    #[must_use]
    pub fn marketing(&self) -> Option<MarketingChoice> {
        let word = |word: &Word| word.as_ref().map(|word| word.as_str().to_ascii_lowercase());
        (word(&self.category)? == "marketing_messages").then(|| match word(&self.value)?.as_str() {
            "stop" => Some(MarketingChoice::Stopped),
            "resume" | "signup" => Some(MarketingChoice::Wanted),
            _ => None,
        })?
    }
}

/// Whether a customer wants marketing messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarketingChoice {
    /// Asked for, or taken up again.
    Wanted,
    /// No more.
    Stopped,
}

impl MarketingChoice {
    const ALL: [Self; 2] = [Self::Wanted, Self::Stopped];

    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Stopped => "stopped",
        }
    }

    /// The choice that [`Self::as_str`] names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }
}

/// A contact in the book of the business's phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedContact {
    /// The name as it is saved; `None` where the contact was removed, or has none.
    pub saved_name: Option<CustomerName>,
    /// What happened to it (`add`, also for a change, or `remove`).
    pub action: Word,
    /// Its username.
    pub username: Word,
    /// When.
    pub at: Option<Timestamp>,
}

/// A copy of what another app deals with. It is not ours to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandbyCopy {
    /// What it is a copy of.
    pub part: StandbyPart,
    /// WhatsApp's id of the message.
    pub wamid: Option<Wamid>,
    /// The message's type.
    pub kind: Option<MessageType>,
    /// What a person would read of it; the word of a status.
    pub content: Option<Line>,
    /// When.
    pub at: Option<Timestamp>,
}

/// What another app deals with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandbyPart {
    /// The customer wrote.
    Message,
    /// The other app wrote.
    Echo,
    /// Something happened to what the other app wrote.
    Status,
}

impl StandbyPart {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Echo => "echo",
            Self::Status => "status",
        }
    }
}

/// WhatsApp found that a chat led to something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutomaticEvent {
    /// Its id.
    pub id: Word,
    /// What (`LeadSubmitted`, `Purchase`).
    pub name: Word,
    /// The click on an advertisement that it goes back to.
    pub click: Word,
    /// When.
    pub at: Option<Timestamp>,
}

/// Somebody clicked on a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserAction {
    /// What was done (`marketing_messages_link_click`).
    pub action: Word,
    /// On what.
    pub component: Word,
    /// The product behind it.
    pub product: Word,
    /// The click's id.
    pub click: Word,
    /// What whoever sent the message gave it to be known by.
    pub tracking: Word,
    /// When.
    pub at: Option<Timestamp>,
}

/// A customer has another user id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserIdChange {
    /// The BSUID until now.
    pub previous: Word,
    /// The BSUID from now on.
    pub current: Word,
    /// The BSUID of the enrolled parent until now.
    pub previous_parent: Word,
    /// The BSUID of the enrolled parent from now on.
    pub current_parent: Word,
    /// In words.
    pub detail: Option<Line>,
    /// When.
    pub at: Option<Timestamp>,
}
