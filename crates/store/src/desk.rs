//! Where a writer takes its jobs: in a queue before its own thread, or on the spot.
//!
//! The writer itself is the same in both: it commits a group and answers everybody in it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::options::Threads;

/// A group is closed at this many items …
const GROUP_ITEMS_MAX: usize = 512;
/// … or this many bytes; a request that is larger goes alone.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// The one that writes a database file.
pub(crate) trait GroupWriter: Send + 'static {
    /// What it is asked to do.
    type Job: Grouped + Send + 'static;

    /// Does what the group asks, in as few transactions as it can, and answers. An answer that is dropped means "could
    /// not be stored".
    fn write(&mut self, group: Vec<Self::Job>);
}

/// A job, as far as the bounds of a group concern it.
pub(crate) trait Grouped {
    fn items(&self) -> usize;
    fn weight_bytes(&self) -> usize;
}

/// The way to a writer. All clones lead to one; it ends with the last of them.
pub(crate) enum Desk<W: GroupWriter> {
    /// A bounded queue before its thread: at the bound whoever asks waits.
    Thread(mpsc::Sender<W::Job>),
    /// Guards the writer for one group at a time. Whoever asks does the work under it and awaits nothing meanwhile.
    Caller(Arc<Mutex<W>>),
}

impl<W: GroupWriter> Clone for Desk<W> {
    fn clone(&self) -> Self {
        match self {
            Self::Thread(jobs) => Self::Thread(jobs.clone()),
            Self::Caller(writer) => Self::Caller(Arc::clone(writer)),
        }
    }
}

impl<W: GroupWriter> Desk<W> {
    /// Starts the writer's thread, where it is to have one.
    pub(crate) fn open(
        writer: W,
        threads: Threads,
        thread_name: &str,
        queue_max: usize,
    ) -> std::io::Result<Self> {
        match threads {
            Threads::Caller => Ok(Self::Caller(Arc::new(Mutex::new(writer)))),
            Threads::Own => {
                let (jobs, queue) = mpsc::channel(queue_max);
                std::thread::Builder::new().name(thread_name.into()).spawn(move || run(writer, queue))?;
                Ok(Self::Thread(jobs))
            }
        }
    }

    /// Hands in a job and gives its answer; `None` where the writer could not do it or is gone.
    pub(crate) async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> W::Job) -> Option<T> {
        let (answer, mut answered) = oneshot::channel();
        match self {
            Self::Thread(jobs) => {
                jobs.send(job(answer)).await.ok()?;
                answered.await.ok()
            }
            Self::Caller(writer) => {
                writer.lock().unwrap_or_else(PoisonError::into_inner).write(vec![job(answer)]);
                // Awaiting could yield to others even where the answer is there.
                answered.try_recv().ok()
            }
        }
    }
}

/// Commits whatever waits, until nobody can ask any more.
fn run<W: GroupWriter>(mut writer: W, mut queue: mpsc::Receiver<W::Job>) {
    let mut held = None;
    while let Some(first) = held.take().or_else(|| queue.blocking_recv()) {
        let mut group = vec![first];
        held = fill(&mut group, &mut queue);
        writer.write(group);
    }
}

/// Takes what waits into the group, within its bounds; what no longer fits is given back.
fn fill<J: Grouped>(group: &mut Vec<J>, queue: &mut mpsc::Receiver<J>) -> Option<J> {
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
