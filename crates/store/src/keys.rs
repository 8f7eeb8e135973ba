//! API keys, made and revoked beside a server that may be running.

use std::path::Path;

use waypost_domain::Timestamp;

use crate::options::OpenError;
use crate::sqlite::connection::{DataDir, MIGRATIONS, migrate, open_to_write};
use crate::sqlite::keys;
use crate::store::ReadError;

/// The API keys of a data directory, for the command line, beside a server that may be running.
pub struct Keys(rusqlite::Connection);

impl Keys {
    /// Opens the keys of a directory; creates what is missing.
    ///
    /// # Errors
    /// Where the directory or the database cannot be used.
    pub fn open(data_dir: &Path) -> Result<Self, OpenError> {
        let directory = DataDir::visit(data_dir)?;
        let mut connection = open_to_write(&directory.database())?;
        migrate(&mut connection, &MIGRATIONS)?;
        Ok(Self(connection))
    }

    /// Stores a key by its SHA-256 digest.
    ///
    /// # Errors
    /// Where the database says no.
    pub fn create(&self, key: &ApiKey, digest: &[u8; 32]) -> Result<(), ReadError> {
        Ok(keys::insert(&self.0, key, digest)?)
    }

    /// All keys, the oldest first.
    ///
    /// # Errors
    /// Where the database says no.
    pub fn list(&self) -> Result<Vec<ApiKey>, ReadError> {
        Ok(keys::list(&self.0)?)
    }

    /// Takes a key out; whether there was one with this id.
    ///
    /// # Errors
    /// Where the database says no.
    pub fn revoke(&self, id: &str) -> Result<bool, ReadError> {
        Ok(keys::delete(&self.0, id)?)
    }
}

/// A key that was made by `waypost key create`. The key itself is not stored, only its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public id.
    pub id: String,
    /// What its maker called it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}
