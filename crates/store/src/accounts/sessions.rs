//! Who is signed in.

use std::iter;

use waypost_domain::{AccountId, AccountSessionId, Timestamp};

use super::columns::{ACCOUNT, SESSION, session, signed_in};
use super::proof::{ProofError, still_proved};
use super::statement::{Cell, Statement};
use super::{
    AccountSession, Accounts, Alive, Credentialed, SESSIONS_PER_ACCOUNT_MAX, SecretDigest, SignedIn,
};
use crate::error::ReadError;

/// How many sessions one statement asks after. It always asks after as many, so that it is prepared once.
const ASKED_AT_ONCE: usize = 100;

/// Which sessions of an account end.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// This one.
    One(AccountSessionId),
    /// All but this one.
    AllBut(AccountSessionId),
    /// All.
    All,
}

impl Accounts {
    /// Somebody is signed in from now on, whose browser has the secret of this digest. Whoever was signed in with the account
    /// in too many places no longer is, the oldest first. `proved` is the account as it was when its person proved to be it:
    /// a password, a secret of one-time passwords or a state of before signs nobody in.
    ///
    /// # Errors
    /// See [`ProofError`].
    pub async fn begin_session(
        &self,
        proved: &Credentialed,
        session: &AccountSession,
        digest: &SecretDigest,
    ) -> Result<(), ProofError> {
        let account = proved.account.id;
        let id = Cell::from(account.to_string());
        let over = "DELETE FROM account_sessions WHERE expires_at <= $1";
        let too_many = "DELETE FROM account_sessions WHERE account = $1 AND id NOT IN (
                SELECT id FROM account_sessions WHERE account = $1 ORDER BY created_at DESC, id DESC LIMIT $2)";
        let insert =
            "INSERT INTO account_sessions (id, account, digest, agent, created_at, seen_at, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let AccountSession { id: session, agent, created_at, seen_at, expires_at } = session;
        self.run_proved(vec![
            still_proved(proved).needed(),
            Statement::new(over, [created_at.as_millis().into()]),
            Statement::new(too_many, [id.clone(), (SESSIONS_PER_ACCOUNT_MAX - 1).into()]),
            Statement::new(
                insert,
                [
                    session.to_string().into(),
                    id,
                    digest[..].into(),
                    agent.as_deref().into(),
                    created_at.as_millis().into(),
                    seen_at.as_millis().into(),
                    expires_at.as_millis().into(),
                ],
            ),
        ])
        .await
    }

    /// Who is signed in with the secret of this digest.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn find_session(
        &self,
        digest: &SecretDigest,
        alive: Alive,
    ) -> Result<Option<SignedIn>, ReadError> {
        Ok(self.signed_in("s.digest = $3", alive, [digest[..].into()]).await?.pop())
    }

    /// Those of the sessions with these ids that are alive, each with its account as it is now, in any order.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn sessions_alive(
        &self,
        ids: &[AccountSessionId],
        alive: Alive,
    ) -> Result<Vec<SignedIn>, ReadError> {
        let condition = format!("s.id IN ({})", places_from(3));
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(ASKED_AT_ONCE) {
            found.extend(self.signed_in(&condition, alive, padded(some)).await?);
        }
        Ok(found)
    }

    async fn signed_in(
        &self,
        condition: &str,
        alive: Alive,
        parameters: impl IntoIterator<Item = Cell>,
    ) -> Result<Vec<SignedIn>, ReadError> {
        let sql = format!(
            "SELECT {SESSION}, {ACCOUNT}, CASE WHEN a.totp IS NULL THEN 'off' ELSE 'on' END
             FROM account_sessions s JOIN accounts a ON a.id = s.account
             WHERE s.expires_at > $1 AND s.seen_at > $2 AND a.state = 'active' AND {condition}"
        );
        let times = [alive.now.as_millis().into(), alive.seen_after.as_millis().into()];
        self.read(Statement::new(sql, times.into_iter().chain(parameters)), signed_in).await
    }

    /// The sessions of an account that are alive, those that were used last first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn sessions_of(
        &self,
        account: AccountId,
        alive: Alive,
    ) -> Result<Vec<AccountSession>, ReadError> {
        let sql = format!(
            "SELECT {SESSION} FROM account_sessions s
             WHERE s.expires_at > $1 AND s.seen_at > $2 AND s.account = $3 ORDER BY s.seen_at DESC, s.id DESC"
        );
        let parameters =
            [alive.now.as_millis().into(), alive.seen_after.as_millis().into(), account.to_string().into()];
        self.read(Statement::new(sql, parameters), session).await
    }

    /// Notes that sessions were used.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn touch_sessions(&self, ids: &[AccountSessionId], at: Timestamp) -> Result<(), ReadError> {
        let (places, padded) = (places_from(2), ids.chunks(ASKED_AT_ONCE).map(padded));
        let sql = format!("UPDATE account_sessions SET seen_at = $1 WHERE seen_at < $1 AND id IN ({places})");
        let statements = padded
            .map(|ids| Statement::new(&*sql, iter::once(Cell::from(at.as_millis())).chain(ids)))
            .collect();
        self.run(statements).await.map(drop)
    }

    /// Ends sessions of an account; how many there were.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn end_sessions(&self, account: AccountId, ending: Ending) -> Result<usize, ReadError> {
        Ok(self.rows(vec![end(account, ending)]).await?.len())
    }
}

/// The parameters of as many ids as are asked after at once.
fn places_from(first: usize) -> String {
    let places: Vec<String> = (first..first + ASKED_AT_ONCE).map(|place| format!("${place}")).collect();
    places.join(", ")
}

fn padded(ids: &[AccountSessionId]) -> impl Iterator<Item = Cell> {
    ids.iter().cycle().take(ASKED_AT_ONCE).map(|id| id.to_string().into())
}

pub(super) fn end(account: AccountId, ending: Ending) -> Statement {
    let (condition, id) = match ending {
        Ending::One(id) => ("id = $2", id.to_string()),
        Ending::AllBut(id) => ("id <> $2", id.to_string()),
        // No id is empty.
        Ending::All => ("id <> $2", String::new()),
    };
    let sql = format!("DELETE FROM account_sessions WHERE account = $1 AND {condition} RETURNING id");
    Statement::new(sql, [account.to_string().into(), id.into()])
}
