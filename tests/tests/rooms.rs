//! Rooms and refusals, as stock clients meet them.

use serde_json::{Value, json};
use waypost_testkit::{InboundText, TestServer, Webhook};
use waypost_tests::{ClientOptions, Event, StockClient, deliver, deliver_text};

const ANA: &str = "15550002001";
const ANAS_BSUID: &str = "US.70000000000000002001";
const BEN: &str = "15550002002";

/// A text of Ana's that names both her number and her BSUID.
fn deliver_from_ana(server: &TestServer, wamid: &str) {
    let contact = json!({ "profile": { "name": "Ana" }, "wa_id": ANA, "user_id": ANAS_BSUID });
    let message = json!({
        "from": ANA, "from_user_id": ANAS_BSUID, "id": wamid, "timestamp": "1790000000", "type": "text",
        "text": { "body": "hello" },
    });
    deliver(server, &Webhook::new().message(&contact, &message).to_bytes());
}

fn wamids(events: &[Event]) -> Vec<&str> {
    events.iter().map(Event::wamid).collect()
}

#[test]
fn a_room_joined_before_its_customer_exists_shows_the_first_message() {
    let server = TestServer::start();
    for (customer, wamid) in [(ANA, "wamid.A"), (BEN, "wamid.B")] {
        let mut client = StockClient::connect(&server);
        let ack = client.join_customer(customer);
        assert_eq!(ack["room"], format!("whatsapp:customer:{customer}"));
        assert_eq!(ack.get("customerId"), None, "there is no such customer yet");
        let joined = client.event("whatsappCustomerJoined");
        assert_eq!(joined.text("customer"), customer);
        assert_eq!(joined.text("room"), format!("whatsapp:customer:{customer}"));
        deliver_text(&server, customer, wamid);
        assert_eq!(wamids(&client.journal_to(wamid)), [wamid]);
    }
}

#[test]
fn a_bsuid_joined_before_its_customer_exists_shows_the_first_message() {
    let server = TestServer::start();
    let mut client = StockClient::connect(&server);
    client.join_customer(ANAS_BSUID);
    deliver_from_ana(&server, "wamid.1");
    deliver_text(&server, ANA, "wamid.2");
    assert_eq!(wamids(&client.journal_to("wamid.2")), ["wamid.1", "wamid.2"], "and what her number sends");
}

#[test]
fn a_customer_is_joined_by_id_number_or_bsuid() {
    let server = TestServer::start();
    let mut watcher = StockClient::in_general(&server);
    deliver_from_ana(&server, "wamid.1");
    let id = watcher.event("whatsappMessage").text("customerId").to_owned();
    for (index, name) in [id.as_str(), ANA, ANAS_BSUID].into_iter().enumerate() {
        let mut client = StockClient::connect(&server);
        let ack = client.join_customer(name);
        assert_eq!(ack["customerId"], id.as_str(), "{name}");
        assert!(ack["offset"].is_string(), "{ack}");
        let joined = client.event("whatsappCustomerJoined");
        assert_eq!((joined.text("customer"), joined.text("customerId")), (name, id.as_str()));
        let wamid = format!("wamid.{name}.{index}");
        deliver_text(&server, BEN, &format!("wamid.ben.{index}"));
        deliver_text(&server, ANA, &wamid);
        assert_eq!(wamids(&client.journal_to(&wamid)), [wamid.as_str()], "{name}: Ana's and not Ben's");
    }
}

#[test]
fn leaving_one_of_two_names_keeps_the_other() {
    let server = TestServer::start();
    deliver_from_ana(&server, "wamid.0");
    let mut client = StockClient::connect(&server);
    client.join_customer(ANA);
    client.join_customer(ANAS_BSUID);
    deliver_from_ana(&server, "wamid.1");
    assert_eq!(wamids(&client.journal_to("wamid.1")), ["wamid.1"], "two names, one copy");
    client.call_well("leaveWhatsAppCustomer", &[json!(ANA)]);
    let left = client.event("whatsappCustomerLeft");
    assert_eq!(left.text("customer"), ANA);
    assert!(left.text("customerId").starts_with("cus_"));
    deliver_from_ana(&server, "wamid.2");
    assert_eq!(wamids(&client.journal_to("wamid.2")), ["wamid.2"]);
    client.call_well("leaveWhatsAppCustomer", &[json!(ANAS_BSUID)]);
    client.join_general();
    deliver_text(&server, BEN, "wamid.3");
    assert_eq!(wamids(&client.journal_to("wamid.3")), ["wamid.3"]);
}

#[test]
fn one_client_left_and_the_other_did_not() {
    let server = TestServer::start();
    let (mut leaves, mut stays) = (StockClient::in_general(&server), StockClient::in_general(&server));
    leaves.call_well("leaveWhatsAppGeneral", &[]);
    deliver_text(&server, ANA, "wamid.1");
    assert_eq!(wamids(&stays.journal_to("wamid.1")), ["wamid.1"]);
    leaves.join_general();
    deliver_text(&server, ANA, "wamid.2");
    assert_eq!(wamids(&leaves.journal_to("wamid.2")), ["wamid.2"]);
    assert_eq!(wamids(&stays.journal_to("wamid.2")), ["wamid.2"]);
}

/// A refused emit, once without an ack and once with: what an `exception` says, and what the ack says.
#[track_caller]
fn refused(client: &mut StockClient, event: &str, args: &[Value]) -> (Event, Value) {
    client.emit(event, args);
    (client.event("exception"), client.call(event, args))
}

#[test]
fn what_cannot_be_understood_is_refused_and_the_connection_lives_on() {
    let server = TestServer::start();
    let mut client = StockClient::connect(&server);
    for (event, args, code) in [
        ("noSuchEvent", vec![], "unknown_event"),
        ("message", vec![json!("relayed to all, once")], "unknown_event"),
        ("joinWhatsAppCustomer", vec![], "invalid_payload"),
        ("joinWhatsAppCustomer", vec![json!(5)], "invalid_payload"),
        ("joinWhatsAppCustomer", vec![json!("")], "invalid_payload"),
        ("joinWhatsAppCustomer", vec![json!({ "customer": ANA })], "invalid_payload"),
        ("joinWhatsAppCustomer", vec![json!("x".repeat(257))], "invalid_payload"),
        ("leaveWhatsAppCustomer", vec![Value::Null], "invalid_payload"),
    ] {
        let (exception, ack) = refused(&mut client, event, &args);
        assert_eq!(exception.text("code"), code, "{event} {args:?}");
        assert_eq!(exception.text("event"), event);
        assert_eq!(exception.args.len(), 1, "it is not for the journal's cursor");
        assert_eq!(ack["ok"], false, "{event} {args:?}");
        assert_eq!(ack["error"]["code"], code);
    }
    client.join_general();
    deliver_text(&server, ANA, "wamid.1");
    client.journal_to("wamid.1");
}

#[test]
fn a_wrong_or_missing_token_is_refused_with_its_code() {
    let server = TestServer::start();
    for auth in [json!({ "token": "wrong" }), json!({ "token": "" }), json!({}), Value::Null] {
        for namespace in [waypost_tests::Variant::Default, waypost_tests::Variant::OlderNamespace] {
            let options = ClientOptions::new(&server).variant(namespace).option("auth", auth.clone());
            let error = options.start().refused();
            assert_eq!(error["data"]["code"], "unauthenticated", "{auth}: {error}");
            assert!(error["message"].is_string());
        }
    }
    let error = ClientOptions::new(&server).option("auth", json!({ "token": 5 })).start().refused();
    assert_eq!(error["data"]["code"], "invalid_payload");
}

#[test]
fn an_unknown_namespace_is_refused() {
    let server = TestServer::start();
    let error = ClientOptions::new(&server).namespace("/nowhere").start().refused();
    // Word for word what the protocol's published suite wants, which leaves no place for a code.
    assert_eq!(error, json!({ "message": "Invalid namespace", "data": null }));
}

#[test]
fn monitors_are_told_who_comes_and_goes() {
    let server = TestServer::start();
    let mut monitor = StockClient::connect(&server);
    let mut visitor = ClientOptions::new(&server).start();
    let id = visitor.connected();
    let joined = monitor.event("clientJoined");
    assert_eq!(joined.text("clientId"), id, "and nothing of itself");
    assert_eq!(joined.args.len(), 1);
    visitor.disconnect();
    assert_eq!(monitor.event("clientLeft").text("clientId"), id);
}

#[test]
fn where_many_are_connected_monitors_have_to_ask() {
    let server = TestServer::options().env("WAYPOST_LIMITS_MONITORS_BELOW_CLIENTS", "0").start();
    let (mut asks, mut does_not) = (StockClient::connect(&server), StockClient::connect(&server));
    assert_eq!(asks.call_well("joinMonitor", &[])["room"], "monitor");
    let mut visitor = ClientOptions::new(&server).start();
    let first = visitor.connected();
    assert_eq!(asks.event("clientJoined").text("clientId"), first);
    does_not.call_well("joinMonitor", &[]);
    let second = ClientOptions::new(&server).start().connected();
    assert_eq!(does_not.event("clientJoined").text("clientId"), second, "the first was not told to it");
    asks.call_well("leaveMonitor", &[]);
}

#[test]
fn unknown_customers_are_bounded() {
    let server = TestServer::options().env("WAYPOST_LIMITS_UNBOUND_ROOMS_PER_CONNECTION_MAX", "2").start();
    let mut client = StockClient::connect(&server);
    client.join_customer(ANA);
    client.join_customer("customer123");
    let refused = client.call("joinWhatsAppCustomer", &[json!(BEN)]);
    assert_eq!(refused["error"]["code"], "too_many_rooms", "{refused}");
    // One of them becomes a customer: there is room again.
    let message = InboundText::new(ANA, "wamid.1", "hello");
    deliver(&server, &Webhook::new().text(&message).to_bytes());
    client.journal_to("wamid.1");
    client.join_customer(BEN);
}
