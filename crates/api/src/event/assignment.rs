//! `whatsappConversation`: who answers a conversation has changed.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::{AssignmentChange, Responder};

use crate::time::IsoTime;

/// `whatsappConversation`: once for each change of who answers a conversation. `null` is nobody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationEvent<'a> {
    /// Our id of the conversation.
    conversation_id: String,
    /// Our id of the customer.
    customer_id: String,
    /// The business number.
    phone_number_id: &'a str,
    /// Who answers it now.
    assignee: Option<&'a str>,
    /// Which team does.
    team: Option<&'a str>,
    /// Who answered it before.
    previous_assignee: Option<&'a str>,
    /// Which team did.
    previous_team: Option<&'a str>,
    /// Who changed it: the id of a key, or `local` for anonymous use.
    by: &'a str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    timestamp: IsoTime,
}

impl<'a> ConversationEvent<'a> {
    pub(super) fn new(change: &'a AssignmentChange) -> Self {
        let name = |of: &'a Option<Responder>| of.as_ref().map(Responder::as_str);
        Self {
            conversation_id: change.conversation.to_string(),
            customer_id: change.customer.to_string(),
            phone_number_id: change.number.as_str(),
            assignee: name(&change.now.assignee),
            team: name(&change.now.team),
            previous_assignee: name(&change.previous.assignee),
            previous_team: name(&change.previous.team),
            by: change.by.as_str(),
            timestamp: IsoTime(change.at),
        }
    }
}
