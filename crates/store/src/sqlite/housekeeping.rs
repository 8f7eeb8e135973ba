//! What is due, found and taken out.

use std::time::Duration;

use rusqlite::{Connection, params};
use waypost_domain::{PhoneNumberId, Timestamp};

use super::rows::known;
use crate::append::Undelivered;
use crate::housekeeping::{Doomed, Prune, STEP_ROWS};
use crate::pins::Pins;

/// The keys of at most [`STEP_ROWS`] rows that are due, the oldest first.
pub(crate) fn find(connection: &Connection, prune: Prune, bound: i64) -> rusqlite::Result<Doomed> {
    let sql = match prune {
        // Entries go in one run from the oldest: their times may fall where a clock was put back, and one that
        // went before an older number did would be a hole. The newest entry stays whatever its age: the head is
        // read from it.
        Prune::Journal => {
            "SELECT number FROM (
                 SELECT number, max(received_at) OVER (ORDER BY number) AS newest_so_far
                 FROM (SELECT number, received_at FROM journal ORDER BY number LIMIT ?2)
             ) WHERE newest_so_far < ?1 AND number < (SELECT max(number) FROM journal) ORDER BY number"
        }
        Prune::OldDeadLetters => "SELECT id FROM dead_letters WHERE received_at < ?1 ORDER BY id LIMIT ?2",
        Prune::ExcessDeadLetters => {
            "SELECT id FROM (
                 SELECT id, sum(length(raw) + coalesce(length(around), 0)) OVER (ORDER BY id DESC) AS bytes FROM dead_letters
             ) WHERE bytes > ?1 ORDER BY id LIMIT ?2"
        }
        Prune::OldParkedStatuses => {
            "SELECT id FROM parked_statuses WHERE received_at < ?1 ORDER BY id LIMIT ?2"
        }
        Prune::ExcessParkedStatuses => {
            "SELECT id FROM parked_statuses WHERE id <= (
                 SELECT id FROM parked_statuses ORDER BY id DESC LIMIT 1 OFFSET ?1
             ) ORDER BY id LIMIT ?2"
        }
        Prune::OldParkedChanges => {
            "SELECT change FROM parked_changes WHERE received_at < ?1 ORDER BY change LIMIT ?2"
        }
        Prune::ExcessParkedChanges => {
            "SELECT change FROM parked_changes WHERE change <= (
                 SELECT change FROM parked_changes ORDER BY change DESC LIMIT 1 OFFSET ?1
             ) ORDER BY change LIMIT ?2"
        }
        Prune::FieldReports => {
            "SELECT id FROM (SELECT id, received_at FROM field_reports ORDER BY id LIMIT ?2)
             WHERE received_at < ?1 ORDER BY id"
        }
        Prune::CallReports => {
            "SELECT id FROM (SELECT id, received_at FROM call_reports ORDER BY id LIMIT ?2)
             WHERE received_at < ?1 ORDER BY id"
        }
        Prune::Seen => "SELECT number, wamid, what FROM seen WHERE day < ?1 LIMIT ?2",
    };
    let mut statement = connection.prepare_cached(sql)?;
    let step = i64::try_from(STEP_ROWS).unwrap_or(i64::MAX);
    let bounds = [bound, step];
    Ok(if prune == Prune::Seen {
        let keys = statement.query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Doomed::Seen(keys.collect::<rusqlite::Result<_>>()?)
    } else {
        let rows = statement.query_map(bounds, |row| row.get(0))?;
        Doomed::Rows(rows.collect::<rusqlite::Result<_>>()?)
    })
}

/// At most [`STEP_ROWS`] messages of ours from before `until` that were never said to be delivered, the oldest first. What
/// the owner wrote on the phone is among them only where a status says that we hear of its statuses at all.
pub(crate) fn find_undelivered(
    connection: &Connection,
    until: Timestamp,
) -> rusqlite::Result<Vec<Undelivered>> {
    let step = i64::try_from(STEP_ROWS).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "SELECT m.seq, n.phone_number_id FROM messages m INDEXED BY messages_undelivered
             JOIN conversations c ON c.id = m.conversation JOIN numbers n ON n.id = c.number
             WHERE m.at < ?1 AND m.state IN ('accepted', 'sent')
                 AND (m.source = 'api' OR (m.source = 'phone_app' AND m.state = 'sent'
                     AND m.type NOT IN ('reaction', 'edit', 'revoke')))
             ORDER BY m.at LIMIT ?2",
        )?
        .query_map([until.as_millis(), step], |row| {
            let number = known(PhoneNumberId::parse(row.get_ref(1)?.as_str()?), "numbers.phone_number_id")?;
            Ok(Undelivered { seq: row.get(0)?, number })
        })?
        .collect()
}

/// Takes out the rows with these keys, but of the journal only those that nobody holds; how many went.
pub(crate) fn remove(
    connection: &Connection,
    (prune, doomed): (Prune, &Doomed),
    (pins, now): (&Pins, Duration),
) -> rusqlite::Result<usize> {
    let sql = match prune {
        Prune::Journal => "DELETE FROM journal WHERE number = ?1",
        Prune::OldDeadLetters | Prune::ExcessDeadLetters => "DELETE FROM dead_letters WHERE id = ?1",
        Prune::OldParkedStatuses | Prune::ExcessParkedStatuses => "DELETE FROM parked_statuses WHERE id = ?1",
        Prune::OldParkedChanges | Prune::ExcessParkedChanges => {
            "DELETE FROM parked_changes WHERE change = ?1"
        }
        Prune::FieldReports => "DELETE FROM field_reports WHERE id = ?1",
        Prune::CallReports => "DELETE FROM call_reports WHERE id = ?1",
        Prune::Seen => "DELETE FROM seen WHERE number = ?1 AND wamid = ?2 AND what = ?3",
    };
    let mut statement = connection.prepare_cached(sql)?;
    match doomed {
        Doomed::Rows(rows) => prune.let_go(rows, pins, now).iter().map(|row| statement.execute([row])).sum(),
        Doomed::Seen(keys) => {
            keys.iter().map(|(number, wamid, what)| statement.execute(params![number, wamid, what])).sum()
        }
    }
}
