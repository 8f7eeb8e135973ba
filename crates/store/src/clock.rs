//! Time, given from outside so that tests own it.

use std::time::Duration;

use waypost_domain::Timestamp;

/// The two readings of time that the product needs.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// A clock that never goes back, from an arbitrary start; for durations.
    fn monotonic(&self) -> Duration;
}
