//! One-time passwords: their secret, which of them were used, and the codes for whoever lost the device that makes them.

use waypost_domain::AccountId;

use super::proof::ProofError;
use super::statement::{Cell, Done, Reading, Statement};
use super::{AccountPageRequest, Accounts, KeptSecret, PasswordHash};
use crate::data_keys::Change;
use crate::error::ReadError;
use crate::group::DatabaseError;

/// The SHA-256 of a recovery code, which has 80 random bits.
pub type CodeDigest = [u8; 32];

/// What takes the one-time passwords and the codes from the account `$1`.
pub(super) const FORGET_TOTP: [&str; 2] = [
    "UPDATE accounts SET totp = NULL, totp_pending = NULL, totp_step = 0 WHERE id = $1",
    "DELETE FROM account_codes WHERE account = $1",
];

/// Whether a one-time password or a code was still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// It was, and is not any more.
    Now,
    /// It was used before, or there is none.
    Before,
}

/// The columns that hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotpColumn {
    /// Of the one with which one-time passwords are made.
    InUse,
    /// Of the one that its person has not shown to work yet.
    Pending,
}

impl TotpColumn {
    /// The table of both.
    pub const TABLE: &str = "accounts";

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InUse => "totp",
            Self::Pending => "totp_pending",
        }
    }
}

/// The secrets of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTotp {
    /// Whose they are.
    pub account: AccountId,
    /// The one in use.
    pub totp: Option<KeptSecret>,
    /// The one that was not shown to work yet.
    pub pending: Option<KeptSecret>,
}

/// A secret that was shown to work.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmedTotp<'a> {
    /// As it was kept while it was pending.
    pub pending: &'a KeptSecret,
    /// As it is kept from now on.
    pub totp: &'a KeptSecret,
    /// The step whose one-time password showed it.
    pub step: u64,
}

impl Accounts {
    /// Keeps a secret until its person has shown that it works; `Before` where one-time passwords are asked already.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn put_pending_totp(&self, account: AccountId, secret: &KeptSecret) -> Result<Used, ReadError> {
        let sql = "UPDATE accounts SET totp_pending = $1 WHERE id = $2 AND totp IS NULL RETURNING id";
        self.used(vec![Statement::new(sql, [secret.to_column(), id(account)]).needed()]).await
    }

    /// One-time passwords of this secret are asked from now on, but for that of this step, which showed that it works, and
    /// earlier ones. Codes from before are void. Nothing is done where the secret is not the pending one, or some are asked
    /// already.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn confirm_totp(
        &self,
        account: AccountId,
        ConfirmedTotp { pending, totp, step }: ConfirmedTotp<'_>,
        codes: &[CodeDigest],
    ) -> Result<Used, ReadError> {
        let update = "UPDATE accounts SET totp = $1, totp_pending = NULL, totp_step = $2
             WHERE id = $3 AND totp_pending = $4 AND totp IS NULL RETURNING id";
        let mut statements = vec![
            Statement::new(update, [totp.to_column(), column(step), id(account), pending.to_column()])
                .needed(),
            Statement::new("DELETE FROM account_codes WHERE account = $1", [id(account)]),
        ];
        let insert = "INSERT INTO account_codes (account, digest) VALUES ($1, $2)";
        statements.extend(codes.iter().map(|code| Statement::new(insert, [id(account), code[..].into()])));
        self.used(statements).await
    }

    /// Takes the one-time password of a step, if no later one and not this one was taken.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn use_totp_step(&self, account: AccountId, step: u64) -> Result<Used, ReadError> {
        let sql = "UPDATE accounts SET totp_step = $1 WHERE id = $2 AND totp IS NOT NULL AND totp_step < $1
             RETURNING id";
        self.used(vec![Statement::new(sql, [column(step), id(account)]).needed()]).await
    }

    /// Takes a recovery code.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn use_code(&self, account: AccountId, code: &CodeDigest) -> Result<Used, ReadError> {
        let sql = "DELETE FROM account_codes WHERE account = $1 AND digest = $2 RETURNING account";
        self.used(vec![Statement::new(sql, [id(account), code[..].into()]).needed()]).await
    }

    /// Asks for no one-time passwords any more, where the account still has the password that was proved.
    ///
    /// # Errors
    /// See [`ProofError`].
    pub async fn disable_totp(&self, account: AccountId, proved: &PasswordHash) -> Result<(), ProofError> {
        let proof = "SELECT id FROM accounts WHERE id = $1 AND password = $2";
        let [totp, codes] = FORGET_TOTP.map(|sql| Statement::new(sql, [id(account)]));
        let proof = Statement::new(proof, [id(account), proved.expose().into()]);
        self.run_proved(vec![proof.needed(), totp, codes]).await
    }

    /// The accounts that have a secret, in the order in which they were made.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn totp_secrets(&self, page: AccountPageRequest) -> Result<Vec<KeptTotp>, ReadError> {
        let sql = "SELECT id, totp, totp_pending FROM accounts
             WHERE id > $1 AND (totp IS NOT NULL OR totp_pending IS NOT NULL) ORDER BY id LIMIT $2";
        let after = page.after.map_or_else(String::new, |id| id.to_string());
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        self.read(Statement::new(sql, [after.into(), limit.into()]), kept_totp).await
    }

    /// Keeps a secret in another way, where it is still kept as it was.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn replace_totp(
        &self,
        (account, column): (AccountId, TotpColumn),
        (before, after): (&KeptSecret, &KeptSecret),
    ) -> Result<Change, ReadError> {
        let column = column.name();
        let sql = format!("UPDATE accounts SET {column} = $1 WHERE id = $2 AND {column} = $3 RETURNING id");
        let parameters = [after.to_column(), id(account), before.to_column()];
        Ok(match self.run(vec![Statement::new(sql, parameters).needed()]).await? {
            Done::All(_) => Change::Done,
            Done::Stopped(_) => Change::Stale,
        })
    }

    async fn used(&self, statements: Vec<Statement>) -> Result<Used, ReadError> {
        Ok(match self.run(statements).await? {
            Done::All(_) => Used::Now,
            Done::Stopped(_) => Used::Before,
        })
    }
}

fn kept_totp(row: &mut Reading) -> Result<KeptTotp, DatabaseError> {
    Ok(KeptTotp {
        account: row.known(|id| id.parse().ok())?,
        totp: KeptSecret::from_column(row.optional_bytes()?),
        pending: KeptSecret::from_column(row.optional_bytes()?),
    })
}

fn id(account: AccountId) -> Cell {
    account.to_string().into()
}

fn column(step: u64) -> Cell {
    i64::try_from(step).unwrap_or(i64::MAX).into()
}
