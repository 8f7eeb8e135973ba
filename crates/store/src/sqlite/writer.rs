//! The one writer of `waypost.db`. It commits in groups: whatever waits while a transaction commits goes into the next.
//!
//! A group runs as one transaction. Where a statement of it fails, it is rolled back and run again in halves, down to
//! the one item that is at fault, which becomes a dead letter. (Savepoints would save the second run and cost every
//! group that is well a copy of each page it touches.) Where the database itself is in trouble, nothing is published
//! and everybody is told so; the file is opened anew and its head read before the next group.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use waypost_domain::{DeadLetter, DeadLetterKind, ErrorDetail, Fact, SendOutcome};

use super::append::{Appender, ChangeError, Delivery, load_or_create_key, read_head, read_steps_after};
use super::checkpoint::Checkpointer;
use super::connection::{self, DataDir};
use super::transaction::{Trouble, transact};
use crate::clock::Clock;
use crate::commit::{Commit, Commits, Step};
use crate::desk::{GroupWriter, Grouped};
use crate::ids::IdSource;
use crate::job::{Done, Job, oldest};
use crate::options::{OpenError, Options, Threads};
use crate::outlet::Outlet;
use crate::store::{SendError, StoreCounts};

/// The one that writes `waypost.db`.
pub(crate) struct Writer {
    _directory: Arc<DataDir>,
    database: PathBuf,
    threads: Threads,
    /// `None` after trouble, until the file could be opened again.
    connection: Option<Connection>,
    appender: Appender,
    outlet: Outlet,
    /// The number of the newest entry that was handed on.
    published: u64,
    clock: Arc<dyn Clock>,
    /// Whether the last commit went well.
    is_well: Arc<AtomicBool>,
    checkpointer: Checkpointer,
}

impl GroupWriter for Writer {
    type Job = Job;

    fn write(&mut self, group: Vec<Job>) {
        let items = group.iter().map(Job::items).sum();
        self.commit(group);
        if let Some(connection) = &self.connection {
            self.checkpointer.wrote(items, connection);
        }
    }
}

impl Writer {
    /// Opens the database in `directory`, and settles what the process before this one left open.
    pub(crate) fn open(
        directory: Arc<DataDir>,
        options: Options,
        is_well: Arc<AtomicBool>,
    ) -> Result<(Self, Commits), OpenError> {
        let (database, threads) = (directory.database(), options.threads);
        let mut connection = connection::open_to_write(&database)?;
        connection::settle_close(&connection, threads)?;
        connection::migrate(&mut connection, &connection::MIGRATIONS)?;
        let mut ids = IdSource::new(options.seed);
        let key_file = directory.file("dedup.key");
        let dedup_key = load_or_create_key(&key_file, ids.random_key())
            .map_err(|source| OpenError::Directory { path: key_file, source })?;
        let appender = Appender::load(&connection, ids, options.encode, dedup_key)?;
        let published = read_head(&connection)?.number;
        let (outlet, commits) = Outlet::new(threads);
        let checkpointer = Checkpointer::start(database.clone(), threads)
            .map_err(|source| OpenError::Directory { path: database.clone(), source })?;
        let mut writer = Self {
            _directory: directory,
            database,
            threads,
            connection: Some(connection),
            appender,
            outlet,
            published,
            clock: options.clock,
            is_well,
            checkpointer,
        };
        writer.give_up_unfinished_sends()?;
        Ok((writer, commits))
    }

    /// A send whose call was under way when the last process ended may or may not have reached Meta.
    fn give_up_unfinished_sends(&mut self) -> Result<(), OpenError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let unfinished = super::append::send::read_under_way(connection)?;
        let now = self.clock.now();
        let outcome = SendOutcome::Unknown(ErrorDetail {
            code: 0,
            title: Some("interrupted".into()),
            details: Some("the server stopped before Meta answered".into()),
        });
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for id in unfinished {
            match self.appender.settle(&transaction, id, &outcome, now) {
                Ok(_) => {}
                Err(ChangeError::Database(error)) => return Err(error.into()),
                Err(ChangeError::UnknownCustomer | ChangeError::UnknownSend) => {
                    unreachable!("the entry was read from the same file just now")
                }
            }
        }
        transaction.commit()?;
        // Nobody listens yet: they are read from the journal like everything before.
        drop(self.appender.take_steps());
        self.published = read_head(connection)?.number;
        Ok(())
    }

    /// Commits the group, in as few transactions as its items allow, and answers everybody in it.
    fn commit(&mut self, mut group: Vec<Job>) {
        match self.try_commit(
            |appender, transaction| {
                group.iter().map(|job| apply(appender, transaction, job)).collect::<Result<Vec<_>, _>>()
            },
            oldest(&group),
        ) {
            Ok(done) => group.into_iter().zip(done).for_each(|(job, done)| job.answer(done)),
            // Answers that are dropped say that nothing is known to be stored.
            Err(Trouble::Database(_) | Trouble::Unread) => {}
            Err(Trouble::Item) if group.len() > 1 => {
                let second = group.split_off(group.len() / 2);
                self.commit(group);
                self.commit(second);
            }
            Err(Trouble::Item) => group.into_iter().for_each(|job| self.commit_alone(job)),
        }
    }

    /// Commits what can be committed of a job that failed as a whole.
    fn commit_alone(&mut self, job: Job) {
        let Job::Receive { delivery, facts, answer, queued_at } = job else {
            tracing::error!("a request that is not a webhook could not be stored");
            return;
        };
        let mut counts = StoreCounts::default();
        if self.commit_facts(&delivery, &facts, queued_at, &mut counts).is_ok() {
            // Who asked may have gone away: what is stored stays stored.
            let (Ok(()) | Err(_)) = answer.send(counts);
        }
    }

    /// Commits the facts in halves where they fail together; the single one that fails becomes a dead letter.
    fn commit_facts(
        &mut self,
        delivery: &Delivery,
        facts: &[Fact],
        queued_at: Duration,
        counts: &mut StoreCounts,
    ) -> Result<(), Trouble> {
        let attempt = self.try_commit(
            |appender, transaction| receive_all(appender, transaction, delivery, facts),
            Some(queued_at),
        );
        match (attempt, facts) {
            (Ok(more), _) => counts.add(more),
            (Err(trouble @ (Trouble::Database(_) | Trouble::Unread)), _) => return Err(trouble),
            (Err(Trouble::Item), [fact]) => {
                let letter = [Fact::Dead(refused(fact))];
                let stored = self.try_commit(
                    |appender, transaction| receive_all(appender, transaction, delivery, &letter),
                    Some(queued_at),
                );
                if matches!(stored, Err(Trouble::Item)) {
                    tracing::error!("a dead letter could not be stored");
                }
                counts.add(stored?);
            }
            (Err(Trouble::Item), facts) => {
                let (first, second) = facts.split_at(facts.len() / 2);
                self.commit_facts(delivery, first, queued_at, counts)?;
                self.commit_facts(delivery, second, queued_at, counts)?;
            }
        }
        Ok(())
    }

    /// Runs `change` as one transaction and hands on what it made visible; or leaves everything as it was. Says when
    /// trouble begins and when it ends, once each.
    fn try_commit<T>(
        &mut self,
        change: impl FnOnce(&mut Appender, &Transaction<'_>) -> Result<T, Trouble>,
        queued_at: Option<Duration>,
    ) -> Result<T, Trouble> {
        let attempt = self.attempt(change, queued_at);
        match &attempt {
            Ok(_) if !self.is_well.swap(true, Ordering::Relaxed) => {
                tracing::info!("the store can write again");
            }
            Err(Trouble::Database(error)) if self.is_well.swap(false, Ordering::Relaxed) => {
                tracing::error!(error = %error, "the store cannot write; until it can, nothing is acknowledged");
            }
            Ok(_) | Err(_) => {}
        }
        attempt
    }

    fn attempt<T>(
        &mut self,
        change: impl FnOnce(&mut Appender, &Transaction<'_>) -> Result<T, Trouble>,
        queued_at: Option<Duration>,
    ) -> Result<T, Trouble> {
        self.reopen()?;
        // Opening the file again may have handed something on.
        self.expect_room()?;
        let Self { connection: Some(connection), appender, .. } = self else {
            unreachable!("`reopen` succeeded")
        };
        let attempt = transact(connection, |transaction| change(appender, transaction));
        match &attempt {
            Ok(_) | Err(Trouble::Unread) => {}
            Err(Trouble::Item) => {
                if let Err(error) = appender.reload(connection) {
                    self.connection = None;
                    return Err(Trouble::Database(error));
                }
            }
            Err(Trouble::Database(_)) => self.connection = None,
        }
        if attempt.is_ok() {
            let steps = self.appender.take_steps();
            self.hand_on(steps, queued_at);
        }
        attempt
    }

    /// Opens the file again after trouble. What an uncertain COMMIT left in the journal after all is handed on now.
    fn reopen(&mut self) -> Result<(), Trouble> {
        if self.connection.is_some() {
            return Ok(());
        }
        self.expect_room()?;
        let (connection, missed) = self.read_again().map_err(Trouble::Database)?;
        self.connection = Some(connection);
        self.hand_on(missed, None);
        Ok(())
    }

    fn read_again(&mut self) -> rusqlite::Result<(Connection, Vec<Step>)> {
        let connection = connection::open_to_write(&self.database)?;
        connection::settle_close(&connection, self.threads)?;
        self.appender.reload(&connection)?;
        let missed = read_steps_after(&connection, self.published)?;
        Ok((connection, missed))
    }

    /// What is committed must be handed on: where there is no room for it, nothing is committed.
    fn expect_room(&self) -> Result<(), Trouble> {
        if self.outlet.has_room() {
            return Ok(());
        }
        tracing::warn!("the commits are not read; until they are, nothing is acknowledged");
        Err(Trouble::Unread)
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

fn apply(appender: &mut Appender, transaction: &Transaction<'_>, job: &Job) -> Result<Done, Trouble> {
    Ok(match job {
        Job::Receive { delivery, facts, .. } => {
            Done::Received(receive_all(appender, transaction, delivery, facts)?)
        }
        Job::Intend { app, intent, at, .. } => {
            Done::Intended(or_trouble(appender.intend(transaction, app, intent, *at))?)
        }
        Job::Settle { id, outcome, at, .. } => {
            Done::Settled(or_trouble(appender.settle(transaction, *id, outcome, *at))?)
        }
        Job::Prune { prune, doomed, pins, asked_at, .. } => {
            Done::Pruned(prune.remove(transaction, doomed, (pins, *asked_at)).map_err(Trouble::from)?)
        }
        Job::Probe { .. } => {
            transaction.execute("UPDATE meta SET value = value WHERE key = 'epoch'", [])?;
            Done::Probed
        }
    })
}

fn receive_all(
    appender: &mut Appender,
    transaction: &Transaction<'_>,
    delivery: &Delivery,
    facts: &[Fact],
) -> Result<StoreCounts, Trouble> {
    let mut counts = StoreCounts::default();
    for fact in facts {
        match appender.receive(transaction, delivery, fact) {
            Ok(received) => counts.count(received),
            Err(ChangeError::Database(error)) => return Err(error.into()),
            Err(ChangeError::UnknownCustomer | ChangeError::UnknownSend) => return Err(Trouble::Item),
        }
    }
    Ok(counts)
}

/// What the caller is told where nothing is wrong with the database, or the trouble where something is.
fn or_trouble<T>(result: Result<T, ChangeError>) -> Result<Result<T, SendError>, Trouble> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(ChangeError::UnknownCustomer) => Ok(Err(SendError::UnknownCustomer)),
        Err(ChangeError::UnknownSend) => Ok(Err(SendError::UnknownSend)),
        Err(ChangeError::Database(error)) => Err(error.into()),
    }
}

fn refused(fact: &Fact) -> DeadLetter {
    let raw = match fact {
        Fact::Message(message) => message.raw.as_str().as_bytes().to_vec(),
        Fact::Status(report) => report.raw.as_str().as_bytes().to_vec(),
        Fact::Field(report) => report.raw.as_str().as_bytes().to_vec(),
        Fact::Dead(letter) => letter.raw.clone(),
    };
    tracing::error!("an item of a webhook could not be stored; it is kept as a dead letter");
    DeadLetter { kind: DeadLetterKind::Refused, reason: "the store could not take the item".into(), raw }
}
