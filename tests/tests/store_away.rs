//! The store is away: nothing is answered as stored, clients stay connected and are told, and all goes on by itself.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;
use waypost_testkit::postgres::{self, Cluster, Database, Durability};
use waypost_testkit::{Answer, InboundText, Request, TestServer, Webhook, eventually};
use waypost_tests::{Agents, ClientOptions, DEADLINE, StockClient};

/// Within which whoever asks is answered 503, and some for a machine that is compiling besides.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What a test that needs a server of its own is not run without.
fn cluster() -> Option<Cluster> {
    postgres::url()?;
    // What it has committed is to be there after a crash.
    Some(Cluster::start(Durability::Real).expect("where PostgreSQL is, one can be started"))
}

fn text(wamid: &str) -> Webhook {
    Webhook::new().text(&InboundText::new("15559992302", wamid, "hello"))
}

/// Answered 503, soon, with when to come again.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "how long a server takes is measured in real time")]
fn assert_unavailable(what: &str, ask: impl FnOnce() -> std::io::Result<Answer>) {
    let asked = Instant::now();
    let answer = ask().expect("the server answers");
    let took = asked.elapsed();
    assert_eq!(answer.status, 503, "{what}: {answer:?}");
    assert!(answer.header("retry-after").is_some(), "{what}: {answer:?}");
    assert!(took < ANSWER_MAX, "{what}: it took {took:?}");
}

#[track_caller]
fn see_state(client: &mut StockClient, state: &str) {
    client.event_where(&format!("serverState {state}"), |event| {
        event.name == "serverState" && event.body()["state"] == state && event.body()["timestamp"].is_string()
    });
}

/// Delivers what was refused before, as Meta does, until it is stored.
#[track_caller]
fn redeliver(server: &TestServer, webhook: &Webhook) {
    eventually(DEADLINE, "webhook that is stored", || {
        (server.deliver(webhook).ok()?.status == 200).then_some(())
    });
}

/// Takes the database away, and gives it back.
type Outage = (&'static str, fn(&mut Cluster), fn(&mut Cluster));

/// The database server of `cluster`, by a database that stays open.
fn beside(cluster: &Cluster) -> Database {
    let server = cluster.url().strip_suffix("/postgres").expect("it is the name of the database");
    Database::at(&format!("{server}/template1"))
}

const OUTAGES: [Outage; 3] = [
    ("stopped", Cluster::crash, Cluster::start_again),
    ("frozen", |cluster| cluster.freeze(), |cluster| cluster.thaw()),
    (
        "refusing",
        |cluster| {
            let beside = beside(cluster);
            beside.execute("ALTER DATABASE postgres ALLOW_CONNECTIONS false");
            beside
                .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'");
        },
        |cluster| beside(cluster).execute("ALTER DATABASE postgres ALLOW_CONNECTIONS true"),
    ),
];

#[test]
fn while_the_database_server_is_away_clients_stay_and_are_told_and_then_all_goes_on() {
    let Some(mut cluster) = cluster() else { return };
    let server = TestServer::options().env("WAYPOST_STORE", cluster.url()).start();
    let agents = Agents::default();
    let mut client = ClientOptions::new(&server).start_in(&agents);
    client.connected();
    client.event("connected");
    client.join_general();
    redeliver(&server, &text("wamid.FIRST"));
    client.journal_to("wamid.FIRST");
    for (what, take_away, give_back) in OUTAGES {
        take_away(&mut cluster);
        let during = format!("wamid.{what}");
        assert_unavailable(what, || server.deliver(&text(&during)));
        see_state(&mut client, "degraded");
        let key = &server.secrets().api_key;
        let send = json!({ "to": "15559992302", "type": "text", "text": { "body": "hello" }, "idempotencyKey": what });
        assert_unavailable(what, || server.send(&Request::post_json("/api/messages", &send).bearer(key)));
        assert_unavailable(what, || server.send(&Request::get("/readyz")));
        give_back(&mut cluster);
        see_state(&mut client, "ok");
        redeliver(&server, &text(&during));
        redeliver(&server, &text(&during));
        let shown = client.journal_to(&during);
        assert_eq!(shown.len(), 1, "{what}: it is shown once, and nothing beside it: {shown:?}");
        eventually(DEADLINE, "server that is ready", || {
            (server.send(&Request::get("/readyz")).ok()?.status == 200).then_some(())
        });
    }
    redeliver(&server, &text("wamid.LAST"));
    let shown = client.journal_to("wamid.LAST");
    assert_eq!(shown.len(), 1, "nothing was shown twice: {shown:?}");
    let again = client.events_so_far().iter().any(|event| event.name == "connected");
    assert!(!again, "it was connected all the time");
}

#[test]
fn a_database_server_that_goes_away_while_nobody_writes_is_noticed() {
    let Some(mut cluster) = cluster() else { return };
    let server = TestServer::options().env("WAYPOST_STORE", cluster.url()).start();
    let mut client = StockClient::in_general(&server);
    cluster.crash();
    see_state(&mut client, "degraded");
    cluster.start_again();
    see_state(&mut client, "ok");
}

#[test]
fn a_database_server_that_starts_later_is_waited_for() {
    if postgres::url().is_none() {
        return;
    }
    let early = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = early.local_addr().expect("it has an address").port();
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    // Its first attempt meets somebody who hangs up, the next ones nobody.
    let starting = thread::spawn(move || TestServer::options().env("WAYPOST_STORE", url).start());
    drop(early.accept().expect("the server looks for its database"));
    drop(early);
    let _cluster = Cluster::start_on(Durability::Skipped, port).expect("one can be started");
    let server = starting.join().expect("it becomes ready");
    assert!(server.log().contains("the database is waited for"), "{}", server.log());
    assert!(!server.data_dir().exists(), "nothing is kept in a directory");
}

#[test]
fn while_the_database_file_is_locked_clients_are_told_and_who_comes_meanwhile_too() {
    let server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    redeliver(&server, &text("wamid.FIRST"));
    client.journal_to("wamid.FIRST");
    let intruder = Connection::open(server.data_dir().join("waypost.db")).expect("the file is there");
    intruder.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    assert_unavailable("locked", || server.deliver(&text("wamid.DURING")));
    see_state(&mut client, "degraded");
    let mut late = ClientOptions::new(&server).start_in(&Agents::default());
    late.connected();
    assert_eq!(late.any_event().name, "connected");
    see_state(&mut late, "degraded");
    intruder.execute_batch("ROLLBACK").expect("it can be given up");
    for client in [&mut client, &mut late] {
        see_state(client, "ok");
    }
    redeliver(&server, &text("wamid.DURING"));
    assert_eq!(client.journal_to("wamid.DURING").len(), 1);
}
