//! What a role comes to for somebody: what they may, where, and how much they are shown of it.

use std::collections::BTreeSet;

use super::permission::Permissions;
use super::reach::Reach;
use super::{Principal, PrincipalId, View};
use crate::assignment::{AssignedTo, Responder};
use crate::ids::{CustomerId, PhoneNumberId};

/// What a role stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// What whoever has it may do.
    pub permissions: Permissions,
    /// In which conversations.
    pub sees: Sees,
    /// How much they are shown there.
    pub view: View,
}

/// Whose conversations somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// All, or those of their teams and their own where they are named with teams.
    All,
    /// Those of their teams, and their own.
    Team,
    /// Their own.
    Own,
}

impl Sees {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Team, Self::Own];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Team => "team",
            Self::Own => "own",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sees| sees.as_str() == word)
    }
}

/// Who somebody is among those who answer, and what narrows their role. What is left out narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The name under which conversations are assigned to them.
    pub agent: Option<Responder>,
    /// The business numbers for which they have their role.
    pub numbers: Option<BTreeSet<PhoneNumberId>>,
    /// The teams that they are of.
    pub teams: Option<BTreeSet<Responder>>,
    /// The customers for whom they have it, each with whoever is one with them.
    pub customers: Option<BTreeSet<CustomerId>>,
}

impl Rights {
    /// The principal whom a role with these rights, narrowed so, makes of somebody.
    #[must_use]
    pub fn of(self, id: PrincipalId, standing: Standing) -> Principal {
        let Standing { agent, numbers, teams, customers } = standing;
        let own = || agent.iter().cloned().map(AssignedTo::Agent);
        let teams = teams.map(|teams| teams.into_iter().map(AssignedTo::Team));
        let assigned = match (self.sees, teams) {
            (Sees::All, None) => None,
            (Sees::All | Sees::Team, Some(teams)) => Some(own().chain(teams).collect()),
            (Sees::Team, None) | (Sees::Own, _) => Some(own().collect()),
        };
        let reach = Reach { numbers, customers, assigned };
        Principal { id, permissions: self.permissions, reach, view: self.view }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    fn responder(name: &str) -> Responder {
        Responder::parse(name).unwrap()
    }

    #[test]
    fn a_role_and_its_teams_say_whose_conversations_are_seen() {
        let own = AssignedTo::Agent(responder("ana"));
        let team = AssignedTo::Team(responder("sales"));
        let both = Some(BTreeSet::from([own.clone(), team]));
        let alone = Some(BTreeSet::from([own]));
        for (sees, has_teams, expected) in [
            (Sees::All, false, None),
            (Sees::All, true, both.clone()),
            (Sees::Team, true, both),
            (Sees::Team, false, alone.clone()),
            (Sees::Own, true, alone),
        ] {
            let standing = Standing {
                agent: Some(responder("ana")),
                teams: has_teams.then(|| BTreeSet::from([responder("sales")])),
                ..Standing::default()
            };
            let id = PrincipalId::parse("user:ana").unwrap();
            let principal = Rights { sees, ..Role::Agent.rights() }.of(id, standing);
            assert_eq!(principal.reach.assigned, expected, "{sees:?} {has_teams}");
        }
    }

    #[test]
    fn whoever_is_nobody_among_those_who_answer_sees_nothing_by_assignment() {
        let id = PrincipalId::parse("key:1").unwrap();
        let principal = Rights { sees: Sees::Own, ..Role::Admin.rights() }.of(id, Standing::default());
        assert_eq!(principal.reach.assigned, Some(BTreeSet::new()));
    }
}
