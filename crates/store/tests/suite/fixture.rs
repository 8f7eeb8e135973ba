//! A store in a directory of its own, with a clock that stands still, and facts to put into it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use waypost_domain::{
    Alias, AliasKind, AppName, CustomerAliases, CustomerName, Event, Fact, MessageType, PhoneNumberId,
    RawJson, ReceivedMessage, Reported, Source, StatusReport, Timestamp, Wamid,
};
use waypost_store::{
    Clock, Commits, CommittedEvent, EncodedEvent, Limits, OpenError, Options, Step, Store, StoreCounts,
};

/// 2026-11-06T21:20:00Z.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_794_000_000_000);

pub(crate) struct StillClock(AtomicI64);

impl StillClock {
    pub(crate) fn advance_days(&self, days: i64) {
        self.0.fetch_add(days * 86_400_000, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) commits: Commits,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) limits: Limits,
    directory: TempDir,
}

/// A content over which the fixture's encoder panics, as a bug would.
pub(crate) const CURSED: &str = "cursed";

fn encode(event: &Event) -> EncodedEvent {
    let (name, body) = match event {
        Event::Message(message) => {
            assert_ne!(message.content, CURSED, "an encoder with a bug");
            ("message", message.content.clone())
        }
        Event::Status(change) => (
            "status",
            format!(
                "{}: {} -> {}",
                change.reported.as_str(),
                change.previous.as_str(),
                change.state.as_str()
            ),
        ),
        Event::Outbox(entry) => ("outbox", entry.state.as_str().to_owned()),
        Event::Field(notice) => ("field", notice.field.to_string()),
    };
    EncodedEvent { name, body: body.into_bytes() }
}

pub(crate) fn limits() -> Limits {
    Limits {
        queue_max: 64,
        readers: 2,
        journal_days: 7,
        dead_letter_days: 30,
        dead_letter_bytes_max: 1_000,
        parked_status_days: 30,
        parked_statuses_max: 5,
        dedup_days: 30,
    }
}

fn open(path: &Path, clock: &Arc<StillClock>, limits: &Limits) -> Result<(Store, Commits), OpenError> {
    Store::open(Options {
        data_dir: path.into(),
        seed: [7; 32],
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        encode: Box::new(encode),
        limits: limits.clone(),
    })
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(StillClock(AtomicI64::new(START.as_millis())));
        let limits = limits();
        let (store, commits) = open(&directory.path().join("data"), &clock, &limits).unwrap();
        Self { store, commits, clock, limits, directory }
    }

    /// Closes the store and opens it again, as a restart does.
    pub(crate) async fn restart(self) -> Self {
        let Self { store, mut commits, clock, limits, directory } = self;
        drop(store);
        // The commits end when the writer has.
        while commits.next().await.is_some() {}
        drop(commits);
        let path = directory.path().join("data");
        // The writer lets go of the directory's lock right after its last commit.
        let (store, commits) = loop {
            match open(&path, &clock, &limits) {
                Ok(open) => break open,
                Err(OpenError::InUse { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        };
        Self { store, commits, clock, limits, directory }
    }

    pub(crate) async fn receive(&self, facts: Vec<Fact>) -> StoreCounts {
        self.store.receive(app(), facts, self.clock.now()).await.unwrap()
    }

    /// The events of the next commit, as `name body`.
    pub(crate) async fn shown(&mut self) -> Vec<String> {
        self.events().await.iter().map(text).collect()
    }

    pub(crate) async fn events(&mut self) -> Vec<CommittedEvent> {
        let commit = self.commits.next().await.unwrap();
        commit
            .steps
            .into_iter()
            .filter_map(|step| match step {
                Step::Event(event) => Some(event),
                Step::Bind { .. } => None,
            })
            .collect()
    }

    /// The file, read beside the store.
    pub(crate) fn file(&self) -> Connection {
        Connection::open(self.directory.path().join("data/waypost.db")).unwrap()
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.file().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn text(&self, sql: &str) -> String {
        self.file().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

pub(crate) fn text(event: &CommittedEvent) -> String {
    format!("{} {}", event.name, String::from_utf8_lossy(&event.body))
}

pub(crate) fn app() -> AppName {
    AppName::parse("default").unwrap()
}

pub(crate) fn number() -> PhoneNumberId {
    PhoneNumberId::parse("100000000000101").unwrap()
}

pub(crate) fn alias(kind: AliasKind, value: &str) -> Alias {
    Alias::parse(kind, value).unwrap()
}

pub(crate) fn phone(digits: &str) -> CustomerAliases {
    CustomerAliases::new([alias(AliasKind::Phone, digits)]).unwrap()
}

pub(crate) fn message_of(wamid: &str, customer: CustomerAliases, content: &str) -> Fact {
    Fact::Message(Box::new(ReceivedMessage {
        number: number(),
        waba: None,
        wamid: Wamid::parse(wamid).unwrap(),
        customer,
        customer_name: CustomerName::parse("Ana"),
        source: Source::Customer,
        kind: MessageType::text(),
        content: content.into(),
        reply_to: None,
        errors: Vec::new(),
        at: Some(START),
        raw: RawJson::new("{}"),
    }))
}

pub(crate) fn message(wamid: &str, content: &str) -> Fact {
    message_of(wamid, phone("15550002001"), content)
}

/// What the owner wrote on the phone: an outbound message that statuses can follow.
pub(crate) fn echo(wamid: &str) -> Fact {
    let Fact::Message(mut echo) = message(wamid, "from the phone") else { unreachable!() };
    echo.source = Source::PhoneApp;
    Fact::Message(echo)
}

pub(crate) fn status(wamid: &str, word: &str) -> Fact {
    status_at(wamid, word, 0)
}

pub(crate) fn status_at(wamid: &str, word: &str, seconds: i64) -> Fact {
    Fact::Status(Box::new(StatusReport {
        number: number(),
        wamid: Wamid::parse(wamid).unwrap(),
        reported: Reported::parse(word).unwrap(),
        participant: None,
        errors: Vec::new(),
        pricing: None,
        at: Some(START.plus_millis(seconds * 1000)),
        raw: RawJson::new("{}"),
    }))
}
