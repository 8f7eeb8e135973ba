//! A person uses a link: to become the first administrator, to take up an invitation, or to have another password.

use waypost_domain::{Account, AccountState, Limits, Login, PasswordFault, PersonName, Role, check_password};
use waypost_store::ReadError;
use waypost_store::accounts::{FirstAdmin, LinkError, LinkOf};

use super::passwords::Busy;
use super::{People, secret};

/// What a person says who uses a link.
pub(crate) struct NewPassword<'a> {
    pub(crate) password: &'a str,
    /// Who the first administrator is; others are known.
    pub(crate) login: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

/// Why a link did nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UseLinkError {
    /// There is none, it was used, or its time is over.
    #[error("the link was used, or its time is over")]
    Void,
    /// The first administrator has to have a login.
    #[error("no login")]
    Login,
    /// And a name.
    #[error("no name")]
    Name,
    #[error(transparent)]
    Password(#[from] PasswordFault),
    #[error("the login is another account's")]
    LoginTaken,
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] ReadError),
}

impl From<LinkError> for UseLinkError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Void => Self::Void,
            LinkError::LoginTaken => Self::LoginTaken,
            LinkError::Store(error) => Self::Store(error),
        }
    }
}

impl People {
    /// Whose link it is.
    ///
    /// # Errors
    /// Where that cannot be looked up.
    pub(crate) async fn find_link(&self, secret: &str) -> Result<Option<LinkOf>, ReadError> {
        self.accounts.find_link(&secret::digest(secret), self.clock.now()).await
    }

    /// Gives the person whose link it is a password; whose account it is.
    ///
    /// # Errors
    /// See [`UseLinkError`].
    pub(crate) async fn use_link(&self, secret: &str, new: NewPassword<'_>) -> Result<Account, UseLinkError> {
        match self.find_link(secret).await?.ok_or(UseLinkError::Void)? {
            LinkOf::FirstAdmin => self.become_first_admin(secret, new).await,
            LinkOf::Account(account) => {
                check_password(new.password, &account.login)?;
                let password = self.passwords.hash(new.password, self.random()).await?;
                let digest = secret::digest(secret);
                let account = self.accounts.use_link(&digest, &password, self.clock.now()).await?;
                tracing::info!(account.id = %account.id, "a link was used; the account has a new password");
                Ok(account)
            }
        }
    }

    async fn become_first_admin(&self, secret: &str, new: NewPassword<'_>) -> Result<Account, UseLinkError> {
        let login = new.login.and_then(Login::parse).ok_or(UseLinkError::Login)?;
        let name = new.name.and_then(PersonName::parse).ok_or(UseLinkError::Name)?;
        check_password(new.password, &login)?;
        let password = self.passwords.hash(new.password, self.random()).await?;
        let now = self.clock.now();
        let account = Account {
            id: self.new_account_id(now),
            login,
            name,
            role: Role::Admin.into(),
            state: AccountState::Active,
            limits: Limits::default(),
        };
        let first = FirstAdmin { account, password };
        self.accounts.use_first_link(&secret::digest(secret), &first, now).await?;
        tracing::info!(account.id = %first.account.id, "there is a first administrator");
        Ok(first.account)
    }
}
