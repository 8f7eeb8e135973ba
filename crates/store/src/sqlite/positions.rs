//! Positions in the journal, looked up. Both functions want a snapshot: they read more than once.

use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::{Epoch, Offset};

use super::journal::{read_epoch, read_head};
use crate::position::Gap;

/// Whether `position` is one of this journal after which nothing is missing. The journal is pruned from its beginning
/// only: where the entry itself is there, so are those after it.
pub(crate) fn is_there(connection: &Connection, position: &Offset) -> rusqlite::Result<bool> {
    if position.epoch != read_epoch(connection)? {
        return Ok(false);
    }
    if position.number == 0 {
        let is_whole = read_check(connection, 1)?.is_some() || read_head(connection)?.number == 0;
        return Ok(position.check == 0 && is_whole);
    }
    Ok(read_check(connection, position.number)? == Some(position.check))
}

/// What there is from `number` on.
pub(crate) fn read_gap(connection: &Connection, number: u64) -> rusqlite::Result<Gap> {
    let epoch = read_epoch(connection)?;
    let oldest = connection
        .prepare_cached(r#"SELECT number, "check" FROM journal WHERE number >= ?1 ORDER BY number LIMIT 1"#)?
        .query_row(params![number], |row| read_offset(row, epoch))
        .optional()?;
    Ok(Gap { oldest, head: read_head(connection)? })
}

fn read_check(connection: &Connection, number: u64) -> rusqlite::Result<Option<u32>> {
    // A position is whatever a client sends. None beyond SQLite's integers is in the journal.
    let Ok(number) = i64::try_from(number) else { return Ok(None) };
    connection
        .prepare_cached(r#"SELECT "check" FROM journal WHERE number = ?1"#)?
        .query_row([number], |row| row.get(0))
        .optional()
}

fn read_offset(row: &Row<'_>, epoch: Epoch) -> rusqlite::Result<Offset> {
    Ok(Offset { epoch, number: row.get(0)?, check: row.get(1)? })
}
