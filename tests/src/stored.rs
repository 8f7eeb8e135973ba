//! The database file as an outsider reads it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::DEADLINE;
use crate::journal::Entry;

/// The database of a data directory, opened to read. The server may be running or not.
pub struct Stored(Connection);

/// How many dead letters of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadLetters {
    /// Bodies that are no JSON.
    pub not_json: usize,
    /// JSON that holds nothing of a webhook.
    pub empty: usize,
    /// Items that cannot be used.
    pub item: usize,
}

impl std::ops::Sub for DeadLetters {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            not_json: self.not_json - earlier.not_json,
            empty: self.empty - earlier.empty,
            item: self.item - earlier.item,
        }
    }
}

/// A database, held so that nobody else can write, until the end of this value: a store in trouble.
pub struct Held {
    /// Kept for its transaction.
    _connection: Connection,
}

impl Held {
    /// Takes the database of the messages.
    ///
    /// # Panics
    /// When there is none, or it cannot be taken.
    #[must_use]
    pub fn take(data_dir: &Path) -> Self {
        Self::take_file(&data_dir.join("waypost.db"))
    }

    /// Takes the database of the sessions.
    ///
    /// # Panics
    /// When there is none, or it cannot be taken.
    #[must_use]
    pub fn take_sessions(data_dir: &Path) -> Self {
        Self::take_file(&data_dir.join("sessions.db"))
    }

    fn take_file(path: &Path) -> Self {
        let connection = Connection::open(path).expect("the database is there");
        connection.busy_timeout(DEADLINE).expect("a timeout can be set");
        connection.execute_batch("BEGIN IMMEDIATE").expect("it can be taken");
        Self { _connection: connection }
    }
}

impl Stored {
    /// Opens it.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn open(data_dir: &Path) -> Self {
        let path = data_dir.join("waypost.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&path, flags);
        Self(opened.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// Rows of messages.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.count("SELECT count(*) FROM messages")
    }

    /// Statuses, those that wait for their message included.
    #[must_use]
    pub fn statuses(&self) -> usize {
        self.count("SELECT (SELECT count(*) FROM status_hops) + (SELECT count(*) FROM parked_statuses)")
    }

    /// Reports of other fields.
    #[must_use]
    pub fn fields(&self) -> usize {
        self.count("SELECT count(*) FROM field_reports")
    }

    /// Dead letters.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        let of = |kind: &str| self.count(&format!("SELECT count(*) FROM dead_letters WHERE kind = '{kind}'"));
        let letters = DeadLetters { not_json: of("not_json"), empty: of("empty"), item: of("item") };
        let all = self.count("SELECT count(*) FROM dead_letters");
        assert_eq!(all, letters.not_json + letters.empty + letters.item, "dead letters of another kind");
        letters
    }

    /// How often each `wamid` is stored.
    #[must_use]
    pub fn wamids(&self) -> BTreeMap<String, usize> {
        self.tally("SELECT wamid, count(*) FROM messages GROUP BY wamid")
    }

    /// How often each `wamid` was written as a message to be shown.
    #[must_use]
    pub fn shown_wamids(&self) -> BTreeMap<String, usize> {
        self.tally(
            "SELECT json_extract(body, '$.whatsappMessageId') AS wamid, count(*) FROM journal
             WHERE name = 'whatsappMessage' GROUP BY wamid",
        )
    }

    /// The state of a message; `None` where it is not stored.
    #[must_use]
    pub fn state_of(&self, wamid: &str) -> Option<String> {
        let mut query = self
            .0
            .prepare_cached("SELECT state FROM messages WHERE wamid = ?1")
            .expect("the schema is known");
        query.query_row([wamid], |row| row.get(0)).ok()
    }

    /// What was reported of a message, sorted.
    #[must_use]
    pub fn hops_of(&self, wamid: &str) -> Vec<String> {
        let mut query = self
            .0
            .prepare_cached(
                "SELECT h.status FROM status_hops h JOIN messages m ON m.seq = h.message WHERE m.wamid = ?1
                 ORDER BY h.status",
            )
            .expect("the schema is known");
        let rows = query.query_map([wamid], |row| row.get(0)).expect("it can be read");
        rows.collect::<Result<_, _>>().expect("it can be read")
    }

    /// The states of all sends, in their order.
    #[must_use]
    pub fn outbox(&self) -> Vec<String> {
        let mut query =
            self.0.prepare("SELECT state FROM outbox ORDER BY created_at, id").expect("the schema is known");
        let rows = query.query_map([], |row| row.get(0)).expect("it can be read");
        rows.collect::<Result<_, _>>().expect("it can be read")
    }

    /// The journal, in its order.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        let epoch: String = self.text("SELECT value FROM meta WHERE key = 'epoch'");
        let mut query = self
            .0
            .prepare(r#"SELECT number, "check", name, audience, body FROM journal ORDER BY number"#)
            .expect("the schema is known");
        let rows = query.query_map([], |row| {
            let (number, check): (u64, u32) = (row.get(0)?, row.get(1)?);
            let scopes: String = row.get(3)?;
            Ok(Entry {
                number,
                offset: format!("{epoch}.{number}.{check:08x}"),
                name: row.get(2)?,
                scopes: scopes.split(' ').map(str::to_owned).collect(),
                body: serde_json::from_slice(&row.get::<_, Vec<u8>>(4)?).expect("a body is JSON"),
            })
        });
        rows.expect("it can be read").collect::<Result<_, _>>().expect("it can be read")
    }

    fn text(&self, query: &str) -> String {
        self.0.query_row(query, [], |row| row.get(0)).expect("the schema is known")
    }

    fn count(&self, query: &str) -> usize {
        self.0.query_row(query, [], |row| row.get(0)).expect("the schema is known")
    }

    fn tally(&self, query: &str) -> BTreeMap<String, usize> {
        let mut query = self.0.prepare(query).expect("the schema is known");
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("it can be read");
        rows.collect::<Result<_, _>>().expect("it can be read")
    }
}
