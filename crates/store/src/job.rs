//! What the writer is asked to do.

use std::time::Duration;

use tokio::sync::oneshot;
use waypost_domain::{
    Amendment, AppName, Assignment, AssignmentWish, ConversationId, Fact, OutboxEntry, OutboxId, SendIntent,
    SendOutcome, Timestamp,
};

use crate::append::{Decider, Delivery, Item, Reread, Undelivered};
use crate::desk::Grouped;
use crate::error::{AmendError, ConversationError, SendError};
use crate::housekeeping::{Doomed, Prune};
use crate::letters::{LetterId, OurNumber};
use crate::pins::Pins;
use crate::store::{Intent, StoreCounts};

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
    Amend {
        amendment: Amendment,
        at: Timestamp,
        answer: oneshot::Sender<Result<(), AmendError>>,
        queued_at: Duration,
    },
    Assign {
        wish: AssignmentWish,
        answer: oneshot::Sender<Result<Assignment, ConversationError>>,
        queued_at: Duration,
    },
    Clear {
        conversation: ConversationId,
        answer: oneshot::Sender<Result<(), ConversationError>>,
        queued_at: Duration,
    },
    Expire {
        due: Vec<Undelivered>,
        at: Timestamp,
        answer: oneshot::Sender<usize>,
    },
    /// Says which numbers are claimed.
    Claim {
        claims: Vec<OurNumber>,
        at: Timestamp,
        answer: oneshot::Sender<()>,
    },
    /// Stores what a dead letter turned out to say, and takes it out.
    Revive {
        letter: LetterId,
        delivery: Delivery,
        facts: Vec<Fact>,
        answer: oneshot::Sender<Option<StoreCounts>>,
        queued_at: Duration,
    },
    Understand {
        reread: Box<Reread>,
        answer: oneshot::Sender<()>,
    },
    Prune {
        prune: Prune,
        doomed: Doomed,
        pins: Pins,
        asked_at: Duration,
        answer: oneshot::Sender<usize>,
    },
    /// Hands on what others appended: up to this entry, as one of them said, or whatever there is. Where there are no
    /// others there is nothing to look for.
    Look {
        head: Option<u64>,
    },
    /// Writes what is there already: can it be written?
    Probe {
        answer: oneshot::Sender<()>,
    },
}

impl Grouped for Job {
    fn items(&self) -> usize {
        match self {
            Self::Receive { facts, .. } => facts.len(),
            Self::Revive { facts, .. } => facts.len() + 1,
            Self::Expire { due, .. } => due.len(),
            Self::Intend { .. }
            | Self::Settle { .. }
            | Self::Amend { .. }
            | Self::Assign { .. }
            | Self::Clear { .. }
            | Self::Claim { .. }
            | Self::Understand { .. }
            | Self::Prune { .. }
            | Self::Look { .. }
            | Self::Probe { .. } => 1,
        }
    }

    fn weight_bytes(&self) -> usize {
        match self {
            Self::Receive { facts, .. } | Self::Revive { facts, .. } => {
                facts.iter().map(Fact::weight_bytes).sum()
            }
            Self::Intend { intent, .. } => intent.body.len(),
            Self::Settle { .. }
            | Self::Expire { .. }
            | Self::Amend { .. }
            | Self::Assign { .. }
            | Self::Clear { .. }
            | Self::Claim { .. }
            | Self::Understand { .. }
            | Self::Prune { .. }
            | Self::Look { .. }
            | Self::Probe { .. } => 0,
        }
    }
}

impl Job {
    /// Adds what is to be decided on of it, item by item.
    pub(crate) fn decided<'a>(&'a self, decider: &Decider, items: &mut Vec<Item<'a>>) {
        match self {
            Self::Receive { delivery, facts, .. } => {
                items.extend(facts.iter().map(|fact| decider.fact(delivery, fact)));
            }
            Self::Revive { letter, delivery, facts, .. } => {
                let of_letter = |item| Item::OfLetter { letter: *letter, item: Box::new(item) };
                items.extend(facts.iter().map(|fact| of_letter(decider.fact(delivery, fact))));
                items.push(Item::Revived { letter: *letter, at: delivery.received });
            }
            Self::Claim { claims, at, .. } => items.push(Item::Claim { claims, at: *at }),
            Self::Understand { reread, .. } => items.push(Item::Understand { reread }),
            Self::Intend { app, intent, at, .. } => items.push(Item::Intend { app, intent, at: *at }),
            Self::Settle { id, outcome, at, .. } => items.push(decider.outcome(*id, outcome, *at)),
            Self::Expire { due, at, .. } => {
                items.extend(due.iter().map(|undelivered| Item::Expire { undelivered, at: *at }));
            }
            Self::Amend { amendment, at, .. } => items.push(Item::Amend { amendment, at: *at }),
            Self::Assign { wish, .. } => items.push(Item::Assign { wish }),
            Self::Clear { conversation, .. } => items.push(Item::Clear { conversation: *conversation }),
            Self::Prune { .. } | Self::Look { .. } | Self::Probe { .. } => {}
        }
    }

    fn queued_at(&self) -> Option<Duration> {
        match self {
            Self::Receive { queued_at, .. }
            | Self::Revive { queued_at, .. }
            | Self::Intend { queued_at, .. }
            | Self::Settle { queued_at, .. }
            | Self::Amend { queued_at, .. }
            | Self::Assign { queued_at, .. }
            | Self::Clear { queued_at, .. } => Some(*queued_at),
            Self::Expire { .. }
            | Self::Claim { .. }
            | Self::Understand { .. }
            | Self::Prune { .. }
            | Self::Look { .. }
            | Self::Probe { .. } => None,
        }
    }

    pub(crate) fn answer(self, done: Done) {
        // Who asked may have gone away: what is stored stays stored.
        match (self, done) {
            (Self::Receive { answer, .. }, Done::Received(counts)) => {
                let (Ok(()) | Err(_)) = answer.send(counts);
            }
            (Self::Revive { answer, .. }, Done::Revived(counts)) => drop(answer.send(counts)),
            (Self::Claim { answer, .. } | Self::Understand { answer, .. }, Done::LookedAfter) => {
                let (Ok(()) | Err(())) = answer.send(());
            }
            (Self::Intend { answer, .. }, Done::Intended(intent)) => drop(answer.send(intent)),
            (Self::Settle { answer, .. }, Done::Settled(entry)) => drop(answer.send(entry)),
            (Self::Expire { answer, .. }, Done::Expired(messages)) => drop(answer.send(messages)),
            (Self::Amend { answer, .. }, Done::Amended(amended)) => drop(answer.send(amended)),
            (Self::Assign { answer, .. }, Done::Assigned(assignment)) => drop(answer.send(assignment)),
            (Self::Clear { answer, .. }, Done::Cleared(cleared)) => drop(answer.send(cleared)),
            (Self::Prune { answer, .. }, Done::Pruned(rows)) => drop(answer.send(rows)),
            (Self::Look { .. }, Done::Looked) => {}
            (Self::Probe { answer }, Done::Probed) => drop(answer.send(())),
            _ => unreachable!("`worked` gives each job its own kind of answer"),
        }
    }
}

/// What became of a job, to be answered once it is committed.
pub(crate) enum Done {
    Received(StoreCounts),
    /// `None` where the letter was gone.
    Revived(Option<StoreCounts>),
    Intended(Result<Intent, SendError>),
    Settled(Result<OutboxEntry, SendError>),
    Expired(usize),
    Amended(Result<(), AmendError>),
    Assigned(Result<Assignment, ConversationError>),
    Cleared(Result<(), ConversationError>),
    LookedAfter,
    Pruned(usize),
    Looked,
    Probed,
}

pub(crate) fn oldest(group: &[Job]) -> Option<Duration> {
    group.iter().filter_map(Job::queued_at).min()
}
