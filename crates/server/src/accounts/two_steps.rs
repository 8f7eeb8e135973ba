//! A person has one-time passwords asked from now on, or not any more.

use std::net::IpAddr;

use waypost_store::ReadError;
use waypost_store::accounts::{ConfirmedTotp, SignedIn, TotpColumn, Used};

use super::totp::TotpSecret;
use super::{People, SignInError, totp};
use crate::sealing::SealingError;

/// Recovery codes that one gets.
const CODES: usize = 10;

/// What an app is told that makes one-time passwords.
pub(crate) struct Enrolment {
    /// To be typed.
    pub(crate) secret: String,
    /// To be read.
    pub(crate) uri: String,
}

/// Why one-time passwords are not asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TwoStepsError {
    /// They are already.
    #[error("one-time passwords are asked already")]
    AlreadyOn,
    /// The one-time password is not the app's, or nobody has begun.
    #[error("the one-time password is wrong")]
    Wrong,
    #[error(transparent)]
    Store(#[from] ReadError),
    #[error(transparent)]
    Sealing(#[from] SealingError),
}

impl People {
    /// Makes the secret for an app. It counts when a password of it was shown: [`Self::confirm_totp`].
    ///
    /// # Errors
    /// See [`TwoStepsError`].
    pub(crate) async fn enrol_totp(&self, signed_in: &SignedIn) -> Result<Enrolment, TwoStepsError> {
        let account = &signed_in.account;
        let secret = TotpSecret::new(&self.random()[..totp::SECRET_BYTES]);
        let kept = self.totps.keep((account.id, TotpColumn::Pending), &secret).await?;
        if self.accounts.put_pending_totp(account.id, &kept).await? == Used::Before {
            return Err(TwoStepsError::AlreadyOn);
        }
        Ok(Enrolment { secret: totp::secret_text(&secret), uri: totp::uri(&secret, &account.login) })
    }

    /// Asks for one-time passwords from now on; the recovery codes, which are never to be seen again.
    ///
    /// # Errors
    /// See [`TwoStepsError`].
    pub(crate) async fn confirm_totp(
        &self,
        signed_in: &SignedIn,
        code: &str,
    ) -> Result<Vec<String>, TwoStepsError> {
        let account = signed_in.account.id;
        let found = self.accounts.find(account).await?;
        let pending = found.and_then(|found| found.totp_pending).ok_or(TwoStepsError::Wrong)?;
        let secret = self.totps.open((account, TotpColumn::Pending), &pending).await?;
        let step = totp::matching_step(&secret, code.trim(), self.clock.now()).ok_or(TwoStepsError::Wrong)?;
        let codes: Vec<String> = (0..CODES).map(|_| totp::recovery_code(&self.random())).collect();
        let digests: Vec<_> = codes.iter().map(|code| totp::code_digest(code)).collect();
        let kept = self.totps.keep((account, TotpColumn::InUse), &secret).await?;
        let confirmed = ConfirmedTotp { pending: &pending, totp: &kept, step };
        match self.accounts.confirm_totp(account, confirmed, &digests).await? {
            Used::Before => Err(TwoStepsError::Wrong),
            Used::Now => {
                tracing::info!(account.id = %account, "one-time passwords are asked from now on");
                Ok(codes)
            }
        }
    }

    /// Asks for none any more, of whoever still knows the password.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub(crate) async fn disable_totp(
        &self,
        signed_in: &SignedIn,
        password: &str,
        address: Option<IpAddr>,
    ) -> Result<(), SignInError> {
        let proved = self.prove(signed_in, password, address).await?;
        self.accounts.disable_totp(signed_in.account.id, &proved).await?;
        tracing::info!(account.id = %signed_in.account.id, "one-time passwords are no longer asked");
        Ok(())
    }
}
