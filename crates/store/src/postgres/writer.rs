//! The writer: decides on what it has loaded, and commits under the lock if nothing was appended since.
//!
//! What a decision rests on is versioned as a whole: each append raises the version of the head, under the lock. The
//! first try takes no lock to load and decide; its one pipeline (lock, head, rows, COMMIT) moves the head from the
//! version that was decided on, or does nothing. Whoever loses catches up, and loads and decides under the lock, so that
//! nobody loses twice.
//!
//! A COMMIT without an answer is unknown: nothing is handed on from memory. The connection is made anew, and what is in
//! the journal after the last entry that was handed on is handed on from there.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use deadpool_postgres::Pool;
use tokio::runtime::Runtime;
use waypost_domain::{CustomerId, Epoch, ErrorDetail, Offset, OutboxId, SendOutcome};

use super::housekeeping;
use super::link::{self, ANSWER_TIMEOUT, BY_KEY, Failure, LOCK, Link};
use super::load::load;
use super::rows::{id, known, to_column, unsigned};
use super::url::PostgresUrl;
use super::write::{Statement, statements};
use crate::append::{Decider, Heads, Item, Outcome, Plan, Wants};
use crate::clock::Clock;
use crate::columns::audience_from_column;
use crate::commit::{Commit, Commits, CommittedEvent, Step};
use crate::desk::GroupWriter;
use crate::group::{Committer, DatabaseError, Trouble, Work, Worked, commit, worked};
use crate::health::Health;
use crate::ids::IdSource;
use crate::job::Job;
use crate::options::{OpenError, Options};
use crate::outlet::Outlet;

/// What each append locks.
const APPEND: &str = "append";

/// How often a group is decided on before it is trouble: the second time is under the lock.
const TRIES_MAX: usize = 4;

/// The one that appends.
pub(crate) struct Writer {
    runtime: Runtime,
    append: Append,
    health: Health,
}

impl GroupWriter for Writer {
    type Job = Job;

    fn write(&mut self, group: Vec<Job>) {
        commit(self, group);
    }
}

impl Committer for Writer {
    fn try_commit(&mut self, work: Work<'_>, queued_at: Option<Duration>) -> Result<Worked, Trouble> {
        let Self { runtime, append, health } = self;
        let (attempt, commits) = runtime.block_on(append.attempt(work, queued_at));
        // Whoever hands on waits for room, which a runtime does not allow.
        for commit in commits {
            append.outlet.send(commit);
        }
        match &attempt {
            Ok(_) => health.note(Ok(())),
            Err(Trouble::Database(error)) => health.note(Err(error)),
            Err(Trouble::Item | Trouble::Unread) => {}
        }
        attempt
    }
}

impl Writer {
    /// Connects, brings the schema up to date, and settles what the process before this one left open.
    pub(super) fn open(
        url: &PostgresUrl,
        options: Options,
        health: Health,
    ) -> Result<(Self, Commits), OpenError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| OpenError::Database(error.into()))?;
        let pool = link::pool(link::settings(url, BY_KEY), 1)?;
        let (outlet, commits) = Outlet::new(options.threads);
        let mut append = runtime.block_on(Append::open(pool, options, outlet))?;
        runtime.block_on(append.give_up_unfinished_sends())?;
        Ok((Self { runtime, append, health }, commits))
    }
}

/// What appends, within the writer's runtime.
struct Append {
    pool: Pool,
    /// `None` after trouble, until there is another.
    link: Option<Link>,
    epoch: Epoch,
    decider: Decider,
    /// The head's version that the decider goes on from.
    version: i64,
    /// The number of the newest entry that was handed on.
    published: u64,
    outlet: Outlet,
    clock: Arc<dyn Clock>,
}

/// Whether the lock is taken before or after deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Locking {
    AfterDeciding,
    BeforeLoading,
}

impl Append {
    async fn open(pool: Pool, options: Options, outlet: Outlet) -> Result<Self, OpenError> {
        let mut link = pool.get().await.map_err(|error| OpenError::Database(error.into()))?;
        link::migrate(&mut link).await?;
        let mut ids = IdSource::new(options.seed);
        let key = settle_meta(&link, "dedup_key", &hexadecimal(&ids.random_key())).await?;
        let dedup_key = key_from(&key).ok_or(OpenError::Meta { key: "dedup_key" })?;
        let drawn = Epoch::from_random(ids.random_u64());
        let epoch = settle_meta(&link, "epoch", drawn.as_str()).await?;
        let epoch = Epoch::parse(&epoch).ok_or(OpenError::Meta { key: "epoch" })?;
        let (version, heads) = read_heads(&link, epoch).await.map_err(OpenError::Database)?;
        let decider = Decider::new(ids, options.encode, dedup_key, heads);
        let published = heads.journal.number;
        Ok(Self { pool, link: Some(link), epoch, decider, version, published, outlet, clock: options.clock })
    }

    /// A send whose call was under way when the last process ended may or may not have reached Meta.
    async fn give_up_unfinished_sends(&mut self) -> Result<(), OpenError> {
        let Some(link) = &self.link else { return Ok(()) };
        let sql = "SELECT id FROM outbox WHERE state = 'sending' ORDER BY id";
        let rows = link::rows(link, sql, &[]).await?;
        let ids: Result<Vec<_>, DatabaseError> =
            rows.iter().map(|row| Ok(OutboxId::from_bytes(id(row, 0)?))).collect();
        let outcome = SendOutcome::Unknown(ErrorDetail {
            code: 0,
            title: Some("interrupted".into()),
            details: Some("the server stopped before Meta answered".into()),
        });
        let now = self.clock.now();
        let items: Vec<Item<'_>> = ids
            .map_err(OpenError::Database)?
            .into_iter()
            .map(|id| self.decider.outcome(id, &outcome, now))
            .collect();
        // Nobody listens yet: what it makes visible is read from the journal like everything before.
        match self.carry_out(&items, &[], Locking::AfterDeciding).await {
            Ok((_, _, _)) => {
                self.published = self.decider.heads().journal.number;
                Ok(())
            }
            Err(Failure::Trouble(Trouble::Database(error))) => Err(OpenError::Database(error)),
            Err(_) => Err(OpenError::Database("what was under way could not be settled".into())),
        }
    }

    /// Tries to commit the work; what is to be handed on, whatever came of it.
    async fn attempt(
        &mut self,
        work: Work<'_>,
        queued_at: Option<Duration>,
    ) -> (Result<Worked, Trouble>, Vec<Commit>) {
        let mut commits = Vec::new();
        let attempt = self.try_often(work, queued_at, &mut commits).await;
        match &attempt {
            Ok(_) | Err(Trouble::Unread) => {}
            Err(Trouble::Item) => {
                if let Err(error) = self.catch_up(&mut commits).await {
                    self.hang_up();
                    return (Err(Trouble::Database(error)), commits);
                }
            }
            // The connection may hold a transaction that nobody knows of any more.
            Err(Trouble::Database(_)) => self.hang_up(),
        }
        (attempt, commits)
    }

    async fn try_often(
        &mut self,
        work: Work<'_>,
        queued_at: Option<Duration>,
        commits: &mut Vec<Commit>,
    ) -> Result<Worked, Trouble> {
        if self.link.is_none() {
            let link = self.pool.get().await.map_err(|error| Trouble::Database(error.into()))?;
            self.link = Some(link);
            self.catch_up(commits).await.map_err(Trouble::Database)?;
        }
        let mut locking = Locking::AfterDeciding;
        for _ in 0..TRIES_MAX {
            let items = work.items(&self.decider);
            let jobs = match work {
                Work::Jobs(jobs) => jobs,
                Work::Facts(..) => &[],
            };
            match self.carry_out(&items, jobs, locking).await {
                Ok((outcomes, plan, pruned)) => {
                    let steps = plan.into_steps();
                    self.hand_on(steps, queued_at, commits);
                    return Ok(worked(work, outcomes, pruned));
                }
                Err(Failure::Trouble(trouble)) => return Err(trouble),
                Err(Failure::Stale) => {
                    locking = Locking::BeforeLoading;
                    self.lock().await.map_err(Trouble::Database)?;
                    // Under the lock, so that nothing comes between what is handed on and what is decided.
                    self.catch_up(commits).await.map_err(Trouble::Database)?;
                }
            }
        }
        Err(Trouble::Database("others append all the time".into()))
    }

    /// Begins a transaction that holds the lock.
    async fn lock(&self) -> Result<(), DatabaseError> {
        let Some(link) = &self.link else { return Err("there is no connection".into()) };
        let all = async {
            link.batch_execute("BEGIN").await?;
            link::rows(link, LOCK, &[&APPEND]).await
        };
        tokio::time::timeout(ANSWER_TIMEOUT, all).await??;
        Ok(())
    }

    /// Loads, decides and commits: all of it or nothing.
    async fn carry_out<'a>(
        &mut self,
        items: &[Item<'a>],
        jobs: &[Job],
        locking: Locking,
    ) -> Result<(Vec<Outcome>, Plan<'a>, Vec<usize>), Failure> {
        let Some(link) = &self.link else { unreachable!("the caller has connected") };
        let (decider, version) = (&mut self.decider, &mut self.version);
        let all = async {
            let (outcomes, plan) = decide(link, decider, items).await?;
            let mut writes = statements(&plan);
            let pruned_from = writes.len();
            writes.extend(jobs.iter().filter_map(housekeeping::statement));
            let head = (!plan.is_empty()).then(|| (*version, decider.heads()));
            let counts = write_all(link, locking, head, &writes).await?;
            *version += i64::from(head.is_some());
            Ok((outcomes, plan, counts[pruned_from..].to_vec()))
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, all).await {
            Ok(done) => {
                if done.is_err() && locking == Locking::BeforeLoading {
                    link.batch_execute("ROLLBACK").await?;
                }
                done
            }
            Err(_) => Err(Failure::Trouble(Trouble::Database("the database does not answer".into()))),
        }
    }

    /// Ends the connection. Back in the pool it could look well until somebody asks it something.
    fn hang_up(&mut self) {
        if let Some(link) = self.link.take() {
            drop(Link::take(link));
        }
    }

    /// Goes on from the head as it is now, and hands on what others appended, or an uncertain COMMIT left.
    async fn catch_up(&mut self, commits: &mut Vec<Commit>) -> Result<(), DatabaseError> {
        let Some(link) = &self.link else { return Err("there is no connection".into()) };
        let all = async {
            let (version, heads) = read_heads(link, self.epoch).await?;
            let steps = read_steps(link, self.epoch, (self.published, heads.journal.number)).await?;
            Ok::<_, DatabaseError>((version, heads, steps))
        };
        let (version, heads, steps) = tokio::time::timeout(ANSWER_TIMEOUT, all).await??;
        self.version = version;
        self.decider.reload(heads);
        self.hand_on(steps, None, commits);
        Ok(())
    }

    fn hand_on(&mut self, steps: Vec<Step>, queued_at: Option<Duration>, commits: &mut Vec<Commit>) {
        if steps.is_empty() {
            return;
        }
        for step in &steps {
            if let Step::Event(event) = step {
                // What is shown is contiguous: a hole here would be one for every client.
                assert_eq!(
                    event.offset.number,
                    self.published + 1,
                    "entries are handed on one after another"
                );
                self.published = event.offset.number;
            }
        }
        let queued_at = queued_at.unwrap_or_else(|| self.clock.monotonic());
        commits.push(Commit { steps, queued_at });
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
        load(link, &mut wants, decider.known()).await.map_err(failure)?;
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
            load(link, &mut wants, decider.known()).await.map_err(failure)?;
        }
        // A panic over one item must not end the writer: the item is at fault like one that the database refuses.
        let outcome = catch_unwind(AssertUnwindSafe(|| decider.decide(item, &mut plan)));
        outcomes.push(outcome.map_err(|_| Failure::Trouble(Trouble::Item))?);
    }
    Ok((outcomes, plan))
}

/// Everything under the lock and the COMMIT in one pipeline; the rows that each of `writes` touched.
async fn write_all(
    link: &Link,
    locking: Locking,
    head: Option<(i64, Heads)>,
    writes: &[Statement],
) -> Result<Vec<usize>, Failure> {
    let mut prepared = Vec::with_capacity(writes.len());
    for write in writes {
        prepared.push(link.prepare_cached(write.sql).await?);
    }
    let (lock, move_head) = (link.prepare_cached(LOCK).await?, link.prepare_cached(MOVE_HEAD).await?);
    let head = head.map(|(version, heads)| {
        let Offset { number, check, .. } = heads.journal;
        [version, to_column(number), i64::from(check), heads.message, heads.number]
    });
    let mut pipeline: Vec<Pin<Box<dyn Future<Output = Sent> + Send + '_>>> = Vec::new();
    let command = |sql: &'static str| Box::pin(async move { link.batch_execute(sql).await.map(|()| 0) });
    if locking == Locking::AfterDeciding {
        if head.is_none() && writes.is_empty() {
            return Ok(Vec::new());
        }
        pipeline.push(command("BEGIN"));
        if head.is_some() {
            pipeline.push(Box::pin(async { link.execute(&lock, &[&APPEND]).await }));
        }
    }
    if let Some(head) = &head {
        let [version, number, check, message, row] = head;
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

type Sent = Result<u64, tokio_postgres::Error>;

const MOVE_HEAD: &str = "SELECT move_head($1, $2, $3, $4, $5)";

/// What went wrong while loading: an error of the database's, or a row that cannot be read back.
fn failure(error: DatabaseError) -> Failure {
    match error.downcast::<tokio_postgres::Error>() {
        Ok(error) => Failure::from(*error),
        Err(_) => Failure::Trouble(Trouble::Item),
    }
}

/// The head's version, and the newest rows of what is counted.
async fn read_heads(link: &Link, epoch: Epoch) -> Result<(i64, Heads), DatabaseError> {
    let sql = r#"SELECT version, number, "check", message, "row" FROM journal_head"#;
    let rows = link::rows(link, sql, &[]).await?;
    let row = known(rows.first(), "journal_head")?;
    let journal = Offset { epoch, number: unsigned(row, 1)?, check: unsigned(row, 2)? };
    Ok((row.try_get(0)?, Heads { journal, message: row.try_get(3)?, number: row.try_get(4)? }))
}

/// What came into the journal after an entry and up to another, in order, as it would have been handed on. A name that
/// became a customer's right after the first may have been handed on before; saying so twice changes nothing.
async fn read_steps(
    link: &Link,
    epoch: Epoch,
    (after, until): (u64, u64),
) -> Result<Vec<Step>, DatabaseError> {
    let sql = "SELECT since, value, customer FROM aliases WHERE since >= $1 ORDER BY since";
    let names = link::rows(link, sql, &[&to_column(after)]).await?;
    let mut bound = Vec::with_capacity(names.len());
    for row in &names {
        let customer = CustomerId::from_bytes(id(row, 2)?);
        let name = row.try_get::<_, &str>(1)?.into();
        bound.push((unsigned::<u64>(row, 0)?, Step::Bind { name, customer }));
    }
    let mut bound = bound.into_iter().peekable();
    let sql = r#"SELECT number, "check", name, body, audience FROM journal
        WHERE number > $1 AND number <= $2 ORDER BY number"#;
    let entries = link::rows(link, sql, &[&to_column(after), &to_column(until)]).await?;
    let mut steps = Vec::with_capacity(entries.len());
    for row in &entries {
        let event = entry(row, epoch)?;
        while let Some((_, bind)) = bound.next_if(|(since, _)| *since < event.offset.number) {
            steps.push(bind);
        }
        steps.push(Step::Event(event));
    }
    steps.extend(bound.map(|(_, bind)| bind));
    Ok(steps)
}

/// The entry in a row of number, check, name, body and audience.
pub(super) fn entry(row: &tokio_postgres::Row, epoch: Epoch) -> Result<CommittedEvent, DatabaseError> {
    Ok(CommittedEvent {
        offset: Offset { epoch, number: unsigned(row, 0)?, check: unsigned(row, 1)? },
        name: row.try_get::<_, String>(2)?.into(),
        body: Bytes::from(row.try_get::<_, Vec<u8>>(3)?),
        audience: known(audience_from_column(row.try_get(4)?), "journal.audience")?,
    })
}

/// The value under `key`; `fresh`, where there was none.
async fn settle_meta(link: &Link, key: &str, fresh: &str) -> Result<String, OpenError> {
    let insert = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    link.execute(insert, &[&key, &fresh]).await?;
    Ok(link.query_one("SELECT value FROM meta WHERE key = $1", &[&key]).await?.get(0))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What [`hexadecimal`] wrote of a key.
fn key_from(digits: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if digits.len() != 2 * key.len() {
        return None;
    }
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(key)
}
