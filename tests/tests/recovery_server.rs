//! Processes that stop: the client's, frozen like a laptop that sleeps, and the server's, politely or not.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use waypost_testkit::{TestServer, Webhook};
use waypost_tests::{
    Agents, Burst, ClientOptions, GENERAL, Held, Subscriber, Variant, deliver, deliver_text,
};

const ANA: &str = "15559992302";

/// The message after which a test looks at what was shown.
const LAST: &str = "wamid.LAST";

#[track_caller]
fn assert_each_whole(server: &TestServer, subscribers: &mut [Subscriber]) {
    deliver_text(server, ANA, LAST);
    for subscriber in subscribers {
        subscriber.see_to(LAST);
        subscriber.assert_whole(server);
    }
}

#[test]
fn a_client_frozen_for_a_moment_stays_connected_and_sees_all() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    let burst = Burst::start(&server, 100, |index| Webhook::batch("burst", index * 3, 3));
    burst.wait_for(20);
    subscribers[0].client.freeze();
    burst.finish();
    subscribers[0].client.thaw();
    assert_each_whole(&server, &mut subscribers);
    for Subscriber { client, what, .. } in &mut subscribers {
        let again = client.events_so_far().iter().any(|event| event.name == "connected");
        assert!(!again, "{what}: it was connected all the time");
    }
}

#[test]
fn a_client_frozen_until_the_server_let_go_of_it_recovers() {
    let options = TestServer::options().env("WAYPOST_REALTIME_PING_INTERVAL_MS", "500");
    let server = options.env("WAYPOST_REALTIME_PING_TIMEOUT_MS", "1000").start();
    let (agents, others) = (Agents::default(), Agents::default());
    let mut monitor = ClientOptions::new(&server).start_in(&others);
    monitor.connected();
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    deliver_text(&server, ANA, "wamid.BEFORE");
    for subscriber in &mut subscribers {
        subscriber.see_to("wamid.BEFORE");
    }
    subscribers[0].client.freeze();
    let burst = Burst::start(&server, 50, |index| Webhook::batch("burst", index * 3, 3));
    let mut connected: BTreeSet<_> = subscribers.iter().map(|subscriber| subscriber.id.clone()).collect();
    while !connected.is_empty() {
        let left = monitor.event("clientLeft");
        connected.remove(left.text("clientId"));
    }
    burst.finish();
    deliver(&server, &Webhook::batch("after", 0, 20).to_bytes());
    subscribers[0].client.thaw();
    for Subscriber { client, what, .. } in &mut subscribers {
        let reason = client.disconnected();
        assert!(reason.starts_with("transport") || reason == "ping timeout", "{what}: {reason}");
        client.back().assert_session(&[GENERAL], what);
    }
    assert_each_whole(&server, &mut subscribers);
}

#[test]
fn a_server_stopped_politely_and_started_again_resumes_every_session() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    deliver_text(&server, ANA, "wamid.BEFORE");
    for subscriber in &mut subscribers {
        subscriber.see_to("wamid.BEFORE");
    }
    assert_eq!(server.terminate(Duration::from_secs(10)).code(), Some(0));
    let presented: Vec<_> = subscribers.iter_mut().map(Subscriber::go_away).collect();
    server.restart();
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    for (subscriber, presented) in subscribers.iter_mut().zip(&presented) {
        subscriber.come_back(presented);
        let again = subscriber.client.join_general();
        assert_eq!(again["offset"], subscriber.joined, "{}: the room is held", subscriber.what);
    }
    assert_each_whole(&server, &mut subscribers);
}

#[test]
fn a_server_killed_during_a_burst_loses_and_repeats_nothing() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    let burst = Burst::start(&server, 300, |index| Webhook::batch("burst", index * 3, 3));
    for answered in [40, 140] {
        burst.wait_for(answered);
        server.kill9();
        for Subscriber { client, .. } in &mut subscribers {
            client.disconnected();
        }
        server.restart();
        for Subscriber { client, what, .. } in &mut subscribers {
            client.back().assert_session(&[GENERAL], what);
        }
    }
    burst.finish();
    assert_each_whole(&server, &mut subscribers);
}

/// The session of a client that was connected when the server died is as good as any other's, again and again.
/// Sessions are there for people who come back. They are no reason to keep people out.
#[test]
fn while_sessions_cannot_be_kept_new_clients_are_let_in_and_told_of_a_gap_when_they_come_back() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let held = Held::take_sessions(&server);
    let mut subscriber = Subscriber::start(&server, &agents, Variant::WebSocketOnly);
    deliver_text(&server, ANA, "wamid.1");
    subscriber.see_to("wamid.1");
    drop(held);
    let presented = subscriber.go_away();
    subscriber.cable.plug_in();
    subscriber.client.back().assert_none(&[], "its session was not kept");
    let gap = subscriber.client.event("whatsappGap");
    assert_eq!(gap.body()["from"], json!(presented.offset));
    assert!(server.log().contains("the session of a client cannot be read or kept"), "{}", server.log());
}

#[test]
fn a_session_outlives_two_servers_without_an_event() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for _ in 0..2 {
        server.kill9();
        let presented: Vec<_> = subscribers.iter_mut().map(Subscriber::go_away).collect();
        server.restart();
        for (subscriber, presented) in subscribers.iter_mut().zip(&presented) {
            subscriber.cable.plug_in();
            subscriber.client.back().assert_session(&[GENERAL], &subscriber.what);
            assert_eq!(subscriber.client.session().pid, presented.pid, "{}", subscriber.what);
        }
    }
    assert_each_whole(&server, &mut subscribers);
}
