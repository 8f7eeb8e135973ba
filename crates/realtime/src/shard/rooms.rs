//! Who is in which scope, by which room.
//!
//! A membership is (scope, room, socket). It stands in the scope's list of members and in the socket's room, each
//! with the other's place, so that joining, leaving and disconnecting cost what the socket itself holds, whatever
//! the size of a scope and the number of scopes.

use crate::socket::JoinError;
use crate::{JournalEvent, Room, Scope};
use slab::Slab;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A socket's place in the shard's table.
pub(crate) type SocketSlot = usize;

#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomLimits {
    pub(crate) rooms_per_socket_max: usize,
    pub(crate) scopes_per_room_max: usize,
}

/// All memberships of a shard.
#[derive(Debug)]
pub(crate) struct Rooms {
    limits: RoomLimits,
    names: HashMap<Scope, usize>,
    scopes: Slab<Members>,
    /// By [`SocketSlot`].
    held: Vec<Held>,
}

/// A scope that somebody is in.
#[derive(Debug)]
struct Members {
    scope: Scope,
    members: Vec<Member>,
}

/// One membership, as its scope sees it. A socket is there once for each room that stands for the scope.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) socket: SocketSlot,
    room: usize,
    /// Its place among the room's memberships.
    at: usize,
}

/// What one socket holds.
#[derive(Debug, Default)]
struct Held {
    names: HashMap<Room, usize>,
    rooms: Slab<Vec<Membership>>,
}

/// One membership, as its room sees it.
#[derive(Debug, Clone, Copy)]
struct Membership {
    scope: usize,
    /// Its place among the scope's members.
    at: usize,
    /// Only events after this number are for it.
    from: u64,
}

impl Rooms {
    pub(crate) fn new(limits: RoomLimits) -> Rooms {
        Rooms { limits, names: HashMap::new(), scopes: Slab::new(), held: Vec::new() }
    }

    /// The members of `scope`; a socket may be among them several times.
    pub(crate) fn members(&self, scope: &Scope) -> &[Member] {
        self.names.get(scope).map_or(&[], |at| &self.scopes[*at].members)
    }

    /// What `socket` is in, by all its rooms; each scope once.
    pub(crate) fn scopes_of(&self, socket: SocketSlot) -> Vec<Scope> {
        let held = self.held.get(socket).into_iter().flat_map(|held| held.rooms.iter());
        let mut places: Vec<usize> =
            held.flat_map(|(_, room)| room.iter().map(|membership| membership.scope)).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|at| self.scopes[at].scope.clone()).collect()
    }

    /// Whether the event is for a room of `socket`, and no room of it is left out.
    pub(crate) fn is_for(&self, socket: SocketSlot, event: &JournalEvent) -> bool {
        self.matches(socket, &event.scopes, event.offset.number)
            && !self.matches(socket, &event.except, u64::MAX)
    }

    /// Whether `socket` is in one of the scopes, by a room that it joined before the event with this number.
    fn matches(&self, socket: SocketSlot, scopes: &[Scope], number: u64) -> bool {
        let Some(held) = self.held.get(socket) else { return false };
        scopes.iter().filter_map(|scope| self.names.get(scope)).any(|place| {
            let mut memberships = held.rooms.iter().flat_map(|(_, room)| room);
            memberships.any(|membership| membership.from < number && membership.scope == *place)
        })
    }

    /// Puts `socket` into `room` for the events after the number `from`; what the room stood for before is replaced. On
    /// an error nothing has changed.
    pub(crate) fn join(
        &mut self,
        socket: SocketSlot,
        room: Room,
        scopes: Vec<Scope>,
        from: u64,
    ) -> Result<(), JoinError> {
        if scopes.len() > self.limits.scopes_per_room_max {
            return Err(JoinError::TooManyScopes);
        }
        if self.held.len() <= socket {
            self.held.resize_with(socket + 1, Held::default);
        }
        let held = &mut self.held[socket];
        let rooms = held.names.len();
        let room = match held.names.entry(room) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(_) if rooms >= self.limits.rooms_per_socket_max => {
                return Err(JoinError::TooManyRooms);
            }
            Entry::Vacant(entry) => *entry.insert(held.rooms.insert(Vec::new())),
        };
        self.empty_room(socket, room);
        for scope in scopes {
            self.add(socket, room, scope, from);
        }
        Ok(())
    }

    /// Takes `socket` out of `room`, if it is in it.
    pub(crate) fn leave(&mut self, socket: SocketSlot, room: &Room) {
        let Some(room) = self.held.get_mut(socket).and_then(|held| held.names.remove(room)) else { return };
        self.empty_room(socket, room);
        self.held[socket].rooms.remove(room);
    }

    /// Takes `socket` out of everything and forgets it.
    pub(crate) fn leave_all(&mut self, socket: SocketSlot) {
        let Some(held) = self.held.get_mut(socket) else { return };
        let rooms: Vec<usize> = std::mem::take(&mut held.names).into_values().collect();
        for room in rooms {
            self.empty_room(socket, room);
        }
        self.held[socket] = Held::default();
    }

    /// Makes every membership in `from` one in `to`, under the same room, for the events after the number `position`: what
    /// `to` had before was never shown under that name.
    pub(crate) fn bind(&mut self, from: &Scope, to: &Scope, position: u64) {
        if from == to {
            return;
        }
        let Some(at) = self.names.remove(from) else { return };
        let target = self.scope(to.clone());
        for member in self.scopes.remove(at).members {
            let place = self.scopes[target].members.len();
            self.held[member.socket].rooms[member.room][member.at] =
                Membership { scope: target, at: place, from: position };
            self.scopes[target].members.push(member);
        }
    }

    fn scope(&mut self, scope: Scope) -> usize {
        match self.names.entry(scope) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let members = Members { scope: entry.key().clone(), members: Vec::new() };
                *entry.insert(self.scopes.insert(members))
            }
        }
    }

    fn add(&mut self, socket: SocketSlot, room: usize, scope: Scope, from: u64) {
        let scope = self.scope(scope);
        let memberships = &mut self.held[socket].rooms[room];
        let members = &mut self.scopes[scope].members;
        members.push(Member { socket, room, at: memberships.len() });
        memberships.push(Membership { scope, at: members.len() - 1, from });
    }

    fn empty_room(&mut self, socket: SocketSlot, room: usize) {
        while let Some(Membership { scope, at, .. }) = self.held[socket].rooms[room].pop() {
            let Members { scope: name, members } = &mut self.scopes[scope];
            members.swap_remove(at);
            if members.is_empty() {
                self.names.remove(name);
                self.scopes.remove(scope);
            } else if let Some(moved) = members.get(at) {
                self.held[moved.socket].rooms[moved.room][moved.at].at = at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    const LIMITS: RoomLimits = RoomLimits { rooms_per_socket_max: 3, scopes_per_room_max: 4 };

    fn scope(name: u8) -> Scope {
        Scope::new(name.to_string())
    }

    fn room(name: u8) -> Room {
        Room::new(name.to_string())
    }

    fn sockets(rooms: &Rooms, name: u8) -> BTreeSet<SocketSlot> {
        rooms.members(&scope(name)).iter().map(|member| member.socket).collect()
    }

    #[test]
    fn a_scope_of_two_rooms_is_left_with_the_second() {
        let mut rooms = Rooms::new(LIMITS);
        rooms.join(0, room(1), vec![scope(1), scope(2)], 0).unwrap();
        rooms.join(0, room(2), vec![scope(2)], 0).unwrap();
        rooms.leave(0, &room(1));
        assert!(sockets(&rooms, 1).is_empty());
        assert_eq!(sockets(&rooms, 2), [0].into());
        rooms.leave(0, &room(2));
        assert!(rooms.names.is_empty() && rooms.scopes.is_empty());
    }

    #[test]
    fn limits_refuse_and_change_nothing() {
        let mut rooms = Rooms::new(LIMITS);
        for name in 0..3 {
            rooms.join(0, room(name), vec![scope(name)], 0).unwrap();
        }
        assert_eq!(rooms.join(0, room(9), vec![scope(9)], 0), Err(JoinError::TooManyRooms));
        assert_eq!(rooms.join(0, room(1), (0..5).map(scope).collect(), 0), Err(JoinError::TooManyScopes));
        assert_eq!(rooms.join(0, room(1), vec![scope(7)], 0), Ok(()));
        assert!(sockets(&rooms, 9).is_empty() && sockets(&rooms, 1).is_empty());
        assert_eq!(sockets(&rooms, 7), [0].into());
    }

    #[test]
    fn an_event_is_for_the_rooms_that_were_joined_or_bound_before_it() {
        let mut rooms = Rooms::new(LIMITS);
        rooms.join(0, room(1), vec![scope(1), scope(2)], 10).unwrap();
        rooms.join(0, room(2), vec![scope(2)], 20).unwrap();
        rooms.join(0, room(3), vec![scope(3)], 5).unwrap();
        assert_eq!(rooms.scopes_of(0), [1, 2, 3].map(scope));
        let is_for = |rooms: &Rooms, name, number| rooms.matches(0, &[scope(9), scope(name)], number);
        assert_eq!([10, 11, 21].map(|number| is_for(&rooms, 2, number)), [false, true, true]);
        rooms.leave(0, &room(1));
        assert_eq!([11, 20, 21].map(|number| is_for(&rooms, 2, number)), [false, false, true]);
        rooms.bind(&scope(3), &scope(4), 30);
        assert_eq!([29, 30, 31].map(|number| is_for(&rooms, 4, number)), [false, false, true]);
        assert!(!rooms.matches(7, &[scope(4)], 100) && rooms.scopes_of(7).is_empty());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Join(usize, u8, Vec<u8>),
        Leave(usize, u8),
        LeaveAll(usize),
        Bind(u8, u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..4usize, 0..3u8, prop::collection::vec(0..6u8, 0..4)).prop_map(|(s, r, v)| Step::Join(s, r, v)),
            2 => (0..4usize, 0..3u8).prop_map(|(s, r)| Step::Leave(s, r)),
            1 => (0..4usize).prop_map(Step::LeaveAll),
            1 => (0..6u8, 0..6u8).prop_map(|(f, t)| Step::Bind(f, t)),
        ]
    }

    proptest! {
        /// The back indices, checked against maps that have none.
        #[test]
        fn any_steps_leave_what_plain_maps_would(steps in prop::collection::vec(step(), 0..60)) {
            let mut rooms = Rooms::new(LIMITS);
            let mut model: BTreeMap<(usize, u8), BTreeSet<u8>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Join(socket, name, scopes) => {
                        rooms.join(socket, room(name), scopes.iter().copied().map(scope).collect(), 0).unwrap();
                        model.insert((socket, name), scopes.into_iter().collect());
                    }
                    Step::Leave(socket, name) => {
                        rooms.leave(socket, &room(name));
                        model.remove(&(socket, name));
                    }
                    Step::LeaveAll(socket) => {
                        rooms.leave_all(socket);
                        model.retain(|(held_by, _), _| *held_by != socket);
                    }
                    Step::Bind(from, to) => {
                        rooms.bind(&scope(from), &scope(to), 0);
                        for scopes in model.values_mut() {
                            if scopes.remove(&from) {
                                scopes.insert(to);
                            }
                        }
                    }
                }
                for name in 0..6 {
                    let expected: BTreeSet<_> =
                        model.iter().filter(|(_, s)| s.contains(&name)).map(|((socket, _), _)| *socket).collect();
                    prop_assert_eq!(sockets(&rooms, name), expected);
                }
            }
        }
    }
}
