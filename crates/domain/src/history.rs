//! What was written before the number came to us: a phone that is joined to the API shares its chats.

use std::fmt;

use crate::fact::ReceivedMessage;
use crate::message::Direction;
use crate::status::MessageState;

/// A message of the past.
#[derive(Clone, PartialEq, Eq)]
pub struct PastMessage {
    /// The message.
    pub message: ReceivedMessage,
    /// Where it stood when the chat was shared, where that is told.
    pub state: Option<MessageState>,
}

impl PastMessage {
    /// Whether its content came with it.
    #[must_use]
    pub fn body(&self) -> PastBody {
        PastBody::of(self.message.kind.as_str())
    }

    /// Where it stands: as it was told, else as far as any message of its direction is.
    #[must_use]
    pub fn state(&self) -> MessageState {
        self.state.unwrap_or(match self.message.source.direction() {
            Direction::Inbound => MessageState::Delivered,
            Direction::Outbound => MessageState::Accepted,
        })
    }
}

impl fmt::Debug for PastMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PastMessage").field("message", &self.message).field("state", &self.state).finish()
    }
}

/// How much of a message of the past is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastBody {
    /// All of it.
    Whole,
    /// A placeholder: the picture or recording follows, if it is of the last 14 days.
    Placeholder,
}

impl PastBody {
    /// What a message of this type has of its content.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        if kind == PLACEHOLDER_TYPE { Self::Placeholder } else { Self::Whole }
    }
}

/// Meta's type of a message whose picture or recording follows.
const PLACEHOLDER_TYPE: &str = "media_placeholder";
