//! Every recorded webhook, good and bad: answered, stored and shown as its index says.

use std::time::Duration;

use waypost_testkit::{Answer, Request, ServerOptions, TestServer};
use waypost_tests::{
    DeadLetters, Event, Fixtures, GoodFixture, StockClient, Stored, deliver_text, whole_log,
};

/// The most that Meta sends, and that is taken.
const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Whose messages mark the end of what a body showed.
const MARKER: &str = "15559990000";

fn start(fixtures: &Fixtures) -> TestServer {
    // Two secrets: that of the recorded signatures, and that with which the tests sign their own.
    let options = ServerOptions::new();
    let secrets = format!("{},{}", options.secrets().app_secret, fixtures.app_secret);
    options.env("WAYPOST_APP_SECRET", secrets).start()
}

fn post(server: &TestServer, body: &[u8], signature: &str) -> Answer {
    let request = Request::post("/whatsapp/webhook", "application/json", body)
        .header("X-Hub-Signature-256", signature)
        // A body of no bytes has a length, too.
        .header("Content-Length", &body.len().to_string());
    server.send(&request).expect("the server answers")
}

/// What was shown since the last marker, without the new one.
fn shown_since(server: &TestServer, client: &mut StockClient, marker: &str) -> Vec<Event> {
    deliver_text(server, MARKER, marker);
    let mut shown = client.journal_to(marker);
    shown.pop();
    shown
}

fn count(shown: &[Event], name: &str) -> usize {
    shown.iter().filter(|event| event.name == name).count()
}

/// What is stored, without markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    messages: usize,
    statuses: usize,
    fields: usize,
    dead: DeadLetters,
}

impl Tally {
    fn of(stored: &Stored) -> Self {
        Self {
            messages: stored.messages(),
            statuses: stored.statuses(),
            fields: stored.fields(),
            dead: stored.dead_letters(),
        }
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            messages: self.messages - earlier.messages,
            statuses: self.statuses - earlier.statuses,
            fields: self.fields - earlier.fields,
            dead: self.dead - earlier.dead,
        }
    }
}

#[track_caller]
fn assert_healthy(server: &mut TestServer) {
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.send(&Request::get(path)).expect("it lives").status, 200, "{path}");
    }
    assert_eq!(server.terminate(Duration::from_secs(10)).code(), Some(0));
    let log = whole_log(server);
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
}

#[test]
fn every_good_body_is_stored_and_shown_once() {
    let fixtures = Fixtures::read();
    let mut server = start(&fixtures);
    let mut client = StockClient::in_general(&server);
    let stored = Stored::by(&server);
    for fixture in &fixtures.good {
        let before = Tally::of(&stored);
        let answer = post(&server, &fixture.body, &fixture.signature);
        assert_eq!(answer.status, 200, "{}: {}", fixture.name, answer.text());
        let tally = Tally::of(&stored).since(before);
        assert_eq!(tally.messages, fixture.messages, "{}: messages stored", fixture.name);
        assert_eq!(tally.statuses, fixture.statuses, "{}: statuses stored", fixture.name);
        assert_eq!(tally.dead, DeadLetters::default(), "{}: dead letters", fixture.name);

        let shown = shown_since(&server, &mut client, &format!("wamid.MARKER.{}", fixture.name));
        assert_eq!(count(&shown, "whatsappMessage"), fixture.shown, "{}: shown", fixture.name);
        for field in &fixture.fields {
            let is_shown = shown.iter().any(|event| event.text("field") == field);
            assert!(is_shown, "{}: no whatsappEvent of {field}", fixture.name);
        }
        for message in shown.iter().filter(|event| event.name == "whatsappMessage") {
            for member in ["whatsappNumber", "whatsappMessageId", "messageType", "timestamp", "offset"] {
                assert!(!message.text(member).is_empty(), "{}: {member} of {message:?}", fixture.name);
            }
        }
    }
    let before = Tally::of(&stored);
    // Each press of the dashboard's "Test" is told.
    let is_test = |fixture: &&GoodFixture| fixture.fields == ["waypost_test"];
    for fixture in fixtures.good.iter().filter(|fixture| !is_test(fixture)) {
        let answer = post(&server, &fixture.body, &fixture.signature);
        assert_eq!(answer.status, 200, "{} again", fixture.name);
    }
    assert_eq!(Tally::of(&stored), before, "redelivery stores nothing");
    assert_eq!(shown_since(&server, &mut client, "wamid.MARKER.END"), [], "redelivery shows nothing");
    assert_healthy(&mut server);
}

/// Many of the bad bodies have the same `wamid`, so that each gets a server of its own.
#[test]
fn every_bad_body_leaves_what_its_index_says() {
    let fixtures = Fixtures::read();
    for fixture in &fixtures.bad {
        let server = start(&fixtures);
        let answer = post(&server, &fixture.body, &fixture.signature);
        assert_eq!(answer.status, 200, "{}: {}", fixture.name, answer.text());
        let stored = Stored::by(&server);
        let expected = Tally {
            messages: fixture.messages,
            statuses: fixture.statuses,
            fields: fixture.fields,
            dead: fixture.dead,
        };
        assert_eq!(Tally::of(&stored), expected, "{}", fixture.name);
        assert_eq!(stored.shown_wamids().len(), fixture.messages, "{}: shown", fixture.name);
    }
}

#[test]
fn no_bad_body_harms_who_comes_after_it() {
    let fixtures = Fixtures::read();
    let mut server = start(&fixtures);
    let mut client = StockClient::in_general(&server);
    for round in ["first", "second"] {
        for fixture in &fixtures.bad {
            let answer = post(&server, &fixture.body, &fixture.signature);
            assert_eq!(answer.status, 200, "{}: {}", fixture.name, answer.text());
            shown_since(&server, &mut client, &format!("wamid.MARKER.{round}.{}", fixture.name));
        }
    }
    assert_healthy(&mut server);
}

#[test]
fn the_largest_body_is_taken_and_a_larger_one_is_not() {
    let mut server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    let padded = |wamid: &str, length: usize| {
        let mut body = waypost_tests::echo("15550002001", wamid, "padded");
        body.resize(length, b' ');
        body
    };
    let large = server.deliver_bytes(&padded("wamid.LARGE", BODY_BYTES_MAX)).expect("an answer");
    assert_eq!(large.status, 200, "{}", large.text());
    let larger = server.deliver_bytes(&padded("wamid.LARGER", BODY_BYTES_MAX + 1)).expect("an answer");
    assert_eq!((larger.status, larger.json()["code"].as_str()), (413, Some("body_too_large")));
    deliver_text(&server, MARKER, "wamid.END");
    let shown = client.journal_to("wamid.END");
    assert_eq!(shown.iter().map(Event::wamid).collect::<Vec<_>>(), ["wamid.LARGE", "wamid.END"]);
    assert_healthy(&mut server);
}
