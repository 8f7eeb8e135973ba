//! Accounts of people in `waypost.db`, on a connection of their own: what they write is small and seldom, and holds the
//! webhooks' writer up for no longer than a key that is made beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, TransactionBehavior, params_from_iter};
use tokio::sync::Mutex;

use super::connection::{open_to_write, settle_close};
use crate::accounts::statement::{Cell, Done, Need, Rows, Statement};
use crate::error::ReadError;
use crate::options::Threads;

/// Where accounts are. All clones are one.
#[derive(Clone)]
pub(crate) struct SqliteAccounts {
    path: PathBuf,
    threads: Threads,
    /// Held across a wait for the disk, on a thread that may block: whoever else wants it waits without a thread. `None` until
    /// somebody asks.
    connection: Arc<Mutex<Option<Connection>>>,
}

impl SqliteAccounts {
    /// The accounts of a file whose schema is current.
    pub(crate) fn new(path: PathBuf, threads: Threads) -> Self {
        Self { path, threads, connection: Arc::default() }
    }

    pub(crate) async fn run(&self, statements: Vec<Statement>) -> Result<Done, ReadError> {
        let mut held = Arc::clone(&self.connection).lock_owned().await;
        let (path, threads) = (self.path.clone(), self.threads);
        let mut work = move || {
            let connection = match &mut *held {
                Some(connection) => connection,
                none => none.insert(open(&path, threads)?),
            };
            Ok(run(connection, &statements)?)
        };
        match threads {
            Threads::Caller => work(),
            Threads::Own => tokio::task::spawn_blocking(work).await.map_err(|_| ReadError::Closed)?,
        }
    }
}

fn open(path: &Path, threads: Threads) -> rusqlite::Result<Connection> {
    let connection = open_to_write(path)?;
    settle_close(&connection, threads)?;
    connection.execute_batch("PRAGMA cache_size = -512")?;
    Ok(connection)
}

fn run(connection: &mut Connection, statements: &[Statement]) -> rusqlite::Result<Done> {
    // One that only reads must not wait for who writes.
    let behaviour = match statements {
        [one] if one.sql.starts_with("SELECT") => TransactionBehavior::Deferred,
        _ => TransactionBehavior::Immediate,
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
