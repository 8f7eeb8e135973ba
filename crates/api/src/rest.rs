//! Bodies of the REST routes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waypost_domain::OutboxEntry;

/// `POST /whatsapp/send-message`, as older deployments know it.
#[derive(Clone, Deserialize, ToSchema)]
pub struct SendMessageRequest {
    /// To whom: any name of a customer, or a phone number in international form.
    pub to: String,
    /// The text, 1 to 4096 characters.
    pub message: String,
}

/// The answer to [`SendMessageRequest`].
#[derive(Clone, Serialize, ToSchema)]
pub struct SendMessageResponse {
    /// Whether Meta accepted the message.
    pub success: bool,
    /// The send.
    pub data: OutboxView,
}

impl SendMessageResponse {
    /// The answer for a send as it stands.
    #[must_use]
    pub fn new(entry: &OutboxEntry) -> Self {
        Self { success: entry.message.is_some(), data: OutboxView::new(entry) }
    }
}

/// `POST /api/messages`: a message to one customer.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendRequest {
    /// To whom: any name of a customer, or a phone number in international form. Either this or `customerId`.
    pub to: Option<String>,
    /// Our id of the customer.
    pub customer_id: Option<String>,
    /// From which business number; the one last used with the customer, else the configured one, where it is left out.
    pub phone_number_id: Option<String>,
    /// `text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    pub text: Option<TextContent>,
    /// The caller's own key for this send, 1 to 255 bytes: the same key is the same send, however often it is asked for.
    pub idempotency_key: String,
}

/// A text to send.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextContent {
    /// 1 to 4096 characters.
    pub body: String,
    /// Whether WhatsApp shows a preview of the first link.
    #[serde(default)]
    pub preview_url: bool,
}

/// A send as it stands.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutboxView {
    /// Our id of the send.
    pub id: String,
    /// `sending`, `accepted`, `failed` or `unknown` (the call had no answer; it is not repeated by itself).
    pub state: &'static str,
    /// WhatsApp's id of the message, once accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp_message_id: Option<String>,
    /// Why it failed or is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<OutboxError>,
}

/// Why a send failed or is unknown ("Cloud API error codes"; negative codes are ours).
#[derive(Clone, Serialize, ToSchema)]
pub struct OutboxError {
    /// On which to decide.
    pub code: i64,
    /// The short text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What happened, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

impl OutboxView {
    /// The view of an entry.
    #[must_use]
    pub fn new(entry: &OutboxEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            state: entry.state.as_str(),
            whatsapp_message_id: entry.message.as_ref().map(|(_, wamid)| wamid.as_str().to_owned()),
            error: entry.error.clone().map(|error| OutboxError {
                code: error.code,
                title: error.title,
                details: error.details,
            }),
        }
    }
}
