//! One transaction of a writer, and what can go wrong with it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::group::Trouble;

impl From<rusqlite::Error> for Trouble {
    /// What the caller's data can cause is the item's fault; everything else is the database's.
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => Self::Item,
            Some(_) => Self::Database(error.into()),
            // The row could not be read back, or a parameter not be bound.
            None => Self::Item,
        }
    }
}

/// Commits what `change` does, or nothing of it.
pub(crate) fn transact<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Transaction<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(trouble)?;
    // A panic over one item must not end the writer: the item is at fault like one that the database refuses.
    let changed = catch_unwind(AssertUnwindSafe(|| change(&transaction)));
    let value = changed.unwrap_or(Err(Trouble::Item))?;
    transaction.commit().map_err(trouble)?;
    Ok(value)
}

/// Where the database fails, whatever was to be done.
pub(crate) fn trouble(error: rusqlite::Error) -> Trouble {
    Trouble::Database(error.into())
}
