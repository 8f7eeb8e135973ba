//! What a store is built from, and why it could not be.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use waypost_domain::{AppName, PortfolioId};

use crate::clock::Clock;
use crate::commit::Encode;
use crate::postgres::PostgresUrl;

/// What a store is built from.
pub struct Options {
    /// Where it is.
    pub place: Place,
    /// Random bits, from which ids, the epoch and the dedup key of a new store come.
    pub seed: [u8; 32],
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How an event is written.
    pub encode: Encode,
    /// The portfolio of an app's accounts, where the operator says so: names are kept by portfolio. Of others WhatsApp
    /// may tell.
    pub portfolios: Vec<(AppName, PortfolioId)>,
    /// Its bounds.
    pub limits: Limits,
    /// Who does the work.
    pub threads: Threads,
}

/// Where a store is.
#[derive(Clone)]
pub enum Place {
    /// In files of this directory; created with mode 0700 where missing.
    Directory(PathBuf),
    /// In a PostgreSQL database. What is missing there is created.
    Postgres(PostgresUrl),
}

/// As one names it to whoever runs the server: without who logs in.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(formatter),
            Self::Postgres(url) => url.fmt(formatter),
        }
    }
}

/// Who does the work of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The store has threads of its own; whoever asks awaits them. For everything but simulations.
    Own,
    /// Whoever asks does it, within the first poll of what was asked: a change is committed and a read is made when
    /// that returns. Nothing is started and nothing is awaited, so that the same calls in the same order do the same,
    /// under a clock that stands still. (A database server is waited for on a thread beside the caller's, which blocks
    /// until it has answered.) For simulations.
    ///
    /// Nobody can wait here for [`crate::Commits`] to be read: while 64 of them are unread, nothing is appended and
    /// whoever asks is told that the store is unavailable.
    ///
    /// A store that is dropped leaves what a crash would leave, write-ahead logs included.
    Caller,
}

/// The bounds of a store.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests that may wait for the writer; at the bound the next ones wait before the queue.
    pub queue_max: usize,
    /// Connections that read at the same time; more reads wait.
    pub readers: usize,
    /// Days for which the journal is kept.
    pub journal_days: i64,
    /// Days for which dead letters are kept.
    pub dead_letter_days: i64,
    /// Bytes of dead letters that are kept; the oldest go first.
    pub dead_letter_bytes_max: u64,
    /// Days for which a status waits for its message.
    pub parked_status_days: i64,
    /// Statuses that may wait; the oldest go first.
    pub parked_statuses_max: u64,
    /// Days for which it is remembered what was seen.
    pub dedup_days: i64,
    /// How long the items that fields other than messages came with are kept, and those of calls, in days.
    pub report_days: i64,
    /// Hours after which a session ends that nobody was seen in.
    pub session_hours: i64,
    /// Sessions that are kept; over it, those seen longest ago go.
    pub sessions_max: u64,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be used.
    #[error("the data directory {path} cannot be used")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another server has it open.
    #[error("the data directory {path} is in use by another waypost")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// It was written by a newer version.
    #[error("the database has schema version {version}, this program knows {known}: use a newer waypost")]
    TooNew {
        /// The file's version.
        version: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// The sessions' file cannot be used, and may be deleted.
    #[error("{path} cannot be opened; it may be deleted, and clients that were away are told of a gap then")]
    Sessions {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        source: Box<OpenError>,
    },
    /// A PostgreSQL database cannot be used.
    #[error("the database {url} cannot be used")]
    Postgres {
        /// Where it is; who logs in is not shown.
        url: PostgresUrl,
        /// Why.
        source: Box<OpenError>,
    },
    /// There is no server, or none that takes connections just now. Worth waiting for.
    #[error("its server cannot be reached")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No connection comes about, and waiting does not mend it.
    #[error("no connection can be made")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Text is stored in an encoding that does not have all of Unicode.
    #[error("its encoding is {encoding}; it has to be created with ENCODING 'UTF8'")]
    Encoding {
        /// Its encoding, as the server names it.
        encoding: String,
    },
    /// The role that logs in may not create tables.
    #[error("its role may not create tables there, or there is no such schema")]
    Rights(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server is too old.
    #[error("its server has version {version}, and 140000 (PostgreSQL 14) is the oldest that will do")]
    TooOldServer {
        /// Its version, as the server counts.
        version: i32,
    },
    /// What was settled when the store was made cannot be read back.
    #[error("the database holds an unusable `{key}`")]
    Meta {
        /// What it is.
        key: &'static str,
    },
    /// The store is elsewhere: what went on here would be another journal with the same offsets.
    #[error("the store in {path} was moved to {to} and goes on there")]
    Moved {
        /// The directory.
        path: PathBuf,
        /// Where the store is.
        to: String,
    },
    /// A store is only being moved into the database.
    #[error(
        "the move into this database is not finished: run `waypost migrate-store` again, it goes on where it was"
    )]
    MoveUnfinished,
    /// The store was moved out of the database again.
    #[error("the move into this database was taken back: the store is in its data directory")]
    MoveUndone,
    /// The database said no.
    #[error("the database cannot be opened")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl OpenError {
    /// Whether the same may succeed a little later, without anybody mending anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Away(_) => true,
            Self::Postgres { source, .. } => source.is_temporary(),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}
