//! Who is who: what has to be loaded of names, scopes and customers.

use waypost_domain::{Alias, Amendment, AppName, CustomerId, FieldReport, Tie};

use super::super::amend::names_like;
use super::super::tie::{owner_scopes, tied_names};
use super::{Unions, Want, note};

impl Want<'_> {
    /// What a report says of who is who, and of whose an account is; the row of its number.
    pub(super) fn ties(&mut self, app: &AppName, report: &FieldReport) -> Option<i64> {
        let mut unions = Unions::default();
        let number = report.number.as_ref();
        let row = number.and_then(|number| self.meet(&mut unions, app, (number, report.waba.as_ref())));
        for tie in &report.ties {
            if let (Tie::Names(names), Some(_)) = (tie, number) {
                self.people(tied_names(names), None);
            }
            if let Some(owner) = owner_scopes(tie) {
                self.scopes();
                self.known.scopes.iter().for_each(|scopes| unions.of_owner(scopes, owner.clone()));
            }
        }
        self.overlaps(&unions, row);
        row
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

    /// The names that somebody holds in several scopes which become one, and whose they are: who is one by them may be
    /// whose the item is, by another name.
    pub(super) fn overlaps(&mut self, unions: &Unions, number: Option<i64>) {
        let Some(scopes) = &self.known.scopes else { return };
        for parts in unions.parts(scopes) {
            let Some(names) = self.known.overlaps.get(&parts) else {
                self.known.overlaps.insert(parts.clone(), Vec::new());
                self.wants.overlaps.push(parts);
                self.wants.leads_on = true;
                continue;
            };
            // Names that became somebody's within this group are not in the database yet.
            let names = [names.clone(), self.known.held_by_several(&parts)].concat();
            for name in &names {
                self.people(std::iter::once(name), number);
            }
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
