//! A connection's place among all, and among those of its address that have not connected a namespace yet.
//!
//! Opening a connection costs a client one request and the hub a session for as long as the connect timeout. So one
//! client may hold only so many before it says who it is; else it could fill the table for everybody.

use crate::ClientAddress;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bits of an IPv6 address that name a client: whoever has one address of a /64 has all of them.
const CLIENT_BITS: u128 = u128::MAX << 64;

/// The places of a hub.
#[derive(Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    unconnected: Arc<Unconnected>,
}

/// How many unconnected connections each client holds. A client without one has no entry, so there are never more
/// entries than connections.
#[derive(Debug)]
struct Unconnected {
    per_address_max: usize,
    /// Held for one look at one entry: by handshakes, and by the shards at a connection's first namespace or end.
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's places, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    // Given back before the place among all, which bounds the table of the unconnected.
    unconnected: Option<UnconnectedPermit>,
    _all: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The table is full.
    Full,
    /// The client has too many connections without a namespace.
    Crowded,
}

#[derive(Debug)]
struct UnconnectedPermit {
    client: IpAddr,
    of: Arc<Unconnected>,
}

impl Places {
    pub(crate) fn new(connections_max: usize, unconnected_per_address_max: usize) -> Places {
        let unconnected =
            Unconnected { per_address_max: unconnected_per_address_max, held: Mutex::default() };
        Places { all: Arc::new(Semaphore::new(connections_max)), unconnected: Arc::new(unconnected) }
    }

    /// How many more connections there may be.
    pub(crate) fn free(&self) -> usize {
        self.all.available_permits()
    }

    /// A client whose address is not known is bounded by the table alone.
    pub(crate) fn take(&self, address: Option<ClientAddress>) -> Result<Permit, NoPlace> {
        let all = self.all.clone().try_acquire_owned().map_err(|_| NoPlace::Full)?;
        let unconnected = match address {
            Some(ClientAddress(address)) => {
                let permit = UnconnectedPermit::take(&self.unconnected, address);
                Some(permit.ok_or(NoPlace::Crowded)?)
            }
            None => None,
        };
        Ok(Permit { unconnected, _all: all })
    }
}

impl Permit {
    /// The connection has connected a namespace: it no longer counts among the unconnected.
    pub(crate) fn connected(&mut self) {
        self.unconnected = None;
    }
}

impl UnconnectedPermit {
    fn take(of: &Arc<Unconnected>, address: IpAddr) -> Option<UnconnectedPermit> {
        let client = client_of(address);
        let mut held = of.lock();
        let count = held.get(&client).copied().unwrap_or(0);
        if count >= of.per_address_max {
            return None;
        }
        held.insert(client, count + 1);
        drop(held);
        Some(UnconnectedPermit { client, of: of.clone() })
    }
}

impl Drop for UnconnectedPermit {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.of.lock().entry(self.client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl Unconnected {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & CLIENT_BITS).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Places, address: &str) -> Result<Permit, NoPlace> {
        places.take(Some(ClientAddress(address.parse().unwrap())))
    }

    #[test]
    fn an_ipv6_client_is_its_64_and_a_mapped_one_its_ipv4_address() {
        let places = Places::new(100, 1);
        let _held = [take(&places, "2001:db8::1"), take(&places, "192.0.2.1")].map(Result::unwrap);
        for same in ["2001:db8::1", "2001:db8::ffff:0:0:1", "192.0.2.1", "::ffff:192.0.2.1"] {
            assert_eq!(take(&places, same).err(), Some(NoPlace::Crowded), "{same}");
        }
        for other in ["2001:db8:0:1::1", "192.0.2.2"] {
            assert!(take(&places, other).is_ok(), "{other}");
        }
    }

    #[test]
    fn the_table_is_empty_when_nobody_is_unconnected() {
        let places = Places::new(4, 2);
        let mut permits: Vec<Permit> = (0..2).filter_map(|_| take(&places, "192.0.2.1").ok()).collect();
        assert_eq!(take(&places, "192.0.2.1").err(), Some(NoPlace::Crowded));
        permits.extend([take(&places, "192.0.2.2"), places.take(None)].into_iter().flatten());
        assert_eq!((permits.len(), places.free()), (4, 0));
        assert_eq!(take(&places, "192.0.2.3").err(), Some(NoPlace::Full), "a full table is full for all");
        assert_eq!(places.unconnected.lock().len(), 2);
        permits[0].connected();
        permits[0].connected();
        assert_eq!(
            (places.free(), places.unconnected.lock()[&"192.0.2.1".parse::<IpAddr>().unwrap()]),
            (0, 1)
        );
        drop(permits);
        assert_eq!(places.free(), 4);
        assert!(places.unconnected.lock().is_empty());
    }
}
