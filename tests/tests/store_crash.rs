//! PostgreSQL that crashes during a burst, with stock clients watching: one of the test's own, which waits for the disk.

use waypost_testkit::postgres::{Cluster, Durability};
use waypost_testkit::{TestServer, Webhook};
use waypost_tests::{Agents, Burst, DeadLetters, Stored, Subscriber, deliver_text};

/// Webhooks of the burst, each with some messages.
const WEBHOOKS: usize = 300;
const MESSAGES_A_WEBHOOK: usize = 3;

/// The message after which the test looks at what was shown.
const LAST: &str = "wamid.LAST";

#[test]
fn a_database_that_crashes_during_a_burst_costs_nobody_an_event_or_a_connection() {
    let Some(mut cluster) = Cluster::for_test(Durability::Real) else { return };
    let server = TestServer::options().env("WAYPOST_STORE", cluster.url()).start();
    let agents = Agents::default();
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    let burst = Burst::start(&server, WEBHOOKS, |index| {
        Webhook::batch("burst", index * MESSAGES_A_WEBHOOK, MESSAGES_A_WEBHOOK)
    });
    for answered in [WEBHOOKS / 8, WEBHOOKS / 2] {
        burst.wait_for(answered);
        cluster.crash();
        cluster.start_again();
    }
    // What was answered with 200 is not delivered again: if it was lost, it is missing below.
    burst.finish();
    deliver_text(&server, "15559992309", LAST);
    for subscriber in &mut subscribers {
        subscriber.see_to(LAST);
        let again = subscriber.client.events_so_far().iter().any(|event| event.name == "connected");
        assert!(!again, "{}: it was connected all the time", subscriber.what);
        subscriber.assert_whole(&server);
    }
    let stored = Stored::by(&server);
    let wamids = stored.wamids();
    assert_eq!(wamids.len(), WEBHOOKS * MESSAGES_A_WEBHOOK + 1);
    assert!(wamids.values().all(|count| *count == 1), "stored more than once");
    assert_eq!(stored.shown_wamids(), wamids, "and each was written to be shown, once");
    assert_eq!(stored.dead_letters(), DeadLetters::default());
}
