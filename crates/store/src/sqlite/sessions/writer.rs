//! The one writer of `sessions.db`. It commits in groups; a group that fails is run again in halves, down to the one
//! request that is at fault, whose answer says that nothing was stored.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, Transaction};

use super::{housekeeping, statements};
use crate::desk::{GroupWriter, Grouped};
use crate::group::Trouble;
use crate::options::{OpenError, Threads};
use crate::session_job::{SessionDone, SessionJob};
use crate::sqlite::checkpoint::Checkpointer;
use crate::sqlite::connection::{self, DataDir};
use crate::sqlite::transaction::{transact, trouble};

/// What turns one schema version of `sessions.db` into the next; the index is the version before.
pub(crate) const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// The one that writes `sessions.db`.
pub(crate) struct SessionWriter {
    database: PathBuf,
    threads: Threads,
    /// `None` after trouble, until the file could be opened again.
    connection: Option<Connection>,
    /// Whether the last commit went well.
    is_well: bool,
    checkpointer: Checkpointer,
    /// The last to go: whoever owns the directory next finds the files closed.
    _directory: Arc<DataDir>,
}

impl GroupWriter for SessionWriter {
    type Job = SessionJob;

    fn write(&mut self, group: Vec<SessionJob>) {
        let items = group.iter().map(SessionJob::items).sum();
        self.commit(group);
        if let Some(connection) = &self.connection {
            self.checkpointer.wrote(items, connection);
        }
    }
}

impl SessionWriter {
    /// Opens the file in `directory`; creates what is missing.
    pub(crate) fn open(directory: Arc<DataDir>, threads: Threads) -> Result<Self, OpenError> {
        let database = directory.sessions();
        let mut connection = open_to_write(&database, threads)?;
        connection::migrate(&mut connection, &MIGRATIONS)?;
        let checkpointer = Checkpointer::start(database.clone(), threads)
            .map_err(|source| OpenError::Directory { path: database.clone(), source })?;
        Ok(Self {
            database,
            threads,
            connection: Some(connection),
            is_well: true,
            checkpointer,
            _directory: directory,
        })
    }

    /// Commits the group, in as few transactions as its jobs allow, and answers everybody in it.
    fn commit(&mut self, mut group: Vec<SessionJob>) {
        let attempt = self.attempt(&group);
        self.note(&attempt);
        match attempt {
            Ok(done) => group.into_iter().zip(done).for_each(|(job, done)| job.answer(done)),
            Err(Trouble::Item) if group.len() > 1 => {
                let second = group.split_off(group.len() / 2);
                self.commit(group);
                self.commit(second);
            }
            Err(Trouble::Item) => tracing::error!("a change of a session could not be stored"),
            // Answers that are dropped say that nothing is known to be stored.
            Err(Trouble::Database(_) | Trouble::Unread) => {}
        }
    }

    fn attempt(&mut self, group: &[SessionJob]) -> Result<Vec<SessionDone>, Trouble> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_to_write(&self.database, self.threads).map_err(trouble)?,
        };
        let attempt = transact(&mut connection, |transaction| {
            group.iter().map(|job| apply(transaction, job)).collect()
        });
        if !matches!(attempt, Err(Trouble::Database(_))) {
            self.connection = Some(connection);
        }
        attempt
    }

    /// Says when trouble begins and when it ends, once each.
    fn note<T>(&mut self, attempt: &Result<T, Trouble>) {
        match attempt {
            Ok(_) if !self.is_well => {
                self.is_well = true;
                tracing::info!("sessions can be stored again");
            }
            Err(Trouble::Database(error)) if self.is_well => {
                self.is_well = false;
                tracing::error!(error = %error, "sessions cannot be stored");
            }
            Ok(_) | Err(_) => {}
        }
    }
}

fn open_to_write(database: &std::path::Path, threads: Threads) -> rusqlite::Result<Connection> {
    let connection = connection::open_to_write(database)?;
    connection::settle_close(&connection, threads)?;
    Ok(connection)
}

fn apply(transaction: &Transaction<'_>, job: &SessionJob) -> Result<SessionDone, Trouble> {
    Ok(match job {
        SessionJob::Create { new, .. } => SessionDone::Held(statements::create(transaction, new)?),
        SessionJob::Resume { tenure, at, alive_since, .. } => {
            SessionDone::Held(statements::resume(transaction, *tenure, *at, *alive_since)?)
        }
        SessionJob::Enter { tenure, room, alive_since, .. } => {
            SessionDone::Moved(statements::enter(transaction, *tenure, room, *alive_since)?)
        }
        SessionJob::Leave { tenure, name, alive_since, .. } => {
            SessionDone::Moved(statements::leave(transaction, *tenure, name, *alive_since)?)
        }
        SessionJob::Touch { sessions, at, alive_since, .. } => {
            statements::touch(transaction, sessions, *at, *alive_since)?;
            SessionDone::Touched
        }
        SessionJob::Prune { doomed, .. } => SessionDone::Pruned(housekeeping::remove(transaction, doomed)?),
    })
}
