//! One person stays one.

use proptest::prelude::*;
use waypost_domain::{AliasKind, CustomerAliases, CustomerId, Fact, MessageType, PhoneNumberId, Scope};
use waypost_store::{Binding, CustomerMatch, Step};

use crate::fixture::{Fixture, alias, echo, message_of, phone, status, status_to};

fn both(bsuid: &str, digits: &str) -> CustomerAliases {
    CustomerAliases::new([alias(AliasKind::Bsuid, bsuid), alias(AliasKind::Phone, digits)]).unwrap()
}

fn bsuid(value: &str) -> CustomerAliases {
    CustomerAliases::new([alias(AliasKind::Bsuid, value)]).unwrap()
}

async fn customer(fixture: &Fixture, name: &str) -> String {
    match fixture.store.find_customer(name).await.unwrap() {
        CustomerMatch::One(Binding { customer, .. }) => customer.to_string(),
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn a_phone_that_appears_later_is_the_same_customer() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", bsuid("US.1"), "one")]).await;
    fixture.receive(vec![message_of("wamid.2", both("US.1", "15550002001"), "two")]).await;
    fixture.receive(vec![message_of("wamid.3", phone("15550002001"), "three")]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM conversations"), 1);
    assert_eq!(customer(&fixture, "US.1").await, customer(&fixture, "+15550002001").await);
    assert_eq!(fixture.text("SELECT number FROM customers"), "15550002001");
}

#[tokio::test]
async fn an_unknown_bsuid_is_attached_to_the_customer_of_its_phone() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", phone("15550002001"), "one")]).await;
    fixture.receive(vec![message_of("wamid.2", both("US.1", "15550002001"), "two")]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1);
}

#[tokio::test]
async fn a_phone_with_another_bsuid_is_another_person_who_takes_the_phone_along() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    let old = customer(&fixture, "15550002001").await;
    fixture.receive(vec![message_of("wamid.2", both("US.2", "15550002001"), "two")]).await;
    let new = customer(&fixture, "15550002001").await;
    assert_ne!(old, new);
    assert_eq!(customer(&fixture, "US.1").await, old);
    assert_eq!(customer(&fixture, "US.2").await, new);
    // Whoever is known by the phone alone is the new one, too.
    fixture.receive(vec![message_of("wamid.3", phone("15550002001"), "three")]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 2);
}

#[tokio::test]
async fn a_status_that_names_phone_and_bsuid_says_that_they_are_one_person() {
    let phone = || phone("15550003001");
    let facts = || {
        vec![
            message_of("wamid.1", phone(), "one"),
            status_to("wamid.9", "delivered", both("US.3001", "15550003001")),
            message_of("wamid.2", bsuid("US.3001"), "two"),
        ]
    };
    for at_once in [1, 3] {
        let fixture = Fixture::new();
        for part in facts().chunks(at_once) {
            fixture.receive(part.to_vec()).await;
        }
        assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1, "{at_once} at once");
        assert_eq!(customer(&fixture, "US.3001").await, customer(&fixture, "15550003001").await);
    }
}

#[tokio::test]
async fn a_status_makes_nobody_and_moves_no_name() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![status_to("wamid.9", "delivered", both("US.1", "15550002001"))]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 0, "nobody is known by either name");
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    fixture.shown().await;
    // The number may have gone to somebody else: who that is, a message has to say.
    fixture.receive(vec![status_to("wamid.9", "read", both("US.2", "15550002001"))]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM aliases"), 2);
    assert_eq!(customer(&fixture, "15550002001").await, customer(&fixture, "US.1").await);
    // Whom it was sent to does not say which message it is of.
    fixture.receive(vec![echo("wamid.2"), status_to("wamid.2", "read", bsuid("US.77"))]).await;
    assert!(fixture.shown().await.contains(&"status read: accepted -> read".to_owned()));
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1);
}

#[tokio::test]
async fn two_whom_a_status_names_are_noted_as_a_possible_duplicate_once() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![echo("wamid.0"), message_of("wamid.1", bsuid("US.1"), "one")]).await;
    fixture.shown().await;
    fixture.receive(vec![status_to("wamid.0", "delivered", both("US.1", "15550002001"))]).await;
    assert_eq!(
        fixture.shown().await,
        ["customer possible duplicate", "status delivered: accepted -> delivered"]
    );
    // The parent's id becomes the one's together with a status that names it beside the other's number.
    let parent = || alias(AliasKind::ParentBsuid, "US.ENT.1");
    let named = CustomerAliases::new([parent(), alias(AliasKind::Bsuid, "US.1")]).unwrap();
    let again = CustomerAliases::new([parent(), alias(AliasKind::Phone, "15550002001")]).unwrap();
    fixture.receive(vec![message_of("wamid.2", named, "two"), status_to("wamid.0", "read", again)]).await;
    assert_eq!(fixture.shown().await, ["message two", "status read: delivered -> read"]);
    fixture.receive(vec![status("wamid.0", "played")]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM duplicates"), 1);
}

#[tokio::test]
async fn a_name_that_becomes_a_customers_is_bound_before_the_event_that_made_it_so() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    let commit = fixture.commits.next().await.unwrap();
    let kinds: Vec<String> = commit
        .steps
        .iter()
        .map(|step| match step {
            Step::Bind { name, .. } => format!("bind {name}"),
            Step::Event(event) => format!("event {}", event.offset.number),
        })
        .collect();
    assert_eq!(kinds, ["bind US.1", "bind 15550002001", "event 1"]);
}

/// The second item touches a conversation that nothing told of when the webhook came: its phone became the customer's
/// by the first. The third is by a name alone that went over to somebody else by the second of its kind.
#[tokio::test]
async fn what_an_item_says_of_its_customer_holds_for_the_next_of_the_same_webhook() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", bsuid("US.1"), "one")]).await;
    let Fact::Message(mut by_phone) = message_of("wamid.3", phone("15550002001"), "three") else {
        unreachable!()
    };
    by_phone.number = PhoneNumberId::parse("100000000000102").unwrap();
    fixture
        .receive(vec![
            message_of("wamid.2", both("US.1", "15550002001"), "two"),
            Fact::Message(by_phone),
            message_of("wamid.4", both("US.2", "15550002001"), "four"),
            message_of("wamid.5", phone("15550002001"), "five"),
        ])
        .await;
    let messages_of = |bsuid: &str| {
        fixture.count(&format!(
            "SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation
             JOIN aliases a ON a.customer = c.customer WHERE a.value = '{bsuid}'"
        ))
    };
    assert_eq!((messages_of("US.1"), messages_of("US.2")), (3, 2));
    assert_eq!(fixture.count("SELECT count(*) FROM conversations"), 3);
}

#[tokio::test]
async fn a_customer_is_found_by_each_name_and_nobody_by_others() {
    let fixture = Fixture::new();
    fixture.receive(vec![message_of("wamid.1", both("US.1", "15550002001"), "one")]).await;
    let id = customer(&fixture, "US.1").await;
    assert_eq!(customer(&fixture, &id).await, id);
    for name in ["", "customer123", "15550009999", "cus_00000000000000000000000000", "ext:42"] {
        assert_eq!(fixture.store.find_customer(name).await.unwrap(), CustomerMatch::Nobody, "{name}");
    }
}

/// What one customer wrote, under some of its names; whether it is an event of its own.
#[derive(Clone, Debug)]
struct Written {
    customer: usize,
    names: CustomerNames,
    kind: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum CustomerNames {
    Phone,
    Bsuid,
    Both,
}

fn bsuid_of(customer: usize) -> String {
    format!("US.{customer}")
}

fn phone_of(customer: usize) -> String {
    format!("1555000200{customer}")
}

fn fact(written: &Written, n: usize) -> Fact {
    let (bsuid_name, digits) = (bsuid_of(written.customer), phone_of(written.customer));
    let aliases = match written.names {
        CustomerNames::Phone => phone(&digits),
        CustomerNames::Bsuid => bsuid(&bsuid_name),
        CustomerNames::Both => both(&bsuid_name, &digits),
    };
    let Fact::Message(mut message) = message_of(&format!("wamid.{n}"), aliases, "x") else { unreachable!() };
    message.kind = MessageType::parse(written.kind).unwrap();
    Fact::Message(message)
}

fn webhooks() -> impl Strategy<Value = Vec<Vec<Written>>> {
    let names = prop::sample::select(vec![CustomerNames::Phone, CustomerNames::Bsuid, CustomerNames::Both]);
    // A reaction makes somebody a customer without being an event.
    let kind = prop::sample::select(vec!["text", "text", "reaction"]);
    let written =
        (0..4_usize, names, kind).prop_map(|(customer, names, kind)| Written { customer, names, kind });
    prop::collection::vec(prop::collection::vec(written, 1..6), 1..8)
}

/// What somebody who waited for a name from the beginning was shown live: the customer's events after the first time
/// that the name was bound. Names that later went over to another customer are left out.
fn shown_live(steps: &[Step], name: &str) -> Option<(CustomerId, Vec<u64>)> {
    let bound = |step: &Step| match step {
        Step::Bind { name: bound, customer } if **bound == *name => Some(*customer),
        Step::Bind { .. } | Step::Event(_) => None,
    };
    let (at, customer) = steps.iter().enumerate().find_map(|(at, step)| Some((at, bound(step)?)))?;
    if steps.iter().filter_map(bound).any(|other| other != customer) {
        return None;
    }
    Some((customer, events_of(&steps[at..], customer)))
}

fn events_of(steps: &[Step], customer: CustomerId) -> Vec<u64> {
    let events = steps.iter().filter_map(|step| match step {
        Step::Event(event) if event.audience.is_for(&[Scope::of_customer(customer)]) => {
            Some(event.offset.number)
        }
        Step::Bind { .. } | Step::Event(_) => None,
    });
    events.collect()
}

async fn check_since(webhooks: Vec<Vec<Written>>) -> Result<(), TestCaseError> {
    let mut fixture = Fixture::new();
    let (mut steps, mut ids) = (Vec::new(), 0..);
    for webhook in &webhooks {
        let facts: Vec<Fact> = webhook.iter().zip(&mut ids).map(|(written, n)| fact(written, n)).collect();
        fixture.receive(facts).await;
    }
    let names: Vec<String> = (0..4).flat_map(|customer| [bsuid_of(customer), phone_of(customer)]).collect();
    let mut found = Vec::new();
    for name in &names {
        found.push(fixture.store.find_customer(name).await.unwrap());
    }
    // The commits end with the store.
    fixture = fixture.restart_collecting(&mut steps).await;

    for (name, found) in names.iter().zip(found) {
        prop_assert_eq!(&fixture.store.find_customer(name).await.unwrap(), &found);
        let Some((customer, live)) = shown_live(&steps, name) else { continue };
        let CustomerMatch::One(Binding { customer: known, since }) = found else {
            return Err(TestCaseError::fail(format!("{name} is bound and not found")));
        };
        prop_assert_eq!(known, customer);
        let recovered: Vec<u64> = events_of(&steps, customer).into_iter().filter(|n| *n > since).collect();
        prop_assert_eq!(recovered, live, "{}", name);

        let by_id = fixture.store.find_customer(&customer.to_string()).await.unwrap();
        prop_assert_eq!(by_id, CustomerMatch::One(Binding { customer, since: 0 }));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn who_waited_for_a_name_is_shown_later_what_it_would_have_been_shown_live(webhooks in webhooks()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check_since(webhooks))?;
    }
}
