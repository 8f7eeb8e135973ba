//! How the store is: waited for at the start, looked after while it runs, and told to the clients.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use waypost_api::{IsoTime, ServerState, names};
use waypost_realtime::{Audience, Emit, Hub};
use waypost_store::{Commits, OpenError, Options, Store};

use crate::app::App;
use crate::live::{Live, argument};

/// How often a store is looked at that nobody writes to, or that cannot be written to.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a database server is waited for at the start: a machine that boots, or a composition of containers, starts it
/// beside us. Well below the 90 s that systemd gives a start.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// How long between two attempts.
const WAIT_PAUSE: Duration = Duration::from_secs(1);

/// Opens the store; waits for a database server that is not there yet. Whatever waiting would not mend ends it at once.
pub(crate) async fn open(options: impl Fn() -> anyhow::Result<Options>) -> anyhow::Result<(Store, Commits)> {
    let deadline = tokio::time::Instant::now() + WAIT_MAX;
    let mut is_told = false;
    loop {
        match Store::open(options()?) {
            Err(error) if error.is_temporary() && tokio::time::Instant::now() < deadline => {
                if !std::mem::replace(&mut is_told, true) {
                    tell_of_waiting(error);
                }
                tokio::time::sleep(WAIT_PAUSE).await;
            }
            opened => return Ok(opened?),
        }
    }
}

fn tell_of_waiting(error: OpenError) {
    let error = format!("{:#}", anyhow::Error::from(error));
    tracing::warn!(error, "the database is waited for, for {} s", WAIT_MAX.as_secs());
}

/// Whether anything can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    Succeed,
    Fail,
}

impl Writes {
    /// As the last commit went.
    pub(crate) fn of(health: &watch::Receiver<bool>) -> Self {
        if *health.borrow() { Self::Succeed } else { Self::Fail }
    }
}

/// The state of the server, as clients are told it.
pub(crate) fn server_state(app: &App, writes: Writes) -> ServerState {
    let state = match writes {
        Writes::Succeed => "ok",
        Writes::Fail => "degraded",
    };
    ServerState { state, timestamp: IsoTime(app.clock.now()) }
}

/// Tells everybody `state`; whether there was anybody to tell it.
pub(crate) async fn tell(hub: &Hub<Live>, state: &ServerState) -> bool {
    let emit = Emit {
        to: Audience::Everyone,
        except: Vec::new(),
        name: names::SERVER_STATE.into(),
        args: argument(state),
    };
    hub.emit(emit).await.is_ok()
}

/// Tells the clients when the store can no longer write, and when it can again, until the server stops.
pub(crate) async fn tell_changes(app: App, hub: Hub<Live>) {
    let mut health = app.store.health();
    loop {
        let changed = tokio::select! {
            biased;
            () = app.stopping.cancelled() => return,
            changed = health.changed() => changed,
        };
        let state = server_state(&app, Writes::of(&health));
        if changed.is_err() || !tell(&hub, &state).await {
            return;
        }
    }
}

/// Finds out how the store is where no webhook does: that it is away while nobody writes, and that it is back.
pub(crate) async fn look_after(app: App) {
    let health = app.store.health();
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        // A read costs less than a write, and shows as well that nobody is there.
        let is_there = app.store.head().await.is_ok();
        app.is_store_there.store(is_there, Ordering::Relaxed);
        if Writes::of(&health) == Writes::Fail || !is_there {
            app.store.probe().await;
        }
    }
}
