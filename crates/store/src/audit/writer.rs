//! The one that writes entries: whatever waits goes into one transaction, and what cannot be written yet waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use waypost_domain::{AuditAction, AuditActor, AuditEntry, Timestamp};

use super::chain::{AuditHead, AuditKey};
use super::ledger::Ledger;
use crate::group::DatabaseError;

/// Entries that may wait; at the bound the next ones are lost and counted, as nobody waits for them.
pub(super) const QUEUE_MAX: usize = 4_096;
/// Entries that go into one transaction, at most.
const GROUP_MAX: usize = 512;
/// The pause before what failed is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How often it is tried when nobody can wait for it any more.
const LAST_TRIES: usize = 3;

/// What the writer is asked to do.
pub(super) enum Job {
    Entry(AuditEntry),
    Settle(oneshot::Sender<AuditHead>),
    Prune { before: Timestamp, answer: oneshot::Sender<Result<usize, DatabaseError>> },
}

/// Entries that were not taken.
#[derive(Debug, Default)]
pub(super) struct Lost {
    all: AtomicU64,
    /// Those of which no entry tells yet.
    untold: AtomicU64,
}

impl Lost {
    pub(super) fn count(&self) {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.untold.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }

    fn take_untold(&self) -> u64 {
        self.untold.swap(0, Ordering::Relaxed)
    }
}

/// The one that writes.
pub(super) struct Writer {
    ledger: Ledger,
    key: AuditKey,
    lost: Arc<Lost>,
    /// Where the chain ended when this one wrote last.
    last: Option<AuditHead>,
    /// Whether the last commit went well.
    is_well: bool,
}

impl Writer {
    pub(super) fn new(ledger: Ledger, key: AuditKey, lost: Arc<Lost>) -> Self {
        Self { ledger, key, lost, last: None, is_well: true }
    }

    /// Starts the thread; it ends when nobody can ask any more.
    pub(super) fn start(self, queue: mpsc::Receiver<Job>) -> std::io::Result<()> {
        std::thread::Builder::new().name("waypost-audit".into()).spawn(move || self.run(queue)).map(drop)
    }

    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP_MAX
                && let Ok(job) = queue.try_recv()
            {
                group.push(job);
            }
            self.write(group, &queue);
        }
    }

    /// Writes the group's entries, then does what else is asked in it.
    fn write(&mut self, group: Vec<Job>, queue: &mpsc::Receiver<Job>) {
        let (mut entries, mut others) = (Vec::with_capacity(group.len()), Vec::new());
        for job in group {
            match job {
                Job::Entry(entry) => entries.push(entry),
                other => others.push(other),
            }
        }
        self.tell_lost(&mut entries);
        if !entries.is_empty() && self.append(&entries, queue).is_none() {
            // Answers that are dropped say that it is not written.
            return;
        }
        for other in others {
            self.carry_out(other);
        }
    }

    fn carry_out(&mut self, job: Job) {
        match job {
            Job::Entry(_) => unreachable!("entries are written together"),
            Job::Settle(answer) => match self.ledger.head() {
                Ok(head) => drop(answer.send(head)),
                Err(error) => tracing::error!(%error, "it cannot be read where the audit ends"),
            },
            // Whoever asked may have gone.
            Job::Prune { before, answer } => drop(answer.send(self.ledger.prune(&self.key, before))),
        }
    }

    /// Puts before the entries how many were lost.
    fn tell_lost(&self, entries: &mut Vec<AuditEntry>) {
        let lost = self.lost.take_untold();
        let Some(first) = entries.first().filter(|_| lost > 0) else {
            self.lost.untold.fetch_add(lost, Ordering::Relaxed);
            return;
        };
        tracing::error!(lost, "entries of the audit were lost: more came than could be written");
        let told = AuditEntry {
            at: first.at,
            actor: AuditActor::System,
            action: AuditAction::Lost,
            target: None,
            count: u32::try_from(lost).unwrap_or(u32::MAX),
        };
        entries.insert(0, told);
    }

    /// Writes them all, with patience: meanwhile others wait in the queue.
    fn append(&mut self, entries: &[AuditEntry], queue: &mpsc::Receiver<Job>) -> Option<()> {
        let mut attempted = None;
        let mut last_tries = 0;
        loop {
            match self.ledger.append(&self.key, entries, &mut attempted) {
                Ok((before, head)) => {
                    self.note_well();
                    self.check_continued(&before);
                    self.last = Some(head);
                    return Some(());
                }
                Err(error) => self.note_trouble(&error),
            }
            if queue.is_closed() {
                last_tries += 1;
                if last_tries == LAST_TRIES {
                    tracing::error!(entries = entries.len(), "the audit's last entries could not be written");
                    return None;
                }
            }
            std::thread::park_timeout(RETRY_PAUSE);
        }
    }

    /// Others write to the chain too, and nobody takes anything from its end.
    fn check_continued(&self, before: &AuditHead) {
        let is_cut = self.last.is_some_and(|last| {
            before.number < last.number || (before.number == last.number && before.mac != last.mac)
        });
        if is_cut {
            tracing::error!(
                found = %before,
                "the audit ended elsewhere than this server left it: somebody has changed it, or a copy was put back"
            );
        }
    }

    /// Says when trouble begins and when it ends, once each.
    fn note_trouble(&mut self, error: &DatabaseError) {
        if std::mem::replace(&mut self.is_well, false) {
            tracing::error!(%error, "the audit cannot be written; entries wait");
        }
    }

    fn note_well(&mut self) {
        if !std::mem::replace(&mut self.is_well, true) {
            tracing::info!("the audit can be written again");
        }
    }
}
