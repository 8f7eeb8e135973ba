//! Where somebody was in the journal: whether everything since is still there, and that it stays there for a while.

use std::time::Duration;

use waypost_domain::Offset;

use crate::error::ReadError;
use crate::pins::Pin;
use crate::store::Store;

/// How long a position is held at most. Whoever reads for longer may find the journal pruned, and is told so.
pub const JOURNAL_HELD_MAX: Duration = Duration::from_mins(5);

/// A position of this journal after which everything is there. Pruning leaves it so while this value lives, for
/// [`JOURNAL_HELD_MAX`] at most.
#[derive(Debug)]
pub struct HeldPosition {
    position: Offset,
    _pin: Pin,
}

impl HeldPosition {
    /// The position.
    #[must_use]
    pub const fn position(&self) -> Offset {
        self.position
    }
}

/// Why a position is not held.
#[derive(Debug, thiserror::Error)]
pub enum PositionError {
    /// It is of another journal, or of another past of this one; or entries after it are gone.
    #[error("what came after the position is not in this journal")]
    Gap(Gap),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What there is instead, for whoever cannot go on from where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The oldest entry that is there, and will not be pruned right now; `None` where the journal is empty.
    pub oldest: Option<Offset>,
    /// The newest entry; number 0 where the journal is empty.
    pub head: Offset,
}

impl Store {
    /// Holds `position`, if it is one of this journal and everything after it is still there: the same epoch, an entry
    /// with this number and this check (or number 0 and check 0: the position before the first entry), and nothing
    /// pruned.
    ///
    /// Any number of positions can be held; see [`JOURNAL_HELD_MAX`]. Those that were asked for within the same second
    /// are let go of together, with the last of them. Cancel-safe.
    ///
    /// # Errors
    /// [`PositionError::Gap`] where it cannot be held, [`PositionError::Read`] where that could not be found out.
    pub async fn hold_position(&self, position: Offset) -> Result<HeldPosition, PositionError> {
        // First the pin, then the look: an entry that is seen after this cannot be pruned before the pin is gone.
        let pin = self.pins.hold(position.number, self.clock.monotonic());
        let doomed_below = self.pins.doomed_below();
        let is_doomed = pin.is_none();
        let gap = if !is_doomed && self.back.has_position(position).await? {
            None
        } else {
            Some(self.back.gap(doomed_below).await?)
        };
        match (gap, pin) {
            (None, Some(pin)) => Ok(HeldPosition { position, _pin: pin }),
            (Some(gap), _) => Err(PositionError::Gap(gap)),
            (None, None) => unreachable!("the gap is read where there is no pin"),
        }
    }

    /// What there is, for whoever has a position that cannot even be read.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn gap(&self) -> Result<Gap, ReadError> {
        self.back.gap(self.pins.doomed_below()).await
    }
}
