//! The journal as it stands in the file.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};
use waypost_domain::{Alias, AliasKind, CustomerId, Epoch, Offset, Timestamp};

use super::rows::known;
use crate::commit::{CommittedEvent, Step};

/// Draws the epoch of a new journal; a journal that has one keeps it.
pub(crate) fn settle_epoch(connection: &Connection, drawn: Epoch) -> rusqlite::Result<()> {
    connection.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?1)", [drawn.as_str()])?;
    Ok(())
}

/// Writes entries, each with when what it comes from was received.
pub(crate) fn insert<'a>(
    connection: &Connection,
    entries: impl Iterator<Item = (&'a CommittedEvent, Timestamp)>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        r#"INSERT INTO journal (number, "check", name, audience, body, received_at)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6)"#,
    )?;
    for (entry, received) in entries {
        let Offset { number, check, .. } = entry.offset;
        let (name, scopes, body) = (&entry.name, entry.audience.to_string(), &entry.body[..]);
        statement.execute(params![number, check, name, scopes, body, received.as_millis()])?;
    }
    Ok(())
}

/// The position of the newest entry; number 0 where there is none yet.
pub(crate) fn read_head(connection: &Connection) -> rusqlite::Result<Offset> {
    let epoch = read_epoch(connection)?;
    let newest = connection
        .query_row(r#"SELECT number, "check" FROM journal ORDER BY number DESC LIMIT 1"#, [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (number, check) = newest.unwrap_or((0, 0));
    Ok(Offset { epoch, number, check })
}

/// The journal's epoch.
pub(crate) fn read_epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    let epoch: String = connection
        .prepare_cached("SELECT value FROM meta WHERE key = 'epoch'")?
        .query_row([], |row| row.get(0))?;
    known(Epoch::parse(&epoch), "meta.epoch")
}

/// What came into the file after the entry `number`, in order, as it would have been handed on. A name that became a
/// customer's right after that entry may have been handed on before; saying so twice changes nothing.
pub(crate) fn read_steps_after(connection: &Connection, number: u64) -> rusqlite::Result<Vec<Step>> {
    let epoch = read_epoch(connection)?;
    let mut bound = read_bound_from(connection, number)?.into_iter().peekable();
    let mut statement = connection.prepare_cached(
        r#"SELECT number, "check", name, body, audience FROM journal WHERE number > ?1 ORDER BY number"#,
    )?;
    let mut rows = statement.query([number])?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        let event = read_entry(row, epoch)?;
        while let Some((_, bind)) = bound.next_if(|(since, _)| *since < event.offset.number) {
            steps.push(bind);
        }
        steps.push(Step::Event(event));
    }
    steps.extend(bound.map(|(_, bind)| bind));
    Ok(steps)
}

/// The names that became customers' when the entry `number` or a later one was the newest, with that entry. It looks at
/// all names: this is asked after trouble only, and an index would cost every new customer.
fn read_bound_from(connection: &Connection, number: u64) -> rusqlite::Result<Vec<(u64, Step)>> {
    let mut statement = connection
        .prepare("SELECT since, kind, value, customer FROM aliases WHERE since >= ?1 ORDER BY since")?;
    let mut rows = statement.query([number])?;
    let mut bound = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = known(AliasKind::parse(row.get_ref(1)?.as_str()?), "aliases.kind")?;
        let alias = known(Alias::parse(kind, row.get_ref(2)?.as_str()?), "aliases.value")?;
        let customer = CustomerId::from_bytes(row.get(3)?);
        for name in alias.awaited_as() {
            bound.push((row.get(0)?, Step::Bind { name, customer }));
        }
    }
    Ok(bound)
}

/// The entry in a row of number, check, name, body and audience.
pub(crate) fn read_entry(row: &Row<'_>, epoch: Epoch) -> rusqlite::Result<CommittedEvent> {
    Ok(CommittedEvent {
        offset: Offset { epoch, number: row.get(0)?, check: row.get(1)? },
        name: row.get::<_, String>(2)?.into(),
        body: Bytes::from(row.get::<_, Vec<u8>>(3)?),
        audience: known(row.get_ref(4)?.as_str()?.parse().ok(), "journal.audience")?,
    })
}
