//! Somebody says who a customer is: another system's name for it, that two are one person, or that they are not.

use waypost_domain::identity::Amendment;
use waypost_domain::{Alias, AliasKind, CustomerChange, CustomerId, ExternalId};

use super::Decider;
use super::plan::{Plan, Write};
use super::scopes::OURS;
use crate::error::AmendError;

impl Decider {
    /// Does what is asked for; asking for what is so already changes nothing.
    pub(super) fn amend(&mut self, plan: &mut Plan<'_>, amendment: &Amendment) -> Result<(), AmendError> {
        match amendment {
            Amendment::ExternalId { customer, id } => {
                let customer = self.existing(*customer)?;
                self.set_external_id(plan, customer, id.as_ref())
            }
            Amendment::Merge { customer, into } => {
                let (customer, into) = (self.existing(*customer)?, self.existing(*into)?);
                if customer == into {
                    return Ok(());
                }
                self.merge(plan, (customer, into)).map_err(|_| AmendError::TooManyMerged)
            }
            Amendment::Unmerge { customer } => {
                self.existing(*customer)?;
                match self.unmerge(plan, *customer) {
                    true => Ok(()),
                    false => Err(AmendError::NotMerged),
                }
            }
            Amendment::Dismiss { duplicate } => self.dismiss(plan, *duplicate),
        }
    }

    /// Who the customer is now.
    fn existing(&self, customer: CustomerId) -> Result<CustomerId, AmendError> {
        self.known.person(customer).ok_or(AmendError::UnknownCustomer)?;
        Ok(self.known.merges.now(customer))
    }

    /// A customer has at most one, whoever was merged into it.
    fn set_external_id(
        &mut self,
        plan: &mut Plan<'_>,
        customer: CustomerId,
        id: Option<&ExternalId>,
    ) -> Result<(), AmendError> {
        for name in id.into_iter().flat_map(names_like) {
            let holders = self.known.holders(&name).iter().map(|row| self.known.merges.now(row.customer));
            if holders.into_iter().any(|holder| holder != customer) {
                return Err(AmendError::NameTaken);
            }
        }
        let mut had = Vec::new();
        for member in self.known.merges.family(customer) {
            if let Some(Some(id)) = self.known.external_ids.insert(member, None) {
                had.push((member, id));
            }
        }
        self.known.external_ids.insert(customer, id.cloned());
        if let ([(holder, was)], Some(id)) = (&had[..], id)
            && (holder, was) == (&customer, id)
        {
            return Ok(());
        }
        if had.is_empty() && id.is_none() {
            return Ok(());
        }
        for (_, was) in &had {
            let alias = was.alias();
            self.known.let_go(&alias, OURS);
            plan.write(Write::AliasGone { alias, scope: OURS });
        }
        if let Some(id) = id {
            self.attach(plan, &id.alias(), (customer, OURS));
        }
        self.show_customer(plan, customer, CustomerChange::ExternalId(id.cloned()));
        Ok(())
    }

    fn dismiss(&mut self, plan: &mut Plan<'_>, entry: u64) -> Result<(), AmendError> {
        let duplicate = self.known.duplicates.get_mut(&entry).and_then(Option::as_mut);
        let duplicate = duplicate.ok_or(AmendError::UnknownDuplicate)?;
        if std::mem::replace(&mut duplicate.is_dismissed, true) {
            return Ok(());
        }
        let (one, other) = duplicate.customers;
        plan.write(Write::DuplicateDismissed { entry, at: self.at });
        self.show_customer(plan, one, CustomerChange::DuplicateDismissed(other));
        Ok(())
    }
}

/// Every name that could be meant where the id is asked for without its prefix.
pub(super) fn names_like(id: &ExternalId) -> Vec<Alias> {
    let opaque = [AliasKind::Bsuid, AliasKind::ParentBsuid, AliasKind::Group, AliasKind::Phone];
    let mut names: Vec<Alias> =
        opaque.into_iter().filter_map(|kind| Alias::parse(kind, id.as_str())).collect();
    names.extend(Alias::dialled(id.as_str()));
    let mut names: Vec<Alias> = names.into_iter().map(|name| name.canonical().into_owned()).collect();
    names.push(id.alias());
    names.sort_unstable();
    names.dedup();
    names
}
