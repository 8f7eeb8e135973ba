//! An account as columns, and back.

use std::fmt;

use serde::{Deserialize, Serialize};
use waypost_domain::{Account, AccountState, Limits, Login, PersonName, RoleName, Timestamp};

use super::statement::{Cell, Reading, WrongCell};
use super::{AccountSession, Credentialed, SignedIn, TotpUse};
use crate::group::DatabaseError;

/// The columns of an account `a`, for [`account`].
pub(super) const ACCOUNT: &str = "a.id, a.login, a.name, a.role, a.state, a.limits";
/// The columns of a session `s`, for [`session`].
pub(super) const SESSION: &str = "s.id, s.agent, s.created_at, s.seen_at, s.expires_at";

/// A password as Argon2 leaves it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// From a string in the format of Argon2's reference (`$argon2id$…`).
    #[must_use]
    pub const fn new(hash: String) -> Self {
        Self(hash)
    }

    /// The string.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A secret as it is kept: sealed, or as it is. Which of these is not known here.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptSecret(Vec<u8>);

impl KeptSecret {
    /// These bytes.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn to_column(&self) -> Cell {
        Cell::Bytes(self.0.clone())
    }

    pub(super) fn from_column(bytes: Option<Vec<u8>>) -> Option<Self> {
        bytes.map(Self)
    }
}

impl fmt::Debug for KeptSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptSecret(…)")
    }
}

/// What narrows a role, in JSON with the names of a token's claims.
#[derive(Serialize, Deserialize)]
struct LimitsRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numbers: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teams: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customers: Option<Vec<String>>,
}

pub(super) fn limits_to_column(limits: &Limits) -> String {
    let [numbers, teams, customers] = limits.names();
    serde_json::to_string(&LimitsRow { numbers, teams, customers })
        .expect("strings can always be written as JSON")
}

fn limits_from_column(column: &str) -> Result<Limits, DatabaseError> {
    let LimitsRow { numbers, teams, customers } = serde_json::from_str(column)?;
    Limits::parse(numbers.as_deref(), teams.as_deref(), customers.as_deref()).map_err(|_| WrongCell.into())
}

pub(super) fn account(row: &mut Reading) -> Result<Account, DatabaseError> {
    Ok(Account {
        id: row.known(|id| id.parse().ok())?,
        login: row.known(Login::parse)?,
        name: row.known(PersonName::parse)?,
        role: row.known(RoleName::parse)?,
        state: row.known(AccountState::parse)?,
        limits: limits_from_column(&row.text()?)?,
    })
}

/// An account, then its password and both secrets.
pub(super) fn credentialed(row: &mut Reading) -> Result<Credentialed, DatabaseError> {
    Ok(Credentialed {
        account: account(row)?,
        password: row.optional_text()?.map(PasswordHash),
        totp: KeptSecret::from_column(row.optional_bytes()?),
        totp_pending: KeptSecret::from_column(row.optional_bytes()?),
    })
}

pub(super) fn session(row: &mut Reading) -> Result<AccountSession, DatabaseError> {
    Ok(AccountSession {
        id: row.known(|id| id.parse().ok())?,
        agent: row.optional_text()?,
        created_at: time(row)?,
        seen_at: time(row)?,
        expires_at: time(row)?,
    })
}

/// A session, its account, and whether that has a secret of one-time passwords.
pub(super) fn signed_in(row: &mut Reading) -> Result<SignedIn, DatabaseError> {
    let (session, account) = (session(row)?, account(row)?);
    let totp = match &*row.text()? {
        "on" => TotpUse::On,
        "off" => TotpUse::Off,
        _ => return Err(WrongCell.into()),
    };
    Ok(SignedIn { session, account, totp })
}

fn time(row: &mut Reading) -> Result<Timestamp, DatabaseError> {
    row.number().map(Timestamp::from_millis)
}
