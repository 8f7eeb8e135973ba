//! How much one connection asks for.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use waypost_store::Clock;

use super::Limit;
use super::bucket::{Bucket, Rate};

/// As many refusals a connection is told of in a second, and at once; whoever asks for more of them is sent away.
const REFUSALS: Rate = Rate::with_burst(
    NonZeroU32::new(20).expect("more than none"),
    NonZeroU32::new(200).expect("more than none"),
);

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An event that is no join.
    Event,
    /// An event that joins a room.
    Join,
    /// A CONNECT that joins so many rooms.
    Connect { rooms: usize },
}

/// Why a client does not get what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// It may ask again after a while.
    Wait { limit: Limit, wait: Duration },
    /// It has been told so often enough: its transport is to be closed.
    Flood(Flood),
}

/// Of a flood, only the beginning is worth being told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    Begins,
    GoesOn,
}

/// What one connection may ask for: all its sockets together, so that leaving and coming back over the same transport gives
/// nobody more.
pub(crate) struct Pace {
    events: Option<Bucket>,
    joins: Option<Bucket>,
    refusals: Bucket,
    floods: AtomicBool,
}

impl Pace {
    pub(super) fn new(events: Option<Rate>, joins: Option<Rate>, clock: &Arc<dyn Clock>) -> Self {
        let bucket = |rate: Option<Rate>| rate.map(|rate| Bucket::new(rate, clock));
        Self {
            events: bucket(events),
            joins: bucket(joins),
            refusals: Bucket::new(REFUSALS, clock),
            floods: AtomicBool::new(false),
        }
    }

    /// Counts what the client asks for.
    ///
    /// # Errors
    /// See [`Excess`].
    pub(crate) fn take(&self, step: Step) -> Result<(), Excess> {
        let joins = match step {
            Step::Event => 0,
            Step::Join => 1,
            Step::Connect { rooms } => rooms,
        };
        let event = self.events.as_ref().map_or(Ok(()), Bucket::take);
        let event = event.map_err(|wait| (Limit::EventsPerConnection, wait));
        let taken = event.and_then(|()| {
            let joined = self.joins.as_ref().map_or(Ok(()), |bucket| bucket.take_many(joins));
            joined.map_err(|wait| (Limit::JoinsPerConnection, wait))
        });
        taken.map_err(|(limit, wait)| match self.refusals.take() {
            Ok(()) => Excess::Wait { limit, wait },
            Err(_) if self.floods.swap(true, Ordering::Relaxed) => Excess::Flood(Flood::GoesOn),
            Err(_) => Excess::Flood(Flood::Begins),
        })
    }
}
