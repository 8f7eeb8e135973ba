//! How far somebody sees, by number, assignment and customer, and who is shown no numbers: the real binary, from outside.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use waypost_testkit::{Answer, InboundText, NUMBER_ID, Request, ServerOptions, TestServer, Webhook};
use waypost_tests::{ClientOptions, Graph, StockClient, deliver, deliver_text};

const SECRET: &str = "a-secret-for-tests-of-32-bytes-or-more";
const ANA: &str = "15550002001";
const BEN: &str = "15550002002";
/// A number of ours beside the one that the server sends from.
const OTHER_NUMBER: &str = "100000000000102";

fn start() -> TestServer {
    options().start()
}

fn options() -> ServerOptions {
    TestServer::options()
        .env("WAYPOST_JWT_SECRET", SECRET)
        .env("WAYPOST_JWT_ISSUER", "https://login.example")
        .env("WAYPOST_JWT_AUDIENCE", "waypost")
        .env("WAYPOST_AUTH_ROLES", "own:read+send+assign:own,temp:read:all:masked")
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

fn ask(server: &TestServer, path: &str, token: &str) -> Answer {
    server.send(&Request::get(path).bearer(token)).expect("an answer")
}

fn rows(server: &TestServer, path: &str, token: &str) -> usize {
    let answer = ask(server, path, token);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()["data"].as_array().expect("a list").len()
}

fn put(server: &TestServer, conversation: &str, wish: &Value) {
    let path = format!("/api/conversations/{conversation}");
    let request = Request::patch_json(&path, wish).bearer(&server.secrets().api_key);
    let answer = server.send(&request).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Delivers a message; its conversation.
fn delivered(server: &TestServer, monitor: &mut StockClient, from: &str, wamid: &str) -> String {
    deliver_text(server, from, wamid);
    let shown = monitor.journal_to(wamid);
    shown.last().expect("the message").text("conversationId").to_owned()
}

/// All ways of reading something, of which none shows more than the others.
fn reads(conversation: &str, customer: &str, message: &str) -> [String; 6] {
    [
        format!("/api/conversations/{conversation}"),
        format!("/api/conversations/{conversation}/messages"),
        format!("/api/customers/{customer}"),
        format!("/api/messages/{message}"),
        format!("/whatsapp/conversation/{ANA}"),
        format!("/whatsapp/messages/chat-list/{customer}"),
    ]
}

/// Somebody writes to another number of ours than the one that the server sends from.
fn deliver_to_other(server: &TestServer, from: &str, wamid: &str) {
    let message = InboundText::new(from, wamid, &format!("text of {wamid}"));
    deliver(server, &Webhook::for_number(OTHER_NUMBER).text(&message).to_bytes());
}

/// Sends to somebody, as the member of the body says who; whoever is let through is not answered by Meta.
fn send_to(server: &TestServer, token: &str, (member, whom): (&str, &str)) -> Answer {
    let mut body = json!({ "type": "text", "text": { "body": "hi" }, "phoneNumberId": NUMBER_ID });
    body["idempotencyKey"] = json!(format!("{member} {whom}"));
    body[member] = json!(whom);
    server.send(&Request::post_json("/api/messages", &body).bearer(token)).expect("an answer")
}

const LISTS: [&str; 4] =
    ["/api/conversations", "/api/customers", "/whatsapp/conversations", "/whatsapp/messages/last-50"];

#[test]
fn what_is_not_assigned_to_somebody_is_not_there_and_comes_and_goes_with_the_assignment() {
    let server = start();
    let mut all = StockClient::in_general(&server);
    let eva = token("eva", "own", &json!({}));
    let mut client: StockClient = ClientOptions::new(&server).auth("token", eva.as_str()).connect();
    client.join_general();
    deliver_text(&server, ANA, "wamid.A1");
    let first = all.event("whatsappMessage");
    let with_ana = first.text("conversationId").to_owned();
    let reads = reads(&with_ana, first.text("customerId"), first.text("id"));
    for path in &reads {
        assert_eq!(ask(&server, path, &eva).status, 404, "{path}");
    }
    for path in LISTS {
        assert_eq!(rows(&server, path, &eva), 0, "{path}");
    }
    for name in [ANA, first.text("customerId"), "nobody"] {
        let refused = client.call("joinWhatsAppCustomer", &[json!(name)]);
        assert_eq!(refused["error"]["code"], "unknown_customer", "{name}");
    }
    let send = |to: &str| {
        let body = json!({ "to": to, "message": "hi" });
        server
            .send(&Request::post_json("/whatsapp/send-message", &body).bearer(&eva))
            .expect("an answer")
            .status
    };
    assert_eq!([send(ANA), send(BEN), send("ext:nobody")], [403, 403, 403]);

    put(&server, &with_ana, &json!({ "assignee": "eva" }));
    let granted = client.event("whatsappAccess");
    assert_eq!((granted.text("change"), granted.text("conversationId")), ("granted", &*with_ana));
    deliver_text(&server, ANA, "wamid.A2");
    let shown: Vec<String> = client.journal_to("wamid.A2").into_iter().map(|event| event.name).collect();
    assert_eq!(shown, ["whatsappConversation", "whatsappMessage"], "what was before is read by REST");
    for path in &reads {
        assert_eq!(ask(&server, path, &eva).status, 200, "{path}");
    }
    for path in LISTS {
        assert!(rows(&server, path, &eva) > 0, "{path}");
    }

    client.disconnect();
    client.disconnected();
    let with_ben = delivered(&server, &mut all, BEN, "wamid.B1");
    deliver_text(&server, ANA, "wamid.A3");
    put(&server, &with_ana, &json!({ "assignee": "ben" }));
    deliver_text(&server, ANA, "wamid.A4");
    put(&server, &with_ben, &json!({ "assignee": "eva" }));
    client.connect_again();
    client.came_back();
    deliver_text(&server, BEN, "wamid.B2");
    let missed: Vec<String> = client
        .journal_to("wamid.B2")
        .iter()
        .map(|event| match &*event.name {
            "whatsappAccess" => format!("{} {}", event.text("change"), event.text("conversationId")),
            "whatsappMessage" => event.wamid().to_owned(),
            name => name.to_owned(),
        })
        .collect();
    let expected =
        [&format!("revoked {with_ana}"), "whatsappConversation", &format!("granted {with_ben}"), "wamid.B2"];
    assert_eq!(missed, expected);
    assert_eq!(ask(&server, &reads[0], &eva).status, 404);
}

#[test]
fn a_token_reaches_as_far_as_its_numbers_and_customers() {
    let server = start();
    let mut all = StockClient::in_general(&server);
    delivered(&server, &mut all, ANA, "wamid.A1");
    delivered(&server, &mut all, BEN, "wamid.B1");
    for (limits, conversations) in [
        (json!({ "numbers": [NUMBER_ID] }), 2),
        (json!({ "numbers": ["100000000000109"] }), 0),
        (json!({ "customers": [ANA] }), 1),
        (json!({ "customers": [ANA], "numbers": [] }), 0),
        (json!({ "customers": ["nobody"] }), 0),
        (json!({ "teams": ["sales"] }), 0),
    ] {
        let token = token("sam", "admin", &limits);
        for path in ["/api/conversations", "/api/customers"] {
            assert_eq!(rows(&server, path, &token), conversations, "{path} {limits}");
        }
        // What is of all is for whoever sees all.
        assert_eq!(ask(&server, "/api/dead-letters", &token).status, 403, "{limits}");
        assert_eq!(ask(&server, "/api/customers/duplicates", &token).status, 403, "{limits}");
    }
    let mut client: StockClient = ClientOptions::new(&server)
        .auth("token", token("sam", "agent", &json!({ "customers": [ANA] })))
        .connect();
    client.join_general();
    deliver_text(&server, BEN, "wamid.B2");
    deliver_text(&server, ANA, "wamid.A2");
    assert_eq!(client.journal_to("wamid.A2").len(), 1);
    assert_eq!(client.call("joinWhatsAppCustomer", &[json!(BEN)])["error"]["code"], "unknown_customer");
}

#[test]
fn whoever_is_not_to_see_numbers_sees_none() {
    let server = start();
    let mut all = StockClient::in_general(&server);
    let since = all.call_well("joinWhatsAppGeneral", &[])["offset"].clone();
    let temp = token("temp", "temp", &json!({}));
    let mut client: StockClient = ClientOptions::new(&server).auth("token", temp.as_str()).connect();
    client.join_general();
    let said = InboundText { name: "Ana".into(), ..InboundText::new(ANA, "wamid.A1", "hello") };
    deliver(&server, &Webhook::new().text(&said).to_bytes());
    let message = all.event("whatsappMessage");
    let shown = client.event("whatsappMessage");
    let hidden = |text: &str| !text.contains(ANA) && !text.contains("wamid.");
    assert!(hidden(&shown.body().to_string()), "{}", shown.body());
    assert_eq!(shown.text("whatsappNumber"), message.text("customerId"));
    assert_eq!(shown.text("content"), message.text("content"));
    let mut late: StockClient = ClientOptions::new(&server).auth("token", temp.as_str()).connect();
    let history = late.call_well("joinWhatsAppGeneral", &[json!({ "since": since })]);
    assert!(
        history["events"].as_array().is_some_and(|events| !events.is_empty()) && hidden(&history.to_string())
    );
    let conversation = message.text("conversationId");
    for path in LISTS
        .map(str::to_owned)
        .into_iter()
        .chain(reads(conversation, message.text("customerId"), message.text("id")))
        .filter(|path| !path.contains(ANA))
    {
        let answer = ask(&server, &path, &temp);
        assert_eq!(answer.status, 200, "{path}");
        assert!(hidden(&answer.text()), "{path}: {}", answer.text());
    }
    assert_eq!(rows(&server, "/api/customers?search=1555", &temp), 0);
    assert_eq!(rows(&server, "/api/customers?search=1555", &server.secrets().api_key), 1);
}

/// A program for one number could write to whoever its guesses named, and saw then who they are.
#[test]
fn whoever_sends_from_one_number_learns_nothing_of_who_writes_to_another() {
    let graph = Graph::start();
    let server = options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    let mut all = StockClient::in_general(&server);
    deliver_to_other(&server, ANA, "wamid.A1");
    let customer = all.event("whatsappMessage").text("customerId").to_owned();
    let named = Request::patch_json(&format!("/api/customers/{customer}"), &json!({ "externalId": "4711" }));
    let named = server.send(&named.bearer(&server.secrets().api_key)).expect("an answer");
    assert_eq!(named.status, 200, "{}", named.text());

    let narrow = token("sam", "agent", &json!({ "numbers": [NUMBER_ID] }));
    for whom in [
        ("to", "ext:4711"),
        ("to", "4711"),
        ("to", "ext:4712"),
        ("customerId", customer.as_str()),
        ("customerId", "cus_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("to", customer.as_str()),
    ] {
        let answer = send_to(&server, &narrow, whom);
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")), "{whom:?}");
    }
    graph.assert_not_called();
    assert_eq!(ask(&server, &format!("/api/customers/{customer}"), &narrow).status, 404);

    // Whoever knows a phone number may write to it, as to one that nobody has written from.
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| send_to(&server, &narrow, ("to", ANA)));
        graph.call().accept("wamid.SENT");
        assert_eq!(sending.join().expect("sending does not panic").status, 200);
    });
}

/// Of two conversations of one person both had to be theirs, and the number was chosen as if all were.
#[test]
fn whoever_sees_some_of_the_conversations_of_one_person_answers_in_those() {
    let graph = Graph::start();
    let server = options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    let mut all = StockClient::in_general(&server);
    let with_ana = delivered(&server, &mut all, ANA, "wamid.A1");
    let with_ben = delivered(&server, &mut all, BEN, "wamid.B1");
    let [ana, ben] = [&with_ana, &with_ben].map(|conversation| {
        let path = format!("/api/conversations/{conversation}");
        ask(&server, &path, &server.secrets().api_key).json()["customerId"]
            .as_str()
            .expect("an id")
            .to_owned()
    });
    let merge = Request::post_json(&format!("/api/customers/{ben}/merge"), &json!({ "into": ana }));
    let merged = server.send(&merge.bearer(&server.secrets().api_key)).expect("an answer");
    assert!(merged.status < 300, "{}", merged.text());
    put(&server, &with_ana, &json!({ "assignee": "eva" }));
    let mut sent_in = |token: &str, path: &str, body: &Value| {
        std::thread::scope(|scope| {
            let sending = scope
                .spawn(|| server.send(&Request::post_json(path, body).bearer(token)).expect("an answer"));
            graph.call().accept("wamid.SENT");
            let answer = sending.join().expect("sending does not panic");
            assert_eq!(answer.status, 200, "{}", answer.text());
            let [_, accepted] = ["sending", "accepted"].map(|_| all.event("whatsappOutbox"));
            accepted.text("conversationId").to_owned()
        })
    };
    let eva = token("eva", "own", &json!({}));
    let body = json!({ "customerId": ben, "type": "text", "text": { "body": "hi" }, "idempotencyKey": "k" });
    assert_eq!(sent_in(&eva, "/api/messages", &body), with_ana);

    // The newest is with a number that is not theirs.
    deliver_to_other(&server, ANA, "wamid.A2");
    let narrow = token("sam", "agent", &json!({ "numbers": [NUMBER_ID] }));
    let body = json!({ "to": ANA, "message": "hi" });
    assert_eq!(sent_in(&narrow, "/whatsapp/send-message", &body), with_ana);
}

/// A key that was used in a conversation which went to somebody else was answered with what became of it there.
#[test]
fn a_repeated_key_tells_nothing_of_a_conversation_that_went_to_somebody_else() {
    let graph = Graph::start();
    let server = options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    let mut all = StockClient::in_general(&server);
    let with_ana = delivered(&server, &mut all, ANA, "wamid.A1");
    let with_ben = delivered(&server, &mut all, BEN, "wamid.B1");
    for conversation in [&with_ana, &with_ben] {
        put(&server, conversation, &json!({ "assignee": "eva" }));
    }
    let eva = token("eva", "own", &json!({}));
    let send = |to: &str| {
        let body = json!({ "to": to, "type": "text", "text": { "body": "hi" }, "idempotencyKey": "k" });
        server.send(&Request::post_json("/api/messages", &body).bearer(&eva)).expect("an answer")
    };
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| send(ANA));
        graph.call().accept("wamid.SENT");
        assert_eq!(sending.join().expect("sending does not panic").status, 200);
    });
    assert_eq!(send(BEN).json()["whatsappMessageId"], "wamid.SENT", "a key stands for one send");

    put(&server, &with_ana, &json!({ "assignee": "ben" }));
    for to in [ANA, BEN] {
        assert_eq!(send(to).status, 403, "{to}");
    }
    graph.assert_not_called();
}

/// Two accounts have the number, one customer each: who writes to another's was in the way of one's own.
#[test]
fn whom_else_a_name_means_is_nothing_to_whoever_sees_only_one() {
    let graph = Graph::start();
    let server = options().env("WAYPOST_GRAPH_URL", graph.url()).start();
    let mut all = StockClient::in_general(&server);
    delivered(&server, &mut all, ANA, "wamid.A1");
    let message = InboundText::new(ANA, "wamid.A2", "to another account");
    let elsewhere = Webhook::for_number(OTHER_NUMBER).text(&message).to_bytes();
    let elsewhere = String::from_utf8(elsewhere).expect("JSON").replace("200000000000001", "200000000000002");
    deliver(&server, elsewhere.as_bytes());
    let (path, key) = (format!("/whatsapp/conversation/{ANA}"), server.secrets().api_key.as_str());
    assert_eq!(ask(&server, &path, key).json()["code"], "ambiguous");

    let narrow = token("sam", "agent", &json!({ "numbers": [NUMBER_ID] }));
    assert_eq!(rows(&server, &path, &narrow), 1);
    let mut client: StockClient = ClientOptions::new(&server).auth("token", narrow.as_str()).connect();
    client.join_customer(ANA);
    let body = json!({ "to": ANA, "message": "hi" });
    let send = Request::post_json("/whatsapp/send-message", &body).bearer(&narrow);
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| server.send(&send).expect("an answer"));
        graph.call().accept("wamid.SENT");
        assert_eq!(sending.join().expect("sending does not panic").status, 200);
    });
}

/// A connection went on seeing somebody for as long as its token, who was one with its customer when it came.
#[test]
fn who_is_no_longer_one_with_a_customer_is_not_seen_by_them() {
    let server = start();
    let mut all = StockClient::in_general(&server);
    delivered(&server, &mut all, ANA, "wamid.A1");
    delivered(&server, &mut all, BEN, "wamid.B1");
    let key = server.secrets().api_key.clone();
    let id_of = |digits: &str| {
        let page = ask(&server, &format!("/api/customers?search={digits}"), &key).json();
        page["data"][0]["id"].as_str().expect("an id").to_owned()
    };
    let [ana, ben] = [ANA, BEN].map(id_of);
    let change = |verb: &str, body: &Value| {
        let request = Request::post_json(&format!("/api/customers/{ben}/{verb}"), body).bearer(&key);
        assert_eq!(server.send(&request).expect("an answer").status, 200, "{verb}");
    };
    change("merge", &json!({ "into": ana }));
    let narrow = token("sam", "agent", &json!({ "customers": [ANA] }));
    assert_eq!(rows(&server, "/api/conversations", &narrow), 2, "both are one");
    let mut client: StockClient = ClientOptions::new(&server).auth("token", narrow.as_str()).connect();
    client.join_general();
    client.join_customer(BEN);
    deliver_text(&server, BEN, "wamid.B2");
    assert_eq!(client.journal_to("wamid.B2").len(), 1);

    change("unmerge", &json!({}));
    client.event("whatsappCustomerUpdated");
    deliver_text(&server, BEN, "wamid.B3");
    deliver_text(&server, ANA, "wamid.A2");
    assert_eq!(client.journal_to("wamid.A2").len(), 1);
    assert_eq!(rows(&server, "/api/conversations", &narrow), 1);
}
