//! The last published events, which every connection's queue points into.

use crate::frame::Published;
use std::collections::VecDeque;
use std::sync::Arc;

/// The newest events without a gap, by their numbers.
#[derive(Debug)]
pub(crate) struct Ring {
    events_max: usize,
    bytes_max: usize,
    bytes: usize,
    /// The number of the oldest event that is kept; while there is none, of the next one.
    first: u64,
    events: VecDeque<Arc<Published>>,
}

impl Ring {
    /// A ring whose next event will have the number `next`.
    pub(crate) fn new(events_max: usize, bytes_max: usize, next: u64) -> Ring {
        Ring { events_max, bytes_max, bytes: 0, first: next, events: VecDeque::new() }
    }

    /// Keeps `event`, and lets the oldest go until both limits hold; `event` itself always stays.
    ///
    /// # Panics
    /// When its number is not the next one: what was left out would be missed by everybody, in silence.
    pub(crate) fn push(&mut self, event: Arc<Published>) {
        assert_eq!(event.event.offset.number, self.last() + 1, "a ring has no gap");
        self.bytes += body_bytes(&event);
        self.events.push_back(event);
        while self.events.len() > 1 && (self.events.len() > self.events_max || self.bytes > self.bytes_max) {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= body_bytes(&oldest);
                self.first += 1;
            }
        }
    }

    /// The number of the last event that was published.
    pub(crate) fn last(&self) -> u64 {
        self.first + self.events.len() as u64 - 1
    }

    /// The event with this number, unless it is gone or not there yet.
    pub(crate) fn event(&self, number: u64) -> Option<&Published> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.events.get(at).map(Arc::as_ref)
    }

    /// Whether every event after the number `position` is here.
    pub(crate) fn has_all_after(&self, position: u64) -> bool {
        position + 1 >= self.first
    }
}

fn body_bytes(event: &Published) -> usize {
    event.event.body.as_bytes().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JournalEvent, JsonObject, Offset};

    fn event(number: u64, body_bytes: usize) -> Arc<Published> {
        let body = format!("{{\"a\":\"{}\"}}", "x".repeat(body_bytes - 8));
        let event = JournalEvent {
            offset: Offset { number, text: number.to_string().into() },
            name: "e".into(),
            body: JsonObject::new(body).unwrap(),
            scopes: Vec::new(),
            except: Vec::new(),
            mask: |_, body| body.clone(),
        };
        Arc::new(Published::new(event, 1))
    }

    #[test]
    fn the_oldest_go_by_number_and_by_bytes() {
        let mut ring = Ring::new(3, 100, 11);
        assert!((ring.last(), ring.has_all_after(10), ring.has_all_after(9)) == (10, true, false));
        for number in 11..=14 {
            ring.push(event(number, 10));
        }
        assert!(ring.event(11).is_none() && ring.event(15).is_none());
        assert_eq!(ring.event(12).unwrap().event.offset.number, 12);
        ring.push(event(15, 95));
        assert!(ring.event(13).is_none() && ring.event(14).is_none());
        ring.push(event(16, 500));
        assert_eq!((ring.last(), ring.has_all_after(15), ring.has_all_after(14)), (16, true, false));
    }

    #[test]
    #[should_panic(expected = "a ring has no gap")]
    fn a_gap_is_never_passed_over() {
        Ring::new(3, 100, 11).push(event(12, 10));
    }
}
