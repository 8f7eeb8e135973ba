//! Every stock Socket.IO client, in every way to connect, against the engine's conformance server: what the engine is
//! worth without the product on top.

use serde_json::{Value, json};
use waypost_tests::{Agents, ClientOptions, ConformanceServer, Event, Package, StockClient, Variant};

/// Every client in every way to connect, with what to call it when it fails. They are run one after the other: the
/// heartbeats of this server are too short for many on a machine that has other work.
fn every_client(server: &ConformanceServer) -> Vec<(String, ClientOptions)> {
    let mut clients = Vec::new();
    for package in Package::all() {
        for variant in Variant::TRANSPORTS {
            let options = ClientOptions::at(server.url()).package(package).variant(variant);
            clients.push((format!("{package:?} {variant:?}"), options));
        }
    }
    clients
}

fn connected(options: ClientOptions, agents: &Agents) -> StockClient {
    let mut client = options.start_in(agents);
    client.connected();
    client
}

/// Bytes as the agents write them.
fn bytes(base64: &str) -> Value {
    json!({ "base64": base64 })
}

/// Arguments of every kind.
fn arguments() -> Vec<Vec<Value>> {
    vec![
        vec![],
        vec![json!("a text with ümläuts, 👋 and \u{2028}")],
        vec![json!(1), json!(-2.5), json!(true), json!(null), json!({ "a": [1, [2], { "b": "c" }] })],
        vec![bytes("AAECAwT//g==")],
        vec![json!({ "deep": [{ "bytes": bytes("AQID") }, "between", { "more": bytes("/////w==") }] })],
        vec![bytes("AQ=="), json!("between"), bytes("AgI="), bytes("AwMD"), bytes("")],
        vec![bytes(&"QUJD".repeat(30_000))],
    ]
}

#[test]
fn messages_come_back_as_they_were_sent() {
    let (server, agents) = (ConformanceServer::socket_io(), Agents::default());
    for (who, options) in every_client(&server) {
        let mut client = connected(options, &agents);
        for args in arguments() {
            client.emit("message", &args);
            assert_eq!(client.event("message-back").args, args, "{who}");
        }
    }
}

#[test]
fn the_ack_of_the_server_brings_back_what_was_sent() {
    let (server, agents) = (ConformanceServer::socket_io(), Agents::default());
    for (who, options) in every_client(&server) {
        let mut client = connected(options, &agents);
        for args in arguments() {
            assert_eq!(client.call_for_all("message-with-ack", &args), args, "{who}");
        }
    }
}

#[test]
fn the_server_gets_the_ack_of_a_client() {
    let (server, agents) = (ConformanceServer::socket_io(), Agents::default());
    let asked = [json!("asked"), json!({ "with": bytes("AQID") })];
    for (who, options) in every_client(&server) {
        let mut client = connected(options, &agents);
        for answer in arguments() {
            client.answer("emit-with-ack", &answer);
            client.emit("emit-with-ack", &asked);
            assert_eq!(client.event("emit-with-ack").args, asked, "{who}: what the server asks");
            assert_eq!(client.event("emit-with-ack").args, answer, "{who}: what the server was answered");
        }
    }
}

#[test]
fn a_custom_namespace_is_told_the_auth_of_its_connect() {
    let (server, agents) = (ConformanceServer::socket_io(), Agents::default());
    let auth = json!({ "token": "123", "nested": { "list": [1, null, "ü"] } });
    for (who, options) in every_client(&server) {
        let mut client = connected(options.namespace("/custom").option("auth", auth.clone()), &agents);
        assert_eq!(client.any_event(), Event { name: "auth".to_owned(), args: vec![auth.clone()] }, "{who}");
        client.emit("message", &[bytes("AQID")]);
        assert_eq!(client.event("message-back").args, [bytes("AQID")], "{who}");
    }
}

#[test]
fn a_connect_without_auth_is_told_an_empty_one() {
    let (server, agents) = (ConformanceServer::socket_io(), Agents::default());
    for (who, options) in every_client(&server) {
        assert_eq!(connected(options, &agents).event("auth").args, [json!({})], "{who}");
    }
}

#[test]
fn an_unknown_namespace_is_refused_with_its_reason() {
    let (server, agents) = (ConformanceServer::socket_io(), Agents::default());
    for (who, options) in every_client(&server) {
        let error = options.namespace("/nowhere").start_in(&agents).refused();
        assert_eq!(error["message"], "Invalid namespace", "{who}");
    }
}

#[test]
fn a_client_that_disconnects_can_connect_again() {
    let (server, agents) = (ConformanceServer::socket_io(), Agents::default());
    for (who, options) in every_client(&server) {
        let mut client = connected(options, &agents);
        client.disconnect();
        let reason = client.disconnected();
        assert!(reason.ends_with("client disconnect"), "{who}: {reason}");
        client.connect_again();
        client.connected();
        assert_eq!(client.call("message-with-ack", &[json!("again")]), "again", "{who}");
    }
}
