//! The webhook's door: Meta's handshake, signatures, sizes and times, from outside.

use waypost_testkit::{Answer, InboundText, Request, ServerOptions, TestServer, Webhook, eventually, sign};
use waypost_tests::{DEADLINE, RawRequest, StockClient, Stored, deliver, logged, post_webhook, whole_log};

const ROUTE: &str = "/whatsapp/webhook";

fn text(wamid: &str) -> Vec<u8> {
    Webhook::new().text(&InboundText::new("15550002001", wamid, "hello")).to_bytes()
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["code"], code);
}

fn verification(server: &TestServer, query: &str) -> Answer {
    server.send(&Request::get(&format!("{ROUTE}?{query}"))).expect("an answer")
}

#[test]
fn meta_gets_its_challenge_and_nothing_else() {
    let server = TestServer::start();
    let token = &server.secrets().verify_token;
    for (sent, challenge) in [("1158201444", "1158201444"), ("%3Cb%3Ea%26b%3C%2Fb%3E", "<b>a&b</b>")] {
        let query = format!("hub.mode=subscribe&hub.challenge={sent}&hub.verify_token={token}");
        let answer = verification(&server, &query);
        assert_eq!((answer.status, answer.text().as_str()), (200, challenge));
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn a_wrong_verification_is_refused() {
    let server = TestServer::start();
    let token = &server.secrets().verify_token;
    for query in [
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong".to_owned(),
        "hub.mode=subscribe&hub.challenge=1".to_owned(),
        format!("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token={token}"),
        format!("hub.challenge=1&hub.verify_token={token}"),
        String::new(),
    ] {
        assert_problem(&verification(&server, &query), 403, "verification_failed");
    }
    for query in [
        format!("hub.mode=subscribe&hub.verify_token={token}"),
        format!("hub.mode=subscribe&hub.challenge=&hub.verify_token={token}"),
    ] {
        assert_problem(&verification(&server, &query), 400, "invalid_request");
    }
    let server = TestServer::options().without("WAYPOST_VERIFY_TOKEN").start();
    let query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=";
    assert_problem(&verification(&server, query), 503, "not_set_up");
}

#[test]
fn what_is_not_rightly_signed_is_refused_and_not_stored() {
    let server = TestServer::start();
    let body = text("wamid.1");
    let right = sign(&server.secrets().app_secret, &body);
    let digits = right.strip_prefix("sha256=").expect("a signature").to_owned();
    let request = || Request::post(ROUTE, "application/json", body.clone());
    let mut refused = vec![request()];
    for signature in [
        String::new(),
        "sha256=".to_owned(),
        digits.clone(),
        format!("sha1={digits}"),
        format!("sha256={}", &digits[1..]),
        format!("sha256={digits}0"),
        format!("sha256={}", "g".repeat(64)),
        sign("another secret", &body),
        sign(&server.secrets().app_secret, &text("wamid.2")),
    ] {
        refused.push(request().header("X-Hub-Signature-256", &signature));
    }
    for request in refused {
        assert_problem(&server.send(&request).expect("an answer"), 401, "invalid_signature");
    }
    assert_eq!(Stored::by(&server).messages(), 0);
    assert_eq!(server.send(&request().header("X-Hub-Signature-256", &right)).expect("an answer").status, 200);
}

#[test]
fn without_a_signature_no_body_is_awaited() {
    let server = TestServer::start();
    for signature in ["", "X-Hub-Signature-256: sha256=beef\r\n"] {
        let head = format!(
            "POST {ROUTE} HTTP/1.1\r\nHost: {}\r\n{signature}Content-Length: 3000000",
            server.address()
        );
        assert_eq!(RawRequest::begin(server.address(), &head).status(), 401);
    }
}

#[test]
fn both_secrets_are_good_while_one_is_replaced() {
    let server = TestServer::options().env("WAYPOST_APP_SECRET", "new-secret,old-secret").start();
    for (wamid, secret, status) in
        [("wamid.1", "new-secret", 200), ("wamid.2", "old-secret", 200), ("wamid.3", "older-secret", 401)]
    {
        let answer = post_webhook(server.address(), secret, &text(wamid)).expect("an answer");
        assert_eq!(answer.status, status, "{secret}");
    }
}

#[test]
fn a_body_that_is_too_slow_is_not_awaited_for_ever() {
    let server = TestServer::options().env("WAYPOST_LIMITS_WEBHOOK_BODY_TIMEOUT_SECONDS", "1").start();
    let body = text("wamid.SLOW");
    let mut request = RawRequest::begin_webhook(&server, &body);
    request.send(&body[..10]).expect("the server reads");
    assert_eq!(request.status(), 408);
    assert_eq!(Stored::by(&server).messages(), 0);
    // It took nobody else's place.
    deliver(&server, &text("wamid.NEXT"));
}

#[test]
fn a_body_that_is_cut_off_is_nothing() {
    let server = TestServer::start();
    let body = text("wamid.CUT");
    let mut request = RawRequest::begin_webhook(&server, &body);
    request.send(&body[..body.len() - 1]).expect("the server reads");
    drop(request);
    deliver(&server, &text("wamid.NEXT"));
    let stored = Stored::by(&server);
    assert_eq!(stored.wamids().into_keys().collect::<Vec<_>>(), ["wamid.NEXT"]);
    assert_eq!(stored.dead_letters(), waypost_tests::DeadLetters::default());
}

/// Memory for one body, and little patience with those who wait for it.
fn cramped() -> ServerOptions {
    TestServer::options()
        .env("WAYPOST_LIMITS_WEBHOOK_BODIES_IN_MEMORY_MAX", "1")
        .env("WAYPOST_LIMITS_WEBHOOK_ANSWER_TIMEOUT_SECONDS", "1")
}

/// Anybody can write a header of the right shape. Each such request took one of the places for bodies before a byte of
/// its body had come, and 64 of them kept Meta out.
#[test]
fn senders_who_announce_a_body_and_send_none_keep_nobody_out() {
    let server = cramped().start();
    let announced = vec![b'x'; 3_000_000];
    let idle: Vec<_> = (0..8).map(|_| RawRequest::begin_webhook(&server, &announced)).collect();
    deliver(&server, &text("wamid.PROMPT"));
    drop(idle);
}

#[test]
fn many_slow_senders_do_not_keep_the_others_out() {
    let body = text("wamid.SLOW");
    let server = cramped()
        .env("WAYPOST_LIMITS_WEBHOOK_BODY_BYTES_MAX", "1024")
        .env("WAYPOST_LIMITS_WEBHOOK_BODY_TIMEOUT_SECONDS", "1")
        .start();
    let mut slow = RawRequest::begin_webhook(&server, &body);
    slow.send(&body[..body.len() - 1]).expect("the server reads");
    // This one waits for room, gets it when the slow one is given up, or is told to come again: it is stored in the end.
    let next = text("wamid.WAITED");
    eventually(DEADLINE, "room", || {
        (server.deliver_bytes(&next).expect("the server answers").status == 200).then_some(())
    });
    assert_eq!(slow.status(), 408);
}

/// Room is counted by what a body has come to, not by the pieces in which it came.
#[test]
fn a_body_in_many_small_pieces_takes_no_more_room_than_in_one() {
    let server = cramped().env("WAYPOST_LIMITS_WEBHOOK_BODY_BYTES_MAX", "1024").start();
    let body = text("wamid.PIECES");
    let mut request = RawRequest::begin_webhook(&server, &body);
    for piece in body.chunks(7) {
        request.send(piece).expect("the server reads");
    }
    assert_eq!(request.status(), 200);
}

#[test]
fn in_set_up_mode_meta_keeps_its_webhooks_and_the_pages_say_why() {
    let server = TestServer::options().without("WAYPOST_APP_SECRET").start();
    let body = text("wamid.1");
    let answer = server.deliver_bytes(&body).expect("an answer");
    assert_problem(&answer, 503, "not_set_up");
    assert!(answer.header("retry-after").is_some());
    let page = server.send(&Request::get("/whatsapp-websocket-test.html")).expect("an answer");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("data-waypost-mode=\"setup\""), "{}", page.text());
    logged(&server, "set-up mode: WAYPOST_APP_SECRET is not set");
    // The handshake works already, so that both can be set up in one go.
    let token = &server.secrets().verify_token;
    let query = format!("hub.mode=subscribe&hub.challenge=42&hub.verify_token={token}");
    assert_eq!(verification(&server, &query).text(), "42");
    assert_eq!(server.send(&Request::get("/readyz")).expect("an answer").status, 200);
}

#[test]
fn the_second_listener_serves_the_webhook_only() {
    let server = TestServer::options().webhook_listener().start();
    let mut client = StockClient::in_general(&server);
    let secret = &server.secrets().app_secret;
    let there = server.webhook_address();
    assert_eq!(post_webhook(there, secret, &text("wamid.1")).expect("an answer").status, 200);
    client.journal_to("wamid.1");
    let token = &server.secrets().verify_token;
    let query = format!("{ROUTE}?hub.mode=subscribe&hub.challenge=42&hub.verify_token={token}");
    // A tunnel hands on its own name.
    let handshake = Request::get(&query).header("Host", "tunnel.example").send(there).expect("an answer");
    assert_eq!(handshake.text(), "42");
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/openapi.json",
        "/whatsapp-websocket-test.html",
        "/socket.io/socket.io.js",
        "/socket.io/?EIO=4&transport=polling",
    ] {
        let request = Request::get(path).bearer(&server.secrets().api_key);
        assert_problem(&request.send(there).expect("an answer"), 404, "not_found");
    }
}

#[test]
fn an_app_has_a_path_of_its_own() {
    let server = TestServer::start();
    let post = |path: &str, wamid: &str| {
        let body = text(wamid);
        let signature = sign(&server.secrets().app_secret, &body);
        let request = Request::post(path, "application/json", body);
        server.send(&request.header("X-Hub-Signature-256", &signature)).expect("an answer")
    };
    assert_eq!(post("/whatsapp/webhook/default", "wamid.1").status, 200);
    assert_problem(&post("/whatsapp/webhook/other", "wamid.2"), 404, "not_found");
    let put = server.send(&Request::new("PUT", ROUTE)).expect("an answer");
    assert_problem(&put, 405, "method_not_allowed");
}

#[test]
fn the_log_has_nothing_personal_and_no_secret() {
    let mut server = TestServer::options().env("WAYPOST_LOG", "trace,tokio_postgres::query=trace").start();
    let mut client = StockClient::in_general(&server);
    client.join_customer("15550002077");
    let message = InboundText {
        name: "Ana Unmistakable".into(),
        ..InboundText::new("15550002077", "wamid.SECRETLY", "unmistakable words")
    };
    deliver(&server, &Webhook::new().text(&message).to_bytes());
    deliver(&server, &waypost_tests::status_of("wamid.SECRETLY", "unheard-of", "15550002077").to_bytes());
    deliver(&server, b"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"1\"},\"messages\":[{\"id\":\"wamid.SECRETLY\",\"from\":\"15550002077\"}]}}]}]}");
    client.journal_to("wamid.SECRETLY");
    let body = serde_json::json!({ "to": "15550002077", "message": "unmistakable words" });
    let request = Request::post_json("/whatsapp/send-message", &body).bearer(&server.secrets().api_key);
    assert_eq!(server.send(&request).expect("an answer").status, 200);
    assert_eq!(server.terminate(DEADLINE).code(), Some(0));
    let log = whole_log(&server);
    assert!(log.contains("dead letter"), "something of it is logged: {log}");
    let secrets = server.secrets();
    for word in [
        "15550002077",
        "Unmistakable",
        "unmistakable",
        "SECRETLY",
        &secrets.app_secret,
        &secrets.verify_token,
        &secrets.api_key,
        &secrets.access_token,
    ] {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "the log shows {word}");
    }
}
