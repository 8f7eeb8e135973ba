//! What a room stands for, for somebody, just now.

use waypost_api::RoomName;
use waypost_domain::{Action, Alias, Principal, Scope, general_scopes, may};
use waypost_store::{Binding, CustomerMatch, Store};

use crate::follow::FollowError;
use crate::show::realtime_scope;

/// What a room stands for.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) scopes: Vec<waypost_realtime::Scope>,
    /// Whose room it is, where it is a customer's that is known.
    pub(crate) binding: Option<Binding>,
}

/// The policy's answer: a room is an interest, and what it shows is what the principal may see.
pub(crate) async fn meaning(
    store: &Store,
    principal: &Principal,
    room: &RoomName,
) -> Result<Meaning, FollowError> {
    let beyond_customers = |scopes| Meaning { scopes, binding: None };
    match room {
        RoomName::General => {
            Ok(beyond_customers(general_scopes(principal).iter().map(realtime_scope).collect()))
        }
        RoomName::Monitor if may(principal, Action::Monitor) => Ok(beyond_customers(vec![monitor_scope()])),
        RoomName::Monitor => Err(FollowError::Forbidden),
        RoomName::Customer(name) => match store.find_customer(name).await? {
            CustomerMatch::One(binding) => of_customer(principal, binding),
            CustomerMatch::Ambiguous => Err(FollowError::Ambiguous),
            CustomerMatch::Nobody if may(principal, Action::SeeAnyCustomer) => {
                let waiting = realtime_scope(&Scope::Name(canonical_name(name)));
                Ok(beyond_customers(vec![waiting]))
            }
            CustomerMatch::Nobody => Err(FollowError::UnknownCustomer),
        },
    }
}

/// The room of a customer who is known, whatever became of the name that was asked for.
pub(crate) fn of_customer(principal: &Principal, binding: Binding) -> Result<Meaning, FollowError> {
    if !may(principal, Action::SeeCustomer(binding.customer)) {
        return Err(FollowError::UnknownCustomer);
    }
    let scopes = vec![realtime_scope(&Scope::Customer(binding.customer))];
    Ok(Meaning { scopes, binding: Some(binding) })
}

/// The scope of those who watch connections come and go. It is none of the journal's.
#[must_use]
pub fn monitor_scope() -> waypost_realtime::Scope {
    waypost_realtime::Scope::new(waypost_api::room::MONITOR_ROOM)
}

/// The name under which a room waits: as the customer's alias would be written.
fn canonical_name(name: &str) -> Box<str> {
    Alias::dialled(name).map_or_else(|| name.into(), |phone| phone.value)
}
