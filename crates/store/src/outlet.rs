//! The writer's end of what was committed.

use tokio::sync::mpsc;

use crate::commit::{Commit, Commits};
use crate::group::Trouble;
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

    /// Asked before a commit is made: what is committed must be handed on, and where there is no room for it, nothing
    /// is committed.
    pub(crate) fn expect_room(&self) -> Result<(), Trouble> {
        let has_room = match self.threads {
            Threads::Own => true,
            Threads::Caller => self.commits.is_closed() || self.commits.capacity() > 0,
        };
        if has_room {
            return Ok(());
        }
        tracing::warn!("the commits are not read; until they are, nothing is acknowledged");
        Err(Trouble::Unread)
    }

    /// Hands a commit on; waits for room where that is allowed.
    pub(crate) fn send(&self, commit: Commit) {
        let handed_on = match self.threads {
            Threads::Own => self.commits.blocking_send(commit).is_ok(),
            Threads::Caller => match self.commits.try_send(commit) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    unreachable!("`expect_room` was asked, and this is the only sender")
                }
            },
        };
        if !handed_on {
            tracing::warn!("nobody shows what is stored any more");
        }
    }
}
