//! What people do with their accounts, one verb a file: sign in, use a link, change a password, ask for one-time passwords;
//! and what administrators do with those of others.
//!
//! Deliberately absent: HTTP and cookies (`http/`), SQL (`store`). Time comes from the server's clock, secrets from one seeded
//! source. No login, name, password, link or code is ever logged: only the ids of accounts.
//!
//! Start reading at `sign_in.rs`, then `standing.rs`: what whoever is signed in may do.

mod failures;
mod first_admin;
mod invite;
mod keeping;
mod links;
mod password;
mod passwords;
pub(crate) mod secret;
mod session;
mod sign_in;
mod standing;
#[cfg(test)]
mod tests;
mod totp;
mod two_steps;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use waypost_domain::{AccountId, AccountSessionId, RoleName, Timestamp};
use waypost_store::accounts::ACCOUNTS_MAX;
use waypost_store::{Accounts, Clock, IdSource};

pub(crate) use failures::FailureLimits;
pub(crate) use first_admin::{FIRST_LINK_MINUTES, first_admin_link};
pub(crate) use invite::{InviteError, Invited, NewPerson, reset_link};
pub(crate) use keeping::TotpKeeping;
pub(crate) use links::{NewPassword, UseLinkError};
pub(crate) use password::{ChangePasswordError, PasswordChange};
pub(crate) use secret::Secret256;
pub(crate) use sign_in::{NewSession, SignIn, SignInError};
pub(crate) use standing::NoRights;
pub(crate) use two_steps::TwoStepsError;

use failures::Failures;
use passwords::Passwords;

use crate::config::Roles;

/// The accounts of people, and what signing in takes.
pub(crate) struct People {
    pub(crate) accounts: Accounts,
    totps: TotpKeeping,
    clock: Arc<dyn Clock>,
    settings: PeopleSettings,
    passwords: Passwords,
    failures: Failures,
    /// A short section: drawing an id or a secret.
    ids: Mutex<IdSource>,
}

/// The settings of accounts.
#[derive(Clone, Debug)]
pub(crate) struct PeopleSettings {
    /// How long one stays signed in.
    pub(crate) session: Duration,
    /// How long one stays signed in without doing anything.
    pub(crate) idle: Duration,
    /// Which roles there are.
    pub(crate) roles: Roles,
    /// Who has to have one-time passwords.
    pub(crate) totp_roles: Vec<RoleName>,
    pub(crate) failures: FailureLimits,
}

impl People {
    pub(crate) fn new(
        (accounts, totps): (Accounts, TotpKeeping),
        settings: PeopleSettings,
        clock: Arc<dyn Clock>,
        seed: [u8; 32],
    ) -> Self {
        let mut ids = IdSource::new(seed);
        Self {
            accounts,
            totps,
            clock,
            passwords: Passwords::new(ids.random_key()),
            failures: Failures::new(settings.failures.clone()),
            settings,
            ids: Mutex::new(ids),
        }
    }

    /// How long one stays signed in.
    pub(crate) fn session_time(&self) -> Duration {
        self.settings.session
    }

    fn random(&self) -> [u8; 32] {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).random_key()
    }

    fn new_account_id(&self, now: Timestamp) -> AccountId {
        let (at, bits) = self.ids.lock().unwrap_or_else(PoisonError::into_inner).next_parts(now);
        AccountId::from_parts(at, bits)
    }

    fn new_session_id(&self, now: Timestamp) -> AccountSessionId {
        let (at, bits) = self.ids.lock().unwrap_or_else(PoisonError::into_inner).next_parts(now);
        AccountSessionId::from_parts(at, bits)
    }
}

/// A time after another.
fn after(now: Timestamp, time: Duration) -> Timestamp {
    now.plus_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// How many accounts there may be, for whoever is refused one.
pub(crate) const fn accounts_max() -> i64 {
    ACCOUNTS_MAX
}
