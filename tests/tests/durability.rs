//! Nothing that was answered with 200 is lost, and nothing is stored twice: after `kill -9`, and after SIGTERM.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use waypost_testkit::{InboundText, Request, TestServer, Webhook, eventually};
use waypost_tests::{DEADLINE, Held, RawRequest, StockClient, Stored, Variant, deliver_text};

/// Webhooks of the load, each with some messages.
const WEBHOOKS: usize = 1_500;
/// How many are under way at once.
const SENDERS: usize = 8;
/// The answers after which the server is killed, again and again.
const KILLED_AFTER: usize = 300;

/// Webhook `index` of the load: one to three messages.
fn webhook(index: usize) -> Webhook {
    Webhook::batch("load", index * 3, 1 + index % 3)
}

fn all_wamids() -> BTreeSet<String> {
    let messages = (0..WEBHOOKS).flat_map(|index| index * 3..=index * 3 + index % 3);
    messages.map(|message| InboundText::numbered("load", message).wamid).collect()
}

/// Sends these webhooks by several senders until the server is gone or all have been sent; meanwhile does `meanwhile`,
/// which is told the number of answers. Gives those that were answered with 200.
fn send(
    server: &mut TestServer,
    indices: &[usize],
    meanwhile: impl FnOnce(&mut TestServer, &AtomicUsize),
) -> BTreeSet<usize> {
    let (next, answers, answered) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    let post = {
        let (address, secret) = (server.address(), server.secrets().app_secret.clone());
        move |index: usize| waypost_tests::post_webhook(address, &secret, &webhook(index).to_bytes())
    };
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                while let Some(&index) = indices.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Ok(answer) = post(index) else { return };
                    if answer.status == 200 {
                        answered.lock().unwrap_or_else(PoisonError::into_inner).insert(index);
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        meanwhile(server, &answers);
    });
    answered.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn what_was_answered_survives_kill_9_and_what_was_redelivered_is_stored_once() {
    let mut server = TestServer::start();
    let mut answered = BTreeSet::new();
    let mut kills = 0;
    loop {
        let left: Vec<usize> = (0..WEBHOOKS).filter(|index| !answered.contains(index)).collect();
        if left.is_empty() {
            break;
        }
        let is_killed = left.len() > KILLED_AFTER;
        answered.extend(send(&mut server, &left, |server, answers| {
            if is_killed {
                eventually(DEADLINE, "load", || {
                    (answers.load(Ordering::Relaxed) >= KILLED_AFTER).then_some(())
                });
                server.kill9();
            }
        }));
        if is_killed {
            let stored = Stored::by(&server).wamids();
            let lost: Vec<_> = answered.iter().filter(|index| !is_stored(&stored, **index)).take(5).collect();
            assert!(lost.is_empty(), "answered with 200 and not stored after the kill: {lost:?}");
            kills += 1;
            server.restart();
        }
    }
    assert!(kills >= 3, "the server was killed {kills} times only");
    server.terminate(DEADLINE);

    let stored = Stored::by(&server);
    let wamids = stored.wamids();
    assert_eq!(wamids.keys().cloned().collect::<BTreeSet<_>>(), all_wamids());
    let more_than_once: Vec<_> = wamids.iter().filter(|(_, count)| **count != 1).collect();
    assert!(more_than_once.is_empty(), "stored more than once: {more_than_once:?}");
    assert_eq!(stored.shown_wamids(), wamids, "and each was written to be shown, once");
    assert_eq!(stored.dead_letters(), waypost_tests::DeadLetters::default());
}

fn is_stored(stored: &std::collections::BTreeMap<String, usize>, index: usize) -> bool {
    (index * 3..=index * 3 + index % 3)
        .all(|message| stored.contains_key(&InboundText::numbered("load", message).wamid))
}

#[test]
fn sigterm_under_load_loses_nothing_that_was_answered() {
    let mut server = TestServer::start();
    let all: Vec<usize> = (0..WEBHOOKS).collect();
    let answered = send(&mut server, &all, |server, answers| {
        eventually(DEADLINE, "load", || (answers.load(Ordering::Relaxed) >= KILLED_AFTER).then_some(()));
        assert_eq!(server.terminate(Duration::from_secs(10)).code(), Some(0));
    });
    let stored = Stored::by(&server).wamids();
    let lost: Vec<_> = answered.iter().filter(|index| !is_stored(&stored, **index)).take(5).collect();
    assert!(lost.is_empty(), "answered with 200 and not stored: {lost:?}");
}

#[test]
fn a_webhook_that_was_accepted_before_sigterm_is_answered() {
    let mut server = TestServer::start();
    let body = Webhook::new().text(&InboundText::new("15550002001", "wamid.LATE", "half of it")).to_bytes();
    let (half, rest) = body.split_at(body.len() / 2);
    let mut request = RawRequest::begin_webhook(&server, &body);
    request.send(half).expect("the server reads");
    server.begin_terminate();
    eventually(DEADLINE, "end of listening", || {
        std::net::TcpStream::connect(server.address()).is_err().then_some(())
    });
    request.send(rest).expect("the server still reads what it accepted");
    assert_eq!(request.status(), 200);
    assert_eq!(server.terminate(Duration::from_secs(10)).code(), Some(0));
    assert_eq!(Stored::by(&server).state_of("wamid.LATE").as_deref(), Some("delivered"));
}

#[test]
fn clients_are_told_of_the_end_and_come_back_by_themselves() {
    let mut server = TestServer::start();
    let mut clients: Vec<_> = Variant::ALL
        .into_iter()
        .map(|variant| {
            let mut client = waypost_tests::ClientOptions::new(&server).variant(variant).connect();
            client.event("connected");
            client
        })
        .collect();
    assert_eq!(server.terminate(Duration::from_secs(10)).code(), Some(0));
    for (client, variant) in clients.iter_mut().zip(Variant::ALL) {
        assert_eq!(client.event("serverState").text("state"), "degraded", "{variant:?}");
        let reason = client.disconnected();
        // After `io server disconnect` a stock client would never come back.
        assert!(["transport close", "transport error"].contains(&reason.as_str()), "{variant:?}: {reason}");
    }
    server.restart();
    for (client, variant) in clients.iter_mut().zip(Variant::ALL) {
        client.back().assert_session(&[], &format!("{variant:?}"));
        client.join_general();
    }
    deliver_text(&server, "15550002001", "wamid.AFTER");
    for client in &mut clients {
        client.journal_to("wamid.AFTER");
    }
}

#[test]
fn clients_come_back_after_kill_9() {
    let mut server = TestServer::start();
    let mut client = StockClient::in_general(&server);
    client.event("connected");
    deliver_text(&server, "15550002001", "wamid.BEFORE");
    let before = client.event("whatsappMessage");
    server.kill9();
    client.disconnected();
    server.restart();
    client.came_back();
    assert_eq!(client.event("connected").body()["head"], before.body()["offset"], "the journal goes on");
    client.join_general();
    deliver_text(&server, "15550002001", "wamid.AFTER");
    let shown = client.journal_to("wamid.AFTER");
    assert_eq!(shown.len(), 1);
    assert!(shown[0].offset_number() > before.offset_number());
}

#[test]
fn a_store_that_cannot_write_is_told_in_time_and_loses_nothing() {
    let server = TestServer::options().env("WAYPOST_LIMITS_WEBHOOK_ANSWER_TIMEOUT_SECONDS", "1").start();
    let mut client = StockClient::in_general(&server);
    deliver_text(&server, "15550002001", "wamid.BEFORE");
    let webhook = Webhook::new().text(&InboundText::new("15550002001", "wamid.MEANWHILE", "hello"));
    let held = Held::take(&server);
    let answer = server.deliver(&webhook).expect("an answer, in spite of all");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("unavailable")));
    assert!(answer.header("retry-after").is_some());
    let readyz = |status: u16| {
        let answer = server.send(&Request::get("/readyz")).expect("an answer");
        (answer.status == status).then_some(())
    };
    eventually(DEADLINE, "server that says it is not ready", || readyz(503));
    drop(held);
    eventually(DEADLINE, "server that is ready again", || readyz(200));
    // Meta delivers again what had no 200.
    eventually(DEADLINE, "store that writes again", || {
        (server.deliver(&webhook).expect("an answer").status == 200).then_some(())
    });
    deliver_text(&server, "15550002001", "wamid.AFTER");
    let shown = client.journal_to("wamid.AFTER");
    let wamids: Vec<_> = shown.iter().map(waypost_tests::Event::wamid).collect();
    assert_eq!(wamids, ["wamid.BEFORE", "wamid.MEANWHILE", "wamid.AFTER"], "once, and in order");
}
