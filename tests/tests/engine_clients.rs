//! Every version of `engine.io-client`, in every way to connect, against the engine's conformance server.

use serde_json::{Value, json};
use waypost_tests::{Agents, ConformanceServer, ENGINE_IO_VERSIONS, EngineClient, Variant};

/// Enough to outlive the ping interval and timeout of the conformance server several times.
const PINGS: usize = 4;

/// Every version in every way to connect.
fn every_way() -> impl Iterator<Item = (&'static str, Variant)> {
    ENGINE_IO_VERSIONS.into_iter().flat_map(|version| Variant::TRANSPORTS.map(|variant| (version, variant)))
}

#[test]
fn texts_and_bytes_are_echoed_in_order() {
    let (server, agents) = (ConformanceServer::engine_io(), Agents::default());
    let messages = [
        json!("a text with ümläuts, 👋 and \u{2028}"),
        json!({ "base64": "AAECAwT//g==" }),
        json!("4"),
        json!({ "base64": "Hg==" }),
        json!("x".repeat(100_000)),
        json!({ "base64": "QUJD".repeat(30_000) }),
    ];
    for (version, variant) in every_way() {
        let mut client = EngineClient::start(&agents, version, server.url(), variant);
        messages.iter().for_each(|message| client.send(message));
        for message in &messages {
            assert!(client.message() == *message, "{version} {variant:?}: not what was sent");
        }
    }
}

/// The first messages leave by polling in the requests after the handshake, while the client probes the WebSocket; more
/// follow as soon as one is back; the last are sent when the upgrade is done.
#[test]
fn an_upgrade_in_the_middle_of_a_stream_loses_and_reorders_nothing() {
    let (server, agents) = (ConformanceServer::engine_io(), Agents::default());
    let sent: Vec<Value> = (0..200)
        .map(|number| match number % 2 {
            0 => json!(format!("message {number}")),
            _ => json!({ "base64": format!("{number:04}") }),
        })
        .collect();
    for version in ENGINE_IO_VERSIONS {
        let mut client = EngineClient::start(&agents, version, server.url(), Variant::Default);
        sent[..100].iter().for_each(|message| client.send(message));
        let mut echoed = vec![client.message()];
        sent[100..180].iter().for_each(|message| client.send(message));
        assert_eq!(client.opened_by(), "polling", "{version}");
        assert_eq!(client.upgraded_to(), "websocket", "{version}");
        sent[180..].iter().for_each(|message| client.send(message));
        echoed.extend((1..200).map(|_| client.message()));
        assert_eq!(echoed, sent, "{version}");
        client.send(&json!("the end"));
        assert_eq!(client.message(), "the end", "{version}: and nothing comes twice");
    }
}

#[test]
fn a_connection_outlives_several_heartbeats_and_is_closed_by_the_client() {
    let (server, agents) = (ConformanceServer::engine_io(), Agents::of_every_engine());
    let mut clients: Vec<_> = every_way()
        .map(|(version, variant)| EngineClient::start(&agents, version, server.url(), variant))
        .collect();
    for (client, way) in clients.iter_mut().zip(every_way()) {
        (0..PINGS).for_each(|_| client.pinged());
        client.send(&json!("still here"));
        assert_eq!(client.message(), "still here", "{way:?}");
        assert_eq!(client.close(), "forced close", "{way:?}");
    }
}
