//! What is read back from rows, or an error of the database's kind.

use waypost_domain::{ErrorDetail, Pricing};

use crate::columns::{UnknownWord, errors_from_column, pricing_from_column};

/// The errors in a column.
pub(crate) fn errors(column: Option<&str>) -> rusqlite::Result<Vec<ErrorDetail>> {
    errors_from_column(column).map_err(unreadable)
}

/// The price in a column.
pub(crate) fn pricing(column: Option<&str>) -> rusqlite::Result<Option<Pricing>> {
    pricing_from_column(column).map_err(unreadable)
}

/// A stored value that this version cannot read back.
fn unreadable(source: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(source))
}

/// `value`, or the error that names the column it was read from.
pub(crate) fn known<T>(value: Option<T>, column: &'static str) -> rusqlite::Result<T> {
    value.ok_or_else(|| unreadable(UnknownWord { column }))
}
