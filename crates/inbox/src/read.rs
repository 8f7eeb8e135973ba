//! Somebody reads what is stored. Who may see what is the policy's answer; what one may not see is not there.

use waypost_domain::{
    Action, Conversation, ConversationId, CustomerId, CustomerRow, MessageHistory, MessageId, Page, PageSize,
    Principal, ThreadRow, ThreadSpan, may,
};
use waypost_store::{
    Cleared, ConversationRequest, CustomerMatch, CustomerRequest, Depth, ReadError, RecentRequest, Store,
    ThreadRequest,
};

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The principal may not see that list.
    #[error("this is not allowed")]
    Forbidden,
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The name fits more than one customer.
    #[error("the name fits more than one customer")]
    Ambiguous,
    /// There is no such conversation.
    #[error("there is no such conversation")]
    UnknownConversation,
    /// There is no such message.
    #[error("there is no such message")]
    UnknownMessage,
    /// The store cannot be read or written just now.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Reads for one principal.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Whose policy counts.
    pub principal: &'a Principal,
    /// Where it is stored.
    pub store: &'a Store,
}

impl Reader<'_> {
    /// Conversations, those first in which something was written last.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn conversations(&self, request: ConversationRequest) -> Result<Page<Conversation>, LookError> {
        self.list()?;
        Ok(self.store.conversations(request).await?)
    }

    /// One conversation.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn conversation(&self, id: ConversationId) -> Result<Conversation, LookError> {
        let found = self.store.conversation(id).await?.filter(|found| self.sees(found.customer));
        found.ok_or(LookError::UnknownConversation)
    }

    /// Messages of a conversation, the oldest first.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn thread(
        &self,
        conversation: ConversationId,
        span: ThreadSpan,
        size: PageSize,
    ) -> Result<Page<ThreadRow>, LookError> {
        self.conversation(conversation).await?;
        Ok(self.store.thread(ThreadRequest { conversation, span, size }).await?)
    }

    /// A message with all that was reported of it.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn message(&self, id: MessageId) -> Result<MessageHistory, LookError> {
        let found = self.store.message_history(id).await?;
        found.filter(|found| self.sees(found.message.customer)).ok_or(LookError::UnknownMessage)
    }

    /// Customers who fit a search, or all.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn customers(&self, request: CustomerRequest) -> Result<Page<CustomerRow>, LookError> {
        self.list()?;
        Ok(self.store.customers(request).await?)
    }

    /// The newest messages of all conversations, or the newest one of each.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn recent(&self, depth: Depth, cleared: Cleared) -> Result<Vec<ThreadRow>, LookError> {
        self.list()?;
        Ok(self.store.recent_messages(RecentRequest { customer: None, depth, cleared }).await?)
    }

    /// The newest messages of the customer who has this name.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn recent_of(&self, name: &str, cleared: Cleared) -> Result<Vec<ThreadRow>, LookError> {
        let request =
            RecentRequest { customer: Some(self.customer(name).await?), depth: Depth::All, cleared };
        Ok(self.store.recent_messages(request).await?)
    }

    /// Who has this name.
    pub(crate) async fn customer(&self, name: &str) -> Result<CustomerId, LookError> {
        match self.store.find_customer(name).await? {
            CustomerMatch::One(binding) if self.sees(binding.customer) => Ok(binding.customer),
            CustomerMatch::One(_) | CustomerMatch::Nobody => Err(LookError::UnknownCustomer),
            CustomerMatch::Ambiguous => Err(LookError::Ambiguous),
        }
    }

    /// Lists are of all customers.
    fn list(&self) -> Result<(), LookError> {
        may(self.principal, Action::SeeAnyCustomer).then_some(()).ok_or(LookError::Forbidden)
    }

    fn sees(&self, customer: CustomerId) -> bool {
        may(self.principal, Action::SeeCustomer(customer))
    }
}
