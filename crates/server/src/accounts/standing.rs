//! What whoever is signed in may do, as the account is now.

use waypost_domain::{Principal, Role};
use waypost_store::accounts::{SignedIn, TotpUse};

/// Why whoever is signed in has no rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRights {
    /// The role wants one-time passwords, and the account has none.
    TotpMissing,
    /// The account is held to numbers, teams or customers.
    Held,
}

impl NoRights {
    /// For the person.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::TotpMissing => "set up one-time passwords first: the account's role wants them",
            // What an account is held to is not enforced yet: it is refused, never taken for more than it says.
            Self::Held => {
                "the account is held to numbers, teams or customers, which this version cannot do yet"
            }
        }
    }
}

/// Who it is, if the account gives any rights just now. The one place that decides this, for requests and live connections
/// alike.
///
/// # Errors
/// See [`NoRights`].
pub(crate) fn rights(signed_in: &SignedIn, totp_roles: &[Role]) -> Result<Principal, NoRights> {
    let account = &signed_in.account;
    if !account.reach.is_everything() {
        return Err(NoRights::Held);
    }
    if totp_roles.contains(&account.role) && signed_in.totp == TotpUse::Off {
        return Err(NoRights::TotpMissing);
    }
    Ok(Principal::with_role(account.principal_id(), account.role))
}

#[cfg(test)]
mod tests {
    use waypost_domain::{
        Account, AccountId, AccountReach, AccountSessionId, AccountState, Login, PersonName, Timestamp,
    };
    use waypost_store::accounts::AccountSession;

    use super::*;

    fn signed_in(role: Role, totp: TotpUse, reach: AccountReach) -> SignedIn {
        let at = Timestamp::from_millis(1);
        SignedIn {
            session: AccountSession {
                id: AccountSessionId::from_parts(at, 1),
                agent: None,
                created_at: at,
                seen_at: at,
                expires_at: at,
            },
            account: Account {
                id: AccountId::from_parts(at, 1),
                login: Login::parse("ann").unwrap(),
                name: PersonName::parse("Ann").unwrap(),
                role,
                state: AccountState::Active,
                reach,
            },
            totp,
        }
    }

    #[test]
    fn an_account_gives_rights_unless_it_is_held_or_lacks_what_its_role_wants() {
        let wanted = [Role::Admin];
        let all = AccountReach::default();
        let held = AccountReach { teams: Some(Vec::new()), ..AccountReach::default() };
        for (role, totp, reach, expected) in [
            (Role::Agent, TotpUse::Off, &all, None),
            (Role::Admin, TotpUse::On, &all, None),
            (Role::Admin, TotpUse::Off, &all, Some(NoRights::TotpMissing)),
            (Role::Agent, TotpUse::On, &held, Some(NoRights::Held)),
        ] {
            let rights = rights(&signed_in(role, totp, reach.clone()), &wanted);
            assert_eq!(rights.as_ref().err(), expected.as_ref());
            assert!(rights.is_err() || rights.is_ok_and(|may| may.permissions == role.permissions()));
        }
    }
}
