//! Connections: their settings, the migrations, and what an error of theirs means.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Connection, Row, Socket};

use super::tls::{Tls, TlsStream};
use super::url::PostgresUrl;
use crate::group::{DatabaseError, Trouble};
use crate::options::OpenError;

/// A connection of a pool. Statements that were prepared on it stay with it.
pub(super) type Link = deadpool_postgres::Object;

/// What turns one version of the schema into the next; the index is the version before.
const MIGRATIONS: [&str; 12] = [
    include_str!("schema.sql"),
    include_str!("schema_messages.sql"),
    include_str!("schema_fields.sql"),
    include_str!("schema_identity.sql"),
    include_str!("schema_reads.sql"),
    include_str!("schema_letters.sql"),
    include_str!("schema_keys.sql"),
    include_str!("schema_changes.sql"),
    include_str!("schema_reach.sql"),
    include_str!("schema_accounts.sql"),
    include_str!("schema_data_keys.sql"),
    include_str!("schema_audit.sql"),
];

/// The oldest server whose SQL this is written for.
const SERVER_VERSION_MIN: i32 = 140_000;

/// The encoding of text that has all of Unicode.
const ENCODING: &str = "UTF8";

/// How long a connection attempt may take, a frozen machine on the other side included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long sent bytes may stay unacknowledged before the connection counts as cut.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long anything that is asked may take, the answer included. More than the server gives itself.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long all that is asked at the start may take, migrations included.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);

/// What the server gives itself, in milliseconds: one that waits for a lock outlives one that was frozen with it.
const IDLE_IN_TRANSACTION_MS: u32 = 1_500;
const LOCK_TIMEOUT_MS: u32 = 2_500;
const STATEMENT_TIMEOUT_MS: u32 = 4_000;

/// Settings of a connection for appends: all that they ask is asked by key, whatever the planner thinks of tables that
/// have just begun.
pub(super) const BY_KEY: &str = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/// What was answered must not be lost with the server: whoever has loosened that for other databases means others. A
/// setting that is stricter than ours stays.
const COMMIT_IS_SAFE: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// The settings in `url`, with our bounds and what is to follow them in `more`. Nothing that we ask is worth compiling first; a plan that [`BY_KEY`] leaves a
/// scan in looks so expensive that it would be compiled each time, which takes longer than all the rest.
fn settings(url: &PostgresUrl, more: &str) -> Config {
    let mut config = url.config();
    let given = config.get_options().unwrap_or_default().to_owned();
    if config.get_application_name().is_none() {
        config.application_name("waypost");
    }
    config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(TCP_USER_TIMEOUT).options(format!(
        "{given} -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS} \
             -c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS} \
             -c default_transaction_isolation=read\\ committed -c jit=off{more}"
    ));
    config
}

/// A pool of connections. Those that it makes live on the runtime of whoever needs one.
pub(super) fn pool(url: &PostgresUrl, more: &str, connections: usize) -> Result<Pool, OpenError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let tls = Tls::new(url.protection()).map_err(OpenError::Connection)?;
    let manager = Manager::from_config(settings(url, more), tls, recycling);
    Pool::builder(manager)
        .max_size(connections)
        .wait_timeout(Some(ANSWER_TIMEOUT))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async { client.batch_execute(COMMIT_IS_SAFE).await.map_err(HookError::Backend) })
        }))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| OpenError::Database(error.into()))
}

/// A connection of a pool.
pub(super) async fn take(pool: &Pool) -> Result<Link, DatabaseError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => said(error),
        PoolError::Timeout(_) => NoAnswer.into(),
        error => error.into(),
    })
}

/// A connection of no pool, which lives as long as the other half is polled.
pub(super) async fn connect(
    url: &PostgresUrl,
    more: &str,
) -> Result<(Client, Connection<Socket, TlsStream>), DatabaseError> {
    let (config, tls) = (settings(url, more), Tls::new(url.protection())?);
    tokio::time::timeout(CONNECT_TIMEOUT, config.connect(tls)).await.map_err(|_| NoAnswer)?.map_err(said)
}

/// Nothing came back in time.
#[derive(Debug, thiserror::Error)]
#[error("the database server does not answer")]
pub(super) struct NoAnswer;

/// What the server said, without the detail of it, which may hold what somebody wrote.
#[derive(Debug, thiserror::Error)]
#[error("{message} (SQLSTATE {})", code.code())]
struct Said {
    code: SqlState,
    message: String,
}

/// What the server said; else what went wrong on the way to it.
fn said(error: tokio_postgres::Error) -> DatabaseError {
    match error.as_db_error() {
        Some(answer) => Said { code: answer.code().clone(), message: answer.message().to_owned() }.into(),
        None => error.into(),
    }
}

impl From<tokio_postgres::Error> for OpenError {
    /// Whoever holds a lock for longer than we wait, another server that brings the schema up perhaps, will let it go.
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => Self::Away(said(error)),
            _ => Self::Database(said(error)),
        }
    }
}

/// Gives what is asked at the start a bounded time.
pub(super) async fn answered<T>(asked: impl Future<Output = Result<T, OpenError>>) -> Result<T, OpenError> {
    let answer = tokio::time::timeout(OPEN_TIMEOUT, asked).await;
    answer.unwrap_or_else(|_| Err(OpenError::Away(NoAnswer.into())))
}

/// What it means at the start that no connection could be made.
pub(super) fn no_connection(error: DatabaseError) -> OpenError {
    if is_away(&*error) { OpenError::Away(error) } else { OpenError::Connection(error) }
}

/// Whether the server is not there, or takes no connections just now. One whose certificate or answer does not please
/// us is there.
fn is_away(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    if error.is::<NoAnswer>() {
        return true;
    }
    if let Some(answer) = error.downcast_ref::<Said>() {
        return [SqlState::CANNOT_CONNECT_NOW, SqlState::TOO_MANY_CONNECTIONS, SqlState::ADMIN_SHUTDOWN]
            .contains(&answer.code);
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return !matches!(
                error.kind(),
                io::ErrorKind::InvalidData
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::Other
            );
        }
        cause = inner.source();
    }
    false
}

/// Brings the schema up to the newest version. Of several that do so at the same time, one does it.
pub(super) async fn migrate(client: &mut Client) -> Result<(), OpenError> {
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
        current_setting('fsync')";
    let server = client.query_one(sql, &[]).await?;
    let (version, encoding, fsync): (i32, String, String) = (server.get(0), server.get(1), server.get(2));
    if version < SERVER_VERSION_MIN {
        return Err(OpenError::TooOldServer { version });
    }
    if encoding != ENCODING {
        return Err(OpenError::Encoding { encoding });
    }
    if fsync == "off" {
        tracing::warn!(
            "the database server has fsync off: what is acknowledged may be lost with its machine"
        );
    }
    let transaction = client.transaction().await?;
    transaction.execute(LOCK, &[&"migrate"]).await?;
    let create = "CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)";
    transaction.batch_execute(create).await.map_err(no_table)?;
    let version: i64 =
        transaction.query_one("SELECT coalesce(max(version), 0) FROM schema_version", &[]).await?.get(0);
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    let pending = MIGRATIONS.get(version..).ok_or(OpenError::TooNew { version, known: MIGRATIONS.len() })?;
    // An index over all messages takes longer than what runs beside others may.
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await?;
    for migration in pending {
        transaction.batch_execute(migration).await.map_err(no_table)?;
    }
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.batch_execute("DELETE FROM schema_version").await?;
    transaction.execute("INSERT INTO schema_version (version) VALUES ($1)", &[&newest]).await?;
    transaction.commit().await?;
    Ok(())
}

/// Why a table could not be created.
fn no_table(error: tokio_postgres::Error) -> OpenError {
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE | &SqlState::INVALID_SCHEMA_NAME) => {
            OpenError::Rights(said(error))
        }
        _ => error.into(),
    }
}

/// Waits for the lock of one purpose within one schema, until the transaction ends.
pub(super) const LOCK: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('waypost/' || current_schema() || '/' || $1::text, 0))";

/// A value for a statement.
pub(super) type Parameter = Box<dyn ToSql + Sync + Send>;

/// The rows of a statement that is prepared once on each connection.
pub(super) async fn rows(
    link: &Link,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let statement = link.prepare_cached(sql).await?;
    link.query(&statement, parameters).await
}

/// Runs the futures as one pipeline: each is sent in its turn, and none waits for the answer to the one before.
pub(super) async fn in_order<T>(futures: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.into_iter().map(|future| (Some(future), None)).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for (future, output) in &mut pending {
            let Some(running) = future else { continue };
            match running.as_mut().poll(context) {
                Poll::Ready(value) => {
                    *output = Some(value);
                    *future = None;
                }
                Poll::Pending => is_done = false,
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}

/// What an error of a transaction means.
pub(super) enum Failure {
    /// The head has moved since the decision, or another transaction was in the way: it is to be decided again.
    Stale,
    Trouble(Trouble),
}

impl From<tokio_postgres::Error> for Failure {
    /// What the caller's data can cause is the item's fault: integrity (class 23), values (22) and the program's limits
    /// (54). Everything else is the database's.
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code().map(SqlState::code) {
            Some("WP001" | "40001" | "40P01") => Self::Stale,
            Some(code) if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => {
                Self::Trouble(Trouble::Item)
            }
            _ => Self::Trouble(Trouble::Database(said(error))),
        }
    }
}
