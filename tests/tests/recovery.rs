//! Connections that break: a stock client that comes back by itself is shown exactly what it missed, once, in order.

use waypost_testkit::{TestServer, Webhook};
use waypost_tests::{
    Agents, Burst, Cable, GENERAL, Journal, Package, Session, StockClient, Subscriber, Variant, deliver,
    deliver_text,
};

const ANA: &str = "15559992301";

/// The message after which a test looks at what was shown.
const LAST: &str = "wamid.LAST";

/// Delivers the last message and checks all that each was shown, over all its connections.
#[track_caller]
fn assert_each_whole(server: &TestServer, subscribers: &mut [Subscriber]) {
    deliver_text(server, ANA, LAST);
    for subscriber in subscribers {
        subscriber.see_to(LAST);
        subscriber.assert_whole(server);
    }
}

#[test]
fn an_engine_closed_by_force_during_a_burst_costs_nothing() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    let burst = Burst::start(&server, 150, |index| Webhook::batch("burst", index * 3, 3));
    for answered in [20, 60] {
        burst.wait_for(answered);
        for subscriber in &mut subscribers {
            subscriber.client.close_engine();
        }
        for Subscriber { client, what, .. } in &mut subscribers {
            assert_eq!(client.disconnected(), "forced close", "{what}");
            client.back().assert_session(&[GENERAL], what);
            // A stock client that is closed at the moment of its upgrade shows what it had just received when it is
            // connected again, but presents the offset from before that: nobody can know that it has those events.
            if what == "Default" {
                client.upgraded_to();
            }
        }
    }
    burst.finish();
    assert_each_whole(&server, &mut subscribers);
}

#[test]
fn a_client_that_recovered_before_recovers_again() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for round in 0..3 {
        deliver_text(&server, ANA, &format!("wamid.here.{round}"));
        for subscriber in &mut subscribers {
            subscriber.see_to(&format!("wamid.here.{round}"));
        }
        let presented: Vec<_> = subscribers.iter_mut().map(Subscriber::go_away).collect();
        deliver(&server, &Webhook::batch("away", round * 20, 20).to_bytes());
        for (subscriber, presented) in subscribers.iter_mut().zip(&presented) {
            subscriber.come_back(presented);
            // As stock programs do in every `connect` handler.
            let again = subscriber.client.join_general();
            assert_eq!(again["offset"], subscriber.joined, "{}: the room is held", subscriber.what);
        }
    }
    assert_each_whole(&server, &mut subscribers);
}

#[test]
fn a_client_that_was_shown_nothing_yet_recovers() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        subscriber.go_away();
    }
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    for Subscriber { client, cable, what, .. } in &mut subscribers {
        cable.plug_in();
        client.back().assert_session(&[GENERAL], what);
    }
    assert_each_whole(&server, &mut subscribers);
}

/// It has a session, as the reply to CONNECT told, but no offset.
#[test]
fn a_client_cut_before_its_first_event_recovers_from_the_start_of_its_rooms() {
    let (server, agents) = (TestServer::start(), Agents::default());
    deliver_text(&server, ANA, "wamid.BEFORE");
    let head = Journal::of(&server).last().to_owned();
    let cable = Cable::to(&server);
    cable.pull_out_within("[\"connected\"");
    let options = Subscriber::options(&cable, &server).auth("rooms", vec![GENERAL]);
    let mut client = options.variant(Variant::WebSocketOnly).start_in(&agents);
    client.connected();
    client.disconnected();
    let presented = client.session();
    assert!(presented.pid.is_some() && presented.offset.is_none(), "{presented:?}");
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    cable.plug_in();
    client.back().assert_session(&[GENERAL], "before its first event");
    assert_eq!(client.session().pid, presented.pid);
    deliver_text(&server, ANA, LAST);
    let shown = client.journal_to(LAST);
    Journal::of(&server).after(&head.into()).assert_shown(&shown, "before its first event");
}

#[test]
fn a_client_cut_before_connected_arrived_loses_nothing() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    deliver_text(&server, ANA, "wamid.BEFORE");
    for subscriber in &mut subscribers {
        subscriber.see_to("wamid.BEFORE");
        subscriber.go_away();
    }
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    for Subscriber { client, cable, what, .. } in &mut subscribers {
        for _ in 0..2 {
            cable.pull_out_within("[\"connected\"");
            cable.plug_in();
            cable.was_pulled_out();
        }
        cable.plug_in();
        client.back().assert_session(&[GENERAL], what);
    }
    assert_each_whole(&server, &mut subscribers);
}

#[test]
fn cuts_right_after_connected_and_during_a_replay_lose_and_repeat_nothing() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        subscriber.go_away();
    }
    deliver(&server, &Webhook::batch("away", 0, 100).to_bytes());
    for Subscriber { client, cable, what, .. } in &mut subscribers {
        cable.pull_out_within("\"resumed\":\"session\"");
        cable.plug_in();
        cable.was_pulled_out();
        // Each time further than before, wherever in a frame, a chunk or a payload that is; never within the answer that
        // opens the transport, for which a stock client waits 20 s when it ends early.
        for bytes in [555, 777, 1_500, 3_001, 6_007, 12_345, 25_013] {
            cable.pull_out_after(bytes);
            cable.plug_in();
            cable.was_pulled_out();
        }
        cable.plug_in();
        client.back().assert_session(&[GENERAL], what);
    }
    assert_each_whole(&server, &mut subscribers);
}

/// A stock client moves its offset after its handlers: whatever one of them throws at comes again, and only that.
#[test]
fn a_handler_that_throws_at_the_last_event_before_a_cut_gets_it_again() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        subscriber.client.throw_at("wamid.2");
    }
    deliver_text(&server, ANA, "wamid.1");
    deliver_text(&server, ANA, "wamid.2");
    for subscriber in &mut subscribers {
        subscriber.see_to("wamid.2");
        subscriber.client.exception();
    }
    let presented: Vec<_> = subscribers.iter_mut().map(Subscriber::go_away).collect();
    deliver_text(&server, ANA, "wamid.3");
    for (subscriber, presented) in subscribers.iter_mut().zip(&presented) {
        subscriber.come_back(presented);
        subscriber.see_to("wamid.3");
        assert_eq!(
            subscriber.wamids(),
            ["wamid.1", "wamid.2", "wamid.2", "wamid.3"],
            "{}: nothing else again",
            subscriber.what
        );
    }
}

#[test]
fn a_handler_that_throws_costs_nothing_that_comes_after() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        subscriber.client.throw_at("wamid.1");
    }
    deliver_text(&server, ANA, "wamid.1");
    deliver_text(&server, ANA, "wamid.2");
    for subscriber in &mut subscribers {
        subscriber.see_to("wamid.2");
        subscriber.client.exception();
    }
    let presented: Vec<_> = subscribers.iter_mut().map(Subscriber::go_away).collect();
    deliver_text(&server, ANA, "wamid.3");
    for (subscriber, presented) in subscribers.iter_mut().zip(&presented) {
        subscriber.come_back(presented);
    }
    assert_each_whole(&server, &mut subscribers);
}

/// Those before 4.6 present neither session nor offset: nothing is missed that they could have asked for.
#[test]
fn versions_that_remember_offsets_recover_and_older_ones_begin_anew() {
    let (server, agents) = (TestServer::start(), Agents::default());
    for package in Package::JAVA_SCRIPT {
        let what = format!("{package:?}");
        let cable = Cable::to(&server);
        let mut client = Subscriber::options(&cable, &server).package(package).start_in(&agents);
        client.back().assert_none(&[], &what);
        let joined = client.join_general()["offset"].clone();
        cable.unplug();
        client.disconnected();
        deliver_text(&server, ANA, &format!("wamid.away.{what}"));
        cable.plug_in();
        let back = client.back();
        let joined = if Package::RECOVERING.contains(&package) {
            back.assert_session(&[GENERAL], &what);
            joined
        } else {
            back.assert_none(&[], &what);
            client.join_general()["offset"].clone()
        };
        let last = format!("wamid.LAST.{what}");
        deliver_text(&server, ANA, &last);
        let shown = client.journal_to(&last);
        Journal::of(&server).general().after(&joined).assert_shown(&shown, &what);
        assert!(!client.events_so_far().iter().any(|event| event.name == "whatsappGap"), "{what}");
    }
}

#[test]
fn both_namespaces_over_one_connection_recover_each_its_session() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut one = Subscriber::start(&server, &agents, Variant::Default);
    let mut other =
        Subscriber::options(&one.cable, &server).namespace("/websocket").start_beside(&one.client);
    other.connected();
    other.event("connected");
    let joined = other.join_general()["offset"].clone();
    deliver_text(&server, ANA, "wamid.BEFORE");
    one.see_to("wamid.BEFORE");
    let mut shown = other.journal_to("wamid.BEFORE");
    let (first, second) = (one.go_away(), session_of_the_disconnected(&mut other));
    assert_ne!(first.pid, second.pid, "each namespace has its session");
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    one.come_back(&first);
    other.back().assert_session(&[GENERAL], "/websocket");
    assert_eq!(other.session().pid, second.pid);
    deliver_text(&server, ANA, LAST);
    one.see_to(LAST);
    one.assert_whole(&server);
    shown.extend(other.journal_to(LAST));
    Journal::of(&server).general().after(&joined).assert_shown(&shown, "/websocket");
}

#[track_caller]
fn session_of_the_disconnected(client: &mut StockClient) -> Session {
    client.disconnected();
    client.session()
}
