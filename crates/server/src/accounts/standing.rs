//! What whoever is signed in may do, as the account is now.

use waypost_domain::Responder;
use waypost_store::accounts::{SignedIn, TotpUse};

use super::PeopleSettings;
use crate::rights::Claimed;

/// Why whoever is signed in has no rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRights {
    /// The role wants one-time passwords, and the account has none.
    TotpMissing,
    /// The configuration has no such role any more.
    UnknownRole,
}

impl NoRights {
    /// For the person.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::TotpMissing => "set up one-time passwords first: the account's role wants them",
            Self::UnknownRole => "the account's role is none of ours and none of `auth.roles`",
        }
    }
}

/// What the account gives. The one place that decides this, for requests and live connections alike.
///
/// # Errors
/// See [`NoRights`].
pub(super) fn claimed(signed_in: &SignedIn, settings: &PeopleSettings) -> Result<Claimed, NoRights> {
    let account = &signed_in.account;
    if settings.totp_roles.contains(&account.role) && signed_in.totp == TotpUse::Off {
        return Err(NoRights::TotpMissing);
    }
    let rights = settings.roles.rights(&account.role).ok_or(NoRights::UnknownRole)?;
    let agent = Responder::parse(&account.id.to_string());
    Ok(Claimed { rights, agent, limits: account.limits.clone() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use waypost_domain::{
        Account, AccountId, AccountSessionId, AccountState, Limits, Login, PersonName, Role, RoleName, Sees,
        Timestamp,
    };
    use waypost_store::accounts::AccountSession;

    use super::*;
    use crate::accounts::FailureLimits;
    use crate::config::Roles;

    fn signed_in(role: RoleName, totp: TotpUse) -> SignedIn {
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
                limits: Limits::parse(None, Some(&["north".into()]), None).unwrap(),
            },
            totp,
        }
    }

    #[test]
    fn an_account_gives_what_its_role_and_limits_say_once_it_has_what_the_role_wants() {
        let settings = PeopleSettings {
            session: Duration::ZERO,
            idle: Duration::ZERO,
            roles: Roles::of("temp:read:own").unwrap(),
            totp_roles: vec![Role::Admin.into()],
            failures: FailureLimits {
                per_account: None,
                per_address: None,
                counts: crate::limits::LimitCounts::default(),
            },
        };
        let temp = RoleName::parse("temp").unwrap();
        for (role, totp, expected) in [
            (Role::Agent.into(), TotpUse::Off, Ok(Sees::All)),
            (Role::Admin.into(), TotpUse::On, Ok(Sees::All)),
            (Role::Admin.into(), TotpUse::Off, Err(NoRights::TotpMissing)),
            (temp, TotpUse::Off, Ok(Sees::Own)),
            (RoleName::parse("gone").unwrap(), TotpUse::On, Err(NoRights::UnknownRole)),
        ] {
            let signed_in = signed_in(role, totp);
            let claimed = claimed(&signed_in, &settings);
            assert_eq!(claimed.as_ref().map(|claimed| claimed.rights.sees), expected.as_ref().copied());
            if let Ok(claimed) = claimed {
                assert_eq!(claimed.limits, signed_in.account.limits);
                assert!(
                    claimed.agent.is_some_and(|agent| agent.as_str() == signed_in.account.id.to_string())
                );
            }
        }
    }
}
