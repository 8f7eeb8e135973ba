//! Replies go out through the Graph API, once each, and whatever becomes of the call is told.

use std::thread;

use serde_json::{Value, json};
use waypost_testkit::{Answer, InboundText, NUMBER_ID, Request, ServerOptions, TestServer, Webhook};
use waypost_tests::{Event, Graph, GraphCall, StockClient, Stored, deliver, deliver_text, echo, status_of};

const ANA: &str = "15550002001";

fn options(graph: &Graph) -> ServerOptions {
    TestServer::options().env("WAYPOST_GRAPH_URL", graph.url())
}

fn request(server: &TestServer, route: &str, body: &Value) -> Request {
    Request::post_json(route, body).bearer(&server.secrets().api_key)
}

fn text_to(to: &str, key: &str) -> Value {
    json!({ "to": to, "type": "text", "text": { "body": "hello" }, "idempotencyKey": key })
}

/// Sends, and meanwhile does what the Graph API is to do.
#[track_caller]
fn send_while(
    server: &TestServer,
    (route, body): (&str, &Value),
    graph: &Graph,
    answer: impl FnOnce(GraphCall),
) -> Answer {
    let request = request(server, route, body);
    thread::scope(|scope| {
        let sending = scope.spawn(|| server.send(&request).expect("the server answers"));
        answer(graph.call());
        sending.join().expect("sending does not panic")
    })
}

fn states(client: &mut StockClient, count: usize) -> Vec<String> {
    (0..count).map(|_| client.event("whatsappOutbox").text("state").to_owned()).collect()
}

#[test]
fn a_send_goes_out_is_shown_and_gets_its_ticks() {
    let graph = Graph::start();
    let server = options(&graph).start();
    let mut client = StockClient::in_general(&server);
    let body = text_to("+1 (555) 000-2001", "key-1");
    let answer = send_while(&server, ("/api/messages", &body), &graph, |call| {
        assert_eq!(call.path, format!("/v26.0/{NUMBER_ID}/messages"));
        assert_eq!(call.authorization, format!("Bearer {}", server.secrets().access_token));
        // Without the plus Meta would put our own country code before it.
        assert_eq!(call.body["to"], format!("+{ANA}"));
        assert_eq!(call.body["type"], "text");
        assert_eq!(call.body["text"]["body"], "hello");
        call.accept("wamid.SENT");
    });
    assert_eq!(answer.status, 200, "{}", answer.text());
    let entry = answer.json();
    assert_eq!((&entry["state"], &entry["whatsappMessageId"]), (&json!("accepted"), &json!("wamid.SENT")));
    for status in ["sent", "delivered", "read"] {
        deliver(&server, &status_of("wamid.SENT", status, ANA).to_bytes());
    }
    deliver_text(&server, ANA, "wamid.REPLY");
    let shown = client.journal_to("wamid.REPLY");
    let told: Vec<_> =
        shown.iter().map(|event| (event.name.as_str(), event.text("state"), event.text("status"))).collect();
    assert_eq!(
        told,
        [
            ("whatsappOutbox", "sending", ""),
            ("whatsappMessage", "", "accepted"),
            ("whatsappOutbox", "accepted", ""),
            ("whatsappMessageStatus", "", "sent"),
            ("whatsappMessageStatus", "", "delivered"),
            ("whatsappMessageStatus", "", "read"),
            ("whatsappMessage", "", "delivered"),
        ]
    );
    let (outbox, message) = (&shown[0], &shown[1]);
    assert_eq!(outbox.text("id"), entry["id"].as_str().expect("an id"));
    for (member, expected) in [
        ("senderType", "agent"),
        ("direction", "outbound"),
        ("source", "api"),
        ("content", "hello"),
        ("whatsappNumber", ANA),
        ("whatsappMessageId", "wamid.SENT"),
        ("conversationId", outbox.text("conversationId")),
        ("customerId", outbox.text("customerId")),
    ] {
        assert_eq!(message.text(member), expected, "{member}");
    }
    assert_eq!(shown[6].text("conversationId"), message.text("conversationId"), "the reply is in the same");
}

#[test]
fn the_older_route_sends_from_the_number_that_the_customer_wrote_to() {
    let graph = Graph::start();
    let server = options(&graph).start();
    let written = InboundText::new(ANA, "wamid.IN", "hi");
    deliver(&server, &Webhook::for_number("100000000000102").text(&written).to_bytes());
    let body = json!({ "to": ANA, "message": "hello" });
    let answer = send_while(&server, ("/whatsapp/send-message", &body), &graph, |call| {
        assert_eq!(call.path, "/v26.0/100000000000102/messages");
        call.accept("wamid.SENT");
    });
    let json = answer.json();
    assert_eq!((answer.status, &json["success"]), (200, &json!(true)));
    assert_eq!(json["data"]["whatsappMessageId"], "wamid.SENT");
    assert!(json["data"]["id"].is_string());
}

#[test]
fn every_call_of_the_older_route_is_a_send_of_its_own() {
    let graph = Graph::start();
    let server = options(&graph).start();
    let body = json!({ "to": ANA, "message": "hello" });
    for wamid in ["wamid.1", "wamid.2"] {
        let sent = send_while(&server, ("/whatsapp/send-message", &body), &graph, |call| call.accept(wamid));
        assert_eq!(sent.json()["data"]["whatsappMessageId"], wamid);
    }
}

#[test]
fn a_status_that_is_faster_than_metas_answer_is_kept() {
    let graph = Graph::start();
    let server = options(&graph).start();
    let mut client = StockClient::in_general(&server);
    let body = text_to(ANA, "key-1");
    send_while(&server, ("/api/messages", &body), &graph, |call| {
        deliver(&server, &status_of("wamid.FAST", "delivered", ANA).to_bytes());
        call.accept("wamid.FAST");
    });
    let message = client.event("whatsappMessage");
    assert_eq!(message.wamid(), "wamid.FAST");
    let status = client.event("whatsappMessageStatus");
    assert_eq!((status.wamid(), status.text("status")), ("wamid.FAST", "delivered"));
    assert!(status.offset_number() > message.offset_number(), "first the message, then its status");
}

#[test]
fn an_echo_that_is_faster_than_metas_answer_is_the_same_message() {
    let graph = Graph::start();
    let server = options(&graph).start();
    let mut client = StockClient::in_general(&server);
    let body = text_to(ANA, "key-1");
    let answer = send_while(&server, ("/api/messages", &body), &graph, |call| {
        deliver(&server, &echo(ANA, "wamid.SAME", "hello"));
        call.accept("wamid.SAME");
    });
    assert_eq!(answer.json()["whatsappMessageId"], "wamid.SAME");
    deliver_text(&server, ANA, "wamid.END");
    let shown = client.journal_to("wamid.END");
    let copies =
        shown.iter().filter(|event| event.name == "whatsappMessage" && event.wamid() == "wamid.SAME");
    assert_eq!(copies.count(), 1, "{shown:?}");
}

#[test]
fn the_same_key_is_the_same_send() {
    let graph = Graph::start();
    let server = options(&graph).start();
    let mut client = StockClient::in_general(&server);
    let body = text_to(ANA, "key-1");
    let first = send_while(&server, ("/api/messages", &body), &graph, |call| {
        // Again while the first is under way: it is told as it stands, and waits for nobody.
        let second = server.send(&request(&server, "/api/messages", &body)).expect("an answer");
        assert_eq!(second.json()["state"], "sending");
        call.accept("wamid.ONCE");
    });
    let other = text_to("15550002009", "key-1");
    for again in [&body, &other] {
        let again = server.send(&request(&server, "/api/messages", again)).expect("an answer");
        assert_eq!(again.json(), first.json());
    }
    graph.assert_not_called();
    deliver_text(&server, ANA, "wamid.END");
    let shown = client.journal_to("wamid.END");
    assert_eq!(shown.iter().map(Event::wamid).filter(|wamid| *wamid == "wamid.ONCE").count(), 2, "{shown:?}");
}

#[test]
fn a_call_without_an_answer_is_unknown_and_not_repeated() {
    let graph = Graph::start();
    let server = options(&graph).env("WAYPOST_WHATSAPP_GRAPH_TIMEOUT_SECONDS", "1").start();
    let mut client = StockClient::in_general(&server);
    let body = text_to(ANA, "key-1");
    let request = request(&server, "/api/messages", &body);
    let answer = server.send(&request).expect("an answer");
    let hanging = graph.call();
    let entry = answer.json();
    assert_eq!((answer.status, &entry["state"]), (200, &json!("unknown")));
    assert!(entry["error"]["code"].as_i64().expect("a code") < 0, "Meta did not say it: {entry}");
    assert_eq!(states(&mut client, 2), ["sending", "unknown"]);
    assert_eq!(server.send(&request).expect("an answer").json(), entry, "the same key returns it");
    drop(hanging);
    graph.assert_not_called();
}

#[test]
fn a_connection_that_breaks_is_unknown_too() {
    let graph = Graph::start();
    let server = options(&graph).start();
    let body = text_to(ANA, "key-1");
    let answer = send_while(&server, ("/api/messages", &body), &graph, drop);
    assert_eq!(answer.json()["state"], "unknown");
    graph.assert_not_called();
}

#[test]
fn what_meta_refuses_has_failed_with_metas_code() {
    let graph = Graph::start();
    let server = options(&graph).start();
    let mut client = StockClient::in_general(&server);
    let body = text_to(ANA, "key-1");
    let answer = send_while(&server, ("/api/messages", &body), &graph, |call| {
        call.refuse(131_047, "Re-engagement message");
    });
    let entry = answer.json();
    assert_eq!((&entry["state"], &entry["error"]["code"]), (&json!("failed"), &json!(131_047)));
    assert_eq!(client.event("whatsappOutbox").text("state"), "sending");
    let failed = client.event("whatsappOutbox");
    assert_eq!((failed.text("state"), &failed.body()["error"]["code"]), ("failed", &json!(131_047)));
    let older = json!({ "to": ANA, "message": "hello" });
    let answer = send_while(&server, ("/whatsapp/send-message", &older), &graph, |call| {
        call.refuse(131_026, "Message undeliverable");
    });
    assert_eq!(answer.json()["success"], false);
}

#[test]
fn a_graph_api_that_is_not_there_has_failed() {
    let server = TestServer::start();
    let answer = server.send(&request(&server, "/api/messages", &text_to(ANA, "key-1"))).expect("an answer");
    assert_eq!(answer.json()["state"], "failed", "the call certainly did not arrive");
}

#[test]
fn a_send_under_way_at_kill_9_is_unknown_after_the_restart() {
    let graph = Graph::start();
    let mut server = options(&graph).start();
    let request = request(&server, "/api/messages", &text_to(ANA, "key-1"));
    let call = thread::scope(|scope| {
        let address = server.address();
        let sending = scope.spawn({
            let request = request.clone();
            move || request.send(address)
        });
        let call = graph.call();
        server.kill9();
        assert!(sending.join().expect("sending does not panic").is_err(), "nobody is there to answer");
        call
    });
    call.accept("wamid.NOBODY-HEARD");
    server.restart();
    let entry = server.send(&request).expect("an answer").json();
    assert_eq!(entry["state"], "unknown");
    graph.assert_not_called();
    server.terminate(waypost_tests::DEADLINE);
    assert_eq!(Stored::by(&server).outbox(), ["unknown"]);
}

#[test]
fn sigterm_waits_for_a_send_under_way() {
    let graph = Graph::start();
    let mut server = options(&graph).start();
    let request = request(&server, "/api/messages", &text_to(ANA, "key-1"));
    let address = server.address();
    let sending = thread::spawn(move || request.send(address));
    let call = graph.call();
    server.begin_terminate();
    waypost_testkit::eventually(waypost_tests::DEADLINE, "end of listening", || {
        std::net::TcpStream::connect(address).is_err().then_some(())
    });
    call.accept("wamid.SENT");
    let answer = sending.join().expect("sending does not panic").expect("it is answered");
    assert_eq!(answer.json()["state"], "accepted");
    assert_eq!(server.terminate(waypost_tests::DEADLINE).code(), Some(0));
    assert_eq!(Stored::by(&server).outbox(), ["accepted"]);
}
