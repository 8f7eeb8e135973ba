//! Accounts of people in `waypost.db`, on two connections of their own: what they write is small and seldom, and holds the
//! webhooks' writer up for no longer than a key that is made beside it; what only reads waits for no writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, TransactionBehavior, params_from_iter};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::connection::{open_to_read, open_to_write, settle_close};
use crate::accounts::statement::{Cell, Done, Need, Rows, Statement};
use crate::error::ReadError;
use crate::options::Threads;

/// Where accounts are. All clones are one.
#[derive(Clone)]
pub(crate) struct SqliteAccounts {
    path: PathBuf,
    threads: Threads,
    writing: Held,
    reading: Held,
}

/// A connection, `None` until somebody asks. Held across a wait for the disk, on a thread that may block: whoever else wants
/// it waits without a thread, for [`TURN_TIMEOUT`] at most.
type Held = Arc<Mutex<Option<Connection>>>;

/// How long one waits for a connection. What is asked takes a millisecond, or where the webhooks' writer is at work, its turn:
/// whoever waits longer stands in a flood.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// What statements do to the file.
#[derive(Clone, Copy)]
enum Purpose {
    Read,
    Write,
}

impl Purpose {
    fn of(statements: &[Statement]) -> Self {
        match statements {
            [one] if one.sql.starts_with("SELECT") => Self::Read,
            _ => Self::Write,
        }
    }
}

impl SqliteAccounts {
    /// The accounts of a file whose schema is current.
    pub(crate) fn new(path: PathBuf, threads: Threads) -> Self {
        Self { path, threads, writing: Arc::default(), reading: Arc::default() }
    }

    pub(crate) async fn run(&self, statements: Vec<Statement>) -> Result<Done, ReadError> {
        let purpose = Purpose::of(&statements);
        let mut held = self.turn(purpose).await?;
        let (path, threads) = (self.path.clone(), self.threads);
        let mut work = move || {
            let connection = match &mut *held {
                Some(connection) => connection,
                none => none.insert(open(&path, purpose, threads)?),
            };
            Ok(run(connection, purpose, &statements)?)
        };
        match threads {
            Threads::Caller => work(),
            Threads::Own => tokio::task::spawn_blocking(work).await.map_err(|_| ReadError::Closed)?,
        }
    }

    async fn turn(&self, purpose: Purpose) -> Result<OwnedMutexGuard<Option<Connection>>, ReadError> {
        let held = match purpose {
            Purpose::Read => &self.reading,
            Purpose::Write => &self.writing,
        };
        let turn = Arc::clone(held).lock_owned();
        match self.threads {
            // Whoever calls is done before the next one calls.
            Threads::Caller => Ok(turn.await),
            Threads::Own => tokio::time::timeout(TURN_TIMEOUT, turn).await.map_err(|_| ReadError::Busy),
        }
    }
}

fn open(path: &Path, purpose: Purpose, threads: Threads) -> rusqlite::Result<Connection> {
    let connection = match purpose {
        Purpose::Read => open_to_read(path)?,
        Purpose::Write => open_to_write(path)?,
    };
    settle_close(&connection, threads)?;
    connection.execute_batch("PRAGMA cache_size = -512")?;
    Ok(connection)
}

fn run(connection: &mut Connection, purpose: Purpose, statements: &[Statement]) -> rusqlite::Result<Done> {
    let behaviour = match purpose {
        Purpose::Read => TransactionBehavior::Deferred,
        Purpose::Write => TransactionBehavior::Immediate,
    };
    let transaction = connection.transaction_with_behavior(behaviour)?;
    let mut last = Rows::new();
    for (place, statement) in statements.iter().enumerate() {
        last = rows(&transaction, statement)?;
        if last.is_empty() && statement.need == Need::Rows {
            return Ok(Done::Stopped(place));
        }
    }
    transaction.commit()?;
    Ok(Done::All(last))
}

fn rows(connection: &Connection, statement: &Statement) -> rusqlite::Result<Rows> {
    let mut prepared = connection.prepare_cached(&statement.sql.replace('$', "?"))?;
    let columns = prepared.column_count();
    prepared
        .query_map(params_from_iter(&statement.parameters), |row| {
            (0..columns).map(|index| Ok(cell(row.get_ref(index)?))).collect()
        })?
        .collect()
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Integer(number) => Cell::Number(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.into()),
        // No column of theirs is a fraction.
        ValueRef::Null | ValueRef::Real(_) => Cell::Null,
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}
