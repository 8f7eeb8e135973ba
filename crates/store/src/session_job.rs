//! What the writer of sessions is asked to do.

use tokio::sync::oneshot;
use waypost_domain::Timestamp;

use crate::desk::Grouped;
use crate::housekeeping::DoomedSession;
use crate::sessions::{NewSession, SessionError, SessionId, SessionRoom, Tenure};

/// What becomes of a change that a tenure is needed for.
pub(crate) type Changed<T> = Result<T, SessionError>;

/// What the writer of sessions is asked to do. Sessions that were seen before `alive_since` have ended. An `answer`
/// that is dropped means "could not be stored".
pub(crate) enum SessionJob {
    Create { new: NewSession, answer: oneshot::Sender<Changed<Tenure>> },
    Resume { tenure: Tenure, at: Timestamp, alive_since: Timestamp, answer: oneshot::Sender<Changed<Tenure>> },
    Enter { tenure: Tenure, room: SessionRoom, alive_since: Timestamp, answer: oneshot::Sender<Changed<()>> },
    Leave { tenure: Tenure, name: Box<str>, alive_since: Timestamp, answer: oneshot::Sender<Changed<()>> },
    Touch { sessions: Vec<SessionId>, at: Timestamp, alive_since: Timestamp, answer: oneshot::Sender<()> },
    Prune { doomed: Vec<DoomedSession>, answer: oneshot::Sender<usize> },
}

/// What became of a job, to be answered once it is committed.
pub(crate) enum SessionDone {
    Held(Changed<Tenure>),
    Moved(Changed<()>),
    Touched,
    Pruned(usize),
}

impl SessionJob {
    pub(crate) fn answer(self, done: SessionDone) {
        // Who asked may have gone away: what is stored stays stored.
        match (self, done) {
            (Self::Create { answer, .. } | Self::Resume { answer, .. }, SessionDone::Held(held)) => {
                let (Ok(()) | Err(_)) = answer.send(held);
            }
            (Self::Enter { answer, .. } | Self::Leave { answer, .. }, SessionDone::Moved(moved)) => {
                let (Ok(()) | Err(_)) = answer.send(moved);
            }
            (Self::Touch { answer, .. }, SessionDone::Touched) => drop(answer.send(())),
            (Self::Prune { answer, .. }, SessionDone::Pruned(rows)) => drop(answer.send(rows)),
            _ => unreachable!("`apply` gives each job its own kind of answer"),
        }
    }
}

impl Grouped for SessionJob {
    fn items(&self) -> usize {
        match self {
            Self::Create { new, .. } => 1 + new.rooms.len(),
            Self::Touch { sessions, .. } => sessions.len(),
            Self::Prune { doomed, .. } => doomed.len(),
            Self::Resume { .. } | Self::Enter { .. } | Self::Leave { .. } => 1,
        }
    }

    fn weight_bytes(&self) -> usize {
        let room_bytes = |room: &SessionRoom| room.name.len();
        match self {
            Self::Create { new, .. } => new.namespace.len() + new.rooms.iter().map(room_bytes).sum::<usize>(),
            Self::Enter { room, .. } => room_bytes(room),
            Self::Resume { .. } | Self::Leave { .. } | Self::Touch { .. } | Self::Prune { .. } => 0,
        }
    }
}
