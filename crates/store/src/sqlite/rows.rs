//! What is read back from rows, or an error of the database's kind.

use rusqlite::Row;
use waypost_domain::{Assignment, ErrorDetail, Pricing, Responder};

use crate::columns::{UnknownWord, errors_from_column, pricing_from_column};
use crate::group::DatabaseError;

/// The errors in a column.
pub(crate) fn errors(column: Option<&str>) -> rusqlite::Result<Vec<ErrorDetail>> {
    errors_from_column(column).map_err(unreadable)
}

/// The price in a column.
pub(crate) fn pricing(column: Option<&str>) -> rusqlite::Result<Option<Pricing>> {
    pricing_from_column(column).map_err(unreadable)
}

/// Who answers a conversation, in two columns from `index` on.
pub(crate) fn assignment(row: &Row<'_>, index: usize) -> rusqlite::Result<Assignment> {
    let responder = |index| {
        let name = row.get_ref(index)?.as_str_or_null()?;
        name.map(|name| known(Responder::parse(name), "conversations.assignee")).transpose()
    };
    Ok(Assignment { assignee: responder(index)?, team: responder(index + 1)? })
}

/// A stored value that this version cannot read back.
pub(crate) fn unreadable(source: impl Into<DatabaseError>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, source.into())
}

/// `value`, or the error that names the column it was read from.
pub(crate) fn known<T>(value: Option<T>, column: &'static str) -> rusqlite::Result<T> {
    value.ok_or_else(|| unreadable(UnknownWord { column }))
}
