//! Who is signed in: found by the secret of the cookie, and kept while it is used.

use std::time::Duration;

use waypost_domain::{AccountSessionId, RoleName, Timestamp};
use waypost_store::ReadError;
use waypost_store::accounts::{Alive, SecretDigest, SignedIn};

use super::People;
use super::standing::{NoRights, claimed};
use crate::rights::Claimed;

/// How exactly it is kept when a session was used last: a write for each request would be one too many.
const SEEN_EVERY: Duration = Duration::from_mins(2);

impl People {
    /// Who is signed in with this secret.
    ///
    /// # Errors
    /// Where that cannot be looked up.
    pub(crate) async fn signed_in(&self, digest: &SecretDigest) -> Result<Option<SignedIn>, ReadError> {
        let found = self.accounts.find_session(digest, self.alive()).await?;
        if let Some(signed_in) = &found
            && let Err(error) = self.note_use(std::slice::from_ref(signed_in)).await
        {
            tracing::debug!(%error, "the use of a session could not be noted; it may end earlier than it should");
        }
        Ok(found)
    }

    /// Who of these is still signed in, each as their account is now.
    ///
    /// # Errors
    /// Where that cannot be looked up.
    pub(crate) async fn still_signed_in(&self, ids: &[AccountSessionId]) -> Result<Vec<SignedIn>, ReadError> {
        self.accounts.sessions_alive(ids, self.alive()).await
    }

    /// Notes that these sessions are used, where that was not noted for a while.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub(crate) async fn note_use(&self, used: &[SignedIn]) -> Result<(), ReadError> {
        let now = self.clock.now();
        let noted_before = before(now, SEEN_EVERY);
        let due = used.iter().map(|one| &one.session).filter(|session| session.seen_at <= noted_before);
        let due: Vec<_> = due.map(|session| session.id).collect();
        if due.is_empty() { Ok(()) } else { self.accounts.touch_sessions(&due, now).await }
    }

    /// What the account of whoever is signed in gives.
    ///
    /// # Errors
    /// See [`NoRights`].
    pub(crate) fn claimed(&self, signed_in: &SignedIn) -> Result<Claimed, NoRights> {
        claimed(signed_in, &self.settings)
    }

    /// The role of this name, if there is one that an account can have.
    pub(crate) fn role(&self, name: &str) -> Option<RoleName> {
        RoleName::parse(name).filter(|role| self.settings.roles.rights(role).is_some())
    }

    /// Which sessions count.
    pub(crate) fn alive(&self) -> Alive {
        let now = self.clock.now();
        Alive { now, seen_after: before(now, self.settings.idle) }
    }
}

fn before(now: Timestamp, time: Duration) -> Timestamp {
    now.plus_millis(-i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
