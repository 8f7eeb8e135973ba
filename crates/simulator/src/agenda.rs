//! What will happen, in order of time.

use std::collections::BTreeMap;
use std::time::Duration;

/// A time-ordered queue with a limit. What has the same moment comes out in the order in which it went in.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    items: BTreeMap<(Duration, u64), T>,
    items_max: usize,
    planned: u64,
    dropped: u64,
}

impl<T> Agenda<T> {
    /// An empty agenda for at most `items_max` items.
    pub(crate) const fn new(items_max: usize) -> Self {
        Self { items: BTreeMap::new(), items_max, planned: 0, dropped: 0 }
    }

    /// Notes `item` for the moment `at`. At the limit the new item is dropped and counted: what was promised
    /// first is kept.
    pub(crate) fn plan(&mut self, at: Duration, item: T) {
        if self.items.len() >= self.items_max {
            self.dropped += 1;
            return;
        }
        self.items.insert((at, self.planned), item);
        self.planned += 1;
    }

    /// When the first item is due.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.items.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first item.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.items.pop_first().map(|(_, item)| item)
    }

    /// How many items were dropped.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_of_time_then_of_planning() {
        let mut agenda = Agenda::new(10);
        for (at, item) in [(2, 'c'), (1, 'a'), (2, 'd'), (1, 'b')] {
            agenda.plan(Duration::from_secs(at), item);
        }
        assert_eq!(std::iter::from_fn(|| agenda.pop()).collect::<String>(), "abcd");
    }

    #[test]
    fn at_the_limit_the_newest_is_dropped_and_counted() {
        let mut agenda = Agenda::new(1);
        agenda.plan(Duration::from_secs(2), "kept");
        agenda.plan(Duration::from_secs(1), "dropped");
        assert_eq!((agenda.next_at(), agenda.dropped()), (Some(Duration::from_secs(2)), 1));
        assert_eq!((agenda.pop(), agenda.pop()), (Some("kept"), None));
    }
}
