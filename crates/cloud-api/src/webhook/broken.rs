//! What cannot be used: a dead letter each, up to a bound.

use waypost_domain::{DeadLetter, DeadLetterKind, Fact, RawJson};

use crate::json::Node;

/// Dead letters of one body. What is beyond them is kept in one more: 3 MiB of items of two bytes must not become a
/// million rows. Meta sends at most 1,000 updates in a body, and never a wrong one that is known.
pub(super) const LETTERS_MAX: usize = 100;

/// The items of a body so far that cannot be used.
#[derive(Default)]
pub(super) struct Broken {
    letters: usize,
    /// Those beyond the bound, with a comma between two.
    rest: String,
    rest_count: usize,
    /// What was wrong with the first of them.
    rest_first: Option<(DeadLetterKind, String)>,
}

impl Broken {
    /// The dead letter of this kind of an item; `None` where there are enough of them, so that it is kept with the rest.
    pub(super) fn bury(
        &mut self,
        (kind, reason): (DeadLetterKind, impl FnOnce() -> String),
        node: Node<'_>,
        around: impl FnOnce() -> RawJson,
    ) -> Option<Fact> {
        let raw = node.raw().unwrap_or_default();
        if self.letters < LETTERS_MAX {
            self.letters += 1;
            let letter =
                DeadLetter { kind, reason: reason(), raw: raw.as_bytes().into(), around: Some(around()) };
            return Some(Fact::Dead(letter));
        }
        if self.rest_count == 0 {
            self.rest_first = Some((kind, reason()));
        } else {
            self.rest.push(',');
        }
        self.rest_count += 1;
        self.rest.push_str(raw);
        None
    }

    /// The one dead letter of all that is beyond the bound, as a list; of the kind of the first of them.
    pub(super) fn into_rest(self) -> Option<Fact> {
        let (kind, first) = self.rest_first?;
        Some(Fact::Dead(DeadLetter {
            kind,
            reason: format!("body: {} more items; the first: {first}", self.rest_count),
            raw: format!("[{}]", self.rest).into_bytes(),
            around: None,
        }))
    }
}
