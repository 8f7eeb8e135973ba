//! What is kept for a time only. A reader finds what is due; the writer takes it out, a few rows at a time, so that
//! no webhook waits for more than one small step.

use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use waypost_domain::Timestamp;
use waypost_domain::time::DAY_MS;

use crate::options::Limits;
use crate::pins::Pins;

/// Rows that go in one transaction: measured at about a millisecond for journal rows.
pub(crate) const STEP_ROWS: usize = 200;

/// One kind of thing that is kept for a time only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prune {
    Journal,
    OldDeadLetters,
    ExcessDeadLetters,
    OldParkedStatuses,
    ExcessParkedStatuses,
    Seen,
}

/// The key of a row that is due.
pub(crate) type Doomed = Vec<Vec<Value>>;

impl Prune {
    pub(crate) const ALL: [Self; 6] = [
        Self::Journal,
        Self::OldDeadLetters,
        Self::ExcessDeadLetters,
        Self::OldParkedStatuses,
        Self::ExcessParkedStatuses,
        Self::Seen,
    ];

    /// The keys of at most [`STEP_ROWS`] rows that are due, the oldest first.
    pub(crate) fn find(
        self,
        connection: &Connection,
        limits: &Limits,
        now: Timestamp,
    ) -> rusqlite::Result<Doomed> {
        let days_ago = |days: i64| now.plus_millis(-days.saturating_mul(DAY_MS));
        let bound = |max: u64| i64::try_from(max).unwrap_or(i64::MAX);
        let (sql, argument) = match self {
            // Entries go in one run from the oldest: their times may fall where a clock was put back, and one that
            // went before an older number did would be a hole. The newest entry stays whatever its age: the head is
            // read from it.
            Self::Journal => (
                "SELECT number FROM (
                     SELECT number, max(received_at) OVER (ORDER BY number) AS newest_so_far
                     FROM (SELECT number, received_at FROM journal ORDER BY number LIMIT ?2)
                 ) WHERE newest_so_far < ?1 AND number < (SELECT max(number) FROM journal) ORDER BY number",
                days_ago(limits.journal_days).as_millis(),
            ),
            Self::OldDeadLetters => (
                "SELECT id FROM dead_letters WHERE received_at < ?1 ORDER BY id LIMIT ?2",
                days_ago(limits.dead_letter_days).as_millis(),
            ),
            Self::ExcessDeadLetters => (
                "SELECT id FROM (
                     SELECT id, sum(length(raw)) OVER (ORDER BY id DESC) AS bytes FROM dead_letters
                 ) WHERE bytes > ?1 ORDER BY id LIMIT ?2",
                bound(limits.dead_letter_bytes_max),
            ),
            Self::OldParkedStatuses => (
                "SELECT id FROM parked_statuses WHERE received_at < ?1 ORDER BY id LIMIT ?2",
                days_ago(limits.parked_status_days).as_millis(),
            ),
            Self::ExcessParkedStatuses => (
                "SELECT id FROM parked_statuses WHERE id <= (
                     SELECT id FROM parked_statuses ORDER BY id DESC LIMIT 1 OFFSET ?1
                 ) ORDER BY id LIMIT ?2",
                bound(limits.parked_statuses_max),
            ),
            Self::Seen => (
                "SELECT number, wamid, what FROM seen WHERE day < ?1 LIMIT ?2",
                days_ago(limits.dedup_days).day(),
            ),
        };
        let mut statement = connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let step = i64::try_from(STEP_ROWS).unwrap_or(i64::MAX);
        statement
            .query_map([argument, step], |row| (0..columns).map(|column| row.get(column)).collect())?
            .collect()
    }

    /// Takes out the rows with these keys, but of the journal only those that nobody holds; how many went.
    pub(crate) fn remove(
        self,
        connection: &Connection,
        doomed: &Doomed,
        (pins, now): (&Pins, Duration),
    ) -> rusqlite::Result<usize> {
        let sql = match self {
            Self::Journal => "DELETE FROM journal WHERE number = ?1",
            Self::OldDeadLetters | Self::ExcessDeadLetters => "DELETE FROM dead_letters WHERE id = ?1",
            Self::OldParkedStatuses | Self::ExcessParkedStatuses => {
                "DELETE FROM parked_statuses WHERE id = ?1"
            }
            Self::Seen => "DELETE FROM seen WHERE number = ?1 AND wamid = ?2 AND what = ?3",
        };
        let mut statement = connection.prepare_cached(sql)?;
        let free = if self == Self::Journal { let_go(doomed, pins, now) } else { doomed };
        free.iter().map(|key| statement.execute(params_from_iter(key))).sum()
    }
}

/// Those of the journal's entries, the oldest first, that nobody holds. From now on nobody can.
fn let_go<'a>(doomed: &'a Doomed, pins: &Pins, now: Duration) -> &'a [Vec<Value>] {
    let number = |key: &[Value]| match key {
        [Value::Integer(number)] => u64::try_from(*number).unwrap_or(0),
        _ => unreachable!("the key of a journal entry is its number"),
    };
    let Some(newest) = doomed.last() else { return doomed };
    let below = pins.doom(number(newest) + 1, now);
    &doomed[..doomed.partition_point(|key| number(key) < below)]
}
