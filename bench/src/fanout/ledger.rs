//! Who got what, and when: every client every message, once, and all of them in one order.
//!
//! Messages are posted on several connections, so the server decides their order. The first client to get so far sets
//! it, and whoever comes after must see the same. A poster has one message under way at most, so its own stay in order.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::time::Instant;

use crate::statistics::Quantiles;

/// The account of a number of messages.
pub(crate) struct Ledger {
    clients: usize,
    messages: usize,
    /// When the first byte of which message was sent.
    sent: Vec<Instant>,
    /// Which poster sent it.
    posters: Vec<usize>,
    /// The last number of each poster that is in `order`.
    newest: Vec<Option<usize>>,
    /// The numbers in the order in which the clients get them.
    order: Vec<usize>,
    /// Whether a number is in `order`.
    is_ordered: Vec<bool>,
    /// How many each client has.
    received: Vec<usize>,
    latencies: Vec<Duration>,
    last: Option<Instant>,
}

/// What was measured.
pub(crate) struct Account {
    pub(crate) deliveries: usize,
    pub(crate) latency: Quantiles,
    /// From the first byte that was sent to the last receipt.
    pub(crate) elapsed: Duration,
}

impl Ledger {
    /// For `clients` that are to get `messages` from `posters`.
    pub(crate) fn new(clients: usize, messages: usize, posters: usize) -> Self {
        Self {
            clients,
            messages,
            sent: Vec::with_capacity(messages),
            posters: Vec::with_capacity(messages),
            newest: vec![None; posters],
            order: Vec::with_capacity(messages),
            is_ordered: vec![false; messages],
            received: vec![0; clients],
            latencies: Vec::with_capacity(clients * messages),
            last: None,
        }
    }

    /// The next message is about to be sent; returns its number, if there is one more.
    pub(crate) fn send(&mut self, poster: usize, at: Instant) -> Option<usize> {
        if self.sent.len() == self.messages {
            return None;
        }
        self.sent.push(at);
        self.posters.push(poster);
        Some(self.sent.len() - 1)
    }

    /// A read of a client's that returned `at` completed a message.
    pub(crate) fn receive(&mut self, client: usize, number: usize, at: Instant) -> Result<()> {
        let sent = *self.sent.get(number).context("a client received what was not sent")?;
        let place = self.received[client];
        match self.order.get(place) {
            Some(expected) => ensure!(
                number == *expected,
                "client {client} received message {number} as its {place}th, others message {expected}"
            ),
            None => {
                ensure!(!self.is_ordered[number], "client {client} received message {number} twice");
                let newest = &mut self.newest[self.posters[number]];
                ensure!(*newest < Some(number), "message {number} came after a later one of the same poster");
                *newest = Some(number);
                self.is_ordered[number] = true;
                self.order.push(number);
            }
        }
        self.received[client] += 1;
        self.latencies.push(at.duration_since(sent));
        self.last = Some(at);
        Ok(())
    }

    /// Whether some are still to be sent.
    pub(crate) fn has_more(&self) -> bool {
        self.sent.len() < self.messages
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.len()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.latencies.len() == self.clients * self.messages
    }

    /// How far it is, for whoever waits in vain.
    pub(crate) fn progress(&self) -> String {
        let (least, most) = (self.received.iter().min(), self.received.iter().max());
        format!("{} of {} sent; clients have {least:?} to {most:?}", self.sent.len(), self.messages)
    }

    /// The account of all messages, which every client has.
    pub(crate) fn close(self) -> Result<Account> {
        ensure!(self.is_complete(), "not every client has every message: {}", self.progress());
        let (first, last) = self.sent.first().zip(self.last).context("nothing was sent")?;
        Ok(Account {
            deliveries: self.latencies.len(),
            elapsed: last.duration_since(*first),
            latency: Quantiles::of(self.latencies),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two clients that receive these, of two messages by so many posters.
    fn account(posters: usize, received: &[(usize, usize)]) -> Result<Account> {
        let now = Instant::now();
        let mut ledger = Ledger::new(2, 2, posters);
        let senders = (0..posters).cycle();
        for poster in senders.take(2) {
            ledger.send(poster, now).unwrap();
        }
        for &(client, number) in received {
            ledger.receive(client, number, now + Duration::from_millis(4))?;
        }
        ledger.close()
    }

    #[test]
    fn the_servers_order_is_everybodys_order() {
        let account = account(2, &[(0, 1), (1, 1), (1, 0), (0, 0)]).unwrap();
        assert_eq!((account.deliveries, account.latency.p50), (4, 4.0));
    }

    #[test]
    fn whatever_is_lost_repeated_or_out_of_order_is_an_error() {
        for received in [
            &[(0, 0), (0, 1), (1, 0)][..],
            &[(0, 0), (0, 0), (1, 0), (1, 1)],
            &[(0, 0), (1, 0), (1, 0), (0, 1)],
            &[(0, 0), (0, 1), (1, 1), (1, 0)],
            &[(0, 0), (0, 1), (0, 1), (1, 0)],
            &[(0, 2), (0, 1), (1, 1), (1, 2)],
        ] {
            assert!(account(2, received).is_err(), "{received:?}");
        }
    }

    #[test]
    fn what_one_poster_sends_stays_in_order() {
        assert!(account(1, &[(0, 0), (1, 0), (1, 1), (0, 1)]).is_ok());
        assert!(account(1, &[(0, 1), (1, 1), (1, 0), (0, 0)]).is_err());
    }
}
