//! Which connection of this process has which session, so that one that is resumed elsewhere is told to go.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use waypost_realtime::SocketId;
use waypost_store::{SessionId, Tenure};

/// The sessions whose connections live here. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Seats(Arc<Mutex<Taken>>);

/// A short section: one entry, or a copy of all keys. As many as there are connections.
#[derive(Debug, Default)]
struct Taken {
    seats: HashMap<SessionId, Occupant>,
    /// Those whose connection went since the last look.
    left: HashSet<SessionId>,
}

#[derive(Debug)]
struct Occupant {
    generation: u64,
    /// `None` until it was greeted.
    socket: Option<SocketId>,
}

/// A connection's place under its session. It is given up when this is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    tenure: Tenure,
}

impl Seats {
    /// Takes the place of a session that this process's newest tenure is for; answers whose it was, who is to go.
    #[must_use]
    pub fn take(&self, tenure: Tenure) -> (Seat, Option<SocketId>) {
        let mut taken = self.taken();
        let occupant = Occupant { generation: tenure.generation, socket: None };
        let before = match taken.seats.get_mut(&tenure.session) {
            // Two tenures were given one after the other, and come here the other way round.
            Some(newer) if newer.generation > tenure.generation => None,
            Some(older) => std::mem::replace(older, occupant).socket,
            None => {
                taken.seats.insert(tenure.session, occupant);
                None
            }
        };
        drop(taken);
        (Seat { seats: self.clone(), tenure }, before)
    }

    /// The sessions that have or had a connection since this was last asked.
    #[must_use]
    pub fn seen(&self) -> Vec<SessionId> {
        let mut taken = self.taken();
        let mut seen = std::mem::take(&mut taken.left);
        seen.extend(taken.seats.keys());
        drop(taken);
        seen.into_iter().collect()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session goes on elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session goes on elsewhere")]
pub struct SeatLost;

impl Seat {
    /// Notes which socket sits here.
    ///
    /// # Errors
    /// When the seat was taken by another connection meanwhile: this one is not to begin.
    pub fn sit(&self, socket: SocketId) -> Result<(), SeatLost> {
        match self.seats.taken().seats.get_mut(&self.tenure.session) {
            Some(occupant) if occupant.generation == self.tenure.generation => {
                occupant.socket = Some(socket);
                Ok(())
            }
            _ => Err(SeatLost),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        let session = self.tenure.session;
        if taken.seats.get(&session).is_some_and(|it| it.generation == self.tenure.generation) {
            taken.seats.remove(&session);
            taken.left.insert(session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waypost_domain::Pid;

    #[test]
    fn the_newest_tenure_has_the_seat_whatever_the_order() {
        let session = SessionId::from(&Pid::from_random(1));
        let tenure = |generation| Tenure { session, generation };
        let seats = Seats::default();
        let (second, nobody) = seats.take(tenure(2));
        let (first, nobody_either) = seats.take(tenure(1));
        assert_eq!((nobody, nobody_either), (None, None));
        drop(first);
        let (third, before) = seats.take(tenure(3));
        assert_eq!(before, None, "the second was not greeted yet, and will not be");
        drop(second);
        assert_eq!(seats.seen(), [session]);
        drop(third);
        assert_eq!(seats.seen(), [session], "it was there since the last look");
        assert!(seats.seen().is_empty());
    }
}
