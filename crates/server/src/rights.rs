//! What is claimed of somebody, by a token or by an account, and the principal that it comes to.
//!
//! A claim narrows and never widens. What it names is looked up here: customers by any name of theirs.

use std::collections::BTreeSet;

use waypost_domain::{PhoneNumberId, Principal, PrincipalId, REACH_SCOPES_MAX, Responder, Rights, Standing};
use waypost_store::{CustomerMatch, ReadError, Store};

/// The most names in one claim.
pub(crate) const NAMES_MAX: usize = 64;
/// The longest name of a customer, in bytes.
const CUSTOMER_BYTES_MAX: usize = 256;

/// What narrows a role. What is left out narrows nothing; an empty list leaves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) numbers: Option<BTreeSet<PhoneNumberId>>,
    pub(crate) teams: Option<BTreeSet<Responder>>,
    /// Any names of customers.
    pub(crate) customers: Option<BTreeSet<Box<str>>>,
}

/// Which of the limits is no list of such names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitError {
    /// `numbers`: 64 phone number ids at most.
    Numbers,
    /// `teams`: 64 names at most.
    Teams,
    /// `customers`: 64 names at most.
    Customers,
    /// Together they come to more combinations than are kept.
    TooMany,
}

impl Limits {
    /// Reads them from lists of names.
    pub(crate) fn parse(
        numbers: Option<&[String]>,
        teams: Option<&[String]>,
        customers: Option<&[String]>,
    ) -> Result<Self, LimitError> {
        let limits = Self {
            numbers: set(numbers, PhoneNumberId::parse).map_err(|()| LimitError::Numbers)?,
            teams: set(teams, Responder::parse).map_err(|()| LimitError::Teams)?,
            customers: set(customers, customer_name).map_err(|()| LimitError::Customers)?,
        };
        let count = |names: Option<usize>| names.unwrap_or(1).max(1);
        let combinations = count(limits.numbers.as_ref().map(BTreeSet::len))
            // Whoever is of a team sees their own, too.
            * count(limits.teams.as_ref().map(|teams| teams.len() + 1))
            * count(limits.customers.as_ref().map(BTreeSet::len));
        if combinations > REACH_SCOPES_MAX { Err(LimitError::TooMany) } else { Ok(limits) }
    }
}

fn set<T: Ord>(
    names: Option<&[String]>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<BTreeSet<T>>, ()> {
    let Some(names) = names else { return Ok(None) };
    if names.len() > NAMES_MAX {
        return Err(());
    }
    names.iter().map(|name| parse(name)).collect::<Option<_>>().map(Some).ok_or(())
}

fn customer_name(text: &str) -> Option<Box<str>> {
    let is_usable = (1..=CUSTOMER_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    is_usable.then(|| text.into())
}

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
                        let family = store.family(binding.customer).await?;
                        known.insert(family.now);
                        known.extend(family.merged);
                    }
                }
                Some(known)
            }
        };
        Ok(rights.of(id, Standing { agent, numbers, teams, customers }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (1..=count).map(|n| n.to_string()).collect()
    }

    #[test]
    fn limits_are_lists_of_names_and_bounded() {
        assert_eq!(Limits::parse(None, None, None), Ok(Limits::default()));
        assert_eq!(Limits::parse(Some(&[]), None, None).unwrap().numbers, Some(BTreeSet::new()));
        assert!(Limits::parse(Some(&names(64)), None, None).is_ok());
        assert_eq!(Limits::parse(Some(&names(65)), None, None), Err(LimitError::Numbers));
        assert_eq!(Limits::parse(None, Some(&[" a".into()]), None), Err(LimitError::Teams));
        assert_eq!(Limits::parse(None, None, Some(&[String::new()])), Err(LimitError::Customers));
        assert_eq!(Limits::parse(Some(&names(20)), Some(&names(24)), None).err(), None);
        assert_eq!(Limits::parse(Some(&names(20)), Some(&names(25)), None), Err(LimitError::TooMany));
    }
}
