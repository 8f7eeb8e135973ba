//! Webhooks come in any order, more than once, and with any items together: what is left in the end is the same.

use proptest::prelude::*;
use proptest::sample::subsequence;
use waypost_domain::{
    AliasKind, Call, CallReport, CallStage, CustomerAliases, Direction, ErrorDetail, Fact, MessageState,
    MessageType, PastMessage, RawJson, Source, Timestamp, Wamid,
};

use crate::fixture::{
    Fixture, START, alias, by, echo, edit, message_of, number, phone, reaction, revoke, status_at,
};

fn at(seconds: i64) -> Timestamp {
    START.plus_millis(seconds * 1_000)
}

fn ana() -> CustomerAliases {
    phone("15550002001")
}

fn ben() -> CustomerAliases {
    CustomerAliases::new([alias(AliasKind::Bsuid, "US.2002"), alias(AliasKind::Phone, "15550002002")])
        .unwrap()
}

/// A message of the customer's, an answer, a call and an old picture, and whatever changes them, some of it within one second.
fn changes() -> impl Strategy<Value = Vec<Fact>> {
    let targets = vec!["hers", "ours", "call", "photo"];
    let change = (0..4_u8, 0..3_i64, 0..3_usize, subsequence(targets, 1));
    prop::collection::vec(change, 0..7).prop_map(|changes| {
        let changes = changes.into_iter().enumerate().map(|(n, (what, seconds, which, target))| {
            let (own, target) = (format!("change-{n}"), target[0]);
            let fact = match what {
                0 => edit(&own, target, ["one", "two", "three"][which], seconds),
                1 => revoke(&own, target, seconds),
                _ => reaction(&own, target, ["👍", "🎉", ""][which], seconds),
            };
            // The customer's, ours, and one of somebody who is not in this conversation.
            match (n + which) % 3 {
                0 => by(fact, Source::Customer, ana()),
                1 => by(fact, Source::PhoneApp, ana()),
                _ => by(fact, Source::Customer, ben()),
            }
        });
        let mut facts: Vec<Fact> = changes.collect();
        facts.extend([message_of("hers", ana(), "at first"), echo("ours")]);
        facts
    })
}

/// Answers, live and of the past, and what became of them.
fn statuses() -> impl Strategy<Value = Vec<Fact>> {
    let words = vec!["sent", "delivered", "read", "played", "failed", "deleted", "warning", "expired", "new"];
    (subsequence(words.clone(), 0..=9), subsequence(words, 0..=3)).prop_map(|(of_ours, of_past)| {
        let of = |wamid: &'static str| {
            move |(seconds, word): (i64, &str)| {
                let Fact::Status(mut report) = status_at(wamid, word, seconds) else { unreachable!() };
                report.errors = vec![ErrorDetail { code: seconds, title: None, details: None }];
                Fact::Status(report)
            }
        };
        let live = (0_i64..).zip(of_ours).map(of("ours"));
        live.chain((3_i64..).zip(of_past).map(of("long-ago"))).collect()
    })
}

/// What else there is: somebody else's message, a call, and an old chat.
fn beside() -> Vec<Fact> {
    let call = |stage, seconds| {
        Fact::Call(Box::new(CallReport {
            number: number(),
            waba: None,
            id: Wamid::parse("call").unwrap(),
            customer: ben(),
            customer_name: None,
            direction: Direction::Inbound,
            call: Call::at(stage),
            at: Some(at(seconds)),
            raw: RawJson::new(format!("{{\"at\":{seconds}}}")),
        }))
    };
    let past = |wamid: &str, (customer, direction), (kind, content): (&str, &str)| {
        let fact = by(message_of(wamid, ben(), content), Source::History(direction), customer);
        let Fact::Message(mut message) = fact else { unreachable!() };
        message.kind = MessageType::parse(kind).unwrap();
        message.at = Some(at(-86_400));
        Fact::Past(Box::new(PastMessage { message: *message, state: Some(MessageState::Delivered) }))
    };
    vec![
        past("long-ago", (ben(), Direction::Outbound), ("text", "long ago")),
        past("photo", (ana(), Direction::Inbound), ("media_placeholder", "[media]")),
        past("photo", (ana(), Direction::Inbound), ("image", "a photo")),
        message_of("his", ben(), "hello"),
        call(CallStage::Offered, 30),
        call(CallStage::Completed, 70),
    ]
}

/// All that happened, once and in the order in which it was made; then all of it twice, in any order and in any bodies.
fn deliveries() -> impl Strategy<Value = (Vec<Fact>, Vec<Vec<Fact>>)> {
    (changes(), statuses())
        .prop_map(|(changes, statuses)| [changes, statuses, beside()].concat())
        .prop_flat_map(|facts| {
            let twice = [&facts[..], &facts].concat();
            let count = twice.len();
            (Just(facts), Just(twice).prop_shuffle(), prop::collection::vec(1..=8_usize, count))
        })
        .prop_map(|(facts, shuffled, sizes)| {
            let mut rest = shuffled.into_iter();
            let bodies = sizes.into_iter().map(|size| rest.by_ref().take(size).collect::<Vec<_>>());
            (facts, bodies.filter(|body| !body.is_empty()).collect())
        })
}

/// The rows of a query, in its order.
fn rows(fixture: &Fixture, columns: &str, rest: &str) -> String {
    let row = format!("concat_ws('|', {columns})");
    fixture
        .text(&format!("SELECT coalesce(group_concat(line), '') FROM (SELECT {row} AS line {rest}) AS there"))
}

/// What is there once all has come: messages, states with their times, reactions, statuses and conversations.
async fn end(bodies: Vec<Vec<Fact>>) -> [String; 5] {
    let fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    for body in bodies {
        fixture.receive(body).await;
    }
    let in_talk = "JOIN conversations ON conversations.id = conversation
                   JOIN aliases ON aliases.customer = conversations.customer AND kind = 'phone'";
    let hops = rows(
        &fixture,
        "wamid, status, status_hops.at",
        "FROM status_hops JOIN messages ON seq = message ORDER BY wamid, status",
    );
    let shown = fixture.count("SELECT count(*) FROM journal WHERE name = 'status'");
    assert_eq!(shown, fixture.count("SELECT count(*) FROM status_hops"), "each hop is shown once");
    [
        rows(
            &fixture,
            "wamid, value, source, type, content, original, at, edited_at, revoked_at",
            &format!("FROM messages {in_talk} ORDER BY wamid"),
        ),
        rows(
            &fixture,
            "wamid, state, sent_at, delivered_at, read_at, played_at, failed_at, errors",
            "FROM messages ORDER BY wamid",
        ),
        rows(
            &fixture,
            "messages.wamid, reactor, emoji, reactions.at",
            "FROM reactions JOIN messages ON seq = message WHERE emoji IS NOT NULL ORDER BY messages.wamid, reactor",
        ),
        hops,
        rows(&fixture, "last_message_at, last_inbound_at", "FROM conversations ORDER BY last_message_at"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_order_split_and_repetition_ends_in_the_same((facts, bodies) in deliveries()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let expected = runtime.block_on(end(vec![facts]));
        prop_assert_eq!(runtime.block_on(end(bodies)), expected);
    }
}
