//! Others append at the same time, or connections are cut: nothing is answered as stored that is not, and what is shown
//! is in order, without a hole, once.

use waypost_store::AppendError;

use crate::fixture::{Fixture, START, app, message, open};

#[tokio::test]
#[ignore = "it does not end: to be looked into (issue 6)"]
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
    let mut shown = Vec::new();
    while shown.len() < 41 {
        shown.extend(one.events().await);
    }
    let mut shown_by_other = Vec::new();
    while shown_by_other.len() < 42 {
        shown_by_other.extend(crate::fixture::events_of(others.next().await.unwrap()));
    }
    assert_eq!(shown, shown_by_other[..41]);
    let numbers: Vec<u64> = shown_by_other.iter().map(|event| event.offset.number).collect();
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
