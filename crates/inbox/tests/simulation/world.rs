//! A server that can be killed at any step, and what stays when it is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::task::TaskTracker;
use waypost_inbox::ShowError;
use waypost_inbox::show::realtime_offset;
use waypost_realtime::{Hub, HubConfig, Namespace, Origin, Protocol, PublishError};
use waypost_store::{Commits, Limits, Options, Store, Threads};
use waypost_testkit::hub_client::Door;

use crate::application::Desk;
use crate::client::Surroundings;
use crate::clock::SimulatedClock;
use crate::disk::{Disk, Journal, Nodes, Past};
use crate::ledger::Ledger;

/// What a seed draws before anything happens.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) hub: HubConfig,
    pub(crate) journal_days: i64,
    pub(crate) session_hours: i64,
    pub(crate) tick: Duration,
}

/// What connections need of the server that runs now.
pub(crate) struct Stage {
    pub(crate) door: Door,
    pub(crate) tasks: TaskTracker,
    hub: Hub<Desk>,
    world: Arc<World>,
}

/// What outlives every server.
pub(crate) struct World {
    pub(crate) clock: SimulatedClock,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) setting: Setting,
    /// The journals that there were; the last one is that of the database.
    pub(crate) journals: Mutex<Vec<Journal>>,
    servers: AtomicUsize,
    log: Mutex<Vec<String>>,
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) store: Store,
    /// The other node, if there is one.
    pub(crate) other: Option<Store>,
    pub(crate) hub: Hub<Desk>,
    pub(crate) stage: Arc<Stage>,
    past: Past,
    world: Arc<World>,
}

impl World {
    pub(crate) fn new(setting: Setting) -> Arc<World> {
        Arc::new(World {
            clock: SimulatedClock::default(),
            ledger: Arc::new(Ledger::new(setting.session_hours)),
            setting,
            journals: Mutex::new(vec![Journal::default()]),
            servers: AtomicUsize::new(0),
            log: Mutex::default(),
        })
    }

    pub(crate) fn here(&self) -> Surroundings {
        let journals = self.journals.lock().unwrap();
        {
            let head = journals.last().unwrap().head();
            Surroundings { head, published: head, lineage: journals.len() - 1 }
        }
    }

    pub(crate) fn log(&self, line: impl FnOnce() -> String) {
        self.log.lock().unwrap().push(line());
    }

    pub(crate) fn logged(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

impl Stage {
    pub(crate) fn here(&self) -> Surroundings {
        Surroundings { published: self.hub.head().number, ..self.world.here() }
    }

    pub(crate) fn log(&self, line: impl FnOnce() -> String) {
        self.world.log(line);
    }
}

impl Server {
    /// Starts on the current runtime.
    pub(crate) async fn start(world: &Arc<World>, disk: &Disk, seed: u64) -> Server {
        let number = world.servers.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        bytes[8..16].copy_from_slice(&number.to_be_bytes());
        let (store, commits) = open(world, disk, bytes);
        let other = (disk.nodes == Nodes::Two).then(|| {
            let mut bytes = bytes;
            bytes[16] = 1;
            // It shows nothing to anybody.
            open(world, disk, bytes).0
        });
        let Setting { hub, tick, .. } = world.setting.clone();
        let head = store.head().await.unwrap();
        let origin = Origin { head: realtime_offset(&head), seed: bytes };
        let (clock, ledger) = (world.clock.clone(), world.ledger.clone());
        let desk = Arc::new(Desk::new(store.clone(), clock, ledger, disk.past(), bytes));
        let (hub, publisher) = Hub::start(hub, desk.clone(), origin);
        desk.act_on(&hub);
        let tasks = TaskTracker::new();
        let ledger = world.ledger.clone();
        tasks.spawn(async move {
            match waypost_inbox::show(commits, publisher, |_, _| ()).await {
                // What is stored while the server stops is shown by the next one.
                Ok(()) | Err(ShowError::Publish(PublishError::Closed(_))) => {}
                Err(error) => ledger.wrong(format!("what is stored is no longer shown: {error}")),
            }
        });
        tasks.spawn(async move {
            let mut ticks = tokio::time::interval(tick);
            loop {
                ticks.tick().await;
                desk.keep_sessions().await;
            }
        });
        let door = Door::new("/socket.io/", hub.router());
        let stage = Arc::new(Stage { door, tasks, hub: hub.clone(), world: world.clone() });
        Server { store, other, hub, stage, past: disk.past(), world: world.clone() }
    }

    /// Reads what was committed since the last look, and whose these names have become.
    pub(crate) async fn look(&self, names: &[String]) {
        let mut bound = Vec::new();
        for name in names {
            if let waypost_store::CustomerMatch::One(binding) = self.store.find_customer(name).await.unwrap()
            {
                bound.push((name.clone(), (format!("customer:{}", binding.customer), binding.since)));
            }
        }
        let mut journals = self.world.journals.lock().unwrap();
        let journal = journals.last_mut().unwrap();
        self.past.read_on(journal);
        for (name, bound) in bound {
            journal.names.entry(name).or_insert(bound);
        }
    }
}

fn open(world: &World, disk: &Disk, seed: [u8; 32]) -> (Store, Commits) {
    let limits = Limits {
        queue_max: 64,
        readers: 1,
        journal_days: world.setting.journal_days,
        dead_letter_days: 30,
        dead_letter_bytes_max: 1_000_000,
        parked_status_days: 30,
        parked_statuses_max: 1_000,
        dedup_days: 30,
        report_days: 90,
        session_hours: world.setting.session_hours,
        sessions_max: 100_000,
    };
    let options = Options {
        place: disk.place(),
        seed,
        clock: Arc::new(world.clock.clone()),
        encode: waypost_inbox::encoder(),
        portfolios: Vec::new(),
        limits,
        threads: Threads::Caller,
    };
    Store::open(options).unwrap()
}

/// Small limits, so that every path is taken often.
pub(crate) fn small(shards: usize) -> HubConfig {
    let namespace = Namespace::with_recovery("/");
    HubConfig { shards, protocol: Protocol::SocketIo(vec![namespace]), ..HubConfig::default() }
}
