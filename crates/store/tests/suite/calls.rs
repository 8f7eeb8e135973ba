//! Calls stand in the thread: one message each, whatever comes of them and in whatever order.

use proptest::prelude::*;
use waypost_domain::{Call, CallReport, CallStage, CustomerName, Direction, Fact, RawJson, Timestamp, Wamid};

use crate::fixture::{Fixture, START, number, phone};

fn at(seconds: i64) -> Timestamp {
    START.plus_millis(seconds * 1_000)
}

pub(crate) fn report(direction: Direction, call: Call, seconds: i64) -> Fact {
    Fact::Call(Box::new(CallReport {
        number: number(),
        waba: None,
        id: Wamid::parse("wacid.1").unwrap(),
        customer: phone("15550002001"),
        customer_name: CustomerName::parse("Ana"),
        direction,
        call,
        at: Some(at(seconds)),
        raw: RawJson::new(format!("{{\"at\":{seconds}}}")),
    }))
}

/// A customer's call of 95 seconds, answered after 10.
fn talk() -> Vec<Fact> {
    let ended = Call {
        stage: CallStage::Completed,
        began_at: Some(at(10)),
        ended_at: Some(at(105)),
        talk_seconds: Some(95),
    };
    vec![report(Direction::Inbound, Call::at(CallStage::Offered), 0), report(Direction::Inbound, ended, 105)]
}

#[tokio::test]
async fn a_customers_call_is_one_message_and_opens_the_window() {
    let mut fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    let talk = talk();
    fixture.receive(talk[..1].to_vec()).await;
    assert_eq!(fixture.shown().await, ["message 📞 Call"]);
    fixture.receive(talk[1..].to_vec()).await;
    assert_eq!(fixture.shown().await, ["update call: 📞 Call, 1 min 35 s"]);
    assert_eq!(fixture.receive(talk).await.repeated, 2);
    assert_eq!(fixture.text("SELECT type || ' ' || source FROM messages"), "call customer");
    assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), at(10).as_millis());
    assert_eq!(fixture.count("SELECT count(*) FROM call_reports"), 2);
}

#[tokio::test]
async fn a_missed_call_opens_the_window_too() {
    let mut fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    let facts = vec![
        report(Direction::Inbound, Call::at(CallStage::Offered), 0),
        report(Direction::Inbound, Call::at(CallStage::Completed), 40),
    ];
    fixture.receive(facts).await;
    assert_eq!(fixture.shown().await, ["message 📞 Call", "update call: 📞 Missed call"]);
    assert_eq!(fixture.text("SELECT content FROM messages"), "📞 Missed call");
    assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), at(40).as_millis());
}

#[tokio::test]
async fn a_call_by_a_clock_that_goes_ahead_does_not_lengthen_the_window() {
    let fixture = Fixture::new();
    for (stage, seconds) in [(CallStage::Offered, 7_200), (CallStage::Completed, 7_300)] {
        fixture.receive(vec![report(Direction::Inbound, Call::at(stage), seconds)]).await;
        assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), START.as_millis());
    }
}

#[tokio::test]
async fn our_call_opens_the_window_only_once_it_is_answered() {
    let fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    let step = |stage, seconds| vec![report(Direction::Outbound, Call::at(stage), seconds)];
    fixture.receive(step(CallStage::Offered, 0)).await;
    fixture.receive(step(CallStage::Ringing, 1)).await;
    let opened = "SELECT count(*) FROM conversations WHERE last_inbound_at IS NOT NULL";
    assert_eq!(fixture.count(opened), 0);
    fixture.receive(step(CallStage::Accepted, 9)).await;
    assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), at(9).as_millis());
    assert_eq!(fixture.text("SELECT source || ' ' || content FROM messages"), "api 📞 Call");
}

#[tokio::test]
async fn a_call_and_a_message_of_one_number_do_not_mix() {
    let fixture = Fixture::new();
    fixture.receive(vec![crate::fixture::status("wacid.1", "delivered")]).await;
    fixture.receive(talk()).await;
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 1);
    assert_eq!(fixture.text("SELECT state FROM messages"), "delivered");
}

/// The one message, the window and how far the call is known.
fn end(fixture: &Fixture) -> (String, i64, i64, String) {
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 1);
    (
        fixture.text("SELECT content FROM messages"),
        fixture.count("SELECT at FROM messages"),
        fixture.count("SELECT last_inbound_at FROM conversations"),
        fixture.text("SELECT stage || ' ' || talk_seconds FROM calls"),
    )
}

#[test]
fn any_order_and_repetition_of_reports_ends_in_one_call() {
    let orders = (Just(talk()), Just(talk())).prop_map(|(one, other)| [one, other].concat());
    let strategy = (orders.prop_shuffle(), 1..5_usize);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(16));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runner
        .run(&strategy, |(facts, split)| {
            runtime.block_on(async {
                let fixture = Fixture::new();
                fixture.clock.advance_hours(1);
                for part in facts.chunks(split) {
                    fixture.receive(part.to_vec()).await;
                }
                let expected = (
                    "📞 Call, 1 min 35 s".to_owned(),
                    at(0).as_millis(),
                    at(10).as_millis(),
                    "completed 95".to_owned(),
                );
                assert_eq!(end(&fixture), expected);
            });
            Ok(())
        })
        .unwrap();
}
