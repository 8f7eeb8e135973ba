//! Links that are good once: to the first administrator's account, to one's own after an invitation, to a new password.

use waypost_domain::{Account, AccountId, AccountState, Timestamp};

use super::columns::{ACCOUNT, account};
use super::people::insert;
use super::proof::ProofError;
use super::sessions::{Ending, end};
use super::statement::{Cell, Done, Statement};
use super::totp::FORGET_TOTP;
use super::{Accounts, PasswordHash, SecretDigest, SignedIn};
use crate::error::ReadError;

/// Has a row while no administrator can sign in.
const NO_ADMIN: &str = "NOT EXISTS (SELECT 1 FROM accounts WHERE role = 'admin' AND state = 'active')";

/// Whose link it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkOf {
    /// The first administrator's, who has no account yet.
    FirstAdmin,
    /// This account's.
    Account(Account),
}

/// Who the first administrator is.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// The account.
    pub account: Account,
    /// Its password.
    pub password: PasswordHash,
}

/// Whose link to a new password is made, and for what.
#[derive(Clone, Copy, Debug)]
pub struct AccountLink {
    /// Whose it is.
    pub account: AccountId,
    /// What it is good for.
    pub wish: ResetWish,
}

/// What somebody gets anew who uses a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetWish {
    /// A password; one-time passwords are asked as before.
    Password,
    /// A password, and no one-time passwords are asked any more: the person has lost what makes them, too. The password of before
    /// goes at once, so that alone it lets nobody in.
    PasswordAndTotp,
}

/// Why a link did nothing.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// There is none, it was used, or its time is over.
    #[error("the link was used, or its time is over")]
    Void,
    /// Another account has the login.
    #[error("the login is another account's")]
    LoginTaken,
    /// The database said no.
    #[error(transparent)]
    Store(#[from] ReadError),
}

impl Accounts {
    /// Makes a link to an account, or the first administrator's for `None`; those that were made before are void.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn put_link(
        &self,
        link: Option<AccountLink>,
        digest: &SecretDigest,
        expires_at: Timestamp,
    ) -> Result<(), ReadError> {
        let mut statements = match link {
            Some(AccountLink { account, wish: ResetWish::PasswordAndTotp }) => forget_proofs(account),
            _ => Vec::new(),
        };
        let account = link.map(|link| link.account.to_string());
        // The first administrator's is nobody's.
        let earlier = "DELETE FROM account_links WHERE coalesce(account, '') = $1";
        let insert = "INSERT INTO account_links (digest, account, expires_at) VALUES ($1, $2, $3)";
        statements.extend([
            Statement::new(earlier, [account.clone().unwrap_or_default().into()]),
            Statement::new(insert, [digest[..].into(), account.into(), expires_at.as_millis().into()]),
        ]);
        self.run(statements).await.map(drop)
    }

    /// Whose the link of this digest is.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn find_link(
        &self,
        digest: &SecretDigest,
        now: Timestamp,
    ) -> Result<Option<LinkOf>, ReadError> {
        let first = format!(
            "SELECT digest FROM account_links
             WHERE digest = $1 AND account IS NULL AND expires_at > $2 AND {NO_ADMIN}"
        );
        let parameters: [Cell; 2] = [digest[..].into(), now.as_millis().into()];
        if !self.rows(vec![Statement::new(first, parameters.clone())]).await?.is_empty() {
            return Ok(Some(LinkOf::FirstAdmin));
        }
        let sql = format!(
            "SELECT {ACCOUNT} FROM account_links l JOIN accounts a ON a.id = l.account
             WHERE l.digest = $1 AND l.expires_at > $2 AND a.state <> 'disabled'"
        );
        Ok(self.read(Statement::new(sql, parameters), account).await?.pop().map(LinkOf::Account))
    }

    /// Uses the first administrator's link.
    ///
    /// # Errors
    /// See [`LinkError`].
    pub async fn use_first_link(
        &self,
        digest: &SecretDigest,
        admin: &FirstAdmin,
        now: Timestamp,
    ) -> Result<(), LinkError> {
        let taken = format!(
            "DELETE FROM account_links
             WHERE digest = $1 AND account IS NULL AND expires_at > $2 AND {NO_ADMIN} RETURNING digest"
        );
        let done = self
            .run(vec![
                Statement::new(taken, [digest[..].into(), now.as_millis().into()]).needed(),
                insert(&admin.account, Some(&admin.password), now).needed(),
            ])
            .await?;
        match done {
            Done::All(_) => Ok(()),
            Done::Stopped(0) => Err(LinkError::Void),
            Done::Stopped(_) => Err(LinkError::LoginTaken),
        }
    }

    /// Uses an account's link: its person has this password from now on, and is signed in nowhere.
    ///
    /// # Errors
    /// See [`LinkError`].
    pub async fn use_link(
        &self,
        digest: &SecretDigest,
        password: &PasswordHash,
        now: Timestamp,
    ) -> Result<Account, LinkError> {
        let Some(LinkOf::Account(account)) = self.find_link(digest, now).await? else {
            return Err(LinkError::Void);
        };
        let id = Cell::from(account.id.to_string());
        let update = Statement::new(
            "UPDATE accounts SET password = $1, state = 'active' WHERE id = $2 AND state <> 'disabled' RETURNING id",
            [password.expose().into(), id.clone()],
        );
        // Whoever uses it at the same time finds it gone.
        let used = Statement::new(
            "DELETE FROM account_links WHERE digest = $1 AND account = $2 AND expires_at > $3 RETURNING digest",
            [digest[..].into(), id.clone(), now.as_millis().into()],
        );
        match self.run(vec![used.needed(), update.needed(), end(account.id, Ending::All)]).await? {
            Done::All(_) => Ok(Account { state: AccountState::Active, ..account }),
            Done::Stopped(_) => Err(LinkError::Void),
        }
    }

    /// Gives a person another password in the place of the one that was proved, who stays signed in in this session only. Links
    /// to it are void.
    ///
    /// # Errors
    /// See [`ProofError`].
    pub async fn change_password(
        &self,
        SignedIn { account, session, .. }: &SignedIn,
        (proved, next): (&PasswordHash, &PasswordHash),
    ) -> Result<(), ProofError> {
        let id = Cell::from(account.id.to_string());
        let signed_in = "SELECT id FROM account_sessions WHERE id = $1";
        let update = "UPDATE accounts SET password = $1 WHERE id = $2 AND password = $3 RETURNING id";
        let links = "DELETE FROM account_links WHERE account = $1";
        self.run_proved(vec![
            Statement::new(signed_in, [session.id.to_string().into()]).needed(),
            Statement::new(update, [next.expose().into(), id.clone(), proved.expose().into()]).needed(),
            Statement::new(links, [id]),
            end(account.id, Ending::AllBut(session.id)),
        ])
        .await
    }
}

/// Takes from an account all that its person proved it by, and signs them out.
fn forget_proofs(account: AccountId) -> Vec<Statement> {
    let password = "UPDATE accounts SET password = NULL WHERE id = $1";
    let each = |sql| Statement::new(sql, [account.to_string().into()]);
    let mut statements: Vec<_> = FORGET_TOTP.into_iter().chain([password]).map(each).collect();
    statements.push(end(account, Ending::All));
    statements
}
