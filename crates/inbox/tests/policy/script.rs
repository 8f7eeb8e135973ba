//! What happens, step by step, as the seed has it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::task::TaskTracker;
use waypost_domain::{
    Alias, AliasKind, Amendment, AppName, AssignmentWish, ConversationId, CustomerAliases, CustomerId,
    Detail, Fact, MessageType, Permission, Permissions, PhoneNumberId, Principal, PrincipalId, RawJson,
    ReceivedMessage, Responder, Rights, Sees, Source, Standing, View, WabaId, Wamid, Wish,
};
use waypost_inbox::show::realtime_offset;
use waypost_realtime::{Hub, HubConfig, Namespace, Origin, Protocol};
use waypost_store::{CustomerMatch, Limits, Options, Store, Threads};
use waypost_testkit::ManualClock;
use waypost_testkit::hub_client::{Door, settle};

use crate::desk::{Desk, NOW};
use crate::dice::Dice;
use crate::guest::Guest;
use crate::oracle::{Interest, Room, live, replayed};
use crate::town::{Before, Entry, Town};

const GENERAL: &str = "whatsapp:general";
const CUSTOMERS: usize = 8;
const PEOPLE: usize = 12;
const GUESTS: usize = 10;
const NUMBERS: [&str; 2] = ["100000000000101", "100000000000102"];
const AGENTS: [&str; 3] = ["eva", "ben", "zoe"];
const TEAMS: [&str; 2] = ["sales", "support"];

pub(crate) struct Script {
    dice: Dice,
    store: Store,
    people: Arc<Mutex<Vec<Principal>>>,
    door: Door,
    town: Town,
    journal: Vec<Entry>,
    guests: Vec<Guest>,
    messages: usize,
    log: Log,
    tasks: TaskTracker,
    data: PathBuf,
    _folder: TempDir,
    _hub: Hub<Desk>,
}

/// What was done. The end of it is shown where it was wrong.
#[derive(Default)]
struct Log(Vec<String>);

impl Drop for Log {
    #[expect(clippy::print_stdout, reason = "a test that fails tells what it did")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0[self.0.len().saturating_sub(30)..].join("\n"));
        }
    }
}

impl Script {
    pub(crate) async fn new(seed: u64) -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let data = folder.path().join("data");
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let (store, commits) = Store::open(options(&data, bytes)).unwrap();
        let mut dice = Dice::new(seed);
        let people = (0..PEOPLE).map(|who| draw_principal(&mut dice, who, &Town::default())).collect();
        let people = Arc::new(Mutex::new(people));
        let desk = Arc::new(Desk::new(store.clone(), people.clone()));
        let config = HubConfig {
            shards: 1,
            protocol: Protocol::SocketIo(vec![Namespace::with_recovery("/")]),
            ..HubConfig::default()
        };
        let origin = Origin { head: realtime_offset(&store.head().await.unwrap()), seed: bytes };
        let (hub, publisher) = Hub::start(config, desk, origin);
        let tasks = TaskTracker::new();
        tasks.spawn(async move {
            // It ends with the store, after the last step.
            drop(waypost_inbox::show(commits, publisher, |_, _| ()).await);
        });
        let door = Door::new("/socket.io/", hub.router());
        let guests = (0..GUESTS).map(|guest| Guest::new(guest % PEOPLE)).collect();
        Self {
            dice,
            store,
            people,
            door,
            town: Town::default(),
            journal: Vec::new(),
            guests,
            messages: 0,
            log: Log::default(),
            tasks,
            data,
            _folder: folder,
            _hub: hub,
        }
    }

    pub(crate) async fn step(&mut self) {
        let before = self.town.before();
        match self.dice.below(100) {
            0..=39 => self.receive(&before).await,
            40..=54 => self.assign(&before).await,
            55..=60 => self.merge(&before).await,
            61..=64 => self.part(&before).await,
            65..=79 => self.join_or_leave().await,
            80..=88 => self.come().await,
            89..=94 => self.go().await,
            95..=97 => self.change_rights(),
            _ => self.come_as_somebody_else().await,
        }
        // Some read late, and are sent several steps at once.
        for at in 0..self.guests.len() {
            if self.dice.one_in(3) {
                self.guests[at].drain().await;
            }
        }
    }

    pub(crate) async fn finish(mut self) -> Vec<String> {
        for guest in &mut self.guests {
            guest.drain().await;
            guest.disconnect();
        }
        self.tasks.close();
        std::mem::take(&mut self.log.0)
    }

    /// Somebody writes, or is written to.
    async fn receive(&mut self, before: &Before) {
        let phone = phone(self.dice.below(CUSTOMERS));
        self.messages += 1;
        let source = if self.dice.one_in(4) { Source::PhoneApp } else { Source::Customer };
        let fact = Fact::Message(Box::new(ReceivedMessage {
            number: PhoneNumberId::parse(self.dice.pick(&NUMBERS)).unwrap(),
            // Names are of an account: with both numbers a phone is one customer's.
            waba: WabaId::parse("200000000000001"),
            wamid: Wamid::parse(&format!("wamid.{}", self.messages)).unwrap(),
            customer: CustomerAliases::new([Alias::parse(AliasKind::Phone, &phone).unwrap()]).unwrap(),
            customer_name: None,
            username: None,
            source,
            kind: MessageType::text(),
            content: self.messages.to_string(),
            detail: Detail::text(),
            reply_to: None,
            errors: Vec::new(),
            at: Some(NOW),
            raw: RawJson::new("{}"),
        }));
        self.store.receive(AppName::parse("default").unwrap(), vec![fact], NOW).await.unwrap();
        if let CustomerMatch::One(binding) = self.store.find_customer(&phone).await.unwrap() {
            self.town.phones.insert(phone.clone(), binding.customer);
        }
        self.look(before).await;
    }

    async fn assign(&mut self, before: &Before) {
        let conversations: Vec<ConversationId> = self.town.conversations.keys().copied().collect();
        if conversations.is_empty() {
            return;
        }
        let conversation = self.dice.pick(&conversations);
        let mut wish = |names: &[&str]| match self.dice.below(names.len() + 2) {
            0 => Wish::Keep,
            1 => Wish::Have(None),
            name => Wish::Have(Responder::parse(names[name - 2])),
        };
        let (assignee, team) = (wish(&AGENTS), wish(&TEAMS));
        let by = PrincipalId::parse("user:boss").unwrap();
        let wish = AssignmentWish { conversation, assignee, team, by, at: NOW };
        let known = self.town.conversations.get_mut(&conversation).unwrap();
        known.assignment = wish.after(&known.assignment);
        let assignment = known.assignment.clone();
        assert_eq!(self.store.assign(wish).await.unwrap(), assignment);
        self.note(|| format!("{conversation} is of {assignment:?}"));
        self.look(before).await;
    }

    async fn merge(&mut self, before: &Before) {
        let roots: BTreeSet<CustomerId> =
            self.town.phones.values().map(|customer| self.town.root(*customer)).collect();
        let roots: Vec<CustomerId> = roots.into_iter().collect();
        if roots.len() < 2 {
            return;
        }
        let (customer, into) = (self.dice.pick(&roots), self.dice.pick(&roots));
        if customer == into {
            return;
        }
        self.store.amend(Amendment::Merge { customer, into }, NOW).await.unwrap();
        self.town.merges.insert(customer, into);
        self.note(|| format!("{customer} is one with {into}"));
        self.look(before).await;
    }

    async fn part(&mut self, before: &Before) {
        let merged: Vec<CustomerId> = self.town.merges.keys().copied().collect();
        if merged.is_empty() {
            return;
        }
        let customer = self.dice.pick(&merged);
        self.store.amend(Amendment::Unmerge { customer }, NOW).await.unwrap();
        self.town.merges.remove(&customer);
        self.note(|| format!("{customer} is somebody of their own"));
        self.look(before).await;
    }

    /// Reads what the journal has more, and says who is to be shown it.
    async fn look(&mut self, before: &Before) {
        for customer in self.town.phones.values().copied().collect::<Vec<_>>() {
            let family = self.store.family(customer).await.unwrap();
            let mut all: Vec<CustomerId> = family.merged.into_iter().chain([family.now]).collect();
            all.sort_unstable();
            assert_eq!(all, self.town.family(customer), "the model knows who is one with whom");
        }
        for (number, name, body) in read_on(&self.data, self.journal.len()) {
            self.town.meet(&body, |conversation| owner_of(&self.data, conversation));
            let entry = self.town.entry((number, name), &body, before);
            for guest in &mut self.guests {
                let Some(line) = &guest.line else { continue };
                let rooms: Vec<&Room> = guest.rooms.values().collect();
                let verdict = live(&line.principal, &rooms, &entry, &self.town);
                guest.expect(number, verdict);
            }
            self.log.0.push(format!("{entry:?}"));
            self.journal.push(entry);
        }
        settle().await;
    }

    async fn join_or_leave(&mut self) {
        let at = self.dice.below(GUESTS);
        if self.guests[at].line.is_none() {
            return;
        }
        let room = self.draw_room();
        let is_join = !self.dice.one_in(4);
        // What was committed before is shown to whoever holds the rooms of before.
        self.guests[at].drain().await;
        let guest = &mut self.guests[at];
        let answer = guest.ask(if is_join { "join" } else { "leave" }, &room).await;
        self.log.0.push(format!("guest {at}, {is_join} {room}: {answer}"));
        if !is_join {
            guest.rooms.remove(&room);
            guest.dormant.remove(&room);
        } else if let Some(from) = answer["from"].as_u64() {
            let interest = interest(&room, &self.town);
            guest.dormant.remove(&room);
            guest.rooms.entry(room).or_insert(Room { interest, from });
        }
    }

    fn draw_room(&mut self) -> String {
        let customers: Vec<String> = self.town.phones.values().map(ToString::to_string).collect();
        let name = match self.dice.below(5) {
            0 | 1 => return GENERAL.to_owned(),
            2 if !customers.is_empty() => self.dice.pick(&customers),
            _ => phone(self.dice.below(CUSTOMERS)),
        };
        format!("whatsapp:customer:{name}")
    }

    async fn come(&mut self) {
        let at = self.dice.below(GUESTS);
        if self.guests[at].line.is_none() {
            self.connect(at).await;
        }
    }

    async fn connect(&mut self, at: usize) {
        let mut principal = self.people.lock().unwrap()[self.guests[at].who].clone();
        if let Some(customers) = &mut principal.reach.customers {
            *customers = customers.iter().flat_map(|customer| self.town.family(*customer)).collect();
        }
        let guest = &mut self.guests[at];
        let begun = guest.connect(&self.door, principal.clone()).await;
        self.log.0.push(format!(
            "guest {at} comes as {principal:?}, resumed {}: {:?}",
            begun.is_resumed, begun.rooms
        ));
        let mut before = std::mem::take(&mut guest.rooms);
        // What it might not be in the last time stays with its session.
        before.append(&mut guest.dormant);
        for name in begun.rooms {
            let Some(room) = before.remove(&name).filter(|_| begun.is_resumed) else {
                panic!("guest {at} holds {name}, which it never joined");
            };
            let interest = match &room.interest {
                // It stands for those who are one now.
                Interest::Customer(customer, _) => Interest::Customer(*customer, self.town.family(*customer)),
                Interest::Phone(_) => interest(&name, &self.town),
                Interest::General => Interest::General,
            };
            guest.rooms.insert(name, Room { interest, from: room.from });
        }
        guest.dormant = if begun.is_resumed { before } else { std::collections::BTreeMap::new() };
        let rooms: Vec<&Room> = guest.rooms.values().collect();
        let missed = self.journal.iter().filter(|entry| entry.number > begun.from);
        let missed: Vec<_> =
            missed.map(|entry| (entry.number, replayed(&principal, &rooms, entry, &self.town))).collect();
        missed.into_iter().for_each(|(number, verdict)| guest.expect(number, verdict));
        guest.drain().await;
    }

    async fn go(&mut self) {
        let at = self.dice.below(GUESTS);
        self.guests[at].drain().await;
        self.guests[at].disconnect();
        settle().await;
    }

    /// Whoever is connected is sent away, as the server does.
    fn change_rights(&mut self) {
        let who = self.dice.below(PEOPLE);
        let principal = draw_principal(&mut self.dice, who, &self.town);
        self.log.0.push(format!("{who} is {principal:?} now"));
        self.people.lock().unwrap()[who] = principal;
        for guest in self.guests.iter_mut().filter(|guest| guest.who == who) {
            guest.disconnect();
        }
    }

    /// With what another remembers: it gets nothing of that.
    async fn come_as_somebody_else(&mut self) {
        let at = self.dice.below(GUESTS);
        if self.guests[at].line.is_some() {
            return;
        }
        self.guests[at].who = (self.guests[at].who + 1) % PEOPLE;
        self.connect(at).await;
        assert!(self.guests[at].rooms.is_empty(), "guest {at} holds what was another's");
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        self.log.0.push(line());
    }
}

fn phone(customer: usize) -> String {
    format!("1555000200{customer}")
}

fn interest(room: &str, town: &Town) -> Interest {
    let Some(name) = room.strip_prefix("whatsapp:customer:") else { return Interest::General };
    let known = town.phones.get(name).copied().or_else(|| name.parse().ok());
    match known {
        Some(customer) => Interest::Customer(customer, town.family(customer)),
        None => Interest::Phone(name.to_owned()),
    }
}

/// Somebody of any kind.
fn draw_principal(dice: &mut Dice, who: usize, town: &Town) -> Principal {
    let read = dice.pick(&[Permission::Read, Permission::Read, Permission::Read, Permission::Metrics]);
    let view = View::Full;
    let rights = Rights { permissions: Permissions::of(&[read]), sees: dice.pick(&Sees::ALL), view };
    let mut some = |names: &[&str]| -> Vec<String> {
        names.iter().filter(|_| dice.one_in(2)).map(|name| (*name).to_owned()).collect()
    };
    let (numbers, teams) = (some(&NUMBERS), some(&TEAMS));
    let customers: BTreeSet<CustomerId> = town.phones.values().copied().filter(|_| dice.one_in(3)).collect();
    let standing = Standing {
        agent: Responder::parse(AGENTS[who % AGENTS.len()]),
        numbers: dice
            .one_in(3)
            .then(|| numbers.iter().filter_map(|number| PhoneNumberId::parse(number)).collect()),
        teams: dice.one_in(2).then(|| teams.iter().filter_map(|team| Responder::parse(team)).collect()),
        customers: dice.one_in(4).then_some(customers),
    };
    rights.of(PrincipalId::parse(&format!("user:{who}")).unwrap(), standing)
}

/// What the journal has after this entry: number, name and body.
fn read_on(data: &std::path::Path, after: usize) -> Vec<(u64, String, Value)> {
    let file = Connection::open(data.join("waypost.db")).unwrap();
    let sql = "SELECT number, name, body FROM journal WHERE number > ?1 ORDER BY number";
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([after], |row| {
        let body: Vec<u8> = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, serde_json::from_slice(&body).unwrap()))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Whose a conversation is, as it is stored: who somebody is, is not what is asked here.
fn owner_of(data: &std::path::Path, conversation: ConversationId) -> CustomerId {
    let file = Connection::open(data.join("waypost.db")).unwrap();
    let sql = "SELECT customer FROM conversations WHERE id = ?1";
    let owner: Vec<u8> = file.query_row(sql, [conversation.to_bytes()], |row| row.get(0)).unwrap();
    CustomerId::from_bytes(owner.try_into().unwrap())
}

fn options(data: &std::path::Path, seed: [u8; 32]) -> Options {
    let limits = Limits {
        queue_max: 64,
        readers: 1,
        journal_days: 7,
        dead_letter_days: 30,
        dead_letter_bytes_max: 1_000_000,
        parked_status_days: 30,
        parked_statuses_max: 1_000,
        dedup_days: 30,
        report_days: 90,
        session_hours: 24,
        sessions_max: 100_000,
    };
    Options {
        place: waypost_store::Place::Directory(data.to_owned()),
        seed,
        clock: Arc::new(ManualClock::at(NOW)),
        encode: waypost_inbox::encoder(),
        portfolios: Vec::new(),
        limits,
        threads: Threads::Caller,
    }
}
