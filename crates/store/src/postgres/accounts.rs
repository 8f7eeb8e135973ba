//! Accounts of people, on connections of their own.

use std::error::Error;
use std::sync::Arc;

use bytes::BytesMut;
use deadpool_postgres::Pool;
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::arrival;
use super::link::{self, LOCK};
use super::url::PostgresUrl;
use super::waiter::Waiter;
use crate::accounts::statement::{Cell, Done, Need, Rows, Statement, WrongCell};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::options::{OpenError, Threads};

/// How many ask at the same time; more wait.
const CONNECTIONS: usize = 4;

/// Where accounts are. All clones are one.
#[derive(Clone)]
pub(crate) struct PostgresAccounts {
    pool: Pool,
    /// Where a caller waits, if it may await nothing.
    waiter: Option<Arc<Waiter>>,
}

impl PostgresAccounts {
    /// The accounts of a database whose schema is current.
    pub(super) fn new(url: &PostgresUrl, threads: Threads) -> Result<Self, OpenError> {
        let waiter = match threads {
            Threads::Own => None,
            Threads::Caller => Some(Arc::new(Waiter::new(threads)?)),
        };
        Ok(Self { pool: link::pool(url, "", CONNECTIONS)?, waiter })
    }

    /// Brings the schema up to the newest version first.
    pub(crate) async fn open(url: &PostgresUrl) -> Result<Self, OpenError> {
        let open = async {
            let accounts = Self::new(url, Threads::Own)?;
            link::answered(async {
                let mut link = link::take(&accounts.pool).await.map_err(link::no_connection)?;
                link::migrate(&mut link).await?;
                arrival::refuse_unfinished(&link).await
            })
            .await?;
            Ok(accounts)
        };
        open.await.map_err(|error| OpenError::Postgres { url: url.clone(), source: Box::new(error) })
    }

    pub(crate) async fn run(&self, statements: Vec<Statement>) -> Result<Done, ReadError> {
        let run = || async {
            let mut link = None;
            let asked = async { run(link.insert(link::take(&self.pool).await?), &statements).await };
            match tokio::time::timeout(link::ANSWER_TIMEOUT, asked).await {
                Ok(done) => done.map_err(ReadError::Database),
                Err(_) => {
                    // The answer may still come: the connection is no use to anybody else.
                    drop(link.map(link::Link::take));
                    Err(ReadError::of(link::NoAnswer))
                }
            }
        };
        match &self.waiter {
            None => run().await,
            Some(waiter) => waiter.wait(run),
        }
    }
}

async fn run(link: &mut link::Link, statements: &[Statement]) -> Result<Done, DatabaseError> {
    if let [one] = statements {
        let rows = ask(link, one).await?;
        let is_stopped = rows.is_empty() && one.need == Need::Rows;
        return Ok(if is_stopped { Done::Stopped(0) } else { Done::All(rows) });
    }
    let transaction = link.transaction().await?;
    // One at a time: what one statement has found is so still when the next one builds on it.
    transaction.execute(LOCK, &[&"accounts"]).await?;
    let mut last = Rows::new();
    for (place, statement) in statements.iter().enumerate() {
        last = ask(&transaction, statement).await?;
        if last.is_empty() && statement.need == Need::Rows {
            transaction.rollback().await?;
            return Ok(Done::Stopped(place));
        }
    }
    transaction.commit().await?;
    Ok(Done::All(last))
}

async fn ask(
    client: &impl deadpool_postgres::GenericClient,
    statement: &Statement,
) -> Result<Rows, DatabaseError> {
    let prepared = client.prepare_cached(&statement.sql).await?;
    let parameters: Vec<_> = statement.parameters.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
    client.query(&prepared, &parameters).await?.iter().map(cells).collect()
}

fn cells(row: &Row) -> Result<Vec<Cell>, DatabaseError> {
    let cell = |(index, column): (usize, &tokio_postgres::Column)| {
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.into(),
            Type::TEXT => row.try_get::<_, Option<String>>(index)?.into(),
            Type::BYTEA => row.try_get::<_, Option<&[u8]>>(index)?.into(),
            _ => return Err(WrongCell.into()),
        })
    };
    row.columns().iter().enumerate().map(cell).collect()
}

impl ToSql for Cell {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}
