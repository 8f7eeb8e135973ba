//! Who answers a conversation.

use std::fmt;

use crate::access::PrincipalId;
use crate::ids::{ConversationId, CustomerId, PhoneNumberId};
use crate::time::Timestamp;

/// The longest name of an assignee or a team, in characters.
const RESPONDER_CHARS_MAX: usize = 128;

/// The name of an assignee or a team, as whoever assigns writes it. `Debug` hides it: it may be a person's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Responder(Box<str>);

impl Responder {
    /// `None` for an empty text, one over 128 characters, or one with a control character or white space at an end.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let usable = (1..=RESPONDER_CHARS_MAX).contains(&text.chars().count())
            && text.trim() == text
            && !text.chars().any(char::is_control);
        usable.then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responder(hidden)")
    }
}

/// Who answers a conversation, as far as anybody was assigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The person or program.
    pub assignee: Option<Responder>,
    /// The team.
    pub team: Option<Responder>,
}

/// Somebody to whom a conversation can be assigned.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AssignedTo {
    /// A person or program.
    Agent(Responder),
    /// A team.
    Team(Responder),
}

impl Assignment {
    /// All to whom it is assigned.
    pub fn holders(&self) -> impl Iterator<Item = AssignedTo> {
        let agent = self.assignee.clone().map(AssignedTo::Agent);
        agent.into_iter().chain(self.team.clone().map(AssignedTo::Team))
    }
}

/// What somebody wants of one part of an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// As it is.
    Keep,
    /// This one, or nobody.
    Have(Option<Responder>),
}

impl Wish {
    fn of(&self, present: &Option<Responder>) -> Option<Responder> {
        match self {
            Self::Keep => present.clone(),
            Self::Have(wanted) => wanted.clone(),
        }
    }
}

/// A wish to assign a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentWish {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who is to answer it.
    pub assignee: Wish,
    /// Which team is.
    pub team: Wish,
    /// Who wishes it.
    pub by: PrincipalId,
    /// When.
    pub at: Timestamp,
}

impl AssignmentWish {
    /// What it makes of an assignment.
    #[must_use]
    pub fn after(&self, present: &Assignment) -> Assignment {
        Assignment { assignee: self.assignee.of(&present.assignee), team: self.team.of(&present.team) }
    }
}

/// A conversation was assigned otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentChange {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its customer.
    pub customer: CustomerId,
    /// Its business number.
    pub number: PhoneNumberId,
    /// Who answers it now.
    pub now: Assignment,
    /// Who did before.
    pub previous: Assignment,
    /// Who changed it.
    pub by: PrincipalId,
    /// When.
    pub at: Timestamp,
}

/// A conversation was assigned otherwise, so that some may see it from now on, or no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessChange {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its customer.
    pub customer: CustomerId,
    /// Its business number.
    pub number: PhoneNumberId,
    /// What it means for those who are told.
    pub turn: AccessTurn,
    /// To whom it was assigned before.
    pub previous: Assignment,
    /// To whom it is now.
    pub now: Assignment,
    /// When.
    pub at: Timestamp,
}

impl AccessChange {
    /// By which assignment those who are told see the conversation, and by which they do not.
    #[must_use]
    pub const fn sides(&self) -> (&Assignment, &Assignment) {
        match self.turn {
            AccessTurn::Granted => (&self.now, &self.previous),
            AccessTurn::Revoked => (&self.previous, &self.now),
        }
    }
}

/// What a change of an assignment means for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessTurn {
    /// They may see the conversation from now on.
    Granted,
    /// They may no longer.
    Revoked,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<Responder> {
        Responder::parse(text)
    }

    #[test]
    fn a_name_is_bounded_in_characters() {
        assert!(name(&"ä".repeat(128)).is_some());
        for text in ["", " ", " Ana", "Ana\n", "a\0b", &"x".repeat(129)] {
            assert_eq!(name(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_wished_for_stays() {
        let present = Assignment { assignee: name("ana"), team: name("sales") };
        let wish = AssignmentWish {
            conversation: "cnv_00000000000000000000000000".parse().unwrap(),
            assignee: Wish::Have(None),
            team: Wish::Keep,
            by: PrincipalId::parse("key:1").unwrap(),
            at: Timestamp::from_millis(1),
        };
        assert_eq!(wish.after(&present), Assignment { assignee: None, team: name("sales") });
    }
}
