//! A store on a ground of its own, with a clock that stands still, and facts to put into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use waypost_domain::detail::{Edit, Participant, Reaction, Referral, ReferralSource, Revoke, Text, Words};
use waypost_domain::{
    Alias, AliasKind, AppName, Assignment, CustomerAliases, CustomerChange, CustomerName, Detail, DetailJson,
    Event, Fact, MessageChange, MessageReaction, MessageType, PhoneNumberId, PortfolioId, RawJson,
    ReceivedMessage, Reported, Responder, Source, StatusReport, Timestamp, Typed, WabaId, Wamid,
};
use waypost_store::{
    Clock, Commit, Commits, CommittedEvent, Encode, EncodedEvent, Limits, OpenError, Options, Place, Step,
    Store, StoreCounts,
};

use crate::ground::Ground;

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

    /// Moves the wall clock on.
    pub(crate) fn pass_wall(&self, milliseconds: i64) {
        self.wall_ms.fetch_add(milliseconds, Ordering::SeqCst);
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
    pub(crate) setting: Setting,
}

/// What stays when the store is closed and opened again.
pub(crate) struct Setting {
    ground: Ground,
    clock: Arc<StillClock>,
    portfolios: Vec<(AppName, PortfolioId)>,
    /// No two that open it draw the same ids.
    opened: AtomicU8,
}

/// A content over which the fixture's encoder panics, as a bug would.
pub(crate) const CURSED: &str = "cursed";

fn encode(event: &Event) -> EncodedEvent {
    let (name, body) = match event {
        Event::Message(message) => {
            assert_ne!(message.content, CURSED, "an encoder with a bug");
            let late = if message.is_late { " (late)" } else { "" };
            ("message", format!("{}{late}", message.content))
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
        Event::MessageUpdated(update) => ("update", describe(&update.change)),
        Event::Outbox(entry) => ("outbox", entry.state.as_str().to_owned()),
        Event::Field(notice) => ("field", notice.field.to_string()),
        Event::Customer(update) => ("customer", describe_customer(&update.change).to_owned()),
        Event::Assignment(change) => {
            ("assignment", format!("{} -> {}", people(&change.previous), people(&change.now)))
        }
        Event::Access(change) => ("access", format!("{:?}", change.turn)),
    };
    EncodedEvent { name, body: body.into_bytes() }
}

fn describe(change: &MessageChange) -> String {
    let emoji = |reaction: &MessageReaction| {
        reaction.emoji.as_ref().map_or_else(|| "taken back".to_owned(), |emoji| emoji.as_str().to_owned())
    };
    match change {
        MessageChange::Renewed { why, version } => format!("{}: {}", why.as_str(), version.content),
        MessageChange::Revoked => "revoked".to_owned(),
        MessageChange::Reaction { reaction, all } => {
            let all: Vec<String> = all.iter().map(emoji).collect();
            format!("{} {}, now {}", reaction.by.to_text(), emoji(reaction), all.join(" "))
        }
    }
}

fn encode_detail(detail: &Detail) -> DetailJson {
    let json = |text: &str| Some(RawJson::new(text));
    let typed = match &detail.typed {
        Typed::Text(_) | Typed::RequestWelcome => DetailJson::default(),
        Typed::Media(_) => DetailJson { metadata: None, media: json(r#"{"kind":"media"}"#) },
        _ => DetailJson { metadata: json(r#"{"detail":"typed"}"#), media: None },
    };
    let member = detail.participant.as_ref().map(|participant| {
        let member = format!("{{\"participant\":\"{}\"}}", participant.aliases.shown_number());
        DetailJson { metadata: json(&member), media: None }
    });
    typed.and_metadata(member.unwrap_or_default())
}

fn describe_customer(change: &CustomerChange) -> &'static str {
    match change {
        CustomerChange::Merged(_) => "merged",
        CustomerChange::Unmerged(_) => "unmerged",
        CustomerChange::ExternalId(Some(_)) => "external id",
        CustomerChange::ExternalId(None) => "no external id",
        CustomerChange::PhoneMoved { .. } => "phone moved",
        CustomerChange::PossibleDuplicate(_) => "possible duplicate",
        CustomerChange::DuplicateDismissed(_) => "dismissed",
    }
}

/// The assignee, then the team; `-` for nobody.
fn people(assignment: &Assignment) -> String {
    let name = |of: &Option<Responder>| of.as_ref().map_or("-", Responder::as_str).to_owned();
    format!("{}/{}", name(&assignment.assignee), name(&assignment.team))
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
        dedup_days: 45,
        report_days: 90,
        session_hours: 24,
        sessions_max: 5,
    }
}

pub(crate) fn open(setting: &Setting) -> Result<(Store, Commits), OpenError> {
    open_at(setting, setting.ground.place())
}

pub(crate) fn open_at(setting: &Setting, place: Place) -> Result<(Store, Commits), OpenError> {
    Store::open(Options {
        place,
        seed: [setting.opened.fetch_add(1, Ordering::SeqCst); 32],
        clock: Arc::clone(&setting.clock) as Arc<dyn Clock>,
        encode: Encode { event: encode, detail: encode_detail },
        portfolios: setting.portfolios.clone(),
        limits: limits(),
        threads: setting.ground.threads(),
    })
}

impl Fixture {
    /// A new store on the ground of this run of the suite.
    pub(crate) fn new() -> Self {
        Self::on(Ground::new())
    }

    pub(crate) fn on(ground: Ground) -> Self {
        Self::of(ground, Vec::new())
    }

    /// A new store whose app's accounts are of this portfolio.
    pub(crate) fn of_portfolio(portfolio: &str) -> Self {
        Self::of(Ground::new(), vec![(app(), PortfolioId::parse(portfolio).unwrap())])
    }

    fn of(ground: Ground, portfolios: Vec<(AppName, PortfolioId)>) -> Self {
        let wall_ms = AtomicI64::new(START.as_millis());
        let clock = Arc::new(StillClock { wall_ms, monotonic_ms: AtomicU64::new(0) });
        let opened = AtomicU8::new(7);
        let setting = Setting { ground, clock: Arc::clone(&clock), portfolios, opened };
        let (store, commits) = open(&setting).unwrap();
        Self { store, commits, clock, setting }
    }

    /// What the store stands on, beside the store.
    pub(crate) fn ground(&self) -> &Ground {
        &self.setting.ground
    }

    /// Closes the store and opens it again, as a restart does.
    pub(crate) async fn restart(self) -> Self {
        self.restart_collecting(&mut Vec::new()).await
    }

    /// Closes the store, reads all that it still handed on, and opens it again.
    pub(crate) async fn restart_collecting(self, steps: &mut Vec<Step>) -> Self {
        self.closed_and_opened(steps, |_| ()).await.unwrap()
    }

    /// Closes the store, does something to its ground, and opens it again, if that can be done.
    pub(crate) async fn closed_and_opened(
        self,
        steps: &mut Vec<Step>,
        tamper: impl FnOnce(&Ground),
    ) -> Result<Self, OpenError> {
        let Self { store, mut commits, clock, setting } = self;
        drop(store);
        // The commits end when the writer has.
        while let Some(commit) = commits.next().await {
            steps.extend(commit.steps);
        }
        drop(commits);
        setting.ground.left().await;
        tamper(&setting.ground);
        let (store, commits) = open(&setting)?;
        Ok(Self { store, commits, clock, setting })
    }

    /// Closes the store and opens it again, its app's accounts being of this portfolio from then on.
    pub(crate) async fn restart_of_portfolio(mut self, portfolio: &str) -> Self {
        self.setting.portfolios = vec![(app(), PortfolioId::parse(portfolio).unwrap())];
        self.restart().await
    }

    pub(crate) async fn receive(&self, facts: Vec<Fact>) -> StoreCounts {
        self.store.receive(app(), facts, self.clock.now()).await.unwrap()
    }

    /// The events of the next commit, as `name body`.
    pub(crate) async fn shown(&mut self) -> Vec<String> {
        self.events().await.iter().map(text).collect()
    }

    pub(crate) async fn events(&mut self) -> Vec<CommittedEvent> {
        events_of(self.commits.next().await.unwrap())
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.text(sql).parse().unwrap()
    }

    /// The only column of the only row, read beside the store.
    pub(crate) fn text(&self, sql: &str) -> String {
        self.setting.ground.text(sql)
    }

    /// The only column of the only row, which holds bytes.
    pub(crate) fn bytes(&self, sql: &str) -> Vec<u8> {
        let digits = self.setting.ground.hexadecimal(sql);
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }
}

pub(crate) fn events_of(commit: Commit) -> Vec<CommittedEvent> {
    let events = commit.steps.into_iter().filter_map(|step| match step {
        Step::Event(event) => Some(event),
        Step::Bind { .. } => None,
    });
    events.collect()
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

/// The account of our numbers.
pub(crate) fn waba() -> WabaId {
    WabaId::parse("200000000000001").unwrap()
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
        waba: Some(waba()),
        wamid: Wamid::parse(wamid).unwrap(),
        customer,
        customer_name: CustomerName::parse("Ana"),
        username: None,
        source: Source::Customer,
        kind: MessageType::text(),
        content: content.into(),
        detail: Detail::text(),
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
    by(message(wamid, "from the phone"), Source::PhoneApp, phone("15550002001"))
}

/// The same message, written by somebody else.
pub(crate) fn by(fact: Fact, source: Source, customer: CustomerAliases) -> Fact {
    let Fact::Message(mut message) = fact else { unreachable!() };
    message.source = source;
    message.customer = customer;
    Fact::Message(message)
}

/// The same item, in a group, by the member who has these names; by nobody who is named where there are none.
pub(crate) fn in_group(fact: Fact, names: &[(AliasKind, &str)]) -> Fact {
    let group = CustomerAliases::new([alias(AliasKind::Group, "group-1")]).unwrap();
    let Fact::Message(mut item) = by(fact, Source::Customer, group) else { unreachable!() };
    let aliases = CustomerAliases::new(names.iter().map(|(kind, value)| alias(*kind, value)));
    item.detail.participant = aliases.map(|aliases| Box::new(Participant { aliases, name: None }));
    Fact::Message(item)
}

/// An item of the customer's that says `typed`, `seconds` after the beginning.
fn item(wamid: &str, (word, content, typed): (&str, &str, Typed), seconds: i64) -> Fact {
    let Fact::Message(mut item) = message(wamid, content) else { unreachable!() };
    item.kind = MessageType::parse(word).unwrap();
    item.detail.typed = typed;
    item.at = Some(START.plus_millis(seconds * 1000));
    Fact::Message(item)
}

pub(crate) fn reaction(own: &str, target: &str, emoji: &str, seconds: i64) -> Fact {
    let typed = Typed::Reaction(Reaction { target: Wamid::parse(target), emoji: Words::parse(emoji) });
    item(own, ("reaction", emoji, typed), seconds)
}

pub(crate) fn edit(own: &str, target: &str, content: &str, seconds: i64) -> Fact {
    let edited = Some(Box::new(Typed::Text(Text::default())));
    let typed = Typed::Edit(Edit { target: Wamid::parse(target), edited, raw: None });
    item(own, ("edit", content, typed), seconds)
}

pub(crate) fn revoke(own: &str, target: &str, seconds: i64) -> Fact {
    item(
        own,
        ("revoke", "[deleted message]", Typed::Revoke(Revoke { target: Wamid::parse(target) })),
        seconds,
    )
}

/// What an advertisement gives along, where it gives nothing but itself.
pub(crate) fn advertisement() -> Referral {
    Referral {
        source: Some(ReferralSource::Ad),
        source_id: None,
        source_url: None,
        headline: None,
        body: None,
        promotion: None,
        click: None,
        welcome: None,
    }
}

pub(crate) fn status(wamid: &str, word: &str) -> Fact {
    status_at(wamid, word, 0)
}

pub(crate) fn status_at(wamid: &str, word: &str, seconds: i64) -> Fact {
    Fact::Status(Box::new(StatusReport {
        number: number(),
        wamid: Wamid::parse(wamid).unwrap(),
        reported: Reported::parse(word).unwrap(),
        customer: None,
        participant: None,
        errors: Vec::new(),
        pricing: None,
        at: Some(START.plus_millis(seconds * 1000)),
        raw: RawJson::new("{}"),
    }))
}

/// The same status, which names whom the message was sent to.
pub(crate) fn status_to(wamid: &str, word: &str, customer: CustomerAliases) -> Fact {
    let Fact::Status(mut status) = status(wamid, word) else { unreachable!() };
    status.customer = Some(customer);
    Fact::Status(status)
}
