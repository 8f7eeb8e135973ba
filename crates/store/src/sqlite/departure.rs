//! A data directory that is moved away: its rows, in steps, and the marks that keep it from being served afterwards.

use std::path::Path;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params_from_iter};
use waypost_domain::Epoch;

use super::append::read_heads;
use super::audit::MIGRATIONS as AUDIT_MIGRATIONS;
use super::connection::{self, DataDir};
use super::dedup_key::load_or_create_key;
use super::journal::{read_epoch, settle_epoch};
use super::sessions::writer::MIGRATIONS as SESSION_MIGRATIONS;
use crate::append::Heads;
use crate::columns::{key_to_column, text_to_column};
use crate::group::DatabaseError;
use crate::ids::IdSource;
use crate::moving::mark::KeyPart;
use crate::moving::row::Rows;
use crate::moving::tables::{Column, File, Found, Kind, Table, quoted};
use crate::options::OpenError;

/// The row of `meta` with the id of a move that has begun. A server that opens the file takes it out: what was copied
/// before is old then.
const MOVING: &str = "moving";
/// The row of `meta` that says where the store is now.
const MOVED_TO: &str = "moved_to";

/// The most that a step moves, but for a row that is larger: a step is in memory.
const STEP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Refuses a file that was moved away. One that a move has begun with is as good as any: the move begins anew.
pub(crate) fn refuse_moved(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    match read_meta(connection, MOVED_TO)? {
        Some(to) => Err(OpenError::Moved { path: path.into(), to }),
        None => forget(connection),
    }
}

fn forget(connection: &Connection) -> Result<(), OpenError> {
    connection.execute("DELETE FROM meta WHERE key IN (?1, ?2)", [MOVING, MOVED_TO])?;
    Ok(())
}

fn read_meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

/// A data directory whose rows are read. Nobody else writes meanwhile: no server, and no `waypost key` either.
pub(crate) struct Source {
    _directory: DataDir,
    main: Connection,
    sessions: Connection,
    audit: Connection,
    /// As PostgreSQL keeps it.
    dedup_key: String,
    /// The move's id, in this directory and in the target.
    id: String,
    moved_to: Option<String>,
}

impl Source {
    /// Opens the files as a server would: what a crash left in their logs is read, and older ones are brought up to date.
    pub(crate) fn open(path: &Path, seed: [u8; 32]) -> Result<Self, OpenError> {
        let directory = DataDir::own(path)?;
        let mut main = connection::open_to_write(&directory.database())?;
        connection::migrate(&mut main, &connection::MIGRATIONS)?;
        let sessions = open_sessions(&directory)
            .map_err(|error| OpenError::Sessions { path: directory.sessions(), source: Box::new(error) })?;
        let audit = open_audit(&directory)?;
        let mut ids = IdSource::new(seed);
        let key_file = directory.file("dedup.key");
        let dedup_key = load_or_create_key(&key_file, ids.random_key())
            .map_err(|source| OpenError::Directory { path: key_file, source })?;
        settle_epoch(&main, Epoch::from_random(ids.random_u64()))?;
        let drawn = format!("{:016x}{:016x}", ids.random_u64(), ids.random_u64());
        main.execute("INSERT OR IGNORE INTO meta (key, value) VALUES (?1, ?2)", [MOVING, &drawn])?;
        let id = read_meta(&main, MOVING)?.ok_or(OpenError::Meta { key: MOVING })?;
        let moved_to = read_meta(&main, MOVED_TO)?;
        main.execute_batch("BEGIN IMMEDIATE")?;
        let dedup_key = key_to_column(&dedup_key);
        Ok(Self { _directory: directory, main, sessions, audit, dedup_key, id, moved_to })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Where the store is now, if it is not here.
    pub(crate) fn moved_to(&self) -> Option<&str> {
        self.moved_to.as_deref()
    }

    pub(crate) fn dedup_key(&self) -> &str {
        &self.dedup_key
    }

    pub(crate) fn epoch(&self) -> rusqlite::Result<Epoch> {
        read_epoch(&self.main)
    }

    pub(crate) fn heads(&self) -> rusqlite::Result<Heads> {
        read_heads(&self.main)
    }

    /// The number of the audit's last entry that is there; 0 where none is.
    pub(crate) fn audit_head(&self) -> rusqlite::Result<i64> {
        self.audit.query_row("SELECT coalesce(max(number), 0) FROM audit", [], |row| row.get(0))
    }

    /// What stands in `meta`, the move's own marks left out.
    pub(crate) fn meta(&self) -> rusqlite::Result<Vec<(String, String)>> {
        self.main
            .prepare("SELECT key, value FROM meta WHERE key NOT IN (?1, ?2) ORDER BY key")?
            .query_map([MOVING, MOVED_TO], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    /// All columns of all files.
    pub(crate) fn columns(&self) -> rusqlite::Result<Vec<Found>> {
        let mut found = read_columns(&self.main)?;
        found.extend(read_columns(&self.sessions)?);
        found.extend(read_columns(&self.audit)?);
        Ok(found)
    }

    pub(crate) fn count(&self, table: &Table) -> rusqlite::Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", quoted(table.name));
        self.file(table).query_row(&sql, [], |row| row.get(0))
    }

    /// The next rows after a key, in the order of the key, and the key of the last of them; nothing after the last row.
    pub(crate) fn rows_after(
        &self,
        table: &Table,
        after: Option<&[KeyPart]>,
        rows_max: u32,
    ) -> Result<Option<(Rows, Vec<KeyPart>)>, DatabaseError> {
        let (columns, key, name) = (table.column_list(), table.key_list(), quoted(table.name));
        let places = vec!["?"; table.key.len()].join(", ");
        let filter = after.map(|_| format!("WHERE ({key}) > ({places})")).unwrap_or_default();
        let sql = format!("SELECT {columns}, {key} FROM {name} {filter} ORDER BY {key} LIMIT {rows_max}");
        let mut statement = self.file(table).prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(after.unwrap_or_default()))?;
        let (mut rows, mut last) = (Rows::default(), None);
        while let Some(row) = found.next()? {
            push(row, table, &mut rows)?;
            let parts = (0..table.key.len()).map(|place| key_part(row, table.columns.len() + place));
            last = Some(parts.collect::<Result<_, _>>()?);
            if rows.bytes().len() >= STEP_BYTES_MAX {
                break;
            }
        }
        Ok(last.map(|last| (rows, last)))
    }

    /// All rows of a table, in any order.
    pub(crate) fn all_rows(&self, table: &Table) -> rusqlite::Result<Statement<'_>> {
        self.file(table).prepare(&format!("SELECT {} FROM {}", table.column_list(), quoted(table.name)))
    }

    /// Says that the store is elsewhere from now on.
    pub(crate) fn mark_moved(&self, to: &str) -> rusqlite::Result<()> {
        self.main.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", [MOVED_TO, to])?;
        self.main.execute_batch("COMMIT; BEGIN IMMEDIATE")
    }

    /// Says that it is here, and that what was copied is of no use.
    pub(crate) fn forget_move(&self) -> Result<(), OpenError> {
        forget(&self.main)?;
        self.main.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        Ok(())
    }

    const fn file(&self, table: &Table) -> &Connection {
        match table.file {
            File::Main => &self.main,
            File::Sessions => &self.sessions,
            File::Audit => &self.audit,
        }
    }
}

fn open_sessions(directory: &DataDir) -> Result<Connection, OpenError> {
    let mut sessions = connection::open_to_write(&directory.sessions())?;
    connection::migrate(&mut sessions, &SESSION_MIGRATIONS)?;
    Ok(sessions)
}

fn open_audit(directory: &DataDir) -> Result<Connection, OpenError> {
    let mut audit = connection::open_to_write(&directory.audit())?;
    connection::migrate(&mut audit, &AUDIT_MIGRATIONS)?;
    Ok(audit)
}

fn read_columns(connection: &Connection) -> rusqlite::Result<Vec<Found>> {
    let sql = "SELECT m.name, c.name, c.type FROM sqlite_schema m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
    connection
        .prepare(sql)?
        .query_map([], |row| Ok(Found { table: row.get(0)?, column: row.get(1)?, kind: row.get(2)? }))?
        .collect()
}

/// A value that the table's column cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("a row of `{table}` has an unusable `{column}`")]
struct UnusableValue {
    table: &'static str,
    column: &'static str,
}

/// Adds a row of a table's columns.
pub(crate) fn push(row: &Row<'_>, table: &Table, rows: &mut Rows) -> Result<(), DatabaseError> {
    rows.begin(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let unusable = UnusableValue { table: table.name, column: column.name };
        push_value(row.get_ref(index)?, column, rows).ok_or(unusable)?;
    }
    Ok(())
}

fn push_value(value: ValueRef<'_>, column: &Column, rows: &mut Rows) -> Option<()> {
    match (column.kind, value) {
        (_, ValueRef::Null) => {
            rows.null();
            Some(())
        }
        (Kind::Number, ValueRef::Integer(number)) => rows.field(&number.to_be_bytes()),
        (Kind::Flag, ValueRef::Integer(number)) => rows.field(&[u8::from(number != 0)]),
        (Kind::Text, ValueRef::Text(text)) => {
            rows.field(text_to_column(std::str::from_utf8(text).ok()?).as_bytes())
        }
        (Kind::Raw, ValueRef::Text(bytes)) | (Kind::Bytes, ValueRef::Blob(bytes)) => rows.field(bytes),
        _ => None,
    }
}

fn key_part(row: &Row<'_>, index: usize) -> Result<KeyPart, DatabaseError> {
    Ok(match row.get_ref(index)? {
        ValueRef::Integer(number) => KeyPart::Number(number),
        ValueRef::Text(text) => KeyPart::Text(std::str::from_utf8(text)?.to_owned()),
        ValueRef::Blob(bytes) => KeyPart::Bytes(bytes.to_vec()),
        ValueRef::Null | ValueRef::Real(_) => {
            return Err("a key that is neither number, text nor bytes".into());
        }
    })
}

impl ToSql for KeyPart {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
