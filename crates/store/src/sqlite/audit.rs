//! `audit.db`: who did what, with a writer of its own. Commands write to it beside a server: whoever writes takes the file's lock
//! before it reads where the chain ends.

use std::path::{Path, PathBuf};

use rusqlite::{
    Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params, params_from_iter,
};
use waypost_domain::{AuditEntry, Timestamp};

use super::connection::{self, DataDir};
use super::readers::Readers;
use crate::accounts::statement::Cell;
use crate::audit::chain::{AuditHead, AuditKey, AuditRecord};
use crate::audit::ledger::{Anchor, COLUMNS, PRUNE_ROWS, doomed};
use crate::audit::{AuditVerified, Check, VerifyError};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::options::{OpenError, Threads};

/// What turns one schema version of `audit.db` into the next; the index is the version before.
pub(crate) const MIGRATIONS: [&str; 1] = [include_str!("schema_audit.sql")];

/// The chain, as it is written.
pub(crate) struct SqliteLedger {
    path: PathBuf,
    /// `None` after trouble, until the file could be opened again.
    connection: Option<Connection>,
}

impl SqliteLedger {
    /// Opens the file in `directory`, which may be a server's; creates what is missing.
    pub(crate) fn open(directory: &Path) -> Result<Self, OpenError> {
        let path = DataDir::visit(directory)?.audit();
        let mut connection = open_to_write(&path)?;
        connection::migrate(&mut connection, &MIGRATIONS)?;
        Ok(Self { path, connection: Some(connection) })
    }

    pub(crate) fn has_begun(&mut self) -> Result<bool, DatabaseError> {
        self.transact(|transaction| Ok(read_anchor(transaction)?.is_some()))
    }

    pub(crate) fn begin(&mut self, key: &AuditKey) -> Result<bool, DatabaseError> {
        self.transact(|transaction| match read_anchor(transaction)? {
            Some(anchor) => Ok(key.has_sealed(&anchor.head, &anchor.seal)),
            None => {
                put_anchor(transaction, key, AuditHead::START)?;
                Ok(true)
            }
        })
    }

    pub(crate) fn head(&mut self) -> Result<AuditHead, DatabaseError> {
        self.transact(|transaction| Ok(read_head(transaction)?))
    }

    pub(crate) fn append(
        &mut self,
        key: &AuditKey,
        entries: &[AuditEntry],
        attempted: &mut Option<AuditHead>,
    ) -> Result<(AuditHead, AuditHead), DatabaseError> {
        self.transact(|transaction| {
            if let Some(done) = *attempted
                && read_mac(transaction, done.number)?.is_some_and(|mac| mac == done.mac)
            {
                return Ok((done, done));
            }
            let before = read_head(transaction)?;
            let (records, head) = key.link(before, entries);
            *attempted = Some(head);
            let insert = format!("INSERT INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
            let mut insert = transaction.prepare_cached(&insert)?;
            for AuditRecord { number, at, actor, action, target, count, mac } in records {
                insert.execute(params![number, at.as_millis(), actor, action, target, count, mac])?;
            }
            Ok((before, head))
        })
    }

    pub(crate) fn prune(&mut self, key: &AuditKey, before: Timestamp) -> Result<usize, DatabaseError> {
        self.transact(|transaction| {
            let Some(anchor) = read_anchor(transaction)? else { return Ok(0) };
            let sql = format!("SELECT {COLUMNS} FROM audit ORDER BY number LIMIT ?1");
            let oldest: Vec<AuditRecord> = transaction
                .prepare_cached(&sql)?
                .query_map([PRUNE_ROWS], read_record)?
                .collect::<rusqlite::Result<_>>()?;
            let (head, count) = doomed((key, &anchor), &oldest, before)?;
            if count > 0 {
                transaction.execute("DELETE FROM audit WHERE number <= ?1", [head.number])?;
                put_anchor(transaction, key, head)?;
            }
            Ok(count)
        })
    }

    /// Does all of it or nothing. Whatever fails, the file is opened anew for the next one.
    fn transact<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_to_write(&self.path)?,
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = change(&transaction)?;
        transaction.commit()?;
        self.connection = Some(connection);
        Ok(value)
    }
}

fn open_to_write(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connection::open_to_write(path)?;
    // Nobody waits for this writer, so that it may copy the log back itself.
    connection.execute_batch("PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -512")?;
    Ok(connection)
}

fn read_anchor(connection: &Connection) -> rusqlite::Result<Option<Anchor>> {
    connection
        .prepare_cached("SELECT number, mac, seal FROM audit_anchor")?
        .query_row([], |row| {
            let mac: Vec<u8> = row.get(1)?;
            Ok(Anchor { head: AuditHead::stored(row.get(0)?, &mac), seal: row.get(2)? })
        })
        .optional()
}

fn put_anchor(connection: &Connection, key: &AuditKey, head: AuditHead) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO audit_anchor (id, number, mac, seal) VALUES (1, ?1, ?2, ?3)")?
        .execute(params![head.number, head.mac, key.seal(&head)])?;
    Ok(())
}

fn read_head(connection: &Connection) -> rusqlite::Result<AuditHead> {
    let last = connection
        .prepare_cached("SELECT number, mac FROM audit ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| {
            let mac: Vec<u8> = row.get(1)?;
            Ok(AuditHead::stored(row.get(0)?, &mac))
        })
        .optional()?;
    Ok(match last {
        Some(head) => head,
        None => read_anchor(connection)?.map_or(AuditHead::START, |anchor| anchor.head),
    })
}

fn read_mac(connection: &Connection, number: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT mac FROM audit WHERE number = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()
}

/// Text that is none shows by its MAC.
fn read_record(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    let text = |index| -> rusqlite::Result<Option<String>> {
        let bytes = row.get_ref(index)?.as_bytes_or_null()?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    };
    Ok(AuditRecord {
        number: row.get(0)?,
        at: Timestamp::from_millis(row.get(1)?),
        actor: text(2)?.unwrap_or_default(),
        action: text(3)?.unwrap_or_default(),
        target: text(4)?,
        count: row.get(5)?,
        mac: row.get(6)?,
    })
}

/// The chain, as it is read beside its writer.
#[derive(Clone)]
pub(crate) struct AuditFile(Readers);

impl AuditFile {
    pub(crate) fn open(directory: &Path) -> Result<Self, OpenError> {
        let path = DataDir::visit(directory)?.audit();
        Ok(Self(Readers::open(&path, 1, Threads::Own)?))
    }

    pub(crate) async fn page(
        &self,
        sql: String,
        parameters: Vec<Cell>,
    ) -> Result<Vec<AuditRecord>, ReadError> {
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
            statement.query_map(params_from_iter(&parameters), read_record)?.collect()
        };
        self.0.run(read).await
    }
}

/// Reads all of the chain as it is at one moment.
pub(crate) fn verify(directory: &Path, check: Check<'_>) -> Result<AuditVerified, VerifyError> {
    let path = directory.join(AUDIT_FILE);
    if !path.exists() {
        return Err(VerifyError::NoAudit(directory.display().to_string()));
    }
    let failed = |error: rusqlite::Error| VerifyError::Read(error.into());
    let mut connection = connection::open_to_read(&path).map_err(|error| VerifyError::Open(error.into()))?;
    let snapshot = connection.transaction().map_err(failed)?;
    let anchor = read_anchor(&snapshot).map_err(failed)?;
    let mut checking = check.begin(anchor.as_ref())?;
    let mut statement =
        snapshot.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY number")).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        checking.follow(&read_record(row).map_err(failed)?)?;
    }
    Ok(checking.finish()?)
}

/// The name of the file.
pub(super) const AUDIT_FILE: &str = "audit.db";

#[cfg(test)]
mod tests {
    use waypost_domain::{AuditAction, AuditActor};

    use super::*;

    fn entry(millis: i64) -> AuditEntry {
        let (actor, action) = (AuditActor::System, AuditAction::Read);
        AuditEntry { at: Timestamp::from_millis(millis), actor, action, target: None, count: 1 }
    }

    #[test]
    fn what_was_committed_without_an_answer_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = SqliteLedger::open(dir.path()).unwrap();
        let key = AuditKey::new(&[7; 32]);
        assert!(ledger.begin(&key).unwrap());
        let mut attempted = None;
        let (_, head) = ledger.append(&key, &[entry(1), entry(2)], &mut attempted).unwrap();
        // Another process has gone on since.
        let (_, later) = ledger.append(&key, &[entry(3)], &mut None).unwrap();
        assert_eq!(ledger.append(&key, &[entry(1), entry(2)], &mut attempted).unwrap(), (head, head));
        assert_eq!((ledger.head().unwrap(), later.number), (later, 3));
        // What was rolled back is written, wherever the chain ends by then.
        let mut elsewhere = Some(AuditHead { number: 4, mac: [9; 32] });
        assert_eq!(ledger.append(&key, &[entry(4)], &mut elsewhere).unwrap().1.number, 4);
    }
}
