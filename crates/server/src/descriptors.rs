//! How many connections the system's limit of open files leaves room for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Most descriptors that are kept free of connections: for the store's files, sends to Meta, and listeners.
const RESERVED_MAX: u64 = 512;
/// Most connections for webhooks, REST and pages beside the live ones.
const HTTP_MAX: u64 = 4_096;

/// How many connections of each kind there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Live ones. One more is answered 503.
    pub(crate) live: usize,
    /// For webhooks, REST, pages and long polling. One more waits in the system's queue.
    pub(crate) http: usize,
}

/// Raises the limit of open files as far as the system lets us, and divides it: each connection is a descriptor, and a
/// server that runs out of them could not even refuse.
pub(crate) fn places(live_wanted: usize) -> Places {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(error = %error, limit = ?limit.current, "the limit of open files could not be raised");
    }
    let limit = getrlimit(Resource::Nofile).current;
    let places = divide(limit.unwrap_or(u64::MAX), live_wanted);
    if places.live < live_wanted {
        tracing::warn!(
            limit,
            realtime.connections_max = live_wanted,
            connections = places.live,
            "the limit of open files leaves room for fewer live connections than are configured; raise it \
             (`LimitNOFILE` of systemd, `ulimit -n`)"
        );
    }
    places
}

/// A quarter of a small limit is reserved, and a quarter of the rest is for HTTP.
fn divide(limit: u64, live_wanted: usize) -> Places {
    let available = limit - RESERVED_MAX.min(limit / 4);
    let http = HTTP_MAX.min(available / 4);
    let count = |places: u64| usize::try_from(places).unwrap_or(usize::MAX);
    Places { live: live_wanted.min(count(available - http)), http: count(http) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_never_overdrawn() {
        let table = [
            (1_048_576, 60_000, Places { live: 60_000, http: 4_096 }),
            (u64::MAX, 60_000, Places { live: 60_000, http: 4_096 }),
            (65_536, 60_000, Places { live: 60_000, http: 4_096 }),
            (20_000, 60_000, Places { live: 15_392, http: 4_096 }),
            (1_024, 60_000, Places { live: 576, http: 192 }),
            (1_024, 100, Places { live: 100, http: 192 }),
        ];
        for (limit, wanted, places) in table {
            assert_eq!(divide(limit, wanted), places, "{limit} {wanted}");
        }
    }
}
