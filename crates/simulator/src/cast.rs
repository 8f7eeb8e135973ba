//! Who writes, and what about: twelve customers of a shop for kitchenware, and the talks that each of them has
//! with it. A talk makes sense whether or not an agent answers in between.

mod abroad;
mod english;

use crate::graph::Address;

/// A customer. The person does not exist: +1 555 01xx is kept for fiction.
#[derive(Debug)]
pub struct Customer {
    /// The profile name, as they chose it.
    pub name: &'static str,
    /// The username, of those who took one.
    pub username: Option<&'static str>,
    /// The number in digits.
    pub wa_id: &'static str,
    /// The business-scoped user id.
    pub bsuid: &'static str,
    /// In which language an agent is answered.
    pub(crate) tongue: Tongue,
    /// Had one after the other, then again from the first.
    pub(crate) talks: &'static [&'static [Line]],
}

/// In which language a customer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    Spanish,
    Portuguese,
    Arabic,
    Hebrew,
}

/// One message of a talk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Line {
    /// A text.
    Text(&'static str),
    /// A photo with this caption.
    Photo(&'static str),
    /// A voice note.
    Voice,
    /// A place on the map.
    Place { name: &'static str, address: &'static str, latitude: f64, longitude: f64 },
    /// An emoji under the last message of the agent, or where there is none under the customer's own.
    Reaction(&'static str),
    /// A tap on a template's quick reply.
    Button { text: &'static str, payload: &'static str },
    /// Somebody's card, with a number in digits.
    Card { formatted_name: &'static str, first_name: &'static str, wa_id: &'static str },
}

/// The cast, in the order of their numbers. Positions in it are what the rest of the crate calls a customer by.
pub fn customers() -> impl ExactSizeIterator<Item = &'static Customer> + Clone {
    (0..english::CUSTOMERS.len() + abroad::CUSTOMERS.len()).map(customer)
}

/// The customer at a position of [`customers`].
pub(crate) fn customer(position: usize) -> &'static Customer {
    english::CUSTOMERS
        .get(position)
        .unwrap_or_else(|| &abroad::CUSTOMERS[position - english::CUSTOMERS.len()])
}

/// The position of whoever an agent writes to, if they are of the cast.
pub(crate) fn position(address: &Address) -> Option<usize> {
    customers().position(|customer| match address {
        Address::Phone(digits) => customer.wa_id == digits,
        Address::Bsuid(bsuid) => customer.bsuid == bsuid,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_number_is_fictional_and_nobodys_twice() {
        let numbers: HashSet<_> = customers().map(|customer| customer.wa_id).collect();
        let bsuids: HashSet<_> = customers().map(|customer| customer.bsuid).collect();
        assert_eq!((numbers.len(), bsuids.len()), (12, 12));
        assert!(numbers.iter().all(|number| number.len() == 11 && number.starts_with("155501001")));
        assert!(bsuids.iter().all(|bsuid| bsuid.starts_with("US.")));
    }

    #[test]
    fn numbers_on_cards_are_fictional_too() {
        let lines = customers().flat_map(|customer| customer.talks.iter().copied().flatten());
        for line in lines {
            if let Line::Card { wa_id, .. } = line {
                assert!(wa_id.len() == 11 && wa_id.starts_with("155501"), "{wa_id}");
            }
        }
    }

    #[test]
    fn everyone_has_talks_of_several_lines() {
        for customer in customers() {
            assert!(customer.talks.len() >= 2, "{}", customer.name);
            assert!(customer.talks.iter().all(|talk| talk.len() >= 3), "{}", customer.name);
        }
    }

    #[test]
    fn a_customer_is_found_by_number_and_by_bsuid() {
        let last = customer(11);
        assert_eq!(position(&Address::Phone(last.wa_id.to_owned())), Some(11));
        assert_eq!(position(&Address::Bsuid(last.bsuid.to_owned())), Some(11));
        assert_eq!(position(&Address::Phone("15550199999".to_owned())), None);
    }
}
