//! A person signs in with a login, a password, and where the account has them, a one-time password or a recovery code.

use std::net::IpAddr;
use std::time::Duration;

use waypost_domain::{Account, AccountState, Login, Timestamp};
use waypost_store::ReadError;
use waypost_store::accounts::{
    AccountSession, Credentialed, KeptSecret, ProofError, SignedIn, TotpColumn, TotpUse, Used,
};

use super::failures::{Attempt, Counted};
use super::passwords::{Busy, Verdict};
use super::{People, Secret256, after, secret, totp};
use crate::sealing::SealingError;

/// The longest name of a browser that is kept, in characters.
const AGENT_CHARS_MAX: usize = 200;

/// What somebody signs in with.
pub(crate) struct SignIn<'a> {
    pub(crate) login: &'a str,
    pub(crate) password: &'a str,
    /// A one-time password or a recovery code.
    pub(crate) code: Option<&'a str>,
    pub(crate) address: Option<IpAddr>,
    /// The browser, as it calls itself.
    pub(crate) agent: Option<&'a str>,
}

/// Somebody is signed in.
pub(crate) struct NewSession {
    /// For the cookie.
    pub(crate) secret: Secret256,
    pub(crate) signed_in: SignedIn,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// There is no such account, it is disabled, or the password, the one-time password or the code is wrong: which of these
    /// is not said.
    #[error("something that was given is wrong")]
    Wrong,
    /// The password is right, and a one-time password is needed too.
    #[error("a one-time password is needed")]
    CodeWanted,
    /// Too many have failed.
    #[error("too many have failed")]
    Limited { retry_after: Duration },
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] ReadError),
    #[error(transparent)]
    Sealing(#[from] SealingError),
}

impl From<ProofError> for SignInError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Stale => Self::Wrong,
            ProofError::Store(error) => Self::Store(error),
        }
    }
}

impl People {
    /// Signs somebody in.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub(crate) async fn sign_in(&self, wanted: SignIn<'_>) -> Result<NewSession, SignInError> {
        let login = Login::parse(wanted.login);
        let named = login.as_ref().map_or(wanted.login, Login::as_str);
        let attempt = Attempt { login: secret::digest(named), address: wanted.address };
        let counted = self.begin(attempt)?;
        let tried = self.try_to_sign_in(login, &wanted).await;
        self.settle(&counted, &tried);
        tried
    }

    async fn try_to_sign_in(
        &self,
        login: Option<Login>,
        wanted: &SignIn<'_>,
    ) -> Result<NewSession, SignInError> {
        let found = match &login {
            Some(login) => self.accounts.find_login(login).await?,
            None => None,
        };
        let found = found.filter(|found| found.account.state == AccountState::Active);
        let known = found.as_ref().and_then(|found| found.password.clone());
        let verdict = self.passwords.verify(wanted.password, known).await?;
        let Some(found) = found.filter(|_| verdict == Verdict::Right) else {
            return Err(SignInError::Wrong);
        };
        self.check_second(&found, wanted.code).await?;
        self.begin_session(found, wanted.agent).await
    }

    /// Counts an attempt to guess what only the account's person knows.
    ///
    /// # Errors
    /// [`SignInError::Limited`].
    pub(super) fn begin(&self, attempt: Attempt) -> Result<Counted, SignInError> {
        let begun = self.failures.begin(attempt, self.clock.monotonic());
        begun.map_err(|retry_after| SignInError::Limited { retry_after })
    }

    /// What was not wrong is not counted. Only whoever was let in has the account's failures forgotten.
    fn settle(&self, counted: &Counted, tried: &Result<NewSession, SignInError>) {
        match tried {
            Ok(_) => self.failures.forgive(counted),
            Err(SignInError::Wrong) => {}
            Err(_) => self.failures.undo(counted),
        }
    }

    /// The one-time password or the recovery code, where the account has them.
    async fn check_second(&self, found: &Credentialed, code: Option<&str>) -> Result<(), SignInError> {
        let Some(totp) = &found.totp else { return Ok(()) };
        let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
            return Err(SignInError::CodeWanted);
        };
        match self.use_code(&found.account, totp, code).await? {
            Used::Now => Ok(()),
            Used::Before => Err(SignInError::Wrong),
        }
    }

    async fn use_code(&self, account: &Account, totp: &KeptSecret, code: &str) -> Result<Used, SignInError> {
        if !totp::is_password(code) {
            let used = self.accounts.use_code(account.id, &totp::code_digest(code)).await?;
            if used == Used::Now {
                tracing::info!(account.id = %account.id, "a recovery code was used");
            }
            return Ok(used);
        }
        let secret = self.totps.open((account.id, TotpColumn::InUse), totp).await?;
        match totp::matching_step(&secret, code, self.clock.now()) {
            Some(step) => Ok(self.accounts.use_totp_step(account.id, step).await?),
            None => Ok(Used::Before),
        }
    }

    async fn begin_session(
        &self,
        found: Credentialed,
        agent: Option<&str>,
    ) -> Result<NewSession, SignInError> {
        let now = self.clock.now();
        let totp = if found.totp.is_some() { TotpUse::On } else { TotpUse::Off };
        let session = self.new_session(agent, now);
        let secret = Secret256::from_random(self.random());
        self.accounts.begin_session(&found, &session, &secret.digest()).await?;
        tracing::info!(account.id = %found.account.id, session.id = %session.id, "somebody signed in");
        Ok(NewSession { secret, signed_in: SignedIn { session, account: found.account, totp } })
    }

    fn new_session(&self, agent: Option<&str>, now: Timestamp) -> AccountSession {
        let agent = agent
            .map(|agent| agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect::<String>());
        AccountSession {
            id: self.new_session_id(now),
            agent,
            created_at: now,
            seen_at: now,
            expires_at: after(now, self.settings.session),
        }
    }
}
