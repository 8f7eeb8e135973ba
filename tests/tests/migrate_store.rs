//! A deployment moves from its files to PostgreSQL: its clients notice a restart, and nothing else.

use std::path::PathBuf;
use std::time::Duration;

use waypost_testkit::postgres::Schema;
use waypost_testkit::{TestServer, Webhook, eventually};
use waypost_tests::{
    Agents, Burst, Ended, GENERAL, Program, Stored, Subscriber, Variant, deliver, deliver_text, run_waypost,
    run_waypost_within,
};

const ANA: &str = "15559992302";

const STOP_MAX: Duration = Duration::from_secs(10);

/// A server with files, whatever store this run of the tests is for.
fn on_files() -> TestServer {
    TestServer::options().env("WAYPOST_STORE", "sqlite").start()
}

fn migrate(server: &TestServer, schema: &Schema, arguments: &[&str]) -> Ended {
    let data_dir = server.data_dir();
    let folder = data_dir.parent().expect("it is in a folder");
    let arguments = [&["migrate-store"], arguments].concat();
    run_waypost_within(
        Duration::from_mins(10),
        folder,
        &arguments,
        &[
            ("WAYPOST_STORE", schema.url()),
            ("WAYPOST_DATA_DIR", data_dir.to_str().expect("the path is UTF-8")),
        ],
    )
}

/// Stops the server politely, moves its store, and starts it on the same address.
fn move_over(server: &mut TestServer, schema: &Schema) -> Ended {
    assert_eq!(server.terminate(STOP_MAX).code(), Some(0));
    let ended = migrate(server, schema, &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    server.keep_in(schema.url());
    server.restart();
    ended
}

#[test]
fn stock_clients_go_on_by_themselves_and_miss_nothing() {
    let Some(schema) = Schema::new() else { return };
    let (mut server, agents) = (on_files(), Agents::default());
    deliver(&server, &Webhook::batch("before", 0, 20).to_bytes());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    let mut away = Subscriber::start(&server, &agents, Variant::WebSocketOnly);
    deliver_text(&server, ANA, "wamid.SEEN");
    for subscriber in subscribers.iter_mut().chain([&mut away]) {
        subscriber.see_to("wamid.SEEN");
    }
    let presented = away.go_away();
    deliver_text(&server, ANA, "wamid.ONLY-IN-FILES");
    let ended = move_over(&mut server, &schema);
    assert!(ended.stdout.contains("Both sides hold the same"), "{}", ended.stdout);
    deliver(&server, &Webhook::batch("after", 0, 20).to_bytes());
    for Subscriber { client, what, .. } in &mut subscribers {
        client.back().assert_session(&[GENERAL], what);
    }
    away.come_back(&presented);
    // What was stored before the move is known, and shown to nobody again.
    deliver_text(&server, ANA, "wamid.SEEN");
    deliver_text(&server, ANA, "wamid.LAST");
    for subscriber in subscribers.iter_mut().chain([&mut away]) {
        subscriber.see_to("wamid.LAST");
        subscriber.assert_whole(&server);
    }
    assert_eq!(Stored::by(&server).messages(), 20 + 1 + 1 + 20 + 1);
}

#[test]
fn whoever_moves_is_told_what_is_in_the_way_and_may_go_back() {
    let Some(schema) = Schema::new() else { return };
    let mut server = on_files();
    deliver_text(&server, ANA, "wamid.1");
    let running = migrate(&server, &schema, &[]);
    assert!(running.stderr.contains("is in use by another waypost"), "{}", running.stderr);
    assert_eq!(server.terminate(STOP_MAX).code(), Some(0));
    let data_dir = server.data_dir();
    let data_dir = data_dir.to_str().expect("the path is UTF-8");
    let nowhere = run_waypost(&PathBuf::from("/"), &["migrate-store"], &[("WAYPOST_DATA_DIR", data_dir)]);
    assert!(nowhere.stderr.contains("WAYPOST_STORE says where"), "{}", nowhere.stderr);

    drop(migrate(&server, &schema, &[]).success());
    assert!(migrate(&server, &schema, &[]).success().contains("it was moved before"));
    let serve = |store: &str| {
        run_waypost(
            &PathBuf::from("/"),
            &["serve"],
            &[("WAYPOST_DATA_DIR", data_dir), ("WAYPOST_STORE", store), ("WAYPOST_LISTEN", "127.0.0.1:0")],
        )
    };
    let moved = serve("sqlite");
    assert!(moved.stderr.contains("was moved to postgres"), "{}", moved.stderr);

    drop(migrate(&server, &schema, &["--undo"]).success());
    let undone = serve(schema.url());
    assert!(undone.stderr.contains("was taken back"), "{}", undone.stderr);
    server.restart();
    deliver_text(&server, ANA, "wamid.2");
    assert_eq!(Stored::by(&server).messages(), 2);
}

/// Run by hand, with the release binary: `docs/PERFORMANCE.md` says how.
#[test]
#[ignore = "a measurement, which takes minutes"]
fn two_hundred_thousand_messages_are_moved_while_a_stock_client_watches() {
    let Some(schema) = Schema::new() else { return };
    let (mut server, agents) = (on_files(), Agents::default());
    Burst::start(&server, 4_000, |index| Webhook::batch("before", index * 50, 50)).finish();
    let mut subscriber = Subscriber::start(&server, &agents, Variant::Default);
    deliver_text(&server, ANA, "wamid.SEEN");
    subscriber.see_to("wamid.SEEN");
    assert_eq!(server.terminate(STOP_MAX).code(), Some(0));

    // Killed on its way, when the journal is being moved.
    let data_dir = server.data_dir();
    let data_dir = data_dir.to_str().expect("the path is UTF-8");
    let settings = [("WAYPOST_STORE", schema.url()), ("WAYPOST_DATA_DIR", data_dir)];
    let killed = Program::start(&PathBuf::from("/"), &["migrate-store"], &settings);
    eventually(Duration::from_mins(5), "half of the move", || {
        let rows = schema.database().try_rows("SELECT 1 FROM journal LIMIT 1").ok()?;
        (!rows.is_empty()).then_some(())
    });
    drop(killed);
    let resumed = migrate(&server, &schema, &[]).success();

    // And once whole, for the figures.
    drop(migrate(&server, &schema, &["--undo"]).success());
    let whole = migrate(&server, &schema, &[]).success();
    eprintln!("after kill -9: {}\nwhole: {whole}", resumed.lines().last().unwrap_or_default());

    server.keep_in(schema.url());
    server.restart();
    deliver(&server, &Webhook::batch("after", 0, 20).to_bytes());
    subscriber.client.back().assert_session(&[GENERAL], &subscriber.what);
    deliver_text(&server, ANA, "wamid.LAST");
    subscriber.see_to("wamid.LAST");
    subscriber.assert_whole(&server);
    assert_eq!(Stored::by(&server).messages(), 200_000 + 1 + 20 + 1);
}
