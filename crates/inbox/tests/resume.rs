//! How a client begins where the simulation has found that it was told wrongly.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use waypost_api::{Resumed, RoomName};
use waypost_domain::{
    Alias, AliasKind, AppName, CustomerAliases, Detail, Fact, MessageType, Offset, PhoneNumberId, Pid,
    Principal, PrincipalId, RawJson, ReceivedMessage, Role, Source, Timestamp, Wamid,
};
use waypost_inbox::{Admission, Claim, Newcomer};
use waypost_store::{Commits, Limits, Options, SessionId, SessionRoom, Store, Tenure, Threads};
use waypost_testkit::ManualClock;

const NOW: Timestamp = Timestamp::from_millis(1_794_000_000_000);

struct Place {
    directory: TempDir,
    store: Option<(Store, Commits)>,
    pids: u128,
}

impl Place {
    fn new() -> Self {
        let mut place = Self { directory: TempDir::new().unwrap(), store: None, pids: 0 };
        place.open();
        place
    }

    fn open(&mut self) {
        let limits = Limits {
            queue_max: 64,
            readers: 1,
            journal_days: 7,
            dead_letter_days: 30,
            dead_letter_bytes_max: 1_000,
            parked_status_days: 30,
            parked_statuses_max: 5,
            dedup_days: 30,
            report_days: 90,
            session_hours: 24,
            sessions_max: 5,
        };
        let options = Options {
            place: waypost_store::Place::Directory(self.directory.path().join("data")),
            seed: [7; 32],
            clock: Arc::new(ManualClock::at(NOW)),
            encode: waypost_inbox::encoder(),
            portfolios: Vec::new(),
            limits,
            threads: Threads::Caller,
        };
        self.store = Some(Store::open(options).unwrap());
    }

    fn store(&self) -> &Store {
        &self.store.as_ref().unwrap().0
    }

    /// Stores one message; the new head.
    async fn receive(&self, wamid: &str, phone: &str) -> Offset {
        let phone = Alias::parse(AliasKind::Phone, phone).unwrap();
        let fact = Fact::Message(Box::new(ReceivedMessage {
            number: PhoneNumberId::parse("100000000000101").unwrap(),
            waba: None,
            wamid: Wamid::parse(wamid).unwrap(),
            customer: CustomerAliases::new([phone]).unwrap(),
            customer_name: None,
            username: None,
            source: Source::Customer,
            kind: MessageType::text(),
            content: wamid.into(),
            detail: Detail::text(),
            reply_to: None,
            errors: Vec::new(),
            at: Some(NOW),
            raw: RawJson::new("{}"),
        }));
        self.store().receive(AppName::parse("default").unwrap(), vec![fact], NOW).await.unwrap();
        self.store().head().await.unwrap()
    }

    async fn connect(&mut self, claim: Claim) -> Admission {
        self.pids += 1;
        let newcomer = Newcomer {
            principal: &Principal::with_role(PrincipalId::parse("key:1").unwrap(), Role::Admin),
            namespace: "/",
            claim,
            head: self.store().head().await.unwrap(),
            fresh_pid: Some(Pid::from_random(self.pids)),
            at: NOW,
        };
        waypost_inbox::resume(self.store(), newcomer).await.unwrap()
    }

    /// Closes the store, changes its files, opens it again.
    fn reopen(&mut self, change: impl FnOnce(&Path, &Path)) {
        self.store = None;
        let copy = self.directory.path().join("copy");
        std::fs::create_dir_all(&copy).unwrap();
        change(&self.directory.path().join("data"), &copy);
        self.open();
    }

    /// Copies the journal's files.
    fn copy_journal(&mut self) {
        self.reopen(transfer_journal);
    }

    /// Puts them back. The sessions stay.
    fn put_journal_back(&mut self) {
        self.reopen(|data, copy| transfer_journal(copy, data));
    }
}

fn transfer_journal(from: &Path, to: &Path) {
    for name in ["waypost.db", "waypost.db-wal", "waypost.db-shm"] {
        std::fs::remove_file(to.join(name)).ok();
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

fn came_back(pid: &Pid, offset: Offset) -> Claim {
    Claim { pid: Some(pid.expose()), offset: Some(offset.to_string()), ..Claim::default() }
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

/// Simulation, seed 42: a session was lost, and the connection broke right after the CONNECT reply had told the secret of
/// the next one. The client came back with that secret and its old offset, and was told that nothing was missing.
#[tokio::test]
async fn a_gap_that_was_not_heard_of_is_told_again() {
    let mut place = Place::new();
    let seen = place.receive("wamid.1", "15550002001").await;
    place.receive("wamid.2", "15550002001").await;
    let lost = came_back(&Pid::from_random(99), seen);
    let next = place.connect(lost).await;
    assert_eq!((next.resumed, next.gap.is_some()), (Resumed::None, true));

    let again = place.connect(came_back(&next.pid.unwrap(), seen)).await;
    assert_eq!((again.resumed, again.gap.is_some()), (Resumed::None, true));
    // Whoever was told comes with the position that it was told.
    let head = place.store().head().await.unwrap();
    let heard = place.connect(came_back(&again.pid.unwrap(), head)).await;
    assert_eq!((heard.resumed, heard.gap.is_some()), (Resumed::Session, false));
}

/// Simulation, seed 173: a room was joined at an entry that a journal put back from a copy does not have. What the new
/// journal had up to that number was never shown.
#[tokio::test]
async fn a_room_that_began_in_a_past_that_is_no_more_is_a_gap() {
    let mut place = Place::new();
    let seen = place.receive("wamid.1", "15550002001").await;
    let begun = place.connect(Claim::default()).await;
    let pid = begun.pid.unwrap();
    place.copy_journal();
    let joined_at = place.receive("wamid.2", "15550002001").await;
    let tenure = Tenure { session: SessionId::from(&pid), generation: 1 };
    let general =
        SessionRoom { name: "whatsapp:general".into(), from: joined_at, binding: None, known_at: joined_at };
    place.store().enter_room(tenure, general).await.unwrap();
    place.put_journal_back();
    place.receive("wamid.3", "15550002001").await;

    let back = place.connect(came_back(&pid, seen)).await;
    assert_eq!((back.resumed, back.gap.is_some()), (Resumed::None, true));
}

/// The same where a name had become a customer's whom the journal that was put back does not know.
#[tokio::test]
async fn a_room_of_a_customer_who_is_nobody_any_more_is_a_gap() {
    let mut place = Place::new();
    let seen = place.receive("wamid.1", "15550002001").await;
    let name = room("whatsapp:customer:15550002002");
    let asked = Claim { since: Some(seen.to_string()), rooms: vec![name.clone()], ..Claim::default() };
    let pid = place.connect(asked).await.pid.unwrap();
    place.copy_journal();
    place.receive("wamid.2", "15550002002").await;
    let bound = place.connect(came_back(&pid, seen)).await;
    assert!(bound.holdings.get(&name).unwrap().customer.is_some());
    place.put_journal_back();

    let back = place.connect(came_back(&pid, seen)).await;
    assert_eq!((back.resumed, back.gap.is_some()), (Resumed::None, true));
}
