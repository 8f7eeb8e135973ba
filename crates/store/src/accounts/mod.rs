//! Accounts of people, who is signed in with them, and the links by which they come to a password.
//!
//! Both databases are asked the same statements (`statement.rs`); those of one question are done together or not at all, one
//! question after the other, so that two who change the last two administrators at once cannot both succeed.

mod columns;
mod links;
mod people;
mod proof;
mod sessions;
pub(crate) mod statement;
mod totp;

use std::fmt;

use waypost_domain::{Account, AccountId, AccountSessionId, Limits, PersonName, RoleName, Timestamp};

use crate::error::ReadError;
use crate::options::{OpenError, Place};
use crate::postgres::PostgresAccounts;
use crate::sqlite::accounts::SqliteAccounts;
use crate::sqlite::connection::{DataDir, MIGRATIONS, migrate, open_to_write};
use crate::sqlite::departure::refuse_moved;
use statement::{Done, Reading, Rows, Statement};

pub use columns::{KeptSecret, PasswordHash};
pub use links::{AccountLink, FirstAdmin, LinkError, LinkOf, ResetWish};
pub use proof::ProofError;
pub use sessions::Ending;
pub use totp::{CodeDigest, ConfirmedTotp, KeptTotp, TotpColumn, Used};

/// Accounts that there are, at most.
pub const ACCOUNTS_MAX: i64 = 10_000;
/// Sessions of one account, at most; the oldest ends.
pub const SESSIONS_PER_ACCOUNT_MAX: i64 = 20;

/// The SHA-256 of a secret with 256 random bits, for which a plain hash is enough.
pub type SecretDigest = [u8; 32];

/// The accounts of a store. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(pub(crate) Kept);

#[derive(Clone)]
pub(crate) enum Kept {
    Sqlite(SqliteAccounts),
    Postgres(PostgresAccounts),
}

/// An account with what its person proves it by.
#[derive(Clone, Debug)]
pub struct Credentialed {
    /// The account.
    pub account: Account,
    /// `None` while nobody has chosen one.
    pub password: Option<PasswordHash>,
    /// With which one-time passwords are made.
    pub totp: Option<KeptSecret>,
    /// The same, which its person has not shown to work yet.
    pub totp_pending: Option<KeptSecret>,
}

/// Who is signed in, from one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSession {
    /// Its id, which is no secret.
    pub id: AccountSessionId,
    /// The browser, as it calls itself.
    pub agent: Option<String>,
    /// When somebody signed in.
    pub created_at: Timestamp,
    /// When it was used last, to a few minutes.
    pub seen_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A session with its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session: AccountSession,
    /// Whose it is.
    pub account: Account,
    /// Whether one-time passwords are asked of its person.
    pub totp: TotpUse,
}

/// Whether one-time passwords are asked of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotpUse {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// Which sessions count as alive.
#[derive(Clone, Copy, Debug)]
pub struct Alive {
    /// The time: those that ended before it are over.
    pub now: Timestamp,
    /// Those that were not used since are over too.
    pub seen_after: Timestamp,
}

/// What is to be changed about an account; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// What its person is called.
    pub name: Option<PersonName>,
    /// What it may do.
    pub role: Option<RoleName>,
    /// Whether somebody may sign in with it.
    pub access: Option<AccountAccess>,
    /// What narrows the role.
    pub limits: Option<Limits>,
}

/// Whether somebody may sign in with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAccess {
    /// Somebody may.
    Enabled,
    /// Nobody may.
    Disabled,
}

/// Why nothing was done with an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no such account.
    #[error("there is no such account")]
    Unknown,
    /// Another account has the login.
    #[error("the login is another account's")]
    LoginTaken,
    /// Nobody would be left who can manage accounts.
    #[error("it is the last administrator")]
    LastAdmin,
    /// There are as many accounts as may be.
    #[error("there are as many accounts as may be")]
    TooMany,
    /// The database said no.
    #[error(transparent)]
    Store(#[from] ReadError),
}

impl Accounts {
    /// The accounts at a place, for a tool beside a server that may be running; creates what is missing.
    ///
    /// # Errors
    /// Where the directory or the database cannot be used.
    pub async fn open(place: &Place) -> Result<Self, OpenError> {
        Ok(Self(match place {
            Place::Directory(path) => {
                let directory = DataDir::visit(path)?;
                let mut connection = open_to_write(&directory.database())?;
                migrate(&mut connection, &MIGRATIONS)?;
                refuse_moved(&connection, path)?;
                Kept::Sqlite(SqliteAccounts::new(directory.database(), crate::options::Threads::Own))
            }
            Place::Postgres(url) => Kept::Postgres(PostgresAccounts::open(url).await?),
        }))
    }

    pub(crate) async fn run(&self, statements: Vec<Statement>) -> Result<Done, ReadError> {
        match &self.0 {
            Kept::Sqlite(accounts) => accounts.run(statements).await,
            Kept::Postgres(accounts) => accounts.run(statements).await,
        }
    }

    /// The rows of the last of statements none of which needs rows.
    async fn rows(&self, statements: Vec<Statement>) -> Result<Rows, ReadError> {
        match self.run(statements).await? {
            Done::All(rows) => Ok(rows),
            Done::Stopped(_) => Ok(Rows::new()),
        }
    }

    /// The rows of one statement, each read.
    pub(crate) async fn read<T>(
        &self,
        statement: Statement,
        read: impl Fn(&mut Reading) -> Result<T, crate::group::DatabaseError>,
    ) -> Result<Vec<T>, ReadError> {
        let rows = self.rows(vec![statement]).await?;
        rows.into_iter().map(|row| read(&mut Reading::of(row)).map_err(ReadError::Database)).collect()
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}

/// A page of accounts.
#[derive(Clone, Copy, Debug)]
pub struct AccountPageRequest {
    /// Those after this one.
    pub after: Option<AccountId>,
    /// How many, at most.
    pub limit: usize,
}
