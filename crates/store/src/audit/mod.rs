//! Who did what, as a chain that nobody without the key can change unnoticed.
//!
//! The types that matter: [`Audit`] is the handle, [`AuditHead`] where the chain ends, [`verify`] says whether all of it is as
//! it was written.
//!
//! An entry is never waited for: it goes into a bounded queue before a thread of its own, which writes to a file or connection
//! of its own whatever waits. Where the queue is full the entry is lost, and the next one that is written says how many were.
//! Several processes extend one chain: its end is read within the transaction that writes.
//!
//! Deliberately absent: what is worth an entry, and what time it is. Start reading at `chain.rs`, then `writer.rs`.

pub(crate) mod chain;
mod key_file;
pub(crate) mod ledger;
mod verify;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use waypost_domain::{AuditEntry, AuditFilter, AuditName, Timestamp};

use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::options::{OpenError, Place};
use crate::postgres::beside;
use chain::AuditKey;
pub use chain::{AuditHead, AuditRecord, InvalidAuditHead};
pub use key_file::AuditKeyError;
use ledger::{Ledger, Reads};
pub(crate) use verify::Check;
pub use verify::{AuditFault, AuditVerified, VerifyError, verify};
use writer::{Job, Lost, QUEUE_MAX, Writer};

/// Where an audit is, and its key.
#[derive(Clone)]
pub struct AuditPlace {
    /// The store that it is about.
    pub store: Place,
    /// The file of the key.
    pub key_file: PathBuf,
}

/// Why an audit cannot be written to.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The key cannot be used.
    #[error("the key of the audit cannot be used")]
    Key(#[from] AuditKeyError),
    /// The chain was begun with another key.
    #[error("the key in {path} is not the one with which this audit was begun (`audit.key_file`)")]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// The database cannot be used.
    #[error("the audit cannot be opened")]
    Open(#[from] OpenError),
    /// The database said no.
    #[error("the audit cannot be begun")]
    Begin(#[source] DatabaseError),
}

/// The audit of a store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Audit {
    jobs: mpsc::Sender<Job>,
    lost: Arc<Lost>,
    reads: Reads,
    key: AuditKey,
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}

/// Which entries are wanted: the newest first.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// Those that fit.
    pub filter: AuditFilter,
    /// Those before this number.
    pub before: Option<i64>,
    /// How many, at most.
    pub limit: usize,
}

impl Audit {
    /// Opens the audit and starts its writer; creates what is missing, the key of `fresh_key` included, and blocks until that is
    /// done. A chain that was begun with another key is left alone.
    ///
    /// # Errors
    /// See [`AuditError`].
    pub fn open(place: &AuditPlace, fresh_key: &[u8; 32]) -> Result<Self, AuditError> {
        // The caller may be on a runtime, in which no other can be waited for.
        beside(|| Self::open_here(place, fresh_key))
    }

    fn open_here(place: &AuditPlace, fresh_key: &[u8; 32]) -> Result<Self, AuditError> {
        let mut ledger = Ledger::open(&place.store)?;
        let is_begun = ledger.has_begun().map_err(AuditError::Begin)?;
        // A new key would only hide that the old one is gone.
        let key = if is_begun {
            key_file::load(&place.key_file)?
        } else {
            key_file::load_or_create(&place.key_file, fresh_key)?
        };
        if !ledger.begin(&key).map_err(AuditError::Begin)? {
            return Err(AuditError::WrongKey { path: place.key_file.clone() });
        }
        let reads = Reads::open(&place.store)?;
        let lost = Arc::new(Lost::default());
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let writer = Writer::new(ledger, key.clone(), Arc::clone(&lost));
        writer.start(queue).map_err(|error| OpenError::Database(error.into()))?;
        Ok(Self { jobs, lost, reads, key })
    }

    /// Has an entry written, and waits for nothing.
    pub fn record(&self, entry: AuditEntry) {
        if self.jobs.try_send(Job::Entry(entry)).is_err() {
            self.lost.count();
        }
    }

    /// How many entries could not be taken, since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.all()
    }

    /// Waits until all that was recorded before is written, however long that takes; where the chain ends then. `None` where
    /// the writer is gone.
    pub async fn settle(&self) -> Option<AuditHead> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Settle(answer)).await.ok()?;
        answered.await.ok()
    }

    /// Takes out what is from before `before`, from the beginning of the chain on and no further than all is as it was written;
    /// how many entries went.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn prune(&self, before: Timestamp) -> Result<usize, ReadError> {
        let mut pruned = 0;
        loop {
            let (answer, answered) = oneshot::channel();
            self.jobs.send(Job::Prune { before, answer }).await.map_err(|_| ReadError::Closed)?;
            match answered.await.map_err(|_| ReadError::Closed)?.map_err(ReadError::Database)? {
                0 => return Ok(pruned),
                some => pruned += some,
            }
        }
    }

    /// Entries, the newest first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn page(&self, request: &AuditRequest) -> Result<Vec<AuditRecord>, ReadError> {
        self.reads.page(request).await
    }

    /// What stands for a name that must not be kept itself: always the same, and only whoever has the key can tell of which.
    ///
    /// # Panics
    /// Never: hexadecimal digits are always a name.
    #[must_use]
    pub fn stand_in(&self, name: &str) -> AuditName {
        AuditName::parse(&self.key.stands_for(name)).expect("32 hexadecimal digits are a name")
    }
}
