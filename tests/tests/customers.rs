//! One person stays one, as seen from outside: rooms and REST through merges, external ids, numbers of two forms.

use serde_json::{Value, json};
use waypost_testkit::{Answer, Request, TestServer, Webhook};
use waypost_tests::{ClientOptions, Event, StockClient, deliver, deliver_text};

const ANA: &str = "15550002001";
const ANAS_BSUID: &str = "US.70000000000000002001";

/// A text by somebody whose number is withheld.
fn deliver_from_bsuid(server: &TestServer, wamid: &str) {
    let contact = json!({ "profile": { "name": "Ana", "username": "ana.r" }, "user_id": ANAS_BSUID });
    let message = json!({
        "from_user_id": ANAS_BSUID, "id": wamid, "timestamp": "1790000000", "type": "text",
        "text": { "body": "hello" },
    });
    deliver(server, &Webhook::new().message(&contact, &message).to_bytes());
}

fn ask(server: &TestServer, method: &str, target: &str, body: Option<&Value>) -> Answer {
    let request = match body {
        None => Request::new(method, target),
        Some(body) => Request::with_json(method, target, body),
    };
    server.send(&request.bearer(&server.secrets().api_key)).expect("an answer")
}

#[track_caller]
fn well(server: &TestServer, method: &str, target: &str, body: Option<&Value>) -> Value {
    let answer = ask(server, method, target, body);
    assert_eq!(answer.status, 200, "{method} {target}: {}", answer.text());
    answer.json()
}

#[track_caller]
fn refused(server: &TestServer, method: &str, target: &str, body: Option<&Value>) -> (u16, Value) {
    let answer = ask(server, method, target, body);
    (answer.status, answer.json()["code"].clone())
}

fn wamids(events: &[Event]) -> Vec<&str> {
    events.iter().filter(|event| event.name == "whatsappMessage").map(Event::wamid).collect()
}

/// Our ids of whoever writes by the number, and of whoever writes by the BSUID.
fn two(server: &TestServer) -> (String, String) {
    let mut watcher = StockClient::in_general(server);
    deliver_text(server, ANA, "wamid.p");
    deliver_from_bsuid(server, "wamid.b");
    let by_phone = watcher.event("whatsappMessage").text("customerId").to_owned();
    let message = watcher.event("whatsappMessage");
    assert_eq!(message.text("username"), "ana.r");
    (by_phone, message.text("customerId").to_owned())
}

#[test]
fn rooms_of_two_who_are_merged_are_one_live_and_after_coming_back() {
    let server = TestServer::start();
    let (by_phone, by_bsuid) = two(&server);
    let mut live = StockClient::connect(&server);
    live.join_customer(&by_bsuid);
    let ack = live.join_customer(ANA);
    assert_eq!(ack["customerId"], by_phone.as_str());
    let since = ack["offset"].as_str().expect("an offset").to_owned();

    let merged = well(
        &server,
        "POST",
        &format!("/api/customers/{by_bsuid}/merge"),
        Some(&json!({ "into": by_phone })),
    );
    assert_eq!(merged["customerId"], by_phone.as_str());
    let update = live.event("whatsappCustomerUpdated");
    assert_eq!((update.text("change"), update.text("otherCustomerId")), ("merged", by_bsuid.as_str()));

    deliver_from_bsuid(&server, "wamid.1");
    deliver_text(&server, ANA, "wamid.2");
    let shown = live.journal_to("wamid.2");
    assert_eq!(wamids(&shown), ["wamid.1", "wamid.2"], "each once, in two rooms that are one");
    assert!(shown.iter().all(|event| event.text("customerId") == by_phone));

    // Whoever knows but one of the names gets both, from then on.
    for name in [by_bsuid.as_str(), by_phone.as_str(), ANAS_BSUID, ANA] {
        let mut again = ClientOptions::new(&server)
            .option(
                "auth",
                json!({
                    "token": server.secrets().api_key,
                    "since": since,
                    "rooms": [format!("whatsapp:customer:{name}")],
                }),
            )
            .connect();
        assert_eq!(wamids(&again.journal_to("wamid.2")), ["wamid.1", "wamid.2"], "{name}");
        let mut joins = StockClient::connect(&server);
        assert_eq!(joins.join_customer(name)["customerId"], by_phone.as_str(), "{name}");
    }

    let unmerged = well(&server, "POST", &format!("/api/customers/{by_bsuid}/unmerge"), None);
    assert_eq!(unmerged["customerId"], by_bsuid.as_str());
    let mut alone = StockClient::connect(&server);
    alone.join_customer(&by_phone);
    deliver_from_bsuid(&server, "wamid.3");
    deliver_text(&server, ANA, "wamid.4");
    assert_eq!(wamids(&alone.journal_to("wamid.4")), ["wamid.4"]);
}

/// A room stays with whom it was joined for, and so does the history that comes with joining it again.
#[test]
fn the_history_of_a_room_is_of_whose_it_is_whoever_has_the_name_by_now() {
    let server = TestServer::start();
    let with_id = |wamid: &str, user: &str| {
        let contact = json!({ "wa_id": ANA, "user_id": user });
        let message = json!({
            "from": ANA, "from_user_id": user, "id": wamid, "timestamp": "1790000000", "type": "text",
            "text": { "body": "hello" },
        });
        deliver(&server, &Webhook::new().message(&contact, &message).to_bytes());
    };
    let mut client = StockClient::connect(&server);
    let since = client.call_well("joinWhatsAppGeneral", &[])["offset"].clone();
    with_id("wamid.1", ANAS_BSUID);
    client.journal_to("wamid.1");
    let joined = client.join_customer(ANA);
    with_id("wamid.2", "US.70000000000000002009");
    client.journal_to("wamid.2");
    let again = client.call_well("joinWhatsAppCustomer", &[json!(ANA), json!({ "since": since })]);
    assert_eq!(again["customerId"], joined["customerId"]);
    let past = again["events"].as_array().expect("a page");
    let messages: Vec<&Value> = past.iter().map(|event| &event["data"]["whatsappMessageId"]).collect();
    assert_eq!(messages, ["wamid.1"]);
}

#[test]
fn possible_duplicates_are_listed_and_dismissed() {
    let server = TestServer::start();
    let (by_phone, by_bsuid) = two(&server);
    let contact = json!({ "wa_id": ANA, "user_id": ANAS_BSUID });
    let message = json!({
        "from": ANA, "from_user_id": ANAS_BSUID, "id": "wamid.1", "timestamp": "1790000000", "type": "text",
        "text": { "body": "both" },
    });
    deliver(&server, &Webhook::new().message(&contact, &message).to_bytes());
    let page = well(&server, "GET", "/api/customers/duplicates?limit=1", None);
    let pair = &page["data"][0];
    assert_eq!(pair["customerIds"], json!([by_phone, by_bsuid]));
    assert_eq!(page.get("next"), None);
    let target = format!("/api/customers/duplicates/{}/dismiss", pair["id"].as_str().expect("an id"));
    assert_eq!(ask(&server, "POST", &target, None).status, 204);
    assert_eq!(well(&server, "GET", "/api/customers/duplicates", None)["data"], json!([]));
    for (target, code) in
        [("duplicates/99/dismiss", "unknown_duplicate"), ("cus_1/unmerge", "unknown_customer")]
    {
        assert_eq!(refused(&server, "POST", &format!("/api/customers/{target}"), None), (404, json!(code)));
    }
}

#[test]
fn an_external_id_names_a_customer_wherever_a_name_may_stand() {
    let server = TestServer::start();
    let (by_phone, by_bsuid) = two(&server);
    let mut waits = StockClient::connect(&server);
    waits.join_customer("ext:crm-42");
    let mut waits_bare = StockClient::connect(&server);
    waits_bare.join_customer("crm-42");
    let target = format!("/api/customers/{by_phone}");
    let set = |id: Value| json!({ "externalId": id });
    assert_eq!(well(&server, "PATCH", &target, Some(&set(json!("crm-42"))))["externalId"], "crm-42");
    for client in [&mut waits, &mut waits_bare] {
        let update = client.event("whatsappCustomerUpdated");
        assert_eq!((update.text("change"), update.text("externalId")), ("externalId", "crm-42"));
    }
    deliver_text(&server, ANA, "wamid.1");
    assert_eq!(wamids(&waits.journal_to("wamid.1")), ["wamid.1"]);
    assert_eq!(waits.join_customer("crm-42")["customerId"], by_phone.as_str());

    let other = format!("/api/customers/{by_bsuid}");
    for taken in ["crm-42", ANA] {
        assert_eq!(refused(&server, "PATCH", &other, Some(&set(json!(taken)))), (409, json!("name_taken")));
    }
    for unusable in [json!(""), json!("x".repeat(129)), json!("ext:1"), json!(by_phone), json!(7)] {
        assert_eq!(refused(&server, "PATCH", &other, Some(&set(unusable.clone()))).0, 400, "{unusable}");
    }
    // What is left out stays; `null` takes it off.
    assert_eq!(well(&server, "PATCH", &target, Some(&json!({})))["externalId"], "crm-42");
    assert_eq!(well(&server, "PATCH", &target, Some(&set(Value::Null))).get("externalId"), None);
    assert_eq!(well(&server, "PATCH", &other, Some(&set(json!("crm-42"))))["customerId"], by_bsuid.as_str());
}

#[test]
fn a_mobile_of_brazil_has_one_room_with_and_without_its_ninth_digit() {
    let server = TestServer::start();
    let mut waits = StockClient::connect(&server);
    waits.join_customer("+55 11 98765-4321");
    deliver_text(&server, "551187654321", "wamid.1");
    deliver_text(&server, "5511987654321", "wamid.2");
    let shown = waits.journal_to("wamid.2");
    assert_eq!(wamids(&shown), ["wamid.1", "wamid.2"]);
    let numbers: Vec<&str> = shown.iter().map(|event| event.text("whatsappNumber")).collect();
    assert_eq!(numbers, ["551187654321", "5511987654321"], "as WhatsApp writes it");
}
