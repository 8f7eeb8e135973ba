//! What goes into a store before it is moved: everything that it can hold, by real appends.

use std::path::Path;

use proptest::prelude::*;
use waypost_domain::notice::HistoryProgress;
use waypost_domain::{
    AliasKind, Amendment, AssignmentWish, Call, CallReport, CallStage, ConversationFilter, CustomerAliases,
    CustomerId, DeadLetter, DeadLetterKind, Direction, Epoch, ErrorDetail, ExternalId, Fact, FieldReport,
    KeyScope, LinkPreview, MessageType, Notice, Offset, PageSize, Pid, Pricing, PrincipalId, RawJson, Reach,
    Recipient, Responder, SendIntent, SendOutcome, Timestamp, Typed, Username, WabaId, Wamid, Wish,
};
use waypost_store::{
    ApiKey, Binding, ConversationRequest, CustomerMatch, Intent, Keys, NewSession, Place, SessionError,
    SessionId, SessionRoom,
};

use crate::fixture::{
    Fixture, START, advertisement, alias, app, echo, edit, message_of, number, phone, reaction, revoke,
    status_at,
};

/// Something that is stored.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Text {
        customer: u8,
        wamid: u8,
        text: String,
    },
    Person {
        bsuid: u8,
        phone: u8,
    },
    Merge {
        bsuid: u8,
        into: u8,
    },
    /// Somebody answers the conversation in which something was written last, and it is cleared.
    Answerer {
        name: String,
    },
    /// Of a type that is not known.
    Hologram {
        wamid: u8,
    },
    Echo {
        wamid: u8,
    },
    Status {
        wamid: u8,
        word: &'static str,
        participant: Option<String>,
    },
    Change {
        wamid: u8,
        target: u8,
    },
    Field {
        field: String,
    },
    Call,
    Progress,
    Dead {
        raw: Vec<u8>,
    },
    Send {
        key: String,
        ends: Ends,
    },
    Session {
        client: u8,
        room: String,
        is_bound: bool,
    },
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ends {
    UnderWay,
    Accepted,
    Failed,
    Unknown,
}

/// Texts with what databases stumble over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("U+0000 is \0 here".to_owned()),
        Just("\\x00 \\N \t\r\n '\"; 😀 é \u{7f}".to_owned()),
        "\\PC{0,40}",
    ]
}

/// Few enough that nobody needs to read what is committed.
pub(crate) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let ends = prop::sample::select(vec![Ends::UnderWay, Ends::Accepted, Ends::Failed, Ends::Unknown]);
    let words = vec!["sent", "delivered", "read", "failed", "played"];
    let act = prop_oneof![
        4 => (0..6_u8, any::<u8>(), text()).prop_map(|(customer, wamid, text)| Act::Text { customer, wamid, text }),
        2 => (0..4_u8, 0..6_u8).prop_map(|(bsuid, phone)| Act::Person { bsuid, phone }),
        1 => (0..4_u8, 0..4_u8).prop_map(|(bsuid, into)| Act::Merge { bsuid, into }),
        1 => (0..20_u8).prop_map(|wamid| Act::Hologram { wamid }),
        2 => (0..20_u8).prop_map(|wamid| Act::Echo { wamid }),
        4 => (0..24_u8, prop::sample::select(words), prop::option::of("[a-z]{1,5}"))
            .prop_map(|(wamid, word, participant)| Act::Status { wamid, word, participant }),
        3 => (0..20_u8, 0..24_u8).prop_map(|(wamid, target)| Act::Change { wamid, target }),
        1 => "[a-zé]{1,9}".prop_map(|name| Act::Answerer { name }),
        1 => text().prop_map(|field| Act::Field { field }),
        1 => prop::sample::select(vec![Act::Call, Act::Progress]),
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(|raw| Act::Dead { raw }),
        2 => (text(), ends).prop_map(|(key, ends)| Act::Send { key, ends }),
        2 => (any::<u8>(), text(), any::<bool>())
            .prop_map(|(client, room, is_bound)| Act::Session { client, room, is_bound }),
    ];
    prop::collection::vec(act, 0..30)
}

/// Some of everything.
pub(crate) fn of_each() -> Vec<Act> {
    let text = |n, text: &str| Act::Text { customer: n, wamid: n, text: text.into() };
    let status = |wamid, word| Act::Status { wamid, word, participant: None };
    let send = |key: &str, ends| Act::Send { key: key.into(), ends };
    let room = |client, is_bound| Act::Session { client, room: "r\0".into(), is_bound };
    vec![
        text(1, "one"),
        text(2, "U+0000: \0"),
        text(3, "three"),
        text(4, "four"),
        // A number that moves, and two who may be one.
        Act::Person { bsuid: 1, phone: 9 },
        Act::Person { bsuid: 2, phone: 9 },
        Act::Person { bsuid: 2, phone: 1 },
        Act::Merge { bsuid: 1, into: 2 },
        Act::Answerer { name: "Ána".into() },
        Act::Hologram { wamid: 5 },
        Act::Echo { wamid: 9 },
        status(9, "read"),
        status(9, "sent"),
        status(10, "sent"),
        Act::Status { wamid: 9, word: "read", participant: Some("ana".into()) },
        Act::Change { wamid: 1, target: 1 },
        Act::Change { wamid: 2, target: 1 },
        Act::Change { wamid: 3, target: 1 },
        Act::Change { wamid: 4, target: 99 },
        Act::Field { field: "account_update".into() },
        Act::Call,
        Act::Progress,
        Act::Dead { raw: vec![0, 1, 255] },
        send("k1", Ends::UnderWay),
        send("k2", Ends::Accepted),
        send("k3", Ends::Failed),
        room(1, true),
        room(2, false),
    ]
}

impl Act {
    pub(crate) async fn carry_out(&self, fixture: &Fixture, n: usize) {
        match self {
            Self::Text { customer, wamid, text } => {
                let customer = phone(&format!("1555000{customer:04}"));
                let wamid = format!("wamid.text.{wamid}");
                let Fact::Message(mut message) = message_of(&wamid, customer, text) else { unreachable!() };
                message.waba = n.is_multiple_of(3).then(|| WabaId::parse("200000000000001").unwrap());
                message.detail.referral = n.is_multiple_of(2).then(|| Box::new(advertisement()));
                message.raw = RawJson::new(format!("{{\"n\":{n},\"zero\":\"\\u0000\"}}"));
                fixture.receive(vec![Fact::Message(message)]).await;
            }
            Self::Person { bsuid, phone } => {
                let names = [
                    alias(AliasKind::Bsuid, &format!("US.{bsuid}")),
                    alias(AliasKind::Phone, &format!("1555000{phone:04}")),
                ];
                let names = CustomerAliases::new(names).unwrap();
                let Fact::Message(mut message) = message_of(&format!("wamid.person.{n}"), names, "x") else {
                    unreachable!()
                };
                message.username = Username::parse("ana.r");
                fixture.receive(vec![Fact::Message(message)]).await;
            }
            Self::Merge { bsuid, into } => merge(fixture, [*bsuid, *into].map(|n| format!("US.{n}"))).await,
            Self::Answerer { name } => answered_by(fixture, name).await,
            Self::Hologram { wamid } => drop(fixture.receive(vec![hologram(*wamid)]).await),
            Self::Echo { wamid } => drop(fixture.receive(vec![echo(&format!("wamid.echo.{wamid}"))]).await),
            Self::Status { wamid, word, participant } => {
                let fact = status_at(&format!("wamid.echo.{wamid}"), word, i64::try_from(n).unwrap());
                let Fact::Status(mut report) = fact else { unreachable!() };
                report.participant = participant.as_deref().map(Into::into);
                report.pricing =
                    n.is_multiple_of(2).then(|| Pricing { billable: Some(true), ..Pricing::default() });
                report.errors = error().into_iter().take(n % 2).collect();
                fixture.receive(vec![Fact::Status(report)]).await;
            }
            Self::Change { wamid, target } => {
                let (own, target) = (format!("wamid.change.{wamid}"), format!("wamid.text.{target}"));
                let seconds = i64::try_from(n).unwrap();
                let change = match wamid % 4 {
                    0 | 1 => reaction(&own, &target, "👍", seconds),
                    2 => edit(&own, &target, "edited \0", seconds),
                    _ => revoke(&own, &target, seconds),
                };
                let Fact::Message(mut change) = change else { unreachable!() };
                change.customer = phone("15550000001");
                fixture.receive(vec![Fact::Message(change)]).await;
            }
            Self::Field { field } => drop(fixture.receive(vec![field_report(field, n)]).await),
            Self::Call => drop(fixture.receive(vec![call()]).await),
            Self::Progress => drop(fixture.receive(vec![progress()]).await),
            Self::Dead { raw } => {
                let reason = "not \0 JSON".into();
                let letter =
                    DeadLetter { kind: DeadLetterKind::NotJson, reason, raw: raw.clone(), around: None };
                fixture.receive(vec![Fact::Dead(letter)]).await;
            }
            Self::Send { key, ends } => send(fixture, key, *ends).await,
            Self::Session { client, room, is_bound } => {
                let room = session_room(room, *is_bound);
                let made = fixture.store.create_session(session(*client, room)).await;
                let (Ok(_) | Err(SessionError::Fenced)) = made else { panic!("{made:?}") };
            }
        }
    }
}

/// Makes one of two, where both are known, and gives them a name.
async fn merge(fixture: &Fixture, names: [String; 2]) {
    let mut known = Vec::new();
    for name in names {
        if let CustomerMatch::One(Binding { customer, .. }) =
            fixture.store.find_customer(&name).await.unwrap()
        {
            known.push(customer);
        }
    }
    if let [customer, into] = known[..] {
        fixture.store.amend(Amendment::Merge { customer, into }, START).await.unwrap();
        let id = ExternalId::parse(&format!("crm {customer}"));
        fixture.store.amend(Amendment::ExternalId { customer: into, id }, START).await.unwrap();
    }
}

fn hologram(wamid: u8) -> Fact {
    let wamid = format!("wamid.hologram.{wamid}");
    let Fact::Message(mut message) = message_of(&wamid, phone("15550000001"), "[?]") else { unreachable!() };
    message.kind = MessageType::parse("hologram").unwrap();
    message.detail.typed = Typed::Unknown(message.kind.clone());
    Fact::Message(message)
}

fn error() -> Option<ErrorDetail> {
    Some(ErrorDetail { code: 131_000, title: Some("odd \0".into()), details: None })
}

fn call() -> Fact {
    Fact::Call(Box::new(CallReport {
        number: number(),
        waba: None,
        id: Wamid::parse("wacid.1").unwrap(),
        customer: phone("15550002001"),
        customer_name: None,
        direction: Direction::Inbound,
        call: Call::at(CallStage::Completed),
        at: Some(START),
        raw: RawJson::new("{\"zero\":\"\\u0000\"}"),
    }))
}

fn progress() -> Fact {
    let progress = HistoryProgress { phase: Some(1), progress: Some(70), ..HistoryProgress::default() };
    let Fact::Field(mut report) = field_report("history", 0) else { unreachable!() };
    report.notice = Some(Notice::History(progress));
    Fact::Field(report)
}

fn field_report(field: &str, n: usize) -> Fact {
    Fact::Field(Box::new(FieldReport {
        field: field.into(),
        number: n.is_multiple_of(2).then(number),
        waba: None,
        customer: None,
        notice: None,
        told_at: None,
        ties: Vec::new(),
        raw: RawJson::new(format!("{{\"n\":{n}}}")),
    }))
}

/// The intent of a key.
pub(crate) fn intent(key: &str) -> SendIntent {
    SendIntent {
        principal: PrincipalId::parse("key:1").unwrap(),
        idempotency_key: key.into(),
        number: number(),
        recipient: Recipient::Aliases(phone("15550000001")),
        body: "on \0 its way".into(),
        preview: if key.len().is_multiple_of(2) { LinkPreview::Shown } else { LinkPreview::Hidden },
    }
}

async fn send(fixture: &Fixture, key: &str, ends: Ends) {
    let Intent::Fresh(entry) = fixture.store.intend(app(), intent(key), START).await.unwrap() else { return };
    let outcome = match ends {
        Ends::UnderWay => return,
        Ends::Accepted => {
            let wamid = Wamid::parse(&format!("wamid.sent.{}", entry.id)).unwrap();
            SendOutcome::Accepted { wamid, aliases: None }
        }
        Ends::Failed => SendOutcome::Failed(error().unwrap()),
        Ends::Unknown => SendOutcome::Unknown(error().unwrap()),
    };
    fixture.store.settle(entry.id, outcome, START).await.unwrap();
}

fn position(number: u64) -> Offset {
    Offset { epoch: Epoch::from_random(7), number, check: 0xbeef }
}

fn session_room(name: &str, is_bound: bool) -> SessionRoom {
    let customer = CustomerId::from_bytes([0xfe; 16]);
    let binding = is_bound.then_some(Binding { customer, since: 5 });
    SessionRoom { name: name.into(), from: position(4), binding, known_at: position(5) }
}

fn session(client: u8, room: SessionRoom) -> NewSession {
    NewSession {
        pid: Pid::from_random(client.into()),
        principal: PrincipalId::parse("key:1").unwrap(),
        namespace: "/".into(),
        start: position(3),
        owes_gap: client.is_multiple_of(2),
        rooms: vec![session_room("whatsapp:general", false), room],
        at: START,
    }
}

/// The id of a client's session.
pub(crate) fn session_id(client: u8) -> SessionId {
    SessionId::from(&Pid::from_random(client.into()))
}

/// The digest of the key that [`make_key`] makes.
pub(crate) const KEY_DIGEST: [u8; 32] = [9; 32];

/// Makes an API key, as `waypost key` does beside the server.
pub(crate) fn make_key(data_dir: &Path) {
    let created_at = Timestamp::from_millis(1_790_000_000_123);
    let key = ApiKey {
        id: "key_1".into(),
        name: "desk".into(),
        created_at,
        scopes: vec![KeyScope::Read, KeyScope::Send],
        expires_at: Some(created_at.plus_millis(1)),
        numbers: Some([number()].into()),
    };
    Keys::open(&Place::Directory(data_dir.into())).unwrap().create(&key, &KEY_DIGEST).unwrap();
}

async fn answered_by(fixture: &Fixture, name: &str) {
    let filter = ConversationFilter::default();
    let request = ConversationRequest { filter, before: None, size: PageSize::default() };
    let Some(top) = fixture.store.conversations(request, Reach::EVERYTHING).await.unwrap().rows.pop() else {
        return;
    };
    let wish = AssignmentWish {
        conversation: top.id,
        assignee: Wish::Have(Responder::parse(name)),
        team: Wish::Have(Responder::parse("sales")),
        by: PrincipalId::parse("key:1").unwrap(),
        at: START,
    };
    fixture.store.assign(wish).await.unwrap();
    fixture.store.clear(top.id).await.unwrap();
}
