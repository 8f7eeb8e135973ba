//! Somebody says who a customer is, or asks.

use waypost_domain::{Action, Amendment, CustomerId, Principal, Timestamp, may, visible};
use waypost_store::{CustomerRecord, PossibleDuplicate, ReadError, Store};

use crate::sight::sees_customer;

/// Why nothing was changed, or shown.
#[derive(Debug, thiserror::Error)]
pub enum AmendError {
    /// The principal may not.
    #[error("saying who customers are is not allowed")]
    Forbidden,
    /// It cannot be so, or cannot be stored.
    #[error(transparent)]
    Amend(#[from] waypost_store::AmendError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Changes who a customer is. What is so already stays.
///
/// # Errors
/// See [`AmendError`].
pub async fn amend(
    store: &Store,
    principal: &Principal,
    amendment: Amendment,
    at: Timestamp,
) -> Result<(), AmendError> {
    if !may(principal, Action::ManageCustomers) {
        return Err(AmendError::Forbidden);
    }
    // Who changes somebody is shown them afterwards: nothing is done that is then answered as if there were nobody.
    let is_of_somebody = !matches!(amendment, Amendment::Dismiss { .. });
    if is_of_somebody && visible(principal).is_none() {
        return Err(AmendError::Amend(waypost_store::AmendError::UnknownCustomer));
    }
    Ok(store.amend(amendment, at).await?)
}

/// A customer as it is now. Nobody, and nobody whom the principal may see, are one answer.
///
/// # Errors
/// See [`AmendError`].
pub async fn see_customer(
    store: &Store,
    principal: &Principal,
    customer: CustomerId,
) -> Result<CustomerRecord, AmendError> {
    let known = match sees_customer(store, principal, customer).await? {
        true => store.customer(customer).await?,
        false => None,
    };
    known.ok_or(AmendError::Amend(waypost_store::AmendError::UnknownCustomer))
}

/// Those who may be one: at most `limit`, after `after`.
///
/// # Errors
/// See [`AmendError`].
pub async fn see_duplicates(
    store: &Store,
    principal: &Principal,
    (after, limit): (u64, usize),
) -> Result<Vec<PossibleDuplicate>, AmendError> {
    if !may(principal, Action::ManageCustomers) {
        return Err(AmendError::Forbidden);
    }
    Ok(store.possible_duplicates(after, limit).await?)
}
