//! Passwords: Argon2id with OWASP's parameters, a few at a time, on threads that may block.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use waypost_store::accounts::PasswordHash;

/// How many are computed at the same time: each takes [`MEMORY_KIB`].
const AT_ONCE_MAX: usize = 4;
/// How long one waits for its turn. It takes some 30 ms, so that whoever waits longer stands in a flood.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// OWASP, Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Computes passwords. All clones share the places.
#[derive(Clone)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    /// That of nobody, for logins that nobody has: whoever tries one waits as long.
    nobodys: PasswordHash,
}

/// Too many passwords are being computed.
#[derive(Debug, thiserror::Error)]
#[error("too many people are signing in at once")]
pub(crate) struct Busy;

impl Passwords {
    pub(crate) fn new(random: [u8; 32]) -> Self {
        let nobodys = hash(&random, &random);
        Self { places: Arc::new(Semaphore::new(AT_ONCE_MAX)), nobodys }
    }

    /// What is stored of a password; `random` bits make it unlike anybody else's.
    ///
    /// # Errors
    /// Where too many are waiting.
    pub(crate) async fn hash(&self, password: &str, random: [u8; 32]) -> Result<PasswordHash, Busy> {
        let (password, place) = (password.to_owned(), self.turn().await?);
        let hashing = tokio::task::spawn_blocking(move || {
            // Held as long as the work takes, also where the caller has gone away.
            let _place = place;
            hash(password.as_bytes(), &random)
        });
        hashing.await.map_err(|_| Busy)
    }

    /// Whether it is the password; of nobody (`None`) it is none, which takes as long to find out.
    ///
    /// # Errors
    /// Where too many are waiting.
    pub(crate) async fn verify(&self, password: &str, known: Option<PasswordHash>) -> Result<Verdict, Busy> {
        let is_somebodys = known.is_some();
        let known = known.unwrap_or_else(|| self.nobodys.clone());
        let (password, place) = (password.to_owned(), self.turn().await?);
        let verifying = tokio::task::spawn_blocking(move || {
            let _place = place;
            // The parameters are those that stand in the hash.
            Phc::new(known.expose())
                .is_ok_and(|known| Argon2::default().verify_password(password.as_bytes(), &known).is_ok())
        });
        let is_right = verifying.await.map_err(|_| Busy)?;
        Ok(if is_right && is_somebodys { Verdict::Right } else { Verdict::Wrong })
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Busy> {
        let turn = Arc::clone(&self.places).acquire_owned();
        tokio::time::timeout(TURN_TIMEOUT, turn).await.map_err(|_| Busy)?.map_err(|_| Busy)
    }
}

/// Whether a password is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
}

fn hash(password: &[u8], random: &[u8; 32]) -> PasswordHash {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these are within Argon2's bounds");
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password, &random[..16])
        .expect("a salt of 16 bytes and a password of any length are within Argon2's bounds");
    PasswordHash::new(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_nobodys_is_never_right() {
        let passwords = Passwords::new([1; 32]);
        let known = passwords.hash("correct horse", [2; 32]).await.unwrap();
        assert!(known.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", known.expose());
        assert!(!format!("{known:?}").contains("argon2"));
        let other = passwords.hash("correct horse", [3; 32]).await.unwrap();
        assert_ne!(known, other);
        assert_eq!(passwords.verify("correct horse", Some(known.clone())).await.unwrap(), Verdict::Right);
        assert_eq!(passwords.verify("correct hors", Some(known)).await.unwrap(), Verdict::Wrong);
        assert_eq!(passwords.verify(&"\u{1}".repeat(32), None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_too_long_for_a_turn_is_sent_away() {
        let passwords = Passwords::new([1; 32]);
        let all = Arc::clone(&passwords.places).acquire_many_owned(4).await.unwrap();
        passwords.hash("correct horse", [2; 32]).await.unwrap_err();
        drop(all);
        assert_eq!(passwords.verify("any", None).await.unwrap(), Verdict::Wrong);
    }
}
