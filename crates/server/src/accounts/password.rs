//! A person who is signed in chooses another password, or proves by the present one that it is still the same person.

use std::net::IpAddr;

use waypost_domain::{PasswordFault, check_password};
use waypost_store::accounts::{PasswordHash, SignedIn};

use super::failures::Attempt;
use super::passwords::Verdict;
use super::{People, SignInError, secret};

/// What a person says who wants another password.
pub(crate) struct PasswordChange<'a> {
    pub(crate) present: &'a str,
    pub(crate) next: &'a str,
    pub(crate) address: Option<IpAddr>,
}

/// Why the password stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangePasswordError {
    #[error(transparent)]
    Fault(#[from] PasswordFault),
    /// As at a sign-in: the present password is wrong, or too many were.
    #[error(transparent)]
    Present(#[from] SignInError),
}

impl People {
    /// Gives somebody another password, who is signed in in this session only from then on.
    ///
    /// # Errors
    /// See [`ChangePasswordError`].
    pub(crate) async fn change_password(
        &self,
        signed_in: &SignedIn,
        change: PasswordChange<'_>,
    ) -> Result<(), ChangePasswordError> {
        let account = &signed_in.account;
        check_password(change.next, &account.login)?;
        let proved = self.prove(signed_in, change.present, change.address).await?;
        let hashed = self.passwords.hash(change.next, self.random()).await.map_err(SignInError::from)?;
        self.accounts.change_password(signed_in, (&proved, &hashed)).await.map_err(SignInError::from)?;
        tracing::info!(account.id = %account.id, "a password was changed");
        Ok(())
    }

    /// What is stored of the password, if it is the person's. Wrong ones are counted as at a sign-in: a session is not to be a way
    /// around that.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub(super) async fn prove(
        &self,
        signed_in: &SignedIn,
        password: &str,
        address: Option<IpAddr>,
    ) -> Result<PasswordHash, SignInError> {
        let account = &signed_in.account;
        let attempt = Attempt { login: secret::digest(account.login.as_str()), address };
        let counted = self.begin(attempt)?;
        let proved = self.proved(signed_in, password).await;
        if !matches!(proved, Err(SignInError::Wrong)) {
            self.failures.undo(&counted);
        }
        proved
    }

    async fn proved(&self, signed_in: &SignedIn, password: &str) -> Result<PasswordHash, SignInError> {
        let known = self.accounts.find(signed_in.account.id).await?.and_then(|found| found.password);
        let verdict = self.passwords.verify(password, known.clone()).await?;
        known.filter(|_| verdict == Verdict::Right).ok_or(SignInError::Wrong)
    }
}
