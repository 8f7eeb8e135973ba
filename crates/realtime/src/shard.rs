//! A shard: one task that owns its connections, their sessions and their I/O, and shares nothing of them.
//!
//! It lives in turns. A turn takes what has come (commands, connections with something to read, deadlines,
//! finished work of the application), changes state, and only then writes each touched connection once. So what is
//! published to an idle shard is written at once, and what piles up while it writes goes out together.

mod arrive;
mod asked;
mod behind;
mod binds;
mod close;
mod command;
mod connection;
mod flush;
mod lanes;
mod link;
mod messages;
mod position;
mod publish;
mod ready;
mod receive;
mod ring;
mod rooms;
mod sockets;
mod timers;

pub(crate) use command::{
    AskRefused, Command, Found, Group, GroupStep, Newcomer, Order, PollAnswer, PushAnswer, ShardSender,
};
pub(crate) use link::Io;

use crate::config::Rules;
use crate::counts::ShardCounts;
use crate::hub::Head;
use crate::{Application, HubConfig, Offset, SocketId};
use behind::LOOKS_PER_TURN_MAX;
use binds::Binds;
use connection::{Connection, SocketState};
use lanes::Library;
use rand::SeedableRng;
use rand::rngs::StdRng;
use ready::{ConnectionSlot, Ready};
use ring::Ring;
use rooms::{RoomLimits, Rooms};
use slab::Slab;
use sockets::{Finished, TaskKey};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use timers::Timers;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::task::JoinMap;
use waypost_wire::session::Millis;

/// Most commands that one turn takes before it writes.
const COMMANDS_PER_TURN_MAX: usize = 256;
/// What one read takes at most, in bytes.
const READ_BYTES_MAX: usize = 16 * 1024;
/// How far away a sleep is that nothing needs.
const NO_DEADLINE: Duration = Duration::from_secs(3_600);

/// What a shard is made from.
pub(crate) struct ShardSetup<A: Application> {
    pub(crate) number: u8,
    pub(crate) config: Arc<HubConfig>,
    pub(crate) rules: Rules,
    pub(crate) application: Arc<A>,
    /// The last event of the journal when the hub began.
    pub(crate) origin: Offset,
    pub(crate) head: Arc<Head>,
    /// The hub's; the shard's own is made of it and `number`.
    pub(crate) seed: [u8; 32],
    pub(crate) counts: Arc<ShardCounts>,
    /// Weak, so that a hub that everybody has dropped ends.
    pub(crate) sender: mpsc::WeakSender<Command<A>>,
    pub(crate) inbox: mpsc::Receiver<Command<A>>,
}

pub(crate) struct Shard<A: Application> {
    number: u8,
    config: Arc<HubConfig>,
    rules: Rules,
    application: Arc<A>,
    counts: Arc<ShardCounts>,
    sender: mpsc::WeakSender<Command<A>>,
    inbox: mpsc::Receiver<Command<A>>,
    rng: StdRng,
    zero: Instant,
    /// Read once a turn.
    now: Millis,
    /// The hub's; events between `last` and it are in the inbox, or will be.
    head: Arc<Head>,
    /// The last event that this shard has published.
    last: Offset,
    ring: Ring,
    rooms: Rooms,
    binds: Binds,
    /// Boxed, so that a table that grows moves pointers and frees little.
    connections: Slab<Box<Connection<A>>>,
    sockets: Slab<SocketState<A>>,
    ready: Arc<Ready>,
    timers: Timers,
    /// The application's work: at most one event for each socket and one CONNECT for each namespace of a connection.
    tasks: JoinMap<TaskKey, Finished<A::Connection>>,
    /// Sockets that wait for a page of the journal, and how many pages are being read.
    hungry: VecDeque<SocketId>,
    /// How many events of the ring this turn may still look at for those that are behind.
    looks_left: usize,
    /// The last event that was published when quiet sockets were last looked for.
    positions_told_at: u64,
    page_reads: usize,
    /// A place for each page that may be read or held.
    pages: Arc<Semaphore>,
    /// Connections that this turn has to write.
    touched: Vec<ConnectionSlot>,
    /// Groups that this turn has published and not yet written.
    groups: Vec<Arc<Group>>,
    emits: u64,
    connects: u64,
    read_buffer: Vec<u8>,
    life: Life,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Serving,
    /// Ends when nothing is left, or at this moment.
    Draining {
        until: Millis,
    },
}

/// Everything that begins a turn.
enum Event<A: Application> {
    Command(Command<A>),
    /// Every handle of the hub is gone.
    Abandoned,
    Finished(TaskKey, Result<Finished<A::Connection>, JoinError>),
    Ready,
    Deadline,
}

impl<A: Application> Shard<A> {
    pub(crate) fn new(setup: ShardSetup<A>) -> Shard<A> {
        let config = setup.config;
        let mut seed = setup.seed;
        // Every shard draws from a stream of its own.
        seed[0] ^= setup.number;
        let next = setup.origin.number + 1;
        let limits = RoomLimits {
            rooms_per_socket_max: config.rooms_per_socket_max,
            scopes_per_room_max: config.scopes_per_room_max,
        };
        Shard {
            number: setup.number,
            rules: setup.rules,
            application: setup.application,
            counts: setup.counts,
            sender: setup.sender,
            inbox: setup.inbox,
            rng: StdRng::from_seed(seed),
            zero: Instant::now(),
            now: 0,
            head: setup.head,
            last: setup.origin,
            ring: Ring::new(config.ring_events_max, config.ring_bytes_max, next),
            rooms: Rooms::new(limits),
            binds: Binds::new(config.binds_max),
            connections: Slab::new(),
            sockets: Slab::new(),
            ready: Arc::default(),
            timers: Timers::default(),
            tasks: JoinMap::new(),
            hungry: VecDeque::new(),
            looks_left: LOOKS_PER_TURN_MAX,
            positions_told_at: next - 1,
            page_reads: 0,
            pages: Arc::new(Semaphore::new(config.pages_held_max)),
            touched: Vec::new(),
            groups: Vec::new(),
            emits: 0,
            connects: 0,
            read_buffer: vec![0; READ_BYTES_MAX],
            life: Life::Serving,
            config,
        }
    }

    /// Runs until a drain is done. To be polled unconstrained: one turn may write hundreds of connections, and a
    /// write that fails for lack of tokio's budget would look like a slow client.
    pub(crate) async fn run(mut self) {
        let mut ready = Vec::new();
        while !self.is_over() {
            let event = self.next_event().await;
            // Whoever is ready to publish as well goes first, so that this turn takes all of it together: a runtime runs
            // what was woken last first, and the shard is woken by the first of several.
            tokio::task::yield_now().await;
            self.now = crate::config::millis(self.zero.elapsed());
            self.looks_left = LOOKS_PER_TURN_MAX;
            self.take_event(event);
            self.take_waiting_commands();
            self.take_waiting_work();
            self.ready.take(&mut ready);
            for slot in ready.drain(..) {
                self.serve(slot);
            }
            self.serve_deadlines();
            self.tell_positions_of_all();
            self.flush();
            self.start_pages();
        }
    }

    async fn next_event(&mut self) -> Event<A> {
        let deadline = match (self.timers.next(), self.life) {
            (Some(at), _) | (None, Life::Draining { until: at }) => self.zero + Duration::from_millis(at),
            (None, Life::Serving) => Instant::now() + NO_DEADLINE,
        };
        let abandoned = self.life != Life::Serving && self.inbox.is_closed();
        tokio::select! {
            biased;
            command = self.inbox.recv(), if !abandoned => command.map_or(Event::Abandoned, Event::Command),
            Some((key, result)) = self.tasks.join_next() => Event::Finished(key, result),
            () = self.ready.changed() => Event::Ready,
            () = tokio::time::sleep_until(deadline) => Event::Deadline,
        }
    }

    fn take_event(&mut self, event: Event<A>) {
        match event {
            Event::Command(command) => self.take_command(command),
            Event::Abandoned => self.drain(Duration::ZERO),
            Event::Finished(key, result) => self.take_finished(key, result),
            Event::Ready | Event::Deadline => {}
        }
    }

    fn take_waiting_commands(&mut self) {
        for _ in 0..COMMANDS_PER_TURN_MAX {
            let Ok(command) = self.inbox.try_recv() else { break };
            self.take_command(command);
        }
    }

    /// The select of a turn prefers commands, and finished work must not stay behind while they keep coming.
    fn take_waiting_work(&mut self) {
        while let Some((key, result)) = self.tasks.try_join_next() {
            self.take_finished(key, result);
        }
    }

    fn take_command(&mut self, command: Command<A>) {
        match command {
            Command::Open { newcomer, answer } => self.open(newcomer, answer),
            Command::Attach { newcomer, io } => self.attach(newcomer, io),
            Command::Find { sid, answer } => self.find(sid, answer),
            Command::Upgrade { sid, io } => self.upgrade(sid, io),
            Command::Poll { sid, answer } => self.poll(sid, answer),
            Command::Push { sid, payload, answer } => self.push(sid, &payload, answer),
            Command::Publish(group) => self.publish(group),
            Command::Emit(volatile) => self.emit(&volatile),
            Command::Socket(id, order) => self.take_order(id, order),
            Command::Drain(over) => self.drain(over),
        }
    }

    fn is_over(&self) -> bool {
        match self.life {
            Life::Serving => false,
            Life::Draining { until } => {
                self.now >= until || (self.connections.is_empty() && self.tasks.is_empty())
            }
        }
    }

    /// Whether new connections are taken.
    fn is_serving(&self) -> bool {
        self.life == Life::Serving
    }

    /// Puts a connection on the list of what this turn writes.
    fn touch(&mut self, slot: ConnectionSlot) {
        if let Some(connection) = self.connections.get_mut(slot)
            && !connection.touched
        {
            connection.touched = true;
            self.touched.push(slot);
        }
    }
}

/// Where the places in a connection's journal lane lead.
fn library<'a>(ring: &'a Ring, config: &'a HubConfig) -> Library<'a> {
    Library { ring, namespaces: config.namespaces() }
}
