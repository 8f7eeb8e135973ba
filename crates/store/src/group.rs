//! The group commit, whatever the database: whatever waits while a transaction commits goes into the next.
//!
//! A group runs as one transaction. Where something of it fails, it is rolled back and run again in halves, down to
//! the one item that is at fault, which becomes a dead letter. (Savepoints would save the second run and cost every
//! group that is well a copy of each page it touches.) Where the database itself is in trouble, nothing is published
//! and everybody is told so.

use std::time::Duration;

use waypost_domain::{DeadLetter, DeadLetterKind, Fact};

use crate::append::{Decider, Delivery, Item, Outcome};
use crate::health::Health;
use crate::job::{Done, Job, oldest};
use crate::store::StoreCounts;

/// What a database said.
pub(crate) type DatabaseError = Box<dyn std::error::Error + Send + Sync>;

/// Why a group was not committed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Something in it cannot be stored.
    Item,
    /// The database cannot store anything just now, or did not say whether it has.
    Database(DatabaseError),
    /// Nobody reads what was committed, and the caller cannot wait for it: see [`crate::Threads::Caller`].
    Unread,
}

/// What a transaction is to do.
#[derive(Clone, Copy)]
pub(crate) enum Work<'a> {
    /// All that these ask.
    Jobs(&'a [Job]),
    /// Some items of one webhook.
    Facts(&'a Delivery, &'a [Fact]),
}

impl<'a> Work<'a> {
    /// What is to be decided on of it, item by item.
    pub(crate) fn items(self, decider: &Decider) -> Vec<Item<'a>> {
        match self {
            Self::Jobs(jobs) => {
                let mut items = Vec::with_capacity(jobs.len());
                jobs.iter().for_each(|job| job.decided(decider, &mut items));
                items
            }
            Self::Facts(delivery, facts) => facts.iter().map(|fact| decider.fact(delivery, fact)).collect(),
        }
    }
}

/// What became of it.
pub(crate) enum Worked {
    Jobs(Vec<Done>),
    Facts(StoreCounts),
}

/// The one that commits a piece of work.
pub(crate) trait Committer {
    /// Commits all of it or nothing, and hands on what it made visible. `queued_at` is when the oldest of it came to the
    /// store.
    fn attempt(&mut self, work: Work<'_>, queued_at: Option<Duration>) -> Result<Worked, Trouble>;

    /// Where it is noted how that went.
    fn health(&self) -> &Health;
}

/// Commits the group, in as few transactions as its items allow, and answers everybody in it.
pub(crate) fn commit(committer: &mut impl Committer, mut group: Vec<Job>) {
    match try_commit(committer, Work::Jobs(&group), oldest(&group)) {
        Ok(Worked::Jobs(done)) => group.into_iter().zip(done).for_each(|(job, done)| job.answer(done)),
        Ok(Worked::Facts(_)) => unreachable!("jobs were asked for"),
        // Answers that are dropped say that nothing is known to be stored.
        Err(Trouble::Database(_) | Trouble::Unread) => {}
        Err(Trouble::Item) if group.len() > 1 => {
            let second = group.split_off(group.len() / 2);
            commit(committer, group);
            commit(committer, second);
        }
        Err(Trouble::Item) => group.into_iter().for_each(|job| commit_alone(committer, job)),
    }
}

fn try_commit(
    committer: &mut impl Committer,
    work: Work<'_>,
    queued_at: Option<Duration>,
) -> Result<Worked, Trouble> {
    let attempt = committer.attempt(work, queued_at);
    match &attempt {
        Ok(_) => committer.health().note(work, Ok(())),
        Err(Trouble::Database(error)) => committer.health().note(work, Err(error)),
        Err(Trouble::Item | Trouble::Unread) => {}
    }
    attempt
}

/// Commits what can be committed of a job that failed as a whole.
fn commit_alone(committer: &mut impl Committer, job: Job) {
    let Job::Receive { delivery, facts, answer, queued_at } = job else {
        tracing::error!("a request that is not a webhook could not be stored");
        return;
    };
    let mut counts = StoreCounts::default();
    if commit_facts(committer, (&delivery, &facts), queued_at, &mut counts).is_ok() {
        // Who asked may have gone away: what is stored stays stored.
        let (Ok(()) | Err(_)) = answer.send(counts);
    }
}

/// Commits the facts in halves where they fail together; the single one that fails becomes a dead letter.
fn commit_facts(
    committer: &mut impl Committer,
    (delivery, facts): (&Delivery, &[Fact]),
    queued_at: Duration,
    counts: &mut StoreCounts,
) -> Result<(), Trouble> {
    let mut receive =
        |facts: &[Fact]| match try_commit(committer, Work::Facts(delivery, facts), Some(queued_at))? {
            Worked::Facts(counts) => Ok(counts),
            Worked::Jobs(_) => unreachable!("facts were asked for"),
        };
    match (receive(facts), facts) {
        (Ok(more), _) => counts.add(more),
        (Err(trouble @ (Trouble::Database(_) | Trouble::Unread)), _) => return Err(trouble),
        (Err(Trouble::Item), [fact]) => {
            let stored = receive(&[Fact::Dead(refused(fact))]);
            if matches!(stored, Err(Trouble::Item)) {
                tracing::error!("a dead letter could not be stored");
            }
            counts.add(stored?);
        }
        (Err(Trouble::Item), facts) => {
            let (first, second) = facts.split_at(facts.len() / 2);
            commit_facts(committer, (delivery, first), queued_at, counts)?;
            commit_facts(committer, (delivery, second), queued_at, counts)?;
        }
    }
    Ok(())
}

/// What became of the work, from what became of its items. `pruned` has the rows of each job that prunes.
pub(crate) fn worked(
    work: Work<'_>,
    outcomes: Vec<Outcome>,
    pruned: impl IntoIterator<Item = usize>,
) -> Worked {
    let (mut outcomes, mut pruned) = (outcomes.into_iter(), pruned.into_iter());
    let jobs = match work {
        Work::Facts(..) => return Worked::Facts(count(outcomes)),
        Work::Jobs(jobs) => jobs,
    };
    let done = jobs.iter().map(|job| match job {
        Job::Receive { facts, .. } => Done::Received(count(outcomes.by_ref().take(facts.len()))),
        Job::Intend { .. }
        | Job::Settle { .. }
        | Job::Amend { .. }
        | Job::Assign { .. }
        | Job::Clear { .. } => match outcomes.next() {
            Some(Outcome::Intended(intent)) => Done::Intended(intent),
            Some(Outcome::Settled(entry)) => Done::Settled(entry),
            Some(Outcome::Amended(amended)) => Done::Amended(amended),
            Some(Outcome::Assigned(assignment)) => Done::Assigned(assignment),
            Some(Outcome::Cleared(cleared)) => Done::Cleared(cleared),
            Some(
                Outcome::Received(_)
                | Outcome::Revived(_)
                | Outcome::Expired(_)
                | Outcome::LookedAfter
                | Outcome::LeftOut,
            )
            | None => unreachable!("each item has its own outcome, in order"),
        },
        Job::Revive { facts, .. } => {
            let counts = count(outcomes.by_ref().take(facts.len()));
            let is_revived = matches!(outcomes.next(), Some(Outcome::Revived(true)));
            Done::Revived(is_revived.then_some(counts))
        }
        Job::Claim { .. } | Job::Understand { .. } => {
            outcomes.next();
            Done::LookedAfter
        }
        Job::Expire { due, .. } => {
            let expired = outcomes.by_ref().take(due.len());
            Done::Expired(expired.filter(|outcome| matches!(outcome, Outcome::Expired(true))).count())
        }
        Job::Prune { .. } => Done::Pruned(pruned.next().unwrap_or_default()),
        Job::Look { .. } => Done::Looked,
        Job::Probe { .. } => Done::Probed,
    });
    Worked::Jobs(done.collect())
}

fn count(outcomes: impl Iterator<Item = Outcome>) -> StoreCounts {
    let mut counts = StoreCounts::default();
    for outcome in outcomes {
        match outcome {
            Outcome::Received(received) => counts.count(received),
            Outcome::LeftOut => {}
            Outcome::Intended(_)
            | Outcome::Settled(_)
            | Outcome::Amended(_)
            | Outcome::Assigned(_)
            | Outcome::Cleared(_)
            | Outcome::Expired(_)
            | Outcome::Revived(_)
            | Outcome::LookedAfter => {
                unreachable!("an item of a webhook is received")
            }
        }
    }
    counts
}

fn refused(fact: &Fact) -> DeadLetter {
    let raw = match fact {
        Fact::Message(message) => message.raw.as_str().as_bytes().to_vec(),
        Fact::Past(past) => past.message.raw.as_str().as_bytes().to_vec(),
        Fact::Call(report) => report.raw.as_str().as_bytes().to_vec(),
        Fact::Status(report) => report.raw.as_str().as_bytes().to_vec(),
        Fact::Field(report) => report.raw.as_str().as_bytes().to_vec(),
        Fact::Dead(letter) => letter.raw.clone(),
    };
    tracing::error!("an item of a webhook could not be stored; it is kept as a dead letter");
    let around = match fact {
        Fact::Dead(letter) => letter.around.clone(),
        _ => None,
    };
    let reason = "the store could not take the item".into();
    DeadLetter { kind: DeadLetterKind::Refused, reason, raw, around }
}
