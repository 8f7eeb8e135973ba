//! A send is one intent, whatever happens to its call.

use waypost_domain::{
    ErrorDetail, LinkPreview, OutboxState, PrincipalId, Recipient, SendIntent, SendOutcome, Wamid,
};
use waypost_store::{Intent, SendError};

use crate::fixture::{Fixture, START, app, number, phone, status};

fn intent(key: &str) -> SendIntent {
    SendIntent {
        principal: PrincipalId::parse("key:1").unwrap(),
        idempotency_key: key.into(),
        number: number(),
        recipient: Recipient::Aliases(phone("15550002001")),
        body: "on its way".into(),
        preview: LinkPreview::Hidden,
    }
}

fn accepted(wamid: &str) -> SendOutcome {
    SendOutcome::Accepted { wamid: Wamid::parse(wamid).unwrap(), aliases: None }
}

async fn intend(fixture: &Fixture, key: &str) -> Intent {
    fixture.store.intend(app(), intent(key), START).await.unwrap()
}

async fn fresh(fixture: &Fixture, key: &str) -> waypost_domain::OutboxEntry {
    match intend(fixture, key).await {
        Intent::Fresh(entry) => entry,
        Intent::Repeated(entry) => panic!("{entry:?} was there"),
    }
}

#[tokio::test]
async fn an_accepted_send_is_a_message_with_the_statuses_that_overtook_it() {
    let mut fixture = Fixture::new();
    let entry = fresh(&fixture, "k1").await;
    assert_eq!(fixture.shown().await, ["outbox sending"]);
    fixture.receive(vec![status("wamid.9", "sent")]).await;
    let settled = fixture.store.settle(entry.id, accepted("wamid.9"), START).await.unwrap();
    assert_eq!(settled.state, OutboxState::Accepted);
    assert!(settled.message.is_some());
    assert_eq!(
        fixture.shown().await,
        ["message on its way", "status sent: accepted -> sent", "outbox accepted"]
    );
}

#[tokio::test]
async fn the_same_key_is_the_same_send_and_an_outcome_is_final() {
    let fixture = Fixture::new();
    let entry = fresh(&fixture, "k1").await;
    assert_eq!(intend(&fixture, "k1").await, Intent::Repeated(entry.clone()));
    let settled = fixture.store.settle(entry.id, accepted("wamid.9"), START).await.unwrap();
    let failed = SendOutcome::Failed(ErrorDetail { code: 1, title: None, details: None });
    assert_eq!(fixture.store.settle(entry.id, failed, START).await.unwrap(), settled);
    assert_eq!(intend(&fixture, "k1").await, Intent::Repeated(settled));
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 1);
    assert_ne!(fresh(&fixture, "k2").await.id, entry.id);
}

#[tokio::test]
async fn a_send_that_was_under_way_when_the_server_died_is_unknown() {
    let fixture = Fixture::new();
    let entry = fresh(&fixture, "k1").await;
    let fixture = fixture.restart().await;
    let Intent::Repeated(found) = intend(&fixture, "k1").await else { panic!("the entry is gone") };
    assert_eq!((found.id, found.state), (entry.id, OutboxState::Unknown));
    let newest = "SELECT body FROM journal ORDER BY number DESC LIMIT 1";
    assert_eq!(fixture.bytes(newest), b"unknown");
    // Meta may still say that it had accepted it.
    let settled = fixture.store.settle(entry.id, accepted("wamid.9"), START).await.unwrap();
    assert_eq!(settled.state, OutboxState::Accepted);
}

#[tokio::test]
async fn nobody_is_sent_to_who_does_not_exist() {
    let fixture = Fixture::new();
    let mut to_nobody = intent("k1");
    to_nobody.recipient = Recipient::Customer("cus_00000000000000000000000000".parse().unwrap());
    let refused = fixture.store.intend(app(), to_nobody, START).await;
    assert!(matches!(refused, Err(SendError::UnknownCustomer)));
    assert_eq!(fixture.count("SELECT count(*) FROM outbox"), 0);
    let settled = fixture
        .store
        .settle("out_00000000000000000000000000".parse().unwrap(), accepted("wamid.9"), START)
        .await;
    assert!(matches!(settled, Err(SendError::UnknownSend)));
}
