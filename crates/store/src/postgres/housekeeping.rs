//! What is due, found and taken out.

use waypost_domain::{PhoneNumberId, Timestamp};

use super::Postgres;
use super::link::{Parameter, rows};
use super::rows::{id, known, time, to_column};
use super::write::Statement;
use crate::append::Undelivered;
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::housekeeping::{Doomed, DoomedSession, Prune, STEP_ROWS, SessionPrune};
use crate::job::Job;
use crate::options::Limits;
use crate::sessions::SessionId;

impl Postgres {
    pub(crate) async fn find_doomed(
        &self,
        prune: Prune,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Doomed, ReadError> {
        let sql = match prune {
            // Entries go in one run from the oldest: their times may fall where a clock was put back, and one that
            // went before an older number did would be a hole. The newest entry stays whatever its age.
            Prune::Journal => {
                "SELECT number FROM (
                     SELECT number, max(received_at) OVER (ORDER BY number) AS newest_so_far
                     FROM (SELECT number, received_at FROM journal ORDER BY number LIMIT $2) AS oldest
                 ) AS due WHERE newest_so_far < $1 AND number < (SELECT max(number) FROM journal)
                 ORDER BY number"
            }
            Prune::OldDeadLetters => {
                "SELECT id FROM dead_letters WHERE received_at < $1 ORDER BY id LIMIT $2"
            }
            Prune::ExcessDeadLetters => {
                "SELECT id FROM (
                     SELECT id, sum(length(raw) + coalesce(length(around), 0)) OVER (ORDER BY id DESC) AS bytes FROM dead_letters
                 ) AS kept WHERE bytes > $1 ORDER BY id LIMIT $2"
            }
            Prune::OldParkedStatuses => {
                "SELECT id FROM parked_statuses WHERE received_at < $1 ORDER BY id LIMIT $2"
            }
            Prune::ExcessParkedStatuses => {
                "SELECT id FROM parked_statuses WHERE id <= (
                     SELECT id FROM parked_statuses ORDER BY id DESC LIMIT 1 OFFSET $1
                 ) ORDER BY id LIMIT $2"
            }
            Prune::OldParkedChanges => {
                "SELECT change FROM parked_changes WHERE received_at < $1 ORDER BY change LIMIT $2"
            }
            Prune::ExcessParkedChanges => {
                "SELECT change FROM parked_changes WHERE change <= (
                     SELECT change FROM parked_changes ORDER BY change DESC LIMIT 1 OFFSET $1
                 ) ORDER BY change LIMIT $2"
            }
            Prune::FieldReports => {
                "SELECT id FROM (SELECT id, received_at FROM field_reports ORDER BY id LIMIT $2) AS oldest
                 WHERE received_at < $1 ORDER BY id"
            }
            Prune::CallReports => {
                "SELECT id FROM (SELECT id, received_at FROM call_reports ORDER BY id LIMIT $2) AS oldest
                 WHERE received_at < $1 ORDER BY id"
            }
            Prune::Seen => "SELECT number, wamid, what FROM seen WHERE day < $1 LIMIT $2",
        };
        let link = self.readers.get().await.map_err(ReadError::of)?;
        let step = i64::try_from(STEP_ROWS).unwrap_or(i64::MAX);
        let due = rows(&link, sql, &[&prune.bound(limits, now), &step]).await?;
        let doomed: Result<Doomed, DatabaseError> = if prune == Prune::Seen {
            due.iter()
                .map(|row| Ok((row.try_get(0)?, id(row, 1)?, row.try_get(2)?)))
                .collect::<Result<_, _>>()
                .map(Doomed::Seen)
        } else {
            due.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_, _>>().map(Doomed::Rows)
        };
        doomed.map_err(ReadError::Database)
    }

    pub(crate) async fn find_undelivered(&self, until: Timestamp) -> Result<Vec<Undelivered>, ReadError> {
        // What the owner wrote on the phone is among them only where a status says that we hear of its statuses at all.
        let sql = "SELECT m.seq, n.phone_number_id FROM messages m
             JOIN conversations c ON c.id = m.conversation JOIN numbers n ON n.id = c.number
             WHERE m.at < $1 AND m.state IN ('accepted', 'sent')
                 AND (m.source = 'api' OR (m.source = 'phone_app' AND m.state = 'sent'
                     AND m.type NOT IN ('reaction', 'edit', 'revoke')))
             ORDER BY m.at LIMIT $2";
        let step = i64::try_from(STEP_ROWS).unwrap_or(i64::MAX);
        let number = |id: &str| known(PhoneNumberId::parse(id), "numbers.phone_number_id");
        self.read(sql, &[&until.as_millis(), &step], |rows| {
            rows.iter()
                .map(|row| Ok(Undelivered { seq: row.try_get(0)?, number: number(row.try_get(1)?)? }))
                .collect()
        })
        .await
    }

    pub(crate) async fn find_doomed_sessions(
        &self,
        prune: SessionPrune,
        sessions_max: u64,
        alive_since: Timestamp,
    ) -> Result<Vec<DoomedSession>, ReadError> {
        let (sql, argument) = match prune {
            SessionPrune::Ended => (
                "SELECT id, seen_at FROM sessions WHERE seen_at < $1 ORDER BY seen_at, id LIMIT $2",
                alive_since.as_millis(),
            ),
            SessionPrune::Excess => (
                "SELECT id, seen_at FROM sessions ORDER BY seen_at, id
                 LIMIT least($2, greatest(0, (SELECT count(*) FROM sessions) - $1))",
                to_column(sessions_max),
            ),
        };
        let link = self.readers.get().await.map_err(ReadError::of)?;
        let step = i64::try_from(STEP_ROWS).unwrap_or(i64::MAX);
        let due = rows(&link, sql, &[&argument, &step]).await?;
        let doomed: Result<_, DatabaseError> = due
            .iter()
            .map(|row| {
                Ok(DoomedSession { session: SessionId::from_bytes(id(row, 0)?), seen_at: time(row, 1)? })
            })
            .collect();
        doomed.map_err(ReadError::Database)
    }
}

/// What takes out the rows of a job that prunes, but of the journal only those that nobody holds.
pub(super) fn statement(job: &Job) -> Option<Statement> {
    let Job::Prune { prune, doomed, pins, asked_at, .. } = job else { return None };
    let sql = match prune {
        Prune::Journal => "DELETE FROM journal WHERE number = ANY ($1::bigint[])",
        Prune::OldDeadLetters | Prune::ExcessDeadLetters => {
            "DELETE FROM dead_letters WHERE id = ANY ($1::bigint[])"
        }
        Prune::OldParkedStatuses | Prune::ExcessParkedStatuses => {
            "DELETE FROM parked_statuses WHERE id = ANY ($1::bigint[])"
        }
        Prune::OldParkedChanges | Prune::ExcessParkedChanges => {
            "DELETE FROM parked_changes WHERE change = ANY ($1::bigint[])"
        }
        Prune::FieldReports => "DELETE FROM field_reports WHERE id = ANY ($1::bigint[])",
        Prune::CallReports => "DELETE FROM call_reports WHERE id = ANY ($1::bigint[])",
        Prune::Seen => {
            "DELETE FROM seen s USING unnest($1::bigint[], $2::bytea[], $3::text[]) AS u (number, wamid, what)
             WHERE s.number = u.number AND s.wamid = u.wamid AND s.what = u.what"
        }
    };
    let parameters: Vec<Parameter> = match doomed {
        Doomed::Rows(keys) => vec![Box::new(prune.let_go(keys, pins, *asked_at).to_vec())],
        Doomed::Seen(keys) => {
            let numbers: Vec<i64> = keys.iter().map(|(number, ..)| *number).collect();
            let digests: Vec<Vec<u8>> = keys.iter().map(|(_, digest, _)| digest.to_vec()).collect();
            let whats: Vec<String> = keys.iter().map(|(.., what)| what.clone()).collect();
            vec![Box::new(numbers), Box::new(digests), Box::new(whats)]
        }
    };
    Some(Statement { sql, parameters })
}
