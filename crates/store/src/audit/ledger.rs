//! What either database is asked for the audit.

use waypost_domain::{AuditEntry, Timestamp};

use super::AuditRequest;
use super::chain::{AuditHead, AuditKey, AuditRecord};
use super::verify::Follower;
use crate::accounts::statement::Cell;
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::options::{OpenError, Place};
use crate::postgres::{AuditPool, PostgresLedger};
use crate::sqlite::audit::{AuditFile, SqliteLedger};

/// The columns of an entry, in the order in which they are read.
pub(crate) const COLUMNS: &str = "number, at, actor, action, target, count, mac";

/// Entries that are pruned in one transaction, at most.
pub(crate) const PRUNE_ROWS: i64 = 500;

/// Where the chain begins: the last entry that was pruned, with what shows that it was pruned rightly.
pub(crate) struct Anchor {
    pub(crate) head: AuditHead,
    pub(crate) seal: Vec<u8>,
}

/// The chain, as it is written.
pub(crate) enum Ledger {
    Sqlite(SqliteLedger),
    Postgres(PostgresLedger),
}

impl Ledger {
    /// Opens the tables; creates what is missing.
    pub(super) fn open(place: &Place) -> Result<Self, OpenError> {
        Ok(match place {
            Place::Directory(path) => Self::Sqlite(SqliteLedger::open(path)?),
            Place::Postgres(url) => Self::Postgres(PostgresLedger::open(url)?),
        })
    }

    /// Whether there is a key with which the chain was begun.
    pub(super) fn has_begun(&mut self) -> Result<bool, DatabaseError> {
        match self {
            Self::Sqlite(ledger) => ledger.has_begun(),
            Self::Postgres(ledger) => ledger.has_begun(),
        }
    }

    /// Begins the chain where it has not begun; whether it was begun with this key.
    pub(super) fn begin(&mut self, key: &AuditKey) -> Result<bool, DatabaseError> {
        match self {
            Self::Sqlite(ledger) => ledger.begin(key),
            Self::Postgres(ledger) => ledger.begin(key),
        }
    }

    pub(super) fn head(&mut self) -> Result<AuditHead, DatabaseError> {
        match self {
            Self::Sqlite(ledger) => ledger.head(),
            Self::Postgres(ledger) => ledger.head(),
        }
    }

    /// Puts entries at the end of the chain; where it ended before, and where it ends then. Whoever does not learn whether that
    /// was done gives `attempted` to the next try, which finds it done.
    pub(super) fn append(
        &mut self,
        key: &AuditKey,
        entries: &[AuditEntry],
        attempted: &mut Option<AuditHead>,
    ) -> Result<(AuditHead, AuditHead), DatabaseError> {
        match self {
            Self::Sqlite(ledger) => ledger.append(key, entries, attempted),
            Self::Postgres(ledger) => ledger.append(key, entries, attempted),
        }
    }

    /// Takes out some of what is from before `before`; how many.
    pub(super) fn prune(&mut self, key: &AuditKey, before: Timestamp) -> Result<usize, DatabaseError> {
        match self {
            Self::Sqlite(ledger) => ledger.prune(key, before),
            Self::Postgres(ledger) => ledger.prune(key, before),
        }
    }
}

/// Where the chain begins after `oldest`, its oldest entries in order, are pruned as far as they are from before `before`, and
/// how many those are.
///
/// Only what is as it was written goes: else whoever makes an entry look old could have it taken out.
pub(crate) fn doomed(
    (key, anchor): (&AuditKey, &Anchor),
    oldest: &[AuditRecord],
    before: Timestamp,
) -> Result<(AuditHead, usize), DatabaseError> {
    let mut follower = Follower::begin(key, Some(anchor))?;
    let mut count = 0;
    for record in oldest.iter().take_while(|record| record.at < before) {
        follower.follow(record)?;
        count += 1;
    }
    Ok((follower.head(), count))
}

/// The statement that reads a page, with its parameters.
pub(crate) fn page(request: &AuditRequest) -> (String, Vec<Cell>) {
    let filter = &request.filter;
    let text = |text: Option<String>| text.map(Cell::Text);
    let conditions = [
        ("actor =", text(filter.actor.as_ref().map(ToString::to_string))),
        ("action =", text(filter.action.map(|action| action.as_str().to_owned()))),
        ("target =", text(filter.target.as_ref().map(ToString::to_string))),
        ("at >=", filter.after.map(|at| Cell::Number(at.as_millis()))),
        ("at <", filter.before.map(|at| Cell::Number(at.as_millis()))),
        ("number <", request.before.map(Cell::Number)),
    ];
    let (mut wanted, mut parameters) = (Vec::new(), Vec::new());
    for (condition, value) in conditions {
        if let Some(value) = value {
            parameters.push(value);
            wanted.push(format!("{condition} ${}", parameters.len()));
        }
    }
    let filter = if wanted.is_empty() { String::new() } else { format!("WHERE {}", wanted.join(" AND ")) };
    parameters.push(Cell::Number(i64::try_from(request.limit).unwrap_or(i64::MAX)));
    let sql =
        format!("SELECT {COLUMNS} FROM audit {filter} ORDER BY number DESC LIMIT ${}", parameters.len());
    (sql, parameters)
}

/// The chain, as it is read beside its writer.
#[derive(Clone)]
pub(super) enum Reads {
    Sqlite(AuditFile),
    Postgres(AuditPool),
}

impl Reads {
    pub(super) fn open(place: &Place) -> Result<Self, OpenError> {
        Ok(match place {
            Place::Directory(path) => Self::Sqlite(AuditFile::open(path)?),
            Place::Postgres(url) => Self::Postgres(AuditPool::open(url)?),
        })
    }

    pub(super) async fn page(&self, request: &AuditRequest) -> Result<Vec<AuditRecord>, ReadError> {
        let (sql, parameters) = page(request);
        match self {
            Self::Sqlite(file) => file.page(sql, parameters).await,
            Self::Postgres(pool) => pool.page(&sql, &parameters).await,
        }
    }
}
