//! The files, which outlive the server, and what was ever in the journal.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use tempfile::TempDir;
use waypost_domain::Offset;

use crate::ledger::Kept;

pub(crate) struct Disk {
    directory: TempDir,
    copy: Option<Copy>,
}

/// The files as they were.
pub(crate) struct Copy {
    pub(crate) sessions: BTreeMap<String, Kept>,
    pub(crate) lineage: usize,
    pub(crate) head: usize,
}

/// The database, beside the store.
pub(crate) struct Past(Connection);

/// One journal entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) offset: String,
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) scopes: Vec<String>,
}

/// All that one journal ever had, by number, and whose names were whose.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    pub(crate) entries: Vec<Entry>,
    /// By the name: the customer's scope, and after which entry it shows.
    pub(crate) names: BTreeMap<String, (String, u64)>,
}

impl Disk {
    pub(crate) fn new() -> Disk {
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        Disk { directory: directory.unwrap(), copy: None }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn copied(&self) -> PathBuf {
        self.directory.path().join("copy")
    }

    pub(crate) fn past(&self) -> Past {
        Past(Connection::open(self.data().join("waypost.db")).unwrap())
    }

    /// Copies all files; nobody has them open.
    pub(crate) fn copy(&mut self, copy: Copy) {
        drop(fs::remove_dir_all(self.copied()));
        fs::create_dir(self.copied()).unwrap();
        transfer(&self.data(), &self.copied(), "");
        self.copy = Some(copy);
    }

    /// Puts the files back whose names begin so.
    pub(crate) fn put_back(&self, prefix: &str) -> Option<&Copy> {
        self.copy.as_ref()?;
        self.delete(prefix);
        transfer(&self.copied(), &self.data(), prefix);
        self.copy.as_ref()
    }

    pub(crate) fn delete(&self, prefix: &str) {
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

impl Past {
    /// Whether the position is one of this journal, and all after it is still there.
    pub(crate) fn is_there(&self, position: &Offset) -> bool {
        let epoch: String =
            self.0.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0)).unwrap();
        if epoch != position.epoch.as_str() {
            return false;
        }
        if position.number == 0 {
            let oldest: Option<u64> =
                self.0.query_row("SELECT min(number) FROM journal", [], |row| row.get(0)).unwrap();
            return position.check == 0 && oldest.is_none_or(|oldest| oldest == 1);
        }
        let sql = "SELECT \"check\" FROM journal WHERE number = ?1";
        let check: Option<u32> =
            self.0.query_row(sql, [position.number], |row| row.get(0)).optional().unwrap();
        check == Some(position.check)
    }

    /// Reads on what the journal has more.
    pub(crate) fn read_on(&self, journal: &mut Journal) {
        let epoch: String =
            self.0.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0)).unwrap();
        let sql =
            "SELECT number, \"check\", name, audience, body FROM journal WHERE number > ?1 ORDER BY number";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let mut rows = statement.query([journal.entries.len()]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (number, check): (usize, u32) = (row.get(0).unwrap(), row.get(1).unwrap());
            assert_eq!(number, journal.entries.len() + 1, "the journal has no holes");
            let audience: String = row.get(3).unwrap();
            journal.entries.push(Entry {
                offset: format!("{epoch}.{number}.{check:08x}"),
                name: row.get(2).unwrap(),
                body: String::from_utf8(row.get(4).unwrap()).unwrap(),
                scopes: audience.split(' ').map(str::to_owned).collect(),
            });
        }
    }
}

impl Journal {
    pub(crate) fn head(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn entry(&self, number: u64) -> &Entry {
        &self.entries[usize::try_from(number).unwrap() - 1]
    }

    /// The journal as far as this entry.
    pub(crate) fn up_to(&self, head: usize) -> Journal {
        let names = self.names.iter().filter(|(_, (_, since))| *since < head as u64);
        Journal {
            entries: self.entries[..head].to_vec(),
            names: names.map(|(name, bound)| (name.clone(), bound.clone())).collect(),
        }
    }

    /// Whether a room shows an entry; rooms of names that are nobody's show nothing.
    pub(crate) fn shows(&self, room: &str, number: u64) -> bool {
        let scopes = &self.entry(number).scopes;
        let Some(customer) = room.strip_prefix("whatsapp:customer:") else {
            return scopes.iter().any(|scope| scope == "all");
        };
        match self.names.get(customer) {
            Some((scope, since)) => number > *since && scopes.contains(scope),
            None => scopes.contains(&format!("customer:{customer}")),
        }
    }
}
