//! Programs that keep an offset themselves: a page that is loaded again, a client without recovery, and what a join tells
//! of the time before it.

use serde_json::{Value, json};
use waypost_testkit::{TestServer, Webhook, python};
use waypost_tests::{
    Agents, Burst, Cable, ClientOptions, Event, GENERAL, Journal, Package, Session, StockClient, Subscriber,
    Variant, deliver, deliver_text, number_of,
};

const ANA: &str = "15559992303";
const ANAS_ROOM: &str = "whatsapp:customer:15559992303";
const BEN: &str = "15559992304";

/// The message after which a test looks at what was shown.
const LAST: &str = "wamid.LAST";

/// A text of Ana's and one of Ben's, and the offset of the second.
fn deliver_two(server: &TestServer) -> String {
    deliver_text(server, ANA, "wamid.ana");
    deliver_text(server, BEN, "wamid.ben");
    Journal::of(server).last().to_owned()
}

fn options(server: &TestServer, since: &str, rooms: &[&str]) -> ClientOptions {
    ClientOptions::new(server).auth("since", since).auth("rooms", rooms)
}

#[test]
fn a_page_that_is_loaded_again_goes_on_from_its_offset() {
    let (server, agents) = (TestServer::start(), Agents::default());
    for variant in Variant::ALL {
        let what = format!("{variant:?}");
        let since = deliver_two(&server);
        // Events go on while it connects: what is replayed and what is live meet without a seam.
        let run = what.clone();
        let burst = Burst::start(&server, 60, move |index| Webhook::batch(&run, index * 3, 3));
        burst.wait_for(20);
        let mut client = options(&server, &since, &[GENERAL, ANAS_ROOM]).variant(variant).start_in(&agents);
        let back = client.back();
        back.assert_since(&[GENERAL, ANAS_ROOM], &what);
        assert_eq!(back.from(), since, "{what}");
        burst.finish();
        let last = format!("wamid.LAST.{what}");
        deliver_text(&server, ANA, &last);
        let shown = client.journal_to(&last);
        Journal::of(&server).general().after(&json!(since)).assert_shown(&shown, &what);
        client.disconnect();
    }
}

#[test]
fn only_the_rooms_asked_for_are_replayed() {
    let server = TestServer::start();
    let since = deliver_two(&server);
    deliver_text(&server, ANA, "wamid.away.ana");
    deliver_text(&server, BEN, "wamid.away.ben");
    let mut client = options(&server, &since, &[ANAS_ROOM]).start();
    client.back().assert_since(&[ANAS_ROOM], "Ana's room");
    deliver_text(&server, BEN, "wamid.live.ben");
    deliver_text(&server, ANA, LAST);
    let shown = client.journal_to(LAST);
    assert_eq!(shown.iter().map(Event::wamid).collect::<Vec<_>>(), ["wamid.away.ana", LAST]);
}

#[test]
fn a_client_without_offsets_goes_on_from_its_offset() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let since = deliver_two(&server);
    deliver(&server, &Webhook::batch("away", 0, 20).to_bytes());
    for variant in Variant::TRANSPORTS {
        let what = format!("{variant:?}");
        let options = options(&server, &since, &[GENERAL]).auth("offsets", false).variant(variant);
        let mut client = options.start_in(&agents);
        let back = client.back();
        back.assert_since(&[GENERAL], &what);
        assert_eq!((back.from(), back.connected.args.len()), (since.as_str(), 1), "{what}");
        assert_eq!(client.session(), Session { pid: None, offset: None }, "{what}");
        let last = format!("wamid.LAST.{what}");
        deliver_text(&server, ANA, &last);
        let shown = client.journal_to(&last);
        Journal::of(&server).general().after(&json!(since)).assert_shown(&shown, &what);
        assert!(shown.iter().all(|event| event.args.len() == 1), "{what}: {shown:?}");
    }
}

#[test]
fn a_python_client_goes_on_from_the_offset_of_the_last_event_it_handled() {
    if python().is_none() {
        return;
    }
    let (server, agents) = (TestServer::start(), Agents::default());
    for package in Package::PYTHON {
        let what = format!("{package:?}");
        let mut before = python_options(&server, package).auth("rooms", vec![GENERAL]).start_in(&agents);
        before.back().assert_none(&[GENERAL], &what);
        deliver_text(&server, ANA, &format!("wamid.before.{what}"));
        let since = before.event("whatsappMessage").text("offset").to_owned();
        before.disconnect();
        before.disconnected();
        deliver(&server, &Webhook::batch(&what, 0, 20).to_bytes());
        let options = python_options(&server, package).auth("rooms", vec![GENERAL]);
        let mut client = options.auth("since", since.as_str()).start_in(&agents);
        let back = client.back();
        back.assert_since(&[GENERAL], &what);
        assert_eq!(back.from(), since, "{what}");
        deliver_text(&server, ANA, &format!("wamid.LAST.{what}"));
        // `socketio.Client` runs its handlers each in a thread of its own, so they may report in another order,
        // the last one too: what was missed is awaited by its number of events.
        let missed = Journal::of(&server).general().after(&json!(since));
        let next = |_| client.event_where("an event that was missed", Event::is_of_journal);
        let mut shown: Vec<_> = missed.entries().iter().map(next).collect();
        shown.sort_by_key(|event| number_of(&event.body()["offset"]));
        missed.assert_shown(&shown, &what);
    }
}

fn python_options(server: &TestServer, package: Package) -> ClientOptions {
    let options = ClientOptions::new(server).package(package).one_argument("whatsappMessage");
    options.option("query", json!({ "offsets": "0" }))
}

/// `auth` as an object never changes, while the client's own offset does.
#[test]
fn a_static_since_that_has_become_stale_repeats_nothing() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let since = deliver_two(&server);
    for variant in Variant::TRANSPORTS {
        let what = format!("{variant:?}");
        let cable = Cable::to(&server);
        let options = Subscriber::options(&cable, &server).auth("since", since.as_str());
        let mut client = options.auth("rooms", vec![GENERAL]).variant(variant).start_in(&agents);
        client.back().assert_since(&[GENERAL], &what);
        let mut shown = Vec::new();
        let mut go_on = |client: &mut StockClient, step: &str| {
            let wamid = format!("wamid.{step}.{what}");
            deliver_text(&server, ANA, &wamid);
            shown.extend(client.journal_to(&wamid));
            cable.unplug();
            client.disconnected();
            deliver_text(&server, BEN, &format!("wamid.after.{step}.{what}"));
            client.session()
        };
        let presented = go_on(&mut client, "first");
        cable.plug_in();
        let back = client.back();
        back.assert_session(&[GENERAL], &what);
        assert_eq!(Some(back.from()), presented.offset.as_deref(), "{what}");
        // Its session is gone, but its offset is still better than what it says.
        let presented = Session { pid: Some("0".repeat(32)), ..go_on(&mut client, "second") };
        client.adopt(&presented);
        cable.plug_in();
        let back = client.back();
        back.assert_since(&[GENERAL], &what);
        assert_eq!(Some(back.from()), presented.offset.as_deref(), "{what}");
        go_on(&mut client, "third");
        let seen = shown.last().expect("it was shown something").body()["offset"].clone();
        Journal::of(&server).general().after(&json!(since)).up_to(&seen).assert_shown(&shown, &what);
    }
}

/// Joins until no page is left; the offset of each ack, and all that was told.
#[track_caller]
fn history(client: &mut StockClient, event: &str, name: &[Value], since: &str) -> (Vec<Value>, Vec<Event>) {
    let (mut offsets, mut told, mut since) = (Vec::new(), Vec::new(), json!(since));
    loop {
        let args = [name, &[json!({ "since": since })]].concat();
        let ack = client.call_well(event, &args);
        assert_eq!(ack.get("gap"), None, "{ack}");
        let page = ack["events"].as_array().expect("a page is a list");
        told.extend(page.iter().map(|one| Event {
            name: one["event"].as_str().expect("an event has its name").to_owned(),
            args: vec![one["data"].clone()],
        }));
        offsets.push(ack["offset"].clone());
        match ack.get("next") {
            None => return (offsets, told),
            Some(next) => {
                assert!(number_of(next) > number_of(&since), "a page goes on: {next}");
                since = next.clone();
            }
        }
    }
}

#[test]
fn a_join_tells_page_by_page_what_was_before_it() {
    let server = TestServer::start();
    let since = deliver_two(&server);
    for index in 0..6 {
        deliver(&server, &Webhook::batch("past", index * 300, 300).to_bytes());
    }
    let mut client = StockClient::connect(&server);
    let (offsets, told) = history(&mut client, "joinWhatsAppGeneral", &[], &since);
    assert!(offsets.len() > 1, "1,800 events are more than a page");
    assert!(offsets.iter().all(|offset| *offset == offsets[0]), "it is the same join: {offsets:?}");
    Journal::of(&server).general().after(&json!(since)).up_to(&offsets[0]).assert_shown(&told, "history");
    deliver_text(&server, ANA, LAST);
    let live = client.journal_to(LAST);
    Journal::of(&server).general().after(&offsets[0]).assert_shown(&live, "live: nothing was replayed");
}

#[test]
fn history_and_live_events_meet_without_a_seam() {
    let server = TestServer::start();
    let since = deliver_two(&server);
    let burst = Burst::start(&server, 100, |index| Webhook::batch("burst", index * 10, 10));
    burst.wait_for(30);
    let mut client = StockClient::connect(&server);
    let (offsets, mut seen) = history(&mut client, "joinWhatsAppGeneral", &[], &since);
    burst.finish();
    deliver_text(&server, ANA, LAST);
    let live = client.journal_to(LAST);
    assert!(live.iter().all(|event| event.offset_number() > number_of(&offsets[0])));
    seen.extend(live);
    Journal::of(&server).general().after(&json!(since)).assert_shown(&seen, "history, then live");
}

#[test]
fn a_join_of_a_customer_tells_what_was_before_it() {
    let server = TestServer::start();
    let mut client = StockClient::connect(&server);
    let before = deliver_two(&server);
    for wamid in ["wamid.1", "wamid.2"] {
        deliver_text(&server, ANA, wamid);
        deliver_text(&server, BEN, &format!("{wamid}.ben"));
    }
    let (_, told) = history(&mut client, "joinWhatsAppCustomer", &[json!(ANA)], &before);
    assert_eq!(told.iter().map(Event::wamid).collect::<Vec<_>>(), ["wamid.1", "wamid.2"]);
    let head = Journal::of(&server).last().to_owned();
    let (_, told) = history(&mut client, "joinWhatsAppCustomer", &[json!(ANA)], &head);
    assert_eq!(told, [], "nothing is after the head");
}

#[test]
fn a_since_that_is_no_offset_is_refused() {
    let server = TestServer::start();
    deliver_text(&server, ANA, "wamid.1");
    for since in [json!("yesterday"), json!(5), json!("AAAAAAAA.1"), json!("")] {
        let options = ClientOptions::new(&server).auth("since", since.clone());
        let error = options.auth("rooms", vec![GENERAL]).start().refused();
        assert_eq!(error["data"]["code"], "invalid_payload", "{since}: {error}");
        let mut client = StockClient::connect(&server);
        let ack = client.call("joinWhatsAppGeneral", &[json!({ "since": since })]);
        assert_eq!(ack["error"]["code"], "invalid_payload", "{since}: {ack}");
        let ack = client.call("joinWhatsAppCustomer", &[json!(ANA), json!({ "since": since })]);
        assert_eq!(ack["error"]["code"], "invalid_payload", "{since}: {ack}");
    }
}
