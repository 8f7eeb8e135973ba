//! The data keys of a store, as far as they are known: those that values were sealed with, and the one for new values.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use waypost_domain::time::DAY_MS;
use waypost_store::data_keys::{Change, DataKeyId, WrappedKey};
use waypost_store::{Clock, DataKeys};
use zeroize::Zeroizing;

use super::envelope::{DataKey, key_of};
use super::master_key::{MasterId, MasterKey};
use super::{Place, SealingError};
use crate::clock::random_seed;

/// When a data key is used for nothing new any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyLimits {
    /// How often a key seals, all servers and starts together: as often as random nonces of 96 bits may be drawn for one key
    /// (NIST SP 800-38D, section 8.3).
    uses_max: u64,
    /// How old it becomes.
    age_ms_max: i64,
    /// How many uses are taken at a time, so that not every one costs a commit.
    uses_taken: u32,
}

const LIMITS: KeyLimits = KeyLimits { uses_max: 1 << 32, age_ms_max: 90 * DAY_MS, uses_taken: 64 };

/// Seals and opens by way of a master key.
pub(crate) struct Keyring {
    master: MasterKey,
    stored: DataKeys,
    clock: Arc<dyn Clock>,
    limits: KeyLimits,
    /// A short section: looking a key up, or noting it. There are no more than were stored, a few a year.
    known: Mutex<HashMap<DataKeyId, Arc<DataKey>>>,
    /// Held while the store is asked for a key: whoever else seals meanwhile needs the same one. Taken before `known`.
    current: tokio::sync::Mutex<Option<Current>>,
}

/// The key for new values.
struct Current {
    key: Arc<DataKey>,
    until_ms: i64,
    uses_left: u32,
}

impl Keyring {
    pub(crate) fn new(master: MasterKey, stored: DataKeys, clock: Arc<dyn Clock>) -> Self {
        Self::with_limits(master, stored, (clock, LIMITS))
    }

    fn with_limits(
        master: MasterKey,
        stored: DataKeys,
        (clock, limits): (Arc<dyn Clock>, KeyLimits),
    ) -> Self {
        Self {
            master,
            stored,
            clock,
            limits,
            known: Mutex::default(),
            current: tokio::sync::Mutex::default(),
        }
    }

    /// Seals a value for its place.
    ///
    /// # Errors
    /// See [`SealingError`].
    pub(crate) async fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealingError> {
        self.use_current().await?.seal(place, plain)
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// See [`SealingError`].
    pub(crate) async fn open(
        &self,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        let id = key_of(sealed).ok_or(SealingError::Broken)?;
        if let Some(key) = self.find_known(&id) {
            return key.open(place, sealed);
        }
        let stored = self.stored.find(&id).await?.ok_or(SealingError::Broken)?;
        self.unwrap_key(&stored)?.open(place, sealed)
    }

    fn find_known(&self, id: &DataKeyId) -> Option<Arc<DataKey>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn unwrap_key(&self, stored: &WrappedKey) -> Result<Arc<DataKey>, SealingError> {
        let (wanted, present) = (MasterId::of(stored), self.master.id());
        if wanted != present {
            return Err(SealingError::OtherMasterKey { wanted, present });
        }
        let key = self.master.unwrap_key(&stored.id, &stored.wrapped)?;
        Ok(self.note(DataKey::new(stored.id, &key)))
    }

    fn note(&self, key: DataKey) -> Arc<DataKey> {
        let key = Arc::new(key);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key.id, Arc::clone(&key));
        key
    }

    /// The key for one new value.
    async fn use_current(&self) -> Result<Arc<DataKey>, SealingError> {
        let mut current = self.current.lock().await;
        let now_ms = self.clock.now().as_millis();
        if let Some(current) = current.as_mut().filter(|current| now_ms < current.until_ms)
            && let Some(left) = current.uses_left.checked_sub(1)
        {
            current.uses_left = left;
            return Ok(Arc::clone(&current.key));
        }
        let (key, created_ms) = match self.take_stored(now_ms).await? {
            Some(found) => found,
            None => self.make(now_ms).await?,
        };
        *current = Some(Current {
            key: Arc::clone(&key),
            until_ms: created_ms + self.limits.age_ms_max,
            uses_left: self.limits.uses_taken - 1,
        });
        Ok(key)
    }

    /// The newest key that is good for further uses, and when it was made.
    async fn take_stored(&self, now_ms: i64) -> Result<Option<(Arc<DataKey>, i64)>, SealingError> {
        let KeyLimits { uses_max, age_ms_max, uses_taken } = self.limits;
        for stored in self.stored.list().await? {
            let (created_ms, known) = (stored.created_at.as_millis(), self.find_known(&stored.id));
            let (wanted, present) = (MasterId::of(&stored), self.master.id());
            if wanted != present && known.is_some() {
                // It was ours: another master key has taken the place of ours, and what we would make under that would open
                // for nobody after the next start.
                return Err(SealingError::OtherMasterKey { wanted, present });
            }
            if wanted != present || now_ms >= created_ms + age_ms_max {
                continue;
            }
            if self.stored.take_uses(&stored.id, (uses_taken, uses_max)).await? == Change::Done {
                let key = known.map_or_else(|| self.unwrap_key(&stored), Ok)?;
                return Ok(Some((key, created_ms)));
            }
        }
        Ok(None)
    }

    async fn make(&self, now_ms: i64) -> Result<(Arc<DataKey>, i64), SealingError> {
        let random = || random_seed().map(Zeroizing::new).map_err(|_| SealingError::Failed);
        let (id, key) = (random()?, random()?);
        let id: DataKeyId = *id.first_chunk().expect("16 of 32 bytes");
        let stored = WrappedKey {
            id,
            wrapped: self.master.wrap(&id, &key)?,
            wrapped_by: self.master.id_bytes(),
            created_at: waypost_domain::Timestamp::from_millis(now_ms),
        };
        self.stored.insert(&stored, self.limits.uses_taken).await?;
        tracing::info!(master_key.id = %self.master.id(), "a new key for what is stored was made");
        Ok((self.note(DataKey::new(id, &key)), now_ms))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use waypost_domain::Timestamp;
    use waypost_store::{Accounts, Place as StorePlace};

    use super::super::rotation::{Rotated, rotate};
    use super::*;

    const PLACE: Place<'_> = Place { table: "accounts", row: b"acc_1", column: "totp" };

    #[derive(Default)]
    struct StillClock(AtomicI64);

    impl Clock for StillClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    struct Ground {
        stored: DataKeys,
        clock: Arc<StillClock>,
        _folder: tempfile::TempDir,
    }

    impl Ground {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let accounts = Accounts::open(&StorePlace::Directory(folder.path().into())).await.unwrap();
            Self { stored: DataKeys::beside(accounts), clock: Arc::default(), _folder: folder }
        }

        fn ring(&self, master: u8) -> Keyring {
            let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
            let limits = KeyLimits { uses_max: 10, age_ms_max: 1_000, uses_taken: 4 };
            Keyring::with_limits(key(master), self.stored.clone(), (clock, limits))
        }

        async fn keys(&self) -> usize {
            self.stored.list().await.unwrap().len()
        }
    }

    fn key(n: u8) -> MasterKey {
        MasterKey::of_random(&[n; 32]).0
    }

    #[tokio::test]
    async fn what_one_ring_seals_another_of_the_same_master_opens() {
        let ground = Ground::new().await;
        let sealed = ground.ring(1).seal(PLACE, b"secret").await.unwrap();
        let again = ground.ring(1);
        for _ in 0..2 {
            assert_eq!(**again.open(PLACE, &sealed).await.unwrap(), *b"secret");
        }
        let elsewhere = again.open(Place { row: b"acc_2", ..PLACE }, &sealed).await;
        assert!(matches!(elsewhere, Err(SealingError::Broken)));
        assert!(matches!(again.open(PLACE, b"20 bytes, not sealed").await, Err(SealingError::Broken)));
    }

    #[tokio::test]
    async fn another_master_key_is_told_which_one_is_wanted() {
        let ground = Ground::new().await;
        let sealed = ground.ring(1).seal(PLACE, b"secret").await.unwrap();
        let other = ground.ring(2);
        let Err(SealingError::OtherMasterKey { wanted, present }) = other.open(PLACE, &sealed).await else {
            panic!("it was opened")
        };
        assert_eq!((wanted, present), (key(1).id(), key(2).id()));
        // What it seals itself is under a key of its own.
        let own = other.seal(PLACE, b"own").await.unwrap();
        assert_eq!(**other.open(PLACE, &own).await.unwrap(), *b"own");
        assert_eq!(ground.keys().await, 2);
    }

    #[tokio::test]
    async fn a_data_key_is_used_so_often_by_all_together_and_then_there_is_a_new_one() {
        let ground = Ground::new().await;
        let (one, other) = (ground.ring(1), ground.ring(1));
        for _ in 0..4 {
            one.seal(PLACE, b"").await.unwrap();
            other.seal(PLACE, b"").await.unwrap();
        }
        assert_eq!(ground.keys().await, 1, "4 and 4 of 10 uses");
        one.seal(PLACE, b"").await.unwrap();
        assert_eq!(ground.keys().await, 2, "there is no room for 4 more");
    }

    #[tokio::test]
    async fn a_data_key_seals_nothing_new_when_it_is_old_and_still_opens() {
        let ground = Ground::new().await;
        let ring = ground.ring(1);
        let sealed = ring.seal(PLACE, b"secret").await.unwrap();
        ground.clock.0.store(999, Ordering::SeqCst);
        ring.seal(PLACE, b"").await.unwrap();
        assert_eq!(ground.keys().await, 1);
        ground.clock.0.store(1_000, Ordering::SeqCst);
        let later = ring.seal(PLACE, b"").await.unwrap();
        assert_ne!(key_of(&later), key_of(&sealed));
        assert_eq!(ground.keys().await, 2);
        assert_eq!(**ground.ring(1).open(PLACE, &sealed).await.unwrap(), *b"secret");
    }

    #[tokio::test]
    async fn what_is_sealed_opens_by_the_new_master_key_after_a_rotation_and_no_longer_by_the_old() {
        let ground = Ground::new().await;
        let running = ground.ring(1);
        let sealed = running.seal(PLACE, b"secret").await.unwrap();
        ground.ring(3).seal(PLACE, b"a stranger's").await.unwrap();
        let rotated = rotate(&ground.stored, &key(1), &key(2)).await.unwrap();
        assert_eq!(rotated, Rotated { wrapped: 1, others: 1 });
        assert_eq!(**ground.ring(2).open(PLACE, &sealed).await.unwrap(), *b"secret");
        assert!(matches!(
            ground.ring(1).open(PLACE, &sealed).await,
            Err(SealingError::OtherMasterKey { .. })
        ));
        assert_eq!(**running.open(PLACE, &sealed).await.unwrap(), *b"secret", "it knows the data key");
        for _ in 1..4 {
            running.seal(PLACE, b"").await.unwrap();
        }
        // It makes no further data key under the master key whose time is over.
        let late = running.seal(PLACE, b"").await;
        assert!(matches!(late, Err(SealingError::OtherMasterKey { .. })));
        assert_eq!(ground.keys().await, 2);
        let again = rotate(&ground.stored, &key(1), &key(2)).await.unwrap();
        assert_eq!(again, Rotated { wrapped: 0, others: 1 });
    }
}
