//! SQLite: a directory in memory, and a file beside the store.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use tempfile::TempDir;

use super::{Part, Row};

pub(crate) struct Files(TempDir);

/// The database, beside the store.
pub(crate) struct File(Connection);

impl Files {
    pub(crate) fn new() -> Files {
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        Files(directory.unwrap())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn copied(&self) -> PathBuf {
        self.0.path().join("copy")
    }

    pub(crate) fn file(&self) -> File {
        File(Connection::open(self.data().join("waypost.db")).unwrap())
    }

    /// Copies all files; nobody has them open.
    pub(crate) fn copy(&self) {
        drop(fs::remove_dir_all(self.copied()));
        fs::create_dir(self.copied()).unwrap();
        transfer(&self.data(), &self.copied(), "");
    }

    pub(crate) fn put_back(&self, part: Part) {
        let prefix = match part {
            Part::All => "",
            Part::AllButSessions => "waypost.db",
        };
        self.delete(prefix);
        transfer(&self.copied(), &self.data(), prefix);
    }

    pub(crate) fn delete_journal(&self) {
        self.delete("waypost.db");
    }

    fn delete(&self, prefix: &str) {
        for path in files(&self.data(), prefix) {
            fs::remove_file(path).unwrap();
        }
    }
}

fn files(directory: &Path, prefix: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix)).collect()
}

fn transfer(from: &Path, to: &Path, prefix: &str) {
    for path in files(from, prefix) {
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

impl File {
    pub(crate) fn epoch(&self) -> String {
        self.0.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn oldest(&self) -> Option<u64> {
        self.0.query_row("SELECT min(number) FROM journal", [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn check_of(&self, number: u64) -> Option<u32> {
        let sql = "SELECT \"check\" FROM journal WHERE number = ?1";
        self.0.query_row(sql, [number], |row| row.get(0)).optional().unwrap()
    }

    pub(crate) fn after(&self, number: usize) -> Vec<Row> {
        let sql =
            "SELECT number, \"check\", name, audience, body FROM journal WHERE number > ?1 ORDER BY number";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let rows = statement.query_map([number], |row| {
            Ok(Row {
                number: row.get(0)?,
                check: row.get(1)?,
                name: row.get(2)?,
                audience: row.get(3)?,
                body: row.get(4)?,
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }
}
