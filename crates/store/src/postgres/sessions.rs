//! Sessions and the rooms they are in, in tables of their own, with a writer and a connection of its own.

use std::collections::HashSet;

use deadpool_postgres::{Pool, Transaction};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use waypost_domain::{CustomerId, Offset, PrincipalId, Timestamp};

use super::Postgres;
use super::link::{self, ANSWER_TIMEOUT, BY_KEY, Failure};
use super::rows::{known, optional_id, time, to_column, unsigned};
use super::url::PostgresUrl;
use super::waiter::Waiter;
use crate::columns::text_to_column;
use crate::desk::GroupWriter;
use crate::error::ReadError;
use crate::group::{DatabaseError, Trouble};
use crate::options::{OpenError, Threads};
use crate::session_job::{Changed, SessionDone, SessionJob};
use crate::sessions::{NewSession, Session, SessionError, SessionId, SessionRoom, Tenure};
use crate::store::Binding;

/// The generation of a session that nobody has resumed.
const FIRST_GENERATION: u64 = 1;

/// The one that writes sessions.
pub(crate) struct SessionWriter {
    waiter: Waiter,
    pool: Pool,
    /// Whether the last commit went well.
    is_well: bool,
}

impl GroupWriter for SessionWriter {
    type Job = SessionJob;

    /// Commits the group, in as few transactions as its jobs allow, and answers everybody in it.
    fn write(&mut self, mut group: Vec<SessionJob>) {
        let attempt = self.waiter.wait(|| attempt(&self.pool, &group));
        self.note(&attempt);
        match attempt {
            Ok(done) => group.into_iter().zip(done).for_each(|(job, done)| job.answer(done)),
            Err(Failure::Trouble(Trouble::Item) | Failure::Stale) if group.len() > 1 => {
                let second = group.split_off(group.len() / 2);
                self.write(group);
                self.write(second);
            }
            // Answers that are dropped say that nothing is known to be stored.
            Err(Failure::Trouble(Trouble::Item) | Failure::Stale) => {
                tracing::error!("a change of a session could not be stored");
            }
            Err(Failure::Trouble(Trouble::Database(_) | Trouble::Unread)) => {}
        }
    }
}

impl SessionWriter {
    pub(super) fn open(url: &PostgresUrl, threads: Threads) -> Result<Self, OpenError> {
        let waiter = Waiter::new(threads)?;
        let pool = link::pool(url, BY_KEY, 1)?;
        Ok(Self { waiter, pool, is_well: true })
    }

    /// Says when trouble begins and when it ends, once each.
    fn note<T>(&mut self, attempt: &Result<T, Failure>) {
        match attempt {
            Ok(_) if !self.is_well => {
                self.is_well = true;
                tracing::info!("sessions can be stored again");
            }
            Err(Failure::Trouble(Trouble::Database(error))) if self.is_well => {
                self.is_well = false;
                tracing::error!(error = %error, "sessions cannot be stored");
            }
            Ok(_) | Err(_) => {}
        }
    }
}

async fn attempt(pool: &Pool, group: &[SessionJob]) -> Result<Vec<SessionDone>, Failure> {
    let database = |error: DatabaseError| Failure::Trouble(Trouble::Database(error));
    let mut link = link::take(pool).await.map_err(database)?;
    let all = async {
        let transaction = link.transaction().await?;
        let mut done = Vec::with_capacity(group.len());
        let mut left = group;
        while !left.is_empty() {
            let (now, later) = left.split_at(independent(left));
            let jobs = now.iter().map(|job| Box::pin(apply(&transaction, job)) as _).collect();
            for answer in link::in_order(jobs).await {
                done.push(answer?);
            }
            left = later;
        }
        transaction.commit().await?;
        Ok(done)
    };
    let attempt = match tokio::time::timeout(ANSWER_TIMEOUT, all).await {
        Ok(attempt) => attempt,
        Err(late) => Err(database(late.into())),
    };
    if matches!(attempt, Err(Failure::Trouble(Trouble::Database(_)))) {
        // It may hold a transaction that nobody knows of any more.
        drop(link::Link::take(link));
    }
    attempt
}

/// How many of the jobs, from the first on, can be asked for without awaiting the answers to those before: no two of them
/// concern one session. A storm of clients that come back would else take as many round trips as there are clients.
fn independent(jobs: &[SessionJob]) -> usize {
    let mut concerned = HashSet::new();
    let has_met = |job: &SessionJob| match job {
        SessionJob::Create { new, .. } => !concerned.insert(SessionId::from(&new.pid)),
        SessionJob::Resume { tenure, .. }
        | SessionJob::Enter { tenure, .. }
        | SessionJob::Leave { tenure, .. } => !concerned.insert(tenure.session),
        // They concern many.
        SessionJob::Touch { .. } | SessionJob::Prune { .. } => true,
    };
    jobs.iter().position(has_met).unwrap_or(jobs.len()).max(1)
}

type Done<T> = Result<T, tokio_postgres::Error>;

async fn apply(transaction: &Transaction<'_>, job: &SessionJob) -> Done<SessionDone> {
    Ok(match job {
        SessionJob::Create { new, .. } => SessionDone::Held(create(transaction, new).await?),
        SessionJob::Resume { tenure, at, alive_since, .. } => {
            SessionDone::Held(resume(transaction, *tenure, *at, *alive_since).await?)
        }
        SessionJob::Enter { tenure, room, alive_since, .. } => {
            let is_held = is_held(transaction, *tenure, *alive_since).await?;
            if is_held {
                put_room(transaction, tenure.session, room).await?;
            }
            SessionDone::Moved(if is_held { Ok(()) } else { Err(SessionError::Fenced) })
        }
        SessionJob::Leave { tenure, name, alive_since, .. } => {
            let is_held = is_held(transaction, *tenure, *alive_since).await?;
            if is_held {
                take_room(transaction, tenure.session, name).await?;
            }
            SessionDone::Moved(if is_held { Ok(()) } else { Err(SessionError::Fenced) })
        }
        SessionJob::Touch { sessions, at, alive_since, .. } => {
            let ids: Vec<Vec<u8>> = sessions.iter().map(|session| session.to_bytes().to_vec()).collect();
            let sql =
                "UPDATE sessions SET seen_at = $2 WHERE id = ANY ($1) AND seen_at < $2 AND seen_at >= $3";
            execute(transaction, sql, &[&ids, &at.as_millis(), &alive_since.as_millis()]).await?;
            SessionDone::Touched
        }
        SessionJob::Prune { doomed, .. } => {
            let ids: Vec<Vec<u8>> = doomed.iter().map(|doomed| doomed.session.to_bytes().to_vec()).collect();
            let seen: Vec<i64> = doomed.iter().map(|doomed| doomed.seen_at.as_millis()).collect();
            // Those that were seen since they were found stay.
            let sql = "WITH gone AS (
                     DELETE FROM sessions s USING unnest($1::bytea[], $2::bigint[]) AS u (id, seen_at)
                     WHERE s.id = u.id AND s.seen_at = u.seen_at RETURNING s.id
                 ), rooms_gone AS (DELETE FROM rooms WHERE session IN (SELECT id FROM gone))
                 SELECT count(*) FROM gone";
            let gone: i64 = transaction.query_one(sql, &[&ids, &seen]).await?.try_get(0)?;
            SessionDone::Pruned(usize::try_from(gone).unwrap_or(0))
        }
    })
}

async fn execute(transaction: &Transaction<'_>, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Done<u64> {
    let statement = transaction.prepare_cached(sql).await?;
    transaction.execute(&statement, parameters).await
}

async fn create(transaction: &Transaction<'_>, new: &NewSession) -> Done<Changed<Tenure>> {
    let tenure = Tenure { session: SessionId::from(&new.pid), generation: FIRST_GENERATION };
    let sql = "INSERT INTO sessions (id, generation, principal, namespace, start, owes_gap, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let (id, generation) = (tenure.session.to_bytes(), to_column(tenure.generation));
    let (namespace, start) = (text_to_column(&new.namespace), new.start.to_string());
    let parameters: [&(dyn ToSql + Sync); 7] = [
        &&id[..],
        &generation,
        &new.principal.as_str(),
        &namespace,
        &start,
        &new.owes_gap,
        &new.at.as_millis(),
    ];
    if execute(transaction, sql, &parameters).await? == 0 {
        return Ok(Err(SessionError::Fenced));
    }
    for room in &new.rooms {
        put_room(transaction, tenure.session, room).await?;
    }
    Ok(Ok(tenure))
}

async fn resume(
    transaction: &Transaction<'_>,
    tenure: Tenure,
    at: Timestamp,
    alive_since: Timestamp,
) -> Done<Changed<Tenure>> {
    // One beyond the database's integers is nobody's.
    let Ok(held) = i64::try_from(tenure.generation) else { return Ok(Err(SessionError::Fenced)) };
    let sql = "UPDATE sessions SET generation = generation + 1, seen_at = greatest(seen_at, $3)
         WHERE id = $1 AND generation = $2 AND generation < 9223372036854775807 AND seen_at >= $4";
    let id = tenure.session.to_bytes();
    let raised =
        execute(transaction, sql, &[&&id[..], &held, &at.as_millis(), &alive_since.as_millis()]).await?;
    // What fences the older connection: it rises by one at each resume.
    Ok(if raised == 1 {
        Ok(Tenure { generation: tenure.generation + 1, ..tenure })
    } else {
        Err(SessionError::Fenced)
    })
}

/// Whether the tenure holds; if so, nobody takes the session over before the transaction ends.
async fn is_held(transaction: &Transaction<'_>, tenure: Tenure, alive_since: Timestamp) -> Done<bool> {
    let Ok(generation) = i64::try_from(tenure.generation) else { return Ok(false) };
    let sql = "SELECT 1 FROM sessions WHERE id = $1 AND generation = $2 AND seen_at >= $3 FOR UPDATE";
    let id = tenure.session.to_bytes();
    Ok(execute(transaction, sql, &[&&id[..], &generation, &alive_since.as_millis()]).await? == 1)
}

/// Adds a room after the others, instead of one of the same name.
async fn put_room(transaction: &Transaction<'_>, session: SessionId, room: &SessionRoom) -> Done<()> {
    take_room(transaction, session, &room.name).await?;
    let sql = "INSERT INTO rooms (session, place, name, position, customer, since, known_at)
         SELECT $1, coalesce(max(place), 0) + 1, $2, $3, $4, $5, $6 FROM rooms WHERE session = $1";
    let (id, name, from) = (session.to_bytes(), text_to_column(&room.name), room.from.to_string());
    let customer = room.binding.map(|binding| binding.customer.to_bytes().to_vec());
    let since = room.binding.map(|binding| to_column(binding.since));
    let known_at = room.known_at.to_string();
    execute(transaction, sql, &[&&id[..], &name, &from, &customer, &since, &known_at]).await?;
    Ok(())
}

async fn take_room(transaction: &Transaction<'_>, session: SessionId, name: &str) -> Done<()> {
    let (id, name) = (session.to_bytes(), text_to_column(name));
    execute(transaction, "DELETE FROM rooms WHERE session = $1 AND name = $2", &[&&id[..], &name]).await?;
    Ok(())
}

impl Postgres {
    pub(crate) async fn find_session(
        &self,
        session: SessionId,
        alive_since: Timestamp,
    ) -> Result<Option<Session>, ReadError> {
        // One statement: the session and its rooms as they were at one moment.
        let sql = "SELECT s.generation, s.principal, s.namespace, s.start, s.owes_gap, s.seen_at, r.name,
                 r.position, r.customer, r.since, r.known_at
             FROM sessions s LEFT JOIN rooms r ON r.session = s.id
             WHERE s.id = $1 AND s.seen_at >= $2 ORDER BY r.place";
        let id = session.to_bytes();
        self.read(sql, &[&&id[..], &alive_since.as_millis()], |rows| {
            let Some(row) = rows.first() else { return Ok(None) };
            let mut found = Session {
                tenure: Tenure { session, generation: unsigned(row, 0)? },
                principal: known(PrincipalId::parse(row.try_get(1)?), "sessions.principal")?,
                namespace: row.try_get::<_, &str>(2)?.into(),
                start: offset(row, 3, "sessions.start")?,
                owes_gap: row.try_get(4)?,
                seen_at: time(row, 5)?,
                rooms: Vec::new(),
            };
            for row in rows {
                let Some(name) = row.try_get::<_, Option<&str>>(6)? else { continue };
                let binding = match optional_id(row, 8)?.map(CustomerId::from_bytes) {
                    Some(customer) => Some(Binding { customer, since: unsigned(row, 9)? }),
                    None => None,
                };
                found.rooms.push(SessionRoom {
                    name: name.into(),
                    from: offset(row, 7, "rooms.position")?,
                    binding,
                    known_at: offset(row, 10, "rooms.known_at")?,
                });
            }
            Ok(Some(found))
        })
        .await
    }
}

fn offset(row: &Row, index: usize, column: &'static str) -> Result<Offset, DatabaseError> {
    known(row.try_get::<_, &str>(index)?.parse().ok(), column)
}
