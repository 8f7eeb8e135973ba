//! Stock `python-socketio` against the binary. Its handlers are written with exactly one argument, `def on_event(data)`,
//! and an event with two makes such a handler raise, by which the event is lost. So Python gets one where it can be known.

use serde_json::json;
use waypost_testkit::{TestServer, python};
use waypost_tests::{Agents, ClientOptions, Package, StockClient, Variant, deliver_text};

const ANA: &str = "15550002201";

/// What a handler of one argument raises when it gets the offset as well.
const TWO_ARGUMENTS: &str = "takes 1 positional argument but 2 were given";

/// A client with a handler of one argument for messages, and the defaults of the package.
fn options(server: &TestServer, package: Package) -> ClientOptions {
    ClientOptions::new(server).package(package).one_argument("whatsappMessage")
}

fn in_general(options: ClientOptions, agents: &Agents) -> StockClient {
    let mut client = options.start_in(agents);
    client.connected();
    assert_eq!(client.join_general()["room"], "whatsapp:general");
    client
}

#[track_caller]
fn assert_shown(client: &mut StockClient, wamid: &str, what: &str) {
    let message = client.event("whatsappMessage");
    assert_eq!((message.wamid(), message.args.len()), (wamid, 1), "{what}");
    assert!(!message.text("offset").is_empty(), "{what}: the field is there all the same");
    assert_eq!(client.events_so_far().iter().filter(|event| event.is_of_journal()).count(), 0, "{what}");
}

#[track_caller]
fn assert_lost(client: &mut StockClient, what: &str) {
    let raised = client.exception();
    assert!(raised.contains(TWO_ARGUMENTS), "{what}: {raised}");
    assert_eq!(client.events_so_far().iter().filter(|event| event.is_of_journal()).count(), 0, "{what}");
}

#[test]
fn a_python_handler_of_one_argument_gets_messages_by_default() {
    if python().is_none() {
        return;
    }
    let (server, agents) = (TestServer::start(), Agents::default());
    for (package, variant) in
        Package::PYTHON.into_iter().flat_map(|one| [(one, Variant::Default), (one, Variant::PollingOnly)])
    {
        let mut client = options(&server, package).variant(variant).start_in(&agents);
        let transport = if variant == Variant::Default { "websocket" } else { "polling" };
        assert_eq!(client.connected_by(), transport, "{package:?}: it upgrades before it connects");
        client.join_general();
        let wamid = format!("wamid.{package:?}.{variant:?}");
        deliver_text(&server, ANA, &wamid);
        assert_shown(&mut client, &wamid, &wamid);
        client.disconnect();
        assert_eq!(client.disconnected(), "client disconnect", "{wamid}");
    }
}

#[test]
fn a_python_handler_of_one_argument_loses_messages_where_offsets_are_asked_for() {
    if python().is_none() {
        return;
    }
    let (server, agents) = (TestServer::start(), Agents::default());
    let by_auth = json!({ "token": server.secrets().api_key, "offsets": true });
    let mut clients = Vec::new();
    for package in Package::PYTHON {
        clients
            .push(in_general(options(&server, package).option("query", json!({ "offsets": "1" })), &agents));
        clients.push(in_general(options(&server, package).option("auth", by_auth.clone()), &agents));
    }
    deliver_text(&server, ANA, "wamid.1");
    for (number, client) in clients.iter_mut().enumerate() {
        assert_lost(client, &format!("client {number}"));
    }
}

#[test]
fn a_python_handler_of_one_argument_gets_messages_by_websocket_where_it_says_so() {
    if python().is_none() {
        return;
    }
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut clients = Package::PYTHON.map(|package| {
        let options = options(&server, package).variant(Variant::WebSocketOnly);
        in_general(options.option("query", json!({ "offsets": "0" })), &agents)
    });
    deliver_text(&server, ANA, "wamid.1");
    for (client, package) in clients.iter_mut().zip(Package::PYTHON) {
        assert_shown(client, "wamid.1", &format!("{package:?}"));
    }
}

/// `websocket-client` sends no `User-Agent`, so nobody can know that this is Python; `aiohttp` says so.
#[test]
fn a_python_client_by_websocket_is_known_only_where_it_names_itself() {
    if python().is_none() {
        return;
    }
    let (server, agents) = (TestServer::start(), Agents::default());
    let [mut threads, mut asyncio] = Package::PYTHON
        .map(|package| in_general(options(&server, package).variant(Variant::WebSocketOnly), &agents));
    deliver_text(&server, ANA, "wamid.1");
    assert_lost(&mut threads, "threads");
    assert_shown(&mut asyncio, "wamid.1", "asyncio");
}

#[test]
fn a_python_client_is_told_why_it_is_refused() {
    if python().is_none() {
        return;
    }
    let (server, agents) = (TestServer::start(), Agents::default());
    for package in Package::PYTHON {
        let options =
            ClientOptions::new(&server).package(package).option("auth", json!({ "token": "no such" }));
        let error = options.start_in(&agents).refused();
        assert!(error["data"]["code"].is_string(), "{package:?}: {error}");
    }
}
