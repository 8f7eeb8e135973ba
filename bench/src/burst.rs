//! As many updates as Meta puts into one body at most: from its first byte to the last of its events at a client, with
//! the same clock as `latency.rs`. The bodies come one after another, each when the one before is shown.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::{Instant, timeout};

use crate::client::Client;
use crate::http::Connection;
use crate::latency::mark;
use crate::server::Server;
use crate::statistics::Quantiles;

/// Updates in one body ("Webhooks", batching).
pub(crate) const UPDATES: u64 = 1_000;
/// Bodies that are measured, after one to warm up.
const BODIES: u64 = 30;
/// From a POST to the last receipt.
const RECEIPT_MAX: Duration = Duration::from_secs(15);

/// What was measured.
pub(crate) struct Burst {
    /// To the answer 200, which is to the commit.
    pub(crate) stored: Quantiles,
    /// To the last event.
    pub(crate) shown: Quantiles,
    pub(crate) sent: u64,
}

/// Sends the bodies while one client listens, which has to receive every message.
pub(crate) async fn measure(server: &Server, seed: u64) -> Result<Burst> {
    let mut client = Client::join(server.address(2), server.api_key()).await?;
    let mut connection = Connection::open(server.address(1)).await?;
    let mut corpus = server.corpus(seed);
    let (mut stored, mut shown) = (Vec::new(), Vec::new());
    for number in 0..=BODIES {
        let request = corpus.marked(UPDATES, number);
        let start = Instant::now();
        let answered = async {
            connection.post(&request.bytes).await?;
            Ok::<_, anyhow::Error>(Instant::now())
        };
        let both = async { tokio::try_join!(answered, last_receipt(&mut client, number)) };
        let (answer, receipt) = timeout(RECEIPT_MAX, both).await.context("a client lacks updates")??;
        if number > 0 {
            stored.push(answer - start);
            shown.push(receipt - start);
        }
    }
    let sent = (BODIES + 1) * UPDATES;
    Ok(Burst { stored: Quantiles::of(stored), shown: Quantiles::of(shown), sent })
}

async fn last_receipt(client: &mut Client, number: u64) -> Result<Instant> {
    let (mut left, mut last) = (UPDATES, Instant::now());
    while left > 0 {
        client
            .read(|at, event| {
                if mark(event) == Some(number) {
                    (left, last) = (left - 1, at);
                }
            })
            .await?;
    }
    Ok(last)
}
