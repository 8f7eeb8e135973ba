//! The journal in pages. One statement sees one state of the file, so that neither an append nor a pruning can come
//! between the look at the beginning and the rest.

use rusqlite::Connection;
use waypost_domain::Offset;

use super::journal::{read_entry, read_epoch};
use crate::page::{JournalPage, PageBuilder, PageError, PageRequest};

/// The page that `request` describes.
pub(crate) fn read_page(
    connection: &Connection,
    request: &PageRequest,
) -> rusqlite::Result<Result<JournalPage, PageError>> {
    let epoch = read_epoch(connection)?;
    let needles = request.needles();
    let mut page = PageBuilder::new(request);
    let mut statement = connection.prepare_cached(
        r#"SELECT number, "check", name, body, audience FROM journal WHERE number > ?1 ORDER BY number"#,
    )?;
    // A position is whatever a client sends. None beyond SQLite's integers has an entry after it.
    let mut rows = statement.query([i64::try_from(request.after).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let offset = Offset { epoch, number: row.get(0)?, check: row.get(1)? };
        let read = || {
            let may_be_for = needles.may_be_for(row.get_ref(4)?.as_str()?);
            let found = may_be_for.then(|| read_entry(row, epoch)).transpose()?;
            Ok::<_, rusqlite::Error>(found.filter(|entry| entry.audience.is_for(&request.scopes)))
        };
        if page.push(offset, read)?.is_break() {
            break;
        }
    }
    Ok(page.finish())
}
