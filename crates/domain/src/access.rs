//! Who may do what: one policy for REST, rooms, replay and media alike.

mod kind;
mod limits;
mod permission;
mod reach;
mod rights;
mod role;

use std::fmt;

pub use kind::ActionKind;
pub use limits::{LimitError, Limits};
pub use permission::{Permission, Permissions};
pub use reach::{Person, Place, Reach};
pub use rights::{Rights, Sees, Standing};
pub use role::{KeyScope, Role, RoleName};

use crate::audience::Scope;
use crate::ids::CustomerId;

/// The longest id of a principal, in bytes.
const PRINCIPAL_BYTES_MAX: usize = 128;

/// Names a principal for good: idempotency keys and audit entries hang on it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PrincipalId(Box<str>);

impl PrincipalId {
    /// `None` for an empty text, one over 128 bytes, or one with anything but visible ASCII.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let usable = (1..=PRINCIPAL_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| Self(text.into()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who is connected or calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// What it may do.
    pub permissions: Permissions,
    /// Where it may.
    pub reach: Reach,
    /// How much it is shown there.
    pub view: View,
}

/// How much somebody is shown of what they may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// All of it.
    Full,
    /// Neither numbers nor WhatsApp's ids, and nothing raw.
    Masked,
}

impl Principal {
    /// Somebody with a role, everywhere.
    #[must_use]
    pub fn with_role(id: PrincipalId, role: Role) -> Self {
        role.rights().of(id, Standing::default())
    }
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// See lists of what they may see.
    List,
    /// See a conversation, with its messages and statuses.
    SeeConversation(&'a Place),
    /// See a customer.
    SeeCustomer(&'a Person),
    /// Wait for a customer of whom only a name is known, whoever it will be.
    SeeAnyCustomer,
    /// Write in a conversation, or begin it.
    Send(&'a Place),
    /// Say who customers are: names of other systems, and who is one with whom.
    ManageCustomers,
    /// Say who answers a conversation.
    Assign(&'a Place),
    /// Change what everybody sees of a conversation.
    Manage(&'a Place),
    /// See who connects and leaves.
    Monitor,
    /// Look after the server: its numbers, and what it could not understand.
    Operate,
    /// Read what the server counts.
    Measure,
    /// Say who has an account, and what it may do.
    ManageAccounts,
    /// Read who did what.
    Audit,
}

impl Action<'_> {
    /// The permission without which nobody may.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::List | Self::SeeConversation(_) | Self::SeeCustomer(_) | Self::SeeAnyCustomer => {
                Permission::Read
            }
            Self::Send(_) => Permission::Send,
            Self::Assign(_) => Permission::Assign,
            Self::ManageCustomers | Self::Manage(_) => Permission::Manage,
            Self::Monitor => Permission::Monitor,
            Self::Operate => Permission::Operate,
            Self::Measure => Permission::Metrics,
            Self::ManageAccounts => Permission::Accounts,
            Self::Audit => Permission::Audit,
        }
    }
}

/// Whether `principal` may do `action`.
#[must_use]
pub fn may(principal: &Principal, action: Action<'_>) -> bool {
    let reach = &principal.reach;
    let is_within = match action {
        Action::SeeConversation(place)
        | Action::Send(place)
        | Action::Assign(place)
        | Action::Manage(place) => reach.covers(place),
        Action::SeeCustomer(person) => reach.covers_person(person),
        // Of all customers, or of the whole server.
        Action::SeeAnyCustomer
        | Action::ManageCustomers
        | Action::ManageAccounts
        | Action::Audit
        | Action::Operate => reach.is_everything(),
        // What is listed, measured or watched is narrowed one by one, or is nobody's.
        Action::List | Action::Monitor | Action::Measure => true,
    };
    is_within && principal.permissions.contains(action.permission())
}

/// The policy as a filter for stores: how far `principal` sees; `None` for whoever may see nothing.
#[must_use]
pub fn visible(principal: &Principal) -> Option<&Reach> {
    principal.permissions.contains(Permission::Read).then_some(&principal.reach)
}

/// The policy as a filter for the hub: the scopes that the general room stands for; none for whoever may see nothing.
#[must_use]
pub fn general_scopes(principal: &Principal) -> Vec<Scope> {
    visible(principal).map(Reach::scopes).unwrap_or_default()
}

/// The scopes that the room of a customer stands for, who is one with all of `family`; none for whoever may not see them.
#[must_use]
pub fn customer_scopes(principal: &Principal, customer: CustomerId, family: &[CustomerId]) -> Vec<Scope> {
    visible(principal).map(|reach| reach.scopes_of(customer, family)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::Assignment;
    use crate::ids::PhoneNumberId;

    fn somebody(role: Role) -> Principal {
        Principal::with_role(PrincipalId::parse("user:1").unwrap(), role)
    }

    fn place(number: &str) -> Place {
        Place {
            customers: vec![CustomerId::from_bytes([1; 16])],
            number: PhoneNumberId::parse(number).unwrap(),
            assignment: Assignment::default(),
        }
    }

    #[test]
    fn a_role_may_what_its_permissions_say_where_it_reaches() {
        let place = place("1");
        let person = Person { customers: place.customers.clone(), places: vec![place.clone()] };
        let all = [
            Action::List,
            Action::SeeConversation(&place),
            Action::SeeCustomer(&person),
            Action::SeeAnyCustomer,
            Action::Send(&place),
            Action::Assign(&place),
            Action::Manage(&place),
            Action::ManageCustomers,
            Action::Monitor,
            Action::Operate,
            Action::Measure,
            Action::ManageAccounts,
            Action::Audit,
        ];
        let count = |reach: &Reach, role| {
            let principal = Principal { reach: reach.clone(), ..somebody(role) };
            all.iter().filter(|action| may(&principal, **action)).count()
        };
        let at = |number| {
            let numbers = Some([PhoneNumberId::parse(number).unwrap()].into());
            Reach { numbers, ..Reach::EVERYTHING }
        };
        assert_eq!(Role::ALL.map(|role| count(&Reach::EVERYTHING, role)), [4, 6, 8, 9, 13]);
        assert_eq!(Role::ALL.map(|role| count(&at("1"), role)), [3, 5, 6, 7, 8]);
        assert_eq!(Role::ALL.map(|role| count(&at("2"), role)), [1, 1, 1, 2, 3]);
    }

    #[test]
    fn whoever_may_see_nothing_has_no_general_room() {
        let nobody = Principal { permissions: KeyScope::Metrics.permissions(), ..somebody(Role::Admin) };
        assert_eq!(general_scopes(&nobody), []);
        assert_eq!(general_scopes(&somebody(Role::Viewer)), [Scope::ALL]);
    }

    #[test]
    fn a_principal_id_is_safe_to_log() {
        for text in ["", "with space", "new\nline", &"x".repeat(200)] {
            assert_eq!(PrincipalId::parse(text), None);
        }
    }
}
