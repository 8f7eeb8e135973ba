//! Somebody has the older reads begin anew.

use waypost_domain::{Action, ConversationFilter, ConversationId, PageSize, may};
use waypost_store::ConversationRequest;

use crate::read::{LookError, Reader};

/// Hides from the older reads what is in a conversation, or in all of a customer's, by the conversation's id or any name of
/// the customer. Nothing is deleted.
///
/// # Errors
/// See [`LookError`].
pub async fn clear(reader: Reader<'_>, name: &str) -> Result<(), LookError> {
    if let Ok(id) = name.parse::<ConversationId>() {
        let conversation = reader.conversation(id).await?;
        if !may(reader.principal, Action::Manage(conversation.customer)) {
            return Err(LookError::Forbidden);
        }
        return Ok(reader.store.clear(id).await?);
    }
    let customer = reader.customer(name).await?;
    if !may(reader.principal, Action::Manage(customer)) {
        return Err(LookError::Forbidden);
    }
    let filter = ConversationFilter { customer: Some(customer), ..ConversationFilter::default() };
    let mut before = None;
    loop {
        let request = ConversationRequest { filter: filter.clone(), before, size: PageSize::default() };
        let page = reader.store.conversations(request).await?;
        for conversation in &page.rows {
            reader.store.clear(conversation.id).await?;
        }
        before = page.rows.last().map(waypost_domain::Conversation::place);
        if !page.has_more {
            return Ok(());
        }
    }
}
