//! A database as an outsider asks it: each question on a connection and a thread of its own, so that it can be asked from
//! within a runtime and while the product's connections are cut.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;
use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

/// A database, or one schema of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    url: String,
}

impl Database {
    /// The one at this address.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// Where to connect.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The rows that an SQL query gives, as text.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[must_use]
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.try_rows(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// The rows that an SQL query gives, as text.
    ///
    /// # Errors
    ///
    /// When the server is not there, or refuses.
    pub fn try_rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Error> {
        self.ask(async |client| {
            let answer = client.simple_query(sql).await?;
            let rows = answer.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
                }
                _ => None,
            });
            Ok(rows.collect())
        })
    }

    /// The only column of the only row.
    ///
    /// # Panics
    ///
    /// When the query fails, or gives none.
    #[must_use]
    #[track_caller]
    pub fn text(&self, sql: &str) -> String {
        let first = self.rows(sql).into_iter().flatten().flatten().next();
        first.unwrap_or_else(|| panic!("{sql}: it gives nothing"))
    }

    /// Carries out SQL statements, in one transaction.
    ///
    /// # Panics
    ///
    /// When one fails.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        let done = self.ask(async |client| client.batch_execute(sql).await);
        done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Carries out SQL statements in a transaction that stays open until the end of the returned value, and is rolled back
    /// then: its locks are held meanwhile.
    ///
    /// # Panics
    ///
    /// When one fails.
    #[must_use]
    #[track_caller]
    pub fn hold(&self, sql: &str) -> Hold {
        let (database, sql) = (self.clone(), format!("BEGIN; {sql}"));
        let (release, released) = oneshot::channel::<()>();
        // One answer comes, so one slot never makes the thread wait.
        let (held, holds) = mpsc::sync_channel(1);
        let holder = thread::spawn(move || {
            let ended = database.ask(async |client| {
                client.batch_execute(&sql).await?;
                held.send(()).expect("the test waits for it");
                // The other end is dropped, never sent to.
                drop(released.await);
                client.batch_execute("ROLLBACK").await
            });
            ended.expect("the transaction is ours to the end");
        });
        holds.recv().expect("the statements are carried out");
        Hold { release: Some(release), holder: Some(holder) }
    }

    fn ask<T: Send>(
        &self,
        question: impl AsyncFnOnce(&Client) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime can be made");
                runtime.block_on(async {
                    let (client, mut connection) = tokio_postgres::connect(&self.url, NoTls).await?;
                    tokio::select! {
                        answer = question(&client) => answer,
                        // Where it ends first, the question fails for that reason.
                        ended = &mut connection => Err(ended.expect_err("the client is still there")),
                    }
                })
            });
            asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// A transaction that is open until the end of this value.
pub struct Hold {
    release: Option<oneshot::Sender<()>>,
    holder: Option<JoinHandle<()>>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(holder) = self.holder.take() {
            // One that panicked has said why.
            drop(holder.join());
        }
    }
}
