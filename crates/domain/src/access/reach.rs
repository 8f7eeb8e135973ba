//! How far the rights of somebody go: which numbers, whose conversations, which customers.

use std::collections::BTreeSet;

use crate::assignment::{AssignedTo, Assignment};
use crate::audience::Scope;
use crate::ids::{CustomerId, PhoneNumberId};

/// The most scopes that a reach may come to: they are what a room of its principal stands for.
pub(super) const REACH_SCOPES_MAX: usize = 500;

/// How far rights go: to every conversation for which nothing here says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Only conversations with these business numbers.
    pub numbers: Option<BTreeSet<PhoneNumberId>>,
    /// Only these customers, each with whoever is one with them at the time: who that is, is not kept here.
    pub customers: Option<BTreeSet<CustomerId>>,
    /// Only conversations that are assigned to one of these.
    pub assigned: Option<BTreeSet<AssignedTo>>,
}

/// A conversation, or one that might begin, as the policy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its customer, and whoever is one with them.
    pub customers: Vec<CustomerId>,
    /// Its business number.
    pub number: PhoneNumberId,
    /// Who answers it.
    pub assignment: Assignment,
}

/// A customer as the policy sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The customer, and whoever is one with them.
    pub customers: Vec<CustomerId>,
    /// All conversations of theirs.
    pub places: Vec<Place>,
}

impl Reach {
    /// To everything.
    pub const EVERYTHING: Self = Self { numbers: None, customers: None, assigned: None };

    /// Whether it goes to everything, also to what has no conversation.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.numbers.is_none() && self.customers.is_none() && self.assigned.is_none()
    }

    /// Whether it goes to this conversation.
    #[must_use]
    pub fn covers(&self, place: &Place) -> bool {
        self.numbers.as_ref().is_none_or(|numbers| numbers.contains(&place.number))
            && self.knows(&place.customers)
            && self
                .assigned
                .as_ref()
                .is_none_or(|assigned| place.assignment.holders().any(|holder| assigned.contains(&holder)))
    }

    /// Whether it goes to this customer: to one of their conversations, or to them before there is any.
    #[must_use]
    pub fn covers_person(&self, person: &Person) -> bool {
        let before_any =
            || self.numbers.is_none() && self.assigned.is_none() && self.knows(&person.customers);
        before_any() || person.places.iter().any(|place| self.covers(place))
    }

    /// What it comes to, as scopes of which an event has to have one.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        self.product(&options(self.customers.as_ref()))
    }

    /// The same, of one customer alone, who is one with all of `family`. Nothing, where it does not go to them.
    ///
    /// An event is for all who are one when it comes, so that the scope of one of them is enough. It is that of the customer,
    /// or of those by whom the reach goes to them: when they are two again it is not for this reach any more.
    #[must_use]
    pub fn scopes_of(&self, customer: CustomerId, family: &[CustomerId]) -> Vec<Scope> {
        let by: Vec<_> = match &self.customers {
            Some(known) if !known.contains(&customer) => {
                family.iter().copied().filter(|member| known.contains(member)).map(Some).collect()
            }
            _ => vec![Some(customer)],
        };
        self.product(&by)
    }

    fn knows(&self, customers: &[CustomerId]) -> bool {
        self.customers.as_ref().is_none_or(|known| customers.iter().any(|customer| known.contains(customer)))
    }

    fn product(&self, customers: &[Option<CustomerId>]) -> Vec<Scope> {
        let (numbers, assigned) = (options(self.numbers.as_ref()), options(self.assigned.as_ref()));
        let mut scopes = Vec::new();
        for number in &numbers {
            for assigned in &assigned {
                let within = |customer: &Option<CustomerId>| Scope {
                    customer: *customer,
                    number: number.clone(),
                    assigned: assigned.clone(),
                };
                scopes.extend(customers.iter().map(within));
            }
        }
        scopes
    }
}

/// Each of a set; nothing in particular, where there is no set.
fn options<T: Clone + Ord>(set: Option<&BTreeSet<T>>) -> Vec<Option<T>> {
    match set {
        None => vec![None],
        Some(set) => set.iter().cloned().map(Some).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::Responder;

    fn number(text: &str) -> PhoneNumberId {
        PhoneNumberId::parse(text).unwrap()
    }

    fn customer(n: u8) -> CustomerId {
        CustomerId::from_bytes([n; 16])
    }

    fn responder(name: &str) -> Responder {
        Responder::parse(name).unwrap()
    }

    fn place(of: u8, at: &str, assignee: Option<&str>, team: Option<&str>) -> Place {
        Place {
            customers: vec![customer(of)],
            number: number(at),
            assignment: Assignment { assignee: assignee.map(responder), team: team.map(responder) },
        }
    }

    #[test]
    fn every_limit_has_to_let_a_conversation_through() {
        let sales =
            BTreeSet::from([AssignedTo::Team(responder("sales")), AssignedTo::Agent(responder("ana"))]);
        let reach = Reach {
            numbers: Some([number("1"), number("2")].into()),
            customers: None,
            assigned: Some(sales),
        };
        for (place, expected) in [
            (place(1, "1", None, Some("sales")), true),
            (place(1, "2", Some("ana"), None), true),
            (place(1, "3", Some("ana"), None), false),
            (place(1, "1", None, None), false),
            (place(1, "1", Some("ben"), Some("support")), false),
        ] {
            assert_eq!(reach.covers(&place), expected, "{place:?}");
            assert!(Reach::EVERYTHING.covers(&place));
        }
        let family = [customer(1), customer(2)];
        assert_eq!((reach.scopes().len(), reach.scopes_of(customer(2), &family).len()), (4, 4));
    }

    #[test]
    fn a_customer_is_seen_by_a_conversation_or_before_there_is_any() {
        let of = |customers: Vec<CustomerId>, places| Person { customers, places };
        let one = Reach { customers: Some([customer(1)].into()), ..Reach::EVERYTHING };
        let at_one = Reach { numbers: Some([number("1")].into()), ..Reach::EVERYTHING };
        let merged = of(vec![customer(2), customer(1)], vec![place(2, "1", None, None)]);
        let new = of(vec![customer(1)], Vec::new());
        assert!(one.covers_person(&merged) && one.covers_person(&new));
        assert!(at_one.covers_person(&merged) && !at_one.covers_person(&new));
        assert!(!one.covers_person(&of(vec![customer(3)], vec![place(3, "1", None, None)])));
        assert_eq!(one.scopes_of(customer(3), &[customer(3)]), []);
    }

    /// Whoever sees one of two who were merged went on seeing the other when they were two again.
    #[test]
    fn the_room_of_one_who_is_seen_by_another_stands_for_the_other() {
        let family = [customer(1), customer(2)];
        for (known, asked, expected) in [
            (None, 2, vec![2]),
            (Some([customer(2)].into()), 2, vec![2]),
            (Some([customer(1)].into()), 2, vec![1]),
            (Some(family.into()), 2, vec![2]),
            (Some([customer(3)].into()), 2, vec![]),
        ] {
            let reach = Reach { customers: known, ..Reach::EVERYTHING };
            let expected: Vec<Scope> =
                expected.into_iter().map(|n| Scope::of_customer(customer(n))).collect();
            assert_eq!(reach.scopes_of(customer(asked), &family), expected, "{reach:?}");
        }
    }

    #[test]
    fn what_nobody_is_named_in_goes_to_nothing() {
        let nothing = Reach { numbers: Some(BTreeSet::new()), ..Reach::EVERYTHING };
        assert!(!nothing.covers(&place(1, "1", None, None)) && nothing.scopes().is_empty());
    }
}
