//! Statuses in any order, repeated, before their message: through the real webhook, one final state.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::{Just, Strategy, prop_assert_eq, proptest};
use proptest::test_runner::{Config, RngSeed};
use waypost_testkit::TestServer;
use waypost_testkit::{StatusUpdate, Webhook};
use waypost_tests::{Event, StockClient, Stored, deliver, deliver_text, echo};

const ANA: &str = "15550002001";

/// Meta's words, from the lowest to the highest; what is not here moves nothing.
const LADDER: [&str; 5] = ["sent", "failed", "delivered", "read", "played"];

/// What may come of one message: itself, or some statuses in one webhook.
#[derive(Clone, Debug)]
enum Arrival {
    Message,
    Statuses(Vec<&'static str>),
}

impl Arrival {
    fn to_bytes(&self, wamid: &str) -> Vec<u8> {
        match self {
            Self::Message => echo(ANA, wamid, "hello"),
            Self::Statuses(statuses) => {
                let updates = statuses.iter().map(|status| StatusUpdate::new(wamid, status, ANA));
                updates.fold(Webhook::new(), |webhook, update| webhook.status(&update)).to_bytes()
            }
        }
    }
}

/// The state that everything together ends in, and the different things that were reported, sorted.
fn expected(arrivals: &[Arrival]) -> (String, Vec<String>) {
    let mut reported: Vec<&str> = arrivals
        .iter()
        .flat_map(|arrival| match arrival {
            Arrival::Message => &[][..],
            Arrival::Statuses(statuses) => statuses,
        })
        .copied()
        .collect();
    reported.sort_unstable();
    reported.dedup();
    let highest = LADDER.iter().rev().find(|state| reported.contains(state));
    (highest.unwrap_or(&"accepted").to_string(), reported.into_iter().map(str::to_owned).collect())
}

/// Says that what is stored and what was shown of `wamid` is what `arrivals` come to.
fn check(arrivals: &[Arrival], wamid: &str, stored: &Stored, shown: &[Event]) -> Result<(), String> {
    let (state, reported) = expected(arrivals);
    let of_it: Vec<_> = shown.iter().filter(|event| event.wamid() == wamid).collect();
    let last = of_it.iter().rev().find(|event| event.name == "whatsappMessageStatus");
    let mut told: Vec<_> =
        of_it.iter().map(|event| event.text("reported")).filter(|word| !word.is_empty()).collect();
    told.sort_unstable();
    for (what, is_so) in [
        ("the stored state", stored.state_of(wamid).as_deref() == Some(state.as_str())),
        ("the stored reports", stored.hops_of(wamid) == reported),
        ("the state shown last", last.is_none_or(|event| event.text("status") == state)),
        ("every report is shown once", told == reported),
        ("the message is shown first", of_it.first().is_some_and(|event| event.name == "whatsappMessage")),
        ("and once", of_it.iter().filter(|event| event.name == "whatsappMessage").count() == 1),
        ("the state never falls", of_it.is_sorted_by_key(|event| rank(event.text("status")))),
    ] {
        if !is_so {
            return Err(format!("{what} is not: {state} by {reported:?}, but {of_it:#?}"));
        }
    }
    Ok(())
}

fn rank(state: &str) -> Option<usize> {
    LADDER.iter().position(|step| *step == state)
}

/// Every order of the items.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 0..items.len() {
        let mut rest = items.to_vec();
        let head = rest.remove(first);
        all.extend(orders(&rest).into_iter().map(|tail| [vec![head.clone()], tail].concat()));
    }
    all
}

#[test]
fn every_order_of_a_messages_statuses_ends_in_the_same_state() {
    let server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    let statuses = |word| Arrival::Statuses(vec![word]);
    // The same status twice, a message that comes at any place, `delivered` after `read`.
    let items =
        [Arrival::Message, statuses("sent"), statuses("delivered"), statuses("delivered"), statuses("read")];
    let all = orders(&items);
    assert_eq!(all.len(), 120);
    for (index, arrivals) in all.iter().enumerate() {
        for arrival in arrivals {
            deliver(&server, &arrival.to_bytes(&format!("wamid.{index}")));
        }
    }
    deliver_text(&server, ANA, "wamid.END");
    let shown = client.journal_to("wamid.END");
    let stored = Stored::by(&server);
    for (index, arrivals) in all.iter().enumerate() {
        check(arrivals, &format!("wamid.{index}"), &stored, &shown)
            .unwrap_or_else(|wrong| panic!("{arrivals:?}: {wrong}"));
    }
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let status = proptest::sample::select(vec!["sent", "failed", "delivered", "read", "played", "warning"]);
    let webhooks = proptest::collection::vec(proptest::collection::vec(status, 1..4), 0..6);
    let messages = 1..3_usize;
    (webhooks, messages).prop_flat_map(|(webhooks, messages)| {
        let mut items: Vec<Arrival> = webhooks.into_iter().map(Arrival::Statuses).collect();
        items.extend(std::iter::repeat_n(Arrival::Message, messages));
        Just(items).prop_shuffle()
    })
}

#[test]
fn any_order_and_repetition_of_webhooks_converges_to_one_state() {
    let server = TestServer::start();
    let client = std::sync::Mutex::new(StockClient::in_general(&server));
    let stored = Stored::by(&server);
    let cases = AtomicUsize::new(0);
    // The seed is fixed: the same cases every time. A failure prints the smallest case that fails.
    let config =
        Config { cases: 150, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..Config::default() };
    proptest!(config, |(arrivals in arrivals())| {
        let wamid = format!("wamid.{}", cases.fetch_add(1, Ordering::Relaxed));
        for arrival in &arrivals {
            deliver(&server, &arrival.to_bytes(&wamid));
        }
        let end = format!("{wamid}.END");
        deliver_text(&server, ANA, &end);
        let shown = client.lock().expect("no case panics while it holds it").journal_to(&end);
        prop_assert_eq!(check(&arrivals, &wamid, &stored, &shown), Ok(()));
    });
}
