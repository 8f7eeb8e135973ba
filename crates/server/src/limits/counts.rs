//! How often each limit has refused something.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A limit at which clients are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Events of one connection.
    EventsPerConnection,
    /// Joins of one connection.
    JoinsPerConnection,
    /// Requests of REST of one principal.
    RequestsPerPrincipal,
    /// New connections of one address.
    HandshakesPerAddress,
    /// Rooms of one connection.
    RoomsPerConnection,
    /// Rooms of one connection whose customers are not known yet.
    UnboundRoomsPerConnection,
    /// Failed sign-ins to one account.
    LoginFailuresPerAccount,
    /// Failed sign-ins of one address.
    LoginFailuresPerAddress,
}

impl Limit {
    pub(crate) const ALL: [Self; 8] = [
        Self::EventsPerConnection,
        Self::JoinsPerConnection,
        Self::RequestsPerPrincipal,
        Self::HandshakesPerAddress,
        Self::RoomsPerConnection,
        Self::UnboundRoomsPerConnection,
        Self::LoginFailuresPerAccount,
        Self::LoginFailuresPerAddress,
    ];

    /// The name of its setting in `[limits]`.
    pub(crate) const fn setting(self) -> &'static str {
        match self {
            Self::EventsPerConnection => "events_per_connection_per_second",
            Self::JoinsPerConnection => "joins_per_connection_per_second",
            Self::RequestsPerPrincipal => "requests_per_principal_per_second",
            Self::HandshakesPerAddress => "handshakes_per_address_per_second",
            Self::RoomsPerConnection => "rooms_per_connection_max",
            Self::UnboundRoomsPerConnection => "unbound_rooms_per_connection_max",
            Self::LoginFailuresPerAccount => "login_failures_per_account_max",
            Self::LoginFailuresPerAddress => "login_failures_per_address_max",
        }
    }
}

/// Refusals since the start. Clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct LimitCounts(Arc<Totals>);

#[derive(Debug, Default)]
struct Totals {
    refused: [AtomicU64; Limit::ALL.len()],
    floods: AtomicU64,
}

impl LimitCounts {
    /// Something was refused.
    pub(crate) fn add(&self, limit: Limit) {
        self.0.refused[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A connection was closed because it did not heed its refusals.
    pub(crate) fn add_flood(&self) {
        self.0.floods.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn of(&self, limit: Limit) -> u64 {
        self.0.refused[limit as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn floods(&self) -> u64 {
        self.0.floods.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Key, Section};

    #[test]
    fn each_limit_is_named_as_its_setting_and_counted_by_itself() {
        let counts = LimitCounts::default();
        for (place, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(place, limit as usize);
            let is_key = |key: &&Key| key.section == Section::Limits && key.name == limit.setting();
            assert_eq!(Key::all().filter(is_key).count(), 1, "{limit:?}");
            counts.add(limit);
            assert_eq!(Limit::ALL.map(|limit| counts.of(limit)).iter().sum::<u64>(), place as u64 + 1);
        }
    }
}
