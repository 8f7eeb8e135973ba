//! For how long each connection may stay: its credential ends, is renewed by a fresh one of the same person, or is taken
//! back.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use waypost_domain::{PrincipalId, Timestamp};
use waypost_realtime::{Hub, SocketId};

use super::Live;
use crate::app::App;
use crate::http::credential::key_of;

/// How often leases are looked through: whoever is revoked or expires is gone within a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Whose connection it is, and until when.
struct Lease {
    principal: PrincipalId,
    /// `None` for a credential without an end.
    until: Option<Timestamp>,
}

/// The leases of all connected sockets: as many as there are of these. Short sections only.
pub(super) struct Leases<S = SocketId>(Mutex<HashMap<S, Lease>>);

impl<S> Default for Leases<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S: Copy + Eq + Hash> Leases<S> {
    /// A socket is there from now on.
    pub(super) fn begin(&self, socket: S, principal: PrincipalId, until: Option<Timestamp>) {
        self.kept().insert(socket, Lease { principal, until });
    }

    /// A fresh credential counts from now on.
    pub(super) fn renew(&self, socket: S, until: Option<Timestamp>) {
        if let Some(lease) = self.kept().get_mut(&socket) {
            lease.until = until;
        }
    }

    /// A socket is gone.
    pub(super) fn end(&self, socket: S) {
        self.kept().remove(&socket);
    }

    /// The API keys with which somebody is connected.
    fn keys(&self) -> BTreeSet<Box<str>> {
        self.kept().values().filter_map(|lease| key_of(&lease.principal).map(Into::into)).collect()
    }

    /// Who is connected with one of these API keys.
    fn of_keys(&self, keys: &BTreeSet<Box<str>>) -> Vec<S> {
        self.of(|lease| key_of(&lease.principal).is_some_and(|key| keys.contains(key)))
    }

    /// Whose credential has ended.
    fn expired(&self, now: Timestamp) -> Vec<S> {
        self.of(|lease| lease.until.is_some_and(|until| until <= now))
    }

    fn of(&self, is_due: impl Fn(&Lease) -> bool) -> Vec<S> {
        let kept = self.kept();
        kept.iter().filter(|(_, lease)| is_due(lease)).map(|(socket, _)| *socket).collect()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<S, Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends away whose token has ended, who may come back with a fresh one, and disconnects for good whose API key is gone;
/// until the server stops.
pub(crate) async fn watch_leases(app: App, hub: Hub<Live>, live: Arc<Live>) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = look.tick() => {}
        }
        for socket in live.leases.expired(app.clock.now()) {
            tracing::debug!(client.id = %socket, "the credential of a client has ended");
            if hub.send_away(socket).await.is_err() {
                return;
            }
        }
        for socket in revoked(&app, &live.leases).await {
            tracing::info!(client.id = %socket, "the key of a client was revoked");
            if hub.disconnect(socket).await.is_err() {
                return;
            }
        }
    }
}

/// Who is connected with an API key that is no longer there. Where the store cannot say, everybody stays.
async fn revoked(app: &App, leases: &Leases) -> Vec<SocketId> {
    let mut keys = leases.keys();
    let asked: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    match app.store.keys_alive(&asked, app.clock.now()).await {
        Ok(alive) => alive.iter().for_each(|key| {
            keys.remove(&**key);
        }),
        Err(error) => {
            if let Some(left_out) = app.refusals.due("keys", app.clock.monotonic()) {
                tracing::warn!(%error, left_out, "it cannot be looked up whose key was revoked");
            }
            return Vec::new();
        }
    }
    leases.of_keys(&keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_that_of_all_who_connected_with_it() {
        let leases = Leases::default();
        for (socket, principal) in
            [(1, "key:key_1"), (2, "user:key_1"), (3, "key:key_1"), (4, "key:configured")]
        {
            leases.begin(socket, PrincipalId::parse(principal).unwrap(), None);
        }
        let keys = leases.keys();
        assert_eq!(keys, BTreeSet::from(["key_1".into()]));
        let mut gone = leases.of_keys(&keys);
        gone.sort_unstable();
        assert_eq!(gone, [1, 3]);
    }

    #[test]
    fn whoever_does_not_renew_goes_when_the_credential_ends() {
        let leases = Leases::default();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let somebody = || PrincipalId::parse("user:1").unwrap();
        let [renews, stays, goes] = [1, 2, 3];
        leases.begin(renews, somebody(), Some(at(10)));
        leases.begin(stays, somebody(), None);
        leases.begin(goes, somebody(), Some(at(10)));
        assert!(leases.expired(at(9)).is_empty());
        leases.renew(renews, Some(at(20)));
        assert_eq!(leases.expired(at(10)), [goes]);
        leases.end(goes);
        assert_eq!(leases.expired(at(20)), [renews]);
    }
}
