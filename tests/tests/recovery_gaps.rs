//! What cannot be replayed: the client is told so plainly, and nothing is shown as if it were whole.

use std::time::Duration;

use serde_json::{Value, json};
use waypost_testkit::{TestServer, Webhook};
use waypost_tests::{
    Agents, ClientOptions, DatabaseCopy, GENERAL, Journal, Session, StockClient, Subscriber, Variant,
    age_sessions, deliver, deliver_text, number_of, prune_journal, remove_database,
};

/// No sender of `Webhook::batch` has this number.
const ANA: &str = "15559992307";
const ANAS_ROOM: &str = "whatsapp:customer:15559992307";

/// The message after which a test looks at what was shown.
const LAST: &str = "wamid.LAST";

/// How long stopping may take.
const STOP_MAX: Duration = Duration::from_secs(10);

/// One subscriber of each transport that has been shown some events and is away, and what it will present.
fn away(server: &TestServer, agents: &Agents) -> Vec<(Subscriber, Session)> {
    let subscribers = Subscriber::of_each_transport(server, agents).into_iter();
    let mut subscribers: Vec<_> = subscribers.collect();
    deliver(server, &Webhook::batch("here", 0, 10).to_bytes());
    deliver_text(server, ANA, "wamid.SEEN");
    for subscriber in &mut subscribers {
        subscriber.see_to("wamid.SEEN");
    }
    let away = subscribers.into_iter().map(|mut subscriber| {
        let presented = subscriber.go_away();
        (subscriber, presented)
    });
    away.collect()
}

/// The event `whatsappGap` of what the client presented, as the journal is now.
#[track_caller]
fn assert_told_of_a_gap(server: &TestServer, client: &mut StockClient, from: &Value, what: &str) {
    let gap = client.event("whatsappGap");
    let journal = Journal::of(server);
    let expected = json!({ "from": from, "oldest": journal.first(), "head": journal.last() });
    assert_eq!(gap.args, [expected], "{what}");
}

/// Plugged in, each is told of the gap, gets nothing that was before, and sees everything from its next join on.
#[track_caller]
fn assert_each_is_told_of_a_gap(server: &TestServer, away: &mut [(Subscriber, Session)]) {
    for (Subscriber { client, cable, what, .. }, presented) in away {
        cable.plug_in();
        client.back().assert_none(&[], what);
        assert_told_of_a_gap(server, client, &json!(presented.offset), what);
        let session = client.session();
        assert!(session.pid.is_some() && session.pid != presented.pid, "{what}: it is a new session");
        let joined = client.join_general()["offset"].clone();
        let last = format!("wamid.LAST.{what}");
        deliver_text(server, ANA, &last);
        let shown = client.journal_to(&last);
        Journal::of(server).general().after(&joined).assert_shown(&shown, what);
        // And the new session is as good as the old one was.
        cable.unplug();
        client.disconnected();
        cable.plug_in();
        client.back().assert_session(&[GENERAL], what);
    }
}

#[test]
fn entries_that_were_pruned_are_a_gap() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut away = away(&server, &agents);
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    server.terminate(STOP_MAX);
    let head = number_of(&json!(Journal::of(&server).last()));
    prune_journal(&mut server, head - 5);
    server.restart();
    assert_each_is_told_of_a_gap(&server, &mut away);
}

/// What the client has seen may go; only what it has not is missed.
#[test]
fn entries_that_the_client_has_seen_are_no_gap_when_they_are_pruned() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut away = away(&server, &agents);
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    server.terminate(STOP_MAX);
    let seen = number_of(&json!(away[0].1.offset));
    prune_journal(&mut server, seen);
    server.restart();
    for (subscriber, presented) in &mut away {
        subscriber.come_back(presented);
    }
    deliver_text(&server, ANA, LAST);
    for (Subscriber { client, what, .. }, presented) in &mut away {
        let shown = client.journal_to(LAST);
        Journal::of(&server).general().after(&json!(presented.offset)).assert_shown(&shown, what);
    }
}

#[test]
fn a_database_put_back_from_a_copy_with_other_events_since_is_a_gap() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    deliver(&server, &Webhook::batch("old", 0, 10).to_bytes());
    server.terminate(STOP_MAX);
    let copy = DatabaseCopy::take(&mut server);
    server.restart();
    let mut away = away(&server, &agents);
    server.terminate(STOP_MAX);
    copy.put_back(&mut server);
    server.restart();
    // Their numbers are those of the events that the clients have seen, and go beyond.
    deliver(&server, &Webhook::batch("other", 0, 30).to_bytes());
    assert!(number_of(&json!(Journal::of(&server).last())) > number_of(&json!(away[0].1.offset)));
    assert_each_is_told_of_a_gap(&server, &mut away);
}

#[test]
fn a_database_put_back_from_a_copy_ends_before_what_was_seen_and_is_a_gap() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    deliver(&server, &Webhook::batch("old", 0, 10).to_bytes());
    server.terminate(STOP_MAX);
    let copy = DatabaseCopy::take(&mut server);
    server.restart();
    let mut away = away(&server, &agents);
    server.terminate(STOP_MAX);
    copy.put_back(&mut server);
    server.restart();
    assert!(number_of(&json!(Journal::of(&server).last())) < number_of(&json!(away[0].1.offset)));
    assert_each_is_told_of_a_gap(&server, &mut away);
}

#[test]
fn another_journal_is_a_gap() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut away = away(&server, &agents);
    server.terminate(STOP_MAX);
    remove_database(&mut server);
    server.restart();
    deliver(&server, &Webhook::batch("other", 0, 30).to_bytes());
    assert_each_is_told_of_a_gap(&server, &mut away);
}

#[test]
fn a_session_ends_a_day_after_its_client_went() {
    for (hours, is_over) in [(25, true), (23, false)] {
        let (mut server, agents) = (TestServer::start(), Agents::default());
        let mut away = away(&server, &agents);
        server.terminate(STOP_MAX);
        age_sessions(&mut server, hours);
        server.restart();
        deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
        if is_over {
            assert_each_is_told_of_a_gap(&server, &mut away);
            continue;
        }
        for (subscriber, presented) in &mut away {
            subscriber.come_back(presented);
        }
    }
}

#[test]
fn a_session_that_is_not_known_is_a_gap() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut away = away(&server, &agents);
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    for (subscriber, presented) in &mut away {
        presented.pid = Some("0".repeat(32));
        subscriber.client.adopt(presented);
    }
    assert_each_is_told_of_a_gap(&server, &mut away);
}

/// What is told once may be lost with the connection: it is told until the client has got it.
#[test]
fn a_gap_that_was_cut_off_is_told_again() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut away = away(&server, &agents);
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    for (Subscriber { client, cable, what, .. }, presented) in &mut away {
        client.adopt(&Session { pid: Some("0".repeat(32)), offset: presented.offset.clone() });
        for within in ["40{\"sid\"", "\"resumed\":\"none\"", "\"whatsappGap\"", "\"oldest\""] {
            cable.pull_out_within(within);
            cable.plug_in();
            cable.was_pulled_out();
        }
        cable.plug_in();
        assert_told_of_a_gap(&server, client, &json!(presented.offset), what);
        let position = client.event("position");
        assert_eq!(
            position.body()["offset"],
            Journal::of(&server).last(),
            "{what}: from here on it is complete"
        );
        let connected: Vec<_> =
            client.events_so_far().into_iter().filter(|event| event.name == "connected").collect();
        assert!(connected.iter().all(|event| event.text("resumed") == "none"), "{what}: {connected:?}");
        // Now that it knows, it goes on from there.
        cable.unplug();
        client.disconnected();
        let presented = client.session();
        cable.plug_in();
        let connected = client.event_where("a resumed session", |event| {
            event.name == "connected" && event.text("resumed") == "session"
        });
        assert_eq!(json!(presented.offset), position.body()["offset"], "{what}");
        assert_eq!(connected.body()["from"], position.body()["offset"], "{what}");
    }
}

/// The client's own position is from before the copy and as good as ever, its room is from after it.
#[test]
fn a_room_that_was_joined_after_the_copy_is_a_gap() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut away = away(&server, &agents);
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        subscriber.client.call_well("leaveWhatsAppGeneral", &[]);
        subscriber.go_away();
    }
    server.terminate(STOP_MAX);
    let copy = DatabaseCopy::take(&mut server);
    server.restart();
    deliver(&server, &Webhook::batch("lost", 0, 10).to_bytes());
    for subscriber in &mut subscribers {
        subscriber.cable.plug_in();
        subscriber.client.back().assert_session(&[], &subscriber.what);
        subscriber.client.join_customer(ANA);
    }
    let presented: Vec<_> = subscribers.iter_mut().map(Subscriber::go_away).collect();
    server.terminate(STOP_MAX);
    copy.put_back(&mut server);
    server.restart();
    let mut returning: Vec<_> = subscribers.into_iter().zip(presented).collect();
    assert_each_is_told_of_a_gap(&server, &mut returning);
    // Those whose rooms are from before it miss nothing.
    for (subscriber, presented) in &mut away {
        subscriber.come_back(presented);
    }
}

#[test]
fn a_session_that_is_not_known_is_a_gap_without_an_offset_too() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut away = away(&server, &agents);
    for (subscriber, presented) in &mut away {
        *presented = Session { pid: Some("0".repeat(32)), offset: None };
        subscriber.client.adopt(presented);
    }
    assert_each_is_told_of_a_gap(&server, &mut away);
}

#[test]
fn a_since_that_cannot_be_replayed_is_a_gap_and_its_rooms_begin_at_the_head() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    deliver_text(&server, ANA, "wamid.1");
    let pruned = Journal::of(&server).last().to_owned();
    deliver(&server, &Webhook::batch("past", 0, 20).to_bytes());
    server.terminate(STOP_MAX);
    prune_journal(&mut server, 10);
    server.restart();
    let head = Journal::of(&server).last().to_owned();
    let [epoch, number, check] = head.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    let number: u64 = number.parse().expect("a number");
    let other_check = format!("{:08x}", !u32::from_str_radix(check, 16).expect("a check"));
    for (case, since) in [
        ("pruned", pruned),
        ("of another epoch", format!("ZZZZZZZZ.{number}.{check}")),
        ("with another check", format!("{epoch}.{number}.{other_check}")),
        ("above the head", format!("{epoch}.{}.{check}", number + 1_000)),
    ] {
        for offsets in [true, false] {
            let what = format!("{case}, offsets {offsets}");
            let rooms = [GENERAL, ANAS_ROOM];
            let options =
                ClientOptions::new(&server).auth("since", since.as_str()).auth("rooms", rooms.as_slice());
            let mut client = options.auth("offsets", offsets).start_in(&agents);
            client.back().assert_none(&rooms, &what);
            assert_told_of_a_gap(&server, &mut client, &json!(since), &what);
            let head = Journal::of(&server).last().to_owned();
            let last = format!("wamid.LAST.{}", what.replace([' ', ','], "-"));
            deliver_text(&server, ANA, &last);
            let shown = client.journal_to(&last);
            Journal::of(&server).general().after(&json!(head)).assert_shown(&shown, &what);
        }
    }
}

#[test]
fn history_that_is_gone_is_a_gap_in_the_ack() {
    let mut server = TestServer::start();
    deliver_text(&server, ANA, "wamid.1");
    let since = Journal::of(&server).last().to_owned();
    deliver(&server, &Webhook::batch("past", 0, 20).to_bytes());
    server.terminate(STOP_MAX);
    prune_journal(&mut server, 10);
    server.restart();
    let mut client = StockClient::connect(&server);
    let journal = Journal::of(&server);
    for (event, name) in [("joinWhatsAppGeneral", None), ("joinWhatsAppCustomer", Some(json!(ANA)))] {
        let args: Vec<_> = name.into_iter().chain([json!({ "since": since })]).collect();
        let ack = client.call_well(event, &args);
        let gap = json!({ "from": since, "oldest": journal.first(), "head": journal.last() });
        assert_eq!(ack["gap"], gap, "{event}: {ack}");
        assert_eq!((ack.get("events"), ack.get("next")), (None, None), "{event}: {ack}");
        assert_eq!(ack["offset"], journal.last(), "{event}: joined all the same");
    }
    deliver_text(&server, ANA, LAST);
    assert_eq!(client.journal_to(LAST).len(), 1);
}

/// Events by which a room with none of them counts as quiet for long.
const QUIET_EVENTS: usize = 10_000;
/// As many as one webhook may well carry.
const TEXTS_A_WEBHOOK: usize = 400;

#[test]
fn a_quiet_room_makes_no_false_gap() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut subscriber = Subscriber::start(&server, &agents, Variant::Default);
    subscriber.client.join_customer(ANA);
    subscriber.client.call_well("leaveWhatsAppGeneral", &[]);
    for webhook in 0..=QUIET_EVENTS / TEXTS_A_WEBHOOK {
        let first = webhook * TEXTS_A_WEBHOOK;
        deliver(&server, &Webhook::batch("others", first, TEXTS_A_WEBHOOK).to_bytes());
    }
    let position = subscriber.client.event("position");
    let offset = &position.body()["offset"];
    assert_eq!(position.args, [json!({ "offset": offset }), offset.clone()], "it is for the cursor");
    // What it does not need is pruned, up to the last position that it was told.
    let presented = json!(subscriber.go_away().offset);
    assert!(number_of(&presented) >= number_of(offset));
    server.terminate(STOP_MAX);
    prune_journal(&mut server, number_of(&presented));
    server.restart();
    deliver_text(&server, ANA, "wamid.away");
    subscriber.cable.plug_in();
    let back = subscriber.client.back();
    back.assert_session(&[ANAS_ROOM], "the quiet room");
    deliver_text(&server, ANA, LAST);
    let shown = subscriber.client.journal_to(LAST);
    assert_eq!(shown.iter().map(waypost_tests::Event::wamid).collect::<Vec<_>>(), ["wamid.away", LAST]);
    let events = subscriber.client.events_so_far();
    assert!(!events.iter().any(|event| event.name == "whatsappGap"), "{events:?}");
}
