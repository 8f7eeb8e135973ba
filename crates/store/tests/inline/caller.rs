//! What holds where everything happens on the caller's thread.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use waypost_domain::Fact;
use waypost_store::{AppendError, Threads};

use crate::fixture::{Fixture, START, app, echo, message, status};
use crate::ground::Ground;

/// What `future` gives at its first poll, outside any runtime.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for somebody else"),
    }
}

fn webhooks() -> Vec<Vec<Fact>> {
    vec![
        vec![message("wamid.1", "one"), status("wamid.2", "read")],
        vec![echo("wamid.2"), message("wamid.1", "one")],
        vec![
            status("wamid.2", "sent"),
            message("wamid.3", crate::fixture::CURSED),
            message("wamid.4", "four"),
        ],
    ]
}

#[test]
fn everything_is_done_at_the_first_poll_without_a_runtime() {
    let fixture = Fixture::new();
    assert_eq!(at_once(fixture.receive(vec![message("wamid.1", "one")])).stored, 1);
    assert_eq!(at_once(fixture.store.head()).unwrap().number, 1);
    assert_eq!(at_once(fixture.store.tend()).unwrap(), 0);
    assert!(at_once(fixture.store.can_write()));
}

#[test]
fn while_the_commits_are_not_read_nothing_is_stored() {
    let mut fixture = Fixture::new();
    for n in 0..64 {
        assert_eq!(at_once(fixture.receive(vec![message(&format!("wamid.{n}"), "x")])).stored, 1);
    }
    let refused = at_once(fixture.store.receive(app(), vec![message("wamid.64", "x")], START));
    assert!(matches!(refused, Err(AppendError::Unavailable)));
    assert_eq!(at_once(fixture.store.head()).unwrap().number, 64);

    assert_eq!(at_once(fixture.shown()), ["message x"]);
    assert_eq!(at_once(fixture.receive(vec![message("wamid.64", "x")])).stored, 1);
}

#[tokio::test]
async fn the_journal_is_the_same_byte_for_byte_whoever_does_the_work() {
    let mut journals = Vec::new();
    for threads in [Threads::Own, Threads::Caller] {
        let fixture = Fixture::on(Ground::with(threads));
        for webhook in webhooks() {
            fixture.receive(webhook).await;
        }
        journals.push(fixture.text(
            // The check is of all that came before, bodies included.
            "SELECT group_concat(concat_ws('|', number, \"check\", name, audience, received_at)) FROM journal",
        ));
    }
    assert_eq!(journals[0], journals[1]);
    assert_eq!(journals[0].split(',').count(), 5);
}
