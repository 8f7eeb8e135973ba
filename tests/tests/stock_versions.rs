//! Every version of `socket.io-client` that people may have installed, in every way to connect, against the binary.

use waypost_testkit::TestServer;
use waypost_tests::{Agents, ClientOptions, Event, Package, StockClient, Variant, deliver_text};

const ANA: &str = "15550002101";

/// Connect, join, two messages, disconnect: with all versions at once.
fn every_version_is_served(variant: Variant) {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut observer = ClientOptions::new(&server).start_in(&agents);
    observer.connected();
    let mut clients = Package::JAVA_SCRIPT.map(|package| {
        let options = ClientOptions::new(&server).package(package).variant(variant);
        (package, options.start_in(&agents))
    });
    let mut ids = Vec::new();
    for (package, client) in &mut clients {
        ids.push(client.connected());
        assert_eq!(client.join_general()["room"], "whatsapp:general", "{package:?}");
        assert_transports(client, variant, *package);
    }
    deliver_text(&server, ANA, "wamid.1");
    deliver_text(&server, ANA, "wamid.2");
    for (package, client) in &mut clients {
        let shown = client.journal_to("wamid.2");
        let wamids: Vec<_> = shown.iter().map(Event::wamid).collect();
        assert_eq!(wamids, ["wamid.1", "wamid.2"], "{package:?}: each is shown once and in order");
        let numbers: Vec<_> = shown.iter().map(Event::offset_number).collect();
        assert_eq!(numbers, [1, 2], "{package:?}: each ends with its offset");
    }
    for ((package, client), id) in clients.iter_mut().zip(&ids) {
        client.disconnect();
        assert_eq!(client.disconnected(), "io client disconnect", "{package:?}");
        observer.event_where(&format!("end of {package:?}"), |event| {
            event.name == "clientLeft" && event.text("clientId") == id
        });
    }
}

#[track_caller]
fn assert_transports(client: &mut StockClient, variant: Variant, package: Package) {
    let (opened, upgraded) = match variant {
        Variant::Default | Variant::OlderNamespace => ("polling", Some("websocket")),
        Variant::WebSocketOnly => ("websocket", None),
        Variant::PollingOnly => ("polling", None),
    };
    assert_eq!(client.opened_by(), opened, "{package:?}");
    if let Some(upgraded) = upgraded {
        assert_eq!(client.upgraded_to(), upgraded, "{package:?}");
    }
}

#[test]
fn every_version_is_shown_each_message_once_by_polling_and_upgrade() {
    every_version_is_served(Variant::Default);
}

#[test]
fn every_version_is_shown_each_message_once_by_websocket() {
    every_version_is_served(Variant::WebSocketOnly);
}

#[test]
fn every_version_is_shown_each_message_once_by_polling() {
    every_version_is_served(Variant::PollingOnly);
}

#[test]
fn every_version_is_shown_each_message_once_in_the_older_namespace() {
    every_version_is_served(Variant::OlderNamespace);
}
