//! The files are in trouble: nothing is answered as stored, nothing is lost, and it goes on by itself.

use waypost_store::{AppendError, Gap, OpenError, SessionError, Step};

use crate::fixture::{Fixture, START, app, message, text};
use crate::positions::{append, gap_at};
use crate::sessions::create;

#[tokio::test]
async fn while_the_database_cannot_be_written_nothing_is_stored_and_then_it_goes_on() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "before")]).await;
    assert_eq!(fixture.shown().await, ["message before"]);

    let intruder = fixture.ground().file();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = fixture.store.receive(app(), vec![message("wamid.2", "during")], START).await;
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
    let intruder = fixture.ground().file();
    intruder
        .execute_batch(
            r#"BEGIN IMMEDIATE;
               INSERT INTO journal (number, "check", name, audience, body, received_at)
               VALUES (2, 5, 'message', 'all', CAST('{}' AS BLOB), 0);
               INSERT INTO aliases (kind, value, scope, customer, since)
               SELECT 'phone', '15550009999', 1, id, 1 FROM customers"#,
        )
        .unwrap();
    let refused = fixture.store.receive(app(), vec![message("wamid.2", "x")], START).await;
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

#[tokio::test]
async fn while_the_sessions_file_cannot_be_written_nothing_is_stored_and_then_it_goes_on() {
    let fixture = Fixture::new();
    let tenure = create(&fixture, 1, 0).await;
    let intruder = fixture.ground().sessions_file();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(fixture.store.resume_session(tenure, START).await, Err(SessionError::Unavailable));
    intruder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(fixture.store.resume_session(tenure, START).await.unwrap().generation, 2);
}

#[tokio::test]
async fn positions_in_a_life_that_a_copy_put_back_are_gaps() {
    let mut fixture = Fixture::new();
    let kept = append(&mut fixture, 1, 3).await;
    let copies = tempfile::tempdir().unwrap();
    let files = ["waypost.db", "waypost.db-wal"];
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for file in files {
            // A log that is not there belongs to a file that is complete.
            if from.join(file).exists() {
                std::fs::copy(from.join(file), to.join(file)).unwrap();
            } else {
                drop(std::fs::remove_file(to.join(file)));
            }
        }
    };
    let mut fixture = fixture
        .closed_and_opened(&mut Vec::new(), |ground| copy(&ground.data_dir(), copies.path()))
        .await
        .unwrap();
    let lost = append(&mut fixture, 4, 6).await;
    let mut fixture = fixture
        .closed_and_opened(&mut Vec::new(), |ground| {
            drop(std::fs::remove_file(ground.data_dir().join("waypost.db-shm")));
            copy(copies.path(), &ground.data_dir());
        })
        .await
        .unwrap();
    fixture.receive(vec![message("wamid.other", "y")]).await;
    let new = fixture.events().await[0].offset;

    assert_eq!((lost[0].number, lost[0].epoch), (new.number, new.epoch));
    for gone in lost {
        assert_eq!(gap_at(&fixture, gone).await, Some(Gap { oldest: Some(kept[0]), head: new }), "{gone}");
    }
    assert_eq!(gap_at(&fixture, kept[2]).await, None);
}

#[tokio::test]
async fn a_damaged_file_is_named_when_it_cannot_be_opened() {
    let fixture = Fixture::new();
    let mut unread = Vec::new();
    let refused = fixture.closed_and_opened(&mut unread, |ground| {
        let directory = ground.data_dir();
        let garbage = [b"SQLite format 3\0".as_slice(), &[0xa5; 8_192]].concat();
        std::fs::write(directory.join("sessions.db"), garbage).unwrap();
        // In it, what the damage has destroyed would still be whole.
        for log in ["sessions.db-wal", "sessions.db-shm"].map(|log| directory.join(log)) {
            if log.exists() {
                std::fs::remove_file(log).unwrap();
            }
        }
    });
    let refused = refused.await.err().unwrap();
    let OpenError::Sessions { path, .. } = &refused else { panic!("{refused}") };
    assert!(path.ends_with("sessions.db"), "{refused}");
}
