//! What happens to a message after it was shown: it is edited, deleted for everyone, reacted to, or understood better.

use std::fmt;

use crate::customer::{Alias, AliasKind, CustomerAliases, CustomerName};
use crate::detail::{Line, Participant};
use crate::fact::ReceivedMessage;
use crate::ids::{ConversationId, CustomerId, MessageId, PhoneNumberId, Wamid};
use crate::message::{DetailJson, Direction, MessageType};
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

/// Who of its side wrote a message: only they may change its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The business, or the customer where that is one person.
    Side,
    /// A member of the group that is the customer; `None` where WhatsApp says no name.
    Member(Option<Box<Participant>>),
}

impl Author {
    /// Who wrote a message that came in.
    #[must_use]
    pub fn of(received: &ReceivedMessage) -> Self {
        let is_group = received.customer.of_kind(AliasKind::Group).is_some();
        match received.source.direction() {
            Direction::Inbound if is_group => Self::Member(received.detail.participant.clone()),
            Direction::Inbound | Direction::Outbound => Self::Side,
        }
    }

    /// Whether both are of one person, if they are of one side of one conversation. Who has no name is nobody's equal.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Side, Self::Side) => true,
            (Self::Member(Some(one)), Self::Member(Some(other))) => one.is(other),
            _ => false,
        }
    }

    /// Who of a group it is.
    #[must_use]
    pub fn participant(&self) -> Option<&Participant> {
        match self {
            Self::Side => None,
            Self::Member(member) => member.as_deref(),
        }
    }

    /// The text under which it is stored: a line for each name of a member's.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        let Self::Member(member) = self else { return None };
        let names = member.iter().flat_map(|member| {
            let aliases = member.aliases.iter().map(|alias| (alias.kind.as_str(), &*alias.value));
            aliases.chain(member.name.iter().map(|name| (PROFILE_NAME, name.as_str())))
        });
        Some(names.map(|(kind, value)| format!("{kind}:{value}")).collect::<Vec<_>>().join("\n"))
    }

    /// What [`Self::to_text`] wrote.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::Side };
        let names = || text.lines().filter_map(|line| line.split_once(':'));
        let aliases = names().filter_map(|(kind, value)| Alias::parse(AliasKind::parse(kind)?, value));
        let name = names().find(|(kind, _)| *kind == PROFILE_NAME);
        let name = name.and_then(|(_, name)| CustomerName::parse(name));
        let member = CustomerAliases::new(aliases).map(|aliases| Box::new(Participant { aliases, name }));
        Self::Member(member)
    }
}

/// What stands before a profile name where a kind of alias stands otherwise.
const PROFILE_NAME: &str = "name";

#[cfg(test)]
mod tests {
    use super::*;

    fn member(names: &[(AliasKind, &str)]) -> Author {
        let aliases = names.iter().map(|(kind, value)| Alias::parse(*kind, value).unwrap());
        let aliases = CustomerAliases::new(aliases).unwrap();
        Author::Member(Some(Box::new(Participant { aliases, name: CustomerName::parse("Ana: A") })))
    }

    #[test]
    fn the_name_that_decides_among_those_that_both_have_tells_whether_two_are_one() {
        let (bsuid, phone) = (AliasKind::Bsuid, AliasKind::Phone);
        let ana = member(&[(bsuid, "US.1"), (phone, "551187654321")]);
        for (names, is_ana) in [
            (&[(bsuid, "US.1")][..], true),
            // Brazil's ninth digit.
            (&[(phone, "5511987654321")], true),
            (&[(bsuid, "US.1"), (phone, "15550002001")], true),
            // The number went to somebody else.
            (&[(bsuid, "US.2"), (phone, "551187654321")], false),
            (&[(phone, "15550002001")], false),
            (&[(AliasKind::ParentBsuid, "US.1")], false),
        ] {
            assert_eq!(ana.is(&member(names)), is_ana, "{names:?}");
        }
        assert!(Author::Side.is(&Author::Side));
        for nobody in [Author::Side, Author::Member(None)] {
            assert!(!ana.is(&nobody) && !nobody.is(&ana));
        }
        assert!(!Author::Member(None).is(&Author::Member(None)));
    }

    #[test]
    fn authors_are_read_as_they_are_written() {
        let ana = member(&[(AliasKind::Bsuid, "US.7:1"), (AliasKind::Phone, "15550002001")]);
        for author in [Author::Side, Author::Member(None), ana] {
            assert_eq!(Author::parse(author.to_text().as_deref()), author);
        }
    }

    #[test]
    fn reactors_are_read_as_they_are_written() {
        let member = Alias::parse(AliasKind::Bsuid, "US.7:1").unwrap();
        for reactor in [Reactor::Business, Reactor::Customer, Reactor::Participant(member)] {
            assert_eq!(Reactor::parse(&reactor.to_text()), Some(reactor));
        }
        assert_eq!(Reactor::parse("somebody"), None);
    }
}
