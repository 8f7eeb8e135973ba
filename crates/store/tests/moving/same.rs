//! What was stored is found again as it was, and goes on.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use waypost_domain::{KeyScope, OutboxState, Scope};
use waypost_store::{CommittedEvent, Intent, OpenError, PageRequest, Session};

use crate::accounts::{check_account, make_account};
use crate::audit::{check_trail, make_trail};
use crate::content::{Act, KEY_DIGEST, acts, intent, make_key, of_each, session_id};
use crate::fixture::{Fixture, START, app, echo, message, status};
use crate::ground::Ground;
use crate::rows;

/// A store with this in it.
pub(crate) async fn with(acts: &[Act]) -> Fixture {
    let fixture = Fixture::on(Ground::new());
    make_key(&fixture.ground().files.data_dir());
    make_account(&fixture).await;
    make_trail(&fixture).await;
    for (n, act) in acts.iter().enumerate() {
        act.carry_out(&fixture, n).await;
    }
    fixture
}

/// Closes a store, does something to what it stands on, and opens it again.
pub(crate) async fn reopened(fixture: Fixture, tamper: impl FnOnce(&Ground)) -> Result<Fixture, OpenError> {
    fixture.closed_and_opened(&mut Vec::new(), tamper).await
}

/// Why a database was not opened.
#[track_caller]
pub(crate) fn why_not<T>(opened: Result<T, OpenError>) -> OpenError {
    match opened {
        Err(OpenError::Postgres { source, .. }) => *source,
        Err(error) => error,
        Ok(_) => panic!("it was opened"),
    }
}

async fn journal(fixture: &Fixture) -> Vec<CommittedEvent> {
    let (scopes, until) = (vec![Scope::ALL], u64::MAX);
    let (events_max, bytes_max) = (usize::MAX, usize::MAX);
    let request = PageRequest { after: 0, until, scopes, events_max, bytes_max };
    fixture.store.journal_page(request).await.unwrap().events
}

/// All sessions, their names as they are in PostgreSQL.
async fn sessions(fixture: &Fixture) -> Vec<Option<Session>> {
    let mut sessions = Vec::new();
    for client in 0..=u8::MAX {
        let mut session = fixture.store.find_session(session_id(client)).await.unwrap();
        for room in session.iter_mut().flat_map(|session| &mut session.rooms) {
            room.name = room.name.replace('\0', "\u{fffd}").into();
        }
        sessions.push(session);
    }
    sessions
}

#[tokio::test]
async fn everything_is_there_again_and_goes_on() {
    let fixture = with(&of_each()).await;
    let (before, head, known) =
        (journal(&fixture).await, fixture.store.head().await.unwrap(), sessions(&fixture).await);
    let before_rows = rows::of_files(fixture.ground());
    for (table, rows) in &before_rows {
        assert!(!rows.is_empty(), "nothing to move in `{table}`: the test is to have a row for it");
    }
    let mut moved = None;
    let mut fixture = reopened(fixture, |ground| moved = Some(ground.move_over())).await.unwrap();
    let counted = moved.unwrap().tables.into_iter().map(|(table, rows)| (table.to_owned(), rows));
    let expected =
        before_rows.iter().map(|(table, rows)| (table.clone(), u64::try_from(rows.len()).unwrap()));
    assert_eq!(
        counted.collect::<std::collections::BTreeMap<_, _>>(),
        expected.collect::<std::collections::BTreeMap<_, _>>()
    );

    // The send that was under way is told to be unknown, as after any crash, and comes after all that was there.
    let after = journal(&fixture).await;
    let (same, settled) = after.split_at(before.len());
    assert_eq!(same, before);
    assert_eq!(
        settled.iter().map(|event| (event.offset.number, &event.body[..])).collect::<Vec<_>>(),
        [(head.number + 1, &b"unknown"[..])]
    );
    assert!(settled.iter().all(|event| event.offset.epoch == head.epoch));
    let Intent::Repeated(send) = fixture.store.intend(app(), intent("k1"), START).await.unwrap() else {
        panic!("it would be sent again")
    };
    assert_eq!(send.state, OutboxState::Unknown);

    assert_eq!(sessions(&fixture).await, known);
    let key = fixture.store.find_key(KEY_DIGEST).await.unwrap().unwrap();
    assert_eq!((&*key.name, &*key.scopes), ("desk", &[KeyScope::Read, KeyScope::Send][..]));
    assert!(key.expires_at.is_some());
    check_account(&fixture).await;
    check_trail(&fixture).await;

    // What was seen is repeated, what waited for its message is applied, and new rows come after the old ones.
    let again = fixture.receive(vec![echo("wamid.echo.9"), status("wamid.echo.9", "read")]).await;
    assert_eq!((again.repeated, again.stored), (2, 0));
    let overtaken = fixture.receive(vec![echo("wamid.echo.10")]).await;
    assert_eq!(overtaken.stored, 1);
    let events = fixture.events().await;
    let numbers: Vec<u64> = events.iter().map(|event| event.offset.number).collect();
    assert_eq!(numbers, [head.number + 2, head.number + 3], "the message and the status that waited");
    assert_eq!(
        fixture.receive(vec![status("wamid.later", "sent"), message("wamid.new", "new")]).await.parked,
        1
    );
    Act::Dead { raw: vec![1] }.carry_out(&fixture, 0).await;
    assert_eq!(fixture.count("SELECT count(*) FROM dead_letters"), 2);
}

proptest! {
    #![proptest_config(Config { cases: 6, max_shrink_iters: 8, ..Config::default() })]

    #[test]
    fn whatever_was_stored_is_the_same_on_both_sides(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = with(&acts).await;
            let (before, known) = (journal(&fixture).await, sessions(&fixture).await);
            let mut on_both = None;
            let fixture = reopened(fixture, |ground| {
                    let here = rows::of_files(ground);
                    ground.move_over();
                    on_both = Some((here, rows::of_database(&ground.database)));
                })
                .await
                .unwrap();
            let (here, there) = on_both.unwrap();
            prop_assert_eq!(here, there);
            prop_assert_eq!(&journal(&fixture).await[..before.len()], &before[..]);
            prop_assert_eq!(sessions(&fixture).await, known);
            Ok::<_, TestCaseError>(())
        })?;
    }
}
