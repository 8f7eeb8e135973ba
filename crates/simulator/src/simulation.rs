//! The script, played in real time: sleep until something is due, post it, count.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waypost_domain::Timestamp;

use crate::business::Business;
use crate::chances::Chances;
use crate::counts::{Counters, Counts};
use crate::error::SimulateError;
use crate::graph::{self, AcceptedSend, Graph};
use crate::ignore::Ignore as _;
use crate::post::{Patience, Post};
use crate::script::{Delivery, Moment, Script, ScriptSettings, is_rate};
use crate::target::Target;
use crate::wamid::{Author, Wamids};

/// How many webhooks are under way at once. At this limit customers wait: a server that is slow or away is not
/// flooded, and what is retried counts.
const IN_FLIGHT_MAX: usize = 64;
/// How many accepted sends wait for the script. At this limit the Graph API answers 130429, too fast.
const ACCEPTED_MAX: usize = 1_024;

/// What is simulated, and against which server.
pub struct SimulationConfig {
    /// The server's webhook, on loopback: `http://127.0.0.1:3000/whatsapp/webhook`.
    pub webhook_url: String,
    /// What webhooks are signed with.
    pub app_secret: String,
    /// What the Graph API wants as bearer. `None`: everybody may send.
    pub access_token: Option<String>,
    /// To whom customers write.
    pub business: Business,
    /// Customers' messages a second, on average: 0 (they only answer) to [`crate::script::RATE_PER_S_MAX`].
    pub rate_per_s: f64,
    /// The same seed tells the same story.
    pub seed: u64,
    /// How often the unusual happens.
    pub chances: Chances,
}

/// A simulation that runs, until its token is cancelled. Dropping this does not stop it.
pub struct Simulation {
    graph: Router,
    counters: Arc<Counters>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Simulation {
    /// Starts it, on the tokio runtime that this is called in. Every task is in `tasks` and ends soon after `stop`
    /// is cancelled; what is under way then is dropped. `clock` is the wall clock.
    ///
    /// # Errors
    /// When the URL is not on loopback, the rate is none, or the HTTP client cannot be built.
    pub fn start(
        config: SimulationConfig,
        clock: impl Fn() -> Timestamp + Send + 'static,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Self, SimulateError> {
        let target = Target::parse(&config.webhook_url)?;
        if config.rate_per_s != 0.0 && !is_rate(config.rate_per_s) {
            return Err(SimulateError::Rate);
        }
        if config.app_secret.trim().is_empty() {
            return Err(SimulateError::NoAppSecret);
        }
        let counters = Arc::new(Counters::default());
        let post = Post::new(target, config.app_secret, Patience::META, IN_FLIGHT_MAX, counters.clone())?;
        let (accepted_sender, accepted) = mpsc::channel(ACCEPTED_MAX);
        let start = clock();
        let graph = graph::router(Graph {
            phone_number_id: config.business.phone_number_id.clone(),
            access_token: config.access_token,
            wamids: Wamids::new(Author::Business, config.seed, start),
            accepted: accepted_sender,
            counters: counters.clone(),
        });
        let script = Script::new(ScriptSettings {
            business: config.business,
            rate_per_s: config.rate_per_s,
            seed: config.seed,
            start,
            chances: config.chances,
        });
        let stage = Stage {
            script,
            clock,
            started: Instant::now(),
            accepted,
            free: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            post: Arc::new(post),
            counters: counters.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(stage.run());
        Ok(Self { graph, counters, tasks: tasks.clone(), stop: stop.clone() })
    }

    /// Serves the Graph API on `listener`, and returns its address. May be called for several listeners, or for
    /// none: then customers write and nobody can answer.
    ///
    /// # Errors
    /// When the listener is bound to anything but loopback.
    pub fn serve_graph(&self, listener: TcpListener) -> Result<SocketAddr, SimulateError> {
        let address = listener.local_addr().map_err(SimulateError::Listener)?;
        if !address.ip().to_canonical().is_loopback() {
            return Err(SimulateError::ListensBeyondLoopback(address));
        }
        let (router, stop) = (self.graph.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
            served.await.ignore_because("axum retries what fails in accepting, and ends when it is told to");
        });
        Ok(address)
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }
}

/// The task that owns the script.
struct Stage<C> {
    script: Script,
    clock: C,
    started: Instant,
    /// From the Graph API; see [`ACCEPTED_MAX`].
    accepted: mpsc::Receiver<AcceptedSend>,
    /// A permit for every webhook under way; see [`IN_FLIGHT_MAX`].
    free: Arc<Semaphore>,
    post: Arc<Post>,
    counters: Arc<Counters>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What wakes the stage.
enum Event {
    Stop,
    Accepted(AcceptedSend),
    /// Something is due, and may be posted under this permit.
    Due(OwnedSemaphorePermit),
}

impl<C: Fn() -> Timestamp> Stage<C> {
    async fn run(mut self) {
        loop {
            match self.next_event().await {
                Event::Stop => return,
                Event::Accepted(send) => {
                    self.script.accept(self.started.elapsed(), send);
                    self.counters.dropped.set(self.script.dropped());
                }
                Event::Due(permit) => {
                    let now = Moment { elapsed: self.started.elapsed(), wall: (self.clock)() };
                    if let Some(delivery) = self.script.pop_due(now) {
                        self.post(delivery, permit);
                    }
                }
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        let due_at = self.script.next_due().map(|due| self.started + due);
        let free = self.free.clone();
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Event::Stop,
            Some(send) = self.accepted.recv() => Event::Accepted(send),
            permit = permit_at(due_at, free) => Event::Due(permit),
        }
    }

    fn post(&self, delivery: Delivery, permit: OwnedSemaphorePermit) {
        let (post, stop) = (self.post.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let _permit = permit;
            // Whoever stands in for Meta owes nobody a delivery after the end.
            stop.run_until_cancelled(post.deliver(&delivery)).await;
        });
    }
}

/// Waits until something is due, for ever where nothing will be, and then for a permit. Cancel safe.
async fn permit_at(due_at: Option<Instant>, free: Arc<Semaphore>) -> OwnedSemaphorePermit {
    match due_at {
        Some(due_at) => tokio::time::sleep_until(due_at).await,
        None => std::future::pending().await,
    }
    free.acquire_owned().await.expect("the semaphore of a stage is never closed")
}

#[cfg(test)]
mod tests;
