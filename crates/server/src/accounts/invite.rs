//! An administrator makes an account, or a link to a new password.

use waypost_domain::time::HOUR_MS;
use waypost_domain::{Account, AccountId, AccountState, Limits, Login, PersonName, RoleName, Timestamp};
use waypost_store::accounts::{AccountError, AccountLink, ResetWish};
use waypost_store::{Accounts, ReadError};

use super::{People, Secret256};

/// How long an invitation is good.
const INVITE_HOURS: i64 = 72;
/// How long a link to a new password is good.
const RESET_HOURS: i64 = 1;

/// Who is to have an account.
pub(crate) struct NewPerson {
    pub(crate) login: Login,
    pub(crate) name: PersonName,
    pub(crate) role: RoleName,
    pub(crate) limits: Limits,
}

/// An account with a link to it, which is good once.
pub(crate) struct Invited {
    pub(crate) account: Account,
    pub(crate) secret: Secret256,
    pub(crate) until: Timestamp,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InviteError {
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
}

impl From<ReadError> for InviteError {
    fn from(error: ReadError) -> Self {
        Self::Account(error.into())
    }
}

impl People {
    /// Makes an account, which is nobody's until its link was used.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub(crate) async fn invite(&self, person: NewPerson) -> Result<Invited, AccountError> {
        let now = self.clock.now();
        let NewPerson { login, name, role, limits } = person;
        let id = self.new_account_id(now);
        let account = Account { id, login, name, role, state: AccountState::Invited, limits };
        self.accounts.create(&account, now).await?;
        let (secret, until) =
            (Secret256::from_random(self.random()), now.plus_millis(INVITE_HOURS * HOUR_MS));
        let link = AccountLink { account: id, wish: ResetWish::Password };
        self.accounts.put_link(Some(link), &secret.digest(), until).await?;
        tracing::info!(account.id = %id, "somebody was invited");
        Ok(Invited { account, secret, until })
    }

    /// Makes a link to a new password.
    ///
    /// # Errors
    /// See [`InviteError`].
    pub(crate) async fn reset(&self, id: AccountId, wish: ResetWish) -> Result<Invited, InviteError> {
        let found = self.accounts.find(id).await?.ok_or(AccountError::Unknown)?;
        reset_link(&self.accounts, found.account, wish, (self.random(), self.clock.now())).await
    }
}

/// Makes a link to a new password of an account; one that was invited and has none yet is invited anew.
///
/// # Errors
/// See [`InviteError`].
pub(crate) async fn reset_link(
    accounts: &Accounts,
    account: Account,
    wish: ResetWish,
    (random, now): ([u8; 32], Timestamp),
) -> Result<Invited, InviteError> {
    let hours = match account.state {
        AccountState::Disabled => return Err(InviteError::Disabled),
        AccountState::Invited => INVITE_HOURS,
        AccountState::Active => RESET_HOURS,
    };
    let (secret, until) = (Secret256::from_random(random), now.plus_millis(hours * HOUR_MS));
    let link = AccountLink { account: account.id, wish };
    accounts.put_link(Some(link), &secret.digest(), until).await?;
    tracing::info!(account.id = %account.id, "a link to a new password was made");
    Ok(Invited { account, secret, until })
}
