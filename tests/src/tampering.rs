//! The database in other hands, while the server is stopped.

use std::fs;
use std::path::{Path, PathBuf};

use waypost_testkit::postgres::Database as Postgres;
use waypost_testkit::{Kept, TestServer};

use crate::database::Database;

/// The file and what SQLite may keep beside it.
const FILES: [&str; 3] = ["waypost.db", "waypost.db-wal", "waypost.db-shm"];

/// The tables of PostgreSQL that hold what is in these files. Copies of them are no tables of the product.
const TABLES: &str = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
    AND tablename NOT IN ('sessions', 'rooms') AND tablename NOT LIKE 'copy_of_%'";

/// A copy of the database, as of a backup or a snapshot of the disk; without the sessions, which go on.
pub struct DatabaseCopy(Copied);

enum Copied {
    Files(Vec<(PathBuf, Vec<u8>)>),
    /// The tables that have a copy beside them.
    Tables(Vec<String>),
}

impl DatabaseCopy {
    /// Copies it.
    ///
    /// # Panics
    /// When there is none, or the server runs.
    #[must_use]
    #[track_caller]
    pub fn take(server: &mut TestServer) -> Self {
        let copied = match stopped(server) {
            Kept::Files(data_dir) => {
                let there = files(data_dir).into_iter().filter(|path| path.exists());
                let copied = there.map(|path| {
                    let bytes = fs::read(&path).expect("it can be read");
                    (path, bytes)
                });
                Copied::Files(copied.collect())
            }
            Kept::Postgres(database) => {
                let tables: Vec<_> = database.rows(TABLES).into_iter().flatten().flatten().collect();
                carry_out(database, &tables, |table| {
                    format!("CREATE TABLE copy_of_{table} AS TABLE {table}")
                });
                Copied::Tables(tables)
            }
        };
        let is_empty = match &copied {
            Copied::Files(files) => files.is_empty(),
            Copied::Tables(tables) => tables.is_empty(),
        };
        assert!(!is_empty, "there is a database");
        Self(copied)
    }

    /// Puts it in the place of what has been written since.
    ///
    /// # Panics
    /// When the server runs, or is another.
    #[track_caller]
    pub fn put_back(&self, server: &mut TestServer) {
        match (&self.0, stopped(server)) {
            (Copied::Files(copied), Kept::Files(_)) => {
                remove_database(server);
                for (path, bytes) in copied {
                    fs::write(path, bytes).expect("it can be written");
                }
            }
            (Copied::Tables(tables), Kept::Postgres(database)) => carry_out(database, tables, |table| {
                format!(
                    "DELETE FROM {table};
                     INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM copy_of_{table}"
                )
            }),
            _ => panic!("the copy is of another server"),
        }
    }
}

/// Removes the database, so that the next start begins another journal.
///
/// # Panics
/// When the server runs.
#[track_caller]
pub fn remove_database(server: &mut TestServer) {
    match stopped(server) {
        Kept::Files(data_dir) => {
            for path in files(data_dir).into_iter().filter(|path| path.exists()) {
                fs::remove_file(path).expect("it can be removed");
            }
        }
        Kept::Postgres(database) => {
            let schema = database.text("SELECT current_schema()");
            database.execute(&format!("DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}"));
        }
    }
}

/// Deletes the journal's entries before this number.
///
/// # Panics
/// When the server runs.
#[track_caller]
pub fn prune_journal(server: &mut TestServer, keep_from: u64) {
    stopped(server);
    let pruned = format!("DELETE FROM journal WHERE number < {keep_from} RETURNING number");
    assert!(!Database::to_change(server).rows(&pruned).is_empty(), "there is something to prune");
}

/// Has all sessions seen last that many hours earlier, as if their clients had been away for so long.
///
/// # Panics
/// When the server runs, or there is no session.
#[track_caller]
pub fn age_sessions(server: &mut TestServer, hours: u64) {
    stopped(server);
    let aged = format!("UPDATE sessions SET seen_at = seen_at - {} RETURNING seen_at", hours * 3_600_000);
    assert!(!Database::of_sessions_to_change(server).rows(&aged).is_empty(), "there are sessions");
}

/// Where a server that does not run keeps everything.
#[track_caller]
fn stopped(server: &mut TestServer) -> &Kept {
    assert!(!server.is_running(), "the server is stopped meanwhile");
    server.kept()
}

fn files(data_dir: &Path) -> [PathBuf; 3] {
    FILES.map(|file| data_dir.join(file))
}

/// Does something to each table, all of it in one transaction.
#[track_caller]
fn carry_out(database: &Postgres, tables: &[String], statement: impl Fn(&String) -> String) {
    database.execute(&tables.iter().map(statement).collect::<Vec<_>>().join(";"));
}
