//! The one clock of a run: it goes with tokio's paused one while a server runs, and is put forward in between.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use waypost_domain::Timestamp;
use waypost_store::Clock;

/// 2026-11-06T21:20:00Z.
const START_MS: i64 = 1_794_000_000_000;

#[derive(Clone, Default)]
pub(crate) struct SimulatedClock(Arc<Mutex<Reading>>);

#[derive(Default)]
struct Reading {
    before: Duration,
    /// The runtime of the server that runs now, and when it began.
    began: Option<(Handle, Instant)>,
}

impl SimulatedClock {
    /// A runtime begins; to be called within it.
    pub(crate) fn begin(&self) {
        self.0.lock().unwrap().began = Some((Handle::current(), Instant::now()));
    }

    /// It ends; to be called within it.
    pub(crate) fn end(&self) {
        let mut reading = self.0.lock().unwrap();
        let (_, began) = reading.began.take().unwrap();
        reading.before += began.elapsed();
    }

    /// Time passes while nothing runs.
    pub(crate) fn put_forward(&self, by: Duration) {
        self.0.lock().unwrap().before += by;
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START_MS + i64::try_from(self.monotonic().as_millis()).unwrap())
    }

    fn monotonic(&self) -> Duration {
        let reading = self.0.lock().unwrap();
        let Some((runtime, began)) = &reading.began else { return reading.before };
        // A store asks on a thread of its own, where without this the real time would pass.
        let _paused = runtime.enter();
        reading.before + began.elapsed()
    }
}
