//! What happens to a message after it was shown: it is edited, deleted for everyone, reacted to, or understood better.

use std::fmt;

use crate::customer::{Alias, AliasKind};
use crate::detail::Line;
use crate::ids::{ConversationId, CustomerId, MessageId, PhoneNumberId, Wamid};
use crate::message::{DetailJson, MessageType};
use crate::time::Timestamp;

/// A message that changed: an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageUpdate {
    /// The message.
    pub message: MessageId,
    /// WhatsApp's id of it.
    pub wamid: Wamid,
    /// The thread it stands in.
    pub conversation: ConversationId,
    /// The customer of that thread.
    pub customer: CustomerId,
    /// The business number.
    pub number: PhoneNumberId,
    /// What changed.
    pub change: MessageChange,
    /// WhatsApp's time of the change, ours where that is missing or absurd.
    pub at: Timestamp,
}

/// What changed about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageChange {
    /// It says something else now. Where a newer version came before, that one stays.
    Renewed {
        /// Why.
        why: Renewal,
        /// What it says now.
        version: Box<Version>,
    },
    /// It was deleted for everyone. What it said is kept.
    Revoked,
    /// Somebody reacted to it, or took a reaction back.
    Reaction {
        /// Who, and with what.
        reaction: MessageReaction,
        /// All that there are now, the newest last: at most one of a person.
        all: Vec<MessageReaction>,
    },
}

/// Why a message says something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Whoever wrote it has edited it.
    Edited,
    /// Its file came after it.
    Media,
    /// A newer version of this program understood it.
    Reprocessed,
    /// A call went on or ended.
    Call,
}

impl Renewal {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Media => "media",
            Self::Reprocessed => "reprocessed",
            Self::Call => "call",
        }
    }
}

/// What a message says at some time.
#[derive(Clone, PartialEq, Eq)]
pub struct Version {
    /// Its type.
    pub kind: MessageType,
    /// What a person would read.
    pub content: String,
    /// What it says beyond that.
    pub detail: DetailJson,
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What somebody felt about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageReaction {
    /// Who.
    pub by: Reactor,
    /// The emoji; `None` where it was taken back.
    pub emoji: Option<Line>,
    /// WhatsApp's time of it, ours where that is missing or absurd.
    pub at: Timestamp,
}

/// Who reacts to a message: each has at most one reaction to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reactor {
    /// The business.
    Business,
    /// The customer.
    Customer,
    /// A member of the group that is the customer, by the name that decides who it is.
    Participant(Alias),
}

impl Reactor {
    /// The text under which it is stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Business => "business".to_owned(),
            Self::Customer => "customer".to_owned(),
            Self::Participant(alias) => format!("{}:{}", alias.kind.as_str(), alias.value),
        }
    }

    /// What [`Self::to_text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "business" => Some(Self::Business),
            None if text == "customer" => Some(Self::Customer),
            None => None,
            Some((kind, value)) => Alias::parse(AliasKind::parse(kind)?, value).map(Self::Participant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reactors_are_read_as_they_are_written() {
        let member = Alias::parse(AliasKind::Bsuid, "US.7:1").unwrap();
        for reactor in [Reactor::Business, Reactor::Customer, Reactor::Participant(member)] {
            assert_eq!(Reactor::parse(&reactor.to_text()), Some(reactor));
        }
        assert_eq!(Reactor::parse("somebody"), None);
    }
}
