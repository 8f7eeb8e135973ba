//! Who may do what: one policy for REST, rooms, replay and media alike.

mod permission;
mod role;

use std::fmt;

pub use permission::{Permission, Permissions};
pub use role::{KeyScope, Role};

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
    /// What it may do.
    pub permissions: Permissions,
}

impl Principal {
    /// Somebody with a role.
    #[must_use]
    pub const fn with_role(id: PrincipalId, role: Role) -> Self {
        Self { id, permissions: role.permissions() }
    }
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
    /// Read what the server counts.
    Measure,
}

impl Action<'_> {
    /// The permission without which nobody may.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::SeeCustomer(_) | Self::SeeAnyCustomer => Permission::Read,
            Self::Send { .. } => Permission::Send,
            Self::Assign(_) => Permission::Assign,
            Self::ManageCustomers | Self::Manage(_) => Permission::Manage,
            Self::Monitor => Permission::Monitor,
            Self::Operate => Permission::Operate,
            Self::Measure => Permission::Metrics,
        }
    }
}

/// Whether `principal` may do `action`.
#[must_use]
pub const fn may(principal: &Principal, action: Action<'_>) -> bool {
    principal.permissions.contains(action.permission())
}

/// The policy as a filter: the scopes that the general room stands for, for this principal; none for whoever may see
/// nothing.
#[must_use]
pub fn general_scopes(principal: &Principal) -> Vec<Scope> {
    if principal.permissions.contains(Permission::Read) { vec![Scope::All] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody(role: Role) -> Principal {
        Principal::with_role(PrincipalId::parse("user:1").unwrap(), role)
    }

    #[test]
    fn a_role_may_what_its_permissions_say() {
        let customer = CustomerId::from_bytes([1; 16]);
        let all = [
            Action::SeeCustomer(customer),
            Action::SeeAnyCustomer,
            Action::Send { number: "1" },
            Action::Assign(customer),
            Action::Manage(customer),
            Action::ManageCustomers,
            Action::Monitor,
            Action::Operate,
            Action::Measure,
        ];
        let count = |role| all.iter().filter(|action| may(&somebody(role), **action)).count();
        assert_eq!(Role::ALL.map(count), [2, 4, 7, 9]);
    }

    #[test]
    fn whoever_may_see_nothing_has_no_general_room() {
        let id = PrincipalId::parse("key:1").unwrap();
        let nobody = Principal { id, permissions: KeyScope::Metrics.permissions() };
        assert_eq!(general_scopes(&nobody), []);
        assert_eq!(general_scopes(&somebody(Role::Viewer)), [Scope::All]);
    }

    #[test]
    fn a_principal_id_is_safe_to_log() {
        for text in ["", "with space", "new\nline", &"x".repeat(200)] {
            assert_eq!(PrincipalId::parse(text), None);
        }
    }
}
