//! Who is who: what has to be loaded of names, scopes and customers.

use waypost_domain::{Alias, Amendment, AppName, CustomerId, FieldReport, Tie};

use super::super::amend::names_like;
use super::super::tie::{owner_scopes, tied_names};
use super::{Overlap, Want, note};

impl Want<'_> {
    pub(super) fn ties(&mut self, app: &AppName, report: &FieldReport) {
        let row = report.number.as_ref().and_then(|number| self.row(number));
        let mut scopes = Vec::new();
        for tie in &report.ties {
            if let (Tie::Names(names), Some(number)) = (tie, &report.number) {
                self.number(app, number, report.waba.as_ref());
                self.people(tied_names(names), None);
            }
            if let Some((waba, portfolio)) = owner_scopes(tie) {
                self.scopes();
                let known = self.known.scopes.iter();
                scopes.extend(known.flat_map(|known| [known.find(&waba), known.find(&portfolio)]).flatten());
            }
        }
        // Each may become one with any other by way of what is new.
        for (at, one) in scopes.iter().enumerate() {
            for other in &scopes[at + 1..] {
                let union = self.known.scopes.as_ref().and_then(|known| known.union(*one, *other));
                self.overlaps(union, row);
            }
        }
    }

    pub(super) fn amendment(&mut self, amendment: &Amendment) {
        match amendment {
            Amendment::ExternalId { customer, id } => {
                self.scopes();
                self.customer(*customer, None);
                for name in id.iter().flat_map(names_like) {
                    self.holders(&name).into_iter().for_each(|holder| self.customer(holder, None));
                }
                for member in self.known.merges.family(*customer) {
                    if note(&mut self.known.external_ids, member) {
                        self.wants.external_ids.push(member);
                    }
                }
            }
            Amendment::Merge { customer, into } => {
                self.customer(*customer, None);
                self.customer(*into, None);
            }
            Amendment::Unmerge { customer } => self.customer(*customer, None),
            Amendment::Dismiss { duplicate } => {
                if note(&mut self.known.duplicates, *duplicate) {
                    self.wants.duplicates.push(*duplicate);
                    self.wants.leads_on = true;
                }
                if let Some(Some(duplicate)) = self.known.duplicates.get(duplicate) {
                    let (one, other) = duplicate.customers;
                    self.customer(one, None);
                    self.customer(other, None);
                }
            }
        }
    }

    /// The names that somebody holds in both of two scopes, and whose they are: who is one by them may be whose the item
    /// is that makes the scopes one, by another name.
    pub(super) fn overlaps(&mut self, unions: impl IntoIterator<Item = (i64, i64)>, number: Option<i64>) {
        for union in unions {
            let Some(scopes) = &self.known.scopes else { return };
            if let Some(names) = self.known.overlaps.get(&union) {
                for name in names.clone() {
                    self.people(std::iter::once(&name), number);
                }
                continue;
            }
            let parts = (scopes.parts(union.0), scopes.parts(union.1));
            self.known.overlaps.insert(union, Vec::new());
            self.wants.overlaps.push(Overlap { scopes: union, parts });
            self.wants.leads_on = true;
        }
    }

    /// All the names, and whoever holds them, with what was noted of them.
    pub(super) fn people<'n>(&mut self, names: impl Iterator<Item = &'n Alias>, number: Option<i64>) {
        let mut holders: Vec<CustomerId> = Vec::new();
        let mut free = 0;
        for name in names {
            let of_name = self.holders(name);
            free += usize::from(of_name.is_empty());
            for holder in of_name {
                self.customer(holder, number);
                holders.push(holder);
            }
        }
        // A name that is nobody's may become another's by an item before this one, after all has been asked for.
        match free {
            0 => self.pairs(&holders),
            _ => self.noted(&holders),
        }
    }

    /// What was noted of them, where they are several.
    pub(super) fn pairs(&mut self, customers: &[CustomerId]) {
        let merges = &self.known.merges;
        let first = customers.first().map(|customer| merges.now(*customer));
        if customers.iter().all(|customer| Some(merges.now(*customer)) == first) {
            return;
        }
        self.noted(customers);
    }

    fn noted(&mut self, customers: &[CustomerId]) {
        let merges = &self.known.merges;
        let people: Vec<CustomerId> =
            customers.iter().flat_map(|customer| merges.family(*customer)).collect();
        for customer in people {
            if note(&mut self.known.noted, customer) {
                self.wants.noted.push(customer);
            }
        }
    }

    pub(super) fn holders(&mut self, alias: &Alias) -> Vec<CustomerId> {
        let name = alias.canonical();
        if let Some(holders) = self.known.holders.get(&*name) {
            return holders.iter().map(|row| row.customer).collect();
        }
        self.known.holders.insert(name.clone().into_owned(), Vec::new());
        self.wants.holders.push(name.into_owned());
        self.wants.leads_on = true;
        Vec::new()
    }

    /// The customer and whoever is one with it, and their conversations with the number.
    pub(super) fn customer(&mut self, customer: CustomerId, number: Option<i64>) {
        for member in self.known.merges.family(customer) {
            if note(&mut self.known.customers, member) {
                self.wants.customers.push(member);
                // Who is one with it is found with it.
                self.wants.leads_on = true;
            }
            let Some(number) = number else { continue };
            if note(&mut self.known.conversations, (member, number)) {
                self.wants.conversations.push((member, number));
            }
        }
    }
}
