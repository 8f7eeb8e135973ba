//! The only waiting in tests: until a condition holds, within a deadline, with words for when it does not.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks at `condition` until it gives a value, and returns that. Blocks the thread.
///
/// # Panics
///
/// When `deadline` has passed: the message says that there was no `what`.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "this is where tests wait: on other processes and threads, in real time"
)]
pub fn eventually<T>(deadline: Duration, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < deadline, "no {what} within {deadline:?}");
        thread::sleep(PAUSE);
    }
}

/// Like [`eventually`], on tokio's clock: under a paused clock it takes no time.
///
/// # Panics
///
/// When `deadline` has passed: the message says that there was no `what`.
pub async fn eventually_async<T>(
    deadline: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> T {
    let start = tokio::time::Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(start.elapsed() < deadline, "no {what} within {deadline:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_the_condition_is_returned() {
        let mut looks = 0;
        let value = eventually(Duration::from_secs(5), "third look", || {
            looks += 1;
            (looks == 3).then_some("here")
        });
        assert_eq!(value, "here");
    }

    #[test]
    #[should_panic(expected = "no miracle within 0ns")]
    fn what_does_not_come_is_named() {
        eventually(Duration::ZERO, "miracle", || None::<()>);
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_is_not_waited_for() {
        let start = tokio::time::Instant::now();
        eventually_async(Duration::from_secs(120), "minute", async || {
            (start.elapsed() > Duration::from_secs(60)).then_some(())
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "no miracle within 60s")]
    async fn what_does_not_come_is_named_there_too() {
        eventually_async(Duration::from_secs(60), "miracle", async || None::<()>).await;
    }
}
