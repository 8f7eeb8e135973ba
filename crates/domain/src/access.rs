//! Who may do what: one policy for REST, rooms, replay and media alike.

use std::fmt;

use crate::event::Scope;
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
    /// What it was given.
    pub role: Role,
}

/// What a principal was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything: the bearer of an API key, or the person at the machine in anonymous mode.
    Owner,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// See the messages and statuses of one customer.
    SeeCustomer(CustomerId),
    /// Wait for, or look for, a customer by a name.
    SeeAnyCustomer,
    /// Send to a customer, from one of our numbers.
    Send {
        /// The number, as `phone_number_id`.
        number: &'a str,
    },
    /// Say who customers are: names of other systems, and who is one with whom.
    ManageCustomers,
    /// Say who answers a customer's conversations.
    Assign(CustomerId),
    /// Change what everybody sees of a customer's conversations.
    Manage(CustomerId),
    /// See who connects and leaves.
    Monitor,
    /// Look after the server: its numbers, and what it could not understand.
    Operate,
}

/// Whether `principal` may do `action`.
#[must_use]
pub fn may(principal: &Principal, action: Action<'_>) -> bool {
    match (principal.role, action) {
        (
            Role::Owner,
            Action::SeeCustomer(_)
            | Action::SeeAnyCustomer
            | Action::Send { .. }
            | Action::ManageCustomers
            | Action::Assign(_)
            | Action::Manage(_)
            | Action::Monitor
            | Action::Operate,
        ) => true,
    }
}

/// The policy as a filter: the scopes that the general room stands for, for this principal.
#[must_use]
pub fn general_scopes(principal: &Principal) -> Vec<Scope> {
    match principal.role {
        Role::Owner => vec![Scope::All],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_sees_everything() {
        let owner = Principal { id: PrincipalId::parse("key:1").unwrap(), role: Role::Owner };
        assert!(may(&owner, Action::Monitor));
        assert_eq!(general_scopes(&owner), [Scope::All]);
    }

    #[test]
    fn a_principal_id_is_safe_to_log() {
        for text in ["", "with space", "new\nline", &"x".repeat(200)] {
            assert_eq!(PrincipalId::parse(text), None);
        }
    }
}
