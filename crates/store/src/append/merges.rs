//! Customers that were merged. A merge is a redirect and nothing else: names, conversations and messages stay where they
//! are, so that taking the redirect out undoes it.

use std::collections::HashMap;

use waypost_domain::{CustomerChange, CustomerId, CustomerUpdate, Event, identity};

use super::Decider;
use super::plan::{Plan, Redirect, Write};

/// Who was merged into whom, as far as it is loaded. Whoever is not in it was never merged with anybody.
#[derive(Debug, Default)]
pub(crate) struct Merges {
    /// `None` where a merge was undone since it was loaded.
    into: HashMap<CustomerId, Option<CustomerId>>,
    /// Who was merged into a customer directly.
    merged: HashMap<CustomerId, Vec<CustomerId>>,
}

impl Merges {
    pub(super) fn len(&self) -> usize {
        self.into.len()
    }

    pub(super) fn load(&mut self, customer: CustomerId, into: CustomerId) {
        if !self.into.contains_key(&customer) {
            self.put(customer, into);
        }
    }

    /// Who the customer is now.
    pub(super) fn now(&self, customer: CustomerId) -> CustomerId {
        let mut now = customer;
        // Nobody is merged into their own family, so that this ends.
        while let Some(Some(into)) = self.into.get(&now) {
            now = *into;
        }
        now
    }

    /// Whoever was merged into the customer, directly or not, by rising id.
    pub(super) fn merged_into(&self, customer: CustomerId) -> Vec<CustomerId> {
        let mut all = Vec::new();
        self.add_merged(customer, &mut all);
        all.sort_unstable();
        all
    }

    /// Everybody who is one with the customer: who it is now, then the others.
    pub(super) fn family(&self, customer: CustomerId) -> impl Iterator<Item = CustomerId> + use<> {
        let now = self.now(customer);
        std::iter::once(now).chain(self.merged_into(now))
    }

    fn add_merged(&self, customer: CustomerId, all: &mut Vec<CustomerId>) {
        // The depth is bounded by the most that are merged into one.
        for merged in self.merged.get(&customer).into_iter().flatten() {
            all.push(*merged);
            self.add_merged(*merged, all);
        }
    }

    fn put(&mut self, customer: CustomerId, into: CustomerId) {
        self.into.insert(customer, Some(into));
        self.merged.entry(into).or_default().push(customer);
    }

    fn take_out(&mut self, customer: CustomerId) -> Option<CustomerId> {
        let into = self.into.insert(customer, None).flatten()?;
        if let Some(merged) = self.merged.get_mut(&into) {
            merged.retain(|other| *other != customer);
        }
        Some(into)
    }
}

/// More would be merged into one than are allowed.
#[derive(Debug)]
pub(super) struct TooMany;

impl Decider {
    /// Makes `customer` and all that were merged into it be `into`. Both are who they are now, and not the same.
    pub(super) fn merge(
        &mut self,
        plan: &mut Plan<'_>,
        (customer, into): (CustomerId, CustomerId),
    ) -> Result<(), TooMany> {
        let merges = &mut self.known.merges;
        let along = merges.merged_into(customer);
        if merges.merged_into(into).len() + along.len() + 1 > identity::MERGED_MAX {
            return Err(TooMany);
        }
        merges.put(customer, into);
        plan.write(Write::Redirect { customer, to: Some(Redirect { into, now: into, at: self.at }) });
        for other in along {
            plan.write(Write::Rerouted { customer: other, now: into });
        }
        self.show_own_numbers(plan, into);
        self.show_customer(plan, into, CustomerChange::Merged(customer));
        Ok(())
    }

    /// Makes `customer` somebody of their own again, with whom was merged into it; whether it was merged.
    pub(super) fn unmerge(&mut self, plan: &mut Plan<'_>, customer: CustomerId) -> bool {
        let was = self.known.merges.now(customer);
        if self.known.merges.take_out(customer).is_none() {
            return false;
        }
        plan.write(Write::Redirect { customer, to: None });
        for other in self.known.merges.merged_into(customer) {
            plan.write(Write::Rerouted { customer: other, now: customer });
        }
        self.show_own_numbers(plan, was);
        self.show_own_numbers(plan, customer);
        self.show_customer(plan, was, CustomerChange::Unmerged(customer));
        true
    }

    pub(super) fn show_customer(
        &mut self,
        plan: &mut Plan<'_>,
        customer: CustomerId,
        change: CustomerChange,
    ) {
        let update = CustomerUpdate { customer, change, at: self.at };
        self.show(plan, &Event::Customer(Box::new(update)), self.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_are_followed_and_undone_one_by_one() {
        let [a, b, c, d] = [1, 2, 3, 4].map(|n| CustomerId::from_bytes([n; 16]));
        let mut merges = Merges::default();
        merges.load(c, b);
        merges.load(d, c);
        assert_eq!((merges.now(d), merges.merged_into(b)), (b, vec![c, d]));
        merges.put(b, a);
        assert_eq!((merges.now(d), merges.merged_into(a)), (a, vec![b, c, d]));
        assert_eq!(merges.take_out(c), Some(b));
        // What is loaded now is from before.
        merges.load(c, b);
        assert_eq!((merges.now(d), merges.merged_into(a)), (c, vec![b]));
        assert_eq!(merges.family(d).collect::<Vec<_>>(), [c, d]);
        assert_eq!(merges.take_out(c), None);
    }
}
