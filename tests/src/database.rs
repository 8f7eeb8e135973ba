//! The database of a server, in files or in PostgreSQL, asked and changed as an outsider does.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use waypost_testkit::postgres::{self, Hold};
use waypost_testkit::{Kept, TestServer};

use crate::DEADLINE;

/// Where messages and the journal are, in files.
const MESSAGES_FILE: &str = "waypost.db";
/// Where sessions are, in files. In PostgreSQL all is in one schema.
const SESSIONS_FILE: &str = "sessions.db";
/// Where it is who did what, in files.
const AUDIT_FILE: &str = "audit.db";

/// Rows of columns, as text.
type Rows = Vec<Vec<Option<String>>>;

/// One that may be asked.
pub(crate) enum Database {
    File(Connection),
    Postgres(postgres::Database),
}

impl Database {
    /// Opens it, to read only where that makes a difference to the server.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub(crate) fn of(server: &TestServer) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::open(server, MESSAGES_FILE, flags)
    }

    /// Opens it to be changed.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub(crate) fn to_change(server: &TestServer) -> Self {
        Self::open(server, MESSAGES_FILE, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens what holds the sessions, to be changed.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub(crate) fn of_sessions_to_change(server: &TestServer) -> Self {
        Self::open(server, SESSIONS_FILE, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens what holds the audit, to be changed.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub(crate) fn of_audit_to_change(server: &TestServer) -> Self {
        Self::open(server, AUDIT_FILE, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    #[track_caller]
    fn open(server: &TestServer, file: &str, flags: OpenFlags) -> Self {
        match server.kept() {
            Kept::Files(data_dir) => {
                let path = data_dir.join(file);
                let opened = Connection::open_with_flags(&path, flags);
                Self::File(opened.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
            }
            Kept::Postgres(database) => Self::Postgres(database.clone()),
        }
    }

    /// The rows that a query gives.
    ///
    /// # Panics
    /// When it fails: the schema is known.
    #[track_caller]
    pub(crate) fn rows(&self, sql: &str) -> Rows {
        match self {
            Self::File(file) => rows_of(file, sql).unwrap_or_else(|error| panic!("{sql}: {error}")),
            Self::Postgres(database) => database.rows(sql),
        }
    }

    /// The column `body` of the journal as text, in SQL.
    pub(crate) fn body(&self) -> &'static str {
        match self {
            Self::File(_) => "body",
            Self::Postgres(_) => "convert_from(body, 'UTF8')",
        }
    }
}

fn rows_of(file: &Connection, sql: &str) -> rusqlite::Result<Rows> {
    let mut query = file.prepare(sql)?;
    let columns = query.column_count();
    let rows = query.query_map([], |row| {
        let values = (0..columns).map(|column| Ok(text(row.get_ref(column)?)));
        values.collect()
    });
    rows?.collect()
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// A database, held so that nobody else can write, until the end of this value: a store in trouble.
pub struct Held {
    /// Kept for its transaction.
    _transaction: Transaction,
}

/// One that is open.
enum Transaction {
    File { _connection: Connection },
    Postgres { _hold: Hold },
}

impl Held {
    /// Takes what holds the messages.
    ///
    /// # Panics
    /// When there is none, or it cannot be taken.
    #[must_use]
    #[track_caller]
    pub fn take(server: &TestServer) -> Self {
        Self::new(Database::to_change(server), "journal_head")
    }

    /// Takes what holds the sessions.
    ///
    /// # Panics
    /// When there is none, or it cannot be taken.
    #[must_use]
    #[track_caller]
    pub fn take_sessions(server: &TestServer) -> Self {
        Self::new(Database::of_sessions_to_change(server), "sessions")
    }

    /// Takes what holds the audit.
    ///
    /// # Panics
    /// When there is none, or it cannot be taken.
    #[must_use]
    #[track_caller]
    pub fn take_audit(server: &TestServer) -> Self {
        Self::new(Database::of_audit_to_change(server), "audit")
    }

    /// Takes the whole file, or the table that everybody who writes has to write.
    #[track_caller]
    fn new(database: Database, table: &str) -> Self {
        let transaction = match database {
            Database::File(connection) => {
                connection.busy_timeout(DEADLINE).expect("a timeout can be set");
                connection.execute_batch("BEGIN IMMEDIATE").expect("it can be taken");
                Transaction::File { _connection: connection }
            }
            Database::Postgres(database) => Transaction::Postgres {
                _hold: database.hold(&format!("LOCK TABLE {table} IN EXCLUSIVE MODE")),
            },
        };
        Self { _transaction: transaction }
    }
}
