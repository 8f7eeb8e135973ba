//! Accounts: who has one, and what it may do.

use waypost_domain::{Account, AccountId, Limits, Login, PersonName, Role, RoleName, Timestamp};

use super::columns::{ACCOUNT, account, credentialed, limits_to_column};
use super::statement::{Cell, Done, Reading, Statement};
use super::{
    ACCOUNTS_MAX, AccountAccess, AccountChange, AccountError, AccountPageRequest, Accounts, Credentialed,
    PasswordHash,
};
use crate::error::ReadError;

impl Accounts {
    /// Whether anybody can manage accounts who has one.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn has_admin(&self) -> Result<bool, ReadError> {
        let sql = "SELECT id FROM accounts WHERE role = 'admin' AND state = 'active' LIMIT 1";
        Ok(!self.rows(vec![Statement::new(sql, [])]).await?.is_empty())
    }

    /// Stores a new account, which is nobody's until a link to it was used.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn create(&self, account: &Account, at: Timestamp) -> Result<(), AccountError> {
        let room = Statement::new(
            "SELECT CAST(1 AS bigint) WHERE (SELECT count(*) FROM accounts) < CAST($1 AS bigint)",
            [ACCOUNTS_MAX.into()],
        );
        match self.run(vec![room.needed(), insert(account, None, at).needed()]).await? {
            Done::All(_) => Ok(()),
            Done::Stopped(0) => Err(AccountError::TooMany),
            Done::Stopped(_) => Err(AccountError::LoginTaken),
        }
    }

    /// Accounts in the order in which they were made.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn list(&self, page: AccountPageRequest) -> Result<Vec<Account>, ReadError> {
        let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.id > $1 ORDER BY a.id LIMIT $2");
        let after = page.after.map_or_else(String::new, |id| id.to_string());
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        self.read(Statement::new(sql, [after.into(), limit.into()]), account).await
    }

    /// The account with this id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn find(&self, id: AccountId) -> Result<Option<Credentialed>, ReadError> {
        self.find_by("id", id.to_string()).await
    }

    /// The account of whoever signs in so.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn find_login(&self, login: &Login) -> Result<Option<Credentialed>, ReadError> {
        self.find_by("login", login.as_str().to_owned()).await
    }

    async fn find_by(&self, column: &str, value: String) -> Result<Option<Credentialed>, ReadError> {
        let sql = format!(
            "SELECT {ACCOUNT}, a.password, a.totp, a.totp_pending FROM accounts a WHERE a.{column} = $1"
        );
        Ok(self.read(Statement::new(sql, [value.into()]), credentialed).await?.pop())
    }

    /// Changes an account; how it is then. Whoever is signed in with one that is disabled no longer is.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn change(&self, id: AccountId, change: &AccountChange) -> Result<Account, AccountError> {
        let key = Cell::from(id.to_string());
        let mut statements = vec![
            Statement::new("SELECT id FROM accounts WHERE id = $1", [key.clone()]).needed(),
            others_can_do_without(key.clone(), change).needed(),
            update(key.clone(), change),
        ];
        if change.access == Some(AccountAccess::Disabled) {
            let of_account = |table| format!("DELETE FROM {table} WHERE account = $1");
            statements.push(Statement::new(of_account("account_sessions"), [key.clone()]));
            statements.push(Statement::new(of_account("account_links"), [key.clone()]));
        }
        statements.push(Statement::new(format!("SELECT {ACCOUNT} FROM accounts a WHERE a.id = $1"), [key]));
        let rows = match self.run(statements).await? {
            Done::All(rows) => rows,
            Done::Stopped(0) => return Err(AccountError::Unknown),
            Done::Stopped(_) => return Err(AccountError::LastAdmin),
        };
        let row = rows.into_iter().next().ok_or(AccountError::Unknown)?;
        Ok(account(&mut Reading::of(row)).map_err(ReadError::Database)?)
    }
}

/// What an account has whose person can give any other its rights back.
const IS_FULL_ADMIN: &str = "role = 'admin' AND state = 'active' AND limits = '{}'";

/// Has a row where somebody can still manage accounts after the change.
fn others_can_do_without(id: Cell, change: &AccountChange) -> Statement {
    let stays = change.role.as_ref().is_none_or(|role| *role == Role::Admin.into())
        && change.access != Some(AccountAccess::Disabled)
        && change.limits.as_ref().is_none_or(Limits::is_none);
    if stays {
        return Statement::new("SELECT id FROM accounts WHERE id = $1", [id]);
    }
    let sql = format!(
        "SELECT id FROM accounts WHERE id = $1 AND (NOT ({IS_FULL_ADMIN})
             OR EXISTS (SELECT 1 FROM accounts WHERE id <> $1 AND {IS_FULL_ADMIN}))"
    );
    Statement::new(sql, [id])
}

fn update(id: Cell, change: &AccountChange) -> Statement {
    let access = change.access.map(|access| match access {
        AccountAccess::Enabled => "enabled",
        AccountAccess::Disabled => "disabled",
    });
    Statement::new(
        "UPDATE accounts SET
             name = coalesce(CAST($1 AS text), name),
             role = coalesce(CAST($2 AS text), role),
             limits = coalesce(CAST($3 AS text), limits),
             state = CASE WHEN CAST($4 AS text) = 'disabled' THEN 'disabled'
                 WHEN CAST($4 AS text) = 'enabled' AND state = 'disabled'
                 THEN CASE WHEN password IS NULL THEN 'invited' ELSE 'active' END
                 ELSE state END
         WHERE id = $5",
        [
            change.name.as_ref().map(PersonName::as_str).into(),
            change.role.as_ref().map(RoleName::as_str).into(),
            change.limits.as_ref().map(limits_to_column).into(),
            access.into(),
            id,
        ],
    )
}

/// Has a row where the login was free.
pub(super) fn insert(account: &Account, password: Option<&PasswordHash>, at: Timestamp) -> Statement {
    let Account { id, login, name, role, state, limits } = account;
    Statement::new(
        "INSERT INTO accounts (id, login, name, role, state, limits, password, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (login) DO NOTHING RETURNING id",
        [
            id.to_string().into(),
            login.as_str().into(),
            name.as_str().into(),
            role.as_str().into(),
            state.as_str().into(),
            limits_to_column(limits).into(),
            password.map(PasswordHash::expose).into(),
            at.as_millis().into(),
        ],
    )
}
