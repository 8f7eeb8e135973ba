//! For how long each connection may stay: its credential ends, is renewed by a fresh one of the same person, or is taken
//! back.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use waypost_domain::{AccountSessionId, Principal, Timestamp};
use waypost_realtime::{Hub, SocketId};

use super::Live;
use crate::app::App;
use crate::http::credential::key_of;
use crate::rights::Claimed;

/// How often leases are looked through: whoever is revoked or expires is gone within a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often it is noted that whoever is connected uses a session.
const NOTE_EVERY: Duration = Duration::from_secs(30);

/// Whose connection it is, and until when.
pub(super) struct Lease {
    /// With what it may do here.
    pub(super) principal: Principal,
    /// `None` for a credential without an end.
    pub(super) until: Option<Timestamp>,
    /// Where it came by cookie, with what the account gave then.
    pub(super) session: Option<(AccountSessionId, Claimed)>,
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
    pub(super) fn begin(&self, socket: S, lease: Lease) {
        self.kept().insert(socket, lease);
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
        self.kept().values().filter_map(|lease| key_of(&lease.principal.id).map(Into::into)).collect()
    }

    /// Who is connected with one of these API keys.
    fn of_keys(&self, keys: &BTreeSet<Box<str>>) -> Vec<S> {
        self.of(|lease| key_of(&lease.principal.id).is_some_and(|key| keys.contains(key)))
    }

    /// The sessions of accounts with which somebody is connected.
    fn sessions(&self) -> BTreeSet<AccountSessionId> {
        self.kept().values().filter_map(|lease| Some(lease.session.as_ref()?.0)).collect()
    }

    /// Who is connected with a session that is one of `asked` and gives nothing any more, and who with one that gives
    /// something else than it did.
    fn of_sessions(
        &self,
        asked: &BTreeSet<AccountSessionId>,
        given: &HashMap<AccountSessionId, Claimed>,
    ) -> (Vec<S>, Vec<S>) {
        let now = |lease: &Lease| {
            let (session, before) = lease.session.as_ref().filter(|(session, _)| asked.contains(session))?;
            Some(given.get(session).map(|now| now == before))
        };
        (self.of(|lease| now(lease) == Some(None)), self.of(|lease| now(lease) == Some(Some(false))))
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

/// Sends away whose token has ended, who may come back with a fresh one, and whose account gives other rights than it did,
/// who comes back with those; disconnects for good whose API key or session is gone; until the server stops.
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
        let (gone, changed) = of_accounts(&app, &live.leases).await;
        for socket in gone {
            tracing::info!(client.id = %socket, "the session of a client was ended");
            if hub.disconnect(socket).await.is_err() {
                return;
            }
        }
        for socket in changed {
            tracing::info!(client.id = %socket, "the account of a client may do something else now");
            if hub.send_away(socket).await.is_err() {
                return;
            }
        }
    }
}

/// Notes of whoever is connected that they use their session, until the server stops. Beside [`watch_leases`]: what is written
/// may wait for the webhooks' writer, and whoever is revoked must not wait for that.
pub(crate) async fn note_sessions(app: App, live: Arc<Live>) {
    let mut look = tokio::time::interval(NOTE_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = look.tick() => {}
        }
        let connected: Vec<_> = live.leases.sessions().into_iter().collect();
        let noted = match app.people.still_signed_in(&connected).await {
            Ok(used) => app.people.note_use(&used).await,
            Err(error) => Err(error),
        };
        if let Err(error) = noted
            && let Some(left_out) = app.refusals.due("use of sessions", app.clock.monotonic())
        {
            tracing::warn!(%error, left_out, "the use of sessions cannot be noted; they may end too early");
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

/// Who is connected with a session that is over or gives nothing, and who with one that gives something else than it did. Where
/// the store cannot say, everybody stays.
async fn of_accounts(app: &App, leases: &Leases) -> (Vec<SocketId>, Vec<SocketId>) {
    let asked = leases.sessions();
    if asked.is_empty() {
        return Default::default();
    }
    let ids: Vec<_> = asked.iter().copied().collect();
    let alive = match app.people.still_signed_in(&ids).await {
        Ok(alive) => alive,
        Err(error) => {
            if let Some(left_out) = app.refusals.due("account sessions", app.clock.monotonic()) {
                tracing::warn!(%error, left_out, "it cannot be looked up whose session has ended");
            }
            return Default::default();
        }
    };
    let given =
        alive.iter().filter_map(|one| Some((one.session.id, app.people.claimed(one).ok()?))).collect();
    leases.of_sessions(&asked, &given)
}

#[cfg(test)]
mod tests {
    use waypost_domain::{Limits, PrincipalId, Role};

    use super::*;

    fn lease(principal: &str, until: Option<Timestamp>) -> Lease {
        let id = PrincipalId::parse(principal).unwrap();
        Lease { principal: Principal::with_role(id, Role::Agent), until, session: None }
    }

    #[test]
    fn a_key_is_that_of_all_who_connected_with_it() {
        let leases = Leases::default();
        for (socket, principal) in
            [(1, "key:key_1"), (2, "user:key_1"), (3, "key:key_1"), (4, "key:configured")]
        {
            leases.begin(socket, lease(principal, None));
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
        let somebody = |until| lease("user:1", until);
        let [renews, stays, goes] = [1, 2, 3];
        leases.begin(renews, somebody(Some(at(10))));
        leases.begin(stays, somebody(None));
        leases.begin(goes, somebody(Some(at(10))));
        assert!(leases.expired(at(9)).is_empty());
        leases.renew(renews, Some(at(20)));
        assert_eq!(leases.expired(at(10)), [goes]);
        leases.end(goes);
        assert_eq!(leases.expired(at(20)), [renews]);
    }

    #[test]
    fn a_session_that_is_over_and_one_that_gives_something_else_are_told_apart() {
        let leases = Leases::default();
        let session = |n| AccountSessionId::from_parts(Timestamp::from_millis(1), n);
        let claimed = |teams: &[&str]| {
            let teams: Vec<String> = teams.iter().map(|team| (*team).to_owned()).collect();
            let limits = Limits::parse(None, Some(&teams), None).unwrap();
            Claimed { rights: Role::Agent.rights(), agent: None, limits }
        };
        let [stays, over, changed, no_account, came_since] = [1, 2, 3, 4, 5];
        for (socket, session) in [
            (stays, Some((session(1), claimed(&["north"])))),
            (over, Some((session(2), claimed(&[])))),
            (changed, Some((session(3), claimed(&["north"])))),
            (no_account, None),
            (came_since, Some((session(5), claimed(&[])))),
        ] {
            leases.begin(socket, Lease { session, ..lease("account:usr_1", None) });
        }
        let asked = BTreeSet::from([session(1), session(2), session(3)]);
        let given = HashMap::from([(session(1), claimed(&["north"])), (session(3), claimed(&["south"]))]);
        assert_eq!(leases.of_sessions(&asked, &given), (vec![over], vec![changed]));
    }
}
