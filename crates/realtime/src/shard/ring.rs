//! The last published events, which every connection's queue points into.

use crate::frame::Published;
use std::collections::VecDeque;
use std::sync::Arc;

/// Counts the events that a shard has published; a place in its ring.
pub(crate) type Sequence = u64;

#[derive(Debug)]
pub(crate) struct Ring {
    events_max: usize,
    bytes_max: usize,
    bytes: usize,
    first: Sequence,
    events: VecDeque<Arc<Published>>,
}

impl Ring {
    pub(crate) fn new(events_max: usize, bytes_max: usize) -> Ring {
        Ring { events_max, bytes_max, bytes: 0, first: 0, events: VecDeque::new() }
    }

    /// Keeps `event`, and lets the oldest go until both limits hold; `event` itself always stays.
    pub(crate) fn push(&mut self, event: Arc<Published>) -> Sequence {
        self.bytes += body_bytes(&event);
        self.events.push_back(event);
        while self.events.len() > 1 && (self.events.len() > self.events_max || self.bytes > self.bytes_max) {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= body_bytes(&oldest);
                self.first += 1;
            }
        }
        self.first + self.events.len() as Sequence - 1
    }

    /// The event at `sequence`, unless it is gone.
    pub(crate) fn event(&self, sequence: Sequence) -> Option<&Published> {
        let at = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        self.events.get(at).map(Arc::as_ref)
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
        };
        Arc::new(Published::new(event, 1))
    }

    #[test]
    fn the_oldest_go_by_number_and_by_bytes() {
        let mut ring = Ring::new(3, 100);
        for number in 1..=4 {
            assert_eq!(ring.push(event(number, 10)), number - 1);
        }
        assert!(ring.event(0).is_none());
        assert_eq!(ring.event(1).unwrap().event.offset.number, 2);
        ring.push(event(5, 95));
        assert!(ring.event(3).is_none());
        assert_eq!(ring.event(4).unwrap().event.offset.number, 5);
        ring.push(event(6, 500));
        assert_eq!(ring.event(5).unwrap().event.offset.number, 6);
        assert!(ring.event(6).is_none());
    }
}
