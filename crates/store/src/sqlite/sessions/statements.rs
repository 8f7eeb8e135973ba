//! What is done to sessions and rooms, each within the caller's transaction. A change that its tenure does not allow
//! is no error here and leaves nothing behind.

use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::{CustomerId, Offset, PrincipalId, Timestamp};

use crate::session_job::Changed;
use crate::sessions::{NewSession, Session, SessionError, SessionId, SessionRoom, Tenure};
use crate::sqlite::rows::known;
use crate::store::Binding;

/// The generation of a session that nobody has resumed.
const FIRST_GENERATION: u64 = 1;

pub(crate) fn create(connection: &Connection, new: &NewSession) -> rusqlite::Result<Changed<Tenure>> {
    let tenure = Tenure { session: SessionId::from(&new.pid), generation: FIRST_GENERATION };
    let created = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO sessions (id, generation, principal, namespace, start, seen_at, owes_gap)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            tenure.session.to_bytes(),
            tenure.generation,
            new.principal.as_str(),
            new.namespace,
            new.start.to_string(),
            new.at.as_millis(),
            new.owes_gap
        ])?;
    if created == 0 {
        return Ok(Err(SessionError::Fenced));
    }
    for room in &new.rooms {
        put_room(connection, tenure.session, room)?;
    }
    Ok(Ok(tenure))
}

pub(crate) fn find(
    connection: &Connection,
    session: SessionId,
    alive_since: Timestamp,
) -> rusqlite::Result<Option<Session>> {
    // The session and its rooms as they were at one moment.
    let snapshot = connection.unchecked_transaction()?;
    let found = snapshot
        .prepare_cached(
            "SELECT generation, principal, namespace, start, seen_at, owes_gap FROM sessions
             WHERE id = ?1 AND seen_at >= ?2",
        )?
        .query_row(params![session.to_bytes(), alive_since.as_millis()], |row| {
            Ok(Session {
                tenure: Tenure { session, generation: row.get(0)? },
                principal: known(PrincipalId::parse(row.get_ref(1)?.as_str()?), "sessions.principal")?,
                namespace: row.get(2)?,
                start: read_offset(row, 3, "sessions.start")?,
                seen_at: Timestamp::from_millis(row.get(4)?),
                owes_gap: row.get(5)?,
                rooms: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut found) = found else { return Ok(None) };
    found.rooms = snapshot
        .prepare_cached(
            "SELECT name, position, customer, since, known_at FROM rooms WHERE session = ?1 ORDER BY place",
        )?
        .query_map([session.to_bytes()], |row| {
            let customer: Option<[u8; 16]> = row.get(2)?;
            let binding = match customer.map(CustomerId::from_bytes) {
                Some(customer) => Some(Binding { customer, since: row.get(3)? }),
                None => None,
            };
            Ok(SessionRoom {
                name: row.get(0)?,
                from: read_offset(row, 1, "rooms.position")?,
                binding,
                known_at: read_offset(row, 4, "rooms.known_at")?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(found))
}

pub(crate) fn resume(
    connection: &Connection,
    tenure: Tenure,
    at: Timestamp,
    alive_since: Timestamp,
) -> rusqlite::Result<Changed<Tenure>> {
    let generation: Option<u64> = connection
        .prepare_cached(
            "UPDATE sessions SET generation = generation + 1, seen_at = max(seen_at, ?3)
             WHERE id = ?1 AND generation = ?2 AND seen_at >= ?4 RETURNING generation",
        )?
        .query_row(
            params![tenure.session.to_bytes(), tenure.generation, at.as_millis(), alive_since.as_millis()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(generation) = generation else { return Ok(Err(SessionError::Fenced)) };
    // What fences the older connection: were it not so, two could change one session.
    assert_eq!(
        Some(generation),
        tenure.generation.checked_add(1),
        "a generation rises by one at each resume"
    );
    Ok(Ok(Tenure { generation, ..tenure }))
}

pub(crate) fn enter(
    connection: &Connection,
    tenure: Tenure,
    room: &SessionRoom,
    alive_since: Timestamp,
) -> rusqlite::Result<Changed<()>> {
    if !is_held(connection, tenure, alive_since)? {
        return Ok(Err(SessionError::Fenced));
    }
    put_room(connection, tenure.session, room)?;
    Ok(Ok(()))
}

pub(crate) fn leave(
    connection: &Connection,
    tenure: Tenure,
    name: &str,
    alive_since: Timestamp,
) -> rusqlite::Result<Changed<()>> {
    if !is_held(connection, tenure, alive_since)? {
        return Ok(Err(SessionError::Fenced));
    }
    take_room(connection, tenure.session, name)?;
    Ok(Ok(()))
}

pub(crate) fn touch(
    connection: &Connection,
    sessions: &[SessionId],
    at: Timestamp,
    alive_since: Timestamp,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE sessions SET seen_at = ?2 WHERE id = ?1 AND seen_at < ?2 AND seen_at >= ?3",
    )?;
    for session in sessions {
        statement.execute(params![session.to_bytes(), at.as_millis(), alive_since.as_millis()])?;
    }
    Ok(())
}

fn is_held(connection: &Connection, tenure: Tenure, alive_since: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ?1 AND generation = ?2 AND seen_at >= ?3)",
        )?
        .query_row(params![tenure.session.to_bytes(), tenure.generation, alive_since.as_millis()], |row| {
            row.get(0)
        })
}

/// Adds a room after the others, instead of one of the same name.
fn put_room(connection: &Connection, session: SessionId, room: &SessionRoom) -> rusqlite::Result<()> {
    take_room(connection, session, &room.name)?;
    connection
        .prepare_cached(
            "INSERT INTO rooms (session, place, name, position, customer, since, known_at)
             SELECT ?1, coalesce(max(place), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM rooms WHERE session = ?1",
        )?
        .execute(params![
            session.to_bytes(),
            room.name,
            room.from.to_string(),
            room.binding.map(|binding| binding.customer.to_bytes()),
            room.binding.map(|binding| binding.since),
            room.known_at.to_string()
        ])?;
    Ok(())
}

fn take_room(connection: &Connection, session: SessionId, name: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM rooms WHERE session = ?1 AND name = ?2")?
        .execute(params![session.to_bytes(), name])?;
    Ok(())
}

fn read_offset(row: &Row<'_>, index: usize, column: &'static str) -> rusqlite::Result<Offset> {
    known(row.get_ref(index)?.as_str()?.parse().ok(), column)
}
