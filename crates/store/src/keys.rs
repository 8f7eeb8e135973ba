//! API keys, made and revoked beside a server that may be running.

use std::collections::BTreeSet;

use waypost_domain::{KeyScope, Permissions, PhoneNumberId, Timestamp};

use crate::error::ReadError;
use crate::options::{OpenError, Place};
use crate::postgres::PostgresKeys;
use crate::sqlite::connection::{DataDir, MIGRATIONS, migrate, open_to_write};
use crate::sqlite::departure::refuse_moved;
use crate::sqlite::keys;

/// The API keys of a store, for the command line, beside a server that may be running. Everything waits for its answer,
/// which is not to be done on a runtime.
pub struct Keys(Kept);

enum Kept {
    Sqlite(rusqlite::Connection),
    Postgres(PostgresKeys),
}

impl Keys {
    /// Opens the keys of a store; creates what is missing.
    ///
    /// # Errors
    /// Where the directory or the database cannot be used.
    pub fn open(place: &Place) -> Result<Self, OpenError> {
        Ok(Self(match place {
            Place::Directory(path) => {
                let directory = DataDir::visit(path)?;
                let mut connection = open_to_write(&directory.database())?;
                migrate(&mut connection, &MIGRATIONS)?;
                refuse_moved(&connection, path)?;
                Kept::Sqlite(connection)
            }
            Place::Postgres(url) => Kept::Postgres(PostgresKeys::open(url)?),
        }))
    }

    /// Stores a key by its SHA-256 digest.
    ///
    /// # Errors
    /// Where the database says no.
    pub fn create(&self, key: &ApiKey, digest: &[u8; 32]) -> Result<(), ReadError> {
        match &self.0 {
            Kept::Sqlite(connection) => Ok(keys::insert(connection, key, digest)?),
            Kept::Postgres(connection) => connection.create(key, digest),
        }
    }

    /// All keys, the oldest first.
    ///
    /// # Errors
    /// Where the database says no.
    pub fn list(&self) -> Result<Vec<ApiKey>, ReadError> {
        match &self.0 {
            Kept::Sqlite(connection) => Ok(keys::list(connection)?),
            Kept::Postgres(connection) => connection.list(),
        }
    }

    /// Takes a key out; whether there was one with this id.
    ///
    /// # Errors
    /// Where the database says no.
    pub fn revoke(&self, id: &str) -> Result<bool, ReadError> {
        match &self.0 {
            Kept::Sqlite(connection) => Ok(keys::delete(connection, id)?),
            Kept::Postgres(connection) => connection.delete(id),
        }
    }
}

/// The keys that one question asks about, at most; more are several questions.
pub(crate) const KEYS_ASKED_MAX: usize = 10_000;

/// A key that was made by `waypost key create`. The key itself is not stored, only its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public id.
    pub id: String,
    /// What its maker called it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it is good for; with none, for nothing.
    pub scopes: Vec<KeyScope>,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// The business numbers that it is good for; `None` for all.
    pub numbers: Option<BTreeSet<PhoneNumberId>>,
}

impl ApiKey {
    /// What all its scopes together permit.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.scopes
            .iter()
            .fold(Permissions::NONE, |permissions, scope| permissions.union(scope.permissions()))
    }

    /// Whether it has not expired.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}
