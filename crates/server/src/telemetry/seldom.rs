//! Log lines that a stranger can cause as often as they like, written now and then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The pause between two lines of one kind.
const PAUSE: Duration = Duration::from_secs(10);

/// When a line of each kind was written last. Kinds are the names of a closed set, which bounds it.
#[derive(Default)]
pub(crate) struct Seldom(Mutex<HashMap<&'static str, Line>>);

#[derive(Clone, Copy, Default)]
struct Line {
    written: Option<Duration>,
    left_out: u64,
}

impl Seldom {
    /// Whether a line of this kind is due at `now`; if so, how many were left out since the last.
    pub(crate) fn due(&self, kind: &'static str, now: Duration) -> Option<u64> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(kind).or_default();
        if line.written.is_some_and(|written| now.saturating_sub(written) < PAUSE) {
            line.left_out += 1;
            return None;
        }
        let left_out = line.left_out;
        *line = Line { written: Some(now), left_out: 0 };
        Some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_in_ten_seconds_says_how_many_it_stands_for() {
        let seldom = Seldom::default();
        let at = Duration::from_secs;
        assert_eq!(seldom.due("a", at(1)), Some(0));
        assert_eq!(seldom.due("a", at(2)), None);
        assert_eq!(seldom.due("b", at(2)), Some(0));
        assert_eq!(seldom.due("a", at(10)), None);
        assert_eq!(seldom.due("a", at(11)), Some(2));
        assert_eq!(seldom.due("a", at(21)), Some(0));
    }
}
