//! One transaction: decides on what it has loaded, and writes under the lock if nothing was appended since.
//!
//! What a decision rests on is versioned as a whole: each append raises the version of the head, under the lock. At first
//! no lock is taken to load and decide; one pipeline (lock, head, rows, COMMIT) moves the head from the version that was
//! decided on, or does nothing. Whoever loses does it again under the lock, so that nobody loses for ever.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use deadpool_postgres::Pool;
use waypost_domain::{Epoch, Offset, OutboxId};

use super::housekeeping;
use super::link::{self, ANSWER_TIMEOUT, Failure, LOCK, Link};
use super::load::load;
use super::rows::{id, to_column};
use super::tail::{Since, read_since};
use super::write::{Statement, statements};
use crate::append::{Decider, Heads, Item, Outcome, Plan, Wants};
use crate::commit::Step;
use crate::group::{DatabaseError, Trouble};
use crate::job::Job;

/// What each append locks.
const APPEND: &str = "append";

const MOVE_HEAD: &str = "SELECT move_head($1, $2, $3, $4, $5)";

/// The connection that appends, and what it goes on from.
pub(super) struct Append {
    pool: Pool,
    /// `None` after trouble, until there is another.
    link: Option<Link>,
    epoch: Epoch,
    decider: Decider,
    /// The head's version that the decider goes on from; `None` while that is not known.
    version: Option<i64>,
}

/// What a transaction is to do.
#[derive(Clone, Copy)]
pub(super) struct Request<'a, 'b> {
    /// What is decided on, one after another.
    pub(super) items: &'b [Item<'a>],
    /// What needs no decision.
    pub(super) jobs: &'b [Job],
}

/// What became of it.
pub(super) struct Appended {
    pub(super) outcomes: Vec<Outcome>,
    /// What is to be handed on: what others had appended, then this.
    pub(super) steps: Vec<Step>,
    /// The rows that went, for each job that prunes.
    pub(super) pruned: Vec<usize>,
}

/// Whether the lock is taken before or after deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locking {
    AfterDeciding,
    BeforeLoading,
}

impl Append {
    pub(super) fn new(pool: Pool, link: Link, epoch: Epoch, decider: Decider) -> Self {
        Self { pool, link: Some(link), epoch, decider, version: None }
    }

    /// What it decides with.
    pub(super) fn decider(&self) -> &Decider {
        &self.decider
    }

    /// Whether it would have to read the journal before it can decide.
    pub(super) fn is_lost(&self) -> bool {
        self.link.is_none() || self.version.is_none()
    }

    /// Sends whose calls were under way.
    pub(super) async fn unfinished_sends(&mut self) -> Result<Vec<OutboxId>, DatabaseError> {
        let sql = "SELECT id FROM outbox WHERE state = 'sending' ORDER BY id";
        let rows = link::rows(self.link()?, sql, &[]).await?;
        rows.iter().map(|row| Ok(OutboxId::from_bytes(id(row, 0)?))).collect()
    }

    /// Goes on from the head as it is now, and gives what came into the journal after the entry numbered `published`, as
    /// far as one reading goes; whether that is all. Connects, where there is no connection.
    pub(super) async fn catch_up(&mut self, published: u64) -> Result<(Vec<Step>, bool), DatabaseError> {
        let caught = async {
            if self.link.is_none() {
                self.link = Some(link::take(&self.pool).await?);
            }
            let Since { head, steps, is_all } = read_since(self.link()?, self.epoch, published).await?;
            if is_all && self.version != Some(head.version) {
                self.decider.reload(head.heads);
                self.version = Some(head.version);
            }
            Ok((steps, is_all))
        };
        let caught = tokio::time::timeout(ANSWER_TIMEOUT, caught).await;
        caught.unwrap_or_else(|late| Err(late.into())).inspect_err(|_| self.hang_up())
    }

    /// Commits, if nothing was appended by others since it caught up: all of it or nothing.
    pub(super) async fn commit(&mut self, request: Request<'_, '_>) -> Result<Appended, Failure> {
        self.in_time(async |append| append.decide_and_write(request, Locking::AfterDeciding).await).await
    }

    /// Takes the lock, catches up, and commits: all of it or nothing. [`Failure::Stale`] where others had appended more
    /// than one reading holds.
    pub(super) async fn commit_locked(
        &mut self,
        request: Request<'_, '_>,
        published: u64,
    ) -> Result<Appended, Failure> {
        self.in_time(async |append| {
            let committed = append.lock_and_write(request, published).await;
            if matches!(committed, Err(Failure::Stale | Failure::Trouble(Trouble::Item))) {
                append.link().map_err(failure)?.batch_execute("ROLLBACK").await?;
            }
            committed
        })
        .await
    }

    /// Gives the database a bounded time. After a failure nothing is known any more; after trouble with the database
    /// not even whether a transaction is still open, and the connection goes.
    async fn in_time(
        &mut self,
        commit: impl AsyncFnOnce(&mut Self) -> Result<Appended, Failure>,
    ) -> Result<Appended, Failure> {
        let committed = tokio::time::timeout(ANSWER_TIMEOUT, commit(self)).await;
        let committed = committed.unwrap_or_else(|late| Err(failure(late.into())));
        if let Err(failure) = &committed {
            self.version = None;
            if matches!(failure, Failure::Trouble(Trouble::Database(_))) {
                self.hang_up();
            }
        }
        committed
    }

    async fn lock_and_write(
        &mut self,
        request: Request<'_, '_>,
        published: u64,
    ) -> Result<Appended, Failure> {
        let link = self.link().map_err(failure)?;
        link.batch_execute("BEGIN").await?;
        link::rows(link, LOCK, &[&APPEND]).await?;
        let Since { head, mut steps, is_all } =
            read_since(link, self.epoch, published).await.map_err(failure)?;
        if !is_all {
            return Err(Failure::Stale);
        }
        self.decider.reload(head.heads);
        self.version = Some(head.version);
        let appended = self.decide_and_write(request, Locking::BeforeLoading).await?;
        steps.extend(appended.steps);
        Ok(Appended { steps, ..appended })
    }

    async fn decide_and_write(
        &mut self,
        Request { items, jobs }: Request<'_, '_>,
        locking: Locking,
    ) -> Result<Appended, Failure> {
        let (Some(link), Some(version)) = (&self.link, self.version) else { return Err(Failure::Stale) };
        let (outcomes, plan) = decide(link, &mut self.decider, items).await?;
        let mut writes = statements(&plan);
        if jobs.iter().any(|job| matches!(job, Job::Probe { .. })) {
            writes.extend(probe());
        }
        let pruned_from = writes.len();
        writes.extend(jobs.iter().filter_map(housekeeping::statement));
        let moved = (!plan.is_empty()).then(|| (version, self.decider.heads()));
        let counts = write_all(link, locking, moved, &writes).await?;
        self.version = Some(version + i64::from(moved.is_some()));
        Ok(Appended { outcomes, steps: plan.into_steps(), pruned: counts[pruned_from..].to_vec() })
    }

    fn link(&self) -> Result<&Link, DatabaseError> {
        self.link.as_ref().ok_or_else(|| "there is no connection".into())
    }

    /// Ends the connection. Back in the pool it could look well until somebody asks it something.
    fn hang_up(&mut self) {
        self.version = None;
        if let Some(link) = self.link.take() {
            drop(Link::take(link));
        }
    }
}

/// Loads for all items at once what can be told beforehand, then decides on one after another.
async fn decide<'a>(
    link: &Link,
    decider: &mut Decider,
    items: &[Item<'a>],
) -> Result<(Vec<Outcome>, Plan<'a>), Failure> {
    decider.begin_group();
    let mut wants = Wants::default();
    loop {
        items.iter().for_each(|item| decider.want(item, &mut wants));
        let leads_on = wants.leads_on();
        load(link, &mut wants, decider.known()).await.map_err(unloadable)?;
        if !leads_on {
            break;
        }
    }
    let mut plan = Plan::default();
    let mut outcomes = Vec::with_capacity(items.len());
    for item in items {
        // What an item before it decided may lead to more.
        loop {
            decider.want(item, &mut wants);
            if wants.is_empty() {
                break;
            }
            load(link, &mut wants, decider.known()).await.map_err(unloadable)?;
        }
        // A panic over one item must not end the writer: the item is at fault like one that the database refuses.
        let outcome = catch_unwind(AssertUnwindSafe(|| decider.decide(item, &mut plan)));
        outcomes.push(outcome.map_err(|_| Failure::Trouble(Trouble::Item))?);
    }
    Ok((outcomes, plan))
}

/// Changes nothing, where appends could: under their lock, by a write.
fn probe() -> [Statement; 2] {
    [
        Statement { sql: LOCK, parameters: vec![Box::new(APPEND)] },
        Statement { sql: "UPDATE journal_head SET version = version", parameters: Vec::new() },
    ]
}

type Sent = Result<u64, tokio_postgres::Error>;

/// Everything under the lock and the COMMIT in one pipeline; the rows that each of `writes` touched.
async fn write_all(
    link: &Link,
    locking: Locking,
    moved: Option<(i64, Heads)>,
    writes: &[Statement],
) -> Result<Vec<usize>, Failure> {
    if locking == Locking::AfterDeciding && moved.is_none() && writes.is_empty() {
        return Ok(Vec::new());
    }
    let mut prepared = Vec::with_capacity(writes.len());
    for write in writes {
        prepared.push(link.prepare_cached(write.sql).await?);
    }
    let (lock, move_head) = (link.prepare_cached(LOCK).await?, link.prepare_cached(MOVE_HEAD).await?);
    let moved = moved.map(|(version, heads)| {
        let Offset { number, check, .. } = heads.journal;
        [version, to_column(number), i64::from(check), heads.message, heads.number]
    });
    let mut pipeline: Vec<Pin<Box<dyn Future<Output = Sent> + Send + '_>>> = Vec::new();
    let command = |sql: &'static str| Box::pin(async move { link.batch_execute(sql).await.map(|()| 0) });
    if locking == Locking::AfterDeciding {
        pipeline.push(command("BEGIN"));
        if moved.is_some() {
            pipeline.push(Box::pin(async { link.execute(&lock, &[&APPEND]).await }));
        }
    }
    if let Some([version, number, check, message, row]) = &moved {
        pipeline.push(Box::pin(async move {
            link.execute(&move_head, &[version, number, check, message, row]).await
        }));
    }
    let before = pipeline.len();
    for (write, statement) in writes.iter().zip(&prepared) {
        pipeline.push(Box::pin(async move {
            let parameters: Vec<_> = write.parameters.iter().map(|value| &**value as _).collect();
            link.execute(statement, &parameters).await
        }));
    }
    pipeline.push(command("COMMIT"));
    // Where one fails, those after it do too, and COMMIT undoes all: the first that failed says why.
    let counts = link::in_order(pipeline).await.into_iter().collect::<Result<Vec<u64>, _>>()?;
    let rows = counts.into_iter().skip(before).take(writes.len());
    Ok(rows.map(|count| usize::try_from(count).unwrap_or(usize::MAX)).collect())
}

fn failure(error: DatabaseError) -> Failure {
    match error.downcast::<tokio_postgres::Error>() {
        Ok(error) => Failure::from(*error),
        Err(error) => Failure::Trouble(Trouble::Database(error)),
    }
}

/// What went wrong while loading: the database's error, or a row that cannot be read back. The latter harms only the
/// items that touch it.
fn unloadable(error: DatabaseError) -> Failure {
    match error.downcast::<tokio_postgres::Error>() {
        Ok(error) => Failure::from(*error),
        Err(_) => Failure::Trouble(Trouble::Item),
    }
}
