//! Somebody reads what is stored. Who may see what is the policy's answer; what one may not see is not there.

use waypost_domain::{
    Conversation, ConversationId, CustomerId, CustomerRow, CustomerSearch, MessageHistory, MessageId, Page,
    PageSize, Place, Principal, Reach, ThreadRow, ThreadSpan, View, visible,
};
use waypost_store::{
    Cleared, ConversationRequest, CustomerMatch, CustomerRequest, Depth, ReadError, RecentRequest, Store,
    ThreadRequest,
};

use crate::sight::{find_seen, seen_place};

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
        Ok(self.store.conversations(request, self.reach()?).await?)
    }

    /// One conversation.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn conversation(&self, id: ConversationId) -> Result<Conversation, LookError> {
        self.place(id).await?;
        self.store.conversation(id).await?.ok_or(LookError::UnknownConversation)
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
        self.place(conversation).await?;
        Ok(self.store.thread(ThreadRequest { conversation, span, size }).await?)
    }

    /// A message with all that was reported of it.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn message(&self, id: MessageId) -> Result<MessageHistory, LookError> {
        let found = self.store.message_history(id).await?.ok_or(LookError::UnknownMessage)?;
        let place = seen_place(self.store, self.principal, found.message.conversation).await?;
        place.map(|_| found).ok_or(LookError::UnknownMessage)
    }

    /// Customers who fit a search, or all.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn customers(&self, mut request: CustomerRequest) -> Result<Page<CustomerRow>, LookError> {
        if self.principal.view == View::Masked {
            // Whoever is not to see a number finds none by its digits.
            request.search = request.search.map(CustomerSearch::by_name_alone);
        }
        Ok(self.store.customers(request, self.reach()?).await?)
    }

    /// The newest messages of all conversations, or the newest one of each.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn recent(&self, depth: Depth, cleared: Cleared) -> Result<Vec<ThreadRow>, LookError> {
        let request = RecentRequest { customer: None, depth, cleared };
        Ok(self.store.recent_messages(request, self.reach()?).await?)
    }

    /// The newest messages of the customer who has this name.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn recent_of(&self, name: &str, cleared: Cleared) -> Result<Vec<ThreadRow>, LookError> {
        let request =
            RecentRequest { customer: Some(self.customer(name).await?), depth: Depth::All, cleared };
        Ok(self.store.recent_messages(request, self.reach()?).await?)
    }

    /// Who has this name.
    pub(crate) async fn customer(&self, name: &str) -> Result<CustomerId, LookError> {
        match find_seen(self.store, self.principal, name).await? {
            CustomerMatch::One(binding) => Ok(binding.customer),
            CustomerMatch::Nobody => Err(LookError::UnknownCustomer),
            CustomerMatch::Ambiguous => Err(LookError::Ambiguous),
        }
    }

    /// A conversation that the principal may see, as the policy sees it.
    pub(crate) async fn place(&self, conversation: ConversationId) -> Result<Place, LookError> {
        let place = seen_place(self.store, self.principal, conversation).await?;
        place.ok_or(LookError::UnknownConversation)
    }

    /// How far lists go.
    pub(crate) fn reach(&self) -> Result<Reach, LookError> {
        visible(self.principal).cloned().ok_or(LookError::Forbidden)
    }
}
