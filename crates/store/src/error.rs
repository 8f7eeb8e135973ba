//! Why the store did not do what it was asked, by what was asked.

use crate::group::DatabaseError;

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The store is in trouble or closed. Nothing is known to be stored; trying again is safe.
    #[error("the store cannot write just now")]
    Unavailable,
}

/// Why a send's step was not stored.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The customer named by its id does not exist.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// There is no such outbox entry.
    #[error("there is no such outbox entry")]
    UnknownSend,
    /// The store is in trouble or closed. Nothing is known to be stored; trying again is safe.
    #[error("the store cannot write just now")]
    Unavailable,
}

/// Why nothing was changed about who a customer is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmendError {
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// It was not noted that two may be one, or that is not known any more.
    #[error("there is no such possible duplicate")]
    UnknownDuplicate,
    /// The name is another customer's phone number, BSUID, group or external id.
    #[error("the name is another customer's")]
    NameTaken,
    /// The customer was not merged into another.
    #[error("the customer was not merged into another")]
    NotMerged,
    /// As many are merged into one as may be.
    #[error("as many customers are merged into this one as may be")]
    TooManyMerged,
    /// The store is in trouble or closed. Nothing is known to be changed; trying again is safe.
    #[error("the store cannot write just now")]
    Unavailable,
}

/// Why a conversation was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// There is no such conversation.
    #[error("there is no such conversation")]
    Unknown,
    /// The store is in trouble or closed. Nothing is known to be stored; trying again is safe.
    #[error("the store cannot write just now")]
    Unavailable,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// Too many were waiting before.
    #[error("too many are waiting for the database")]
    Busy,
    /// The database said no.
    #[error("the database cannot be read")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ReadError {
    pub(crate) fn of(error: impl Into<DatabaseError>) -> Self {
        Self::Database(error.into())
    }
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::of(error)
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}
