//! Others append at the same time, or connections are cut: nothing is answered as stored that is not, and what is shown
//! is in order, without a hole, once.

use waypost_store::{AppendError, Commits, CommittedEvent, Store};
use waypost_testkit::postgres::url;

use crate::fixture::{Fixture, START, app, events_of, message, open, open_at, text};
use crate::proxy::{Fault, Proxy};

/// A store on the ground of another, whose connections go through a proxy.
fn open_behind_proxy(other: &Fixture) -> (Store, Commits, Proxy) {
    let proxy = Proxy::start(url().unwrap());
    let (store, commits) = open_at(&other.setting, other.ground().place_behind(&proxy)).unwrap();
    (store, commits, proxy)
}

/// The next so many events, however they were committed.
async fn next_events(commits: &mut Commits, count: usize) -> Vec<CommittedEvent> {
    let mut events = Vec::new();
    while events.len() < count {
        events.extend(events_of(commits.next().await.unwrap()));
    }
    events
}

fn shown(events: &[CommittedEvent]) -> Vec<(u64, String)> {
    events.iter().map(|event| (event.offset.number, text(event))).collect()
}

#[tokio::test]
async fn of_two_that_append_at_the_same_time_each_shows_all_in_one_order() {
    let mut one = Fixture::new();
    let (other, mut others) = open(&one.setting).unwrap();
    for n in 0..20 {
        let (first, second) = (format!("wamid.one.{n}"), format!("wamid.other.{n}"));
        let (stored, also) = tokio::join!(
            one.store.receive(app(), vec![message(&first, "x")], START),
            other.receive(app(), vec![message(&second, "y"), message(&first, "x")], START)
        );
        // What both got is stored by one of them.
        let (stored, also) = (stored.unwrap(), also.unwrap());
        assert_eq!((stored.stored + also.stored, stored.repeated + also.repeated), (2, 1));
    }
    one.receive(vec![message("wamid.last", "z")]).await;
    other.receive(app(), vec![message("wamid.very-last", "z")], START).await.unwrap();
    let shown = next_events(&mut one.commits, 42).await;
    assert_eq!(shown, next_events(&mut others, 42).await);
    let numbers: Vec<u64> = shown.iter().map(|event| event.offset.number).collect();
    assert_eq!(numbers, (1..=42).collect::<Vec<_>>());
    assert_eq!(one.count("SELECT count(*) FROM customers"), 1);
}

#[tokio::test]
async fn while_somebody_keeps_the_lock_nothing_is_stored_and_then_it_goes_on() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "before")]).await;
    assert_eq!(fixture.shown().await, ["message before"]);
    let keeper = fixture.ground().connect().await;
    keeper.batch_execute("BEGIN; LOCK TABLE journal_head IN EXCLUSIVE MODE").await.unwrap();
    let refused = fixture.store.receive(app(), vec![message("wamid.2", "during")], START).await;
    assert!(matches!(refused, Err(AppendError::Unavailable)));
    keeper.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(fixture.receive(vec![message("wamid.2", "again")]).await.stored, 1);
    assert_eq!(fixture.shown().await, ["message again"]);
}

#[tokio::test]
async fn after_its_connections_were_cut_it_goes_on() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "one")]).await;
    fixture.shown().await;
    fixture.ground().cut_connections();
    // What was under way is refused; what comes after is not.
    let mut counts = fixture.store.receive(app(), vec![message("wamid.2", "two")], START).await;
    if counts.is_err() {
        counts = fixture.store.receive(app(), vec![message("wamid.2", "two")], START).await;
    }
    assert_eq!(counts.unwrap().stored, 1);
    assert_eq!(fixture.shown().await, ["message two"]);
}

/// A COMMIT whose answer never came: from outside, entries that the writer did not hand on, and a head that is not where
/// it left it.
#[tokio::test]
async fn what_an_uncertain_commit_left_is_shown_after_all_and_once() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "before")]).await;
    fixture.shown().await;
    fixture.ground().execute(
        r#"INSERT INTO journal (number, "check", name, audience, body, received_at)
           VALUES (2, 5, 'message', 'all', 'left', 0);
           SELECT move_head(version, 2, 5, message, "row") FROM journal_head"#,
    );
    fixture.receive(vec![message("wamid.2", "after")]).await;
    assert_eq!(fixture.shown().await, ["message left"]);
    let events = fixture.events().await;
    assert_eq!((events.len(), events[0].offset.number), (1, 3));
}

#[tokio::test]
async fn it_is_opened_by_several_at_the_same_time() {
    let fixture = Fixture::new();
    let setting = &fixture.setting;
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| open(setting).map(drop))).collect();
        for opened in opening {
            opened.join().unwrap().unwrap();
        }
    });
}

#[tokio::test]
async fn what_others_append_is_shown_to_who_appends_nothing() {
    let mut one = Fixture::new();
    let (other, mut others) = open(&one.setting).unwrap();
    other.receive(app(), vec![message("wamid.1", "x")], START).await.unwrap();
    assert_eq!(shown(&next_events(&mut one.commits, 1).await), [(1, "message x".to_owned())]);
    one.receive(vec![message("wamid.2", "y")]).await;
    let all = shown(&next_events(&mut others, 2).await);
    assert_eq!(all, [(1, "message x".to_owned()), (2, "message y".to_owned())]);
}

/// No bell has rung for it, and nobody appends after it.
#[tokio::test]
async fn what_came_into_the_journal_without_a_word_is_shown_by_itself() {
    let mut fixture = Fixture::new();
    fixture.ground().execute(
        r#"INSERT INTO journal (number, "check", name, audience, body, received_at)
           SELECT number, number, 'message', 'all', 'left', 0 FROM generate_series(1, 4500) AS number;
           SELECT move_head(version, 4500, 4500, message, "row") FROM journal_head"#,
    );
    let numbers = next_events(&mut fixture.commits, 4_500).await.into_iter().map(|event| event.offset.number);
    assert!(numbers.eq(1..=4_500));
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_refused_and_shown_by_itself_once() {
    let mut beside = Fixture::new();
    let (store, mut commits, proxy) = open_behind_proxy(&beside);
    let receive = async |wamid, content| store.receive(app(), vec![message(wamid, content)], START).await;
    receive("wamid.1", "before").await.unwrap();
    proxy.at_next_commit(Fault::AnswerLost);
    assert!(matches!(receive("wamid.2", "unknown").await, Err(AppendError::Unavailable)));
    let expected = [(1, "message before".to_owned()), (2, "message unknown".to_owned())];
    assert_eq!(shown(&next_events(&mut commits, 2).await), expected);
    assert_eq!(receive("wamid.2", "unknown").await.unwrap().repeated, 1);
    receive("wamid.3", "after").await.unwrap();
    assert_eq!(shown(&next_events(&mut commits, 1).await), [(3, "message after".to_owned())]);
    assert_eq!(shown(&next_events(&mut beside.commits, 2).await), expected);
}

/// The other waits for the lock no longer than the database lets a silent transaction live, and is not refused.
#[tokio::test]
async fn while_one_is_frozen_or_killed_with_the_lock_the_other_goes_on() {
    for fault in [Fault::Frozen, Fault::Killed] {
        let beside = Fixture::new();
        let (store, mut commits, proxy) = open_behind_proxy(&beside);
        let receive = async |wamid, content| store.receive(app(), vec![message(wamid, content)], START).await;
        receive("wamid.1", "before").await.unwrap();
        proxy.at_next_commit(fault);
        let (refused, counts) = tokio::join!(receive("wamid.2", "unlucky"), async {
            proxy.faults(1).await;
            beside.receive(vec![message("wamid.3", "beside")]).await
        });
        assert_eq!(counts.stored, 1, "{fault:?}");
        assert!(matches!(refused, Err(AppendError::Unavailable)), "{fault:?}");
        assert_eq!(receive("wamid.2", "again").await.unwrap().stored, 1, "{fault:?}");
        let events = shown(&next_events(&mut commits, 3).await);
        let expected = ["before", "beside", "again"].map(|content| format!("message {content}"));
        assert_eq!(events, (1..).zip(expected).collect::<Vec<_>>(), "{fault:?}");
    }
}
