//! How often somebody may do something: what one client does must not cost the others.
//!
//! [`Limits`] has what is counted for all connections together, by address and by principal; each connection brings its own
//! [`Pace`]. Both are `governor`'s, on the server's clock. What is refused is counted by the name of its setting in
//! [`LimitCounts`].
//!
//! Deliberately absent: how a refusal looks on the wire (`http/`, `live/`), and Meta: a webhook that is rightly signed is never
//! refused for coming too often.

mod bucket;
mod counts;
mod pace;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use waypost_domain::PrincipalId;
use waypost_store::Clock;

use crate::config::LimitsConfig;
use bucket::{Buckets, Rate};
pub(crate) use counts::{Limit, LimitCounts};
pub(crate) use pace::{Excess, Flood, Pace, Step};

/// Whom a request is counted for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// Whose credential it has.
    Principal(PrincipalId),
    /// Where it comes from, for want of a credential.
    Address(IpAddr),
}

/// What may happen how often, over all connections.
pub(crate) struct Limits {
    handshakes: Option<Buckets<IpAddr>>,
    requests: Option<Buckets<Who>>,
    events: Option<Rate>,
    joins: Option<Rate>,
    clock: Arc<dyn Clock>,
    pub(crate) counts: LimitCounts,
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig, clock: Arc<dyn Clock>) -> Self {
        let rate = |per_second: Option<usize>| per_second.map(Rate::per_second);
        let handshakes = rate(config.handshakes_per_address_per_second.value());
        let requests = rate(config.requests_per_principal_per_second.value());
        Self {
            handshakes: handshakes.map(|rate| Buckets::new(rate, Arc::clone(&clock))),
            requests: requests.map(|rate| Buckets::new(rate, Arc::clone(&clock))),
            events: rate(config.events_per_connection_per_second.value()),
            joins: rate(config.joins_per_connection_per_second.value()),
            clock,
            counts: LimitCounts::default(),
        }
    }

    /// Counts a new connection of this address. One whose address is not known is bounded by the table of connections alone.
    ///
    /// # Errors
    /// For how long to wait.
    pub(crate) fn handshake(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let (Some(handshakes), Some(address)) = (&self.handshakes, address) else { return Ok(()) };
        let taken = handshakes.take(&network(address));
        taken.inspect_err(|_| self.counts.add(Limit::HandshakesPerAddress))
    }

    /// Counts a request of REST.
    ///
    /// # Errors
    /// For how long to wait.
    pub(crate) fn request(&self, who: Who) -> Result<(), Duration> {
        let Some(requests) = &self.requests else { return Ok(()) };
        let who = match who {
            Who::Address(address) => Who::Address(network(address)),
            Who::Principal(_) => who,
        };
        requests.take(&who).inspect_err(|_| self.counts.add(Limit::RequestsPerPrincipal))
    }

    /// For a new connection.
    pub(crate) fn pace(&self) -> Pace {
        Pace::new(self.events, self.joins, &self.clock)
    }

    /// Forgets whoever has not done anything for a while.
    pub(crate) fn tend(&self) {
        if let Some(handshakes) = &self.handshakes {
            handshakes.tend();
        }
        if let Some(requests) = &self.requests {
            requests.tend();
        }
    }
}

/// A client by its address. Whoever has one address of an IPv6 /64 has all of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}
