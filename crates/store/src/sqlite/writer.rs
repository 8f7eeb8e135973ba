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
use waypost_domain::{DeadLetter, DeadLetterKind, Epoch, ErrorDetail, Fact, SendOutcome};

use super::append::{append, read_heads, read_under_way};
use super::checkpoint::Checkpointer;
use super::connection::{self, DataDir};
use super::dedup_key::load_or_create_key;
use super::journal::{read_head, read_steps_after, settle_epoch};
use super::transaction::{Trouble, transact};
use crate::append::{Decider, Delivery, Item, Outcome};
use crate::clock::Clock;
use crate::commit::{Commit, Commits, Step};
use crate::desk::{GroupWriter, Grouped};
use crate::ids::IdSource;
use crate::job::{Done, Job, oldest};
use crate::options::{OpenError, Options, Threads};
use crate::outlet::Outlet;
use crate::store::StoreCounts;

/// The one that writes `waypost.db`.
pub(crate) struct Writer {
    _directory: Arc<DataDir>,
    database: PathBuf,
    threads: Threads,
    /// `None` after trouble, until the file could be opened again.
    connection: Option<Connection>,
    decider: Decider,
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
        settle_epoch(&connection, Epoch::from_random(ids.random_u64()))?;
        let heads = read_heads(&connection)?;
        let decider = Decider::new(ids, options.encode, dedup_key, heads);
        let (outlet, commits) = Outlet::new(threads);
        let checkpointer = Checkpointer::start(database.clone(), threads)
            .map_err(|source| OpenError::Directory { path: database.clone(), source })?;
        let mut writer = Self {
            _directory: directory,
            database,
            threads,
            connection: Some(connection),
            decider,
            outlet,
            published: heads.journal.number,
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

    /// Commits the group, in as few transactions as its items allow, and answers everybody in it.
    fn commit(&mut self, mut group: Vec<Job>) {
        match self.try_commit(|decider, transaction| apply_all(decider, transaction, &group), oldest(&group))
        {
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
            |decider, transaction| receive_all(decider, transaction, delivery, facts),
            Some(queued_at),
        );
        match (attempt, facts) {
            (Ok(more), _) => counts.add(more),
            (Err(trouble @ (Trouble::Database(_) | Trouble::Unread)), _) => return Err(trouble),
            (Err(Trouble::Item), [fact]) => {
                let letter = [Fact::Dead(refused(fact))];
                let stored = self.try_commit(
                    |decider, transaction| receive_all(decider, transaction, delivery, &letter),
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
        change: impl FnOnce(&mut Decider, &Transaction<'_>) -> Result<(T, Vec<Step>), Trouble>,
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
        change: impl FnOnce(&mut Decider, &Transaction<'_>) -> Result<(T, Vec<Step>), Trouble>,
        queued_at: Option<Duration>,
    ) -> Result<T, Trouble> {
        self.reopen()?;
        // Opening the file again may have handed something on.
        self.expect_room()?;
        let Self { connection: Some(connection), decider, .. } = self else {
            unreachable!("`reopen` succeeded")
        };
        match transact(connection, |transaction| change(decider, transaction)) {
            Ok((value, steps)) => {
                self.hand_on(steps, queued_at);
                Ok(value)
            }
            Err(Trouble::Item) => {
                match read_heads(connection) {
                    Ok(heads) => decider.reload(heads),
                    Err(error) => {
                        self.connection = None;
                        return Err(Trouble::Database(error));
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
        self.decider.reload(read_heads(&connection)?);
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

/// Does all that the group asks; what became of each, and what is to be handed on.
fn apply_all(
    decider: &mut Decider,
    transaction: &Transaction<'_>,
    group: &[Job],
) -> Result<(Vec<Done>, Vec<Step>), Trouble> {
    let items: Vec<Item<'_>> = group.iter().flat_map(|job| job.decided(decider)).collect();
    let (outcomes, plan) = append(transaction, decider, &items)?;
    let mut outcomes = outcomes.into_iter();
    let done = group
        .iter()
        .map(|job| match job {
            Job::Receive { facts, .. } => Ok(Done::Received(count(outcomes.by_ref().take(facts.len())))),
            Job::Intend { .. } | Job::Settle { .. } => match outcomes.next() {
                Some(Outcome::Intended(intent)) => Ok(Done::Intended(intent)),
                Some(Outcome::Settled(entry)) => Ok(Done::Settled(entry)),
                Some(Outcome::Received(_)) | None => unreachable!("each item has its own outcome, in order"),
            },
            Job::Prune { prune, doomed, pins, asked_at, .. } => {
                Ok(Done::Pruned(prune.remove(transaction, doomed, (pins, *asked_at))?))
            }
            Job::Probe { .. } => {
                transaction.execute("UPDATE meta SET value = value WHERE key = 'epoch'", [])?;
                Ok(Done::Probed)
            }
        })
        .collect::<Result<_, Trouble>>()?;
    Ok((done, plan.into_steps()))
}

fn receive_all(
    decider: &mut Decider,
    transaction: &Transaction<'_>,
    delivery: &Delivery,
    facts: &[Fact],
) -> Result<(StoreCounts, Vec<Step>), Trouble> {
    let items: Vec<Item<'_>> = facts.iter().map(|fact| decider.fact(delivery, fact)).collect();
    let (outcomes, plan) = append(transaction, decider, &items)?;
    Ok((count(outcomes.into_iter()), plan.into_steps()))
}

fn count(outcomes: impl Iterator<Item = Outcome>) -> StoreCounts {
    let mut counts = StoreCounts::default();
    for outcome in outcomes {
        match outcome {
            Outcome::Received(received) => counts.count(received),
            Outcome::Intended(_) | Outcome::Settled(_) => unreachable!("an item of a webhook is received"),
        }
    }
    counts
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
