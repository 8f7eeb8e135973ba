//! Conversations as the access policy sees them.

use std::collections::HashMap;

use waypost_domain::{Assignment, ConversationId, CustomerId, Person, PhoneNumberId, Place};

use crate::customers::Family;
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
}

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
        let customers = self.one_with(customer).await?;
        let rows = self.back.places(PlacesOf::Customers(customers.clone())).await?;
        let places = rows.into_iter().map(|row| row.of(customers.clone())).collect();
        Ok(Person { customers, places })
    }

    /// These conversations as the policy sees them; those that are not there are left out.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn places(
        &self,
        conversations: Vec<ConversationId>,
    ) -> Result<HashMap<ConversationId, Place>, ReadError> {
        let mut places = HashMap::with_capacity(conversations.len());
        for row in self.back.places(PlacesOf::Conversations(conversations)).await? {
            let customers = self.one_with(row.customer).await?;
            places.insert(row.conversation, row.of(customers));
        }
        Ok(places)
    }

    async fn one_with(&self, customer: CustomerId) -> Result<Vec<CustomerId>, ReadError> {
        let Family { now, merged } = self.family(customer).await?;
        Ok(std::iter::once(now).chain(merged).collect())
    }
}
