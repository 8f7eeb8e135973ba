//! Who did what, in tables of its own, with a writer and a connection of its own. Several servers and commands extend one chain:
//! whoever writes takes a lock before it reads where the chain ends.

use std::future::Future;

use deadpool_postgres::{Pool, Transaction};
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};
use waypost_domain::{AuditEntry, Timestamp};

use super::arrival;
use super::link::{self, ANSWER_TIMEOUT, LOCK, Link};
use super::url::PostgresUrl;
use super::waiter::Waiter;
use crate::accounts::statement::Cell;
use crate::audit::chain::{AuditHead, AuditKey, AuditRecord};
use crate::audit::ledger::{Anchor, COLUMNS, PRUNE_ROWS, doomed};
use crate::audit::{AuditVerified, Check, VerifyError};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::options::{OpenError, Threads};

/// How many read the audit at the same time; more wait.
const READERS: usize = 2;

/// Entries that are read in one statement when all are.
const VERIFY_ROWS: i64 = 5_000;

/// All are read in one transaction, between whose statements a client computes.
const UNHURRIED: &str = " -c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000";

/// The chain, as it is written.
pub(crate) struct PostgresLedger {
    waiter: Waiter,
    pool: Pool,
}

impl PostgresLedger {
    /// Connects; creates what is missing.
    pub(crate) fn open(url: &PostgresUrl) -> Result<Self, OpenError> {
        let open = || {
            let ledger = Self { waiter: Waiter::new(Threads::Own)?, pool: link::pool(url, "", 1)? };
            ledger.waiter.wait(|| {
                link::answered(async {
                    let mut link = link::take(&ledger.pool).await.map_err(link::no_connection)?;
                    link::migrate(&mut link).await?;
                    arrival::refuse_unfinished(&link).await
                })
            })?;
            Ok(ledger)
        };
        open().map_err(|error| OpenError::Postgres { url: url.clone(), source: Box::new(error) })
    }

    pub(crate) fn has_begun(&mut self) -> Result<bool, DatabaseError> {
        self.transact(async |transaction| Ok(read_anchor(transaction).await?.is_some()))
    }

    pub(crate) fn begin(&mut self, key: &AuditKey) -> Result<bool, DatabaseError> {
        self.transact(async |transaction| match read_anchor(transaction).await? {
            Some(anchor) => Ok(key.has_sealed(&anchor.head, &anchor.seal)),
            None => {
                put_anchor(transaction, key, AuditHead::START).await?;
                Ok(true)
            }
        })
    }

    pub(crate) fn head(&mut self) -> Result<AuditHead, DatabaseError> {
        self.transact(async |transaction| read_head(transaction).await)
    }

    pub(crate) fn append(
        &mut self,
        key: &AuditKey,
        entries: &[AuditEntry],
        attempted: &mut Option<AuditHead>,
    ) -> Result<(AuditHead, AuditHead), DatabaseError> {
        self.transact(async |transaction| {
            if let Some(done) = *attempted
                && read_mac(transaction, done.number).await?.is_some_and(|mac| mac == done.mac)
            {
                return Ok((done, done));
            }
            let before = read_head(transaction).await?;
            let (records, head) = key.link(before, entries);
            *attempted = Some(head);
            insert(transaction, &records).await?;
            Ok((before, head))
        })
    }

    pub(crate) fn prune(&mut self, key: &AuditKey, before: Timestamp) -> Result<usize, DatabaseError> {
        self.transact(async |transaction| {
            let Some(anchor) = read_anchor(transaction).await? else { return Ok(0) };
            let sql = format!("SELECT {COLUMNS} FROM audit ORDER BY number LIMIT $1");
            let oldest = transaction.query(&sql, &[&PRUNE_ROWS]).await?;
            let oldest: Vec<AuditRecord> = oldest.iter().map(record).collect::<Result<_, _>>()?;
            let (head, count) = doomed((key, &anchor), &oldest, before)?;
            if count > 0 {
                transaction.execute("DELETE FROM audit WHERE number <= $1", &[&head.number]).await?;
                put_anchor(transaction, key, head).await?;
            }
            Ok(count)
        })
    }

    /// Does all of it or nothing, one at a time.
    fn transact<T: Send>(
        &self,
        change: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        self.waiter.block_on(async {
            let mut link = link::take(&self.pool).await?;
            let all = async {
                let transaction = link.transaction().await?;
                transaction.execute(LOCK, &[&"audit"]).await?;
                let value = change(&transaction).await?;
                transaction.commit().await?;
                Ok(value)
            };
            let done = match tokio::time::timeout(ANSWER_TIMEOUT, all).await {
                Ok(done) => done,
                Err(_) => Err(link::NoAnswer.into()),
            };
            if done.is_err() {
                // It may hold a transaction that nobody knows of any more.
                drop(Link::take(link));
            }
            done
        })
    }
}

async fn read_anchor(transaction: &Transaction<'_>) -> Result<Option<Anchor>, DatabaseError> {
    let rows = transaction.query("SELECT number, mac, seal FROM audit_anchor", &[]).await?;
    rows.first().map(|row| Ok(Anchor { head: head(row)?, seal: row.try_get(2)? })).transpose()
}

async fn put_anchor(
    transaction: &Transaction<'_>,
    key: &AuditKey,
    head: AuditHead,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO audit_anchor (id, number, mac, seal) VALUES (1, $1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET number = excluded.number, mac = excluded.mac, seal = excluded.seal";
    transaction.execute(sql, &[&head.number, &&head.mac[..], &&key.seal(&head)[..]]).await?;
    Ok(())
}

async fn read_head(transaction: &Transaction<'_>) -> Result<AuditHead, DatabaseError> {
    let last = transaction.query("SELECT number, mac FROM audit ORDER BY number DESC LIMIT 1", &[]).await?;
    match last.first() {
        Some(row) => head(row),
        None => Ok(read_anchor(transaction).await?.map_or(AuditHead::START, |anchor| anchor.head)),
    }
}

async fn read_mac(transaction: &Transaction<'_>, number: i64) -> Result<Option<Vec<u8>>, DatabaseError> {
    let rows = transaction.query("SELECT mac FROM audit WHERE number = $1", &[&number]).await?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
}

async fn insert(transaction: &Transaction<'_>, records: &[AuditRecord]) -> Result<(), DatabaseError> {
    let sql = format!(
        "INSERT INTO audit ({COLUMNS})
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[])"
    );
    fn column<'a, T>(records: &'a [AuditRecord], of: impl Fn(&'a AuditRecord) -> T) -> Vec<T> {
        records.iter().map(of).collect()
    }
    let parameters: [&(dyn ToSql + Sync); 7] = [
        &column(records, |record| record.number),
        &column(records, |record| record.at.as_millis()),
        &column(records, |record| &*record.actor),
        &column(records, |record| &*record.action),
        &column(records, |record| record.target.as_deref()),
        &column(records, |record| record.count),
        &column(records, |record| &*record.mac),
    ];
    transaction.execute(&sql, &parameters).await?;
    Ok(())
}

fn head(row: &Row) -> Result<AuditHead, DatabaseError> {
    Ok(AuditHead::stored(row.try_get(0)?, row.try_get(1)?))
}

fn record(row: &Row) -> Result<AuditRecord, tokio_postgres::Error> {
    Ok(AuditRecord {
        number: row.try_get(0)?,
        at: Timestamp::from_millis(row.try_get(1)?),
        actor: row.try_get(2)?,
        action: row.try_get(3)?,
        target: row.try_get(4)?,
        count: row.try_get(5)?,
        mac: row.try_get(6)?,
    })
}

/// The chain, as it is read beside its writer.
#[derive(Clone)]
pub(crate) struct AuditPool(Pool);

impl AuditPool {
    pub(crate) fn open(url: &PostgresUrl) -> Result<Self, OpenError> {
        Ok(Self(link::pool(url, "", READERS)?))
    }

    pub(crate) async fn page(&self, sql: &str, parameters: &[Cell]) -> Result<Vec<AuditRecord>, ReadError> {
        let read = async {
            let link = link::take(&self.0).await.map_err(ReadError::Database)?;
            let parameters: Vec<_> = parameters.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
            let rows = link::rows(&link, sql, &parameters).await?;
            Ok(rows.iter().map(record).collect::<Result<_, _>>()?)
        };
        tokio::time::timeout(ANSWER_TIMEOUT, read)
            .await
            .unwrap_or_else(|_| Err(ReadError::of(link::NoAnswer)))
    }
}

/// Reads all of the chain as it is at one moment.
pub(crate) fn verify_audit(url: &PostgresUrl, check: Check<'_>) -> Result<AuditVerified, VerifyError> {
    let waiter = Waiter::new(Threads::Own)?;
    let pool = link::pool(url, UNHURRIED, 1)?;
    waiter.block_on(async {
        let mut link = link::take(&pool).await.map_err(link::no_connection)?;
        let snapshot =
            link.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let snapshot = answered(snapshot.start()).await?;
        let there = answered(snapshot.query_one("SELECT to_regclass('audit') IS NOT NULL", &[])).await?;
        if !there.get::<_, bool>(0) {
            return Err(VerifyError::NoAudit(url.to_string()));
        }
        let anchor = read_anchor(&snapshot).await.map_err(VerifyError::Read)?;
        let mut checking = check.begin(anchor.as_ref())?;
        let sql =
            format!("SELECT {COLUMNS} FROM audit WHERE number > $1 ORDER BY number LIMIT {VERIFY_ROWS}");
        let mut after = i64::MIN;
        loop {
            let rows = answered(snapshot.query(&sql, &[&after])).await?;
            let Some(last) = rows.last() else { return Ok(checking.finish()?) };
            after = last.try_get(0).map_err(|error| VerifyError::Read(error.into()))?;
            for row in &rows {
                checking.follow(&record(row).map_err(|error| VerifyError::Read(error.into()))?)?;
            }
        }
    })
}

/// Gives a question a bounded time.
async fn answered<T>(
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, VerifyError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(answer) => answer.map_err(|error| VerifyError::Read(error.into())),
        Err(_) => Err(VerifyError::Read(link::NoAnswer.into())),
    }
}
