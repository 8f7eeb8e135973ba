//! What is kept for a time only goes, and nothing else does.

use waypost_domain::time::DAY_MS;
use waypost_domain::{Call, CallStage, DeadLetter, DeadLetterKind, Direction, Fact};

use crate::calls::report;
use crate::fields::preference;
use crate::fixture::{Fixture, START, app, echo, message, status};

fn dead_letter(bytes: usize) -> Fact {
    Fact::Dead(DeadLetter {
        kind: DeadLetterKind::NotJson,
        reason: String::new(),
        raw: vec![b'x'; bytes],
        around: None,
    })
}

#[tokio::test]
async fn old_journal_entries_go_and_the_newest_stays() {
    let fixture = Fixture::new();
    fixture.receive((0..500).map(|n| message(&format!("wamid.{n}"), "x")).collect()).await;
    let before = fixture.store.head().await.unwrap();
    fixture.clock.advance_days(8);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT count(*) FROM journal"), 1);
    assert_eq!(fixture.store.head().await.unwrap(), before);
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 500);
}

/// Requests may reach the writer in another order than they came, and clocks are put back. What is younger than its
/// neighbours keeps those after it, or readers would find a hole in the middle of the journal.
#[tokio::test]
async fn the_journal_is_pruned_from_its_beginning_without_a_hole() {
    let fixture = Fixture::new();
    for (n, day) in [0, 2, 1, 2].into_iter().enumerate() {
        let facts = vec![message(&format!("wamid.{n}"), "x")];
        fixture.store.receive(app(), facts, START.plus_millis(day * DAY_MS)).await.unwrap();
    }
    let kept = "SELECT group_concat(number) FROM journal";
    fixture.clock.advance_days(9);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.text(kept), "2,3,4");
    fixture.clock.advance_days(1);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.text(kept), "4");
}

#[tokio::test]
async fn the_items_of_calls_and_fields_go_after_their_days_and_the_call_stays() {
    let fixture = Fixture::new();
    let call = report(Direction::Inbound, Call::at(CallStage::Offered), 0);
    fixture.receive(vec![call, preference("stop", 0)]).await;
    let items = "SELECT (SELECT count(*) FROM field_reports) || ' ' || (SELECT count(*) FROM call_reports)";
    fixture.clock.advance_days(89);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.text(items), "1 1");
    fixture.clock.advance_days(2);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.text(items), "0 0");
    assert_eq!(fixture.text("SELECT content FROM messages"), "📞 Call");
}

#[tokio::test]
async fn dead_letters_keep_to_their_bytes_the_oldest_go() {
    let fixture = Fixture::new();
    for bytes in [600, 300, 500] {
        fixture.receive(vec![dead_letter(bytes)]).await;
    }
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.text("SELECT group_concat(length(raw)) FROM dead_letters"), "300,500");
    fixture.clock.advance_days(31);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT count(*) FROM dead_letters"), 0);
}

#[tokio::test]
async fn statuses_without_a_message_are_bounded_and_go_after_their_time() {
    let fixture = Fixture::new();
    for n in 0..8 {
        fixture.receive(vec![status(&format!("wamid.{n}"), "sent")]).await;
    }
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT count(*) FROM parked_statuses"), 5);
    assert_eq!(fixture.count("SELECT min(id) FROM parked_statuses"), 4);
    fixture.clock.advance_days(31);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT count(*) FROM parked_statuses"), 0);
}

#[tokio::test]
async fn what_was_seen_is_remembered_for_its_days() {
    let fixture = Fixture::new();
    fixture.receive(vec![echo("wamid.1")]).await;
    fixture.clock.advance_days(45);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.receive(vec![echo("wamid.1")]).await.repeated, 1);
    fixture.clock.advance_days(1);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT count(*) FROM seen"), 0);
}
