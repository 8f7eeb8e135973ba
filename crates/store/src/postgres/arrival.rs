//! A database that a store is moved into: what is in it, the steps, and the mark that keeps it from being served before all
//! is there.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_postgres::Client;

use super::link::{self, Link, NoAnswer};
use super::rows::{to_column, unsigned};
use super::url::PostgresUrl;
use crate::append::Heads;
use crate::group::DatabaseError;
use crate::moving::mark::{Mark, Stand};
use crate::moving::row::{Incoming, Rows};
use crate::moving::tables::{Found, JOURNAL, Numbering, TABLES, Table, quoted};
use crate::options::OpenError;

/// The row of `meta` that says where a move stands.
const MOVE: &str = "move";

/// A table is read back in one statement, and a step waits for the disk.
const UNHURRIED: &str = " -c statement_timeout=0 -c idle_in_transaction_session_timeout=60000";

/// How long one step, or the wait for the next rows, may take: a database that is gone without a word is noticed.
const STEP_TIMEOUT: Duration = Duration::from_secs(60);

/// Refuses a database into which a store is only being moved, or out of which one was taken back.
pub(super) async fn refuse_unfinished(link: &Client) -> Result<(), OpenError> {
    match read_mark(link).await? {
        None | Some(Mark { stand: Stand::Finished { .. }, .. }) => Ok(()),
        Some(Mark { stand: Stand::Copying(_), .. }) => Err(OpenError::MoveUnfinished),
        Some(Mark { stand: Stand::Undone, .. }) => Err(OpenError::MoveUndone),
    }
}

async fn read_mark(link: &Client) -> Result<Option<Mark>, OpenError> {
    let rows = link.query("SELECT value FROM meta WHERE key = $1", &[&MOVE]).await?;
    let mark = rows.first().map(|row| Mark::from_text(row.get(0))).transpose();
    mark.map_err(|_| OpenError::Meta { key: MOVE })
}

/// A database that a store is moved into.
pub(crate) struct Target(Link);

/// What a database holds before anything is done to it.
#[derive(Debug)]
pub(crate) enum Contents {
    Nothing,
    /// A move, of the journal with this epoch.
    Move(Mark, String),
    /// A store of its own.
    Store,
    /// No store, but something in this table, such as an API key.
    Rows(&'static str),
}

impl Target {
    /// Connects, and creates the tables where they are missing.
    pub(crate) async fn connect(url: &PostgresUrl) -> Result<Self, OpenError> {
        let pool = link::pool(url, UNHURRIED, 1)?;
        link::answered(async {
            let mut link = link::take(&pool).await.map_err(link::no_connection)?;
            link::migrate(&mut link).await?;
            Ok(Self(link))
        })
        .await
    }

    /// All columns that the schema has.
    pub(crate) async fn columns(&self) -> Result<Vec<Found>, OpenError> {
        let sql = "SELECT table_name::text, column_name::text, data_type::text
             FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'";
        let rows = link::answered(async { Ok(link::rows(&self.0, sql, &[]).await?) }).await?;
        Ok(rows.iter().map(|row| Found { table: row.get(0), column: row.get(1), kind: row.get(2) }).collect())
    }

    pub(crate) async fn contents(&self) -> Result<Contents, OpenError> {
        link::answered(self.read_contents()).await
    }

    async fn read_contents(&self) -> Result<Contents, OpenError> {
        let mark = read_mark(&self.0).await?;
        let epoch = link::rows(&self.0, "SELECT value FROM meta WHERE key = 'epoch'", &[]).await?;
        let epoch = epoch.first().map(|row| row.get(0));
        if let Some(mark) = mark {
            return Ok(Contents::Move(mark, epoch.unwrap_or_default()));
        }
        if epoch.is_some() {
            return Ok(Contents::Store);
        }
        for table in TABLES {
            let sql = format!("SELECT 1 FROM {} LIMIT 1", quoted(table.name));
            if !self.0.query(&sql, &[]).await?.is_empty() {
                return Ok(Contents::Rows(table.name));
            }
        }
        Ok(Contents::Nothing)
    }

    /// Begins a move: nothing but `meta`, which tells every server to stay away. What an older move of this journal left
    /// is taken out.
    ///
    /// A server that begins in the same moment is either first, and the epoch is there, or is told of the mark.
    pub(crate) async fn begin(
        &self,
        meta: &[(String, String)],
        (dedup_key, mark): (&str, &Mark),
    ) -> Result<(), DatabaseError> {
        step(async {
            self.0.batch_execute("BEGIN").await?;
            if read_mark(&self.0).await?.is_some() {
                let tables: Vec<String> = TABLES.iter().map(|table| quoted(table.name)).collect();
                self.0.batch_execute(&format!("TRUNCATE {}; DELETE FROM meta", tables.join(", "))).await?;
            }
            for (key, value) in meta {
                let insert = "INSERT INTO meta (key, value) VALUES ($1, $2)";
                self.0.execute(insert, &[key, value]).await?;
            }
            let put = "INSERT INTO meta (key, value) VALUES ('dedup_key', $1)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            self.0.execute(put, &[&dedup_key]).await?;
            let insert = "INSERT INTO meta (key, value) VALUES ($1, $2)";
            self.0.execute(insert, &[&MOVE, &mark.to_text()]).await?;
            self.0.batch_execute("COMMIT").await?;
            Ok(())
        })
        .await
    }

    /// Writes rows and how far they bring the move, both or neither.
    pub(crate) async fn copy(
        &self,
        table: &Table,
        rows: Rows,
        (from, to): (&Mark, &Mark),
    ) -> Result<(), DatabaseError> {
        let sql = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", quoted(table.name), table.column_list());
        step(async {
            self.0.batch_execute("BEGIN").await?;
            let mut sink = pin!(self.0.copy_in::<_, Bytes>(&sql).await?);
            sink.send(rows.into_copy()).await?;
            sink.finish().await?;
            self.change_mark(from, to).await?;
            self.0.batch_execute("COMMIT").await?;
            Ok(())
        })
        .await
    }

    /// Changes the mark, if it still is what it was.
    pub(crate) async fn go_on(&self, from: &Mark, to: &Mark) -> Result<(), DatabaseError> {
        step(self.change_mark(from, to)).await
    }

    async fn change_mark(&self, from: &Mark, to: &Mark) -> Result<(), DatabaseError> {
        let update = "UPDATE meta SET value = $3 WHERE key = $1 AND value = $2";
        match self.0.execute(update, &[&MOVE, &from.to_text(), &to.to_text()]).await? {
            1 => Ok(()),
            _ => Err("somebody else has written to the database".into()),
        }
    }

    /// What stands in `meta`, the mark left out.
    pub(crate) async fn meta(&self) -> Result<Vec<(String, String)>, DatabaseError> {
        let sql = "SELECT key, value FROM meta WHERE key <> $1";
        let rows = step(async { Ok(link::rows(&self.0, sql, &[&MOVE]).await?) }).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Reads a table back, row by row, until `each` has had enough: the journal in its order, others in any.
    pub(crate) async fn read(
        &self,
        table: &Table,
        mut each: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let order = if table.name == JOURNAL { "ORDER BY number" } else { "" };
        let (columns, name) = (table.column_list(), quoted(table.name));
        let sql = format!("COPY (SELECT {columns} FROM {name} {order}) TO STDOUT (FORMAT binary)");
        let mut stream = pin!(step(async { Ok(self.0.copy_out(&sql).await?) }).await?);
        let mut incoming = Incoming::default();
        while let Some(bytes) = step(async { Ok(stream.next().await.transpose()?) }).await? {
            incoming.push(&bytes);
            while let Some(row) = incoming.next()? {
                if each(&row).is_break() {
                    return Ok(());
                }
            }
        }
        if incoming.is_whole() { Ok(()) } else { Err("the rows have no end".into()) }
    }

    /// Makes the head and the numbering go on where the source was, and the database one that can be served.
    pub(crate) async fn finish(&self, heads: Heads, from: &Mark) -> Result<(), DatabaseError> {
        for table in TABLES {
            // What the planner knows of tables that were empty a moment ago is wrong.
            let analyze = format!("ANALYZE {}", quoted(table.name));
            step(async { Ok(self.0.batch_execute(&analyze).await?) }).await?;
        }
        step(async {
            self.0.batch_execute("BEGIN").await?;
            for table in TABLES.iter().filter(|table| table.numbering == Numbering::Identity) {
                let name = table.name;
                let sql = format!(
                    "SELECT setval(pg_get_serial_sequence('{name}', 'id'), coalesce(max(id), 0) + 1, false)
                     FROM {name}"
                );
                self.0.batch_execute(&sql).await?;
            }
            let move_head = r#"UPDATE journal_head
                 SET version = version + 1, number = $1, "check" = $2, message = $3, "row" = $4
                 RETURNING version"#;
            let (number, check) = (to_column(heads.journal.number), i64::from(heads.journal.check));
            let row = self.0.query_one(move_head, &[&number, &check, &heads.message, &heads.number]).await?;
            let stand = Stand::Finished { version: row.try_get(0)? };
            self.change_mark(from, &Mark { id: from.id.clone(), stand }).await?;
            self.0.batch_execute("COMMIT").await?;
            Ok(())
        })
        .await
    }

    /// The number of the audit's last entry that is there; 0 where none is.
    pub(crate) async fn audit_head(&self) -> Result<i64, DatabaseError> {
        step(async {
            let sql = "SELECT coalesce(max(number), 0) FROM audit";
            Ok(self.0.query_one(sql, &[]).await?.try_get(0)?)
        })
        .await
    }

    pub(crate) async fn head(&self) -> Result<TargetHead, DatabaseError> {
        step(async {
            let row = self.0.query_one("SELECT version, number FROM journal_head", &[]).await?;
            Ok(TargetHead { version: row.try_get(0)?, number: unsigned(&row, 1)? })
        })
        .await
    }
}

/// Gives a step a bounded time.
async fn step<T>(asked: impl Future<Output = Result<T, DatabaseError>>) -> Result<T, DatabaseError> {
    tokio::time::timeout(STEP_TIMEOUT, asked).await.unwrap_or_else(|_| Err(NoAnswer.into()))
}

/// Where the journal of a database ends.
pub(crate) struct TargetHead {
    /// It rises with each append.
    pub(crate) version: i64,
    /// The number of the newest entry.
    pub(crate) number: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moving::mark::CopyPlace;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use waypost_domain::{Epoch, Offset};

    const AN_HOUR: Duration = Duration::from_secs(3_600);

    /// Says what a new connection wants to hear, and nothing ever after.
    async fn fall_silent(listener: TcpListener) {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut asked = [0; 1_024];
        // AuthenticationOk and ReadyForQuery; then CommandComplete and ReadyForQuery for the settings.
        for answer in [b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I".as_slice(), b"C\0\0\0\x0dSELECT 0\0Z\0\0\0\x05I"] {
            assert!(client.read(&mut asked).await.unwrap() > 0);
            client.write_all(answer).await.unwrap();
        }
        while client.read(&mut asked).await.unwrap() > 0 {}
    }

    #[tokio::test]
    async fn a_database_that_falls_silent_ends_every_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://somebody@{}/x?sslmode=disable", listener.local_addr().unwrap());
        let mut silent = tokio::task::JoinSet::new();
        silent.spawn(fall_silent(listener));
        let pool = link::pool(&url.parse().unwrap(), UNHURRIED, 1).unwrap();
        let target = Target(link::take(&pool).await.unwrap());
        tokio::time::pause();

        let mark = Mark { id: "a".into(), stand: Stand::Copying(CopyPlace::before(0)) };
        let journal = Offset { epoch: Epoch::from_random(1), number: 0, check: 0 };
        let heads = Heads { journal, message: 0, number: 0, has_parked_changes: false };
        let table = &TABLES[0];
        let waits = async {
            assert!(target.columns().await.is_err());
            assert!(target.contents().await.is_err());
            assert!(target.begin(&[], ("", &mark)).await.is_err());
            assert!(target.copy(table, Rows::default(), (&mark, &mark)).await.is_err());
            assert!(target.go_on(&mark, &mark).await.is_err());
            assert!(target.meta().await.is_err());
            assert!(target.read(table, |_| ControlFlow::Continue(())).await.is_err());
            assert!(target.finish(heads, &mark).await.is_err());
            assert!(target.head().await.is_err());
        };
        tokio::time::timeout(AN_HOUR, waits).await.unwrap();
    }
}
