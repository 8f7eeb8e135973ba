//! The database is in trouble: nothing is answered as stored, nothing is lost, and it goes on by itself.

use waypost_store::{AppendError, Step};

use crate::fixture::{Fixture, app, message, text};

#[tokio::test]
async fn while_the_database_cannot_be_written_nothing_is_stored_and_then_it_goes_on() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "before")]).await;
    assert_eq!(fixture.shown().await, ["message before"]);

    let intruder = fixture.file();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused =
        fixture.store.receive(app(), vec![message("wamid.2", "during")], crate::fixture::START).await;
    assert!(matches!(refused, Err(AppendError::Unavailable)));
    intruder.execute_batch("ROLLBACK").unwrap();

    assert_eq!(fixture.receive(vec![message("wamid.2", "again")]).await.stored, 1);
    assert_eq!(fixture.shown().await, ["message again"]);
}

#[tokio::test]
async fn what_an_uncertain_commit_left_in_the_journal_is_shown_after_all() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "before")]).await;
    fixture.shown().await;
    // Such a commit reached the file though it was reported as failed. From outside it looks like this: a name and an
    // entry that the writer did not hand on, and trouble that makes it open the file again.
    let intruder = fixture.file();
    intruder
        .execute_batch(
            r#"BEGIN IMMEDIATE;
               INSERT INTO journal (number, "check", name, audience, body, received_at)
               VALUES (2, 5, 'message', 'all', CAST('{}' AS BLOB), 0);
               INSERT INTO aliases (kind, value, customer, since)
               SELECT 'phone', '15550009999', id, 1 FROM customers"#,
        )
        .unwrap();
    let refused = fixture.store.receive(app(), vec![message("wamid.2", "x")], crate::fixture::START).await;
    assert!(matches!(refused, Err(AppendError::Unavailable)));
    intruder.execute_batch("COMMIT").unwrap();

    fixture.receive(vec![message("wamid.3", "after")]).await;
    // Who waits for the name must hear that it is a customer's before that customer's first event, or waits for ever.
    let missed = fixture.commits.next().await.unwrap().steps;
    let [Step::Bind { name, .. }, Step::Event(event)] = &missed[..] else { panic!("{missed:?}") };
    assert_eq!((&**name, text(event)), ("15550009999", "message {}".to_owned()));
    let events = fixture.events().await;
    assert_eq!(events[0].offset.number, 3);
}
