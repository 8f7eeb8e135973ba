//! Whether the store can write, as its last commit showed.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::group::Work;
use crate::job::Job;

/// For how long after an append failed a probe is not believed: where a disk is full, or one table cannot be written, what
/// is there already can be written again.
const PROBES_DISTRUSTED: Duration = Duration::from_secs(5);

/// Whether the last commit went well. All clones are one.
#[derive(Clone)]
pub(crate) struct Health {
    is_well: watch::Sender<bool>,
    /// Guards the last trouble. Taken for a moment at each commit.
    trouble: Arc<Mutex<Trouble>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Trouble {
    /// When an append failed last, by the clock that never goes back.
    failed_at: Option<Duration>,
    /// What the log says of it.
    told: String,
}

impl Health {
    /// Well, until a commit says otherwise.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { is_well: watch::Sender::new(true), trouble: Arc::default(), clock }
    }

    pub(crate) fn is_well(&self) -> bool {
        *self.is_well.borrow()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.is_well.subscribe()
    }

    /// Whether that is news. Whoever watches is woken only by news.
    fn change(&self, is_well: bool) -> bool {
        self.is_well.send_if_modified(|was_well| std::mem::replace(was_well, is_well) != is_well)
    }

    /// Notes how a commit of `work` went; says in the log when trouble begins, when it becomes another, and when it ends.
    pub(crate) fn note(&self, work: Work<'_>, commit: Result<(), &dyn Display>) {
        let is_append = !matches!(work, Work::Jobs(jobs) if jobs.iter().all(is_trial));
        let is_look =
            matches!(work, Work::Jobs(jobs) if jobs.iter().all(|job| matches!(job, Job::Look { .. })));
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.monotonic();
        match commit {
            // That the journal can be read says nothing of writing.
            Ok(()) if is_look => {}
            Ok(()) => {
                let is_believed = is_append
                    || trouble.failed_at.is_none_or(|at| now.saturating_sub(at) >= PROBES_DISTRUSTED);
                if is_believed && self.change(true) {
                    *trouble = Trouble::default();
                    tracing::info!("the store can write again");
                }
            }
            Err(error) => {
                if is_append {
                    trouble.failed_at = Some(now);
                }
                let began = self.change(false);
                let told = error.to_string();
                if began || trouble.told != told {
                    tracing::error!(
                        error = told,
                        "the store cannot write; until it can, nothing is acknowledged"
                    );
                    trouble.told = told;
                }
            }
        }
    }
}

/// Whether a job only tries whether something can be done.
fn is_trial(job: &Job) -> bool {
    matches!(job, Job::Look { .. } | Job::Probe { .. })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::sync::oneshot;
    use waypost_domain::{AppName, Timestamp};

    use super::*;
    use crate::append::Delivery;

    #[derive(Default)]
    struct Seconds(AtomicU64);

    impl Clock for Seconds {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn a_probe_is_not_believed_right_after_an_append_failed() {
        let clock = Arc::new(Seconds::default());
        let health = Health::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let delivery =
            Delivery { app: AppName::parse("default").unwrap(), received: Timestamp::from_millis(0) };
        let append = Work::Facts(&delivery, &[]);
        let probe = [Job::Probe { answer: oneshot::channel().0 }];
        let look = [Job::Look { head: None }];
        let (probe, look) = (Work::Jobs(&probe), Work::Jobs(&look));

        health.note(append, Err(&"the disk is full"));
        health.note(probe, Ok(()));
        assert!(!health.is_well());
        clock.0.store(4, Ordering::Relaxed);
        health.note(append, Err(&"the disk is full"));
        clock.0.store(8, Ordering::Relaxed);
        health.note(probe, Ok(()));
        assert!(!health.is_well(), "an append failed four seconds ago");
        clock.0.store(9, Ordering::Relaxed);
        health.note(look, Ok(()));
        assert!(!health.is_well(), "to read is not to write");
        health.note(probe, Ok(()));
        assert!(health.is_well());

        health.note(probe, Err(&"nobody is there"));
        assert!(!health.is_well());
        health.note(probe, Ok(()));
        assert!(health.is_well(), "no append failed");
        health.note(append, Err(&"the disk is full"));
        health.note(append, Ok(()));
        assert!(health.is_well());
    }

    #[test]
    fn whoever_watches_is_woken_by_news_only() {
        let health = Health::new(Arc::new(Seconds::default()));
        let watched = health.watch();
        health.note(Work::Jobs(&[Job::Probe { answer: oneshot::channel().0 }]), Ok(()));
        assert!(!watched.has_changed().unwrap());
        health.note(Work::Jobs(&[Job::Look { head: None }]), Err(&"nobody is there"));
        assert!(watched.has_changed().unwrap());
    }
}
