//! Where somebody blocks until the database has answered.

use std::future::Future;

use tokio::runtime::Runtime;

use crate::options::{OpenError, Threads};

/// A runtime on which one waits for the database, and on which the connections live that were made meanwhile.
pub(crate) struct Waiter {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    threads: Threads,
}

impl Waiter {
    pub(crate) fn new(threads: Threads) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| OpenError::Database(error.into()))?;
        Ok(Self { runtime: Some(runtime), threads })
    }

    /// Blocks until the answer is there, on a thread that no runtime has.
    pub(crate) fn block_on<T>(&self, asked: impl Future<Output = T>) -> T {
        let Some(runtime) = &self.runtime else { unreachable!("it is used before it is dropped") };
        runtime.block_on(asked)
    }

    /// Blocks until the answer is there.
    pub(crate) fn wait<A: Future<Output: Send>>(&self, ask: impl FnOnce() -> A + Send) -> A::Output {
        let Some(runtime) = &self.runtime else { unreachable!("it is used before it is dropped") };
        match self.threads {
            Threads::Own => runtime.block_on(ask()),
            Threads::Caller => beside(|| runtime.block_on(ask())),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        // Whoever drops it may be on a runtime, where no other may be waited for: the connections end at once.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Blocks on a thread beside the caller's, which waits for it: the caller may be on a runtime, in which no other can be
/// waited for.
pub(crate) fn beside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
