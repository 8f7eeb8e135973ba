//! What a room stands for, for somebody, just now.

use waypost_api::RoomName;
use waypost_domain::customer::awaited_name;
use waypost_domain::{Action, CustomerId, Principal, customer_scopes, general_scopes, may};
use waypost_store::{Binding, CustomerMatch, Family, Store};

use crate::follow::FollowError;
use crate::show::{realtime_scope, waiting_scope};
use crate::sight::{find_seen, sees_customer};

/// What a room stands for.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) scopes: Vec<waypost_realtime::Scope>,
    /// Whose room it is, where it is a customer's that is known.
    pub(crate) binding: Option<Binding>,
    /// Who that is by now.
    pub(crate) customer: Option<CustomerId>,
}

/// The policy's answer: a room is an interest, and what it shows is what the principal may see.
pub(crate) async fn meaning(
    store: &Store,
    principal: &Principal,
    room: &RoomName,
) -> Result<Meaning, FollowError> {
    let beyond_customers = |scopes| Meaning { scopes, binding: None, customer: None };
    match room {
        RoomName::General => match &*general_scopes(principal) {
            [] => Err(FollowError::Forbidden),
            scopes => Ok(beyond_customers(scopes.iter().map(realtime_scope).collect())),
        },
        RoomName::Monitor if may(principal, Action::Monitor) => Ok(beyond_customers(vec![monitor_scope()])),
        RoomName::Monitor => Err(FollowError::Forbidden),
        RoomName::Customer(name) => match find_seen(store, principal, name).await? {
            CustomerMatch::One(binding) => of_customer(store, principal, binding).await,
            CustomerMatch::Ambiguous => Err(FollowError::Ambiguous),
            CustomerMatch::Nobody if may(principal, Action::SeeAnyCustomer) => {
                Ok(beyond_customers(vec![waiting_scope(&awaited_name(name))]))
            }
            CustomerMatch::Nobody => Err(FollowError::UnknownCustomer),
        },
    }
}

/// The room of a customer who is known, whatever became of the name that was asked for. Those who were merged are one: what
/// comes is for all of them, so that the room of each shows it.
pub(crate) async fn of_customer(
    store: &Store,
    principal: &Principal,
    binding: Binding,
) -> Result<Meaning, FollowError> {
    let Family { now, merged } = store.family(binding.customer).await?;
    if !sees_customer(store, principal, now).await? {
        return Err(FollowError::UnknownCustomer);
    }
    let family: Vec<CustomerId> = std::iter::once(now).chain(merged).collect();
    let scopes = customer_scopes(principal, binding.customer, &family);
    let scopes = scopes.iter().map(realtime_scope).collect();
    Ok(Meaning { scopes, binding: Some(binding), customer: Some(now) })
}

/// The scope of those who watch connections come and go. It is none of the journal's.
#[must_use]
pub fn monitor_scope() -> waypost_realtime::Scope {
    waypost_realtime::Scope::new(waypost_api::room::MONITOR_ROOM)
}
