//! Many webhooks at once, delivered as Meta does: each again until it is answered with 200.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use waypost_testkit::{TestServer, Webhook, eventually};

use crate::DEADLINE;
use crate::webhook::post_webhook;

/// How many are under way at once.
const SENDERS: usize = 4;

/// Webhooks under way, in no order, to a server that may be stopped or killed meanwhile.
pub struct Burst {
    answered: Arc<AtomicUsize>,
    senders: Vec<JoinHandle<()>>,
}

impl Burst {
    /// Begins to deliver `count` webhooks, each made by its index.
    #[must_use]
    pub fn start(
        server: &TestServer,
        count: usize,
        make: impl Fn(usize) -> Webhook + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        let (answered, next) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let senders = (0..SENDERS).map(|_| {
            let (answered, next, make) = (Arc::clone(&answered), Arc::clone(&next), Arc::clone(&make));
            let (address, secret) = (server.address(), server.secrets().app_secret.clone());
            thread::spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    let body = make(index).to_bytes();
                    eventually(DEADLINE, "webhook that is answered with 200", || {
                        let answer = post_webhook(address, &secret, &body).ok()?;
                        (answer.status == 200).then_some(())
                    });
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        Self { senders: senders.collect(), answered }
    }

    /// Waits until so many were answered with 200.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        eventually(DEADLINE, "answers", || (self.answered.load(Ordering::Relaxed) >= count).then_some(()));
    }

    /// Waits until all were.
    ///
    /// # Panics
    /// When one was not in time.
    #[track_caller]
    pub fn finish(self) {
        for sender in self.senders {
            sender.join().expect("every webhook was answered");
        }
    }
}
