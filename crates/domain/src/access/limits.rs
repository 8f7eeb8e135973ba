//! What narrows the role of somebody, as a token or an account says it.

use std::collections::BTreeSet;

use super::reach::REACH_SCOPES_MAX;
use crate::assignment::Responder;
use crate::ids::PhoneNumberId;

/// The most names in one claim.
const NAMES_MAX: usize = 64;
/// The longest name of a customer, in bytes.
const CUSTOMER_BYTES_MAX: usize = 256;

/// What narrows a role. What is left out narrows nothing; an empty list leaves nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The business numbers that it holds for.
    pub numbers: Option<BTreeSet<PhoneNumberId>>,
    /// The teams whose conversations it holds for, beside one's own.
    pub teams: Option<BTreeSet<Responder>>,
    /// The customers that it holds for, each by any name.
    pub customers: Option<BTreeSet<Box<str>>>,
}

/// Which of the limits is no list of such names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitError {
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
    ///
    /// # Errors
    /// See [`LimitError`].
    pub fn parse(
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

    /// As lists of names: numbers, teams and customers.
    #[must_use]
    pub fn names(&self) -> [Option<Vec<String>>; 3] {
        fn listed<T>(names: Option<&BTreeSet<T>>, name: impl Fn(&T) -> &str) -> Option<Vec<String>> {
            names.map(|names| names.iter().map(|one| name(one).to_owned()).collect())
        }
        [
            listed(self.numbers.as_ref(), PhoneNumberId::as_str),
            listed(self.teams.as_ref(), Responder::as_str),
            listed(self.customers.as_ref(), AsRef::as_ref),
        ]
    }

    /// Whether they narrow nothing.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.numbers.is_none() && self.teams.is_none() && self.customers.is_none()
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

crate::debug_shows! {
    Limits: numbers teams;
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
