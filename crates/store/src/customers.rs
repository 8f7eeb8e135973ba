//! Who customers are: reads of what WhatsApp, other systems and people said of them.

use waypost_domain::{
    Alias, AliasKind, CustomerAliases, CustomerId, CustomerName, ExternalId, Timestamp, Username,
};

use crate::error::ReadError;
use crate::store::Store;

/// Those who are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The customer that goes on.
    pub now: CustomerId,
    /// Those that were merged into it.
    pub merged: Vec<CustomerId>,
}

/// A customer, with all that was merged into it.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerRecord {
    /// Who goes on, whoever was asked for.
    pub id: CustomerId,
    /// What is shown as the number, as WhatsApp writes it.
    pub number: Box<str>,
    /// The profile name.
    pub name: Option<CustomerName>,
    /// The username.
    pub username: Option<Username>,
    /// Another system's name for the customer.
    pub external_id: Option<ExternalId>,
    /// When the customer was first heard of.
    pub created_at: Timestamp,
    /// The names under which WhatsApp speaks of the customer, the newest first; phone numbers in their canonical form.
    pub aliases: Vec<Alias>,
    /// Those that were merged into it, in the order in which they were.
    pub merged: Vec<MergedCustomer>,
    /// Phone numbers that went over from this customer, or to it, the oldest first.
    pub moved_phones: Vec<MovedPhone>,
}

/// A customer that is somebody else by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergedCustomer {
    /// The customer.
    pub customer: CustomerId,
    /// Into whom it was merged, who may have been merged since.
    pub into: CustomerId,
    /// When.
    pub at: Timestamp,
}

/// A phone number that is somebody else's by now.
#[derive(Clone, PartialEq, Eq)]
pub struct MovedPhone {
    /// The number.
    pub phone: Box<str>,
    /// Whose it was until then.
    pub from: CustomerId,
    /// Whose it was from then on.
    pub to: CustomerId,
    /// When.
    pub at: Timestamp,
}

/// Two who may be one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PossibleDuplicate {
    /// Names the pair; the number of the journal's entry that told of it.
    pub id: u64,
    /// The two, as they are now.
    pub customers: (CustomerId, CustomerId),
    /// When it was noted.
    pub at: Timestamp,
}

impl CustomerRecord {
    /// The names by which WhatsApp can be asked for the customer, the newest of each kind, and the number that is shown as
    /// WhatsApp writes it.
    #[must_use]
    pub fn addresses(&self) -> Option<CustomerAliases> {
        let shown = Alias::parse(AliasKind::Phone, &self.number);
        let shown = shown.filter(|shown| self.aliases.contains(&shown.canonical()));
        CustomerAliases::new(shown.into_iter().chain(self.aliases.iter().cloned()))
    }
}

impl Store {
    /// A customer, with all that was merged into it; `None` where there is none.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn customer(&self, customer: CustomerId) -> Result<Option<CustomerRecord>, ReadError> {
        Ok(self.back.customer(customer).await?.assemble())
    }

    /// Who a customer is now, and who is one with it.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn family(&self, customer: CustomerId) -> Result<Family, ReadError> {
        self.back.family(customer).await
    }

    /// Those of whom it was noted that they may be one, and nobody has said anything of since: at most `limit` after `after`,
    /// in the order in which they were noted.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn possible_duplicates(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<PossibleDuplicate>, ReadError> {
        self.back.possible_duplicates(after, limit).await
    }
}

/// What the tables say of a customer and of whoever is one with it.
#[derive(Debug, Default)]
pub(crate) struct CustomerRows {
    /// What they are shown as; `None` where there is no such customer.
    pub(crate) shown: Option<ShownRow>,
    /// In the order in which they were merged.
    pub(crate) merged: Vec<MergedCustomer>,
    /// The newest first, each with whose it is.
    pub(crate) aliases: Vec<(Alias, CustomerId)>,
    pub(crate) moved_phones: Vec<MovedPhone>,
}

/// What those who are one are shown as, by every read: see [`CUSTOMER`](crate::listing::CUSTOMER).
pub(crate) struct ShownRow {
    pub(crate) id: CustomerId,
    pub(crate) number: Box<str>,
    pub(crate) name: Option<CustomerName>,
    pub(crate) username: Option<Username>,
    pub(crate) created_at: Timestamp,
}

impl CustomerRows {
    fn assemble(self) -> Option<CustomerRecord> {
        let ShownRow { id, number, name, username, created_at } = self.shown?;
        // A name that several of them hold, in several scopes, is one here.
        let mut aliases: Vec<Alias> = Vec::new();
        let mut external: Vec<(bool, ExternalId)> = Vec::new();
        for (alias, holder) in self.aliases {
            if alias.kind == AliasKind::External {
                external.extend(ExternalId::parse(&alias.value).map(|name| (holder != id, name)));
            } else if !aliases.contains(&alias) {
                aliases.push(alias);
            }
        }
        external.sort_by_key(|(is_anothers, _)| *is_anothers);
        Some(CustomerRecord {
            id,
            number,
            name,
            username,
            external_id: external.into_iter().next().map(|(_, id)| id),
            created_at,
            aliases,
            merged: self.merged,
            moved_phones: self.moved_phones,
        })
    }
}

waypost_domain::debug_shows! {
    CustomerRecord: id created_at merged moved_phones;
    MovedPhone: from to at;
    ShownRow: id created_at;
}
