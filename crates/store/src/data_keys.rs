//! Keys with which secrets are sealed. What is in here is wrapped: who can unwrap it, and how anything is sealed, is not known here.

use std::fmt;

use waypost_domain::Timestamp;

use crate::accounts::Accounts;
use crate::accounts::statement::{Cell, Done, Reading, Statement, WrongCell};
use crate::error::ReadError;
use crate::group::DatabaseError;

/// The id of a data key: random, so that no key ever has another's, whatever copy of a database was put back.
pub type DataKeyId = [u8; 16];
/// By what a master key is told from others.
pub type MasterKeyId = [u8; 8];

const COLUMNS: &str = "id, wrapped, wrapped_by, created_at";

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its id.
    pub id: DataKeyId,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
    /// The master key that it is wrapped by.
    pub wrapped_by: MasterKeyId,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A data key that is wrapped by another master key from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// Which one.
    pub id: DataKeyId,
    /// By which master key it was wrapped.
    pub before: MasterKeyId,
    /// The key, wrapped anew.
    pub wrapped: Vec<u8>,
    /// By which it is wrapped now.
    pub wrapped_by: MasterKeyId,
}

/// Whether something was done, or was not as it was thought to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was done.
    Done,
    /// Nothing was done: it is not as it was thought to be.
    Stale,
}

/// The data keys of a store. Cheap to clone.
#[derive(Clone)]
pub struct DataKeys(Accounts);

impl DataKeys {
    /// Those that are kept where these accounts are.
    #[must_use]
    pub const fn beside(accounts: Accounts) -> Self {
        Self(accounts)
    }

    /// All of them, the newest first. A new one is made so seldom that they are few.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn list(&self) -> Result<Vec<WrappedKey>, ReadError> {
        let sql = format!("SELECT {COLUMNS} FROM data_keys ORDER BY created_at DESC, id");
        self.0.read(Statement::new(sql, []), wrapped_key).await
    }

    /// The one with this id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn find(&self, id: &DataKeyId) -> Result<Option<WrappedKey>, ReadError> {
        let sql = format!("SELECT {COLUMNS} FROM data_keys WHERE id = $1");
        Ok(self.0.read(Statement::new(sql, [id[..].into()]), wrapped_key).await?.pop())
    }

    /// Stores a new one, which so many uses are taken of already.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn insert(&self, key: &WrappedKey, uses: u32) -> Result<(), ReadError> {
        let sql = format!("INSERT INTO data_keys ({COLUMNS}, uses) VALUES ($1, $2, $3, $4, $5)");
        let parameters: [Cell; 5] = [
            key.id[..].into(),
            key.wrapped[..].into(),
            key.wrapped_by[..].into(),
            key.created_at.as_millis().into(),
            i64::from(uses).into(),
        ];
        self.0.run(vec![Statement::new(sql, parameters)]).await.map(drop)
    }

    /// Takes so many uses of one, of which it has `uses_max` in all. Uses that are taken and not made are lost.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn take_uses(&self, id: &DataKeyId, (uses, uses_max): (u32, u64)) -> Result<Change, ReadError> {
        let sql = "UPDATE data_keys SET uses = uses + $1 WHERE id = $2 AND uses <= $3 RETURNING id";
        let used_max = i64::try_from(uses_max.saturating_sub(u64::from(uses))).unwrap_or(i64::MAX);
        let parameters: [Cell; 3] = [i64::from(uses).into(), id[..].into(), used_max.into()];
        self.changed(vec![Statement::new(sql, parameters).needed()]).await
    }

    /// Stores them wrapped anew: all, or none where one is not wrapped as it was.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn rewrap(&self, keys: &[Rewrapped]) -> Result<Change, ReadError> {
        let sql = "UPDATE data_keys SET wrapped = $1, wrapped_by = $2 WHERE id = $3 AND wrapped_by = $4 RETURNING id";
        let update = |key: &Rewrapped| {
            let parameters: [Cell; 4] =
                [key.wrapped[..].into(), key.wrapped_by[..].into(), key.id[..].into(), key.before[..].into()];
            Statement::new(sql, parameters).needed()
        };
        if keys.is_empty() {
            return Ok(Change::Done);
        }
        self.changed(keys.iter().map(update).collect()).await
    }

    async fn changed(&self, statements: Vec<Statement>) -> Result<Change, ReadError> {
        Ok(match self.0.run(statements).await? {
            Done::All(_) => Change::Done,
            Done::Stopped(_) => Change::Stale,
        })
    }
}

fn wrapped_key(row: &mut Reading) -> Result<WrappedKey, DatabaseError> {
    Ok(WrappedKey {
        id: array(row)?,
        wrapped: bytes(row)?,
        wrapped_by: array(row)?,
        created_at: Timestamp::from_millis(row.number()?),
    })
}

fn bytes(row: &mut Reading) -> Result<Vec<u8>, DatabaseError> {
    row.optional_bytes()?.ok_or_else(|| WrongCell.into())
}

fn array<const N: usize>(row: &mut Reading) -> Result<[u8; N], DatabaseError> {
    bytes(row)?.try_into().map_err(|_| WrongCell.into())
}

impl fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKeys")
    }
}
