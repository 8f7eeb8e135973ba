//! What somebody may not have by the front door is not to be had another way: by another namespace, a customer's room, what another
//! remembers, the key of another's send, or a name that is only half a secret.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use waypost_testkit::{Answer, InboundText, NUMBER_ID, Request, ServerOptions, TestServer, Webhook};
use waypost_tests::{ClientOptions, Graph, StockClient, Variant, column, deliver, deliver_text, read};

const SECRET: &str = "a-secret-for-tests-of-32-bytes-or-more";
const ANA: &str = "15550002001";
const BEN: &str = "15550002002";
const OTHER_NUMBER: &str = "100000000000109";

fn options() -> ServerOptions {
    TestServer::options()
        .env("WAYPOST_JWT_SECRET", SECRET)
        .env("WAYPOST_JWT_ISSUER", "https://login.example")
        .env("WAYPOST_JWT_AUDIENCE", "waypost")
}

fn token(subject: &str, role: &str, limits: &Value) -> String {
    let mut claims = json!({
        "iss": "https://login.example", "aud": "waypost", "sub": subject, "role": role,
        "exp": jsonwebtoken::get_current_timestamp() + 600,
    });
    for (name, value) in limits.as_object().expect("limits by name") {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}

fn client(server: &TestServer, token: &str, variant: Variant) -> ClientOptions {
    ClientOptions::new(server).auth("token", token).variant(variant)
}

fn ask(server: &TestServer, request: Request, token: &str) -> Answer {
    server.send(&request.bearer(token)).expect("an answer")
}

/// A text to another of our numbers.
fn deliver_to_other(server: &TestServer, from: &str, wamid: &str) {
    let text = InboundText::new(from, wamid, &format!("text of {wamid}"));
    deliver(server, &Webhook::for_number(OTHER_NUMBER).text(&text).to_bytes());
}

#[test]
fn both_namespaces_and_both_numbers_of_a_customer_show_what_the_policy_lets() {
    let server = options().start();
    deliver_text(&server, ANA, "wamid.A1");
    let narrow = token("sam", "agent", &json!({ "numbers": [NUMBER_ID] }));
    let mut clients: Vec<StockClient> = [Variant::Default, Variant::OlderNamespace]
        .into_iter()
        .map(|variant| client(&server, &narrow, variant).connect())
        .collect();
    for client in &mut clients {
        client.join_general();
        client.join_customer(ANA);
    }
    deliver_to_other(&server, ANA, "wamid.A2");
    deliver_text(&server, ANA, "wamid.A3");
    for client in &mut clients {
        assert_eq!(client.journal_to("wamid.A3").len(), 1, "live");
        client.disconnect();
        client.disconnected();
    }
    deliver_to_other(&server, ANA, "wamid.A4");
    deliver_text(&server, ANA, "wamid.A5");
    for client in &mut clients {
        client.connect_again();
        client.came_back();
        assert_eq!(client.journal_to("wamid.A5").len(), 1, "in replay");
    }
    for path in [
        "/whatsapp/conversation/15550002001",
        "/whatsapp/messages/chat-list/15550002001",
        "/whatsapp/messages/last-50",
        "/whatsapp/conversations",
        "/api/conversations",
    ] {
        let answer = ask(&server, Request::get(path), &narrow);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains(OTHER_NUMBER), "{path}: {}", answer.text());
        assert!(!answer.text().contains("wamid.A4"), "{path}");
    }
}

#[test]
fn what_another_remembers_is_of_no_use() {
    let server = options().start();
    let mut all = StockClient::in_general(&server);
    all.join_customer(BEN);
    deliver_text(&server, BEN, "wamid.B1");
    all.journal_to("wamid.B1");
    let session = all.session();
    assert!(session.pid.is_some());
    all.disconnect();
    all.disconnected();
    deliver_text(&server, BEN, "wamid.B2");
    let nobodys = json!({ "customers": [ANA] });
    deliver_text(&server, ANA, "wamid.A1");
    // Whether or not they might see it by themselves: it is another's.
    for limits in [json!({}), nobodys] {
        let token = token("sam", "admin", &limits);
        let mut other = client(&server, &token, Variant::Default).connect();
        other.disconnect();
        other.disconnected();
        other.adopt(&session);
        other.connect_again();
        let back = other.back();
        back.assert_none(&[], "with what another remembers");
        assert!(!back.recovered);
        assert_ne!(other.session().pid, session.pid);
        other.join_general();
        deliver_text(&server, ANA, &format!("wamid.A-{limits}"));
        let shown = other.journal_to(&format!("wamid.A-{limits}"));
        assert!(shown.iter().all(|event| event.wamid() != "wamid.B2"), "{shown:?}");
    }
    // It was not used up by that.
    all.connect_again();
    assert!(all.back().recovered);
    let missed = all.event_where("what was missed", |event| event.name == "whatsappMessage");
    assert_eq!(missed.wamid(), "wamid.B2");
}

#[test]
fn the_key_of_anothers_send_answers_nothing_of_it() {
    let graph = Graph::start();
    let server = options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    let send = |subject: &str, to: &str| {
        let body = json!({
            "to": to, "type": "text", "text": { "body": format!("by {subject}") }, "idempotencyKey": "the same",
        });
        (Request::post_json("/api/messages", &body), token(subject, "agent", &json!({})))
    };
    let sent = |subject: &str, to: &str, wamid: &str| {
        let (request, token) = send(subject, to);
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| ask(&server, request, &token).json());
            let call = graph.call();
            assert_eq!(call.body["text"]["body"], format!("by {subject}"));
            call.accept(wamid);
            sending.join().expect("sending does not panic")
        })
    };
    let first = sent("eva", ANA, "wamid.1");
    let second = sent("ben", BEN, "wamid.2");
    assert_ne!(first["id"], second["id"]);
    assert_eq!(second["whatsappMessageId"], "wamid.2");
    // One's own key gives one's own send.
    let (again, eva) = send("eva", ANA);
    assert_eq!(ask(&server, again, &eva).json()["id"], first["id"]);
    graph.assert_not_called();
}

#[test]
fn who_comes_and_goes_is_told_to_monitors_alone_and_what_is_told_opens_nothing() {
    let server = options().start();
    let mut monitor = StockClient::connect(&server);
    let agent = token("eva", "agent", &json!({}));
    let mut curious = client(&server, &agent, Variant::Default).connect();
    curious.join_general();
    let mut newcomer = client(&server, &agent, Variant::PollingOnly).start();
    let id = newcomer.connected();
    let told = monitor
        .event_where("the newcomer", |event| event.name == "clientJoined" && event.text("clientId") == id);
    assert_eq!(told.body().as_object().map(serde_json::Map::len), Some(2), "{}", told.body());
    // The id of a client is none of its transport's.
    for method in ["GET", "POST"] {
        let target = format!("/socket.io/?EIO=4&transport=polling&sid={id}");
        let answer = server.send(&Request::new(method, &target)).expect("an answer");
        assert_eq!(answer.status, 400, "{method}: {}", answer.text());
    }
    deliver_text(&server, ANA, "wamid.A1");
    curious.journal_to("wamid.A1");
    let heard = curious.events_so_far();
    assert!(heard.iter().all(|event| !event.name.starts_with("client")), "{heard:?}");
    // The newcomer was not disturbed by it.
    newcomer.join_general();
}

#[test]
fn whoever_was_merged_and_is_not_any_more_is_shown_to_nobody_who_had_them_by_that() {
    let server = options().start();
    let mut all = StockClient::in_general(&server);
    let customer = |all: &mut StockClient, phone: &str, wamid: &str| {
        deliver_text(&server, phone, wamid);
        all.event("whatsappMessage").text("customerId").to_owned()
    };
    let (ana, ben) = (customer(&mut all, ANA, "wamid.A1"), customer(&mut all, BEN, "wamid.B1"));
    // A live one, who is held to Ana alone, and was before she was merged.
    let held = token("sam", "supervisor", &json!({ "customers": [ANA] }));
    let mut client = client(&server, &held, Variant::Default).connect();
    let post = |path: &str, body: &Value| {
        let request = Request::post_json(&format!("/api/customers/{path}"), body);
        let answer = waypost_tests::ask(&server, request);
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    post(&format!("{ben}/merge"), &json!({ "into": ana }));
    client.join_general();
    client.join_customer(ANA);
    client.join_customer(BEN);
    deliver_text(&server, BEN, "wamid.B2");
    // While they are one.
    client.journal_to("wamid.B2");
    post(&format!("{ben}/unmerge"), &json!({}));
    deliver_text(&server, BEN, "wamid.B3");
    deliver_text(&server, ANA, "wamid.A2");
    let shown = client.journal_to("wamid.A2");
    assert!(shown.iter().all(|event| event.wamid() != "wamid.B3"), "{shown:?}");
    let customers = ask(&server, Request::get("/api/customers"), &held).json();
    assert_eq!(column(&customers, "id"), [ana.as_str()]);
    assert_eq!(read(&server, "/api/customers")["data"].as_array().map(Vec::len), Some(2));
}
