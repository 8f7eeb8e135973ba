//! Conversations as the access policy sees them.

use std::collections::HashMap;

use waypost_domain::{Assignment, ConversationId, CustomerId, Person, PhoneNumberId, Place, Timestamp};

use crate::error::ReadError;
use crate::store::Store;

/// Which conversations are asked for.
#[derive(Clone, Debug)]
pub(crate) enum PlacesOf {
    /// All of these customers'.
    Customers(Vec<CustomerId>),
    /// These.
    Conversations(Vec<ConversationId>),
}

/// A conversation.
#[derive(Clone, Debug)]
pub(crate) struct PlaceRow {
    pub(crate) conversation: ConversationId,
    /// Whose it was from the beginning.
    pub(crate) customer: CustomerId,
    pub(crate) number: PhoneNumberId,
    pub(crate) assignment: Assignment,
    pub(crate) last_message_at: Timestamp,
}

/// The conversations of those who are one.
#[derive(Clone, Debug)]
pub struct CustomerThreads {
    /// The customer, and whoever is one with them.
    pub customers: Vec<CustomerId>,
    /// As the policy sees them; those first in which something was written last.
    pub places: Vec<(ConversationId, Place)>,
}

/// Customers, each with all who are one with them.
pub(crate) type Families = HashMap<CustomerId, Vec<CustomerId>>;

impl PlaceRow {
    fn of(self, customers: Vec<CustomerId>) -> Place {
        Place { customers, number: self.number, assignment: self.assignment }
    }
}

impl Store {
    /// A customer as the policy sees them: with all who are one with them, and all their conversations.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn person(&self, customer: CustomerId) -> Result<Person, ReadError> {
        let CustomerThreads { customers, places } = self.threads(customer).await?;
        Ok(Person { customers, places: places.into_iter().map(|(_, place)| place).collect() })
    }

    /// Several customers as the policy sees them, in two looks.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn people(&self, customers: Vec<CustomerId>) -> Result<HashMap<CustomerId, Person>, ReadError> {
        let families = self.families(customers).await?;
        let mut everybody: Vec<CustomerId> = families.values().flatten().copied().collect();
        everybody.sort_unstable();
        everybody.dedup();
        let mut rows: HashMap<CustomerId, Vec<PlaceRow>> = HashMap::new();
        if !everybody.is_empty() {
            for row in self.back.places(PlacesOf::Customers(everybody)).await? {
                rows.entry(row.customer).or_default().push(row);
            }
        }
        let person = |(customer, family): (CustomerId, Vec<CustomerId>)| {
            let theirs = family.iter().filter_map(|member| rows.get(member)).flatten();
            let places = theirs.map(|row| row.clone().of(family.clone())).collect();
            (customer, Person { customers: family, places })
        };
        Ok(families.into_iter().map(person).collect())
    }

    /// All conversations of a customer and of whoever is one with them.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn threads(&self, customer: CustomerId) -> Result<CustomerThreads, ReadError> {
        let customers = self.families(vec![customer]).await?.remove(&customer).unwrap_or_default();
        let mut rows = self.back.places(PlacesOf::Customers(customers.clone())).await?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.last_message_at));
        let places = rows.into_iter().map(|row| (row.conversation, row.of(customers.clone()))).collect();
        Ok(CustomerThreads { customers, places })
    }

    /// These conversations as the policy sees them; those that are not there are left out.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn places(
        &self,
        conversations: Vec<ConversationId>,
    ) -> Result<HashMap<ConversationId, Place>, ReadError> {
        if conversations.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = self.back.places(PlacesOf::Conversations(conversations)).await?;
        let families = self.families(rows.iter().map(|row| row.customer).collect()).await?;
        let of = |row: PlaceRow| {
            let family = families.get(&row.customer).cloned().unwrap_or_default();
            (row.conversation, row.of(family))
        };
        Ok(rows.into_iter().map(of).collect())
    }

    /// Each of these with all who are one with them: the one that goes on, then those that were merged into it.
    pub(crate) async fn families(&self, mut customers: Vec<CustomerId>) -> Result<Families, ReadError> {
        customers.sort_unstable();
        customers.dedup();
        match customers[..] {
            [] => Ok(Families::new()),
            _ => self.back.families(customers).await,
        }
    }
}
