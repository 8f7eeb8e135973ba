//! One person stays one.

use waypost_domain::{AliasKind, CustomerAliases};
use waypost_store::{CustomerMatch, Step};

use crate::fixture::{Fixture, alias, message_of, phone};

fn both(bsuid: &str, digits: &str) -> CustomerAliases {
    CustomerAliases::new([alias(AliasKind::Bsuid, bsuid), alias(AliasKind::Phone, digits)]).unwrap()
}

fn bsuid(value: &str) -> CustomerAliases {
    CustomerAliases::new([alias(AliasKind::Bsuid, value)]).unwrap()
}

async fn customer(fixture: &Fixture, name: &str) -> String {
    match fixture.store.find_customer(name).await.unwrap() {
        CustomerMatch::One(id) => id.to_string(),
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
