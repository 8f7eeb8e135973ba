//! What the writer is asked to do, and how requests become a group.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use waypost_domain::{AppName, Fact, OutboxEntry, OutboxId, SendIntent, SendOutcome, Timestamp};

use super::append::Delivery;
use super::housekeeping::{Doomed, Prune};
use crate::store::{Intent, SendError, StoreCounts};

/// A group is closed at this many items …
const GROUP_ITEMS_MAX: usize = 512;
/// … or this many bytes; a request that is larger goes alone.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// What the writer is asked to do. An `answer` that is dropped means "could not be stored".
pub(crate) enum Job {
    Receive {
        delivery: Delivery,
        facts: Vec<Fact>,
        answer: oneshot::Sender<StoreCounts>,
        queued_at: Duration,
    },
    Intend {
        app: AppName,
        intent: SendIntent,
        at: Timestamp,
        answer: oneshot::Sender<Result<Intent, SendError>>,
        queued_at: Duration,
    },
    Settle {
        id: OutboxId,
        outcome: SendOutcome,
        at: Timestamp,
        answer: oneshot::Sender<Result<OutboxEntry, SendError>>,
        queued_at: Duration,
    },
    Prune {
        prune: Prune,
        doomed: Doomed,
        answer: oneshot::Sender<usize>,
    },
    /// Writes what is there already: can it be written?
    Probe {
        answer: oneshot::Sender<()>,
    },
}

impl Job {
    pub(crate) fn items(&self) -> usize {
        match self {
            Self::Receive { facts, .. } => facts.len(),
            Self::Intend { .. } | Self::Settle { .. } | Self::Prune { .. } | Self::Probe { .. } => 1,
        }
    }

    fn weight_bytes(&self) -> usize {
        match self {
            Self::Receive { facts, .. } => facts.iter().map(Fact::weight_bytes).sum(),
            Self::Intend { intent, .. } => intent.body.len(),
            Self::Settle { .. } | Self::Prune { .. } | Self::Probe { .. } => 0,
        }
    }

    fn queued_at(&self) -> Option<Duration> {
        match self {
            Self::Receive { queued_at, .. }
            | Self::Intend { queued_at, .. }
            | Self::Settle { queued_at, .. } => Some(*queued_at),
            Self::Prune { .. } | Self::Probe { .. } => None,
        }
    }

    pub(crate) fn answer(self, done: Done) {
        // Who asked may have gone away: what is stored stays stored.
        match (self, done) {
            (Self::Receive { answer, .. }, Done::Received(counts)) => drop(answer.send(counts)),
            (Self::Intend { answer, .. }, Done::Intended(intent)) => drop(answer.send(intent)),
            (Self::Settle { answer, .. }, Done::Settled(entry)) => drop(answer.send(entry)),
            (Self::Prune { answer, .. }, Done::Pruned(rows)) => drop(answer.send(rows)),
            (Self::Probe { answer }, Done::Probed) => drop(answer.send(())),
            _ => unreachable!("`Writer::apply` gives each job its own kind of answer"),
        }
    }
}

/// What became of a job, to be answered once it is committed.
pub(crate) enum Done {
    Received(StoreCounts),
    Intended(Result<Intent, SendError>),
    Settled(Result<OutboxEntry, SendError>),
    Pruned(usize),
    Probed,
}

/// Takes what waits into the group, within its bounds; what no longer fits is given back.
pub(crate) fn fill(group: &mut Vec<Job>, queue: &mut mpsc::Receiver<Job>) -> Option<Job> {
    let (mut items, mut bytes) = (group[0].items(), group[0].weight_bytes());
    while let Ok(job) = queue.try_recv() {
        items += job.items();
        bytes += job.weight_bytes();
        if items > GROUP_ITEMS_MAX || bytes > GROUP_BYTES_MAX {
            return Some(job);
        }
        group.push(job);
    }
    None
}

pub(crate) fn oldest(group: &[Job]) -> Option<Duration> {
    group.iter().filter_map(Job::queued_at).min()
}
