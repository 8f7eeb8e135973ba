//! Time that stands still until a test moves it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use waypost_domain::Timestamp;
use waypost_store::Clock;

/// A clock that a test sets. Both of its readings move together with [`advance`](ManualClock::advance); the wall clock
/// can also be set alone, backwards too, as an administrator may do.
#[derive(Debug)]
pub struct ManualClock {
    /// Both readings, under one lock so that a reader never sees one moved and the other not.
    readings: Mutex<Readings>,
}

#[derive(Clone, Copy, Debug)]
struct Readings {
    wall: Timestamp,
    monotonic: Duration,
}

impl ManualClock {
    /// A clock whose wall clock stands at `wall`, and whose monotonic reading is zero.
    #[must_use]
    pub const fn at(wall: Timestamp) -> Self {
        Self { readings: Mutex::new(Readings { wall, monotonic: Duration::ZERO }) }
    }

    /// Moves both readings on.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).expect("tests move less than 292 million years");
        let mut readings = self.readings();
        readings.wall = readings.wall.plus_millis(millis);
        readings.monotonic += by;
    }

    /// Sets the wall clock alone; the monotonic reading stays.
    pub fn set_wall(&self, wall: Timestamp) {
        self.readings().wall = wall;
    }

    fn readings(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.readings().wall
    }

    fn monotonic(&self) -> Duration {
        self.readings().monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readings_advance_together() {
        let clock = ManualClock::at(Timestamp::from_millis(1_000));
        clock.advance(Duration::from_millis(250));
        assert_eq!(clock.now(), Timestamp::from_millis(1_250));
        assert_eq!(clock.monotonic(), Duration::from_millis(250));
    }

    #[test]
    fn setting_the_wall_clock_back_does_not_turn_the_monotonic_one() {
        let clock = ManualClock::at(Timestamp::from_millis(1_000));
        clock.advance(Duration::from_secs(1));
        clock.set_wall(Timestamp::from_millis(5));
        assert_eq!(clock.now(), Timestamp::from_millis(5));
        assert_eq!(clock.monotonic(), Duration::from_secs(1));
    }
}
