//! What a store stands on, in files: a directory of its own.

use std::fs::File;
use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use waypost_store::{Place, Threads};

pub(crate) struct Ground {
    directory: TempDir,
    threads: Threads,
}

impl Ground {
    /// One that is worked on as this run of the suite says.
    pub(crate) fn new() -> Self {
        Self::with(crate::THREADS)
    }

    pub(crate) fn with(threads: Threads) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), threads }
    }

    pub(crate) fn place(&self) -> Place {
        Place::Directory(self.data_dir())
    }

    pub(crate) fn threads(&self) -> Threads {
        self.threads
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Waits until whoever had the store open has gone.
    pub(crate) async fn left(&self) {
        // The writers let go of the directory's lock right after their last commits.
        while File::open(self.data_dir().join("waypost.lock")).unwrap().try_lock().is_err() {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn text(&self, sql: &str) -> String {
        query(&self.file(), sql)
    }

    pub(crate) fn hexadecimal(&self, sql: &str) -> String {
        query(&self.file(), &format!("SELECT hex(({sql}))"))
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.file().execute_batch(sql).unwrap();
    }

    pub(crate) fn sessions_text(&self, sql: &str) -> String {
        query(&self.sessions_file(), sql)
    }

    pub(crate) fn sessions_hexadecimal(&self, sql: &str) -> String {
        query(&self.sessions_file(), &format!("SELECT hex(({sql}))"))
    }

    pub(crate) fn execute_on_sessions(&self, sql: &str) {
        self.sessions_file().execute_batch(sql).unwrap();
    }

    pub(crate) fn execute_on_audit(&self, sql: &str) {
        self.audit_file().execute_batch(sql).unwrap();
    }

    /// Keeps everybody from writing to the audit, until it is dropped.
    pub(crate) fn hold_audit(&self) -> impl Sized + use<> {
        let file = self.audit_file();
        file.execute_batch("BEGIN IMMEDIATE").unwrap();
        file
    }

    pub(crate) fn audit_file(&self) -> Connection {
        let file = Connection::open(self.data_dir().join("audit.db")).unwrap();
        file.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        file
    }

    /// The file, beside the store.
    pub(crate) fn file(&self) -> Connection {
        Connection::open(self.data_dir().join("waypost.db")).unwrap()
    }

    pub(crate) fn sessions_file(&self) -> Connection {
        Connection::open(self.data_dir().join("sessions.db")).unwrap()
    }
}

fn query(file: &Connection, sql: &str) -> String {
    file.query_row(&format!("SELECT CAST(({sql}) AS TEXT)"), [], |row| row.get(0)).unwrap()
}
