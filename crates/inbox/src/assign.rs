//! Somebody says who answers a conversation.

use waypost_domain::{Action, AssignmentWish, Conversation, ConversationId, Timestamp, Wish, may};
use waypost_store::{ConversationError, ReadError};

use crate::read::{LookError, Reader};

impl From<ConversationError> for LookError {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::Unknown => Self::UnknownConversation,
            ConversationError::Unavailable => Self::Read(ReadError::Closed),
        }
    }
}

/// Assigns the conversation; the conversation after that. What is so already is no event.
///
/// # Errors
/// See [`LookError`]; nothing has changed then.
pub async fn assign(
    reader: Reader<'_>,
    conversation: ConversationId,
    (assignee, team): (Wish, Wish),
    at: Timestamp,
) -> Result<Conversation, LookError> {
    let place = reader.place(conversation).await?;
    if !may(reader.principal, Action::Assign(&place)) {
        return Err(LookError::Forbidden);
    }
    let found = reader.conversation(conversation).await?;
    let by = reader.principal.id.clone();
    let assignment = reader.store.assign(AssignmentWish { conversation, assignee, team, by, at }).await?;
    Ok(Conversation { assignment, ..found })
}
