//! One-time passwords: their secret, which of them were used, and the codes for whoever lost the device that makes them.

use waypost_domain::AccountId;

use super::proof::ProofError;
use super::statement::{Cell, Done, Statement};
use super::{Accounts, PasswordHash, TotpSecret};
use crate::error::ReadError;

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

impl Accounts {
    /// Keeps a secret until its person has shown that it works; `Before` where one-time passwords are asked already.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn put_pending_totp(&self, account: AccountId, secret: &TotpSecret) -> Result<Used, ReadError> {
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
        (secret, step): (&TotpSecret, u64),
        codes: &[CodeDigest],
    ) -> Result<Used, ReadError> {
        let update = "UPDATE accounts SET totp = totp_pending, totp_pending = NULL, totp_step = $1
             WHERE id = $2 AND totp_pending = $3 AND totp IS NULL RETURNING id";
        let mut statements = vec![
            Statement::new(update, [column(step), id(account), secret.to_column()]).needed(),
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

    async fn used(&self, statements: Vec<Statement>) -> Result<Used, ReadError> {
        Ok(match self.run(statements).await? {
            Done::All(_) => Used::Now,
            Done::Stopped(_) => Used::Before,
        })
    }
}

fn id(account: AccountId) -> Cell {
    account.to_string().into()
}

fn column(step: u64) -> Cell {
    i64::try_from(step).unwrap_or(i64::MAX).into()
}
