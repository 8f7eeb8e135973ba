//! Positions are held, or plainly are not: never a guess.

use waypost_domain::{Epoch, Fact, Offset};
use waypost_store::position::JOURNAL_HELD_MAX;
use waypost_store::{Gap, PageRequest, PositionError};

use crate::fixture::{Fixture, message};

/// Messages `from` to `to`, one entry each.
fn messages(from: u64, to: u64) -> Vec<Fact> {
    (from..=to).map(|n| message(&format!("wamid.{n}"), "x")).collect()
}

/// Appends entries `from` to `to`; their positions.
pub(crate) async fn append(fixture: &mut Fixture, from: u64, to: u64) -> Vec<Offset> {
    fixture.receive(messages(from, to)).await;
    fixture.events().await.iter().map(|event| event.offset).collect()
}

pub(crate) async fn gap_at(fixture: &Fixture, position: Offset) -> Option<Gap> {
    match fixture.store.hold_position(position).await {
        Ok(held) => {
            assert_eq!(held.position(), position);
            None
        }
        Err(PositionError::Gap(gap)) => Some(gap),
        Err(PositionError::Read(error)) => panic!("{error}"),
    }
}

fn numbers(gap: Gap) -> (Option<u64>, u64) {
    (gap.oldest.map(|oldest| oldest.number), gap.head.number)
}

const EMPTY: (Option<u64>, u64) = (None, 0);

#[tokio::test]
async fn in_an_empty_journal_only_the_position_before_the_first_entry_is_held() {
    let fixture = Fixture::new();
    let head = fixture.store.head().await.unwrap();
    assert_eq!(gap_at(&fixture, head).await, None);
    for wrong in [Offset { check: 1, ..head }, Offset { number: 1, ..head }] {
        assert_eq!(gap_at(&fixture, wrong).await.map(numbers), Some(EMPTY), "{wrong}");
    }
    assert_eq!(numbers(fixture.store.gap().await.unwrap()), EMPTY);
}

#[tokio::test]
async fn a_position_is_held_by_its_epoch_its_number_and_its_check() {
    let mut fixture = Fixture::new();
    let positions = append(&mut fixture, 1, 5).await;
    let (first, head) = (positions[0], positions[4]);
    for &position in &positions {
        assert_eq!(gap_at(&fixture, position).await, None, "{position}");
    }
    assert_eq!(gap_at(&fixture, Offset { number: 0, check: 0, ..head }).await, None);

    let expected = Gap { oldest: Some(first), head };
    for wrong in [
        Offset { epoch: Epoch::from_random(1), ..head },
        Offset { check: head.check ^ 1, ..head },
        Offset { number: 4, ..head },
        Offset { number: 6, ..head },
        Offset { number: u64::MAX, ..head },
        Offset { number: 0, ..head },
        Offset { number: 0, check: 0, epoch: Epoch::from_random(1) },
    ] {
        assert_eq!(gap_at(&fixture, wrong).await, Some(expected), "{wrong}");
    }
    assert_eq!(fixture.store.gap().await.unwrap(), expected);
}

#[tokio::test]
async fn a_position_before_what_was_pruned_is_a_gap() {
    let mut fixture = Fixture::new();
    let old = append(&mut fixture, 1, 5).await;
    fixture.clock.advance_days(8);
    let new = append(&mut fixture, 6, 8).await;
    fixture.store.tend().await.unwrap();

    let before_all = Offset { number: 0, check: 0, ..new[0] };
    for gone in [before_all, old[0], old[4]] {
        let expected = Gap { oldest: Some(new[0]), head: new[2] };
        assert_eq!(gap_at(&fixture, gone).await, Some(expected), "{gone}");
    }
    assert_eq!(gap_at(&fixture, new[0]).await, None);
    // Also after a restart, which forgets how far pruning had got.
    let fixture = fixture.restart().await;
    assert_eq!(gap_at(&fixture, old[4]).await.map(numbers), Some((Some(6), 8)));
}

#[tokio::test]
async fn what_is_held_is_not_pruned_until_it_is_let_go_of() {
    let mut fixture = Fixture::new();
    let positions = append(&mut fixture, 1, 500).await;
    fixture.clock.advance_days(8);
    let held = fixture.store.hold_position(positions[299]).await.unwrap();
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT min(number) FROM journal"), 300);
    assert_eq!(gap_at(&fixture, positions[299]).await, None);
    drop(held);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT min(number) FROM journal"), 500);
}

#[tokio::test]
async fn the_beginning_can_be_held() {
    let mut fixture = Fixture::new();
    let positions = append(&mut fixture, 1, 3).await;
    fixture.clock.advance_days(8);
    let beginning = Offset { number: 0, check: 0, ..positions[0] };
    let held = fixture.store.hold_position(beginning).await.unwrap();
    assert_eq!(fixture.store.tend().await.unwrap(), 0);
    drop(held);
    assert_eq!(fixture.store.tend().await.unwrap(), 2);
    assert_eq!(gap_at(&fixture, beginning).await.map(numbers), Some((Some(3), 3)));
}

#[tokio::test]
async fn one_that_is_forgotten_does_not_stop_pruning_for_good() {
    let mut fixture = Fixture::new();
    let positions = append(&mut fixture, 1, 3).await;
    fixture.clock.advance_days(8);
    let _forgotten = fixture.store.hold_position(positions[0]).await.unwrap();
    fixture.clock.pass(JOURNAL_HELD_MAX);
    assert_eq!(fixture.store.tend().await.unwrap(), 0);
    fixture.clock.pass(std::time::Duration::from_secs(1));
    assert_eq!(fixture.store.tend().await.unwrap(), 2);
}

#[tokio::test]
async fn what_could_not_be_held_holds_nothing() {
    let mut fixture = Fixture::new();
    let positions = append(&mut fixture, 1, 3).await;
    fixture.clock.advance_days(8);
    let wrong = Offset { check: positions[0].check ^ 1, ..positions[0] };
    assert!(gap_at(&fixture, wrong).await.is_some());
    assert_eq!(fixture.store.tend().await.unwrap(), 2);
}

/// Pruning decides, commits and is done; a position is pinned, looked up and held. Whatever comes between: a position
/// that is held is whole, and one that is not is gone.
#[tokio::test]
async fn while_pruning_goes_on_a_position_is_held_or_gone() {
    let mut fixture = Fixture::new();
    let mut positions = Vec::new();
    for batch in 0..10 {
        positions.extend(append(&mut fixture, batch * 200 + 1, (batch + 1) * 200).await);
    }
    fixture.clock.advance_days(8);
    let hold = async {
        let mut held = 0;
        for &position in &positions {
            tokio::task::yield_now().await;
            let Ok(guard) = fixture.store.hold_position(position).await else { continue };
            let after = PageRequest { after: position.number, ..everything() };
            assert!(fixture.store.journal_page(after).await.is_ok(), "{position} was held and is gone");
            held += 1;
            drop(guard);
        }
        held
    };
    let prune = async {
        while fixture.count("SELECT count(*) FROM journal") > 1 {
            fixture.store.tend().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (held, ()) = tokio::join!(hold, prune);
    assert!(held >= 1);
}

fn everything() -> PageRequest {
    PageRequest { after: 0, until: u64::MAX, scopes: Vec::new(), events_max: 1, bytes_max: 1 }
}
