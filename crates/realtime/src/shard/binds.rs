//! The bindings of scopes that were published a short while ago.
//!
//! The application decides on a CONNECT beside the shard's turns, and may have looked a name up just before it was bound.
//! What is remembered here makes up for that, so that no such socket waits for a binding that was published already.

use crate::Scope;
use std::collections::VecDeque;

#[derive(Debug)]
pub(crate) struct Binds {
    kept_max: usize,
    /// By rising position.
    kept: VecDeque<Bind>,
    /// The position of the newest that was let go.
    forgotten: Option<u64>,
}

/// What was published under the name `from` is published under `to` for the events after `position`.
#[derive(Debug, Clone)]
pub(crate) struct Bind {
    pub(crate) position: u64,
    pub(crate) from: Scope,
    pub(crate) to: Scope,
}

/// Bindings that would be needed are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forgotten;

impl Binds {
    /// Remembers `kept_max` bindings; the oldest go.
    pub(crate) fn new(kept_max: usize) -> Binds {
        Binds { kept_max, kept: VecDeque::new(), forgotten: None }
    }

    pub(crate) fn note(&mut self, from: &Scope, to: &Scope, position: u64) {
        self.kept.push_back(Bind { position, from: from.clone(), to: to.clone() });
        if self.kept.len() > self.kept_max {
            self.forgotten = self.kept.pop_front().map(|bind| bind.position);
        }
    }

    /// What somebody has missed who knew all bindings from before the event `position` was published, and maybe more.
    pub(crate) fn since(&self, position: u64) -> Result<impl Iterator<Item = &Bind>, Forgotten> {
        if self.forgotten.is_some_and(|forgotten| forgotten >= position) {
            return Err(Forgotten);
        }
        let first = self.kept.partition_point(|bind| bind.position < position);
        Ok(self.kept.range(first..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_known_or_known_to_be_forgotten() {
        let scope = |name: &str| Scope::new(name);
        let mut binds = Binds::new(2);
        let missed = |binds: &Binds, position| {
            binds.since(position).map(|missed| missed.map(|bind| bind.position).collect::<Vec<_>>())
        };
        assert_eq!(missed(&binds, 0), Ok(vec![]));
        for position in [5, 5, 7] {
            binds.note(&scope("name"), &scope("customer"), position);
        }
        assert_eq!(missed(&binds, 5), Err(Forgotten));
        assert_eq!(missed(&binds, 6), Ok(vec![7]));
        assert_eq!(missed(&binds, 7), Ok(vec![7]));
        assert_eq!(missed(&binds, 8), Ok(vec![]));
    }
}
