//! Whom an event is for: as things stand after it.

use std::collections::BTreeMap;

use waypost_domain::{
    AccessChange, Address, AssignedTo, Assignment, Audience, Breadth, CustomerId, Event, PhoneNumberId,
    Timestamp,
};

use super::Decider;
use super::known::Known;
use super::plan::Plan;

impl Decider {
    /// Plans the next entry of the journal. It is about whoever its customer is by now, and for all who were merged into
    /// that one: their rooms are one from then on.
    pub(super) fn show(&mut self, plan: &mut Plan<'_>, event: &Event, received: Timestamp) {
        let Self { journal, known, .. } = self;
        let audience = known.audience(event);
        match event.customer().map(|customer| (customer, known.merges.now(customer))) {
            Some((customer, now)) if customer != now => {
                let mut followed = event.clone();
                followed.follow(now);
                journal.append(plan, &followed, (audience, received));
            }
            _ => journal.append(plan, event, (audience, received)),
        }
    }
}

impl Known {
    fn audience(&self, event: &Event) -> Audience {
        let customers = self.customers_of(event);
        let to = match event {
            Event::Access(change) => return access_audience(&customers, change),
            Event::Customer(_) => {
                let mut by_number: BTreeMap<PhoneNumberId, Vec<AssignedTo>> = BTreeMap::new();
                for (number, assigned) in self.threads(&customers) {
                    by_number.entry(number).or_default().extend(assigned);
                }
                let of_numbers = by_number.into_iter().map(|(number, assigned)| (Some(number), assigned));
                std::iter::once((None, Vec::new())).chain(of_numbers).collect()
            }
            Event::Field(notice) => {
                let threads = self.threads(&customers).into_iter();
                let with_number = threads.filter(|(number, _)| notice.number.as_ref() == Some(number));
                let assigned = with_number.flat_map(|(_, assigned)| assigned).collect();
                vec![(notice.number.clone(), assigned)]
            }
            _ => {
                let conversation = event.conversation();
                let assigned = conversation.and_then(|conversation| self.assignments.get(&conversation));
                let assigned = assigned.into_iter().flat_map(Assignment::holders).collect();
                vec![(event.number().cloned(), assigned)]
            }
        };
        let address = |(number, mut assigned): (_, Vec<AssignedTo>)| {
            // Several conversations may be assigned to one.
            assigned.sort_unstable();
            assigned.dedup();
            Address { customers: customers.clone(), number, assigned, breadth: Breadth::Everybody }
        };
        Audience { to: to.into_iter().map(address).collect(), except: Vec::new() }
    }

    /// Whom it is about, and all who are one with them.
    fn customers_of(&self, event: &Event) -> Vec<CustomerId> {
        let other = match event {
            Event::Customer(update) => update.change.also_of(),
            _ => None,
        };
        let mut customers: Vec<CustomerId> =
            event.customer().into_iter().flat_map(|customer| self.merges.family(customer)).collect();
        // Whoever is no longer one with them is to know, too.
        for other in other.into_iter().flat_map(|other| self.merges.family(other)) {
            if !customers.contains(&other) {
                customers.push(other);
            }
        }
        customers
    }

    /// The conversations of all of them: with which number, and to whom it is assigned.
    fn threads(&self, customers: &[CustomerId]) -> Vec<(PhoneNumberId, Vec<AssignedTo>)> {
        let known = customers.iter().filter_map(|customer| self.customers.get(customer)?.as_ref());
        let threads = known.flat_map(|customer| &customer.threads);
        let assigned = threads.map(|(number, conversation)| {
            let assignment = self.assignments.get(conversation);
            (number.clone(), assignment.into_iter().flat_map(Assignment::holders).collect())
        });
        assigned.collect()
    }
}

/// Those who see a conversation only by the one assignment, and not by the other.
fn access_audience(customers: &[CustomerId], change: &AccessChange) -> Audience {
    let address = |assignment: &Assignment| Address {
        customers: customers.into(),
        number: Some(change.number.clone()),
        assigned: assignment.holders().collect(),
        breadth: Breadth::AssignedOnly,
    };
    let (seen_by, not_by) = change.sides();
    Audience { to: vec![address(seen_by)], except: vec![address(not_by)] }
}
