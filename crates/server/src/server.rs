//! The running server: what is started, and in which order it stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waypost_domain::{AuditAction, AuditActor};
use waypost_inbox::{Seats, ShowError};
use waypost_realtime::{
    Connections, Hub, HubConfig, Namespace, Origin, Protocol, PublishError, ServeConfig, serve,
};
use waypost_store::Commits;

use crate::accounts::{Secret256, first_admin_link};
use crate::app::App;
use crate::audit;
use crate::clock::random_seed;
use crate::config::Config;
use crate::descriptors;
use crate::listen;
use crate::live::{Live, LiveSettings, announce_visits, note_sessions, watch_leases};
use crate::routes::{main_routes, webhook_routes};
use crate::store_state::{self, Writes, server_state};

/// How often what is kept for a time only is looked through.
const TEND_EVERY: Duration = Duration::from_mins(1);
/// Over how long live connections are closed when the server stops, so that their clients do not come back at once.
const DRAIN_OVER: Duration = Duration::from_secs(2);

/// What is left of the time for the process itself to end: whoever stops it kills it when the time is over.
const STOP_MARGIN: Duration = Duration::from_millis(500);

/// Sockets that are bound already.
pub(crate) struct Listeners {
    pub(crate) main: Vec<TcpListener>,
    pub(crate) webhook: Vec<TcpListener>,
}

impl Listeners {
    /// Binds what the configuration names.
    pub(crate) async fn bind(config: &Config) -> anyhow::Result<Self> {
        let webhook = match &config.server.webhook_listen {
            Some(addresses) => listen::bind(addresses, "--webhook-listen").await?,
            None => Vec::new(),
        };
        Ok(Self { main: listen::bind(&config.server.listen, "--listen").await?, webhook })
    }

    pub(crate) fn main_addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        addresses(&self.main)
    }

    pub(crate) fn webhook_addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        addresses(&self.webhook)
    }
}

fn addresses(listeners: &[TcpListener]) -> anyhow::Result<Vec<SocketAddr>> {
    listeners.iter().map(|listener| listener.local_addr().context("a listener has no address")).collect()
}

/// A server that runs.
pub(crate) struct Server {
    app: App,
    hub: Hub<Live>,
    /// The listeners, each with its HTTP connections.
    connections: TaskTracker,
    /// Everything else.
    background: TaskTracker,
    showing: JoinHandle<()>,
    stop_within: Duration,
}

impl Server {
    /// Begins to serve.
    pub(crate) async fn start(
        config: &Config,
        (app, commits): (App, Commits),
        listeners: Listeners,
    ) -> anyhow::Result<Self> {
        let places = descriptors::places(config.realtime.connections_max.value());
        let head = app.store.head().await?;
        let settings = LiveSettings {
            offsets: config.realtime.offsets,
            rooms_max: config.limits.rooms_per_connection_max.value(),
            // Without a bound of their own they are rooms as others are.
            unbound_rooms_max: config.limits.unbound_rooms_per_connection_max.value().unwrap_or(usize::MAX),
            monitors_below_clients: config.limits.monitors_below_clients.value(),
        };
        let (live, visits) = Live::new(app.clone(), settings);
        let origin = Origin { head: waypost_inbox::show::realtime_offset(&head), seed: random_seed()? };
        let live = Arc::new(live);
        let (hub, publisher) = Hub::start(hub_config(config, places.live), live.clone(), origin);
        live.act_on(&hub);
        let health = app.store.health();
        app.metrics.watch_store(move || *health.borrow());
        let watched = hub.clone();
        let audited = app.clone();
        app.metrics.watch_audit(move || audited.audit.audit().lost());
        app.metrics.watch_hub(move || watched.counts());
        let watched = hub.clone();
        app.metrics.watch_limits(app.limits.counts.clone(), move || watched.counts().crowded);

        let background = TaskTracker::new();
        background.spawn(announce_visits(app.clone(), hub.clone(), visits));
        background.spawn(watch_leases(app.clone(), hub.clone(), live.clone()));
        background.spawn(note_sessions(app.clone(), live.clone()));
        background.spawn(store_state::tell_changes(app.clone(), hub.clone()));
        background.spawn(store_state::look_after(app.clone()));
        background.spawn(tend(app.clone()));
        background.spawn(audit::look_after(app.clone(), audit_days(config)));
        background.spawn(keep_sessions(app.clone(), live.seats().clone()));
        let showing = background.spawn({
            let app = app.clone();
            async move {
                let clock = Arc::clone(&app.clock);
                let observe = |queued_at: Duration, _: usize| {
                    app.metrics.shown(clock.monotonic().saturating_sub(queued_at));
                };
                match waypost_inbox::show(commits, publisher, observe).await {
                    Err(ShowError::Publish(PublishError::Closed(_))) if app.stopping.is_cancelled() => {
                        tracing::debug!("what is stored while the server stops is shown by the next one");
                    }
                    Err(error) => tracing::error!(error = %error, "what is stored is no longer shown"),
                    Ok(()) => {}
                }
            }
        });

        let connections = TaskTracker::new();
        let limits = ServeConfig { connections_max: places.live + places.http, ..ServeConfig::default() };
        let shared = Connections::new(limits, app.closed.clone());
        for listener in listeners.main {
            connections.spawn(serve(listener, main_routes(&app, &hub), shared.clone()));
        }
        for listener in listeners.webhook {
            connections.spawn(serve(listener, webhook_routes(&app), shared.clone()));
        }
        let stop_within = config.server.shutdown_timeout_seconds.duration();
        Ok(Self { app, hub, connections, background, showing, stop_within })
    }

    /// Cancelled when the server begins to stop.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.app.stopping
    }

    /// The link by which the first administrator comes to an account; `None` where there is one.
    pub(crate) async fn first_admin_link(&self) -> anyhow::Result<Option<Secret256>> {
        let accounts = &self.app.people.accounts;
        let link = first_admin_link(accounts, random_seed()?, self.app.clock.now()).await?;
        if link.is_some() {
            self.app.audit.note_as(AuditActor::System, AuditAction::FirstLinkMade, None);
        }
        Ok(link)
    }

    /// Whether somebody can manage accounts who has one.
    pub(crate) async fn has_admin(&self) -> anyhow::Result<bool> {
        Ok(self.app.people.accounts.has_admin().await?)
    }

    /// Whether `waypost key create` has made a key.
    pub(crate) async fn has_keys(&self) -> anyhow::Result<bool> {
        Ok(self.app.store.has_keys().await?)
    }

    /// Stops within the configured time: no further webhook is taken, clients are told and their transports closed, no
    /// further request is taken, what was accepted is committed and answered, sends end.
    pub(crate) async fn stop(self) {
        let stop_within = self.stop_within.saturating_sub(STOP_MARGIN);
        if tokio::time::timeout(stop_within, self.stop_in_order()).await.is_err() {
            tracing::warn!(
                "stopping took too long; what is left ends now. Nothing that was answered is lost"
            );
        }
    }

    async fn stop_in_order(self) {
        self.app.stopping.cancel();
        // A server that stops is one that cannot store.
        if !store_state::tell(&self.hub, &server_state(&self.app, Writes::Fail)).await {
            tracing::debug!("the hub was closed before its clients were told");
        }
        // A polling client is told in its next poll, which may be a connection of its own: requests are taken until
        // the drain has ended, and so have the polls that wait for an event.
        self.hub.drain(DRAIN_OVER).await;
        self.app.closed.cancel();
        self.connections.close();
        self.connections.wait().await;
        self.app.reply.calls.close();
        self.app.reply.calls.wait().await;
        self.app.audit.close().await;
        self.showing.abort();
        self.background.close();
        tracing::info!("stopped");
    }
}

fn audit_days(config: &Config) -> i64 {
    i64::try_from(config.retention.audit_days.duration().as_secs() / 86_400).unwrap_or(i64::MAX)
}

fn hub_config(config: &Config, live_max: usize) -> HubConfig {
    let realtime = &config.realtime;
    let defaults = HubConfig::default();
    HubConfig {
        shards: match realtime.shards.value() {
            0 => defaults.shards,
            shards => shards,
        },
        protocol: Protocol::SocketIo(vec![
            Namespace::with_recovery("/"),
            Namespace::with_recovery("/websocket"),
        ]),
        connections_max: live_max,
        // Without a bound of its own, an address is bounded by the table of connections.
        unconnected_per_address_max: config.limits.unconnected_per_address_max.value().unwrap_or(usize::MAX),
        trusted_proxies: config.server.trusted_proxies.clone(),
        ping_interval: realtime.ping_interval_ms.duration(),
        ping_timeout: realtime.ping_timeout_ms.duration(),
        payload_bytes_max: realtime.max_payload_bytes.value(),
        stall_timeout: realtime.stalled_timeout_seconds.duration(),
        // The monitors' room is not one that a client asked for.
        rooms_per_socket_max: config.limits.rooms_per_connection_max.value() + 1,
        ..defaults
    }
}

/// Notes, now and then, which sessions have a connection: a session ends a time after its last.
async fn keep_sessions(app: App, seats: Seats) {
    let mut ticks = tokio::time::interval(TEND_EVERY);
    loop {
        let stopping = tokio::select! {
            biased;
            () = app.stopping.cancelled() => true,
            _ = ticks.tick() => false,
        };
        let seen = seats.seen();
        if !seen.is_empty()
            && let Err(error) = app.store.touch_sessions(seen, app.clock.now()).await
        {
            tracing::warn!(%error, "sessions could not be kept; they end earlier than they should");
        }
        if stopping {
            return;
        }
    }
}

/// Takes out, now and then, what the limits no longer let us keep, and what they need no longer know.
async fn tend(app: App) {
    let mut ticks = tokio::time::interval(TEND_EVERY);
    loop {
        tokio::select! {
            biased;
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        app.limits.tend();
        match app.store.tend().await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "what was kept for a time only is gone"),
            Err(error) => tracing::warn!(error = %error, "housekeeping failed; it will be tried again"),
        }
    }
}
