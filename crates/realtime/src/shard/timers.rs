//! The one timer structure of a shard.

use super::ready::ConnectionSlot;
use std::collections::BTreeSet;
use waypost_wire::session::Millis;

/// Each connection's next deadline. A deadline that moves away stays where it is: it fires, finds nothing due, and
/// is set anew, which is cheaper than moving it at every heartbeat.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Millis, ConnectionSlot)>);

impl Timers {
    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Millis> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes out a connection whose deadline has come.
    pub(crate) fn pop(&mut self, now: Millis) -> Option<ConnectionSlot> {
        let first = *self.0.first()?;
        if first.0 > now {
            return None;
        }
        self.0.remove(&first);
        Some(first.1)
    }

    /// Makes sure that `slot` fires at `at` or before; `set` is where it stands now.
    pub(crate) fn bring_forward(&mut self, slot: ConnectionSlot, set: &mut Option<Millis>, at: Millis) {
        if set.is_some_and(|set| set <= at) {
            return;
        }
        self.cancel(slot, *set);
        self.0.insert((at, slot));
        *set = Some(at);
    }

    pub(crate) fn cancel(&mut self, slot: ConnectionSlot, set: Option<Millis>) {
        if let Some(set) = set {
            self.0.remove(&(set, slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_comes_forward_and_never_goes_back() {
        let mut timers = Timers::default();
        let (mut a, mut b) = (None, None);
        timers.bring_forward(1, &mut a, 50);
        timers.bring_forward(2, &mut b, 40);
        timers.bring_forward(1, &mut a, 30);
        timers.bring_forward(1, &mut a, 90);
        assert_eq!((timers.next(), a), (Some(30), Some(30)));
        assert_eq!(timers.pop(29), None);
        assert_eq!(timers.pop(60), Some(1));
        timers.cancel(2, b);
        assert_eq!(timers.next(), None);
    }
}
