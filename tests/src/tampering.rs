//! The database files in other hands, while the server is stopped.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use waypost_testkit::TestServer;

/// The file and what SQLite may keep beside it.
const FILES: [&str; 3] = ["waypost.db", "waypost.db-wal", "waypost.db-shm"];

/// A copy of the database file, as of a backup or a snapshot of the disk.
pub struct DatabaseCopy(Vec<(PathBuf, Vec<u8>)>);

impl DatabaseCopy {
    /// Copies it.
    ///
    /// # Panics
    /// When there is none, or the server runs.
    #[must_use]
    #[track_caller]
    pub fn take(server: &mut TestServer) -> Self {
        let there = files(server).into_iter().filter(|path| path.exists());
        let copied = there.map(|path| {
            let bytes = fs::read(&path).expect("it can be read");
            (path, bytes)
        });
        let copied: Vec<_> = copied.collect();
        assert!(!copied.is_empty(), "there is a database");
        Self(copied)
    }

    /// Puts it in the place of what has been written since.
    ///
    /// # Panics
    /// When the server runs.
    #[track_caller]
    pub fn put_back(&self, server: &mut TestServer) {
        remove_database(server);
        for (path, bytes) in &self.0 {
            fs::write(path, bytes).expect("it can be written");
        }
    }
}

/// Removes the database file, so that the next start begins another journal.
///
/// # Panics
/// When the server runs.
#[track_caller]
pub fn remove_database(server: &mut TestServer) {
    for path in files(server).into_iter().filter(|path| path.exists()) {
        fs::remove_file(path).expect("it can be removed");
    }
}

/// Deletes the journal's entries before this number.
///
/// # Panics
/// When the server runs.
#[track_caller]
pub fn prune_journal(server: &mut TestServer, keep_from: u64) {
    let [database, ..] = files(server);
    let connection = Connection::open(database).expect("the database is there");
    connection.execute("DELETE FROM journal WHERE number < ?1", [keep_from]).expect("the schema is known");
}

/// Has all sessions seen last that many hours earlier, as if their clients had been away for so long.
///
/// # Panics
/// When the server runs.
#[track_caller]
pub fn age_sessions(server: &mut TestServer, hours: u64) {
    assert!(!server.is_running(), "the server is stopped meanwhile");
    let connection = Connection::open(server.data_dir().join("sessions.db")).expect("the file is there");
    let aged = connection.execute("UPDATE sessions SET seen_at = seen_at - ?1", [hours * 3_600_000]);
    assert_ne!(aged.expect("the schema is known"), 0, "there are sessions");
}

#[track_caller]
fn files(server: &mut TestServer) -> [PathBuf; 3] {
    assert!(!server.is_running(), "the server is stopped meanwhile");
    let folder = server.data_dir();
    FILES.map(|file| Path::new(&folder).join(file))
}
