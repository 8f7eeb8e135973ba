//! A connection asks to see something, or no longer: the general room, a customer's, the monitors'.

use waypost_api::RoomName;
use waypost_domain::Principal;
use waypost_realtime::{Application, HeldRoom, JoinError, Room, Socket, SocketClosed};
use waypost_store::{CustomerMatch, ReadError, SessionError, Store};

use crate::holdings::{Held, Holdings};
use crate::meaning::{Meaning, meaning};
use crate::show::domain_offset;

/// Why a room could not be joined or left.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The principal may not, or there is nothing that it may see: the two are one answer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The principal may not be in that room.
    #[error("the room is not for this principal")]
    Forbidden,
    /// The name fits more than one customer.
    #[error("the name fits more than one customer")]
    Ambiguous,
    /// The connection is in as many rooms as it may be.
    #[error("the connection is in as many rooms as it may be")]
    TooManyRooms,
    /// The connection waits for as many unknown customers as it may.
    #[error("the connection waits for as many unknown customers as it may")]
    TooManyUnbound,
    /// The connection went away, or its session goes on elsewhere.
    #[error("the connection is closed")]
    Closed,
    /// The store cannot say who the customer is.
    #[error("the customer cannot be looked up")]
    Read(#[from] ReadError),
    /// The store cannot keep the room for the session.
    #[error("the session cannot be changed")]
    Session,
}

impl From<JoinError> for FollowError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::TooManyRooms | JoinError::TooManyScopes => Self::TooManyRooms,
            JoinError::Closed => Self::Closed,
        }
    }
}

impl From<SocketClosed> for FollowError {
    fn from(SocketClosed: SocketClosed) -> Self {
        Self::Closed
    }
}

impl From<SessionError> for FollowError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Fenced => Self::Closed,
            SessionError::Unavailable => Self::Session,
        }
    }
}

/// Who follows, and what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Follower<'a> {
    /// Whose policy counts.
    pub principal: &'a Principal,
    /// Its rooms.
    pub holdings: &'a Holdings,
    /// Most rooms of customers whose name is nobody's yet.
    pub unbound_rooms_max: usize,
}

/// Joins a room. One that is held already stays as it is, so that clients may join again whenever they connect. A
/// customer's name that is nobody's yet waits, and is bound to the customer before the event that makes it one.
///
/// The room is first joined, then kept for the session, then answered: whatever is told is kept.
///
/// # Errors
/// See [`FollowError`]; nothing has changed then.
pub async fn join<A: Application>(
    store: &Store,
    socket: &Socket<A>,
    follower: Follower<'_>,
    room: &RoomName,
) -> Result<Held, FollowError> {
    let Follower { principal, holdings, .. } = follower;
    if let Some(held) = holdings.get(room) {
        return know_customer(store, holdings, room, held).await;
    }
    let first = meaning(store, principal, room).await?;
    if let (RoomName::Customer(_), None) = (room, first.binding) {
        make_room_for_unbound(store, follower).await?;
    }
    let mut held = enter(socket, room, first.clone()).await?;
    // A name may have become a customer's after the look and before the join, in which case nobody will bind it. Joining
    // again shows the room from this second join on, which is the position that is kept and answered.
    if let (RoomName::Customer(_), None) = (room, first.binding) {
        let second = meaning(store, principal, room).await;
        held = match second {
            Ok(known) if known.binding.is_some() => enter(socket, room, known).await?,
            Ok(_) => held,
            Err(error) => {
                socket.leave(wire_room(room)).await?;
                return Err(error);
            }
        };
    }
    if let Err(error) = holdings.keep(store, room, held, held.from).await {
        socket.leave(wire_room(room)).await?;
        return Err(error.into());
    }
    Ok(held)
}

/// Leaves a room; one that is not held is left already.
///
/// # Errors
/// [`FollowError::Session`] where the session still has it, and so has the connection.
pub async fn leave<A: Application>(
    store: &Store,
    socket: &Socket<A>,
    holdings: &Holdings,
    room: &RoomName,
) -> Result<(), FollowError> {
    holdings.release(store, room).await?;
    socket.leave(wire_room(room)).await?;
    Ok(())
}

async fn enter<A: Application>(
    socket: &Socket<A>,
    room: &RoomName,
    Meaning { scopes, binding, customer }: Meaning,
) -> Result<Held, FollowError> {
    // What is shown may lag behind what is stored: a name that is a customer's by now shows nothing from before.
    let from = binding.map_or(0, |binding| binding.since);
    let joined = socket.join(HeldRoom { room: wire_room(room), scopes, from }).await?;
    Ok(Held { from: domain_offset(&joined.head), binding, customer })
}

/// Whose room it is may have become known since it was joined. From then on it is kept: the name may change hands, the
/// room does not.
async fn know_customer(
    store: &Store,
    holdings: &Holdings,
    room: &RoomName,
    held: Held,
) -> Result<Held, FollowError> {
    let (RoomName::Customer(name), None) = (room, held.binding) else { return Ok(held) };
    let CustomerMatch::One(binding) = store.find_customer(name).await? else { return Ok(held) };
    let customer = store.family(binding.customer).await?.now;
    let known = Held { binding: Some(binding), customer: Some(customer), ..held };
    holdings.keep(store, room, known, store.head().await?).await?;
    Ok(known)
}

/// Refuses a join over the bound of names that are nobody's. What became somebody's meanwhile does not count.
async fn make_room_for_unbound(store: &Store, follower: Follower<'_>) -> Result<(), FollowError> {
    let Follower { holdings, unbound_rooms_max, .. } = follower;
    let unbound = holdings.unbound();
    if unbound.len() < unbound_rooms_max {
        return Ok(());
    }
    for name in unbound {
        let room = RoomName::Customer(name);
        if let Some(held) = holdings.get(&room) {
            know_customer(store, holdings, &room, held).await?;
        }
    }
    match holdings.unbound().len() < unbound_rooms_max {
        true => Ok(()),
        false => Err(FollowError::TooManyUnbound),
    }
}

pub(crate) fn wire_room(room: &RoomName) -> Room {
    Room::new(room.to_string())
}
