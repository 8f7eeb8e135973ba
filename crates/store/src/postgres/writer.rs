//! The writer: commits groups, and hands on what is in the journal, its own entries and those of others, in one order.
//!
//! What is handed on is contiguous. An append of ours is handed on from memory, because it was written only if nothing
//! came between; everything else is read from the journal after the last entry that was handed on: what other nodes
//! appended, and what a COMMIT left whose answer never came. The bell says when to look: `bell.rs`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use waypost_domain::{ErrorDetail, SendOutcome};

use super::append::{Append, Appended, Locking, Request};
use super::link::{self, BY_KEY, Failure};
use super::meta::{self, Meta};
use super::tail::read_head;
use super::url::PostgresUrl;
use super::waiter::Waiter;
use crate::append::{Decider, Item, Making};
use crate::clock::Clock;
use crate::commit::{Commit, Commits, Step};
use crate::desk::GroupWriter;
use crate::group::{Committer, Trouble, Work, Worked, commit, worked};
use crate::health::Health;
use crate::ids::IdSource;
use crate::job::Job;
use crate::options::{OpenError, Options};
use crate::outlet::Outlet;

/// How a group is tried until it is trouble. That it fails under the lock, because others had appended more meanwhile than
/// one reading holds, is rare once.
const TRIES: [Locking; 4] =
    [Locking::AfterDeciding, Locking::BeforeLoading, Locking::BeforeLoading, Locking::BeforeLoading];

/// The one that appends.
pub(crate) struct Writer {
    waiter: Waiter,
    append: Append,
    outlet: Outlet,
    /// The number of the newest entry that was handed on.
    published: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    health: Health,
}

impl GroupWriter for Writer {
    type Job = Job;

    fn write(&mut self, group: Vec<Job>) {
        commit(self, group);
    }
}

impl Committer for Writer {
    fn attempt(&mut self, work: Work<'_>, queued_at: Option<Duration>) -> Result<Worked, Trouble> {
        let jobs = match work {
            Work::Jobs(jobs) => jobs,
            Work::Facts(..) => &[],
        };
        if self.append.is_lost() || jobs.iter().any(|job| self.is_to_look(job)) {
            self.catch_up()?;
        }
        let items = work.items(self.append.decider());
        let request = Request { items: &items, jobs };
        for locking in TRIES {
            let tried = match locking {
                Locking::AfterDeciding => {
                    self.outlet.expect_room()?;
                    self.waiter.wait(|| self.append.commit(request))
                }
                Locking::BeforeLoading => {
                    self.catch_up()?;
                    self.outlet.expect_room()?;
                    let published = *self.published.borrow();
                    self.waiter.wait(|| self.append.commit_locked(request, published))
                }
            };
            match tried {
                Ok(Appended { outcomes, steps, pruned }) => {
                    self.hand_on(steps, queued_at);
                    return Ok(worked(work, outcomes, pruned));
                }
                Err(Failure::Trouble(trouble)) => return Err(trouble),
                Err(Failure::Stale) => {}
            }
        }
        Err(Trouble::Database("others append more than can be read".into()))
    }

    fn health(&self) -> &Health {
        &self.health
    }
}

impl Writer {
    /// Connects, brings the schema up to date, and settles what the process before this one left open.
    pub(super) fn open(
        url: &PostgresUrl,
        options: Options,
        health: Health,
    ) -> Result<(Self, Commits), OpenError> {
        let waiter = Waiter::new(options.threads)?;
        let pool = link::pool(url, BY_KEY, 1)?;
        let (outlet, commits) = Outlet::new(options.threads);
        let mut ids = IdSource::new(options.seed);
        let (append, published) = waiter.wait(|| {
            link::answered(async {
                let mut link = link::take(&pool).await.map_err(link::no_connection)?;
                link::migrate(&mut link).await?;
                let Meta { epoch, dedup_key } = meta::settle(&link, &mut ids).await?;
                let heads = read_head(&link, epoch).await.map_err(OpenError::Database)?.heads;
                let (encode, portfolios) = (options.encode, options.portfolios);
                let decider = Decider::new(Making { ids, encode, dedup_key, portfolios }, heads);
                Ok((Append::new(pool, link, epoch, decider), heads.journal.number))
            })
        })?;
        let published = watch::Sender::new(published);
        let mut writer = Self { waiter, append, outlet, published, clock: options.clock, health };
        writer.give_up_unfinished_sends()?;
        Ok((writer, commits))
    }

    /// The number of the newest entry that was handed on, as it rises.
    pub(super) fn published(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// A send whose call was under way when the last process ended may or may not have reached Meta.
    fn give_up_unfinished_sends(&mut self) -> Result<(), OpenError> {
        let unfinished = self.waiter.wait(|| {
            link::answered(async { self.append.unfinished_sends().await.map_err(OpenError::Database) })
        })?;
        let outcome = SendOutcome::Unknown(ErrorDetail {
            code: 0,
            title: Some("interrupted".into()),
            details: Some("the server stopped before Meta answered".into()),
        });
        let now = self.clock.now();
        let decider = self.append.decider();
        let items: Vec<Item<'_>> =
            unfinished.into_iter().map(|id| decider.outcome(id, &outcome, now)).collect();
        if items.is_empty() {
            return Ok(());
        }
        // Nobody listens yet: what it makes visible is read from the journal like everything before.
        let (request, published) = (Request { items: &items, jobs: &[] }, *self.published.borrow());
        match self.waiter.wait(|| self.append.commit_locked(request, published)) {
            Ok(Appended { steps, .. }) => {
                self.published.send_replace(newest(&steps).unwrap_or(published));
                Ok(())
            }
            Err(Failure::Trouble(Trouble::Database(error))) => Err(OpenError::Database(error)),
            Err(_) => Err(OpenError::Database("what was under way could not be settled".into())),
        }
    }

    /// Whether there is something in the journal, as somebody said, or may be.
    fn is_to_look(&self, job: &Job) -> bool {
        let Job::Look { head } = job else { return false };
        head.is_none_or(|head| head > *self.published.borrow())
    }

    /// Hands on all that is in the journal.
    fn catch_up(&mut self) -> Result<(), Trouble> {
        loop {
            self.outlet.expect_room()?;
            let published = *self.published.borrow();
            let (steps, is_all) =
                self.waiter.wait(|| self.append.catch_up(published)).map_err(Trouble::Database)?;
            self.hand_on(steps, None);
            if is_all {
                return Ok(());
            }
        }
    }

    /// Waits for room, which a runtime does not allow.
    fn hand_on(&self, steps: Vec<Step>, queued_at: Option<Duration>) {
        if steps.is_empty() {
            return;
        }
        let newest = newest(&steps);
        let queued_at = queued_at.unwrap_or_else(|| self.clock.monotonic());
        self.outlet.send(Commit { steps, queued_at });
        if let Some(newest) = newest {
            self.published.send_replace(newest);
        }
    }
}

/// The number of the newest entry among the steps.
fn newest(steps: &[Step]) -> Option<u64> {
    steps.iter().rev().find_map(|step| match step {
        Step::Event(event) => Some(event.offset.number),
        Step::Bind { .. } => None,
    })
}
