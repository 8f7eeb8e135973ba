//! Sessions: what a client that went away may come back to. They are in a file of their own, so that they never wait
//! for webhooks, nor webhooks for them.

use std::fmt;

use sha2::{Digest, Sha256};
use waypost_domain::time::HOUR_MS;
use waypost_domain::{Offset, Pid, PrincipalId, Timestamp};

use crate::error::ReadError;
use crate::housekeeping::{STEP_ROWS, SessionPrune};
use crate::session_job::SessionJob;
use crate::store::{Binding, Store};

/// Names a session without opening it: the first 128 bits of the SHA-256 of its client's secret. Safe to log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl From<&Pid> for SessionId {
    fn from(pid: &Pid) -> Self {
        let digest = Sha256::digest(pid.to_bytes());
        Self(*digest.first_chunk().expect("16 of 32 bytes"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ses_{:032x}", u128::from_be_bytes(self.0))
    }
}

/// A session that is to be.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its client's secret. Only a digest of it is stored.
    pub pid: Pid,
    /// Whose it is.
    pub principal: PrincipalId,
    /// The Socket.IO namespace it is of.
    pub namespace: Box<str>,
    /// The position at which it begins.
    pub start: Offset,
    /// Whether its client has missed something that cannot be replayed, and has yet to hear of it.
    pub owes_gap: bool,
    /// The rooms it is in from the beginning; of two with one name, the later counts.
    pub rooms: Vec<SessionRoom>,
    /// When its client was seen.
    pub at: Timestamp,
}

/// A room that a session is in. `Debug` hides its name, which may be a customer's number.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRoom {
    /// Its name.
    pub name: Box<str>,
    /// Only events after this are for the session, as far as this room goes.
    pub from: Offset,
    /// Whose room it is, once that is known: the name may change hands later, the room does not.
    pub binding: Option<Binding>,
    /// A position of the journal by which all of this was so: `from`, or later. Where it is not in the journal any more,
    /// because a copy was put back, neither is what the rest refers to.
    pub known_at: Offset,
}

impl fmt::Debug for SessionRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRoom").field("from", &self.from).finish_non_exhaustive()
    }
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What resuming it takes.
    pub tenure: Tenure,
    /// Whose it is.
    pub principal: PrincipalId,
    /// The Socket.IO namespace it is of.
    pub namespace: Box<str>,
    /// The position at which it began.
    pub start: Offset,
    /// Whether its client was to be told at `start` of something that cannot be replayed.
    pub owes_gap: bool,
    /// When its client was seen last.
    pub seen_at: Timestamp,
    /// The rooms it is in, in the order in which they were entered.
    pub rooms: Vec<SessionRoom>,
}

/// The right to change a session, until somebody else resumes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tenure {
    /// The session.
    pub session: SessionId,
    /// How often it was resumed, and one. It never falls.
    pub generation: u64,
}

/// Why a session was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// It was resumed elsewhere, or has ended; or, for a new one, its secret is in use.
    #[error("the session was resumed elsewhere, or has ended")]
    Fenced,
    /// The store is in trouble or closed. Nothing is known to be stored.
    #[error("the store cannot write just now")]
    Unavailable,
}

/// Sessions that are touched in one transaction.
const TOUCHES_MAX: usize = 256;

/// All of these are durable when they return. None is undone by a caller that goes away. A session ends
/// [`crate::Limits::session_hours`] after it was seen, by the store's clock, and for good: an ended one is as one that
/// never was.
impl Store {
    /// Stores a session, of the generation 1. Trying again after [`SessionError::Unavailable`] takes a fresh secret: the
    /// first may be stored after all.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn create_session(&self, new: NewSession) -> Result<Tenure, SessionError> {
        self.back
            .ask_sessions(|answer| SessionJob::Create { new, answer })
            .await
            .ok_or(SessionError::Unavailable)?
    }

    /// A session that has not ended.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn find_session(&self, session: SessionId) -> Result<Option<Session>, ReadError> {
        let alive_since = self.sessions_alive_since();
        self.back.find_session(session, alive_since).await
    }

    /// Takes a session over, if nobody has since `tenure` was read: raises its generation by one, so that whoever held
    /// it can change nothing any more, and notes that its client was seen.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn resume_session(&self, tenure: Tenure, at: Timestamp) -> Result<Tenure, SessionError> {
        let alive_since = self.sessions_alive_since();
        self.back
            .ask_sessions(|answer| SessionJob::Resume { tenure, at, alive_since, answer })
            .await
            .ok_or(SessionError::Unavailable)?
    }

    /// Adds a room. One of the same name that the session is in already is left first.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn enter_room(&self, tenure: Tenure, room: SessionRoom) -> Result<(), SessionError> {
        let alive_since = self.sessions_alive_since();
        self.back
            .ask_sessions(|answer| SessionJob::Enter { tenure, room, alive_since, answer })
            .await
            .ok_or(SessionError::Unavailable)?
    }

    /// Takes a room out; one that the session is not in is no error.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn leave_room(&self, tenure: Tenure, name: &str) -> Result<(), SessionError> {
        let (name, alive_since) = (name.into(), self.sessions_alive_since());
        self.back
            .ask_sessions(|answer| SessionJob::Leave { tenure, name, alive_since, answer })
            .await
            .ok_or(SessionError::Unavailable)?
    }

    /// Notes that the clients of these sessions were seen, in transactions of 256 at most. Those that have ended stay
    /// so, and none is said to have been seen earlier than it was.
    ///
    /// # Errors
    /// [`SessionError::Unavailable`]; those before may have been noted.
    pub async fn touch_sessions(&self, sessions: Vec<SessionId>, at: Timestamp) -> Result<(), SessionError> {
        for sessions in sessions.chunks(TOUCHES_MAX) {
            let (sessions, alive_since) = (sessions.to_vec(), self.sessions_alive_since());
            self.back
                .ask_sessions(|answer| SessionJob::Touch { sessions, at, alive_since, answer })
                .await
                .ok_or(SessionError::Unavailable)?;
        }
        Ok(())
    }

    /// Takes out sessions over the limits, in small steps; how many went.
    pub(crate) async fn tend_sessions(&self) -> Result<usize, ReadError> {
        let mut removed = 0;
        for prune in SessionPrune::ALL {
            loop {
                let (sessions_max, alive_since) = (self.limits.sessions_max, self.sessions_alive_since());
                let doomed = self.back.find_doomed_sessions(prune, sessions_max, alive_since).await?;
                if doomed.is_empty() {
                    break;
                }
                let gone = self
                    .back
                    .ask_sessions(|answer| SessionJob::Prune { doomed, answer })
                    .await
                    .ok_or(ReadError::Closed)?;
                removed += gone;
                if gone < STEP_ROWS {
                    break;
                }
            }
        }
        Ok(removed)
    }

    /// Sessions that were seen before this have ended.
    fn sessions_alive_since(&self) -> Timestamp {
        self.clock.now().plus_millis(-self.limits.session_hours.saturating_mul(HOUR_MS))
    }
}
