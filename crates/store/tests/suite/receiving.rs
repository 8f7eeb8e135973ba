//! Messages and statuses: once, in one order, ending in one state.

use waypost_domain::{DeadLetter, DeadLetterKind, ErrorDetail, Fact, FieldReport, RawJson};
use waypost_store::StoreCounts;

use crate::fixture::{CURSED, Fixture, echo, message, status, status_at, text};

#[tokio::test]
async fn a_first_message_creates_customer_and_conversation_and_one_event() {
    let mut fixture = Fixture::new();
    let counts = fixture.receive(vec![message("wamid.1", "hello")]).await;
    assert_eq!(counts, StoreCounts { stored: 1, ..StoreCounts::default() });
    assert_eq!(fixture.shown().await, ["message hello"]);
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1);
    assert_eq!(fixture.count("SELECT count(*) FROM conversations"), 1);
}

#[tokio::test]
async fn a_repeated_message_changes_nothing_and_is_shown_to_nobody() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "hello"), message("wamid.1", "hello")]).await;
    assert_eq!(fixture.shown().await, ["message hello"]);
    let again = fixture.receive(vec![message("wamid.1", "hello")]).await;
    assert_eq!(again, StoreCounts { repeated: 1, ..StoreCounts::default() });
    fixture.receive(vec![message("wamid.2", "next")]).await;
    assert_eq!(fixture.shown().await, ["message next"]);
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 2);
}

#[tokio::test]
async fn one_wamid_under_two_numbers_is_two_messages() {
    let fixture = Fixture::new();
    let Fact::Message(mut other) = message("wamid.1", "hello") else { unreachable!() };
    other.number = waypost_domain::PhoneNumberId::parse("100000000000102").unwrap();
    fixture.receive(vec![message("wamid.1", "hello"), Fact::Message(other)]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 2);
    assert_eq!(fixture.count("SELECT count(*) FROM conversations"), 2);
    assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1);
}

#[tokio::test]
async fn a_status_before_its_message_waits_and_follows_it() {
    let mut fixture = Fixture::new();
    let parked = fixture.receive(vec![status("wamid.1", "read"), status("wamid.1", "sent")]).await;
    assert_eq!(parked, StoreCounts { parked: 2, ..StoreCounts::default() });
    fixture.receive(vec![echo("wamid.1")]).await;
    assert_eq!(
        fixture.shown().await,
        ["message from the phone", "status read: accepted -> read", "status sent: read -> read"]
    );
    assert_eq!(fixture.count("SELECT count(*) FROM parked_statuses"), 0);
    let again = fixture.receive(vec![status("wamid.1", "read")]).await;
    assert_eq!(again, StoreCounts { repeated: 1, ..StoreCounts::default() });
}

#[tokio::test]
async fn delivered_after_read_is_shown_and_takes_nothing_back() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![echo("wamid.1")]).await;
    fixture.shown().await;
    fixture.receive(vec![status("wamid.1", "read"), status("wamid.1", "delivered")]).await;
    assert_eq!(fixture.shown().await, ["status read: accepted -> read", "status delivered: read -> read"]);
    assert_eq!(fixture.text("SELECT state FROM messages"), "read");
}

#[tokio::test]
async fn an_item_that_breaks_the_store_is_a_dead_letter_and_its_neighbours_are_stored() {
    let mut fixture = Fixture::new();
    let facts = vec![message("wamid.1", "one"), message("wamid.2", CURSED), message("wamid.3", "three")];
    let counts = fixture.receive(facts).await;
    assert_eq!(counts, StoreCounts { stored: 2, dead: 1, ..StoreCounts::default() });
    let mut shown = fixture.shown().await;
    shown.extend(fixture.shown().await);
    assert_eq!(shown, ["message one", "message three"]);
    assert_eq!(fixture.text("SELECT kind FROM dead_letters"), "refused");
    // Nothing of it is left behind: it can be stored once the bug is mended.
    assert_eq!(fixture.count("SELECT count(*) FROM seen"), 2);
}

#[tokio::test]
async fn dead_letters_and_other_fields_are_kept_as_they_came() {
    let mut fixture = Fixture::new();
    let letter = DeadLetter {
        kind: DeadLetterKind::NotJson,
        reason: "line 1".into(),
        raw: b"<html>\xff".to_vec(),
        around: None,
    };
    let report = Fact::Field(Box::new(FieldReport {
        field: "account_update".into(),
        number: None,
        waba: None,
        customer: None,
        notice: None,
        told_at: None,
        ties: Vec::new(),
        raw: RawJson::new(r#"{"event":"X"}"#),
    }));
    let facts = vec![Fact::Dead(letter.clone()), report.clone(), report];
    let counts = fixture.receive(facts).await;
    assert_eq!(counts, StoreCounts { stored: 1, repeated: 1, dead: 1, ..StoreCounts::default() });
    assert_eq!(fixture.shown().await, ["field account_update"]);
    assert_eq!(fixture.bytes("SELECT raw FROM dead_letters"), letter.raw);
}

#[tokio::test]
async fn a_nul_in_a_text_is_stored_as_the_replacement_character() {
    let fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "a\0b")]).await;
    assert_eq!(fixture.text("SELECT content FROM messages"), "a\u{fffd}b");
}

#[tokio::test]
async fn offsets_have_no_holes_and_the_journal_goes_on_after_a_restart() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "one"), message("wamid.2", "two")]).await;
    let mut events = fixture.events().await;
    let head = fixture.store.head().await.unwrap();
    assert_eq!(events[1].offset, head);

    let mut fixture = fixture.restart().await;
    assert_eq!(fixture.store.head().await.unwrap(), head);
    assert_eq!(fixture.receive(vec![message("wamid.1", "one")]).await.repeated, 1);
    fixture.receive(vec![message("wamid.3", "three")]).await;
    events.extend(fixture.events().await);

    let numbers: Vec<u64> = events.iter().map(|event| event.offset.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(events.iter().all(|event| event.offset.epoch == head.epoch));
    for event in &events {
        let of_it = format!("FROM journal WHERE number = {}", event.offset.number);
        let check = fixture.count(&format!(r#"SELECT "check" {of_it}"#));
        let body = fixture.bytes(&format!("SELECT body {of_it}"));
        assert_eq!((i64::from(event.offset.check), &event.body[..]), (check, &body[..]), "{}", text(event));
    }
}

#[tokio::test]
async fn the_first_failure_tells_why_a_message_failed() {
    let amiss = |word: &str, seconds: i64, code: i64| {
        let Fact::Status(mut report) = status_at("wamid.1", word, seconds) else { unreachable!() };
        report.errors = vec![ErrorDetail { code, title: None, details: None }];
        Fact::Status(report)
    };
    let (failure, warning) = (amiss("failed", 1, 131_026), amiss("warning", 2, 131_060));
    for order in [[failure.clone(), warning.clone()], [warning, failure]] {
        let fixture = Fixture::new();
        fixture.receive(vec![echo("wamid.1")]).await;
        for fact in order {
            fixture.receive(vec![fact]).await;
        }
        assert!(fixture.text("SELECT errors FROM messages").contains("131026"));
        assert_eq!(fixture.count("SELECT count(*) FROM status_hops WHERE errors IS NOT NULL"), 2);
    }
}

#[tokio::test]
async fn what_the_customer_wrote_has_no_statuses_in_any_order() {
    let facts = [message("wamid.1", "hers"), status("wamid.1", "read")];
    for order in [[0, 1], [1, 0]] {
        let mut fixture = Fixture::new();
        for place in order {
            fixture.receive(vec![facts[place].clone()]).await;
        }
        assert_eq!(fixture.shown().await, ["message hers"]);
        assert_eq!(fixture.count("SELECT count(*) FROM journal"), 1);
        assert_eq!(fixture.text("SELECT state FROM messages"), "delivered");
    }
}

#[tokio::test]
async fn whatsapps_own_word_for_expired_ends_the_wait_and_the_tending_goes_on() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![echo("wamid.1"), status("wamid.1", "sent"), status("wamid.1", "expired")]).await;
    assert_eq!(fixture.shown().await[2], "status expired: sent -> expired");
    fixture.clock.advance_days(31);
    fixture.store.tend().await.unwrap();
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT count(*) FROM status_hops WHERE status = 'expired'"), 1);
}

#[tokio::test]
async fn a_message_that_was_never_delivered_expires_after_thirty_days_and_a_late_status_still_counts() {
    let mut fixture = Fixture::new();
    fixture
        .receive(vec![echo("wamid.1"), echo("wamid.2"), echo("wamid.3"), message("wamid.4", "hers")])
        .await;
    let delivered = status("wamid.2", "delivered");
    fixture.receive(vec![status("wamid.1", "sent"), status("wamid.2", "sent"), delivered]).await;
    fixture.clock.advance_days(29);
    fixture.store.tend().await.unwrap();
    fixture.shown().await;
    fixture.shown().await;
    fixture.clock.advance_days(2);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.shown().await, ["status expired: sent -> expired"]);
    fixture.store.tend().await.unwrap();
    fixture.receive(vec![status("wamid.1", "sent"), status("wamid.1", "read")]).await;
    assert_eq!(fixture.shown().await, ["status read: expired -> read"]);
    // Of what was written on the phone nothing may be heard at all: the third is no failure.
    assert_eq!(fixture.text("SELECT state FROM messages WHERE wamid = 'wamid.3'"), "accepted");
}
