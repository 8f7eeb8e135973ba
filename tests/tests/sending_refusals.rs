//! Sends that are not taken: told why, with a stable code, and nobody is called.

use serde_json::{Value, json};
use waypost_testkit::{Answer, Request, TestServer};
use waypost_tests::{Graph, Stored, logged};

const ANA: &str = "15550002001";

fn send(server: &TestServer, request: Request) -> Answer {
    server.send(&request.bearer(&server.secrets().api_key)).expect("the server answers")
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("urn:waypost:error:{code}"));
    assert!(problem["title"].is_string());
}

#[test]
fn a_send_that_cannot_be_understood_is_refused_and_calls_nobody() {
    let graph = Graph::start();
    let mut server = TestServer::options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    let text = json!({ "body": "hello" });
    let key = "k".repeat(256);
    let long = "x".repeat(4_097);
    let cases: [(Value, u16, &str); 14] = [
        (json!({}), 400, "invalid_request"),
        (json!([]), 400, "invalid_request"),
        (json!({ "to": ANA, "type": "text", "text": text }), 400, "invalid_request"),
        (json!({ "to": ANA, "type": "text", "text": text, "idempotencyKey": "" }), 400, "invalid_request"),
        (json!({ "to": ANA, "type": "text", "text": text, "idempotencyKey": key }), 400, "invalid_request"),
        (json!({ "type": "text", "text": text, "idempotencyKey": "k" }), 400, "invalid_request"),
        (
            json!({ "to": ANA, "customerId": "cus_1", "type": "text", "text": text, "idempotencyKey": "k" }),
            400,
            "invalid_request",
        ),
        (
            json!({ "customerId": "nobody", "type": "text", "text": text, "idempotencyKey": "k" }),
            400,
            "invalid_request",
        ),
        (json!({ "to": ANA, "type": "image", "idempotencyKey": "k" }), 400, "invalid_request"),
        (json!({ "to": ANA, "type": "text", "idempotencyKey": "k" }), 400, "invalid_request"),
        (
            json!({ "to": ANA, "type": "text", "text": { "body": "" }, "idempotencyKey": "k" }),
            400,
            "invalid_request",
        ),
        (
            json!({ "to": ANA, "type": "text", "text": { "body": long }, "idempotencyKey": "k" }),
            400,
            "invalid_request",
        ),
        (
            json!({ "to": "customer123", "type": "text", "text": text, "idempotencyKey": "k" }),
            404,
            "unknown_customer",
        ),
        (
            json!({ "customerId": "cus_01ARZ3NDEKTSV4RRFFQ69G5FAV", "type": "text", "text": text, "idempotencyKey": "k" }),
            404,
            "unknown_customer",
        ),
    ];
    for (body, status, code) in &cases {
        assert_problem(&send(&server, Request::post_json("/api/messages", body)), *status, code);
    }
    for body in [json!({ "to": ANA }), json!({ "message": "hello" }), json!({ "to": "", "message": "hello" })]
    {
        let answer = send(&server, Request::post_json("/whatsapp/send-message", &body));
        assert!([400, 404].contains(&answer.status), "{body}: {}", answer.text());
    }
    graph.assert_not_called();
    server.terminate(waypost_tests::DEADLINE);
    assert!(Stored::by(&server).outbox().is_empty());
}

#[test]
fn only_json_is_taken_and_not_too_much_of_it() {
    let server = TestServer::start();
    for route in ["/api/messages", "/whatsapp/send-message"] {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"] {
            let answer = send(&server, Request::post(route, content_type, "{}"));
            assert_problem(&answer, 415, "unsupported_media_type");
        }
        let large = format!("{{\"to\":\"{}\"}}", "1".repeat(65_536));
        assert_problem(
            &send(&server, Request::post(route, "application/json", large)),
            413,
            "body_too_large",
        );
        let broken = send(&server, Request::post(route, "application/json", "{\"to\":"));
        assert_problem(&broken, 400, "invalid_request");
        assert_problem(&send(&server, Request::get(route)), 405, "method_not_allowed");
    }
    assert_problem(&send(&server, Request::get("/api/nowhere")), 404, "not_found");
}

#[test]
fn without_a_token_or_a_number_the_settings_are_named() {
    let body = json!({ "to": ANA, "type": "text", "text": { "body": "hello" }, "idempotencyKey": "k" });
    for missing in ["WAYPOST_ACCESS_TOKEN", "WAYPOST_PHONE_NUMBER_ID"] {
        let server = TestServer::options().without(missing).start();
        let answer = send(&server, Request::post_json("/api/messages", &body));
        assert_problem(&answer, 409, "sending_not_configured");
        assert!(answer.text().contains(missing), "{}", answer.text());
        logged(&server, missing);
    }
}

/// A number that nobody knows became "the one last used", and took later sends along.
#[test]
fn a_number_that_is_not_ours_is_refused() {
    let graph = Graph::start();
    let server = TestServer::options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    for number in ["1", "nope", "../../me"] {
        let body = json!({
            "to": ANA, "type": "text", "text": { "body": "hello" }, "idempotencyKey": "k", "phoneNumberId": number
        });
        assert_problem(&send(&server, Request::post_json("/api/messages", &body)), 400, "invalid_request");
    }
    graph.assert_not_called();
}

/// serde_json's own words show the value that is wrong, and it reads a struct from an array too.
#[test]
fn a_refusal_says_where_and_not_what() {
    let graph = Graph::start();
    let server = TestServer::options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    let nested = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    for (body, place) in [
        (json!({ "to": 15_550_100_777_u64, "type": "text", "text": { "body": "hello" }, "idempotencyKey": "k" }).to_string(), "to: "),
        (json!({ "to": ANA, "type": "text", "text": "SECRET WORDS", "idempotencyKey": "k" }).to_string(), "text: "),
        (json!({ "to": ANA, "type": "text", "text": { "body": 4 }, "idempotencyKey": "k" }).to_string(), "text.body: "),
        (json!([ANA, null, null, "text", { "body": "SECRET WORDS" }, "k"]).to_string(), "the body "),
        (format!("{{\"to\": \"{ANA}\", \"more\": {nested}}}"), "the body: missing field"),
        (format!("{{\"to\": \"{ANA}\"}} SECRET"), "the body: "),
    ] {
        let answer = send(&server, Request::post("/api/messages", "application/json", body.as_str()));
        assert_problem(&answer, 400, "invalid_request");
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.starts_with(place), "{place}: {detail}");
        for personal in ["SECRET", "15550100777", ANA] {
            assert!(!answer.text().contains(personal), "{}", answer.text());
        }
    }
    graph.assert_not_called();
}
