//! The back end for more than one machine: PostgreSQL 14 or newer.
//!
//! An append decides before it takes the lock, on what was loaded under one version of the head, and writes under the
//! lock in one pipeline that does nothing if the head has moved since: `append.rs`. What is shown is what the journal has,
//! whoever appended it: `writer.rs`.

mod accounts;
mod append;
pub(crate) mod arrival;
mod audit;
mod bell;
mod customers;
mod directory;
mod housekeeping;
mod identity;
mod keys;
mod letters;
mod link;
mod load;
mod messages;
mod meta;
mod reach;
mod reads;
mod rows;
mod sessions;
mod tail;
mod tls;
mod url;
mod waiter;
mod write;
mod writer;

use std::future::Future;
use std::sync::Arc;

use deadpool_postgres::Pool;

use crate::commit::Commits;
use crate::desk::Desk;
use crate::health::Health;
use crate::options::{OpenError, Options, Threads};
pub(crate) use accounts::PostgresAccounts;
pub(crate) use audit::{AuditPool, PostgresLedger, verify_audit};
use bell::Bell;
pub(crate) use keys::PostgresKeys;
use sessions::SessionWriter;
pub use url::{PostgresUrl, PostgresUrlError};
pub(crate) use waiter::{Waiter, beside};
use writer::Writer;

/// A database, or one schema of it. All clones are one.
#[derive(Clone)]
pub(crate) struct Postgres {
    pub(crate) writer: Desk<Writer>,
    pub(crate) session_writer: Desk<SessionWriter>,
    readers: Pool,
    pub(crate) accounts: PostgresAccounts,
    /// Where a caller that reads waits, if it may await nothing.
    waiter: Option<Arc<Waiter>>,
}

impl Postgres {
    /// Connects to the database at `url` and starts the writers; creates what is missing. Blocks until that is done.
    pub(crate) fn open(
        url: &PostgresUrl,
        options: Options,
        health: Health,
    ) -> Result<(Self, Commits), OpenError> {
        Self::open_at(url, options, health)
            .map_err(|error| OpenError::Postgres { url: url.clone(), source: Box::new(error) })
    }

    fn open_at(url: &PostgresUrl, options: Options, health: Health) -> Result<(Self, Commits), OpenError> {
        let (limits, threads) = (options.limits.clone(), options.threads);
        let readers = link::pool(url, "", limits.readers)?;
        let waiter = match threads {
            Threads::Own => None,
            Threads::Caller => Some(Arc::new(Waiter::new(threads)?)),
        };
        let accounts = PostgresAccounts::new(url, threads)?;
        let (writer, commits, session_writer) = beside(|| {
            let (writer, commits) = Writer::open(url, options, health)?;
            let session_writer = SessionWriter::open(url, threads)?;
            Ok::<_, OpenError>((writer, commits, session_writer))
        })?;
        let thread = |source: std::io::Error| OpenError::Database(source.into());
        let published = writer.published();
        let writer = Desk::open(writer, threads, "waypost-writer", limits.queue_max).map_err(thread)?;
        if let Desk::Thread(jobs) = &writer {
            Bell::start(url.clone(), published, jobs.downgrade()).map_err(thread)?;
        }
        let session_writer =
            Desk::open(session_writer, threads, "waypost-sessions", limits.queue_max).map_err(thread)?;
        Ok((Self { writer, session_writer, readers, accounts, waiter }, commits))
    }

    /// Reads: within the first poll, where the caller's thread does the work.
    pub(crate) async fn reading<T: Send>(&self, read: impl Future<Output = T> + Send) -> T {
        match &self.waiter {
            None => read.await,
            Some(waiter) => waiter.wait(|| read),
        }
    }
}
