//! Buckets of `governor`, on the server's clock.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{InsufficientCapacity, NotUntil, Quota, RateLimiter};
use waypost_store::Clock;

/// Who has done nothing for so long may do as much at once as is allowed in that time.
const BURST_SECONDS: u32 = 10;
/// Clients that one limit counts at a time. At it, those are forgotten whose bucket is full again; where that does not halve
/// them, all are: what so many do together is bounded by the tables of connections, not by how often each may come.
const KEYS_MAX: usize = 100_000;

/// How often something may be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate(Quota);

impl Rate {
    /// So often, and [`BURST_SECONDS`] as often at once.
    pub(super) fn per_second(times: usize) -> Self {
        let times = u32::try_from(times).unwrap_or(u32::MAX / BURST_SECONDS);
        let times = NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN);
        Self::with_burst(times, times.saturating_mul(BURST))
    }

    pub(super) const fn with_burst(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self(Quota::per_second(per_second).allow_burst(burst))
    }

    /// As much as may be done at once.
    fn burst(self) -> NonZeroU32 {
        self.0.burst_size()
    }
}

const BURST: NonZeroU32 = NonZeroU32::new(BURST_SECONDS).expect("the burst is longer than nothing");

/// The server's clock, as `governor` reads it.
#[derive(Clone)]
pub(super) struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// What one may do.
pub(super) struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
    rate: Rate,
}

impl Bucket {
    pub(super) fn new(rate: Rate, clock: &Arc<dyn Clock>) -> Self {
        Self { limiter: RateLimiter::direct_with_clock(rate.0, Ticks(Arc::clone(clock))), rate }
    }

    /// Does it once.
    ///
    /// # Errors
    /// For how long to wait; nothing was taken then.
    pub(super) fn take(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|not_until| self.wait(&not_until))
    }

    /// Does it so often, all or nothing. More than may be done at once counts as just that much.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(super) fn take_many(&self, times: usize) -> Result<(), Duration> {
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        let Some(times) = NonZeroU32::new(times) else { return Ok(()) };
        match self.limiter.check_n(times.min(self.rate.burst())) {
            Ok(taken) => taken.map_err(|not_until| self.wait(&not_until)),
            Err(InsufficientCapacity(_)) => Ok(()),
        }
    }

    fn wait(&self, not_until: &NotUntil<Duration>) -> Duration {
        not_until.wait_time_from(self.limiter.clock().now())
    }
}

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, Ticks, NoOpMiddleware<Duration>>;

/// What each of many may do.
pub(super) struct Buckets<K: Clone + Eq + Hash> {
    rate: Rate,
    keys_max: usize,
    /// Read for a look at one bucket, which has a lock of its own; written for a moment when all of them are forgotten.
    limiter: RwLock<Keyed<K>>,
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    pub(super) fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        Self::with_keys_max(rate, clock, KEYS_MAX)
    }

    pub(super) fn with_keys_max(rate: Rate, clock: Arc<dyn Clock>, keys_max: usize) -> Self {
        let limiter = RwLock::new(RateLimiter::hashmap_with_clock(rate.0, Ticks(clock)));
        Self { rate, keys_max, limiter }
    }

    /// Does it once.
    ///
    /// # Errors
    /// For how long to wait; nothing was taken then.
    pub(super) fn take(&self, key: &K) -> Result<(), Duration> {
        let limiter = self.limiter.read().unwrap_or_else(PoisonError::into_inner);
        let taken = limiter.check_key(key);
        let taken = taken.map_err(|not_until| not_until.wait_time_from(limiter.clock().now()));
        let is_full = limiter.len() >= self.keys_max;
        if is_full {
            limiter.retain_recent();
        }
        let stays_full = is_full && limiter.len() > self.keys_max / 2;
        drop(limiter);
        if stays_full {
            self.forget();
        }
        taken
    }

    /// Gives back the memory of those whose bucket is full again.
    pub(super) fn tend(&self) {
        let limiter = self.limiter.read().unwrap_or_else(PoisonError::into_inner);
        limiter.retain_recent();
        limiter.shrink_to_fit();
    }

    fn forget(&self) {
        let mut limiter = self.limiter.write().unwrap_or_else(PoisonError::into_inner);
        let afresh = RateLimiter::hashmap_with_clock(self.rate.0, limiter.clock().clone());
        *limiter = afresh;
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.limiter.read().unwrap().len()
    }
}
