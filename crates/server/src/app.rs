//! What the routes share, and how it is put together.

use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waypost_cloud_api::graph::{AccessToken, GraphClient, GraphSettings};
use waypost_cloud_api::signature::AppSecrets;
use waypost_domain::{AppName, Claim, Claims, OutboxId, Pid, PortfolioId};
use waypost_inbox::reply::CALLS_MAX;
use waypost_inbox::{Numbers, Reply};
use waypost_realtime::TrustedProxies;
use waypost_store::{Clock, DataKeys, IdSource, Options, Store, Threads};

use crate::accounts::{FailureLimits, People, PeopleSettings, TotpKeeping};
use crate::audit::Trail;
use crate::clock::{SystemClock, random_seed};
use crate::config::{AuthConfig, Config, Secret, WhatsappConfig};
use crate::http::cookie::SessionCookie;
use crate::http::credential::Credentials;
use crate::http::gate::Gate;
use crate::http::webhook::{MetaApp, WebhookLimits};
use crate::limits::{LimitCounts, Limits};
use crate::sealing::{self, Keyring};
use crate::store_state;
use crate::telemetry::{Metrics, Seldom};
use crate::tokens::Tokens;

/// What kind of server it is; every page says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Set up.
    Live,
    /// The app secret is missing: webhooks are answered 503, so that nothing is lost.
    Setup,
    /// Invented customers.
    Demo,
}

/// What the routes share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// The parts of an [`App`].
pub(crate) struct Parts {
    pub(crate) mode: Mode,
    /// The Meta apps, the one that sends first.
    pub(crate) apps: Vec<MetaApp>,
    pub(crate) numbers: Arc<Numbers>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reply: Reply,
    /// Held by whoever reads dead letters again: two at once do twice what need be done once.
    pub(crate) reprocessing: tokio::sync::Mutex<()>,
    pub(crate) credentials: Credentials,
    pub(crate) people: Arc<People>,
    pub(crate) audit: Trail,
    pub(crate) cookie: SessionCookie,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) gate: Gate,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    /// Which refused webhooks are logged.
    pub(crate) refusals: Seldom,
    pub(crate) webhook_limits: WebhookLimits,
    pub(crate) rest_body_bytes_max: usize,
    /// Whether the store could be read when it was looked at last: where not, no client is let begin.
    pub(crate) is_store_there: AtomicBool,
    /// Cancelled when the server begins to stop.
    pub(crate) stopping: CancellationToken,
    /// Cancelled when no further request is taken: clients have been told by then.
    pub(crate) closed: CancellationToken,
    /// A short section: drawing an id.
    ids: Mutex<IdSource>,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens the store and puts together what the routes share. The commits are to be shown by whoever gets them.
    pub(crate) async fn build(config: &Config, mode: Mode) -> anyhow::Result<(Self, waypost_store::Commits)> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        // Before anything is opened: where the key is not kept as it has to be, nothing else matters.
        let master = sealing::load(config)?;
        let (store, commits) = store_state::open(|| store_options(config, &clock)).await?;
        let audit = Trail::open(&config.audit_place(), Arc::clone(&clock))?;
        let numbers = Arc::new(Numbers::claim(&store, claims(&config.whatsapp)).await?);
        let name = config.whatsapp.app.clone();
        let keyring =
            master.map(|master| Keyring::new(master, DataKeys::beside(store.accounts()), Arc::clone(&clock)));
        let totps = TotpKeeping::new(keyring);
        totps.go_through(&store.accounts()).await?;
        let limits = Limits::new(&config.limits, Arc::clone(&clock));
        let people = People::new(
            (store.accounts(), totps),
            people_settings(config, &limits.counts),
            Arc::clone(&clock),
            random_seed()?,
        );
        let people = Arc::new(people);
        let app = Self(Arc::new(Parts {
            mode,
            apps: meta_apps(&config.whatsapp)?,
            reply: Reply {
                store: store.clone(),
                clock: Arc::clone(&clock),
                app: name,
                graph: graph_client(&config.whatsapp)?,
                default_number: config.whatsapp.phone_number_id.clone(),
                calls: TaskTracker::new(),
                places: Arc::new(Semaphore::new(CALLS_MAX)),
            },
            reprocessing: tokio::sync::Mutex::new(()),
            credentials: Credentials::new(
                &config.auth,
                tokens(&config.auth, &clock)?,
                (Arc::clone(&people), store.clone()),
            ),
            people,
            audit,
            cookie: SessionCookie::of(config.server.public_url.as_ref()),
            trusted_proxies: config.server.trusted_proxies.clone(),
            gate: Gate::new(config.server.public_url.clone(), config.server.cors_origins.clone()),
            limits,
            metrics: Metrics::new(),
            refusals: Seldom::default(),
            webhook_limits: WebhookLimits::new(&config.limits),
            rest_body_bytes_max: config.limits.rest_body_bytes_max.value(),
            is_store_there: AtomicBool::new(true),
            stopping: CancellationToken::new(),
            closed: CancellationToken::new(),
            ids: Mutex::new(IdSource::new(random_seed()?)),
            numbers,
            store,
            clock,
        }));
        Ok((app, commits))
    }

    /// A secret for a session: nobody can guess it.
    pub(crate) fn new_pid(&self) -> Pid {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Pid::from_random(u128::from(ids.random_u64()) << 64 | u128::from(ids.random_u64()))
    }

    /// A key for a send whose caller has none: no two are alike.
    pub(crate) fn new_idempotency_key(&self) -> String {
        let (at, bits) = self.ids.lock().unwrap_or_else(PoisonError::into_inner).next_parts(self.clock.now());
        format!("send-message:{}", OutboxId::from_parts(at, bits))
    }
}

fn people_settings(config: &Config, counts: &LimitCounts) -> PeopleSettings {
    let (auth, limits) = (&config.auth, &config.limits);
    PeopleSettings {
        session: auth.session_hours.duration(),
        idle: auth.session_idle_minutes.duration(),
        roles: auth.roles.clone(),
        totp_roles: auth.totp_required_roles.as_slice().to_vec(),
        failures: FailureLimits {
            per_account: limits.login_failures_per_account_max.value(),
            per_address: limits.login_failures_per_address_max.value(),
            counts: counts.clone(),
        },
    }
}

fn tokens(config: &AuthConfig, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Tokens>> {
    // Nobody waits for the issuer's keys when the server stops.
    let tokens = config.jwt().map(|settings| Tokens::new(&settings, Arc::clone(clock), TaskTracker::new()));
    tokens.transpose()
}

fn portfolios(config: &WhatsappConfig) -> Vec<(AppName, PortfolioId)> {
    config.portfolio_id.iter().map(|portfolio| (config.app.clone(), portfolio.clone())).collect()
}

fn store_limits(config: &Config) -> waypost_store::Limits {
    let days = |duration: Duration| i64::try_from(duration.as_secs() / 86_400).unwrap_or(i64::MAX);
    let retention = &config.retention;
    waypost_store::Limits {
        queue_max: config.limits.ingest_queue_max.value(),
        readers: config.store.readers.value(),
        journal_days: days(retention.journal_days.duration()),
        dead_letter_days: days(retention.dead_letter_days.duration()),
        dead_letter_bytes_max: retention.dead_letter_bytes_max.value() as u64,
        parked_status_days: days(retention.parked_status_days.duration()),
        parked_statuses_max: retention.parked_statuses_max.value() as u64,
        dedup_days: days(retention.dedup_days.duration()),
        report_days: days(retention.report_days.duration()),
        session_hours: i64::try_from(retention.session_hours.duration().as_secs() / 3_600)
            .unwrap_or(i64::MAX),
        sessions_max: retention.sessions_max.value() as u64,
    }
}

/// What the store of this configuration is built from.
pub(crate) fn store_options(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Options> {
    Ok(Options {
        place: config.store.place(),
        seed: random_seed()?,
        clock: Arc::clone(clock),
        encode: waypost_inbox::encoder(),
        portfolios: portfolios(&config.whatsapp),
        limits: store_limits(config),
        threads: Threads::Own,
    })
}

/// The numbers that are claimed: those that are named so, and the one that sends.
pub(crate) fn claims(config: &WhatsappConfig) -> Claims {
    let mut claims = config.claimed_numbers.claims(&config.app);
    if let Some(number) = config.phone_number_id.clone().filter(|number| !claims.contains(number)) {
        claims.claim(number, Claim { app: config.app.clone(), waba: None });
    }
    claims
}

/// The app that sends, then the others.
fn meta_apps(config: &WhatsappConfig) -> anyhow::Result<Vec<MetaApp>> {
    let verify_token = config.verify_token.as_ref().map(|token| token.expose().to_owned());
    let app = |name, secrets| MetaApp { name, secrets, verify_token: verify_token.clone() };
    let own: Vec<&str> = config.app_secret.iter().map(Secret::expose).collect();
    let secrets = if own.is_empty() {
        None
    } else {
        Some(AppSecrets::new(own).context("whatsapp.app_secret cannot be used")?)
    };
    let mut apps = vec![app(config.app.clone(), secrets)];
    for (name, secrets) in config.further_apps.iter() {
        let secrets = AppSecrets::new(secrets.iter().map(Secret::expose));
        apps.push(app(name, Some(secrets.context("whatsapp.further_apps cannot be used")?)));
    }
    Ok(apps)
}

/// How long a connection to the Graph API may take, at most; less than a whole call, so that "never reached Meta" is
/// told from "no answer".
const GRAPH_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

fn graph_client(config: &WhatsappConfig) -> anyhow::Result<Option<GraphClient>> {
    let Some(token) = &config.access_token else { return Ok(None) };
    let call_timeout = config.graph_timeout_seconds.duration();
    let client = GraphClient::new(GraphSettings {
        base_url: config.graph_url.as_str().to_owned(),
        version: config.graph_version.as_str().to_owned(),
        token: AccessToken::parse(token.expose()).context("whatsapp.access_token cannot be a token")?,
        connect_timeout: GRAPH_CONNECT_TIMEOUT.min(call_timeout / 2),
        call_timeout,
    })?;
    Ok(Some(client))
}
