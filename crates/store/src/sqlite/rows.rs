//! Domain values as columns, and back.

use serde::{Deserialize, Serialize};
use waypost_domain::ErrorDetail;

/// An error as it stands in a column, in JSON.
#[derive(Serialize, Deserialize)]
struct ErrorRow {
    code: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
}

/// The errors as a column: NULL for none.
pub(crate) fn errors_to_column(errors: &[ErrorDetail]) -> Option<String> {
    if errors.is_empty() {
        return None;
    }
    let rows: Vec<ErrorRow> = errors
        .iter()
        .map(|error| ErrorRow {
            code: error.code,
            title: error.title.clone(),
            details: error.details.clone(),
        })
        .collect();
    Some(serde_json::to_string(&rows).expect("numbers and strings can always be written as JSON"))
}

/// What [`errors_to_column`] wrote.
pub(crate) fn errors_from_column(column: Option<&str>) -> rusqlite::Result<Vec<ErrorDetail>> {
    let Some(column) = column else { return Ok(Vec::new()) };
    let rows: Vec<ErrorRow> = serde_json::from_str(column).map_err(unreadable)?;
    Ok(rows
        .into_iter()
        .map(|row| ErrorDetail { code: row.code, title: row.title, details: row.details })
        .collect())
}

/// A text as a column: U+0000, which PostgreSQL refuses and C code cuts at, becomes U+FFFD.
pub(crate) fn text_to_column(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// A stored value that this version cannot read back.
pub(crate) fn unreadable(source: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(source))
}

/// A stored word that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("the column `{column}` holds a value that this version does not know")]
pub(crate) struct UnknownWord {
    pub(crate) column: &'static str,
}

/// `value`, or the error that names the column it was read from.
pub(crate) fn known<T>(value: Option<T>, column: &'static str) -> rusqlite::Result<T> {
    value.ok_or_else(|| unreadable(UnknownWord { column }))
}
