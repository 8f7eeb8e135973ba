//! What happens, step by step, as the seed has it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use waypost_domain::AppName;
use waypost_realtime::HubConfig;
use waypost_store::{Clock, Store};

use waypost_testkit::hub_client::pass;

use crate::client::{Client, Kind, State};
use crate::connection::{Connection, Plan};
use crate::dice::Dice;
use crate::disk::{Copy, Disk, Ground, Part};
use crate::facts::{Customers, names};
use crate::world::{Server, Setting, World, small};

const GENERAL: &str = "whatsapp:general";
/// Most clients of one run.
const CLIENTS_MAX: usize = 8;

pub(crate) struct Script {
    seed: u64,
    dice: Dice,
    pub(crate) world: Arc<World>,
    disk: Disk,
    customers: Customers,
    pub(crate) clients: Vec<Player>,
    steps: usize,
    /// How long a step may take.
    pace: Pace,
    /// Whether somebody meddles with the files.
    is_tampered_with: bool,
}

pub(crate) struct Player {
    pub(crate) client: Arc<Mutex<Client>>,
    pub(crate) connection: Option<Connection>,
}

/// How a run of the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Killed,
    Stopped,
    /// All steps are done.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Brisk,
    /// Hours and days pass.
    Slow,
}

impl Script {
    pub(crate) fn new(seed: u64, ground: &Ground) -> Script {
        let mut dice = Dice::new(seed);
        let pace = dice.pick(&[Pace::Brisk, Pace::Slow]);
        let world = World::new(draw_setting(&mut dice, pace));
        let kinds = [Kind::Stock, Kind::Stock, Kind::Rejoining, Kind::OneArgument];
        let clients = (0..dice.between(1, 5)).map(|name| {
            let client = Client::new(name, dice.pick(&kinds), world.ledger.clone());
            Player { client: Arc::new(Mutex::new(client)), connection: None }
        });
        let clients = clients.collect();
        let (steps, is_tampered_with) = (dice.between(20, 120), dice.one_in(6));
        world.log(|| format!("{pace:?} {:?}", world.setting));
        let customers = Customers::default();
        let disk = Disk::new(ground);
        Script { seed, dice, world, disk, customers, clients, steps, pace, is_tampered_with }
    }

    /// Lets one server run, until it is killed or stopped or everything is done.
    pub(crate) async fn run_server(&mut self) -> End {
        self.world.clock.begin();
        let server = Server::start(&self.world, &self.disk, self.seed).await;
        let end = loop {
            if self.world.ledger.first_wrong().is_some() {
                break End::Done;
            }
            if self.steps == 0 {
                crate::finale::finish(self, &server).await;
                break End::Done;
            }
            self.steps -= 1;
            self.step(&server).await;
            let end = match self.dice.below(40) {
                0 | 1 => End::Killed,
                2 => End::Stopped,
                _ => {
                    self.linger().await;
                    continue;
                }
            };
            self.yield_some(30).await;
            if end == End::Stopped {
                server.hub.drain(Duration::from_millis(100)).await;
            }
            server.look(&names()).await;
            break end;
        };
        self.world.log(|| format!("the server is {end:?}"));
        self.world.clock.end();
        end
    }

    /// Between two servers: all connections are gone, time passes, and the files may be changed.
    pub(crate) fn pause(&mut self) {
        for player in &mut self.clients {
            player.connection = None;
            let mut client = player.client.lock().unwrap();
            client.state = State::Offline;
            client.connection += 1;
        }
        let time = self.draw_time();
        self.world.clock.put_forward(time);
        if self.is_tampered_with {
            self.tamper();
        }
    }

    fn tamper(&mut self) {
        let what = self.dice.below(6);
        let here = self.world.here();
        let head = usize::try_from(here.head).unwrap();
        match what {
            0 | 1 => {
                let sessions = self.world.ledger.sessions();
                self.disk.copy(Copy { sessions, lineage: here.lineage, head });
                self.world.log(|| format!("the files are copied at {head}"));
            }
            2 | 3 => {
                let with_sessions = what == 3;
                let part = if with_sessions { Part::All } else { Part::AllButSessions };
                let Some(copy) = self.disk.put_back(part) else { return };
                if with_sessions {
                    self.world.ledger.put_back(copy.sessions.clone());
                    for player in &self.clients {
                        player.client.lock().unwrap().is_shared = true;
                    }
                }
                let mut journals = self.world.journals.lock().unwrap();
                let journal = journals[copy.lineage].up_to(copy.head);
                journals.push(journal);
                self.world.ledger.another_journal();
                self.world
                    .log(|| format!("the files of {} are put back, {with_sessions} sessions", copy.head));
            }
            4 => {
                self.disk.delete_journal();
                self.world.journals.lock().unwrap().push(crate::disk::Journal::default());
                self.world.ledger.another_journal();
                self.world.log(|| "the journal is deleted".into());
            }
            _ => {}
        }
    }

    async fn step(&mut self, server: &Server) {
        match self.dice.below(100) {
            0..=24 => self.publish(server, 4).await,
            25..=28 => self.publish(server, 60).await,
            29..=50 => self.order(server),
            51..=62 => self.reach(server).await,
            63..=70 => self.cut(),
            71..=75 => self.stall(),
            76..=84 => self.pass().await,
            85..=88 => {
                let gone = server.store.tend().await.unwrap();
                self.world.log(|| format!("{gone} rows are pruned"));
            }
            89..=91 => self.reload(server),
            92..=93 => self.copy_client(),
            _ => self.reach_all(server),
        }
    }

    async fn publish(&mut self, server: &Server, items_max: usize) {
        let store = match &server.other {
            Some(other) if self.dice.one_in(3) => other,
            _ => &server.store,
        };
        self.publish_by(store, items_max).await;
        server.look(&names()).await;
    }

    /// Whether it was taken.
    pub(crate) async fn publish_by(&mut self, store: &Store, items_max: usize) -> bool {
        let items = self.dice.between(1, items_max);
        let now = self.world.clock.now();
        let facts = self.customers.write(&mut self.dice, items, now);
        let app = AppName::parse("default").unwrap();
        // While 64 commits are not shown, nothing is taken.
        let stored = store.receive(app, facts, now).await;
        self.world.log(|| format!("a webhook: {stored:?}"));
        stored.is_ok()
    }

    fn order(&mut self, server: &Server) {
        let Some(at) = self.pick_connected() else { return };
        let room = self.draw_room(at);
        let player = &self.clients[at];
        let here = server.stage.here();
        let is_join = !player.client.lock().unwrap().wanted.contains(&room) || self.dice.one_in(4);
        let packet = player.client.lock().unwrap().order(&room, is_join, here);
        self.world.log(|| format!("client {at} > {packet}"));
        if let Some(connection) = &player.connection {
            drop(connection.orders.try_send(packet));
        }
    }

    fn draw_room(&mut self, at: usize) -> String {
        let wanted: Vec<String> = self.clients[at].client.lock().unwrap().wanted.iter().cloned().collect();
        let customer = |name: &str| format!("whatsapp:customer:{name}");
        match self.dice.below(10) {
            0..=2 => GENERAL.into(),
            3..=4 if !wanted.is_empty() => self.dice.pick(&wanted),
            5 => {
                let journals = self.world.journals.lock().unwrap();
                let scopes: Vec<String> =
                    journals.last().unwrap().names.values().map(|(scope, _)| scope.clone()).collect();
                drop(journals);
                if scopes.is_empty() {
                    GENERAL.into()
                } else {
                    format!("whatsapp:{}", self.dice.pick(&scopes))
                }
            }
            _ => customer(&self.dice.pick(&names())),
        }
    }

    fn pick_connected(&mut self) -> Option<usize> {
        let connected: Vec<usize> = (0..self.clients.len())
            .filter(|at| {
                let player = &self.clients[*at];
                player.connection.is_some() && player.client.lock().unwrap().state == State::Connected
            })
            .collect();
        (!connected.is_empty()).then(|| self.dice.pick(&connected))
    }

    /// Connects a client that is not, or again one that believes it is.
    async fn reach(&mut self, server: &Server) {
        let at = self.dice.below(self.clients.len());
        self.connect(at, server);
        self.yield_some(20).await;
    }

    fn reach_all(&mut self, server: &Server) {
        for at in 0..self.clients.len() {
            if self.is_offline(at) {
                self.connect(at, server);
            }
        }
    }

    pub(crate) fn is_offline(&self, at: usize) -> bool {
        self.clients[at].client.lock().unwrap().state == State::Offline
    }

    fn connect(&mut self, at: usize, server: &Server) {
        let is_polling = self.dice.one_in(3);
        let plan = Plan {
            is_polling,
            pipe_bytes: self.dice.pick(&[64, 300, 1_000, 64 * 1024]),
            read_bytes: self.dice.pick(&[1, 50, 4_096]),
            breaks_after: self.dice.one_in(3).then(|| match is_polling {
                true => self.dice.below(8),
                false => self.dice.between(150, 3_000),
            }),
        };
        self.connect_as(at, server, plan);
    }

    pub(crate) fn connect_as(&mut self, at: usize, server: &Server, plan: Plan) {
        self.disconnect(at);
        self.world.log(|| format!("client {at} connects, {plan:?}"));
        let connection = Connection::open(&server.stage, &self.clients[at].client, plan);
        self.clients[at].connection = Some(connection);
    }

    /// Cuts the connection that a client has, or leaves it for dead: the server is not told then.
    pub(crate) fn disconnect(&mut self, at: usize) {
        let is_silent = self.dice.one_in(4);
        let player = &mut self.clients[at];
        let mut client = player.client.lock().unwrap();
        client.connection += 1;
        client.state = State::Offline;
        if let Some(connection) = player.connection.take() {
            self.world.log(|| format!("client {at} is cut, silently: {is_silent}"));
            if is_silent {
                connection.reads.send_replace(false);
            } else {
                connection.task.abort();
            }
        }
    }

    fn cut(&mut self) {
        let at = self.dice.below(self.clients.len());
        self.disconnect(at);
    }

    fn stall(&mut self) {
        let at = self.dice.below(self.clients.len());
        let reads = self.dice.one_in(2);
        if let Some(connection) = &self.clients[at].connection {
            self.world.log(|| format!("client {at} reads: {reads}"));
            connection.reads.send_replace(reads);
        }
    }

    fn reload(&mut self, _: &Server) {
        let at = self.dice.below(self.clients.len());
        self.disconnect(at);
        let remembers = !self.dice.one_in(3);
        self.world.log(|| format!("client {at} loads its page anew, and remembers: {remembers}"));
        self.clients[at].client.lock().unwrap().reload(remembers, self.world.here());
    }

    /// A second program with what the first remembers: two connections claim one session.
    fn copy_client(&mut self) {
        if self.clients.len() >= CLIENTS_MAX {
            return;
        }
        let at = self.dice.below(self.clients.len());
        let mut client = self.clients[at].client.lock().unwrap();
        client.is_shared = true;
        let mut copy = client.clone();
        drop(client);
        copy.name = self.clients.len();
        copy.state = State::Offline;
        copy.connection = 0;
        copy.ended.clear();
        self.world.log(|| format!("client {at} is copied to {}", copy.name));
        self.clients.push(Player { client: Arc::new(Mutex::new(copy)), connection: None });
    }

    async fn pass(&mut self) {
        let time = self.draw_time();
        self.world.log(|| format!("{time:?} pass"));
        pass(time).await;
    }

    fn draw_time(&mut self) -> Duration {
        let hour = 3_600_000;
        match (self.dice.below(6), self.pace) {
            (0..=2, _) => self.dice.millis(1, 2_000),
            (3, _) => self.dice.millis(1_000, 120_000),
            (4, Pace::Brisk) => self.dice.millis(1_000, hour),
            (4, Pace::Slow) | (_, Pace::Brisk) => self.dice.millis(1_000, 12 * hour),
            (_, Pace::Slow) => self.dice.millis(hour, 100 * hour),
        }
    }

    /// After a step, everybody gets on with it, for a while or until all of them wait.
    async fn linger(&mut self) {
        match self.dice.below(3) {
            0 => self.yield_some(40).await,
            1 => pass(Duration::from_millis(1)).await,
            _ => {}
        }
    }

    async fn yield_some(&mut self, most: usize) {
        for _ in 0..self.dice.below(most) {
            tokio::task::yield_now().await;
        }
    }
}

fn draw_setting(dice: &mut Dice, pace: Pace) -> Setting {
    let journal_days = dice.between(1, 7);
    let session_hours = dice.between(1, journal_days * 24);
    let ping = match pace {
        Pace::Brisk => Duration::from_secs(25),
        Pace::Slow => Duration::from_secs(1_800),
    };
    let hub = HubConfig {
        ping_interval: ping,
        ping_timeout: ping,
        ring_events_max: dice.pick(&[1, 4, 16, 64]),
        page_events_max: dice.pick(&[1, 3, 16]),
        page_reads_max: dice.between(1, 3),
        journal_queue_events_max: dice.pick(&[1, 3, 8, 32]),
        position_events: dice.pick(&[2_u64, 10, 10_000]),
        position_age: ping * 2,
        binds_max: dice.pick(&[1, 10, 1_000]),
        ..small(dice.between(1, 3))
    };
    Setting {
        hub,
        journal_days: i64::try_from(journal_days).unwrap(),
        session_hours: i64::try_from(session_hours).unwrap(),
        tick: ping,
    }
}
