//! Who is signed in: found by the secret of the cookie, and kept while it is used.

use std::time::Duration;

use waypost_domain::{AccountSessionId, Principal, Timestamp};
use waypost_store::ReadError;
use waypost_store::accounts::{Alive, SecretDigest, SignedIn};

use super::{NoRights, People, rights};

/// How exactly it is kept when a session was used last: a write for each request would be one too many.
const SEEN_EVERY: Duration = Duration::from_mins(2);

impl People {
    /// Who is signed in with this secret.
    ///
    /// # Errors
    /// Where that cannot be looked up.
    pub(crate) async fn signed_in(&self, digest: &SecretDigest) -> Result<Option<SignedIn>, ReadError> {
        let found = self.accounts.find_session(digest, self.alive()).await?;
        if let Some(signed_in) = &found {
            self.note_use(signed_in).await;
        }
        Ok(found)
    }

    /// Who of these is still signed in, each as their account is now. Whoever is connected uses the session by that.
    ///
    /// # Errors
    /// Where that cannot be looked up.
    pub(crate) async fn still_signed_in(&self, ids: &[AccountSessionId]) -> Result<Vec<SignedIn>, ReadError> {
        let found = self.accounts.sessions_alive(ids, self.alive()).await?;
        for signed_in in &found {
            self.note_use(signed_in).await;
        }
        Ok(found)
    }

    /// What whoever is signed in may do.
    ///
    /// # Errors
    /// See [`NoRights`].
    pub(crate) fn rights(&self, signed_in: &SignedIn) -> Result<Principal, NoRights> {
        rights(signed_in, &self.settings.totp_roles)
    }

    /// Which sessions count.
    pub(crate) fn alive(&self) -> Alive {
        let now = self.clock.now();
        Alive { now, seen_after: before(now, self.settings.idle) }
    }

    async fn note_use(&self, signed_in: &SignedIn) {
        let now = self.clock.now();
        if signed_in.session.seen_at > before(now, SEEN_EVERY) {
            return;
        }
        if let Err(error) = self.accounts.touch_session(signed_in.session.id, now).await {
            tracing::warn!(%error, "the use of a session could not be noted; it may end earlier than it should");
        }
    }
}

fn before(now: Timestamp, time: Duration) -> Timestamp {
    now.plus_millis(-i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
