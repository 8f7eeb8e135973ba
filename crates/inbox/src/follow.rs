//! A connection asks to see something: the general room, or a customer's.

use waypost_api::room::{GENERAL_ROOM, customer_room};
use waypost_domain::{Action, Alias, CustomerId, Principal, Scope, general_scopes, may};
use waypost_realtime::{Application, JoinError, Offset, Room, Socket};
use waypost_store::{CustomerMatch, ReadError, Store};

use crate::show::realtime_scope;

/// Why a room could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The principal may not, or there is nothing that it may see: the two are one answer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The name fits more than one customer.
    #[error("the name fits more than one customer")]
    Ambiguous,
    /// The connection is in as many rooms as it may be.
    #[error("the connection is in as many rooms as it may be")]
    TooManyRooms,
    /// The connection went away.
    #[error("the connection is closed")]
    Closed,
    /// The store cannot say who the customer is.
    #[error("the customer cannot be looked up")]
    Store(#[from] ReadError),
}

impl From<JoinError> for FollowError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::TooManyRooms | JoinError::TooManyScopes => Self::TooManyRooms,
            JoinError::Closed => Self::Closed,
        }
    }
}

/// A room that was joined.
#[derive(Clone, Debug)]
pub struct Followed {
    /// From which position on it is shown.
    pub head: Option<Offset>,
    /// The customer, where the name is one already.
    pub customer: Option<CustomerId>,
}

/// Joins the general room: whatever the policy lets the principal see.
///
/// # Errors
/// See [`FollowError`].
pub async fn join_general<A: Application>(
    socket: &Socket<A>,
    principal: &Principal,
) -> Result<Followed, FollowError> {
    let scopes = general_scopes(principal).iter().map(realtime_scope).collect();
    let joined = socket.join(Room::new(GENERAL_ROOM), scopes).await?;
    Ok(Followed { head: joined.head, customer: None })
}

/// Joins the room of a customer by any name. A name that is nobody's yet waits, and is bound to the customer before
/// the event that makes it one.
///
/// # Errors
/// See [`FollowError`].
pub async fn join_customer<A: Application>(
    store: &Store,
    socket: &Socket<A>,
    principal: &Principal,
    name: &str,
) -> Result<Followed, FollowError> {
    let room = Room::new(customer_room(name));
    if let Some(followed) = join_known(store, socket, principal, (name, &room)).await? {
        return Ok(followed);
    }
    if !may(principal, Action::SeeAnyCustomer) {
        return Err(FollowError::UnknownCustomer);
    }
    let waiting = realtime_scope(&Scope::Name(canonical_name(name)));
    let joined = socket.join(room.clone(), vec![waiting]).await?;
    // The name may have become a customer's after the look and before the join, in which case nobody will bind it.
    // Joining again shows the room from this second join on, which is the position that is answered.
    match join_known(store, socket, principal, (name, &room)).await? {
        Some(followed) => Ok(followed),
        None => Ok(Followed { head: joined.head, customer: None }),
    }
}

async fn join_known<A: Application>(
    store: &Store,
    socket: &Socket<A>,
    principal: &Principal,
    (name, room): (&str, &Room),
) -> Result<Option<Followed>, FollowError> {
    let customer = match store.find_customer(name).await? {
        CustomerMatch::Nobody => return Ok(None),
        CustomerMatch::Ambiguous => return Err(FollowError::Ambiguous),
        CustomerMatch::One { customer, .. } => customer,
    };
    if !may(principal, Action::SeeCustomer(customer)) {
        return Err(FollowError::UnknownCustomer);
    }
    let joined = socket.join(room.clone(), vec![realtime_scope(&Scope::Customer(customer))]).await?;
    Ok(Some(Followed { head: joined.head, customer: Some(customer) }))
}

/// The name under which a room waits: as the customer's alias would be written.
fn canonical_name(name: &str) -> Box<str> {
    Alias::dialled(name).map_or_else(|| name.into(), |phone| phone.value)
}
