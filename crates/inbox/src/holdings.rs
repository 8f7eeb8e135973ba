//! The rooms that one connection holds, and the session under which they are kept for when it comes back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use waypost_api::RoomName;
use waypost_domain::{CustomerId, Offset};
use waypost_store::{Binding, SessionError, SessionRoom, Store, Tenure};

/// What one connection holds.
#[derive(Debug)]
pub struct Holdings {
    /// `None` where the client remembers no offset: its rooms end with the connection.
    tenure: Option<Tenure>,
    /// A short section: one room, or a look at all.
    rooms: Mutex<BTreeMap<RoomName, Held>>,
}

/// A room that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Everything after this position is shown.
    pub from: Offset,
    /// Whose room it is, where it is a customer's that is known.
    pub binding: Option<Binding>,
    /// Who that was when it was last looked up: customers are merged.
    pub customer: Option<CustomerId>,
}

impl Holdings {
    /// Rooms that are kept already.
    pub(crate) fn new(tenure: Option<Tenure>, rooms: BTreeMap<RoomName, Held>) -> Self {
        Self { tenure, rooms: Mutex::new(rooms) }
    }

    /// The right to change the session, where there is one.
    #[must_use]
    pub const fn tenure(&self) -> Option<Tenure> {
        self.tenure
    }

    /// The names of all rooms on the wire.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.rooms().keys().map(ToString::to_string).collect()
    }

    /// All of them, each with how it is held.
    #[must_use]
    pub fn all(&self) -> Vec<(RoomName, Held)> {
        self.rooms().iter().map(|(room, held)| (room.clone(), *held)).collect()
    }

    /// The customers' rooms whose name was nobody's when it was last looked up.
    #[must_use]
    pub fn unbound(&self) -> Vec<Box<str>> {
        let rooms = self.rooms();
        let unbound = rooms.iter().filter_map(|(room, held)| match (room, held.binding) {
            (RoomName::Customer(name), None) => Some(name.clone()),
            _ => None,
        });
        unbound.collect()
    }

    /// Whether and how the room is held.
    #[must_use]
    pub fn get(&self, room: &RoomName) -> Option<Held> {
        self.rooms().get(room).copied()
    }

    /// Holds a room, durably where there is a session. `known_at` is a position by which all of `held` was so.
    pub(crate) async fn keep(
        &self,
        store: &Store,
        room: &RoomName,
        held: Held,
        known_at: Offset,
    ) -> Result<(), SessionError> {
        if let Some(tenure) = self.tenure {
            store.enter_room(tenure, session_room(room, held, known_at)).await?;
        }
        self.rooms().insert(room.clone(), held);
        Ok(())
    }

    /// Holds a room no longer, durably where there is a session.
    pub(crate) async fn release(&self, store: &Store, room: &RoomName) -> Result<(), SessionError> {
        if let Some(tenure) = self.tenure {
            store.leave_room(tenure, &room.to_string()).await?;
        }
        self.rooms().remove(room);
        Ok(())
    }

    fn rooms(&self) -> MutexGuard<'_, BTreeMap<RoomName, Held>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A room as its session keeps it.
pub(crate) fn session_room(room: &RoomName, held: Held, known_at: Offset) -> SessionRoom {
    SessionRoom { name: room.to_string().into(), from: held.from, binding: held.binding, known_at }
}
