//! The writer's end of what was committed.

use tokio::sync::mpsc;

use crate::commit::{Commit, Commits};
use crate::options::Threads;

/// Commits that may wait for the hub; at the bound the writer waits, or (on its caller's thread) writes nothing.
const COMMITS_MAX: usize = 64;

/// Hands commits on, in order.
pub(crate) struct Outlet {
    commits: mpsc::Sender<Commit>,
    threads: Threads,
}

impl Outlet {
    pub(crate) fn new(threads: Threads) -> (Self, Commits) {
        let (commits, committed) = mpsc::channel(COMMITS_MAX);
        (Self { commits, threads }, Commits(committed))
    }

    /// Whether one more commit can be handed on. Asked before it is made: what is committed must be handed on.
    pub(crate) fn has_room(&self) -> bool {
        match self.threads {
            Threads::Own => true,
            Threads::Caller => self.commits.is_closed() || self.commits.capacity() > 0,
        }
    }

    /// Hands a commit on; waits for room where that is allowed.
    pub(crate) fn send(&self, commit: Commit) {
        let handed_on = match self.threads {
            Threads::Own => self.commits.blocking_send(commit).is_ok(),
            Threads::Caller => match self.commits.try_send(commit) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    unreachable!("`has_room` was asked, and this is the only sender")
                }
            },
        };
        if !handed_on {
            tracing::warn!("nobody shows what is stored any more");
        }
    }
}
