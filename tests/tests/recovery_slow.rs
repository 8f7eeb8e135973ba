//! Connections that take nothing: they cost the others nothing, fall back to the journal, and are ended when that is
//! decided; never is an event of theirs lost or shown twice.

use std::collections::BTreeSet;

use serde_json::json;
use waypost_testkit::{InboundText, TestServer, Webhook};
use waypost_tests::{
    Agents, Burst, ClientOptions, GENERAL, Journal, StockClient, Subscriber, Variant, deliver, deliver_text,
};

const ANA: &str = "15559992308";

/// The message after which a test looks at what was shown.
const LAST: &str = "wamid.LAST";

/// Webhooks of a burst that no kernel's buffers hold: each with as many texts of the greatest length as these.
const WEBHOOKS: usize = 100;
const TEXTS_A_WEBHOOK: usize = 20;
const TEXT_BYTES: usize = 4_096;

fn large(index: usize) -> Webhook {
    let texts = index * TEXTS_A_WEBHOOK..(index + 1) * TEXTS_A_WEBHOOK;
    texts.fold(Webhook::new(), |webhook, text| {
        webhook.text(&InboundText { text: "x".repeat(TEXT_BYTES), ..InboundText::numbered("large", text) })
    })
}

#[test]
fn a_stuck_client_costs_the_others_nothing_and_gets_everything_afterwards() {
    let (server, agents, others) = (TestServer::start(), Agents::default(), Agents::default());
    let mut stuck = Subscriber::of_each_transport(&server, &agents);
    let mut other = Subscriber::start(&server, &others, Variant::Default);
    stuck[0].client.freeze();
    let burst = Burst::start(&server, WEBHOOKS, large);
    burst.finish();
    deliver_text(&server, ANA, "wamid.MEANWHILE");
    other.see_to("wamid.MEANWHILE");
    other.assert_whole(&server);
    stuck[0].client.thaw();
    deliver_text(&server, ANA, LAST);
    for subscriber in &mut stuck {
        subscriber.see_to(LAST);
        subscriber.assert_whole(&server);
        let again = subscriber.client.events_so_far().iter().any(|event| event.name == "connected");
        assert!(!again, "{}: it was connected all the time", subscriber.what);
    }
}

#[test]
fn a_client_that_takes_nothing_for_too_long_is_closed_and_recovers() {
    let server = TestServer::options().env("WAYPOST_REALTIME_STALLED_TIMEOUT_SECONDS", "1").start();
    let (agents, others) = (Agents::default(), Agents::default());
    let mut monitor = ClientOptions::new(&server).start_in(&others);
    monitor.connected();
    let mut stuck = Subscriber::of_each_transport(&server, &agents);
    stuck[0].client.freeze();
    Burst::start(&server, WEBHOOKS, large).finish();
    let mut connected: BTreeSet<_> = stuck.iter().map(|subscriber| subscriber.id.clone()).collect();
    while !connected.is_empty() {
        connected.remove(monitor.event("clientLeft").text("clientId"));
    }
    stuck[0].client.thaw();
    for Subscriber { client, what, .. } in &mut stuck {
        let reason = client.disconnected();
        assert!(reason.starts_with("transport"), "{what}: {reason}");
        client.back().assert_session(&[GENERAL], what);
    }
    deliver_text(&server, ANA, LAST);
    for subscriber in &mut stuck {
        subscriber.see_to(LAST);
        subscriber.assert_whole(&server);
    }
}

/// A client that presents another's session when it connects, in a process of its own.
fn taking_over(server: &TestServer, agents: &Agents, variant: Variant) -> StockClient {
    ClientOptions::new(server).variant(variant).option("autoConnect", json!(false)).start_in(agents)
}

/// A laptop sleeps, its session goes on elsewhere, and it wakes up: it must not go on beside.
#[test]
fn a_frozen_client_whose_session_went_on_elsewhere_is_sent_away() {
    let (server, frozen, others) = (TestServer::start(), Agents::default(), Agents::default());
    let mut olds = Subscriber::of_each_transport(&server, &frozen);
    deliver_text(&server, ANA, "wamid.BEFORE");
    let mut presented = Vec::new();
    for old in &mut olds {
        old.see_to("wamid.BEFORE");
        presented.push(old.client.session());
    }
    olds[0].client.freeze();
    let mut news = Vec::new();
    for (presented, variant) in presented.iter().zip(Variant::TRANSPORTS) {
        let mut new = taking_over(&server, &others, variant);
        new.adopt(presented);
        new.connect_again();
        new.back().assert_session(&[GENERAL], &format!("{variant:?}"));
        news.push(new);
    }
    deliver(&server, &Webhook::batch("elsewhere", 0, 20).to_bytes());
    deliver_text(&server, ANA, LAST);
    for ((new, presented), variant) in news.iter_mut().zip(&presented).zip(Variant::TRANSPORTS) {
        let shown = new.journal_to(LAST);
        let journal = Journal::of(&server).general().after(&json!(presented.offset));
        journal.assert_shown(&shown, &format!("{variant:?}, elsewhere"));
    }
    olds[0].client.thaw();
    for (old, presented) in olds.iter_mut().zip(&presented) {
        // After which a stock client does not come back by itself.
        assert_eq!(old.client.disconnected(), "io server disconnect", "{}", old.what);
        old.assert_shown(&Journal::of(&server).up_to(&json!(presented.offset)).after(&old.joined));
    }
}

#[test]
fn a_session_that_goes_to_and_fro_is_shown_whole_to_whom_it_is_with() {
    let (server, agents) = (TestServer::start(), Agents::default());
    for variant in Variant::TRANSPORTS {
        let mut one = Subscriber::start(&server, &agents, variant);
        let what = one.what.clone();
        deliver_text(&server, ANA, &format!("wamid.BEFORE.{what}"));
        one.see_to(&format!("wamid.BEFORE.{what}"));
        let presented = one.client.session();
        let mut other = taking_over(&server, &agents, variant);
        other.adopt(&presented);
        other.connect_again();
        other.back().assert_session(&[GENERAL], &what);
        assert_eq!(one.client.disconnected(), "io server disconnect", "{what}");
        deliver(&server, &Webhook::batch(&what, 0, 20).to_bytes());
        // The person opens it again there.
        one.client.connect_again();
        let back = one.client.back();
        back.assert_session(&[GENERAL], &what);
        assert_eq!(Some(back.from()), presented.offset.as_deref(), "{what}: as it has its own cursor");
        assert_eq!(other.disconnected(), "io server disconnect", "{what}");
        let last = format!("wamid.LAST.{what}");
        deliver_text(&server, ANA, &last);
        one.see_to(&last);
        one.assert_whole(&server);
    }
}
