//! What is claimed of somebody, by a token or by an account, and the principal that it comes to.
//!
//! A claim narrows and never widens. What it names is looked up here: customers by any name of theirs.

use std::collections::BTreeSet;

use waypost_domain::{Limits, Principal, PrincipalId, Responder, Rights, Standing};
use waypost_store::{CustomerMatch, ReadError, Store};

/// Somebody's role, and what narrows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) rights: Rights,
    /// The name under which conversations are assigned to them.
    pub(crate) agent: Option<Responder>,
    pub(crate) limits: Limits,
}

impl Claimed {
    /// The principal that it makes of somebody just now. A customer's name that is nobody's, or that fits two, lets nobody
    /// see anything.
    pub(crate) async fn principal(self, id: PrincipalId, store: &Store) -> Result<Principal, ReadError> {
        let Self { rights, agent, limits: Limits { numbers, teams, customers } } = self;
        let customers = match customers {
            None => None,
            Some(names) => {
                let mut known = BTreeSet::new();
                for name in &names {
                    if let CustomerMatch::One(binding) = store.find_customer(name).await? {
                        // Not those who are one with them: that may be undone while the principal is here.
                        known.insert(binding.customer);
                    }
                }
                Some(known)
            }
        };
        Ok(rights.of(id, Standing { agent, numbers, teams, customers }))
    }
}
