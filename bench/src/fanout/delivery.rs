//! Messages to clients that are all in one room: what a delivery costs the server, and how long it takes.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

use super::handshake::{self, Transports};
use super::ledger::Account;
use super::load::{Load, Pace};
use super::peer::Server;
use crate::report::thousands;
use crate::usage::{Usage, Used};

/// What is published to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audience {
    pub(crate) clients: usize,
    /// Published first, and not measured.
    pub(crate) warm_up: usize,
    pub(crate) messages: usize,
    pub(crate) pace: Pace,
}

/// What was measured.
pub(crate) struct Delivered {
    pub(crate) account: Account,
    pub(crate) used: Used,
}

/// Connects the clients and publishes. Every client has to receive every message once, all in one order.
pub(crate) fn measure(server: &Server, audience: &Audience) -> Result<Delivered> {
    let joined = handshake::join(server, audience.clients, Transports::WebSocket)?;
    let mut load = Load::new(server, joined)?;
    load.publish(audience.warm_up, audience.pace)?.close()?;
    let before = Usage::look(server.pid())?;
    let ledger = load.publish(audience.messages, audience.pace)?;
    let used = Usage::look(server.pid())?.since(&before);
    Ok(Delivered { account: ledger.close()?, used })
}

impl Delivered {
    /// CPU time of the server for each delivery.
    pub(crate) fn micros(&self) -> f64 {
        self.each(self.used.server_exact)
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.account.deliveries as f64 / self.account.elapsed.as_secs_f64()
    }

    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.account.deliveries as f64
    }
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (latency, rate) = (&self.account.latency, thousands(self.per_second()));
        write!(f, "{:.2} µs CPU each, {rate} deliveries/s, ", self.micros())?;
        write!(f, "p50 {:.3} ms, p99 {:.3} ms, max {:.1} ms; ", latency.p50, latency.p99, latency.max)?;
        write!(f, "the load {:.2} µs each; {}", self.each(self.used.load_exact), self.used)
    }
}
