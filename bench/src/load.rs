//! Webhooks as fast as the server takes them, with a fixed number under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::corpus::Request;
use crate::http::Connection;
use crate::server::Server;
use crate::usage::{Usage, Used};

/// Webhooks under way at any time, each on its own connection.
const IN_FLIGHT: usize = 64;
/// Messages of a large webhook.
pub(crate) const BATCH: u64 = 50;
/// Before the measured interval.
const WARM_UP: Duration = Duration::from_secs(1);
/// The server answers any webhook within 10 s, or 503.
const LAST_ANSWERS_MAX: Duration = Duration::from_secs(15);
/// Messages made at a time while the store is filled.
const FILL_SLICE: u64 = 100_000;

/// What the webhooks look like, and how many messages a second are made ahead: a server that is faster ends the
/// interval earlier, and no less is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) messages: u64,
    pub(crate) rate_max: u64,
}

/// One message in each.
pub(crate) const SINGLE: Shape = Shape { messages: 1, rate_max: 50_000 };
/// [`BATCH`] in each.
pub(crate) const BATCHES: Shape = Shape { messages: BATCH, rate_max: 100_000 };

/// What was measured.
pub(crate) struct Throughput {
    pub(crate) messages_per_second: f64,
    pub(crate) micros_per_message: f64,
    pub(crate) used: Used,
    /// All messages, those before and after the interval too.
    pub(crate) sent: u64,
}

/// Sends requests until `seconds` after the warm-up, and measures that time.
pub(crate) async fn measure(server: &Server, seed: u64, shape: Shape, seconds: u64) -> Result<Throughput> {
    let length = Duration::from_secs(seconds);
    let count = (length + WARM_UP).as_secs() * shape.rate_max / shape.messages;
    let pool = Arc::new(Pool::of(server.corpus(seed).requests(count, shape.messages)));
    let mut senders = start_senders(server, &pool).await?;
    let start = Instant::now() + WARM_UP;
    sleep_until(start).await;
    let before = (pool.stored(), Usage::look(server.pid())?);
    // Ends early when the pool is empty, or at the first error.
    let finished = timeout_at(start + length, join(&mut senders)).await;
    let after = (pool.stored(), Usage::look(server.pid())?);
    pool.close();
    match finished {
        Ok(result) => result?,
        Err(_) => timeout_at(Instant::now() + LAST_ANSWERS_MAX, join(&mut senders))
            .await
            .context("the last webhooks were not answered")??,
    }
    let used = after.1.since(&before.1).in_company(server.company());
    let messages = (after.0 - before.0) as f64;
    ensure!(messages > 0.0, "nothing was stored in the measured interval");
    Ok(Throughput {
        messages_per_second: messages / used.elapsed.as_secs_f64(),
        micros_per_message: used.server.as_secs_f64() * 1e6 / messages,
        used,
        sent: pool.stored(),
    })
}

/// Stores at least `messages`, in batches, and says after each slice how many are there and how fast the slice was.
/// Returns how many.
pub(crate) async fn fill(server: &Server, seed: u64, messages: u64, say: impl Fn(u64, f64)) -> Result<u64> {
    let mut corpus = server.corpus(seed);
    let mut stored = 0;
    while stored < messages {
        let requests = corpus.requests(FILL_SLICE.min(messages - stored).div_ceil(BATCH), BATCH);
        let pool = Arc::new(Pool::of(requests));
        let mut senders = start_senders(server, &pool).await?;
        let start = Instant::now();
        let deadline = start + LAST_ANSWERS_MAX + Duration::from_millis(FILL_SLICE);
        timeout_at(deadline, join(&mut senders)).await.context("filling the store takes too long")??;
        stored += pool.stored();
        say(stored, pool.stored() as f64 / start.elapsed().as_secs_f64());
    }
    Ok(stored)
}

/// Requests that wait to be sent, and the count of messages that were answered 200.
struct Pool {
    requests: Vec<Request>,
    next: AtomicUsize,
    stored: AtomicU64,
}

impl Pool {
    fn of(requests: Vec<Request>) -> Self {
        Self { requests, next: AtomicUsize::new(0), stored: AtomicU64::new(0) }
    }

    fn take(&self) -> Option<&Request> {
        self.requests.get(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn close(&self) {
        self.next.store(self.requests.len(), Ordering::Relaxed);
    }

    fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }
}

async fn start_senders(server: &Server, pool: &Arc<Pool>) -> Result<JoinSet<Result<()>>> {
    let mut senders = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let connection = Connection::open(server.address(1)).await?;
        senders.spawn(send_all(connection, Arc::clone(pool)));
    }
    Ok(senders)
}

async fn send_all(mut connection: Connection, pool: Arc<Pool>) -> Result<()> {
    while let Some(request) = pool.take() {
        connection.post(&request.bytes).await?;
        pool.stored.fetch_add(request.messages, Ordering::Relaxed);
    }
    Ok(())
}

async fn join(senders: &mut JoinSet<Result<()>>) -> Result<()> {
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    Ok(())
}
