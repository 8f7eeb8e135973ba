//! Two turn out to be one, or only seem to be: linking events, merges and what undoes them, other systems' names, scopes.

use proptest::prelude::*;
use waypost_domain::detail::{Card, CardOrigin, CardPhone, System, SystemChange};
use waypost_domain::identity::{Amendment, Tie};
use waypost_domain::{
    Alias, AliasKind, ConversationFilter, CustomerAliases, CustomerId, CustomerName, CustomerSearch,
    Direction, ExternalId, Fact, FieldReport, LinkPreview, Message, OutboxEntry, PageSize, PastMessage,
    PhoneNumberId, PortfolioId, PrincipalId, RawJson, Reach, Recipient, Scope, SendIntent, SendOutcome,
    Source, ThreadSpan, Typed, Username, WabaId, Wamid,
};
use waypost_store::{
    AmendError, Binding, Cleared, Clock, ConversationRequest, CustomerMatch, CustomerRecord, CustomerRequest,
    Depth, Family, Intent, MovedPhone, OurNumber, RecentRequest, Step, ThreadRequest,
};

use crate::fixture::{Fixture, START, alias, app, echo, message_of, number, phone, status, waba};

fn both(bsuid: &str, digits: &str) -> CustomerAliases {
    CustomerAliases::new([alias(AliasKind::Bsuid, bsuid), alias(AliasKind::Phone, digits)]).unwrap()
}

fn bsuid(value: &str) -> CustomerAliases {
    CustomerAliases::new([alias(AliasKind::Bsuid, value)]).unwrap()
}

fn other_number() -> PhoneNumberId {
    PhoneNumberId::parse("100000000000102").unwrap()
}

/// A message to another number of ours, of another account.
fn elsewhere(wamid: &str, customer: CustomerAliases, account: &str) -> Fact {
    let Fact::Message(mut message) = message_of(wamid, customer, "elsewhere") else { unreachable!() };
    message.number = other_number();
    message.waba = WabaId::parse(account);
    message.at = Some(START.plus_millis(1_000));
    Fact::Message(message)
}

/// A message that says something of its sender, too.
pub(crate) fn telling(wamid: &str, customer: CustomerAliases, typed: Typed) -> Fact {
    let Fact::Message(mut message) = message_of(wamid, customer, "news") else { unreachable!() };
    message.detail.typed = typed;
    Fact::Message(message)
}

pub(crate) fn changed(change: SystemChange, now: CustomerAliases) -> Typed {
    Typed::System(Box::new(System { change, now: Some(now), identity: None, identity_at: None }))
}

fn own_card(digits: &str) -> Typed {
    let phone = CardPhone { number: None, wa_id: Some(alias(AliasKind::Phone, digits)), kind: None };
    let origin = Some(CardOrigin::ContactRequest);
    Typed::Contacts(vec![Card { origin, phones: vec![phone], ..Card::default() }])
}

fn field(number: Option<PhoneNumberId>, ties: Vec<Tie>) -> Fact {
    let raw = RawJson::new(format!("{:?}", ties.len()));
    let (field, waba) = ("a_field".into(), Some(waba()));
    let report = FieldReport { field, number, waba, customer: None, notice: None, ties, told_at: None, raw };
    Fact::Field(Box::new(report))
}

fn user_id_update(previous: &str, current: &str) -> Fact {
    let names = vec![alias(AliasKind::Bsuid, previous), alias(AliasKind::Bsuid, current)];
    let Fact::Field(mut report) = field(Some(number()), vec![Tie::Names(names)]) else { unreachable!() };
    report.raw = RawJson::new(format!("[\"{previous}\", \"{current}\"]"));
    Fact::Field(report)
}

fn owned_by(portfolio: &str, accounts: &[&str]) -> Fact {
    let tie = |account: &&str| Tie::Owner {
        waba: WabaId::parse(account).unwrap(),
        portfolio: PortfolioId::parse(portfolio).unwrap(),
    };
    let Fact::Field(mut report) = field(None, accounts.iter().map(tie).collect()) else { unreachable!() };
    report.raw = RawJson::new(format!("[{portfolio:?}, {accounts:?}]"));
    Fact::Field(report)
}

async fn holder(fixture: &Fixture, name: &str) -> CustomerId {
    match fixture.store.find_customer(name).await.unwrap() {
        CustomerMatch::One(Binding { customer, .. }) => customer,
        other => panic!("{name}: {other:?}"),
    }
}

async fn now(fixture: &Fixture, name: &str) -> CustomerId {
    let holder = holder(fixture, name).await;
    fixture.store.family(holder).await.unwrap().now
}

async fn record(fixture: &Fixture, name: &str) -> CustomerRecord {
    let holder = holder(fixture, name).await;
    fixture.store.customer(holder).await.unwrap().unwrap()
}

/// Wishes to send, and gives what was stored of it.
async fn send(fixture: &Fixture, key: &str, (number, recipient): (PhoneNumberId, Recipient)) -> OutboxEntry {
    let intent = SendIntent {
        principal: PrincipalId::parse("key:1").unwrap(),
        idempotency_key: key.into(),
        number,
        recipient,
        body: "hello".into(),
        preview: LinkPreview::Hidden,
    };
    match fixture.store.intend(app(), intent, START).await.unwrap() {
        Intent::Fresh(entry) => entry,
        Intent::Repeated(entry) => panic!("{entry:?}"),
    }
}

async fn amend(fixture: &Fixture, amendment: Amendment) -> Result<(), AmendError> {
    fixture.store.amend(amendment, START).await
}

/// The customer in whose thread a message stands.
fn of_thread(fixture: &Fixture, wamid: &str) -> Vec<u8> {
    fixture.bytes(&format!(
        "SELECT c.customer FROM messages m JOIN conversations c ON c.id = m.conversation
         WHERE m.wamid = '{wamid}'"
    ))
}

/// Two who wrote under names of which nobody knows that they are one person's; the one known longest first.
async fn two(fixture: &mut Fixture) -> (CustomerId, CustomerId) {
    fixture.receive(vec![message_of("wamid.p", phone("15550002001"), "by phone")]).await;
    fixture.clock.pass_wall(1);
    fixture.receive(vec![message_of("wamid.b", bsuid("US.1"), "by bsuid")]).await;
    fixture.shown().await;
    fixture.shown().await;
    (holder(fixture, "15550002001").await, holder(fixture, "US.1").await)
}

#[tokio::test]
async fn whoever_gets_the_number_that_a_customer_left_is_somebody_else() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", phone("15550002001"), "my card is lost")]).await;
    let link = telling("wamid.2", phone("15550002001"), changed(SystemChange::Number, phone("15550002091")));
    fixture.receive(vec![link]).await;
    let stranger = [alias(AliasKind::Bsuid, "US.9"), alias(AliasKind::Phone, "15550002001")];
    let stranger = CustomerAliases::new(stranger).unwrap();
    fixture.receive(vec![message_of("wamid.3", stranger, "who is this?")]).await;
    let (old, new) = (holder(&fixture, "15550002091").await, holder(&fixture, "15550002001").await);
    assert_ne!(old, new);
    assert_eq!(holder(&fixture, "US.9").await, new);
    // The customer goes on with the number they changed to, by a BSUID too.
    let own = [alias(AliasKind::Bsuid, "US.1"), alias(AliasKind::Phone, "15550002091")];
    fixture.receive(vec![message_of("wamid.4", CustomerAliases::new(own).unwrap(), "it is me")]).await;
    assert_eq!(holder(&fixture, "US.1").await, old);
}

#[tokio::test]
async fn a_phone_that_moves_is_recorded_with_both() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    let old = holder(&fixture, "US.1").await;
    fixture.shown().await;
    fixture.receive(vec![message_of("wamid.2", both("US.2", "15550002001"), "two")]).await;
    let new = holder(&fixture, "US.2").await;
    assert_eq!(fixture.shown().await, ["customer phone moved", "message two"]);
    let moved = vec![MovedPhone { phone: "15550002001".into(), from: old, to: new, at: START }];
    for name in ["US.1", "US.2"] {
        assert_eq!(record(&fixture, name).await.moved_phones, moved, "{name}");
    }
    assert_eq!(record(&fixture, "US.1").await.aliases, [alias(AliasKind::Bsuid, "US.1")]);
}

#[tokio::test]
async fn names_of_two_who_are_known_are_noted_once_and_change_nothing() {
    let mut fixture = Fixture::new();
    let (by_phone, by_bsuid) = two(&mut fixture).await;
    for n in 1..4 {
        let text = format!("{n}");
        fixture.receive(vec![message_of(&format!("wamid.{n}"), both("US.1", "15550002001"), &text)]).await;
    }
    assert_eq!(fixture.shown().await, ["customer possible duplicate", "message 1"]);
    assert_eq!(fixture.shown().await, ["message 2"]);
    assert_eq!(holder(&fixture, "15550002001").await, by_phone);
    let noted = fixture.store.possible_duplicates(0, 10).await.unwrap();
    let [duplicate] = &noted[..] else { panic!("{noted:?}") };
    assert_eq!(duplicate.customers, (by_phone, by_bsuid));
    assert!(fixture.store.possible_duplicates(duplicate.id, 10).await.unwrap().is_empty());

    // Somebody says that they are two: it is not asked again.
    assert_eq!(amend(&fixture, Amendment::Dismiss { duplicate: duplicate.id }).await, Ok(()));
    assert_eq!(amend(&fixture, Amendment::Dismiss { duplicate: duplicate.id }).await, Ok(()));
    let unknown = Amendment::Dismiss { duplicate: u64::MAX };
    assert_eq!(amend(&fixture, unknown).await, Err(AmendError::UnknownDuplicate));
    fixture.receive(vec![message_of("wamid.9", both("US.1", "15550002001"), "nine")]).await;
    assert!(fixture.store.possible_duplicates(0, 10).await.unwrap().is_empty());
    assert_eq!(fixture.shown().await, ["message 3"]);
    assert_eq!(fixture.shown().await, ["customer dismissed"]);
    assert_eq!(fixture.shown().await, ["message nine"]);
}

#[tokio::test]
async fn who_is_linked_is_one_and_the_one_known_longest_goes_on() {
    let sent_by = |wamid: &str, typed| telling(wamid, bsuid("US.1"), typed);
    let links = [
        telling("wamid.l", phone("15550002001"), changed(SystemChange::Number, bsuid("US.1"))),
        sent_by("wamid.l", changed(SystemChange::UserId, both("US.9", "15550002001"))),
        sent_by("wamid.l", own_card("15550002001")),
    ];
    for link in links {
        let mut fixture = Fixture::new();
        let (by_phone, by_bsuid) = two(&mut fixture).await;
        fixture.receive(vec![link]).await;
        assert_eq!(fixture.shown().await, ["customer merged", "message news"]);
        assert_eq!(now(&fixture, "US.1").await, by_phone);
        let family = fixture.store.family(by_bsuid).await.unwrap();
        assert_eq!(family, Family { now: by_phone, merged: vec![by_bsuid] });
        assert_eq!(record(&fixture, "US.1").await.number, "15550002001".into());
    }
}

#[tokio::test]
async fn a_card_that_was_not_asked_for_links_nobody() {
    let mut fixture = Fixture::new();
    two(&mut fixture).await;
    let Typed::Contacts(mut cards) = own_card("15550002001") else { unreachable!() };
    cards[0].origin = Some(CardOrigin::Other);
    fixture.receive(vec![telling("wamid.l", bsuid("US.1"), Typed::Contacts(cards))]).await;
    assert_eq!(fixture.shown().await, ["message news"]);
    assert_eq!(fixture.count("SELECT count(*) FROM merges"), 0);
}

#[tokio::test]
async fn a_new_number_is_the_same_customers_and_shown() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    let link = telling("wamid.2", phone("15550002001"), changed(SystemChange::Number, phone("15550002091")));
    fixture.receive(vec![link]).await;
    fixture.receive(vec![message_of("wamid.3", both("US.2", "15550002091"), "three")]).await;
    // The new BSUID came with a phone whose customer has one: without a link that is somebody else.
    assert_ne!(now(&fixture, "US.2").await, now(&fixture, "US.1").await);

    fixture.receive(vec![message_of("wamid.4", both("US.5", "15550002005"), "four")]).await;
    let link = telling("wamid.5", both("US.5", "15550002005"), {
        changed(SystemChange::UserId, both("US.6", "15550002006"))
    });
    fixture.receive(vec![link]).await;
    fixture.receive(vec![message_of("wamid.6", both("US.6", "15550002006"), "six")]).await;
    assert_eq!(holder(&fixture, "US.6").await, holder(&fixture, "US.5").await);
    assert_eq!(record(&fixture, "US.5").await.number, "15550002006".into());
}

#[tokio::test]
async fn an_update_of_user_ids_holds_in_whatever_order_it_comes() {
    let write = |bsuid_now: &str| message_of(&format!("wamid.{bsuid_now}"), bsuid(bsuid_now), bsuid_now);
    let orders: [&dyn Fn() -> Vec<Fact>; 4] = [
        &|| vec![write("US.1"), user_id_update("US.1", "US.2"), write("US.2")],
        &|| vec![write("US.1"), write("US.2"), user_id_update("US.1", "US.2")],
        &|| vec![user_id_update("US.1", "US.2"), write("US.2"), write("US.1")],
        &|| vec![write("US.2"), user_id_update("US.1", "US.2"), write("US.1")],
    ];
    for order in orders {
        for together in [true, false] {
            let fixture = Fixture::new();
            match together {
                true => drop(fixture.receive(order()).await),
                false => {
                    for fact in order() {
                        fixture.receive(vec![fact]).await;
                    }
                }
            }
            assert_eq!(now(&fixture, "US.1").await, now(&fixture, "US.2").await);
            assert_eq!(
                fixture.count("SELECT (SELECT count(*) FROM customers) - (SELECT count(*) FROM merges)"),
                1
            );
        }
    }
}

#[tokio::test]
async fn an_update_of_a_user_id_is_shown_to_who_waits_for_the_customer_by_its_new_name() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", bsuid("US.1"), "one")]).await;
    fixture.shown().await;
    let Fact::Field(mut report) = user_id_update("US.1", "US.2") else { unreachable!() };
    report.customer = Some(bsuid("US.2"));
    fixture.receive(vec![Fact::Field(report)]).await;
    let event = fixture.events().await.remove(0);
    assert_eq!(
        event.audience.scopes().len(),
        4,
        "all, the number, the customer, and both: {}",
        event.audience
    );
}

/// What is said and done after a merge, and after it was undone.
#[tokio::test]
async fn a_merge_leaves_everything_where_it_is_and_can_be_undone() {
    let mut fixture = Fixture::new();
    let (by_phone, by_bsuid) = two(&mut fixture).await;
    fixture.receive(vec![elsewhere("wamid.e", bsuid("US.1"), "200000000000001")]).await;
    fixture.shown().await;
    let merge = Amendment::Merge { customer: by_bsuid, into: by_phone };
    assert_eq!(amend(&fixture, merge.clone()).await, Ok(()));
    assert_eq!(amend(&fixture, merge).await, Ok(()));
    let merged = fixture.events().await;
    assert_eq!(merged.len(), 1);

    // Who had a thread goes on with it; who had none, with that of who is one with them.
    fixture.receive(vec![message_of("wamid.1", bsuid("US.1"), "here")]).await;
    fixture.receive(vec![elsewhere("wamid.2", phone("15550002001"), "200000000000001")]).await;
    let threads = "SELECT count(*) FROM conversations";
    assert_eq!(fixture.count(threads), 3);
    assert_eq!(of_thread(&fixture, "wamid.1"), by_bsuid.to_bytes());
    assert_eq!(of_thread(&fixture, "wamid.2"), by_bsuid.to_bytes());
    for event in [merged, fixture.events().await, fixture.events().await].concat() {
        for customer in [by_phone, by_bsuid] {
            assert!(event.audience.is_for(&[Scope::of_customer(customer)]), "{event:?}");
        }
    }
    let known = record(&fixture, "US.1").await;
    assert_eq!((known.id, known.merged.len()), (by_phone, 1));
    let (_, last) = &fixture.store.threads(by_phone).await.unwrap().places[0];
    assert_eq!(last.number.as_str(), "100000000000102");

    assert_eq!(amend(&fixture, Amendment::Unmerge { customer: by_phone }).await, Err(AmendError::NotMerged));
    assert_eq!(amend(&fixture, Amendment::Unmerge { customer: by_bsuid }).await, Ok(()));
    fixture = fixture.restart().await;
    fixture.receive(vec![message_of("wamid.3", bsuid("US.1"), "alone")]).await;
    let event = fixture.events().await.remove(0);
    assert!(!event.audience.is_for(&[Scope::of_customer(by_phone)]));
    assert_eq!(of_thread(&fixture, "wamid.3"), by_bsuid.to_bytes());
    assert_eq!(record(&fixture, "US.1").await.id, by_bsuid);
}

#[tokio::test]
async fn a_status_and_a_send_follow_a_merge() {
    let mut fixture = Fixture::new();
    let (by_phone, by_bsuid) = two(&mut fixture).await;
    let intent = SendIntent {
        principal: PrincipalId::parse("key:1").unwrap(),
        idempotency_key: "k".into(),
        number: number(),
        recipient: Recipient::Customer(by_bsuid),
        body: "on its way".into(),
        preview: LinkPreview::Hidden,
    };
    let Intent::Fresh(entry) = fixture.store.intend(app(), intent.clone(), START).await.unwrap() else {
        panic!("a fresh key")
    };
    fixture.shown().await;
    amend(&fixture, Amendment::Merge { customer: by_bsuid, into: by_phone }).await.unwrap();
    fixture.shown().await;
    fixture = fixture.restart().await;
    let outcome = SendOutcome::Accepted { wamid: Wamid::parse("wamid.s").unwrap(), aliases: None };
    fixture.store.settle(entry.id, outcome, START).await.unwrap();
    fixture = fixture.restart().await;
    fixture.receive(vec![status("wamid.s", "delivered")]).await;
    let shown = fixture.events().await;
    assert!(shown.iter().all(|event| event.audience.is_for(&[Scope::of_customer(by_phone)])));
    let to_merged = SendIntent { idempotency_key: "l".into(), ..intent };
    let Intent::Fresh(entry) = fixture.store.intend(app(), to_merged, START).await.unwrap() else {
        panic!("a fresh key")
    };
    assert_eq!(entry.customer, by_phone);
}

#[tokio::test]
async fn no_more_are_merged_into_one_than_may_be() {
    let fixture = Fixture::new();
    let facts = (0..34).map(|n| message_of(&format!("wamid.{n}"), bsuid(&format!("US.{n}")), "x"));
    fixture.receive(facts.collect()).await;
    let into = holder(&fixture, "US.0").await;
    for n in 1..33 {
        let customer = holder(&fixture, &format!("US.{n}")).await;
        assert_eq!(amend(&fixture, Amendment::Merge { customer, into }).await, Ok(()), "{n}");
    }
    let customer = holder(&fixture, "US.33").await;
    let refused = amend(&fixture, Amendment::Merge { customer, into }).await;
    assert_eq!(refused, Err(AmendError::TooManyMerged));
    let nobody = CustomerId::from_bytes([9; 16]);
    let refused = amend(&fixture, Amendment::Merge { customer: nobody, into }).await;
    assert_eq!(refused, Err(AmendError::UnknownCustomer));
    // What WhatsApp says is noted then.
    fixture.receive(vec![user_id_update("US.33", "US.0")]).await;
    assert_eq!(fixture.store.possible_duplicates(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_external_id_is_one_customers_and_binds_those_who_wait() {
    let mut fixture = Fixture::new();
    let (by_phone, by_bsuid) = two(&mut fixture).await;
    let set = |customer, id: &str| Amendment::ExternalId { customer, id: ExternalId::parse(id) };
    assert_eq!(amend(&fixture, set(by_phone, "crm 42")).await, Ok(()));
    let steps: Vec<String> = fixture
        .commits
        .next()
        .await
        .unwrap()
        .steps
        .iter()
        .map(|step| match step {
            Step::Bind { name, customer } => format!("bind {name} {}", *customer == by_phone),
            Step::Event(event) => String::from_utf8(event.body.to_vec()).unwrap(),
        })
        .collect();
    assert_eq!(steps, ["bind crm 42 true", "bind ext:crm 42 true", "external id"]);
    assert_eq!(amend(&fixture, set(by_phone, "crm 42")).await, Ok(()));
    for name in ["crm 42", "ext:crm 42"] {
        assert_eq!(holder(&fixture, name).await, by_phone);
    }
    for taken in ["crm 42", "15550002001"] {
        assert_eq!(amend(&fixture, set(by_bsuid, taken)).await, Err(AmendError::NameTaken), "{taken}");
    }
    assert_eq!(amend(&fixture, set(by_phone, "US.1")).await, Err(AmendError::NameTaken));
    // One's own number is nobody else's.
    assert_eq!(amend(&fixture, set(by_phone, "15550002001")).await, Ok(()));
    assert_eq!(fixture.store.find_customer("crm 42").await.unwrap(), CustomerMatch::Nobody);
    assert_eq!(holder(&fixture, "15550002001").await, by_phone);
    let id = ExternalId::parse("15550002001");
    assert_eq!(record(&fixture, "15550002001").await.external_id, id);

    amend(&fixture, Amendment::Merge { customer: by_phone, into: by_bsuid }).await.unwrap();
    assert_eq!(record(&fixture, "US.1").await.external_id, id);
    assert_eq!(amend(&fixture, Amendment::ExternalId { customer: by_phone, id: None }).await, Ok(()));
    assert_eq!(record(&fixture, "US.1").await.external_id, None);
    assert_eq!(fixture.store.find_customer("ext:15550002001").await.unwrap(), CustomerMatch::Nobody);
    // And free again.
    assert_eq!(amend(&fixture, set(by_bsuid, "crm 42")).await, Ok(()));
}

#[tokio::test]
async fn a_username_is_shown_and_names_nobody() {
    let fixture = Fixture::new();
    for (wamid, bsuid_of, name) in [("wamid.1", "US.1", "ana.r"), ("wamid.2", "US.2", "ana.r")] {
        let Fact::Message(mut message) = message_of(wamid, bsuid(bsuid_of), "x") else { unreachable!() };
        message.username = Username::parse(name);
        fixture.receive(vec![Fact::Message(message)]).await;
    }
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 2);
    assert_eq!(record(&fixture, "US.1").await.username, Username::parse("ana.r"));
    assert_eq!(fixture.store.find_customer("ana.r").await.unwrap(), CustomerMatch::Nobody);
}

#[tokio::test]
async fn a_number_of_two_forms_is_one_customers_and_shown_as_whatsapp_writes_it() {
    for (old, new) in [("551187654321", "5511987654321"), ("5215512345678", "525512345678")] {
        for (first, second) in [(old, new), (new, old)] {
            let fixture = Fixture::new();
            fixture.receive(vec![message_of("wamid.1", phone(first), "one")]).await;
            fixture.receive(vec![message_of("wamid.2", phone(second), "two")]).await;
            assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1);
            assert_eq!(holder(&fixture, first).await, holder(&fixture, second).await);
            let known = record(&fixture, &format!("+{first}")).await;
            assert_eq!(&*known.number, second);
            assert_eq!(&*known.addresses().unwrap().of_kind(AliasKind::Phone).unwrap().value, second);
        }
    }
    // The landlines of two people.
    let fixture = Fixture::new();
    for digits in ["551134567890", "5511934567890"] {
        fixture.receive(vec![message_of(&format!("wamid.{digits}"), phone(digits), "x")]).await;
    }
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 2);
}

#[tokio::test]
async fn names_are_of_the_account_until_its_owner_is_known() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    fixture.receive(vec![message_of("wamid.2", phone("15550002002"), "two")]).await;
    fixture.receive(vec![elsewhere("wamid.3", bsuid("US.1"), "200000000000002")]).await;
    fixture.receive(vec![elsewhere("wamid.4", phone("15550002002"), "200000000000002")]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 4);
    for name in ["US.1", "15550002002"] {
        assert_eq!(fixture.store.find_customer(name).await.unwrap(), CustomerMatch::Ambiguous, "{name}");
    }
    for _ in 0..4 {
        fixture.shown().await;
    }
    // Both are of one owner: who has one BSUID is one, and who has one phone may be.
    fixture.receive(vec![owned_by("300000000000001", &["200000000000001", "200000000000002"])]).await;
    assert_eq!(fixture.shown().await, ["customer merged", "customer possible duplicate", "field a_field"]);
    assert_eq!(fixture.store.family(holder(&fixture, "US.1").await).await.unwrap().merged.len(), 1);
    let newest = holder(&fixture, "15550002002").await;
    fixture.receive(vec![message_of("wamid.5", phone("15550002002"), "five")]).await;
    assert_eq!(of_thread(&fixture, "wamid.5"), newest.to_bytes());
    // An owner is one's for good.
    fixture.receive(vec![owned_by("300000000000009", &["200000000000001"])]).await;
    fixture = fixture.restart().await;
    fixture.receive(vec![elsewhere("wamid.6", bsuid("US.1"), "200000000000002")]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 4);
}

#[tokio::test]
async fn a_portfolio_that_is_configured_makes_one_scope_of_all_accounts() {
    let fixture = Fixture::of_portfolio("300000000000001");
    fixture.receive(vec![message_of("wamid.1", bsuid("US.1"), "one")]).await;
    fixture.receive(vec![elsewhere("wamid.2", bsuid("US.1"), "200000000000002")]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1);
    assert_eq!(fixture.count("SELECT count(*) FROM conversations"), 2);
}

#[tokio::test]
async fn whom_we_wrote_to_before_the_account_was_known_is_the_same_when_it_is() {
    let fixture = Fixture::new();
    send(&fixture, "k", (number(), Recipient::Aliases(phone("15550002001")))).await;
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    fixture.receive(vec![elsewhere("wamid.2", bsuid("US.1"), "200000000000001")]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1);
}

/// The echo names a phone only; that its account is the other number's is what makes two of one BSUID one.
#[tokio::test]
async fn who_becomes_one_by_an_item_of_another_name_is_one_in_it() {
    let fixture = Fixture::new();
    fixture.receive(vec![elsewhere("wamid.x", bsuid("US.1"), "200000000000001")]).await;
    let sent = send(&fixture, "k", (number(), Recipient::Aliases(phone("15550002001")))).await;
    let (wamid, aliases) = (Wamid::parse("wamid.out").unwrap(), Some(both("US.1", "15550002001")));
    fixture.store.settle(sent.id, SendOutcome::Accepted { wamid, aliases }, START).await.unwrap();
    let fixture = fixture.restart().await;
    assert_eq!(fixture.receive(vec![echo("wamid.e")]).await.stored, 1);
    assert_eq!(of_thread(&fixture, "wamid.e"), of_thread(&fixture, "wamid.out"));
    assert_eq!(now(&fixture, "15550002001").await, now(&fixture, "US.1").await);
}

#[tokio::test]
async fn who_becomes_one_by_a_send_is_one_in_it() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", bsuid("US.1"), "one")]).await;
    fixture.receive(vec![elsewhere("wamid.2", both("US.1", "15550002001"), "200000000000002")]).await;
    let fixture = fixture.restart_of_portfolio("300000000000001").await;
    fixture.receive(vec![message_of("wamid.3", phone("15550002009"), "three")]).await;
    let sent = send(&fixture, "k", (other_number(), Recipient::Aliases(phone("15550002001")))).await;
    assert_eq!(sent.customer, now(&fixture, "US.1").await);
}

/// The one who had the phone is known in the account, the one who has it by the portfolio that the account turned out to be of.
#[tokio::test]
async fn a_phone_that_moves_after_two_scopes_became_one_is_one_customers() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    fixture.receive(vec![owned_by("300000000000001", &["200000000000001"])]).await;
    fixture.receive(vec![message_of("wamid.2", both("US.2", "15550002001"), "two")]).await;
    assert_eq!(now(&fixture, "15550002001").await, now(&fixture, "US.2").await);
    assert_eq!(record(&fixture, "US.1").await.aliases, [alias(AliasKind::Bsuid, "US.1")]);
    fixture.receive(vec![message_of("wamid.3", both("US.2", "15550002001"), "three")]).await;
    assert!(fixture.store.possible_duplicates(0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn accounts_of_one_owner_make_one_of_one_bsuid_however_they_are_told_of() {
    for together in [true, false] {
        let fixture = Fixture::new();
        fixture.receive(vec![owned_by("300000000000001", &["200000000000003"])]).await;
        fixture.receive(vec![message_of("wamid.1", bsuid("US.1"), "one")]).await;
        fixture.receive(vec![elsewhere("wamid.2", bsuid("US.1"), "200000000000002")]).await;
        let fixture = fixture.restart().await;
        let told = ["200000000000001", "200000000000002"].map(|waba| owned_by("300000000000001", &[waba]));
        match together {
            true => drop(fixture.receive(told.to_vec()).await),
            false => {
                for fact in told {
                    fixture.receive(vec![fact]).await;
                }
            }
        }
        assert_eq!(fixture.count("SELECT count(*) FROM merges"), 1, "{together}");
        assert_eq!(fixture.count("SELECT count(*) FROM aliases"), 1, "{together}");
    }
}

#[tokio::test]
async fn numbers_that_are_claimed_at_once_for_one_account_leave_a_phone_to_one() {
    let fixture = Fixture::new();
    for (key, number) in [("k", number()), ("l", other_number())] {
        send(&fixture, key, (number, Recipient::Aliases(phone("15550002001")))).await;
    }
    // The account is known by a third number.
    let Fact::Message(mut message) = message_of("wamid.1", bsuid("US.9"), "one") else { unreachable!() };
    message.number = PhoneNumberId::parse("100000000000103").unwrap();
    fixture.receive(vec![Fact::Message(message)]).await;
    let fixture = fixture.restart().await;
    let claim = |number| OurNumber { number, app: app(), waba: Some(waba()), is_claimed: true };
    fixture.store.claim(vec![claim(number()), claim(other_number())]).await.unwrap();
    holder(&fixture, "15550002001").await;
    assert_eq!(fixture.store.possible_duplicates(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn whose_phone_went_to_somebody_else_is_shown_by_another_name() {
    for is_united in [false, true] {
        let mut fixture = Fixture::new();
        fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
        if is_united {
            fixture.receive(vec![owned_by("300000000000001", &["200000000000001"])]).await;
        }
        let link = telling("wamid.2", bsuid("US.1"), changed(SystemChange::Number, phone("15550002091")));
        fixture.receive(vec![link]).await;
        for (taken, shown) in [("15550002091", "15550002001"), ("15550002001", "US.1")] {
            let taker = both(&format!("US.{taken}"), taken);
            fixture.receive(vec![message_of(&format!("wamid.{taken}"), taker, "mine")]).await;
            let old = record(&fixture, "US.1").await;
            assert_eq!(
                (&*old.number, old.addresses().unwrap().shown_number()),
                (shown, shown),
                "{is_united}"
            );
            fixture = fixture.restart().await;
        }
    }
}

/// Both have the phone, in two accounts; once those are one owner's, it is the newer one's.
#[tokio::test]
async fn whose_phone_is_another_accounts_customers_is_shown_by_another_name() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    fixture.receive(vec![elsewhere("wamid.2", both("US.2", "15550002001"), "200000000000002")]).await;
    fixture.receive(vec![owned_by("300000000000001", &["200000000000001", "200000000000002"])]).await;
    assert_eq!(&*record(&fixture, "US.1").await.number, "US.1");
    assert_eq!(&*record(&fixture, "US.2").await.number, "15550002001");
    let link = telling("wamid.3", bsuid("US.1"), changed(SystemChange::UserId, bsuid("US.2")));
    fixture.receive(vec![link]).await;
    assert_eq!(&*record(&fixture, "US.1").await.number, "15550002001");
}

#[tokio::test]
async fn whose_only_name_went_to_somebody_else_is_shown_as_who_is_one_with_them() {
    let mut fixture = Fixture::new();
    let (by_phone, by_bsuid) = two(&mut fixture).await;
    amend(&fixture, Amendment::Merge { customer: by_bsuid, into: by_phone }).await.unwrap();
    fixture.receive(vec![message_of("wamid.1", both("US.2", "15550002001"), "mine")]).await;
    let known = record(&fixture, "US.1").await;
    assert_eq!((known.id, &*known.number), (by_phone, "US.1"));
}

/// Who goes on is known by a BSUID and without a name, the other by both; the older thread's window is closed long since.
#[tokio::test]
async fn who_is_one_is_shown_alike_by_every_read() {
    let fixture = Fixture::new();
    let named = |wamid: &str, who, name| {
        let Fact::Message(mut message) = message_of(wamid, who, wamid) else { unreachable!() };
        message.customer_name = CustomerName::parse(name);
        message.username = Username::parse(name);
        message.at = Some(fixture.clock.now());
        Fact::Message(message)
    };
    fixture.receive(vec![named("wamid.b", bsuid("US.1"), "")]).await;
    fixture.clock.advance_days(20);
    let opened_at = fixture.clock.now();
    fixture.receive(vec![named("wamid.p", phone("15550002001"), "Ana")]).await;
    fixture.receive(vec![elsewhere("wamid.e", phone("15550002001"), "200000000000001")]).await;
    let link = telling("wamid.l", bsuid("US.1"), changed(SystemChange::Number, phone("15550002001")));
    fixture.receive(vec![link]).await;

    let (size, known) = (PageSize::new(10).unwrap(), record(&fixture, "US.1").await);
    let as_shown = |message: &Message| {
        assert_eq!((message.customer, &message.customer_number), (known.id, &known.number));
        assert_eq!((&message.customer_name, &message.username), (&known.name, &known.username));
    };
    assert_eq!((&*known.number, known.name.as_ref().map(CustomerName::as_str)), ("15550002001", Some("Ana")));
    let request = ConversationRequest { filter: ConversationFilter::default(), before: None, size };
    let listed = fixture.store.conversations(request, Reach::EVERYTHING).await.unwrap().rows;
    assert_eq!(listed.len(), 3);
    for row in listed {
        assert_eq!(
            (row.customer, &row.customer_number, &row.customer_name),
            (known.id, &known.number, &known.name)
        );
        as_shown(&row.last_message.as_ref().unwrap().message);
        // Where the customer wrote to our other number is another window.
        let newest = if row.number == number() { opened_at } else { START.plus_millis(1_000) };
        assert_eq!(row.opened_at, Some(newest));
        assert_eq!(fixture.store.conversation(row.id).await.unwrap().unwrap().opened_at, Some(newest));
        let request = ThreadRequest { conversation: row.id, span: ThreadSpan::Newest, size };
        for told in fixture.store.thread(request).await.unwrap().rows {
            as_shown(&told.message);
            as_shown(&fixture.store.message_history(told.message.id).await.unwrap().unwrap().message);
        }
    }
    let request = RecentRequest { customer: None, depth: Depth::All, cleared: Cleared::Hidden };
    fixture
        .store
        .recent_messages(request, Reach::EVERYTHING)
        .await
        .unwrap()
        .iter()
        .for_each(|row| as_shown(&row.message));
    for search in ["", "US.1", "1555000", "ana"] {
        let request = CustomerRequest { search: CustomerSearch::parse(search), after: None, size };
        let listed = fixture.store.customers(request, Reach::EVERYTHING).await.unwrap().rows;
        let [row] = &listed[..] else { panic!("{search}: {listed:?}") };
        assert_eq!((row.id, &row.number, &row.name), (known.id, &known.number, &known.name), "{search}");
        assert_eq!(row.created_at, known.created_at, "{search}");
    }
}

#[tokio::test]
async fn what_is_late_in_the_thread_of_one_who_was_merged_says_so() {
    let mut fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    let at = |seconds: i64| {
        let (wamid, text) = (format!("wamid.{seconds}"), format!("{seconds}"));
        let Fact::Message(mut message) = message_of(&wamid, phone("15550002001"), &text) else {
            unreachable!()
        };
        message.at = Some(START.plus_millis(seconds * 1_000));
        vec![Fact::Message(message)]
    };
    fixture.receive(at(0)).await;
    fixture.receive(vec![elsewhere("wamid.x", bsuid("US.7"), "200000000000001")]).await;
    let (customer, into) = (holder(&fixture, "15550002001").await, holder(&fixture, "US.7").await);
    amend(&fixture, Amendment::Merge { customer, into }).await.unwrap();
    for _ in 0..3 {
        fixture.shown().await;
    }
    fixture.receive(at(100)).await;
    assert_eq!(fixture.shown().await, ["message 100"]);
    fixture.receive(at(50)).await;
    assert_eq!(fixture.shown().await, ["message 50 (late)"]);
}

/// A merge that somebody undoes was a mistake: each has what they wrote meanwhile, where each had a thread.
#[tokio::test]
async fn what_each_wrote_while_they_were_one_is_theirs_when_they_are_two_again() {
    let mut fixture = Fixture::new();
    let (by_phone, by_bsuid) = two(&mut fixture).await;
    let merge = Amendment::Merge { customer: by_bsuid, into: by_phone };
    amend(&fixture, merge).await.unwrap();
    fixture.receive(vec![message_of("wamid.1", bsuid("US.1"), "by bsuid")]).await;
    fixture.receive(vec![message_of("wamid.2", phone("15550002001"), "by phone")]).await;
    // Whom both of them name is who goes on.
    let unsaid = both("US.1", "15550002001");
    fixture.receive(vec![message_of("wamid.3", unsaid, "by both")]).await;
    amend(&fixture, Amendment::Unmerge { customer: by_bsuid }).await.unwrap();
    let threads = ["wamid.1", "wamid.2", "wamid.3"].map(|wamid| of_thread(&fixture, wamid));
    assert_eq!(threads, [by_bsuid, by_phone, by_bsuid].map(|customer| customer.to_bytes().to_vec()));
}

/// An answer stands below what it answers.
#[tokio::test]
async fn a_send_to_one_of_two_threads_goes_where_something_was_written_last() {
    let mut fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    let (by_phone, by_bsuid) = two(&mut fixture).await;
    amend(&fixture, Amendment::Merge { customer: by_bsuid, into: by_phone }).await.unwrap();
    for (n, who) in [bsuid("US.1"), phone("15550002001")].into_iter().enumerate() {
        let Fact::Message(mut message) = message_of(&format!("wamid.{n}"), who, "hello?") else {
            unreachable!()
        };
        message.at = Some(START.plus_millis(1_000 * i64::try_from(n + 1).unwrap()));
        fixture.receive(vec![Fact::Message(message)]).await;
        for to in [by_phone, by_bsuid] {
            let sent = send(&fixture, &format!("{n} {to}"), (number(), Recipient::Customer(to))).await;
            let conversation =
                fixture.bytes(&format!("SELECT conversation FROM messages WHERE wamid = 'wamid.{n}'"));
            assert_eq!(sent.conversation.to_bytes().to_vec(), conversation);
        }
    }
}

/// Whose only name is another's by now has nothing else to be shown by, until somebody says who it is.
#[tokio::test]
async fn who_is_merged_brings_no_number_along_that_is_somebody_elses() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", phone("15550002001"), "one")]).await;
    let customer = holder(&fixture, "15550002001").await;
    fixture.receive(vec![elsewhere("wamid.2", both("US.2", "15550002001"), "200000000000002")]).await;
    fixture.receive(vec![owned_by("300000000000001", &["200000000000001", "200000000000002"])]).await;
    fixture.receive(vec![message_of("wamid.3", bsuid("US.3"), "three")]).await;
    let into = holder(&fixture, "US.3").await;
    amend(&fixture, Amendment::Merge { customer, into }).await.unwrap();
    assert_eq!(&*record(&fixture, "US.3").await.number, "US.3");
    assert_eq!(&*record(&fixture, "15550002001").await.number, "15550002001");
}

/// Both had the phone when they were one; it is the other's.
#[tokio::test]
async fn who_is_two_again_is_shown_by_what_is_theirs() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    fixture.receive(vec![elsewhere("wamid.2", both("US.2", "15550002001"), "200000000000002")]).await;
    let (customer, into) = (holder(&fixture, "US.1").await, holder(&fixture, "US.2").await);
    amend(&fixture, Amendment::Merge { customer, into }).await.unwrap();
    fixture.receive(vec![owned_by("300000000000001", &["200000000000001", "200000000000002"])]).await;
    assert_eq!(&*record(&fixture, "US.1").await.number, "15550002001");
    amend(&fixture, Amendment::Unmerge { customer }).await.unwrap();
    assert_eq!(&*record(&fixture, "US.1").await.number, "US.1");
    assert_eq!(&*record(&fixture, "US.2").await.number, "15550002001");
}

/// Something that names people, and may say that two are one.
#[derive(Clone, Debug)]
enum Said {
    Written { bsuid: Option<u8>, phone: Option<u8>, elsewhere: bool },
    Changed { from: u8, to: u8 },
    Owner { second: bool },
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        8 => (prop::option::of(0..4_u8), prop::option::of(0..3_u8), any::<bool>())
            .prop_filter("somebody writes", |(bsuid, phone, _)| bsuid.is_some() || phone.is_some())
            .prop_map(|(bsuid, phone, elsewhere)| Said::Written { bsuid, phone, elsewhere }),
        2 => (0..4_u8, 0..4_u8).prop_map(|(from, to)| Said::Changed { from, to }),
        1 => any::<bool>().prop_map(|second| Said::Owner { second }),
    ]
}

fn fact(said: &Said, n: usize) -> Fact {
    let name = |bsuid: u8| format!("US.{bsuid}");
    match said {
        Said::Written { bsuid, phone, elsewhere: is_elsewhere } => {
            let bsuid = bsuid.map(|n| alias(AliasKind::Bsuid, &name(n)));
            let phone = phone.map(|n| alias(AliasKind::Phone, &format!("1555000200{n}")));
            let names: Vec<Alias> = bsuid.into_iter().chain(phone).collect();
            let (wamid, names) = (format!("wamid.{n}"), CustomerAliases::new(names).unwrap());
            match is_elsewhere {
                true => elsewhere(&wamid, names, "200000000000002"),
                false => message_of(&wamid, names, "x"),
            }
        }
        Said::Changed { from, to } => user_id_update(&name(*from), &name(*to)),
        Said::Owner { second } => {
            let account = if *second { "200000000000002" } else { "200000000000001" };
            owned_by("300000000000001", &[account])
        }
    }
}

/// Whatever comes in whatever order: with all accounts in one portfolio at the end, a BSUID is one customer's, and two
/// are two unless they were linked.
async fn check(webhooks: Vec<Vec<Said>>) -> Result<(), TestCaseError> {
    let mut fixture = Fixture::new();
    let (mut steps, mut ids) = (Vec::new(), 0..);
    for webhook in &webhooks {
        let facts = webhook.iter().zip(&mut ids).map(|(said, n)| fact(said, n)).collect();
        fixture.receive(facts).await;
    }
    fixture.receive(vec![owned_by("300000000000001", &["200000000000001", "200000000000002"])]).await;
    fixture = fixture.restart_collecting(&mut steps).await;

    let mut class: Vec<u8> = (0..4).collect();
    for said in webhooks.iter().flatten() {
        if let Said::Changed { from, to } = said {
            let (from, to) = (class[usize::from(*from)], class[usize::from(*to)]);
            class.iter_mut().filter(|class| **class == from).for_each(|class| *class = to);
        }
    }
    let mut known = Vec::new();
    for n in 0..4_u8 {
        match fixture.store.find_customer(&format!("US.{n}")).await.unwrap() {
            CustomerMatch::Nobody => {}
            CustomerMatch::One(Binding { customer, .. }) => {
                let family = fixture.store.family(customer).await.unwrap();
                prop_assert_eq!(fixture.store.customer(customer).await.unwrap().unwrap().id, family.now);
                known.push((n, family.now));
            }
            CustomerMatch::Ambiguous => return Err(TestCaseError::fail(format!("US.{n} is two people"))),
        }
    }
    for (one, first) in &known {
        for (other, second) in &known {
            let linked = class[usize::from(*one)] == class[usize::from(*other)];
            prop_assert_eq!(first == second, linked, "US.{} US.{}", one, other);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_bsuid_is_one_customer_whatever_came_first(
        webhooks in prop::collection::vec(prop::collection::vec(said(), 1..6), 1..8)
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check(webhooks))?;
    }
}

/// Something that happens, of all that touches who is who.
#[derive(Clone, Debug)]
enum Deed {
    Webhook(Vec<Heard>),
    Sent { to: Who, at: Place, is_called: Who },
    Merged { customer: usize, into: usize },
    Unmerged { customer: usize },
    Restarted,
}

/// An item of a webhook.
#[derive(Clone, Debug)]
enum Heard {
    Written { by: Who, at: Place, how: How },
    Tied { one: u8, other: u8, at: Place },
    Owned { is_second: bool },
}

#[derive(Clone, Copy, Debug)]
enum How {
    Live,
    Echo,
    Past,
    /// It says that the sender has this BSUID now.
    Linking(u8),
}

/// A BSUID and a phone number, or one of them.
type Who = (Option<u8>, Option<u8>);
/// Whether it is our second number, and which account it is said to be of.
type Place = (bool, Option<u8>);

fn deed() -> impl Strategy<Value = Deed> {
    let who = || (prop::option::weighted(0.7, 0..4_u8), prop::option::weighted(0.7, 0..4_u8));
    let who = move || who().prop_filter("somebody", |(bsuid, phone)| bsuid.is_some() || phone.is_some());
    let place = || (any::<bool>(), prop::option::of(0..2_u8));
    let how = prop_oneof![
        4 => Just(How::Live),
        1 => Just(How::Echo),
        1 => Just(How::Past),
        1 => (0..4_u8).prop_map(How::Linking),
    ];
    let heard = prop_oneof![
        6 => (who(), place(), how).prop_map(|(by, at, how)| Heard::Written { by, at, how }),
        1 => (0..4_u8, 0..4_u8, place()).prop_map(|(one, other, at)| Heard::Tied { one, other, at }),
        1 => any::<bool>().prop_map(|is_second| Heard::Owned { is_second }),
    ];
    prop_oneof![
        5 => prop::collection::vec(heard, 1..4).prop_map(Deed::Webhook),
        1 => (who(), place(), who()).prop_map(|(to, at, is_called)| Deed::Sent { to, at, is_called }),
        1 => (0..8_usize, 0..8_usize).prop_map(|(customer, into)| Deed::Merged { customer, into }),
        1 => (0..8_usize).prop_map(|customer| Deed::Unmerged { customer }),
        1 => Just(Deed::Restarted),
    ]
}

fn names((bsuid, phone): Who) -> CustomerAliases {
    let bsuid = bsuid.map(|n| alias(AliasKind::Bsuid, &format!("US.{n}")));
    let phone = phone.map(|n| alias(AliasKind::Phone, &format!("1555000200{n}")));
    CustomerAliases::new(bsuid.into_iter().chain(phone)).unwrap()
}

fn place((is_second, account): Place) -> (PhoneNumberId, Option<WabaId>) {
    let accounts = ["200000000000001", "200000000000002"];
    let number = if is_second { other_number() } else { number() };
    (number, account.and_then(|n| WabaId::parse(accounts[usize::from(n)])))
}

fn heard(heard: &Heard, n: usize) -> Fact {
    let (by, at, how) = match heard {
        Heard::Written { by, at, how } => (by, at, how),
        Heard::Tied { one, other, at } => {
            let Fact::Field(mut report) = user_id_update(&format!("US.{one}"), &format!("US.{other}")) else {
                unreachable!()
            };
            let (number, waba) = place(*at);
            (report.number, report.waba, report.raw) = (Some(number), waba, RawJson::new(format!("{n}")));
            return Fact::Field(report);
        }
        Heard::Owned { is_second } => {
            let account = if *is_second { "200000000000002" } else { "200000000000001" };
            return owned_by("300000000000001", &[account]);
        }
    };
    let Fact::Message(mut message) = message_of(&format!("wamid.{n}"), names(*by), "x") else {
        unreachable!()
    };
    (message.number, message.waba) = place(*at);
    match how {
        How::Live => {}
        How::Echo => message.source = Source::PhoneApp,
        How::Past => {
            message.source = Source::History(Direction::Inbound);
            return Fact::Past(Box::new(PastMessage { message: *message, state: None }));
        }
        How::Linking(to) => {
            message.detail.typed = changed(SystemChange::UserId, bsuid(&format!("US.{to}")));
        }
    }
    Fact::Message(message)
}

async fn customers(fixture: &Fixture) -> Vec<CustomerId> {
    let request = CustomerRequest { search: None, after: None, size: PageSize::new(100).unwrap() };
    fixture
        .store
        .customers(request, Reach::EVERYTHING)
        .await
        .unwrap()
        .rows
        .into_iter()
        .map(|row| row.id)
        .collect()
}

/// Does it; nothing is refused but what nobody may ask for.
async fn happens(fixture: Fixture, n: usize, deed: &Deed) -> Fixture {
    match deed {
        Deed::Webhook(items) => {
            let facts = items.iter().enumerate().map(|(item, one)| heard(one, 10 * n + item)).collect();
            assert_eq!(fixture.receive(facts).await.dead, 0);
        }
        Deed::Sent { to, at, is_called } => {
            let to = (place(*at).0, Recipient::Aliases(names(*to)));
            let sent = send(&fixture, &format!("{n}"), to).await;
            let (wamid, aliases) = (Wamid::parse(&format!("wamid.out.{n}")), Some(names(*is_called)));
            let outcome = SendOutcome::Accepted { wamid: wamid.unwrap(), aliases };
            fixture.store.settle(sent.id, outcome, START).await.unwrap();
        }
        Deed::Merged { customer, into } => {
            let all = customers(&fixture).await;
            if !all.is_empty() {
                let (customer, into) = (all[customer % all.len()], all[into % all.len()]);
                amend(&fixture, Amendment::Merge { customer, into }).await.unwrap();
            }
        }
        Deed::Unmerged { customer } => {
            let all = customers(&fixture).await;
            if !all.is_empty() {
                let customer = all[customer % all.len()];
                let undone = amend(&fixture, Amendment::Unmerge { customer }).await;
                assert!(matches!(undone, Ok(()) | Err(AmendError::NotMerged)), "{undone:?}");
            }
        }
        Deed::Restarted => return fixture.restart().await,
    }
    fixture
}

/// Whatever happened: once all is one portfolio's, a name is one customer's, and nobody is shown by somebody else's.
async fn check_names(deeds: Vec<Deed>) -> Result<(), TestCaseError> {
    let mut fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    for (n, deed) in deeds.iter().enumerate() {
        fixture = happens(fixture, n, deed).await;
    }
    let written =
        |is_second| Heard::Written { by: (Some(9), None), at: (is_second, Some(0)), how: How::Live };
    let all = ["200000000000001", "200000000000002"];
    let facts =
        vec![heard(&written(false), 9_998), heard(&written(true), 9_999), owned_by("300000000000001", &all)];
    prop_assert_eq!(fixture.receive(facts).await.dead, 0);
    let in_two_hands =
        "SELECT count(*) FROM (SELECT value FROM aliases GROUP BY value HAVING count(*) > 1) AS held";
    prop_assert_eq!(fixture.count(in_two_hands), 0);
    for customer in customers(&fixture).await {
        let known = fixture.store.customer(customer).await.unwrap().unwrap();
        if let Some(shown) = Alias::parse(AliasKind::Phone, &known.number) {
            prop_assert!(known.aliases.is_empty() || known.aliases.contains(&shown), "{}", known.number);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_is_one_customers_whatever_happens(deeds in prop::collection::vec(deed(), 1..24)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check_names(deeds))?;
    }
}
