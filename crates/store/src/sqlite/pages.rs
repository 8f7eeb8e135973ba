//! The journal in pages. One statement sees one state of the file, so that neither an append nor a pruning can come
//! between the look at the beginning and the rest.

use std::collections::HashSet;

use rusqlite::{Connection, Row};
use waypost_domain::Offset;

use super::journal::{read_entry, read_epoch};
use crate::page::{JournalPage, PageError, PageRequest};

/// Entries that one page looks at, so that a reader whose rooms are quiet does not keep a connection from others:
/// measured at about two milliseconds where bodies have 1.5 KB and none matches.
const SCAN_ROWS_MAX: u64 = 2_000;

/// The page that `request` describes. Numbers have no holes, so a number that is not the next one says that entries
/// are missing: a page ends before them, and none begins there.
pub(crate) fn read_page(
    connection: &Connection,
    request: &PageRequest,
) -> rusqlite::Result<Result<JournalPage, PageError>> {
    let epoch = read_epoch(connection)?;
    let wanted: HashSet<String> = request.scopes.iter().map(ToString::to_string).collect();
    let last = request.until.min(request.after.saturating_add(SCAN_ROWS_MAX));
    let mut page = JournalPage { events: Vec::new(), complete_to: request.after, position: None };
    let mut bytes = 0;

    let mut statement = connection.prepare_cached(
        r#"SELECT number, "check", name, body, audience FROM journal WHERE number > ?1 ORDER BY number"#,
    )?;
    // A position is whatever a client sends. None beyond SQLite's integers has an entry after it.
    let mut rows = statement.query([i64::try_from(request.after).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let number: u64 = row.get(0)?;
        // The entry is after `complete_to`, so that the sum does not overflow.
        if number != page.complete_to + 1 {
            if page.complete_to == request.after {
                return Ok(Err(PageError::Gone { oldest: number }));
            }
            break;
        }
        if number > last || page.events.len() >= request.events_max.max(1) {
            break;
        }
        if is_for(row, &wanted)? {
            let event = read_entry(row, epoch)?;
            bytes += event.body.len();
            if bytes > request.bytes_max && !page.events.is_empty() {
                break;
            }
            page.events.push(event);
        }
        page.complete_to = number;
        page.position = Some(Offset { epoch, number, check: row.get(1)? });
    }
    Ok(Ok(page))
}

/// Whether the entry's audience holds any of the scopes. They are compared as written: most entries are not for a
/// reader of one room, and need not be decoded.
fn is_for(row: &Row<'_>, wanted: &HashSet<String>) -> rusqlite::Result<bool> {
    Ok(row.get_ref(4)?.as_str()?.split(' ').any(|scope| wanted.contains(scope)))
}
