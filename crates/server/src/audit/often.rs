//! What is done again and again is written once in a while, with how often it was done.

use std::collections::HashMap;
use std::time::Duration;

use waypost_domain::{AuditAction, AuditActor, AuditTarget};

/// For how long it is only counted what was written.
const WINDOW: Duration = Duration::from_mins(5);
/// What is counted at the same time, at most. What is beyond is written each time.
const DEEDS_MAX: usize = 10_000;

/// What somebody does to something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Deed {
    pub(super) actor: AuditActor,
    pub(super) action: AuditAction,
    pub(super) target: Option<AuditTarget>,
}

/// What was written a short while ago.
#[derive(Debug, Default)]
pub(super) struct Often(HashMap<Deed, Window>);

#[derive(Debug)]
struct Window {
    until: Duration,
    /// How often it was done since it was written.
    further: u32,
}

impl Window {
    fn from(now: Duration) -> Self {
        Self { until: now + WINDOW, further: 0 }
    }
}

impl Often {
    /// Counts what is done; for how often it is to be written now, if it is.
    pub(super) fn meet(&mut self, deed: &Deed, now: Duration) -> Option<u32> {
        match self.0.get_mut(deed) {
            Some(window) if now < window.until => {
                window.further = window.further.saturating_add(1);
                None
            }
            Some(window) => {
                let further = std::mem::replace(window, Window::from(now)).further;
                Some(further.saturating_add(1))
            }
            None => {
                if self.0.len() < DEEDS_MAX {
                    self.0.insert(deed.clone(), Window::from(now));
                }
                Some(1)
            }
        }
    }

    /// What was done again since it was written, and is to be written now.
    pub(super) fn due(&mut self, now: Duration) -> Vec<(Deed, u32)> {
        let mut due = Vec::new();
        self.0.retain(|deed, window| {
            if now < window.until {
                return true;
            }
            let further = std::mem::replace(window, Window::from(now)).further;
            if further > 0 {
                due.push((deed.clone(), further));
            }
            further > 0
        });
        due
    }

    /// All that was done again since it was written.
    pub(super) fn rest(&mut self) -> Vec<(Deed, u32)> {
        let counted = self.0.drain().map(|(deed, window)| (deed, window.further));
        counted.filter(|(_, further)| *further > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(letter: u64) -> Deed {
        let target = Some(AuditTarget::Letter(letter));
        Deed { actor: AuditActor::Command, action: AuditAction::Read, target }
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_done_again_within_five_minutes_is_counted() {
        let mut often = Often::default();
        assert_eq!(often.meet(&read(1), at(0)), Some(1));
        assert_eq!(often.meet(&read(2), at(1)), Some(1));
        assert_eq!(often.meet(&read(1), at(299)), None);
        assert_eq!(often.meet(&read(1), at(299)), None);
        assert!(often.due(at(299)).is_empty());
        assert_eq!(often.due(at(301)), [(read(1), 2)]);
        // It was written a moment ago, and the other was forgotten.
        assert_eq!(often.meet(&read(1), at(400)), None);
        assert_eq!(often.meet(&read(2), at(400)), Some(1));
        // Nobody has looked in between.
        assert_eq!(often.meet(&read(1), at(2_000)), Some(2));
        assert_eq!(often.meet(&read(1), at(2_001)), None);
        assert_eq!(often.rest(), [(read(1), 1)]);
        assert!(often.rest().is_empty());
    }

    #[test]
    fn what_is_beyond_the_bound_is_written_each_time() {
        let mut often = Often::default();
        for letter in 0..DEEDS_MAX as u64 {
            assert_eq!(often.meet(&read(letter), at(0)), Some(1));
        }
        let beyond = DEEDS_MAX as u64;
        assert_eq!(often.meet(&read(beyond), at(1)), Some(1));
        assert_eq!(often.meet(&read(beyond), at(2)), Some(1));
        assert_eq!(often.meet(&read(0), at(2)), None);
        assert_eq!(often.due(at(300)), [(read(0), 1)]);
        assert_eq!(often.meet(&read(beyond), at(301)), Some(1));
        assert_eq!(often.meet(&read(beyond), at(302)), None);
    }
}
