//! Actions by kind, without what they are done to: for tables of the policy, and for whoever asks about all of it.

use super::Action;
use super::reach::{Person, Place};

/// What somebody wants to do, whatever they do it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// [`Action::List`]
    List,
    /// [`Action::SeeConversation`]
    SeeConversation,
    /// [`Action::SeeCustomer`]
    SeeCustomer,
    /// [`Action::SeeAnyCustomer`]
    SeeAnyCustomer,
    /// [`Action::Send`]
    Send,
    /// [`Action::ManageCustomers`]
    ManageCustomers,
    /// [`Action::Assign`]
    Assign,
    /// [`Action::Manage`]
    Manage,
    /// [`Action::Monitor`]
    Monitor,
    /// [`Action::Operate`]
    Operate,
    /// [`Action::Measure`]
    Measure,
    /// [`Action::ManageAccounts`]
    ManageAccounts,
    /// [`Action::Audit`]
    Audit,
}

impl ActionKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::List,
        Self::SeeConversation,
        Self::SeeCustomer,
        Self::SeeAnyCustomer,
        Self::Send,
        Self::Assign,
        Self::Manage,
        Self::ManageCustomers,
        Self::Monitor,
        Self::Measure,
        Self::Operate,
        Self::ManageAccounts,
        Self::Audit,
    ];

    /// What it is, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "see lists",
            Self::SeeConversation => "see a conversation",
            Self::SeeCustomer => "see a customer",
            Self::SeeAnyCustomer => "wait for an unknown name",
            Self::Send => "send",
            Self::ManageCustomers => "say who customers are",
            Self::Assign => "say who answers",
            Self::Manage => "clear a conversation",
            Self::Monitor => "see who connects",
            Self::Operate => "look after the server",
            Self::Measure => "read metrics",
            Self::ManageAccounts => "manage accounts",
            Self::Audit => "read the audit",
        }
    }

    /// The one with these words.
    #[must_use]
    pub fn parse(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == words)
    }

    /// The action of this kind, done to whichever of the two it is done to.
    #[must_use]
    pub const fn on<'a>(self, place: &'a Place, person: &'a Person) -> Action<'a> {
        match self {
            Self::List => Action::List,
            Self::SeeConversation => Action::SeeConversation(place),
            Self::SeeCustomer => Action::SeeCustomer(person),
            Self::SeeAnyCustomer => Action::SeeAnyCustomer,
            Self::Send => Action::Send(place),
            Self::ManageCustomers => Action::ManageCustomers,
            Self::Assign => Action::Assign(place),
            Self::Manage => Action::Manage(place),
            Self::Monitor => Action::Monitor,
            Self::Operate => Action::Operate,
            Self::Measure => Action::Measure,
            Self::ManageAccounts => Action::ManageAccounts,
            Self::Audit => Action::Audit,
        }
    }
}

impl Action<'_> {
    /// Its kind. A new action fails to compile here, so that no table lacks it.
    #[must_use]
    pub const fn kind(self) -> ActionKind {
        match self {
            Self::List => ActionKind::List,
            Self::SeeConversation(_) => ActionKind::SeeConversation,
            Self::SeeCustomer(_) => ActionKind::SeeCustomer,
            Self::SeeAnyCustomer => ActionKind::SeeAnyCustomer,
            Self::Send(_) => ActionKind::Send,
            Self::ManageCustomers => ActionKind::ManageCustomers,
            Self::Assign(_) => ActionKind::Assign,
            Self::Manage(_) => ActionKind::Manage,
            Self::Monitor => ActionKind::Monitor,
            Self::Operate => ActionKind::Operate,
            Self::Measure => ActionKind::Measure,
            Self::ManageAccounts => ActionKind::ManageAccounts,
            Self::Audit => ActionKind::Audit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::Assignment;
    use crate::ids::PhoneNumberId;

    #[test]
    fn every_kind_is_listed_once_and_is_that_of_its_action() {
        let place = Place {
            customers: Vec::new(),
            number: PhoneNumberId::parse("1").unwrap(),
            assignment: Assignment::default(),
        };
        let person = Person { customers: Vec::new(), places: Vec::new() };
        for kind in ActionKind::ALL {
            assert_eq!(kind.on(&place, &person).kind(), kind);
            assert_eq!(ActionKind::parse(kind.as_str()), Some(kind));
            assert_eq!(ActionKind::ALL.iter().filter(|other| **other == kind).count(), 1);
        }
    }
}
