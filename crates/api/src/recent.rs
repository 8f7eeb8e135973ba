//! Answers of the older reads.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::Message;

use crate::event::MessageEvent;

/// The answer of the older reads: the newest 50 at most, the newest first.
#[derive(Serialize, ToSchema)]
pub struct RecentMessages<'a> {
    /// `true`.
    success: bool,
    data: Vec<MessageEvent<'a>>,
}

impl<'a> RecentMessages<'a> {
    /// The answer with these messages.
    #[must_use]
    pub fn new(messages: &'a [Message]) -> Self {
        Self { success: true, data: messages.iter().map(MessageEvent::new).collect() }
    }
}

/// The answer of `POST /whatsapp/conversation/{id}/clear`.
#[derive(Serialize, ToSchema)]
pub struct ClearedBody {
    /// `true`.
    pub success: bool,
}
