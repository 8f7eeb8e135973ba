//! Old chats: in any order, beside live ones, and news to nobody.

use waypost_domain::{
    Detail, Direction, Fact, MessageState, MessageType, PastMessage, RawJson, Source, Timestamp, Typed,
};

use crate::fixture::{Fixture, START, edit, message, number};

const DAY: i64 = 86_400;

/// A message of the past, written `days` before the fixture's start.
fn past(wamid: &str, direction: Direction, days: i64) -> PastMessage {
    let Fact::Message(mut message) = message(wamid, "long ago") else { unreachable!() };
    message.source = Source::History(direction);
    message.at = Some(START.plus_millis(-days * DAY * 1_000));
    PastMessage { message: *message, state: Some(MessageState::Read) }
}

fn placeholder(wamid: &str) -> Fact {
    let mut past = past(wamid, Direction::Inbound, 3);
    past.message.kind = MessageType::parse("media_placeholder").unwrap();
    past.message.content = "[media]".into();
    Fact::Past(Box::new(past))
}

fn late_media(wamid: &str) -> Fact {
    let mut past = past(wamid, Direction::Inbound, 3);
    past.state = None;
    past.message.kind = MessageType::parse("image").unwrap();
    past.message.content = "old photo".into();
    past.message.detail = Detail::text();
    past.message.raw = RawJson::new(r#"{"type":"image"}"#);
    Fact::Past(Box::new(past))
}

fn shared(wamid: &str, direction: Direction, days: i64) -> Fact {
    Fact::Past(Box::new(past(wamid, direction, days)))
}

#[tokio::test]
async fn what_is_of_the_past_is_stored_and_shown_and_opens_no_window() {
    let mut fixture = Fixture::new();
    let facts = vec![shared("wamid.1", Direction::Inbound, 9), shared("wamid.2", Direction::Outbound, 8)];
    let counts = fixture.receive(facts.clone()).await;
    assert_eq!(counts.stored, 2);
    assert_eq!(fixture.shown().await, ["message long ago", "message long ago"]);
    assert_eq!(fixture.text("SELECT source FROM messages WHERE wamid = 'wamid.1'"), "history_inbound");
    assert_eq!(fixture.text("SELECT source FROM messages WHERE wamid = 'wamid.2'"), "history_outbound");
    assert_eq!(fixture.text("SELECT state FROM messages WHERE wamid = 'wamid.1'"), "read");
    assert_eq!(fixture.count("SELECT count(*) FROM conversations WHERE last_inbound_at IS NOT NULL"), 0);
    let newest = START.plus_millis(-8 * DAY * 1_000);
    assert_eq!(fixture.count("SELECT last_message_at FROM conversations"), newest.as_millis());
    assert_eq!(fixture.receive(facts).await.repeated, 2);
}

#[tokio::test]
async fn a_past_beside_the_present_leaves_the_present_as_it_is() {
    for live_first in [vec![0, 1], vec![1, 0]] {
        let fixture = Fixture::new();
        let facts = [message("wamid.9", "now"), shared("wamid.1", Direction::Inbound, 100)];
        for place in live_first {
            fixture.receive(vec![facts[place].clone()]).await;
        }
        let times = "SELECT last_message_at - last_inbound_at FROM conversations";
        assert_eq!(fixture.count(times), 0);
        assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), START.as_millis());
    }
}

#[tokio::test]
async fn a_late_picture_fills_its_placeholder() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![placeholder("wamid.1")]).await;
    assert_eq!(fixture.shown().await, ["message [media]"]);
    assert_eq!(fixture.receive(vec![late_media("wamid.1")]).await.stored, 1);
    assert_eq!(fixture.shown().await, ["update media: old photo"]);
    assert_eq!(fixture.receive(vec![late_media("wamid.1"), placeholder("wamid.1")]).await.repeated, 2);
    assert_filled(&fixture);
}

#[tokio::test]
async fn a_late_picture_may_come_first_or_in_one_body_with_its_placeholder() {
    for facts in [
        vec![late_media("wamid.1"), placeholder("wamid.1")],
        vec![placeholder("wamid.1"), late_media("wamid.1")],
    ] {
        for split in [1, 2] {
            let fixture = Fixture::new();
            for part in facts.chunks(split) {
                fixture.receive(part.to_vec()).await;
            }
            assert_filled(&fixture);
        }
    }
}

fn assert_filled(fixture: &Fixture) {
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 1);
    assert_eq!(fixture.text("SELECT type || ' ' || content FROM messages"), "image old photo");
    assert_eq!(fixture.bytes("SELECT raw FROM messages"), br#"{"type":"image"}"#);
    assert_eq!(fixture.text("SELECT state FROM messages"), "read");
    assert_eq!(fixture.text("SELECT source FROM messages"), "history_inbound");
}

#[tokio::test]
async fn an_edit_of_a_picture_stays_whenever_the_picture_comes() {
    let edited = || edit("wamid.2", "wamid.1", "new caption", 5);
    for groups in [
        vec![vec![placeholder("wamid.1")], vec![late_media("wamid.1")], vec![edited()]],
        vec![vec![placeholder("wamid.1")], vec![late_media("wamid.1"), edited()]],
        vec![vec![placeholder("wamid.1")], vec![edited()], vec![late_media("wamid.1")]],
        vec![vec![placeholder("wamid.1")], vec![edited(), late_media("wamid.1")]],
        vec![vec![edited()], vec![placeholder("wamid.1")], vec![late_media("wamid.1")]],
    ] {
        let mut fixture = Fixture::new();
        for facts in groups {
            fixture.receive(facts).await;
        }
        let row = "SELECT type || ': ' || original || ', ' || content FROM messages WHERE wamid = 'wamid.1'";
        assert_eq!(fixture.text(row), "image: old photo, new caption");
        let mut shown = Vec::new();
        while i64::try_from(shown.len()).unwrap() < fixture.count("SELECT count(*) FROM journal") {
            shown.extend(fixture.shown().await);
        }
        assert!(shown.last().unwrap().ends_with(": new caption"), "{shown:?}");
    }
}

#[tokio::test]
async fn a_live_picture_fills_its_placeholder_and_opens_the_window() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![placeholder("wamid.1")]).await;
    fixture.shown().await;
    let live = || {
        let Fact::Message(mut live) = message("wamid.1", "photo") else { unreachable!() };
        live.kind = MessageType::parse("image").unwrap();
        Fact::Message(live)
    };
    assert_eq!(fixture.receive(vec![live()]).await.stored, 1);
    assert_eq!(fixture.shown().await, ["update media: photo"]);
    assert_eq!(fixture.text("SELECT type || ' ' || content FROM messages"), "image photo");
    assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), START.as_millis());
    assert_eq!(fixture.receive(vec![live(), placeholder("wamid.1")]).await.repeated, 2);
}

#[tokio::test]
async fn a_placeholder_filled_with_what_is_not_known_yet_is_read_again_later() {
    let fixture = Fixture::new();
    let Fact::Past(mut past) = late_media("wamid.1") else { unreachable!() };
    past.message.kind = MessageType::parse("hologram").unwrap();
    past.message.detail.typed = Typed::Unknown(past.message.kind.clone());
    fixture.receive(vec![placeholder("wamid.1"), Fact::Past(past)]).await;
    assert_eq!(fixture.count("SELECT count(*) FROM unknown_types"), 1);
}

#[tokio::test]
async fn what_came_live_is_not_taken_back_to_the_past() {
    let fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "now")]).await;
    let counts = fixture.receive(vec![shared("wamid.1", Direction::Inbound, 3)]).await;
    assert_eq!(counts.repeated, 1);
    assert_eq!(fixture.text("SELECT source || ' ' || content FROM messages"), "customer now");
}

#[tokio::test]
async fn a_live_copy_of_a_past_message_opens_the_window() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![shared("wamid.1", Direction::Inbound, 3)]).await;
    fixture.shown().await;
    assert_eq!(fixture.receive(vec![message("wamid.1", "long ago")]).await.repeated, 1);
    assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), START.as_millis());
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 1);
}

#[tokio::test]
async fn the_highest_progress_of_a_shared_history_counts_in_any_order() {
    use waypost_domain::notice::HistoryProgress;
    use waypost_domain::{ErrorDetail, FieldReport, HistorySync, Notice};
    let report = |phase, progress, errors: Vec<ErrorDetail>| {
        Fact::Field(Box::new(FieldReport {
            field: "history".into(),
            number: Some(number()),
            waba: None,
            customer: None,
            notice: Some(Notice::History(HistoryProgress {
                phase: Some(phase),
                chunk_order: Some(1),
                progress: Some(progress),
                errors,
            })),
            ties: Vec::new(),
            told_at: None,
            raw: RawJson::new(format!("{{\"phase\":{phase},\"progress\":{progress}}}")),
        }))
    };
    let mut fixture = Fixture::new();
    assert_eq!(fixture.store.history_sync(number()).await.unwrap(), None);
    fixture.receive(vec![report(1, 70, Vec::new()), report(0, 35, Vec::new())]).await;
    fixture.receive(vec![report(1, 60, Vec::new())]).await;
    assert_eq!(fixture.shown().await, ["field history", "field history"]);
    let sync = HistorySync { phase: Some(1), progress: Some(70), declined_at: None };
    assert_eq!(fixture.store.history_sync(number()).await.unwrap(), Some(sync));
    let declined = ErrorDetail { code: HistoryProgress::DECLINED, title: None, details: None };
    fixture.receive(vec![report(0, 0, vec![declined])]).await;
    let declined_at: Option<Timestamp> = Some(START);
    let sync = HistorySync { declined_at, ..sync };
    assert_eq!(fixture.store.history_sync(number()).await.unwrap(), Some(sync));
}
