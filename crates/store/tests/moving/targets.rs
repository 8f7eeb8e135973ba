//! From where and to where a store is not moved, and how it comes back.

use std::ops::ControlFlow;

use waypost_domain::KeyScope;
use waypost_store::{ApiKey, Differing, MoveError, MoveProgress, MoveStage, OpenError};

use crate::audit::check_trail;
use crate::content::of_each;
use crate::database;
use crate::fixture::{Fixture, START, message};
use crate::ground::Ground;
use crate::same::{reopened, why_not, with};

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Closes a store and does something to what it stood on.
async fn closed(fixture: Fixture, tamper: impl FnOnce(&Ground)) {
    reopened(fixture, |ground| {
        tamper(ground);
        // It is opened again: where it was moved away, there.
        if !ground.files.text("SELECT coalesce(max(value), '') FROM meta WHERE key = 'moved_to'").is_empty() {
            ground.use_database();
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_store_that_is_being_served_is_not_moved() {
    let fixture = with(&[]).await;
    let refused = fixture.ground().try_move(|_| GO_ON);
    assert!(matches!(refused, Err(MoveError::Source(OpenError::InUse { .. }))));
}

#[tokio::test]
async fn while_a_store_is_moved_nobody_opens_it() {
    let is_kept = |ground: &Ground| {
        let moved = ground.try_move(|_| {
            let again = ground.order(&ground.database).run(|_| GO_ON);
            assert!(matches!(again, Err(MoveError::Source(OpenError::InUse { .. }))));
            GO_ON
        });
        moved.unwrap();
    };
    closed(with(&[]).await, is_kept).await;
}

#[tokio::test]
async fn a_directory_without_a_store_is_not_made_one() {
    let fixture = with(&[]).await;
    let mut order = fixture.ground().order(&fixture.ground().database);
    order.from.push("elsewhere");
    assert!(matches!(order.run(|_| GO_ON), Err(MoveError::NoStore(_))));
    assert!(!order.from.exists());
}

#[tokio::test]
async fn a_database_that_holds_something_else_is_refused_and_left_as_it_is() {
    // A store that was served there, be it for a moment.
    let other = with(&[]).await;
    other.receive(vec![message("wamid.1", "mine")]).await;
    let refused = |ground: &Ground| {
        ground.move_over();
        let another = Ground::new();
        drop(waypost_store::Keys::open(&another.files.place()).unwrap());
        let refused = another.order(&ground.database).run(|_| GO_ON);
        assert!(matches!(refused, Err(MoveError::Occupied { entries: 1 })), "{refused:?}");

        // One that is being moved there.
        let target = database::Ground::new();
        ground.forget_move();
        let stopped = ground.order(&target).run(|_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(MoveError::Stopped)));
        let refused = another.order(&target).run(|_| GO_ON);
        assert!(matches!(refused, Err(MoveError::OtherMove)), "{refused:?}");
        ground.order(&target).run(|_| GO_ON).unwrap();
    };
    closed(other, refused).await;

    let fixture = with(&[]).await;
    let served = |ground: &Ground| {
        ground.database.execute("CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL)");
        assert!(matches!(ground.try_move(|_| GO_ON), Err(MoveError::Target(_))), "not our tables");
    };
    closed(fixture, served).await;
}

/// A key that is made on the wrong side would be gone after the move.
#[tokio::test]
async fn keys_are_made_where_the_store_is_and_neither_lost_nor_in_the_way() {
    let keys = |ground: &Ground| {
        let there = waypost_store::Keys::open(&ground.database.place()).unwrap();
        let key = ApiKey {
            id: "key_9".into(),
            name: "early".into(),
            created_at: START,
            scopes: vec![KeyScope::Admin],
            expires_at: None,
            numbers: None,
        };
        there.create(&key, &[1; 32]).unwrap();
        let refused = ground.try_move(|_| GO_ON);
        assert!(matches!(refused, Err(MoveError::NotEmpty { table: "api_keys" })), "{refused:?}");
        assert!(there.revoke("key_9").unwrap());

        assert!(matches!(ground.try_move(|_| ControlFlow::Break(())), Err(MoveError::Stopped)));
        let refused = waypost_store::Keys::open(&ground.database.place()).map(drop);
        assert!(matches!(why_not(refused), OpenError::MoveUnfinished));

        ground.move_over();
        let refused = waypost_store::Keys::open(&ground.files.place()).map(drop);
        assert!(matches!(refused, Err(OpenError::Moved { .. })), "{refused:?}");
        assert_eq!(waypost_store::Keys::open(&ground.database.place()).unwrap().list().unwrap().len(), 1);
    };
    // Whoever waits for a database's answer is on no runtime.
    closed(with(&[]).await, |ground| {
        std::thread::scope(|scope| scope.spawn(|| keys(ground)).join().unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_store_that_was_moved_is_not_served_from_its_files_nor_moved_elsewhere() {
    let fixture = with(&of_each()).await;
    let opened = reopened(fixture, |ground| {
        ground.move_over();
        let elsewhere = database::Ground::new();
        let refused = ground.order(&elsewhere).run(|_| GO_ON);
        assert!(matches!(refused, Err(MoveError::MovedBefore { .. })), "{refused:?}");
        ground.use_files();
    });
    let Err(OpenError::Moved { to, .. }) = opened.await else { panic!("it was opened") };
    assert!(to.starts_with("postgres://") && !to.contains("postgres@"), "{to}");
}

#[tokio::test]
async fn it_is_taken_back_while_nothing_was_stored_since() {
    let fixture = with(&[]).await;
    fixture.receive(vec![message("wamid.1", "before")]).await;
    let there_and_back = |ground: &Ground| {
        let order = ground.order(&ground.database);
        assert!(matches!(order.take_back(), Err(MoveError::NotMoved(_))), "not moved yet");
        ground.move_over();
        order.take_back().unwrap();
        ground.use_files();
    };
    let fixture = reopened(fixture, there_and_back).await.unwrap();
    assert_eq!(fixture.receive(vec![message("wamid.2", "after")]).await.stored, 1);

    // The database is refused, until the store is moved there again.
    let opened = reopened(fixture, Ground::use_database);
    assert!(matches!(why_not(opened.await), OpenError::MoveUndone));
}

#[tokio::test]
async fn it_is_moved_again_after_it_was_taken_back_and_not_taken_back_once_it_went_on() {
    let fixture = with(&[]).await;
    fixture.receive(vec![message("wamid.1", "before")]).await;
    let there_and_back_and_there = |ground: &Ground| {
        ground.move_over();
        ground.order(&ground.database).take_back().unwrap();
        ground.move_over();
    };
    let fixture = reopened(fixture, there_and_back_and_there).await.unwrap();
    assert_eq!(fixture.receive(vec![message("wamid.1", "before")]).await.repeated, 1);
    assert_eq!(fixture.receive(vec![message("wamid.2", "after")]).await.stored, 1);
    let refused = fixture.ground().order(&fixture.ground().database).take_back();
    assert!(matches!(refused, Err(MoveError::GoneOn)), "{refused:?}");
}

#[tokio::test]
async fn it_is_not_taken_back_once_somebody_did_what_is_audited() {
    let moved = |ground: &Ground| drop(ground.move_over());
    let fixture = reopened(with(&[]).await, moved).await.unwrap();
    check_trail(&fixture).await;
    let refused = fixture.ground().order(&fixture.ground().database).take_back();
    assert!(matches!(refused, Err(MoveError::GoneOn)), "{refused:?}");
}

#[tokio::test]
async fn a_column_or_a_table_that_the_move_does_not_know_is_never_left_behind() {
    let unknown = |ground: &Ground| {
        for (sql, undo) in [
            ("ALTER TABLE customers ADD COLUMN team TEXT", "ALTER TABLE customers DROP COLUMN team"),
            ("CREATE TABLE notes (id INTEGER PRIMARY KEY)", "DROP TABLE notes"),
        ] {
            ground.files.execute(sql);
            let refused = ground.try_move(|_| GO_ON);
            assert!(matches!(refused, Err(MoveError::Schema { .. })), "{sql}: {refused:?}");
            ground.files.execute(undo);
            ground.database.execute(sql);
            let refused = ground.try_move(|_| GO_ON);
            assert!(matches!(refused, Err(MoveError::Schema { .. })), "{sql} there: {refused:?}");
            ground.database.execute(undo);
        }
        ground.move_over();
    };
    closed(with(&of_each()).await, unknown).await;
}

/// When the first sum is about to be made, all rows are there.
fn when_copied(mut tamper: impl FnMut() + Send) -> impl FnMut(MoveProgress) -> ControlFlow<()> + Send {
    let mut is_done = false;
    move |step| {
        if step.stage == MoveStage::SummingSource && !is_done {
            is_done = true;
            tamper();
        }
        GO_ON
    }
}

#[tokio::test]
async fn what_differs_in_the_end_is_named_and_moved_anew() {
    let differing = |ground: &Ground| {
        for (sql, table) in [
            ("UPDATE messages SET content = content || '.' WHERE seq = 2", "messages"),
            ("DELETE FROM api_keys", "api_keys"),
            ("UPDATE rooms SET customer = NULL, since = NULL", "rooms"),
        ] {
            let moved = ground.try_move(when_copied(|| ground.database.execute(sql)));
            let Err(MoveError::Differs(Differing::Rows { table: found, .. })) = moved else {
                panic!("{sql}: {moved:?}")
            };
            assert_eq!(found, table);
        }
        let sql = "UPDATE meta SET value = 'x' WHERE key = 'dedup_key'";
        let moved = ground.try_move(when_copied(|| ground.database.execute(sql)));
        assert!(matches!(moved, Err(MoveError::Differs(Differing::Meta))));
        ground.move_over();
    };
    closed(with(&of_each()).await, differing).await;
}

#[tokio::test]
async fn a_damaged_journal_is_not_moved() {
    let damaged = |ground: &Ground| {
        ground.files.execute("UPDATE journal SET body = x'00' WHERE number = 2");
        let refused = ground.try_move(|_| GO_ON);
        assert!(matches!(refused, Err(MoveError::BrokenJournal { number: 2 })), "{refused:?}");
    };
    closed(with(&of_each()).await, damaged).await;
}
