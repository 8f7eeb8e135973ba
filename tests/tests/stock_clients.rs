//! Stock `socket.io-client` from npm against the binary: whoever connects, in whichever way, sees what was promised.

use serde_json::json;
use waypost_testkit::{InboundText, TestServer, Webhook};
use waypost_tests::{ClientOptions, Event, StockClient, Variant, deliver, deliver_text, echo, status_of};

const ANA: &str = "15550002001";
const BEN: &str = "15550002002";

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

fn wamids(events: &[Event]) -> Vec<&str> {
    events.iter().map(Event::wamid).collect()
}

#[test]
fn the_first_event_is_connected_in_every_variant() {
    let server = TestServer::start();
    for variant in Variant::ALL {
        let mut client = ClientOptions::new(&server).variant(variant).start();
        let id = client.connected();
        let first = client.any_event();
        assert_eq!(first.name, "connected", "{variant:?}");
        assert_eq!(first.text("clientId"), id, "{variant:?}: it is the id that the client knows");
        assert_eq!(first.text("resumed"), "none");
        assert_eq!(first.body()["rooms"], json!([]));
        assert!(!first.text("message").is_empty() && is_iso(first.text("timestamp")), "{first:?}");
    }
}

#[test]
fn transports_are_those_the_client_asked_for() {
    let server = TestServer::start();
    for (variant, opened, upgraded) in [
        (Variant::Default, "polling", Some("websocket")),
        (Variant::WebSocketOnly, "websocket", None),
        (Variant::PollingOnly, "polling", None),
        (Variant::OlderNamespace, "polling", Some("websocket")),
    ] {
        let mut client = ClientOptions::new(&server).variant(variant).start();
        assert_eq!(client.opened_by(), opened, "{variant:?}");
        if let Some(upgraded) = upgraded {
            assert_eq!(client.upgraded_to(), upgraded, "{variant:?}");
        }
        client.connected();
        client.join_general();
    }
}

/// Join, a message and its statuses, a repetition, leave: the whole way, once for each variant.
fn joins_receives_and_leaves(variant: Variant) {
    let server = TestServer::start();
    let mut client = ClientOptions::new(&server).variant(variant).connect();
    let ack = client.join_general();
    assert_eq!(ack["room"], "whatsapp:general");
    let joined = client.event("whatsappGeneralJoined");
    assert_eq!(joined.text("room"), "whatsapp:general");
    assert!(is_iso(joined.text("timestamp")));

    let written = echo(ANA, "wamid.OUT", "written on the phone");
    deliver(&server, &written);
    for status in ["sent", "delivered", "read"] {
        deliver(&server, &status_of("wamid.OUT", status, ANA).to_bytes());
    }
    // Meta delivers again whatever it likes to.
    deliver(&server, &written);
    deliver(&server, &status_of("wamid.OUT", "delivered", ANA).to_bytes());
    deliver_text(&server, ANA, "wamid.IN");
    let shown = client.journal_to("wamid.IN");
    assert_eq!(
        names(&shown),
        [
            "whatsappMessage",
            "whatsappMessageStatus",
            "whatsappMessageStatus",
            "whatsappMessageStatus",
            "whatsappMessage"
        ]
    );
    let statuses: Vec<_> = shown.iter().map(|event| event.text("status")).collect();
    assert_eq!(statuses, ["accepted", "sent", "delivered", "read", "delivered"]);
    let numbers: Vec<_> = shown.iter().map(Event::offset_number).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "offsets rise: {numbers:?}");

    let ack = client.call_well("leaveWhatsAppGeneral", &[]);
    assert_eq!(ack["room"], "whatsapp:general");
    assert_eq!(client.event("whatsappGeneralLeft").text("room"), "whatsapp:general");
    client.join_customer(BEN);
    deliver_text(&server, ANA, "wamid.UNSEEN");
    deliver_text(&server, BEN, "wamid.SEEN");
    assert_eq!(wamids(&client.journal_to("wamid.SEEN")), ["wamid.SEEN"]);
}

#[test]
fn a_default_client_joins_receives_and_leaves() {
    joins_receives_and_leaves(Variant::Default);
}

#[test]
fn a_websocket_client_joins_receives_and_leaves() {
    joins_receives_and_leaves(Variant::WebSocketOnly);
}

#[test]
fn a_polling_client_joins_receives_and_leaves() {
    joins_receives_and_leaves(Variant::PollingOnly);
}

#[test]
fn a_client_of_the_older_namespace_joins_receives_and_leaves() {
    joins_receives_and_leaves(Variant::OlderNamespace);
}

#[test]
fn a_message_has_every_field_of_the_contract() {
    let server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    let message = InboundText {
        name: "Ana".into(),
        timestamp: 1_790_000_000,
        ..InboundText::new(ANA, "wamid.IN", "héllo 👋")
    };
    deliver(&server, &Webhook::new().text(&message).to_bytes());
    let event = client.event("whatsappMessage");
    for (member, expected) in [
        ("whatsappNumber", ANA),
        ("whatsappMessageId", "wamid.IN"),
        ("senderType", "customer"),
        ("direction", "inbound"),
        ("source", "customer"),
        ("messageType", "text"),
        ("content", "héllo 👋"),
        ("status", "delivered"),
        ("phoneNumberId", waypost_testkit::NUMBER_ID),
        ("customerName", "Ana"),
        ("timestamp", "2026-09-21T14:13:20.000Z"),
        ("sentAt", "2026-09-21T14:13:20.000Z"),
    ] {
        assert_eq!(event.text(member), expected, "{member}");
    }
    assert_eq!(event.body()["isTemplate"], false);
    assert!(is_iso(event.text("deliveredAt")));
    for (member, prefix) in [("id", "msg_"), ("conversationId", "cnv_"), ("customerId", "cus_")] {
        let id = event.text(member);
        assert!(id.starts_with(prefix) && id.len() == prefix.len() + 26, "{member}: {id}");
    }
}

#[test]
fn a_status_has_every_field_of_the_contract() {
    let server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    deliver(&server, &echo(ANA, "wamid.OUT", "hello"));
    deliver(&server, &status_of("wamid.OUT", "read", ANA).to_bytes());
    deliver(&server, &status_of("wamid.OUT", "sent", ANA).to_bytes());
    let message = client.event("whatsappMessage");
    assert_eq!((message.text("senderType"), message.text("source")), ("agent", "phone_app"));
    let read = client.event("whatsappMessageStatus");
    for (member, expected) in [
        ("id", message.text("id")),
        ("messageId", "wamid.OUT"),
        ("whatsappMessageId", "wamid.OUT"),
        ("conversationId", message.text("conversationId")),
        ("customerId", message.text("customerId")),
        ("phoneNumberId", waypost_testkit::NUMBER_ID),
        ("status", "read"),
        ("reported", "read"),
        ("previousStatus", "accepted"),
    ] {
        assert_eq!(read.text(member), expected, "{member}");
    }
    assert!(is_iso(read.text("timestamp")) && is_iso(read.text("readAt")), "{read:?}");
    // A late one is shown, and takes nothing back.
    let late = client.event("whatsappMessageStatus");
    assert_eq!((late.text("reported"), late.text("status")), ("sent", "read"));
    assert_eq!(late.text("previousStatus"), "read");
}

#[test]
fn a_client_in_both_rooms_gets_one_copy() {
    let server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    client.join_customer(ANA);
    deliver_text(&server, ANA, "wamid.1");
    deliver_text(&server, ANA, "wamid.2");
    assert_eq!(wamids(&client.journal_to("wamid.2")), ["wamid.1", "wamid.2"]);
}

#[test]
fn a_client_without_offsets_gets_one_argument() {
    let server = TestServer::start();
    let by_auth = json!({ "token": server.secrets().api_key, "offsets": false });
    for (wamid, options) in [
        ("wamid.1", ClientOptions::new(&server).option("query", json!({ "offsets": "0" }))),
        ("wamid.2", ClientOptions::new(&server).option("auth", by_auth)),
    ] {
        let mut client = options.connect();
        client.join_general();
        assert_eq!(client.event("connected").args.len(), 1);
        deliver_text(&server, ANA, wamid);
        let message = client.event("whatsappMessage");
        assert_eq!(message.args.len(), 1, "{message:?}");
        assert!(!message.text("offset").is_empty(), "the field is there all the same");
    }
}

#[test]
fn who_takes_one_argument_is_known_by_its_kind_and_the_client_has_the_last_word() {
    let server = TestServer::start();
    let python = json!({ "User-Agent": "python-requests/2.31" });
    let of_python = || ClientOptions::new(&server).option("extraHeaders", python.clone());
    deliver_text(&server, ANA, "wamid.1");
    assert_eq!(of_python().connect().event("connected").args.len(), 1);
    let asks = of_python().option("query", json!({ "offsets": "1" }));
    assert_eq!(asks.connect().event("connected").args.len(), 2);
    let server = TestServer::options().env("WAYPOST_OFFSETS", "off").start();
    deliver_text(&server, ANA, "wamid.1");
    assert_eq!(StockClient::connect(&server).event("connected").args.len(), 1);
    let asks = ClientOptions::new(&server)
        .option("auth", json!({ "token": server.secrets().api_key, "offsets": true }));
    assert_eq!(asks.connect().event("connected").args.len(), 2);
}

#[test]
fn connected_tells_the_head_of_what_was_shown() {
    let server = TestServer::start();
    let mut first = StockClient::in_general(&server);
    let head = first.event("connected").body()["head"].clone();
    let parts: Vec<_> = head.as_str().expect("there is always a head").split('.').collect();
    assert_eq!(parts[1..], ["0", "00000000"], "nothing was shown yet: {head}");
    deliver_text(&server, ANA, "wamid.1");
    let shown = first.event("whatsappMessage");
    let mut second = StockClient::connect(&server);
    let connected = second.event("connected");
    assert_eq!(connected.body()["head"], shown.body()["offset"]);
    assert_eq!(connected.args[1], shown.body()["offset"], "it is where a client resumes from");
    assert_eq!(second.join_general()["offset"], shown.body()["offset"]);
}

/// ISO 8601 with milliseconds, UTC.
fn is_iso(text: &str) -> bool {
    text.len() == "2026-01-01T00:00:00.000Z".len() && text.as_bytes()[19] == b'.' && text.ends_with('Z')
}
