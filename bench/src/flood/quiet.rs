//! The client that does little: it joins a room and leaves it now and then, and is shown what Meta delivers.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::time::{Instant, sleep_until, timeout};

use crate::client::Client;
use crate::corpus::{Corpus, Request};
use crate::http::Connection;
use crate::latency::mark;
use crate::server::Server;
use crate::statistics::Quantiles;

/// One join and one message come in turns, each so long after the one before.
const EVERY: Duration = Duration::from_millis(10);
/// What takes longer than this does not come any more.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// A client, and Meta.
pub(super) struct Quiet {
    client: Client,
    meta: Connection,
    corpus: Corpus,
    messages: u64,
}

/// What it waited.
pub(super) struct Waits {
    /// From a join to its ack.
    pub(super) join: Quantiles,
    /// From a POST to the receipt of its message.
    pub(super) receipt: Quantiles,
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { join, receipt } = self;
        write!(f, "join to ack p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms; ", join.p50, join.p99, join.max)?;
        write!(
            f,
            "POST to receipt p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
            receipt.p50, receipt.p99, receipt.max
        )
    }
}

impl Quiet {
    pub(super) async fn begin(server: &Server, seed: u64) -> Result<Self> {
        Ok(Self {
            client: Client::join(server.address(2), server.api_key()).await?,
            meta: Connection::open(server.address(1)).await?,
            corpus: server.corpus(seed),
            messages: 0,
        })
    }

    /// Does what it does for so many seconds, and has to get everything.
    pub(super) async fn watch(&mut self, seconds: u64) -> Result<Waits> {
        let turns = Duration::from_secs(seconds).as_millis() / EVERY.as_millis() / 2;
        let (mut joins, mut receipts) = (Vec::new(), Vec::new());
        let mut next = Instant::now();
        for _ in 0..turns {
            joins.push(timeout(ANSWER_MAX, self.join()).await.context("a join has no ack")??);
            next += EVERY;
            sleep_until(next).await;
            receipts.push(timeout(ANSWER_MAX, self.receive()).await.context("a message is missing")??);
            next += EVERY;
            sleep_until(next).await;
        }
        Ok(Waits { join: Quantiles::of(joins), receipt: Quantiles::of(receipts) })
    }

    /// Joins the room of a customer, times that, and leaves it again, so that the next join is one too.
    async fn join(&mut self) -> Result<Duration> {
        let start = Instant::now();
        self.client.send(r#"421["joinWhatsAppCustomer","quiet"]"#).await?;
        self.client.expect(r#"431[{"ok":true"#).await?;
        let took = start.elapsed();
        self.client.send(r#"422["leaveWhatsAppCustomer","quiet"]"#).await?;
        self.client.expect(r#"432[{"ok":true"#).await?;
        Ok(took)
    }

    async fn receive(&mut self) -> Result<Duration> {
        let number = self.messages;
        self.messages += 1;
        let Request { bytes, .. } = self.corpus.marked(1, number);
        let start = Instant::now();
        let posted = self.meta.post(&bytes);
        let shown = async {
            let mut came = None;
            while came.is_none() {
                self.client
                    .read(|at, event| came = came.or(mark(event).filter(|seen| *seen == number).map(|_| at)))
                    .await?;
            }
            came.context("it came")
        };
        let ((), came) = tokio::try_join!(posted, shown)?;
        ensure!(came >= start, "a message came before it was sent");
        Ok(came - start)
    }
}
