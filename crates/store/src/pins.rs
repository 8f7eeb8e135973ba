//! What of the journal must not be pruned just now, because somebody is about to read it.
//!
//! Pruning wants to know one thing, the lowest position that is held. So positions are not kept one by one: those of
//! one second are kept as one, at the lowest of them, until the last of them is let go of or [`JOURNAL_HELD_MAX`] is
//! over. That is at most 301 of them, however many clients come back at the same time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::position::JOURNAL_HELD_MAX;

/// The positions that are held, and how far pruning has got. All clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins(
    /// Guards both for a look or an entry. Never held while the database works.
    Arc<Mutex<Kept>>,
);

#[derive(Debug, Default)]
struct Kept {
    by_second: BTreeMap<u64, Held>,
    /// Entries below this number are gone, or in a transaction that takes them out.
    doomed_below: u64,
}

/// What was asked for within one second.
#[derive(Debug)]
struct Held {
    lowest: u64,
    pins: usize,
}

/// Keeps a position, and everything after it, from being pruned.
#[derive(Debug)]
pub(crate) struct Pin {
    all: Pins,
    second: u64,
}

impl Pins {
    /// Keeps the entry `number` and all after it (number 0: everything), from `now` on; `None` where they are gone
    /// or just going.
    pub(crate) fn hold(&self, number: u64, now: Duration) -> Option<Pin> {
        let mut kept = self.kept();
        if number.max(1) < kept.doomed_below {
            return None;
        }
        let second = now.as_secs();
        let held = kept.by_second.entry(second).or_insert(Held { lowest: number, pins: 0 });
        held.lowest = held.lowest.min(number);
        held.pins += 1;
        Some(Pin { all: self.clone(), second })
    }

    /// Entries below this number are gone, or just going.
    pub(crate) fn doomed_below(&self) -> u64 {
        self.kept().doomed_below
    }

    /// Gives the entries below a number to whoever prunes: below `wanted`, or less where positions are held. From now
    /// on nobody can hold them, also if the transaction that takes them out is not committed.
    pub(crate) fn doom(&self, wanted: u64, now: Duration) -> u64 {
        let mut kept = self.kept();
        // What was asked for at the end of a second is held for its whole time.
        let oldest_second = now.saturating_sub(JOURNAL_HELD_MAX).as_secs();
        kept.by_second = kept.by_second.split_off(&oldest_second);
        let lowest_held = kept.by_second.values().map(|held| held.lowest).min();
        let below = lowest_held.map_or(wanted, |lowest| lowest.min(wanted));
        kept.doomed_below = kept.doomed_below.max(below);
        below
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut kept = self.all.kept();
        // One that was held for too long is there no more.
        if let Some(held) = kept.by_second.get_mut(&self.second) {
            held.pins -= 1;
            if held.pins == 0 {
                kept.by_second.remove(&self.second);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pruning_stops_before_the_lowest_that_is_held() {
        let pins = Pins::default();
        let low = pins.hold(5, SECOND);
        let high = pins.hold(9, SECOND * 2);
        assert_eq!(pins.doom(20, SECOND * 2), 5);
        drop(low);
        assert_eq!(pins.doom(20, SECOND * 2), 9);
        drop(high);
        assert_eq!(pins.doom(20, SECOND * 2), 20);
    }

    #[test]
    fn what_is_going_cannot_be_held_any_more() {
        let pins = Pins::default();
        assert_eq!(pins.doom(10, SECOND), 10);
        assert!([0, 1, 9].iter().all(|&number| pins.hold(number, SECOND).is_none()));
        assert!(pins.hold(10, SECOND).is_some());
    }

    #[test]
    fn the_position_before_the_first_entry_keeps_everything() {
        let pins = Pins::default();
        let _all = pins.hold(0, SECOND);
        assert_eq!(pins.doom(10, SECOND), 0);
        assert!(pins.hold(1, SECOND).is_some());
    }

    #[test]
    fn one_that_is_forgotten_is_let_go_of_after_its_time_and_not_before() {
        let pins = Pins::default();
        let asked_at = Duration::from_millis(1_999);
        let forgotten = pins.hold(5, asked_at);
        assert_eq!(pins.doom(20, asked_at + JOURNAL_HELD_MAX), 5);
        assert_eq!(pins.doom(20, asked_at + JOURNAL_HELD_MAX + SECOND), 20);
        drop(forgotten);
    }

    #[test]
    fn any_number_of_positions_takes_bounded_room() {
        let pins = Pins::default();
        let mut held = Vec::new();
        for millis in (0..1_000_000).step_by(10) {
            held.extend(pins.hold(1 + millis, Duration::from_millis(millis)));
            pins.doom(0, Duration::from_millis(millis));
        }
        assert_eq!(held.len(), 100_000);
        assert!(pins.kept().by_second.len() <= 301);
    }
}
