//! Who holds which names, and of whom it was noted that they may be one, as far as it was loaded.

use waypost_domain::{
    Alias, AliasKind, ConversationId, CustomerId, CustomerName, ExternalId, PhoneNumberId, Username,
};

use super::known::{Known, loaded};

/// A customer as far as its messages concern it.
#[derive(Clone)]
pub(crate) struct KnownCustomer {
    /// What is shown as the customer's number.
    pub(crate) number: Box<str>,
    /// The journal's entry after which that came to be.
    pub(crate) number_since: u64,
    pub(crate) name: Option<CustomerName>,
    pub(crate) username: Option<Username>,
    /// Its BSUIDs and phone numbers.
    pub(crate) names: Vec<HeldName>,
    /// Its conversations, each with one of our numbers.
    pub(crate) threads: Vec<(PhoneNumberId, ConversationId)>,
}

/// A name, and where it is a customer's.
#[derive(Clone, Debug)]
pub(crate) struct HeldName {
    pub(crate) alias: Alias,
    pub(crate) scope: i64,
    /// The journal's newest entry when it became the customer's.
    pub(crate) since: u64,
}

/// That a customer holds a name in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HolderRow {
    pub(crate) scope: i64,
    pub(crate) customer: CustomerId,
    /// The journal's newest entry when the name became the customer's.
    pub(crate) since: u64,
}

/// Two customers of whom it was noted that they may be one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownDuplicate {
    pub(crate) customers: (CustomerId, CustomerId),
    pub(crate) is_dismissed: bool,
}

impl Known {
    /// Who holds a name, in any scope.
    pub(super) fn holders(&self, alias: &Alias) -> &[HolderRow] {
        loaded(self.holders.get(alias).map(Vec::as_slice))
    }

    /// Those who hold a name in `scope`: one, but for a scope that was two until just now.
    pub(super) fn holders_in(&self, alias: &Alias, scope: i64) -> Vec<HolderRow> {
        let scopes = self.scopes.as_ref();
        let now = |scope| scopes.map_or(scope, |scopes| scopes.now(scope));
        self.holders(alias).iter().filter(|row| now(row.scope) == scope).copied().collect()
    }

    /// Who holds a name in `scope`.
    pub(super) fn holder(&self, alias: &Alias, scope: i64) -> Option<CustomerId> {
        let scopes = self.scopes.as_ref();
        let now = |scope| scopes.map_or(scope, |scopes| scopes.now(scope));
        self.holders(alias).iter().find(|row| now(row.scope) == scope).map(|row| row.customer)
    }

    /// The names that are loaded and held in several of these scopes.
    pub(super) fn held_by_several(&self, scopes: &[i64]) -> Vec<Alias> {
        let is_shared = |rows: &Vec<HolderRow>| {
            rows.len() > 1 && rows.iter().filter(|row| scopes.contains(&row.scope)).count() > 1
        };
        self.holders.iter().filter(|(_, rows)| is_shared(rows)).map(|(name, _)| name.clone()).collect()
    }

    /// The name is the customer's in `row`'s scope, whoever held it there.
    pub(super) fn hold(&mut self, alias: Alias, row: HolderRow) {
        self.let_go(&alias, row.scope);
        let HolderRow { scope, customer, since } = row;
        if matches!(alias.kind, AliasKind::Bsuid | AliasKind::Phone)
            && let Some(Some(customer)) = self.customers.get_mut(&customer)
        {
            customer.names.push(HeldName { alias: alias.clone(), scope, since });
        }
        self.load_holder(alias, row);
    }

    /// Nobody holds the name in this scope any more.
    pub(super) fn let_go(&mut self, alias: &Alias, scope: i64) {
        let rows = self.holders.entry(alias.clone()).or_default();
        for row in rows.extract_if(.., |row| row.scope == scope) {
            if let Some(Some(customer)) = self.customers.get_mut(&row.customer) {
                customer.names.retain(|name| (&name.alias, name.scope) != (alias, scope));
            }
        }
    }

    /// Whether it was noted before that two may be one, or whoever was merged into them.
    pub(super) fn is_noted(&self, one: CustomerId, other: CustomerId) -> bool {
        let others = |member| self.noted.get(&member).into_iter().flatten();
        // What was noted of the two may have been loaded for one of them only.
        [(one, other), (other, one)].into_iter().any(|(one, other)| {
            let mut noted = self.merges.family(one).flat_map(others);
            noted.any(|noted| self.merges.now(*noted) == other)
        })
    }

    /// What is shown of a customer whose shown number went to somebody else: the phone that the customer had last, else a
    /// BSUID, else such a name of whoever is one with them; and since when. `None` where the number is still theirs, or
    /// nothing else is.
    pub(super) fn other_number(&self, customer: CustomerId) -> Option<(Box<str>, u64)> {
        let known = self.person(customer)?;
        let shown = Alias::parse(AliasKind::Phone, &known.number)?;
        let shown = shown.canonical();
        let names_of = |member| self.person(member).into_iter().flat_map(|member| &member.names);
        let all: Vec<&HeldName> = self.merges.family(customer).flat_map(names_of).collect();
        if all.iter().any(|name| name.alias == *shown) {
            return None;
        }
        let own: Vec<&HeldName> = known.names.iter().collect();
        let newest = |names: &[&HeldName]| {
            let is_phone = |name: &&&HeldName| name.alias.kind == AliasKind::Phone;
            names.iter().max_by_key(|name| (is_phone(name), name.since)).map(|name| (*name).clone())
        };
        let name = newest(&own).or_else(|| newest(&all))?;
        Some((name.alias.value, name.since + 1))
    }

    /// Whether the customer, or anybody merged into it, has come by another phone number since this one.
    pub(super) fn has_gone_on_from(&self, customer: CustomerId, phone: &Alias) -> bool {
        let family = self.merges.family(customer).filter_map(|member| self.person(member));
        let names = family.flat_map(|member| &member.names);
        let phones: Vec<&HeldName> = names.filter(|name| name.alias.kind == AliasKind::Phone).collect();
        let since = phones.iter().filter(|name| name.alias == *phone).map(|name| name.since).max();
        since.is_some_and(|since| phones.iter().any(|name| name.alias != *phone && name.since > since))
    }

    /// Whether the customer, or anybody merged into it, has a BSUID in the scope.
    pub(super) fn has_bsuid(&self, customer: CustomerId, scope: i64) -> bool {
        let scopes = self.scopes.as_ref();
        let is_here = |there: i64| scopes.map_or(there, |scopes| scopes.now(there)) == scope;
        let family = self.merges.family(customer).filter_map(|member| self.person(member));
        let mut names = family.flat_map(|member| &member.names);
        names.any(|name| name.alias.kind == AliasKind::Bsuid && is_here(name.scope))
    }
}

/// What a back end found of what was wanted.
impl Known {
    /// One of those who hold a name.
    pub(crate) fn load_holder(&mut self, alias: Alias, row: HolderRow) {
        self.holders.entry(alias).or_default().push(row);
    }

    /// That `customer` was merged into another. What was decided since counts more.
    pub(crate) fn load_merge(&mut self, customer: CustomerId, into: CustomerId) {
        self.merges.load(customer, into);
    }

    /// One of a customer's BSUIDs and phone numbers; the customer is loaded.
    pub(crate) fn load_name(&mut self, customer: CustomerId, name: HeldName) {
        if let Some(Some(customer)) = self.customers.get_mut(&customer) {
            customer.names.push(name);
        }
    }

    pub(crate) fn load_external_id(&mut self, customer: CustomerId, id: ExternalId) {
        self.external_ids.insert(customer, Some(id));
    }

    pub(crate) fn load_overlap(&mut self, scopes: &[i64], alias: Alias) {
        self.overlaps.entry(scopes.to_vec()).or_default().push(alias);
    }

    pub(crate) fn load_noted(&mut self, customer: CustomerId, other: CustomerId) {
        self.noted.entry(customer).or_default().push(other);
    }

    pub(crate) fn load_duplicate(&mut self, entry: u64, duplicate: KnownDuplicate) {
        self.duplicates.insert(entry, Some(duplicate));
    }
}

waypost_domain::debug_shows! {
    KnownCustomer: number_since threads;
}
