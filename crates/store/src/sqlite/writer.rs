//! The one writer of `waypost.db`. It commits in groups: whatever waits while a transaction commits goes into the next.
//!
//! Where the database itself is in trouble, the file is opened anew and its head read before the next group.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use waypost_domain::{Epoch, ErrorDetail, SendOutcome};

use super::append::{append, read_heads, read_under_way};
use super::checkpoint::Checkpointer;
use super::connection::{self, DataDir};
use super::dedup_key::load_or_create_key;
use super::departure;
use super::housekeeping;
use super::journal::{read_head, read_steps_after, settle_epoch};
use super::transaction::{transact, trouble};
use crate::append::{Decider, Item, Making};
use crate::clock::Clock;
use crate::commit::{Commit, Commits, Step};
use crate::desk::{GroupWriter, Grouped};
use crate::group::{Committer, Trouble, Work, Worked, commit, worked};
use crate::health::Health;
use crate::ids::IdSource;
use crate::job::Job;
use crate::options::{OpenError, Options, Threads};
use crate::outlet::Outlet;

/// The one that writes `waypost.db`.
pub(crate) struct Writer {
    database: PathBuf,
    threads: Threads,
    /// `None` after trouble, until the file could be opened again.
    connection: Option<Connection>,
    decider: Decider,
    outlet: Outlet,
    /// The number of the newest entry that was handed on.
    published: u64,
    clock: Arc<dyn Clock>,
    health: Health,
    checkpointer: Checkpointer,
    /// The last to go: whoever owns the directory next finds the files closed.
    _directory: Arc<DataDir>,
}

impl GroupWriter for Writer {
    type Job = Job;

    fn write(&mut self, group: Vec<Job>) {
        let items = group.iter().map(Job::items).sum();
        commit(self, group);
        if let Some(connection) = &self.connection {
            self.checkpointer.wrote(items, connection);
        }
    }
}

impl Committer for Writer {
    fn attempt(&mut self, work: Work<'_>, queued_at: Option<Duration>) -> Result<Worked, Trouble> {
        self.reopen()?;
        // Opening the file again may have handed something on.
        self.outlet.expect_room()?;
        let Self { connection: Some(connection), decider, .. } = self else {
            unreachable!("`reopen` succeeded")
        };
        match transact(connection, |transaction| carry_out(decider, transaction, work)) {
            Ok((worked, steps)) => {
                self.hand_on(steps, queued_at);
                Ok(worked)
            }
            Err(Trouble::Item) => {
                match read_heads(connection) {
                    Ok(heads) => decider.reload(heads),
                    Err(error) => {
                        self.connection = None;
                        return Err(trouble(error));
                    }
                }
                Err(Trouble::Item)
            }
            Err(Trouble::Database(error)) => {
                self.connection = None;
                Err(Trouble::Database(error))
            }
            Err(Trouble::Unread) => Err(Trouble::Unread),
        }
    }

    fn health(&self) -> &Health {
        &self.health
    }
}

impl Writer {
    /// Opens the database in `directory`, and settles what the process before this one left open.
    pub(crate) fn open(
        directory: Arc<DataDir>,
        options: Options,
        health: Health,
    ) -> Result<(Self, Commits), OpenError> {
        let (database, threads) = (directory.database(), options.threads);
        let mut connection = connection::open_to_write(&database)?;
        connection::settle_close(&connection, threads)?;
        connection::migrate(&mut connection, &connection::MIGRATIONS)?;
        departure::refuse_moved(&connection, directory.path())?;
        let mut ids = IdSource::new(options.seed);
        let key_file = directory.file("dedup.key");
        let dedup_key = load_or_create_key(&key_file, ids.random_key())
            .map_err(|source| OpenError::Directory { path: key_file, source })?;
        settle_epoch(&connection, Epoch::from_random(ids.random_u64()))?;
        let heads = read_heads(&connection)?;
        let (encode, portfolios) = (options.encode, options.portfolios);
        let decider = Decider::new(Making { ids, encode, dedup_key, portfolios }, heads);
        let (outlet, commits) = Outlet::new(threads);
        let checkpointer = Checkpointer::start(database.clone(), threads)
            .map_err(|source| OpenError::Directory { path: database.clone(), source })?;
        let mut writer = Self {
            database,
            threads,
            connection: Some(connection),
            decider,
            outlet,
            published: heads.journal.number,
            clock: options.clock,
            health,
            checkpointer,
            _directory: directory,
        };
        writer.give_up_unfinished_sends()?;
        Ok((writer, commits))
    }

    /// A send whose call was under way when the last process ended may or may not have reached Meta.
    fn give_up_unfinished_sends(&mut self) -> Result<(), OpenError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let outcome = SendOutcome::Unknown(ErrorDetail {
            code: 0,
            title: Some("interrupted".into()),
            details: Some("the server stopped before Meta answered".into()),
        });
        let now = self.clock.now();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let unfinished = read_under_way(&transaction)?.into_iter();
        let items: Vec<Item<'_>> = unfinished.map(|id| self.decider.outcome(id, &outcome, now)).collect();
        // Nobody listens yet: what it makes visible is read from the journal like everything before.
        append(&transaction, &mut self.decider, &items)?;
        transaction.commit()?;
        self.published = read_head(connection)?.number;
        Ok(())
    }

    /// Opens the file again after trouble. What an uncertain COMMIT left in the journal after all is handed on now.
    fn reopen(&mut self) -> Result<(), Trouble> {
        if self.connection.is_some() {
            return Ok(());
        }
        self.outlet.expect_room()?;
        let (connection, missed) = self.read_again().map_err(trouble)?;
        self.connection = Some(connection);
        self.hand_on(missed, None);
        Ok(())
    }

    fn read_again(&mut self) -> rusqlite::Result<(Connection, Vec<Step>)> {
        let connection = connection::open_to_write(&self.database)?;
        connection::settle_close(&connection, self.threads)?;
        self.decider.reload(read_heads(&connection)?);
        let missed = read_steps_after(&connection, self.published)?;
        Ok((connection, missed))
    }

    fn hand_on(&mut self, steps: Vec<Step>, queued_at: Option<Duration>) {
        if steps.is_empty() {
            return;
        }
        let newest = steps.iter().rev().find_map(|step| match step {
            Step::Event(event) => Some(event.offset.number),
            Step::Bind { .. } => None,
        });
        self.published = newest.unwrap_or(self.published);
        let queued_at = queued_at.unwrap_or_else(|| self.clock.monotonic());
        self.outlet.send(Commit { steps, queued_at });
    }
}

/// Does all of the work; what became of it, and what is to be handed on.
fn carry_out(
    decider: &mut Decider,
    transaction: &Transaction<'_>,
    work: Work<'_>,
) -> Result<(Worked, Vec<Step>), Trouble> {
    let items = work.items(decider);
    let (outcomes, plan) = append(transaction, decider, &items)?;
    let mut pruned = Vec::new();
    let jobs = match work {
        Work::Jobs(jobs) => jobs,
        Work::Facts(..) => &[],
    };
    for job in jobs {
        match job {
            Job::Receive { .. }
            | Job::Claim { .. }
            | Job::Revive { .. }
            | Job::Understand { .. }
            | Job::Intend { .. }
            | Job::Settle { .. }
            | Job::Expire { .. }
            | Job::Amend { .. }
            | Job::Assign { .. }
            | Job::Clear { .. }
            | Job::Look { .. } => {}
            Job::Prune { prune, doomed, pins, asked_at, .. } => {
                pruned.push(housekeeping::remove(transaction, (*prune, doomed), (pins, *asked_at))?);
            }
            Job::Probe { .. } => {
                transaction.execute("UPDATE meta SET value = value WHERE key = 'epoch'", [])?;
            }
        }
    }
    Ok((worked(work, outcomes, pruned), plan.into_steps()))
}
