//! A store in a directory of its own, with a clock that stands still, and facts to put into it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use waypost_domain::{
    Alias, AliasKind, AppName, CustomerAliases, CustomerName, Event, Fact, MessageType, PhoneNumberId,
    RawJson, ReceivedMessage, Reported, Source, StatusReport, Timestamp, Wamid,
};
use waypost_store::{
    Clock, Commits, CommittedEvent, EncodedEvent, Limits, OpenError, Options, Step, Store, StoreCounts,
    Threads,
};

/// 2026-11-06T21:20:00Z.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_794_000_000_000);

/// A clock that stands still until it is moved: the wall clock, or the one that never goes back.
pub(crate) struct StillClock {
    wall_ms: AtomicI64,
    monotonic_ms: AtomicU64,
}

impl StillClock {
    pub(crate) fn advance_days(&self, days: i64) {
        self.advance_hours(days * 24);
    }

    pub(crate) fn advance_hours(&self, hours: i64) {
        self.wall_ms.fetch_add(hours * 3_600_000, Ordering::SeqCst);
    }

    /// Lets time pass for durations; the wall clock stands still.
    pub(crate) fn pass(&self, time: Duration) {
        self.monotonic_ms.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall_ms.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic_ms.load(Ordering::SeqCst))
    }
}

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) commits: Commits,
    pub(crate) clock: Arc<StillClock>,
    setting: Setting,
}

/// What stays when the store is closed and opened again.
struct Setting {
    directory: TempDir,
    clock: Arc<StillClock>,
    threads: Threads,
}

impl Setting {
    fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }
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
        session_hours: 24,
        sessions_max: 5,
    }
}

fn open(setting: &Setting) -> Result<(Store, Commits), OpenError> {
    Store::open(Options {
        data_dir: setting.data_dir(),
        seed: [7; 32],
        clock: Arc::clone(&setting.clock) as Arc<dyn Clock>,
        encode: Box::new(encode),
        limits: limits(),
        threads: setting.threads,
    })
}

impl Fixture {
    /// A new store that works as this run of the suite says.
    pub(crate) fn new() -> Self {
        Self::with(crate::THREADS)
    }

    pub(crate) fn with(threads: Threads) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let wall_ms = AtomicI64::new(START.as_millis());
        let clock = Arc::new(StillClock { wall_ms, monotonic_ms: AtomicU64::new(0) });
        let setting = Setting { directory, clock: Arc::clone(&clock), threads };
        let (store, commits) = open(&setting).unwrap();
        Self { store, commits, clock, setting }
    }

    /// Closes the store and opens it again, as a restart does.
    pub(crate) async fn restart(self) -> Self {
        self.restart_over(|_| ()).await
    }

    /// Closes the store, does something to its directory, and opens it again.
    pub(crate) async fn restart_over(self, tamper: impl FnOnce(&Path)) -> Self {
        self.closed_and_opened(&mut Vec::new(), tamper).await.unwrap()
    }

    /// Closes the store, does something to its directory, and cannot open it again.
    pub(crate) async fn restart_refused(self, tamper: impl FnOnce(&Path)) -> OpenError {
        self.closed_and_opened(&mut Vec::new(), tamper).await.err().unwrap()
    }

    /// Closes the store, reads all that it still handed on, and opens it again.
    pub(crate) async fn restart_collecting(self, steps: &mut Vec<Step>) -> Self {
        self.closed_and_opened(steps, |_| ()).await.unwrap()
    }

    async fn closed_and_opened(
        self,
        steps: &mut Vec<Step>,
        tamper: impl FnOnce(&Path),
    ) -> Result<Self, OpenError> {
        let Self { store, mut commits, clock, setting } = self;
        drop(store);
        // The commits end when the writer has.
        while let Some(commit) = commits.next().await {
            steps.extend(commit.steps);
        }
        drop(commits);
        // The writers let go of the directory's lock right after their last commits.
        while File::open(setting.data_dir().join("waypost.lock")).unwrap().try_lock().is_err() {
            tokio::task::yield_now().await;
        }
        tamper(&setting.data_dir());
        let (store, commits) = open(&setting)?;
        Ok(Self { store, commits, clock, setting })
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
        Connection::open(self.setting.data_dir().join("waypost.db")).unwrap()
    }

    pub(crate) fn sessions_file(&self) -> Connection {
        Connection::open(self.setting.data_dir().join("sessions.db")).unwrap()
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
