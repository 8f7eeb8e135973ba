//! Somebody has the older reads begin anew.

use waypost_domain::{Action, ConversationFilter, ConversationId, CustomerId, PageSize, may};
use waypost_store::ConversationRequest;

use crate::read::{LookError, Reader};

/// What was cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearedOf {
    /// One conversation.
    Conversation(ConversationId),
    /// All of a customer's.
    Customer(CustomerId),
}

/// Hides from the older reads what is in a conversation, or in all of a customer's that the principal may see, by the conversation's id or any name of
/// the customer. Nothing is deleted.
///
/// # Errors
/// See [`LookError`].
pub async fn clear(reader: Reader<'_>, name: &str) -> Result<ClearedOf, LookError> {
    if let Ok(id) = name.parse::<ConversationId>() {
        return clear_one(reader, id).await.map(|()| ClearedOf::Conversation(id));
    }
    let customer = reader.customer(name).await?;
    let filter = ConversationFilter { customer: Some(customer), ..ConversationFilter::default() };
    let mut before = None;
    loop {
        let request = ConversationRequest { filter: filter.clone(), before, size: PageSize::default() };
        let page = reader.store.conversations(request, reader.reach()?).await?;
        for conversation in &page.rows {
            clear_one(reader, conversation.id).await?;
        }
        before = page.rows.last().map(waypost_domain::Conversation::place);
        if !page.has_more {
            return Ok(ClearedOf::Customer(customer));
        }
    }
}

async fn clear_one(reader: Reader<'_>, conversation: ConversationId) -> Result<(), LookError> {
    let place = reader.place(conversation).await?;
    if !may(reader.principal, Action::Manage(&place)) {
        return Err(LookError::Forbidden);
    }
    Ok(reader.store.clear(conversation).await?)
}
