//! Two servers that append to one PostgreSQL at the same time: one journal, which each shows whole, whatever becomes of
//! the other.

use waypost_testkit::postgres::Schema;
use waypost_testkit::{Request, TestServer, Webhook};
use waypost_tests::{Agents, Burst, DeadLetters, Journal, Person, Stored, Subscriber, Variant, deliver_text};

/// Webhooks of each burst, each with some messages.
const WEBHOOKS: usize = 200;
const MESSAGES_A_WEBHOOK: usize = 3;

/// The message after which the test looks at what was shown.
const LAST: &str = "wamid.LAST";

#[test]
fn one_journal_is_shown_whole_by_both_though_one_is_frozen_and_killed() {
    let Some(schema) = Schema::new() else { return };
    let start = || TestServer::options().env("WAYPOST_STORE", schema.url()).start();
    let (steady, mut unlucky) = (start(), start());
    let agents = Agents::default();
    let mut at_steady = Subscriber::start(&steady, &agents, Variant::Default);
    let mut at_unlucky = Subscriber::start(&unlucky, &agents, Variant::Default);
    let burst = |server: &TestServer, of: &'static str| {
        Burst::start(server, WEBHOOKS, move |index| {
            Webhook::batch(of, index * MESSAGES_A_WEBHOOK, MESSAGES_A_WEBHOOK)
        })
    };
    let (steady_burst, unlucky_burst) = (burst(&steady, "steady"), burst(&unlucky, "unlucky"));

    // Wherever in an append it is: whoever holds the lock and is silent is cut off by the database.
    unlucky_burst.wait_for(WEBHOOKS / 8);
    unlucky.freeze();
    steady_burst.wait_for(WEBHOOKS / 2);
    unlucky.thaw();
    unlucky_burst.wait_for(WEBHOOKS / 2);
    unlucky.kill9();
    steady_burst.finish();
    unlucky.restart();
    unlucky_burst.finish();

    // What was answered with 200 is not delivered again: if it was lost, it is missing below.
    deliver_text(&steady, "15559992311", LAST);
    for (subscriber, server) in [(&mut at_steady, &steady), (&mut at_unlucky, &unlucky)] {
        subscriber.see_to(LAST);
        subscriber.assert_whole(server);
    }
    let numbers = Journal::of(&steady).entries().iter().map(|entry| entry.number).collect::<Vec<_>>();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let stored = Stored::by(&steady);
    let wamids = stored.wamids();
    assert_eq!(wamids.len(), 2 * WEBHOOKS * MESSAGES_A_WEBHOOK + 1);
    assert!(wamids.values().all(|count| *count == 1), "stored more than once");
    assert_eq!(stored.dead_letters(), DeadLetters::default());
}

/// Who is signed in stands in the database: no server has to be told by another.
#[test]
fn a_session_that_is_ended_at_one_server_ends_its_connections_at_the_other() {
    let Some(schema) = Schema::new() else { return };
    let start = || TestServer::options().env("WAYPOST_STORE", schema.url()).start();
    let (here, there) = (start(), start());
    let admin = Person::first_admin(&here);
    let mut client = admin.client(&there).connect();
    client.join_general();
    assert_eq!(admin.send(&here, Request::new("POST", "/api/logout")).status, 204);
    assert_eq!(client.disconnected(), "io server disconnect");
}
