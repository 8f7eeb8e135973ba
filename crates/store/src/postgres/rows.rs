//! What is read back from rows.

use tokio_postgres::Row;
use waypost_domain::{Assignment, ErrorDetail, Pricing, RawJson, Responder, Timestamp};

use crate::columns::{UnknownWord, errors_from_column, pricing_from_column};
use crate::group::DatabaseError;

/// `value`, or the error that names the column it was read from.
pub(super) fn known<T>(value: Option<T>, column: &'static str) -> Result<T, DatabaseError> {
    value.ok_or_else(|| UnknownWord { column }.into())
}

/// An id of ours.
pub(super) fn id(row: &Row, index: usize) -> Result<[u8; 16], DatabaseError> {
    let bytes: &[u8] = row.try_get(index)?;
    Ok(bytes.try_into()?)
}

pub(super) fn optional_id(row: &Row, index: usize) -> Result<Option<[u8; 16]>, DatabaseError> {
    let bytes: Option<&[u8]> = row.try_get(index)?;
    Ok(bytes.map(TryInto::try_into).transpose()?)
}

pub(super) fn optional_json(row: &Row, index: usize) -> Result<Option<RawJson>, DatabaseError> {
    let bytes: Option<&[u8]> = row.try_get(index)?;
    Ok(bytes.map(std::str::from_utf8).transpose()?.map(RawJson::new))
}

pub(super) fn pricing(row: &Row, index: usize) -> Result<Option<Pricing>, DatabaseError> {
    let bytes: Option<&[u8]> = row.try_get(index)?;
    Ok(pricing_from_column(bytes.map(std::str::from_utf8).transpose()?)?)
}

pub(super) fn time(row: &Row, index: usize) -> Result<Timestamp, DatabaseError> {
    Ok(Timestamp::from_millis(row.try_get(index)?))
}

pub(super) fn optional_time(row: &Row, index: usize) -> Result<Option<Timestamp>, DatabaseError> {
    let millis: Option<i64> = row.try_get(index)?;
    Ok(millis.map(Timestamp::from_millis))
}

/// A number that is never negative: an entry's, a check, a generation.
pub(super) fn unsigned<T: TryFrom<i64>>(row: &Row, index: usize) -> Result<T, DatabaseError>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    let number: i64 = row.try_get(index)?;
    Ok(T::try_from(number)?)
}

pub(super) fn errors(row: &Row, index: usize) -> Result<Vec<ErrorDetail>, DatabaseError> {
    Ok(errors_from_column(row.try_get(index)?)?)
}

/// Who answers a conversation, in two columns from `index` on.
pub(super) fn assignment(row: &Row, index: usize) -> Result<Assignment, DatabaseError> {
    let responder = |index| {
        let name: Option<&str> = row.try_get(index)?;
        name.map(|name| known(Responder::parse(name), "conversations.assignee")).transpose()
    };
    Ok(Assignment { assignee: responder(index)?, team: responder(index + 1)? })
}

/// A number as a column. What is beyond the database's integers is beyond everything in it.
pub(super) fn to_column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
