//! A move that ends between two steps, however it ends, goes on when it is run again.

use std::ops::ControlFlow;

use waypost_store::{MoveError, MoveProgress, MoveStage, Moved, OpenError};

use crate::content::{Act, of_each};
use crate::fixture::message;
use crate::ground::Ground;
use crate::rows;
use crate::same::{reopened, why_not, with};

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Ends a move at its step `n`.
fn stop_at(n: usize) -> impl FnMut(MoveProgress) -> ControlFlow<()> + Send {
    let mut steps = 0;
    move |_| {
        steps += 1;
        if steps > n { ControlFlow::Break(()) } else { GO_ON }
    }
}

/// Ends a move right after the next rows have gone over, or at the sum `n` when all have.
fn stop_after_one_step(n: usize) -> impl FnMut(MoveProgress) -> ControlFlow<()> + Send {
    let (mut first, mut sums) = (None, 0);
    move |step| {
        let first = *first.get_or_insert(step);
        let is_over = match step.stage {
            MoveStage::Copying => step.rows > 0 && step != first,
            MoveStage::SummingSource | MoveStage::SummingTarget => {
                sums += 1;
                sums > n
            }
        };
        if is_over { ControlFlow::Break(()) } else { GO_ON }
    }
}

#[tokio::test]
async fn wherever_it_stops_it_goes_on_and_nothing_is_there_twice() {
    let mut stops = 0;
    let every_step = |ground: &Ground| {
        let moved = loop {
            match ground.try_move(stop_after_one_step(stops)) {
                Ok(moved) => break moved,
                Err(MoveError::Stopped) => stops += 1,
                Err(error) => panic!("after {stops} stops: {error:?}"),
            }
        };
        assert_eq!(moved.tables.len(), rows::of_files(ground).len());
        assert_eq!(rows::of_files(ground), rows::of_database(&ground.database));
        assert_eq!(ground.try_move(|_| GO_ON).unwrap(), Moved::default(), "once more changes nothing");
        ground.use_database();
    };
    reopened(with(&of_each()).await, every_step).await.unwrap();
    assert!(stops > 20, "only {stops} stops");
}

/// The source is marked before the target is finished: in between neither is served, and who runs it again ends it.
#[tokio::test]
async fn a_source_that_is_marked_already_is_moved_to_the_end() {
    let marked = |ground: &Ground| {
        let (stopped, to) = (ground.try_move(stop_after_one_step(5)), "postgres://there");
        assert!(matches!(stopped, Err(MoveError::Stopped)));
        ground.files.execute(&format!("INSERT INTO meta (key, value) VALUES ('moved_to', '{to}')"));
        ground.move_over();
    };
    let fixture = reopened(with(&of_each()).await, marked).await.unwrap();
    assert_eq!(fixture.receive(vec![message("wamid.new", "new")]).await.stored, 1);
}

#[tokio::test]
async fn a_database_with_an_unfinished_move_is_not_served_and_the_directory_still_is() {
    let fixture = with(&of_each()).await;
    let opened = reopened(fixture, |ground| {
        assert!(matches!(ground.try_move(stop_at(20)), Err(MoveError::Stopped)));
        ground.use_database();
    });
    assert!(matches!(why_not(opened.await), OpenError::MoveUnfinished));

    let fixture = with(&of_each()).await;
    let stopped = reopened(fixture, |ground| {
        assert!(matches!(ground.try_move(stop_at(20)), Err(MoveError::Stopped)));
    });
    let fixture = stopped.await.unwrap();
    assert_eq!(fixture.receive(vec![message("wamid.new", "new")]).await.stored, 1);
}

/// What was copied before the directory was served again is old: messages have other states now.
#[tokio::test]
async fn a_store_that_was_served_in_between_is_moved_anew() {
    let fixture = with(&of_each()).await;
    let stop_late = |ground: &Ground| {
        let stop = |step: MoveProgress| match step.stage {
            MoveStage::Copying => GO_ON,
            MoveStage::SummingSource | MoveStage::SummingTarget => ControlFlow::Break(()),
        };
        assert!(matches!(ground.try_move(stop), Err(MoveError::Stopped)));
    };
    let fixture = reopened(fixture, stop_late).await.unwrap();
    let played = Act::Status { wamid: 9, word: "played", participant: None };
    played.carry_out(&fixture, 100).await;
    let mut on_both = None;
    reopened(fixture, |ground| {
        ground.move_over();
        on_both = Some((rows::of_files(ground), rows::of_database(&ground.database)));
    })
    .await
    .unwrap();
    let (here, there) = on_both.unwrap();
    assert_eq!(here, there);
}

#[tokio::test]
async fn after_its_connection_was_cut_it_goes_on() {
    let fixture = with(&of_each()).await;
    let cut_and_go_on = |ground: &Ground| {
        for cut_at in [0, 3, 20, 30] {
            let mut steps = 0;
            let cut = ground.try_move(|_| {
                if steps == cut_at {
                    ground.database.cut_connections();
                }
                steps += 1;
                GO_ON
            });
            assert!(matches!(cut, Err(MoveError::Write(_))), "{cut:?} at {cut_at}");
        }
        ground.move_over();
        assert_eq!(rows::of_files(ground), rows::of_database(&ground.database));
    };
    reopened(fixture, cut_and_go_on).await.unwrap();
}
