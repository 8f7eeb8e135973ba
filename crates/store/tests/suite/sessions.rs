//! Sessions: what is returned as stored is, one holder at a time, and an end.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use waypost_domain::time::HOUR_MS;
use waypost_domain::{Epoch, Offset, Pid, PrincipalId};
use waypost_store::{NewSession, Session, SessionError, SessionId, SessionRoom, Tenure};

use crate::fixture::{Fixture, START};

fn position(number: u64) -> Offset {
    Offset { epoch: Epoch::from_random(7), number, check: 0xbeef }
}

fn room(name: &str, from: u64) -> SessionRoom {
    SessionRoom { name: name.into(), from: position(from), binding: None, known_at: position(from) }
}

fn id(client: u128) -> SessionId {
    SessionId::from(&Pid::from_random(client))
}

/// The session of a client, seen so many hours after the start.
fn session(client: u128, hours: i64) -> NewSession {
    NewSession {
        pid: Pid::from_random(client),
        principal: PrincipalId::parse("key:1").unwrap(),
        namespace: "/".into(),
        start: position(3),
        owes_gap: true,
        rooms: vec![room("general", 3), room("customer:1", 5)],
        at: START.plus_millis(hours * HOUR_MS),
    }
}

pub(crate) async fn create(fixture: &Fixture, client: u128, hours: i64) -> Tenure {
    fixture.store.create_session(session(client, hours)).await.unwrap()
}

async fn find(fixture: &Fixture, client: u128) -> Option<Session> {
    fixture.store.find_session(id(client)).await.unwrap()
}

async fn rooms(fixture: &Fixture, client: u128) -> Vec<SessionRoom> {
    find(fixture, client).await.unwrap().rooms
}

/// Those of the clients 0 to 9 that have a session.
async fn alive(fixture: &Fixture) -> Vec<u128> {
    let mut alive = Vec::new();
    for client in 0..10 {
        if find(fixture, client).await.is_some() {
            alive.push(client);
        }
    }
    alive
}

#[tokio::test]
async fn a_session_is_found_as_it_was_made_also_after_a_restart() {
    let fixture = Fixture::new();
    let tenure = create(&fixture, 1, 0).await;
    assert_eq!((tenure.session, tenure.generation), (id(1), 1));
    let fixture = fixture.restart().await;
    let expected = Session {
        tenure,
        principal: PrincipalId::parse("key:1").unwrap(),
        namespace: "/".into(),
        start: position(3),
        seen_at: START,
        owes_gap: true,
        rooms: vec![room("general", 3), room("customer:1", 5)],
    };
    assert_eq!(find(&fixture, 1).await, Some(expected));
    assert_eq!(find(&fixture, 2).await, None);
}

#[tokio::test]
async fn the_secret_is_in_no_file() {
    let fixture = Fixture::new();
    let pid = Pid::from_random(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    create(&fixture, u128::from_be_bytes(pid.to_bytes()), 0).await;
    let ground = fixture.ground();
    let mut stored = ground.sessions_text("SELECT concat_ws('|', principal, namespace, start) FROM sessions");
    stored += &ground.sessions_hexadecimal("SELECT id FROM sessions");
    assert!(!stored.to_lowercase().contains(&pid.expose()), "{stored}");
}

#[tokio::test]
async fn neither_secrets_nor_the_names_of_rooms_are_shown() {
    let new = NewSession { rooms: vec![room("customer:15550002001", 1)], ..session(0xdead_beef, 0) };
    let shown = format!("{new:?} {:?}", id(0xdead_beef));
    assert!(!shown.contains("15550002001") && !shown.contains("deadbeef"), "{shown}");
}

#[tokio::test]
async fn a_secret_that_is_in_use_makes_no_second_session_and_changes_nothing() {
    let fixture = Fixture::new();
    create(&fixture, 1, 0).await;
    let again = NewSession { rooms: vec![room("other", 9)], ..session(1, 1) };
    assert_eq!(fixture.store.create_session(again).await, Err(SessionError::Fenced));
    let found = find(&fixture, 1).await.unwrap();
    assert_eq!((found.seen_at, found.rooms.len()), (START, 2));
}

#[tokio::test]
async fn resuming_raises_the_generation_and_the_older_tenure_can_change_nothing() {
    let fixture = Fixture::new();
    let older = create(&fixture, 1, 0).await;
    let later = START.plus_millis(5);
    let newer = fixture.store.resume_session(older, later).await.unwrap();
    assert_eq!(newer, Tenure { generation: 2, ..older });

    let before = find(&fixture, 1).await.unwrap();
    assert_eq!((before.tenure, before.seen_at), (newer, later));
    let forged = Tenure { generation: 3, ..older };
    for fenced in [older, forged, Tenure { generation: u64::MAX, ..older }, Tenure { generation: 0, ..older }]
    {
        assert!(fixture.store.resume_session(fenced, later).await.is_err(), "{fenced:?}");
        assert!(fixture.store.enter_room(fenced, room("new", 1)).await.is_err(), "{fenced:?}");
        assert!(fixture.store.enter_room(fenced, room("general", 1)).await.is_err(), "{fenced:?}");
        assert!(fixture.store.leave_room(fenced, "general").await.is_err(), "{fenced:?}");
    }
    assert_eq!(fixture.store.leave_room(older, "general").await, Err(SessionError::Fenced));
    assert_eq!(find(&fixture, 1).await, Some(before));
    fixture.store.leave_room(newer, "general").await.unwrap();
    assert_eq!(rooms(&fixture, 1).await, [room("customer:1", 5)]);
}

/// Two connections of one client, both of which read generation 1 before either resumed.
#[tokio::test]
async fn of_two_that_resume_at_the_same_time_one_wins() {
    let fixture = Fixture::new();
    let tenure = create(&fixture, 1, 0).await;
    let (one, other) = tokio::join!(
        fixture.store.resume_session(tenure, START),
        fixture.store.resume_session(tenure, START)
    );
    let won: Vec<Tenure> = [one, other].into_iter().flatten().collect();
    assert_eq!(won, [Tenure { generation: 2, ..tenure }]);
    assert_eq!([one, other].iter().filter(|result| **result == Err(SessionError::Fenced)).count(), 1);
}

#[tokio::test]
async fn rooms_are_entered_left_and_replaced_in_order() {
    let fixture = Fixture::new();
    let tenure = create(&fixture, 1, 0).await;
    create(&fixture, 2, 0).await;
    let store = &fixture.store;
    store.enter_room(tenure, room("customer:2", 8)).await.unwrap();
    assert_eq!(rooms(&fixture, 1).await, [room("general", 3), room("customer:1", 5), room("customer:2", 8)]);
    // Entered anew, it is the last.
    store.enter_room(tenure, room("general", 9)).await.unwrap();
    store.leave_room(tenure, "customer:1").await.unwrap();
    store.leave_room(tenure, "never entered").await.unwrap();
    let fixture = fixture.restart().await;
    assert_eq!(rooms(&fixture, 1).await, [room("customer:2", 8), room("general", 9)]);
    assert_eq!(rooms(&fixture, 2).await, [room("general", 3), room("customer:1", 5)]);
}

#[tokio::test]
async fn a_session_ends_its_hours_after_it_was_seen_and_for_good() {
    let fixture = Fixture::new();
    let tenure = create(&fixture, 1, 0).await;
    fixture.clock.advance_hours(24);
    assert!(find(&fixture, 1).await.is_some());
    fixture.clock.advance_hours(1);
    assert_eq!(find(&fixture, 1).await, None);

    // Nothing brings it back, whether or not it was taken out already.
    let now = START.plus_millis(25 * HOUR_MS);
    for _ in 0..2 {
        fixture.store.touch_sessions(vec![id(1)], now).await.unwrap();
        assert_eq!(fixture.store.resume_session(tenure, now).await, Err(SessionError::Fenced));
        assert_eq!(fixture.store.enter_room(tenure, room("x", 1)).await, Err(SessionError::Fenced));
        assert_eq!(fixture.store.leave_room(tenure, "general").await, Err(SessionError::Fenced));
        assert_eq!(find(&fixture, 1).await, None);
        fixture.store.tend().await.unwrap();
    }
    let left = "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM rooms)";
    assert_eq!(fixture.ground().sessions_text(left), "0");
}

#[tokio::test]
async fn those_that_were_touched_stay() {
    let fixture = Fixture::new();
    for client in 0..3 {
        create(&fixture, client, 0).await;
    }
    fixture.clock.advance_hours(20);
    let now = START.plus_millis(20 * HOUR_MS);
    fixture.store.touch_sessions(vec![id(0), id(2), id(9)], now).await.unwrap();
    // A clock that was put back takes nothing back.
    fixture.store.touch_sessions(vec![id(0)], START).await.unwrap();
    fixture.clock.advance_hours(20);
    assert_eq!(fixture.store.tend().await.unwrap(), 1);
    assert_eq!(alive(&fixture).await, [0, 2]);
    assert_eq!(find(&fixture, 0).await.unwrap().seen_at, now);
}

#[tokio::test]
async fn over_the_number_those_seen_longest_ago_go() {
    let fixture = Fixture::new();
    for (client, hours) in [(0, 3), (1, 1), (2, 7), (3, 2), (4, 6), (5, 5), (6, 4)] {
        create(&fixture, client, hours).await;
    }
    fixture.store.touch_sessions(vec![id(1)], START.plus_millis(8 * HOUR_MS)).await.unwrap();
    assert_eq!(fixture.store.tend().await.unwrap(), 2);
    assert_eq!(alive(&fixture).await, [1, 2, 4, 5, 6]);
    assert_eq!(fixture.store.tend().await.unwrap(), 0);
}

#[tokio::test]
async fn thousands_are_touched_and_go_in_steps() {
    let fixture = Fixture::new();
    for client in 0..700 {
        fixture.store.create_session(NewSession { rooms: Vec::new(), ..session(client, 0) }).await.unwrap();
    }
    let seen = START.plus_millis(HOUR_MS);
    let everybody = (0..5_000).map(id).collect();
    fixture.store.touch_sessions(everybody, seen).await.unwrap();
    assert_eq!(find(&fixture, 699).await.unwrap().seen_at, seen);
    assert_eq!(fixture.store.tend().await.unwrap(), 695);
    fixture.store.touch_sessions(Vec::new(), seen).await.unwrap();
}

/// Many come back at once and join and leave, so that their changes are stored together.
#[tokio::test]
async fn what_many_change_at_once_is_done_in_the_order_of_each() {
    // With more, not all that they ask would be asked at the first poll, and so in order.
    const CLIENTS: u128 = 5;
    let fixture = Fixture::new();
    let store = &fixture.store;
    let tenures = join_all((0..CLIENTS).map(|client| create(&fixture, client, 0))).await;
    let changes = tenures.iter().flat_map(|&tenure| {
        let enter = move |name: &'static str, from| store.enter_room(tenure, room(name, from)).boxed();
        [
            enter("a", 6),
            enter("b", 6),
            store.leave_room(tenure, "a").boxed(),
            enter("general", 7),
            store.leave_room(tenure, "general").boxed(),
            enter("a", 8),
        ]
    });
    assert!(join_all(changes).await.iter().all(Result::is_ok));
    for client in 0..CLIENTS {
        let expected = [room("customer:1", 5), room("b", 6), room("a", 8)];
        assert_eq!(rooms(&fixture, client).await, expected, "client {client}");
    }
    // Of two that resume one session, the one that was first has it.
    let twice = tenures.iter().flat_map(|&tenure| [tenure, tenure]);
    let resumed = join_all(twice.map(|tenure| store.resume_session(tenure, START))).await;
    for (pair, tenure) in resumed.chunks(2).zip(&tenures) {
        let next = Tenure { generation: tenure.generation + 1, ..*tenure };
        assert_eq!(pair, [Ok(next), Err(SessionError::Fenced)]);
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_back_is_an_error_and_no_session() {
    let fixture = Fixture::new();
    create(&fixture, 1, 0).await;
    fixture.ground().execute_on_sessions("UPDATE sessions SET start = 'nowhere'");
    assert!(fixture.store.find_session(id(1)).await.is_err());
}
