//! Opening the database file: its settings, its migrations, and the lock that keeps a second writer out.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::audit::AUDIT_FILE;
use crate::options::{OpenError, Threads};

/// What turns one schema version of `waypost.db` into the next; the index is the version before.
pub(crate) const MIGRATIONS: [&str; 13] = [
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_messages.sql"),
    include_str!("schema_fields.sql"),
    include_str!("schema_identity.sql"),
    include_str!("schema_reads.sql"),
    include_str!("schema_letters.sql"),
    include_str!("schema_letter_ids.sql"),
    include_str!("schema_keys.sql"),
    include_str!("schema_changes.sql"),
    include_str!("schema_reach.sql"),
    include_str!("schema_accounts.sql"),
    include_str!("schema_data_keys.sql"),
];

/// How long a statement waits for another process (`waypost key` writes too), in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 2_000;

/// A data directory that this process owns.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Held, not read: the operating system lets go of it however the process ends.
    _lock: Option<File>,
}

impl DataDir {
    /// Creates the directory where it is missing (mode 0700) and locks it against a second server.
    pub(crate) fn own(path: &Path) -> Result<Self, OpenError> {
        let mut dir = Self::visit(path)?;
        let lock = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("waypost.lock"))
            .map_err(|source| OpenError::Directory { path: path.into(), source })?;
        match lock.try_lock() {
            Ok(()) => dir._lock = Some(lock),
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.into() }),
            Err(TryLockError::Error(source)) => {
                return Err(OpenError::Directory { path: path.into(), source });
            }
        }
        Ok(dir)
    }

    /// Creates the directory where it is missing (mode 0700), without locking: for a tool beside a running server.
    pub(crate) fn visit(path: &Path) -> Result<Self, OpenError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| OpenError::Directory { path: path.into(), source })?;
        Ok(Self { path: path.into(), _lock: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.file("waypost.db")
    }

    pub(crate) fn sessions(&self) -> PathBuf {
        self.file("sessions.db")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.file(AUDIT_FILE)
    }
}

/// The writer's page cache, in KiB. At each commit SQLite looks at every page in it (it renumbers pages through one far
/// beyond the end while balancing, and then truncates the cache), so that more than the hot pages costs more than it
/// saves: the rest is in the system's cache.
const WRITER_CACHE_KIB: u32 = 32 * 1024;

/// Opens the database to write: WAL, durable at each commit, checkpoints left to [`checkpoint`].
pub(crate) fn open_to_write(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(&format!(
        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = OFF;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -{WRITER_CACHE_KIB};
         PRAGMA temp_store = MEMORY;"
    ))?;
    connection.set_prepared_statement_cache_capacity(96);
    Ok(connection)
}

/// Settles what closing does: where the caller's thread does the work, a store that is dropped is one that crashed, and
/// leaves its write-ahead log.
pub(crate) fn settle_close(connection: &Connection, threads: Threads) -> rusqlite::Result<()> {
    let keeps_log = threads == Threads::Caller;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keeps_log)?;
    Ok(())
}

/// Opens the database to read.
pub(crate) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection
        .execute_batch(&format!("PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA cache_size = -8192;"))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Brings the schema up to the newest version by those of `migrations` that the file has not seen. A file of a newer
/// version is refused.
pub(crate) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: usize = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let pending = migrations.get(version..).ok_or(OpenError::TooNew { version, known: migrations.len() })?;
    for migration in pending {
        transaction.execute_batch(migration)?;
    }
    if !pending.is_empty() {
        transaction.execute_batch(&format!("PRAGMA user_version = {}", migrations.len()))?;
    }
    transaction.commit()?;
    Ok(())
}

/// Copies what it can of the write-ahead log back into the database without keeping anybody waiting.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use waypost_domain::Author;

    use super::*;

    #[test]
    fn a_file_of_an_older_version_is_brought_up_to_date_and_keeps_its_rows() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = open_to_write(&dir.path().join("waypost.db")).unwrap();
        migrate(&mut connection, &MIGRATIONS[..1]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO aliases (kind, value, customer) VALUES ('phone', '15550002001', x'01')",
            )
            .unwrap();
        migrate(&mut connection, &MIGRATIONS).unwrap();
        let since: u64 = connection.query_row("SELECT since FROM aliases", [], |row| row.get(0)).unwrap();
        assert_eq!(since, 0);
    }

    #[test]
    fn letters_of_an_older_file_keep_their_ids_and_new_ones_go_on_after_them() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = open_to_write(&dir.path().join("waypost.db")).unwrap();
        migrate(&mut connection, &MIGRATIONS[..7]).unwrap();
        let insert = "INSERT INTO dead_letters (received_at, app, kind, reason, raw, around)
             VALUES (1, 'default', 'item', 'why', x'7b7d', '[null]')";
        connection
            .execute_batch(&format!("{insert}; {insert}; {insert}; DELETE FROM dead_letters WHERE id = 1"))
            .unwrap();
        migrate(&mut connection, &MIGRATIONS).unwrap();
        connection.execute_batch(&format!("DELETE FROM dead_letters WHERE id = 3; {insert}")).unwrap();
        let sql = "SELECT group_concat(id || reason || hex(raw) || around) FROM dead_letters";
        let letters: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(letters, "2why7B7D[null],4why7B7D[null]");
    }

    #[test]
    fn who_wrote_in_a_group_is_read_out_of_what_an_older_file_says_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = open_to_write(&dir.path().join("waypost.db")).unwrap();
        migrate(&mut connection, &MIGRATIONS[..9]).unwrap();
        for (seq, kind, metadata) in [
            (1, "text", r#"'{"participant":{"phone":"15550002001","userId":"US.1","name":"Ana: A"}}'"#),
            (2, "image", r#"'{"forwarded":"seldom","participant":{"phone":"15550002002"}}'"#),
            (3, "location", r#"'{"location":{"name":",\"participant\":{"}}'"#),
            (4, "text", "NULL"),
            (5, "edit", r#"'{"unknown":"hologram"}'"#),
        ] {
            connection
                .execute_batch(&format!(
                    "INSERT INTO messages (seq, id, conversation, wamid, source, type, content, state, at, raw, metadata)
                     VALUES ({seq}, x'0{seq}', x'01', 'wamid.{seq}', 'customer', '{kind}', '', 'delivered', 0, '{{}}', {metadata})"
                ))
                .unwrap();
        }
        migrate(&mut connection, &MIGRATIONS).unwrap();
        let author = |seq: i64| -> Author {
            let sql = "SELECT author FROM messages WHERE seq = ?1";
            let text: Option<String> = connection.query_row(sql, [seq], |row| row.get(0)).unwrap();
            Author::parse(text.as_deref())
        };
        let ana = "bsuid:US.1\nphone:15550002001\nname:Ana: A";
        assert_eq!(author(1), Author::parse(Some(ana)));
        assert_eq!(author(2), Author::parse(Some("phone:15550002002")));
        assert_eq!((author(3), author(4)), (Author::Side, Author::Side));
        let sql = "SELECT group_concat(message) FROM unknown_types";
        let unknown: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(unknown, "5");
    }

    #[test]
    fn a_second_owner_is_refused_and_a_newer_schema_too() {
        let dir = tempfile::tempdir().unwrap();
        let owner = DataDir::own(dir.path()).unwrap();
        assert!(matches!(DataDir::own(dir.path()), Err(OpenError::InUse { .. })));

        let mut connection = open_to_write(&owner.database()).unwrap();
        migrate(&mut connection, &MIGRATIONS).unwrap();
        migrate(&mut connection, &MIGRATIONS).unwrap();
        connection.execute_batch("PRAGMA user_version = 99").unwrap();
        assert!(matches!(migrate(&mut connection, &MIGRATIONS), Err(OpenError::TooNew { version: 99, .. })));
    }
}
