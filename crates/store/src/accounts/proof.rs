//! What a person proved of an account, and whether it still holds when something is done for it: computing a password
//! takes its time, in which another may have taken its place.

use super::statement::{Cell, Done, Statement};
use super::{Accounts, Credentialed, KeptSecret};
use crate::accounts::PasswordHash;
use crate::error::ReadError;

/// Why nothing was done for whoever proved to be an account's person.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// What was proved no longer holds: there is another password, other one-time passwords, or the account is disabled.
    #[error("what was proved no longer holds")]
    Stale,
    /// The database said no.
    #[error(transparent)]
    Store(#[from] ReadError),
}

impl Accounts {
    /// Does statements of which some are needed, for what was proved to hold.
    pub(super) async fn run_proved(&self, statements: Vec<Statement>) -> Result<(), ProofError> {
        match self.run(statements).await? {
            Done::All(_) => Ok(()),
            Done::Stopped(_) => Err(ProofError::Stale),
        }
    }
}

/// Has a row where somebody may still sign in with the account by what it had.
pub(super) fn still_proved(proved: &Credentialed) -> Statement {
    let password = proved.password.as_ref().map(PasswordHash::expose);
    let (totp, secret) = match &proved.totp {
        Some(secret) => ("totp = $3", Some(KeptSecret::to_column(secret))),
        None => ("totp IS NULL", None),
    };
    let sql =
        format!("SELECT id FROM accounts WHERE id = $1 AND password = $2 AND state = 'active' AND {totp}");
    let parameters = [Cell::from(proved.account.id.to_string()), password.into()];
    Statement::new(sql, parameters.into_iter().chain(secret))
}
