//! What a simulation has done so far.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

/// A reading of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Customers' messages that were answered 200.
    pub messages: u64,
    /// Statuses that were answered 200.
    pub statuses: u64,
    /// Sends that the Graph API accepted.
    pub sends_accepted: u64,
    /// Sends that it answered with an error.
    pub sends_refused: u64,
    /// Attempts after the first, of any webhook.
    pub retries: u64,
    /// Webhooks that were never answered 200, after every attempt.
    pub given_up: u64,
    /// Statuses and answers that were not planned, since too many waited.
    pub dropped: u64,
    /// The last HTTP status that was not 200: a 401 says that the app secrets differ. `None` where there was
    /// none, or no answer at all.
    pub last_refusal: Option<u16>,
}

/// The counters themselves, written by whoever does the counted thing.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) messages: Counter,
    pub(crate) statuses: Counter,
    pub(crate) sends_accepted: Counter,
    pub(crate) sends_refused: Counter,
    pub(crate) retries: Counter,
    pub(crate) given_up: Counter,
    /// Kept by the script, copied here.
    pub(crate) dropped: Counter,
    /// 0 where there was none.
    last_refusal: AtomicU16,
}

impl Counters {
    pub(crate) fn note_refusal(&self, status: u16) {
        self.last_refusal.store(status, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counts {
        let last_refusal = self.last_refusal.load(Ordering::Relaxed);
        Counts {
            messages: self.messages.read(),
            statuses: self.statuses.read(),
            sends_accepted: self.sends_accepted.read(),
            sends_refused: self.sends_refused.read(),
            retries: self.retries.read(),
            given_up: self.given_up.read(),
            dropped: self.dropped.read(),
            last_refusal: (last_refusal != 0).then_some(last_refusal),
        }
    }
}

/// A number that only rises.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
