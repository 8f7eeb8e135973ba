//! Sessions that are over the limits, found and taken out.

use rusqlite::{Connection, params};
use waypost_domain::Timestamp;

use crate::housekeeping::{DoomedSession, STEP_ROWS, SessionPrune};
use crate::sessions::SessionId;

/// At most [`STEP_ROWS`] sessions that are due, those seen longest ago first.
pub(crate) fn find(
    connection: &Connection,
    prune: SessionPrune,
    sessions_max: u64,
    alive_since: Timestamp,
) -> rusqlite::Result<Vec<DoomedSession>> {
    let (sql, argument) = match prune {
        SessionPrune::Ended => (
            "SELECT id, seen_at FROM sessions WHERE seen_at < ?1 ORDER BY seen_at, id LIMIT ?2",
            alive_since.as_millis(),
        ),
        SessionPrune::Excess => (
            "SELECT id, seen_at FROM sessions ORDER BY seen_at, id
                 LIMIT min(?2, max(0, (SELECT count(*) FROM sessions) - ?1))",
            i64::try_from(sessions_max).unwrap_or(i64::MAX),
        ),
    };
    let step = i64::try_from(STEP_ROWS).unwrap_or(i64::MAX);
    connection
        .prepare_cached(sql)?
        .query_map([argument, step], |row| {
            Ok(DoomedSession {
                session: SessionId::from_bytes(row.get(0)?),
                seen_at: Timestamp::from_millis(row.get(1)?),
            })
        })?
        .collect()
}

/// Takes out those of `doomed` that were not seen since they were found; how many went.
pub(crate) fn remove(connection: &Connection, doomed: &[DoomedSession]) -> rusqlite::Result<usize> {
    let mut sessions = connection.prepare_cached("DELETE FROM sessions WHERE id = ?1 AND seen_at = ?2")?;
    let mut rooms = connection.prepare_cached("DELETE FROM rooms WHERE session = ?1")?;
    let mut removed = 0;
    for DoomedSession { session, seen_at } in doomed {
        if sessions.execute(params![session.to_bytes(), seen_at.as_millis()])? == 1 {
            rooms.execute([session.to_bytes()])?;
            removed += 1;
        }
    }
    Ok(removed)
}
