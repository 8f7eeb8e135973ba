//! From the first byte of a POST to the read of a client that returns with the message: one process, one clock, open
//! loop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::client::Client;
use crate::corpus::{MARK, Request};
use crate::http::Connection;
use crate::server::Server;
use crate::statistics::Quantiles;
use crate::usage::{Usage, Used};

/// Connections that take turns. Each has time for an answer before its next turn, so that a slow answer delays nothing.
const POSTERS: usize = 16;
/// Clients are spread over 127.0.0.2 to 127.0.0.9.
const NETS: std::ops::RangeInclusive<u8> = 2..=9;
/// Messages before the measured ones, in seconds.
const WARM_UP_SECONDS: u64 = 2;
/// From the last POST to the last receipt.
const LAST_RECEIPT_MAX: Duration = Duration::from_secs(15);

/// What is sent to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audience {
    pub(crate) clients: usize,
    pub(crate) messages_per_second: u64,
    pub(crate) seconds: u64,
}

/// What was measured.
pub(crate) struct Latency {
    pub(crate) receipt: Quantiles,
    pub(crate) used: Used,
    pub(crate) sent: u64,
}

/// The times of one message number, of each of which there is one at a sender and one at each client.
type Times = Vec<(u64, Instant)>;

/// Sends at the given rate while the clients listen. Every client has to receive every message once.
pub(crate) async fn measure(server: &Server, seed: u64, audience: Audience) -> Result<Latency> {
    let rate = audience.messages_per_second;
    let warm_up = rate * WARM_UP_SECONDS;
    let count = warm_up + rate * audience.seconds;
    let mut listeners = JoinSet::new();
    for net in NETS.cycle().take(audience.clients) {
        let client = Client::join(server.address(net), server.api_key()).await?;
        listeners.spawn(listen(client, count));
    }
    let mut corpus = server.corpus(seed);
    let requests: Arc<[Request]> = (0..count).map(|number| corpus.marked(1, number)).collect();
    let before = Usage::look(server.pid())?;
    let start = Instant::now();
    let mut posters = JoinSet::new();
    for first in 0..POSTERS {
        let connection = Connection::open(server.address(1)).await?;
        posters.spawn(post(connection, Arc::clone(&requests), first, start, rate));
    }
    let sent = join(&mut posters).await?.concat();
    let received = timeout(LAST_RECEIPT_MAX, join(&mut listeners)).await;
    let received = received.context("a client lacks messages some time after the last one was sent")??;
    let used = Usage::look(server.pid())?.since(&before).in_company(server.company());
    Ok(Latency { receipt: compare(&sent, &received, warm_up)?, used, sent: count })
}

/// Sends every request of its turn when its time has come, however long answers take.
async fn post(
    mut connection: Connection,
    requests: Arc<[Request]>,
    first: usize,
    start: Instant,
    per_second: u64,
) -> Result<Times> {
    let mut sent = Vec::new();
    for (number, request) in (0u64..).zip(requests.iter()).skip(first).step_by(POSTERS) {
        sleep_until(start + Duration::from_secs(number) / u32::try_from(per_second)?).await;
        sent.push((number, Instant::now()));
        connection.post(&request.bytes).await?;
    }
    Ok(sent)
}

/// Notes when which message came, until as many have come.
async fn listen(mut client: Client, count: u64) -> Result<Times> {
    let mut received = Vec::new();
    while (received.len() as u64) < count {
        client
            .read(|at, event| {
                if let Some(number) = mark(event) {
                    received.push((number, at));
                }
            })
            .await?;
    }
    Ok(received)
}

/// The number in the text of a marked message; `None` for every other event.
pub(crate) fn mark(event: &[u8]) -> Option<u64> {
    if !event.starts_with(br#"42["whatsappMessage","#) {
        return None;
    }
    let digits = &event[memchr::memmem::find(event, MARK.as_bytes())? + MARK.len()..];
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

/// Every receipt of every message after the warm-up, against its sending.
fn compare(sent: &[(u64, Instant)], received: &[Times], warm_up: u64) -> Result<Quantiles> {
    let mut sent = sent.to_vec();
    sent.sort_unstable_by_key(|(number, _)| *number);
    let mut latencies = Vec::with_capacity(sent.len() * received.len());
    for times in received {
        let mut times = times.clone();
        times.sort_unstable_by_key(|(number, _)| *number);
        let same = times.iter().map(|(number, _)| number).eq(sent.iter().map(|(number, _)| number));
        ensure!(same, "a client did not receive every message exactly once");
        let measured = times.iter().zip(&sent).filter(|((number, _), _)| *number >= warm_up);
        latencies.extend(measured.map(|((_, came), (_, went))| came.duration_since(*went)));
    }
    Ok(Quantiles::of(latencies))
}

async fn join(tasks: &mut JoinSet<Result<Times>>) -> Result<Vec<Times>> {
    let mut all = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        all.push(ended??);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_in_messages_only() {
        assert_eq!(mark(br#"42["whatsappMessage",{"content":"bench-number 31 ok"}]"#), Some(31));
        assert_eq!(mark(br#"42["whatsappMessage",{"content":"ok"}]"#), None);
        assert_eq!(mark(br#"42["whatsappMessageStatus",{"content":"bench-number 31 ok"}]"#), None);
    }

    #[test]
    fn a_message_that_came_twice_is_an_error() {
        let now = Instant::now();
        let late = now + Duration::from_millis(4);
        let sent = [(1, now), (0, now)];
        let quantiles = compare(&sent, &[vec![(0, late), (1, late)]], 0).unwrap();
        assert_eq!((quantiles.p50, quantiles.max), (4.0, 4.0));
        assert!(compare(&sent, &[vec![(0, late), (0, late)]], 0).is_err());
    }
}
