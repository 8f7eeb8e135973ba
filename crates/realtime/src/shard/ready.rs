//! Wakers of single connections: each puts its connection on a list and wakes the shard.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};
use tokio::sync::Notify;

/// A connection's place in the shard's table.
pub(crate) type ConnectionSlot = usize;

/// The connections whose I/O has something to say.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// A std mutex: wakers push from any thread, the shard swaps the list out; neither waits while holding it.
    slots: Mutex<Vec<ConnectionSlot>>,
    shard: Notify,
}

impl Ready {
    /// Waits until a connection is on the list. A wake-up that came before the call is not lost.
    pub(crate) async fn changed(&self) {
        self.shard.notified().await;
    }

    /// Moves the list into `into`, which must be empty.
    pub(crate) fn take(&self, into: &mut Vec<ConnectionSlot>) {
        std::mem::swap(&mut *self.slots.lock().unwrap_or_else(PoisonError::into_inner), into);
    }

    fn push(&self, slot: ConnectionSlot) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).push(slot);
        self.shard.notify_one();
    }
}

/// One connection's waker. It is on the list at most once, so the list is no longer than there are connections.
#[derive(Debug)]
pub(crate) struct Signal {
    slot: ConnectionSlot,
    listed: AtomicBool,
    ready: Arc<Ready>,
}

impl Signal {
    pub(crate) fn new(slot: ConnectionSlot, ready: Arc<Ready>) -> Arc<Signal> {
        Arc::new(Signal { slot, listed: AtomicBool::new(false), ready })
    }

    pub(crate) fn waker(self: &Arc<Signal>) -> Waker {
        Waker::from(self.clone())
    }

    /// Called before the connection is looked at, so that what happens meanwhile lists it again.
    pub(crate) fn unlist(&self) {
        self.listed.store(false, Ordering::Release);
    }

    /// Puts the connection on the list.
    pub(crate) fn list(&self) {
        if !self.listed.swap(true, Ordering::AcqRel) {
            self.ready.push(self.slot);
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Signal>) {
        self.list();
    }

    fn wake_by_ref(self: &Arc<Signal>) {
        self.list();
    }
}
