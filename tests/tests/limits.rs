//! Floods from outside: each is limited with a plain answer, is good again after its time, and costs the others nothing.

use serde_json::{Value, json};
use waypost_testkit::{Answer, Request, ServerOptions, TestServer, eventually};
use waypost_tests::{ClientOptions, DEADLINE, StockClient, Variant, deliver_text, from_page, sign_in};

const ANA: &str = "15550002001";
const BEN: &str = "15550002002";
const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

/// A server with these limits, each given as the rest of its variable's name.
fn limited(limits: &[(&str, &str)]) -> ServerOptions {
    limits.iter().fold(TestServer::options(), |options, (name, value)| {
        options.env(&format!("WAYPOST_LIMITS_{name}"), value)
    })
}

fn send(server: &TestServer, request: &Request) -> Answer {
    server.send(request).expect("the server answers")
}

/// How often a limit has refused something.
fn refusals(server: &TestServer, limit: &str) -> u64 {
    metric(server, &format!("waypost_limited_total{{limit=\"{limit}\"}}"))
}

fn metric(server: &TestServer, name: &str) -> u64 {
    let answer = send(server, &Request::get("/metrics").bearer(&server.secrets().api_key));
    let text = answer.text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[track_caller]
fn assert_told_to_wait(refused: &Value, event: &str) {
    assert_eq!(refused["code"], "rate_limited", "{refused}");
    assert_eq!((&refused["event"], &refused["retryAfter"]), (&json!(event), &json!(1)), "{refused}");
}

/// Asks until it is refused; the refusal. What came before was good.
#[track_caller]
fn call_until_refused(client: &mut StockClient, event: &str, args: &[Value]) -> (usize, Value) {
    (0..100)
        .find_map(|good| {
            let ack = client.call(event, args);
            (ack["ok"] == false).then(|| (good, ack["error"].clone()))
        })
        .expect("it is refused some time")
}

#[test]
fn a_flood_of_joins_is_told_to_wait_and_others_see_everything_meanwhile() {
    let server = limited(&[("JOINS_PER_CONNECTION_PER_SECOND", "1")]).start();
    let mut quiet = StockClient::in_general(&server);
    let mut flooding = StockClient::connect(&server);

    let (good, refused) = call_until_refused(&mut flooding, "joinWhatsAppCustomer", &[json!(ANA)]);
    assert!((10..=12).contains(&good), "ten at once, and what time gave back: {good}");
    assert_told_to_wait(&refused, "joinWhatsAppCustomer");
    flooding.emit("joinMonitor", &[]);
    let told = flooding.event("exception");
    assert_told_to_wait(&told.args[0], "joinMonitor");
    flooding.call_well("leaveWhatsAppCustomer", &[json!(ANA)]);

    deliver_text(&server, ANA, "wamid.1");
    quiet.journal_to("wamid.1");
    quiet.call_well("joinWhatsAppCustomer", &[json!(ANA)]);
    assert!(refusals(&server, "joins_per_connection_per_second") >= 2);
    assert_eq!(refusals(&server, "events_per_connection_per_second"), 0);

    eventually(DEADLINE, "a join that is good again", || {
        (flooding.call("joinWhatsAppGeneral", &[])["ok"] == true).then_some(())
    });
    deliver_text(&server, ANA, "wamid.2");
    flooding.journal_to("wamid.2");
}

#[test]
fn a_flood_of_events_is_told_to_wait_then_sent_away_and_comes_back() {
    let server = limited(&[("EVENTS_PER_CONNECTION_PER_SECOND", "1")]).start();
    for variant in Variant::TRANSPORTS {
        let floods = metric(&server, "waypost_floods_closed_total");
        let mut quiet = StockClient::in_general(&server);
        let mut flooding = ClientOptions::new(&server).variant(variant).connect();
        for _ in 0..30 {
            flooding.emit("nothing", &[]);
        }
        let mut told = Vec::new();
        while told.last().is_none_or(|code| code != "rate_limited") {
            told.push(flooding.event("exception").text("code").to_owned());
        }
        assert!(told.len() > 9 && told[..9].iter().all(|code| code == "unknown_event"), "{told:?}");
        // Some 200 more are too many. What the client cannot send any more it sends when it is back, and that is not.
        for _ in 0..300 {
            flooding.emit("nothing", &[]);
        }
        let wamid = format!("wamid.{variant:?}");
        deliver_text(&server, ANA, &wamid);
        quiet.journal_to(&wamid);

        flooding.disconnected();
        flooding.came_back();
        eventually(DEADLINE, "a join that is good", || {
            (flooding.call("joinWhatsAppGeneral", &[])["ok"] == true).then_some(())
        });
        assert_eq!(metric(&server, "waypost_floods_closed_total"), floods + 1, "{variant:?}");
    }
    assert!(refusals(&server, "events_per_connection_per_second") >= 3 * 200);
}

#[test]
fn to_leave_and_come_back_over_one_transport_gives_nobody_more() {
    let server = limited(&[("EVENTS_PER_CONNECTION_PER_SECOND", "1")]).start();
    let mut first = ClientOptions::new(&server).variant(Variant::WebSocketOnly).connect();
    let mut beside = ClientOptions::new(&server).namespace("/websocket").start_beside(&first);
    beside.connected();
    for _ in 0..30 {
        beside.disconnect();
        beside.connect_again();
        beside.came_back();
    }
    // The transport that they share was closed for it.
    first.disconnected();
    first.came_back();
}

#[test]
fn a_flood_of_requests_is_answered_429_and_others_are_served() {
    let server = limited(&[("REQUESTS_PER_PRINCIPAL_PER_SECOND", "1")]).start();
    let key = server.secrets().api_key.clone();
    let request = Request::get("/api/openapi.json").bearer(&key);
    let (good, refused) = flood(&server, &request, 200);
    assert!((10..=12).contains(&good), "{good}");
    assert_told_429(&refused);

    // Whoever has no credential is its address, which has not done anything yet.
    let stranger = Request::get("/api/openapi.json").bearer("wrong");
    let (good, refused) = flood(&server, &stranger, 401);
    assert!((10..=12).contains(&good), "{good}");
    assert_told_429(&refused);
    let link = from_page(Request::post_json("/api/login/link", &json!({ "token": "wrong" })));
    assert_told_429(&flood(&server, &link, 410).1);

    deliver_text(&server, ANA, "wamid.1");
    for open in ["/healthz", "/readyz"] {
        assert_eq!(send(&server, &Request::get(open)).status, 200, "{open}");
    }
    let mut quiet = StockClient::in_general(&server);
    deliver_text(&server, ANA, "wamid.2");
    quiet.journal_to("wamid.2");

    eventually(DEADLINE, "a good answer", || (send(&server, &request).status == 200).then_some(()));
    let refusals = eventually(DEADLINE, "metrics", || {
        let answer = send(&server, &Request::get("/metrics").bearer(&key));
        (answer.status == 200).then(|| answer.text())
    });
    assert!(refusals.contains("waypost_limited_total{limit=\"requests_per_principal_per_second\"} "));
}

/// Sends until the answer is another than `usual`; how often it was that, and the other answer.
fn flood(server: &TestServer, request: &Request, usual: u16) -> (usize, Answer) {
    let mut answers = (0..100).map(|good| (good, send(server, request)));
    answers.find(|(_, answer)| answer.status != usual).expect("it is refused some time")
}

#[track_caller]
fn assert_told_429(refused: &Answer) {
    assert_eq!(refused.status, 429, "{}", refused.text());
    let problem = refused.json();
    assert_eq!((&problem["code"], &problem["retryAfter"]), (&json!("rate_limited"), &json!(1)), "{problem}");
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[test]
fn a_flood_of_connections_is_answered_503_for_its_address_alone() {
    let server = limited(&[("HANDSHAKES_PER_ADDRESS_PER_SECOND", "1")])
        .env("WAYPOST_TRUSTED_PROXIES", "127.0.0.1")
        .start();
    let from = |address: &str| Request::get(HANDSHAKE).header("X-Forwarded-For", address);
    let (good, refused) = flood(&server, &from("192.0.2.1"), 200);
    assert!((10..=12).contains(&good), "{good}");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    let problem = refused.json();
    assert_eq!((&problem["code"], &problem["retryAfter"]), (&json!("unavailable"), &json!(1)), "{problem}");

    assert_eq!(send(&server, &from("192.0.2.2")).status, 200);
    let mut quiet = StockClient::in_general(&server);
    deliver_text(&server, ANA, "wamid.1");
    quiet.journal_to("wamid.1");
    assert!(refusals(&server, "handshakes_per_address_per_second") >= 1);
    eventually(DEADLINE, "an open door", || (send(&server, &from("192.0.2.1")).status == 200).then_some(()));
}

/// A stock client that is refused at the handshake comes back by itself.
#[test]
fn a_stock_client_waits_for_its_turn_by_itself() {
    let server = limited(&[("HANDSHAKES_PER_ADDRESS_PER_SECOND", "1")]).start();
    flood(&server, &Request::get(HANDSHAKE), 200);
    for variant in Variant::TRANSPORTS {
        let mut late = ClientOptions::new(&server).variant(variant).start();
        late.came_back();
    }
}

#[test]
fn what_is_held_at_once_is_counted_by_its_limit() {
    let server = limited(&[
        ("ROOMS_PER_CONNECTION_MAX", "2"),
        ("UNBOUND_ROOMS_PER_CONNECTION_MAX", "1"),
        ("UNCONNECTED_PER_ADDRESS_MAX", "2"),
        ("LOGIN_FAILURES_PER_ACCOUNT_MAX", "1"),
    ])
    .start();
    let mut client = StockClient::connect(&server);
    client.join_customer(ANA);
    assert_eq!(client.call("joinWhatsAppCustomer", &[json!(BEN)])["error"]["code"], "too_many_rooms");
    assert_eq!(refusals(&server, "unbound_rooms_per_connection_max"), 1);
    deliver_text(&server, ANA, "wamid.1");
    client.journal_to("wamid.1");
    client.join_general();
    assert_eq!(client.call("joinWhatsAppCustomer", &[json!(BEN)])["error"]["code"], "too_many_rooms");
    assert_eq!(refusals(&server, "rooms_per_connection_max"), 1);
    assert_eq!(flood(&server, &Request::get(HANDSHAKE), 200).1.status, 503);
    assert_eq!(refusals(&server, "unconnected_per_address_max"), 1);
    let wrong = json!({ "login": "ann", "password": "wrong" });
    assert_eq!(sign_in(&server, &wrong).status, 401);
    assert_eq!(sign_in(&server, &wrong).json()["retryAfter"], 30);
    assert_eq!(refusals(&server, "login_failures_per_account_max"), 1);
}

#[test]
fn without_limits_nobody_is_refused() {
    let names = [
        "EVENTS_PER_CONNECTION_PER_SECOND",
        "JOINS_PER_CONNECTION_PER_SECOND",
        "REQUESTS_PER_PRINCIPAL_PER_SECOND",
        "HANDSHAKES_PER_ADDRESS_PER_SECOND",
        "UNCONNECTED_PER_ADDRESS_MAX",
        "UNBOUND_ROOMS_PER_CONNECTION_MAX",
    ];
    let server = limited(&names.map(|name| (name, "off"))).start();
    let mut client = StockClient::connect(&server);
    for number in 0..300 {
        client.emit("joinWhatsAppCustomer", &[json!(format!("customer{number}"))]);
    }
    client.join_general();
    assert!(client.events_so_far().iter().all(|event| event.name != "exception"));
}
